"""The newsroom's data: outlets and articles, read from YAML and checked while reading.

An article is a file `articles/<outlet>/<slug>.yml`; what a reader saw at a moment is its version in force then.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import yaml

HERE = Path(__file__).parent
FEED_LENGTH = 20
"""Items a feed holds: what most real feeds hold."""
FOUNDED = datetime.fromisoformat("2023-11-30T00:00:00+00:00")
"""When the newsroom's pages first existed: the Memento-Datetime of a list that is still empty."""
QUIRKS = frozenset(
    {
        "no_date",
        "gone",
        "slow",
        "robots",
        "empty",
        "live_blog",
        "paywall",
        "redirect",
        "tracking",
        "legacy_meta",
        "legacy_header",
        "revised",
        "round_up",
        "denial",
    }
)
"""What may be odd about an article; docs/newsroom.md says what each does."""


@dataclass(frozen=True)
class Version:
    """An article's title and paragraphs as they stood from `at` on."""

    at: datetime
    title: str
    text: tuple[str, ...]


@dataclass(frozen=True)
class Article:
    """One article of one outlet; `versions` is never empty and is in order of time."""

    id: str
    outlet: str
    slug: str
    byline: str
    section: str
    lang: str
    published: datetime
    versions: tuple[Version, ...]
    caption: str | None
    tags: tuple[str, ...]
    related: tuple[str, ...]
    wire: str | None
    quirks: frozenset[str]
    charset: str

    def at(self, moment: datetime) -> Version | None:
        """The version in force at a moment; None before publication."""
        past = [version for version in self.versions if version.at <= moment]
        return past[-1] if past else None


@dataclass(frozen=True)
class Outlet:
    """One invented publisher: its name, place, language and what its site offers."""

    id: str
    name: str
    tagline: str
    lang: str
    zone: ZoneInfo
    feed: str | None
    feed_path: str
    article_path: str
    sections: tuple[str, ...]
    sitemaps: bool
    news_sitemap: bool
    crawl_delay: float | None
    address: str
    articles: tuple[Article, ...] = field(default=())

    def visible(self, moment: datetime) -> list[Article]:
        """Articles published by then, newest first."""
        out = [article for article in self.articles if article.published <= moment]
        return sorted(out, key=lambda article: (article.published, article.slug), reverse=True)

    def on_day(self, day: date, moment: datetime) -> list[Article]:
        """Articles of one local day that were out by then, newest first."""
        return [a for a in self.visible(moment) if a.published.astimezone(self.zone).date() == day]

    def path(self, article: Article) -> str:
        """The canonical path of an article on this site."""
        if "robots" in article.quirks:
            return f"/print/{article.slug}"
        local = article.published.astimezone(self.zone)
        return local.strftime(self.article_path).replace("{slug}", article.slug)

    def listed_path(self, article: Article) -> str:
        """The path that feeds give: not always the canonical one."""
        if "redirect" in article.quirks:
            return f"/r/{article.slug}"
        tracking = "?utm_source=rss&utm_medium=feed" if "tracking" in article.quirks else ""
        return self.path(article) + tracking


def changed_at(articles: list[Article], moment: datetime) -> datetime:
    """When a list of articles last changed by then: its newest item or newest revision."""
    times = [version.at for article in articles if (version := article.at(moment))]
    return max(times, default=FOUNDED)


def latest(outlet: Outlet, moment: datetime) -> list[Article]:
    """What the outlet's feed holds at a moment."""
    return outlet.visible(moment)[:FEED_LENGTH]


def recent_two_days(outlet: Outlet, moment: datetime) -> list[Article]:
    """What a news sitemap may hold by its protocol: the last two days, and only pages with a date."""
    floor = moment - timedelta(days=2)
    return [a for a in outlet.visible(moment) if a.published > floor and "no_date" not in a.quirks]


def _when(value: Any, where: str) -> datetime:
    moment = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
    if moment.tzinfo is None:
        raise ValueError(f"{where}: {value} has no time zone")
    return moment


def _version(raw: dict[str, Any], title: str, at: datetime) -> Version:
    return Version(at, raw.get("title", title), tuple(paragraph.strip() for paragraph in raw["text"]))


def read_article(path: Path) -> Article:
    """Read one article file; ValueError names the file and what is wrong with it."""
    raw = yaml.safe_load(path.read_text(encoding="utf-8"))
    outlet, slug = path.parent.name, path.stem
    unknown = set(raw.get("quirks", ())) - QUIRKS
    if unknown or raw["id"] != f"{outlet}/{slug}":
        raise ValueError(f"{path}: id {raw['id']!r} or quirks {sorted(unknown)} are not as expected")
    published = _when(raw["published"], f"{path} published")
    versions = [_version(raw, raw["title"], published)]
    for change in raw.get("modified", ()):
        versions.append(_version(change, versions[-1].title, _when(change["at"], f"{path} modified")))
    if [v.at for v in versions] != sorted({v.at for v in versions}):
        raise ValueError(f"{path}: versions are not in order of time")
    return Article(
        id=raw["id"],
        outlet=outlet,
        slug=slug,
        byline=raw["byline"],
        section=raw["section"],
        lang=raw["lang"],
        published=published,
        versions=tuple(versions),
        caption=raw.get("caption"),
        tags=tuple(raw.get("tags", ())),
        related=tuple(raw.get("related", ())),
        wire=raw.get("wire"),
        quirks=frozenset(raw.get("quirks", ())),
        charset=raw.get("charset", "utf-8"),
    )


@lru_cache(maxsize=1)
def read_outlets() -> dict[str, Outlet]:
    """All outlets with their articles, in the order of `outlets.yml` (which is the order of their ports)."""
    rows = yaml.safe_load((HERE / "outlets.yml").read_text(encoding="utf-8"))
    outlets = {}
    for row in rows:
        files = sorted((HERE / "articles" / row["id"]).glob("*.yml"))
        outlets[row["id"]] = Outlet(
            id=row["id"],
            name=row["name"],
            tagline=row["tagline"],
            lang=row["lang"],
            zone=ZoneInfo(row["timezone"]),
            feed=row["feed"],
            feed_path=row["feed_path"],
            article_path=row["article_path"],
            sections=tuple(row["sections"]),
            sitemaps=row["sitemaps"],
            news_sitemap=row["news_sitemap"],
            crawl_delay=row["crawl_delay"],
            address=row["address"],
            articles=tuple(read_article(path) for path in files),
        )
    return outlets
