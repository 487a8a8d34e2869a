-- Which mentions stand in no article?
SELECT m.mention_id, m.article_id FROM mention AS m ANTI JOIN article AS a USING (article_id)
