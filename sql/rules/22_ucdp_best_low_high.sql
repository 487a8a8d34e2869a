-- Which toll stands if best is the surest figure, and low and high are the lowest and highest credible ones?
-- Source: UCDP GED codebook, fields best, low and high; docs/decisions/0006-ledger.md argues why it is the default.
-- best: the latest figure of an official or a hospital; without one, the figure on which most independent sources
-- agree, then the latest. low and high span every credible figure ever given, revised ones too.
-- An analyst's correction is all three.
CREATE OR REPLACE MACRO rule_ucdp_best_low_high(as_of_ts) AS TABLE
WITH figure AS (SELECT * FROM toll_figure(as_of_ts)),
support AS (
    SELECT incident_id, field, victim_group, best, count(DISTINCT unit) AS n_units
    FROM figure WHERE best IS NOT NULL GROUP BY incident_id, field, victim_group, best
),
chosen AS (
    SELECT incident_id, field, victim_group,
           first(struct_pack(best := f.best, authority := f.authority, claim_ids := f.claim_ids)
                 ORDER BY f.authority DESC, CASE WHEN f.authority >= 2 THEN 0 ELSE s.n_units END DESC,
                          f.told_at DESC, f.confidence DESC, f.best DESC, f.mention_id)
               FILTER (f.best IS NOT NULL) AS pick,
           min(coalesce(f.low, f.best)) AS low,
           max(coalesce(f.high, f.best)) AS high
    FROM figure AS f LEFT JOIN support AS s USING (incident_id, field, victim_group, best)
    GROUP BY incident_id, field, victim_group
)
SELECT incident_id, field, victim_group,
       CASE WHEN pick.authority = 3 THEN pick.best ELSE least(low, pick.best) END AS low,
       pick.best AS best,
       CASE WHEN pick.authority = 3 THEN pick.best WHEN pick.best IS NOT NULL THEN greatest(high, pick.best) END AS high,
       coalesce(pick.claim_ids, []) AS claim_ids
FROM chosen;
