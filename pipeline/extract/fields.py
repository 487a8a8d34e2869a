"""The values of an event: from its frames to claims for date, place and type."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

from pipeline.extract import geography
from pipeline.extract.dates import When
from pipeline.extract.discourse import FAMILY, Event
from pipeline.extract.knowledge import Knowledge
from pipeline.extract.places import NAMED_PREC, WIDE, Where
from pipeline.extract.reading import ClaimReading, Span
from pipeline.extract.tolls import Toll

LEAD_VOTE = 3.0  # how much more the first clause says about the type than a later one
VOTES = {"strong": 3.0, "firm": 1.5, "weak": 0.6}
REFINING = ("explosion", "strike")  # what an "attack" may turn out to be
AFTERMATH = ("clash", "other", "raid", "arrest")
ROLE_WEIGHT = {"in": 2.0, "near": 1.6, "attr": 1.5, "between": 0.8, "bare": 0.3, "office": 0.1}
TYPE_ORDER = (
    "execution", "suicide_bombing", "drone_strike", "missile_strike", "air_strike", "shelling", "ied_explosion",
    "protest_crackdown", "ambush", "bombing", "border_skirmish", "raid_operation", "assassination", "arrest",
    "abduction", "armed_clash", "armed_attack", "other",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Setting:
    """Country and province in which an event is told to happen."""

    country: str | None
    admin1: str | None


def date_claim(event: Event, previous: date | None, lead_day: date | None) -> ClaimReading | None:
    """The day of the event: its own time, else a time of speech in its first frame, else that of the round-up."""
    own = [when for frame in event.frames for when in frame.told_times]
    own = own or [when for frame in event.context for when in frame.told_times]
    if not own and event.parent is not None:
        own = [when for frame in event.parent.frames for when in frame.told_times]
    said = [when for frame in (*event.frames[:3], *event.context) for when in frame.whens if when.said]
    shifted = next((when for when in own if when.shift is not None), None)
    near = [when for when in own if when.first and not (event.role == "main" and when.ago)]
    best = (
        _best_time(near)
        or _best_time([when for when in said if when.first and not when.ago])
        or _best_time([when for when in own if when.first])
    )
    if best is None and shifted is not None and shifted.shift is not None and previous is not None:
        day = previous + timedelta(days=shifted.shift)
        best = replace(shifted, first=day, last=day, precision="day")
    if best is None and event.role == "main" and not event.lead and lead_day is not None and not own:
        frame = event.frames[0]
        span = Span(frame.scene.start, frame.scene.end)
        return ClaimReading(
            "date",
            span,
            "date.round_up",
            value=lead_day.isoformat(),
            starts_on=lead_day,
            ends_on=lead_day,
            precision="day",
            confidence=0.4,
        )
    if best is None:
        return None
    value = best.first.isoformat() if best.first and best.first == best.last else f"{best.first}/{best.last}"
    return ClaimReading(
        "date",
        Span(best.start, best.end),
        best.rule,
        value=value,
        starts_on=best.first,
        ends_on=best.last,
        precision=best.precision,
        confidence=0.6 if best.said else 0.85,
    )


def _best_time(times: Sequence[When]) -> When | None:
    """The first of the most precise; a day beats a month."""
    order = {"day": 0, "days": 0, "week": 1, "month": 2, "year": 3}
    return min(times, key=lambda when: order.get(when.precision, 9), default=None)


def place_claim(event: Event, knowledge: Knowledge, before: ClaimReading | None) -> tuple[ClaimReading | None, Setting]:
    """The most specific place of the event, and country and province; without any, that of the event told before."""
    best: Where | None = None
    best_score = 0.0
    placed = any(frame.placed for frame in event.frames)
    frames = event.frames if placed else [*event.context, *event.frames, *event.around]
    if not event.frames[0].placed and event.context:
        frames = [*event.context, *event.frames]
    for n, frame in enumerate(frames):
        for where in frame.wheres:
            if where.level in WIDE or where.role not in ROLE_WEIGHT:
                continue
            if where.place is None and where.role in ("bare", "office"):
                continue
            score = ROLE_WEIGHT[where.role] + 0.4 * geography.rank(where) - 0.35 * min(n, 5)
            score += 0.8 if n == 0 else 0.0
            score -= 0.6 if where.place is None else 0.0
            if where.place is not None and where.place.country == "AF":
                score -= 1.0
            if score > best_score:
                best, best_score = where, score
    setting = _setting(event, best)
    if best is None and before is not None and event.role == "main" and setting.admin1 in (None, before.admin1):
        return replace(before, rule="place.same", confidence=0.4), Setting(before.country, before.admin1)
    if best is None:
        return _province_claim(event, setting), setting
    place = best.place
    around = place or best.parent
    return ClaimReading(
        "place", Span(best.start, best.end), best.rule, value=_name(best, knowledge),
        canonical_id=place.place_id if place else None, country=setting.country, admin1=setting.admin1,
        lat=around.lat if around else None, lon=around.lon if around else None,
        where_prec=place.precision if place else NAMED_PREC.get(best.level, 2), confidence=0.85 if place else 0.6,
    ), setting  # fmt: skip


def _name(where: Where, knowledge: Knowledge) -> str:
    """The name of a place; a port goes by its town."""
    place = where.place
    if place is not None and place.kind in knowledge.judgement.named_by_district and place.admin2:
        return place.admin2
    return where.name


def _setting(event: Event, best: Where | None) -> Setting:
    if best is not None and geography.country_of(best):
        return Setting(geography.country_of(best), geography.admin1_of(best))
    for frame in event.frames:
        for where in frame.wheres:
            if where.place is not None and where.role not in ("home", "by", "from", "to"):
                return Setting(where.place.country, where.place.admin1)
    for frame in event.frames:
        for _, country, demonym in frame.scene.countries:
            if not demonym:
                return Setting(country, None)
    return Setting(None, None)


def _province_claim(event: Event, setting: Setting) -> ClaimReading | None:
    for frame in event.frames:
        for where in frame.wheres:
            if where.place is not None and where.level in WIDE and where.place.admin1 == setting.admin1:
                return ClaimReading(
                    "place", Span(where.start, where.end), where.rule, canonical_id=where.place.place_id,
                    country=setting.country, admin1=setting.admin1, lat=where.place.lat, lon=where.place.lon,
                    where_prec=4, confidence=0.8,
                )  # fmt: skip
    return None


def event_type(event: Event) -> tuple[str, str]:
    """The type with the rule that gave it: the family with most weight, then the most specific type in it."""
    votes: dict[str, float] = {}
    rules: dict[str, str] = {}
    attacked = any(trigger.event == "armed_attack" for trigger in event.frames[0].asserted)
    for n, frame in enumerate(event.frames):
        for trigger in frame.asserted:
            weight = LEAD_VOTE if n == 0 else 1.0
            if n and trigger.definite:
                weight = 0.3
            if n and attacked and FAMILY[trigger.event] in AFTERMATH:
                weight *= 0.4  # the fight, the search and the bodies that follow an attack are not its type
            votes[trigger.event] = votes.get(trigger.event, 0.0) + weight * VOTES[trigger.strength]
            rules.setdefault(trigger.event, trigger.entry.id)
        for toll in frame.tolls:
            if toll.event != "none":
                votes[toll.event] = votes.get(toll.event, 0.0) + 0.2 * (LEAD_VOTE if n == 0 else 1.0)
                rules.setdefault(toll.event, f"toll.{toll.field}")
    own = {trigger.event for frame in event.frames for trigger in frame.strong} - {"arrest"}
    if event.parent is not None and not own:
        return event_type(event.parent)
    if not votes:
        return (
            ("armed_attack", "event.killed")
            if event.tolls("killed") or event.tolls("injured")
            else ("other", "event.none")
        )
    families: dict[str, float] = {}
    for name, vote in votes.items():
        families[FAMILY[name]] = families.get(FAMILY[name], 0.0) + vote
    family = max(families, key=lambda f: (families[f], f))
    if family in ("abduction", "other") and _is_release(event):
        by_force = _is_told(event, "raid") or _militants_fell(event)
        return ("raid_operation" if by_force else "other"), "event.released"
    if family == "arrest" and _militants_fell(event):
        return "raid_operation", "event.killed_and_arrested"
    if family == "assault" and not _is_armed_assault(event):
        family = next((name for name in REFINING if _is_told(event, name)), family)
    if family == "abduction" and any(_is_death(toll) for frame in event.frames[:2] for toll in frame.tolls):
        named = any(toll.named or (toll.count.best == 1) for toll in event.tolls("killed"))
        return ("assassination" if named else "armed_attack"), "event.abducted_and_killed"
    members = [name for name in TYPE_ORDER if name in votes and FAMILY[name] == family]
    chosen = members[0]
    if chosen in ("suicide_bombing", "ied_explosion", "drone_strike", "missile_strike"):
        return chosen, rules[chosen]
    strongest = max(members, key=lambda name: (votes[name], -TYPE_ORDER.index(name)))
    return strongest, rules[strongest]


def _militants_fell(event: Event) -> bool:
    """Whether the sentence that opens the event counts dead militants."""
    opening = [frame for frame in event.frames if frame.scene is event.frames[0].scene]
    return any(
        toll.field == "killed" and toll.group == "attackers" and toll.count.best
        for frame in opening
        for toll in frame.tolls
    )


def _is_release(event: Event) -> bool:
    """Whether the sentence that opens the event tells of captives set free."""
    opening = [frame for frame in event.frames if frame.scene is event.frames[0].scene]
    return any(
        any(toll.field == "released" for toll in frame.tolls)
        or any(trigger.entry.id == "event.release" for trigger in frame.asserted)
        for frame in opening
    )


def _is_armed_assault(event: Event) -> bool:
    """Whether words say more than "attack"."""
    return any(t.event in ("ambush", "assassination") or (FAMILY[t.event] == "assault" and t.strength == "firm")
               for frame in event.frames for t in frame.asserted)  # fmt: skip


def _is_told(event: Event, family: str) -> bool:
    """Whether the event is told with a word of the family: near its beginning, unless it begins with "attack"."""
    begins = any(trigger.event == "armed_attack" for trigger in event.frames[0].asserted)
    frames = event.frames if begins else event.frames[:3]
    return any(FAMILY[trigger.event] == family for frame in frames for trigger in frame.strong)


def _is_death(toll: Toll) -> bool:
    return toll.field == "killed" and toll.group != "attackers" and bool(toll.count.best)
