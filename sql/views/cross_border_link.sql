-- Which incident on one side of the border answers which on the other, who says so, and what is only inferred?
-- claimed: an article tells both, with words of retaliation in its headline, or in its text within a few lines around both.
-- inferred: nobody has to say so; the forces of one side act on the soil of the other after an attack on their own.

-- English, then Persian, then Urdu.
CREATE OR REPLACE MACRO tells_retaliation(words) AS regexp_matches(lower(words),
    '\bretaliat|\breprisal|\breveng|\baveng|\btit[- ]for[- ]tat|\bin (response|reply|answer|reaction) to\b'
    || '|\b(hit|hits|struck|strikes?|fired|fires) back\b|\bcounter-?strike|\banswer(s|ed)? \w+ with\b'
    || '|تلافی|انتقام|در پاسخ به|در واکنش به|مقابله به مثل'
    || '|جوابی|کے جواب میں|بدلے میں|بدلہ|ردعمل میں');

CREATE OR REPLACE VIEW cross_border_link AS
WITH sided AS (
    SELECT i.incident_id, i.headline, i.starts_on, i.country, i.killed_best,
           CASE WHEN a.kind IN ('state_force', 'police', 'paramilitary', 'government', 'foreign_state') THEN a.side END AS by_state
    FROM incident AS i LEFT JOIN actor AS a ON a.actor_id = i.perpetrator_id
    WHERE i.country IN ('IR', 'PK') AND i.starts_on IS NOT NULL AND i.date_precision IN ('day', 'days')
),
told AS (
    SELECT s.incident_id, s.starts_on, s.country, m.article_id, m.source_id, m.char_start, m.char_end
    FROM sided AS s JOIN incident_mention AS im USING (incident_id) JOIN mention AS m USING (mention_id)
),
beside AS (
    SELECT e.incident_id AS earlier_id, l.incident_id AS later_id, e.article_id, e.source_id,
           least(e.char_start, l.char_start) AS char_start, greatest(e.char_end, l.char_end) AS char_end
    FROM told AS e JOIN told AS l ON l.article_id = e.article_id AND l.country <> e.country AND l.starts_on > e.starts_on
),
said AS (
    SELECT b.earlier_id, b.later_id, b.article_id, coalesce(s.name, b.source_id) AS outlet, a.url,
           CASE WHEN tells_retaliation(a.title) THEN a.title
                -- Further apart, the words of retaliation may belong to something else.
                WHEN b.char_end - b.char_start <= 600
                     AND tells_retaliation(substring(a.text, b.char_start + 1, b.char_end - b.char_start))
                THEN substring(a.text, b.char_start + 1, b.char_end - b.char_start) END AS quote
    FROM beside AS b JOIN article AS a USING (article_id) LEFT JOIN source AS s ON s.source_id = b.source_id
),
claimed AS (
    SELECT earlier_id, later_id, list(DISTINCT outlet ORDER BY outlet) AS said_by,
           first(quote ORDER BY length(quote), article_id) AS quote, first(url ORDER BY length(quote), article_id) AS url
    FROM said WHERE quote IS NOT NULL
    GROUP BY earlier_id, later_id
),
inferred AS (
    SELECT e.incident_id AS earlier_id, l.incident_id AS later_id, e.by_state = l.country AS is_counter_strike
    FROM sided AS e JOIN sided AS l
        ON l.country <> e.country AND l.by_state = e.country
        -- The strike of 16 January 2024 came 32 days after the attack in Rask that it was said to answer.
        AND l.starts_on > e.starts_on AND l.starts_on - e.starts_on <= 45
    -- A state answers what was done to it, not what its own forces did at home.
    WHERE coalesce(e.killed_best, 1) > 0 AND e.by_state IS DISTINCT FROM e.country
)
SELECT
    e.incident_id AS earlier_id, e.headline AS earlier, e.starts_on AS earlier_on, e.country AS earlier_country,
    l.incident_id AS later_id, l.headline AS later, l.starts_on AS later_on, l.country AS later_country,
    l.starts_on - e.starts_on AS days_between,
    CASE WHEN c.earlier_id IS NOT NULL THEN 'claimed' ELSE 'inferred' END AS link,
    coalesce(n.is_counter_strike, e.by_state = l.country AND l.by_state = e.country, false) AS is_counter_strike,
    coalesce(c.said_by, []) AS said_by, c.quote, c.url
FROM claimed AS c
FULL JOIN inferred AS n ON n.earlier_id = c.earlier_id AND n.later_id = c.later_id
JOIN sided AS e ON e.incident_id = coalesce(c.earlier_id, n.earlier_id)
JOIN sided AS l ON l.incident_id = coalesce(c.later_id, n.later_id)
ORDER BY link, is_counter_strike DESC, later_on, later_id, earlier_on DESC, earlier_id;
COMMENT ON COLUMN cross_border_link.earlier_id IS 'Incident that is answered.';
COMMENT ON COLUMN cross_border_link.earlier IS 'Its headline.';
COMMENT ON COLUMN cross_border_link.earlier_on IS 'Its first possible day.';
COMMENT ON COLUMN cross_border_link.earlier_country IS 'Side of the border on which it happened.';
COMMENT ON COLUMN cross_border_link.later_id IS 'Incident that answers.';
COMMENT ON COLUMN cross_border_link.later IS 'Its headline.';
COMMENT ON COLUMN cross_border_link.later_on IS 'Its first possible day.';
COMMENT ON COLUMN cross_border_link.later_country IS 'Side of the border on which it happened.';
COMMENT ON COLUMN cross_border_link.days_between IS 'Days from the one to the other.';
COMMENT ON COLUMN cross_border_link.link IS 'claimed: a source tells both with words of retaliation; inferred: follows from sides, places and days alone.';
COMMENT ON COLUMN cross_border_link.is_counter_strike IS 'True where the answered incident was itself done by the forces of the other side.';
COMMENT ON COLUMN cross_border_link.said_by IS 'Outlets that claim the link; empty where it is inferred.';
COMMENT ON COLUMN cross_border_link.quote IS 'The shortest words that claim it, from one of them.';
COMMENT ON COLUMN cross_border_link.url IS 'Where these words stand.';
