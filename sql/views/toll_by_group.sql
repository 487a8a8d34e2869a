-- Who dies: security forces, civilians or attackers, on which side of the border?
CREATE OR REPLACE VIEW toll_by_group AS
SELECT
    coalesce(country, 'unknown') AS country,
    count(*) AS n_incidents,
    coalesce(sum(killed_security_forces), 0)::BIGINT AS killed_security_forces,
    coalesce(sum(killed_civilians), 0)::BIGINT AS killed_civilians,
    coalesce(sum(killed_attackers), 0)::BIGINT AS killed_attackers,
    coalesce(sum(killed_unknown), 0)::BIGINT AS killed_unknown,
    coalesce(sum(killed_best), 0)::BIGINT AS killed_best,
    coalesce(sum(killed_claimed), 0)::BIGINT AS killed_claimed
FROM incident
GROUP BY ALL
ORDER BY country;
COMMENT ON COLUMN toll_by_group.country IS 'Side of the border on which it happened; unknown where the place is not known.';
COMMENT ON COLUMN toll_by_group.n_incidents IS 'Incidents.';
COMMENT ON COLUMN toll_by_group.killed_security_forces IS 'Dead members of state forces.';
COMMENT ON COLUMN toll_by_group.killed_civilians IS 'Dead civilians.';
COMMENT ON COLUMN toll_by_group.killed_attackers IS 'Dead of the side that attacked, and militants killed in raids.';
COMMENT ON COLUMN toll_by_group.killed_unknown IS 'Dead whose side is not told.';
COMMENT ON COLUMN toll_by_group.killed_best IS 'All dead, best numbers; more than the groups together where a source gives a total only.';
COMMENT ON COLUMN toll_by_group.killed_claimed IS 'Dead known only from the claim of one side; not part of the other numbers.';
