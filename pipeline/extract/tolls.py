"""Tolls: who was killed, injured, abducted, arrested or freed, and how many, read off one sentence.

A casualty word ("killed", "lost their lives", "death toll") is the anchor; the pack says on which side its victims
stand. Victims are counted noun groups ("at least 10 miners"), single ones ("a policeman") or persons by name;
groups joined by "and" or commas are added, groups after "including" are parts and are not.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from pipeline.extract.numbers import Count, count_at
from pipeline.extract.units import Unit

MAX_PREMODIFIERS = 6
MAX_CHAIN_GAP = 8
TOLL_REACH = 14  # units from "death toll" to its figure
SIDES = {1: "security_forces", 2: "attackers"}  # values of actor senses, see names.py


@dataclass(frozen=True, slots=True)
class Group:
    """A counted group of victims in units first..last (inclusive)."""

    count: Count
    first: int
    last: int
    kind: str
    target: str | None
    named: bool = False
    part: bool = False
    more: bool = False
    noun: bool = True
    person: bool = False


@dataclass(frozen=True, slots=True)
class Toll:
    """One figure for one field.

    Attributes:
        anchor: index of the casualty unit in the sentence.
        groups: the groups that were added up.
        combined: the figure counts killed and injured together ("11 killed and wounded").
        total: a figure that says of itself that it is the toll.
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


def groups_of(row: Sequence[Unit], text: str) -> list[Group]:
    """All counted groups of a sentence, left to right, parts marked."""
    found: list[Group] = []
    i = 0
    while i < len(row):
        group = _group_at(row, i, text)
        if group is None:
            i += 1
            continue
        found.append(group)
        i = group.last + 1
    return _mark_parts(row, found)


def _group_at(row: Sequence[Unit], i: int, text: str) -> Group | None:
    counted = count_at(row, i, text)
    if counted is not None:
        count, j = counted
        return _noun_after(row, i, j, count)
    unit = row[i]
    if unit.cue("determiner", "possessive") or unit.role("number") == "article":
        return _single(row, i)
    if unit.capital and _is_name_part(unit):
        return _person(row, i)
    sense = unit.sense("victim")
    if sense and sense.entry and not sense.entry.get("plural") and unit.capital:
        last = _name_after(row, i)
        if last > i:
            count = _one(unit.start, row[last].end)
            return Group(count, i, last, str(sense.entry.get("group")), sense.entry.get("target"), named=True)
    return None


def _noun_after(row: Sequence[Unit], i: int, j: int, count: Count) -> Group | None:
    """The noun that a number counts; a number without a noun stands for itself ("eight wounded", "killing nine")."""
    if j < len(row) and row[j].role("relation") == "of":
        return _partitive(row, i, j, count)
    if j < len(row) and (row[j].role("number") == "measure" or row[j].cue("background", "subordinate", "separate")):
        return None
    if _is_age(row, i, j):
        return None
    more = j < len(row) and row[j].cue("more")
    k, steps = j, 0
    while k < len(row) and steps <= MAX_PREMODIFIERS:
        unit = row[k]
        sense = unit.sense("victim")
        if sense and sense.entry:
            last = k
            while last + 1 < len(row) and row[last + 1].sense("victim"):  # "security personnel", "police officers"
                last += 1
                sense = row[last].sense("victim") or sense
            entry = sense.entry
            kind = str(entry.get("group")) if entry else "unknown"
            target = entry.get("target") if entry else None
            if kind == "unknown":
                kind = _side(row, j, k) or kind
            span = replace(count, end=row[last].end)
            return Group(span, i, last, kind, target, more=more)
        actor = unit.sense("actor")
        if actor and actor.value in SIDES and not _premodifier_follows(row, k + 1):
            return Group(replace(count, end=unit.end), i, k, SIDES[actor.value], None, more=more)
        if unit.mark or unit.sense("casualty") or unit.sense("relation") or unit.sense("speech"):
            break
        if unit.sense("weapon") or unit.sense("target"):
            return None
        if unit.cue("more"):
            more = True
            last_more = k
            if not _premodifier_follows(row, k + 1):
                return Group(replace(count, end=unit.end), i, last_more, "unknown", None, more=True, noun=False)
        elif unit.cue("coordination", "auxiliary", "part", "subordinate", "relative", "determiner"):
            break
        k, steps = k + 1, steps + 1
    if j < len(row) and not row[j].form and not row[j].mark and not row[j].capital:
        return None  # it counts something that is nobody: "40 goats"
    if i and row[i].number is not None and row[i - 1].cue("auxiliary") and j < len(row) and (
        row[j].cue("coordination") or row[j].mark
    ):
        return None  # "the officer was 31 and ..."
    if i and row[i - 1].role("relation") == "of" and not (i > 1 and row[i - 2].sense("casualty")):
        return None  # an age or a number of children: "a man of 25", "father of two"
    return Group(count, i, j - 1, "unknown", None, more=more, noun=False)


def _is_age(row: Sequence[Unit], i: int, j: int) -> bool:
    """ "Ali Baloch, 25, was killed" and "Bilawal (23)"."""
    return (
        i > 1 and j < len(row) and row[i - 1].text in (",", "(") and row[i - 2].capital
        and row[j].text in (",", ")") and row[i].number is not None
    )  # fmt: skip


def _partitive(row: Sequence[Unit], i: int, j: int, count: Count) -> Group | None:
    """ "two of the assailants", "four of the nine", "three of his supporters"."""
    k = j + 1
    if k >= len(row) or not (row[k].cue("determiner", "possessive", "skip") or row[k].sense("victim")):
        return Group(count, i, j - 1, "unknown", None, noun=False)
    for m in range(k, min(k + 4, len(row))):
        sense = row[m].sense("victim")
        if sense and sense.entry:
            return Group(replace(count, end=row[m].end), i, m, str(sense.entry.get("group")), sense.entry.get("target"))
        if row[m].sense("number") or row[m].number is not None:
            return Group(replace(count, end=row[m].end), i, m, "unknown", None, noun=False)
        if row[m].mark or row[m].sense("casualty"):
            break
    return Group(count, i, j - 1, "unknown", None, noun=False)


def _side(row: Sequence[Unit], low: int, high: int) -> str | None:
    """The side of an actor that stands before a neutral noun ("three Jaish al-Adl members")."""
    for unit in row[low:high]:
        actor = unit.sense("actor")
        if actor and actor.value in SIDES:
            return SIDES[actor.value]
    return None


def _premodifier_follows(row: Sequence[Unit], k: int) -> bool:
    for unit in row[k : k + 3]:
        if unit.sense("victim"):
            return True
        if unit.mark or unit.sense("casualty") or unit.sense("relation"):
            return False
        if unit.form.get("cue") and not unit.cue("adjective"):
            return False
    return False


def _one(start: int, end: int) -> Count:
    return Count(1, 1, 1, "exact", start, end)


def _single(row: Sequence[Unit], i: int) -> Group | None:
    """ "a senior police officer": an article or possessive and a singular noun for a person."""
    first = max(i, 0)
    k, steps = i + 1, 0
    named = False
    while k < len(row) and steps <= MAX_PREMODIFIERS:
        unit = row[k]
        sense = unit.sense("victim")
        if sense and sense.entry:
            if k + 1 < len(row) and row[k + 1].sense("victim") and not row[k + 1].capital:
                k, steps = k + 1, steps + 1
                continue
            if sense.entry.get("plural"):
                return None
            last = _name_after(row, k)
            return Group(_one(row[first].start, row[last].end), first, last, str(sense.entry.get("group")),
                         sense.entry.get("target"), named=last > k)  # fmt: skip
        if unit.mark or unit.sense("casualty") or unit.sense("relation") or unit.sense("number"):
            return None
        if unit.form.get("cue") and not unit.cue("skip", "more", "adjective"):
            return None
        k, steps = k + 1, steps + 1
    return Group(_one(row[first].start, row[k].end), first, k, "unknown", None) if named else None


def _name_after(row: Sequence[Unit], k: int) -> int:
    last = k
    j = k + 1
    while j < len(row) and row[j].capital and _is_name_part(row[j]):
        last, j = j, j + 1
    return last


def _is_name_part(unit: Unit) -> bool:
    if unit.mark or unit.number is not None:
        return False
    return not unit.form or not (unit.form.keys() - {"victim", "place", "blank"} or "actor" in unit.form)


def _person(row: Sequence[Unit], i: int) -> Group | None:
    """Two capitalised words that nothing else explains, or more: a person by name."""
    j = i
    plain = 0
    while j < len(row) and row[j].capital and _is_name_part(row[j]):
        plain += not row[j].form
        j += 1
    if j - i < 2 or not plain:
        return None
    return Group(_one(row[i].start, row[j - 1].end), i, j - 1, "unknown", None, named=True, person=True)


def _mark_parts(row: Sequence[Unit], groups: list[Group]) -> list[Group]:
    """Groups after "including" or before "of them" are parts, and so are those chained to them."""
    marked: list[Group] = []
    for group in groups:
        before = row[max(group.first - 3, 0) : group.first]
        after = row[group.last + 1 : group.last + 3]
        part = any(unit.cue("part") for unit in before) or bool(after and after[0].cue("part"))
        part = part or _part_follows(row, group.last)
        if not part and marked and marked[-1].part and _chained(row, marked[-1], group):
            part = True
        marked.append(replace(group, part=part))
    return marked


def _part_follows(row: Sequence[Unit], last: int) -> bool:
    """ "five commanders of the force among them": the mark of a part at the end of its phrase."""
    for unit in row[last + 1 : last + 11]:
        if unit.cue("part"):
            return True
        if unit.mark or unit.sense("casualty") or unit.sense("trigger") or unit.sense("speech") or unit.sense("number"):
            return False
        if unit.cue("auxiliary", "subordinate", "coordination", "boundary"):
            return False
    return False


def _chained(row: Sequence[Unit], left: Group, right: Group) -> bool:
    """Whether two groups are joined by "and" or a comma, with nothing between that ends the enumeration."""
    between = row[left.last + 1 : right.first]
    if not between or len(between) > MAX_CHAIN_GAP:
        return False
    if not (right.noun or right.more):  # an age, a house number
        return False
    if between[-1].text == "," and right.count.best == 1 and not (left.person and right.person):
        return False  # apposition: "Ali Baloch, a teacher"
    if not (between[-1].cue("coordination") or between[-1].text == ","):
        return False
    return not any(
        unit.sense("casualty") or unit.sense("trigger") or unit.sense("speech")
        or unit.cue("auxiliary", "subordinate", "part", "relative") or unit.text in ';:"'
        for unit in between
    )  # fmt: skip


def tolls_of(row: Sequence[Unit], text: str) -> tuple[list[Toll], list[Group]]:
    """Tolls of one sentence, and all counted groups in it."""
    anchors = [i for i, unit in enumerate(row) if unit.sense("casualty") and _is_needed(row, i)]
    groups = groups_of(row, text) if row else []
    found: list[Toll] = []
    for position, anchor in enumerate(anchors):
        before = anchors[position - 1] if position else -1
        after = anchors[position + 1] if position + 1 < len(anchors) else len(row)
        used = {id(group) for toll in found for group in toll.groups}
        toll = _toll_at(row, groups, anchor, before, after, used)
        if toll is not None:
            found.append(toll)
        elif found and before >= 0 and found[-1].anchor == before and _joined(row, before, anchor):
            field = _field(row, anchor)
            together = {field, found[-1].field} == {"killed", "injured"} and found[-1].count.best != 1
            found[-1] = replace(found[-1], combined=together)
            shared = found[-1]
            found.append(replace(shared, field=field, anchor=anchor, combined=together,
                                 end=max(shared.end, row[anchor].end), last=anchor))  # fmt: skip
    return found, groups


def _is_needed(row: Sequence[Unit], i: int) -> bool:
    """A casualty word that needs a certain noun ("claimed ... lives") counts only where the noun follows."""
    sense = row[i].sense("casualty")
    needs = sense.entry.get("needs") if sense and sense.entry else None
    return not needs or any(unit.text in needs for unit in row[i + 1 : i + 1 + MAX_CHAIN_GAP])


def _joined(row: Sequence[Unit], left: int, right: int) -> bool:
    between = row[left + 1 : right]
    return 1 <= len(between) <= 2 and between[0].cue("coordination")


def _field(row: Sequence[Unit], i: int) -> str:
    sense = row[i].sense("casualty")
    return str(sense.entry.get("field")) if sense and sense.entry else "killed"


def _toll_at(
    row: Sequence[Unit], groups: Sequence[Group], anchor: int, before: int, after: int, used: set[int]
) -> Toll | None:
    sense = row[anchor].sense("casualty")
    if sense is None or sense.entry is None:
        return None
    patient = sense.entry.get("patient", "either")
    passive = False
    if patient == "either":
        passive = _is_passive(row, anchor)
        following = None if passive else _following(row, groups, anchor, after)
        chosen = following or _preceding(row, groups, anchor, before)
        if not chosen and passive:
            chosen = _subject(row, groups, anchor, used)
        if chosen and not following:
            chosen = [*chosen, *_joined_after(row, groups, anchor)]
        passive = not following
    elif patient == "before":
        chosen = _preceding(row, groups, anchor, before)
        passive = True
    elif patient == "count_after":
        chosen = _counted_after(row, groups, anchor)
    else:
        chosen = _following(row, groups, anchor, after)
    needs = sense.entry.get("needs")
    if not chosen or (needs and not any(row[group.last].text in needs for group in chosen)):
        return None
    return _sum(row, anchor, chosen, str(sense.entry.get("field")), str(sense.entry.get("event", "none")),
                bool(sense.entry.get("total")), passive)  # fmt: skip


def _is_passive(row: Sequence[Unit], anchor: int) -> bool:
    for unit in reversed(row[max(anchor - 4, 0) : anchor]):
        if unit.cue("auxiliary"):
            return True
        if not unit.cue("skip"):
            return False
    return False


def _following(row: Sequence[Unit], groups: Sequence[Group], anchor: int, limit: int) -> list[Group]:
    """Groups that start right after the anchor, with those chained to them."""
    start = anchor + 1
    while start < len(row) and (row[start].cue("skip") or row[start].role("relation") == "of"):
        start += 1
    chosen: list[Group] = []
    for group in groups:
        if group.first < start:
            continue
        if not chosen:
            if group.first > start + (1 if start < len(row) and row[start].text in '"\'' else 0) or (group.part and group.noun):
                break
            if _taken_by_next(row, group, limit):
                break
            chosen.append(group)
        elif _chained(row, chosen[-1], group) and not group.part and not _taken_by_next(row, group, limit):
            chosen.append(group)
        else:
            break
    return chosen


def _taken_by_next(row: Sequence[Unit], group: Group, limit: int) -> bool:
    """In "killed four and eight wounded" the eight belong to the next anchor."""
    if limit >= len(row):
        return False
    between = row[group.last + 1 : limit]
    sense = row[limit].sense("casualty")
    if not (sense and sense.entry) or sense.entry.get("patient") in ("after", "of", "count_after"):
        return False
    return len(between) <= 3 and all(unit.cue("auxiliary", "skip") for unit in between)


def _preceding(row: Sequence[Unit], groups: Sequence[Group], anchor: int, before: int) -> list[Group]:
    """The closest counted group before the anchor in its clause, with those chained to it; parts stand aside."""
    floor = max(before, _clause_start(row, anchor))
    candidates = [group for group in groups if group.first > floor and group.last < anchor]
    main = [group for group in candidates if not group.part and not _under_preposition(row, group)]
    if not main:  # "eleven of them were killed"
        main = [group for group in candidates if group.part and not group.noun and not _under_preposition(row, group)][-1:]
    counted = [group for group in main if not group.named]
    if counted and main[-1].named and main[-1].last < anchor - 2:
        main = counted
    if not main:
        return []
    chosen = [main[-1]]
    for group in reversed(main[:-1]):
        if _chained(row, group, chosen[0]):
            chosen.insert(0, group)
        elif (group.count.best or 0) > 1 and group.count.best == sum(g.count.best or 0 for g in chosen):
            return [group]  # "two protesters, a boy and a man, were killed"
        else:
            break
    return chosen


def _joined_after(row: Sequence[Unit], groups: Sequence[Group], anchor: int) -> list[Group]:
    """ "was killed together with his guard"."""
    if anchor + 1 >= len(row) or not row[anchor + 1].cue("company"):
        return []
    return [group for group in groups if group.first == anchor + 2 and not group.part]


def _subject(row: Sequence[Unit], groups: Sequence[Group], anchor: int, used: set[int]) -> list[Group]:
    """The subject of the sentence, where a clause of its own stands between it and its verb."""
    first = next((group for group in groups if not group.part), None)
    if first is None or id(first) in used or first.last >= anchor or _under_preposition(row, first):
        return []
    if any(unit.sense("speech") for unit in row[:anchor] if unit.start > row[first.last].start):
        return []
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


def _counted_after(row: Sequence[Unit], groups: Sequence[Group], anchor: int) -> list[Group]:
    """ "death toll rises to eight": the first bare number within a few words."""
    for group in groups:
        if anchor < group.first <= anchor + TOLL_REACH and not group.part and not group.named:
            return [group]
    return []


def _sum(
    row: Sequence[Unit], anchor: int, chosen: Sequence[Group], field: str, event: str, total: bool, passive: bool
) -> Toll:
    if len(chosen) > 1 and (chosen[0].count.best or 0) > 1 and chosen[0].count.best == sum(group.count.best or 0 for group in chosen[1:]):
        chosen = chosen[:1]  # "two protesters, a boy and a man"
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
        more=all(group.more for group in chosen), total=total, named=any(group.named for group in chosen),
        passive=passive, first=first, last=last,
    )  # fmt: skip


def adopt(tolls: Sequence[Toll], earlier: Sequence[Group]) -> list[Toll]:
    """Give "all eight were killed" the side of the eight whom the sentences before counted."""
    done = []
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
