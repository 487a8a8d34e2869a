-- Which claims hang on no mention?
SELECT c.claim_id, c.mention_id FROM claim AS c ANTI JOIN mention AS m USING (mention_id)
