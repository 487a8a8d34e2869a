-- Which toll stands if the most conservative credible figure is taken?
-- Source: ACLED's FAQ on fatalities: where reports differ, the most conservative estimate is coded; "tens" is 10,
-- "dozens" 12, "hundreds" 100. One number, no range: low, best and high are equal. A source that has revised its own
-- figure counts with its latest one only, because ACLED overwrites.
CREATE OR REPLACE MACRO vague_figure(quote) AS
    CASE WHEN regexp_matches(quote, '\bhundreds\b', 'i') THEN 100
         WHEN regexp_matches(quote, '\bdozens\b', 'i') THEN 12
         WHEN regexp_matches(quote, '\btens\b', 'i') THEN 10 END;

CREATE OR REPLACE MACRO rule_acled_conservative(as_of_ts) AS TABLE
WITH worded AS (
    SELECT incident_id, field, coalesce(victim_group, 'all') AS victim_group, min(vague_figure(quote)) AS figure,
           list(claim_id ORDER BY claim_id) AS claim_ids
    FROM evidence(as_of_ts)
    WHERE field IN ('killed', 'injured') AND NOT is_one_sided AND stance = 'reported' AND best IS NULL
      AND vague_figure(quote) IS NOT NULL
    GROUP BY ALL
),
latest AS (
    SELECT incident_id, field, victim_group, unit,
           first(struct_pack(best := best, claim_ids := claim_ids, authority := authority)
                 ORDER BY authority DESC, told_at DESC, confidence DESC, best DESC, mention_id) AS figure
    FROM toll_figure(as_of_ts)
    WHERE best IS NOT NULL
    GROUP BY incident_id, field, victim_group, unit
),
-- An analyst's correction stands against every report.
least AS (
    SELECT incident_id, field, victim_group,
           first(figure ORDER BY (figure.authority = 3) DESC, figure.best, unit) AS figure
    FROM latest GROUP BY incident_id, field, victim_group
)
SELECT incident_id, field, victim_group, figure.best AS low, figure.best AS best, figure.best AS high, figure.claim_ids AS claim_ids
FROM least
UNION ALL BY NAME
SELECT w.incident_id, w.field, w.victim_group, w.figure AS low, w.figure AS best, w.figure AS high, w.claim_ids
FROM worded AS w ANTI JOIN least USING (incident_id, field, victim_group);
