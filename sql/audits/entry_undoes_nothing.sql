-- Which entries of the ledger undo an entry that is not there?
SELECT u.entry_id, u.undoes FROM incident_ledger AS u
WHERE u.action = 'undo' AND NOT EXISTS (FROM incident_ledger AS e WHERE e.entry_id = u.undoes)
