-- Which toll stands if every independent source has one vote?
-- Source: the modal rule for report-level data in Cook and Weidmann (2019) and the R package eventreport.
-- A source votes with its latest figure; a tie goes to the figure with an official behind it, then to the later, then the
-- lower one. low and high span the votes.
CREATE OR REPLACE MACRO rule_majority_independent(as_of_ts) AS TABLE
WITH vote AS (
    SELECT incident_id, field, victim_group, unit,
           first(struct_pack(best := best, authority := authority, told_at := told_at, claim_ids := claim_ids)
                 ORDER BY (authority = 3) DESC, told_at DESC, authority DESC, confidence DESC, best DESC, mention_id) AS figure
    FROM toll_figure(as_of_ts)
    WHERE best IS NOT NULL
    GROUP BY incident_id, field, victim_group, unit
),
tally AS (
    SELECT incident_id, field, victim_group, figure.best AS best, count(*) AS n_votes,
           max(figure.authority) AS authority, max(figure.told_at) AS told_at,
           flatten(list(figure.claim_ids ORDER BY unit)) AS claim_ids
    FROM vote GROUP BY incident_id, field, victim_group, figure.best
)
SELECT incident_id, field, victim_group,
       CASE WHEN max(authority) = 3 THEN first(best ORDER BY authority DESC) ELSE min(best) END AS low,
       first(best ORDER BY (authority = 3) DESC, n_votes DESC, authority DESC, told_at DESC, best) AS best,
       CASE WHEN max(authority) = 3 THEN first(best ORDER BY authority DESC) ELSE max(best) END AS high,
       first(claim_ids ORDER BY (authority = 3) DESC, n_votes DESC, authority DESC, told_at DESC, best) AS claim_ids
FROM tally
GROUP BY incident_id, field, victim_group;
