"""From a path and a moment to an answer of an outlet: pages, lists, feeds, sitemaps, robots.txt."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date, datetime

from tests.newsroom import feeds
from tests.newsroom.render import Page, article_page, list_page
from tests.newsroom.stories import FOUNDED, Article, Outlet, changed_at

ARCHIVE = re.compile(r"/archive/(\d{4})/(\d{2})/(\d{2})/?")
MONTH = re.compile(r"/sitemap-(\d{4}-\d{2})\.xml")
SECTION = re.compile(r"/section/(\d+)/?")


@dataclass(frozen=True)
class Answer:
    """A status with a page, or with headers alone; `is_slow` asks the server to wait before answering."""

    status: int
    page: Page | None = None
    headers: dict[str, str] = field(default_factory=dict)
    is_slow: bool = False


def robots_txt(outlet: Outlet, base: str) -> Page:
    """What the outlet asks of robots; it has not changed since the outlet was founded."""
    lines = ["User-agent: *", "Disallow: /print/", "Disallow: /search"]
    if outlet.crawl_delay is not None:
        lines.append(f"Crawl-delay: {outlet.crawl_delay:g}")
    if outlet.sitemaps:
        lines.append(f"Sitemap: {base}/sitemap.xml")
    return Page(("\n".join(lines) + "\n").encode(), "text/plain; charset=utf-8", FOUNDED)


def _article(outlet: Outlet, path: str) -> tuple[Article, bool] | None:
    """The article at a path, and whether the path is its short form that redirects."""
    for article in outlet.articles:
        if path == outlet.path(article):
            return article, False
        if path == f"/r/{article.slug}":
            return article, True
    return None


def _section(outlet: Outlet, number: int, base: str, moment: datetime) -> Answer:
    if not 1 <= number <= len(outlet.sections):
        return Answer(404)
    name = outlet.sections[number - 1]
    articles = [a for a in outlet.visible(moment) if a.section == name]
    return Answer(200, list_page(outlet, base, moment, name, articles, changed_at(articles, moment)))


def _archive(outlet: Outlet, day: date, base: str, moment: datetime) -> Answer:
    if not FOUNDED.date() <= day <= moment.astimezone(outlet.zone).date():
        return Answer(404)
    articles = outlet.on_day(day, moment)
    page = list_page(outlet, base, moment, f"{day:%Y-%m-%d}", articles, changed_at(articles, moment), day)
    return Answer(200, page)


def _feed(outlet: Outlet, base: str, moment: datetime) -> Answer:
    if outlet.feed == "atom":
        return Answer(200, feeds.atom(outlet, base, moment))
    return Answer(200, feeds.rss(outlet, base, moment, full=outlet.feed == "rss_full"))


def _sitemap(outlet: Outlet, path: str, base: str, moment: datetime) -> Answer:
    if path == "/news-sitemap.xml" and outlet.news_sitemap:
        return Answer(200, feeds.news_sitemap(outlet, base, moment))
    if path == "/sitemap.xml" and outlet.sitemaps:
        return Answer(200, feeds.sitemap_index(outlet, base, moment))
    if outlet.sitemaps and (found := MONTH.fullmatch(path)):
        page = feeds.month_sitemap(outlet, base, moment, found[1])
        return Answer(200, page) if page else Answer(404)
    return Answer(404)


def answer(outlet: Outlet, path: str, base: str, moment: datetime) -> Answer:
    """What the outlet answers to a GET of a path (without its query), as of a moment."""
    if path == "/":
        articles = outlet.visible(moment)
        return Answer(200, list_page(outlet, base, moment, None, articles, changed_at(articles, moment)))
    if path == "/robots.txt":
        return Answer(200, robots_txt(outlet, base))
    if path == outlet.feed_path:
        return _feed(outlet, base, moment)
    if "sitemap" in path:
        return _sitemap(outlet, path, base, moment)
    if found := SECTION.fullmatch(path):
        return _section(outlet, int(found[1]), base, moment)
    if found := ARCHIVE.fullmatch(path):
        try:
            day = date(int(found[1]), int(found[2]), int(found[3]))
        except ValueError:
            return Answer(404)
        return _archive(outlet, day, base, moment)
    hit = _article(outlet, path)
    if hit is None or hit[0].published > moment or "gone" in hit[0].quirks:
        return Answer(404)
    article, is_short = hit
    if is_short:
        return Answer(301, headers={"Location": base + outlet.path(article)})
    return Answer(200, article_page(outlet, article, base, moment), is_slow="slow" in article.quirks)
