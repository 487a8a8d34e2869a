-- What is the row of each incident, under a named rule, as it could be known at a time?
-- The table `incident` is this fold under the default rule with no bound in time; nothing else writes it.

-- Tolls side by side. Groups are parts of killed_best: they never add up to more, and what they leave is unknown.
CREATE OR REPLACE MACRO toll_row(rule_name, as_of_ts) AS TABLE
WITH toll AS (SELECT * FROM toll_by(rule_name, as_of_ts)),
side AS (
    SELECT incident_id,
           any_value(low) FILTER (field = 'killed' AND victim_group = 'all') AS killed_low,
           any_value(best) FILTER (field = 'killed' AND victim_group = 'all') AS killed_best,
           any_value(high) FILTER (field = 'killed' AND victim_group = 'all') AS killed_high,
           any_value(low) FILTER (field = 'injured' AND victim_group = 'all') AS injured_low,
           any_value(best) FILTER (field = 'injured' AND victim_group = 'all') AS injured_best,
           any_value(high) FILTER (field = 'injured' AND victim_group = 'all') AS injured_high,
           any_value(best) FILTER (field = 'killed' AND victim_group = 'security_forces') AS security_forces,
           any_value(best) FILTER (field = 'killed' AND victim_group = 'civilians') AS civilians,
           any_value(best) FILTER (field = 'killed' AND victim_group = 'attackers') AS attackers,
           any_value(best) FILTER (field = 'abducted' AND victim_group = 'all') AS abducted_best,
           any_value(best) FILTER (field = 'arrested' AND victim_group = 'all') AS arrested_best
    FROM toll GROUP BY incident_id
),
fitted AS (
    -- A group that does not fit into the total beside the surer ones is left unknown: attackers, then forces, then civilians.
    SELECT *, CASE WHEN attackers <= killed_best THEN attackers END AS fits_attackers FROM side
),
fitted_forces AS (
    SELECT *, CASE WHEN security_forces + coalesce(fits_attackers, 0) <= killed_best THEN security_forces END AS fits_forces FROM fitted
),
fitted_all AS (
    SELECT *, CASE WHEN civilians + coalesce(fits_forces, 0) + coalesce(fits_attackers, 0) <= killed_best THEN civilians END AS fits_civilians
    FROM fitted_forces
)
SELECT incident_id, killed_low, killed_best, killed_high, injured_low, injured_best, injured_high,
       fits_forces AS killed_security_forces, fits_civilians AS killed_civilians, fits_attackers AS killed_attackers,
       CASE WHEN killed_best IS NOT NULL
            THEN killed_best - coalesce(fits_forces, 0) - coalesce(fits_civilians, 0) - coalesce(fits_attackers, 0)
       END AS killed_unknown,
       abducted_best, arrested_best
FROM fitted_all;

-- What only one side says of the dead and injured: its latest total.
CREATE OR REPLACE MACRO claimed_toll(as_of_ts) AS TABLE
WITH figure AS (
    SELECT incident_id, field, mention_id, max(told_at) AS told_at,
           coalesce(max(best) FILTER (coalesce(victim_group, 'all') = 'all'), sum(best))::INTEGER AS best,
           list(claim_id ORDER BY claim_id) AS claim_ids
    FROM evidence(as_of_ts)
    WHERE field IN ('killed', 'injured') AND is_one_sided AND stance <> 'denied' AND best IS NOT NULL
    GROUP BY incident_id, field, mention_id
)
SELECT incident_id, field, first(best ORDER BY told_at DESC, best DESC, mention_id) AS best,
       first(claim_ids ORDER BY told_at DESC, best DESC, mention_id) AS claim_ids
FROM figure GROUP BY incident_id, field;

CREATE OR REPLACE MACRO headline_of(event_type, target, place_name, admin1, starts_on, date_precision, killed_best) AS
    upper(event_type[1]) || replace(event_type[2:], '_', ' ')
    || CASE WHEN target IS NULL OR event_type IN ('raid_operation', 'arrest', 'execution') THEN '' ELSE ' on ' || target END
    || coalesce(', ' || coalesce(place_name, admin1), '')
    || CASE WHEN starts_on IS NULL THEN '' WHEN date_precision = 'year' THEN ', ' || strftime(starts_on, '%Y')
            WHEN date_precision = 'month' THEN ', ' || strftime(starts_on, '%b %Y')
            ELSE ', ' || strftime(starts_on, '%-d %b %Y') END
    || CASE WHEN killed_best IS NULL THEN '' WHEN killed_best = 0 THEN ': nobody killed' ELSE ': ' || killed_best || ' killed' END;

CREATE OR REPLACE MACRO fold(rule_name, as_of_ts) AS TABLE
WITH reach AS (
    SELECT im.incident_id, count(*)::INTEGER AS n_mentions, count(DISTINCT m.article_id)::INTEGER AS n_articles,
           count(DISTINCT coalesce(u.unit, m.source_id))::INTEGER AS n_independent,
           greatest(count(DISTINCT a.language), 1)::INTEGER AS n_languages,
           bool_or(im.is_uncertain) AS is_uncertain, min(m.seen_at) AS first_seen_at, max(m.seen_at) AS last_seen_at,
           max(m.confidence) AS confidence
    FROM incident_mention AS im JOIN mention AS m USING (mention_id)
    LEFT JOIN article AS a USING (article_id) LEFT JOIN independent_unit() AS u USING (article_id)
    WHERE m.seen_at <= as_of_ts
      AND NOT EXISTS (FROM correction AS k WHERE k.action = 'drop' AND k.incident_id = im.incident_id AND k.seen_at <= as_of_ts)
    GROUP BY im.incident_id
),
disputed AS (
    SELECT incident_id, list(DISTINCT field ORDER BY field) AS fields FROM contested_value(as_of_ts) GROUP BY incident_id
),
word AS (SELECT * FROM incident_word(as_of_ts)),
claimed AS (SELECT * FROM claimed_toll(as_of_ts)),
joined AS (
    SELECT r.incident_id, rule_name AS rule, k.event_type, d.starts_on, d.ends_on, coalesce(d.date_precision, 'unknown') AS date_precision,
           p.place_id, p.place_name, p.country, p.admin1, p.admin2, p.lat, p.lon, p.where_prec, p.km_to_border,
           a.perpetrator_id, a.perpetrator, a.perpetrator_stance, c.value AS claimed_by, t.value AS target,
           coalesce(w.all_values, []) AS weapons,
           l.killed_low, l.killed_best, l.killed_high, l.injured_low, l.injured_best, l.injured_high,
           l.killed_security_forces, l.killed_civilians, l.killed_attackers, l.killed_unknown,
           kc.best AS killed_claimed, ic.best AS injured_claimed, l.abducted_best, l.arrested_best,
           r.n_mentions, r.n_articles, r.n_independent, r.n_languages, coalesce(x.fields, []) AS contested,
           r.is_uncertain, r.first_seen_at, r.last_seen_at,
           round(least(0.99, greatest(0.05,
               1 - pow(1 - 0.7 * r.confidence, least(r.n_independent, 4))
               - CASE WHEN r.is_uncertain THEN 0.15 ELSE 0 END - CASE WHEN x.fields IS NULL THEN 0 ELSE 0.1 END)), 4) AS confidence
    FROM reach AS r
    JOIN incident_type(as_of_ts) AS k USING (incident_id)
    LEFT JOIN incident_date(as_of_ts) AS d USING (incident_id)
    LEFT JOIN incident_place(as_of_ts) AS p USING (incident_id)
    LEFT JOIN incident_perpetrator(as_of_ts) AS a USING (incident_id)
    LEFT JOIN word AS c ON c.incident_id = r.incident_id AND c.field = 'claimed_by'
    LEFT JOIN word AS t ON t.incident_id = r.incident_id AND t.field = 'target'
    LEFT JOIN word AS w ON w.incident_id = r.incident_id AND w.field = 'weapon'
    LEFT JOIN toll_row(rule_name, as_of_ts) AS l USING (incident_id)
    LEFT JOIN claimed AS kc ON kc.incident_id = r.incident_id AND kc.field = 'killed'
    LEFT JOIN claimed AS ic ON ic.incident_id = r.incident_id AND ic.field = 'injured'
    LEFT JOIN disputed AS x USING (incident_id)
)
SELECT *, headline_of(event_type, target, place_name, admin1, starts_on, date_precision, killed_best) AS headline
FROM joined;
