-- On which days were we blind, to which outlet, and why?
CREATE OR REPLACE VIEW coverage_gap AS
WITH gap AS (
    SELECT
        source_id,
        day,
        state,
        note,
        day - row_number() OVER (PARTITION BY source_id, state, note ORDER BY day)::INTEGER AS stretch
    FROM coverage
    WHERE state <> 'ok'
)
SELECT
    source_id,
    min(day) AS first_on,
    max(day) AS last_on,
    count(*) AS n_days,
    state,
    note
FROM gap
GROUP BY source_id, state, note, stretch
ORDER BY first_on, source_id, state, note;
COMMENT ON COLUMN coverage_gap.first_on IS 'First day of the gap.';
COMMENT ON COLUMN coverage_gap.last_on IS 'Last day of the gap.';
COMMENT ON COLUMN coverage_gap.n_days IS 'Days in a row.';
