"""Counted groups of people: "at least 10 miners", "a senior police officer", "his two sons", persons by name.

How groups join, and which are parts of others, is in joins.py; what happened to them in tolls.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from pipeline.extract.match import Sense
from pipeline.extract.numbers import Count, count_at, plain_value
from pipeline.extract.units import Unit

MAX_PREMODIFIERS = 6
MAX_BARE_PREMODIFIERS = 3
MAX_TALLY_GAP = 14
SIDES = {1: "security_forces", 2: "attackers"}  # values of actor senses, see names.py


@dataclass(frozen=True, slots=True)
class Group:
    """A counted group of people in units first..last (inclusive).

    Attributes:
        kind: security_forces, civilians, attackers or unknown.
        part: counted in a larger figure that the sentence or the text also gives.
        more: others than those told before ("two more").
        noun: a noun says who they are; else a bare number ("killing nine").
        whole: the number of those of whom these are some ("one of 40 people").
        opener: how the group starts: count, article, definite, possessive, name, or bare ("Teacher shot dead").
    """

    count: Count
    first: int
    last: int
    kind: str
    target: str | None
    named: bool = False
    part: bool = False
    more: bool = False
    noun: bool = True
    opener: str = "count"
    whole: int | None = None


def group_at(row: Sequence[Unit], i: int, text: str) -> Group | None:
    """The group that starts at unit i, if one does."""
    unit = row[i]
    definite = unit.cue("determiner", "possessive")
    counted = count_at(row, i + 1 if definite else i, text)
    if counted is not None:
        count, j = counted
        return _counted(row, i, j, count)
    if definite or unit.role("number") == "article":
        return _single(row, i)
    if unit.cue("negation") and i + 1 < len(row):  # "no soldier was hurt"
        nobody = _bare(row, i + 1)
        zero = Count(0, 0, 0, "exact", unit.start, row[i + 1].end)
        return replace(nobody, count=zero, first=i, opener="article") if nobody else None
    if unit.capital and _is_name_part(unit):
        person = _person(row, i)
        if person is not None:
            return person
    return _bare(row, i)


def _counted(row: Sequence[Unit], i: int, j: int, count: Count) -> Group | None:
    """A number and the noun that it counts; without a noun it stands for itself ("eight wounded", "killing nine")."""
    if j < len(row) and (
        row[j].role("number") == "measure"
        or (" " in row[j].text and row[j].cue("background", "subordinate", "separate"))
    ):
        return None
    more = any(unit.cue("more") for unit in row[i : j + 1])
    bare = Group(count, i, j - 1, "unknown", None, more=more, noun=False)
    start = k = _after_partitive(row, j)
    whole = _whole(row, j, k)
    bare = replace(bare, last=k - 1, whole=whole) if whole else bare
    steps = 0
    while k < len(row) and steps <= MAX_PREMODIFIERS:
        unit = row[k]
        if unit.sense("victim"):
            last = k
            while last + 1 < len(row) and row[last + 1].sense("victim"):  # "security personnel", "police officers"
                last += 1
            kind, target = _kind_of(row[last].sense("victim"))
            kind = (_side(row, start, last) or _side_after(row, last) or kind) if kind == "unknown" else kind
            return Group(replace(count, end=row[last].end), i, last, kind, target, more=more, whole=whole)
        actor = unit.sense("actor")
        if actor and actor.value in SIDES and not _premodifier_follows(row, k + 1):
            return Group(replace(count, end=unit.end), i, k, SIDES[actor.value], None, more=more)
        if unit.cue("more"):
            more = True
            if not _premodifier_follows(row, k + 1):
                return Group(replace(count, end=unit.end), i, k, "unknown", None, more=True, noun=False)
        elif unit.sense("weapon") or unit.sense("target") or _is_event(row, k):
            return None  # "the two suicide attacks"
        elif _ends_phrase(unit):
            break
        k, steps = k + 1, steps + 1
    if _is_victim_by_verb(row, i, j):
        return replace(bare, last=j, noun=True)
    return None if _counts_nobody(row, i, j) else bare


def _is_event(row: Sequence[Unit], k: int) -> bool:
    """Whether the number counts what happened; "five blast victims" are people."""
    unit = row[k]
    return bool(unit.sense("trigger") and not unit.sense("casualty") and not _premodifier_follows(row, k + 1))


def _is_tally(unit: Unit) -> bool:
    """Whether the word announces a figure: "the number of injured … was 25"."""
    return _patient(unit) == "count_after"


def _is_victim_by_verb(row: Sequence[Unit], i: int, j: int) -> bool:
    """Whether the verb makes people of a noun that nothing else knows: "killing two occupants"."""
    if j >= len(row) or row[j].form or row[j].mark or row[j].capital or row[j].number is not None:
        return False
    return (i > 0 and _patient(row[i - 1]) in ("after", "either", "of")) or (
        j + 1 < len(row) and _patient(row[j + 1]) in ("before", "either")
    )


def _patient(unit: Unit) -> str | None:
    """On which side of a casualty word its victims stand, whoever they are."""
    sense = unit.sense("casualty")
    return str(sense.entry.get("patient")) if sense and sense.entry and not sense.entry.get("needs") else None


def _counts_nobody(row: Sequence[Unit], i: int, j: int) -> bool:
    """Whether a number without a known noun counts things or years: "40 goats", "a man of 25", "father of two"."""
    if j < len(row) and not row[j].form and not row[j].mark and not row[j].capital:
        return True
    if j < len(row) and row[j].sense("casualty"):
        return False
    if (
        i
        and not any(_is_tally(unit) for unit in row[max(i - MAX_TALLY_GAP, 0) : i])
        and row[i].number is not None
        and row[i - 1].cue("auxiliary")
        and j < len(row)
        and (row[j].cue("coordination") or row[j].mark)
    ):  # "the officer was 31 and …"
        return True
    return i > 0 and row[i - 1].role("relation") == "of" and not (i > 1 and row[i - 2].sense("casualty"))


def _after_partitive(row: Sequence[Unit], j: int) -> int:
    """Where the noun may start after "of the", "of his" or "of two"; j itself where there is no such thing."""
    if j < len(row) and is_part_cue(row[j], "after"):  # "nine of them security men"
        return j + 1
    if j + 1 >= len(row) or row[j].role("relation") != "of":
        return j
    if row[j + 1].cue("determiner", "possessive"):
        j += 1
    plain = plain_value(row, j + 1)
    if plain is not None:
        return plain[1]  # "one of two militants", "four of the nine"
    return j + 1 if row[j].cue("determiner", "possessive") else j


def _whole(row: Sequence[Unit], j: int, k: int) -> int | None:
    """The second number of "one of 40 people"."""
    if k - j < 2 or row[j].role("relation") != "of":
        return None
    plain = plain_value(row, j + 1) or plain_value(row, j + 2)
    return plain[0] if plain is not None and plain[1] == k else None


def _ends_phrase(unit: Unit) -> bool:
    return bool(
        unit.mark or unit.sense("casualty") or unit.sense("relation") or unit.sense("speech")
        or unit.cue("coordination", "auxiliary", "part", "subordinate", "relative", "determiner")
    )  # fmt: skip


def _kind_of(sense: Sense | None) -> tuple[str, str | None]:
    if sense is None or sense.entry is None:
        return "unknown", None
    return str(sense.entry.get("group")), sense.entry.get("target")


def _side(row: Sequence[Unit], low: int, high: int) -> str | None:
    """The side of an actor or a force that stands before a neutral noun ("three Jaish al-Adl members")."""
    for unit in row[low:high]:
        actor = unit.sense("actor")
        if actor and actor.value in SIDES:
            return SIDES[actor.value]
    return None


def _side_after(row: Sequence[Unit], last: int) -> str | None:
    """The side of an actor after a neutral noun ("twelve members of the Pakistan Army")."""
    if last + 1 >= len(row) or row[last + 1].role("relation") != "of":
        return None
    return _side(row, last + 2, last + 5)


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
    """ "a senior police officer": an article, determiner or possessive and a singular noun for a person."""
    opener = (
        "article" if row[i].role("number") == "article" else "possessive" if row[i].cue("possessive") else "definite"
    )
    k, steps = i + 1, 0
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
            kind, target = _kind_of(sense)
            kind = (_side(row, i, k) or kind) if kind == "unknown" else kind
            return Group(_one(row[i].start, row[last].end), i, last, kind, target, named=last > k, opener=opener)
        actor = unit.sense("actor")
        if actor and actor.value in SIDES and opener == "article" and _ends_noun(row, k + 1):  # "a Pakistani soldier"
            return Group(_one(row[i].start, unit.end), i, k, SIDES[actor.value], None, opener=opener)
        if (
            (unit.number is not None or unit.sense("number"))
            and k + 1 < len(row)
            and row[k + 1].role("number") == "measure"
        ):
            k, steps = k + 2, steps + 1  # "a 12-year-old girl"
            continue
        if unit.mark or unit.sense("casualty") or unit.sense("relation") or unit.sense("number"):
            return None
        if unit.form.get("cue") and not unit.cue("skip", "more", "adjective"):
            return None
        if k > i + 1 and unit.capital and not row[k - 1].capital and (person := _person(row, k)):
            return replace(person, first=i, count=_one(row[i].start, person.count.end))  # "his co-pilot Hamed Jandaghi"
        k, steps = k + 1, steps + 1
    return None


def _ends_noun(row: Sequence[Unit], k: int) -> bool:
    return k >= len(row) or bool(row[k].mark or row[k].cue("auxiliary", "coordination") or row[k].sense("casualty"))


def _bare(row: Sequence[Unit], i: int) -> Group | None:
    """A singular noun without an article: before a name ("constable Ali Gul") or in a headline ("Man shot dead")."""
    if i and not (row[i - 1].form or row[i - 1].mark):  # "any soldier"
        return None
    k = i
    while k < len(row) and k - i <= MAX_BARE_PREMODIFIERS and not row[k].sense("victim"):
        if not (row[k].sense("actor") or row[k].sense("country") or row[k].cue("adjective")):
            return None
        k += 1
    if k >= len(row):
        return None
    while k + 1 < len(row) and row[k + 1].sense("victim") and not row[k + 1].capital:
        k += 1
    sense = row[k].sense("victim")
    if sense is None or sense.entry is None or sense.entry.get("plural"):
        return None
    last = _name_after(row, k)
    kind, target = _kind_of(sense)
    kind = (_side(row, i, k) or kind) if kind == "unknown" else kind
    return Group(
        _one(row[i].start, row[last].end), i, last, kind, target, named=last > k, opener="name" if last > k else "bare"
    )


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
    kind, target = "unknown", None
    while j < len(row) and row[j].capital and _is_name_part(row[j]):
        plain += not row[j].form
        if row[j].sense("victim") and kind == "unknown":
            kind, target = _kind_of(row[j].sense("victim"))
        j += 1
    if j - i < 2 or not plain:
        return None
    return Group(_one(row[i].start, row[j - 1].end), i, j - 1, kind, target, named=True, opener="name")


def is_part_cue(unit: Unit, side: str) -> bool:
    """Whether a word of parts may stand on this side of the part: "including two women", "two women among them"."""
    sense = unit.form.get("cue")
    if not sense or not sense.entry or "part" not in sense.roles:
        return False
    return bool(sense.entry.attributes.get("side", side) == side)
