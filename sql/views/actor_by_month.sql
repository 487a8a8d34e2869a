-- How many incidents and how many dead are there per month, actor and type, and how is the actor known?
CREATE OR REPLACE VIEW actor_by_month AS
SELECT
    date_trunc('month', starts_on)::DATE AS month_on,
    coalesce(perpetrator, 'nobody named') AS actor,
    event_type,
    coalesce(perpetrator_stance, 'not named') AS stance,
    count(*) AS n_incidents,
    sum(killed_low)::BIGINT AS killed_low,
    sum(killed_best)::BIGINT AS killed_best,
    sum(coalesce(killed_high, killed_best))::BIGINT AS killed_high
FROM incident
WHERE starts_on IS NOT NULL
GROUP BY ALL
ORDER BY month_on, n_incidents DESC, actor, event_type, stance;
COMMENT ON COLUMN actor_by_month.month_on IS 'First day of the month in which the incidents began; undated incidents are left out.';
COMMENT ON COLUMN actor_by_month.actor IS 'Perpetrator; "nobody named" where no source names one.';
COMMENT ON COLUMN actor_by_month.stance IS 'How the perpetrator is known: reported, claimed by itself, accused, denied, possible; "not named" where there is none.';
COMMENT ON COLUMN actor_by_month.n_incidents IS 'Incidents.';
COMMENT ON COLUMN actor_by_month.killed_low IS 'Sum of the lowest credible numbers of dead.';
COMMENT ON COLUMN actor_by_month.killed_best IS 'Sum of the best numbers of dead; null where no incident has one.';
COMMENT ON COLUMN actor_by_month.killed_high IS 'Sum of the highest credible numbers of dead; where one is open, its best number.';
