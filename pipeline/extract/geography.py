"""How places lie to each other, and what belongs to the theatre."""

from __future__ import annotations

import math

from pipeline.extract.places import LEVELS, Where, level_of
from pipeline.gazetteer import Place

CLOSE_KM = 30.0  # two small places this near may both be named for one event
KM_PER_DEGREE = 111.2
THEATRE = frozenset({("IR", "Sistan and Baluchestan"), ("PK", "Balochistan")})


def country_of(where: Where) -> str | None:
    """Country of a place, or of the place around it."""
    place = where.place or where.parent
    return place.country if place else None


def admin1_of(where: Where) -> str | None:
    """Province of a place, or of the place around it."""
    place = where.place or where.parent
    return place.admin1 if place else None


def contains(outer: Place, inner: Place) -> bool:
    """Whether one place lies in another: province, district of the same name, or the same place."""
    if outer.place_id == inner.place_id:
        return True
    if outer.country != inner.country:
        return False
    if outer.kind == "province":
        return outer.admin1 == inner.admin1
    if outer.admin1 != inner.admin1:
        return False
    if outer.kind == "district":
        return inner.admin2 == outer.name or inner.admin2 == outer.admin2
    return outer.name == inner.name or (outer.kind in ("city", "town") and inner.kind == "neighbourhood"
                                        and inner.admin2 == outer.admin2)  # fmt: skip


def compatible(one: Where, other: Where) -> bool:
    """Whether two namings may be of one event: one contains the other, or an unknown name lies in a common parent."""
    if one.name == other.name:
        return True
    a, b = one.place, other.place
    if "road" in (one.level, other.level):
        return country_of(one) == country_of(other) or not (country_of(one) and country_of(other))
    if a and b:
        return contains(a, b) or contains(b, a) or _beside(a, b) or _close(a, b)
    around_a, around_b = a or one.parent, b or other.parent
    if around_a and around_b:
        return contains(around_a, around_b) or contains(around_b, around_a) or _beside(around_a, around_b)
    return True


def _beside(a: Place, b: Place) -> bool:
    """Small places of one district may both describe one scene."""
    return a.admin2 is not None and a.admin2 == b.admin2 and a.admin1 == b.admin1 and (
        level_of(a) not in ("district", "province") and level_of(b) not in ("district", "province")
    )  # fmt: skip


def _close(a: Place, b: Place) -> bool:
    """Within reach of one event: districts change, and one outlet names the town where another names the village."""
    if a.lat is None or a.lon is None or b.lat is None or b.lon is None or "district" in (level_of(a), level_of(b)):
        return False
    north = (a.lat - b.lat) * KM_PER_DEGREE
    east = (a.lon - b.lon) * KM_PER_DEGREE * math.cos(math.radians(a.lat))
    return math.hypot(north, east) <= CLOSE_KM


def rank(where: Where) -> int:
    """How specific a naming is."""
    return LEVELS.get(where.level, 4)


def in_theatre(country: str | None, admin1: str | None) -> bool:
    """Whether a province belongs to the theatre."""
    return (country, admin1) in THEATRE
