"""First-level outlines of Iran and Pakistan: which province a point lies in, and how far the shared border is.

Distances are on a local plane (equirectangular around the point), which is off by less than 0.5 % within 300 km.
The outlines are generalised: trust them to about 3 km.
"""

from __future__ import annotations

import itertools
import json
import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from pipeline.errors import ConfigError
from pipeline.settings import CONFIG

Point = tuple[float, float]
Ring = tuple[Point, ...]
Province = tuple[str, str]

THEATRE: tuple[Province, Province] = (("IR", "Sistan and Baluchestan"), ("PK", "Balochistan"))
KM_PER_DEGREE = 111.195


@dataclass(frozen=True)
class Outlines:
    """Rings (lon, lat) of each province, and the stretch of border that Iran and Pakistan share.

    Attributes:
        provinces: (country, admin1) to the rings of its polygons; outer rings and holes alike, told apart by parity.
        border: segments that belong to the outline of both provinces of the theatre.
    """

    provinces: dict[Province, tuple[Ring, ...]]
    border: tuple[tuple[Point, Point], ...]

    def province_at(self, lat: float, lon: float) -> Province | None:
        """The province whose outline contains the point; None at sea or in another country."""
        return next((key for key, rings in self.provinces.items() if _contains(rings, lat, lon)), None)

    def km_to_province(self, province: Province, lat: float, lon: float) -> float:
        """Kilometres from the point to the province, 0 inside it.

        Raises:
            KeyError: no such province.
        """
        rings = self.provinces[province]
        if _contains(rings, lat, lon):
            return 0.0
        return min(_km_to_segment(lat, lon, a, b) for ring in rings for a, b in _segments(ring))

    def km_to_border(self, lat: float, lon: float) -> float:
        """Kilometres from the point to the nearest stretch of the Iran-Pakistan border."""
        return min(_km_to_segment(lat, lon, a, b) for a, b in self.border)

    def side_of_border(self, lat: float, lon: float) -> str | None:
        """IR or PK; None where the point is in neither (sea, Afghanistan, elsewhere)."""
        province = self.province_at(lat, lon)
        return province[0] if province else None


def load_outlines(path: Path) -> Outlines:
    """Reads a GeoJSON of MultiPolygons whose properties are ``country`` and ``admin1``.

    Raises:
        ConfigError: unreadable, no credit line, a province of the theatre missing, or no shared border.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        provinces = {
            (str(feature["properties"]["country"]), str(feature["properties"]["admin1"])): _rings(feature["geometry"])
            for feature in content["features"]
        }
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ConfigError(f"{path}: not the outlines that are expected: {error!r}") from error
    if not content.get("credit"):
        raise ConfigError(f"{path}: no credit; say where the outlines come from")
    missing = [name for name in THEATRE if name not in provinces]
    if missing:
        raise ConfigError(f"{path}: no outline of {missing}; both provinces of the theatre are needed")
    border = tuple(_shared(*(provinces[name] for name in THEATRE)))
    if not border:
        raise ConfigError(f"{path}: the two provinces of the theatre share no border; their vertices must be equal")
    return Outlines(provinces, border)


@cache
def shipped_outlines() -> Outlines:
    """The outlines in ``config/gazetteer``, read once."""
    return load_outlines(CONFIG / "gazetteer" / "outlines.geojson")


def km_to_border(lat: float, lon: float) -> float:
    """Kilometres from a point to the Iran-Pakistan border, after the shipped outlines."""
    return shipped_outlines().km_to_border(lat, lon)


def side_of_border(lat: float, lon: float) -> str | None:
    """IR or PK, after the shipped outlines; None where the point is in neither country."""
    return shipped_outlines().side_of_border(lat, lon)


def distance_km(a: Point, b: Point) -> float:
    """Kilometres between two points (lon, lat) that are not far apart."""
    return _km_to_segment(a[1], a[0], b, b)


def _rings(geometry: dict[str, Any]) -> tuple[Ring, ...]:
    if geometry["type"] != "MultiPolygon":
        raise ValueError(f"geometry is {geometry['type']}, not MultiPolygon")
    return tuple(
        tuple((float(lon), float(lat)) for lon, lat in ring) for polygon in geometry["coordinates"] for ring in polygon
    )


def _segments(ring: Ring) -> Iterator[tuple[Point, Point]]:
    return itertools.pairwise(ring)


def _shared(one: Iterable[Ring], other: Iterable[Ring]) -> Iterator[tuple[Point, Point]]:
    vertices = {point for ring in other for point in ring}
    for ring in one:
        for a, b in _segments(ring):
            if a in vertices and b in vertices:
                yield a, b


def _contains(rings: Iterable[Ring], lat: float, lon: float) -> bool:
    """Even-odd rule over all rings; holes count by parity."""
    inside = False
    for ring in rings:
        for (x1, y1), (x2, y2) in _segments(ring):
            if (y1 > lat) != (y2 > lat) and lon < (x2 - x1) * (lat - y1) / (y2 - y1) + x1:
                inside = not inside
    return inside


def _km_to_segment(lat: float, lon: float, a: Point, b: Point) -> float:
    """Distance to the segment a-b, on a plane around the point."""
    scale = math.cos(math.radians(lat))
    ax, ay = (a[0] - lon) * scale, a[1] - lat
    dx, dy = (b[0] - a[0]) * scale, b[1] - a[1]
    length = dx * dx + dy * dy
    along = 0.0 if length == 0 else max(0.0, min(1.0, -(ax * dx + ay * dy) / length))
    return KM_PER_DEGREE * math.hypot(ax + along * dx, ay + along * dy)
