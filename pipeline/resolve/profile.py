"""What the resolver knows of one mention: its claims boiled down to what can agree or conflict."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import polars as pl

from pipeline.resolve.weights import Weights

Grain = str
"""day: exact to a day or a night; days: up to a week; month, year; weak: only the publication date bounds it; none."""

NIGHT_DAYS, WEEK_DAYS, MONTH_DAYS = 1, 7, 31
REPORT_DELAY_DAYS = 3  # news without a date is taken to be at most this old
DISTRICT = 3  # UCDP where_prec of a place known by its district
PRECISE = 3  # UCDP where_prec up to which a place can be compared by distance
THEATRE = {"IR": "Sistan and Baluchestan", "PK": "Balochistan"}
TOLL_FIELDS = frozenset(("killed", "injured", "abducted", "arrested"))
WORD = re.compile(r"[^\W\d_]{4,}|\d+")


@dataclass(frozen=True, slots=True)
class Profile:
    """One mention as the resolver sees it. Days are proleptic ordinals, spans are inclusive."""

    mention_id: str
    article_id: str
    text_id: str
    char_start: int
    seen_at: datetime
    event_type: str
    family: str
    grain: Grain
    starts: int | None
    ends: int | None
    place_id: str | None
    lat: float | None
    lon: float | None
    where_prec: int | None
    country: str | None
    admin1: str | None
    admin2: str | None
    is_seat: bool
    actors: frozenset[str]
    target: str | None
    tolls: Mapping[tuple[str, str], frozenset[int]]
    persons: frozenset[str]
    words: frozenset[str]

    @property
    def is_precise(self) -> bool:
        """Whether the place is known well enough to measure distances from it."""
        return self.lat is not None and self.lon is not None and (self.where_prec or 1) <= PRECISE

    @property
    def is_district(self) -> bool:
        """Whether the place stands for a whole district, or may: papers give the seat's name for either."""
        return self.admin2 is not None and (self.where_prec == DISTRICT or self.is_seat)

    @property
    def is_anchor(self) -> bool:
        """Exact in time and place: only such mentions may tie an incident together; others attach to them."""
        return self.grain == "day" and self.is_precise

    @property
    def is_narrow(self) -> bool:
        """Dated to a month or better, so that it can be found by day."""
        return self.starts is not None and self.grain in ("day", "days", "month", "weak")

    def figures(self, field: str) -> frozenset[int]:
        """Totals of a field over all groups that the mention supports."""
        total = self.tolls.get((field, "all"))
        if total:
            return total
        groups = [figures for (name, _), figures in sorted(self.tolls.items()) if name == field]
        if not groups:
            return frozenset()
        if len(groups) == 1:
            return groups[0]
        return frozenset((sum(max(figures) for figures in groups),))


def build_profiles(
    mentions: pl.DataFrame,
    claims: pl.DataFrame,
    articles: pl.DataFrame,
    weights: Weights,
    entities: pl.DataFrame | None = None,
    places: pl.DataFrame | None = None,
) -> dict[str, Profile]:
    """Profiles of the mentions that tell of an event in the theatre, by mention_id in order.

    Negated, hypothetical and planned mentions have none: nothing happened that an incident could stand for.
    """
    districts = {} if places is None else dict(zip(places["place_id"], places["admin2"], strict=True))
    telling = mentions.filter(pl.col("polarity").is_in(["asserted", "historical"]) & pl.col("is_in_theatre"))
    claims_of: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for claim in claims.sort("claim_id").iter_rows(named=True):
        claims_of[claim["mention_id"]].append(claim)
    article_of = {row["article_id"]: row for row in articles.select(_ARTICLE_COLUMNS).iter_rows(named=True)}
    persons_of = _persons(entities)
    profiles = (
        _profile(
            row,
            claims_of.get(row["mention_id"], []),
            article_of.get(row["article_id"], {}),
            persons_of.get(row["article_id"], []),
            weights,
            districts,
        )
        for row in telling.sort("mention_id").iter_rows(named=True)
    )
    return {profile.mention_id: profile for profile in profiles}


_ARTICLE_COLUMNS = ["article_id", "published_at", "copy_of"]


def _profile(
    mention: Mapping[str, Any],
    claims: list[dict[str, Any]],
    article: Mapping[str, Any],
    persons: list[tuple[int, int, str]],
    weights: Weights,
    districts: Mapping[str, str | None],
) -> Profile:
    by_field: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for claim in claims:
        if claim["stance"] != "denied":
            by_field[claim["field"]].append(claim)
    grain, starts, ends = _date(by_field["date"], mention, article.get("published_at"))
    place = _place(by_field["place"])
    begin = min([mention["char_start"], *(claim["char_start"] for claim in claims)])
    end = max([mention["char_end"], *(claim["char_end"] for claim in claims)])
    speakers = {_fold(claim["speaker"]) for claim in claims if claim["speaker"]}
    country = place.get("country")
    district = districts.get(place.get("canonical_id") or "")
    return Profile(
        mention_id=mention["mention_id"],
        article_id=mention["article_id"],
        text_id=article.get("copy_of") or mention["article_id"],
        char_start=mention["char_start"],
        seen_at=mention["seen_at"],
        event_type=mention["event_type"],
        family=weights.family(mention["event_type"]),
        grain=grain,
        starts=starts,
        ends=ends,
        place_id=place.get("canonical_id") or (_fold(place["value"]) if place.get("value") else None),
        lat=place.get("lat"),
        lon=place.get("lon"),
        where_prec=place.get("where_prec"),
        country=country,
        admin1=place.get("admin1") or THEATRE.get(country or ""),
        admin2=district,
        is_seat=district is not None and _fold(place["value"] or "") == _fold(district),
        actors=_actors([*by_field["perpetrator"], *by_field["claimed_by"]], weights),
        target=_target(by_field["target"], weights),
        tolls=_tolls(claims),
        persons=frozenset(
            name for start, stop, name in persons if begin <= start and stop <= end and not _spoke(name, speakers)
        ),
        words=frozenset(word.lower() for word in WORD.findall(mention["quote"])),
    )


def _persons(entities: pl.DataFrame | None) -> dict[str, list[tuple[int, int, str]]]:
    found: dict[str, list[tuple[int, int, str]]] = defaultdict(list)
    if entities is not None:
        for row in entities.filter(pl.col("kind") == "person").sort("entity_id").iter_rows(named=True):
            found[row["article_id"]].append((row["char_start"], row["char_end"], _fold(row["name"])))
    return found


def _spoke(name: str, speakers: Iterable[str]) -> bool:
    return any(name in speaker or speaker in name for speaker in speakers)


def _date(
    claims: list[dict[str, Any]], mention: Mapping[str, Any], published_at: datetime | None
) -> tuple[Grain, int | None, int | None]:
    spans = [
        (claim["ends_on"].toordinal(), claim["starts_on"].toordinal())
        for claim in claims
        if claim["starts_on"] is not None and claim["ends_on"] is not None
    ]
    if spans:
        ends, starts = min(spans, key=lambda span: (span[0] - span[1], span))
        return _grain(ends - starts), starts, ends
    if mention["role"] == "main" and published_at is not None:
        day = published_at.date().toordinal()
        return "weak", day - REPORT_DELAY_DAYS, day
    return "none", None, _ordinal(published_at)


def _ordinal(moment: datetime | None) -> int | None:
    return None if moment is None else moment.date().toordinal()


def _grain(days: int) -> Grain:
    if days <= NIGHT_DAYS:
        return "day"
    if days <= WEEK_DAYS:
        return "days"
    return "month" if days <= MONTH_DAYS else "year"


def _place(claims: list[dict[str, Any]]) -> dict[str, Any]:
    """The most specific place that is claimed; the surer one of two equals."""
    return min(
        claims, key=lambda claim: (claim["where_prec"] or 7, -claim["confidence"], claim["claim_id"]), default={}
    )


def _actors(claims: list[dict[str, Any]], weights: Weights) -> frozenset[str]:
    names = (_fold(claim["value"] or claim["canonical_id"] or "") for claim in claims)
    return frozenset(name for name in names if name and not _is_nobody(name, weights))


def _is_nobody(name: str, weights: Weights) -> bool:
    return name.removeprefix("unknown ").removeprefix("unidentified ") in weights.nobody


def _target(claims: list[dict[str, Any]], weights: Weights) -> str | None:
    words = {word for claim in claims for word in re.findall(r"\w+", _fold(claim["value"] or ""))}
    if not words:
        return None
    return next((kind for kind, stems in weights.targets.items() if words.intersection(stems)), " ".join(sorted(words)))


def is_one_sided(claim: Mapping[str, Any]) -> bool:
    """A figure that only one side of the fight gives; the same test as in sql/rules/00_toll.sql."""
    return claim["speaker_type"] == "militant" or claim["stance"] in ("claimed", "accused")


def _tolls(claims: list[dict[str, Any]]) -> dict[tuple[str, str], frozenset[int]]:
    found: dict[tuple[str, str], set[int]] = defaultdict(set)
    for claim in claims:
        if claim["field"] in TOLL_FIELDS and claim["best"] is not None and claim["stance"] != "denied":
            if is_one_sided(claim):
                continue
            found[claim["field"], claim["victim_group"] or "all"].add(claim["best"])
    return {key: frozenset(figures) for key, figures in sorted(found.items())}


def _fold(text: str) -> str:
    return " ".join(text.lower().replace("-", " ").replace("’", "'").split())
