-- Which incidents lie near a point, or between two days?

-- Great-circle distance in km.
CREATE OR REPLACE MACRO distance_km(lat1, lon1, lat2, lon2) AS
    2 * 6371 * asin(sqrt(least(1, pow(sin(radians(lat2 - lat1) / 2), 2)
        + cos(radians(lat1)) * cos(radians(lat2)) * pow(sin(radians(lon2 - lon1) / 2), 2))));

-- near(27.0, 63.5, 50): incidents within 50 km, nearest first. Incidents known only by province lie at its centre and are left out.
CREATE OR REPLACE MACRO near(lat, lon, km) AS TABLE
SELECT round(distance_km(i.lat, i.lon, lat, lon), 1) AS distance_km, i.*
FROM incident AS i
WHERE i.where_prec <= 3 AND distance_km(i.lat, i.lon, lat, lon) <= km
ORDER BY 1, i.starts_on, i.incident_id;

-- between_days('2024-01-15', '2024-01-20'): incidents that may have happened on one of these days.
CREATE OR REPLACE MACRO between_days(a, b) AS TABLE
SELECT * FROM incident WHERE starts_on <= b::DATE AND ends_on >= a::DATE ORDER BY starts_on, incident_id;
