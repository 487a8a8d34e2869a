-- What do ACLED, PLOVER, GTD and UCDP call our event types?
CREATE OR REPLACE VIEW crosswalk AS
SELECT * FROM crosswalk_table();
COMMENT ON COLUMN crosswalk.acled_event IS 'ACLED event type.';
COMMENT ON COLUMN crosswalk.acled_sub_event IS 'ACLED sub-event type.';
COMMENT ON COLUMN crosswalk.acled_disorder IS 'ACLED disorder type.';
COMMENT ON COLUMN crosswalk.acled_civilian_sub_event IS 'ACLED sub-event type where civilians are the target; null where it is the same.';
COMMENT ON COLUMN crosswalk.plover_event IS 'PLOVER event.';
COMMENT ON COLUMN crosswalk.plover_mode IS 'PLOVER mode of the event.';
COMMENT ON COLUMN crosswalk.gtd_attack IS 'GTD attack type, code.';
COMMENT ON COLUMN crosswalk.gtd_attack_name IS 'GTD attack type, name.';
COMMENT ON COLUMN crosswalk.gtd_weapon IS 'GTD weapon type where the incident names no weapon, code.';
COMMENT ON COLUMN crosswalk.gtd_weapon_name IS 'GTD weapon type where the incident names no weapon, name.';
COMMENT ON COLUMN crosswalk.gtd_suicide IS 'Whether GTD counts the type as a suicide attack.';
COMMENT ON COLUMN crosswalk.gtd_counts IS 'Whether the type is one that GTD would list at all.';
COMMENT ON COLUMN crosswalk.ucdp_covers IS 'Whether UCDP GED would list the type, given at least one death.';
