-- Which toll does a rule give, by its name?
CREATE OR REPLACE MACRO toll_by(rule_name, as_of_ts) AS TABLE
SELECT 'ucdp_best_low_high' AS rule, * FROM rule_ucdp_best_low_high(as_of_ts) WHERE rule_name = 'ucdp_best_low_high'
UNION ALL BY NAME
SELECT 'acled_conservative' AS rule, * FROM rule_acled_conservative(as_of_ts) WHERE rule_name = 'acled_conservative'
UNION ALL BY NAME
SELECT 'latest_official' AS rule, * FROM rule_latest_official(as_of_ts) WHERE rule_name = 'latest_official'
UNION ALL BY NAME
SELECT 'majority_independent' AS rule, * FROM rule_majority_independent(as_of_ts) WHERE rule_name = 'majority_independent';
