-- Who reports first, and how many hours later do the others follow?
CREATE OR REPLACE VIEW first_report_lag AS
WITH report AS (
    SELECT DISTINCT im.incident_id, a.source_id, a.language, coalesce(a.published_at, a.seen_at) AS reported_at
    FROM incident_mention AS im
    JOIN mention AS m USING (mention_id)
    JOIN article AS a USING (article_id)
),
first AS (
    SELECT incident_id, source_id, language, min(reported_at) AS first_report_at
    FROM report
    GROUP BY ALL
)
SELECT
    f.incident_id,
    f.source_id,
    f.language,
    f.first_report_at,
    rank() OVER (PARTITION BY f.incident_id ORDER BY f.first_report_at) AS place_in_order,
    round(date_diff('minute', min(f.first_report_at) OVER (PARTITION BY f.incident_id), f.first_report_at) / 60, 1)
        AS hours_after_first,
    date_diff('day', i.starts_on, (f.first_report_at AT TIME ZONE 'UTC')::DATE) AS days_after_incident
FROM first AS f
JOIN incident AS i USING (incident_id)
ORDER BY f.incident_id, f.first_report_at, f.source_id, f.language;
COMMENT ON COLUMN first_report_lag.first_report_at IS 'First report of the outlet: publication time, or when it was seen where the page gives none.';
COMMENT ON COLUMN first_report_lag.place_in_order IS '1 for the outlet that reported first.';
COMMENT ON COLUMN first_report_lag.hours_after_first IS 'Hours after the first report by any outlet.';
COMMENT ON COLUMN first_report_lag.days_after_incident IS 'Days between the incident and the report; null where the date is not known.';
