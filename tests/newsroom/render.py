"""HTML of the demo outlets: article pages, home, sections and dated archives, each house in its own design."""

from __future__ import annotations

import json
import zlib
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Any

import yaml
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from tests.newsroom.calendars import printed
from tests.newsroom.stories import HERE, Article, Outlet, Version

TEASER_LENGTH = 150
LIST_LENGTH = 30


@dataclass(frozen=True)
class Page:
    """A rendered answer: its bytes, its content type and the time this version came into being."""

    body: bytes
    content_type: str
    changed_at: datetime


@lru_cache(maxsize=1)
def _templates() -> Environment:
    env = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return env


@lru_cache(maxsize=1)
def _furniture() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((HERE / "furniture.yml").read_text(encoding="utf-8"))
    return found


def teaser(version: Version) -> str:
    """The first words of an article, cut at a word, as lists and feeds show them."""
    lead = version.text[0] if version.text else version.title
    return lead if len(lead) <= TEASER_LENGTH else lead[:TEASER_LENGTH].rsplit(" ", 1)[0] + "…"


def _card(outlet: Outlet, article: Article, version: Version) -> dict[str, str]:
    return {
        "title": version.title,
        "teaser": teaser(version),
        "path": outlet.path(article),
        "section": article.section,
        "date": printed(article.published, outlet),
    }


def _cards(outlet: Outlet, articles: list[Article], moment: datetime) -> list[dict[str, str]]:
    return [_card(outlet, a, v) for a in articles if (v := a.at(moment))]


def _around(outlet: Outlet, article: Article, moment: datetime) -> tuple[list[Article], list[Article]]:
    """Related and most-read articles, from what was out when this version was made, so that its bytes stay."""
    others = [a for a in outlet.visible(moment) if a.id != article.id and not a.quirks & {"gone", "robots"}]
    related = [a for a in others if a.id in article.related][:3] or others[:3]
    chosen = {a.id for a in related}
    return related, [a for a in others if a.id not in chosen][2:7]


def _readers(outlet: Outlet, article: Article) -> list[dict[str, str]]:
    pool: list[dict[str, str]] = _furniture()[outlet.lang]["readers"]
    start = zlib.crc32(article.slug.encode()) % len(pool)
    return (pool[start:] + pool[:start])[: 1 + start % 3]


def _json_ld(outlet: Outlet, article: Article, version: Version, url: str) -> str:
    data = {
        "@context": "https://schema.org",
        "@type": "NewsArticle",
        "headline": version.title,
        "url": url,
        "datePublished": article.published.astimezone(outlet.zone).isoformat(),
        "dateModified": version.at.astimezone(outlet.zone).isoformat(),
        "author": {"@type": "Person", "name": article.byline},
        "inLanguage": article.lang,
        "publisher": {"@type": "Organization", "name": outlet.name},
        "isAccessibleForFree": "paywall" not in article.quirks,
    }
    if "live_blog" in article.quirks:
        data |= {"@type": "LiveBlogPosting", "coverageStartTime": data["datePublished"]}
    return json.dumps(data, ensure_ascii=False).replace("<", "\\u003c")


def _blocks(article: Article, version: Version) -> list[dict[str, str | None]]:
    """Paragraphs as blocks: `## ` opens a subheading, `[10:15] ` a live-blog entry."""
    blocks: list[dict[str, str | None]] = []
    text = version.text[:1] if "paywall" in article.quirks else version.text
    for paragraph in text:
        if paragraph.startswith("## "):
            blocks.append({"kind": "heading", "time": None, "text": paragraph[3:]})
        elif "live_blog" in article.quirks and paragraph.startswith("["):
            time, _, words = paragraph[1:].partition("] ")
            blocks.append({"kind": "entry", "time": time, "text": words})
        else:
            blocks.append({"kind": "paragraph", "time": None, "text": paragraph})
    return blocks


def _encoded(html: str, article: Article) -> tuple[bytes, str]:
    """Bytes and content type: a legacy page says its encoding in one place only, in the head or in the header."""
    if "legacy_meta" in article.quirks:
        html = html.replace(
            '<meta charset="utf-8">', f'<meta http-equiv="Content-Type" content="text/html; charset={article.charset}">'
        )
        # windows-1256 has no Farsi yeh: pages of that age wrote the Arabic one.
        return html.replace("ی", "ي").encode(article.charset, "xmlcharrefreplace"), "text/html"
    if "legacy_header" in article.quirks:
        html = html.replace('<meta charset="utf-8">', "")
        return html.encode(article.charset, "xmlcharrefreplace"), f"text/html; charset={article.charset}"
    return html.encode(), "text/html; charset=utf-8"


def _frame(outlet: Outlet, base: str, moment: datetime) -> dict[str, Any]:
    return {
        "outlet": outlet,
        "base": base,
        "words": _furniture()[outlet.lang],
        "sections": list(enumerate(outlet.sections, start=1)),
        "clock": printed(moment, outlet),
        "today": moment.astimezone(outlet.zone),
    }


def article_page(outlet: Outlet, article: Article, base: str, moment: datetime) -> Page:
    """An article's page as it stood at a moment; the caller has checked that it was out by then."""
    version = article.at(moment)
    if version is None:
        raise ValueError(f"{article.id} was not published by {moment}")
    url = base + outlet.path(article)
    related, most_read = _around(outlet, article, version.at)
    dated = "no_date" not in article.quirks
    html = (
        _templates()
        .get_template(f"{outlet.id}.html")
        .render(
            **_frame(outlet, base, moment),
            article=article,
            version=version,
            url=url,
            blocks=[] if "empty" in article.quirks else _blocks(article, version),
            published=printed(article.published, outlet) if dated else None,
            published_iso=article.published.astimezone(outlet.zone).isoformat() if dated else None,
            updated=printed(version.at, outlet) if dated and version.at > article.published else None,
            updated_iso=version.at.astimezone(outlet.zone).isoformat(),
            teaser=teaser(version),
            json_ld=_json_ld(outlet, article, version, url) if dated else None,
            related=_cards(outlet, related, version.at),
            most_read=_cards(outlet, most_read, version.at),
            readers=_readers(outlet, article),
            paywall="paywall" in article.quirks,
            heading=None,
            cards=[],
            earlier=None,
            later=None,
        )
    )
    body, content_type = _encoded(html, article)
    return Page(body, content_type, version.at)


def list_page(
    outlet: Outlet,
    base: str,
    moment: datetime,
    heading: str | None,
    articles: list[Article],
    changed: datetime,
    day: date | None = None,
) -> Page:
    """A page of cards: the home page (no heading), a section, or the archive of a day with its neighbours."""
    around = {}
    for name, step in (("earlier", -1), ("later", 1)):
        other = day + timedelta(days=step) if day else None
        around[name] = f"/archive/{other:%Y/%m/%d}" if other else None
    html = (
        _templates()
        .get_template(f"{outlet.id}.html")
        .render(
            **_frame(outlet, base, moment),
            article=None,
            version=None,
            url=base + "/",
            heading=heading,
            cards=_cards(outlet, articles[:LIST_LENGTH], moment),
            json_ld=None,
            blocks=[],
            published=None,
            published_iso=None,
            updated=None,
            updated_iso=None,
            teaser=outlet.tagline,
            related=[],
            most_read=[],
            readers=[],
            paywall=False,
            earlier=around["earlier"],
            later=around["later"],
        )
    )
    return Page(html.encode(), "text/html; charset=utf-8", changed)
