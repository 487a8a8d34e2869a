"""The only place that turns something into an id."""

import hashlib

SEPARATOR = "\x1f"


def make_id(prefix: str, *parts: object) -> str:
    """Return ``prefix_`` and 16 hex digits of SHA-256 over the parts.

    Parts should be few, raw and stable (addresses, digests, offsets), never cleaned values,
    so that the id survives a better cleaner.

    >>> make_id("lnk", "courier", "2024-01-16", "http://a.example/1")
    'lnk_23a71897370887fc'
    """
    joined = SEPARATOR.join("" if part is None else str(part) for part in parts)
    return f"{prefix}_{sha256_text(joined)[:16]}"


def sha256_text(text: str) -> str:
    """Hex SHA-256 of a text in UTF-8; lone surrogates are kept apart, not refused."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def sha256_bytes(data: bytes) -> str:
    """Hex SHA-256 of bytes."""
    return hashlib.sha256(data).hexdigest()
