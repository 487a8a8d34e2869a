"""Which pairs are worth comparing: those that share a key of time and place.

Copies of one text meet. Two other mentions meet if both are narrow (dated to a month or better), their days come
within the window and their places may agree; or if one is loose and they share place, figure and year. Everything else
is never compared, in a rebuild as little as in the run of one day, so that both see the same pairs.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from datetime import date
from itertools import product

from pipeline.resolve.profile import Profile

CELL_DEGREES = 0.5  # side of a cell: wider than around_km of config/resolve.yml at these latitudes
LOOSE_FIGURE = 3  # from this toll on a figure and a place tell one event from another
Key = tuple[object, ...]


def candidate_pairs(
    profiles: Mapping[str, Profile], window_days: int, fresh: Collection[str] | None = None
) -> Iterator[tuple[str, str]]:
    """Pairs that share a key, each once, smaller id first.

    Args:
        fresh: only pairs with at least one of these mentions; all pairs where null.
    """
    holders: dict[Key, list[str]] = defaultdict(list)
    for mention_id, profile in profiles.items():
        for key in own_keys(profile):
            holders[key].append(mention_id)
    probing = profiles if fresh is None else [mention_id for mention_id in profiles if mention_id in fresh]
    seen: set[tuple[str, str]] = set()
    for mention_id in probing:
        for key in probe_keys(profiles[mention_id], window_days):
            for other in holders.get(key, ()):
                pair = (mention_id, other) if mention_id < other else (other, mention_id)
                if mention_id != other and pair not in seen:
                    seen.add(pair)
                    yield pair


def own_keys(profile: Profile) -> Iterator[Key]:
    """Keys under which a mention is found."""
    yield ("text", profile.text_id)
    if profile.is_narrow:
        for day in _days(profile, 0):
            if profile.is_precise:
                yield ("cell", day, *_cell(profile))
                yield ("near", day, profile.admin1)
                if profile.admin2:
                    yield ("in district", day, profile.admin2)
                if profile.is_district:
                    yield ("district", day, profile.admin2)
            elif profile.admin1:
                yield ("wide", day, profile.admin1)
    yield from _loose_keys(profile, "narrow" if profile.is_narrow else "loose")


def probe_keys(profile: Profile, window_days: int) -> Iterator[Key]:
    """Keys under which the mentions lie that it must be compared with."""
    yield ("text", profile.text_id)
    if profile.is_narrow:
        for day in _days(profile, window_days):
            if profile.is_precise:
                row, column = _cell(profile)
                for shift in product((-1, 0, 1), repeat=2):
                    yield ("cell", day, row + shift[0], column + shift[1])
                yield ("wide", day, profile.admin1)
                if profile.admin2:
                    yield ("in district" if profile.is_district else "district", day, profile.admin2)
            elif profile.admin1:
                yield ("near", day, profile.admin1)
                yield ("wide", day, profile.admin1)
        yield from _loose_keys(profile, "loose")
    else:
        yield from _loose_keys(profile, "loose")
        yield from _loose_keys(profile, "narrow")


def _loose_keys(profile: Profile, kind: str) -> Iterator[Key]:
    if profile.place_id is None:
        return
    for figure in sorted(profile.figures("killed")):
        if figure >= LOOSE_FIGURE:
            for year in sorted(years(profile)):
                yield (kind, year, profile.place_id, figure)


def years(profile: Profile) -> set[int]:
    """Years in which the event may lie; an undated one lies in the year of its publication or the one before."""
    if profile.starts is not None and profile.ends is not None:
        return {date.fromordinal(profile.starts).year, date.fromordinal(profile.ends).year}
    if profile.ends is not None:
        year = date.fromordinal(profile.ends).year
        return {year, year - 1}
    return set()


def _days(profile: Profile, margin: int) -> range:
    if profile.starts is None or profile.ends is None:
        return range(0)
    return range(profile.starts - margin, profile.ends + margin + 1)


def _cell(profile: Profile) -> tuple[int, int]:
    return int((profile.lat or 0.0) // CELL_DEGREES), int((profile.lon or 0.0) // CELL_DEGREES)
