-- How often is each outlet first, in each language, and how many hours does it come after the first?
CREATE OR REPLACE VIEW outlet_lag AS
SELECT
    f.source_id,
    any_value(s.name) AS outlet,
    f.language,
    count(*) AS n_incidents,
    count(*) FILTER (f.place_in_order = 1) AS n_first,
    round(median(f.hours_after_first), 1) AS median_hours_after_first,
    round(max(f.hours_after_first), 1) AS longest_hours_after_first
FROM first_report_lag AS f
LEFT JOIN source AS s USING (source_id)
-- Where one outlet alone reports, being first says nothing.
WHERE f.incident_id IN (SELECT incident_id FROM first_report_lag GROUP BY incident_id HAVING count(DISTINCT source_id) > 1)
GROUP BY f.source_id, f.language
ORDER BY n_first DESC, median_hours_after_first, f.source_id, f.language;
COMMENT ON COLUMN outlet_lag.outlet IS 'Name of the outlet.';
COMMENT ON COLUMN outlet_lag.n_incidents IS 'Incidents that it and at least one other outlet reported.';
COMMENT ON COLUMN outlet_lag.n_first IS 'Of these, how often it was first; outlets of the same minute are all first.';
COMMENT ON COLUMN outlet_lag.median_hours_after_first IS 'Hours after the first report by any outlet, median.';
COMMENT ON COLUMN outlet_lag.longest_hours_after_first IS 'The same, longest.';
