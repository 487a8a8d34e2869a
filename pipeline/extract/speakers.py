"""Who says it: the speaker of a sentence, what kind of speaker that is, and how it is said."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from pipeline.extract.discourse import Event
from pipeline.extract.knowledge import Knowledge
from pipeline.extract.reading import ClaimReading, Span
from pipeline.extract.scene import Scene
from pipeline.extract.units import Unit

REACH = 9
NEAR = 3  # sentences from the last that tells of an event in which its sources still speak
APPOSITION = 8  # units back from a title to the comma after the name that bears it
PRONOUNS = frozenset({"he", "she", "it", "they"})
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
    """All speakers that the sentence names, in the order of their verbs of speech; "...: ISPR" ends a headline."""
    row, found = scene.row, []
    for i, unit in enumerate(row):
        sense = unit.form.get("speech")
        if not sense or not sense.entry:
            continue
        stance = str(sense.entry.get("stance", "reported"))
        opening = _opening(row, i)
        if opening is not None:
            found.append(_of(row, opening, text, "government", stance))
            continue
        before, after = range(i - 1, max(i - REACH, -1), -1), range(i + 1, min(i + REACH, len(row)))
        for indices in {"after": (after,), "before": (before,)}.get(str(sense.entry.get("order")), (before, after)):
            if indices is before and before and row[i - 1].text in PRONOUNS:
                break
            speaker = _in_range(row, indices, text, stance)
            if speaker is not None:
                found.append(speaker)
                break
    if not found and len(row) > 2 and row[-2].text == ":" and row[-1].form.keys() & {"source", "actor"}:
        speaker = _in_range(row, (len(row) - 1,), text, "reported")
        found += [speaker] if speaker else []
    return found


def telling(
    event: Event, event_type: str, text: str, knowledge: Knowledge, before: Sequence[ClaimReading]
) -> list[ClaimReading]:
    """Who tells of the event: one claim of its type for each source, with the sentence as evidence.

    The sentences are those of the event and the ones right after, as an article names its source once; an event of a
    round-up that names none has the source of the event `before` it.
    """
    found: dict[frozenset[str], ClaimReading] = {}
    last = -NEAR
    own = {frame.scene.number for frame in event.frames}
    scenes = {frame.scene.number: frame.scene for frame in (*event.frames, *event.around)}
    for number in sorted(scenes):
        last = number if number in own else last
        if number - last > NEAR or (number not in own and scenes[number].cues.keys() & {"background", "habit"}):
            continue
        span = Span(scenes[number].start, scenes[number].end)
        for speaker in (*speakers_of(scenes[number], text), *_claimants(scenes[number], text, knowledge)):
            typed = _typed(speaker, knowledge)
            claim = ClaimReading("event_type", span, "speaker.tells", value=event_type, speaker=typed.name,
                                 speaker_type=typed.type, stance=typed.stance)  # fmt: skip
            name = frozenset(str(typed.name).casefold().split())
            if typed.stance != "denied" and not any(name <= other for other in found):
                found = {other: kept for other, kept in found.items() if not other < name} | {name: claim}
    if found or event.role != "main":
        return list(found.values())
    return [replace(claim, rule="speaker.carried", value=event_type, confidence=0.5) for claim in before[:1]]


def _claimants(scene: Scene, text: str, knowledge: Knowledge) -> list[Speaker]:
    """Groups that claim it: they tell of it too."""
    return [
        Speaker(text[hit.start : hit.end], "actor", "claimed", hit.start, hit.end, hit.actor)
        for hit in scene.actors
        if hit.part == "claim" and knowledge.is_armed(hit.actor)
    ]


def speaker_of(scene: Scene, text: str, knowledge: Knowledge) -> Speaker:
    """The first speaker of a sentence, or the outlet. What a militant says is a claim."""
    found = speakers_of(scene, text)
    return _typed(found[0], knowledge) if found else OUTLET


def _typed(speaker: Speaker, knowledge: Knowledge) -> Speaker:
    """The speaker with the kind of its actor; what a militant reports is a claim."""
    kind = speaker.type
    if speaker.actor is not None:
        kind = TYPES.get(knowledge.actors[speaker.actor].kind, "government")
    stance = "claimed" if kind == "militant" and speaker.stance == "reported" else speaker.stance
    return replace(speaker, type=kind, stance=stance)


def _in_range(row: Sequence[Unit], indices: Sequence[int], text: str, stance: str) -> Speaker | None:
    """The first of the units that may speak: a source, an actor, a name. A figure or a full stop ends the search."""
    for at, j in enumerate(indices):
        unit = row[j]
        source = unit.form.get("source")
        if source and source.entry:
            bearer = _before if indices[0] > indices[-1] else _behind
            return _of(row, bearer(row, *_extent(row, j)), text, str(source.entry.get("type")), stance)
        actor = unit.form.get("actor")
        if actor:
            return Speaker(text[unit.start : unit.end], "actor", stance, unit.start, unit.end, actor.refs[0])
        if (at == 0 and _is_name(unit)) or (_fits(unit) and _has_name(row[max(j - 1, 0) : j + 2]) and _in_name(row, j)):
            return _of(row, _extent(row, j), text, "government", stance)
        if unit.text in (";", ".") or unit.sense("casualty"):
            return None
    return None


def _of(row: Sequence[Unit], extent: tuple[int, int], text: str, kind: str, stance: str) -> Speaker:
    start, end = row[extent[0]].start, row[extent[1]].end
    return Speaker(text[start:end], kind, stance, start, end)


def _is_name(unit: Unit) -> bool:
    """A capitalised word that nothing else knows."""
    return unit.capital and not unit.form and not unit.mark and len(unit.text) > 1 and unit.number is None


def _fits(unit: Unit) -> bool:
    """A word that may stand in a name beside one that is a name: surnames after tribes and towns."""
    return unit.capital and not unit.mark and len(unit.text) > 2 and not unit.form.keys() - {"cue", "place"}


def _has_name(units: Sequence[Unit]) -> bool:
    return any(map(_is_name, units))


def _in_name(row: Sequence[Unit], j: int) -> bool:
    return any(0 <= n < len(row) and _fits(row[n]) for n in (j - 1, j + 1))


def _extent(row: Sequence[Unit], j: int) -> tuple[int, int]:
    """First and last unit of a title with the capitalised name around it; "(SHO)" may stand between."""
    low = high = j
    while high + 1 < len(row):
        step = 4 if high + 4 < len(row) and row[high + 1].text == "(" and row[high + 3].text == ")" else 1
        following = row[high + step]
        if not following.capital or following.form.keys() & {"speech", "weekday", "month"}:
            break
        if (
            "place" in following.form
            and not _is_name(row[high])
            and not _has_name(row[high + step + 1 : high + step + 2])
        ):
            break
        high += step
    while low > 0 and (
        (row[low - 1].capital and not row[low - 1].form.keys() - {"source"})
        or (_fits(row[low - 1]) and _is_name(row[low]) and "place" not in row[low - 1].form)
        or (low == j and "place" in row[low].form and _is_name(row[low - 1]))
    ):
        low -= 1
    return low, high


def _before(row: Sequence[Unit], low: int, high: int) -> tuple[int, int]:
    """ "Name Surname, the deputy governor of the province, said": the name rather than the office."""
    if _has_name(row[low : high + 1]):
        return low, high
    for j in range(low - 1, max(low - APPOSITION, 0), -1):
        if row[j].text == "," and _fits(row[j - 1]) and _has_name(row[max(j - 2, 0) : j]):
            return _extent(row, j - 1)
        if row[j].mark and row[j].text != ",":
            break
    return low, high


def _behind(row: Sequence[Unit], low: int, high: int) -> tuple[int, int]:
    """ "according to the governor of the town, Name Surname": the name rather than the office."""
    if _has_name(row[low : high + 1]):
        return low, high
    for j in range(high + 1, min(high + APPOSITION, len(row) - 1)):
        if row[j].text == ",":
            return _extent(row, j + 1) if _is_name(row[j + 1]) and _in_name(row, j + 1) else (low, high)
        if row[j].mark or row[j].form.keys() & {"speech", "casualty", "trigger"}:
            break
    return low, high


def _opening(row: Sequence[Unit], verb: int) -> tuple[int, int] | None:
    """ "Name Surname, attorney general in the province where it happened, said": the name that opens the sentence."""
    if verb < 4 or row[verb - 1].text != "," or not (_fits(row[0]) and _has_name(row[:2]) and _in_name(row, 0)):
        return None
    low, high = _extent(row, 0)
    return (low, high) if row[high + 1].text == "," and high + 1 < verb - 1 else None
