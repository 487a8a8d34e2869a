-- What did we know, and when did we learn it?

-- The incidents as they could be known at a time: only claims seen until then are folded.
CREATE OR REPLACE MACRO incident_as_of(ts) AS TABLE
SELECT * FROM fold('ucdp_best_low_high', ts);

-- The toll of an incident each time that something new was seen of it.
CREATE OR REPLACE MACRO toll_curve(id) AS TABLE
SELECT s.seen_at, f.killed_low, f.killed_best, f.killed_high, f.injured_low, f.injured_best, f.injured_high,
       f.killed_claimed, f.n_articles, f.n_independent, f.contested
FROM (
    SELECT DISTINCT c.seen_at FROM claim AS c JOIN incident_mention AS im USING (mention_id)
    WHERE im.incident_id = resolve_id(id)
    UNION SELECT k.seen_at FROM correction AS k WHERE k.incident_id = resolve_id(id)
) AS s,
LATERAL (SELECT * FROM fold('ucdp_best_low_high', s.seen_at) WHERE incident_id = resolve_id(id)) AS f
ORDER BY s.seen_at;

-- What changed between two times: new, revised (with the field, before and after), merged and withdrawn.
CREATE OR REPLACE MACRO changes_between(t1, t2) AS TABLE
WITH earlier AS (SELECT * FROM fold('ucdp_best_low_high', t1)),
later AS (SELECT * FROM fold('ucdp_best_low_high', t2)),
pair AS (
    SELECT incident_id, l.headline,
           unnest([
               struct_pack(field := 'event_type', was := e.event_type, now := l.event_type),
               struct_pack(field := 'date', was := e.starts_on::VARCHAR, now := l.starts_on::VARCHAR),
               struct_pack(field := 'place', was := e.place_name, now := l.place_name),
               struct_pack(field := 'perpetrator', was := e.perpetrator, now := l.perpetrator),
               struct_pack(field := 'claimed_by', was := e.claimed_by, now := l.claimed_by),
               struct_pack(field := 'killed_low', was := e.killed_low::VARCHAR, now := l.killed_low::VARCHAR),
               struct_pack(field := 'killed_best', was := e.killed_best::VARCHAR, now := l.killed_best::VARCHAR),
               struct_pack(field := 'killed_high', was := e.killed_high::VARCHAR, now := l.killed_high::VARCHAR),
               struct_pack(field := 'killed_claimed', was := e.killed_claimed::VARCHAR, now := l.killed_claimed::VARCHAR),
               struct_pack(field := 'injured_best', was := e.injured_best::VARCHAR, now := l.injured_best::VARCHAR)
           ], recursive := true)
    FROM earlier AS e JOIN later AS l USING (incident_id)
)
SELECT 'new' AS change, incident_id, NULL AS field, NULL AS was, NULL AS now, headline
FROM later WHERE incident_id NOT IN (SELECT incident_id FROM earlier)
UNION ALL BY NAME
SELECT 'revised' AS change, incident_id, field, was, now, headline FROM pair WHERE was IS DISTINCT FROM now
UNION ALL BY NAME
SELECT 'withdrawn' AS change, incident_id, NULL AS field, NULL AS was, NULL AS now, headline
FROM earlier WHERE incident_id NOT IN (SELECT incident_id FROM later)
UNION ALL BY NAME
SELECT 'merged' AS change, incident_id, 'incident_id' AS field, incident_id AS was, into_id AS now, reason AS headline
FROM incident_ledger WHERE action = 'merge' AND len(mention_ids) > 0 AND decided_at > t1 AND decided_at <= t2
ORDER BY change, incident_id, field;
