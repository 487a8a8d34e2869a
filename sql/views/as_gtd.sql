-- What would the incidents look like to a user of the Global Terrorism Database?
-- Only what GTD would consider: acts of non-state actors. Figures GTD would leave unknown are null.
CREATE OR REPLACE VIEW as_gtd AS
WITH coded AS (
    SELECT i.*, x.*, a.kind AS actor_kind, gtd_target_code(i.target) AS target_code,
           (SELECT first(w.code ORDER BY w.rank) FROM gtd_word() AS w
            WHERE w.kind = 'weapon' AND list_contains(string_split(lower(array_to_string(i.weapons, ' ')), ' '), w.word)) AS weapon_code
    FROM incident AS i JOIN crosswalk_table() AS x USING (event_type) LEFT JOIN actor AS a ON a.actor_id = i.perpetrator_id
)
SELECT incident_id AS eventid,
       year(starts_on) AS iyear,
       CASE WHEN date_precision IN ('day', 'days', 'week', 'month') THEN month(starts_on) ELSE 0 END AS imonth,
       CASE WHEN date_precision = 'day' THEN day(starts_on) ELSE 0 END AS iday,
       CASE country WHEN 'IR' THEN 'Iran' WHEN 'PK' THEN 'Pakistan' WHEN 'AF' THEN 'Afghanistan' ELSE country END AS country_txt,
       admin1 AS provstate, place_name AS city, lat AS latitude, lon AS longitude,
       CASE where_prec WHEN 1 THEN 1 WHEN 2 THEN 2 WHEN 3 THEN 3 WHEN 4 THEN 4 ELSE 5 END AS specificity,
       CASE WHEN where_prec = 2 THEN 1 ELSE 0 END AS vicinity,
       headline AS summary,
       1 AS success,
       gtd_suicide::INTEGER AS suicide,
       gtd_attack AS attacktype1, gtd_attack_name AS attacktype1_txt,
       coalesce(target_code, 20) AS targtype1,
       coalesce((SELECT any_value(w.name) FROM gtd_word() AS w WHERE w.kind = 'target' AND w.code = target_code), 'Unknown') AS targtype1_txt,
       target AS target1,
       coalesce(perpetrator, 'Unknown') AS gname,
       CASE WHEN perpetrator IS NULL OR perpetrator_stance <> 'reported' THEN 1 ELSE 0 END AS guncertain1,
       CASE WHEN claimed_by IS NULL THEN 0 ELSE 1 END AS claimed,
       CASE WHEN list_contains(contested, 'claimed_by') THEN 1 ELSE 0 END AS compclaim,
       coalesce(weapon_code, gtd_weapon) AS weaptype1,
       coalesce((SELECT any_value(w.name) FROM gtd_word() AS w WHERE w.kind = 'weapon' AND w.code = weapon_code), gtd_weapon_name) AS weaptype1_txt,
       killed_best AS nkill, killed_attackers AS nkillter, injured_best AS nwound,
       CASE WHEN abducted_best > 0 THEN 1 ELSE 0 END AS ishostkid, abducted_best AS nhostkid,
       n_independent AS n_sources
FROM coded
WHERE gtd_counts AND coalesce(actor_kind, 'unknown') NOT IN ('state_force', 'police', 'paramilitary', 'government', 'foreign_state');
