"""The figures of an event: which of the tolls told about it are claims of their own, and who says them.

Parts, increments and details of a total stand aside. What only one side says (militants about their own attack, those
who accuse a force) keeps its stance and is never mixed with the rest; see emit.py for the fold.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from pipeline.extract.discourse import Event, Frame
from pipeline.extract.knowledge import Knowledge
from pipeline.extract.reading import ClaimReading, Span
from pipeline.extract.speakers import OUTLET, Speaker
from pipeline.extract.tolls import Toll

FIELDS = ("killed", "injured", "abducted", "arrested")
PART_SHARE = 0.6  # a smaller figure than this share of the total is a part of it, not a rival
SIDED = ("security_forces", "civilians")
MAX_BOMBERS = 2
ASKING = ("?", "\u061f")
OFFICIAL = ("medical", "police", "government", "military")
PAST = frozenset({"habit", "background"})  # what such a sentence counts is not of this event


@dataclass(frozen=True, slots=True)
class Figure:
    """One toll of one frame, with the side that it counts and its speaker."""

    frame: Frame
    toll: Toll
    group: str
    speaker: Speaker

    @property
    def best(self) -> int:
        """The figure, or the lowest that it says."""
        return self.toll.count.best if self.toll.count.best is not None else self.toll.count.low or 0

    @property
    def one_sided(self) -> bool:
        """Only a party to the event says so."""
        return self.speaker.stance in ("claimed", "accused")


def toll_claims(event: Event, speakers: Mapping[int, Speaker], knowledge: Knowledge) -> list[ClaimReading]:
    """All figures of the event, each with its speaker; parts, increments and details of a total stand aside."""
    claims: list[ClaimReading] = []
    for name in FIELDS:
        told = _told(event, name, speakers, knowledge)
        open_ = _independent(event, [figure for figure in told if not figure.one_sided])
        sided = _independent(event, [figure for figure in told if figure.one_sided])
        if _is_execution(event):
            open_ = [replace(figure, group="all") for figure in open_]
        claims += [_claim(figure) for figure in (*_with_companions(event, name, open_), *sided)]
    return claims


def _with_companions(event: Event, name: str, told: list[Figure]) -> list[Figure]:
    """Leaves the toll open above where one is counted and the others are not: "the leader and some companions"."""
    several = any(
        toll.field == name and toll.count.best is None and toll.count.qualifier == "vague" and not toll.combined
        for frame in event.frames
        for toll in frame.tolls
    )
    if not several or not told or any(figure.best != 1 for figure in told):
        return told
    first = told[0]
    open_ = replace(first.toll, count=replace(first.toll.count, low=1, best=None, high=None, qualifier="at_least"))
    return [replace(first, toll=open_)]


def drop_sums(events: Sequence[Event]) -> None:
    """Takes out a total over several incidents where the text also gives each: "nine died, four of them in Harnai"."""
    main = [event for event in events if event.role == "main"]
    for event in main:
        for name in ("killed", "injured"):
            for side in (True, False):
                own = _counts(event, name, side)
                others = [counts[0] for other in main if other is not event and (counts := _counts(other, name, side))]
                total = max(own[:2], default=0)
                rest = total - sum(others)
                if others and (rest in own[1:] if rest else len(others) > 1):
                    for frame in event.frames:
                        frame.tolls = [
                            t for t in frame.tolls if not _counts_side(t, name, side) or t.count.best != total
                        ]


def _counts(event: Event, name: str, attackers: bool) -> list[int]:
    return [t.count.best or 0 for frame in event.frames for t in frame.tolls if _counts_side(t, name, attackers)]


def _counts_side(toll: Toll, name: str, attackers: bool) -> bool:
    return toll.field == name and bool(toll.count.best) and (toll.group == "attackers") == attackers


def _is_execution(event: Event) -> bool:
    return max(event.families, key=lambda family: event.families[family], default="") == "execution"


def _told(event: Event, name: str, speakers: Mapping[int, Speaker], knowledge: Knowledge) -> list[Figure]:
    """Every figure of one field; those of the headline only where the text gives none."""
    told = _all(event, name, speakers, knowledge)
    if name == "killed" and not told:  # "nobody was hurt"
        unhurt = [figure for figure in _all(event, "injured", speakers, knowledge) if figure.toll.count.best == 0]
        told = [replace(figure, toll=replace(figure.toll, field=name)) for figure in unhurt]
    in_body = [figure for figure in told if figure.frame.scene.sentence.kind == "body"]
    return in_body or told


def _all(event: Event, name: str, speakers: Mapping[int, Speaker], knowledge: Knowledge) -> list[Figure]:
    return [
        Figure(frame, toll, _side(frame, toll, knowledge), _speaker(frame, toll, speakers))
        for frame in event.frames
        if frame is event.frames[0] or not frame.cues & PAST
        for toll in frame.tolls
        if toll.field == name
        and not toll.combined
        and not _is_asked(frame)
        and (toll.count.best is not None or toll.count.low is not None)
    ]


def _is_asked(frame: Frame) -> bool:
    return frame.scene.row[-1].text in ASKING


def _side(frame: Frame, toll: Toll, knowledge: Knowledge) -> str:
    """Whom the figure counts; a bare number that forces killed counts their enemies."""
    if toll.group != "unknown" or toll.passive or toll.total or any(group.noun for group in toll.groups):
        return toll.group
    acting = [hit for hit in frame.actors if hit.part == "agent" and hit.at < toll.anchor]
    if acting and knowledge.is_state(acting[-1].actor) and toll.field == "killed":
        return "attackers"
    return toll.group


def _speaker(frame: Frame, toll: Toll, speakers: Mapping[int, Speaker]) -> Speaker:
    """Who gives the figure. What officials "claim" is their report; what a party claims stays a claim."""
    speaker = speakers.get(frame.scene.number, OUTLET)
    if any(low <= toll.anchor < high for low, high in frame.scene.militant):
        return Speaker(speaker.name, "militant", "claimed", speaker.start, speaker.end)
    if speaker.type == "militant":
        return OUTLET
    if speaker.stance == "claimed":
        return replace(speaker, stance="reported")
    return speaker


def _independent(event: Event, told: Sequence[Figure]) -> list[Figure]:
    """The figures that are no part and no detail of another; the latest revision of a toll first."""
    told = list(told[:1]) if told and not told[0].best else [figure for figure in told if figure.best]
    told = [figure for n, figure in enumerate(told) if not _names_counted(figure, told[:n])]
    victims = [figure for figure in told if figure.group != "attackers"]
    attackers = [figure for figure in told if figure.group == "attackers"]
    counted = [figure for figure in victims if not figure.toll.named and figure.best]
    primary = max(counted[:2], key=lambda figure: figure.best, default=None)
    kept = [figure for figure in victims if primary is None or not _is_detail(figure, primary)]
    kept = _without_parts(kept)
    outside = bool(attackers) and not _is_inclusive(event, victims, attackers, primary)
    kept = [replace(f, group="all") if f.group == "unknown" and not outside else f for f in kept]
    attackers = [figure for figure in attackers if _rivals(figure, attackers[0])]
    return [*_latest_first(kept), *attackers, *_others(victims, kept, primary)]


def _rivals(figure: Figure, other: Figure) -> bool:
    """Whether two figures can tell of the same people: neither is a small share of the other."""
    return min(figure.best, other.best) >= PART_SHARE * max(figure.best, other.best)


def _latest_first(figures: Sequence[Figure]) -> list[Figure]:
    """A figure that says it is the toll, then the last that officials or hospitals give, then as told."""
    best = [figure for figure in reversed(figures) if figure.toll.total and not _is_earlier(figure)]
    if not best:
        totals = [figure for figure in figures if figure.group in ("all", "unknown")]
        said = [figure for figure in totals if figure.speaker.type in OFFICIAL and not _is_earlier(figure)]
        said = [figure for figure in totals if _is_later(figure)] or said
        best = [figure for figure in said[-1:] if _rivals(figure, totals[0])]
    if not best and figures and _is_earlier(figures[0]):
        best = [figure for figure in figures if not _is_earlier(figure)][:1]
    return [*best, *(figure for figure in figures if figure not in best)]


def _is_earlier(figure: Figure) -> bool:
    """ "Police had earlier given 12 dead", "at least 52 were killed initially": not after another revision."""
    row, anchor = figure.frame.scene.row, figure.toll.anchor
    return any(unit.cue("early", "background") for unit in row[_since(figure) : anchor + 3])


def _is_later(figure: Figure) -> bool:
    """ "The agency later reported 12 deaths"."""
    row = figure.frame.scene.row[_since(figure) : figure.toll.anchor]
    return any(u.role("date_word") == "later" for u in row) and any(u.sense("speech") or u.cue("tells") for u in row)


def _since(figure: Figure) -> int:
    """Where the words that date a figure may start: after the figure before it, and after a word of revision."""
    row, anchor = figure.frame.scene.row, figure.toll.anchor
    before = [toll.anchor + 1 for toll in figure.frame.scene.tolls if toll.anchor < anchor]
    return max([0, *before, *(i for i in range(anchor) if row[i].cue("revision"))])


def _others(victims: Sequence[Figure], kept: Sequence[Figure], primary: Figure | None) -> list[Figure]:
    """ "Two other people were killed" beside "nine passengers": not among the nine, since those are no total."""
    if primary is None or primary.group not in SIDED or len(kept) != sum(f.best == primary.best for f in kept):
        return []
    more = [figure for figure in victims if figure.toll.more and not figure.toll.groups[0].part and figure not in kept]
    return [replace(figure, group="unknown") for figure in more[:1] if figure.frame.scene is not primary.frame.scene]


def _names_counted(figure: Figure, before: Sequence[Figure]) -> bool:
    """Whether it only names persons whom another sentence has counted."""
    return figure.toll.named and any(o.best >= figure.best and o.frame is not figure.frame for o in before)


def _is_inclusive(event: Event, victims: Sequence[Figure], attackers: Sequence[Figure], primary: Figure | None) -> bool:
    """Whether a total already counts the attackers: it says so, the sides make it up, or it has the bomber's death."""
    if any(figure.toll.part for figure in attackers):
        return True
    fallen = max(figure.best for figure in attackers)
    total = primary.best if primary else 0
    if any(f.group in SIDED and f.best < total and f.best + fallen == total for f in victims):
        return True
    if primary and primary.group not in SIDED and fallen > total / 2:
        return True
    return fallen <= MAX_BOMBERS and any(t.event == "suicide_bombing" for frame in event.frames for t in frame.strong)


def _is_detail(figure: Figure, primary: Figure) -> bool:
    """Whether a smaller figure tells of some of those whom the primary counts."""
    toll = figure.toll
    if figure.best >= primary.best or toll.total:
        return False
    if figure.group in SIDED and primary.group in SIDED and figure.group != primary.group and not toll.groups[0].part:
        return False
    return toll.more or toll.named or figure.best == 1 or figure.best < PART_SHARE * primary.best


def _without_parts(figures: list[Figure]) -> list[Figure]:
    """Where a figure of unknown side covers those of known sides, these are its parts."""
    unknown = max((figure.best for figure in figures if figure.group == "unknown"), default=0)
    sides = [most for side in SIDED if (most := _most(figures, side))]
    known = sum(sides)
    if len(sides) == 1 and figures[0].group in SIDED and any(_rivals(f, figures[0]) for f in figures if _is_whole(f)):
        return [replace(figure, group="unknown") for figure in figures]  # the first toll, told again
    if not unknown or not known:
        return figures
    if len(sides) == 1 and known > unknown:  # two reports of the same toll
        return [replace(figure, group="unknown") if figure.group in SIDED else figure for figure in figures]
    return [figure for figure in figures if (figure.group == "unknown") == (unknown >= known)]


def _is_whole(figure: Figure) -> bool:
    return figure.group in ("unknown", "all")


def _most(figures: Iterable[Figure], side: str) -> int:
    return max((figure.best for figure in figures if figure.group == side), default=0)


def _claim(figure: Figure) -> ClaimReading:
    toll, count, speaker = figure.toll, figure.toll.count, figure.speaker
    return ClaimReading(
        toll.field, Span(toll.start, toll.end), f"toll.{toll.field}", value=str(figure.best), victim_group=figure.group,
        low=count.low, best=count.best, high=count.high, qualifier=count.qualifier, speaker=speaker.name,
        speaker_type=speaker.type, stance=speaker.stance, confidence=0.5 if toll.named else 0.8,
    )  # fmt: skip
