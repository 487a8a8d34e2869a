-- How far do officials and militants differ on the dead of an incident?
CREATE OR REPLACE VIEW official_against_militant AS
WITH said AS (
    SELECT
        incident_id,
        headline,
        min(lowest) FILTER (speaker_type IN ('government', 'military', 'police', 'medical')) AS officials_low,
        max(highest) FILTER (speaker_type IN ('government', 'military', 'police', 'medical')) AS officials_high,
        min(lowest) FILTER (speaker_type = 'militant') AS militants_low,
        max(highest) FILTER (speaker_type = 'militant') AS militants_high
    FROM claims_by_speaker_type
    WHERE field = 'killed'
    GROUP BY incident_id, headline
)
SELECT *, greatest(militants_low - officials_high, officials_low - militants_high, 0) AS apart
FROM said
WHERE officials_low IS NOT NULL AND militants_low IS NOT NULL
ORDER BY apart DESC, incident_id;
COMMENT ON COLUMN official_against_militant.officials_low IS 'Lowest figure by governments, armies, police and hospitals, whatever group of the dead it counts.';
COMMENT ON COLUMN official_against_militant.officials_high IS 'Highest figure by them.';
COMMENT ON COLUMN official_against_militant.militants_low IS 'Lowest figure by militants.';
COMMENT ON COLUMN official_against_militant.militants_high IS 'Highest figure by militants.';
COMMENT ON COLUMN official_against_militant.apart IS 'Dead that lie between the two ranges; 0 where they overlap.';
