-- How much could we see on a day: outlets that answered, pages read, incidents found?
CREATE OR REPLACE VIEW coverage_by_day AS
SELECT
    day,
    count(*) AS n_sources,
    count(*) FILTER (state = 'ok') AS n_ok,
    count(*) FILTER (state = 'partial') AS n_partial,
    count(*) FILTER (state IN ('failed', 'unreachable')) AS n_blind,
    sum(n_links)::BIGINT AS n_links,
    sum(n_fetched)::BIGINT AS n_fetched,
    sum(n_read)::BIGINT AS n_read,
    sum(n_relevant)::BIGINT AS n_relevant,
    sum(n_rejects)::BIGINT AS n_rejects
FROM coverage
GROUP BY day
ORDER BY day;
COMMENT ON COLUMN coverage_by_day.n_sources IS 'Sources that were asked.';
COMMENT ON COLUMN coverage_by_day.n_ok IS 'Sources of which every page was fetched.';
COMMENT ON COLUMN coverage_by_day.n_partial IS 'Sources of which some pages failed.';
COMMENT ON COLUMN coverage_by_day.n_blind IS 'Sources that failed, or that do not reach back to the day: no data, which is not no news.';
