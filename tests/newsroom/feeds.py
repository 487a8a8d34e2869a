"""Feeds and sitemaps of the demo outlets, as they stood at a moment (RSS 2.0, Atom, sitemaps.org 0.9, news 0.9)."""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import format_datetime
from xml.sax.saxutils import escape, quoteattr

from tests.newsroom.render import Page, teaser
from tests.newsroom.stories import Article, Outlet, Version, changed_at, latest, recent_two_days

NEWS_NS = "http://www.google.com/schemas/sitemap-news/0.9"
SITEMAP_NS = "http://www.sitemaps.org/schemas/sitemap/0.9"
HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n'


def _iso(moment: datetime, outlet: Outlet) -> str:
    return moment.astimezone(outlet.zone).isoformat()


def _versions(articles: list[Article], moment: datetime) -> list[tuple[Article, Version]]:
    return [(article, version) for article in articles if (version := article.at(moment))]


def _paragraphs(version: Version) -> str:
    return "".join(f"<p>{escape(paragraph)}</p>" for paragraph in version.text)


def rss(outlet: Outlet, base: str, moment: datetime, full: bool) -> Page:
    """RSS 2.0, with the whole text as content:encoded where `full`."""
    items = []
    articles = latest(outlet, moment)
    for article, version in _versions(articles, moment):
        link = base + outlet.listed_path(article)
        local = article.published.astimezone(outlet.zone)
        date = f"<pubDate>{format_datetime(local)}</pubDate>" if "no_date" not in article.quirks else ""
        content = f"<content:encoded>{escape(_paragraphs(version))}</content:encoded>" if full else ""
        items.append(
            f"<item><title>{escape(version.title)}</title><link>{escape(link)}</link>"
            f'<guid isPermaLink="false">{escape(article.id)}</guid>{date}<category>{escape(article.section)}</category>'
            f"<dc:creator>{escape(article.byline)}</dc:creator>"
            f"<description>{escape(teaser(version))}</description>{content}</item>\n"
        )
    changed = changed_at(articles, moment)
    body = (
        f'{HEAD}<rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/" '
        f'xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:atom="http://www.w3.org/2005/Atom"><channel>'
        f"<title>{escape(outlet.name)}</title><link>{base}/</link><description>{escape(outlet.tagline)}</description>"
        f'<atom:link rel="self" href={quoteattr(base + outlet.feed_path)} type="application/rss+xml"/>'
        f"<language>{outlet.lang}</language><lastBuildDate>{format_datetime(changed.astimezone(UTC))}</lastBuildDate>\n"
        f"{''.join(items)}</channel></rss>\n"
    )
    return Page(body.encode(), "application/rss+xml; charset=utf-8", changed)


def atom(outlet: Outlet, base: str, moment: datetime) -> Page:
    """Atom 1.0 with summaries; `updated` is the revision's time, `published` the first one's."""
    articles = latest(outlet, moment)
    entries = []
    for article, version in _versions(articles, moment):
        link = quoteattr(base + outlet.listed_path(article))
        entries.append(
            f"<entry><id>tag:sarhad.invalid,2023:{escape(article.id)}</id><title>{escape(version.title)}</title>"
            f'<link rel="alternate" type="text/html" href={link}/>'
            f"<published>{_iso(article.published, outlet)}</published><updated>{_iso(version.at, outlet)}</updated>"
            f"<author><name>{escape(article.byline)}</name></author><category term={quoteattr(article.section)}/>"
            f"<summary>{escape(teaser(version))}</summary></entry>\n"
        )
    changed = changed_at(articles, moment)
    body = (
        f'{HEAD}<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="{outlet.lang}">'
        f"<id>tag:sarhad.invalid,2023:{outlet.id}</id><title>{escape(outlet.name)}</title>"
        f'<link rel="alternate" href="{base}/"/><link rel="self" href={quoteattr(base + outlet.feed_path)}/>'
        f"<updated>{_iso(changed, outlet)}</updated>\n{''.join(entries)}</feed>\n"
    )
    return Page(body.encode(), "application/atom+xml; charset=utf-8", changed)


def _url_entry(outlet: Outlet, base: str, article: Article, version: Version) -> str:
    loc = escape(base + outlet.path(article))
    if "no_date" in article.quirks:
        return f"<url><loc>{loc}</loc></url>\n"
    return (
        f"<url><loc>{loc}</loc><lastmod>{_iso(version.at, outlet)}</lastmod><news:news><news:publication>"
        f"<news:name>{escape(outlet.name)}</news:name><news:language>{outlet.lang}</news:language></news:publication>"
        f"<news:publication_date>{_iso(article.published, outlet)}</news:publication_date>"
        f"<news:title>{escape(version.title)}</news:title></news:news></url>\n"
    )


def url_set(outlet: Outlet, base: str, moment: datetime, articles: list[Article]) -> Page:
    """A sitemap of articles, with the news extension's publication dates."""
    entries = "".join(_url_entry(outlet, base, a, v) for a, v in _versions(articles, moment))
    body = f'{HEAD}<urlset xmlns="{SITEMAP_NS}" xmlns:news="{NEWS_NS}">\n{entries}</urlset>\n'
    return Page(body.encode(), "application/xml; charset=utf-8", changed_at(articles, moment))


def news_sitemap(outlet: Outlet, base: str, moment: datetime) -> Page:
    """The protocol's news sitemap: articles of the last two days only."""
    return url_set(outlet, base, moment, recent_two_days(outlet, moment))


def month_of(outlet: Outlet, article: Article) -> str:
    """The month an article is filed under, e.g. 2024-01, in the outlet's zone."""
    return f"{article.published.astimezone(outlet.zone):%Y-%m}"


def month_sitemap(outlet: Outlet, base: str, moment: datetime, month: str) -> Page | None:
    """All of one month; None where nothing of it was out by then."""
    articles = [a for a in outlet.visible(moment) if month_of(outlet, a) == month]
    return url_set(outlet, base, moment, articles) if articles else None


def sitemap_index(outlet: Outlet, base: str, moment: datetime) -> Page:
    """The index of the monthly sitemaps."""
    months: dict[str, list[Article]] = {}
    for article in outlet.visible(moment):
        months.setdefault(month_of(outlet, article), []).append(article)
    rows = "".join(
        f"<sitemap><loc>{base}/sitemap-{month}.xml</loc>"
        f"<lastmod>{_iso(changed_at(articles, moment), outlet)}</lastmod></sitemap>\n"
        for month, articles in sorted(months.items(), reverse=True)
    )
    body = f'{HEAD}<sitemapindex xmlns="{SITEMAP_NS}">\n{rows}</sitemapindex>\n'
    return Page(body.encode(), "application/xml; charset=utf-8", changed_at(outlet.visible(moment), moment))
