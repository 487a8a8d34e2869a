-- How does each week compare with the week before?
CREATE OR REPLACE VIEW week_over_week AS
WITH bounds AS (
    SELECT date_trunc('week', min(starts_on))::DATE AS first_on, date_trunc('week', max(starts_on))::DATE AS last_on
    FROM incident
    -- A date that is only known to the month or worse belongs to no week.
    WHERE date_precision IN ('day', 'days', 'week')
),
weeks AS (
    SELECT unnest(generate_series(first_on, last_on, INTERVAL 7 DAY))::DATE AS week_on
    FROM bounds
),
counted AS (
    SELECT
        w.week_on,
        count(i.incident_id) AS n_incidents,
        coalesce(sum(i.killed_low), 0)::BIGINT AS killed_low,
        coalesce(sum(i.killed_best), 0)::BIGINT AS killed_best,
        coalesce(sum(coalesce(i.killed_high, i.killed_best)), 0)::BIGINT AS killed_high
    FROM weeks AS w
    LEFT JOIN incident AS i
        ON date_trunc('week', i.starts_on)::DATE = w.week_on AND i.date_precision IN ('day', 'days', 'week')
    GROUP BY w.week_on
),
seen AS (
    SELECT
        date_trunc('week', day)::DATE AS week_on,
        count(*) AS n_source_days,
        count(*) FILTER (state IN ('ok', 'partial')) AS n_seen
    FROM coverage
    GROUP BY week_on
)
SELECT
    c.week_on,
    c.n_incidents,
    c.n_incidents - lag(c.n_incidents) OVER (ORDER BY c.week_on) AS n_incidents_change,
    c.killed_low,
    c.killed_best,
    c.killed_high,
    c.killed_best - lag(c.killed_best) OVER (ORDER BY c.week_on) AS killed_best_change,
    round(s.n_seen / s.n_source_days, 2) AS seen_share
FROM counted AS c
LEFT JOIN seen AS s USING (week_on)
ORDER BY c.week_on;
COMMENT ON COLUMN week_over_week.week_on IS 'Monday of the week.';
COMMENT ON COLUMN week_over_week.n_incidents IS 'Incidents that began in the week.';
COMMENT ON COLUMN week_over_week.n_incidents_change IS 'More or fewer than in the week before.';
COMMENT ON COLUMN week_over_week.killed_low IS 'Sum of the lowest credible numbers of dead.';
COMMENT ON COLUMN week_over_week.killed_best IS 'Sum of the best numbers of dead.';
COMMENT ON COLUMN week_over_week.killed_high IS 'Sum of the highest credible numbers of dead; where one is open, its best number.';
COMMENT ON COLUMN week_over_week.killed_best_change IS 'More or fewer dead than in the week before.';
COMMENT ON COLUMN week_over_week.seen_share IS 'Share of source-days of the week that could be seen; null where no day of the week was run. A low share makes the week look calmer than it was.';
