-- Which incident does a name stand for today?
-- Merges in force, by a person or by the machine, followed to their end. A name that stands answers with itself.
CREATE OR REPLACE MACRO incident_redirect() AS TABLE
WITH RECURSIVE in_force AS (
    SELECT e.incident_id, e.into_id, e.reason, e.decided_by, e.decided_at
    FROM incident_ledger AS e
    WHERE e.action = 'merge' AND e.into_id IS NOT NULL
      AND NOT EXISTS (FROM incident_ledger AS u WHERE u.action = 'undo' AND u.undoes = e.entry_id
                      AND NOT EXISTS (FROM incident_ledger AS w WHERE w.action = 'undo' AND w.undoes = u.entry_id))
      AND NOT EXISTS (FROM incident AS i WHERE i.incident_id = e.incident_id)
),
step AS (
    SELECT incident_id, into_id, 1 AS n FROM in_force
    UNION ALL
    SELECT s.incident_id, f.into_id, s.n + 1 FROM step AS s JOIN in_force AS f ON f.incident_id = s.into_id WHERE s.n < 50
)
SELECT incident_id, first(into_id ORDER BY n DESC, into_id) AS into_id, max(n) AS n_steps
FROM step GROUP BY incident_id;

CREATE OR REPLACE MACRO resolve_id(id) AS
    coalesce((SELECT r.into_id FROM incident_redirect() AS r WHERE r.incident_id = id), id);
