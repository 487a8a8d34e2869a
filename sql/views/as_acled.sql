-- What would the incidents look like to a user of ACLED?
-- Columns as in ACLED's export. fatalities is one conservative number under ACLED's own rule; notes keep what it leaves out.
CREATE OR REPLACE VIEW as_acled AS
WITH toll AS (
    SELECT incident_id, best FROM rule_acled_conservative(TIMESTAMPTZ '9999-01-01 00:00:00+00')
    WHERE field = 'killed' AND victim_group = 'all'
),
coded AS (
    SELECT i.*, x.*, t.best AS conservative, a.acled_inter AS inter, gtd_target_code(i.target) AS gtd_target
    FROM incident AS i JOIN crosswalk_table() AS x USING (event_type)
    LEFT JOIN toll AS t USING (incident_id) LEFT JOIN actor AS a ON a.actor_id = i.perpetrator_id
)
SELECT incident_id AS event_id_cnty,
       starts_on AS event_date,
       year(starts_on) AS year,
       CASE date_precision WHEN 'day' THEN 1 WHEN 'days' THEN 2 WHEN 'week' THEN 2 ELSE 3 END AS time_precision,
       CASE WHEN is_civilian_target(gtd_target) AND acled_civilian_sub_event IS NOT NULL THEN 'Political violence' ELSE acled_disorder END AS disorder_type,
       CASE WHEN is_civilian_target(gtd_target) AND acled_civilian_sub_event IS NOT NULL THEN 'Violence against civilians' ELSE acled_event END AS event_type,
       CASE WHEN is_civilian_target(gtd_target) AND acled_civilian_sub_event IS NOT NULL THEN acled_civilian_sub_event ELSE acled_sub_event END AS sub_event_type,
       perpetrator AS actor1,
       inter AS inter1,
       target AS actor2,
       CASE WHEN gtd_target IN (3, 4) THEN 1 WHEN gtd_target = 17 THEN 2 WHEN is_civilian_target(gtd_target) THEN 7 END AS inter2,
       CASE WHEN is_civilian_target(gtd_target) THEN 'Civilian targeting' END AS civilian_targeting,
       CASE country WHEN 'IR' THEN 'Iran' WHEN 'PK' THEN 'Pakistan' WHEN 'AF' THEN 'Afghanistan' ELSE country END AS country,
       admin1, admin2, place_name AS location, lat AS latitude, lon AS longitude,
       CASE WHEN where_prec = 1 THEN 1 WHEN where_prec IN (2, 3) THEN 2 WHEN where_prec IS NOT NULL THEN 3 END AS geo_precision,
       coalesce(conservative, 0) AS fatalities,
       headline || CASE WHEN killed_low < killed_high THEN ' Reports range from ' || killed_low || ' to ' || killed_high || '.' ELSE '' END
                || coalesce(' One side claims ' || killed_claimed || ' killed.', '') AS notes,
       last_seen_at AS timestamp
FROM coded;
