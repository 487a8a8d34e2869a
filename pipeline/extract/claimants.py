"""What militants say: the stretches of an article that are the word of an armed group, its spokesman or its statement.

A figure inside such a stretch is a claim of one side. A group that claims an attack whose dead others have counted
("claimed the raid in which ten officers were killed") states no figure.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from pipeline.extract.knowledge import Knowledge
from pipeline.extract.scene import Scene
from pipeline.extract.units import Unit

REACH = 14  # units between a speaker and the verb of speech
AFTER = 10  # units between a verb of speech and a speaker that follows it
NAME_REACH = 8  # units between a spokesman's name and his group
OPENINGS = (",", '"', "-")  # marks after which a verb of speech stands before its subject
CONTENT_REACH = 2  # units between "claimed" and "the killing of ten"


def mark(scenes: Sequence[Scene], knowledge: Knowledge) -> None:
    """Fills `militant` of the scenes: unit ranges that an armed group says."""
    names = {name for scene in scenes for name in _spokesmen(scene.row, knowledge)}
    last: bool | None = None
    quoted: list[Scene] = []
    for scene in scenes:
        voices: list[tuple[int, bool]] = []
        for i in _verbs(scene.row):
            voice = _voice(scene.row, i, knowledge, names, last)
            if voice is not None:
                voices.append((i, voice))
                last = voice
        scene.militant = _ranges(scene.row, voices)
        if not voices and any(unit.cue("partisan") for unit in scene.row):
            scene.militant = [(0, len(scene.row))]
        if quoted and quoted[-1].sentence.block != scene.sentence.block:
            quoted = []
        if quoted and voices and voices[0][1]:  # the speaker comes after the end of a quotation of several sentences
            for before in quoted:
                before.militant = before.militant or [(0, len(before.row))]
        closed = sum(unit.text == '"' for unit in scene.row) % 2 == 0
        quoted = [*quoted, scene] if closed == bool(quoted) and not voices else []


def _spokesmen(row: Sequence[Unit], knowledge: Knowledge) -> list[str]:
    """Names of those who speak for armed groups: "BLF spokesman Gwahram Baloch"."""
    found = []
    for i, unit in enumerate(row):
        if _is_armed(unit, knowledge):  # some names of groups hold the name of their spokesman
            found += unit.text.split()
        if not unit.cue("voice"):
            continue
        near = row[max(i - NAME_REACH, 0) : i + NAME_REACH]
        if any(_is_armed(other, knowledge) for other in near):
            found += [other.text for other in near if other.capital and not other.form and not other.mark]
    return found


def _is_armed(unit: Unit, knowledge: Knowledge) -> bool:
    actor = unit.sense("actor")
    return bool(actor and actor.refs and knowledge.is_armed(actor.refs[0]))


def _verbs(row: Sequence[Unit]) -> list[int]:
    """Verbs of speech, and words of claiming that a figure follows at once."""
    found = []
    for i, unit in enumerate(row):
        claim = unit.sense("claim")
        told = bool(claim and claim.entry and claim.entry.get("speech"))
        if claim and not told:
            told = any(near.sense("casualty") for near in row[i : i + 1 + CONTENT_REACH])
        if (unit.sense("speech") and not _takes_object(row, i)) or unit.cue("tells") or told:
            found.append(i)
    return found


def _takes_object(row: Sequence[Unit], i: int) -> bool:
    """ "claimed an attack that killed eleven" claims the attack, and says nothing of the eleven."""
    if row[i].sense("casualty") is None or i + 1 >= len(row):
        return False
    return row[i + 1].cue("determiner") or row[i + 1].role("number") == "article"


def _voice(row: Sequence[Unit], i: int, knowledge: Knowledge, names: set[str], last: bool | None) -> bool | None:
    """Whether militants are the subject of the verb at i; None where that cannot be known."""
    left = range(i - 1, max(i - REACH, 0) - 1, -1)
    right = range(i + 1, min(i + AFTER, len(row)))
    inverted = i == 0 or row[i - 1].text in OPENINGS
    if row[i].sense("claim"):
        right, inverted = range(0), False
    for indices in (right, left) if inverted else (left, right):
        for j in indices:
            voice = _voice_at(row, j, knowledge, names, last)
            if voice is not None:
                return voice
            happened = row[j].sense("casualty") and not row[j].sense("speech")
            if row[j].text == ";" or happened or (j > i and row[j].cue("relative")):
                break
    return None


def _voice_at(row: Sequence[Unit], j: int, knowledge: Knowledge, names: set[str], last: bool | None) -> bool | None:
    unit = row[j]
    if j and row[j - 1].sense("relation") and row[j - 1].role("relation") not in ("of", "to"):
        return None  # "on social media", "in Iran"
    if _is_armed(unit, knowledge) or (unit.capital and not unit.form and unit.text in names):
        return True
    if unit.cue("voice"):
        near = row[max(j - 3, 0) : j + 5]
        return True if any(_is_armed(other, knowledge) for other in near) else last
    source = unit.sense("source")
    if source and source.entry:
        return bool(source.entry.get("type") == "militant")
    if unit.cue("self", "pronoun"):
        return last
    if unit.sense("actor") or unit.sense("country"):
        return False
    if unit.capital and not unit.form and j + 1 < len(row) and row[j + 1].capital and not row[j + 1].form:
        return False
    return None


def _ranges(row: Sequence[Unit], voices: Sequence[tuple[int, bool]]) -> list[tuple[int, int]]:
    """The stretches that belong to a militant voice: from its verb on, and what stands before the first verb."""
    found = []
    edges = [0, *(i for i in range(1, len(row)) if _is_break(row, i)), len(row)]
    for low, high in pairwise(edges):
        inside = [(i, voice) for i, voice in voices if low <= i < high]
        starts = [low, *(i for i, _ in inside[1:]), high]
        found += [(starts[n], starts[n + 1]) for n, (_, voice) in enumerate(inside) if voice]
    return found


def _is_break(row: Sequence[Unit], i: int) -> bool:
    """Where a voice ends: a semicolon, a colon that opens no speech, "but"."""
    if row[i].text == ":":
        return not row[i - 1].sense("speech")
    return row[i].text == ";" or row[i].cue("boundary")
