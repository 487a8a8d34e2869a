-- Which type, date, place, actor, target and weapons stand for each incident?
-- One rule for all of these: what an analyst says, else what most independent sources say; the more specific of equals.

-- Families of types as in config/resolve.yml; a test keeps the two in step. Three names for one strike are three votes for a strike.
CREATE OR REPLACE MACRO type_family(event_type) AS CASE
    WHEN event_type IN ('bombing', 'suicide_bombing', 'ied_explosion') THEN 'explosion'
    WHEN event_type IN ('air_strike', 'drone_strike', 'missile_strike', 'shelling') THEN 'strike'
    WHEN event_type IN ('armed_attack', 'ambush', 'assassination') THEN 'assault'
    WHEN event_type IN ('armed_clash', 'border_skirmish') THEN 'clash'
    WHEN event_type = 'raid_operation' THEN 'raid'
    WHEN event_type = 'protest_crackdown' THEN 'protest'
    ELSE event_type END;

CREATE OR REPLACE MACRO incident_type(as_of_ts) AS TABLE
WITH told AS (
    SELECT DISTINCT im.incident_id, m.mention_id, m.event_type, u.unit, m.role, m.confidence, 1 AS authority
    FROM incident_mention AS im JOIN mention AS m USING (mention_id)
    LEFT JOIN independent_unit() AS u ON u.article_id = m.article_id
    WHERE m.seen_at <= as_of_ts
    UNION ALL
    SELECT incident_id, mention_id, value, unit, role, confidence, authority
    FROM evidence(as_of_ts) WHERE field = 'event_type' AND authority = 3
),
vote AS (
    SELECT incident_id, event_type, max(authority) AS authority, count(DISTINCT unit) AS n_units,
           bool_or(role = 'main') AS is_news, max(confidence) AS confidence
    FROM told GROUP BY incident_id, event_type
),
family AS (
    SELECT incident_id, type_family(event_type) AS family, count(DISTINCT unit) AS n_family
    FROM told GROUP BY incident_id, type_family(event_type)
)
SELECT v.incident_id,
       first(event_type ORDER BY (authority = 3) DESC, is_news DESC, event_type = 'other', n_family DESC, family,
             n_units + CASE WHEN event_type IN ('suicide_bombing', 'ied_explosion', 'drone_strike', 'missile_strike',
                                                'assassination', 'ambush') THEN 0.5 ELSE 0 END DESC,
             confidence DESC, event_type) AS event_type
FROM vote AS v JOIN family AS f ON f.incident_id = v.incident_id AND f.family = type_family(v.event_type)
GROUP BY v.incident_id;

CREATE OR REPLACE MACRO incident_date(as_of_ts) AS TABLE
WITH vote AS (
    SELECT incident_id, starts_on, ends_on, max(authority = 3) AS is_analyst, count(DISTINCT unit) AS n_units,
           bool_or(role = 'main') AS is_news, max(confidence) AS confidence,
           CASE WHEN ends_on - starts_on = 0 THEN 'day' WHEN ends_on - starts_on < 6 THEN 'days'
                WHEN ends_on - starts_on <= 7 THEN 'week' WHEN ends_on - starts_on <= 31 THEN 'month' ELSE 'year' END AS precision,
           list(claim_id ORDER BY claim_id) AS claim_ids
    FROM evidence(as_of_ts)
    WHERE field = 'date' AND starts_on IS NOT NULL AND ends_on IS NOT NULL AND stance <> 'denied'
    GROUP BY incident_id, starts_on, ends_on
)
SELECT incident_id,
       unnest(first(struct_pack(starts_on := starts_on, ends_on := ends_on, date_precision := precision, claim_ids := claim_ids)
                    ORDER BY is_analyst DESC, least(ends_on - starts_on, 3), is_news DESC, n_units DESC, confidence DESC,
                             starts_on, ends_on))
FROM vote GROUP BY incident_id;

CREATE OR REPLACE MACRO incident_place(as_of_ts) AS TABLE
WITH told AS (
    SELECT e.*, coalesce(e.canonical_id, lower(e.value)) AS place_key
    FROM evidence(as_of_ts) AS e WHERE field = 'place' AND stance <> 'denied' AND (value IS NOT NULL OR country IS NOT NULL)
),
-- The province on which most agree bounds the choice, so that one stray reading cannot move an incident.
province AS (
    SELECT incident_id, first(region ORDER BY is_analyst DESC, n_units DESC, prec, region) AS region
    FROM (SELECT incident_id, coalesce(admin1, country, '') AS region, max(authority = 3) AS is_analyst,
                 count(DISTINCT unit) AS n_units, min(where_prec) AS prec
          FROM told GROUP BY ALL)
    GROUP BY incident_id
),
vote AS (
    SELECT t.incident_id, place_key, max(authority = 3) AS is_analyst, count(DISTINCT unit) AS n_units,
           min(coalesce(where_prec, 6)) AS prec, max(confidence) AS confidence, bool_or(role = 'main') AS is_news,
           first(struct_pack(place_id := canonical_id, place_name := value, country := country, admin1 := admin1,
                             lat := lat, lon := lon, where_prec := where_prec)
                 ORDER BY where_prec NULLS LAST, confidence DESC, claim_id) AS place,
           list(claim_id ORDER BY claim_id) AS claim_ids
    FROM told AS t JOIN province AS p ON p.incident_id = t.incident_id AND p.region = coalesce(t.admin1, t.country, '')
    GROUP BY t.incident_id, place_key
),
chosen AS (
    SELECT incident_id,
           first(struct_pack(place := place, claim_ids := claim_ids)
                 ORDER BY is_analyst DESC, greatest(prec, 3), is_news DESC, n_units > 1 DESC, prec, n_units DESC, confidence DESC,
                          place_key NULLS LAST) AS pick
    FROM vote GROUP BY incident_id
)
SELECT c.incident_id, pick.place.place_id AS place_id, pick.place.place_name AS place_name,
       pick.place.country AS country, pick.place.admin1 AS admin1, g.admin2 AS admin2,
       coalesce(pick.place.lat, g.lat) AS lat, coalesce(pick.place.lon, g.lon) AS lon,
       pick.place.where_prec AS where_prec, g.km_to_border AS km_to_border, pick.claim_ids AS claim_ids
FROM chosen AS c LEFT JOIN place AS g ON g.place_id = pick.place.place_id;

-- Who did it. A label that names nobody is no name; a denial by the accused lowers the stance, it does not clear them.
CREATE OR REPLACE MACRO incident_perpetrator(as_of_ts) AS TABLE
WITH told AS (
    SELECT e.incident_id, coalesce(e.canonical_id, lower(e.value)) AS actor_key, e.canonical_id, e.value, e.unit, e.stance,
           e.confidence, e.claim_id, e.authority, e.role, 1 AS weight,
           coalesce(a.kind = 'unknown', false) AS is_unknown
    FROM evidence(as_of_ts) AS e LEFT JOIN actor AS a ON a.actor_id = e.canonical_id
    WHERE e.field = 'perpetrator' AND e.value IS NOT NULL AND e.stance <> 'denied' AND NOT coalesce(a.is_umbrella, false)
    UNION ALL
    -- A perpetrator known only from its own claim is the perpetrator, as claimed.
    SELECT e.incident_id, coalesce(e.canonical_id, lower(e.value)), e.canonical_id, e.value, e.unit, 'claimed',
           e.confidence, e.claim_id, 0, e.role, 0, false
    FROM evidence(as_of_ts) AS e LEFT JOIN actor AS a ON a.actor_id = e.canonical_id
    WHERE e.field = 'claimed_by' AND e.value IS NOT NULL AND e.stance <> 'denied' AND NOT coalesce(a.is_umbrella, false)
),
vote AS (
    SELECT incident_id, actor_key, max(authority = 3) AS is_analyst, bool_and(is_unknown) AS is_unknown,
           max(weight) AS weight, count(DISTINCT unit) AS n_units, max(confidence) AS confidence,
           first(struct_pack(perpetrator_id := canonical_id, perpetrator := value)
                 ORDER BY canonical_id IS NULL, confidence DESC, claim_id) AS actor,
           first(stance ORDER BY array_position(['reported', 'claimed', 'accused', 'possible'], stance)) AS stance,
           list(DISTINCT claim_id ORDER BY claim_id) AS claim_ids
    FROM told GROUP BY incident_id, actor_key
)
SELECT incident_id, pick.actor.perpetrator_id AS perpetrator_id, pick.actor.perpetrator AS perpetrator,
       pick.stance AS perpetrator_stance, pick.claim_ids AS claim_ids
FROM (
    SELECT incident_id,
           first(struct_pack(actor := actor, stance := stance, claim_ids := claim_ids)
                 ORDER BY is_analyst DESC, is_unknown, array_position(['reported', 'claimed', 'accused', 'possible'], stance) = 4,
                          n_units DESC, weight DESC, confidence DESC, actor_key) AS pick
    FROM vote GROUP BY incident_id
);

CREATE OR REPLACE MACRO incident_word(as_of_ts) AS TABLE
WITH vote AS (
    SELECT incident_id, field, value, max(authority = 3) AS is_analyst, count(DISTINCT unit) AS n_units,
           bool_or(role = 'main') AS is_news, max(confidence) AS confidence, list(claim_id ORDER BY claim_id) AS claim_ids
    FROM evidence(as_of_ts)
    WHERE field IN ('claimed_by', 'target', 'weapon') AND value IS NOT NULL AND stance NOT IN ('denied', 'possible')
    GROUP BY incident_id, field, value
)
SELECT incident_id, field,
       first(value ORDER BY is_analyst DESC, is_news DESC, n_units DESC, confidence DESC, length(value) DESC, value) AS value,
       list(value ORDER BY value) AS all_values,
       first(claim_ids ORDER BY is_analyst DESC, is_news DESC, n_units DESC, confidence DESC, length(value) DESC, value) AS claim_ids,
       flatten(list(claim_ids ORDER BY value)) AS all_claim_ids
FROM vote GROUP BY incident_id, field;
