"""The demo newsroom keeps what its documentation promises (docs/newsroom.md)."""

from __future__ import annotations

import gzip
import html
import re
import socket
import time
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from email.utils import format_datetime, parsedate_to_datetime
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import feedparser
import httpx
import pytest
import trafilatura
import yaml
from protego import Protego
from rapidfuzz import fuzz

from tests.newsroom.calendars import jalali
from tests.newsroom.hostile import PAGES
from tests.newsroom.render import teaser
from tests.newsroom.serve import DEFAULT_CLOCK, Newsroom, serve, source_files
from tests.newsroom.stories import FEED_LENGTH, HERE, QUIRKS, Article, Outlet, read_article, read_outlets

NS = {"s": "http://www.sitemaps.org/schemas/sitemap/0.9", "n": "http://www.google.com/schemas/sitemap-news/0.9"}
OUTLETS = {name: outlet for name, outlet in read_outlets().items() if name != "hostile"}
ARTICLES = {article.id: article for outlet in OUTLETS.values() for article in outlet.articles}
AMBUSH = "border_courier/balgatar-convoy-ambush"
WIRE_COPIES = ("makran_wire/irgc-colonel-shot", "border_courier/irgc-colonel-shot", "frontier_radio/irgc-colonel-shot")
UNREADABLE = {"gone", "empty"}


@pytest.fixture(scope="module")
def room() -> Iterator[Newsroom]:
    with serve(0, slow_s=0.2, hostile=True) as newsroom:
        yield newsroom


@pytest.fixture(scope="module")
def web() -> Iterator[httpx.Client]:
    with httpx.Client(timeout=30, trust_env=False, headers={"Accept-Encoding": "identity"}) as client:
        yield client


def url_of(room: Newsroom, article: Article) -> str:
    return room.base(article.outlet) + OUTLETS[article.outlet].path(article)


def as_of(moment: str) -> dict[str, str]:
    return {"Accept-Datetime": format_datetime(datetime.fromisoformat(moment).astimezone(UTC), usegmt=True)}


def truth() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((HERE / "truth.yml").read_text(encoding="utf-8"))
    return found


def squashed(text: str) -> str:
    """White space, the zero-width non-joiner (trafilatura drops it) and the legacy yeh made alike."""
    return " ".join(text.replace("\u200c", "").replace("ي", "ی").split())


# -- the data ---------------------------------------------------------------------------------------------------------


def test_counts_are_as_promised() -> None:
    negatives = truth()["negatives"]
    days = Counter(a.published.date() for a in ARTICLES.values())
    demo_days = sum(n for day, n in days.items() if date(2024, 1, 15) <= day <= date(2024, 1, 20))
    assert len(OUTLETS) >= 6 and {o.lang for o in OUTLETS.values()} == {"en", "fa", "ur"}
    assert len(ARTICLES) >= 75 and demo_days >= 25
    assert len(negatives) >= 30 and 3 * len(negatives) >= len(ARTICLES)
    assert min(days) >= date(2023, 12, 1) and max(days) <= date(2024, 2, 29)


def test_every_quirk_is_used() -> None:
    assert set().union(*(a.quirks for a in ARTICLES.values())) == QUIRKS


def test_every_outlet_says_that_it_is_demo() -> None:
    for outlet in read_outlets().values():
        assert any(word in outlet.name for word in ("(demo)", "(نمایشی)", "(نمائشی)")), outlet.id


def test_sections_and_related_stories_exist() -> None:
    for article in ARTICLES.values():
        assert article.section in OUTLETS[article.outlet].sections, article.id
        assert set(article.related) <= set(ARTICLES), article.id


def test_truth_names_each_article_once() -> None:
    found = truth()
    reporting = {a for event in found["events"].values() for a in event["articles"]}
    recalled = {a for event in found["events"].values() for a in event.get("background", ())}
    assert reporting | set(found["negatives"]) == set(ARTICLES)
    assert not reporting & set(found["negatives"])
    assert recalled <= set(ARTICLES)
    for key, event in found["events"].items():
        assert isinstance(event["date"], date) and {"place", "type", "killed", "injured"} <= set(event), key
        assert event["articles"] or event["background"], key


def test_toll_goes_four_eleven_nine() -> None:
    versions = ARTICLES[AMBUSH].versions
    leads = ["four personnel", "risen to 11", "Nine soldiers"]
    assert all(lead in v.text[0] for lead, v in zip(leads, versions, strict=True))
    assert len({v.at.date() for v in versions}) == 3
    event = truth()["events"]["balgatar_convoy_2024_01_15"]
    assert [row["killed"] for row in event["toll_curve"]] == [4, 11, 9] and event["killed_claimed"] == 17
    assert len({a.split("/")[0] for a in event["articles"]}) >= 4


def test_round_up_has_five_incidents() -> None:
    round_ups = [a.id for a in ARTICLES.values() if "round_up" in a.quirks]
    events = truth()["events"].values()
    assert any(sum(name in event["articles"] for event in events) == 5 for name in round_ups)


def test_wire_copy_stands_in_three_outlets_nearly_unchanged() -> None:
    texts = ["\n".join(ARTICLES[name].versions[0].text) for name in WIRE_COPIES]
    assert all(fuzz.token_sort_ratio(texts[0], text) > 90 for text in texts[1:])
    assert len(set(texts)) == 3
    assert all(ARTICLES[name].wire == "makran_wire" for name in WIRE_COPIES[1:])


def test_broken_article_file_is_named(tmp_path: Path) -> None:
    path = tmp_path / "border_courier" / "x.yml"
    path.parent.mkdir()
    path.write_text("id: other/x\ntitle: t\npublished: 2024-01-01T00:00:00+00:00\ntext: [a]\n", encoding="utf-8")
    with pytest.raises(ValueError, match=r"x\.yml.*other/x"):
        read_article(path)


def test_jalali_dates() -> None:
    assert jalali(date(2024, 1, 17)) == (1402, 10, 27)
    assert jalali(date(2023, 12, 15)) == (1402, 9, 24)
    assert jalali(date(2024, 3, 20)) == (1403, 1, 1)
    with pytest.raises(ValueError, match="outside"):
        jalali(date(2020, 1, 1))


# -- pages ------------------------------------------------------------------------------------------------------------


def test_text_of_every_page_can_be_extracted_without_its_furniture(room: Newsroom, web: httpx.Client) -> None:
    for article in ARTICLES.values():
        answer = web.get(url_of(room, article))
        if article.quirks & UNREADABLE:
            continue
        assert answer.status_code == 200, article.id
        text = squashed(trafilatura.extract(answer.content.decode(article.charset), include_comments=False) or "")
        version = article.versions[-1]
        shown = version.text[:1] if "paywall" in article.quirks else version.text
        for paragraph in shown:
            assert squashed(re.sub(r"^(## |\[\d\d:\d\d\] )", "", paragraph)) in text, (article.id, paragraph)
        own = squashed(" ".join(version.text))
        for other in OUTLETS[article.outlet].articles:
            words = squashed(teaser(other.versions[-1]).rstrip("…"))
            assert other.id == article.id or words in own or words not in text, (article.id, other.id)


@pytest.mark.parametrize("outlet", list(OUTLETS.values()), ids=lambda o: o.id)
def test_pages_have_furniture(room: Newsroom, web: httpx.Client, outlet: Outlet) -> None:
    page = web.get(url_of(room, outlet.articles[0])).text
    home = web.get(room.base(outlet.id) + "/").text
    for part in ("related", "comment", "/section/1", "invented for Sarhad", 'rel="canonical"', "<button>"):
        assert part in page or (outlet.id, part) == ("coast_monitor", "<button>"), part
    assert outlet.name in home and home.count("<h3><a") + home.count("<li><a") + home.count("tile") >= 5


def test_metadata_differs_between_houses(room: Newsroom, web: httpx.Client) -> None:
    pages = {o.id: web.get(url_of(room, next(a for a in o.articles if not a.quirks))).text for o in OUTLETS.values()}
    with_json_ld = {name for name, page in pages.items() if "application/ld+json" in page}
    with_meta = {name for name, page in pages.items() if "article:published_time" in page}
    assert with_json_ld == {"border_courier", "frontier_radio", "khabar_kavir"}
    assert with_meta == {"border_courier", "makran_wire", "coast_monitor"}
    assert "hreflang" in pages["southern_dispatch"] and "hreflang" in pages["frontier_radio"]


def test_date_lines_are_in_the_house_style(room: Newsroom, web: httpx.Client) -> None:
    expected = {
        "border_courier/iran-strike-panjgur": "Published January 17, 2024 1:45am | Updated January 17, 2024 4:20pm",
        "southern_dispatch/jaish-bases-destroyed": "Jan 16, 2024, 11:15 PM",
        "makran_wire/irgc-colonel-shot": "Wed, 17 Jan 2024 19:10 PST",
        "frontier_radio/irgc-colonel-shot": "17 January 2024, 15:25 GMT",
        "coast_monitor/blf-denies-losses": "17/01/2024",
        "khabar_kavir/javdanfar": "چهارشنبه ۲۷ دی ۱۴۰۲ - ۱۷:۳۰",
        "roznama_sahil/marg-bar-sarmachar": "18 جنوری 2024",
    }
    for name, line in expected.items():
        assert line in web.get(url_of(room, ARTICLES[name])).text, name
    clock = web.get(url_of(room, ARTICLES["southern_dispatch/javdanfar-martyred"])).text
    assert '<span class="clock">Mar 1, 2024, 3:30 AM</span>' in clock


def test_page_without_any_date(room: Newsroom, web: httpx.Client) -> None:
    article = next(a for a in ARTICLES.values() if "no_date" in a.quirks)
    page = web.get(url_of(room, article)).text
    head = re.sub(r"(?s)<div class=\"widget related-posts.*", "", page)
    assert not re.search(r"20\d\d|published_time|ld\+json|<time", head)
    feed = feedparser.parse(web.get(room.base(article.outlet) + "/feed", headers=as_of("2024-01-18T23:00+00:00")).text)
    assert [e for e in feed.entries if e.id == article.id and "published" not in e]


def test_legacy_encodings_are_declared_in_one_place_only(room: Newsroom, web: httpx.Client) -> None:
    for article in ARTICLES.values():
        if not article.quirks & {"legacy_meta", "legacy_header"}:
            continue
        answer = web.get(url_of(room, article))
        in_header = "charset" in answer.headers["content-type"]
        assert in_header == ("legacy_header" in article.quirks)
        assert (b"charset" in answer.content[:600]) != in_header
        text = squashed(html.unescape(answer.content.decode(article.charset)))
        assert squashed(article.versions[-1].text[-1]) in text
        with pytest.raises(UnicodeDecodeError):
            answer.content.decode("utf-8")


def test_gone_slow_empty_paywalled_and_redirected(room: Newsroom, web: httpx.Client) -> None:
    by_quirk = {quirk: next(a for a in ARTICLES.values() if quirk in a.quirks) for quirk in QUIRKS}
    assert web.get(url_of(room, by_quirk["gone"])).status_code == 404
    started = time.monotonic()
    assert web.get(url_of(room, by_quirk["slow"])).status_code == 200
    assert time.monotonic() - started >= room.slow_s
    empty = by_quirk["empty"]
    assert empty.versions[0].text[0] not in re.sub(r"(?s)<head>.*?</head>", "", web.get(url_of(room, empty)).text)
    stub = by_quirk["paywall"]
    page = web.get(url_of(room, stub)).text
    assert stub.versions[0].text[0] in page and stub.versions[0].text[-1] not in page
    assert '"isAccessibleForFree": false' in page
    moved = by_quirk["redirect"]
    answer = web.get(f"{room.base(moved.outlet)}/r/{moved.slug}")
    assert answer.status_code == 301 and answer.headers["location"] == url_of(room, moved)


def test_dated_archive_and_sections(room: Newsroom, web: httpx.Client) -> None:
    base = room.base("border_courier")
    page = web.get(base + "/archive/2024/01/17")
    day = [
        a
        for a in OUTLETS["border_courier"].articles
        if a.published.astimezone(OUTLETS["border_courier"].zone).date() == date(2024, 1, 17)
    ]
    assert len(day) >= 4 and all(OUTLETS["border_courier"].path(a) in page.text for a in day)
    assert "/archive/2024/01/16" in page.text and "/archive/2024/01/18" in page.text
    assert web.get(base + "/archive/2024/01/17", headers=as_of("2024-01-16T00:00+00:00")).status_code == 404
    assert web.get(base + "/archive/2024/13/40").status_code == 404
    assert "cricket" in web.get(base + "/section/6").text
    assert web.get(base + "/section/99").status_code == 404


# -- feeds and sitemaps -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("outlet", list(OUTLETS.values()), ids=lambda o: o.id)
def test_feed_parses_and_its_dates_are_right(room: Newsroom, web: httpx.Client, outlet: Outlet) -> None:
    for moment in (DEFAULT_CLOCK, datetime.fromisoformat("2024-01-18T12:00+00:00")):
        feed = feedparser.parse(web.get(room.base(outlet.id) + outlet.feed_path, headers=as_of(str(moment))).content)
        assert not feed.bozo and feed.version == ("atom10" if outlet.feed == "atom" else "rss20")
        visible = outlet.visible(moment)[:FEED_LENGTH]
        assert len(feed.entries) == len(visible) > 0
        for entry, article in zip(feed.entries, visible, strict=True):
            assert entry.id.endswith(article.id) and entry.link == room.base(outlet.id) + outlet.listed_path(article)
            if "no_date" not in article.quirks:
                published = article.published.astimezone(UTC).timetuple()
                assert entry.published_parsed[:6] == published[:6]
            if outlet.feed == "rss_full":
                version = article.at(moment)
                assert version and version.text[-1].split(" ")[-1] in entry.content[0].value


def sitemap_locs(body: bytes) -> list[str]:
    return [loc.text or "" for loc in ElementTree.fromstring(body).findall(".//s:loc", NS)]


def test_sitemap_index_reaches_every_article(room: Newsroom, web: httpx.Client) -> None:
    for outlet in OUTLETS.values():
        index = web.get(room.base(outlet.id) + "/sitemap.xml")
        if not outlet.sitemaps:
            assert index.status_code == 404
            continue
        months = [web.get(loc).content for loc in sitemap_locs(index.content)]
        found = {loc for month in months for loc in sitemap_locs(month)}
        assert found == {url_of(room, a) for a in outlet.articles}
        for month in months:
            for entry in ElementTree.fromstring(month).findall("s:url", NS):
                assert entry.findtext("s:lastmod", "", NS) >= entry.findtext(".//n:publication_date", "", NS)


def test_news_sitemap_holds_two_days_only(room: Newsroom, web: httpx.Client) -> None:
    moment = datetime.fromisoformat("2024-01-18T18:00+00:00")
    for outlet in OUTLETS.values():
        answer = web.get(room.base(outlet.id) + "/news-sitemap.xml", headers=as_of(str(moment)))
        if not outlet.news_sitemap:
            assert answer.status_code == 404
            continue
        recent = [a for a in outlet.articles if moment - timedelta(days=2) < a.published <= moment]
        assert sorted(sitemap_locs(answer.content)) == sorted(url_of(room, a) for a in recent)


def test_robots(room: Newsroom, web: httpx.Client) -> None:
    wire = Protego.parse(web.get(room.base("makran_wire") + "/robots.txt").text)
    closed = next(a for a in ARTICLES.values() if "robots" in a.quirks)
    assert not wire.can_fetch(url_of(room, closed), "sarhad")
    assert wire.can_fetch(url_of(room, ARTICLES[WIRE_COPIES[0]]), "sarhad") and wire.crawl_delay("sarhad") == 0.2
    assert list(wire.sitemaps) == [room.base("makran_wire") + "/sitemap.xml"]
    assert Protego.parse(web.get(room.base("coast_monitor") + "/robots.txt").text).crawl_delay("sarhad") is None


# -- HTTP -------------------------------------------------------------------------------------------------------------


def test_conditional_get(room: Newsroom, web: httpx.Client) -> None:
    for url in (url_of(room, ARTICLES[AMBUSH]), room.base("makran_wire") + "/wire.rss"):
        first = web.get(url)
        assert web.get(url, headers={"If-None-Match": first.headers["etag"]}).status_code == 304
        same = web.get(url, headers={"If-Modified-Since": first.headers["last-modified"]})
        assert same.status_code == 304 and not same.content
        assert web.get(url, headers={"If-None-Match": '"other"'}).status_code == 200
        older = format_datetime(datetime(2023, 12, 1, tzinfo=UTC), usegmt=True)
        assert web.get(url, headers={"If-Modified-Since": older}).status_code == 200


def test_gzip_and_head(room: Newsroom, web: httpx.Client) -> None:
    url = url_of(room, ARTICLES[AMBUSH])
    plain = web.get(url)
    with web.stream("GET", url, headers={"Accept-Encoding": "gzip"}) as packed:
        assert packed.headers["content-encoding"] == "gzip" and packed.headers["etag"] != plain.headers["etag"]
        assert gzip.decompress(b"".join(packed.iter_raw())) == plain.content
    head = web.head(url)
    assert head.status_code == 200 and not head.content
    assert int(head.headers["content-length"]) == len(plain.content)


def test_memento_shows_the_version_of_the_time(room: Newsroom, web: httpx.Client) -> None:
    article = ARTICLES[AMBUSH]
    url = url_of(room, article)
    assert web.get(url, headers=as_of("2024-01-15T12:00+00:00")).status_code == 404
    tolls = {
        "2024-01-15T23:59+00:00": "four personnel",
        "2024-01-16T23:59+00:00": "risen to 11",
        "2024-01-17T23:59+00:00": "Nine soldiers",
    }
    for (moment, toll), version in zip(tolls.items(), article.versions, strict=True):
        answer = web.get(url, headers=as_of(moment))
        assert toll in answer.text and "accept-datetime" in answer.headers["vary"]
        assert parsedate_to_datetime(answer.headers["memento-datetime"]) == version.at
        assert answer.content == web.get(url, headers=as_of(moment)).content
    now = web.get(url)
    assert "Nine soldiers" in now.text and "memento-datetime" not in now.headers
    assert "Nine soldiers" in web.get(url, headers=as_of("2030-01-01T00:00+00:00")).text
    assert web.get(url, headers={"Accept-Datetime": "yesterday"}).status_code == 400


def test_memento_of_a_feed_is_the_newest_item_or_revision(room: Newsroom, web: httpx.Client) -> None:
    outlet = OUTLETS["border_courier"]
    url = room.base(outlet.id) + outlet.feed_path
    answer = web.get(url, headers=as_of("2024-01-17T13:15+00:00"))
    feed = feedparser.parse(answer.content)
    assert parsedate_to_datetime(answer.headers["memento-datetime"]) == ARTICLES[AMBUSH].versions[2].at
    assert "ISPR puts number of martyrs in Balgatar attack at nine" in [e.title for e in feed.entries]
    before = web.get(url, headers=as_of("2023-11-01T00:00+00:00"))
    assert before.status_code == 200 and not feedparser.parse(before.content).entries


def test_requests_are_kept_for_tests_of_politeness(room: Newsroom, web: httpx.Client) -> None:
    web.get(room.base("roznama_sahil") + "/nowhere", headers={"User-Agent": "probe/1"})
    seen = [r for r in room.requests if r.path == "/nowhere"]
    assert [(r.outlet, r.status, r.user_agent, r.method) for r in seen] == [("roznama_sahil", 404, "probe/1", "GET")]


def test_source_files_point_at_the_running_servers(room: Newsroom, web: httpx.Client) -> None:
    sources = source_files(room.mapping)
    assert [s["id"] for s in sources] == list(room.mapping)
    keys = {
        "id",
        "name",
        "language",
        "country",
        "kind",
        "demo",
        "homepage",
        "timezone",
        "discovery",
        "memento",
        "politeness",
        "wire_family",
        "licence",
        "robots_note",
        "verified",
    }
    for source in sources:
        assert set(source) == keys and source["demo"] is True
        assert source["name"] == read_outlets()[source["id"]].name
        for way in source["discovery"]:
            assert set(way) == {"adapter", "url", "reach_days"}
            assert web.get(way["url"]).status_code == 200, way
    assert [s["id"] for s in sources if {d["reach_days"] for d in s["discovery"]} == {5}] == ["coast_monitor"]


def test_stop_frees_the_ports_and_hostile_is_off_by_default() -> None:
    newsroom = serve(0)
    assert "hostile" not in newsroom.mapping
    port = int(newsroom.base("border_courier").rsplit(":", 1)[1])
    newsroom.stop()
    newsroom.stop()
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind(("127.0.0.1", port))


# -- the hostile outlet -----------------------------------------------------------------------------------------------


def test_hostile_feed_lists_the_traps_and_private_addresses(room: Newsroom, web: httpx.Client) -> None:
    feed = feedparser.parse(web.get(room.base("hostile") + "/rss.xml").content)
    links = {entry.link for entry in feed.entries}
    assert {room.base("hostile") + path for path in PAGES} <= links
    assert {"http://10.0.0.1/admin", "http://169.254.169.254/latest/meta-data/", "http://[::1]:1/"} <= links


def test_hostile_pages_fail_as_described(room: Newsroom, web: httpx.Client) -> None:
    base = room.base("hostile")
    with pytest.raises(httpx.TooManyRedirects):
        web.get(base + "/pages/loop", follow_redirects=True)
    assert web.get(base + "/pages/to-private").headers["location"] == "http://10.0.0.1/"
    assert [web.get(base + "/pages/flaky").status_code for _ in range(3)] == [500, 500, 200]
    busy = web.get(base + "/pages/busy")
    assert busy.status_code == 429 and busy.headers["retry-after"] == "1"
    assert web.get(base + "/pages/busy").status_code == 200
    for path in ("/pages/truncated", "/pages/reset"):
        with pytest.raises(httpx.TransportError):
            web.get(base + path)
    wrong = web.get(base + "/pages/wrong-charset")
    assert "utf-8" in wrong.headers["content-type"] and "\ufffd" in wrong.text
    assert b"<!ENTITY" in web.get(base + "/xxe.xml").content and b"&a11;" in web.get(base + "/laughs.xml").content
    assert feedparser.parse(web.get(base + "/broken.xml").content).bozo


def test_hostile_bodies_are_too_large(room: Newsroom, web: httpx.Client) -> None:
    base = room.base("hostile")
    with web.stream("GET", base + "/pages/endless") as answer:
        read = 0
        for piece in answer.iter_raw():
            read += len(piece)
            if read > 3_000_000:
                break
        assert read > 3_000_000
    assert int(web.head(base + "/pages/huge").headers["content-length"]) == 50 * 1024 * 1024
    bomb = web.head(base + "/pages/gzip-bomb")
    assert bomb.headers["content-encoding"] == "gzip" and int(bomb.headers["content-length"]) < 2_000_000
