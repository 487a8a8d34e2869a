"""Every threat of docs/security.md: nothing that a feed, a page, a redirect or a name server says can hurt us."""

from __future__ import annotations

import gzip
import io
import re
import zlib
from datetime import UTC, date, datetime
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import brotli
import pytest

from pipeline import contract
from pipeline.clean import clean
from pipeline.discover import discover
from pipeline.discover.read import read_entries
from pipeline.errors import RejectError
from pipeline.fetch import fetch
from pipeline.ids import make_id
from pipeline.io.address import check_address, parse_address
from pipeline.io.http import Answer, Client, open_client
from pipeline.io.unpack import BrokenBodyError, unpack
from pipeline.io.warc import read_body, verify
from pipeline.settings import load_knobs
from pipeline.sources import Source
from tests.newsroom.serve import serve as newsroom
from tests.newsroom.serve import source_files
from tests.scripted_server import IMPATIENT, Web, send, serve, settings, source

DAY = date(2024, 1, 16)
NOW = datetime(2024, 1, 16, 12, tzinfo=UTC)

PRIVATE = [
    "10.0.0.1", "172.16.5.4", "192.168.1.1", "127.0.0.1", "127.8.8.8", "0.0.0.0", "169.254.169.254", "100.64.0.1",
    "224.0.0.1", "255.255.255.255", "192.0.2.7", "::1", "::", "fe80::1", "fc00::1", "ff02::1", "::ffff:10.0.0.1",
    "::ffff:169.254.169.254", "64:ff9b::a00:1", "2002:a00:1::", "2001:0:a00:1::", "fd00:ec2::254",
]  # fmt: skip


def ask(client: Client, url: str) -> Answer:
    return client.run(client.get(url, IMPATIENT))


def refusal(client: Client, url: str) -> RejectError:
    with pytest.raises(RejectError) as caught:
        ask(client, url)
    return caught.value


@pytest.mark.parametrize("address", PRIVATE)
def test_ssrf_private_addresses_are_refused(address: str) -> None:
    with pytest.raises(RejectError, match="no public address"):
        check_address(address, "news.example", allow_loopback=False)


@pytest.mark.parametrize("address", ["93.184.216.34", "2606:2800:220:1:248:1893:25c8:1946", "::ffff:93.184.216.34"])
def test_public_addresses_are_allowed(address: str) -> None:
    check_address(address, "news.example", allow_loopback=False)


def test_loopback_for_the_demo_opens_nothing_else() -> None:
    check_address("127.0.0.1", "localhost", allow_loopback=True)
    check_address("::1", "localhost", allow_loopback=True)
    for address in ("10.0.0.1", "169.254.169.254", "192.168.0.1", "::ffff:10.0.0.1"):
        with pytest.raises(RejectError):
            check_address(address, "x", allow_loopback=True)


@pytest.mark.parametrize(
    "url",
    ["file:///etc/passwd", "gopher://x.example/_a", "ftp://x.example/a", "javascript:alert(1)", "data:text/html,x",
     "//x", "http://", "http://user:secret@x.example/", "http://x.example/\r\nHost: y", "http://[::1",
     "not an address"],
)  # fmt: skip
def test_other_schemes_and_odd_addresses_are_refused(url: str) -> None:
    with pytest.raises(RejectError) as caught:
        parse_address(url)
    assert caught.value.reason == "address_unsafe"


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "0x7f000001", "2130706433", "127.1", "[::1]", "0"])
def test_ssrf_every_spelling_of_loopback_is_refused(host: str) -> None:
    with serve({"/": b"secret"}) as web, open_client(settings(allow_private=False)) as client:
        port = web.base.rpartition(":")[2]
        error = refusal(client, f"http://{host}:{port}/")
        assert error.reason in ("address_unsafe", "network_error")
        assert not web.asked, "no connection may be opened at all"


def test_dns_answer_with_a_private_address_is_refused() -> None:
    async def resolver(host: str, port: int) -> list[str]:
        return ["93.184.216.34", "10.0.0.5"]

    with open_client(settings(allow_private=False), resolver=resolver) as client:
        assert refusal(client, "http://news.example/").reason == "address_unsafe"


def test_dns_rebinding_connects_only_to_the_checked_address() -> None:
    """The second answer of the name server is never used: one answer is checked and connected to."""
    answers: list[list[str]] = []

    async def resolver(host: str, port: int) -> list[str]:
        answers.append(["127.0.0.1"] if len(answers) == 0 else ["10.0.0.1"])
        return answers[-1]

    with serve({"/": b"page"}) as web, open_client(settings(), resolver=resolver) as client:
        port = web.base.rpartition(":")[2]
        assert ask(client, f"http://news.example:{port}/").body == b"page"
        # robots.txt and page went over one checked connection; a new one would be checked again and refused.
        assert answers == [["127.0.0.1"]]
        web.pages["/close"] = (200, {"Connection": "close"}, b"page")
        ask(client, f"http://news.example:{port}/close")
        assert refusal(client, f"http://news.example:{port}/").reason == "address_unsafe"


@pytest.mark.parametrize(
    "target", ["http://10.0.0.1/", "http://169.254.169.254/latest/", "file:///etc/passwd", "http://[x/"]
)
def test_redirect_to_private_or_other_scheme_is_refused(target: str) -> None:
    with serve({"/": (302, {"Location": target}, b"")}) as web, open_client(settings()) as client:
        assert refusal(client, f"{web.base}/").reason == "address_unsafe"


def test_redirect_loop_and_long_chain_end() -> None:
    pages = {"/a": (302, {"Location": "/b"}, b""), "/b": (301, {"Location": "/a"}, b"")}
    pages |= {f"/{n}": (302, {"Location": f"/{n + 1}"}, b"") for n in range(20)}
    with serve(dict(pages)) as web, open_client(settings()) as client:
        assert refusal(client, f"{web.base}/a").reason == "redirect_loop"
        assert refusal(client, f"{web.base}/0").reason == "redirect_loop"
        assert len(web.paths()) <= 2 + 4


def test_cookies_are_neither_kept_nor_sent() -> None:
    pages = {"/a": (302, {"Location": "/b", "Set-Cookie": "id=1"}, b""), "/b": b"page"}
    with serve(dict(pages)) as web, open_client(settings()) as client:
        ask(client, f"{web.base}/a")
        assert all("Cookie" not in asked.headers for asked in web.asked)


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "gzip, gzip"])
def test_decompression_bomb_stops_at_the_limit(encoding: str) -> None:
    zeros = b"\0" * 30_000_000
    packed = {
        "gzip": lambda: gzip.compress(zeros), "deflate": lambda: zlib.compress(zeros),
        "br": lambda: brotli.compress(zeros), "gzip, gzip": lambda: gzip.compress(gzip.compress(zeros)),
    }[encoding]()  # fmt: skip
    with serve({"/": (200, {"Content-Encoding": encoding}, packed)}) as web, open_client(settings()) as client:
        assert refusal(client, f"{web.base}/").reason == "too_large"


def test_unknown_and_stacked_encodings_are_refused() -> None:
    with pytest.raises(RejectError, match="not offered"):
        unpack(b"x", "zstd", 10)
    with pytest.raises(RejectError, match="layers"):
        unpack(b"x", "gzip, gzip, gzip", 10)
    for encoding, packed in (("gzip", gzip.compress(b"page")), ("br", brotli.compress(b"page" * 50))):
        with pytest.raises(BrokenBodyError):
            unpack(packed[:-3], encoding, 1000)


def test_endless_body_stops_at_the_limit() -> None:
    with serve() as web, open_client(settings()) as client:
        web.pages["/"] = lambda handler: _endless(handler, web)
        assert refusal(client, f"{web.base}/").reason == "too_large"


def _endless(handler: BaseHTTPRequestHandler, web: Web) -> None:
    handler.send_response(200)
    handler.send_header("Transfer-Encoding", "chunked")
    handler.end_headers()
    while not web.stopping.is_set():
        handler.wfile.write(b"10000\r\n" + b"x" * 0x10000 + b"\r\n")


def test_announced_giant_is_not_even_read() -> None:
    def giant(handler: BaseHTTPRequestHandler) -> None:
        send(handler, 200, {"Content-Length": str(50 * 1024 * 1024)}, b"")

    with serve({"/": giant}) as web, open_client(settings()) as client:
        error = refusal(client, f"{web.base}/")
        assert (error.reason, "52,428,800" in error.detail) == ("too_large", True)


def test_dripping_answer_ends_at_the_total_time() -> None:
    with serve() as web, open_client(settings(timeout_s=0.3, retries=0)) as client:

        def drip(handler: BaseHTTPRequestHandler) -> None:
            handler.send_response(200)
            handler.send_header("Content-Length", "100000")
            handler.end_headers()
            while not web.stopping.wait(0.05):
                handler.wfile.write(b"x")
                handler.wfile.flush()

        web.pages["/"] = drip
        assert refusal(client, f"{web.base}/").reason == "timeout"


XXE = b"""<?xml version="1.0"?><!DOCTYPE rss [<!ENTITY x SYSTEM "file:///etc/passwd">]>
<rss version="2.0"><channel><item><title>&x;</title><link>http://x.example/1</link></item></channel></rss>"""
BOMB = b"""<?xml version="1.0"?><!DOCTYPE rss [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">]>
<rss version="2.0"><channel><title>&b;</title></channel></rss>"""


@pytest.mark.parametrize("adapter", ["rss", "atom", "news_sitemap", "sitemap"])
@pytest.mark.parametrize(
    "body",
    [XXE, BOMB, XXE.decode().encode("utf-16"), b"\xef\xbb\xbf" + BOMB, gzip.compress(XXE), b"<!-- x -->" + BOMB[21:]],
)
def test_entities_in_feeds_and_sitemaps_are_refused(adapter: str, body: bytes) -> None:
    with pytest.raises(RejectError) as caught:
        read_entries(adapter, body, "http://x.example/feed")  # type: ignore[arg-type]
    assert caught.value.reason == "feed_unsafe"


def test_gzip_bomb_as_a_sitemap_stops() -> None:
    with pytest.raises(RejectError) as caught:
        read_entries("sitemap", gzip.compress(b"\0" * 50_000_000), "http://x.example/s.gz")
    assert caught.value.reason == "too_large"


def test_feed_that_is_an_address_is_not_opened() -> None:
    """feedparser opens what looks like an address; it must get a stream."""
    with serve({"/": b"secret"}) as web:
        with pytest.raises(RejectError):
            read_entries("rss", f"{web.base}/".encode(), "http://x.example/feed")
        assert not web.asked


def test_unsafe_links_of_a_feed_are_rejects_and_the_rest_goes_on() -> None:
    bad = [
        "http://10.0.0.1/",
        "http://169.254.169.254/x",
        "file:///etc/passwd",
        "http://a:b@x.example/",
        "http://x/" + "a" * 3000,
    ]
    with serve() as web, open_client(settings(), now=lambda: NOW) as client:
        items = "".join(
            f"<item><link>{link}</link><pubDate>Tue, 16 Jan 2024 08:00:00 GMT</pubDate></item>"
            for link in [*bad, f"{web.base}/good"]
        )
        web.pages["/feed"] = f"<rss version='2.0'><channel>{items}</channel></rss>".encode()
        found = discover(source(web.base), DAY, client)
    assert found.result.tables["link"]["url"].to_list() == [f"{web.base}/good"]
    assert found.result.rejects["reason"].to_list() == ["address_unsafe"] * len(bad)
    assert found.note is not None and "may be missing" in found.note, "the feed begins in the middle of the day"


def test_path_tricks_cannot_leave_the_archive(tmp_path: Path) -> None:
    archive = tmp_path / "deep" / "archive"
    tricks = [
        "/a/../../../../etc/passwd",
        "/..%2f..%2f..%2fetc%2fpasswd",
        "/%00name",
        "/" + "a" * 1500,
        "/day=x/source=y",
    ]
    with serve(dict.fromkeys(tricks, b"<html>page</html>")) as web, open_client(settings()) as client:
        web.pages["/etc/passwd"] = b"<html>page</html>"
        links = contract.frame("link", [
            {"link_id": make_id("lnk", url), "source_id": "example", "day": DAY, "url": web.base + url,
             "adapter": "rss", "found_in": "x"} for url in tricks
        ])  # fmt: skip
        fetch(source(web.base), DAY, links, archive, contract.empty("capture"), client)
    files = {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*") if path.is_file()}
    folder = "deep/archive/day=2024-01-16"
    assert files == {f"{folder}/.source=example.lock", f"{folder}/source=example.warc.gz"}


def test_a_day_full_of_traps_ends_as_articles_and_rejects(tmp_path: Path) -> None:
    """The newsroom's hostile outlet through discover, fetch and clean: nothing hangs, nothing evaporates."""
    with newsroom(0, hostile=True) as room, open_client(settings(timeout_s=5, retries=1)) as client:
        (raw,) = [entry for entry in source_files(room.mapping) if entry["id"] == "hostile"]
        hostile = Source.model_validate(raw)
        found = discover(hostile, date(2024, 1, 17), client)
        links = found.result.tables["link"]
        fetched = fetch(hostile, date(2024, 1, 17), links, tmp_path, contract.empty("capture"), client)
    captures = fetched.tables["capture"]
    cleaned = clean(
        hostile,
        captures,
        links,
        lambda row: read_body(tmp_path, row["warc_file"], row["warc_offset"]),
        load_knobs().clean,
    )
    assert found.result.rejects.height >= 6
    assert set(links["link_id"]) == set(captures["link_id"]) | set(fetched.rejects["record_id"])
    assert set(captures["capture_id"]) == set(cleaned.tables["article"]["capture_id"]) | set(
        cleaned.rejects["record_id"]
    )
    assert {"too_large", "redirect_loop", "address_unsafe", "network_error"} <= set(fetched.rejects["reason"])
    assert {"no_text", "not_html"} <= set(cleaned.rejects["reason"])
    assert "internal_error" not in set(cleaned.rejects["reason"])
    titles = cleaned.tables["article"]["title"].to_list()
    assert "A plain page" in titles and "Café près de Zâhedân – légende" in titles
    assert not list(verify(tmp_path, captures))


def test_a_table_row_cannot_point_outside_the_archive(tmp_path: Path) -> None:
    (tmp_path / "secret.warc.gz").write_bytes(b"x")
    (tmp_path / "archive").mkdir()
    with pytest.raises(RejectError, match="outside the archive"):
        read_body(tmp_path / "archive", "../secret.warc.gz", 0)


def test_header_injection_into_the_archive_is_impossible(tmp_path: Path) -> None:
    """A server's header or address with line breaks must not become a record of its own."""
    pages = {
        "/a": (200, {"ETag": "x", "X-Odd": "\u00e9 WARC/1.1"}, b"<html>WARC/1.1\r\nWARC-Type: response\r\n\r\n</html>")
    }
    with serve(dict(pages)) as web, open_client(settings()) as client:
        links = contract.frame("link", [
            {"link_id": "lnk_1", "source_id": "example", "day": DAY, "url": f"{web.base}/a",
             "adapter": "rss", "found_in": "x"}
        ])  # fmt: skip
        captures = fetch(source(web.base), DAY, links, tmp_path, contract.empty("capture"), client).tables["capture"]
    from warcio.archiveiterator import ArchiveIterator

    data = (tmp_path / captures["warc_file"][0]).read_bytes()
    kinds = [record.rec_type for record in ArchiveIterator(io.BytesIO(data))]
    assert kinds == ["warcinfo", "response", "request", "metadata"]


def test_every_test_that_the_threat_model_names_exists() -> None:
    here = Path(__file__).parent
    named = set(re.findall(r"`(test_\w+)`", (here.parent / "docs" / "security.md").read_text(encoding="utf-8")))
    written = "\n".join(path.read_text(encoding="utf-8") for path in here.glob("test_*.py"))
    assert len(named) > 30
    assert {name for name in named if f"def {name}(" not in written} == set()
