"""Who does what to whom: the part that each named actor plays in a sentence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pipeline.extract.scene import ActorHit, Trigger
from pipeline.extract.tolls import Toll
from pipeline.extract.units import Unit

CLOSE, NEAR, FAR = 4, 7, 18
PARTICIPLES = frozenset({"martyred", "killed", "injured", "wounded", "hurt"})


def actors_of(
    row: Sequence[Unit], triggers: Sequence[Trigger], tolls: Sequence[Toll], states: Mapping[str, str]
) -> tuple[list[ActorHit], bool]:
    """All actors of a sentence with their parts, and whether it says that nobody has claimed the event.

    `states` has the country of each actor that is an organ of a state, by actor id.
    """
    found: list[ActorHit] = []
    nobody = False
    told = {trigger.at for trigger in triggers}
    for i, unit in enumerate(row):
        sense = unit.form.get("claim")
        if sense and sense.entry and sense.entry.get("by") == "nobody":
            nobody = True
        actor = _actor(unit)
        if not actor:
            continue
        part = part_of(row, i, told, tolls, nobody)
        found.append(ActorHit(actor, i, part, unit.start, unit.end, states.get(actor)))
    return found, nobody


def _actor(unit: Unit) -> str | None:
    """Id of the actor that the unit names, or stands for ("border guards")."""
    sense = unit.form.get("actor")
    if sense:
        return sense.refs[0]
    victim = unit.form.get("victim")
    return victim.entry.get("actor") if victim and victim.entry else None


def part_of(row: Sequence[Unit], i: int, told: set[int], tolls: Sequence[Toll], nobody: bool) -> str:
    """The part of the actor at unit i, most telling first."""
    if not nobody and _claims(row, i):
        return "claim"
    if _after(row, i, "claim", "after"):
        return "claim"
    if _is_agent_phrase(row, i, told):
        return "by"
    if _after(row, i, "blame", "after") or _before(row, i, "blame", "before"):
        return "blame"
    if _is_victim(row, i, tolls):
        return "victim"
    if _is_object(row, i, told) or _suffers(row, i):
        return "target"
    if _is_subject(row, i, told, tolls):
        return "agent"
    if i + 1 < len(row) and i + 1 in told and row[i + 1].sense("trigger"):
        return "agent"
    if _speaks(row, i):
        return "speaker"
    return "named"


def _claims(row: Sequence[Unit], i: int) -> bool:
    """A claim of responsibility follows, with no other actor between, or "said it had ..." with an event word."""
    spoken = False
    for j in range(_after_apposition(row, i), min(i + FAR, len(row))):
        unit = row[j]
        sense = unit.form.get("claim")
        if sense and sense.entry:
            return bool(sense.entry.get("by") == "before")
        if spoken and unit.cue("self"):
            later = row[j + 1 : j + 1 + NEAR]
            if any(kind in unit.form for unit in later for kind in ("trigger", "casualty", "blame")):
                return True
        speech = unit.form.get("speech")
        if speech and speech.entry and speech.entry.get("stance") == "claimed":
            near = row[j + 1 : j + 1 + CLOSE]
            if any("casualty" in later.form or "trigger" in later.form or later.cue("all") for later in near):
                return True
        spoken = spoken or speech is not None
        if unit.sense("actor") or unit.text == ";" or unit.cue("agent"):
            return False
    return False


def _after_apposition(row: Sequence[Unit], i: int) -> int:
    """The unit after "BRAS, an alliance of groups,"."""
    if i + 1 < len(row) and row[i + 1].text in (",", "("):
        if i + 2 < len(row) and row[i + 2].cue("relative"):
            return i + 1  # "the BLA, which claimed the raid, said ..."
        for j in range(i + 2, min(i + FAR, len(row))):
            if row[j].text in (",", ")"):
                return j + 1
    return i + 1


def _after(row: Sequence[Unit], i: int, kind: str, side: str) -> bool:
    """A claim or blame stands shortly before the actor."""
    for j in range(i - 1, max(i - NEAR, -1), -1):
        unit = row[j]
        sense = unit.form.get(kind)
        if sense and sense.entry:
            return bool(sense.entry.get("by") == side)
        if unit.text in (".", ";", ":") or unit.sense("actor") or unit.sense("trigger"):
            return False
    return False


def _before(row: Sequence[Unit], i: int, kind: str, side: str) -> bool:
    for j in range(i + 1, min(i + NEAR, len(row))):
        unit = row[j]
        sense = unit.form.get(kind)
        if sense and sense.entry:
            return bool(sense.entry.get("by") == side)
        if unit.mark or unit.sense("actor") or unit.sense("trigger"):
            return False
    return False


def _is_agent_phrase(row: Sequence[Unit], i: int, told: set[int]) -> bool:
    """ "killed by the Revolutionary Guards", "in an attack by fighters of the BLA"."""
    listed = False
    for j in range(i - 1, max(i - NEAR, -1), -1):
        unit = row[j]
        if listed and unit.sense("actor"):
            return False  # "the attack by Pakistan, the IRGC launched ..."
        listed = listed or unit.text == ","
        if unit.cue("agent") or (unit.role("relation") == "from" and i - j <= 2):
            return any(k in told or row[k].sense("casualty") for k in range(max(j - NEAR, 0), j))
        if unit.text in (".", ";", ":") or unit.sense("speech") or unit.sense("casualty"):
            return False
        if unit.sense("trigger") or unit.cue("subordinate"):
            return False
    return False


def _suffers(row: Sequence[Unit], i: int) -> bool:
    """ "The convoy of the corps came under fire", "Corps men martyred in the town": no agent, though it comes first."""
    for j in range(i + 1, min(i + CLOSE, len(row))):
        unit = row[j]
        if unit.text.startswith(("came under", "come under", "comes under")):
            return True
        if unit.sense("casualty"):
            return unit.text in PARTICIPLES and (j + 1 == len(row) or row[j + 1].role("relation") in ("in", "near"))
        if not unit.form.keys() & {"victim", "target"}:
            return False
    return False


def _is_victim(row: Sequence[Unit], i: int, tolls: Sequence[Toll]) -> bool:
    return any(group.first <= i <= group.last for toll in tolls for group in toll.groups)


def _is_object(row: Sequence[Unit], i: int, told: set[int]) -> bool:
    """ "attacked an FC camp", "attack on the IRGC", "operation against the group"."""
    for j in range(i - 1, max(i - NEAR, -1), -1):
        unit = row[j]
        if j in told:
            return True
        if unit.text in (".", ";", ":", ",") or unit.sense("speech") or unit.sense("casualty"):
            return unit.sense("casualty") is not None and not unit.mark
        if unit.cue("auxiliary", "subordinate", "relative", "agent", "coordination"):
            return False
        if unit.role("relation") in ("from", "of", "to"):
            return False
    return False


def _is_subject(row: Sequence[Unit], i: int, told: set[int], tolls: Sequence[Toll]) -> bool:
    """ "BLA fighters attacked", "security forces killed": an active event word follows."""
    if _governed(row, i):
        return False
    passive = {toll.anchor for toll in tolls if toll.passive}
    active = {toll.anchor for toll in tolls if not toll.passive}
    for j in range(i + 1, min(i + FAR, len(row))):
        unit = row[j]
        if j in active:
            return True
        if j in passive or unit.cue("agent"):
            return False
        if j in told and not _was(row, j):
            noun = row[j - 1].cue("determiner") or row[j - 1].role("number") == "article"
            return not noun or j - i <= NEAR
        if unit.sense("actor") or unit.text in (";", ":") or (unit.sense("speech") and j - i < 4):
            return False
    return False


def _governed(row: Sequence[Unit], i: int) -> bool:
    """Whether a preposition rules the actor ("into Pakistan", "of the army")."""
    j = i - 1
    while j >= 0 and (row[j].cue("determiner", "adjective") or row[j].role("number") == "article"):
        j -= 1
    if j < 1 or row[j].role("relation") is None:
        return False
    # "fighters of the BLA", "aircraft from the air force": the head of the phrase acts for the actor.
    return not (
        row[j].role("relation") in ("of", "from")
        and (row[j - 1].sense("victim") or row[j - 1].cue("aircraft") or not row[j - 1].form)
    )


def _was(row: Sequence[Unit], j: int) -> bool:
    return any(unit.cue("auxiliary") for unit in row[max(j - 2, 0) : j])


def _speaks(row: Sequence[Unit], i: int) -> bool:
    near = [*row[max(i - 4, 0) : i], *row[i + 1 : i + 6]]
    return any(unit.sense("speech") for unit in near)
