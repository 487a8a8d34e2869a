"""Section pages with a dated archive: one page, or several, for each day, at an address that names the day.

The page of a date is owned by the run of the same date in UTC. Its first or last hours may belong to a neighbour
there, but each page has one owner, so a range of days neither loses nor doubles a link.
"""

from __future__ import annotations

import re
from datetime import date, datetime
from typing import Any
from urllib.parse import urljoin, urlsplit

from lxml import etree  # type: ignore[import-untyped]

from pipeline.clean.decode import decode_page
from pipeline.clean.page import one_line, parse_page
from pipeline.discover.past import Asked, Finding, is_of_hosts
from pipeline.discover.read import Entry
from pipeline.errors import ConfigError, RejectError

MAX_PAGES = 40  # of one day; a large daily fills about ten
MAX_PAGE_BYTES = 5_000_000
MAX_LINKS = 5_000

SOLAR_EPOCH = date(622, 3, 21).toordinal()  # 1 Farvardin 1, counted back in this cycle
# Leap years of the 33-year cycle; it agrees with the observed calendar from 1206 to 1498 (AD 1827 to 2119).
SOLAR_LEAPS = frozenset({1, 5, 9, 13, 17, 22, 26, 30})
PLACEHOLDER = re.compile(r"\{(\w*)\}")

STEP = re.compile(
    r"\s*(?P<combinator>[>\s]?)\s*(?P<tag>[a-zA-Z][\w-]*|\*)?(?P<rest>(?:[.#][\w-]+|\[[\w-]+(?:[*^]?=[^\]]*)?\])*)"
)
PART = re.compile(r"([.#])([\w-]+)|\[([\w-]+)(?:([*^]?=)[\"']?([^\"'\]]*)[\"']?)?\]")


def reach(day: date, now: datetime) -> bool:
    """A dated archive reaches as far as the outlet keeps it; ``reach_days`` of the source says how far."""
    return day <= now.date()


async def look(asked: Asked) -> Finding:
    """The links on the archive pages of a day."""
    finding = Finding()
    template = asked.how.template or ""
    pages = MAX_PAGES if "{page}" in template else 1
    for page in range(1, pages + 1):
        url = page_address(template, asked.day, page)
        try:
            answer = await asked.client.get(url, asked.politeness(asked.source.politeness), None, MAX_PAGE_BYTES)
            entries = parse_archive_page(
                answer.body, answer.final_url, asked.how.links or "", answer.header("Content-Type"),
                asked.source.language, asked.how.hosts,
            )  # fmt: skip
        except RejectError as error:
            if page > 1 and error.reason == "not_found":
                return finding
            finding.fail(url, error)
            return finding
        known = len(finding.entries)
        finding.add((entry, url) for entry in entries)
        finding.successes += 1
        # Some sites answer a page past the last with the last one, others with an empty list.
        if page > 1 and len(finding.entries) == known:
            return finding
        if page == 1 and not entries:
            detail = f"{url}: no link matches {asked.how.links!r}; the day is empty, or the design has changed"
            finding.fail(url, RejectError("feed_unreadable", detail))
            return finding
    if pages > 1:
        finding.failures += 1
        finding.notes.append(f"{template}: more than {MAX_PAGES} pages for the day; the rest was not asked for")
    return finding


def page_address(template: str, day: date, page: int = 1) -> str:
    """Fill in the address of an archive page.

    Raises:
        ConfigError: an unknown placeholder.
    """
    jyear, jmonth, jday = solar_hijri(day)
    values = {
        "year": f"{day.year:04}", "month": f"{day.month:02}", "day": f"{day.day:02}",
        "m": str(day.month), "d": str(day.day),
        "jyear": f"{jyear:04}", "jmonth": f"{jmonth:02}", "jday": f"{jday:02}",
        "page": str(page),
    }  # fmt: skip
    unknown = [name for name in PLACEHOLDER.findall(template) if name not in values]
    if unknown:
        raise ConfigError(f"template {template!r}: unknown {{{unknown[0]}}}; known: {', '.join(values)}")
    return PLACEHOLDER.sub(lambda match: values[match[1]], template)


def parse_archive_page(
    body: bytes, url: str, rule: str, content_type: str | None = None, language: str = "en", hosts: tuple[str, ...] = ()
) -> list[Entry]:
    """The links of an archive page to which the rule leads, in order, each address once.

    Args:
        rule: XPath or CSS selector of the links, or of elements that hold one link each.
        hosts: only links to these; to the page's own host where empty.

    Raises:
        RejectError: ``not_html``, ``undecodable`` or ``no_text`` for what is no page.
        ConfigError: the rule cannot be read.
    """
    tree = parse_page(decode_page(body, content_type, language), url)
    base = urljoin(url, next((str(found) for found in tree.xpath("//base/@href")), ""))
    xpath = rule if rule.startswith(("/", ".", "(")) else css_to_xpath(rule)
    try:
        hits = tree.xpath(xpath)
    except etree.XPathError as error:
        raise ConfigError(f"link rule {rule!r} is no XPath or CSS selector: {error}") from error
    if not isinstance(hits, list):
        raise ConfigError(f"link rule {rule!r} gives {type(hits).__name__}; it must lead to links")
    entries: dict[str, Entry] = {}
    for hit in hits[:MAX_LINKS]:
        entry = _entry(hit, base)
        if entry and is_of_hosts(entry.url, hosts or (urlsplit(url).hostname or "",)):
            entries.setdefault(entry.url, entry)
    return list(entries.values())


def _entry(hit: Any, base: str) -> Entry | None:
    if isinstance(hit, str):
        target, title = hit, None
    else:
        link = hit if hit.tag == "a" else next(iter(hit.xpath(".//a[@href]")), None)
        if link is None or not link.get("href"):
            return None
        target, title = link.get("href"), one_line(link.text_content()) or one_line(link.get("title"))
    try:
        address = urljoin(base, target.strip())
        scheme = urlsplit(address).scheme
    except ValueError:
        return None
    return Entry(address.partition("#")[0], title) if scheme in ("http", "https") else None


def css_to_xpath(selector: str) -> str:
    """XPath of a CSS selector of tags, classes, ids, attributes, descendants, children and alternatives.

    Raises:
        ConfigError: anything else; XPath says it all.
    """
    paths = []
    for alternative in selector.split(","):
        position, path = 0, ""
        text = alternative.strip()
        while position < len(text):
            match = STEP.match(text, position)
            if match is None or match.end() == position or not (match["tag"] or match["rest"]):
                raise ConfigError(f"link rule {selector!r}: not understood from {text[position:]!r}; write it as XPath")
            axis = "/" if match["combinator"] == ">" else "//"
            path += axis + (match["tag"] or "*") + "".join(_predicate(part) for part in PART.finditer(match["rest"]))
            position = match.end()
        if not path:
            raise ConfigError(f"link rule {selector!r} is empty")
        paths.append(path)
    return " | ".join(paths)


def _predicate(part: re.Match[str]) -> str:
    mark, name, attribute, operator, value = part.groups()
    if mark == "#":
        return f"[@id='{name}']"
    if mark == ".":
        return f"[contains(concat(' ', normalize-space(@class), ' '), ' {name} ')]"
    if operator is None:
        return f"[@{attribute}]"
    test = {"=": "@{0}='{1}'", "*=": "contains(@{0}, '{1}')", "^=": "starts-with(@{0}, '{1}')"}[operator]
    return f"[{test.format(attribute, value)}]"


def solar_hijri(day: date) -> tuple[int, int, int]:
    """Year, month and day in the solar Hijri calendar, in which Iranian outlets number their archives."""
    rest = day.toordinal() - SOLAR_EPOCH
    cycles, rest = divmod(rest, 33 * 365 + len(SOLAR_LEAPS))
    year = 1
    while rest >= (length := 366 if year in SOLAR_LEAPS else 365):
        rest -= length
        year += 1
    # Six months of 31 days, five of 30, and what is left.
    month, number = (divmod(rest, 31)) if rest < 186 else divmod(rest - 186, 30)
    return cycles * 33 + year, month + (1 if rest < 186 else 7), number + 1
