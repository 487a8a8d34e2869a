"""When an article was published and changed, as its page says it; a time that is not said is not made up.

Sources in order: JSON-LD, meta tags, the `time` element at the head of the article, the date line under the headline
in the outlet's own style (English, Persian with the solar Hijri calendar, Urdu), and last the feed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from typing import Any, Literal
from zoneinfo import ZoneInfo

from pipeline.clean.page import Block, Element
from pipeline.clean.words import Patterns, load_calendars

Precision = Literal["second", "day", "unknown"]

PUBLISHED_META = (
    "article:published_time", "og:article:published_time", "datepublished", "date_published", "pubdate", "publishdate",
    "publish-date", "publish_date", "dc.date.issued", "dcterms.created", "parsely-pub-date", "sailthru.date", "date",
    "dc.date", "cxenseparse:recs:publishtime",
)  # fmt: skip
MODIFIED_META = (
    "article:modified_time", "og:article:modified_time", "og:updated_time", "datemodified", "lastmod", "last-modified",
    "dcterms.modified",
)  # fmt: skip
DIGITS = str.maketrans("۰۱۲۳۴۵۶۷۸۹٠١٢٣٤٥٦٧٨٩", "01234567890123456789")
LETTERS = str.maketrans("يىك", "ییک")
CLOCK = (
    r"(?P<hour>\d{1,2})[:.](?P<minute>\d{2})(?::(?P<second>\d{2}))?\s*(?P<half>[ap]\.?m\.?)?"
    r"\s*(?P<zone>[A-Z]{1,4}\b)?"
)
BYLINE = re.compile(r"(?:\bby|تحریر:?|نویسنده:?)\s+([^|·•(\d،]{2,60})", re.IGNORECASE)
MAX_DATE_LINE = 250
BLOCKS_AFTER_TITLE = 8
SOLAR_YEARS = range(1350, 1450)
EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)
FUTURE = timedelta(days=1)  # clocks and zones may be wrong by that much, a page cannot be older than its date by more


@dataclass(frozen=True)
class Moment:
    """A time in UTC; midnight in the zone of the outlet where only the day is known."""

    at: datetime
    precision: Precision


@dataclass(frozen=True)
class Times:
    """What a page says of its times; None for what it does not say."""

    published: Moment | None
    modified: Moment | None


def read_times(
    node: dict[str, Any] | None,
    described: dict[str, str],
    tree: Element,
    text_blocks: list[Block],
    title: str | None,
    zone: str,
    seen_at: datetime,
    patterns: Patterns,
) -> Times:
    """Read publication and modification of a page; times after it was seen are not believed."""
    node = node or {}
    line_published, line_modified = _date_lines(text_blocks, title, zone, patterns)
    time_published, time_modified = _time_elements(tree, zone, patterns)
    published = [_parse(node.get("datePublished"), zone), *_metas(described, PUBLISHED_META, zone)]
    modified = [_parse(node.get("dateModified"), zone), *_metas(described, MODIFIED_META, zone)]
    first = _first([*published, time_published, line_published], seen_at)
    last = _first([*modified, time_modified, line_modified], seen_at)
    return Times(first, last)


def _first(moments: Iterable[Moment | None], seen_at: datetime) -> Moment | None:
    return next((m for m in moments if m is not None and EARLIEST <= m.at <= seen_at + FUTURE), None)


def _metas(described: dict[str, str], names: tuple[str, ...], zone: str) -> list[Moment | None]:
    return [_parse(described.get(name), zone) for name in names]


def _parse(value: Any, zone: str) -> Moment | None:
    """A machine-readable time (ISO 8601), else one in words."""
    if not isinstance(value, str) or not value.strip():
        return None
    text = value.strip()
    if re.fullmatch(r"\d{4}-\d{2}-\d{2}", text):
        return _midnight(_day(int(text[:4]), int(text[5:7]), int(text[8:])), zone)
    try:
        return _localise(datetime.fromisoformat(text), zone)
    except ValueError:
        return find_time(text, zone)


def _time_elements(tree: Element, zone: str, patterns: Patterns) -> tuple[Moment | None, Moment | None]:
    """The first `time` elements of the article that give a machine-readable value, by what the words before say."""
    published = modified = None
    article = next(iter(tree.iter("article")), None)
    for element in (tree if article is None else article).iter("time"):
        moment = _parse(element.get("datetime"), zone)
        if moment is None:
            continue
        before = " ".join([_before(element), element.get("class") or "", element.get("itemprop") or ""])
        if patterns.updated.search(before):
            modified = modified or moment
        else:
            published = published or moment
    return published, modified


def _before(element: Element) -> str:
    previous, parent = element.getprevious(), element.getparent()
    text = previous.tail if previous is not None else None if parent is None else parent.text
    return (text or "")[-40:]


def _date_lines(
    text_blocks: list[Block], title: str | None, zone: str, patterns: Patterns
) -> tuple[Moment | None, Moment | None]:
    """Times in the short lines right under the headline; a clock above it is that of the reader, not of the article."""
    start = next((at for at, block in enumerate(text_blocks) if block.text == title), None)
    if start is None:
        return None, None
    published = modified = None
    for block in text_blocks[start + 1 : start + 1 + BLOCKS_AFTER_TITLE]:
        if len(block.text) > MAX_DATE_LINE:
            break
        for label, moment in times_in(block.text, zone) if is_date_line(block.text) else ():
            if patterns.updated.search(label):
                modified = modified or moment
            elif published is None:
                published = moment
            elif modified is None and moment.at > published.at:
                modified = moment
    return published, modified


def byline_in(text_blocks: list[Block], title: str | None, zone: str) -> str | None:
    """The author in the line that holds the date: after "by", or the only other thing that the line says."""
    start = next((at for at, block in enumerate(text_blocks) if block.text == title), None)
    if start is None:
        return None
    for block in text_blocks[start + 1 : start + 1 + BLOCKS_AFTER_TITLE]:
        if len(block.text) > MAX_DATE_LINE:
            return None
        if not times_in(block.text, zone):
            continue
        by = BYLINE.search(block.text)
        if by is not None:
            return by[1].strip(" ,·•-")
        parts = [part.strip() for part in re.split(r"[|·•]", block.text)]
        others = [part for part in parts if part and not times_in(part, zone) and not re.search(r"\d", part)]
        return others[0] if len(others) == 1 and len(others[0].split()) <= 5 else None
    return None


def is_date_line(line: str) -> bool:
    """A date with little around it and no sentence: the line under a headline."""
    times = times_in(line, "UTC")
    words = re.findall(r"[^\W\d_]{3,}", line)
    return bool(times) and len(words) <= 8 + 4 * len(times) and not re.search(r"[.!?۔؟]\s*$", line)


def times_in(text: str, zone: str) -> list[tuple[str, Moment]]:
    """All times in a line, each with the words that stand before it."""
    plain = text.translate(DIGITS).translate(LETTERS)
    found = []
    at = 0
    for match in _date_pattern().finditer(plain):
        moment = _moment(match, plain, zone)
        if moment is not None:
            found.append((plain[at : match.start()], moment))
            at = match.end()
    return found


def find_time(text: str, zone: str) -> Moment | None:
    """The first time in a line."""
    return next((moment for _, moment in times_in(text, zone)), None)


@cache
def _months() -> dict[str, tuple[bool, int]]:
    """Month name to whether it is of the solar Hijri calendar, and its number."""
    calendars = load_calendars()
    gregorian = {name: (False, number) for number, names in calendars.gregorian.items() for name in names}
    return gregorian | {name: (True, number) for number, names in calendars.solar_hijri.items() for name in names}


@cache
def _date_pattern() -> re.Pattern[str]:
    names = "|".join(sorted(map(re.escape, _months()), key=len, reverse=True))
    return re.compile(
        rf"(?P<y1>\d{{4}})[-/.](?P<m1>\d{{1,2}})[-/.](?P<d1>\d{{1,2}})(?!\d)"
        rf"|(?<!\d)(?P<d2>\d{{1,2}})[/.](?P<m2>\d{{1,2}})[/.](?P<y2>\d{{4}})(?!\d)"
        rf"|(?<![\d:])(?P<d3>\d{{1,2}})(?:st|nd|rd|th)?[\s\u200c-]+(?P<n3>{names})\.?,?[\s\u200c-]+(?:ماه\s+)?(?P<y3>\d{{4}})(?!\d)"
        rf"|\b(?P<n4>{names})\.?\s+(?P<d4>\d{{1,2}})(?:st|nd|rd|th)?,?\s+(?P<y4>\d{{4}})(?!\d)",
        re.IGNORECASE,
    )


def _moment(match: re.Match[str], text: str, zone: str) -> Moment | None:
    day = _match_day(match)
    if day is None:
        return None
    clock = re.compile(rf"[\s,،|(–—-]*(?:at|ساعت)?\s*{CLOCK}", re.IGNORECASE).match(text, match.end())
    if clock is None:
        # Some houses put the clock first: "18:22 GMT, 16 January 2024".
        clock = next(iter(re.compile(rf"{CLOCK}[\s,،|–—-]*$", re.IGNORECASE).finditer(text[: match.start()])), None)
    if clock is None:
        return _midnight(day, zone)
    return _clocked(day, clock, zone)


def _match_day(match: re.Match[str]) -> date | None:
    groups = match.groupdict()
    for kind in "12":
        if groups[f"y{kind}"]:
            year, month, number = (int(groups[f"{part}{kind}"]) for part in "ymd")
            return _solar_day(year, month, number) if year in SOLAR_YEARS else _day(year, month, number)
    kind = "3" if groups["y3"] else "4"
    is_solar, month = _months()[groups[f"n{kind}"].lower()]
    year, number = int(groups[f"y{kind}"]), int(groups[f"d{kind}"])
    return _solar_day(year, month, number) if is_solar else _day(year, month, number)


def _clocked(day: date, clock: re.Match[str], zone: str) -> Moment | None:
    hour, minute = int(clock["hour"]), int(clock["minute"])
    half = (clock["half"] or "").replace(".", "").lower()
    if half:
        if not 1 <= hour <= 12:
            return _midnight(day, zone)
        hour = hour % 12 + (12 if half == "pm" else 0)
    if hour > 23 or minute > 59:
        return _midnight(day, zone)
    named = load_calendars().zones.get((clock["zone"] or "").upper(), zone)
    second = min(int(clock["second"] or 0), 59)
    return _localise(datetime.combine(day, time(hour, minute, second)), named)


def _localise(moment: datetime, zone: str) -> Moment | None:
    try:
        return Moment(moment.replace(tzinfo=moment.tzinfo or ZoneInfo(zone)).astimezone(UTC), "second")
    except (OverflowError, ValueError):
        return None


def _midnight(day: date | None, zone: str) -> Moment | None:
    if day is None:
        return None
    moment = _localise(datetime.combine(day, time()), zone)
    return None if moment is None else Moment(moment.at, "day")


def _day(year: int, month: int, number: int) -> date | None:
    try:
        return date(year, month, number)
    except ValueError:
        return None


def _solar_day(year: int, month: int, number: int) -> date | None:
    """A day of the solar Hijri calendar, by its 33-year cycle of leap years (right from 1206 to 1498)."""
    longest = 31 if month <= 6 else 30
    if year not in SOLAR_YEARS or not 1 <= month <= 12 or not 1 <= number <= longest:
        return None
    leaps = sum(1 for past in range(1350, year) if past % 33 in (1, 5, 9, 13, 17, 22, 26, 30))
    new_year = date(1971, 3, 21) + timedelta(days=365 * (year - 1350) + leaps)
    return new_year + timedelta(days=31 * min(month - 1, 6) + 30 * max(month - 7, 0) + number - 1)
