"""Numbers as the news writes them: words, digits, ranges, "at least", "or more", "a dozen", "several"."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pipeline.extract.units import Unit

LIMIT = 200_000  # a larger figure is money, population or votes, never the toll of an incident


@dataclass(frozen=True, slots=True)
class Count:
    """A counted quantity; best is None where the words are vague ("several")."""

    low: int | None
    best: int | None
    high: int | None
    qualifier: str
    start: int
    end: int


def plain_value(row: Sequence[Unit], i: int) -> tuple[int, int] | None:
    """Value of the number that starts at unit i, and the index after it. "twenty five" and "two dozen" are one."""
    if i >= len(row):
        return None
    unit = row[i]
    if unit.number is not None:
        value, j = unit.number, i + 1
    else:
        sense = unit.sense("number")
        if sense is None or sense.value is None or unit.role("number") != "cardinal":
            return None
        value, j = sense.value, i + 1
        if 20 <= value <= 90 and j < len(row):
            small = row[j].sense("number")
            if small and small.value and small.value < 10 and row[j].role("number") == "cardinal":
                value, j = value + small.value, j + 1
    while j < len(row) and row[j].role("number") == "multiplier":
        sense = row[j].sense("number")
        value, j = value * (sense.value or 1 if sense else 1), j + 1
    return value, j


def is_measure(row: Sequence[Unit], i: int, j: int) -> bool:
    """Whether the number in units i..j counts kilometres, years, rupees and the like, or is a year or a time."""
    if j < len(row) and row[j].role("number") == "measure":
        return True
    if i and row[i - 1].role("number") == "currency":
        return True
    if _is_age(row, i, j) or _ends_span(row, i):
        return True
    glued = j < len(row) and not row[j].mark and row[j].start == row[j - 1].end
    return glued


def _ends_span(row: Sequence[Unit], i: int) -> bool:
    """The second figure of "between the ages of 20 and 50"."""
    if i < 3 or not (row[i - 1].cue("coordination") or row[i - 1].role("number") == "range"):
        return False
    return row[i - 3].role("number") == "currency" and bool(row[i - 2].number is not None or row[i - 2].sense("number"))


def count_at(row: Sequence[Unit], i: int, text: str) -> tuple[Count, int] | None:
    """The count that starts at unit i (its qualifier included), and the index after it."""
    start = i
    qualifier = "exact"
    while i < len(row):
        sense = row[i].sense("qualifier")
        if sense and sense.entry and sense.entry.get("position", "before") == "before":
            qualifier, i = str(sense.entry.get("qualifier")), i + 1
        else:
            break
    found = (
        (_vague(row, start, i) or _between(row, start, i) or _figure(row, start, i, text, qualifier))
        if i < len(row)
        else None
    )
    if found is None and i > start:  # "another" may itself be the number
        found = _vague(row, start, start) or _figure(row, start, start, text, "exact")
    if found is None:
        return None
    count, j = found
    if j < len(row):
        sense = row[j].sense("qualifier")
        if sense and sense.entry and sense.entry.get("position") == "after":
            return Count(count.low, count.best, None, str(sense.entry.get("qualifier")), count.start, row[j].end), j + 1
    return count, j


def _vague(row: Sequence[Unit], start: int, i: int) -> tuple[Count, int] | None:
    if row[i].role("number") != "vague":
        return None
    j = i + 1
    return Count(None, None, None, "vague", row[start].start, row[j - 1].end), j


def _between(row: Sequence[Unit], start: int, i: int) -> tuple[Count, int] | None:
    """ "between 8 and 10"."""
    if row[i].role("relation") != "between":
        return None
    low = plain_value(row, i + 1)
    if low is None or low[1] >= len(row) or not row[low[1]].cue("coordination"):
        return None
    high = plain_value(row, low[1] + 1)
    if high is None or high[0] <= low[0] or high[0] > LIMIT or is_measure(row, low[1] + 1, high[1]):
        return None
    return Count(low[0], None, high[0], "about", row[start].start, row[high[1] - 1].end), high[1]


def _figure(row: Sequence[Unit], start: int, i: int, text: str, qualifier: str) -> tuple[Count, int] | None:
    unit = row[i]
    if unit.role("number") == "article" and i + 1 < len(row) and row[i + 1].role("number") == "multiplier":
        sense = row[i + 1].sense("number")
        value, j = (sense.value or 1 if sense else 1), i + 2
    else:
        plain = plain_value(row, i)
        if plain is None:
            return None
        value, j = plain
    if value > LIMIT or is_measure(row, i, j) or _is_label(row, i, text) or _is_year(row, i, j, value):
        return None
    high: int | None = value
    low: int | None = value
    j = _after_repeat(row, j, value)
    second = _range_end(row, j, text)
    if second is not None:
        high, j = second
        if high < value:
            high, low = value, high
    begin, end = row[start].start, row[j - 1].end
    if qualifier == "at_least":
        return Count(low, value, None, qualifier, begin, end), j
    if qualifier == "up_to":
        return Count(None, value, value, qualifier, begin, end), j
    best = value if low == high else None
    return Count(low, best, high, "about" if low != high and qualifier == "exact" else qualifier, begin, end), j


def _after_repeat(row: Sequence[Unit], j: int, value: int) -> int:
    """The index after a repetition in brackets: "8 (eight)"."""
    if j + 2 < len(row) and row[j].text == "(":
        plain = plain_value(row, j + 1)
        if plain is not None and plain[0] == value and plain[1] < len(row) and row[plain[1]].text == ")":
            return plain[1] + 1
    return j


def _is_age(row: Sequence[Unit], i: int, j: int) -> bool:
    """A number between commas or brackets after a name: "Ali Gul, 35, a resident of …"."""
    if i < 2 or row[i - 1].text not in (",", "(") or not row[i - 2].capital or row[i - 2].mark or row[i].number is None:
        return False
    return j >= len(row) or row[j].text in (",", ")")


def _is_label(row: Sequence[Unit], i: int, text: str) -> bool:
    """The number of "N-25", "PB-10" and "F-16"."""
    start = row[i].start
    return row[i].number is not None and start > 1 and text[start - 1] in "-–/" and text[start - 2].isalpha()


def _is_year(row: Sequence[Unit], i: int, j: int, value: int) -> bool:
    """A bare number of four digits like 2013 is a year unless it counts a noun for people."""
    return 1900 <= value <= 2100 and len(row[i].text) == 4 and not (j < len(row) and row[j].sense("victim"))


def _range_end(row: Sequence[Unit], j: int, text: str) -> tuple[int, int] | None:
    """The second figure of "10-12", "10 to 12" or "four or five"."""
    if j >= len(row):
        return None
    gap = text[row[j - 1].end : row[j].start]
    at = j
    if not (gap and gap.strip() in tuple("-–—") and gap.strip()):
        if row[j].role("number") != "range" or j + 1 >= len(row):
            return None
        at = j + 1
    plain = plain_value(row, at)
    if plain is None or plain[0] > LIMIT or is_measure(row, at, plain[1]):
        return None
    return plain
