-- On which fields do independent sources disagree, and who says what?
-- Each source counts with its latest word. The figure of one side is held against the credible ones, never mixed with them.
CREATE OR REPLACE MACRO contested_value(as_of_ts) AS TABLE
WITH said AS (
    SELECT *, CASE
        WHEN field IN ('killed', 'injured', 'abducted', 'arrested') THEN best::VARCHAR
        WHEN field = 'date' THEN starts_on::VARCHAR
        ELSE coalesce(canonical_id, value) END AS shown,
        coalesce(victim_group, '') AS counted
    FROM evidence(as_of_ts) WHERE stance <> 'possible'
),
latest AS (
    SELECT incident_id, field, counted, unit, is_one_sided, stance = 'denied' AS is_denial,
           unnest(first(struct_pack(shown := shown, speaker := speaker, outlet := outlet, claim_id := claim_id,
                                    best := best, low := coalesce(low, best), high := coalesce(high, best), starts_on := starts_on,
                                    ends_on := ends_on, lat := lat, lon := lon, where_prec := where_prec, country := country,
                                    told_at := told_at)
                        ORDER BY told_at DESC, authority DESC, confidence DESC, claim_id))
    FROM said
    WHERE shown IS NOT NULL
    GROUP BY incident_id, field, counted, unit, is_one_sided, stance = 'denied'
)
SELECT DISTINCT a.incident_id, CASE WHEN a.counted IN ('', 'all') THEN a.field ELSE a.field || '_' || a.counted END AS field,
       a.shown AS value, a.speaker, a.outlet, b.shown AS other_value, b.speaker AS other_speaker, b.outlet AS other_outlet,
       a.claim_id, b.claim_id AS other_claim_id
FROM latest AS a
JOIN latest AS b ON b.incident_id = a.incident_id AND b.field = a.field AND b.counted = a.counted
    AND a.claim_id <> b.claim_id
    AND (a.unit IS DISTINCT FROM b.unit OR a.is_one_sided <> b.is_one_sided OR a.is_denial <> b.is_denial)
    AND (a.is_one_sided, a.is_denial, a.claim_id) < (b.is_one_sided, b.is_denial, b.claim_id)
WHERE CASE
    WHEN a.field IN ('killed', 'injured', 'abducted', 'arrested')
        THEN NOT a.is_denial AND NOT b.is_denial AND (a.high < b.low OR b.high < a.low)
    WHEN a.field = 'date' THEN a.ends_on < b.starts_on OR b.ends_on < a.starts_on
    WHEN a.field = 'place' THEN a.country <> b.country
        OR (a.where_prec <= 2 AND b.where_prec <= 2 AND sqrt(pow((a.lat - b.lat) * 111.2, 2)
            + pow((a.lon - b.lon) * 111.2 * cos(radians(a.lat)), 2)) > 40)
    WHEN a.field = 'perpetrator' THEN (a.is_denial <> b.is_denial AND a.shown = b.shown) OR (NOT a.is_denial AND NOT b.is_denial AND a.shown <> b.shown)
    WHEN a.field = 'claimed_by' THEN a.shown <> b.shown
    ELSE false END;
