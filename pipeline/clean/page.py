"""A page as a tree: its text blocks in order, what it says of itself in JSON-LD and meta tags, and its furniture."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from lxml import etree  # type: ignore[import-untyped]
from trafilatura.utils import load_html

from pipeline.clean.words import Patterns
from pipeline.errors import RejectError

Element = Any  # lxml has no types of its own

NEVER_TEXT = (
    "script", "style", "noscript", "template", "iframe", "object", "svg", "form", "button", "select", "dialog",
)  # fmt: skip
FURNITURE_TAGS = ("nav", "aside", "footer", "figcaption")
BLOCK_TAGS = frozenset(
    (
        "address", "article", "aside", "blockquote", "body", "br", "center", "dd", "details", "div", "dl", "dt",
        "fieldset", "figcaption", "figure", "footer", "form", "h1", "h2", "h3", "h4", "h5", "h6", "header", "hr",
        "html", "li", "main", "nav", "ol", "p", "pre", "section", "summary", "table", "tbody", "td", "tfoot", "th",
        "thead", "tr", "ul",
    )
)  # fmt: skip
ARTICLE_TYPES = re.compile(r"(Article|Posting|Report|Review)$", re.IGNORECASE)
MAX_JSON_CHARS = 500_000
MAX_JSON_DEPTH = 6
# trafilatura's time grows with the square of the elements; 20,000 in the worst order took 13 s, news pages have 5,000.
MAX_ELEMENTS = 20_000


@dataclass(frozen=True)
class Block:
    """A run of text between block-level tags, and the tag of the element around it."""

    text: str
    tag: str


def parse_page(text: str, url: str) -> Element:
    """Parse HTML.

    Raises:
        RejectError: ``no_text`` where there is nothing that could be parsed.
    """
    # A NUL or an XML declaration that contradicts the decoded text stops libxml2.
    tree = load_html(re.sub(r"^\s*<\?xml[^>]*\?>", "", text).replace("\x00", ""))
    if tree is None:
        raise RejectError("no_text", f"{url}: empty, or nested too deeply to be a page")
    return tree


def one_line(text: str | None) -> str | None:
    """Text with runs of white space as one space; None where nothing is left."""
    return " ".join((text or "").split()) or None


def meta(tree: Element) -> dict[str, str]:
    """Meta tags by name, property or itemprop in lower case; the first of each counts."""
    found: dict[str, str] = {}
    for element in tree.iter("meta"):
        content = one_line(element.get("content"))
        for key in ("property", "name", "itemprop"):
            name = (element.get(key) or "").strip().lower()
            if name and content:
                found.setdefault(name, content)
    return found


def json_ld_articles(tree: Element) -> list[dict[str, Any]]:
    """The nodes of JSON-LD that describe an article, in order; JSON that cannot be read says nothing."""
    nodes: list[dict[str, Any]] = []
    for script in tree.iter("script"):
        if "ld+json" not in (script.get("type") or "").lower() or not script.text or len(script.text) > MAX_JSON_CHARS:
            continue
        try:
            nodes += _nodes(json.loads(script.text.strip(), strict=False), 0)
        except (ValueError, RecursionError):
            # Broken JSON-LD is common and says nothing; the page is still read by its other signs.
            continue
    return [node for node in nodes if _is_article(node)]


def _nodes(value: Any, depth: int) -> list[dict[str, Any]]:
    if depth > MAX_JSON_DEPTH:
        return []
    if isinstance(value, list):
        return [node for item in value for node in _nodes(item, depth + 1)]
    if isinstance(value, dict):
        inside = (value.get(key) for key in ("@graph", "mainEntity", "liveBlogUpdate"))
        return [value, *(node for item in inside for node in _nodes(item, depth + 1))]
    return []


def _is_article(node: dict[str, Any]) -> bool:
    kinds = node.get("@type")
    return any(ARTICLE_TYPES.search(str(kind)) for kind in (kinds if isinstance(kinds, list) else [kinds]))


def own_node(nodes: list[dict[str, Any]], url: str, title: str | None) -> dict[str, Any] | None:
    """The node that describes the page itself, not a story it links to."""
    for node in nodes:
        entity = node.get("mainEntityOfPage")
        entity = entity.get("@id") if isinstance(entity, dict) else entity
        if url in (node.get("url"), node.get("@id"), entity):
            return node
    for node in nodes:
        if title and one_line(str(node.get("headline") or "")) == title:
            return node
    return nodes[0] if len(nodes) == 1 else None


def prune(tree: Element, patterns: Patterns) -> None:
    """Take the furniture out of the tree: navigation, related stories, comments, cookie bars, captions.

    Raises:
        RejectError: ``too_large`` where so many elements are left that reading them would take minutes.
    """
    body = tree.find(".//body")
    root = tree if body is None else body
    for element in list(root.iter(*NEVER_TEXT)):
        element.drop_tree()
    total = len(root.text_content())
    gone: set[Element] = set()
    for element in list(root.iter()):
        if element in gone or element is root or not isinstance(element.tag, str):
            continue
        if _is_furniture(element, patterns) and len(element.text_content()) <= total / 2:
            gone.update(element.iter())
            element.drop_tree()
    if (n_left := sum(1 for _ in root.iter())) > MAX_ELEMENTS:
        raise RejectError("too_large", f"page of {n_left:,} elements; at most {MAX_ELEMENTS:,} are read")


def _is_furniture(element: Element, patterns: Patterns) -> bool:
    if element.tag in FURNITURE_TAGS:
        return True
    if element.tag in ("html", "body", "main", "article", "h1", "p", "a", "time"):
        # Their names tell of the page or of themselves (`article has-related`), and they hold the text.
        return element.tag in ("p", "a") and bool(patterns.furniture_name.search(_names(element)))
    if element.tag == "header":
        return element.find(".//h1") is None
    return bool(patterns.furniture_name.search(_names(element))) and element.find(".//h1") is None


def _names(element: Element) -> str:
    return f"{element.get('class') or ''} {element.get('id') or ''}".strip()


def has_named(tree: Element, name: re.Pattern[str]) -> bool:
    """Whether an element with text has a class or id of this pattern."""
    return any(
        isinstance(element.tag, str) and name.search(_names(element)) and (element.text_content() or "").strip()
        for element in tree.iter()
    )


def blocks(root: Element) -> Iterator[Block]:
    """The text of a tree in reading order, cut at block-level tags."""
    pieces: list[str] = []
    tag = "body"
    for event, element in etree.iterwalk(root, events=("start", "end")):
        if not isinstance(element.tag, str):
            if event == "end":
                pieces.append(element.tail or "")
            continue
        if element.tag in BLOCK_TAGS:
            if text := one_line("".join(pieces)):
                yield Block(text, tag)
            pieces = []
            tag = element.tag if event == "start" else "body"
        pieces.append((element.text if event == "start" else element.tail) or "")
    if text := one_line("".join(pieces)):
        yield Block(text, tag)


def outlet_names(tree: Element, described: dict[str, str], title: str | None) -> frozenset[str]:
    """What the page calls its outlet, folded: lines of the text that say only this are no text."""
    window = next((one_line(element.text_content()) for element in tree.iter("title")), None) or ""
    parts = re.split(r"\s+[|–—-]\s+", window)
    around = [] if title is None else [part for part in parts if part.casefold() not in title.casefold()]
    names = [described.get("og:site_name"), described.get("application-name"), *around]
    return frozenset(name.casefold() for name in names if name)


def canonical(tree: Element) -> str | None:
    """The address that the page names as its own."""
    for link in tree.iter("link"):
        if "canonical" in (link.get("rel") or "").lower().split() and link.get("href"):
            return str(link.get("href")).strip()
    return None


def title_of(tree: Element, described: dict[str, str]) -> str | None:
    """The headline: the only h1, else what the page gives to be shared, else its title without the outlet's name."""
    headings = [one_line(heading.text_content()) for heading in tree.iter("h1")]
    headings = [heading for heading in headings if heading]
    shared = described.get("og:title") or described.get("twitter:title")
    window = next((one_line(element.text_content()) for element in tree.iter("title")), None)
    told = [h for h in headings if h and any(h.casefold() in (other or "").casefold() for other in (shared, window))]
    if told:
        # The outlet's own name may be a heading too, and stands in the window's title as well.
        return max(told, key=len)
    if len(headings) == 1:
        return headings[0]
    return shared or (re.split(r"\s+[|–—-]\s+", window)[0] if window else None) or next(iter(headings), None)


def author_of(tree: Element, described: dict[str, str], node: dict[str, Any] | None) -> str | None:
    """The byline that the markup gives: JSON-LD, meta, then an element that is marked as author."""
    authors = (node or {}).get("author")
    names = [
        one_line(str(author.get("name") if isinstance(author, dict) else author))
        for author in (authors if isinstance(authors, list) else [authors])
        if author
    ]
    names = [name for name in names if name and name != "None" and not name.startswith("http")]
    if names:
        return ", ".join(dict.fromkeys(str(name) for name in names))
    if (name := described.get("author")) and not name.startswith("http"):
        return name
    for element in tree.iter("a", "span", "div", "p", "address"):
        marks = f"{element.get('rel') or ''} {element.get('itemprop') or ''} {_names(element)}".lower()
        if re.search(r"(^|[\s_-])(author|byline|writer)($|[\s_-])", marks):
            text = one_line(element.text_content())
            if text and len(text) <= 80 and not any(character.isdigit() for character in text):
                return re.sub(r"^(by|written by)\s+", "", text, flags=re.IGNORECASE)
    return None
