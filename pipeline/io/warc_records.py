"""WARC records one by one: each is a gzip member of its own, checked by gzip's own sum and by its SHA-256 digests."""

from __future__ import annotations

import io
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from warcio.archiveiterator import ArchiveIterator
from warcio.exceptions import ArchiveLoadFailed
from warcio.statusandheaders import StatusAndHeadersParserException

CHUNK = 64 * 1024
MAX_RECORD_BYTES = 512 * 1024 * 1024  # far above every fetch limit; stops a bomb in a foreign archive
# What warcio raises on content that is no record.
NO_RECORD = (
    ArchiveLoadFailed,
    StatusAndHeadersParserException,
    ValueError,
    KeyError,
    AttributeError,
    TypeError,
    IndexError,
)


class DamagedError(Exception):
    """An archive file cannot be read from ``offset`` on."""

    def __init__(self, offset: int, what: str) -> None:
        super().__init__(what)
        self.offset, self.what = offset, what


@dataclass(frozen=True)
class Record:
    """One record: where it lies, what it is, its HTTP status and headers, its content, and what is wrong with it."""

    offset: int
    end: int
    kind: str
    status: int
    headers: dict[str, str]
    content: bytes
    problem: str | None


def read_records(path: Path, offset: int = 0) -> Iterator[Record]:
    """Records of a file from an offset on.

    Raises:
        DamagedError: a record is cut, or is none.
        OSError: the file cannot be opened.
    """
    with path.open("rb") as stream:
        stream.seek(offset)
        for start, end, data in _members(stream, offset):
            yield _parse(start, end, data)


def _members(stream: IO[bytes], position: int) -> Iterator[tuple[int, int, bytes]]:
    """Start, end and content of each gzip member; zlib compares the check sum of each."""
    pending = b""
    while True:
        unpacker = zlib.decompressobj(zlib.MAX_WBITS | 16)
        pieces: list[bytes] = []
        taken = size = 0
        while not unpacker.eof:
            chunk = pending or stream.read(CHUNK)
            pending = b""
            if not chunk and taken == 0:
                return
            if not chunk:
                raise DamagedError(position, "record is cut")
            taken += len(chunk)
            try:
                pieces.append(unpacker.decompress(chunk, MAX_RECORD_BYTES - size + 1))
            except zlib.error as error:
                raise DamagedError(position, f"record is damaged: {error}") from error
            size += len(pieces[-1])
            if size > MAX_RECORD_BYTES:
                raise DamagedError(position, f"record unpacks to more than {MAX_RECORD_BYTES:,} bytes")
        pending = unpacker.unused_data
        end = position + taken - len(pending)
        yield position, end, b"".join(pieces)
        position = end


def _parse(start: int, end: int, data: bytes) -> Record:
    try:
        record: Any = next(iter(ArchiveIterator(io.BytesIO(data), check_digests=True)), None)
        if record is None:
            raise DamagedError(start, "no record")
        content = record.raw_stream.read()
        http = record.http_headers
        return Record(
            start,
            end,
            record.rec_type,
            int(http.get_statuscode()) if http is not None and record.rec_type == "response" else 0,
            {name.lower(): value for name, value in http.headers} if http is not None else {},
            content,
            _problem(record),
        )
    except NO_RECORD as error:
        raise DamagedError(start, f"no WARC record: {error}") from error


def _problem(record: Any) -> str | None:
    if record.digest_checker.passed is False:
        return "; ".join(record.digest_checker.problems) or "digest differs"
    if record.rec_headers.get_header("WARC-Block-Digest") is None:
        return "no digest; the record cannot be checked"
    return None
