-- Which incidents have a low toll above the best, or a best above the high?
SELECT incident_id, killed_low, killed_best, killed_high, injured_low, injured_best, injured_high
FROM incident
WHERE killed_low > killed_best OR killed_best > killed_high OR injured_low > injured_best OR injured_best > injured_high
