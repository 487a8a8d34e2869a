"""Discovery: feeds and sitemaps of many makes, the day that a link belongs to, and honesty about what was not seen."""

from __future__ import annotations

import gzip
from datetime import UTC, date, datetime, timedelta
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import hypothesis
import polars as pl
import pytest
from hypothesis import given, strategies

from pipeline import contract
from pipeline.discover import Discovered, discover, parse_atom, parse_news_sitemap, parse_rss, parse_sitemap
from pipeline.discover.read import parse_time, read_entries
from pipeline.discover.urls import clean_url
from pipeline.errors import RejectError
from pipeline.fetch import fetch
from pipeline.io.http import open_client
from pipeline.io.warc import read_body
from pipeline.sources import Source
from tests.newsroom.serve import serve as newsroom
from tests.newsroom.serve import source_files
from tests.newsroom.stories import Article, read_outlets
from tests.scripted_server import Web, send, serve, settings, source

DAY = date(2024, 1, 16)
LATER = datetime(2024, 1, 20, 12, tzinfo=UTC)
FEED_URL = "http://news.example/feed"


def rss(*items: tuple[str, str | None], base: str = "http://news.example") -> bytes:
    """RSS with (path, pubDate) items."""
    inside = "".join(
        f"<item><title>Item {path}</title><link>{base}{path}</link>"
        + (f"<pubDate>{when}</pubDate></item>" if when else "</item>")
        for path, when in items
    )
    return f'<?xml version="1.0"?><rss version="2.0"><channel><title>x</title>{inside}</channel></rss>'.encode()


def urlset(*items: tuple[str, str | None, str | None], base: str = "http://news.example") -> bytes:
    """A news sitemap with (path, publication, lastmod) items."""
    inside = "".join(
        f"<url><loc>{base}{path}</loc>"
        + (f"<lastmod>{changed}</lastmod>" if changed else "")
        + (
            f"<news:news><news:publication_date>{out}</news:publication_date>"
            f"<news:title>T {path}</news:title></news:news>"
            if out
            else ""
        )
        + "</url>"
        for path, out, changed in items
    )
    spaces = 'xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"'
    news = 'xmlns:news="http://www.google.com/schemas/sitemap-news/0.9"'
    return f'<?xml version="1.0" encoding="UTF-8"?><urlset {spaces} {news}>{inside}</urlset>'.encode()


def index(*children: tuple[str, str | None], base: str) -> bytes:
    """A sitemap index with (path, lastmod) children."""
    inside = "".join(
        f"<sitemap><loc>{base}{path}</loc>{f'<lastmod>{when}</lastmod>' if when else ''}</sitemap>"
        for path, when in children
    )
    return f'<sitemapindex xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">{inside}</sitemapindex>'.encode()


def find(
    web: Web, *adapters: tuple[str, str, int | None], now: datetime = LATER, day: date = DAY, **changes: Any
) -> Discovered:
    """Discover with (adapter, path, reach) ways."""
    ways = [{"adapter": kind, "url": web.base + path, "reach_days": reach} for kind, path, reach in adapters]
    with open_client(settings(retries=0), now=lambda: now) as client:
        return discover(source(web.base, discovery=ways, **changes), day, client)


def paths(found: Discovered) -> list[str]:
    return sorted("/" + url.split("/", 3)[3] for url in found.result.tables["link"]["url"])


# --- parsers -----------------------------------------------------------------------------------------------------


def test_rss_gives_address_title_and_time_with_its_zone() -> None:
    (entry,) = parse_rss(rss(("/a", "Tue, 16 Jan 2024 23:30:00 +0500")), FEED_URL)
    assert (entry.url, entry.title) == ("http://news.example/a", "Item /a")
    assert entry.published is not None and entry.published.isoformat() == "2024-01-16T23:30:00+05:00"


def test_atom_gives_publication_and_change() -> None:
    body = b"""<feed xmlns="http://www.w3.org/2005/Atom"><entry><title>A &amp; B</title>
      <link rel="self" href="http://news.example/self"/><link rel="alternate" href="/a"/>
      <published>2024-01-16T08:00:00+03:30</published><updated>2024-01-17T09:00:00Z</updated></entry></feed>"""
    (entry,) = parse_atom(body, FEED_URL)
    assert (entry.url, entry.title) == ("http://news.example/a", "A & B")
    assert entry.published is not None and entry.published.isoformat() == "2024-01-16T08:00:00+03:30"
    assert entry.modified is not None and entry.modified.isoformat() == "2024-01-17T09:00:00+00:00"


def test_rss_1_with_dublin_core_dates() -> None:
    body = b"""<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/"
      xmlns:dc="http://purl.org/dc/elements/1.1/"><item rdf:about="http://news.example/a"><title>A</title>
      <link>http://news.example/a</link><dc:date>2024-01-16T10:00:00Z</dc:date></item></rdf:RDF>"""
    (entry,) = parse_rss(body, FEED_URL)
    assert entry.published == datetime(2024, 1, 16, 10, tzinfo=UTC) and entry.modified is None


def test_guid_stands_in_for_a_missing_link() -> None:
    items = b"<item><guid>http://news.example/g</guid></item><item><title>none</title></item>"
    body = b"<rss version='2.0'><channel>" + items + b"</channel></rss>"
    assert [entry.url for entry in parse_rss(body, FEED_URL)] == ["http://news.example/g"]


def test_news_sitemap_and_plain_sitemap() -> None:
    (entry,) = parse_news_sitemap(urlset(("/a", "2024-01-16T08:00:00+05:00", "2024-01-17T01:00:00Z")), FEED_URL)
    assert entry.title == "T /a"
    assert entry.published is not None and entry.published.isoformat() == "2024-01-16T08:00:00+05:00"
    (entry,) = parse_sitemap(gzip.compress(urlset(("/b", None, "2024-01-16"))), FEED_URL)
    assert (entry.published, entry.modified) == (None, datetime(2024, 1, 16))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Tue, 16 Jan 2024 08:00:00 GMT", "2024-01-16T08:00:00+00:00"),
        ("16 Jan 2024 08:00 +0500", "2024-01-16T08:00:00+05:00"),
        ("2024-01-16T08:00:00Z", "2024-01-16T08:00:00+00:00"),
        ("2024-01-16T08:00:00.123+03:30", "2024-01-16T08:00:00.123000+03:30"),
        ("2024-01-16 08:00:00", "2024-01-16T08:00:00"),
        ("Tue, 16 Jan 2024 08:00:00 PKT", "2024-01-16T08:00:00"),
        ("yesterday", None), ("", None), (None, None), ("Tue, 99 Foo 2024", None), ("9" * 400, None),
    ],
)  # fmt: skip
def test_times_of_feeds(text: str | None, expected: str | None) -> None:
    parsed = parse_time(text)
    assert (parsed.isoformat() if parsed else None) == expected


@pytest.mark.parametrize("adapter", ["rss", "atom", "news_sitemap", "sitemap"])
@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"   ",
        b"\x1f\x8bbroken",
        b"<!doctype html><html><p>Not found</p></html>",
        b"plain words",
        b"{}",
        b"\xff" * 90,
    ],
)
def test_what_is_no_feed_is_unreadable(adapter: Any, body: bytes) -> None:
    with pytest.raises(RejectError) as caught:
        read_entries(adapter, body, FEED_URL)
    assert caught.value.reason == "feed_unreadable"
    assert FEED_URL in caught.value.detail


def test_link_that_cannot_be_taken_apart_does_not_spoil_the_feed() -> None:
    with serve() as web:
        items = rss(("/a", "Tue, 16 Jan 2024 08:00:00 GMT"), base=web.base).replace(b"<item>", BAD_ITEM + b"<item>", 1)
        web.pages["/feed"] = items
        found = find(web, ("rss", "/feed", None))
    assert paths(found) == ["/a"]
    assert found.result.rejects["reason"].to_list() == ["address_unsafe"]


BAD_ITEM = b"<item><link>http://[news.example/b</link><pubDate>Tue, 16 Jan 2024 09:00:00 GMT</pubDate></item>"


def test_broken_feed_gives_what_is_whole_and_says_so() -> None:
    whole = rss(("/a", "Tue, 16 Jan 2024 08:00:00 GMT"), ("/b", "Tue, 16 Jan 2024 09:00:00 GMT"))
    read = read_entries("rss", whole[: whole.index(b"Item /b")], FEED_URL)
    assert "http://news.example/a" in [entry.url for entry in read.entries]
    assert read.damage is not None and FEED_URL in read.damage
    whole = urlset(("/a", "2024-01-16T08:00:00Z", None), ("/b", "2024-01-16T09:00:00Z", None))
    read = read_entries("sitemap", whole[:-40], FEED_URL)
    assert [entry.url for entry in read.entries] == ["http://news.example/a"]
    assert read.damage is not None


def test_feed_in_a_legacy_encoding() -> None:
    text = "<?xml version='1.0' encoding='windows-1256'?><rss version='2.0'><channel><item>"
    text += "<title>\u06a9\u0648\u0626\u0679\u06c1</title>"
    body = (text + "<link>http://news.example/a</link></item></channel></rss>").encode("cp1256")
    assert parse_rss(body, FEED_URL)[0].title == "\u06a9\u0648\u0626\u0679\u06c1"


@pytest.mark.parametrize(
    ("url", "cleaned"),
    [
        ("HTTP://News.Example:80/a?utm_source=x&id=1#top", "http://news.example/a?id=1"),
        ("https://news.example:443", "https://news.example/"),
        ("https://news.example:8443/a", "https://news.example:8443/a"),
        ("https://news.example/a?b=2&a=1", "https://news.example/a?b=2&a=1"),
        ("https://news.example/a?at_medium=RSS&at_campaign=rss", "https://news.example/a"),
        ("https://news.example/\u062e\u0628\u0631/1", "https://news.example/%D8%AE%D8%A8%D8%B1/1"),
        ("https://news.example/%D8%AE/1?q=%20x", "https://news.example/%D8%AE/1?q=%20x"),
        ("http://[2001:db8::1]:80/a", "http://[2001:db8::1]/a"),
    ],
)  # fmt: skip
def test_one_page_has_one_address(url: str, cleaned: str) -> None:
    assert clean_url(url) == cleaned
    assert clean_url(cleaned) == cleaned


# --- the day -----------------------------------------------------------------------------------------------------


def test_only_links_of_the_day_by_utc(monkeypatch: pytest.MonkeyPatch) -> None:
    with serve() as web:
        web.pages["/feed"] = rss(
            ("/before", "Mon, 15 Jan 2024 23:59:59 +0000"), ("/early", "Wed, 17 Jan 2024 04:30:00 +0500"),
            ("/first", "Tue, 16 Jan 2024 05:00:00 +0500"), ("/after", "Wed, 17 Jan 2024 00:00:00 +0000"),
            base=web.base,
        )  # fmt: skip
        found = find(web, ("rss", "/feed", None))
    assert paths(found) == ["/early", "/first"]
    assert found.state == "ok"


def test_time_without_zone_is_that_of_the_outlet() -> None:
    with serve() as web:
        web.pages["/feed"] = rss(("/a", "2024-01-16 03:00:00"), ("/b", "2024-01-16 06:00:00"), base=web.base)
        found = find(web, ("rss", "/feed", None), timezone="Asia/Karachi")
    assert paths(found) == ["/b"], "03:00 in Karachi is still the 15th in UTC"


def test_changed_article_belongs_to_both_days() -> None:
    with serve() as web:
        web.pages["/s"] = urlset(("/a", "2024-01-14T10:00:00Z", "2024-01-16T10:00:00Z"), base=web.base)
        on_change = find(web, ("news_sitemap", "/s", None))
        on_publication = find(web, ("news_sitemap", "/s", None), day=date(2024, 1, 14))
        between = find(web, ("news_sitemap", "/s", None), day=date(2024, 1, 15))
    assert (paths(on_change), paths(on_publication), paths(between)) == (["/a"], ["/a"], [])
    assert on_change.result.tables["link"]["link_id"][0] != on_publication.result.tables["link"]["link_id"][0]


def test_address_in_several_feeds_is_one_link_and_order_does_not_matter() -> None:
    with serve() as web:
        web.pages["/feed"] = rss(("/a?utm_source=rss", "Tue, 16 Jan 2024 09:00:00 GMT"), base=web.base)
        web.pages["/s"] = urlset(("/a", "2024-01-16T08:59:00Z", "2024-01-16T11:00:00Z"), base=web.base)
        ways: list[tuple[str, str, int | None]] = [("rss", "/feed", None), ("news_sitemap", "/s", None)]
        one, other = find(web, *ways), find(web, *reversed(ways))
    assert one.result.tables["link"].equals(other.result.tables["link"])
    (row,) = one.result.tables["link"].iter_rows(named=True)
    assert row["published_at"] == datetime(2024, 1, 16, 8, 59, tzinfo=UTC)
    assert row["modified_at"] == datetime(2024, 1, 16, 11, tzinfo=UTC)
    assert row["adapter"] == "news_sitemap"


def test_entry_without_time_belongs_to_the_current_day_only() -> None:
    with serve() as web:
        web.pages["/feed"] = rss(("/a", None), ("/old", "Mon, 15 Jan 2024 08:00:00 GMT"), base=web.base)
        today = find(web, ("rss", "/feed", None), now=datetime(2024, 1, 16, 12, tzinfo=UTC))
        past = find(web, ("rss", "/feed", None))
    assert paths(today) == ["/a"]
    assert paths(past) == []
    assert past.note is not None and "1 entries without a time belong to no past day" in past.note


# --- archives (Memento) ------------------------------------------------------------------------------------------


def test_memento_asks_as_of_the_end_of_the_day_and_places_undated_entries_by_first_sight() -> None:
    with serve() as web:

        def feed(handler: BaseHTTPRequestHandler) -> None:
            asked = handler.headers.get("Accept-Datetime")
            items: list[tuple[str, str | None]] = [("/known-before", None)]
            items += [("/new", None)] if asked == "Wed, 17 Jan 2024 00:00:00 GMT" else []
            send(handler, 200, {}, rss(*items, base=web.base))

        web.pages["/feed"] = feed
        found = find(web, ("rss", "/feed", 5), now=LATER + timedelta(days=900), memento=True)
    assert paths(found) == ["/new"]
    assert [asked.headers.get("Accept-Datetime") for asked in web.asked if asked.path == "/feed"] == [
        "Wed, 17 Jan 2024 00:00:00 GMT", "Tue, 16 Jan 2024 00:00:00 GMT",
    ]  # fmt: skip


def test_backfill_sees_each_day_as_it_was(tmp_path: Path) -> None:
    """The newsroom revises a toll under one address: each day finds the text of that day, and when it came to be."""
    outlets = read_outlets()
    outlet, one = next((o, a) for o in outlets.values() for a in o.articles if _revised_on_a_later_day(a))
    first, last = one.versions[0], one.versions[-1]
    texts = {}
    with newsroom(0) as room:
        raw = next(entry for entry in source_files(room.mapping) if entry["id"] == outlet.id)
        publisher = Source.model_validate(raw | {"politeness": {"delay_s": 0.0, "max_concurrent": 4}})
        for version in (first, last):
            day = version.at.astimezone(UTC).date()
            with open_client(settings()) as client:
                links = discover(publisher, day, client).result.tables["link"]
                wanted = links.filter(pl.col("url").str.ends_with(outlet.path(one)))
                captures = fetch(publisher, day, wanted, tmp_path, contract.empty("capture"), client).tables["capture"]
            (row,) = captures.iter_rows(named=True)
            assert row["seen_at"] == version.at.astimezone(UTC).replace(microsecond=0)
            texts[day] = read_body(tmp_path, row["warc_file"], row["warc_offset"]).data
    assert len(texts) == 2 and len(set(texts.values())) == 2


def _revised_on_a_later_day(one: Article) -> bool:
    days = {version.at.astimezone(UTC).date() for version in one.versions}
    return "revised" in one.quirks and len(days) == 2


# --- what could not be seen --------------------------------------------------------------------------------------


def test_day_out_of_reach_is_unreachable_and_nobody_is_asked() -> None:
    with serve({"/feed": rss()}) as web:
        found = find(web, ("rss", "/feed", 2), ("news_sitemap", "/s", 3))
        assert not web.asked
    assert found.state == "unreachable"
    assert found.note is not None and "longest reaches 3 days" in found.note


def test_only_the_adapters_that_reach_back_are_asked() -> None:
    with serve() as web:
        web.pages["/s"] = urlset(("/a", "2024-01-16T08:00:00Z", None), base=web.base)
        found = find(web, ("rss", "/feed", 2), ("sitemap", "/s", None))
        assert web.paths() == ["/s"]
    assert (found.state, paths(found)) == ("ok", ["/a"])


def test_feed_that_begins_after_the_day_saw_nothing_of_it() -> None:
    """A busy outlet's feed covers hours: an empty answer is no empty day."""
    with serve() as web:
        web.pages["/feed"] = rss(("/late", "Fri, 19 Jan 2024 08:00:00 GMT"), base=web.base)
        found = find(web, ("rss", "/feed", 7))
        assert found.state == "unreachable"
        web.pages["/feed"] = rss(
            ("/late", "Fri, 19 Jan 2024 08:00:00 GMT"), ("/a", "Tue, 16 Jan 2024 20:00:00 GMT"), base=web.base
        )
        found = find(web, ("rss", "/feed", 7))
    assert (found.state, paths(found)) == ("partial", ["/a"])
    assert found.note is not None and "2024-01-16 20:00" in found.note


def test_failed_adapter_makes_the_day_partial_and_is_a_reject() -> None:
    with serve() as web:
        web.pages["/s"] = urlset(("/a", "2024-01-16T08:00:00Z", None), base=web.base)
        found = find(web, ("sitemap", "/s", None), ("rss", "/gone", None), ("rss", "/s", None))
    assert (found.state, paths(found)) == ("partial", ["/a"])
    assert set(found.result.rejects["reason"]) == {"not_found", "feed_unreadable"}
    assert all(web.base in locator for locator in found.result.rejects["locator"])


def test_all_adapters_failing_is_failed_not_empty() -> None:
    with serve({"/odd": b"<html>under construction</html>"}) as web:
        found = find(web, ("rss", "/odd", None), ("sitemap", "/gone", None))
    assert found.state == "failed"
    assert found.note is not None and "/gone" in found.note and "/odd" in found.note


def test_index_leads_to_the_sitemaps_that_may_hold_the_day() -> None:
    with serve() as web:
        web.pages["/sitemap.xml"] = index(
            ("/sitemap-2024-02.xml", "2024-02-20T00:00:00Z"), ("/sitemap-2024-01.xml.gz", "2024-02-01T00:00:00Z"),
            ("/sitemap-2023-12.xml", "2024-01-16T12:00:00Z"), ("/sitemap-2023-11.xml", "2023-11-30T00:00:00Z"),
            ("/archive?yyyy=2022&amp;mm=03", None), ("/posts-1.xml", None), base=web.base,
        )  # fmt: skip
        january = urlset(("/a", "2024-01-16T08:00:00Z", None), ("/x", "2024-01-02T08:00:00Z", None), base=web.base)
        web.pages["/sitemap-2024-01.xml.gz"] = gzip.compress(january)
        web.pages["/sitemap-2023-12.xml"] = urlset(
            ("/corrected", "2023-12-30T08:00:00Z", "2024-01-16T12:00:00Z"), base=web.base
        )
        web.pages["/posts-1.xml"] = urlset(base=web.base)
        found = find(web, ("sitemap", "/sitemap.xml", None))
        assert sorted(web.paths()) == [
            "/posts-1.xml",
            "/sitemap-2023-12.xml",
            "/sitemap-2024-01.xml.gz",
            "/sitemap.xml",
        ]
    assert paths(found) == ["/a", "/corrected"]


def test_index_that_names_itself_ends() -> None:
    with serve() as web:
        web.pages["/sitemap.xml"] = index(("/sitemap.xml", None), base=web.base)
        found = find(web, ("sitemap", "/sitemap.xml", None))
        assert len(web.paths()) <= 3
    assert paths(found) == []


def test_index_of_very_many_sitemaps_is_bounded_and_says_so() -> None:
    with serve() as web:
        web.pages["/sitemap.xml"] = index(*((f"/s{number}.xml", None) for number in range(60)), base=web.base)
        found = find(web, ("sitemap", "/sitemap.xml", None))
        assert len(web.paths()) == 41
    assert found.note is not None and "60 sitemaps may hold the day, 40 were asked" in found.note


# --- whatever comes ----------------------------------------------------------------------------------------------

FEEDS = {
    "rss": rss(("/a", "Tue, 16 Jan 2024 08:00:00 GMT"), ("/b", None)),
    "atom": b"""<feed xmlns="http://www.w3.org/2005/Atom"><entry><title>A</title><link href="/a"/>
      <updated>2024-01-17T09:00:00Z</updated></entry></feed>""",
    "news_sitemap": urlset(("/a", "2024-01-16T08:00:00Z", "2024-01-16")),
    "sitemap": index(("/s.xml", "2024-01-16"), base="http://news.example"),
}


@hypothesis.settings(max_examples=300, deadline=None)
@given(
    adapter=strategies.sampled_from(sorted(FEEDS)),
    cuts=strategies.lists(strategies.tuples(strategies.floats(0, 1), strategies.binary(max_size=10)), max_size=6),
    packed=strategies.booleans(),
)
def test_mutated_feeds_are_read_or_refused(adapter: Any, cuts: list[tuple[float, bytes]], packed: bool) -> None:
    data = gzip.compress(FEEDS[adapter], mtime=0) if packed else FEEDS[adapter]
    for where, piece in cuts:
        at = int(where * len(data))
        data = data[:at] + piece + data[at + 2 :]
    try:
        read = read_entries(adapter, data, FEED_URL)
    except RejectError as error:
        assert error.reason in ("feed_unreadable", "feed_unsafe", "too_large")
    else:
        assert all(isinstance(entry.url, str) and entry.url for entry in read.entries)
