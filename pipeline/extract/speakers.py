"""Who says it: the speaker of a sentence, what kind of speaker that is, and how it is said."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from pipeline.extract.knowledge import Knowledge
from pipeline.extract.scene import Scene
from pipeline.extract.units import Unit

REACH = 9
TYPES = {"rebel": "militant", "militia": "militant", "state_force": "military", "paramilitary": "military",
         "police": "police", "government": "government", "foreign_state": "government"}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Speaker:
    """A speaker; name is None where the outlet itself reports."""

    name: str | None
    type: str
    stance: str
    start: int = 0
    end: int = 0
    actor: str | None = None


OUTLET = Speaker(None, "media", "reported")


def speakers_of(scene: Scene, text: str) -> list[Speaker]:
    """All speakers that the sentence names, nearest to its verb of speech first."""
    found: list[Speaker] = []
    for i, unit in enumerate(scene.row):
        sense = unit.form.get("speech")
        if not sense or not sense.entry:
            continue
        stance = str(sense.entry.get("stance", "reported"))
        for indices in (range(i - 1, max(i - REACH, -1), -1), range(i + 1, min(i + REACH, len(scene.row)))):
            speaker = _in_range(scene.row, indices, text, stance)
            if speaker is not None:
                found.append(speaker)
                break
    return found


def speaker_of(scene: Scene, text: str, knowledge: Knowledge) -> Speaker:
    """The first speaker of a sentence, or the outlet. What a militant says is a claim."""
    found = speakers_of(scene, text)
    if not found:
        return OUTLET
    speaker = found[0]
    if speaker.actor is None:
        claimed = speaker.type == "militant" and speaker.stance == "reported"
        return replace(speaker, stance="claimed") if claimed else speaker
    kind = TYPES.get(knowledge.actors[speaker.actor].kind, "government")
    stance = "claimed" if kind == "militant" and speaker.stance == "reported" else speaker.stance
    return replace(speaker, type=kind, stance=stance)


def _in_range(row: Sequence[Unit], indices: Sequence[int], text: str, stance: str) -> Speaker | None:
    for j in indices:
        unit = row[j]
        source = unit.form.get("source")
        if source and source.entry:
            start, end = _extent(row, j)
            return Speaker(text[start:end], str(source.entry.get("type")), stance, start, end)
        actor = unit.form.get("actor")
        if actor:
            return Speaker(text[unit.start : unit.end], "actor", stance, unit.start, unit.end, actor.refs[0])
        if unit.capital and not unit.form and j + 1 < len(row) and row[j + 1].capital and not row[j + 1].form:
            start, end = _extent(row, j)
            return Speaker(text[start:end], "government", stance, start, end)
        if unit.text in (";", ".") or unit.sense("casualty"):
            return None
    return None


def _extent(row: Sequence[Unit], j: int) -> tuple[int, int]:
    """A title with the capitalised name around it."""
    low = high = j
    while high + 1 < len(row) and row[high + 1].capital and not row[high + 1].form.keys() & {"place", "speech", "weekday"}:
        high += 1
    while low > 0 and row[low - 1].capital and not row[low - 1].form:
        low -= 1
    return row[low].start, row[high].end
