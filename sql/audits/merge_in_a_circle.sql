-- Which merges lead back to where they began?
SELECT incident_id, into_id FROM incident_redirect() WHERE n_steps >= 50 OR into_id = incident_id
