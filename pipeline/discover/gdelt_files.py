"""GDELT's 15-minute files: every mention, or every document (GKG), of a quarter of an hour, as a zipped table.

Documentation: "GDELT Event Database, Data Format Codebook V2.0" (mentions) and "GDELT Global Knowledge Graph, Data
Format Codebook V2.1". ``masterfilelist.txt`` names all files since February 2015, one line each with size, MD5 and
address, in the order of time. It is far too long to be fetched for a day, so the lines of the day are found by
bisection with range requests.
"""

from __future__ import annotations

import hashlib
import html
import io
import re
import zipfile
import zlib
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Literal

from pipeline.discover.past import Asked, Finding, ask, is_of_hosts
from pipeline.discover.read import Entry
from pipeline.errors import RejectError
from pipeline.io.http import Answer
from pipeline.sources import Politeness

Kind = Literal["mentions", "gkg"]

FIRST_DAY = date(2015, 2, 18)
POLITENESS = Politeness(delay_s=0.5, max_concurrent=1)
CHUNK = 64 * 1024  # of the list; about 600 lines, two days
MAX_LIST_BYTES = 20_000_000  # of a list that does not answer range requests
MAX_ZIP_BYTES = 60_000_000  # a GKG file has 5 to 20 MB
MAX_TABLE_BYTES = 400_000_000
MAX_FILES = 200  # a day has 96
SLACK = timedelta(hours=1)  # how far a line of the list may stand out of order

NAME = re.compile(r"/(\d{14})\.(?:translation\.)?(mentions|gkg)\.csv\.zip$", re.IGNORECASE)
STAMP = "%Y%m%d%H%M%S"
TITLE = re.compile(r"<PAGE_TITLE>(.*?)</PAGE_TITLE>", re.DOTALL)
WEB = "1"  # source collection: an address on the open web
# Number of columns; position of the collection, of the time and of the address.
COLUMNS: dict[str, tuple[int, int, int, int]] = {"mentions": (16, 3, 2, 5), "gkg": (27, 2, 1, 4)}
EXTRAS = 26


@dataclass(frozen=True)
class ListedFile:
    """A line of the master list."""

    size: int
    md5: str
    url: str
    at: datetime
    kind: Kind


def reach(day: date, now: datetime) -> bool:
    """From February 2015 to now."""
    return FIRST_DAY <= day <= now.date()


async def look(asked: Asked) -> Finding:
    """The addresses of the source's hosts in the files of the day."""
    finding = Finding()
    kind: Kind = asked.how.files or "mentions"
    listed = [line for line in await _listed(asked, finding) if line.kind == kind]
    if not listed:
        if not finding.failures:
            detail = f"{asked.how.url}: names no {kind} files of {asked.day}"
            finding.fail(asked.how.url, RejectError("feed_unreadable", detail))
        return finding
    for line in listed[:MAX_FILES]:
        answer = await ask(asked, line.url, POLITENESS, finding, MAX_ZIP_BYTES)
        if answer is None:
            continue
        try:
            table = unzip_table(answer.body, line)
        except RejectError as error:
            finding.fail(line.url, error)
            continue
        entries, problems = parse_table(table, kind, line.url, asked.how.hosts)
        finding.successes += 1
        finding.refuse(line.url, problems)
        finding.add((entry, line.url) for entry in entries)
    if len(listed) < 96 and asked.end <= asked.client.now():
        finding.notes.append(f"{asked.how.url}: {len(listed)} of 96 {kind} files of the day are listed")
    return finding


async def look_lightly(asked: Asked) -> Finding:
    """Whether the list answers and can be read: its files of the day, none of which is fetched."""
    finding = Finding()
    listed = [line for line in await _listed(asked, finding) if line.kind == asked.how.files]
    finding.successes += not finding.failures
    finding.add((Entry(line.url), asked.how.url) for line in listed)
    return finding


async def _listed(asked: Asked, finding: Finding) -> list[ListedFile]:
    """The lines of the day, found by bisection; the whole list where the server knows no ranges."""
    url = asked.how.url
    first = await _range(asked, 0, finding)
    if first is None:
        return []
    if first.status != 206:
        return _of_day(first.body, asked, finding)
    low, high = 0, _total(first)
    begin = asked.start - SLACK
    while high - low > CHUNK:
        middle = (low + high) // 2
        part = await _range(asked, middle, finding)
        if part is None:
            return []
        moment = _first_time(part.body)
        if moment is not None and moment < begin:
            low = middle
        else:
            high = middle
    lines: list[ListedFile] = []
    text, offset, total = b"", low, _total(first)
    while offset < total:
        part = await _range(asked, offset, finding)
        if part is None or not part.body:
            break
        text += part.body
        offset += len(part.body)
        last = _last_time(part.body)
        if last is not None and last >= asked.end + SLACK:
            break
    # The first line may be the end of one that begins before the range, the last the begin of one.
    whole = text if low == 0 else text.partition(b"\n")[2]
    whole = whole if offset >= total else whole.rpartition(b"\n")[0]
    lines, problems = parse_master_list(whole, url)
    finding.refuse(url, problems)
    return [line for line in lines if asked.start <= line.at < asked.end]


async def _range(asked: Asked, offset: int, finding: Finding) -> Answer | None:
    headers = {"Range": f"bytes={offset}-{offset + CHUNK - 1}"}
    return await ask(asked, asked.how.url, POLITENESS, finding, MAX_LIST_BYTES, headers)


def _total(answer: Answer) -> int:
    """Length of the whole, as Content-Range says it; of the part where it does not."""
    _, _, total = (answer.header("Content-Range") or "").rpartition("/")
    return int(total) if total.isdigit() else len(answer.body)


def _of_day(body: bytes, asked: Asked, finding: Finding) -> list[ListedFile]:
    lines, problems = parse_master_list(body, asked.how.url)
    finding.refuse(asked.how.url, problems)
    return [line for line in lines if asked.start <= line.at < asked.end]


def _first_time(part: bytes) -> datetime | None:
    lines, _ = parse_master_list(part.partition(b"\n")[2], "")
    return lines[0].at if lines else None


def _last_time(part: bytes) -> datetime | None:
    lines, _ = parse_master_list(part.rpartition(b"\n")[0], "")
    return lines[-1].at if lines else None


def parse_master_list(body: bytes, url: str) -> tuple[list[ListedFile], list[str]]:
    """Lines of a master list, and what is wrong with the others. Files of other kinds are passed over."""
    lines, problems = [], []
    for number, raw in enumerate(body.decode("utf-8", "replace").splitlines(), 1):
        fields = raw.split()
        if not fields or (fields[-1].lower().endswith(".zip") and not NAME.search(fields[-1])):
            continue
        if len(fields) != 3 or not fields[0].isdigit() or not NAME.search(fields[2]):
            problems.append(f"{url} line {number}: not size, MD5 and address: {raw[:120]!r}")
            continue
        stamp, kind = NAME.findall(fields[2])[0]
        try:
            at = datetime.strptime(stamp, STAMP).replace(tzinfo=UTC)
        except ValueError:
            problems.append(f"{url} line {number}: {stamp} is no time")
            continue
        lines.append(ListedFile(int(fields[0]), fields[1].lower(), fields[2], at, kind.lower()))
    return lines, problems


def unzip_table(body: bytes, line: ListedFile) -> bytes:
    """The table in a zip file, checked against size and MD5 of the list; its name inside the zip is never used.

    Raises:
        RejectError: ``feed_unreadable`` where it is cut, damaged or not what the list says, ``too_large`` for a bomb.
    """
    if len(body) != line.size or hashlib.md5(body, usedforsecurity=False).hexdigest() != line.md5:
        detail = f"{line.url}: {len(body):,} bytes are not the {line.size:,} of the list (or their MD5 differs)"
        raise RejectError("feed_unreadable", detail)
    return unzip_one(body, line.url)


def unzip_one(body: bytes, url: str, limit: int = MAX_TABLE_BYTES) -> bytes:
    """The only file of a zip, in at most ``limit`` bytes; raises like ``unzip_table``."""
    try:
        with zipfile.ZipFile(io.BytesIO(body)) as bundle:
            members = bundle.infolist()
            if len(members) != 1:
                raise RejectError("feed_unreadable", f"{url}: {len(members)} files in the zip; one is expected")
            with bundle.open(members[0]) as stream:
                table = stream.read(limit + 1)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, OSError, ValueError) as error:
        raise RejectError("feed_unreadable", f"{url}: no readable zip: {error}") from error
    if len(table) > limit:
        raise RejectError("too_large", f"{url}: unpacks to more than {limit:,} bytes")
    return table


def parse_table(table: bytes, kind: Kind, url: str, hosts: tuple[str, ...]) -> tuple[list[Entry], list[str]]:
    """Addresses on the hosts, each once, and what is wrong with rows that are not of the documented form."""
    n_columns, collection, time_column, address = COLUMNS[kind]
    entries: dict[str, Entry] = {}
    problems = []
    for number, raw in enumerate(table.split(b"\n"), 1):
        if not raw.strip():
            continue
        cells = raw.decode("utf-8", "replace").rstrip("\r").split("\t")
        if len(cells) != n_columns:
            problems.append(f"{url} line {number}: {len(cells)} columns; a row of {kind} has {n_columns}")
        elif len(cells[time_column]) != 14 or not cells[time_column].isdigit():
            problems.append(f"{url} line {number}: {cells[time_column][:40]!r} is no time")
        elif cells[collection] == WEB and is_of_hosts(cells[address], hosts):
            title = TITLE.search(cells[EXTRAS]) if kind == "gkg" else None
            text = " ".join(html.unescape(title[1]).split()) if title else ""
            entries.setdefault(cells[address], Entry(cells[address], text or None))
    return list(entries.values()), problems
