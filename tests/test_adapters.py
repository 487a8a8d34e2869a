"""Discovery that reaches back, against servers that speak the archives' protocols: paging, limits, errors, bad rows."""

from __future__ import annotations

import gzip
import io
import json
import zipfile
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as limits
from hypothesis import strategies as st
from pydantic import ValidationError

from pipeline.clean.when import find_time
from pipeline.discover import archive_page, common_crawl, gdelt, gdelt_files, gdelt_query, wayback
from pipeline.discover.past import Asked, Finding, is_of_hosts, url_day
from pipeline.errors import ConfigError, RejectError
from pipeline.io import foreign
from pipeline.io.http import open_client
from pipeline.sources import Discovery, Politeness
from tests.protocols import common_crawl as crawl
from tests.protocols import gdelt as gdelt_server
from tests.protocols import wayback as machine
from tests.protocols.serve import NOT_FOUND, Reply, Request, Site, client, serve
from tests.scripted_server import settings, source

DAY = date(2024, 1, 16)
MORNING = datetime(2024, 1, 16, 8, 0, tzinfo=UTC)
LATER = datetime(2024, 3, 1, tzinfo=UTC)
OUTLET = "courier.example"


def seek(look: Callable[..., Any], site: Site, day: date = DAY, **how: Any) -> Finding:
    """One look at a day through a real client."""
    discovery = {"hosts": [OUTLET]} | how
    discovery = {name: value for name, value in discovery.items() if value is not None}
    outlet = source(site.base, discovery=[discovery])
    with client(now=lambda: LATER) as opened:
        found: Finding = opened.run(look(Asked(outlet, outlet.discovery[0], day, opened)))
        return found


def urls(finding: Finding) -> list[str]:
    return [entry.url for entry, _ in finding.entries]


def refusals(finding: Finding) -> list[tuple[str, str]]:
    return [(refusal.reason, refusal.detail) for refusal in finding.refused]


# --- whose day


@pytest.mark.parametrize(("url", "day"), [
    ("http://a.example/2024/01/16/x", date(2024, 1, 16)),
    ("http://a.example/news/2024-1-6.html", date(2024, 1, 6)),
    ("http://a.example/story_20240116", date(2024, 1, 16)),
    ("http://a.example/1234567/2024/13/45", None),
    ("http://a.example/story/20240116123", None),
    ("http://a.example/1402/10/26/x", None),
    ("http://a.example/?d=2024/01/16", None),
])  # fmt: skip
def test_the_day_in_an_address(url: str, day: date | None) -> None:
    assert url_day(url) == day


@pytest.mark.parametrize(("url", "hosts", "is_one"), [
    ("http://courier.example/a", ("courier.example",), True),
    ("http://WWW.Courier.example:8080/a", ("courier.example",), True),
    ("http://notcourier.example/a", ("courier.example",), False),
    ("http://courier.example.evil.example/a", ("courier.example",), False),
    ("http://courier.example/news/a", ("courier.example/news",), True),
    ("http://courier.example/sport/a", ("courier.example/news",), False),
    ("http://courier.example:81/a", ("courier.example:80",), False),
    ("http://[::1/a", ("courier.example",), False),
])  # fmt: skip
def test_whose_address_it_is(url: str, hosts: tuple[str, ...], is_one: bool) -> None:
    assert is_of_hosts(url, hosts) == is_one


@pytest.mark.parametrize(("adapter", "first"), [
    (gdelt, date(2017, 1, 1)), (gdelt_files, date(2015, 2, 18)), (common_crawl, date(2016, 8, 26)),
    (wayback, date(1996, 5, 10)),
])  # fmt: skip
def test_each_adapter_says_how_far_back_it_reaches(adapter: Any, first: date) -> None:
    assert adapter.reach(first, LATER)
    assert not adapter.reach(first - timedelta(days=1), LATER)
    assert not adapter.reach(LATER.date() + timedelta(days=1), LATER)


# --- sources


@pytest.mark.parametrize(("how", "said"), [
    ({"adapter": "archive_page"}, "needs links, template"),
    ({"adapter": "wayback"}, "needs hosts"),
    ({"adapter": "gdelt_files", "hosts": ["a.example"]}, "needs files"),
    ({"adapter": "rss", "hosts": ["a.example"]}, "does not know hosts"),
    ({"adapter": "wayback", "hosts": ["a.example"], "index": "http://x.example/"}, "does not know index"),
    ({"adapter": "wayback", "hosts": ["http://a.example"]}, "should match pattern"),
])  # fmt: skip
def test_a_source_that_cannot_work_is_refused(how: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        Discovery.model_validate({"url": "http://x.example/"} | how)


# --- pages of an archive


class ArchiveSite:
    """An outlet with a page for each day, in pages of three stories."""

    def __init__(self, days: dict[str, list[str]], repeat_last: bool = False) -> None:
        self.days, self.repeat_last = days, repeat_last

    def __call__(self, request: Request) -> Reply:
        day = request.path.removeprefix("/archive/").strip("/")
        if day not in self.days:
            return NOT_FOUND
        stories, page = self.days[day], int(request.one("p", "1"))
        last = (len(stories) + 2) // 3
        if page > last:
            if not self.repeat_last:
                return NOT_FOUND
            page = last
        part = stories[(page - 1) * 3 : page * 3]
        items = "".join(f'<li class="story big"><h2><a href="{link}#top">On {link}</a></h2></li>' for link in part)
        text = f'<html><body><nav><a href="/about">About</a></nav><ul>{items}</ul></body></html>'
        return Reply(text.encode(), headers={"Content-Type": "text/html; charset=utf-8"})


def archive(template: str, rule: str = "li.story a") -> dict[str, Any]:
    return {"adapter": "archive_page", "template": template, "links": rule, "hosts": None}


@pytest.mark.parametrize("repeat_last", [False, True])
def test_an_archive_page_is_read_to_its_last_page(repeat_last: bool) -> None:
    stories = [f"/story/{n}" for n in range(8)]
    with serve(ArchiveSite({"2024/01/16": [*stories, "https://elsewhere.example/ad"]}, repeat_last)) as site:
        found = seek(archive_page.look, site, url=f"{site.base}/archive",
                     **archive(f"{site.base}/archive/{{year}}/{{month}}/{{day}}?p={{page}}"))  # fmt: skip
    assert urls(found) == [site.base + story for story in stories]
    assert found.entries[0][0].title == "On /story/0"
    assert found.entries[7][1].endswith("?p=3")
    assert (found.failures, found.refused) == (0, [])


def test_an_archive_page_on_which_nothing_matches_is_no_empty_success() -> None:
    with serve(ArchiveSite({"2024/01/16": ["/story/1"]})) as site:
        how = archive(f"{site.base}/archive/{{year}}/{{month}}/{{day}}", "div.gone a")
        found = seek(archive_page.look, site, url=site.base, **how)
    assert found.failures == 1
    assert refusals(found)[0][0] == "feed_unreadable" and "design has changed" in refusals(found)[0][1]


def test_a_day_without_archive_page_is_a_failure() -> None:
    with serve(ArchiveSite({})) as site:
        found = seek(archive_page.look, site, url=site.base, **archive(f"{site.base}/archive/{{year}}/{{m}}/{{d}}"))
    assert (found.successes, [reason for reason, _ in refusals(found)]) == (0, ["not_found"])


def test_solar_hijri_archives() -> None:
    address = archive_page.page_address("https://x.example/{jyear}/{jmonth}/{jday}", DAY)
    assert address == "https://x.example/1402/10/26"
    for offset in range(0, 20_000, 7):
        day = date(1975, 1, 1) + timedelta(days=offset)
        year, month, number = archive_page.solar_hijri(day)
        found = find_time(f"{year}/{month:02}/{number:02}", "UTC")
        assert found is not None and found.at.date() == day
    with pytest.raises(ConfigError, match=r"unknown \{hour\}"):
        archive_page.page_address("https://x.example/{hour}", DAY)


@pytest.mark.parametrize(("rule", "links"), [
    ("h2 > a", ["/a", "/b"]),
    ("#main .story a[href]", ["/a", "/b"]),
    ("a[href*='b'], a[href^='/c']", ["/b", "/c"]),
    ("li.story", ["/a", "/b"]),
    ("//li[2]//a/@href", ["/b"]),
    (".//a[starts-with(@href, '/c')]", ["/c"]),
])  # fmt: skip
def test_link_rules(rule: str, links: list[str]) -> None:
    body = (b'<html><body><ul id="main"><li class="x story"><h2><a href="/a">A</a></h2></li>'
            b'<li class="story"><h2><a href=" /b ">B</a></h2></li></ul><a href="/c">C</a>'
            b'<a href="javascript:alert(1)">no</a><a href="http://[bad/">no</a></body></html>')  # fmt: skip
    found = archive_page.parse_archive_page(body, "http://x.example/day", rule, "text/html")
    assert [entry.url.removeprefix("http://x.example") for entry in found] == links


@pytest.mark.parametrize("rule", ["a:hover", "a >", "count(//a)", "//a[", "!"])
def test_a_link_rule_that_cannot_be_read_is_a_fault_of_the_source(rule: str) -> None:
    with pytest.raises(ConfigError, match="link rule"):
        archive_page.parse_archive_page(b"<html><a href='/a'>A</a></html>", "http://x.example/", rule)


# --- GDELT: search


def articles(n: int, begin: datetime = MORNING, every: timedelta = timedelta(minutes=1)) -> list[Any]:
    return [(f"http://{OUTLET}/story/{i}", f"Bomb in Panjgur {i}", begin + i * every) for i in range(n)]


def doc(**more: Any) -> dict[str, Any]:
    return {"adapter": "gdelt"} | more


def test_a_full_answer_is_halved_until_every_window_fits() -> None:
    service = gdelt_server.Doc([*articles(700), ("http://other.example/1", "Bomb", MORNING)])
    with serve(service) as site:
        found = seek(gdelt.look, site, url=f"{site.base}/api/v2/doc/doc", **doc())
    assert sorted(urls(found)) == sorted(url for url, _, _ in service.articles[:700])
    assert found.failures == 0
    windows = {(request.one("startdatetime"), request.one("enddatetime")) for request in site.requests()}
    assert ("20240116000000", "20240116235959") in windows and len(windows) == len(site.requests())


def test_more_than_the_limit_in_a_quarter_of_an_hour_is_said() -> None:
    service = gdelt_server.Doc(articles(300, every=timedelta(seconds=1)))
    with serve(service) as site:
        found = seek(gdelt.look, site, url=f"{site.base}/api/v2/doc/doc", **doc())
    assert len(found.entries) == 250 and found.failures == 1
    assert "there may be more" in found.notes[0]


def test_the_day_before_and_the_day_after_are_left_out() -> None:
    edges = [datetime(2024, 1, 15, 23, 59, 59), datetime(2024, 1, 16), datetime(2024, 1, 16, 23, 59, 59),
             datetime(2024, 1, 17)]  # fmt: skip
    service = gdelt_server.Doc([(f"http://{OUTLET}/{n}", "x", at) for n, at in enumerate(edges)])
    with serve(service) as site:
        found = seek(gdelt.look, site, url=f"{site.base}/api/v2/doc/doc", **doc())
    assert urls(found) == [f"http://{OUTLET}/1", f"http://{OUTLET}/2"]


def test_a_busy_service_is_asked_again_and_else_recorded() -> None:
    with serve(gdelt_server.Doc(articles(1), busy=2)) as site:
        assert len(seek(gdelt.look, site, url=f"{site.base}/api/v2/doc/doc", **doc()).entries) == 1
    with serve(gdelt_server.Doc(articles(1), busy=9)) as site:
        found = seek(gdelt.look, site, url=f"{site.base}/api/v2/doc/doc", **doc())
    assert (found.successes, found.failures) == (0, 1)
    assert refusals(found)[0][0] == "http_error" and "429" in refusals(found)[0][1]


def test_titles_that_are_no_json_do_not_spoil_an_answer() -> None:
    with serve(gdelt_server.Doc(articles(3), spoil=r"it\'s a \\\\ tab\	 and a	tab")) as site:
        found = seek(gdelt.look, site, url=f"{site.base}/api/v2/doc/doc", **doc())
    assert len(found.entries) == 3 and found.failures == 0


def test_a_broken_record_is_named_and_the_rest_is_read() -> None:
    with serve(gdelt_server.Doc(articles(3), spoil='said "no" twice')) as site:
        found = seek(gdelt.look, site, url=f"{site.base}/api/v2/doc/doc", **doc())
    assert urls(found) == [f"http://{OUTLET}/story/1", f"http://{OUTLET}/story/2"]
    assert found.failures == 1
    assert refusals(found)[0][0] == "feed_unreadable" and "record 1 (line 3)" in refusals(found)[0][1]


@pytest.mark.parametrize(("body", "n", "problems"), [
    (b"{}", 0, 0),
    (b"", 0, 0),
    (b'{"articles": [{"url": "http://a.example/1", "seendate": "20240116T080000Z", "title": null}, 7, {"url": 3},'
     b'{"url": "ftp://a.example/", "seendate": "20240116T080000Z"}, {"url": "http://a.example/2", "seendate": "x"}]}',
     1, 4),
    (b'{"articles": [{"url": "http://a.example/1", "seendate": "20240116T080000Z"}, {"url": "http://a.ex', 1, 1),
])  # fmt: skip
def test_records_of_a_search(body: bytes, n: int, problems: int) -> None:
    found = gdelt.parse_artlist(body, "http://g.example/")
    assert (len(found.entries), len(found.problems)) == (n, problems)


@pytest.mark.parametrize("body", [b"Timespan is too short.", b"<html>", b'{"articles": 7}', b"[1]", b'{"articles": [{'])
def test_an_answer_that_is_no_search_is_refused(body: bytes) -> None:
    with pytest.raises(RejectError) as refused:
        gdelt.parse_artlist(body, "http://g.example/")
    assert refused.value.reason == "feed_unreadable"


def test_queries_of_the_lexicon_find_what_they_are_for() -> None:
    service = gdelt_server.Doc([
        (f"http://{OUTLET}/1", "Explosion heard in Turbat", MORNING),
        (f"http://{OUTLET}/2", "Jaish al Adl says it did it", MORNING),
        (f"http://{OUTLET}/3", "Cricket in Turbat", MORNING),
        (f"http://{OUTLET}/4", "Explosion heard in Lyon", MORNING),
    ], longest_query=260)  # fmt: skip
    with serve(service) as site:
        found = seek(gdelt.look, site, url=f"{site.base}/api/v2/doc/doc", **doc(query="lexicon"))
    # The service refuses the first, longer queries; shorter ones are then asked.
    assert sorted(urls(found)) == [f"http://{OUTLET}/1", f"http://{OUTLET}/2"]
    assert found.failures == 0


def test_queries_are_bounded_and_cover_every_pair() -> None:
    first, second = [f"word{n}" for n in range(40)], [f"some place {n}" for n in range(30)]
    queries = gdelt_query.build_queries(first, second, "domain:x.example", 200)
    assert max(map(len, queries)) <= 200 and all(query.endswith(" domain:x.example") for query in queries)
    for word in first:
        for place in second:
            assert any(f'"{place}"' in query and (f"({word} " in query or f" {word} " in query or f" {word})" in query)
                       for query in queries)  # fmt: skip


@pytest.mark.parametrize(("terms", "query"), [
    (["Qasr-e Qand", "bomb"], '("Qasr e Qand" OR bomb)'),
    (["bomb"], "bomb"),
    (['a "quoted" (word)', "ied", "FC"], '"a quoted word"'),
])  # fmt: skip
def test_terms_become_what_the_service_reads(terms: list[str], query: str) -> None:
    assert gdelt_query.build_queries(terms, ()) == [query]


def test_a_term_that_fits_no_query_is_a_fault_of_the_configuration() -> None:
    with pytest.raises(ConfigError, match="does not fit"):
        gdelt_query.build_queries(["x" * 300], ("place",), max_chars=200)


def test_a_service_that_refuses_every_query_is_left_alone() -> None:
    with serve(gdelt_server.Doc(articles(1), longest_query=3)) as site:
        found = seek(gdelt.look, site, url=f"{site.base}/api/v2/doc/doc", **doc())
    assert found.failures == 1 and "refuses every query" in found.notes[0]
    assert len(site.requests()) < 10


# --- GDELT: files


def quarter_files(rows: dict[tuple[str, int], bytes], **more: Any) -> gdelt_server.Files:
    return gdelt_server.Files(datetime(2024, 1, 16), rows, **more)


def seek_files(service: gdelt_server.Files, kind: str = "mentions") -> tuple[Finding, Site]:
    with serve(service) as site:
        service.base = site.base
        url = f"{site.base}/gdeltv2/masterfilelist.txt"
        found = seek(gdelt_files.look, site, url=url, adapter="gdelt_files", files=kind)
    return found, site


@pytest.mark.parametrize("ranges", [True, False])
def test_the_files_of_a_day_are_found_in_the_list(ranges: bool) -> None:
    rows = {
        ("mentions", -1): gdelt_server.zipped(gdelt_server.mention(f"http://{OUTLET}/before", MORNING)),
        ("mentions", 0): gdelt_server.zipped(gdelt_server.mention(f"http://{OUTLET}/first", MORNING)),
        ("mentions", 95): gdelt_server.zipped(
            gdelt_server.mention(f"http://{OUTLET}/last", MORNING), gdelt_server.mention("http://o.example/", MORNING),
            gdelt_server.mention(f"http://{OUTLET}/print", MORNING, collection="2"),
        ),
        ("mentions", 96): gdelt_server.zipped(gdelt_server.mention(f"http://{OUTLET}/after", MORNING)),
    }  # fmt: skip
    found, site = seek_files(quarter_files(rows, days=12, ranges=ranges))
    assert urls(found) == [f"http://{OUTLET}/first", f"http://{OUTLET}/last"]
    assert (found.successes, found.failures, found.refused) == (96, 0, [])
    listed = [request for request in site.requests() if request.path.endswith(".txt")]
    # 25 days of lines are 12 parts; bisection reads a few of them.
    assert len(listed) <= 9 if ranges else len(listed) == 1


def test_a_gkg_file_gives_titles() -> None:
    row = gdelt_server.document(f"http://{OUTLET}/1", MORNING, "Levies &amp; police")
    found, _ = seek_files(quarter_files({("gkg", 3): gdelt_server.zipped(row)}), "gkg")
    assert [(entry.url, entry.title) for entry, _ in found.entries] == [(f"http://{OUTLET}/1", "Levies & police")]


def test_damaged_files_and_rows_are_named_and_the_rest_is_read() -> None:
    good = gdelt_server.mention(f"http://{OUTLET}/good", MORNING)
    cut = gdelt_server.zipped(good)[:-30]
    two = io.BytesIO()
    with zipfile.ZipFile(two, "w") as bundle:
        bundle.writestr("a", "x")
        bundle.writestr("b", "x")
    service = quarter_files({
        ("mentions", 1): gdelt_server.zipped(good, "too\tfew\tcolumns", good.replace("20240116", "2024-1-16", 2)),
        ("mentions", 2): cut, ("mentions", 3): two.getvalue(),
    })  # fmt: skip
    service.missing = {"20240116010000.mentions.CSV.zip"}
    service.wrong = {"20240116011500.mentions.CSV.zip"}
    service.extra_lines = ["123 only-two-fields", "x y http://h.example/20240116000000.mentions.CSV.zip"]
    found, _ = seek_files(service)
    assert urls(found) == [f"http://{OUTLET}/good"]
    told = [detail for _, detail in refusals(found)]
    for said in ("masterfilelist.txt line ", "001500.mentions.CSV.zip line 2: 3 columns; a row of mentions has 16",
                 "001500.mentions.CSV.zip line 3: ", "003000.mentions.CSV.zip: no readable zip",
                 "004500.mentions.CSV.zip: 2 files in the zip", "010000.mentions.CSV.zip: HTTP 404",
                 "011500.mentions.CSV.zip: "):  # fmt: skip
        assert any(said in detail for detail in told), said
    assert {reason for reason, _ in refusals(found)} == {"feed_unreadable", "not_found"}


def test_a_zip_bomb_stops_at_the_limit() -> None:
    bomb = gdelt_server.zipped("0" * 3_000_000)
    assert len(bomb) < 10_000
    with pytest.raises(RejectError) as refused:
        gdelt_files.unzip_one(bomb, "http://g.example/x.zip", limit=1_000_000)
    assert refused.value.reason == "too_large"


def test_a_list_without_the_day_is_no_empty_success() -> None:
    service = quarter_files({})
    service.first = service.last = datetime(2024, 1, 20)
    found, _ = seek_files(service)
    assert found.failures == 1 and "names no mentions files" in found.notes[0]


# --- Wayback Machine


def memory(*captures: machine.Capture, **more: Any) -> machine.Machine:
    return machine.Machine(list(captures), **more)


def seek_back(service: machine.Machine, hosts: tuple[str, ...] = (OUTLET,)) -> tuple[Finding, Site]:
    with serve(service) as site:
        found = seek(wayback.look, site, url=f"{site.base}/cdx/search/cdx", adapter="wayback", hosts=hosts)
    return found, site


def test_a_page_belongs_to_the_day_in_its_address_or_of_its_first_capture() -> None:
    found, site = seek_back(memory(
        machine.Capture("20240116090000", f"http://{OUTLET}/story/1"),
        machine.Capture("20240117090000", f"http://{OUTLET}/story/1"),
        machine.Capture("20240118030000", f"https://www.{OUTLET}/2024/01/16/late"),
        machine.Capture("20240116090000", f"http://{OUTLET}/2024/01/12/old"),
        machine.Capture("20240102090000", f"http://{OUTLET}/"), machine.Capture("20240116090000", f"http://{OUTLET}/"),
        machine.Capture("20240116090000", f"http://{OUTLET}/gone", statuscode="404"),
        machine.Capture("20240116090000", f"http://{OUTLET}/logo.png", mimetype="image/png"),
        machine.Capture("20240116090000", "http://other.example/story"),
    ))  # fmt: skip
    assert {entry.url: found_in.removeprefix(site.base) for entry, found_in in found.entries} == {
        f"http://{OUTLET}/story/1": f"/web/20240116090000id_/http://{OUTLET}/story/1",
        f"https://www.{OUTLET}/2024/01/16/late": f"/web/20240118030000id_/https://www.{OUTLET}/2024/01/16/late",
    }
    assert (found.failures, len(site.requests())) == (0, 1)


def test_the_index_is_read_to_its_end_through_resume_keys() -> None:
    pages = [machine.Capture("20240116090000", f"http://{OUTLET}/story/{n:03}") for n in range(23)]
    found, site = seek_back(memory(*pages, most_rows=5))
    assert sorted(urls(found)) == [page.original for page in pages]
    assert len(site.requests()) == 5
    assert site.requests()[1].one("resumeKey") == "example,courier)/story/004 20240116090000!"


def test_a_part_of_an_outlet_is_asked_for_by_its_path() -> None:
    service = memory(machine.Capture("20240116090000", f"http://{OUTLET}/news/1"),
                     machine.Capture("20240116090000", f"http://{OUTLET}/sport/1"))  # fmt: skip
    found, site = seek_back(service, (f"{OUTLET}/news/",))
    assert urls(found) == [f"http://{OUTLET}/news/1"]
    assert site.requests()[0].one("matchType") == "prefix"


def test_an_outlet_that_was_never_captured_has_no_pages() -> None:
    found, _ = seek_back(memory())
    assert (found.entries, found.successes, found.failures) == ([], 1, 0)


@pytest.mark.parametrize(("reply", "reason"), [
    (Reply(b"Blocked Site Error", 403), "http_error"),
    (Reply(b"org.archive.util.io.RuntimeIOException: Blocked Site Error"), "feed_unreadable"),
    (Reply(b'{"error": 1}'), "feed_unreadable"),
    (Reply(b'[["one","two"],["1","2"]]'), "feed_unreadable"),
])  # fmt: skip
def test_an_index_that_refuses_is_a_failure(reply: Reply, reason: str) -> None:
    found, _ = seek_back(memory(failing=[reply]))
    assert (found.successes, found.failures) == (0, 1) and refusals(found)[0][0] == reason


def test_too_many_requests_are_waited_out() -> None:
    service = memory(machine.Capture("20240116090000", f"http://{OUTLET}/story/1"),
                     failing=[Reply(b"Too Many Requests", 429, {"Retry-After": "30"})])  # fmt: skip
    found, _ = seek_back(service)
    assert len(found.entries) == 1


def test_broken_rows_of_an_index_are_named_and_the_rest_is_read() -> None:
    pages = [machine.Capture("20240116090000", f"http://{OUTLET}/story/{n}") for n in range(5)]
    key = pages[1].urlkey
    spoil = {f'["{key}"': f'["{key}', f'"{pages[2].original}"': "7", f'"{pages[3].timestamp}", "{pages[3].original}"':
             f'"2024", "{pages[3].original}"'}  # fmt: skip
    found, _ = seek_back(memory(*pages, spoil=spoil))
    assert urls(found) == [pages[0].original, pages[4].original]
    assert found.failures == 1
    assert sorted("line 3" in detail or "row " in detail for _, detail in refusals(found)) == [True] * 3


def test_an_index_that_goes_in_circles_is_left() -> None:
    rows = [["urlkey", "timestamp", "original"], ["k", "20240116090000", f"http://{OUTLET}/1"], [], ["same"]]
    replies = [Reply(json.dumps(rows).encode()) for _ in range(9)]
    found, site = seek_back(memory(failing=replies))
    assert len(site.requests()) == 2 and "resumes where it began" in found.notes[0]


@pytest.mark.parametrize("memento", [True, False])
def test_a_capture_is_fetched_as_it_was_stored(memento: bool) -> None:
    url = f"http://{OUTLET}/story/1?a=1&b=2"
    with serve(memory(machine.Capture("20240116090000", url, b"<p>then</p>"), memento=memento)) as site, client() as c:
        place = f"{site.base}/web/20240116080000id_/{url}"
        answer = c.run(wayback.fetch_capture(url, place, c, Politeness()))
    assert (answer.url, answer.final_url, answer.body, answer.status) == (url, url, b"<p>then</p>", 200)
    assert answer.header("Memento-Datetime") == "Tue, 16 Jan 2024 09:00:00 GMT"
    # Through the redirect to the capture that there is.
    assert answer.hops == (place, f"{site.base}/web/20240116090000id_/{url}")


@pytest.mark.parametrize("place", ["http://127.0.0.1:1/elsewhere", "file:///etc/passwd", ""])
def test_what_is_no_address_of_a_capture_is_not_asked_for(place: str) -> None:
    with client() as c, pytest.raises(RejectError) as refused:
        c.run(wayback.fetch_capture("http://x.example/", place, c, Politeness()))
    assert refused.value.reason == "not_found"


# --- Common Crawl

JANUARY = "crawl-data/CC-NEWS/2024/01/"


def news(name: str) -> str:
    return f"{JANUARY}CC-NEWS-{name}.warc.gz"


def seek_crawl(service: crawl.Crawl, day: date = DAY, **more: Any) -> tuple[Finding, Site]:
    with serve(service) as site:
        base = f"{site.base}/crawl-data/CC-NEWS/"
        more = {key: value.format(base=site.base) for key, value in more.items()}
        found = seek(common_crawl.look, site, day, url=base, adapter="common_crawl", **more)
    return found, site


def test_the_files_that_hold_a_day_are_scanned_for_the_hosts() -> None:
    records = [
        crawl.Record(f"http://{OUTLET}/1", MORNING), crawl.Record("http://other.example/1", MORNING),
        crawl.Record(f"http://{OUTLET}/gone", MORNING, status="404 Not Found"),
        crawl.Record(f"http://{OUTLET}/logo", MORNING, headers=(("Content-Type", "image/png"),)),
        crawl.Record(f"http://www.{OUTLET}/2", MORNING),
    ]  # fmt: skip
    service = crawl.Crawl({
        news("20240114000000-00001"): crawl.warc(crawl.Record(f"http://{OUTLET}/not-read", MORNING)),
        news("20240115220000-00002"): crawl.warc(
            crawl.Record(f"http://{OUTLET}/eve", datetime(2024, 1, 15, 23, 0)),
            crawl.Record(f"http://{OUTLET}/early", datetime(2024, 1, 16, 0, 30)),
        ),
        news("20240116070000-00003"): crawl.warc(*records),
        news("20240117010000-00004"): crawl.warc(crawl.Record(f"http://{OUTLET}/not-read", MORNING)),
    }, extra_lines=["crawl-data/CC-NEWS/2024/01/../../../secret", "https://evil.example/CC-NEWS-20240116000000-1.warc.gz",
                    "crawl-data/CC-NEWS/2024/01/CC-NEWS-20249916000000-00009.warc.gz"])  # fmt: skip
    found, site = seek_crawl(service)
    assert urls(found) == [f"http://{OUTLET}/early", f"http://{OUTLET}/1", f"http://www.{OUTLET}/2"]
    assert found.successes == 2 and [reason for reason, _ in refusals(found)] == ["feed_unreadable"] * 3
    assert {request.path.rpartition("-")[2] for request in site.requests() if ".warc.gz" in request.path} == {
        "00002.warc.gz", "00003.warc.gz",
    }  # fmt: skip


def test_records_across_ranges_and_their_places(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(common_crawl, "CHUNK", 97)
    pages = [crawl.Record(f"http://{OUTLET}/{n}", MORNING, b"<p>page %d</p>" % n) for n in range(4)]
    service = crawl.Crawl({news("20240116000000-00001"): crawl.warc(*pages)})
    with serve(service) as site, client() as c:
        found = seek(common_crawl.look, site, url=f"{site.base}/crawl-data/CC-NEWS/", adapter="common_crawl")
        assert len(found.entries) == 4 and found.failures == 0
        for (entry, place), page in zip(found.entries, pages, strict=True):
            answer = c.run(common_crawl.fetch_capture(entry.url, place, c, Politeness()))
            assert (answer.body, answer.final_url, answer.status) == (page.body, page.url, 200)
            assert answer.header("Memento-Datetime") == "Tue, 16 Jan 2024 08:00:00 GMT"
            assert answer.hops == (place,)


@pytest.mark.parametrize("spoil", [
    lambda data: data[:-20],
    lambda data: data[: len(data) // 2] + b"\x00" * 30 + data[len(data) // 2 + 30 :],
    lambda data: data + b"<html>502 Bad Gateway</html>",
], ids=["cut", "damaged", "junk"])  # fmt: skip
def test_a_damaged_file_is_named_and_what_is_before_it_counts(spoil: Callable[[bytes], bytes]) -> None:
    pages = [crawl.Record(f"http://{OUTLET}/{n}", MORNING, b"x" * 400) for n in range(6)]
    found, _ = seek_crawl(crawl.Crawl({news("20240116000000-00001"): spoil(crawl.warc(*pages))}))
    assert found.successes == 0 and found.failures == 1
    assert refusals(found)[0][0] == "archive_corrupt"
    assert urls(found)[:2] == [f"http://{OUTLET}/0", f"http://{OUTLET}/1"]


def test_a_bomb_in_a_file_stops_at_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(foreign, "MAX_RECORD_BYTES", 1_000_000)
    service = crawl.Crawl({news("20240116000000-00001"): gzip.compress(b"WARC/1.0\r\n" + b"0" * 5_000_000)})
    found, _ = seek_crawl(service)
    assert refusals(found)[0][0] == "too_large"


def test_a_list_that_ends_before_the_day_says_so() -> None:
    service = crawl.Crawl({news("20240105000000-00001"): crawl.warc()})
    found, _ = seek_crawl(service)
    assert found.failures == 1 and "lists no file of 2024-01-16" in found.notes[0]


def test_a_month_that_is_not_there_is_a_failure() -> None:
    found, _ = seek_crawl(crawl.Crawl({}))
    assert (found.successes, [reason for reason, _ in refusals(found)]) == (0, ["not_found"])


def index_line(url: str, data: bytes, filename: str, number: int) -> dict[str, str]:
    member = list(foreign.Members("x").feed(data))[number]
    return {
        "urlkey": url, "timestamp": "20240116080000", "url": url, "mime": "text/html", "status": "200",
        "digest": "X", "length": str(member.length), "offset": str(member.offset), "filename": filename,
    }  # fmt: skip


def test_an_index_gives_places_page_by_page() -> None:
    pages = [crawl.Record(f"http://{OUTLET}/{n}", MORNING) for n in range(5)]
    data, name = crawl.warc(*pages), "crawl-data/CC-MAIN-2024-04/segments/1/warc/a.warc.gz"
    lines: list[Any] = [index_line(page.url, data, name, 2 + 2 * n) for n, page in enumerate(pages)]
    broken = lines[2] | {"filename": "../../etc/passwd"}
    service = crawl.Crawl({name: data}, index=[*lines[:2], broken, *lines[3:]])
    with serve(service) as site, client() as c:
        found = seek(common_crawl.look, site, url=f"{site.base}/crawl-data/CC-NEWS/", adapter="common_crawl",
                     index=f"{site.base}/CC-MAIN-2024-04-index")  # fmt: skip
        assert urls(found) == [pages[n].url for n in (0, 1, 3, 4)]
        assert [reason for reason, _ in refusals(found)] == ["feed_unreadable"]
        entry, place = found.entries[0]
        assert c.run(common_crawl.fetch_capture(entry.url, place, c, Politeness())).body == pages[0].body
        with pytest.raises(RejectError, match=r"holds .*/0, not .*/1") as refused:
            c.run(common_crawl.fetch_capture(pages[1].url, place, c, Politeness()))
        assert refused.value.reason == "archive_corrupt"
    found, _ = seek_crawl(crawl.Crawl({}), index="{base}/CC-MAIN-2024-04-index")
    assert (found.entries, found.successes, found.failures) == ([], 1, 0)


def test_a_server_that_knows_no_ranges_is_read_once_if_it_is_small() -> None:
    page = crawl.Record(f"http://{OUTLET}/1", MORNING)
    found, _ = seek_crawl(crawl.Crawl({news("20240116000000-00001"): crawl.warc(page)}, ranges=False))
    assert urls(found) == [page.url] and found.failures == 0
    with client() as c, serve(crawl.Crawl({"a.warc.gz": crawl.warc(page)}, ranges=False)) as site:
        place = f"{site.base}/a.warc.gz#bytes=0-99"
        with pytest.raises(RejectError, match="100"):
            c.run(common_crawl.fetch_capture(page.url, place, c, Politeness()))


# --- manners


@pytest.mark.parametrize(("how", "pause"), [({}, 5.5), ({"delay_s": 9.0}, 9.0), ({"delay_s": 0.0}, 0.0)])
def test_a_service_is_asked_no_faster_than_it_allows(how: dict[str, Any], pause: float) -> None:
    pauses: list[float] = []

    async def note(seconds: float) -> None:
        pauses.append(seconds)

    with serve(gdelt_server.Doc(articles(300))) as site:
        discovery = {"adapter": "gdelt", "url": f"{site.base}/api/v2/doc/doc", "hosts": [OUTLET]} | how
        outlet = source(site.base, discovery=[discovery])
        with open_client(settings(), sleep=note, now=lambda: LATER) as opened:
            found = opened.run(gdelt.look(Asked(outlet, outlet.discovery[0], DAY, opened)))
    assert len(found.entries) == 300
    # Pauses run on from the turn before, which was not slept through here: each is longer than the one before.
    assert len(pauses) >= len(site.requests()) - 1 if pause else not pauses
    assert all(seconds > pause - 1 for seconds in pauses)


def test_a_wait_that_the_service_asks_for_is_kept() -> None:
    pauses: list[float] = []

    async def note(seconds: float) -> None:
        pauses.append(seconds)

    service = memory(machine.Capture("20240116090000", f"http://{OUTLET}/1"),
                     failing=[Reply(b"Too Many Requests", 429, {"Retry-After": "30"})])  # fmt: skip
    with serve(service) as site:
        outlet = source(site.base, discovery=[
            {"adapter": "wayback", "url": f"{site.base}/cdx/search/cdx", "hosts": [OUTLET], "delay_s": 0}])  # fmt: skip
        with open_client(settings(), sleep=note, now=lambda: LATER) as opened:
            opened.run(wayback.look(Asked(outlet, outlet.discovery[0], DAY, opened)))
    assert 30.0 in pauses


# --- nothing that comes in stops the run


def mutants(*seeds: bytes) -> st.SearchStrategy[bytes]:
    """Seeds with pieces cut, doubled and overwritten, and plain noise."""

    def spoiled(seed: bytes, at: int, n: int, junk: bytes) -> bytes:
        at %= len(seed) + 1
        return seed[:at] + junk + seed[at + n :]

    places, lengths, junk = st.integers(0, 10_000), st.integers(0, 40), st.binary(max_size=8)
    return st.one_of(st.builds(spoiled, st.sampled_from(seeds), places, lengths, junk), st.binary(max_size=200))


WARC = crawl.warc(crawl.Record(f"http://{OUTLET}/1", MORNING))
MENTION = gdelt_server.mention(f"http://{OUTLET}/1", MORNING)
CDX = json.dumps([machine.FIELDS, machine.Capture("20240116090000", f"http://{OUTLET}/1").row(), [], ["key"]]).encode()
PARSERS: dict[str, tuple[Callable[[bytes], Any], tuple[bytes, ...]]] = {
    "artlist": (lambda body: gdelt.parse_artlist(body, "u"),
                (b'{"articles": [{"url": "http://a.example/", "seendate": "20240116T080000Z", "title": "a"}]}',)),
    "table": (lambda body: gdelt_files.parse_table(body, "mentions", "u", (OUTLET,)), (MENTION.encode(),)),
    "zip": (lambda body: gdelt_files.unzip_one(body, "u", 100_000), (gdelt_server.zipped(MENTION),)),
    "master": (lambda body: gdelt_files.parse_master_list(body, "u"), (b"12 ab http://g/20240116000000.gkg.csv.zip\n",)),
    "cdx": (lambda body: wayback.parse_cdx(body, "u"), (CDX,)),
    "paths": (lambda body: common_crawl.parse_paths(body, "u"),
              (gzip.compress(news("20240116000000-00001").encode()), news("20240116000000-00001").encode())),
    "index": (lambda body: common_crawl.parse_index(body, "u"),
              (json.dumps(index_line("http://a.example/", WARC, "a", 2)).encode(),)),
    "members": (lambda body: [foreign.read_head(member.head) for member in foreign.Members("u").feed(body)
                              if member.head.startswith(b"WARC/")], (WARC,)),
    "record": (lambda body: foreign.read_member(body, "u", 100_000), (WARC,)),
    "responses": (lambda body: list(foreign.read_responses(io.BytesIO(body), "u", 100_000)),
                  (WARC, gzip.decompress(WARC))),
    "archive_page": (lambda body: archive_page.parse_archive_page(body, "http://x.example/", "a"),
                     (b"<html><base href='/x/'><a href='/a'>A</a></html>",)),
}  # fmt: skip


@pytest.mark.parametrize("name", PARSERS)
def test_no_bytes_stop_a_parser(name: str) -> None:
    parse, seeds = PARSERS[name]

    @limits(max_examples=150, deadline=None)
    @given(mutants(*seeds))
    def fuzz(body: bytes) -> None:
        try:
            parse(body)
        except RejectError as error:
            assert error.detail

    fuzz()
