-- Which claims have no article that their quote could stand in?
SELECT c.claim_id, c.article_id FROM claim AS c ANTI JOIN article AS a USING (article_id)
