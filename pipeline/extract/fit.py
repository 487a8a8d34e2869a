"""How well a clause fits an event: by family, time, place, actor and figures."""

from __future__ import annotations

from collections.abc import Sequence

from pipeline.extract import geography
from pipeline.extract.dates import When
from pipeline.extract.discourse import FAMILY, Event, Frame, family_of, is_cause, is_claim, opens_as_past, separates

# Families that one event may show together, as when fighters attack with explosives and a clash follows.
KIN = {
    frozenset(pair)
    for pair in (
        ("explosion", "assault"), ("assault", "clash"), ("clash", "raid"), ("raid", "arrest"), ("clash", "arrest"),
        ("explosion", "clash"), ("assault", "raid"), ("abduction", "assault"), ("strike", "assault"),
        ("abduction", "other"), ("other", "assault"), ("protest", "assault"), ("protest", "clash"), ("strike", "clash"),
        ("strike", "explosion"),
        ("other", "clash"), ("protest", "arrest"), ("other", "raid"), ("raid", "explosion"), ("other", "strike"),
        ("strike", "raid"),
    )
}  # fmt: skip
SAID_DAYS = 3  # officials speak of an event within this many days
DOING = ("by", "agent")
LIKE_STRIKES = frozenset({"strike", "assault"})  # "the attacks" may be strikes


def fit(frame: Frame, event: Event) -> float:
    """How well a frame fits an event; positive where it tells of it."""
    score = family = _fit_family(frame, event)
    score += _fit_time(frame, event)
    score += _fit_place(frame, event)
    score += _fit_actor(frame, event)
    score += _fit_toll(frame, event)
    if "again" in frame.cues and family >= 0:
        score += 1.0
    past = opens_as_past(frame)
    if (
        event.frames[-1].scene is frame.scene
        and family >= 0
        and not past
        and not any(when.ago for when in frame.told_times)
    ):
        score += 1.0
    if (
        is_cause(frame)
        and not frame.first_in_scene
        and not any(is_cause(f) and not f.first_in_scene for f in event.frames)
    ):
        score -= 3.0
    if separates(frame):
        score -= 3.0
    if past and event.number == 0 and not any(opens_as_past(f) for f in event.frames):
        score -= 2.25 if frame.tolls or frame.strong else 1.5
    return score


def _fit_family(frame: Frame, event: Event) -> float:
    ours = {FAMILY[t.event] for t in frame.strong}
    if not ours or not event.families:
        main = max(event.families, key=lambda f: event.families[f], default="")
        if main == "execution" and (frame.asserted or frame.tolls):
            return -3.0
        deadly = any(t.field == "killed" and t.count.best for t in frame.tolls)
        quiet = main in ("abduction", "arrest", "other")
        return -0.5 if deadly and quiet and not event.tolls("killed") else 0.5
    theirs = {family for family, n in event.families.items() if n >= max(event.families.values()) / 2}
    if ours & theirs:
        return 1.5
    if any(frozenset((a, b)) in KIN for a in ours for b in theirs):
        return 0.0
    return -2.5


def _fit_time(frame: Frame, event: Event) -> float:
    ours = [when for when in frame.told_times if when.shift is None]
    theirs = event.times()
    if any(when.shift is not None for when in frame.told_times):
        return -2.25
    if not ours:
        said = [when for when in frame.whens if when.said and when.first]
        known = [when for when in theirs if when.first]
        earlier = said and known and all(a.last < b.first for a in said for b in known if a.last and b.first)
        return -2.5 if earlier else 0.0
    if not theirs or not any(when.ago for when in theirs):
        covered = any(_same_time(a, b) is True for a in ours for b in theirs)
        if any(when.ago for when in ours) and not covered:
            return -3.0
    if not theirs:
        said = [when for f in event.frames for when in f.whens if when.said and when.first]
        if any(_comes_late(f) for f in event.frames):
            return 0.0
        return -2.5 if said and all(_far(a, b) for a in ours for b in said) else 0.0
    verdicts = [_same_time(a, b) for a in ours for b in theirs]
    if any(verdict is True for verdict in verdicts):
        return 1.0
    if all(verdict is False for verdict in verdicts):
        return -2.5
    return -0.75 if frame.scene.number - event.frames[-1].scene.number > 1 else 0.0


def _comes_late(frame: Frame) -> bool:
    """A claim and a new toll may come long after the event."""
    speeches = [unit.form["speech"].entry for unit in frame.scene.row if "speech" in unit.form]
    claimed = any(entry is not None and entry.get("stance") == "claimed" for entry in speeches)
    return claimed or "revision" in frame.cues or is_claim(frame) or any("claim" in u.form for u in frame.scene.row)


def _far(a: When, b: When) -> bool:
    """Whether a day lies more than a report's delay before the day on which somebody spoke."""
    return bool(a.last and b.first and abs((b.first - a.last).days) > SAID_DAYS)


def _same_time(a: When, b: When) -> bool | None:
    """True where one covers the other, False where they are apart, None where that cannot be known."""
    if a.first and a.last and b.first and b.last:
        return a.first <= b.last and b.first <= a.last
    if a.key == b.key:
        return True
    if a.key[0] == b.key[0]:
        return False
    return None


def _fit_place(frame: Frame, event: Event) -> float:
    ours, theirs = frame.placed, event.places()
    if not ours:
        return _fit_province(frame, event)
    if not theirs:
        return 0.0
    matches = [any(geography.compatible(a, b) for b in theirs) for a in ours]
    if all(matches):
        return 1.0
    return 0.0 if any(matches) else -2.5


def _fit_province(frame: Frame, event: Event) -> float:
    """Places of another province, or all of another country, tell of another event."""
    ours, theirs = _lands([frame]), _lands(event.frames)
    countries = {country for country, _ in ours}, {country for country, _ in theirs}
    if all(countries) and not countries[0] & countries[1]:
        return -2.5
    ours = {land for land in ours if land[1]}
    theirs = {land for land in theirs if land[1]}
    return -2.0 if ours and theirs and not ours & theirs else 0.0


def _lands(frames: Sequence[Frame]) -> set[tuple[str, str | None]]:
    """Countries with provinces in which frames place something."""
    found = set()
    for frame in frames:
        for where in frame.wheres:
            country = geography.country_of(where)
            if country and where.role in ("in", "near", "attr"):
                found.add((country, geography.admin1_of(where)))
    return found


def _fit_actor(frame: Frame, event: Event) -> float:
    doing = ("claim", "by", "agent", "blame")
    ours = {a.actor for a in frame.actors if a.part in doing}
    theirs = {a.actor for f in event.frames for a in f.actors if a.part in doing}
    score = 0.5 if ours & theirs else 0.0
    if not {family_of(event), *(FAMILY[trigger.event] for trigger in frame.asserted)} <= LIKE_STRIKES:
        return score
    states, others = _states([frame], DOING), _states(event.frames, DOING)
    if states and others and not states & others:
        return score - 1.5  # one state answers the strike of the other
    if not states and any(t.definite for t in frame.asserted) and _states([frame], ("speaker",)) & others:
        score += 0.5  # a force that speaks of "the strikes" speaks of its own
    return score


def _states(frames: Sequence[Frame], parts: tuple[str, ...]) -> set[str]:
    """The states whose organs play one of the parts in the frames."""
    return {hit.state for frame in frames for hit in frame.actors if hit.part in parts and hit.state}


def _fit_toll(frame: Frame, event: Event) -> float:
    score = 0.0
    for name in ("killed", "injured", "abducted", "arrested"):
        ours = {t.count.best for t in frame.tolls if t.field == name and t.count.best}
        theirs = {t.count.best for t in event.tolls(name) if t.count.best}
        if ours & theirs:
            score += 1.0
        elif ours and theirs and not frame.cues & {"revision", "again", "update"}:
            score -= 0.5
    return score
