"""Decompression with a limit: a small body may not become a large one (gzip, deflate and brotli bombs)."""

from __future__ import annotations

import zlib

import brotli  # type: ignore[import-untyped]

from pipeline.errors import RejectError

STEP = 256 * 1024
MAX_LAYERS = 2
GZIP_MAGIC = b"\x1f\x8b"


class BrokenBodyError(ValueError):
    """Compressed data that is cut or damaged."""


def unpack(body: bytes, content_encoding: str | None, limit: int) -> bytes:
    """Undo the Content-Encoding of an HTTP body, in at most ``limit`` bytes.

    Raises:
        RejectError: ``too_large`` past the limit; ``not_html`` for an encoding that was not offered.
        BrokenBodyError: the compressed data is cut or damaged.
    """
    layers = [name.strip().lower() for name in (content_encoding or "").split(",")]
    layers = [name for name in layers if name not in ("", "identity")]
    if len(layers) > MAX_LAYERS:
        raise RejectError("too_large", f"{len(layers)} layers of compression; at most {MAX_LAYERS} are undone")
    for name in reversed(layers):
        if name in ("gzip", "x-gzip"):
            body = gunzip(body, limit)
        elif name == "deflate":
            body = _inflate(body, zlib.MAX_WBITS if body[:1] in (b"\x78", b"\x58") else -zlib.MAX_WBITS, limit)
        elif name == "br":
            body = _unbrotli(body, limit)
        else:
            raise RejectError("not_html", f"Content-Encoding {name!r} was not offered and cannot be read")
    if len(body) > limit:
        raise RejectError("too_large", f"body of {len(body):,} bytes; the limit is {limit:,}")
    return body


def gunzip(body: bytes, limit: int) -> bytes:
    """Decompress gzip, also of several members, in at most ``limit`` bytes; raises like ``unpack``."""
    pieces = []
    left = limit
    while body:
        unpacker = zlib.decompressobj(zlib.MAX_WBITS | 16)
        piece = _drain(unpacker, body, left)
        pieces.append(piece)
        left -= len(piece)
        rest = unpacker.unused_data
        # Padding and trailing junk after a whole member is ignored, as every gzip reader does.
        body = rest if rest.startswith(GZIP_MAGIC) else b""
    return b"".join(pieces)


def _inflate(body: bytes, window: int, limit: int) -> bytes:
    return _drain(zlib.decompressobj(window), body, limit) if body else b""


def _drain(unpacker: zlib._Decompress, body: bytes, limit: int) -> bytes:
    try:
        unpacked = unpacker.decompress(body, limit + 1)
    except zlib.error as error:
        raise BrokenBodyError(f"compressed body is damaged: {error}") from error
    if len(unpacked) > limit:
        raise RejectError("too_large", f"body unpacks to more than {limit:,} bytes")
    if not unpacker.eof:
        raise BrokenBodyError("compressed body is cut")
    return unpacked


def _unbrotli(body: bytes, limit: int) -> bytes:
    if not body:
        return b""
    unpacker = brotli.Decompressor()
    pieces: list[bytes] = []
    size = 0
    try:
        piece = unpacker.process(body, output_buffer_limit=STEP)
        while piece or not unpacker.can_accept_more_data():
            pieces.append(piece)
            size += len(piece)
            if size > limit:
                raise RejectError("too_large", f"body unpacks to more than {limit:,} bytes")
            piece = unpacker.process(b"", output_buffer_limit=STEP)
    except brotli.error as error:
        raise BrokenBodyError(f"brotli body is damaged: {error}") from error
    if not unpacker.is_finished():
        raise BrokenBodyError("brotli body is cut")
    return b"".join(pieces)
