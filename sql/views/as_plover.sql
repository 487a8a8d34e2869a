-- What would the incidents look like to a user of PLOVER or POLECAT?
CREATE OR REPLACE VIEW as_plover AS
SELECT i.incident_id AS event_id, i.starts_on AS event_date, x.plover_event AS event_type, x.plover_mode AS event_mode,
       i.perpetrator AS actor_name, i.target AS recipient_name, ['terrorism'] AS contexts,
       i.place_name AS feature_name, i.admin1 AS adm1_name, i.country AS country, i.lat AS latitude, i.lon AS longitude,
       i.headline, i.n_articles AS story_count
FROM incident AS i JOIN crosswalk_table() AS x USING (event_type);
