"""Incidents on a map: GeoJSON (RFC 7946), where a doubtful place says that it is one."""

from __future__ import annotations

from pathlib import Path

import duckdb

# What a point stands for, by UCDP where_prec (UCDP GED codebook, "where_prec").
PLACE_IS = {
    1: "the place",
    2: "near the place",
    3: "the district, drawn at its centre",
    4: "the province, drawn at its centre",
    5: "a line or an area, drawn at its middle",
    6: "the country, drawn at its centre",
    7: "sea or airspace",
}
# From here on a point is the stand-in for an area; maps should draw it as one, or leave it out.
FIRST_AREA = 3

QUERY = """
SELECT to_json(struct_pack(
    type := 'Feature', id := incident_id,
    geometry := CASE WHEN lat IS NOT NULL AND lon IS NOT NULL
        THEN struct_pack(type := 'Point', coordinates := [round(lon, 5), round(lat, 5)]) END,
    properties := struct_pack(
        headline, event_type, starts_on := starts_on::VARCHAR, ends_on := ends_on::VARCHAR, date_precision,
        place_name, admin1, country, where_prec,
        is_place_uncertain := coalesce(where_prec, 6) >= $first_area,
        place_is := coalesce($place_is[where_prec], 'not known'),
        km_to_border, perpetrator, perpetrator_stance, claimed_by, target,
        killed_low, killed_best, killed_high, killed_claimed, injured_low, injured_best, injured_high,
        n_independent, contested, confidence)))
FROM incident ORDER BY incident_id
"""


def write(connection: duckdb.DuckDBPyConnection, path: Path) -> None:
    """Write every incident as a feature, longitude first; one without a place has a null geometry and is not lost."""
    result = connection.execute(QUERY, {"first_area": FIRST_AREA, "place_is": list(PLACE_IS.values())})
    with path.open("w", encoding="utf-8", newline="\n") as stream:
        stream.write('{"type":"FeatureCollection","features":[')
        separator = "\n"
        while rows := result.fetchmany(10_000):
            for (feature,) in rows:
                stream.write(separator + feature)
                separator = ",\n"
        stream.write("\n]}\n")
