"""Against whom or what: actors attacked, victims counted, things hit, and what follows from the kind of event."""

from __future__ import annotations

from pipeline.extract.bind import things_of, trigger_span
from pipeline.extract.discourse import FAMILY, Event, Frame
from pipeline.extract.knowledge import Knowledge
from pipeline.extract.reading import ClaimReading, Span
from pipeline.extract.scene import ActorHit
from pipeline.extract.tolls import Toll

COUNTED = ("killed", "injured", "abducted", "arrested")
OF_REACH = 5  # units from "members" to the force in "members of Iran's Revolutionary Guards"
USUAL = {"execution": "prisoners", "protest": "protesters", "raid": "militants"}


def target_claim(event: Event, event_type: str, knowledge: Knowledge) -> ClaimReading | None:
    """Whom or what it hit. A raid hunts militants, a hanging is of prisoners: where the text shows nothing better."""
    family = FAMILY[event_type]
    told = next(filter(None, (_told(frame, family, knowledge) for frame in event.frames)), None)
    if family not in USUAL or (told is not None and _is_apt(told, family, knowledge)):
        return told
    span = trigger_span(event.frames[0])
    return ClaimReading("target", span, "target.usual", value=USUAL[family], confidence=0.6)


def _is_apt(claim: ClaimReading, family: str, knowledge: Knowledge) -> bool:
    """Whether a target named in the text is one that this kind of event can have."""
    if family == "raid":
        return claim.value == "militants" or (claim.canonical_id is not None and knowledge.is_armed(claim.canonical_id))
    return family == "protest" and claim.rule == "target.victim" and claim.value != "civilians"


def _told(frame: Frame, family: str, knowledge: Knowledge) -> ClaimReading | None:
    for toll in frame.tolls:
        for hit in frame.actors:
            if hit.actor in knowledge.judgement.targets and _is_counted(hit, toll, frame):
                return _of(hit, knowledge, "target.victim")
    struck = _struck(frame, knowledge) if family == "strike" else None
    if struck is not None:
        return ClaimReading("target", Span(struck.start, struck.end), "target.struck",
                            value=knowledge.actors[struck.actor].name, canonical_id=struck.actor)  # fmt: skip
    for hit in frame.actors:
        if hit.part == "target" and hit.actor in knowledge.judgement.targets:
            return _of(hit, knowledge, "target.actor")
    things = things_of(frame, "target")
    if things and things[0][0] != "civilians":
        return _thing(things[0])
    victims = [toll for toll in frame.tolls if toll.target and toll.field in COUNTED]
    if victims:
        first = victims[0]
        return ClaimReading("target", Span(first.start, first.end), "target.victim", value=first.target)
    return _thing(things[0]) if things else None


def _struck(frame: Frame, knowledge: Knowledge) -> ActorHit | None:
    """ "The strikes destroyed two bases of the group": the armed group named behind a strike, where it does nothing."""
    strikes = [trigger.at for trigger in frame.asserted if FAMILY[trigger.event] == "strike"]
    return next(
        (
            hit
            for hit in frame.actors
            if hit.part in ("named", "target") and knowledge.is_armed(hit.actor) and any(at < hit.at for at in strikes)
        ),
        None,
    )


def _is_counted(hit: ActorHit, toll: Toll, frame: Frame) -> bool:
    """ "Two policemen", "27 members of Iran's Revolutionary Guards": the force that the figure counts."""
    row = frame.scene.row
    for group in toll.groups:
        if group.first <= hit.at <= group.last:
            return True
        after = group.last + 1
        if after < hit.at <= group.last + OF_REACH and row[after].role("relation") == "of":
            return not any(unit.mark or unit.form.keys() & {"casualty", "trigger"} for unit in row[after : hit.at])
    return False


def _thing(thing: tuple[str, Span, str]) -> ClaimReading:
    name, span, rule = thing
    return ClaimReading("target", span, rule, value=name)


def _of(hit: ActorHit, knowledge: Knowledge, rule: str) -> ClaimReading:
    value = knowledge.judgement.targets[hit.actor]
    return ClaimReading("target", Span(hit.start, hit.end), rule, value=value, canonical_id=hit.actor)
