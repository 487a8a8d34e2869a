"""How strongly two mentions are linked, and which fields say so."""

from __future__ import annotations

from dataclasses import dataclass
from math import asin, cos, radians, sin, sqrt

from pipeline.resolve.profile import DISTRICT, Profile
from pipeline.resolve.weights import Weights

EARTH_KM = 6371.0
KM_PER_DEGREE = 111.0  # of latitude, rounded down
CROSS_BORDER = frozenset(("strike", "clash"))
NEAR_FIGURE = 4  # from this figure on two tolls within FAR of each other may be one toll revised
CLOSE_FIGURE, CLOSE = 8, 1.25  # and from this one on within this factor almost surely
FAR = 3.0  # figures more than this factor apart are far
VAGUE = (2, DISTRICT)  # places with an extent of their own
COPY_SHIFT = 120  # characters by which a copy's furniture may shift a sentence


@dataclass(frozen=True, slots=True)
class Agreement:
    """What one field says about a pair: a word for the reader of the evidence, and its points."""

    field: str
    word: str
    points: float


@dataclass(frozen=True, slots=True)
class Link:
    """A compared pair, smaller mention_id first. A conflict has score 0 and names the field that decides."""

    one: str
    other: str
    score: float
    agreements: tuple[Agreement, ...]
    is_conflict: bool = False


def compare(one: Profile, other: Profile, weights: Weights, window_days: int) -> Link:
    """Judge a pair by date, place, type, actors, target, tolls, persons and text. Symmetrical."""
    if other.mention_id < one.mention_id:
        one, other = other, one
    # Most pairs of a block are conflicts: the cheapest question first, and no further one after a conflict.
    kind = _type(one, other, weights)
    date = _date(one, other, weights, window_days) if kind.points > CONFLICT else kind
    place = _place(one, other, weights) if date.points > CONFLICT else date
    if place.points <= CONFLICT:
        return Link(one.mention_id, other.mention_id, 0.0, (place,), is_conflict=True)
    agreements: tuple[Agreement, ...] = (
        date,
        place,
        kind,
        _actor(one, other, weights),
        _target(one, other, weights),
        *_tolls(one, other, weights),
        _persons(one, other, weights),
        _text(one, other, weights),
    )
    if one.article_id == other.article_id:
        agreements += (Agreement("article", "same article", weights.points.same_article),)
    said = tuple(agreement for agreement in agreements if agreement.points or agreement.word)
    total = sum(agreement.points for agreement in agreements)
    if agreements[0].word == "next day" and not _is_distinctive(said, weights):
        total = min(total, weights.undistinctive)
    return Link(one.mention_id, other.mention_id, round(min(1.0, max(0.0, total)), 4), said)


CONFLICT = -1.0


def _conflict(field: str, word: str) -> Agreement:
    return Agreement(field, word, CONFLICT)


def _is_distinctive(agreements: tuple[Agreement, ...], weights: Weights) -> bool:
    """Whether something besides place and type speaks for one event: two days in a row need it."""
    return any(
        agreement.field in ("killed", "injured", "abducted", "person", "text")
        and agreement.points >= weights.distinctive
        for agreement in agreements
    )


def _date(one: Profile, other: Profile, weights: Weights, window_days: int) -> Agreement:
    points = weights.points
    if one.starts is None or other.starts is None or one.ends is None or other.ends is None:
        return _undated(one, other, weights)
    gap = max(one.starts - other.ends, other.starts - one.ends, 0)
    grains = {one.grain, other.grain}
    if gap > window_days or (gap and "year" in grains):
        return _conflict("date", f"{gap} days apart")
    if gap > 1:
        return Agreement("date", f"{gap} days apart", points.date_apart)
    if gap == 1:
        return Agreement("date", "next day", points.date_next)
    if "year" in grains:
        return Agreement("date", "within the year", points.date_year)
    if "month" in grains:
        return Agreement("date", "within the month", points.date_month)
    if grains == {"day"}:
        return Agreement("date", "same day", points.date_same)
    return Agreement("date", "overlapping days", points.date_overlap)


def _undated(one: Profile, other: Profile, weights: Weights) -> Agreement:
    """An undated mention can recount only what happened before it was published."""
    for undated, dated in ((one, other), (other, one)):
        if undated.starts is not None or undated.ends is None or dated.starts is None:
            continue
        if dated.starts > undated.ends:
            return _conflict("date", "after publication")
    return Agreement("date", "no date", weights.points.date_unknown)


def _place(one: Profile, other: Profile, weights: Weights) -> Agreement:
    points = weights.points
    if one.is_precise and other.is_precise:
        return _near(one, other, weights)
    if one.place_id is not None and one.place_id == other.place_id and (one.where_prec or 7) <= 3:
        return Agreement("place", "same place", points.place_same)
    if one.country and other.country and one.country != other.country:
        return _conflict("place", "other country")
    if one.admin1 and other.admin1:
        if one.admin1 != other.admin1:
            return _conflict("place", "other province")
        return Agreement("place", "same province", points.place_province)
    if one.country and one.country == other.country:
        return Agreement("place", "same country", points.place_country)
    return Agreement("place", "", points.place_unknown)


def _near(one: Profile, other: Profile, weights: Weights) -> Agreement:
    points = weights.points
    if one.place_id is not None and one.place_id == other.place_id:
        return Agreement("place", "same place", points.place_same)
    if _is_far(one, other, weights):
        return _conflict("place", "far apart")
    distance = distance_km(one, other)
    if one.admin2 and one.admin2 == other.admin2 and DISTRICT in (one.where_prec, other.where_prec):
        return Agreement("place", "a place and its district", points.place_around)
    if one.admin2 and one.admin2 == other.admin2 and distance > weights.near_km and (one.is_seat or other.is_seat):
        return Agreement("place", "a place and the seat of its district", points.place_seat)
    if one.country and other.country and one.country != other.country:
        crosses = one.family in CROSS_BORDER and other.family in CROSS_BORDER
        if crosses and distance <= weights.border_km:
            return Agreement("place", f"{distance:.0f} km apart across the border", points.place_near)
        return _conflict("place", "other side of the border")
    if distance > weights.around_km:
        return _conflict("place", f"{distance:.0f} km apart")
    if distance <= weights.near_km:
        return Agreement("place", f"{distance:.0f} km apart", points.place_near)
    if one.where_prec in VAGUE or other.where_prec in VAGUE:
        return Agreement("place", f"{distance:.0f} km apart, one an area", points.place_around)
    return _conflict("place", f"{distance:.0f} km apart")


def _is_far(one: Profile, other: Profile, weights: Weights) -> bool:
    """Too far north or south of each other, and in no common district: no need to measure exactly."""
    apart = abs((one.lat or 0.0) - (other.lat or 0.0)) * KM_PER_DEGREE
    return apart > weights.around_km and (one.admin2 is None or one.admin2 != other.admin2)


def distance_km(one: Profile, other: Profile) -> float:
    """Great-circle distance of two precise places in km."""
    lat1, lon1, lat2, lon2 = (radians(value or 0.0) for value in (one.lat, one.lon, other.lat, other.lon))
    chord = sin((lat2 - lat1) / 2) ** 2 + cos(lat1) * cos(lat2) * sin((lon2 - lon1) / 2) ** 2
    return 2 * EARTH_KM * asin(sqrt(min(1.0, chord)))


def _type(one: Profile, other: Profile, weights: Weights) -> Agreement:
    if one.event_type == other.event_type:
        return Agreement("event_type", one.event_type, weights.points.type_same)
    share = weights.kinship(one.family, other.family)
    if share is None:
        return _conflict("event_type", f"{one.event_type} and {other.event_type}")
    return Agreement("event_type", f"{one.event_type} and {other.event_type}", weights.points.type_family * share)


def _actor(one: Profile, other: Profile, weights: Weights) -> Agreement:
    if not one.actors or not other.actors:
        return Agreement("actor", "", 0.0)
    shared = sorted(one.actors & other.actors)
    if shared:
        return Agreement("actor", shared[0], weights.points.actor_same)
    for kin in weights.kin:
        if _belongs(one.actors, kin) and _belongs(other.actors, kin):
            return Agreement("actor", "of one organisation or state", weights.points.actor_kin)
    return Agreement("actor", f"{min(one.actors)} or {min(other.actors)}", weights.points.actor_differs)


def _belongs(actors: frozenset[str], kin: tuple[str, ...]) -> bool:
    return any(name == part or f" {part} " in f" {name} " for name in actors for part in kin)


def _target(one: Profile, other: Profile, weights: Weights) -> Agreement:
    if one.target is None or other.target is None:
        return Agreement("target", "", 0.0)
    if one.target == other.target:
        return Agreement("target", one.target, weights.points.target_same)
    return Agreement("target", f"{one.target} or {other.target}", weights.points.target_differs)


def _tolls(one: Profile, other: Profile, weights: Weights) -> list[Agreement]:
    found = []
    for field in ("killed", "injured", "abducted", "arrested"):
        agreement = _toll(field, one, other, weights)
        if agreement is not None:
            found.append(agreement)
    return found


def _toll(field: str, one: Profile, other: Profile, weights: Weights) -> Agreement | None:
    mine, theirs = one.figures(field), other.figures(field)
    if not mine or not theirs:
        return None
    shared = mine & theirs
    if shared:
        figure = max(shared)
        share = 1.0 if field == "killed" else 0.6
        return Agreement(field, f"{figure} in both", round(share * _equal_points(figure, weights), 4))
    if _groups(field, one).isdisjoint(_groups(field, other)):
        return Agreement(field, "other victims", weights.points.toll_groups_differ)
    low, high = sorted((max(mine), max(theirs)))
    if low >= CLOSE_FIGURE and high <= CLOSE * low:
        return Agreement(field, f"{max(mine)} or {max(theirs)}", weights.points.toll_close)
    if high > FAR * max(low, 1):
        return Agreement(field, f"{max(mine)} or {max(theirs)}", weights.points.toll_far)
    points = weights.points.toll_near if low >= NEAR_FIGURE else weights.points.toll_unequal
    return Agreement(field, f"{max(mine)} or {max(theirs)}", points)


def _groups(field: str, profile: Profile) -> set[str]:
    """Groups that a mention counts; a total may be of any."""
    groups = {group for name, group in profile.tolls if name == field}
    return {"security_forces", "civilians", "attackers", "unknown"} if groups & {"all", "unknown"} else groups


def _equal_points(figure: int, weights: Weights) -> float:
    return weights.toll_equal[max(size for size in weights.toll_equal if size <= figure)]


def _persons(one: Profile, other: Profile, weights: Weights) -> Agreement:
    shared = sorted(one.persons & other.persons)
    if shared:
        return Agreement("person", shared[0], weights.points.person_same)
    if one.persons and other.persons:
        names = f"{min(one.persons)} or {min(other.persons)}"
        return Agreement("person", names, weights.points.person_differs)
    return Agreement("person", "", 0.0)


def _text(one: Profile, other: Profile, weights: Weights) -> Agreement:
    is_copy = one.text_id == other.text_id and one.article_id != other.article_id
    if is_copy and abs(one.char_start - other.char_start) <= COPY_SHIFT:
        return Agreement("text", "a copy", weights.points.text_copy)
    shorter = min(len(one.words), len(other.words))
    alike = len(one.words & other.words) / shorter if shorter >= weights.alike_words else 0.0
    if alike >= weights.alike_from:
        return Agreement("text", f"{alike:.0%} of the words", weights.points.text_alike)
    return Agreement("text", "", 0.0)
