-- On what do independent sources disagree, and what does each side say?
CREATE OR REPLACE VIEW contested_incident AS
WITH disputed AS (
    SELECT incident_id, headline, starts_on, unnest(contested) AS contested_field
    FROM incident
),
said AS (
    SELECT
        im.incident_id,
        c.field,
        coalesce(c.value, c.best::VARCHAR) AS value,
        c.victim_group,
        c.speaker_type,
        c.source_id,
        c.stance
    FROM claim AS c
    JOIN incident_mention AS im USING (mention_id)
)
SELECT
    d.incident_id,
    d.headline,
    d.starts_on,
    d.contested_field,
    s.value,
    s.victim_group,
    count(DISTINCT s.source_id) AS n_sources,
    list_sort(list_distinct(list(s.speaker_type))) AS speaker_types,
    list_sort(list_distinct(list(s.stance))) AS stances
FROM disputed AS d
LEFT JOIN said AS s
    ON s.incident_id = d.incident_id
    -- A disputed column of the incident (killed_best) is disputed in the field of its claims (killed).
    AND (d.contested_field = s.field OR starts_with(d.contested_field, s.field || '_'))
GROUP BY ALL
ORDER BY d.starts_on, d.incident_id, d.contested_field, n_sources DESC, s.value, s.victim_group;
COMMENT ON COLUMN contested_incident.contested_field IS 'Field on which independent sources disagree.';
COMMENT ON COLUMN contested_incident.n_sources IS 'Publishers that carry the value.';
COMMENT ON COLUMN contested_incident.speaker_types IS 'Kinds of speakers who give the value.';
COMMENT ON COLUMN contested_incident.stances IS 'How the value is put: reported, claimed, accused, denied, possible.';
