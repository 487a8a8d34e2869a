-- Which claims speak about an incident, by whom, and which of them are independent?
-- Everything that folds starts here. `as_of_ts` keeps what could be known then; a wire and its reprints are one unit.

-- A unit is what counts once: the wire family or publisher of the text that was copied, or the one outlet that it cites.
CREATE OR REPLACE MACRO independent_unit() AS TABLE
WITH original AS (
    SELECT a.article_id, a.source_id, coalesce(o.source_id, a.source_id) AS origin_id, coalesce(o.cites, a.cites) AS cites
    FROM article AS a LEFT JOIN article AS o ON o.article_id = a.copy_of
),
cited AS (
    SELECT article_id, lower(trim(cites[1])) AS name FROM original WHERE len(cites) = 1
)
SELECT o.article_id,
       coalesce(any_value(w.wire_family), any_value(w.source_id), any_value('cites ' || c.name),
                any_value(s.wire_family), any_value(o.origin_id)) AS unit
FROM original AS o
LEFT JOIN source AS s ON s.source_id = o.origin_id
LEFT JOIN cited AS c USING (article_id)
LEFT JOIN source AS w ON c.name IN (lower(w.name), lower(w.source_id), lower(w.wire_family)) AND w.kind IN ('wire', 'agency')
GROUP BY o.article_id;

-- Authority ranks who may fix a figure: an analyst's correction, an official or a hospital, anybody else.
-- One-sided is what only a party to the fight says; it never becomes a low, best or high figure.
CREATE OR REPLACE MACRO evidence(as_of_ts) AS TABLE
SELECT im.incident_id, im.is_uncertain, c.*, m.role, m.event_type, m.polarity,
       u.unit, a.language, a.url, s.name AS outlet,
       coalesce(c.said_at, c.seen_at) AS told_at,
       CASE c.speaker_type WHEN 'analyst' THEN 3
            WHEN 'government' THEN 2 WHEN 'military' THEN 2 WHEN 'police' THEN 2 WHEN 'medical' THEN 2
            ELSE 1 END AS authority,
       c.speaker_type <> 'analyst' AND (c.speaker_type = 'militant' OR c.stance IN ('claimed', 'accused')
           OR coalesce(s.kind = 'militant', false)) AS is_one_sided
FROM incident_mention AS im
JOIN mention AS m USING (mention_id)
JOIN claim AS c USING (mention_id)
LEFT JOIN article AS a ON a.article_id = c.article_id
LEFT JOIN source AS s ON s.source_id = c.source_id
LEFT JOIN independent_unit() AS u ON u.article_id = c.article_id
WHERE c.seen_at <= as_of_ts
UNION ALL BY NAME
SELECT im.incident_id, false AS is_uncertain, k.* EXCLUDE (incident_id, action, reason, decided_by, locator),
       'main' AS role, NULL AS event_type, 'asserted' AS polarity, 'analyst' AS unit, NULL AS language,
       k.locator AS url, k.decided_by AS outlet, k.seen_at AS told_at, 3 AS authority, false AS is_one_sided
FROM correction AS k
JOIN (SELECT DISTINCT incident_id FROM incident_mention) AS im ON im.incident_id = k.incident_id
WHERE k.action = 'set' AND k.seen_at <= as_of_ts;
