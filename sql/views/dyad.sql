-- Who attacks whom?
CREATE OR REPLACE VIEW dyad AS
SELECT
    perpetrator,
    target,
    country,
    count(*) AS n_incidents,
    coalesce(sum(killed_best), 0)::BIGINT AS killed_best,
    min(starts_on) AS first_on,
    max(starts_on) AS last_on
FROM incident
WHERE perpetrator IS NOT NULL AND target IS NOT NULL
GROUP BY ALL
ORDER BY n_incidents DESC, killed_best DESC, perpetrator, target, country;
COMMENT ON COLUMN dyad.n_incidents IS 'Incidents.';
COMMENT ON COLUMN dyad.killed_best IS 'Dead of these incidents, best numbers.';
COMMENT ON COLUMN dyad.first_on IS 'First of them.';
COMMENT ON COLUMN dyad.last_on IS 'Last of them.';
