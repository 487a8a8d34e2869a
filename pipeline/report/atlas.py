"""The map: two provinces, the border between them, and every incident that has a place, as SVG."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable
from functools import cache
from typing import Any

from markupsafe import Markup, escape

from pipeline.outlines import THEATRE, shipped_outlines
from pipeline.report.words import KINDS, kind_of, toll, when

Row = dict[str, Any]

WEST, EAST, SOUTH, NORTH = 58.3, 70.4, 24.4, 32.2
WIDTH = 960.0
SCALE = WIDTH / (EAST - WEST)
# Equirectangular around the middle latitude: true enough for two provinces.
STRETCH = 1 / math.cos(math.radians((SOUTH + NORTH) / 2))
HEIGHT = (NORTH - SOUTH) * SCALE * STRETCH
KM = SCALE * STRETCH / 111.195
# In units of the drawing, of which the map is 960 wide.
FINEST_STEP = 1.0
# Radius in km of the area in which an incident lies, by UCDP where_prec; a point where it is known better.
AREA_KM = {3: 25.0, 4: 90.0, 5: 60.0, 6: 140.0, 7: 60.0}
# More marks than this and those of one place and kind become one.
MOST_MARKS = 300
Box = tuple[float, float, float, float]
NAMES = (
    ("country", "IRAN", 28.9, 59.3), ("country", "PAKISTAN", 27.1, 69.2), ("country", "AFGHANISTAN", 31.3, 64.2),
    ("province", "Sistan and Baluchestan", 26.75, 60.6), ("province", "Balochistan", 28.3, 65.2),
    ("sea", "Arabian Sea", 24.75, 65.0),
)  # fmt: skip
SHAPES = {key: shape for key, _, shape, _ in KINDS}


def draw_map(incidents: Iterable[Row], towns: Iterable[Row], link: str = "incidents/", close: bool = False) -> Markup:
    """The map of incidents; ``link`` is the folder of their pages, ``close`` shows the surroundings of the first."""
    placed = [row for row in incidents if row["lat"] is not None and _is_inside(row["lat"], row["lon"])]
    marks = sorted(_marks(placed), key=lambda rows: -sum(row["killed_best"] or 0 for row in rows))
    drawn = "".join(_mark(rows, x, y, link) for rows, (x, y) in zip(marks, _positions(marks), strict=True))
    areas = "".join(dict.fromkeys(_area(row) for row in placed if row["where_prec"] in AREA_KM))
    box = _surroundings(placed[0]) if close and placed else (0.0, 0.0, WIDTH, HEIGHT)
    view = " ".join(f"{edge:.0f}" for edge in box)
    label = f"Map of {len(placed)} incidents on both sides of the Iran–Pakistan border"
    return Markup(
        f'<svg class="map" viewBox="{view}" role="img" aria-label="{label}">'
        f"<title>{label}</title>{_ground()}{_names(box)}{areas}"
        f'<g class="marks">{drawn}</g>{_towns(towns, box)}</svg>'
    )


def _surroundings(row: Row) -> Box:
    """The part of the map around an incident, kept within the map."""
    width, height = WIDTH * 0.45, HEIGHT * 0.45
    left = min(max(_x(row["lon"]) - width / 2, 0), WIDTH - width)
    top = min(max(_y(row["lat"]) - height / 2, 0), HEIGHT - height)
    return left, top, width, height


def _has_room(x: float, y: float, before: float, after: float, box: Box) -> bool:
    """Whether a name at a point, so much to its left and right, would stand within the box."""
    left, top, width, height = box
    return left + before < x < left + width - after and top + 14 < y < top + height - 4


def not_on_map(incidents: Iterable[Row]) -> tuple[int, int]:
    """How many incidents have no place, and how many lie outside the map."""
    rows = list(incidents)
    nowhere = sum(row["lat"] is None for row in rows)
    outside = sum(row["lat"] is not None and not _is_inside(row["lat"], row["lon"]) for row in rows)
    return nowhere, outside


def _is_inside(lat: float, lon: float) -> bool:
    return SOUTH < lat < NORTH and WEST < lon < EAST


def _x(lon: float) -> float:
    return (lon - WEST) * SCALE


def _y(lat: float) -> float:
    return (NORTH - lat) * SCALE * STRETCH


def _path(points: Iterable[tuple[float, float]]) -> str:
    """A line without the steps that nobody could see."""
    steps = [(_x(lon), _y(lat)) for lon, lat in points]
    drawn = steps[:1]
    for step in steps[1:]:
        if math.dist(step, drawn[-1]) >= FINEST_STEP or step == steps[-1]:
            drawn.append(step)
    return "M" + "L".join(f"{x:.1f},{y:.1f}" for x, y in drawn)


@cache
def _ground() -> str:
    outlines = shipped_outlines()
    parts = []
    for key, rings in outlines.provinces.items():
        near = [ring for ring in rings if any(_is_inside(lat, lon) for lon, lat in ring)]
        if near:
            kind = "theatre" if key in THEATRE else "land"
            parts.append(f'<path class="{kind}" d="{"".join(_path(ring) + "Z" for ring in near)}"/>')
    border = "".join(_path(line) for line in _lines(outlines.border))
    # The outlines know no other country, so the sea is what lies south of a line that is inland everywhere.
    sea = f'<rect class="water" x="0" y="{_y(25.8):.0f}" width="{_x(68.0):.0f}" height="{HEIGHT - _y(25.8):.0f}"/>'
    return f'{sea}{"".join(parts)}<path class="border" d="{border}"/>'


def _names(box: Box) -> str:
    return "".join(
        f'<text class="{kind}" x="{_x(lon):.0f}" y="{_y(lat):.0f}">{name}</text>'
        for kind, name, lat, lon in NAMES
        if _has_room(_x(lon), _y(lat), 4.5 * len(name), 4.5 * len(name), box)
    )


def _lines(segments: Iterable[tuple[tuple[float, float], tuple[float, float]]]) -> list[list[tuple[float, float]]]:
    """Segments in order, joined where one ends as the next begins."""
    lines: list[list[tuple[float, float]]] = []
    for start, end in segments:
        if lines and lines[-1][-1] == start:
            lines[-1].append(end)
        else:
            lines.append([start, end])
    return lines


def _towns(towns: Iterable[Row], box: Box) -> str:
    return "".join(
        f'<g class="town"><circle cx="{_x(town["lon"]):.1f}" cy="{_y(town["lat"]):.1f}" r="1.8"/>{_town_name(town)}</g>'
        for town in towns
        if _is_inside(town["lat"], town["lon"]) and _has_room(_x(town["lon"]), _y(town["lat"]), 20, 60, box)
    )


def _town_name(town: Row) -> str:
    x, y = _x(town["lon"]), _y(town["lat"]) + 12
    # Towards the eastern edge the name goes to the left, so that it is not cut.
    at = f'x="{x + 5:.1f}"' if x < WIDTH * 0.75 else f'x="{x - 5:.1f}" text-anchor="end"'
    return f'<text {at} y="{y:.1f}">{escape(town["name"])}</text>'


def _area(row: Row) -> str:
    radius = AREA_KM[row["where_prec"]] * KM
    return f'<circle class="area" cx="{_x(row["lon"]):.1f}" cy="{_y(row["lat"]):.1f}" r="{radius:.0f}"/>'


def _marks(rows: list[Row]) -> list[list[Row]]:
    """Incidents by mark: one each, or together by place and kind where there are many."""
    if len(rows) <= MOST_MARKS:
        return [[row] for row in rows]
    together: dict[tuple[object, ...], list[Row]] = defaultdict(list)
    for row in rows:
        together[(row["lat"], row["lon"], kind_of(row["event_type"]))].append(row)
    return list(together.values())


def _positions(marks: list[list[Row]]) -> list[tuple[float, float]]:
    """Where each mark goes: those of one point are set in a spiral around it, so that each can be seen."""
    seen: dict[tuple[float, float], int] = defaultdict(int)
    positions = []
    for rows in marks:
        lat, lon = rows[0]["lat"], rows[0]["lon"]
        n = seen[(lat, lon)]
        seen[(lat, lon)] += 1
        radius, angle = 11.0 * math.sqrt(n), n * math.radians(137.5)
        positions.append((_x(lon) + radius * math.cos(angle), _y(lat) + radius * math.sin(angle)))
    return positions


def _mark(rows: list[Row], x: float, y: float, link: str) -> str:
    kind = kind_of(rows[0]["event_type"])
    known = [row["killed_best"] for row in rows if row["killed_best"] is not None]
    radius = 4.0 + 2.0 * math.sqrt(sum(known))
    style = kind if known else f"{kind} untold"
    if len(rows) == 1:
        row = rows[0]
        told = f"{row['headline']} ({when(row)}; killed: {toll(row, 'killed')})"
        target = f"{link}{row['incident_id']}.html"
    else:
        told = f"{len(rows)} incidents near {rows[0]['place_name'] or 'one place'}, {sum(known)} killed"
        target = "#incidents"
    return (
        f'<a href="{escape(target)}" aria-label="{escape(told)}"><title>{escape(told)}</title>'
        f'<path class="mark {style}" d="{shape(SHAPES[kind], x, y, radius)}"/></a>'
    )


def shape(name: str, x: float, y: float, radius: float) -> str:
    """Path of a mark; the shapes have about the same area at the same radius."""
    if name == "circle":
        arc = f"a{radius:.1f},{radius:.1f} 0 1,0"
        return f"M{x - radius:.1f},{y:.1f}{arc} {2 * radius:.1f},0{arc} {-2 * radius:.1f},0Z"
    if name == "cross":
        arm, half = radius * 1.1, radius * 0.4
        steps: tuple[tuple[float, float], ...] = (
            (-half, -arm), (half, -arm), (half, -half), (arm, -half), (arm, half), (half, half),
            (half, arm), (-half, arm), (-half, half), (-arm, half), (-arm, -half), (-half, -half),
        )  # fmt: skip
    else:
        corners, turn, stretch = {"triangle": (3, -90, 1.45), "square": (4, -45, 1.25), "diamond": (4, 0, 1.25)}[name]
        angles = [math.radians(turn + 360 * k / corners) for k in range(corners)]
        steps = tuple((radius * stretch * math.cos(angle), radius * stretch * math.sin(angle)) for angle in angles)
    return "M" + "L".join(f"{x + dx:.1f},{y + dy:.1f}" for dx, dy in steps) + "Z"


def key() -> Markup:
    """The key to the marks."""
    items = "".join(
        f'<li><svg viewBox="0 0 20 20" width="18" height="18" aria-hidden="true">'
        f'<path class="mark {kind}" d="{shape(form, 10, 10, 6)}"/></svg>{escape(name)}</li>'
        for kind, name, form, _ in KINDS
    )
    return Markup(f'<ul class="key">{items}</ul>')
