"""Common Crawl's news crawl: WARC files of about 1 GB, some fifteen a day, since August 2016.

Documentation: the Common Crawl pages on the news dataset (``crawl-data/CC-NEWS/<year>/<month>/warc.paths.gz``) and
on the index server, which speaks the CDX interface of pywb. The news crawl has no index: without one, the files of
the day are read in ranges from end to end, record by record, and only the addresses of our hosts are kept. With
``index`` (the index of a main crawl, or one of your own) no more than the records themselves is read.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from email.utils import format_datetime
from typing import Any
from urllib.parse import quote, urlencode, urljoin

from pipeline.discover.past import Asked, Finding, ask, is_of_hosts
from pipeline.discover.read import Entry
from pipeline.discover.urls import clean_url
from pipeline.errors import RejectError
from pipeline.io.foreign import Head, Member, Members, read_head, read_member
from pipeline.io.http import Answer, Client
from pipeline.io.unpack import BrokenBodyError, gunzip
from pipeline.sources import Politeness

FIRST_DAY = date(2016, 8, 26)
POLITENESS = Politeness(delay_s=0.2, max_concurrent=1)
MAX_PATHS_BYTES = 5_000_000
CHUNK = 8 * 1024 * 1024  # a read must end within fetch.timeout_s
MAX_FILES = 60  # of one day
MAX_RECORD_BYTES = 20_000_000
MAX_INDEX_BYTES = 20_000_000
MAX_INDEX_PAGES = 50
STAMP = "%Y%m%d%H%M%S"
NAME = re.compile(r"CC-NEWS-(\d{14})-\d+\.warc\.gz$")
PLACE = re.compile(r"^(https?://[^#]+)#bytes=(\d+)-(\d+)$")


@dataclass(frozen=True)
class NewsFile:
    """A WARC file of the news crawl, and when its first record was written."""

    path: str
    at: datetime


@dataclass(frozen=True)
class Indexed:
    """A line of a CDX index: where the record of a page lies."""

    url: str
    at: datetime
    filename: str
    offset: int
    length: int


def reach(day: date, now: datetime) -> bool:
    """From August 2016 to yesterday; the files of a day are listed when it is over."""
    return FIRST_DAY <= day < now.date()


async def look(asked: Asked) -> Finding:
    """The pages of the source's hosts that the news crawl fetched on the day."""
    finding = Finding()
    if asked.how.index:
        for host in asked.how.hosts:
            await _look_up(asked, host, finding)
        return finding
    files = await _files(asked, finding)
    for file in files[:MAX_FILES]:
        await _scan(asked, urljoin(asked.how.url, "/" + file.path.lstrip("/")), finding)
    if len(files) > MAX_FILES:
        finding.failures += 1
        finding.notes.append(f"{asked.how.url}: {len(files)} files for the day; {MAX_FILES} were read")
    return finding


async def look_lightly(asked: Asked) -> Finding:
    """Whether the lists, or the index, answer and can be read: files of the day, none of which is scanned."""
    if asked.how.index:
        return await look(asked)
    finding = Finding()
    files = await _files(asked, finding)
    finding.successes += not finding.failures
    finding.add((Entry(urljoin(asked.how.url, "/" + file.path.lstrip("/"))), asked.how.url) for file in files)
    return finding


async def _files(asked: Asked, finding: Finding) -> list[NewsFile]:
    """The files that hold the day. A file of the month before may run into the first day of a month."""
    months = {(day.year, day.month) for day in (asked.day - timedelta(days=1), asked.day)}
    listed: list[NewsFile] = []
    for year, month in sorted(months):
        if date(year, month, 28) < FIRST_DAY:
            continue
        url = urljoin(asked.how.url.rstrip("/") + "/", f"{year:04}/{month:02}/warc.paths.gz")
        answer = await ask(asked, url, POLITENESS, finding, MAX_PATHS_BYTES)
        if answer is None:
            continue
        try:
            files, problems = parse_paths(answer.body, url)
        except RejectError as error:
            finding.fail(url, error)
            continue
        finding.refuse(url, problems)
        listed += files
    if listed and max(file.at for file in listed) < asked.start:
        finding.failures += 1
        finding.notes.append(f"{asked.how.url}: lists no file of {asked.day}; the last begins before it")
    return files_of(listed, asked.start, asked.end)


def parse_paths(body: bytes, url: str) -> tuple[list[NewsFile], list[str]]:
    """Read a ``warc.paths.gz``: files in the order of time, and what is wrong with lines that name none.

    Raises:
        RejectError: ``feed_unreadable`` for cut or damaged gzip, ``too_large`` for a bomb.
    """
    try:
        # Some servers undo the gzip on the way.
        text = gunzip(body, MAX_PATHS_BYTES) if body.startswith(b"\x1f\x8b") else body
    except BrokenBodyError as error:
        raise RejectError("feed_unreadable", f"{url}: {error}") from error
    files, problems = [], []
    for number, line in enumerate(text.decode("utf-8", "replace").splitlines(), 1):
        path = line.strip()
        match = NAME.search(path)
        parts = path.split("/")
        if not path:
            continue
        if match is None or ".." in parts or "//" in path or "?" in path or "#" in path:
            problems.append(f"{url} line {number}: {path[:120]!r} is no path of a news WARC")
            continue
        try:
            files.append(NewsFile(path, datetime.strptime(match[1], STAMP).replace(tzinfo=UTC)))
        except ValueError:
            problems.append(f"{url} line {number}: {match[1]} is no time")
    return sorted(files, key=lambda file: (file.at, file.path)), problems


def files_of(files: list[NewsFile], start: datetime, end: datetime) -> list[NewsFile]:
    """The files with records of a window: those begun in it, and the last one begun before it."""
    ordered = sorted(files, key=lambda file: (file.at, file.path))
    before = [file for file in ordered if file.at < start][-1:]
    return before + [file for file in ordered if start <= file.at < end]


async def _scan(asked: Asked, url: str, finding: Finding) -> None:
    """Read a file from end to end in ranges, and keep the addresses of the day."""
    members, offset, total = Members(url), 0, None
    problems: list[str] = []
    while total is None or offset < total:
        headers = {"Range": f"bytes={offset}-{offset + CHUNK - 1}"}
        answer = await ask(asked, url, POLITENESS, finding, CHUNK, headers)
        if answer is None:
            return
        if answer.status != 206 and offset:
            finding.fail(url, RejectError("http_error", f"{url}: answers a range with HTTP {answer.status}"))
            return
        total = _total(answer, offset)
        try:
            for member in members.feed(answer.body):
                _keep(asked, url, member, finding, problems)
        except RejectError as error:
            finding.refuse(url, problems)
            finding.fail(url, error)
            return
        offset += len(answer.body)
        if not answer.body:
            break
    finding.refuse(url, problems)
    if not members.is_between:
        finding.fail(url, RejectError("archive_corrupt", f"{url}: ends within a record at byte {offset}"))
        return
    finding.successes += 1


def _total(answer: Answer, offset: int) -> int:
    _, _, total = (answer.header("Content-Range") or "").rpartition("/")
    return int(total) if total.isdigit() else offset + len(answer.body)


def _keep(asked: Asked, url: str, member: Member, finding: Finding, problems: list[str]) -> None:
    try:
        head = read_head(member.head)
    except ValueError as error:
        problems.append(f"{url} at byte {member.offset}: {error}")
        return
    if _is_wanted(head, asked):
        finding.add([(Entry(head.target), _place(url, member.offset, member.length))])


def _place(url: str, offset: int, length: int) -> str:
    return f"{url}#bytes={offset}-{offset + length - 1}"


def _is_wanted(head: Head, asked: Asked) -> bool:
    if head.kind != "response" or head.status != 200 or head.at is None:
        return False
    is_html = "html" in head.content_type.lower() or not head.content_type
    return is_html and asked.start <= head.at < asked.end and is_of_hosts(head.target, asked.how.hosts)


async def _look_up(asked: Asked, host: str, finding: Finding) -> None:
    """Ask an index for a host's records of the day, page by page."""
    for page in range(MAX_INDEX_PAGES):
        url = index_address(asked.how.index or "", host, asked.start, asked.end, page)
        try:
            answer = await asked.client.get(url, asked.politeness(POLITENESS), None, MAX_INDEX_BYTES)
            lines, problems = parse_index(answer.body, url)
        except RejectError as error:
            # The server says 404 for "no captures", and 400 for a page after the last.
            if error.reason == "not_found" or (page and error.reason == "http_error" and "HTTP 400" in error.detail):
                finding.successes += 1
                return
            finding.fail(url, error)
            return
        finding.successes += 1
        finding.refuse(url, problems)
        if not lines and not problems:
            return
        finding.add(
            (Entry(line.url), _place(urljoin(asked.how.url, "/" + line.filename), line.offset, line.length))
            for line in lines
            if is_of_hosts(line.url, asked.how.hosts) and asked.start <= line.at < asked.end
        )
    finding.failures += 1
    finding.notes.append(f"{asked.how.index}: more than {MAX_INDEX_PAGES} pages for {host}; the rest was not asked for")


def index_address(base: str, host: str, begin: datetime, end: datetime, page: int) -> str:
    """Address of a query to a pywb CDX server; ``end`` is left out."""
    name, slash, path = host.partition("/")
    values = [
        ("url", f"{name}/{path}*" if slash else f"*.{name}"),
        ("output", "json"),
        ("from", begin.astimezone(UTC).strftime(STAMP)),
        ("to", (end.astimezone(UTC) - timedelta(seconds=1)).strftime(STAMP)),
        ("filter", "=status:200"),
        ("filter", "mime:.*html"),
        ("page", str(page)),
    ]
    return f"{base}?{urlencode(values, quote_via=quote)}"


def parse_index(body: bytes, url: str) -> tuple[list[Indexed], list[str]]:
    """Read the answer of a CDX server: a JSON object a line; what is wrong with lines that are none."""
    lines, problems = [], []
    for number, raw in enumerate(body.decode("utf-8", "replace").splitlines(), 1):
        if not raw.strip():
            continue
        try:
            lines.append(_indexed(json.loads(raw)))
        except (KeyError, TypeError, ValueError, RecursionError) as error:
            problems.append(f"{url} line {number}: {type(error).__name__}: {error}")
    return lines, problems


def _indexed(line: Any) -> Indexed:
    if not isinstance(line, dict):
        raise TypeError(f"{type(line).__name__} in place of an object")
    filename, offset, length = str(line["filename"]), int(line["offset"]), int(line["length"])
    if ".." in filename.split("/") or "//" in filename or not 0 < length <= MAX_RECORD_BYTES or offset < 0:
        raise ValueError(f"{filename[:120]!r}, {length} bytes from {offset}, is no record")
    moment = datetime.strptime(str(line["timestamp"]), STAMP).replace(tzinfo=UTC)
    return Indexed(str(line["url"]), moment, filename, offset, length)


async def fetch_capture(url: str, found_in: str, client: Client, politeness: Politeness) -> Answer:
    """The page of a link out of a WARC file of Common Crawl, by one range request.

    The answer has the address, status and headers of the page; Memento-Datetime says when it was crawled, and the
    place in the archive is its only hop. The body is stored unpacked: Common Crawl has undone its compression.

    Raises:
        RejectError: as ``Client.get``; ``archive_corrupt`` where the record is not there or is another page.
    """
    place = PLACE.match(found_in)
    if place is None:
        raise RejectError("not_found", f"{found_in[:200]} is no place in a WARC file")
    length = int(place[3]) - int(place[2]) + 1
    if not 0 < length <= MAX_RECORD_BYTES:
        raise RejectError("too_large", f"{found_in}: {length:,} bytes; the limit is {MAX_RECORD_BYTES:,}")
    answer = await client.get(place[1], POLITENESS, {"Range": f"bytes={place[2]}-{place[3]}"}, length)
    if len(answer.body) != length:
        raise RejectError("archive_corrupt", f"{found_in}: {len(answer.body):,} bytes came in place of {length:,}")
    response = read_member(answer.body, found_in, client.settings.max_bytes)
    if clean_url(response.target) != url:
        raise RejectError("archive_corrupt", f"{found_in} holds {response.target[:200]}, not {url}")
    stamp = ("Memento-Datetime", format_datetime(response.at, usegmt=True))
    return replace(
        answer, url=url, final_url=response.target, status=response.status, reason=response.reason,
        headers=(*response.headers, stamp), raw=response.body, body=response.body, hops=(found_in,),
    )  # fmt: skip
