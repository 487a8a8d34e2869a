-- Which mentions may be linked with the given blocks of time and place?
-- Parameters: see pipeline/resolve/reach.py. A superset of what pipeline/resolve/block.py compares.
WITH
block AS (
    SELECT unnest($lo::DATE[]) AS lo, unnest($hi::DATE[]) AS hi, unnest($lat::DOUBLE[]) AS lat,
           unnest($lon::DOUBLE[]) AS lon, unnest($admin1::VARCHAR[]) AS admin1
),
loose_block AS (
    SELECT unnest($year::INTEGER[]) AS year, unnest($place_id::VARCHAR[]) AS place_id, unnest($figure::INTEGER[]) AS figure
),
block_day AS (
    SELECT DISTINCT unnest(generate_series(lo, hi, INTERVAL 1 DAY))::DATE AS day FROM block
),
dated AS (
    -- One day, the common case, is found by hashing; only the few longer spans are compared by range.
    SELECT mention_id, starts_on, ends_on FROM claim
    WHERE field = 'date' AND day >= $since AND starts_on = ends_on AND starts_on IN (SELECT day FROM block_day)
    UNION ALL
    SELECT mention_id, starts_on, ends_on FROM claim
    WHERE field = 'date' AND day >= $since AND starts_on < ends_on AND ends_on - starts_on <= 31
      AND ends_on >= (SELECT min(lo) FROM block) AND starts_on <= (SELECT max(hi) FROM block)
    UNION ALL
    -- News without a date is at most a few days older than its publication.
    SELECT m.mention_id, (a.published_at::DATE - $delay::INTEGER)::DATE, a.published_at::DATE
    FROM mention AS m JOIN article AS a USING (article_id)
    WHERE m.role = 'main' AND m.day >= $since AND a.day >= $since AND a.published_at IS NOT NULL
      AND a.published_at::DATE - $delay::INTEGER <= (SELECT max(hi) FROM block)
      AND a.published_at::DATE >= (SELECT min(lo) FROM block)
      AND NOT EXISTS (SELECT 1 FROM claim AS c WHERE c.mention_id = m.mention_id AND c.field = 'date' AND c.starts_on IS NOT NULL
                      AND c.stance <> 'denied' AND c.day >= $since)
),
placed AS (
    SELECT c.mention_id, c.lat, c.lon,
           coalesce(c.admin1, CASE c.country WHEN 'IR' THEN 'Sistan and Baluchestan' WHEN 'PK' THEN 'Balochistan' END) AS admin1
    FROM claim AS c SEMI JOIN dated USING (mention_id)
    WHERE c.field = 'place' AND c.day >= $since
),
narrow AS (
    SELECT DISTINCT d.mention_id
    FROM dated AS d JOIN placed AS p USING (mention_id)
    JOIN block AS b ON d.starts_on <= b.hi AND d.ends_on >= b.lo
     AND (p.admin1 = b.admin1 OR (abs(p.lat - b.lat) <= 1 AND abs(p.lon - b.lon) <= 1))
),
counted AS (
    SELECT mention_id, sum(best)::INTEGER AS total, list(best) AS figures FROM claim
    WHERE field = 'killed' AND day >= $since AND best IS NOT NULL AND len($figure::INTEGER[]) > 0
    GROUP BY mention_id
),
loose AS (
    SELECT DISTINCT c.mention_id
    FROM counted AS c
    JOIN claim AS p ON p.mention_id = c.mention_id AND p.field = 'place' AND p.day >= $since
    JOIN loose_block AS b
      ON b.place_id = coalesce(p.canonical_id, regexp_replace(lower(replace(p.value, '-', ' ')), '\s+', ' ', 'g'))
     AND (list_contains(c.figures, b.figure) OR c.total >= b.figure)
    LEFT JOIN claim AS d ON d.mention_id = c.mention_id AND d.field = 'date' AND d.day >= $since
    WHERE (d.starts_on IS NULL AND year(p.day) BETWEEN b.year AND b.year + 1)
       OR (d.starts_on IS NOT NULL AND b.year BETWEEN year(d.starts_on) AND year(d.ends_on))
)
SELECT mention_id FROM narrow
UNION
SELECT mention_id FROM loose
