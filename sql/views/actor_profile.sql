-- What is each actor said to have done, and how sure is it?
CREATE OR REPLACE VIEW actor_profile AS
SELECT
    i.perpetrator_id AS actor_id,
    any_value(i.perpetrator) AS actor,
    any_value(a.kind) AS kind,
    any_value(a.side) AS side,
    count(*) AS n_incidents,
    min(i.starts_on) AS first_on,
    max(i.starts_on) AS last_on,
    coalesce(sum(i.killed_best), 0)::BIGINT AS killed_best,
    count(*) FILTER (i.perpetrator_stance = 'claimed') AS n_claimed,
    count(*) FILTER (i.perpetrator_stance = 'accused') AS n_accused,
    count(*) FILTER (i.perpetrator_stance = 'denied') AS n_denied,
    mode(i.event_type ORDER BY i.event_type) AS usual_type,
    list_sort(list_distinct(list(i.country) FILTER (i.country IS NOT NULL))) AS countries
FROM incident AS i
LEFT JOIN actor AS a ON a.actor_id = i.perpetrator_id
WHERE i.perpetrator IS NOT NULL
GROUP BY i.perpetrator_id, CASE WHEN i.perpetrator_id IS NULL THEN i.perpetrator END
ORDER BY n_incidents DESC, actor;
COMMENT ON COLUMN actor_profile.actor IS 'Name of the actor.';
COMMENT ON COLUMN actor_profile.n_incidents IS 'Incidents of which it is named as perpetrator.';
COMMENT ON COLUMN actor_profile.first_on IS 'First of them.';
COMMENT ON COLUMN actor_profile.last_on IS 'Last of them.';
COMMENT ON COLUMN actor_profile.killed_best IS 'Dead of these incidents, best numbers, attackers included.';
COMMENT ON COLUMN actor_profile.n_claimed IS 'Of these, claimed by the actor itself.';
COMMENT ON COLUMN actor_profile.n_accused IS 'Of these, by the accusation of others.';
COMMENT ON COLUMN actor_profile.n_denied IS 'Of these, denied by the actor.';
COMMENT ON COLUMN actor_profile.usual_type IS 'Most frequent type of these incidents.';
COMMENT ON COLUMN actor_profile.countries IS 'Sides of the border on which they happened.';
