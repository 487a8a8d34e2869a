"""The Wayback Machine: its index of captures (CDX server) and the captures themselves, as they were stored.

Documentation: the README of the wayback-cdx-server (``matchType``, ``from``/``to``, ``filter``, ``collapse``,
``limit`` with ``showResumeKey``/``resumeKey``, ``output=json``), and the ``id_`` form of a capture's address, which
gives the page without the archive's own links and banner.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from email.utils import format_datetime
from typing import Any
from urllib.parse import quote, unquote_plus, urlencode, urljoin

from pipeline.discover.past import Asked, Finding, ask, is_of_hosts
from pipeline.discover.read import Entry
from pipeline.errors import RejectError
from pipeline.io.http import Answer, Client
from pipeline.sources import Politeness

FIRST_DAY = date(1996, 5, 10)  # the oldest captures
# 60 requests a minute are allowed; who goes on after a 429 is locked out for an hour.
POLITENESS = Politeness(delay_s=1.5, max_concurrent=1)
PAGE_ROWS = 5_000
MAX_PAGES = 60
MAX_ANSWER_BYTES = 10_000_000
# A page without a day in its address belongs to the day of its first capture. Pages that are captured again and
# again (front page, sections) are known by an earlier capture in these days.
LOOK_BACK = timedelta(days=30)
LOOK_AHEAD = timedelta(days=7)  # a page whose address names the day may be captured some days later
FIELDS = ("urlkey", "timestamp", "original", "mimetype", "statuscode", "digest", "length")
STAMP = "%Y%m%d%H%M%S"
CAPTURE = re.compile(r"^(https?://[^/]+/(?:[^/]+/)?web)/(\d{14})id_/(https?://?.+)$")


@dataclass(frozen=True)
class Capture:
    """A row of the index."""

    urlkey: str
    at: datetime
    original: str


@dataclass(frozen=True)
class Page:
    """A part of an answer of the index; ``resume_key`` asks for the next one."""

    captures: list[Capture]
    resume_key: str | None
    problems: list[str]


def reach(day: date, now: datetime) -> bool:
    """From 1996 to yesterday: captures appear in the index hours to days after they were made."""
    return FIRST_DAY <= day < now.date()


async def look(asked: Asked) -> Finding:
    """The pages of the source's hosts that belong to the day, with the address of their first capture."""
    finding = Finding()
    for host in asked.how.hosts:
        await _look_host(asked, host, finding)
    return finding


async def _look_host(asked: Asked, host: str, finding: Finding) -> None:
    first: dict[str, Capture] = {}
    key: str | None = None
    for _ in range(MAX_PAGES):
        url = cdx_address(asked.how.url, host, asked.start - LOOK_BACK, asked.end + LOOK_AHEAD, key)
        answer = await ask(asked, url, POLITENESS, finding, MAX_ANSWER_BYTES)
        if answer is None:
            break
        try:
            page = parse_cdx(answer.body, url)
        except RejectError as error:
            finding.fail(url, error)
            break
        finding.successes += 1
        finding.refuse(url, page.problems)
        for capture in page.captures:
            known = first.get(capture.urlkey)
            if known is None or capture.at < known.at:
                first[capture.urlkey] = capture
        if page.resume_key is None:
            break
        if page.resume_key == key:
            finding.fail(url, RejectError("feed_unreadable", f"{url}: the index resumes where it began"))
            break
        key = page.resume_key
    else:
        finding.failures += 1
        finding.notes.append(f"{asked.how.url}: more than {MAX_PAGES} pages for {host}; the rest was not asked for")
    finding.add(
        (Entry(capture.original), capture_address(asked.how.url, capture))
        for capture in first.values()
        if is_of_hosts(capture.original, asked.how.hosts) and asked.owns(capture.original, capture.at)
    )


def cdx_address(base: str, host: str, begin: datetime, end: datetime, resume_key: str | None = None) -> str:
    """Address of a query: HTML pages with status 200 in a window, the first capture of each; ``end`` is left out."""
    name, slash, path = host.partition("/")
    values = [
        ("url", f"{name}/{path}" if slash else name),
        ("matchType", "prefix" if slash else "domain"),
        ("output", "json"),
        ("fl", ",".join(FIELDS)),
        ("from", begin.astimezone(UTC).strftime(STAMP)),
        ("to", (end.astimezone(UTC) - timedelta(seconds=1)).strftime(STAMP)),
        ("filter", "statuscode:200"),
        ("filter", "mimetype:text/html"),
        ("collapse", "urlkey"),
        ("limit", str(PAGE_ROWS)),
        ("showResumeKey", "true"),
    ]
    if resume_key is not None:
        values.append(("resumeKey", resume_key))
    return f"{base}?{urlencode(values, quote_via=quote)}"


def parse_cdx(body: bytes, url: str) -> Page:
    """Read an answer with ``output=json``; where it is broken, row by row.

    Raises:
        RejectError: ``feed_unreadable`` for an answer that is no index (the server reports its errors as text).
    """
    text = body.decode("utf-8", "replace").strip()
    if not text or text == "[]":
        return Page([], None, [])
    problems: list[str] = []
    rows = _rows(text, url, problems)
    header, *rest = rows or [[]]
    if not isinstance(header, list) or not {"urlkey", "timestamp", "original"} <= {str(name) for name in header}:
        raise RejectError("feed_unreadable", f"{url}: no header of an index but {str(header)[:120]!r}")
    key: str | None = None
    # An empty row and one with a single cell say where to go on.
    if len(rest) >= 2 and rest[-2] == [] and isinstance(rest[-1], list) and len(rest[-1]) == 1:
        key = str(rest[-1][0])
        rest = rest[:-2]
    captures = []
    for number, row in enumerate(rest, 2):
        try:
            captures.append(_capture(header, row))
        except (TypeError, ValueError) as error:
            problems.append(f"{url} row {number}: {error}")
    # Most servers escape the key for use in an address; it is escaped again when it is asked for.
    return Page(captures, None if key is None else _unquoted(key), problems)


def _unquoted(key: str) -> str:
    return key if any(character in key for character in " ,)!") else unquote_plus(key)


def _rows(text: str, url: str, problems: list[str]) -> list[Any]:
    try:
        rows = json.loads(text)
    except (ValueError, RecursionError) as error:
        if not text.startswith("["):
            raise RejectError("feed_unreadable", f"{url}: no index but: {' '.join(text[:200].split())}") from error
        return _rows_by_line(text, url, problems)
    if not isinstance(rows, list):
        raise RejectError("feed_unreadable", f"{url}: {type(rows).__name__} in place of an index")
    return rows


def _rows_by_line(text: str, url: str, problems: list[str]) -> list[Any]:
    """The server writes a row on a line of its own; a broken one does not spoil the others."""
    rows: list[Any] = []
    for number, line in enumerate(text.splitlines(), 1):
        cell = line.strip().removesuffix(",")
        cell = cell[1:] if cell.startswith("[[") else cell
        cell = cell[:-1] if cell.endswith("]]") else cell
        if not cell or cell in ("[", "]"):
            continue
        try:
            rows.append(json.loads(cell))
        except (ValueError, RecursionError) as error:
            problems.append(f"{url} line {number}: {error}")
    return rows


def _capture(header: list[Any], row: Any) -> Capture:
    if not isinstance(row, list) or len(row) != len(header):
        raise ValueError(f"{str(row)[:120]!r} has not the {len(header)} fields of the header")
    cells = {str(name): str(cell) for name, cell in zip(header, row, strict=True)}
    if not cells["original"].startswith(("http://", "https://")):
        raise ValueError(f"{cells['original'][:120]!r} is no address")
    moment = datetime.strptime(cells["timestamp"], STAMP).replace(tzinfo=UTC)
    return Capture(cells["urlkey"], moment, cells["original"])


def capture_address(base: str, capture: Capture) -> str:
    """Where a capture lies, in the form that gives the stored bytes."""
    return urljoin(base, f"/web/{capture.at:{STAMP}}id_/") + capture.original


async def fetch_capture(url: str, found_in: str, client: Client, politeness: Politeness) -> Answer:
    """The page of a link as the Wayback Machine stored it, under its own address.

    The answer carries Memento-Datetime: from then on this state could be seen. The address in the archive is its
    first hop.

    Raises:
        RejectError: as ``Client.get``; ``not_found`` for an address in no archive.
    """
    if not CAPTURE.match(found_in):
        raise RejectError("not_found", f"{found_in[:200]} is no address of a capture")
    slower = politeness if politeness.delay_s > POLITENESS.delay_s else POLITENESS
    answer = await client.get(found_in, slower)
    final = CAPTURE.match(answer.final_url)
    if final is None:
        raise RejectError("not_found", f"{found_in} leads to {answer.final_url}, which is no capture")
    headers = answer.headers
    if answer.header("Memento-Datetime") is None:
        moment = datetime.strptime(final[2], STAMP).replace(tzinfo=UTC)
        headers = (*headers, ("Memento-Datetime", format_datetime(moment, usegmt=True)))
    hops = (*answer.hops, answer.final_url)
    return replace(answer, url=url, final_url=final[3], headers=headers, hops=hops)
