"""WARC records that others wrote: split off a stream, looked at, and read, with bounds; never written."""

from __future__ import annotations

import io
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import IO, Any

from warcio.archiveiterator import ArchiveIterator
from warcio.bufferedreaders import ChunkedDataReader
from warcio.exceptions import ArchiveLoadFailed
from warcio.statusandheaders import StatusAndHeadersParserException

from pipeline.errors import RejectError
from pipeline.io.http import Headers
from pipeline.io.unpack import GZIP_MAGIC, BrokenBodyError, gunzip, unpack

# What warcio raises on content that is no record.
UNREADABLE = (
    ArchiveLoadFailed, StatusAndHeadersParserException, zlib.error, EOFError,
    ValueError, LookupError, AttributeError, TypeError,
)  # fmt: skip
HEAD_BYTES = 32 * 1024  # of a record that are looked at: WARC and HTTP headers
MAX_RECORD_BYTES = 64 * 1024 * 1024  # unpacked; pages are under 5 MB, the rest is media or a bomb
STEP = 256 * 1024
# Headers that are not true of a body whose compression and chunking are undone.
UNDONE = ("content-encoding", "transfer-encoding", "content-length")


@dataclass(frozen=True)
class Member:
    """A gzip member of a WARC file: one record, by the rule of ISO 28500. ``head`` is its beginning, unpacked."""

    offset: int
    length: int
    head: bytes


@dataclass(frozen=True)
class Head:
    """What the headers of a record say; empty or None for what they do not."""

    kind: str
    target: str
    at: datetime | None
    status: int | None
    content_type: str


@dataclass(frozen=True)
class Response:
    """A page out of somebody's archive, compression undone."""

    target: str
    at: datetime
    status: int
    reason: str
    headers: Headers
    body: bytes


class Members:
    """Splits a stream of gzip members, fed piece by piece; it keeps no more of each than ``HEAD_BYTES``."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._at = 0  # offset in the stream of the next byte
        self._start = 0
        self._unpacker: zlib._Decompress | None = None
        self._head = b""
        self._size = 0

    @property
    def is_between(self) -> bool:
        """Whether the last member is whole."""
        return self._unpacker is None

    def feed(self, piece: bytes) -> Iterator[Member]:
        """The members that end in this piece.

        Raises:
            RejectError: ``archive_corrupt`` where a member cannot be unpacked, ``too_large`` past the limit.
        """
        while piece:
            if self._unpacker is None:
                self._start, self._head, self._size = self._at, b"", 0
                self._unpacker = zlib.decompressobj(zlib.MAX_WBITS | 16)
            rest = self._unpack(self._unpacker, piece)
            self._at += len(piece) - len(rest)
            if self._unpacker.eof:
                yield Member(self._start, self._at - self._start, self._head)
                self._unpacker = None
            piece = rest

    def _unpack(self, unpacker: zlib._Decompress, piece: bytes) -> bytes:
        """Unpack up to the end of the member; what belongs to the next one comes back."""
        try:
            while piece and not unpacker.eof:
                out = unpacker.decompress(piece, STEP)
                self._size += len(out)
                self._head += out[: HEAD_BYTES - len(self._head)] if len(self._head) < HEAD_BYTES else b""
                if self._size > MAX_RECORD_BYTES:
                    detail = f"{self._url} at byte {self._start}: a record of more than {MAX_RECORD_BYTES:,} bytes"
                    raise RejectError("too_large", detail)
                piece = unpacker.unconsumed_tail
        except zlib.error as error:
            detail = f"{self._url} at byte {self._start}: no whole gzip member: {error}"
            raise RejectError("archive_corrupt", detail) from error
        return unpacker.unused_data if unpacker.eof else b""


def read_head(head: bytes) -> Head:
    """Read the headers at the beginning of a record.

    Raises:
        ValueError: it does not begin like a record.
    """
    block, _, payload = head.partition(b"\r\n\r\n")
    lines = block.decode("utf-8", "replace").split("\r\n")
    if not lines[0].startswith("WARC/"):
        raise ValueError(f"no WARC record but {head[:40]!r}")
    fields = _fields(lines[1:])
    target = fields.get("warc-target-uri", "").strip("<>")
    status, content_type = None, ""
    if fields.get("warc-type") == "response" and payload.startswith(b"HTTP/"):
        http = payload.partition(b"\r\n\r\n")[0].decode("latin-1").split("\r\n")
        parts = http[0].split(" ", 2)
        status = int(parts[1]) if len(parts) > 1 and parts[1].isdigit() else None
        content_type = _fields(http[1:]).get("content-type", "")
    return Head(fields.get("warc-type", ""), target, _moment(fields.get("warc-date")), status, content_type)


def _fields(lines: list[str]) -> dict[str, str]:
    pairs = (line.partition(":") for line in lines)
    return {name.strip().lower(): value.strip() for name, colon, value in pairs if colon}


def _moment(text: str | None) -> datetime | None:
    """WARC-Date (W3C date and time, UTC) with or without fractions of a second."""
    try:
        moment = datetime.fromisoformat(text or "")
    except ValueError:
        return None
    return moment.replace(tzinfo=moment.tzinfo or UTC).astimezone(UTC)


def read_member(data: bytes, where: str, limit: int) -> Response:
    """The response record in a gzip member.

    Raises:
        RejectError: ``archive_corrupt`` for what is no whole response record, ``too_large`` past the limit.
    """
    try:
        plain = gunzip(data, limit + HEAD_BYTES) if data.startswith(GZIP_MAGIC) else data
    except BrokenBodyError as error:
        raise RejectError("archive_corrupt", f"{where}: {error}") from error
    for response in read_responses(io.BytesIO(plain), where, limit):
        if isinstance(response, RejectError):
            raise response
        return response
    raise RejectError("archive_corrupt", f"{where}: no response record")


def read_responses(stream: IO[bytes], where: str, limit: int) -> Iterator[Response | RejectError]:
    """The response records of a WARC file in order; what cannot be used of it comes as the error that says why.

    Damage ends the file: nothing after it can be trusted to begin where it seems to.
    """
    number = 0
    try:
        for record in ArchiveIterator(stream):
            number += 1
            if record.rec_type != "response" or record.http_headers is None:
                continue
            try:
                yield _response(record, f"{where} record {number}", limit)
            except RejectError as error:
                yield error
    except (OSError, *UNREADABLE) as error:
        yield RejectError("archive_corrupt", f"{where} after record {number}: cannot be read on from here: {error}")


def _response(record: Any, where: str, limit: int) -> Response:
    target = (record.rec_headers.get_header("WARC-Target-URI") or "").strip("<>")
    at = _moment(record.rec_headers.get_header("WARC-Date"))
    if not target or at is None:
        raise RejectError("archive_corrupt", f"{where}: no WARC-Target-URI or WARC-Date")
    raw = record.raw_stream.read(limit + 1)
    if len(raw) > limit:
        raise RejectError("too_large", f"{where}: {target} has more than {limit:,} bytes")
    announced = record.rec_headers.get_header("Content-Length") or ""
    # Bytes that are still expected after the end of the stream say that the record is cut.
    if announced.isdigit() and getattr(record.raw_stream, "limit", 0) > 0:
        raise RejectError("archive_corrupt", f"{where}: cut; {announced} bytes were announced")
    headers: Headers = tuple((str(name), str(value)) for name, value in record.http_headers.headers)
    said = {name.lower(): value for name, value in headers}
    try:
        if "chunked" in said.get("transfer-encoding", "").lower():
            raw = ChunkedDataReader(io.BytesIO(raw)).read(limit + 1)
        body = _unpacked(raw, said.get("content-encoding"), limit)
        status = int(record.http_headers.get_statuscode())
    except (BrokenBodyError, *UNREADABLE) as error:
        raise RejectError("archive_corrupt", f"{where}: {target}: {error}") from error
    kept = tuple((name, value) for name, value in headers if name.lower() not in UNDONE)
    _, _, reason = record.http_headers.statusline.partition(" ")
    return Response(target, at, status, reason, (*kept, ("Content-Length", str(len(body)))), body)


def _unpacked(raw: bytes, encoding: str | None, limit: int) -> bytes:
    """Many archives store the body unpacked and leave the header as it was."""
    if encoding and "gzip" in encoding.lower() and not raw.startswith(GZIP_MAGIC):
        return raw
    return unpack(raw, encoding, limit)
