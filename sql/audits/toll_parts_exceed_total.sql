-- Which incidents have groups of dead that do not add up to the total?
SELECT incident_id, killed_best, killed_security_forces, killed_civilians, killed_attackers, killed_unknown
FROM incident
WHERE killed_best IS NOT NULL
  AND coalesce(killed_security_forces, 0) + coalesce(killed_civilians, 0) + coalesce(killed_attackers, 0)
      + coalesce(killed_unknown, 0) <> killed_best
