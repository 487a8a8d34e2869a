"""To whom a casualty word happened: the groups before or after it, by the side that the pack gives."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from pipeline.extract.groups import Group
from pipeline.extract.joins import apposed, chained
from pipeline.extract.lexicon import Entry
from pipeline.extract.units import Unit

MAX_TOLL_GAP = 14  # units between "death toll" and its figure
CLOSE_REACH = 4  # units after a group in which its phrase ends ("sent eight men to hell")
_QUOTES = ('"', "'")


@dataclass(frozen=True, slots=True)
class Place:
    """Where an anchor stands: its index, the anchors around it, and groups that already have their verb."""

    anchor: int
    before: int
    after: int
    used: frozenset[int]


def entry_of(row: Sequence[Unit], i: int) -> Entry | None:
    """The casualty entry of unit i, if it has one."""
    sense = row[i].sense("casualty") if i < len(row) else None
    return sense.entry if sense else None


def patients(row: Sequence[Unit], groups: Sequence[Group], place: Place, entry: Entry) -> tuple[list[Group], bool]:
    """The groups to whom it happened, and whether they stand before the verb."""
    patient = entry.get("patient", "either")
    if patient == "before":
        return _preceding(row, groups, place), True
    if patient == "count_after":
        return _figure_after(row, groups, place.anchor), False
    if patient in ("after", "of"):
        return _following(row, groups, place), False
    passive = is_passive(row, place.anchor)
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


def _antecedent(groups: Sequence[Group], place: Place) -> list[Group]:
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


def is_complete(row: Sequence[Unit], chosen: Sequence[Group], entry: Entry) -> bool:
    """Whether the words that the verb needs are there: "took … lives", "sent … to hell"."""
    needs, closes = entry.get("needs"), entry.get("closes")
    if needs and not any(_says(row, group, needs) for group in chosen):
        return False
    if not closes:
        return True
    rest = " ".join(unit.text for unit in row[chosen[-1].last + 1 : chosen[-1].last + 1 + CLOSE_REACH])
    return any(rest == close or rest.startswith(f"{close} ") for close in closes)


def is_passive(row: Sequence[Unit], anchor: int) -> bool:
    """Whether an auxiliary stands before the casualty word ("were … killed")."""
    for unit in reversed(row[max(anchor - 4, 0) : anchor]):
        if unit.cue("auxiliary"):
            return True
        if not unit.cue("skip"):
            return False
    return False


def _following(row: Sequence[Unit], groups: Sequence[Group], place: Place) -> list[Group]:
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
    entry = entry_of(row, limit)
    if entry is None or entry.get("patient") not in ("before", "either"):
        return False
    if entry.get("needs") and not _says(row, group, entry.get("needs")):  # "the bodies of eight men were found"
        return False
    between = row[group.last + 1 : limit]
    return len(between) <= 3 and all(unit.cue("auxiliary", "skip") for unit in between)


def _preceding(row: Sequence[Unit], groups: Sequence[Group], place: Place) -> list[Group]:
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
    if all(group.named for group in chosen):  # "five prisoners named Ali, son of …, and Gul were hanged"
        listed = [a for a, b in pairwise(main) if apposed(row, a, b) and (a.count.best or 0) > len(chosen)]
        chosen = listed[-1:] or chosen
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


def _subject(row: Sequence[Unit], groups: Sequence[Group], place: Place) -> list[Group]:
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


def _is_clausal(row: Sequence[Unit], i: int) -> bool:
    """Whether a verb of speech opens a clause; "are believed to have been killed" goes on with its subject."""
    if not row[i].sense("speech") or row[i].cue("naming"):
        return False
    return not (i + 1 < len(row) and row[i + 1].cue("auxiliary") and i > 0 and row[i - 1].cue("auxiliary"))


def _clause_start(row: Sequence[Unit], anchor: int) -> int:
    for i in range(anchor - 1, -1, -1):
        unit = row[i]
        if unit.cue("subordinate", "boundary") or unit.text in ";" or _is_clausal(row, i):
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
