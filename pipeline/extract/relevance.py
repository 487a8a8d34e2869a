"""Whether an article is news of a security event in the theatre, and if not, why not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from pipeline.extract.dates import When
from pipeline.extract.discourse import Event, Frame
from pipeline.extract.reading import MentionReading
from pipeline.extract.scene import Scene, contexts_of
from pipeline.extract.units import Unit

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
    "genre",
    "rumour",
)
DEADLY = ("accident", "disaster")
POLICING = frozenset({"raid", "arrest", "other", "clash"})
BAR = 3  # weight from which a context word that comes first says what a sentence is about
COURT = 6  # weight of court words from which a sentence is about a trial, whatever it recalls first
YEAR_AGO = ("period", 365)
SURE = 5  # weight from which it does so wherever it stands
PLAY = 9  # weight of what only players do from which "attack" and "killed off" are of a game
OPENING = 3  # sentences that show what an article is about
VOICE = 5  # weight of the writer's own judgement from which an article is comment
QUESTION = 2  # what a question that the writer asks adds to it; one in the headline adds a half more
ATTRIBUTE = 2  # units between a day and the event that it belongs to ("Friday's deadly attack")


@dataclass(frozen=True, slots=True)
class Verdict:
    """Relevance of an article with its reason."""

    relevant: bool
    score: float
    reason: str | None
    detail: str


def demote(
    events: Sequence[Event], scenes: Sequence[Scene], headline: Sequence[Unit] = (), published: date | None = None
) -> str:
    """Make background what an article about something else only recalls; returns that context, or nothing.

    Args:
        headline: the title as a row of units; it tells the genre and a game, never an event.
        published: day of publication, which is of the article's own news and no day of what it recalls.
    """
    body = [scene for scene in scenes if scene.sentence.kind == "body"]
    if not body or not events:
        return ""
    own = _genre(headline, body) or _game(headline, body) or _news_of(body, events)
    context = own or _accident(_lead_scenes(body, events)) or _crime(body[:2], events) or _statistics(body[:2])
    for event in events:
        mishap = not event.lead and _accident([event.frames[0].scene])
        if context or mishap or (event.lead and _is_recalled(event)):
            event.role = "background"
        if own:
            _undate(event, body[0], published)
    return context


def _news_of(body: Sequence[Scene], events: Sequence[Event]) -> str:
    """The quiet context of the first sentence, where no event is its news after all."""
    quiet = _quiet(body[0])
    if quiet == "drill" and _speaks_for(body[0], quiet):
        return ""  # the spokesman of an exercise may tell of a real strike
    if quiet == "diplomacy" and body[0].tolls and _is_told_on(events, body):
        return ""  # a protest note may open the report of the deaths over which it is sent
    counted = any(toll.count.best for scene in body[:OPENING] for toll in scene.tolls)
    if quiet == "denial" and not body[0].contexts["rumour"] and (counted or body[0].militant):
        return ""  # what is denied is the blame, or the fighters' part in it, not the event
    if not quiet and body[0].contexts["court"] >= COURT and not _is_execution(body[0]):
        return "court"
    return quiet


def _is_told_on(events: Sequence[Event], body: Sequence[Scene]) -> bool:
    """Whether the second sentence places an event of the first."""
    return any(
        frame.scene is body[1] and frame.placed
        for event in events
        if len(body) > 1 and event.frames[0].scene is body[0]
        for frame in event.frames
    )


def _genre(headline: Sequence[Unit], body: Sequence[Scene]) -> str:
    """Comment, explainer or reportage: the headline says so, or the writer judges and asks in his own voice."""
    if contexts_of(headline)["genre"] >= BAR or (headline and headline[0].role("context") == "genre"):
        return "genre"
    voice = sum(scene.contexts["opinion"] + QUESTION * _asks(scene.row) for scene in body if not _is_spoken(scene))
    if headline and _asks(headline):
        voice += QUESTION + 1
    return "genre" if voice >= VOICE else ""


def _asks(row: Sequence[Unit]) -> bool:
    return bool(row) and row[-1].text in ("?", "؟")


def _is_spoken(scene: Scene) -> bool:
    """Whether somebody is heard in a sentence other than its writer."""
    return any("speech" in unit.form or unit.text == '"' for unit in scene.row)


def _game(headline: Sequence[Unit], body: Sequence[Scene]) -> str:
    """A game told in the words of war."""
    weight = contexts_of(headline)["play"] + sum(scene.contexts["play"] for scene in body[:OPENING])
    return "sport" if weight >= PLAY else ""


def _undate(event: Event, lead: Scene, published: date | None) -> None:
    """Take from a recalled event the day of the hearing, statement or ceremony that recalls it."""
    for frame in event.frames:
        frame.whens = [when for when in frame.whens if not _is_of_news(when, frame, lead, published)]
    for frame in event.context:
        frame.whens = []


def _is_of_news(when: When, frame: Frame, lead: Scene, published: date | None) -> bool:
    if frame.scene is not lead:
        return False
    if when.said:
        return True
    told = [t.at for t in frame.triggers] + [toll.anchor for toll in frame.tolls]
    if when.precision != "day" or any(0 < at - when.at <= ATTRIBUTE for at in told):
        return False
    return when.at < min(told, default=len(lead.row)) or when.first == published


def _is_recalled(event: Event) -> bool:
    """Whether an event is first told with a year, and with nothing nearer later ("last year", "in 2010")."""
    times = event.times()
    return bool(event.frames[0].told_times) and all(
        when.ago and (when.precision == "year" or when.key[:2] == YEAR_AGO) for when in times
    )


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


def _lead_scenes(body: Sequence[Scene], events: Sequence[Event]) -> list[Scene]:
    """The first sentence, and the second where it does not turn to another event."""
    elsewhere = [event.frames[0].scene for event in events if not event.lead]
    return [scene for scene in body[:2] if scene is body[0] or not any(scene is other for other in elsewhere)]


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
