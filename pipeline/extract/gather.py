"""From clauses to events: which sentences tell of one event."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from pipeline.extract import geography
from pipeline.extract.discourse import (
    FAMILY,
    Event,
    Frame,
    frames_of,
    is_cause,
    is_claim,
    is_consequence,
    is_eventful,
    opens_as_past,
    separates,
)
from pipeline.extract.fit import fit
from pipeline.extract.numbers import plain_value
from pipeline.extract.places import WIDE
from pipeline.extract.role import role_of
from pipeline.extract.scene import Scene

OPENING = 2  # units into a sentence at which its place opens it
ASIDE = 1.5  # what a sentence loses against an event that was only named aside


def gather(scenes: Sequence[Scene], published: date | None) -> list[Event]:
    """Events of an article in the order in which they are first told."""
    events: list[Event] = []
    current: Event | None = None
    heading_before = False
    pending: list[Frame] = []
    topic: Frame | None = None
    answered: Event | None = None  # what the clause before names as its cause: another event than the one to come
    for scene in scenes:
        if scene.sentence.kind == "heading":
            heading_before = True
            continue
        current = _host(current, events)
        for frame in frames_of(scene):
            if not is_eventful(frame):
                if current is None:
                    pending.append(frame)
                elif _adds(frame):
                    _attach(current, frame)
                else:
                    current.around.append(frame)
                    topic = frame if frame.told_times else topic
                continue
            if topic is not None:
                _take_time(frame, topic)
                topic = None
            others = [e for e in events if e is not answered or answered.frames[-1].scene is not scene]
            event = _match(frame, others, current, heading_before)
            if event is None and current is not None and _is_echo(frame):
                event = current
            if event is None:
                event = Event(len(events), context=pending if not events else [])
                event.separate = separates(frame) or heading_before or _opens_with_place(frame)
                event.parent = next((e for e in events if _is_summary(e) and _is_part_of(frame, e)), None)
                event.embedded = not frame.first_in_scene and bool(events) and events[-1].frames[0].scene is scene
                events.append(event)
            _attach(event, frame)
            answered = event if is_cause(frame) and frame.first_in_scene else None
            current = event
            heading_before = False
    events = _drop_summaries(events)
    _share_claims(events, pending)
    if events:
        _lead(events).lead = True
    for event in events:
        event.role = role_of(event, events, published)
    return events


def _host(current: Event | None, events: Sequence[Event]) -> Event | None:
    """After an event that the sentence before only named aside, the text goes on with the one it told."""
    if current is None or not _is_named_aside(current, events):
        return current
    scene = current.frames[0].scene
    return next((e for e in reversed(events) if e is not current and e.frames[-1].scene is scene), current)


def _is_named_aside(event: Event, events: Sequence[Event]) -> bool:
    """Whether an event was only named aside as past in a sentence about another one ("a day after ...")."""
    if not event.embedded or not all(opens_as_past(frame) for frame in event.frames):
        return False
    return not is_consequence(events[0])  # who is arrested over a bombing is news of the bombing as well


def _names_it(frame: Frame, event: Event) -> bool:
    """Whether a frame stands in the sentence of an event or names its place."""
    known = {w.place.place_id for f in event.frames for w in f.placed if w.place is not None}
    named = any(w.place is not None and w.place.place_id in known for w in frame.placed)
    return named or event.frames[0].scene is frame.scene


def _is_echo(frame: Frame) -> bool:
    """Only "the attack" and nothing new: no time, place or figure of its own."""
    return (
        bool(frame.asserted) and all(trigger.definite for trigger in frame.asserted)
        and not (frame.told_times or frame.placed or frame.tolls)
    )  # fmt: skip


def _take_time(frame: Frame, topic: Frame) -> None:
    """A sentence that only sets the time lends it to the next one of its paragraph."""
    near = frame.scene.number - topic.scene.number <= 2 and frame.scene.sentence.block == topic.scene.sentence.block
    if near and not frame.told_times:
        frame.whens = [*frame.whens, *topic.told_times]


def _share_claims(events: Sequence[Event], opening: Sequence[Frame]) -> None:
    """A claim of "the attacks", or one that opens the article, is a claim of every event without another author."""
    told = [frame for event in events for frame in event.frames]
    shared = [f for f in (*opening, *told) if is_claim(f) and (f in opening or "all" in f.cues or _first_body(f))]
    if not shared:
        return
    claim = Event(-1, frames=shared[:1])
    for event in events:
        own = any(a.part in ("claim", "by", "agent") for f in event.frames for a in f.actors)
        if event.parent is None and not own and not any("unknown" in f.cues for f in event.frames):
            event.claim = claim


def _first_body(frame: Frame) -> bool:
    return frame.scene.sentence.kind == "body" and frame.scene.number <= 1


def _is_summary(event: Event) -> bool:
    """A lead that names several places at once sums up what follows."""
    if event.number:
        return False
    first = event.frames[0]
    places = [w for w in first.placed if w.role != "between" and w.place is not None]
    apart = any(not geography.compatible(a, b) for n, a in enumerate(places) for b in places[n + 1 :])
    return apart or (not places and _counts_events(first))


def _counts_events(frame: Frame) -> bool:
    """ "three separate operations", "two attacks", "in three towns"."""
    row = frame.scene.row
    nouns = [i for i, unit in enumerate(row) if "place_noun" in unit.form] if frame.triggers else []
    return any(
        plain_value(row, i) is not None and (plain_value(row, i) or (0, 0))[0] > 1
        for at in [*(trigger.at for trigger in frame.triggers), *nouns]
        for i in range(max(at - 3, 0), at)
    )


def _is_part_of(frame: Frame, summary: Event) -> bool:
    """Whether the frame tells of one of the places of a summary, in a sentence of its own."""
    if frame.scene is summary.frames[0].scene or not frame.placed:
        return False
    places = [w for w in summary.frames[0].placed if w.place is not None]
    if not places:
        return True
    hits = [w for w in places if any(geography.compatible(w, mine) for mine in frame.placed)]
    return 0 < len(hits) < len(places)


def _drop_summaries(events: list[Event]) -> list[Event]:
    """A summary goes where at least two events below tell it in detail; a single one is the summary itself."""
    for summary in [event for event in events if any(other.parent is event for other in events)]:
        children = [event for event in events if event.parent is summary]
        if len(children) >= 2:
            events = [event for event in events if event is not summary]
            for child in children:
                child.separate = True
        else:
            for frame in children[0].frames:
                _attach(summary, frame)
            events = [event for event in events if event is not children[0]]
    return events


def _lead(events: Sequence[Event]) -> Event:
    """The first event that is not told as past; the very first where all are."""
    for event in events[:3]:
        first = event.frames[0]
        if event.embedded or any(when.ago for when in first.told_times):
            continue
        return event
    return events[0]


def _adds(frame: Frame) -> bool:
    """A frame without an event of its own that may say more about the current one."""
    if frame.tolls and separates(frame):
        return False  # "Another explosion caused no casualties": none of another event
    return bool(
        frame.tolls
        or any(a.part in ("claim", "blame", "by") for a in frame.actors)
        or "again" in frame.cues
        or frame.scene.nobody
    )


def _attach(event: Event, frame: Frame) -> None:
    event.frames.append(frame)
    weight = 6 if len(event.frames) == 1 else 2
    for trigger in frame.asserted:
        family = FAMILY[trigger.event]
        strength = {"strong": 3, "firm": 2}.get(trigger.strength, 1)
        event.families[family] += weight * strength if not trigger.definite or len(event.frames) == 1 else 1
    for toll in frame.tolls:
        if toll.event != "none" and not frame.asserted:
            event.families[FAMILY[toll.event]] += weight


def _opens_with_place(frame: Frame) -> bool:
    """ "In Kalat, ten people were killed": a round-up names the next place first."""
    return frame.first_in_scene and any(
        where.role == "in" and where.level not in WIDE and where.at <= frame.low + OPENING for where in frame.wheres
    )


def _match(frame: Frame, events: Sequence[Event], current: Event | None, heading: bool) -> Event | None:
    best: Event | None = None
    best_score = 0.0
    for event in events:
        if _is_summary(event) and _is_part_of(frame, event):
            continue
        score = fit(frame, event) + (0.75 if event is current else 0.0) + (0.25 if event.number == 0 else 0.0)
        score -= 1.25 if heading and event is current else 0.0
        score -= ASIDE if _is_named_aside(event, events) and not _names_it(frame, event) else 0.0
        if score > best_score:
            best, best_score = event, score
    return best
