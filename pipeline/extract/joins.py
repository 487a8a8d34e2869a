"""How the groups of a sentence join: lists, apposition, parts of a total.

A group may be part of another ("including two women"), part of a list ("three soldiers and a civilian") or another
name for the one before ("a shopkeeper, Ram Lal").
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from pipeline.extract.groups import Group, group_at, is_part_cue
from pipeline.extract.units import Unit

MAX_CHAIN_GAP = 8
OPENINGS = (",", ":", "(", "-")  # marks before another name of a group
MAX_BREAKDOWN_GAP = 14
GENERIC = frozenset({"civilians", "security forces", "militants"})  # targets that cover others of their side


def groups_of(row: Sequence[Unit], text: str) -> list[Group]:
    """All groups of a sentence, left to right, parts marked."""
    found: list[Group] = []
    i = 0
    while i < len(row):
        if not row[i].form and row[i].number is None and not row[i].capital:
            i += 1
            continue
        group = group_at(row, i, text)
        if group is None:
            i += 1
            continue
        found.append(group)
        i = group.last + 1
    return _mark_breakdowns(row, _mark_parts(row, found))


def _mark_parts(row: Sequence[Unit], groups: list[Group]) -> list[Group]:
    """Groups after "including" or before "of them" are parts, and so are those chained to them."""
    marked: list[Group] = []
    for group in groups:
        before = row[max(group.first - 3, 0) : group.first]
        part = any(is_part_cue(unit, "before") for unit in before) or _part_follows(row, group.last)
        part = part or any(is_part_cue(unit, "after") for unit in row[group.first : group.last + 1])
        if not part and marked and marked[-1].part and chained(row, marked[-1], group):
            part = True
        if part and not group.noun and marked and is_part_cue(row[min(group.last + 1, len(row) - 1)], "after"):
            group = replace(group, kind=marked[-1].kind)  # "several attackers were hurt, and one of them was killed"
        marked.append(replace(group, part=part))
    return marked


def _part_follows(row: Sequence[Unit], last: int) -> bool:
    """ "five commanders of the force among them": the mark of a part at the end of its phrase."""
    for unit in row[last + 1 : last + 11]:
        if is_part_cue(unit, "after"):
            return True
        if unit.mark or unit.sense("casualty") or unit.sense("trigger") or unit.sense("speech") or unit.sense("number"):
            return False
        if unit.cue("auxiliary", "subordinate", "coordination", "boundary", "part"):
            return False
    return False


def _mark_breakdowns(row: Sequence[Unit], groups: list[Group]) -> list[Group]:
    """Groups that follow a total and add up to it are its parts: "nine people - six men, two women, a child"."""
    for t, total in enumerate(groups):
        if total.part or (total.count.best or 0) < 2:
            continue
        n, reached = t + 1, 0
        while n < len(groups) and (n == t + 1 or chained(row, groups[n - 1], groups[n])):
            reached += groups[n].count.best or 0
            n += 1
            if reached == total.count.best and n - t > 2 and not _has_own_verb(row, groups[n - 1].last):
                close = groups[t + 1].first - total.last <= MAX_BREAKDOWN_GAP
                if close and all(_may_be_of(total, group) for group in groups[t + 1 : n]):
                    groups = [
                        *groups[: t + 1],
                        *(replace(group, part=True) for group in groups[t + 1 : n]),
                        *groups[n:],
                    ]
                break
    return groups


def _may_be_of(total: Group, group: Group) -> bool:
    """Whether a group can be among those of the total: a boy among protesters, but no policeman among soldiers."""
    if "unknown" in (total.kind, group.kind) or group.target is None or group.target == total.target:
        return True
    return total.kind == group.kind and not {total.target, group.target}.isdisjoint(GENERIC)


def _has_own_verb(row: Sequence[Unit], last: int) -> bool:
    """Whether a casualty word follows at once, as in "… three policemen and two civilians were injured"."""
    for unit in row[last + 1 : last + 4]:
        sense = unit.sense("casualty")
        if sense and sense.entry:
            return sense.entry.get("patient") in ("before", "either")
        if not unit.cue("auxiliary", "skip"):
            return False
    return False


def apposed(row: Sequence[Unit], left: Group, right: Group) -> bool:
    """Whether the right group is another name of the left: "Ali Baloch, a teacher", "two men, Ali Gul and Naik Gul"."""
    between = row[left.last + 1 : right.first]
    if not between or len(between) > MAX_CHAIN_GAP or left.part != right.part:
        return False
    if between[-1].text not in OPENINGS and not between[-1].cue("naming"):
        return False
    if any(
        u.sense("casualty") or u.cue("coordination") or (u.sense("speech") and not u.cue("naming")) for u in between
    ):
        return False
    if right.named:
        return not left.named
    return left.named and left.count.best == 1 == right.count.best and right.opener in ("article", "definite", "bare")


def chained(row: Sequence[Unit], left: Group, right: Group) -> bool:
    """Whether two groups are joined by "and" or a comma, with nothing between that ends the enumeration."""
    between = row[left.last + 1 : right.first]
    if not between or len(between) > MAX_CHAIN_GAP:
        return False
    if not (right.noun or right.more):  # an age, a house number
        return False
    if between[-1].text == "," and right.last + 1 < len(row) and row[right.last + 1].sense("speech"):
        return False  # "…, a police officer said"
    if not (between[-1].cue("coordination", "company") or between[-1].text == ",") or apposed(row, left, right):
        return False
    return not any(
        unit.sense("casualty") or unit.sense("trigger") or (unit.sense("speech") and not unit.cue("naming"))
        or unit.cue("auxiliary", "subordinate", "part", "relative") or unit.text in ';:"'
        for unit in between
    )  # fmt: skip
