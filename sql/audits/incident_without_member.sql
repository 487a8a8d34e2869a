-- Which incidents does no mention tell of?
SELECT i.incident_id, i.headline FROM incident AS i ANTI JOIN incident_mention AS im USING (incident_id)
