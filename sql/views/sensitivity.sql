-- How far does the number of dead move when the rule changes?
CREATE OR REPLACE VIEW sensitivity AS
WITH toll AS (
    SELECT incident_id,
           max(best) FILTER (rule = 'ucdp_best_low_high') AS ucdp_best_low_high,
           max(best) FILTER (rule = 'acled_conservative') AS acled_conservative,
           max(best) FILTER (rule = 'latest_official') AS latest_official,
           max(best) FILTER (rule = 'majority_independent') AS majority_independent,
           min(best) AS lowest, max(best) AS highest
    FROM (SELECT 'ucdp_best_low_high' AS rule, * FROM rule_ucdp_best_low_high(TIMESTAMPTZ '9999-01-01 00:00:00+00')
          UNION ALL BY NAME
          SELECT 'acled_conservative' AS rule, * FROM rule_acled_conservative(TIMESTAMPTZ '9999-01-01 00:00:00+00')
          UNION ALL BY NAME
          SELECT 'latest_official' AS rule, * FROM rule_latest_official(TIMESTAMPTZ '9999-01-01 00:00:00+00')
          UNION ALL BY NAME
          SELECT 'majority_independent' AS rule, * FROM rule_majority_independent(TIMESTAMPTZ '9999-01-01 00:00:00+00'))
    WHERE field = 'killed' AND victim_group = 'all'
    GROUP BY incident_id
)
SELECT i.headline, t.*, t.highest - t.lowest AS spread,
       round((t.highest - t.lowest) / greatest(t.highest, 1), 3) AS sensitivity
FROM toll AS t JOIN incident AS i USING (incident_id)
ORDER BY spread DESC, i.starts_on, t.incident_id;
COMMENT ON COLUMN sensitivity.ucdp_best_low_high IS 'Dead under the rule ucdp_best_low_high, the default.';
COMMENT ON COLUMN sensitivity.acled_conservative IS 'Dead under the rule acled_conservative.';
COMMENT ON COLUMN sensitivity.latest_official IS 'Dead under the rule latest_official.';
COMMENT ON COLUMN sensitivity.majority_independent IS 'Dead under the rule majority_independent.';
COMMENT ON COLUMN sensitivity.lowest IS 'Lowest of these figures.';
COMMENT ON COLUMN sensitivity.highest IS 'Highest of these figures.';
COMMENT ON COLUMN sensitivity.spread IS 'Highest less lowest: by how many dead the choice of the rule moves the figure.';
COMMENT ON COLUMN sensitivity.sensitivity IS 'Spread as a share of the highest figure: 0 where all rules agree, 1 where one of them says none.';
