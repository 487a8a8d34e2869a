-- Which incidents rest on something that did not happen, was only planned, or lies outside the theatre?
SELECT im.incident_id, m.mention_id, m.polarity, m.is_in_theatre
FROM incident_mention AS im JOIN mention AS m USING (mention_id)
WHERE m.polarity NOT IN ('asserted', 'historical') OR NOT m.is_in_theatre
