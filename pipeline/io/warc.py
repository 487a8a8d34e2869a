"""WARC files (ISO 28500, version 1.1), the only place that writes them: what was asked, what came back, its digests.

A day of a source lies in ``<archive>/day=<day>/source=<source>.warc.gz``; what later runs add lies in
``source=<source>.2.warc.gz`` and so on. A sealed file is never written again. An unfinished one has the suffix
``.part``; the next run takes over every whole capture in it.
"""

from __future__ import annotations

import fcntl
import io
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, date
from pathlib import Path
from typing import IO

import polars as pl
from warcio.statusandheaders import StatusAndHeaders
from warcio.utils import Digester
from warcio.warcwriter import WARCWriter

from pipeline.errors import RejectError, TransientError
from pipeline.ids import sha256_bytes
from pipeline.io.http import Answer
from pipeline.io.unpack import BrokenBodyError, unpack
from pipeline.io.warc_records import MAX_RECORD_BYTES, DamagedError, read_records

HOP_BY_HOP = ("transfer-encoding", "connection", "keep-alive")
DIGEST = "sha256"

Fields = dict[str, str]


@dataclass(frozen=True)
class Body:
    """A page out of the archive, compression undone."""

    data: bytes
    status: int
    content_type: str | None


@dataclass(frozen=True)
class Stored:
    """One capture found in the archive: where its response lies, and the fields that were written with it."""

    warc_file: str
    warc_offset: int
    fields: Fields


@dataclass(frozen=True)
class Problem:
    """Something wrong in the archive."""

    file: str
    offset: int | None
    what: str

    def __str__(self) -> str:
        place = self.file if self.offset is None else f"{self.file} at byte {self.offset}"
        return f"{place}: {self.what}"


class _Writer(WARCWriter):  # type: ignore[misc]
    """warcio's writer with SHA-256 in place of SHA-1."""

    @staticmethod
    def _create_digester() -> Digester:
        return Digester(DIGEST)


@dataclass
class Segment:
    """The file to which a run adds the captures of one source and day; made at the first ``add``."""

    archive: Path
    path: Path
    found: list[Stored]
    _stream: IO[bytes] | None = field(default=None, repr=False)

    @property
    def part(self) -> Path:
        """The file while it is being written."""
        return self.path.with_name(f".{self.path.name}.part")

    def add(self, answer: Answer, fields: Fields) -> Stored:
        """Write response, request and metadata of one answer; whole, or not at all.

        Raises:
            TransientError: the disk is full or the file cannot be written; what was there before stays.
        """
        start = self.part.stat().st_size if self.part.exists() else 0
        try:
            stream = self._open()
            offset = stream.tell()
            _write_answer(_Writer(stream, gzip=True, warc_version="1.1"), answer, fields)
            stream.flush()
        except OSError as error:
            self._forget_after(start)
            raise TransientError(
                f"{self.part}: cannot write the archive: {error}; free space or fix rights, then run again"
            ) from error
        return Stored(self.path.relative_to(self.archive).as_posix(), offset, fields)

    def seal(self) -> None:
        """Give the file its final name once all of it is on the disk; nothing written, nothing made.

        Raises:
            TransientError: the disk cannot take it.
        """
        if self._stream is None:
            return
        stream, self._stream = self._stream, None
        try:
            with stream:
                stream.flush()
                os.fsync(stream.fileno())
            self.part.replace(self.path)
            _sync_folder(self.path.parent)
        except OSError as error:
            raise TransientError(f"{self.path}: cannot finish the archive file: {error}; run again") from error

    def _open(self) -> IO[bytes]:
        if self._stream is None:
            self._stream = self.part.open("ab")
            if self._stream.tell() == 0:
                writer = _Writer(self._stream, gzip=True, warc_version="1.1")
                info = {"software": "sarhad", "format": "WARC File Format 1.1"}
                writer.write_record(writer.create_warcinfo_record(self.path.name, info))
        return self._stream

    def _forget_after(self, size: int) -> None:
        """Cut a record that was written in part. Where even this fails, the next run cuts it."""
        stream, self._stream = self._stream, None
        with suppress(OSError):
            if stream is not None:
                stream.close()
        with suppress(OSError):
            os.truncate(self.part, size)


@contextmanager
def open_segment(archive: Path, day: date, source_id: str, known_files: set[str] | None = None) -> Iterator[Segment]:
    """Open the archive of a source and day for adding; sealed at the end, also after an error.

    ``Segment.found`` holds the captures that lie in the archive but in none of the ``known_files``:
    an earlier run was stopped before it could tell of them.

    Raises:
        TransientError: another run has it open, or the folder cannot be written.
    """
    folder = archive / f"day={day.isoformat()}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = (folder / f".source={source_id}.lock").open("ab")
    except OSError as error:
        raise TransientError(f"{folder}: cannot write the archive: {error}; free space or fix rights") from error
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise TransientError(f"{folder}: another run is fetching {source_id}; try again when it is done") from error
        _recover(folder, source_id)
        sealed = _segments(folder, source_id)
        known = known_files or set()
        fresh = [path for path in sealed if path.relative_to(archive).as_posix() not in known]
        segment = Segment(archive, _name(folder, source_id, len(sealed) + 1), _read_stored(archive, fresh))
        try:
            yield segment
        finally:
            segment.seal()


def _name(folder: Path, source_id: str, number: int) -> Path:
    return folder / (f"source={source_id}.warc.gz" if number == 1 else f"source={source_id}.{number}.warc.gz")


def _segments(folder: Path, source_id: str) -> list[Path]:
    found: list[Path] = []
    while (path := _name(folder, source_id, len(found) + 1)).exists():
        found.append(path)
    return found


def _recover(folder: Path, source_id: str) -> None:
    """Seal what a stopped run left: whole captures stay, a half one at the end is cut."""
    path = _name(folder, source_id, len(_segments(folder, source_id)) + 1)
    part = path.with_name(f".{path.name}.part")
    if not part.exists():
        return
    end = _end_of_whole(part)
    try:
        if end == 0:
            part.unlink()
            return
        os.truncate(part, end)
        part.replace(path)
    except OSError as error:
        raise TransientError(f"{part}: cannot recover the unfinished archive file: {error}; fix rights") from error


def _end_of_whole(path: Path) -> int:
    """Offset after the last whole capture (its metadata record comes last); 0 where there is none."""
    end = 0
    with suppress(DamagedError):
        for record in read_records(path):
            if record.kind == "metadata":
                end = record.end
    return end


def _read_stored(archive: Path, paths: list[Path]) -> list[Stored]:
    """What is readable counts; ``verify`` names the damage."""
    stored = []
    for path in paths:
        response_at = 0
        with suppress(DamagedError):
            for record in read_records(path):
                if record.kind == "response":
                    response_at = record.offset
                elif record.kind == "metadata":
                    name = path.relative_to(archive).as_posix()
                    stored.append(Stored(name, response_at, _parse_fields(record.content)))
    return stored


def _parse_fields(block: bytes) -> Fields:
    lines = [line.partition(": ") for line in block.decode("utf-8", "replace").split("\r\n") if line]
    return {name: value for name, _, value in lines}


def _write_answer(writer: _Writer, answer: Answer, fields: Fields) -> None:
    moment = answer.fetched_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    status = StatusAndHeaders(f"{answer.status} {answer.reason}".strip(), _kept(answer.headers), protocol="HTTP/1.1")
    response = writer.create_warc_record(
        answer.final_url,
        "response",
        payload=io.BytesIO(answer.raw),
        length=len(answer.raw),
        http_headers=status,
        warc_headers_dict={"WARC-Date": moment},
    )
    concurrent = {"WARC-Date": moment, "WARC-Concurrent-To": response.rec_headers.get_header("WARC-Record-ID")}
    target = "/" + answer.final_url.split("://", 1)[-1].partition("/")[2]
    line = StatusAndHeaders(f"GET {target} HTTP/1.1", list(answer.request_headers), is_http_request=True)
    request = writer.create_warc_record(
        answer.final_url, "request", http_headers=line, warc_headers_dict=dict(concurrent)
    )
    block = "".join(f"{name}: {_one_line(value)}\r\n" for name, value in fields.items()).encode("utf-8")
    metadata = writer.create_warc_record(
        answer.final_url,
        "metadata",
        payload=io.BytesIO(block),
        length=len(block),
        warc_content_type="application/warc-fields",
        warc_headers_dict=dict(concurrent),
    )
    for record in (response, request, metadata):
        writer.write_record(record)


def _kept(headers: tuple[tuple[str, str], ...]) -> list[tuple[str, str]]:
    """Headers of the answer that are true of the stored body: it is stored without chunking."""
    return [(name, value) for name, value in headers if name.lower() not in HOP_BY_HOP]


def _one_line(value: str) -> str:
    return " ".join(value.split())


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def read_body(archive: Path, warc_file: str, offset: int) -> Body:
    """The body of the response record at an offset, checked against its digest.

    Raises:
        RejectError: ``archive_corrupt``, naming file and offset.
    """
    path = (archive / warc_file).resolve()
    if not path.is_relative_to(archive.resolve()):
        raise RejectError("archive_corrupt", f"{warc_file!r} lies outside the archive")
    place = f"{warc_file} at byte {offset}"
    try:
        record = next(read_records(path, offset), None)
        if record is None or record.kind != "response":
            raise RejectError("archive_corrupt", f"{place}: no response record")
        if record.problem:
            raise RejectError("archive_corrupt", f"{place}: {record.problem}")
        data = unpack(record.content, record.headers.get("content-encoding"), MAX_RECORD_BYTES)
    except (OSError, DamagedError, BrokenBodyError) as error:
        raise RejectError("archive_corrupt", f"{place}: {error}") from error
    return Body(data, record.status, record.headers.get("content-type"))


def verify(archive: Path, captures: pl.DataFrame | None = None) -> Iterator[Problem]:
    """Read every record again and compare digests; with ``captures``, also that each row's page is there.

    Unfinished files of stopped runs are named too: the next run of their day takes them over.
    """
    for part in sorted(archive.glob("day=*/.source=*.part")):
        yield Problem(part.relative_to(archive).as_posix(), None, "unfinished; run the fetch of that day again")
    for path in sorted(archive.glob("day=*/source=*.warc.gz")):
        yield from _verify_file(path, path.relative_to(archive).as_posix())
    if captures is not None:
        yield from _verify_captures(archive, captures)


def _verify_file(path: Path, name: str) -> Iterator[Problem]:
    expected = ""
    end = 0
    try:
        for record in read_records(path):
            end = record.end
            if record.problem:
                yield Problem(name, record.offset, record.problem)
            # Every capture is a response, a request and a metadata record, in this order.
            if expected and record.kind != expected:
                yield Problem(name, record.offset, f"{record.kind} record where {expected} was to come")
            expected = {"response": "request", "request": "metadata"}.get(record.kind, "")
    except DamagedError as error:
        yield Problem(name, error.offset, error.what)
    except OSError as error:
        yield Problem(name, None, str(error))
    else:
        if expected or end == 0:
            yield Problem(name, end, f"ends where {expected or 'warcinfo'} was to come")


def _verify_captures(archive: Path, captures: pl.DataFrame) -> Iterator[Problem]:
    for row in captures.sort("warc_file", "warc_offset").iter_rows(named=True):
        try:
            body = read_body(archive, row["warc_file"], row["warc_offset"])
        except RejectError as error:
            yield Problem(row["warc_file"], row["warc_offset"], f"{row['capture_id']}: {error.detail}")
            continue
        if sha256_bytes(body.data) != row["body_sha256"]:
            yield Problem(row["warc_file"], row["warc_offset"], f"{row['capture_id']}: body differs from the table")
