"""The values of an event: from its frames to claims for date, place, actors, target, weapons and tolls."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

from pipeline.extract import geography
from pipeline.extract.dates import When
from pipeline.extract.discourse import FAMILY, Event, Frame
from pipeline.extract.knowledge import Knowledge
from pipeline.extract.places import NAMED_PREC, WIDE, Where
from pipeline.extract.reading import ClaimReading, Span
from pipeline.extract.speakers import OUTLET, Speaker
from pipeline.extract.tolls import Toll

PART_SHARE = 0.6  # a smaller figure than this share of the total is a part of it, not a rival
CLAIM_REACH = 8  # units between the words of a claim and the figure
SPEAKER_REACH = 12  # units between the claimant and the words of the claim
ROLE_WEIGHT = {"in": 2.0, "near": 1.6, "attr": 1.5, "between": 0.8, "bare": 0.3, "office": 0.1}
TYPE_ORDER = (
    "execution", "suicide_bombing", "drone_strike", "missile_strike", "air_strike", "shelling", "ied_explosion",
    "protest_crackdown", "ambush", "bombing", "border_skirmish", "raid_operation", "assassination", "arrest", "abduction",
    "armed_clash", "armed_attack", "other",
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
        return ClaimReading("date", span, "date.round_up", value=lead_day.isoformat(), starts_on=lead_day, ends_on=lead_day,
                            precision="day", confidence=0.4)  # fmt: skip
    if best is None:
        return None
    value = best.first.isoformat() if best.first and best.first == best.last else f"{best.first}/{best.last}"
    return ClaimReading("date", Span(best.start, best.end), best.rule, value=value, starts_on=best.first, ends_on=best.last,
                        precision=best.precision, confidence=0.6 if best.said else 0.85)  # fmt: skip


def _best_time(times: Sequence[When]) -> When | None:
    """The first of the most precise; a day beats a month."""
    order = {"day": 0, "days": 0, "week": 1, "month": 2, "year": 3}
    return min(times, key=lambda when: order.get(when.precision, 9), default=None)


def place_claim(
    event: Event, knowledge: Knowledge, before: ClaimReading | None
) -> tuple[ClaimReading | None, Setting]:
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
    for n, frame in enumerate(event.frames):
        weight = 3.0 if n == 0 else 1.0
        for trigger in frame.asserted:
            if trigger.definite and n and trigger.strength != "strong":
                continue
            votes[trigger.event] = votes.get(trigger.event, 0.0) + weight * (3.0 if trigger.strength == "strong" else 0.6)
            rules.setdefault(trigger.event, trigger.entry.id)
        for toll in frame.tolls:
            if toll.event != "none":
                votes[toll.event] = votes.get(toll.event, 0.0) + 0.2 * weight
                rules.setdefault(toll.event, f"toll.{toll.field}")
    own = {trigger.event for frame in event.frames for trigger in frame.strong} - {"arrest"}
    if event.parent is not None and not own:
        return event_type(event.parent)
    if not votes:
        return ("armed_attack", "event.killed") if event.tolls("killed") or event.tolls("injured") else ("other", "event.none")
    families: dict[str, float] = {}
    for name, vote in votes.items():
        families[FAMILY[name]] = families.get(FAMILY[name], 0.0) + vote
    family = max(families, key=lambda f: (families[f], f))
    if family == "abduction" and any(_is_death(toll) for frame in event.frames[:2] for toll in frame.tolls):
        named = any(toll.named or (toll.count.best == 1) for toll in event.tolls("killed"))
        return ("assassination" if named else "armed_attack"), "event.abducted_and_killed"
    members = [name for name in TYPE_ORDER if name in votes and FAMILY[name] == family]
    chosen = members[0]
    if chosen in ("suicide_bombing", "ied_explosion", "drone_strike", "missile_strike"):
        return chosen, rules[chosen]
    strongest = max(members, key=lambda name: (votes[name], -TYPE_ORDER.index(name)))
    return strongest, rules[strongest]


def _is_death(toll: Toll) -> bool:
    return toll.field == "killed" and toll.group != "attackers" and bool(toll.count.best)


def toll_claims(event: Event, speakers: dict[int, Speaker], knowledge: Knowledge) -> list[ClaimReading]:
    """All figures of the event, each with its speaker; parts, increments and details of a total stand aside."""
    claims: list[ClaimReading] = []
    for name in ("killed", "injured", "abducted", "arrested"):
        claims += [_toll_claim(frame, toll, group, speakers, knowledge) for frame, toll, group in _figures(event, name, knowledge)]
    return claims


def _figures(event: Event, name: str, knowledge: Knowledge) -> list[tuple[Frame, Toll, str]]:
    """The figures of one field that are claims of their own, each with its group."""
    tolls = [(frame, toll, _group(frame, toll, knowledge)) for frame, toll, _ in _all(event, name)]
    if name == "killed" and not tolls:
        tolls = [(f, replace(t, field="killed"), g) for f, t, g in _all(event, "injured") if t.count.best == 0]
    in_body = [item for item in tolls if item[0].scene.sentence.kind == "body"]
    tolls = in_body or tolls
    victims = [toll for _, toll, group in tolls if group != "attackers"]
    counted = [toll for toll in victims if not toll.named and (toll.count.best or 0) > 0]
    primary = max((toll.count.best or 0 for toll in counted[:2]), default=0)
    attackers = any(group == "attackers" for _, _, group in tolls) and bool(victims)
    if any(g.part and g.kind == "attackers" for frame, _, group in tolls if group != "attackers" for g in frame.scene.groups):
        attackers = False  # the total says that it includes them
    if attackers and _includes(event, tolls, primary):
        attackers = False
    executed = max(event.families, key=lambda f: event.families[f], default="") == "execution"
    whole = any(group == "unknown" and toll.count.best == primary for _, toll, group in tolls)
    kept = []
    for frame, toll, group in tolls:
        best = toll.count.best if toll.count.best is not None else toll.count.low or 0
        if group != "attackers" and best < primary and (
            toll.more or toll.named or best == 1 or best < PART_SHARE * primary
        ):
            continue
        if whole and group in ("security_forces", "civilians") and best <= primary:
            continue  # a part of the whole
        if executed or (group == "unknown" and not attackers):
            group = "all"
        kept.append((frame, toll, group))
    return kept


def _all(event: Event, name: str) -> list[tuple[Frame, Toll, str]]:
    """Every figure of a field that its words support."""
    return [
        (frame, toll, toll.group)
        for frame in event.frames
        for toll in frame.tolls
        if toll.field == name and not toll.combined and (toll.count.best is not None or toll.count.low is not None)
    ]


def _includes(event: Event, tolls: Sequence[tuple[Frame, Toll, str]], total: int) -> bool:
    """Whether a total already counts the attackers: victims and attackers make it up, or it is a bomber's own death."""
    fallen = max((toll.count.best or 0 for _, toll, group in tolls if group == "attackers"), default=0)
    named = {toll.count.best or 0 for _, toll, group in tolls if group in ("security_forces", "civilians")}
    if any(count + fallen == total for count in named if count < total):
        return True
    suicide = any(trigger.event == "suicide_bombing" for frame in event.frames for trigger in frame.strong)
    return suicide and fallen <= 2


def _group(frame: Frame, toll: Toll, knowledge: Knowledge) -> str:
    """Whom the figure counts; a bare number that forces killed counts their enemies."""
    if toll.group != "unknown" or toll.passive or toll.total or any(group.noun for group in toll.groups):
        return toll.group
    acting = [hit for hit in frame.actors if hit.part == "agent" and hit.at < toll.anchor]
    if acting and knowledge.is_state(acting[-1].actor) and toll.field == "killed":
        return "attackers"
    return toll.group


def _is_claimed(frame: Frame, toll: Toll, knowledge: Knowledge) -> bool:
    """ "The group claimed the killing of ten soldiers", "said it had killed ten": the figure stands behind a claim."""
    row = frame.scene.row
    i = min(toll.anchor, toll.first) - 1
    while i >= 0 and toll.first - i <= CLAIM_REACH and (
        row[i].cue("self", "determiner", "auxiliary", "skip", "perfect", "relative") or row[i].role("relation") == "to"
        or row[i].sense("actor") and row[i].sense("victim") is None and knowledge.is_armed(row[i].form["actor"].refs[0])
        or row[i].sense("victim") and not row[i].sense("number")
    ):  # fmt: skip
        i -= 1
    if i < 0 or not (row[i].sense("speech") or row[i].sense("claim")):
        return False
    return any(
        knowledge.is_armed(hit.actor) for hit in frame.scene.actors if hit.at < i and i - hit.at <= SPEAKER_REACH
    )


def _toll_claim(
    frame: Frame, toll: Toll, group: str, speakers: dict[int, Speaker], knowledge: Knowledge
) -> ClaimReading:
    speaker = speakers.get(frame.scene.number, OUTLET)
    if speaker.type != "militant" and _is_claimed(frame, toll, knowledge):
        speaker = Speaker(speaker.name, "militant", "claimed", speaker.start, speaker.end)
    count = toll.count
    return ClaimReading(
        toll.field, Span(toll.start, toll.end), f"toll.{toll.field}",
        value=str(count.best if count.best is not None else count.low), victim_group=group,
        low=count.low, best=count.best, high=count.high, qualifier=count.qualifier, speaker=speaker.name,
        speaker_type=speaker.type, stance=speaker.stance, confidence=0.5 if toll.named else 0.8,
    )  # fmt: skip
