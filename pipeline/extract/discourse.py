"""From clauses to events: which sentences tell of one event, and which event is the news."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date

from pipeline.extract import geography
from pipeline.extract.dates import When
from pipeline.extract.numbers import plain_value
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

# Families that one event may show together, as when fighters attack with explosives and a clash follows.
KIN = {
    frozenset(pair)
    for pair in (
        ("explosion", "assault"), ("assault", "clash"), ("clash", "raid"), ("raid", "arrest"), ("clash", "arrest"),
        ("explosion", "clash"), ("assault", "raid"), ("abduction", "assault"), ("strike", "assault"),
        ("abduction", "other"), ("other", "assault"), ("protest", "assault"), ("protest", "clash"), ("strike", "clash"),
        ("strike", "explosion"),
        ("other", "clash"), ("protest", "arrest"), ("other", "raid"), ("raid", "explosion"), ("other", "strike"),
        ("strike", "raid"),
    )
}  # fmt: skip
PLACED = ("in", "near", "attr", "between", "bare", "office")
SAID_DAYS = 3  # officials speak of an event within this many days
OPENING = 2  # units into a sentence at which its place opens it
ASIDE = 1.5  # what a sentence loses against an event that was only named aside
LEAD_DAYS = 2  # an event told in passing that lies further before the lead than this is background
DOING = ("by", "agent")
LIKE_STRIKES = frozenset({"strike", "assault"})  # "the attacks" may be strikes
NEWS_DAYS = 6  # an event further back than this from publication is background unless it is the lead


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


def gather(scenes: Sequence[Scene], published: date | None) -> list[Event]:
    """Events of an article in the order in which they are first told."""
    events: list[Event] = []
    current: Event | None = None
    heading_before = False
    pending: list[Frame] = []
    topic: Frame | None = None
    answered: Event | None = None  # what the clause before names as its cause: another event than the one to come
    for scene in scenes:
        if scene.sentence.kind == "heading":
            heading_before = True
            continue
        current = _host(current, events)
        for frame in frames_of(scene):
            if not is_eventful(frame):
                if current is None:
                    pending.append(frame)
                elif _adds(frame):
                    _attach(current, frame)
                else:
                    current.around.append(frame)
                    topic = frame if frame.told_times else topic
                continue
            if topic is not None:
                _take_time(frame, topic)
                topic = None
            others = [e for e in events if e is not answered or answered.frames[-1].scene is not scene]
            event = _match(frame, others, current, heading_before)
            if event is None and current is not None and _is_echo(frame):
                event = current
            if event is None:
                event = Event(len(events), context=pending if not events else [])
                event.separate = _separates(frame) or heading_before or _opens_with_place(frame)
                event.parent = next((e for e in events if _is_summary(e) and _is_part_of(frame, e)), None)
                event.embedded = not frame.first_in_scene and bool(events) and events[-1].frames[0].scene is scene
                events.append(event)
            _attach(event, frame)
            answered = event if _is_cause(frame) and frame.first_in_scene else None
            current = event
            heading_before = False
    events = _drop_summaries(events)
    _share_claims(events, pending)
    if events:
        _lead(events).lead = True
    for event in events:
        event.role = _role(event, events, published)
    return events


def _host(current: Event | None, events: Sequence[Event]) -> Event | None:
    """After an event that the sentence before only named aside, the text goes on with the one it told."""
    if current is None or not _is_named_aside(current, events):
        return current
    scene = current.frames[0].scene
    return next((e for e in reversed(events) if e is not current and e.frames[-1].scene is scene), current)


def _is_named_aside(event: Event, events: Sequence[Event]) -> bool:
    """Whether an event was only named aside as past in a sentence about another one ("a day after ...")."""
    if not event.embedded or not all(_opens_as_past(frame) for frame in event.frames):
        return False
    return not _is_consequence(events[0])  # who is arrested over a bombing is news of the bombing as well


def _names_it(frame: Frame, event: Event) -> bool:
    """Whether a frame stands in the sentence of an event or names its place."""
    known = {w.place.place_id for f in event.frames for w in f.placed if w.place is not None}
    named = any(w.place is not None and w.place.place_id in known for w in frame.placed)
    return named or event.frames[0].scene is frame.scene


def _is_echo(frame: Frame) -> bool:
    """Only "the attack" and nothing new: no time, place or figure of its own."""
    return (
        bool(frame.asserted) and all(trigger.definite for trigger in frame.asserted)
        and not (frame.told_times or frame.placed or frame.tolls)
    )  # fmt: skip


def _take_time(frame: Frame, topic: Frame) -> None:
    """A sentence that only sets the time lends it to the next one of its paragraph."""
    near = frame.scene.number - topic.scene.number <= 2 and frame.scene.sentence.block == topic.scene.sentence.block
    if near and not frame.told_times:
        frame.whens = [*frame.whens, *topic.told_times]


def _share_claims(events: Sequence[Event], opening: Sequence[Frame]) -> None:
    """A claim of "the attacks", or one that opens the article, is a claim of every event without another author."""
    told = [frame for event in events for frame in event.frames]
    shared = [f for f in (*opening, *told) if _is_claim(f) and (f in opening or "all" in f.cues or _first_body(f))]
    if not shared:
        return
    claim = Event(-1, frames=shared[:1])
    for event in events:
        own = any(a.part in ("claim", "by", "agent") for f in event.frames for a in f.actors)
        if event.parent is None and not own and not any("unknown" in f.cues for f in event.frames):
            event.claim = claim


def _is_claim(frame: Frame) -> bool:
    return any(actor.part == "claim" for actor in frame.actors)


def _first_body(frame: Frame) -> bool:
    return frame.scene.sentence.kind == "body" and frame.scene.number <= 1


def _is_summary(event: Event) -> bool:
    """A lead that names several places at once sums up what follows."""
    if event.number:
        return False
    first = event.frames[0]
    places = [w for w in first.placed if w.role != "between" and w.place is not None]
    apart = any(not geography.compatible(a, b) for n, a in enumerate(places) for b in places[n + 1 :])
    return apart or (not places and _counts_events(first))


def _counts_events(frame: Frame) -> bool:
    """ "three separate operations", "two attacks", "in three towns"."""
    row = frame.scene.row
    nouns = [i for i, unit in enumerate(row) if "place_noun" in unit.form] if frame.triggers else []
    return any(
        plain_value(row, i) is not None and (plain_value(row, i) or (0, 0))[0] > 1
        for at in [*(trigger.at for trigger in frame.triggers), *nouns]
        for i in range(max(at - 3, 0), at)
    )


def _is_part_of(frame: Frame, summary: Event) -> bool:
    """Whether the frame tells of one of the places of a summary, in a sentence of its own."""
    if frame.scene is summary.frames[0].scene or not frame.placed:
        return False
    places = [w for w in summary.frames[0].placed if w.place is not None]
    if not places:
        return True
    hits = [w for w in places if any(geography.compatible(w, mine) for mine in frame.placed)]
    return 0 < len(hits) < len(places)


def _drop_summaries(events: list[Event]) -> list[Event]:
    """A summary goes where at least two events below tell it in detail; a single one is the summary itself."""
    for summary in [event for event in events if any(other.parent is event for other in events)]:
        children = [event for event in events if event.parent is summary]
        if len(children) >= 2:
            events = [event for event in events if event is not summary]
            for child in children:
                child.separate = True
        else:
            for frame in children[0].frames:
                _attach(summary, frame)
            events = [event for event in events if event is not children[0]]
    return events


def _lead(events: Sequence[Event]) -> Event:
    """The first event that is not told as past; the very first where all are."""
    for event in events[:3]:
        first = event.frames[0]
        if event.embedded or any(when.ago for when in first.told_times):
            continue
        return event
    return events[0]


def _adds(frame: Frame) -> bool:
    """A frame without an event of its own that may say more about the current one."""
    if frame.tolls and _separates(frame):
        return False  # "Another explosion caused no casualties": none of another event
    return bool(
        frame.tolls
        or any(a.part in ("claim", "blame", "by") for a in frame.actors)
        or "again" in frame.cues
        or frame.scene.nobody
    )


def _attach(event: Event, frame: Frame) -> None:
    event.frames.append(frame)
    weight = 6 if len(event.frames) == 1 else 2
    for trigger in frame.asserted:
        family = FAMILY[trigger.event]
        strength = {"strong": 3, "firm": 2}.get(trigger.strength, 1)
        event.families[family] += weight * strength if not trigger.definite or len(event.frames) == 1 else 1
    for toll in frame.tolls:
        if toll.event != "none" and not frame.asserted:
            event.families[FAMILY[toll.event]] += weight


def _separates(frame: Frame) -> bool:
    """A "separately" that opens the sentence."""
    return frame.first_in_scene and any(at <= frame.low + 3 for at in frame.scene.cues.get("separate", ()))


def _opens_with_place(frame: Frame) -> bool:
    """ "In Kalat, ten people were killed": a round-up names the next place first."""
    return frame.first_in_scene and any(
        where.role == "in" and where.level not in WIDE and where.at <= frame.low + OPENING for where in frame.wheres
    )


def _match(frame: Frame, events: Sequence[Event], current: Event | None, heading: bool) -> Event | None:
    best: Event | None = None
    best_score = 0.0
    for event in events:
        if _is_summary(event) and _is_part_of(frame, event):
            continue
        score = fit(frame, event) + (0.75 if event is current else 0.0) + (0.25 if event.number == 0 else 0.0)
        score -= 1.25 if heading and event is current else 0.0
        score -= ASIDE if _is_named_aside(event, events) and not _names_it(frame, event) else 0.0
        if score > best_score:
            best, best_score = event, score
    return best


def fit(frame: Frame, event: Event) -> float:
    """How well a frame fits an event; positive where it tells of it."""
    score = family = _fit_family(frame, event)
    score += _fit_time(frame, event)
    score += _fit_place(frame, event)
    score += _fit_actor(frame, event)
    score += _fit_toll(frame, event)
    if "again" in frame.cues and family >= 0:
        score += 1.0
    past = _opens_as_past(frame)
    if (
        event.frames[-1].scene is frame.scene
        and family >= 0
        and not past
        and not any(when.ago for when in frame.told_times)
    ):
        score += 1.0
    if (
        _is_cause(frame)
        and not frame.first_in_scene
        and not any(_is_cause(f) and not f.first_in_scene for f in event.frames)
    ):
        score -= 3.0
    if _separates(frame):
        score -= 3.0
    if past and event.number == 0 and not any(_opens_as_past(f) for f in event.frames):
        score -= 2.25 if frame.tolls or frame.strong else 1.5
    return score


def _opens_as_past(frame: Frame) -> bool:
    """A cue of background before the first event word of the clause, or "a month after" right before the clause."""
    row, low = frame.scene.row, frame.low
    if 1 < low < len(row) and row[low].role("date_word") == "after" and row[low - 1].role("date_word") == "unit":
        return True
    told = min([t.at for t in frame.asserted] + [t.anchor for t in frame.tolls], default=frame.high)
    return any(frame.low <= at < told for at in frame.scene.cues.get("background", ()))


def _is_cause(frame: Frame) -> bool:
    """A clause that tells what the event before it answers ("in retaliation for an attack ...")."""
    return any(frame.low <= at <= frame.low + 1 for at in frame.scene.cues.get("cause", ()))


def _fit_family(frame: Frame, event: Event) -> float:
    ours = {FAMILY[t.event] for t in frame.strong}
    if not ours or not event.families:
        main = max(event.families, key=lambda f: event.families[f], default="")
        if main == "execution" and (frame.asserted or frame.tolls):
            return -3.0
        deadly = any(t.field == "killed" and t.count.best for t in frame.tolls)
        quiet = main in ("abduction", "arrest", "other")
        return -0.5 if deadly and quiet and not event.tolls("killed") else 0.5
    theirs = {family for family, n in event.families.items() if n >= max(event.families.values()) / 2}
    if ours & theirs:
        return 1.5
    if any(frozenset((a, b)) in KIN for a in ours for b in theirs):
        return 0.0
    return -2.5


def _fit_time(frame: Frame, event: Event) -> float:
    ours = [when for when in frame.told_times if when.shift is None]
    theirs = event.times()
    if any(when.shift is not None for when in frame.told_times):
        return -2.25
    if not ours:
        said = [when for when in frame.whens if when.said and when.first]
        known = [when for when in theirs if when.first]
        earlier = said and known and all(a.last < b.first for a in said for b in known if a.last and b.first)
        return -2.5 if earlier else 0.0
    if not theirs or not any(when.ago for when in theirs):
        covered = any(_same_time(a, b) is True for a in ours for b in theirs)
        if any(when.ago for when in ours) and not covered:
            return -3.0
    if not theirs:
        said = [when for f in event.frames for when in f.whens if when.said and when.first]
        if any(_comes_late(f) for f in event.frames):
            return 0.0
        return -2.5 if said and all(_far(a, b) for a in ours for b in said) else 0.0
    verdicts = [_same_time(a, b) for a in ours for b in theirs]
    if any(verdict is True for verdict in verdicts):
        return 1.0
    if all(verdict is False for verdict in verdicts):
        return -2.5
    return -0.75 if frame.scene.number - event.frames[-1].scene.number > 1 else 0.0


def _comes_late(frame: Frame) -> bool:
    """A claim and a new toll may come long after the event."""
    speeches = [unit.form["speech"].entry for unit in frame.scene.row if "speech" in unit.form]
    claimed = any(entry is not None and entry.get("stance") == "claimed" for entry in speeches)
    return claimed or "revision" in frame.cues or _is_claim(frame) or any("claim" in u.form for u in frame.scene.row)


def _far(a: When, b: When) -> bool:
    """Whether a day lies more than a report's delay before the day on which somebody spoke."""
    return bool(a.last and b.first and abs((b.first - a.last).days) > SAID_DAYS)


def _same_time(a: When, b: When) -> bool | None:
    """True where one covers the other, False where they are apart, None where that cannot be known."""
    if a.first and a.last and b.first and b.last:
        return a.first <= b.last and b.first <= a.last
    if a.key == b.key:
        return True
    if a.key[0] == b.key[0]:
        return False
    return None


def _fit_place(frame: Frame, event: Event) -> float:
    ours, theirs = frame.placed, event.places()
    if not ours:
        return _fit_province(frame, event)
    if not theirs:
        return 0.0
    matches = [any(geography.compatible(a, b) for b in theirs) for a in ours]
    if all(matches):
        return 1.0
    return 0.0 if any(matches) else -2.5


def _fit_province(frame: Frame, event: Event) -> float:
    """Places of another province, or all of another country, tell of another event."""
    ours, theirs = _lands([frame]), _lands(event.frames)
    countries = {country for country, _ in ours}, {country for country, _ in theirs}
    if all(countries) and not countries[0] & countries[1]:
        return -2.5
    ours = {land for land in ours if land[1]}
    theirs = {land for land in theirs if land[1]}
    return -2.0 if ours and theirs and not ours & theirs else 0.0


def _lands(frames: Sequence[Frame]) -> set[tuple[str, str | None]]:
    """Countries with provinces in which frames place something."""
    found = set()
    for frame in frames:
        for where in frame.wheres:
            country = geography.country_of(where)
            if country and where.role in ("in", "near", "attr"):
                found.add((country, geography.admin1_of(where)))
    return found


def _fit_actor(frame: Frame, event: Event) -> float:
    doing = ("claim", "by", "agent", "blame")
    ours = {a.actor for a in frame.actors if a.part in doing}
    theirs = {a.actor for f in event.frames for a in f.actors if a.part in doing}
    score = 0.5 if ours & theirs else 0.0
    if not {_family(event), *(FAMILY[trigger.event] for trigger in frame.asserted)} <= LIKE_STRIKES:
        return score
    states, others = _states([frame], DOING), _states(event.frames, DOING)
    if states and others and not states & others:
        return score - 1.5  # one state answers the strike of the other
    if not states and any(t.definite for t in frame.asserted) and _states([frame], ("speaker",)) & others:
        score += 0.5  # a force that speaks of "the strikes" speaks of its own
    return score


def _states(frames: Sequence[Frame], parts: tuple[str, ...]) -> set[str]:
    """The states whose organs play one of the parts in the frames."""
    return {hit.state for frame in frames for hit in frame.actors if hit.part in parts and hit.state}


def _fit_toll(frame: Frame, event: Event) -> float:
    score = 0.0
    for name in ("killed", "injured", "abducted", "arrested"):
        ours = {t.count.best for t in frame.tolls if t.field == name and t.count.best}
        theirs = {t.count.best for t in event.tolls(name) if t.count.best}
        if ours & theirs:
            score += 1.0
        elif ours and theirs and not frame.cues & {"revision", "again", "update"}:
            score -= 0.5
    return score


def _role(event: Event, events: Sequence[Event], published: date | None) -> str:
    first = event.frames[0]
    if event.lead:
        return "main" if _has_substance(event) or any(frame.strong for frame in event.frames) else "background"
    if event.embedded and _is_consequence(events[0]):
        return "background"
    times = event.times()
    lead = next((e for e in events if e.lead), events[0])
    lead_times = [when for when in lead.times() if when.first]
    reference = published or (lead_times[0].first if lead_times else None)
    dated = [when for when in times if when.last]
    if dated and not event.separate and event.parent is None and _is_before(dated, lead):
        return "background"
    if dated and reference:
        nearest = max(when.last for when in dated if when.last)
        if (reference - nearest).days > NEWS_DAYS:
            return "background"
        if all(when.ago for when in dated):
            return "background"
        if not (_opens_as_past(first) and not event.separate):
            return "main"
    if any(when.ago or when.shift is not None for when in times):
        return "background"
    news = {when.key[0] for when in lead.times()}
    if published is None and any(when.key[0] == "weekday" for when in times) and not _opens_as_past(first):
        return "main"  # a weekday without a date is of the week of the news
    if published is None and "weekday" in news and times and all(when.key[0] in ("md", "month") for when in times):
        return "background"  # news has weekdays, the past has dates
    if (_opens_as_past(first) or "habit" in first.cues) and not event.separate:
        return "background"
    if event.separate or event.parent is not None:
        return "main"
    if _family(event) == "abduction" and lead.tolls("killed"):
        return "background"  # kidnapped and killed: the killing is the news
    if _family(event) == "arrest" and _family(lead) != "arrest" and not event.places():
        return "background"  # the hunt that follows an attack
    return "main" if _stands_alone(event) else "background"


def _family(event: Event) -> str:
    return max(event.families, key=lambda name: event.families[name], default="")


def _stands_alone(event: Event) -> bool:
    """An event told with its own words and place, as a round-up does without saying so."""
    told = any(trigger.strength != "weak" for frame in event.frames for trigger in frame.asserted)
    return told and bool(event.places())


def _is_before(dated: Sequence[When], lead: Event) -> bool:
    """Whether an event lies well before that of the lead; for an arrest or execution any earlier day will do."""
    days = [when.first for frame in lead.frames for when in frame.whens if when.first and not when.ago]
    told = [when.last for when in dated if when.last]
    if not days or not told:
        return False
    return (max(days) - max(told)).days > (0 if _is_consequence(lead) else LEAD_DAYS)


def _is_consequence(event: Event) -> bool:
    """Arrests, executions and releases follow something that their sentence recalls."""
    family = max(event.families, key=lambda name: event.families[name], default="other")
    return family in ("arrest", "execution", "other")


def _has_substance(event: Event) -> bool:
    return bool(event.places() or event.times() or any(event.tolls(n) for n in ("killed", "injured", "abducted")))
