-- Which members of incidents are mentions that are not there?
SELECT im.mention_id, im.incident_id FROM incident_mention AS im ANTI JOIN mention AS m USING (mention_id)
