"""Bytes of a feed or sitemap to entries: pure, and safe against what the bytes may hold.

Formats: RSS 2.0 and 1.0, Atom (RFC 4287), the sitemap protocol 0.9 with Google's news extension.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urljoin
from xml.etree import ElementTree
from xml.parsers import expat

import feedparser

from pipeline.errors import RejectError
from pipeline.io.unpack import GZIP_MAGIC, BrokenBodyError, gunzip
from pipeline.sources import Adapter

MAX_FEED_BYTES = 20_000_000  # a month of a large outlet's sitemap is 1 to 5 MB
MAX_ENTRIES = 50_000  # limit of the sitemap protocol; a feed never comes near
NEWS = "{http://www.google.com/schemas/sitemap-news/0.9}"
DECLARATION = re.compile(rb"<!(?:DOCTYPE|ENTITY)", re.IGNORECASE)


@dataclass(frozen=True)
class Entry:
    """One address in a feed or sitemap. Times without a zone are naive; the zone of the source is meant."""

    url: str
    title: str | None = None
    published: datetime | None = None
    modified: datetime | None = None


@dataclass(frozen=True)
class Child:
    """A sitemap that an index names."""

    url: str
    modified: datetime | None


@dataclass(frozen=True)
class Read:
    """What a feed or sitemap holds; ``damage`` says what of it could not be read."""

    entries: list[Entry]
    children: list[Child]
    damage: str | None = None


def read_entries(adapter: Adapter, body: bytes, url: str) -> Read:
    """Read the answer of a feed or sitemap.

    Raises:
        RejectError: ``feed_unsafe`` for a document type with entities, ``feed_unreadable`` for anything that is
            not the format, ``too_large`` past the limits.
    """
    body = _prepare(body, url)
    if adapter in ("rss", "atom"):
        return _read_feed(body, url)
    return _read_sitemap(body, url)


def parse_rss(body: bytes, url: str) -> list[Entry]:
    """Entries of an RSS feed; raises like ``read_entries``."""
    return read_entries("rss", body, url).entries


def parse_atom(body: bytes, url: str) -> list[Entry]:
    """Entries of an Atom feed; raises like ``read_entries``."""
    return read_entries("atom", body, url).entries


def parse_news_sitemap(body: bytes, url: str) -> list[Entry]:
    """Entries of a news sitemap; raises like ``read_entries``."""
    return read_entries("news_sitemap", body, url).entries


def parse_sitemap(body: bytes, url: str) -> list[Entry]:
    """Entries of a plain sitemap; an index has none, its sitemaps are ``read_entries(...).children``."""
    return read_entries("sitemap", body, url).entries


def _prepare(body: bytes, url: str) -> bytes:
    if body.startswith(GZIP_MAGIC):
        try:
            body = gunzip(body, MAX_FEED_BYTES)
        except BrokenBodyError as error:
            raise RejectError("feed_unreadable", f"{url}: {error}") from error
    body = body.strip(b"\x00\t\r\n ") if not body.startswith((b"\xff\xfe", b"\xfe\xff")) else body
    if not body:
        raise RejectError("feed_unreadable", f"{url}: empty answer")
    _refuse_declarations(body, url)
    return body


def _refuse_declarations(body: bytes, url: str) -> None:
    """No feed needs a document type of its own; those that bring one bring entities to be expanded.

    Read with expat, so that no encoding hides them, and in the bytes, for what expat does not get to.
    """
    if DECLARATION.search(body.replace(b"\x00", b"")) and not _is_html(body):
        raise RejectError("feed_unsafe", f"{url}: has a document type or entity declaration; it is not read")

    def refuse(*_: object) -> None:
        raise RejectError("feed_unsafe", f"{url}: has a document type or entity declaration; it is not read")

    parser = expat.ParserCreate()
    parser.StartDoctypeDeclHandler = refuse
    parser.EntityDeclHandler = refuse
    try:
        parser.Parse(body, True)
    except (expat.ExpatError, ValueError, LookupError):
        # Not well-formed or in an encoding expat lacks: what is left of it is the reader's to judge.
        return


def _is_html(body: bytes) -> bool:
    return body[:512].lower().lstrip(b"\xef\xbb\xbf \t\r\n").startswith((b"<!doctype html", b"<html"))


def _read_feed(body: bytes, url: str) -> Read:
    # A stream, never bytes: feedparser opens a string that looks like an address.
    parsed = feedparser.parse(io.BytesIO(body), resolve_relative_uris=False, sanitize_html=False)
    items: list[Any] = parsed.entries
    problem = str(parsed.get("bozo_exception", "")) if parsed.bozo else ""
    if not parsed.version and not items:
        raise RejectError("feed_unreadable", f"{url}: not an RSS or Atom feed{': ' + problem if problem else ''}")
    if problem and not items:
        raise RejectError("feed_unreadable", f"{url}: {problem}")
    is_rss = str(parsed.version).startswith("rss")
    entries = [entry for item in items[:MAX_ENTRIES] if (entry := _feed_entry(item, url, is_rss)) is not None]
    well_formed = not problem or isinstance(parsed.bozo_exception, feedparser.CharacterEncodingOverride)
    return Read(entries, [], None if well_formed else f"{url}: broken feed, read in part: {problem}")


def _feed_entry(item: Any, url: str, is_rss: bool) -> Entry | None:
    link = _feed_link(item)
    if not link:
        return None
    published = parse_time(item.get("published"))
    modified = parse_time(item.get("updated")) if "updated" in item.keys() else None  # noqa: SIM118 - feedparser aliases
    if is_rss and published is None:
        # dc:date, the only time of many RSS feeds, is when an item came out.
        published, modified = modified, None
    return Entry(_joined(url, link), _text(item.get("title")), published, modified)


def _feed_link(item: Any) -> str | None:
    links = [link.get("href") for link in item.get("links", []) if link.get("rel", "alternate") == "alternate"]
    link: str | None = item.get("link") or next((link for link in links if link), None)
    if not link and item.get("guidislink", True) and str(item.get("id", "")).startswith("http"):
        link = str(item["id"])
    return link.strip() if link else None


def _joined(url: str, link: str) -> str:
    """The address of a link; one that cannot be taken apart stays as it is, to be refused with the others."""
    try:
        return urljoin(url, link)
    except ValueError:
        return link


def _read_sitemap(body: bytes, url: str) -> Read:
    damage = None
    try:
        root = ElementTree.fromstring(body)
        elements: Iterable[ElementTree.Element] = list(root)
    except (ElementTree.ParseError, ValueError, LookupError) as error:
        if not _is_sitemap(body):
            raise RejectError("feed_unreadable", f"{url}: not a sitemap: {error}") from error
        elements = _whole_elements(body)
        damage = f"{url}: broken sitemap, read in part: {error}"
    else:
        if _local(root.tag) not in ("urlset", "sitemapindex"):
            raise RejectError("feed_unreadable", f"{url}: not a sitemap but <{_local(root.tag)}>")
    entries, children = [], []
    for element in elements:
        if (location := _child_text(element, "loc")) is None:
            continue
        address = _joined(url, location)
        modified = parse_time(_child_text(element, "lastmod"))
        if _local(element.tag) == "sitemap":
            children.append(Child(address, modified))
        elif _local(element.tag) == "url":
            news = element.find(f"{NEWS}news")
            title = None if news is None else _text(news.findtext(f"{NEWS}title"))
            published = None if news is None else parse_time(news.findtext(f"{NEWS}publication_date"))
            entries.append(Entry(address, title, published, modified))
    return Read(entries[:MAX_ENTRIES], children[:MAX_ENTRIES], damage)


def _is_sitemap(body: bytes) -> bool:
    return re.search(rb"<(\w+:)?(urlset|sitemapindex)\b", body[:4096]) is not None


def _whole_elements(body: bytes) -> list[ElementTree.Element]:
    """The entries of a damaged sitemap up to the damage."""
    whole: list[ElementTree.Element] = []
    try:
        for _, element in ElementTree.iterparse(io.BytesIO(body), events=("end",)):
            if _local(element.tag) in ("url", "sitemap"):
                whole.append(element)
    except (ElementTree.ParseError, ValueError, LookupError):
        # The caller names the damage.
        return whole
    return whole


def _local(tag: str) -> str:
    return tag.rpartition("}")[2]


def _child_text(element: ElementTree.Element, name: str) -> str | None:
    return next((_text(child.text) for child in element if _local(child.tag) == name), None)


def _text(value: object) -> str | None:
    text = " ".join(str(value).split()) if value is not None else ""
    return text or None


def parse_time(value: str | None) -> datetime | None:
    """A time as feeds (RFC 822) and sitemaps (ISO 8601, W3C) write it; naive where it names no zone."""
    if not value:
        return None
    value = " ".join(value.split())
    readers: tuple[Callable[[str], datetime], ...] = (datetime.fromisoformat, parsedate_to_datetime)
    for read in readers:
        try:
            return read(value)
        except (ValueError, TypeError, IndexError, OverflowError):
            continue
    return None
