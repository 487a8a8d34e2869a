"""Bytes of a page to text: the encoding from the bytes themselves, the header, the page, and last the language.

Names of encodings are read as the WHATWG Encoding Standard does: Latin-1 means windows-1252, and so on.
"""

from __future__ import annotations

import codecs
import re

from pipeline.errors import RejectError

BOMS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
WHATWG = {
    "iso-8859-1": "cp1252",
    "latin-1": "cp1252",
    "latin1": "cp1252",
    "ascii": "cp1252",
    "us-ascii": "cp1252",
    "iso-8859-9": "cp1254",
    "utf8": "utf-8",
    "gb2312": "gb18030",
}
LEGACY = {"fa": "cp1256", "ar": "cp1256", "ur": "cp1256", "ps": "cp1256"}
META = re.compile(rb"""<meta[^>]{0,200}?charset\s*=\s*["']?\s*([\w:.-]{2,40})""", re.IGNORECASE)
HEADER = re.compile(r"charset\s*=\s*[\"']?\s*([\w:.-]{2,40})", re.IGNORECASE)
HTML_TYPES = ("text/html", "application/xhtml+xml")
MAX_DAMAGE = 0.01  # share of characters that may be unreadable, as in a page with a broken advertisement
CONTROLS = re.compile("[\x00-\x08\x0b\x0e-\x1f\x7f-\x84\x86-\x9f\ufffd]")


def decode_page(data: bytes, content_type: str | None, language: str) -> str:
    """Decode a page; ``language`` is that of the outlet and decides where nothing else does.

    Raises:
        RejectError: ``not_html`` for another media type or binary content, ``undecodable`` where no encoding fits.
    """
    kind = (content_type or "text/html").partition(";")[0].strip().lower()
    if kind not in HTML_TYPES:
        raise RejectError("not_html", f"Content-Type is {kind}; only HTML is read")
    for bom, name in BOMS:
        if data.startswith(bom):
            return _checked(data.decode(name, "replace"), name)
    if b"\x00" in data[:2048]:
        raise RejectError("not_html", "binary content under the name of HTML")
    try:
        # Text of another encoding that happens to be valid UTF-8 is not met in practice.
        return _checked(data.decode("utf-8"), "utf-8")
    except UnicodeDecodeError as error:
        problem = error
    declared = _declared(data, content_type)
    for name in declared:
        text = _try(data, name)
        if text is not None:
            return text
    if _is_damaged_utf8(data):
        return _checked(data.decode("utf-8", "replace"), "utf-8")
    text = _try(data, LEGACY.get(language, "cp1252"))
    if text is None:
        said = f" (declared: {', '.join(declared)})" if declared else ""
        raise RejectError("undecodable", f"no encoding fits{said}; as UTF-8: {problem}")
    return text


def _declared(data: bytes, content_type: str | None) -> list[str]:
    names = [found[1] for found in [HEADER.search(content_type or "")] if found]
    names += [found[1].decode("ascii") for found in [META.search(data[:8192])] if found]
    return [WHATWG.get(name.lower(), name.lower()) for name in names if name.lower() not in ("utf-8", "utf8")]


def _try(data: bytes, name: str) -> str | None:
    try:
        # A handful of bytes that the encoding leaves undefined do not spoil a page.
        text = data.decode(name, "replace")
    except (LookupError, UnicodeError, TypeError):
        return None
    return text if _damage(text) <= MAX_DAMAGE else None


def _is_damaged_utf8(data: bytes) -> bool:
    """More whole multi-byte characters than broken ones: UTF-8 with a cut in it."""
    text = data.decode("utf-8", "replace")
    broken = text.count("\ufffd")
    whole = sum(1 for character in text if ord(character) > 127) - broken
    return whole > broken


def _checked(text: str, name: str) -> str:
    if _damage(text) > MAX_DAMAGE:
        raise RejectError("undecodable", f"read as {name}, {_damage(text):.0%} of the characters are unreadable")
    return text


def _damage(text: str) -> float:
    return len(CONTROLS.findall(text)) / max(len(text), 1)
