-- Why does an incident say what it says?
-- One row for each claim about each cell: what it says, whether it won, and the whole way back to the captured page.

-- Claims on which the values of an incident rest, under the default rule.
CREATE OR REPLACE MACRO winning_claim(id) AS TABLE
WITH won AS (
    SELECT field, victim_group, unnest(claim_ids) AS claim_id
    FROM toll_by('ucdp_best_low_high', TIMESTAMPTZ '9999-01-01 00:00:00+00') WHERE incident_id = id
    UNION ALL BY NAME
    SELECT 'date' AS field, unnest(claim_ids) AS claim_id FROM incident_date(TIMESTAMPTZ '9999-01-01 00:00:00+00') WHERE incident_id = id
    UNION ALL BY NAME
    SELECT 'place' AS field, unnest(claim_ids) AS claim_id FROM incident_place(TIMESTAMPTZ '9999-01-01 00:00:00+00') WHERE incident_id = id
    UNION ALL BY NAME
    SELECT 'perpetrator' AS field, unnest(claim_ids) AS claim_id
    FROM incident_perpetrator(TIMESTAMPTZ '9999-01-01 00:00:00+00') WHERE incident_id = id
    UNION ALL BY NAME
    SELECT field, unnest(CASE WHEN field = 'weapon' THEN all_claim_ids ELSE claim_ids END) AS claim_id
    FROM incident_word(TIMESTAMPTZ '9999-01-01 00:00:00+00') WHERE incident_id = id
    UNION ALL BY NAME
    SELECT field || '_claimed' AS field, unnest(claim_ids) AS claim_id
    FROM claimed_toll(TIMESTAMPTZ '9999-01-01 00:00:00+00') WHERE incident_id = id
)
SELECT DISTINCT field, victim_group, claim_id FROM won;

CREATE OR REPLACE MACRO explain(id) AS TABLE
WITH row_of AS (SELECT * FROM incident WHERE incident_id = resolve_id(id)),
said AS (SELECT * FROM evidence(TIMESTAMPTZ '9999-01-01 00:00:00+00') WHERE incident_id = resolve_id(id)),
won AS (SELECT * FROM winning_claim(resolve_id(id))),
shown AS (
    SELECT * FROM said
    UNION ALL BY NAME
    -- Known only from its own claim: then the claim makes the perpetrator too.
    SELECT s.* REPLACE ('perpetrator' AS field) FROM said AS s, row_of AS r
    WHERE s.field = 'claimed_by' AND r.perpetrator_stance = 'claimed'
      AND coalesce(s.canonical_id, s.value) = coalesce(r.perpetrator_id, r.perpetrator)
      AND NOT EXISTS (FROM said AS p WHERE p.field = 'perpetrator' AND p.value = r.perpetrator)
),
cell AS (
    SELECT s.*,
           CASE WHEN s.field IN ('killed', 'injured') AND s.is_one_sided THEN s.field || '_claimed'
                WHEN s.field IN ('killed', 'injured', 'abducted', 'arrested') AND coalesce(s.victim_group, 'all') <> 'all'
                THEN s.field || '_' || s.victim_group ELSE s.field END AS cell,
           EXISTS (FROM won AS w WHERE w.claim_id = s.claim_id
                   AND w.field = s.field || CASE WHEN s.field IN ('killed', 'injured') AND s.is_one_sided THEN '_claimed' ELSE '' END)
               -- A group that does not fit into the total is left out of the row.
               AND NOT (s.field = 'killed' AND NOT s.is_one_sided AND CASE s.victim_group
                   WHEN 'security_forces' THEN r.killed_security_forces IS NULL WHEN 'civilians' THEN r.killed_civilians IS NULL
                   WHEN 'attackers' THEN r.killed_attackers IS NULL ELSE false END) AS is_winner,
           max(s.authority) OVER (PARTITION BY s.field, s.victim_group) AS top_authority
    FROM shown AS s, row_of AS r
),
event_type AS (
    SELECT m.mention_id, m.article_id, m.source_id, m.day, 'event_type' AS field, 'event_type' AS cell, m.event_type AS value,
           m.event_type AS shown, m.quote, m.char_start, m.char_end, m.seen_at, m.rule, m.extractor_version, m.confidence,
           m.event_type = r.event_type AS is_winner, m.mention_id AS claim_id
    FROM incident_mention AS im JOIN mention AS m USING (mention_id), row_of AS r
    WHERE im.incident_id = resolve_id(id)
),
every AS (
    SELECT c.mention_id, c.article_id, c.source_id, c.day, c.field, c.cell, c.victim_group,
           CASE WHEN c.field IN ('killed', 'injured', 'abducted', 'arrested')
                THEN CASE c.qualifier WHEN 'at_least' THEN 'at least ' WHEN 'up_to' THEN 'up to ' WHEN 'about' THEN 'about ' ELSE '' END
                     || coalesce(c.best::VARCHAR, c.low::VARCHAR || ' or more', c.value, 'a number that is not told')
                ELSE coalesce(c.value, c.starts_on::VARCHAR, c.admin1, c.country, 'nobody named') END AS shown,
           c.quote, c.char_start, c.char_end, c.speaker, c.speaker_type, c.stance, c.outlet, c.told_at, c.seen_at, c.rule,
           c.extractor_version, c.confidence, c.is_winner, c.claim_id,
           CASE WHEN c.authority = 3 THEN 'a correction by an analyst'
                WHEN c.is_winner THEN 'stands'
                WHEN c.stance = 'denied' THEN 'a denial'
                WHEN c.stance = 'possible' THEN 'only a possibility'
                WHEN c.is_one_sided AND c.field IN ('killed', 'injured') THEN 'an older figure of one side'
                WHEN c.top_authority = 3 THEN 'gives way to the correction'
                WHEN c.field IN ('killed', 'injured', 'abducted', 'arrested') AND c.best IS NULL THEN 'names no figure'
                WHEN c.field IN ('killed', 'injured', 'abducted', 'arrested') AND c.authority < c.top_authority
                THEN 'gives way to an official figure'
                WHEN c.field IN ('killed', 'injured', 'abducted', 'arrested') THEN 'an earlier figure, or fewer sources for it'
                ELSE 'less precise, or fewer sources for it' END AS reason
    FROM cell AS c
    UNION ALL BY NAME
    SELECT e.* EXCLUDE (value), 'media' AS speaker_type, 'reported' AS stance,
           CASE WHEN e.is_winner THEN 'stands' ELSE 'less specific, or fewer sources for it' END AS reason
    FROM event_type AS e
),
latest_run AS (
    SELECT day, first(run_id ORDER BY loaded_at DESC) AS run_id, first(code_version ORDER BY loaded_at DESC) AS code_version,
           max(loaded_at) AS loaded_at
    FROM run GROUP BY day
)
SELECT resolve_id(id) AS incident_id, e.cell, e.is_winner, e.reason, e.shown, e.quote, e.speaker, e.speaker_type, e.stance,
       coalesce(e.outlet, s.name) AS outlet, a.url, a.title, a.language, e.told_at, e.seen_at, p.capture_id, p.body_sha256, p.warc_file, p.warc_offset,
       e.char_start, e.char_end,
       substring(a.text, greatest(e.char_start - 80, 0) + 1, least(e.char_start, 80)) AS text_before,
       substring(a.text, e.char_end + 1, 80) AS text_after, e.rule, e.extractor_version, e.confidence, r.run_id, r.code_version, r.loaded_at,
       e.claim_id, e.mention_id, e.article_id
FROM every AS e
LEFT JOIN article AS a USING (article_id)
LEFT JOIN capture AS p ON p.capture_id = a.capture_id
LEFT JOIN source AS s ON s.source_id = e.source_id
LEFT JOIN latest_run AS r ON r.day = e.day
-- Of figures the latest first, of everything else the first report.
ORDER BY e.cell, e.is_winner DESC,
         CASE WHEN e.field IN ('killed', 'injured', 'abducted', 'arrested') THEN -epoch(coalesce(e.told_at, e.seen_at)) ELSE epoch(e.seen_at) END,
         e.claim_id;
