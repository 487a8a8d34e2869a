-- What do ACLED, PLOVER, GTD and UCDP call our event types?
CREATE OR REPLACE VIEW crosswalk AS
SELECT * FROM crosswalk_table();
