-- Which quotes are not as long as their span?
SELECT 'claim' AS place, claim_id AS id, length(quote) AS n_quote, char_end - char_start AS n_span
FROM claim WHERE length(quote) <> char_end - char_start
UNION ALL
SELECT 'mention', mention_id, length(quote), char_end - char_start
FROM mention WHERE length(quote) <> char_end - char_start
