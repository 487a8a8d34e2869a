"""Fetching: polite, conditional, retried only where it helps, resumed after a crash, and whole on the disk."""

from __future__ import annotations

import errno
import gzip
import os
import socket
import ssl
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler
from itertools import pairwise
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from pipeline import contract
from pipeline.errors import RejectError, TransientError
from pipeline.fetch import accept_datetime, check_sources, fetch
from pipeline.ids import make_id, sha256_bytes
from pipeline.io import warc
from pipeline.io.http import open_client
from pipeline.io.warc import read_body, verify
from pipeline.sources import Politeness
from pipeline.stage import Result
from tests.scripted_server import IMPATIENT, Web, send, serve, settings, source

DAY = date(2024, 1, 16)
PAGE = b"<html><body><p>A page about nothing in particular.</p></body></html>"
NOTHING = contract.empty("capture")


def links(web: Web, *paths: str, **more: Any) -> pl.DataFrame:
    return contract.conform("link", contract.frame("link", [
        {"link_id": make_id("lnk", path), "source_id": "example", "day": DAY, "url": web.base + path, "adapter": "rss",
         "found_in": f"{web.base}/feed"} | more for path in paths
    ]))  # fmt: skip


def run(web: Web, archive: Path, wanted: pl.DataFrame, known: pl.DataFrame = NOTHING, **changes: Any) -> Result:
    """Fetch with a client of its own; ``changes`` go to settings, or to the source with a leading underscore."""
    of_source = {name[1:]: value for name, value in changes.items() if name.startswith("_")}
    of_settings = {name: value for name, value in changes.items() if not name.startswith("_")}
    with open_client(settings(**of_settings)) as client:
        return fetch(source(web.base, **of_source), DAY, wanted, archive, known, client)


def reasons(result: Result) -> dict[str, str]:
    return {row["locator"].partition("/")[2].partition("/")[2].partition("/")[2]: row["reason"]
            for row in result.rejects.iter_rows(named=True)}  # fmt: skip


def test_a_page_is_captured_with_its_digest_and_headers(tmp_path: Path) -> None:
    headers = {"ETag": '"1"', "Last-Modified": "Tue, 16 Jan 2024 08:00:00 GMT", "Content-Encoding": "gzip"}
    with serve({"/a": (200, headers, gzip.compress(PAGE))}) as web:
        row = run(web, tmp_path, links(web, "/a")).tables["capture"].row(0, named=True)
    assert row["body_sha256"] == sha256_bytes(PAGE)
    assert (row["n_bytes"], row["etag"], row["last_modified"]) == (len(PAGE), '"1"', headers["Last-Modified"])
    assert row["seen_at"] == row["fetched_at"]
    assert read_body(tmp_path, row["warc_file"], row["warc_offset"]).data == PAGE
    assert not list(verify(tmp_path))


def test_every_link_ends_as_capture_or_reject(tmp_path: Path) -> None:
    with serve({"/a": PAGE, "/gone": (410, {}, b""), "/odd": (451, {}, b"")}) as web:
        wanted = links(web, "/a", "/gone", "/odd", "/missing")
        result = run(web, tmp_path, wanted)
    assert reasons(result) == {"gone": "not_found", "odd": "http_error", "missing": "not_found"}
    assert set(wanted["link_id"]) == set(result.tables["capture"]["link_id"]) | set(result.rejects["record_id"])


def test_second_run_asks_for_nothing_and_changes_nothing(tmp_path: Path) -> None:
    with serve({"/a": PAGE, "/b": PAGE + b"b"}) as web:
        wanted = links(web, "/a", "/b")
        first = run(web, tmp_path, wanted)
        asked, files = len(web.asked), {p: p.read_bytes() for p in tmp_path.rglob("*.gz")}
        second = run(web, tmp_path, wanted, first.tables["capture"])
        assert len(web.asked) == asked
        assert second.tables["capture"].equals(first.tables["capture"])
        assert second.rejects.is_empty()
        assert {p: p.read_bytes() for p in tmp_path.rglob("*.gz")} == files


def test_new_links_go_into_a_file_of_their_own(tmp_path: Path) -> None:
    with serve({"/a": PAGE, "/b": PAGE + b"b"}) as web:
        first = run(web, tmp_path, links(web, "/a"))
        before = {p: p.read_bytes() for p in tmp_path.rglob("*.gz")}
        second = run(web, tmp_path, links(web, "/a", "/b"), first.tables["capture"])
    assert web.paths() == ["/a", "/b"]
    assert second.tables["capture"]["warc_file"].unique().sort().to_list() == [
        "day=2024-01-16/source=example.2.warc.gz", "day=2024-01-16/source=example.warc.gz",
    ]  # fmt: skip
    assert all(path.read_bytes() == data for path, data in before.items())


def test_changed_link_is_asked_for_conditionally(tmp_path: Path) -> None:
    def page(handler: BaseHTTPRequestHandler) -> None:
        if handler.headers.get("If-None-Match") == '"1"':
            send(handler, 304, {"ETag": '"1"'}, b"")
        else:
            send(handler, 200, {"ETag": '"1"'}, PAGE)

    with serve({"/a": page}) as web:
        first = run(web, tmp_path, links(web, "/a"))
        later = datetime.now(UTC) + timedelta(minutes=5)
        changed = links(web, "/a", modified_at=later)
        second = run(web, tmp_path, changed, first.tables["capture"])
        assert web.asked[-1].headers["If-None-Match"] == '"1"'
        assert second.rejects["reason"].to_list() == ["unchanged"]
        assert second.tables["capture"].equals(first.tables["capture"])
        web.pages["/a"] = (200, {"ETag": '"2"'}, PAGE + b"more")
        third = run(web, tmp_path, changed, second.tables["capture"])
    assert third.tables["capture"].height == 2, "the old text stays, the new one is beside it"


def test_304_that_nobody_asked_for_is_an_error(tmp_path: Path) -> None:
    with serve({"/a": (304, {}, b"")}) as web:
        assert reasons(run(web, tmp_path, links(web, "/a"))) == {"a": "http_error"}


def test_memento_asks_for_the_end_of_the_day_and_believes_its_answer(tmp_path: Path) -> None:
    seen = "Tue, 16 Jan 2024 09:30:00 GMT"
    with serve({"/a": (200, {"Memento-Datetime": seen}, PAGE)}) as web:
        result = run(web, tmp_path, links(web, "/a"), _memento=True)
        page = web.asked[-1]
    assert page.headers["Accept-Datetime"] == "Wed, 17 Jan 2024 00:00:00 GMT"
    assert result.tables["capture"]["seen_at"].to_list() == [datetime(2024, 1, 16, 9, 30, tzinfo=UTC)]


def test_memento_of_the_future_is_not_believed(tmp_path: Path) -> None:
    future = format_datetime(datetime.now(UTC) + timedelta(days=3), usegmt=True)
    with serve({"/a": (200, {"Memento-Datetime": future}, PAGE), "/b": (200, {"Memento-Datetime": "x"}, PAGE)}) as web:
        row = run(web, tmp_path, links(web, "/a", "/b"), _memento=True).tables["capture"]
    assert (row["seen_at"] == row["fetched_at"]).all()


def test_the_current_day_is_asked_for_as_it_is() -> None:
    archive = source("http://127.0.0.1:1", memento=True)
    assert accept_datetime(archive, DAY, datetime(2024, 1, 16, 12, tzinfo=UTC)) == {}
    assert accept_datetime(archive, DAY, datetime(2024, 1, 17, tzinfo=UTC)) != {}
    assert accept_datetime(source("http://127.0.0.1:1"), DAY, datetime(2025, 1, 1, tzinfo=UTC)) == {}


def test_robots_txt_is_obeyed_and_read_once(tmp_path: Path) -> None:
    robots = b"User-agent: *\nDisallow: /print/\n\nUser-agent: sarhad-test\nDisallow: /print/\nDisallow: /secret\n"
    with serve(
        {
            "/robots.txt": robots,
            "/a": PAGE,
            "/print/b": PAGE,
            "/secret": PAGE,
            "/r": (302, {"Location": "/print/b"}, b""),
        }
    ) as web:
        result = run(web, tmp_path, links(web, "/a", "/print/b", "/secret", "/r"))
    assert reasons(result) == dict.fromkeys(["print/b", "secret", "r"], "robots_disallowed")
    assert sorted(web.paths()) == ["/a", "/r"]
    assert sum(asked.path == "/robots.txt" for asked in web.asked) == 1


@pytest.mark.parametrize(("status", "allowed"), [(404, True), (403, True), (503, False), (429, False)])
def test_missing_robots_txt_allows_and_failing_one_forbids(tmp_path: Path, status: int, allowed: bool) -> None:
    """RFC 9309, 2.3.1.3 and 2.3.1.4."""
    with serve({"/robots.txt": (status, {}, b""), "/a": PAGE}) as web:
        result = run(web, tmp_path, links(web, "/a"), retries=0)
    assert result.tables["capture"].height == allowed
    assert reasons(result) == ({} if allowed else {"a": "robots_disallowed"})


def test_delay_and_crawl_delay_are_kept(tmp_path: Path) -> None:
    paths = [f"/{n}" for n in range(4)]
    for robots, delay, pause in ((b"", 0.1, 0.1), (b"User-agent: *\nCrawl-delay: 0.15\n", 0.01, 0.15)):
        with serve(dict.fromkeys(paths, PAGE) | {"/robots.txt": robots}) as web:
            politeness = {"delay_s": delay, "max_concurrent": 4}
            run(web, tmp_path / str(pause), links(web, *paths), _politeness=politeness)
        at = [asked.at for asked in web.asked if asked.path != "/robots.txt"]
        gaps = [later - earlier for earlier, later in pairwise(at)]
        assert min(gaps) >= pause * 0.7, "as seen by the server, with some room for its threads"


def test_never_more_at_once_than_allowed(tmp_path: Path) -> None:
    running: list[int] = []
    most: list[int] = []

    def slow(handler: BaseHTTPRequestHandler) -> None:
        running.append(1)
        most.append(len(running))
        time.sleep(0.05)
        running.pop()
        send(handler, 200, {}, PAGE)

    paths = [f"/{n}" for n in range(8)]
    with serve(dict.fromkeys(paths, slow)) as web:
        run(web, tmp_path, links(web, *paths), _politeness={"delay_s": 0, "max_concurrent": 2})
    assert max(most) == 2


def test_user_agent_is_honest(tmp_path: Path) -> None:
    with serve({"/a": PAGE}) as web:
        run(web, tmp_path, links(web, "/a"))
    assert {asked.headers["User-Agent"] for asked in web.asked} == {"sarhad-test/1 (tests)"}


def fail_first(times: int, how: Callable[[BaseHTTPRequestHandler], None]) -> Callable[[BaseHTTPRequestHandler], None]:
    left = [times]

    def answer(handler: BaseHTTPRequestHandler) -> None:
        if left[0] > 0:
            left[0] -= 1
            how(handler)
        else:
            send(handler, 200, {}, PAGE)

    return answer


def reset(handler: BaseHTTPRequestHandler) -> None:
    handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    handler.close_connection = True
    handler.connection.close()


def half(handler: BaseHTTPRequestHandler) -> None:
    send(handler, 200, {"Content-Length": "5000"}, b"half")
    handler.close_connection = True


def cut_gzip(handler: BaseHTTPRequestHandler) -> None:
    send(handler, 200, {"Content-Encoding": "gzip"}, gzip.compress(PAGE)[:-6])


def status(code: int, **headers: str) -> Callable[[BaseHTTPRequestHandler], None]:
    return lambda handler: send(handler, code, {name.replace("_", "-"): value for name, value in headers.items()}, b"")


@pytest.mark.parametrize("how", [reset, half, cut_gzip, status(500), status(503), status(429)])
def test_transient_failures_are_tried_again(tmp_path: Path, how: Callable[[BaseHTTPRequestHandler], None]) -> None:
    with serve({"/a": fail_first(2, how)}) as web:
        assert run(web, tmp_path, links(web, "/a")).tables["capture"].height == 1


@pytest.mark.parametrize(
    ("how", "reason"),
    [(reset, "network_error"), (half, "network_error"), (cut_gzip, "network_error"), (status(502), "http_error")],
)
def test_lasting_failures_become_rejects_after_the_tries(
    tmp_path: Path, how: Callable[[BaseHTTPRequestHandler], None], reason: str
) -> None:
    with serve({"/a": fail_first(99, how), "/b": PAGE}) as web:
        result = run(web, tmp_path, links(web, "/a", "/b"))
    assert reasons(result) == {"a": reason}
    assert result.tables["capture"].height == 1, "the others go on"
    assert web.paths().count("/a") == 3
    assert "3 tries" in result.rejects["detail"][0]


RAW = [
    b"", b"\r\n", b"garbage", b"HTTP/1.1", b"HTTP/1.1 200", b"HTTP/1.1 abc OK\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nNo colon here\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabc",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    b"HTTP/1.1 200 OK\r\nX: " + b"a" * 200_000 + b"\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nX: \xff\xfe\r\nContent-Encoding: \xe9\r\n\r\nabc",
    b"HTTP/1.1 302 Found\r\nLocation: http://[\r\n\r\n",
    b"HTTP/1.1 302 Found\r\nLocation: \xd8\xae\r\nContent-Length: 0\r\n\r\n", b"HTTP/1.1 302 Found\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\nnot gzip", b"HTTP/1.1 103 Early Hints\r\n\r\n" * 50,
]  # fmt: skip


@pytest.mark.parametrize("raw", RAW)
def test_whatever_a_server_sends_ends_as_a_reject(raw: bytes) -> None:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.connection.sendall(raw)
        handler.close_connection = True

    refused = pytest.raises(RejectError)
    with (
        serve({"/a": answer, "/robots.txt": b""}) as web,
        open_client(settings(retries=0)) as client,
        refused as caught,
    ):
        client.run(client.get(f"{web.base}/a", IMPATIENT))
    assert caught.value.reason in ("network_error", "http_error", "address_unsafe", "not_html", "not_found")


@pytest.mark.parametrize("code", [400, 401, 403, 404, 410])
def test_final_answers_are_not_tried_again(tmp_path: Path, code: int) -> None:
    with serve({"/a": status(code)}) as web:
        run(web, tmp_path, links(web, "/a"))
    assert web.paths() == ["/a"]


def test_retry_after_is_honoured_and_capped(tmp_path: Path) -> None:
    waits: list[float] = []

    async def sleep(seconds: float) -> None:
        waits.append(seconds)

    pages = {"/a": fail_first(1, status(503, Retry_After="7")), "/b": fail_first(1, status(503, Retry_After="9000"))}
    with serve(dict(pages)) as web, open_client(settings(), sleep=sleep) as client:
        result = fetch(source(web.base), DAY, links(web, "/a", "/b"), tmp_path, NOTHING, client)
    assert 7.0 in waits and max(waits) <= 60
    assert reasons(result) == {"b": "http_error"}, "left to the next run"


def test_silent_host_is_left_alone_after_a_while(tmp_path: Path) -> None:
    paths = [f"/{n}" for n in range(12)]
    with serve(dict.fromkeys(paths, reset) | {"/robots.txt": b""}) as web:
        result = run(web, tmp_path, links(web, *paths), retries=0, _politeness={"delay_s": 0, "max_concurrent": 1})
    assert set(reasons(result).values()) == {"network_error"}
    assert len(web.paths()) == 5


def test_timeout_dns_and_refused_connection_are_named(tmp_path: Path) -> None:
    async def no_such_name(host: str, port: int) -> list[str]:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    with serve({"/slow": lambda handler: time.sleep(1)}) as web:
        assert reasons(run(web, tmp_path, links(web, "/slow"), timeout_s=0.2, retries=0)) == {"slow": "timeout"}
        with open_client(settings(), resolver=no_such_name) as client:
            result = fetch(source(web.base), DAY, links(web, "/x"), tmp_path, NOTHING, client)
        assert result.rejects["reason"].to_list() == ["network_error"]
        assert "no address" in result.rejects["detail"][0]
    refused = run(replace(web, base="http://127.0.0.1:9"), tmp_path / "b", links(web, "/x"), retries=0)
    assert refused.rejects["reason"].to_list() == ["network_error"]


def test_untrusted_tls_is_refused_without_retries(tmp_path: Path) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(_self_signed(tmp_path))
    with socket.create_server(("127.0.0.1", 0)) as plain, open_client(settings(retries=0, timeout_s=5)) as client:

        def shake() -> None:
            connection, _ = plain.accept()
            try:
                context.wrap_socket(connection, server_side=True)
            except (ssl.SSLError, OSError):
                connection.close()

        thread = threading.Thread(target=shake, daemon=True)
        thread.start()
        with pytest.raises(RejectError, match="TLS") as caught:
            client.run(client.get(f"https://127.0.0.1:{plain.getsockname()[1]}/", IMPATIENT))
        thread.join()
    assert caught.value.reason == "network_error"


def _self_signed(folder: Path) -> Path:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(1).not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    path = folder / "both.pem"
    plain = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    path.write_bytes(key.private_bytes(*plain) + certificate.public_bytes(serialization.Encoding.PEM))
    return path


def test_full_disk_is_one_clear_error_and_what_was_there_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = warc._write_answer
    written: list[str] = []

    def full_at_third(writer: Any, answer: Any, fields: Any) -> None:
        if len(written) == 2:
            writer.out.write(b"\x1f\x8bhalf a record")
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        written.append(answer.url)
        real(writer, answer, fields)

    with serve({f"/{n}": PAGE + b"%d" % n for n in range(4)}) as web:
        wanted = links(web, *(f"/{n}" for n in range(4)))
        monkeypatch.setattr(warc, "_write_answer", full_at_third)
        with pytest.raises(TransientError, match=r"source=example.*No space left on device.*free space"):
            run(web, tmp_path, wanted, _politeness={"delay_s": 0, "max_concurrent": 1})
        monkeypatch.setattr(warc, "_write_answer", real)
        before = len(web.paths())
        result = run(web, tmp_path, wanted)
    assert result.tables["capture"].height == 4
    assert len(web.paths()) - before == 2, "the two that were written are not fetched again"
    assert not list(verify(tmp_path))


def test_unwritable_archive_is_one_clear_error(tmp_path: Path) -> None:
    (tmp_path / "archive").write_text("a file where a folder should be")
    with serve({"/a": PAGE}) as web, pytest.raises(TransientError, match="cannot write the archive"):
        run(web, tmp_path / "archive", links(web, "/a"))


KILLED = """
import sys
from datetime import date
from pathlib import Path
import os, threading
from pipeline import contract
from pipeline.fetch import fetch
from pipeline.io.http import open_client
from tests.scripted_server import Web, settings, source
from tests.test_fetch import links
web = Web(sys.argv[1], {})
def die(done, total):
    if done == 3:
        os.kill(os.getpid(), 9)
with open_client(settings()) as client:
    fetch(source(web.base, politeness={"delay_s": 0, "max_concurrent": 1}), date(2024, 1, 16),
          links(web, *(f"/{n}" for n in range(6))), Path(sys.argv[2]), contract.empty("capture"), client, die)
"""


def test_killed_run_is_taken_up_where_it_stopped(tmp_path: Path) -> None:
    with serve({f"/{n}": PAGE + b"%d" % n for n in range(6)}) as web:
        died = subprocess.run(
            [sys.executable, "-c", KILLED, web.base, str(tmp_path)], cwd=Path(__file__).parent.parent, check=False
        )
        assert died.returncode == -9
        (part,) = tmp_path.rglob("*.part")
        with part.open("ab") as stream:
            stream.write(part.read_bytes()[:777])  # and the power failed in the middle of a record
        assert [str(problem) for problem in verify(tmp_path)] != []
        result = run(web, tmp_path, links(web, *(f"/{n}" for n in range(6))))
    assert sorted(web.paths()) == [f"/{n}" for n in range(6)], "nothing lost, nothing fetched twice"
    assert result.tables["capture"].height == 6
    assert not list(verify(tmp_path, result.tables["capture"]))
    assert not list(tmp_path.rglob("*.part"))


def test_captures_are_found_again_when_the_table_is_lost(tmp_path: Path) -> None:
    with serve({"/a": (200, {"ETag": '"x y"'}, PAGE), "/b": PAGE + b"b"}) as web:
        wanted = links(web, "/a", "/b")
        first = run(web, tmp_path, wanted).tables["capture"]
        asked = len(web.asked)
        again = run(web, tmp_path, wanted, NOTHING).tables["capture"]
    assert again.equals(first)
    assert len(web.asked) == asked


def test_same_day_twice_at_once_is_refused(tmp_path: Path) -> None:
    refused = pytest.raises(TransientError, match="another run is fetching example")
    with serve({"/a": PAGE}) as web, warc.open_segment(tmp_path, DAY, "example"), refused:
        run(web, tmp_path, links(web, "/a"))


def test_progress_is_told(tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    with serve({"/a": PAGE, "/b": PAGE}) as web, open_client(settings()) as client:
        fetch(source(web.base), DAY, links(web, "/a", "/b"), tmp_path, NOTHING, client, lambda *step: told.append(step))
    assert told == [(0, 2), (1, 2), (2, 2)]


def test_check_sources_says_what_answers_and_why_not(tmp_path: Path) -> None:
    feed = b"<rss version='2.0'><channel><item><link>http://x.example/1</link></item></channel></rss>"
    with serve({"/feed": feed, "/html": b"<!doctype html><p>Welcome"}) as web, open_client(settings()) as client:
        two = source(web.base, discovery=[
            {"adapter": "rss", "url": f"{web.base}/feed"}, {"adapter": "rss", "url": f"{web.base}/html"},
            {"adapter": "sitemap", "url": f"{web.base}/none"},
        ])  # fmt: skip
        rows = check_sources([two], client)
    assert [row["ok"] for row in rows] == [True, False, False]
    assert rows[0]["note"] == "verified"
    assert all(row["note"].startswith("not verified from here: ") for row in rows[1:])


def test_politeness_belongs_to_the_host_not_to_the_source() -> None:
    with serve({"/a": PAGE, "/b": PAGE}) as web, open_client(settings()) as client:
        polite = Politeness(delay_s=0.2, max_concurrent=1)
        client.run(client.get(f"{web.base}/a", polite))
        client.run(client.get(f"{web.base}/b", polite))
    assert web.asked[-1].at - web.asked[-2].at >= 0.15
