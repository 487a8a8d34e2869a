-- Which incidents count more or fewer mentions than they have?
SELECT i.incident_id, i.n_mentions, n.n_members
FROM incident AS i
JOIN (SELECT incident_id, count(*) AS n_members FROM incident_mention GROUP BY incident_id) AS n USING (incident_id)
WHERE i.n_mentions <> n.n_members OR i.n_articles > i.n_mentions OR i.n_independent > i.n_articles
