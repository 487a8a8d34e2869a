"""Which events are the news, and which are only recalled."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from pipeline.extract.dates import When
from pipeline.extract.discourse import Event, family_of, is_consequence, opens_as_past

LEAD_DAYS = 2  # an event told in passing that lies further before the lead than this is background
NEWS_DAYS = 6  # an event further back than this from publication is background unless it is the lead


def role_of(event: Event, events: Sequence[Event], published: date | None) -> str:
    """main where the event is news of its own on the day of publication, else background."""
    first = event.frames[0]
    if event.lead:
        return "main" if _has_substance(event) or any(frame.strong for frame in event.frames) else "background"
    if event.embedded and is_consequence(events[0]):
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
        if not (opens_as_past(first) and not event.separate):
            return "main"
    if any(when.ago or when.shift is not None for when in times):
        return "background"
    news = {when.key[0] for when in lead.times()}
    if published is None and any(when.key[0] == "weekday" for when in times) and not opens_as_past(first):
        return "main"  # a weekday without a date is of the week of the news
    if published is None and "weekday" in news and times and all(when.key[0] in ("md", "month") for when in times):
        return "background"  # news has weekdays, the past has dates
    if (opens_as_past(first) or "habit" in first.cues) and not event.separate:
        return "background"
    if event.separate or event.parent is not None:
        return "main"
    if family_of(event) == "abduction" and lead.tolls("killed"):
        return "background"  # kidnapped and killed: the killing is the news
    if family_of(event) == "arrest" and family_of(lead) != "arrest" and not event.places():
        return "background"  # the hunt that follows an attack
    return "main" if _stands_alone(event) else "background"


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
    return (max(days) - max(told)).days > (0 if is_consequence(lead) else LEAD_DAYS)


def _has_substance(event: Event) -> bool:
    return bool(event.places() or event.times() or any(event.tolls(n) for n in ("killed", "injured", "abducted")))
