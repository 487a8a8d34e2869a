"""GDELT's DOC 2.0 interface: a search over the world's news, at most 250 records an answer.

Documentation: the GDELT blog, "GDELT DOC 2.0 API Debuts" (query operators, ``mode=artlist``, ``maxrecords``,
``startdatetime``). Where an answer is full the window is halved and asked again, until every window fits.
The service asks for one request in five seconds and sheds load with HTTP 429; what stays unanswered is recorded.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from urllib.parse import quote, urlencode

from pipeline.discover.gdelt_query import MAX_QUERY_CHARS, MIN_QUERY_CHARS, host_filter, lexicon_queries
from pipeline.discover.past import Asked, Finding, ask, is_of_hosts
from pipeline.discover.read import Entry
from pipeline.errors import RejectError
from pipeline.sources import Politeness

FIRST_DAY = date(2017, 1, 1)  # the search reaches back to here
LIMIT = 250  # records of one answer, set by the service
MIN_WINDOW = timedelta(minutes=15)  # GDELT's own clock; a smaller window splits nothing
MAX_REQUESTS = 400  # for one source and day; at five seconds each this is half an hour
MAX_ANSWER_BYTES = 2_000_000  # 250 records are about 100 KB
POLITENESS = Politeness(delay_s=5.5, max_concurrent=1)
STAMP = "%Y%m%d%H%M%S"
ESCAPE = re.compile(r'\\(u[0-9a-fA-F]{4}|["\\/bfnrt])?')
RECORD = re.compile(r"\{[^{}]*\}", re.DOTALL)
TOO_LONG = re.compile(rb"query was too (?:short or too )?long", re.IGNORECASE)


@dataclass(frozen=True)
class Articles:
    """An answer: entries with the time at which GDELT saw them, how many records it had, and what was wrong."""

    entries: list[tuple[Entry, datetime]]
    n_records: int
    problems: list[str]


def reach(day: date, now: datetime) -> bool:
    """From January 2017 to now."""
    return FIRST_DAY <= day <= now.date()


async def look(asked: Asked) -> Finding:
    """The articles of the source's hosts that GDELT saw on the day."""
    finding = Finding()
    queries = _queries(asked, MAX_QUERY_CHARS)
    budget = [MAX_REQUESTS]
    limit = MAX_QUERY_CHARS
    while queries:
        window = (asked.start, asked.end)
        try:
            await _window(asked, queries[0], *window, finding, budget)
        except _QueryTooLongError:
            limit //= 2
            if limit < MIN_QUERY_CHARS:
                finding.fail(asked.how.url, RejectError("feed_unreadable", f"{asked.how.url}: refuses every query"))
                return finding
            # What was found stays; the shorter queries ask for it again.
            queries = _queries(asked, limit)
            continue
        queries = queries[1:]
    return finding


class _QueryTooLongError(Exception):
    """The service refused the length of a query; shorter ones may pass."""


def _queries(asked: Asked, limit: int) -> list[str]:
    if asked.how.query == "lexicon":
        return [query for host in asked.how.hosts for query in lexicon_queries(host_filter([host]), limit)]
    return [host_filter([host]) for host in asked.how.hosts]


async def _window(
    asked: Asked, query: str, begin: datetime, end: datetime, finding: Finding, budget: list[int]
) -> None:
    """Ask for a window; a full answer is thrown away and its halves are asked for."""
    if budget[0] <= 0:
        finding.fail(asked.how.url, _over_budget(asked.how.url, begin, end))
        return
    budget[0] -= 1
    url = artlist_address(asked.how.url, query, begin, end)
    answer = await ask(asked, url, POLITENESS, finding, MAX_ANSWER_BYTES)
    if answer is None:
        return
    if TOO_LONG.search(answer.body[:500]):
        raise _QueryTooLongError
    try:
        found = parse_artlist(answer.body, url)
    except RejectError as error:
        finding.fail(url, error)
        return
    if found.n_records >= LIMIT and end - begin > MIN_WINDOW:
        middle = begin + _half(end - begin)
        await _window(asked, query, begin, middle, finding, budget)
        await _window(asked, query, middle, end, finding, budget)
        return
    finding.successes += 1
    finding.refuse(url, found.problems)
    finding.add((entry, url) for entry, _ in found.entries if is_of_hosts(entry.url, asked.how.hosts))
    if found.n_records >= LIMIT:
        finding.failures += 1
        finding.notes.append(f"{url}: {LIMIT} records within {MIN_WINDOW}; there may be more")


def _half(window: timedelta) -> timedelta:
    """Half a window in whole quarters of an hour."""
    return max(MIN_WINDOW, window / 2 // MIN_WINDOW * MIN_WINDOW)


def _over_budget(url: str, begin: datetime, end: datetime) -> RejectError:
    detail = f"{url}: {MAX_REQUESTS} requests were not enough; {begin:%H:%M} to {end:%H:%M} was not asked for"
    return RejectError("too_large", detail)


def artlist_address(base: str, query: str, begin: datetime, end: datetime) -> str:
    """Address of a search; ``end`` is not part of the window (the service counts both ends in)."""
    values = {
        "query": query,
        "mode": "artlist",
        "format": "json",
        "maxrecords": str(LIMIT),
        "sort": "dateasc",
        "startdatetime": begin.astimezone(UTC).strftime(STAMP),
        "enddatetime": (end.astimezone(UTC) - timedelta(seconds=1)).strftime(STAMP),
    }
    return f"{base}?{urlencode(values, quote_via=quote)}"


def parse_artlist(body: bytes, url: str) -> Articles:
    """Read an answer of ``mode=artlist&format=json``.

    The service is known to escape titles wrongly; what JSON refuses is read record by record, and a record that
    still cannot be read is a problem of its own.

    Raises:
        RejectError: ``feed_unreadable``; the service says what is wrong with a query in plain text, status 200.
    """
    text = body.decode("utf-8", "replace").strip().lstrip("\ufeff")
    if not text or text == "{}":
        return Articles([], 0, [])
    if not text.startswith("{"):
        raise RejectError("feed_unreadable", f"{url}: no JSON but: {' '.join(text[:200].split())}")
    problems: list[str] = []
    entries: list[tuple[Entry, datetime]] = []
    records = _records(text, url, problems)
    # What could not be read still counts against the limit of the service.
    n_records = len(records) + len(problems)
    for number, record in enumerate(records, 1):
        try:
            entries.append(_entry(record))
        except (KeyError, TypeError, ValueError) as error:
            problems.append(f"{url}: record {number}: {error}")
    return Articles(entries, n_records, problems)


def _records(text: str, url: str, problems: list[str]) -> list[Any]:
    mended = ESCAPE.sub(lambda match: match[0] if match[1] else r"\\", text)
    for candidate in (text, mended):
        try:
            content = json.loads(candidate, strict=False)
        except (ValueError, RecursionError):
            continue
        records = content.get("articles", []) if isinstance(content, dict) else None
        if not isinstance(records, list):
            raise RejectError("feed_unreadable", f"{url}: JSON without a list of articles")
        return records
    records = []
    for number, match in enumerate(RECORD.finditer(mended), 1):
        try:
            records.append(json.loads(match[0], strict=False))
        except (ValueError, RecursionError) as error:
            problems.append(f"{url}: record {number} (line {mended.count(chr(10), 0, match.start()) + 1}): {error}")
    if not records:
        raise RejectError("feed_unreadable", f"{url}: broken JSON without a readable record")
    if not text.endswith("}"):
        problems.append(f"{url}: the answer is cut after record {len(records) + len(problems)}")
    return records


def _entry(record: Any) -> tuple[Entry, datetime]:
    if not isinstance(record, dict):
        raise TypeError(f"{type(record).__name__} in place of an article")
    url, seen = record.get("url"), record.get("seendate")
    if not isinstance(url, str) or not url.startswith(("http://", "https://")):
        raise ValueError(f"url is {url!r}")
    title = " ".join(str(record.get("title") or "").split())
    moment = datetime.strptime(str(seen), "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    return Entry(url, title or None), moment
