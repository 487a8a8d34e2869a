-- What was refused, at which stage and for what reason?
CREATE OR REPLACE VIEW reject_summary AS
SELECT
    stage,
    reason,
    count(*) AS n_records,
    count(DISTINCT source_id) AS n_sources,
    min(day) AS first_on,
    max(day) AS last_on,
    min_by(detail, reject_id) AS example
FROM reject
GROUP BY ALL
ORDER BY n_records DESC, stage, reason;
COMMENT ON COLUMN reject_summary.stage IS 'Stage that refused the records.';
COMMENT ON COLUMN reject_summary.reason IS 'Reason from the closed list.';
COMMENT ON COLUMN reject_summary.n_records IS 'Records refused.';
COMMENT ON COLUMN reject_summary.n_sources IS 'Publishers they came from.';
COMMENT ON COLUMN reject_summary.first_on IS 'First day on which it happened.';
COMMENT ON COLUMN reject_summary.last_on IS 'Last day on which it happened.';
COMMENT ON COLUMN reject_summary.example IS 'What one of them said.';
