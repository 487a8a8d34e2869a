-- What do officials say, what do militants say, about the dead and injured of an incident?
CREATE OR REPLACE VIEW claims_by_speaker_type AS
SELECT
    im.incident_id,
    i.headline,
    c.field,
    c.victim_group,
    c.speaker_type,
    min(coalesce(c.low, c.best)) AS lowest,
    max(coalesce(c.high, c.best)) AS highest,
    max_by(c.best, (c.seen_at, c.claim_id)) AS latest,
    count(*) AS n_claims,
    count(DISTINCT c.source_id) AS n_sources
FROM claim AS c
JOIN incident_mention AS im USING (mention_id)
JOIN incident AS i USING (incident_id)
WHERE c.field IN ('killed', 'injured') AND c.stance <> 'denied'
GROUP BY ALL
ORDER BY i.headline, im.incident_id, c.field DESC, c.victim_group, c.speaker_type;
COMMENT ON COLUMN claims_by_speaker_type.lowest IS 'Lowest figure that this kind of speaker gives.';
COMMENT ON COLUMN claims_by_speaker_type.highest IS 'Highest figure that this kind of speaker gives; of open figures ("more than 20") the figure itself.';
COMMENT ON COLUMN claims_by_speaker_type.latest IS 'Figure seen last from this kind of speaker.';
COMMENT ON COLUMN claims_by_speaker_type.n_claims IS 'Claims.';
COMMENT ON COLUMN claims_by_speaker_type.n_sources IS 'Publishers that carry them.';
