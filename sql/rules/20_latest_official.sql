-- Which toll stands if only the latest word of an official or a hospital counts?
-- Source: the practice of wire desks and of SATP's tables, which carry one figure and replace it when officials revise it.
-- low, best and high are all that figure. Where no official speaks, the latest report of anybody does.
CREATE OR REPLACE MACRO rule_latest_official(as_of_ts) AS TABLE
WITH chosen AS (
    SELECT incident_id, field, victim_group,
           first(struct_pack(low := low, best := best, high := high, claim_ids := claim_ids)
                 ORDER BY authority DESC, told_at DESC, confidence DESC, best DESC, mention_id) AS figure
    FROM toll_figure(as_of_ts)
    WHERE best IS NOT NULL
    GROUP BY incident_id, field, victim_group
)
SELECT incident_id, field, victim_group, figure.best AS low, figure.best AS best, figure.best AS high, figure.claim_ids AS claim_ids
FROM chosen;
