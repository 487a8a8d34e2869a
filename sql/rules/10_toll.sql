-- Which figures does each mention give for its dead, injured, abducted and arrested, by group and in all?
-- One row is one figure. A total that already counts the attackers is left alone, one that does not is added to:
-- the parts of a mention make its total only where the mention gives no total of its own.

-- Every credible figure of a mention for one group, the surest first. An analyst's figure stands alone.
CREATE OR REPLACE MACRO group_figure(as_of_ts) AS TABLE
SELECT incident_id, field, coalesce(victim_group, 'all') AS victim_group, mention_id, unit, role, authority, told_at,
       confidence, low, best, high, qualifier, claim_id
FROM evidence(as_of_ts)
WHERE field IN ('killed', 'injured', 'abducted', 'arrested') AND NOT is_one_sided AND stance = 'reported'
  AND (low IS NOT NULL OR best IS NOT NULL);

-- What a mention says of each group: the word of the highest authority, then the latest; low and high span all of it.
CREATE OR REPLACE MACRO mention_group(as_of_ts) AS TABLE
SELECT incident_id, field, victim_group, mention_id, any_value(unit) AS unit, any_value(role) AS role,
       max(authority) AS authority, max(told_at) AS told_at, max(confidence) AS confidence,
       first(best ORDER BY authority DESC, told_at DESC, confidence DESC, best DESC, claim_id) FILTER (best IS NOT NULL) AS best,
       min(coalesce(low, best)) AS low,
       max(coalesce(high, best)) AS high,
       list(claim_id ORDER BY authority DESC, told_at DESC, confidence DESC, best DESC, claim_id) AS claim_ids
FROM group_figure(as_of_ts)
GROUP BY incident_id, field, victim_group, mention_id;

-- What all mentions of an incident say of the attackers: it completes a total that is made of victims alone.
CREATE OR REPLACE MACRO attackers_of(as_of_ts) AS TABLE
SELECT incident_id, field,
       first(best ORDER BY authority DESC, told_at DESC, confidence DESC, mention_id) FILTER (best IS NOT NULL) AS best,
       first(claim_ids ORDER BY authority DESC, told_at DESC, confidence DESC, mention_id) FILTER (best IS NOT NULL) AS claim_ids
FROM mention_group(as_of_ts)
WHERE victim_group = 'attackers'
GROUP BY incident_id, field;

-- Totals of each mention. `is_partial` marks a mention that only counts attackers: not a total where another has victims.
CREATE OR REPLACE MACRO mention_total(as_of_ts) AS TABLE
WITH part AS (
    SELECT incident_id, field, mention_id, any_value(unit) AS unit, any_value(role) AS role,
           max(authority) AS authority, max(told_at) AS told_at, max(confidence) AS confidence,
           max(best) FILTER (victim_group = 'all') AS all_best,
           max(low) FILTER (victim_group = 'all') AS all_low,
           max(high) FILTER (victim_group = 'all') AS all_high,
           max(best) FILTER (victim_group = 'attackers') AS attackers_best,
           sum(best) FILTER (victim_group NOT IN ('all', 'attackers')) AS victims_best,
           sum(low) FILTER (victim_group NOT IN ('all', 'attackers')) AS victims_low,
           sum(coalesce(high, low)) FILTER (victim_group NOT IN ('all', 'attackers')) AS victims_high,
           count(*) FILTER (victim_group = 'all') > 0 AS has_all,
           count(*) FILTER (victim_group NOT IN ('all', 'attackers')) > 0 AS has_victims,
           count(*) FILTER (victim_group = 'attackers') > 0 AS has_attackers,
           flatten(list(claim_ids ORDER BY victim_group)) AS claim_ids
    FROM mention_group(as_of_ts)
    GROUP BY incident_id, field, mention_id
),
-- A total equal to its victims leaves the attackers out, so they are added. Victims without a total are completed
-- by the attackers whom another report counts.
extra AS (
    SELECT p.*,
           CASE WHEN has_all AND has_attackers AND all_best = victims_best THEN attackers_best
                WHEN has_all THEN 0
                WHEN has_victims THEN coalesce(attackers_best, o.best, 0)
                ELSE 0 END::INTEGER AS added,
           CASE WHEN NOT has_all AND has_victims AND NOT has_attackers THEN coalesce(o.claim_ids, []) ELSE [] END AS added_ids
    FROM part AS p LEFT JOIN attackers_of(as_of_ts) AS o USING (incident_id, field)
)
SELECT incident_id, field, 'all' AS victim_group, mention_id, unit, role, authority, told_at, confidence,
       (CASE WHEN has_all THEN all_best WHEN has_victims THEN victims_best ELSE attackers_best END + added)::INTEGER AS best,
       (CASE WHEN has_all THEN all_low WHEN has_victims THEN victims_low ELSE attackers_best END + added)::INTEGER AS low,
       (CASE WHEN has_all THEN all_high WHEN has_victims THEN victims_high ELSE attackers_best END + added)::INTEGER AS high,
       list_concat(claim_ids, added_ids) AS claim_ids,
       NOT has_all AND NOT has_victims AS is_partial
FROM extra;

-- Figures that rules choose among: totals and groups of every mention, latest and surest knowable by their columns.
CREATE OR REPLACE MACRO toll_figure(as_of_ts) AS TABLE
WITH totals AS (
    SELECT *, bool_and(is_partial) OVER (PARTITION BY incident_id, field) AS only_partial FROM mention_total(as_of_ts)
)
SELECT incident_id, field, victim_group, mention_id, unit, role, authority, told_at, confidence, best, low, high, claim_ids
FROM totals WHERE only_partial OR NOT is_partial
UNION ALL BY NAME
SELECT incident_id, field, victim_group, mention_id, unit, role, authority, told_at, confidence, best, low, high, claim_ids
FROM mention_group(as_of_ts) WHERE victim_group <> 'all';
