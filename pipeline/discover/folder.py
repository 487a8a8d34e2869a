"""A local folder of other people's WARC and HTML files: their pages of one source go into the archive as captures.

Links of the folder are not followed out of it, names in it are never used as paths to write to, and a file that is
damaged gives what can be read of it. An import that is stopped or run twice writes nothing twice.
"""

from __future__ import annotations

import os
import re
import stat
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urljoin, urlsplit
from zoneinfo import ZoneInfo

import polars as pl

from pipeline import contract
from pipeline.clean.decode import HTML_TYPES, decode_page
from pipeline.clean.page import Element, blocks, canonical, json_ld_articles, meta, own_node, parse_page, title_of
from pipeline.clean.when import Moment, read_times
from pipeline.clean.words import load_patterns
from pipeline.discover.past import is_of_hosts
from pipeline.discover.urls import MAX_URL_CHARS, clean_url
from pipeline.errors import ConfigError, RejectError
from pipeline.fetch.capture import capture_row, fields_of, place_of, row_of
from pipeline.ids import make_id
from pipeline.io.address import parse_address
from pipeline.io.foreign import Response, read_responses
from pipeline.io.http import Answer
from pipeline.io.warc import Segment, open_segment
from pipeline.sources import Source
from pipeline.stage import Result, reject_row

Row = dict[str, Any]
DayBy = Literal["page", "capture"]

ADAPTER = "folder"
WARC_NAME = re.compile(r"\.warc(\.gz)?$", re.IGNORECASE)
HTML_NAME = re.compile(r"\.x?html?$", re.IGNORECASE)
INDEX_NAME = re.compile(r"(?:^|/)index\.x?html?$", re.IGNORECASE)
MAX_PAGE_BYTES = 20_000_000
MAX_OPEN_DAYS = 100  # days whose archive file is open at a time; far below every limit of open files


@dataclass
class _Import:
    """One import: what it is of, and what it has made so far."""

    source: Source
    archive: Path
    day_by: DayBy
    now: datetime
    known: dict[str, Row]
    files: set[str]
    hosts: tuple[str, ...]
    links: dict[str, Row] = field(default_factory=dict)
    captures: dict[str, Row] = field(default_factory=dict)
    rejects: dict[str, Row] = field(default_factory=dict)
    others: int = 0

    def refuse(self, record: str, locator: str, error: RejectError, day: date | None = None) -> None:
        row = reject_row(
            "fetch", self.source.id, day or self.now.date(), record, error.reason, error.detail, locator
        )  # fmt: skip
        self.rejects[str(row["reject_id"])] = row


def import_folder(
    path: Path,
    source: Source,
    archive: Path,
    known: pl.DataFrame | None = None,
    day_by: DayBy = "page",
    now: datetime | None = None,
) -> Result:
    """Take the pages of a source out of a folder (or a single file) into the archive.

    Args:
        path: folder with ``.warc``, ``.warc.gz``, ``.html`` and ``.htm`` files, also in folders below it.
        source: the publisher; only pages of its hosts (homepage, ``hosts`` of its discovery) are taken.
        archive: folder of our WARC files.
        known: captures of the source that are in the table already, of all days.
        day_by: whose day owns a page: that of the publication the page states (of the capture where it states
            none), or always that of the capture (WARC-Date; the time of an HTML file).
        now: clock, aware UTC.

    Returns:
        New rows of ``link`` and ``capture``, of as many days as the folder has; the caller adds them to the
        partitions of these days. Rejects name file and record.

    Raises:
        ConfigError: the path is not there.
        TransientError: the archive cannot be written, or a fetch of the same source and day is running.
    """
    if not path.exists():
        raise ConfigError(f"{path}: no such file or folder")
    rows = list(known.iter_rows(named=True)) if known is not None else []
    state = _Import(
        source, archive, day_by, now or datetime.now(UTC),
        {row["capture_id"]: row for row in rows}, {row["warc_file"] for row in rows}, _hosts(source),
    )  # fmt: skip
    with _segments(state) as segments:
        for file, name in _walk(path, state):
            _take_file(file, name, state, segments)
    return Result(
        {
            "link": contract.conform("link", contract.frame("link", list(state.links.values()))),
            "capture": contract.conform("capture", contract.frame("capture", list(state.captures.values()))),
        },
        contract.conform("reject", contract.frame("reject", list(state.rejects.values()))),
    )


def _hosts(source: Source) -> tuple[str, ...]:
    own = (urlsplit(source.homepage).hostname or "").removeprefix("www.")
    port = urlsplit(source.homepage).port
    return tuple(dict.fromkeys((f"{own}:{port}" if port else own, *(h for how in source.discovery for h in how.hosts))))


def _walk(root: Path, state: _Import) -> Iterator[tuple[Path, str]]:
    """Regular files of a folder in the order of their names, each with the name under which it is spoken of."""
    if root.is_file():
        yield root, _printable(root.name)
        return
    for folder, folders, files in os.walk(root, followlinks=False):
        folders.sort()
        for entry in sorted([*files, *folders]):
            path = Path(folder) / entry
            name = _printable((root.name / path.relative_to(root)).as_posix())
            try:
                mode = path.lstat().st_mode
            except OSError as error:
                state.refuse(name, name, RejectError("archive_corrupt", f"{name}: {error.strerror}"))
                continue
            if stat.S_ISLNK(mode):
                detail = f"{name}: a symbolic link; links are not followed, import what it points to"
                state.refuse(name, name, RejectError("address_unsafe", detail))
            elif stat.S_ISREG(mode):
                yield path, name
            elif not stat.S_ISDIR(mode):
                state.refuse(name, name, RejectError("not_html", f"{name}: neither a file nor a folder"))


def _printable(name: str) -> str:
    """A file name may be any bytes; here it is text that every terminal and table can hold."""
    text = name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
    return "".join(char if char.isprintable() else f"\\x{ord(char):02x}" for char in text)[:500]


def _take_file(path: Path, name: str, state: _Import, segments: _Open) -> None:
    before, state.others = len(state.links), 0
    try:
        if WARC_NAME.search(path.name):
            # O_NOFOLLOW: what was a file when it was listed may be a link by now.
            with os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW), "rb") as stream:
                number = 0
                for number, found in enumerate(read_responses(stream, name, MAX_PAGE_BYTES), 1):
                    _take(found, f"{name}#response={number}", state, segments)
                if number == 0:
                    raise RejectError("archive_corrupt", f"{name}: holds no response record, or is no WARC")
        elif HTML_NAME.search(path.name):
            _take(_read_html(path, name, state), name, state, segments)
        else:
            state.refuse(name, name, RejectError("not_html", f"{name}: neither WARC (.warc, .warc.gz) nor HTML"))
    except RejectError as error:
        state.refuse(name, name, error)
    except OSError as error:
        state.refuse(name, name, RejectError("archive_corrupt", f"{name}: cannot be read: {error.strerror}"))
    if state.others:
        taken = len(state.links) - before
        detail = f"{name}: {state.others} pages are not of {', '.join(state.hosts)} and were left; {taken} were taken"
        state.refuse(f"{name}#others", name, RejectError("not_found", detail))


def _read_html(path: Path, name: str, state: _Import) -> Response:
    """A saved page: its address is the one it names as its own, else that of its place in a mirror of the site."""
    with os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW), "rb") as stream:
        at = datetime.fromtimestamp(os.fstat(stream.fileno()).st_mtime, UTC)
        body = stream.read(MAX_PAGE_BYTES + 1)
    if len(body) > MAX_PAGE_BYTES:
        raise RejectError("too_large", f"{name}: more than {MAX_PAGE_BYTES:,} bytes")
    tree = parse_page(decode_page(body, None, state.source.language), name)
    target = _address(tree, name, state)
    return Response(target, min(at, state.now), 200, "OK", (("Content-Type", "text/html"),), body)


def _address(tree: Element, name: str, state: _Import) -> str:
    mirrored = name.partition("/")[2]
    for start in (mirrored, mirrored.partition("/")[2]):
        guess = f"https://{INDEX_NAME.sub('/', start)}"
        if start and is_of_hosts(guess, state.hosts):
            break
    else:
        guess = ""
    named = canonical(tree) or meta(tree).get("og:url")
    address = urljoin(guess, named) if named else guess
    if not address.startswith(("http://", "https://")):
        detail = f"{name}: names no address of its own (canonical, og:url), nor does its place in the folder"
        raise RejectError("address_unsafe", detail)
    return address


def _take(found: Response | RejectError, locator: str, state: _Import, segments: _Open) -> None:
    """Put one page into the archive, or say why not."""
    if isinstance(found, RejectError):
        state.refuse(locator, locator, found)
        return
    try:
        if not is_of_hosts(found.target, state.hosts):
            state.others += 1
            return
        answer = _answer(found, locator)
        day, published = _day(answer, state)
    except RejectError as error:
        state.refuse(locator, locator, error, found.at.date())
        return
    link = _link(answer, day, published, locator, state)
    row = capture_row(link, answer)
    if row["capture_id"] in state.known or row["capture_id"] in state.captures:
        unchanged = RejectError("unchanged", f"{locator}: the same page is in the archive")
        state.refuse(row["capture_id"], locator, unchanged, day)
        return
    stored_row = segments.found(day).get(row["capture_id"])
    if stored_row is None:
        stored_row = row | place_of(segments.segment(day).add(answer, fields_of(row, (locator,))))
    state.captures[row["capture_id"]] = stored_row
    state.links.setdefault(link["link_id"], link)


def _answer(found: Response, locator: str) -> Answer:
    """The page as if it had been fetched when the other archive did.

    Raises:
        RejectError: ``http_error``, ``not_html`` or ``address_unsafe`` for what is no page.
    """
    if found.status != 200:
        raise RejectError("http_error", f"{locator}: {found.target[:200]}: HTTP {found.status}")
    said = {name.lower(): value for name, value in found.headers}
    kind = said.get("content-type", "text/html").partition(";")[0].strip().lower()
    if kind not in HTML_TYPES:
        raise RejectError("not_html", f"{locator}: {found.target[:200]} is {kind}")
    if len(found.target) > MAX_URL_CHARS:
        raise RejectError("address_unsafe", f"{locator}: address of {len(found.target)} characters")
    parse_address(found.target)
    try:
        url = clean_url(found.target)
    except ValueError as error:
        raise RejectError("address_unsafe", f"{locator}: {found.target[:200]!r}: {error}") from error
    # Header lines of others may hold anything; a line break in one would forge the next.
    headers = tuple((_one_line(name), _one_line(value)) for name, value in found.headers)
    return Answer(
        url, found.target, found.status, _one_line(found.reason), (), headers, found.body, found.body, found.at
    )


def _one_line(text: str) -> str:
    return " ".join(text.split()).encode("latin-1", "replace").decode("latin-1")


def _day(answer: Answer, state: _Import) -> tuple[date, datetime | None]:
    """The day that owns a page, and its publication where the page gives the time of day."""
    if state.day_by == "capture":
        return answer.fetched_at.date(), None
    tree = parse_page(decode_page(answer.body, answer.header("Content-Type"), state.source.language), answer.url)
    published = _published(tree, answer, state.source)
    if published is None:
        return answer.fetched_at.date(), None
    if published.precision == "day":
        return published.at.astimezone(ZoneInfo(state.source.timezone)).date(), None
    return published.at.astimezone(UTC).date(), published.at


def _published(tree: Element, answer: Answer, source: Source) -> Moment | None:
    described = meta(tree)
    title = title_of(tree, described)
    node = own_node(json_ld_articles(tree), answer.url, title)
    return read_times(
        node, described, tree, list(blocks(tree)), title, source.timezone, answer.fetched_at, load_patterns()
    ).published


def _link(answer: Answer, day: date, published: datetime | None, locator: str, state: _Import) -> Row:
    return {
        "link_id": make_id("lnk", state.source.id, day.isoformat(), answer.url),
        "source_id": state.source.id,
        "day": day,
        "url": answer.url,
        "title": None,
        "published_at": published,
        "modified_at": None,
        "adapter": ADAPTER,
        "found_in": locator,
    }


class _Open:
    """The archive files of the days that were last written to."""

    def __init__(self, state: _Import) -> None:
        self._state = state
        self._open: OrderedDict[date, tuple[AbstractContextManager[Segment], Segment, dict[str, Row]]] = OrderedDict()

    def segment(self, day: date) -> Segment:
        """The file of a day, open for adding."""
        return self._get(day)[1]

    def found(self, day: date) -> dict[str, Row]:
        """Captures that lie in the archive of the day without the table knowing of them."""
        return self._get(day)[2]

    def _get(self, day: date) -> tuple[AbstractContextManager[Segment], Segment, dict[str, Row]]:
        if day not in self._open:
            if len(self._open) >= MAX_OPEN_DAYS:
                _, (oldest, _, _) = self._open.popitem(last=False)
                oldest.__exit__(None, None, None)
            written = {row["warc_file"] for row in self._state.captures.values()}
            manager = open_segment(self._state.archive, day, self._state.source.id, self._state.files | written)
            segment = manager.__enter__()
            rows = [row for stored in segment.found if (row := row_of(stored)) is not None]
            self._open[day] = (manager, segment, {row["capture_id"]: row for row in rows})
        self._open.move_to_end(day)
        return self._open[day]

    def close(self) -> None:
        """Seal all of them."""
        while self._open:
            _, (manager, _, _) = self._open.popitem()
            manager.__exit__(None, None, None)


@contextmanager
def _segments(state: _Import) -> Iterator[_Open]:
    segments = _Open(state)
    try:
        yield segments
    finally:
        segments.close()
