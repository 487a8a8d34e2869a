"""Tolls: who was killed, injured, abducted, arrested or freed, and how many, read off one sentence.

A casualty word ("killed", "lost their lives", "death toll") is the anchor; the pack says on which side its victims
stand. Groups joined by "and" or commas are added, groups after "including" are parts and are not. The dead of both
sides in one list become two figures; attackers that a total includes become a figure beside it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from pipeline.extract.groups import Group, apposed, chained, groups_of
from pipeline.extract.lexicon import Entry
from pipeline.extract.numbers import Count
from pipeline.extract.units import Unit

MAX_TOLL_GAP = 14  # units between "death toll" and its figure
NEGATION_REACH = 6  # units between "without" and "casualties"
_QUOTES = ('"', "'")
CLOSE_REACH = 4  # units after a group in which its phrase ends ("sent eight men to hell")


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


@dataclass(frozen=True, slots=True)
class _Place:
    """Where an anchor stands: its index, the anchors around it, and groups that already have their verb."""

    anchor: int
    before: int
    after: int
    used: frozenset[int]


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
        made = _tolls_at(row, groups, _Place(anchor, floor, after, used))
        if not made and found and floor >= 0 and found[-1].anchor == floor and _joined(row, floor, anchor):
            made = _share(row, found, anchor)
        found += made
        if made or not _is_conditional(row, anchor):
            floor = anchor
    return _with_more(row, found), groups


def _entry(row: Sequence[Unit], i: int) -> Entry | None:
    sense = row[i].sense("casualty") if i < len(row) else None
    return sense.entry if sense else None


def _is_conditional(row: Sequence[Unit], i: int) -> bool:
    """Whether the word tells of casualties only together with others ("no … casualties", "bodies … found")."""
    entry = _entry(row, i)
    return bool(entry and (entry.get("needs") or entry.get("closes") or entry.get("patient") == "denied"))


def _is_reduced(row: Sequence[Unit], groups: Sequence[Group], anchor: int, after: int) -> bool:
    """ "Three people wounded in the blast died": the first word only says who they are."""
    ours, theirs = _entry(row, anchor), _entry(row, after)
    if ours is None or theirs is None or ours.get("patient") != "either" or ours.get("field") == "killed":
        return False
    if theirs.get("field") not in ("killed", "released") or theirs.get("patient") not in ("before", "either"):
        return False
    if _is_passive(row, anchor) or not any(group.last == anchor - 1 for group in groups):
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
    shared, entry = found[-1], _entry(row, anchor)
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


def _tolls_at(row: Sequence[Unit], groups: Sequence[Group], place: _Place) -> list[Toll]:
    entry = _entry(row, place.anchor)
    if entry is None:
        return []
    if entry.get("patient") in ("itself", "denied"):
        return _in_itself(row, place.anchor, entry)
    chosen, passive = _patients(row, groups, place, entry)
    if not chosen or not _is_complete(row, chosen, entry):
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


def _patients(row: Sequence[Unit], groups: Sequence[Group], place: _Place, entry: Entry) -> tuple[list[Group], bool]:
    """The groups to whom it happened, and whether they stand before the verb."""
    patient = entry.get("patient", "either")
    if patient == "before":
        return _preceding(row, groups, place), True
    if patient == "count_after":
        return _figure_after(row, groups, place.anchor), False
    if patient in ("after", "of"):
        return _following(row, groups, place), False
    passive = _is_passive(row, place.anchor)
    chosen = [] if passive else _following(row, groups, place)
    if chosen:
        return chosen, False
    if not passive and place.anchor + 1 < len(row) and row[place.anchor + 1].cue("object"):
        return _antecedent(groups, place), False
    if not passive and _has_object(row, groups, place.anchor):
        return [], False
    chosen = _preceding(row, groups, place) or (_subject(row, groups, place) if passive else [])
    needs = entry.get("needs")
    if not chosen and needs:
        chosen = [group for group in groups if group.last < place.anchor and _says(row, group, needs)][-1:]
    return [*chosen, *(_company(row, groups, place.anchor) if chosen else [])], True


def _antecedent(groups: Sequence[Group], place: _Place) -> list[Group]:
    """Whom "killed them" means: the last of several people told before in the sentence, whose verb this is not yet."""
    several = [
        group for group in groups
        if group.last < place.anchor and group.noun and (group.count.best or 0) > 1 and id(group) not in place.used
    ]  # fmt: skip
    return several[-1:]


def _has_object(row: Sequence[Unit], groups: Sequence[Group], anchor: int) -> bool:
    """Whether an active verb has an object that is no group: "killed them", "seized explosives"."""
    if anchor + 1 >= len(row) or any(group.last == anchor - 1 for group in groups):
        return False
    unit = row[anchor + 1]
    if unit.cue("determiner", "possessive"):
        return True
    return not (unit.mark or unit.form)


def _company(row: Sequence[Unit], groups: Sequence[Group], anchor: int) -> list[Group]:
    """ "was killed together with his guard"."""
    if anchor + 1 >= len(row) or not row[anchor + 1].cue("company"):
        return []
    return [group for group in groups if group.first == anchor + 2 and not group.part]


def _says(row: Sequence[Unit], group: Group, nouns: Sequence[str]) -> bool:
    """Whether the noun of the group is one of these."""
    return row[group.last].text.rsplit(" ", 1)[-1] in nouns


def _is_complete(row: Sequence[Unit], chosen: Sequence[Group], entry: Entry) -> bool:
    """Whether the words that the verb needs are there: "took … lives", "sent … to hell"."""
    needs, closes = entry.get("needs"), entry.get("closes")
    if needs and not any(_says(row, group, needs) for group in chosen):
        return False
    if not closes:
        return True
    rest = " ".join(unit.text for unit in row[chosen[-1].last + 1 : chosen[-1].last + 1 + CLOSE_REACH])
    return any(rest == close or rest.startswith(f"{close} ") for close in closes)


def _is_passive(row: Sequence[Unit], anchor: int) -> bool:
    for unit in reversed(row[max(anchor - 4, 0) : anchor]):
        if unit.cue("auxiliary"):
            return True
        if not unit.cue("skip"):
            return False
    return False


def _following(row: Sequence[Unit], groups: Sequence[Group], place: _Place) -> list[Group]:
    """Groups that start right after the anchor, with those chained to them."""
    start = place.anchor + 1
    while start < len(row) and (row[start].cue("skip") or row[start].role("relation") == "of"):
        start += 1
    if start < len(row) and row[start].text in _QUOTES:
        start += 1
    following = [group for group in groups if group.first >= start]
    if following and following[0].first > start and start < len(row) and row[start].cue("determiner"):
        return _named_later(row, following[0], start)
    if not following or following[0].first > start or (following[0].part and following[0].noun):
        return []
    if _taken_by_next(row, following[0], place.after):
        return []
    chosen = [following[0]]
    link = following[0]  # the last group of the list or its other name
    for group in following[1:]:
        if chained(row, link, group) and not group.part and not _taken_by_next(row, group, place.after):
            if link is not chosen[-1] and group.opener == "bare":  # "Ali Rigi, a convict and brother of …"
                continue
            chosen.append(group)
        elif not apposed(row, chosen[-1], group):
            break
        link = group
    return chosen


def _named_later(row: Sequence[Unit], group: Group, start: int) -> list[Group]:
    """ "killed the head of the investigations unit in Hirmand, Hossein Javdanfar"."""
    between = row[start : group.first]
    if not group.named or len(between) > MAX_TOLL_GAP or between[-1].text != ",":
        return []
    stops = any(
        unit.sense("casualty") or unit.sense("speech") or unit.cue("subordinate", "coordination") for unit in between
    )
    return [] if stops else [group]


def _taken_by_next(row: Sequence[Unit], group: Group, limit: int) -> bool:
    """In "killed four and eight wounded" the eight belong to the next anchor."""
    entry = _entry(row, limit)
    if entry is None or entry.get("patient") not in ("before", "either"):
        return False
    between = row[group.last + 1 : limit]
    return len(between) <= 3 and all(unit.cue("auxiliary", "skip") for unit in between)


def _preceding(row: Sequence[Unit], groups: Sequence[Group], place: _Place) -> list[Group]:
    """The closest counted group before the anchor in its clause, with those chained to it; parts stand aside."""
    floor = max(place.before, _clause_start(row, place.anchor))
    candidates = [
        group for group in groups
        if group.first > floor and group.last < place.anchor and not _under_preposition(row, group)
        and (group.opener != "bare" or _touches(row, group, place.anchor))
    ]  # fmt: skip
    candidates = [group for group in candidates if not _qualifies(row, group, candidates)]
    main = [group for group in candidates if not group.part]
    if not main:  # "eleven of them were killed"
        main = [group for group in candidates if group.part and not group.noun][-1:]
    counted = [group for group in main if not group.named]
    if counted and main[-1].named and main[-1].last < place.anchor - 2:
        main = counted
    if not main:
        return []
    chosen = [main[-1]]
    for group in reversed(main[:-1]):
        if chained(row, group, chosen[0]):
            chosen.insert(0, group)
        elif apposed(row, group, chosen[0]) and (group.count.best or 0) >= len(chosen):
            chosen = [group]
        else:
            break
    last = chosen[-1]
    if last.whole and last.last == place.anchor - 1:  # "was one of 40 people killed"
        chosen[-1] = replace(last, count=replace(last.count, low=last.whole, best=last.whole, high=last.whole))
    return chosen


def _qualifies(row: Sequence[Unit], group: Group, groups: Sequence[Group]) -> bool:
    """Whether the group only says whose the one before is: "some companions of the commander"."""
    if group.first < 2 or row[group.first - 1].role("relation") != "of":
        return False
    return any(other.last == group.first - 2 for other in groups)


def _touches(row: Sequence[Unit], group: Group, anchor: int) -> bool:
    return all(unit.cue("auxiliary", "skip") for unit in row[group.last + 1 : anchor])


def _subject(row: Sequence[Unit], groups: Sequence[Group], place: _Place) -> list[Group]:
    """The subject of the sentence, where a clause of its own stands between it and its verb."""
    first = next((group for group in groups if not group.part and group.opener != "bare"), None)
    if first is None or first.last >= place.anchor or _under_preposition(row, first):
        return []
    between = row[first.last + 1 : place.anchor]
    if any(unit.sense("speech") for unit in between):
        return []
    if id(first) in place.used and not any(unit.cue("relative") for unit in between):
        return []  # "three men who had been kidnapped were freed" has one subject for two verbs
    return [first]


def _clause_start(row: Sequence[Unit], anchor: int) -> int:
    for i in range(anchor - 1, -1, -1):
        unit = row[i]
        if unit.cue("subordinate", "boundary") or unit.text in ";" or unit.sense("speech"):
            return i
    return -1


def _under_preposition(row: Sequence[Unit], group: Group) -> bool:
    if not group.first:
        return False
    unit = row[group.first - 1]
    return (bool(unit.sense("relation")) and unit.role("relation") != "of") or unit.cue("agent")


def _figure_after(row: Sequence[Unit], groups: Sequence[Group], anchor: int) -> list[Group]:
    """ "death toll rises to eight": the first figure within a few words; of "from six to eight" the later is best."""
    for group in groups:
        if not anchor < group.first <= anchor + MAX_TOLL_GAP or group.part or group.opener not in ("count", "definite"):
            continue
        count = group.count
        if count.best is None and count.high is not None and row[group.first - 1].role("relation") == "from":
            group = replace(group, count=replace(count, best=count.high, qualifier="exact"))
        return [group]
    return []


def _attackers_inside(row: Sequence[Unit], groups: Sequence[Group], total: Group, place: _Place) -> tuple[Group, ...]:
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
