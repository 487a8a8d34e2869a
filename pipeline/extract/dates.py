"""Time expressions of a sentence, resolved against the day of publication; never guessed.

A weekday or a day without a year needs a publication date (or, for the year, a full date that the text gave before);
without one the expression is kept, so that events are told apart by it, and its date stays unknown.
"""

from __future__ import annotations

import calendar
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

from pipeline.extract.units import Unit

STARTERS = frozenset({"month", "weekday", "date_word", "number", "cue"})
OLD_DAYS = 20  # a day further back than this is told as past
MIN_YEAR, MAX_YEAR = 1950, 2100


@dataclass(frozen=True, slots=True)
class When:
    """One time expression.

    Attributes:
        first, last: the days that it covers; None where they cannot be known.
        precision: day, days, week, month, year or unknown.
        key: what was said, for comparison where no day is known, such as ("weekday", 2) or ("md", 9, 28).
        said: it tells when somebody spoke, not when something happened.
        shift: for "two days earlier": days from the event told before.
        ago: counted back from publication ("last month"), or a year or month alone: the manner of background.
    """

    first: date | None
    last: date | None
    precision: str
    key: tuple[object, ...]
    start: int
    end: int
    at: int
    said: bool = False
    shift: int | None = None
    ago: bool = False
    rule: str = "date"


def times_of(row: Sequence[Unit], published: date | None, year: int | None) -> list[When]:
    """Time expressions of a sentence in order. `year` is the year of the last full date of the text, if any."""
    found: list[When] = []
    i = 0
    while i < len(row):
        result = None
        if not _may_start(row[i]) or (i and row[i - 1].role("date_word") == "zone"):
            i += 1  # "(2230 GMT Thursday)" is the same moment elsewhere
            continue
        for reader in (_calendar_day, _numeric, _month_alone, _relative_day, _period, _count_ago, _weekday, _year):
            result = reader(row, i, published, year)
            if result is not None:
                break
        if result is None:
            i += 1
            continue
        when, j = result
        found.append(replace(when, said=_is_said(row, i) or (j < len(row) and row[j].sense("speech") is not None)))
        i = max(j, i + 1)
    return _merge_weekdays(found)


def _may_start(unit: Unit) -> bool:
    """Whether a time expression can begin here at all; most words fail at once."""
    return unit.number is not None or unit.text[0].isdigit() or not STARTERS.isdisjoint(unit.form)


def spend(row: Sequence[Unit], whens: Sequence[When]) -> None:
    """The figures of a date count nothing else."""
    for when in whens:
        for unit in row[when.at :]:
            if unit.start >= when.end:
                break
            unit.number = None


Result = tuple[When, int] | None


def _value(row: Sequence[Unit], i: int, kind: str) -> int | None:
    if i >= len(row):
        return None
    sense = row[i].sense(kind)
    return sense.value if sense else None


def _day_number(row: Sequence[Unit], i: int) -> tuple[int, int] | None:
    """A day of the month, with its ordinal ending."""
    number = row[i].number if i < len(row) else None
    if number is None or not 1 <= number <= 31:
        return None
    j = i + 1
    if j < len(row) and row[j].start == row[i].end and row[j].role("date_word") == "part":
        j += 1
    return number, j


def _year_number(row: Sequence[Unit], i: int) -> tuple[int, int] | None:
    j = i
    while j < len(row) and j <= i + 1 and (row[j].text in (",", ".") or row[j].role("relation") == "of"):
        j += 1
    number = row[j].number if j < len(row) else None
    if number is not None and MIN_YEAR <= number <= MAX_YEAR and len(row[j].text) == 4:
        return number, j + 1
    return None


def _calendar_day(row: Sequence[Unit], i: int, published: date | None, year: int | None) -> Result:
    """ "16 February 2013", "Feb. 16", "13 and 14 July", "January 16 this year"."""
    second: int | None = None
    month = _value(row, i, "month")
    if month:
        j = i + 1 + (i + 1 < len(row) and row[i + 1].text == ".")
        day = _day_number(row, j)
        if day is None:
            return None
        first, j = day
        second, j = _second_day(row, j, first)
    else:
        day = _day_number(row, i)
        if day is None:
            return None
        first, j = day
        second, k = _second_day(row, j, first)
        k += k < len(row) and row[k].role("relation") == "of"
        month = _value(row, k, "month")
        if not month:
            if second is None:
                return None
            k = j + (j < len(row) and row[j].role("relation") == "of")
            month, second = _value(row, k, "month"), None
            if not month:
                return None
        j = k + 1
    return _with_year(row, i, j, first, second, month, published, year)


def _second_day(row: Sequence[Unit], j: int, first: int) -> tuple[int | None, int]:
    """The second day of "13 and 14", "29/30" or "12-13"."""
    if j >= len(row):
        return None, j
    k = j + (row[j].cue("coordination") or row[j].role("number") == "range" or row[j].text == "/")
    day = _day_number(row, k)
    if day is None or day[0] not in (first + 1, 1) or (k == j and row[k].start - row[j - 1].end > 1):
        return None, j
    return day[0], day[1]


def _with_year(
    row: Sequence[Unit], i: int, j: int, first: int, second: int | None, month: int, published: date | None,
    year: int | None,
) -> Result:  # fmt: skip
    explicit = _year_number(row, j)
    shift = None
    if explicit is None:
        shift, k = _year_shift(row, j)
        j = k if shift is not None else j
    start, end = row[i].start, row[j - 1].end
    if explicit is not None:
        at_year: int | None = explicit[0]
        j = explicit[1]
        end = row[j - 1].end
    elif published is not None:
        at_year = published.year + shift if shift is not None else _year_before(first, month, published)
    else:
        at_year = year
    key = ("md", month, first)
    if at_year is None:
        return When(None, None, "unknown", key, start, end, i, rule="date.day_without_year"), j
    day = _make(at_year, month, first)
    if day is None:
        return None
    last = day + timedelta(days=1) if second else day
    old = published is not None and (published - last).days > OLD_DAYS
    return When(day, last, "days" if second else "day", key, start, end, i, ago=old, rule="date.calendar"), j


def _year_shift(row: Sequence[Unit], j: int) -> tuple[int | None, int]:
    """ "this year" is 0, "last year" is -1 after a day or month."""
    if j + 1 < len(row) and row[j + 1].role("date_word") == "unit" and _value(row, j + 1, "date_word") == 365:
        if row[j].role("date_word") == "this":
            return 0, j + 2
        if row[j].role("date_word") == "last":
            return -1, j + 2
    return None, j


def _year_before(day: int, month: int, published: date) -> int:
    """The year that puts day and month last before publication; one day of grace for time zones."""
    return published.year if (month, day) <= _plus_one(published) else published.year - 1


def _plus_one(day: date) -> tuple[int, int]:
    following = day + timedelta(days=1)
    return (following.month, following.day) if following.year == day.year else (12, 31)


def _make(year: int, month: int, day: int) -> date | None:
    if not (MIN_YEAR <= year <= MAX_YEAR and 1 <= day <= calendar.monthrange(year, month)[1]):
        return None
    return date(year, month, day)


def _numeric(row: Sequence[Unit], i: int, published: date | None, year: int | None) -> Result:
    """2024-01-16, 16/01/2024, 16.01.2024."""
    unit = row[i]
    parts = [piece for piece in unit.text.replace(".", "/").split("/") if piece]
    j = i + 1
    if len(parts) == 1 and unit.number is not None and i + 2 < len(row) and len(unit.text) == 4:
        a, b = row[i + 1], row[i + 2]
        if a.number and b.number and len(a.text) == 2 and len(b.text) == 2 and a.start == unit.end + 1:
            parts, j = [unit.text, a.text, b.text], i + 3
    if len(parts) != 3 or not all(part.isdecimal() for part in parts):
        return None
    numbers = [int(part) for part in parts]
    if len(parts[0]) == 4:
        at_year, month, day = numbers
    elif len(parts[2]) == 4:
        day, month, at_year = numbers
    else:
        return None
    made = _make(at_year, month, day) if 1 <= month <= 12 else None
    if made is None:
        return None
    when = When(made, made, "day", ("md", month, day), unit.start, row[j - 1].end, i, rule="date.numeric")
    return when, j


def _month_alone(row: Sequence[Unit], i: int, published: date | None, year: int | None) -> Result:
    """ "February 2022", "in December", "last April", "October last year"."""
    start = i
    lead = row[i].role("date_word")
    if lead in ("last", "this"):
        i += 1
    month = _value(row, i, "month")
    if not month:
        return None
    j = i + 1 + (i + 1 < len(row) and row[i + 1].text == ".")
    explicit = _year_number(row, j)
    shift, k = _year_shift(row, j)
    at_year: int | None
    if explicit is not None:
        at_year, j = explicit
    elif published is None:
        at_year = None
    elif shift is not None:
        at_year, j = published.year + shift, k
    elif lead == "last" and month == published.month:
        at_year = published.year - 1
    else:
        at_year = published.year if month <= published.month else published.year - 1
    span = (row[start].start, row[j - 1].end)
    if at_year is None:
        return When(None, None, "unknown", ("month", month), *span, start, ago=True, rule="date.month"), j
    first, last = _month_span(at_year, month)
    return When(first, last, "month", ("month", month), *span, start, ago=True, rule="date.month"), j


def _month_span(year: int, month: int) -> tuple[date, date]:
    return date(year, month, 1), date(year, month, calendar.monthrange(year, month)[1])


def _relative_day(row: Sequence[Unit], i: int, published: date | None, year: int | None) -> Result:
    """today, yesterday, last night."""
    if row[i].role("date_word") != "day":
        return None
    offset = _value(row, i, "date_word") or 0
    day = published + timedelta(days=offset) if published else None
    when = When(day, day, "day" if day else "unknown", ("offset", offset), row[i].start, row[i].end, i,
                rule="date.relative_day")  # fmt: skip
    return when, i + 1


def _period(row: Sequence[Unit], i: int, published: date | None, year: int | None) -> Result:
    """ "last month", "this week", "last year"; "earlier" before it says only that it lies back."""
    lead = row[i].role("date_word")
    if lead not in ("last", "this") or i + 1 >= len(row) or row[i + 1].role("date_word") != "unit":
        return None
    days = _value(row, i + 1, "date_word") or 0
    span = (row[i].start, row[i + 1].end)
    back = 1 if lead == "last" else 0
    key = ("period", days, back)
    if published is None or days < 7:
        return When(None, None, "unknown", key, *span, i, ago=True, rule="date.period"), i + 2
    if days == 7:
        monday = published - timedelta(days=published.weekday() + 7 * back)
        first, last, precision = monday, monday + timedelta(days=6), "week"
    elif days == 30:
        year_, month = divmod(published.year * 12 + published.month - 1 - back, 12)
        first, last = _month_span(year_, month + 1)
        precision = "month"
    else:
        first, last, precision = date(published.year - back, 1, 1), date(published.year - back, 12, 31), "year"
    return When(first, last, precision, key, *span, i, ago=True, rule="date.period"), i + 2


def _count_ago(row: Sequence[Unit], i: int, published: date | None, year: int | None) -> Result:
    """ "three days ago", "two days earlier", "a day after", "the day before"."""
    number = row[i].number
    sense = row[i].sense("number")
    if number is None and sense is not None:
        number = 1 if row[i].role("number") == "article" else sense.value
    if number is None and row[i].cue("determiner"):
        number = 1
    if number is None or not 0 < number < 400 or i + 2 >= len(row) or row[i + 1].role("date_word") != "unit":
        return None
    days = (_value(row, i + 1, "date_word") or 0) * number
    unit_days = _value(row, i + 1, "date_word") or 0
    role = row[i + 2].role("date_word")
    if role in ("before", "after"):  # "two days before." tells a shift, "two days before the vote" does not
        free = i + 3 >= len(row) or row[i + 3].mark
        role = ("earlier" if role == "before" else "later") if free else None
    if not days or role not in ("ago", "earlier", "later"):
        return None
    span = (row[i].start, row[i + 2].end)
    key = ("shift", role, days)
    if role in ("earlier", "later"):
        shift = days if role == "later" else -days
        return When(None, None, "unknown", key, *span, i, shift=shift if unit_days <= 7 else None,
                    ago=role == "earlier", rule="date.shift"), i + 3  # fmt: skip
    if published is None:
        return When(None, None, "unknown", key, *span, i, ago=True, rule="date.ago"), i + 3
    day = published - timedelta(days=days)
    if unit_days == 1:
        return When(day, day, "day", key, *span, i, ago=days > 3, rule="date.ago"), i + 3
    if unit_days == 7:
        first, last, precision = day - timedelta(days=day.weekday()), day + timedelta(days=6 - day.weekday()), "week"
    elif unit_days == 30:
        year_, month = divmod(published.year * 12 + published.month - 1 - number, 12)
        first, last = _month_span(year_, month + 1)
        precision = "month"
    else:
        first, last, precision = date(published.year - number, 1, 1), date(published.year - number, 12, 31), "year"
    return When(first, last, precision, key, *span, i, ago=True, rule="date.ago"), i + 3


def _weekday(row: Sequence[Unit], i: int, published: date | None, year: int | None) -> Result:
    """The last such day up to publication."""
    weekday = _value(row, i, "weekday")
    if weekday is None:
        return None
    j = i + 1
    night = False
    while j < len(row) and row[j].role("date_word") in ("part", "night"):
        night = night or row[j].role("date_word") == "night"
        j += 1
    span = (row[i].start, row[j - 1].end)
    key = ("weekday", weekday)
    if published is None:
        return When(None, None, "unknown", key, *span, i, rule="date.weekday"), j
    back = (published.weekday() - weekday) % 7
    if night and back == 0:
        back = 0
    day = published - timedelta(days=back)
    return When(day, day, "day", key, *span, i, rule="date.weekday"), j


def _year(row: Sequence[Unit], i: int, published: date | None, year: int | None) -> Result:
    """ "in 2019"."""
    unit = row[i]
    if unit.number is None or len(unit.text) != 4 or not MIN_YEAR <= unit.number <= MAX_YEAR:
        return None
    if not i or not (row[i - 1].sense("relation") or row[i - 1].role("date_word") or row[i - 1].text == "("):
        return None
    if i + 1 < len(row) and (row[i + 1].sense("victim") or row[i + 1].role("number") == "measure"):
        return None
    first, last = date(unit.number, 1, 1), date(unit.number, 12, 31)
    when = When(first, last, "year", ("year", unit.number), unit.start, unit.end, i, ago=True, rule="date.year")
    return when, i + 1


def _is_said(row: Sequence[Unit], i: int) -> bool:
    """Whether a verb of speech stands right before: "said on Tuesday", but not "said that on Tuesday"."""
    for unit in reversed(row[max(i - 4, 0) : i]):
        if unit.sense("speech"):
            return True
        if unit.text == "that" or unit.mark or unit.sense("casualty") or unit.sense("trigger"):
            return False
    return False


def _merge_weekdays(found: list[When]) -> list[When]:
    """ "Wednesday, 30 January" is one expression: the weekday goes."""
    merged: list[When] = []
    for when in found:
        previous = merged[-1] if merged else None
        if previous and previous.key[0] == "weekday" and when.key[0] == "md" and when.start - previous.end <= 4:
            merged[-1] = replace(when, start=previous.start, said=previous.said)
        else:
            merged.append(when)
    return merged
