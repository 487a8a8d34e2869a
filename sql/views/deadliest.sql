-- Which incidents killed the most people?
CREATE OR REPLACE VIEW deadliest AS
SELECT
    incident_id,
    headline,
    starts_on,
    place_name,
    country,
    event_type,
    perpetrator,
    killed_low,
    killed_best,
    killed_high,
    n_independent,
    contested
FROM incident
WHERE killed_best > 0
ORDER BY killed_best DESC, killed_high DESC NULLS LAST, starts_on, incident_id;
