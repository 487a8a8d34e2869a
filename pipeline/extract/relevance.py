"""Whether an article is news of a security event in the theatre, and if not, why not."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from pipeline.extract.discourse import Event
from pipeline.extract.reading import MentionReading
from pipeline.extract.scene import Scene

LEAD_SCENES = 2
CONTEXT_BAR = 4  # weight of one context in the lead from which an event of the lead is only recalled
QUIET = ("aftermath", "court", "drill", "anniversary", "statistics", "diplomacy", "analysis", "trade", "culture", "sport")
DEADLY = ("accident", "disaster", "crime")


@dataclass(frozen=True, slots=True)
class Verdict:
    """Relevance of an article with its reason."""

    relevant: bool
    score: float
    reason: str | None
    detail: str


def lead_context(scenes: Sequence[Scene]) -> Counter[str]:
    """Contexts of headline and first sentences."""
    total: Counter[str] = Counter()
    body = [scene for scene in scenes if scene.sentence.kind == "body"][:LEAD_SCENES]
    for scene in [scene for scene in scenes if scene.sentence.kind == "headline"] + body:
        total.update(scene.contexts)
    return total


def demote(events: Sequence[Event], scenes: Sequence[Scene]) -> str:
    """Make background what a lead about something else only recalls; returns that context, or nothing."""
    contexts = lead_context(scenes)
    for name in QUIET + DEADLY:
        if contexts[name] >= CONTEXT_BAR and contexts[name] >= contexts["security"]:
            for event in events:
                event.role = "background"
            return name
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
