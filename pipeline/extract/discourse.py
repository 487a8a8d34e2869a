"""Frames and events: the clauses of an article that tell of something, and what is gathered from them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from pipeline.extract.dates import When
from pipeline.extract.places import WIDE, Where
from pipeline.extract.scene import ActorHit, Scene, Trigger, clauses_of
from pipeline.extract.tolls import Toll

FAMILY = {
    "bombing": "explosion", "suicide_bombing": "explosion", "ied_explosion": "explosion",
    "air_strike": "strike", "drone_strike": "strike", "missile_strike": "strike", "shelling": "strike",
    "armed_attack": "assault", "ambush": "assault", "assassination": "assault",
    "armed_clash": "clash", "border_skirmish": "clash", "raid_operation": "raid", "arrest": "arrest",
    "abduction": "abduction", "execution": "execution", "protest_crackdown": "protest", "other": "other",
}  # fmt: skip


@dataclass(slots=True)
class Frame:
    """A clause that tells of an event, or adds to one."""

    scene: Scene
    low: int
    high: int
    triggers: list[Trigger]
    tolls: list[Toll]
    whens: list[When]
    wheres: list[Where]
    actors: list[ActorHit]
    cues: set[str]
    first_in_scene: bool

    @property
    def extent(self) -> tuple[int, int]:
        """Characters of the clause."""
        row = self.scene.row[self.low : self.high]
        return (row[0].start, row[-1].end) if row else (self.scene.start, self.scene.end)

    @property
    def strong(self) -> list[Trigger]:
        """Asserted triggers that name a type."""
        return [t for t in self.triggers if t.strength == "strong" and t.polarity == "asserted"]

    @property
    def asserted(self) -> list[Trigger]:
        """Asserted triggers."""
        return [t for t in self.triggers if t.polarity == "asserted"]

    @property
    def told_times(self) -> list[When]:
        """Times of events, not of speech."""
        return [when for when in self.whens if not when.said]

    @property
    def placed(self) -> list[Where]:
        """Places below the province where things happen."""
        return [w for w in self.wheres if w.role in ("in", "near", "attr", "between") and w.level not in WIDE]


@dataclass(slots=True)
class Event:
    """An event of the article, gathered from its frames."""

    number: int
    frames: list[Frame] = field(default_factory=list)
    families: Counter[str] = field(default_factory=Counter)
    role: str = "main"
    lead: bool = False
    separate: bool = False
    parent: Event | None = None
    embedded: bool = False
    claim: Event | None = None
    context: list[Frame] = field(default_factory=list)
    around: list[Frame] = field(default_factory=list)

    @property
    def scenes(self) -> list[int]:
        """Numbers of its sentences."""
        return [frame.scene.number for frame in self.frames]

    def times(self) -> list[When]:
        """Its own time expressions."""
        return [when for frame in self.frames for when in frame.told_times]

    def places(self) -> list[Where]:
        """Its own places below the province, else those of the sentences around it."""
        own = [where for frame in self.frames for where in frame.placed]
        return own or [where for frame in (*self.context, *self.around) for where in frame.placed]

    def tolls(self, name: str) -> list[Toll]:
        """Its figures of one field."""
        return [toll for frame in self.frames for toll in frame.tolls if toll.field == name]


def frames_of(scene: Scene) -> list[Frame]:
    """The clauses of a scene as frames."""
    clauses = clauses_of(scene)
    # "Three men accused over a blast were hanged at dawn": the hanging belongs to the clause of its victims.
    moved = {
        toll.anchor: toll.first
        for toll in scene.tolls
        if toll.passive and _clause(clauses, toll.anchor) != _clause(clauses, toll.first)
    }

    def home(i: int) -> int:
        anchor = max((a for a in moved if a <= i and _clause(clauses, a) == _clause(clauses, i)), default=None)
        return _clause(clauses, i if anchor is None else moved[anchor])

    frames = []
    for n, (low, high) in enumerate(clauses):
        cues = {role for role, places in scene.cues.items() if any(low <= at < high for at in places)}
        frame = Frame(
            scene, low, high,
            [t for t in scene.triggers if home(t.at) == n],
            [t for t in scene.tolls if home(t.anchor) == n],
            [w for w in scene.whens if home(w.at) == n],
            [w for w in scene.wheres if home(w.at) == n],
            [a for a in scene.actors if home(a.at) == n],
            cues, n == 0,
        )  # fmt: skip
        if _points_back(frame):
            frame.cues.add("again")
        _mark_news_time(frame)
        frames.append(frame)
    return frames


def _mark_news_time(frame: Frame) -> None:
    """ "The toll rose to 15 on Tuesday": the day of the new figure is not that of the event."""
    for at in frame.scene.cues.get("revision", ()):
        if frame.low <= at < frame.high and frame.tolls:
            frame.whens = [
                replace(when, said=True)
                if when.at > at and not any(at < t.at < when.at for t in frame.triggers)
                else when
                for when in frame.whens
            ]


def _clause(clauses: Sequence[tuple[int, int]], i: int) -> int:
    return next((n for n, (low, high) in enumerate(clauses) if low <= i < high), 0)


def _points_back(frame: Frame) -> bool:
    """ "the attack", "the gunmen", "the victims": something told before."""
    if any(trigger.definite for trigger in frame.triggers):
        return True
    row = frame.scene.row
    return any(
        row[i].cue("determiner") and "victim" in row[i + 1].form
        for i in range(frame.low, min(frame.high, len(row)) - 1)
    )


def is_eventful(frame: Frame) -> bool:
    """Whether the frame tells that something happened."""
    if frame.asserted:
        exact = any(when.precision in ("day", "days") or when.key[0] == "weekday" for when in frame.told_times)
        return not ("aggregate" in frame.cues and not frame.tolls and not exact)
    return any(toll.count.best or toll.count.low or toll.count.high for toll in frame.tolls)


def opens_as_past(frame: Frame) -> bool:
    """A cue of background before the first event word of the clause, or "a month after" right before the clause."""
    row, low = frame.scene.row, frame.low
    if 1 < low < len(row) and row[low].role("date_word") == "after" and row[low - 1].role("date_word") == "unit":
        return True
    told = min([t.at for t in frame.asserted] + [t.anchor for t in frame.tolls], default=frame.high)
    return any(frame.low <= at < told for at in frame.scene.cues.get("background", ()))


def is_cause(frame: Frame) -> bool:
    """A clause that tells what the event before it answers ("in retaliation for an attack ...")."""
    return any(frame.low <= at <= frame.low + 1 for at in frame.scene.cues.get("cause", ()))


def separates(frame: Frame) -> bool:
    """A "separately" that opens the sentence."""
    return frame.first_in_scene and any(at <= frame.low + 3 for at in frame.scene.cues.get("separate", ()))


def is_claim(frame: Frame) -> bool:
    """Whether somebody claims what the frame tells."""
    return any(actor.part == "claim" for actor in frame.actors)


def family_of(event: Event) -> str:
    """The family that most of its words tell, empty where none does."""
    return max(event.families, key=lambda name: event.families[name], default="")


def is_consequence(event: Event) -> bool:
    """Arrests, executions and releases follow something that their sentence recalls."""
    family = max(event.families, key=lambda name: event.families[name], default="other")
    return family in ("arrest", "execution", "other")
