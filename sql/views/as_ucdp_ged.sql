-- What would the incidents look like to a user of UCDP GED?
-- Only types that UCDP lists, with at least one death. One-sided violence where civilians are the target, state-based where
-- a state's forces are on one side, non-state otherwise.
CREATE OR REPLACE VIEW as_ucdp_ged AS
WITH coded AS (
    SELECT i.*, x.ucdp_covers, a.kind AS actor_kind, gtd_target_code(i.target) AS target_code
    FROM incident AS i JOIN crosswalk_table() AS x USING (event_type) LEFT JOIN actor AS a ON a.actor_id = i.perpetrator_id
),
sided AS (
    SELECT *, coalesce(actor_kind IN ('state_force', 'police', 'paramilitary', 'government', 'foreign_state'), false) AS by_state,
           coalesce(target_code IN (3, 4), false) AS at_state
    FROM coded WHERE ucdp_covers AND killed_high >= 1
)
SELECT incident_id AS id,
       year(starts_on) AS year,
       CASE WHEN is_civilian_target(target_code) THEN 3 WHEN by_state OR at_state THEN 1 ELSE 2 END AS type_of_violence,
       CASE WHEN country = 'PK' AND by_state THEN 'Government of Pakistan' WHEN country = 'IR' AND by_state THEN 'Government of Iran'
            WHEN at_state THEN CASE country WHEN 'PK' THEN 'Government of Pakistan' WHEN 'IR' THEN 'Government of Iran' END
            ELSE perpetrator END AS side_a,
       CASE WHEN is_civilian_target(target_code) THEN 'Civilians' WHEN at_state THEN perpetrator ELSE target END AS side_b,
       n_independent AS number_of_sources,
       headline AS source_headline,
       place_name AS where_coordinates, where_prec, admin1 AS adm_1, admin2 AS adm_2,
       lat AS latitude, lon AS longitude,
       CASE country WHEN 'IR' THEN 'Iran' WHEN 'PK' THEN 'Pakistan' WHEN 'AF' THEN 'Afghanistan' ELSE country END AS country,
       starts_on AS date_start, ends_on AS date_end,
       ucdp_date_prec(date_precision) AS date_prec,
       1 AS event_clarity,
       coalesce(killed_security_forces, 0) AS deaths_a,
       coalesce(killed_attackers, 0) AS deaths_b,
       coalesce(killed_civilians, 0) AS deaths_civilians,
       coalesce(killed_unknown, 0) AS deaths_unknown,
       coalesce(killed_best, killed_low, 0) AS best, coalesce(killed_low, 0) AS low, killed_high AS high
FROM sided;
