-- Which articles tell of an incident, and which are copies of another?
CREATE OR REPLACE VIEW incident_article AS
SELECT
    im.incident_id,
    a.article_id,
    a.source_id,
    a.language,
    a.title,
    a.url,
    a.published_at,
    a.seen_at,
    a.copy_of,
    count(*) AS n_mentions,
    bool_or(m.role = 'main') AS is_main_news
FROM incident_mention AS im
JOIN mention AS m USING (mention_id)
JOIN article AS a USING (article_id)
GROUP BY ALL
ORDER BY im.incident_id, a.seen_at, a.article_id;
COMMENT ON COLUMN incident_article.n_mentions IS 'Mentions of the incident in the article.';
COMMENT ON COLUMN incident_article.is_main_news IS 'True where the article is about the incident, false where it only recounts it.';
