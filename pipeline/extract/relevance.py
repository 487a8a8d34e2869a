"""Whether an article is news of a security event in the theatre, and if not, why not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pipeline.extract.discourse import Event
from pipeline.extract.reading import MentionReading
from pipeline.extract.scene import Scene

QUIET = (
    "aftermath",
    "court",
    "drill",
    "anniversary",
    "statistics",
    "diplomacy",
    "analysis",
    "trade",
    "culture",
    "sport",
)
DEADLY = ("accident", "disaster")
POLICING = frozenset({"raid", "arrest", "other", "clash"})
BAR = 3  # weight from which a context word that comes first says what a sentence is about
COURT = 6  # weight of court words from which a sentence is about a trial, whatever it recalls first
YEAR_AGO = ("period", 365)
SURE = 5  # weight from which it does so wherever it stands


@dataclass(frozen=True, slots=True)
class Verdict:
    """Relevance of an article with its reason."""

    relevant: bool
    score: float
    reason: str | None
    detail: str


def demote(events: Sequence[Event], scenes: Sequence[Scene]) -> str:
    """Make background what a lead about something else only recalls; returns that context, or nothing."""
    body = [scene for scene in scenes if scene.sentence.kind == "body"]
    if not body or not events:
        return ""
    quiet = _quiet(body[0])
    if quiet == "drill" and _speaks_for(body[0], quiet):
        quiet = ""  # the spokesman of an exercise may tell of a real strike
    if quiet == "denial" and any(toll.count.best for scene in body[:3] for toll in scene.tolls):
        quiet = ""  # what is denied is the blame, not the event
    if not quiet and body[0].contexts["court"] >= COURT and not _is_execution(body[0]):
        quiet = "court"
    context = quiet or _accident(body[:2]) or _crime(body[:2], events) or _statistics(body[:2])
    for event in events:
        if context or (event.lead and _is_recalled(event)):
            event.role = "background"
    return context


def _is_recalled(event: Event) -> bool:
    """Whether an event is told with a year and nothing nearer ("last year", "in 2010")."""
    times = event.times()
    return bool(times) and all(when.ago and (when.precision == "year" or when.key[:2] == YEAR_AGO) for when in times)


def _quiet(scene: Scene) -> str:
    """A context that the first sentence names before anything that happened."""
    told = [t.at for t in scene.triggers if t.polarity == "asserted"]
    told += [toll.first for toll in scene.tolls]
    first = min(told, default=len(scene.row))
    for i, unit in enumerate(scene.row):
        speech = unit.form.get("speech")
        if speech and speech.entry and speech.entry.get("stance") == "denied" and i < first:
            return "denial"
        sense = unit.form.get("context")
        if sense and sense.entry and int(sense.entry.get("weight", 1)) >= (BAR if i < first else SURE):
            role = str(sense.entry.attributes["role"])
            if role in QUIET and not (role in ("court", "aftermath") and _is_execution(scene)):
                return role
    return ""


def _speaks_for(scene: Scene, role: str) -> bool:
    """Whether the context only names whom the speaker speaks for ("the spokesman of the exercise said")."""
    for i, unit in enumerate(scene.row):
        sense = unit.form.get("context")
        if sense and sense.entry and sense.entry.attributes["role"] == role:
            return any("source" in before.form for before in scene.row[max(i - 4, 0) : i])
    return False


def _statistics(lead: Sequence[Scene]) -> str:
    """Figures of a month or a year, not of an event."""
    return "statistics" if any(scene.contexts["statistics"] >= BAR for scene in lead) else ""


def _is_execution(scene: Scene) -> bool:
    return any(t.event == "execution" and t.polarity == "asserted" for t in scene.triggers)


def _accident(lead: Sequence[Scene]) -> str:
    """An accident or disaster in the lead, and no violence."""
    for scene in lead:
        if any(t.entry.get("violent") and t.polarity == "asserted" for t in scene.triggers):
            return ""
        for name in DEADLY:
            if scene.contexts[name] >= BAR:
                return name
    return ""


def _crime(lead: Sequence[Scene], events: Sequence[Event]) -> str:
    """Police work against drugs, smuggling and theft without a death."""
    weight = sum(scene.contexts["crime"] for scene in lead)
    first = events[0]
    family = max(first.families, key=lambda f: first.families[f], default="other")
    if weight >= BAR and family in POLICING and not any(toll.count.best for toll in first.tolls("killed")):
        return "crime"
    return ""


def judge(mentions: Sequence[MentionReading], context: str) -> Verdict:
    """The verdict on the whole article."""
    news = [m for m in mentions if m.role == "main" and m.polarity == "asserted"]
    here = [m for m in news if m.is_in_theatre]
    if here:
        return Verdict(True, max(m.confidence for m in here), None, "")
    if news:
        return Verdict(False, 0.2, "outside_theatre", "its events lie outside the theatre")
    if mentions or context:
        return Verdict(False, 0.2, "negative_context", f"recalls events; its own news is: {context or 'none'}")
    return Verdict(False, 0.05, "no_event", "tells of no security event")
