"""Clean captures into articles: main text and metadata."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any
from urllib.parse import urljoin, urlsplit
from zoneinfo import ZoneInfo

import polars as pl
from lxml import etree  # type: ignore[import-untyped]

from pipeline import contract
from pipeline.clean.body import main_text, tidy
from pipeline.clean.cite import cited_wires
from pipeline.clean.copies import mark_copies, signature
from pipeline.clean.decode import decode_page
from pipeline.clean.language import detect_language
from pipeline.clean.page import (
    Element,
    author_of,
    blocks,
    canonical,
    has_named,
    json_ld_articles,
    meta,
    outlet_names,
    own_node,
    parse_page,
    prune,
    title_of,
)
from pipeline.clean.when import Moment, byline_in, read_times
from pipeline.clean.words import load_patterns
from pipeline.discover.urls import clean_url
from pipeline.errors import RejectError
from pipeline.ids import make_id, sha256_bytes, sha256_text
from pipeline.io.warc import Body
from pipeline.settings import CleanSettings
from pipeline.sources import Source
from pipeline.stage import Result, reject_row

__all__ = ["clean", "mark_copies"]

Row = dict[str, Any]

# What a hostile page can drive the parsers into; anything else is a fault of ours and must be seen.
PAGE_FAULTS = (RecursionError, etree.LxmlError, ValueError, TypeError, AttributeError, LookupError, OverflowError)


def clean(
    source: Source,
    captures: pl.DataFrame,
    links: pl.DataFrame,
    read_body: Callable[[Row], Body],
    knobs: CleanSettings,
) -> Result:
    """Captures of one source to articles; what has no text becomes a reject with its reason.

    Args:
        source: the publisher; its zone and language fill what a page does not say.
        captures: rows of ``capture``.
        links: rows of ``link`` of the same day, for the times and titles that feeds gave.
        read_body: a capture's page out of the archive; raises RejectError where it is damaged.
        knobs: how much text an article has at least, and when two are one copy.
    """
    by_link = {row["link_id"]: row for row in links.iter_rows(named=True)}
    articles: dict[str, Row] = {}
    rejects: list[Row] = []
    for capture in captures.sort("seen_at", "capture_id").iter_rows(named=True):
        try:
            article = _article(source, capture, by_link.get(capture["link_id"], {}), read_body, knobs)
            if article["article_id"] in articles:
                other = articles[article["article_id"]]["capture_id"]
                raise RejectError("unchanged", f"the same page as capture {other}, reached by another address")
            articles[article["article_id"]] = article
        except RejectError as error:
            rejects.append(_reject(capture, error.reason, error.detail))
        except PAGE_FAULTS as error:
            rejects.append(_reject(capture, "internal_error", f"{type(error).__name__}: {str(error)[:200]}"))
    frame = contract.conform("article", contract.frame("article", list(articles.values())))
    return Result(
        {"article": mark_copies(frame, knobs.copy_similarity)},
        contract.conform("reject", contract.frame("reject", rejects)),
    )


def _reject(capture: Row, reason: str, detail: str) -> Row:
    locator = f"{capture['final_url']} in {capture['warc_file']} at byte {capture['warc_offset']}"
    return reject_row("clean", capture["source_id"], capture["day"], capture["capture_id"], reason, detail, locator)


def _article(source: Source, capture: Row, link: Row, read_body: Callable[[Row], Body], knobs: CleanSettings) -> Row:
    body = read_body(capture)
    if sha256_bytes(body.data) != capture["body_sha256"]:
        raise RejectError("archive_corrupt", "the archived page is not the one that was captured; fetch the day again")
    if not body.data.strip():
        raise RejectError("no_text", "the page is empty")
    tree = parse_page(decode_page(body.data, body.content_type, source.language), capture["final_url"])
    page = _read(source, capture, link, tree, knobs)
    published, precision, said_by = _published(page["published"], link, source)
    modified: Moment | None = page["modified"]
    text: str = page["text"]
    return {
        "article_id": make_id("art", capture["final_url"], capture["body_sha256"]),
        "capture_id": capture["capture_id"],
        "source_id": capture["source_id"],
        "day": capture["day"],
        "url": page["url"],
        "title": page["title"],
        "author": page["author"],
        "published_at": published,
        "published_precision": precision,
        "published_from": said_by,
        "modified_at": modified.at if modified and (published is None or modified.at > published) else None,
        "zone": source.timezone,
        "language": detect_language(f"{page['title'] or ''}\n{text}", source.language),
        "text": text,
        "text_sha256": sha256_text(text),
        "minhash": signature(text),
        "copy_of": None,
        "cites": cited_wires(text, page["author"], frozenset({source.id, source.wire_family or source.id})),
        "seen_at": capture["seen_at"],
    }


def _read(source: Source, capture: Row, link: Row, tree: Element, knobs: CleanSettings) -> Row:
    """Text and metadata of a page's tree; the tree is pruned on the way."""
    patterns = load_patterns()
    described = meta(tree)
    url = _own_address(canonical(tree), capture["final_url"])
    title = title_of(tree, described)
    node = own_node(json_ld_articles(tree), url, title)
    author = author_of(tree, described, node)
    outlets = outlet_names(tree, described, title)
    is_walled = (node or {}).get("isAccessibleForFree") in (False, "False", "false") or has_named(
        tree, patterns.paywall_name
    )
    is_live = "LiveBlogPosting" in str((node or {}).get("@type")) or has_named(tree, patterns.live_name)
    prune(tree, patterns)
    page_blocks = list(blocks(tree))
    is_walled = is_walled or any(patterns.paywall_words.search(block.text) for block in page_blocks)
    times = read_times(node, described, tree, page_blocks, title, source.timezone, capture["seen_at"], patterns)
    author = author or byline_in(page_blocks, title, source.timezone)
    names = outlets | {name.casefold() for name in (author, source.name) if name}
    text = main_text(tree, title, names, is_live, patterns)
    if is_walled and len(text) < patterns.stub_chars:
        raise RejectError("paywall", f"{len(text)} characters before the paywall; the rest is for subscribers")
    if len(text) < knobs.min_text_chars:
        raise RejectError("no_text", f"{len(text)} characters of main text; an article has {knobs.min_text_chars}")
    return {
        "url": url,
        "title": tidy(title or link.get("title") or "") or None,
        "author": tidy(author or "") or None,
        "published": times.published,
        "modified": times.modified,
        "text": text,
    }


def _own_address(named: str | None, final_url: str) -> str:
    """The canonical address where it is on the same host; else the one that answered."""
    try:
        here = clean_url(final_url)
        there = clean_url(urljoin(final_url, named)) if named else here
    except ValueError:
        return final_url
    same_host = urlsplit(there).netloc.removeprefix("www.") == urlsplit(here).netloc.removeprefix("www.")
    # A canonical address that is the front page is a mistake of the template.
    return there if same_host and (urlsplit(there).path != "/" or urlsplit(here).path == "/") else here


def _published(moment: Moment | None, link: Row, source: Source) -> tuple[datetime | None, str, str]:
    """The page's own time; the feed's where the page says none, or only the day on which the feed has it too."""
    fed: datetime | None = link.get("published_at") or link.get("modified_at")
    origin = "sitemap" if "sitemap" in (link.get("adapter") or "") else "feed"
    if moment is None:
        return (fed, "second", origin) if fed else (None, "unknown", "none")
    if moment.precision == "day" and fed and _local(fed, source) == _local(moment.at, source):
        return fed, "second", origin
    return moment.at, moment.precision, "page"


def _local(moment: datetime, source: Source) -> date:
    return moment.astimezone(UTC).astimezone(ZoneInfo(source.timezone)).date()
