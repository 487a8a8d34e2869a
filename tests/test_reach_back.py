"""A past day through discover and fetch: which adapters are asked, what the state says, what is archived."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from pipeline import contract
from pipeline.clean import clean
from pipeline.discover import Discovered, discover
from pipeline.fetch import check_sources, fetch
from pipeline.io.warc import read_body, verify
from pipeline.settings import load_knobs
from pipeline.sources import Source
from tests.newsroom import serve as newsroom
from tests.newsroom.stories import read_outlets
from tests.protocols import common_crawl as crawl
from tests.protocols import gdelt as gdelt_server
from tests.protocols import wayback as machine
from tests.protocols.serve import NOT_FOUND, Reply, Request, Service, client, serve
from tests.scripted_server import source

DAY = date(2024, 1, 16)
MORNING = datetime(2024, 1, 16, 8, 0, tzinfo=UTC)
LATER = datetime(2024, 3, 1, tzinfo=UTC)
OUTLET = "courier.example"
STORY = f"http://{OUTLET}/story/1"
PAGE = (
    b"<html><head><title>Bridge</title></head><body><h1>Bridge</h1><p>"
    + b"The bridge over the seasonal river near Khash is closed to lorries until the spring. " * 4
    + b"</p></body></html>"
)


def find(outlet: Source, day: date = DAY) -> Discovered:
    with client(now=lambda: LATER) as opened:
        return discover(outlet, day, opened)


def take(outlet: Source, found: Discovered, archive: Path, known: pl.DataFrame | None = None) -> pl.DataFrame:
    known = contract.empty("capture") if known is None else known
    with client(now=lambda: LATER) as opened:
        return fetch(outlet, DAY, found.result.tables["link"], archive, known, opened).tables["capture"]


def everything(base: str) -> list[dict[str, Any]]:
    return [
        {"adapter": "rss", "url": f"{base}/feed", "reach_days": 5},
        {"adapter": "gdelt", "url": f"{base}/api/v2/doc/doc", "hosts": [OUTLET]},
        {"adapter": "wayback", "url": f"{base}/cdx/search/cdx", "hosts": [OUTLET]},
        {"adapter": "common_crawl", "url": f"{base}/crawl-data/CC-NEWS/", "hosts": [OUTLET]},
    ]


def world(**services: Service) -> Service:
    """All archives behind one address; what is not given answers that it has nothing."""

    def answer(request: Request) -> Reply:
        if request.path.startswith("/api/"):
            return services.get("gdelt", gdelt_server.Doc())(request)
        if request.path.startswith(("/cdx/", "/web/")):
            return services.get("wayback", machine.Machine([]))(request)
        if request.path.startswith("/crawl-data/"):
            return services.get("crawl", crawl.Crawl({}))(request)
        return services["own"](request) if "own" in services else NOT_FOUND

    return answer


def test_a_past_day_is_found_in_archives_and_the_state_says_so() -> None:
    wayback = machine.Machine([machine.Capture("20240116090000", STORY, PAGE)])
    gdelt = gdelt_server.Doc([(f"http://{OUTLET}/story/2", "Two", MORNING)])
    news = {"crawl-data/CC-NEWS/2024/01/CC-NEWS-20240116070000-00003.warc.gz": crawl.warc(
        crawl.Record(f"http://{OUTLET}/story/3", MORNING, PAGE))}  # fmt: skip
    with serve(world(wayback=wayback, gdelt=gdelt, crawl=crawl.Crawl(news))) as site:
        found = find(source(site.base, discovery=everything(site.base)))
        assert not any(request.path == "/feed" for request in site.asked)
    links = {row["url"]: row for row in found.result.tables["link"].iter_rows(named=True)}
    assert {url.rpartition("/")[2]: row["adapter"] for url, row in links.items()} == {
        "1": "wayback", "2": "gdelt", "3": "common_crawl",
    }  # fmt: skip
    assert all(row["day"] == DAY and row["published_at"] is None for row in links.values())
    assert found.state == "partial" and found.note is not None
    assert "common_crawl, gdelt, wayback, which may have missed pages" in found.note


def test_pages_are_fetched_from_the_archive_that_has_them(tmp_path: Path) -> None:
    wayback = machine.Machine([machine.Capture("20240116090000", STORY, PAGE)])
    other = PAGE.replace(b"Khash", b"Mirjaveh")
    news = {"crawl-data/CC-NEWS/2024/01/CC-NEWS-20240116070000-00003.warc.gz": crawl.warc(
        crawl.Record(f"http://{OUTLET}/story/3", MORNING, other))}  # fmt: skip
    with serve(world(wayback=wayback, crawl=crawl.Crawl(news))) as site:
        outlet = source(site.base, discovery=everything(site.base)[2:])
        found = find(outlet)
        captures = take(outlet, found, tmp_path)
        n_asked = len(site.asked)
        # Not fetched twice, not even when the table was lost.
        assert take(outlet, found, tmp_path, captures).equals(captures)
        assert take(outlet, found, tmp_path).equals(captures)
        assert len(site.asked) == n_asked
    rows = {row["url"]: row for row in captures.iter_rows(named=True)}
    assert rows[STORY]["seen_at"] == datetime(2024, 1, 16, 9, 0, tzinfo=UTC)
    assert rows[f"http://{OUTLET}/story/3"]["seen_at"] == MORNING
    assert all(row["final_url"] == url and row["fetched_at"] == LATER for url, row in rows.items())
    assert not list(verify(tmp_path, captures))
    articles = clean(outlet, captures, found.result.tables["link"],
                     lambda row: read_body(tmp_path, row["warc_file"], row["warc_offset"]),
                     load_knobs().clean).tables["article"]  # fmt: skip
    # The address is the outlet's, not the archive's.
    assert sorted(articles["url"]) == sorted(rows)
    assert articles["text"].str.contains("Mirjaveh").sum() == 1


def test_archives_are_left_alone_where_the_outlet_shows_the_whole_day() -> None:
    sitemap = (b'<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"><url><loc>http://courier.example/story/1</loc>'
               b"<lastmod>2024-01-16T08:00:00Z</lastmod></url></urlset>")  # fmt: skip
    with serve(world(own=lambda request: Reply(sitemap))) as site:
        ways = [{"adapter": "sitemap", "url": f"{site.base}/sitemap.xml"}, *everything(site.base)[1:]]
        found = find(source(site.base, discovery=ways))
        assert [request.path for request in site.requests()] == ["/sitemap.xml"]
    assert (found.state, found.note) == ("ok", None)
    assert found.result.tables["link"]["adapter"].to_list() == ["sitemap"]


@pytest.mark.parametrize(("captured", "state"), [(True, "partial"), (False, "ok")])
def test_the_silence_of_a_sitemap_is_checked_against_archives(captured: bool, state: str) -> None:
    empty = b'<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"></urlset>'
    wayback = machine.Machine([machine.Capture("20240116090000", STORY, PAGE)] if captured else [])
    with serve(world(own=lambda request: Reply(empty), wayback=wayback)) as site:
        ways = [{"adapter": "sitemap", "url": f"{site.base}/sitemap.xml"}, everything(site.base)[2]]
        found = find(source(site.base, discovery=ways))
    assert found.state == state
    assert found.result.tables["link"]["url"].to_list() == ([STORY] if captured else [])


def test_where_the_outlet_fails_its_archives_are_asked() -> None:
    wayback = machine.Machine([machine.Capture("20240116090000", STORY, PAGE)])
    with serve(world(own=lambda request: Reply(b"oops", 404), wayback=wayback)) as site:
        ways = [{"adapter": "sitemap", "url": f"{site.base}/sitemap.xml"}, everything(site.base)[2]]
        found = find(source(site.base, discovery=ways))
    assert found.state == "partial" and found.result.tables["link"]["url"].to_list() == [STORY]
    assert found.result.rejects["reason"].to_list() == ["not_found"]


def test_a_day_that_no_adapter_reaches_is_unreachable() -> None:
    with serve(world()) as site:
        ways = [*everything(site.base)[:2], everything(site.base)[3]]
        found = find(source(site.base, discovery=ways), date(2014, 5, 1))
        assert not site.asked
    assert found.state == "unreachable" and found.note is not None
    assert "reaches 5 days" in found.note and "gdelt, common_crawl" in found.note
    limited = everything("http://x.example")[2] | {"reach_days": 7}
    assert find(source("http://x.example", discovery=[limited])).state == "unreachable"


def test_archives_that_fail_are_no_empty_success() -> None:
    refusing = machine.Machine([], failing=[Reply(b"Blocked Site Error", 403)])
    with serve(world(wayback=refusing)) as site:
        found = find(source(site.base, discovery=[everything(site.base)[2]]))
    assert found.state == "failed" and found.result.tables["link"].is_empty()
    assert found.result.rejects["reason"].to_list() == ["http_error"]


def test_addresses_out_of_archives_are_judged_like_all_others() -> None:
    gdelt = gdelt_server.Doc([("http://10.0.0.7/story", "x", MORNING), (STORY + "?utm_source=a", "y", MORNING)])
    with serve(world(gdelt=gdelt)) as site:
        how = everything(site.base)[1] | {"hosts": [OUTLET, "10.0.0.7"]}
        found = find(source(site.base, discovery=[how]))
    assert found.result.tables["link"]["url"].to_list() == [STORY]
    assert found.result.rejects["reason"].to_list() == ["address_unsafe"]


def test_the_archive_of_a_demo_outlet_gives_what_its_feed_has_forgotten() -> None:
    day = date(2023, 12, 15)
    with newsroom.serve(0, clock=LATER) as running:
        base = running.mapping["border_courier"]
        feed = {"adapter": "rss", "url": f"{base}/feeds/latest.xml", "reach_days": 5}
        pages = {
            "adapter": "archive_page", "url": f"{base}/", "template": f"{base}/archive/{{year}}/{{month}}/{{day}}",
            "links": "div.card h3 a",
        }  # fmt: skip
        alone = find(source(base, discovery=[feed]), day)
        both = find(source(base, discovery=[feed, pages]), day)
    assert (alone.state, alone.result.tables["link"].height) == ("unreachable", 0)
    outlet = read_outlets()["border_courier"]
    published = {base + outlet.listed_path(article) for article in outlet.on_day(day, LATER)}
    assert both.state == "ok" and published
    assert set(both.result.tables["link"]["url"]) == published


@pytest.mark.parametrize("way", range(1, 4))
def test_sources_check_asks_the_archives(way: int) -> None:
    day = datetime(2024, 2, 28, 8, 0, tzinfo=UTC)  # the day before yesterday
    wayback = machine.Machine([machine.Capture("20240228090000", STORY, PAGE)])
    gdelt = gdelt_server.Doc([(STORY, "One", day)])
    name = "crawl-data/CC-NEWS/2024/02/CC-NEWS-20240228070000-00003.warc.gz"
    with serve(world(wayback=wayback, gdelt=gdelt, crawl=crawl.Crawl({name: b"not read"}))) as site:
        outlet = source(site.base, discovery=[everything(site.base)[way]])
        with client(now=lambda: LATER) as opened:
            (row,) = check_sources([outlet], opened)
            assert (row["ok"], row["entries"], row["note"]) == (True, 1, "verified")
        assert not any(request.path.endswith(name) for request in site.asked)
    with client(now=lambda: LATER, retries=0) as opened:
        (row,) = check_sources([outlet], opened)
    assert row["ok"] is False and row["note"].startswith("not verified from here: ")
