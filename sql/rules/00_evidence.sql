-- Which claims speak about an incident, by whom, and which of them are independent?
-- Everything that folds starts here. `as_of_ts` keeps what could be known then; a wire and its reprints are one unit.

-- A unit is what counts once: the wire family or publisher of the text that was copied, or the one outlet that it cites.
CREATE OR REPLACE MACRO independent_unit() AS TABLE
WITH outlet_name AS (
    SELECT name, min(unit) AS unit
    FROM (SELECT unnest([lower(name), lower(source_id), lower(wire_family)]) AS name, coalesce(wire_family, source_id) AS unit
          FROM source WHERE kind IN ('wire', 'agency'))
    WHERE name IS NOT NULL GROUP BY name
),
original AS (
    SELECT a.article_id, coalesce(o.source_id, a.source_id) AS source_id, coalesce(o.cites, a.cites) AS cites
    FROM article AS a LEFT JOIN article AS o ON o.article_id = a.copy_of
)
SELECT o.article_id,
       CASE WHEN len(o.cites) = 1 THEN coalesce(n.unit, 'cites ' || lower(trim(o.cites[1])))
            ELSE coalesce(s.wire_family, o.source_id) END AS unit
FROM original AS o
LEFT JOIN source AS s ON s.source_id = o.source_id
LEFT JOIN outlet_name AS n ON len(o.cites) = 1 AND n.name = lower(trim(o.cites[1]));

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
