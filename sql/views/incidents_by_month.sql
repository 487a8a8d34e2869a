-- How many incidents and how many dead are there per month, province and type?
CREATE OR REPLACE VIEW incidents_by_month AS
SELECT
    date_trunc('month', starts_on)::DATE AS month_on,
    country,
    admin1,
    event_type,
    count(*) AS n_incidents,
    sum(killed_low)::BIGINT AS killed_low,
    sum(killed_best)::BIGINT AS killed_best,
    sum(coalesce(killed_high, killed_best))::BIGINT AS killed_high,
    count(*) FILTER (killed_best IS NULL) AS n_without_toll
FROM incident
WHERE starts_on IS NOT NULL
GROUP BY ALL
ORDER BY month_on, country, admin1, event_type;
COMMENT ON COLUMN incidents_by_month.month_on IS 'First day of the month in which the incidents began; undated incidents are left out.';
COMMENT ON COLUMN incidents_by_month.n_incidents IS 'Incidents.';
COMMENT ON COLUMN incidents_by_month.killed_low IS 'Sum of the lowest credible numbers of dead.';
COMMENT ON COLUMN incidents_by_month.killed_best IS 'Sum of the best numbers of dead; null where no incident has one.';
COMMENT ON COLUMN incidents_by_month.killed_high IS 'Sum of the highest credible numbers of dead; where one is open, its best number.';
COMMENT ON COLUMN incidents_by_month.n_without_toll IS 'Incidents of which no number of dead is known; they count as none in the sums.';
