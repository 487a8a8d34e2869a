"""A scene is a sentence with everything that was found in it; its clauses are where events are told."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from pipeline.extract.dates import When
from pipeline.extract.groups import Group
from pipeline.extract.lexicon import Entry
from pipeline.extract.places import Where
from pipeline.extract.text import Sentence
from pipeline.extract.tolls import Toll
from pipeline.extract.units import Unit

_BOMBS = ("bombing", "suicide_bombing", "ied_explosion")
# Types of which one sentence tells two events even where a relative clause joins them.
APART = {
    frozenset((act, other)) for act in ("execution", "arrest") for other in (*_BOMBS, "assassination", "abduction")
}
APART |= {frozenset(("other", "abduction"))}
REACH = 7  # units that a negation or an intention reaches forward


@dataclass(frozen=True, slots=True)
class Trigger:
    """A word that tells of an event, at unit `at`."""

    at: int
    entry: Entry
    event: str
    strength: str
    polarity: str
    definite: bool


@dataclass(frozen=True, slots=True)
class ActorHit:
    """An actor named in a scene and the part it plays there: claim, by, agent, blame, target, speaker or named.

    `state` is the country (ISO 3166 alpha-2) of which the actor is an organ, None for all others.
    """

    actor: str
    at: int
    part: str
    start: int
    end: int
    state: str | None = None


@dataclass(slots=True)
class Scene:
    """One sentence, read.

    Attributes:
        number: its place among the sentences of the article that count.
        contexts: weight of each context that is no incident.
        nobody: says that nobody has claimed the event.
        militant: unit ranges that are the word of an armed group, see claimants.py.
    """

    sentence: Sentence
    number: int
    row: list[Unit]
    tolls: list[Toll] = field(default_factory=list)
    groups: list[Group] = field(default_factory=list)
    whens: list[When] = field(default_factory=list)
    wheres: list[Where] = field(default_factory=list)
    triggers: list[Trigger] = field(default_factory=list)
    actors: list[ActorHit] = field(default_factory=list)
    cues: dict[str, list[int]] = field(default_factory=dict)
    contexts: Counter[str] = field(default_factory=Counter)
    countries: list[tuple[int, str, bool]] = field(default_factory=list)
    nobody: bool = False
    militant: list[tuple[int, int]] = field(default_factory=list)

    @property
    def start(self) -> int:
        """First character."""
        return self.sentence.start

    @property
    def end(self) -> int:
        """Character after the last."""
        return self.sentence.end


def cues_of(row: Sequence[Unit]) -> dict[str, list[int]]:
    """Indices of the cue words of a sentence, by role."""
    found: dict[str, list[int]] = {}
    for i, unit in enumerate(row):
        sense = unit.form.get("cue")
        for role in sense.roles if sense else ():
            found.setdefault(role, []).append(i)
    return found


def contexts_of(row: Sequence[Unit]) -> Counter[str]:
    """Weight of each context that the sentence speaks of."""
    found: Counter[str] = Counter()
    for unit in row:
        sense = unit.form.get("context")
        if sense and sense.entry:
            found[str(sense.entry.attributes["role"])] += int(sense.entry.get("weight", 1))
    return found


def countries_of(row: Sequence[Unit]) -> list[tuple[int, str, bool]]:
    """Countries named: index, code, and whether as an adjective."""
    found = []
    for i, unit in enumerate(row):
        sense = unit.form.get("country")
        if sense and sense.entry:
            found.append((i, str(sense.entry.attributes["country"]), bool(sense.entry.get("demonym"))))
    return found


def triggers_of(row: Sequence[Unit], tolls: Sequence[Toll], cues: Mapping[str, Sequence[int]]) -> list[Trigger]:
    """Event words of a sentence with their polarity."""
    found = []
    anchors = {toll.anchor for toll in tolls}
    for i, unit in enumerate(row):
        sense = unit.form.get("trigger")
        if not sense or not sense.entry:
            continue
        entry = sense.entry
        if "casualty" in unit.form and i not in anchors and entry.get("strength") != "strong":
            continue
        polarity = polarity_at(row, i, cues)
        found.append(
            Trigger(i, entry, str(entry.get("event")), str(entry.get("strength")), polarity, _definite(row, i))
        )
    return found


def _definite(row: Sequence[Unit], i: int) -> bool:
    for unit in reversed(row[max(i - 3, 0) : i]):
        if unit.cue("determiner"):
            return True
        if unit.mark or unit.role("number") or unit.sense("relation") or unit.sense("actor"):
            return False  # in "the air force shot down ..." the article is the actor's
    return False


def polarity_at(row: Sequence[Unit], i: int, cues: Mapping[str, Sequence[int]]) -> str:
    """asserted, or negated, hypothetical or planned where such a cue stands shortly before in the same clause."""
    for role, polarity in (("negation", "negated"), ("planned", "planned"), ("hypothetical", "hypothetical")):
        for at in cues.get(role, ()):
            if 0 < i - at <= REACH and not _broken(row, at, i):
                return polarity
    return "asserted"


def _broken(row: Sequence[Unit], left: int, right: int) -> bool:
    return any(
        unit.text in (",", ";", "-", ":", '"', ".")
        or unit.cue("subordinate", "boundary", "relative")
        or unit.sense("speech")
        for unit in row[left + 1 : right]
    )


def clauses_of(scene: Scene) -> list[tuple[int, int]]:
    """Unit ranges that may tell different events: cut before a subordinator when both sides tell something.

    Relative clauses stay with their noun, since "an attack that killed nine" is one event.
    """
    # "Three men accused over a blast were hanged": a passive event stands where its victims stand.
    moved = {toll.anchor: toll.first for toll in scene.tolls if toll.passive}
    told = sorted(
        {moved.get(t.at, t.at) for t in scene.triggers} | {moved.get(t.anchor, t.anchor) for t in scene.tolls}
    )
    told = sorted({*told, *(hit.at for hit in scene.actors if hit.part == "claim")})
    if len(told) < 2:
        return [(0, len(scene.row))]

    def parts(i: int) -> bool:
        return told[0] < i <= told[-1]

    cuts = [at for at in scene.cues.get("subordinate", ()) if parts(at)]
    cuts.extend(at for at in _after_opening(scene) if parts(at))
    for i, unit in enumerate(scene.row):
        if parts(i) and (unit.text == ";" or (i and "speech" in unit.form and scene.row[i - 1].text == ",")):
            cuts.append(i)
    strong = sorted((moved.get(t.at, t.at), t.event) for t in scene.triggers if t.strength == "strong")
    for (left, one), (right, other) in itertools.pairwise(strong):
        if frozenset((one, other)) in APART and not any(left < cut <= right for cut in cuts):
            cuts.extend(_seam(scene.row, left, right))
    edges = [0, *sorted(set(cuts)), len(scene.row)]
    return [(low, high) for low, high in itertools.pairwise(edges) if high > low]


def _after_opening(scene: Scene) -> list[int]:
    """The comma that closes an opening clause ("In response to the attack, ...")."""
    if not any(at <= 1 for at in scene.cues.get("cause", ())):
        return []
    return [i for i, unit in enumerate(scene.row) if unit.text == ","][:1]


def _seam(row: Sequence[Unit], left: int, right: int) -> list[int]:
    """Where two events of one sentence part: before the relative, the conjunction or the preposition of the second."""
    for i in range(right - 1, left, -1):
        if row[i].cue("relative", "coordination", "subordinate"):
            return [i]
    for i in range(right - 1, left, -1):
        if row[i].role("relation"):
            return [i]
    return []
