"""Tolls: who was killed, injured, abducted, arrested or freed, and how many, read off one sentence.

A casualty word ("killed", "lost their lives", "death toll") is the anchor; the pack says on which side its victims
stand. Groups joined by "and" or commas are added, groups after "including" are parts and are not. The dead of both
sides in one list become two figures; attackers that a total includes become a figure beside it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from pipeline.extract.groups import Group
from pipeline.extract.joins import groups_of
from pipeline.extract.lexicon import Entry
from pipeline.extract.numbers import Count
from pipeline.extract.patients import Place, entry_of, is_complete, is_passive, patients
from pipeline.extract.units import Unit

NEGATION_REACH = 6  # units between "without" and "casualties"


@dataclass(frozen=True, slots=True)
class Toll:
    """One figure for one field.

    Attributes:
        anchor: index of the casualty unit in the sentence.
        group: security_forces, civilians, attackers, unknown, or all where the figure includes attackers.
        groups: the groups that were added up.
        combined: the figure counts killed and injured together ("11 killed and wounded").
        total: a figure that says of itself that it is the toll.
        part: the figure is counted in another of the sentence.
    """

    field: str
    count: Count
    group: str
    target: str | None
    anchor: int
    event: str
    start: int
    end: int
    groups: tuple[Group, ...]
    part: bool = False
    more: bool = False
    combined: bool = False
    total: bool = False
    named: bool = False
    passive: bool = False
    first: int = 0
    last: int = 0


def tolls_of(row: Sequence[Unit], text: str) -> tuple[list[Toll], list[Group]]:
    """Tolls of one sentence, and all counted groups in it."""
    anchors = [i for i, unit in enumerate(row) if unit.sense("casualty")]
    groups = groups_of(row, text) if row else []
    found: list[Toll] = []
    floor = -1
    for position, anchor in enumerate(anchors):
        after = anchors[position + 1] if position + 1 < len(anchors) else len(row)
        if _is_reduced(row, groups, anchor, after):
            continue
        used = frozenset(id(group) for toll in found for group in toll.groups)
        made = _tolls_at(row, groups, Place(anchor, floor, after, used))
        if not made and found and floor >= 0 and found[-1].anchor == floor and _joined(row, floor, anchor):
            made = _share(row, found, anchor)
        found += made
        if made or not _is_conditional(row, anchor):
            floor = anchor
    return _with_more(row, found), groups


def _is_conditional(row: Sequence[Unit], i: int) -> bool:
    """Whether the word tells of casualties only together with others ("no … casualties", "bodies … found")."""
    entry = entry_of(row, i)
    return bool(entry and (entry.get("needs") or entry.get("closes") or entry.get("patient") == "denied"))


def _is_reduced(row: Sequence[Unit], groups: Sequence[Group], anchor: int, after: int) -> bool:
    """ "Three people wounded in the blast died": the first word only says who they are."""
    ours, theirs = entry_of(row, anchor), entry_of(row, after)
    if ours is None or theirs is None or ours.get("patient") != "either" or ours.get("field") == "killed":
        return False
    if theirs.get("field") not in ("killed", "released") or theirs.get("patient") not in ("before", "either"):
        return False
    if is_passive(row, anchor) or not any(group.last == anchor - 1 for group in groups):
        return False
    if any(anchor < g.first and g.last < after and not g.named and g.opener != "bare" for g in groups):
        return False
    between = row[anchor + 1 : after]
    if between and between[0].mark and row[anchor - 1].mark:  # "five others, badly injured, died"
        between = between[1:]
    return bool(between) and not any(
        unit.mark or unit.cue("coordination", "subordinate", "boundary") for unit in between
    )


def _joined(row: Sequence[Unit], left: int, right: int) -> bool:
    between = row[left + 1 : right]
    return 1 <= len(between) <= 2 and (between[0].cue("coordination") or between[0].role("number") == "range")


def _share(row: Sequence[Unit], found: list[Toll], anchor: int) -> list[Toll]:
    """The second verb of "killed and injured", "abducted and killed": both have the same people."""
    shared, entry = found[-1], entry_of(row, anchor)
    field = str(entry.get("field")) if entry else "killed"
    together = {field, shared.field} == {"killed", "injured"} and shared.count.best not in (0, 1)
    found[-1] = replace(shared, combined=together)
    return [
        replace(
            shared, field=field, anchor=anchor, combined=together, end=max(shared.end, row[anchor].end), last=anchor
        )
    ]


def _with_more(row: Sequence[Unit], found: list[Toll]) -> list[Toll]:
    """Adds "and another succumbed to his injuries" to the figure of the same field before it in the sentence."""
    kept: list[Toll] = []
    for toll in found:
        base = next((old for old in reversed(kept) if old.field == toll.field and not old.part), None)
        if base is None or not toll.more or toll.total or base.total or base.more or toll.part or toll.groups[0].part:
            kept.append(toll)
            continue
        joined = _summed(row, (*base.groups, *toll.groups), base.anchor, base.event, base.field, base.passive)
        kept[kept.index(base)] = replace(
            joined, group=base.group, end=max(base.end, toll.end), last=max(base.last, toll.last)
        )
    return kept


def _tolls_at(row: Sequence[Unit], groups: Sequence[Group], place: Place) -> list[Toll]:
    entry = entry_of(row, place.anchor)
    if entry is None:
        return []
    if entry.get("patient") in ("itself", "denied"):
        return _in_itself(row, place.anchor, entry)
    chosen, passive = patients(row, groups, place, entry)
    if not chosen or not is_complete(row, chosen, entry):
        return []
    field, event = str(entry.get("field")), str(entry.get("event", "none"))
    side = entry.get("group")
    if side:
        chosen = [replace(group, kind=str(side)) if group.kind == "unknown" else group for group in chosen]
    if entry.get("total"):
        total = _summed(row, chosen, place.anchor, event, field, passive)
        return [replace(total, total=True, group="all" if total.group == "unknown" else total.group)]
    attackers = tuple(group for group in chosen if group.kind == "attackers")
    others = tuple(group for group in chosen if group.kind != "attackers")
    if attackers and others:
        return [_summed(row, side, place.anchor, event, field, passive) for side in (others, attackers)]
    toll = _summed(row, chosen, place.anchor, event, field, passive)
    inside = _attackers_inside(row, groups, chosen[-1], place)
    if not inside or attackers:
        return [toll]
    return [replace(toll, group="all"), replace(_summed(row, inside, place.anchor, event, field, passive), part=True)]


def _in_itself(row: Sequence[Unit], anchor: int, entry: Entry) -> list[Toll]:
    """A figure in the words themselves: "no loss of life", "without causing any casualties", "a body was found"."""
    first = anchor
    if entry.get("patient") == "denied":
        for i in range(anchor - 1, max(anchor - NEGATION_REACH, 0) - 1, -1):
            if row[i].cue("negation"):
                first = i
                break
            if (
                row[i].mark
                or row[i].sense("speech")
                or row[i].sense("number")
                or row[i].cue("coordination", "subordinate")
            ):
                return []
        else:
            return []
    unit = row[anchor]
    n = int(entry.get("count", 0))
    count = Count(n, n, n, "exact", row[first].start, unit.end)
    made = Toll(
        str(entry.get("field")),
        count,
        "unknown" if n else "all",
        None,
        anchor,
        "none",
        row[first].start,
        unit.end,
        (),
        first=first,
        last=anchor,
    )
    also = entry.get("also")
    return [made, replace(made, field=str(also))] if also else [made]


def _attackers_inside(row: Sequence[Unit], groups: Sequence[Group], total: Group, place: Place) -> tuple[Group, ...]:
    """Parts of a total that are attackers: "nine people, three attackers among them"."""
    inside = []
    for group in groups:
        if group.first <= total.last:
            continue
        if not group.part or group.first > max(place.after, place.anchor):
            break
        if group.kind == "attackers" and group.count.best:
            inside.append(group)
    return tuple(inside)


def _summed(row: Sequence[Unit], chosen: Sequence[Group], anchor: int, event: str, field: str, passive: bool) -> Toll:
    low = _add([group.count.low for group in chosen])
    best = _add([group.count.best for group in chosen])
    high = _add([group.count.high for group in chosen])
    qualifier = next((g.count.qualifier for g in chosen if g.count.qualifier != "exact"), "exact")
    if best is None and low is None and any(group.count.low for group in chosen):
        low = sum(group.count.low or 0 for group in chosen)
    kinds = {group.kind for group in chosen}
    first, last = min(anchor, chosen[0].first), max(anchor, chosen[-1].last)
    return Toll(
        field=field,
        count=Count(low, best, high, qualifier, chosen[0].count.start, chosen[-1].count.end),
        group=kinds.pop() if len(kinds) == 1 else "unknown",
        target=next((group.target for group in chosen if group.target), None),
        anchor=anchor, event=event, start=row[first].start, end=row[last].end, groups=tuple(chosen),
        more=all(group.more for group in chosen), named=any(group.named for group in chosen),
        passive=passive, first=first, last=last,
    )  # fmt: skip


def adopt(tolls: Sequence[Toll], earlier: Sequence[Group]) -> list[Toll]:
    """Give "all eight were killed" the side of the eight whom the sentences before counted."""
    done = []
    if any(group.noun for toll in tolls for group in toll.groups):
        return list(tolls)  # the sentence has people of its own
    for toll in tolls:
        bare = toll.group == "unknown" and not any(group.noun for group in toll.groups)
        if bare and (toll.count.best or 0) > 1:
            same = [g for g in earlier if g.count.best == toll.count.best and g.kind != "unknown"]
            if same:
                toll = replace(toll, group=same[-1].kind, target=toll.target or same[-1].target)
        done.append(toll)
    return done


def _add(values: Sequence[int | None]) -> int | None:
    known = [value for value in values if value is not None]
    return sum(known) if len(known) == len(values) else None
