-- Which mentions belong to an incident that has no row?
SELECT im.mention_id, im.incident_id FROM incident_mention AS im ANTI JOIN incident AS i USING (incident_id)
