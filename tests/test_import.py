"""Import of folders with other people's WARC and HTML files into the archive."""

from __future__ import annotations

import gzip
import os
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import settings as limits
from hypothesis import strategies as st

from pipeline.clean import clean
from pipeline.discover import folder
from pipeline.discover.folder import import_folder
from pipeline.errors import ConfigError, TransientError
from pipeline.io import warc
from pipeline.io.warc import read_body, verify
from pipeline.settings import load_knobs
from pipeline.sources import Source
from pipeline.stage import Result
from tests.protocols import common_crawl as crawl
from tests.scripted_server import source

NOW = datetime(2024, 3, 1, tzinfo=UTC)
SEEN = datetime(2024, 1, 18, 6, 0, tzinfo=UTC)
TEXT = "The district office said on Tuesday that the road to the pass is open again after two days of snow. " * 3


def outlet(**more: Any) -> Source:
    return source("http://www.courier.example", **more)


def page(text: str = TEXT, published: str | None = "2024-01-16T09:30:00+05:00", canonical: str | None = None) -> bytes:
    head = f'<meta property="article:published_time" content="{published}">' if published else ""
    head += f'<link rel="canonical" href="{canonical}">' if canonical else ""
    return f"<html><head>{head}</head><body><h1>Road open</h1><p>{text}</p></body></html>".encode()


def record(path: str, body: bytes | None = None, **more: Any) -> crawl.Record:
    values: dict[str, Any] = {"at": SEEN, "body": page() if body is None else body} | more
    return crawl.Record(f"http://courier.example{path}", **values)


def take(path: Path, archive: Path, known: pl.DataFrame | None = None, **more: Any) -> Result:
    return import_folder(path, outlet(), archive, known, now=NOW, **more)


def told(result: Result) -> dict[str, str]:
    return dict(result.rejects.select("locator", "reason").iter_rows())


def test_a_warc_becomes_captures_in_our_archive(tmp_path: Path) -> None:
    inbox, archive = tmp_path / "inbox", tmp_path / "archive"
    (inbox / "deep").mkdir(parents=True)
    compressed = (("Content-Type", "text/html"), ("Content-Encoding", "gzip"), ("ETag", '"7"'))
    (inbox / "a.warc.gz").write_bytes(crawl.warc(
        record("/1?utm_source=x"), record("/2", gzip.compress(page(TEXT + "Two.")), headers=compressed),
        record("/3", page(published=None)), crawl.Record("http://other.example/", SEEN),
    ))  # fmt: skip
    (inbox / "deep" / "b.warc").write_bytes(gzip.decompress(crawl.warc(record("/4", page(TEXT + "Four.")))))
    result = take(inbox, archive)
    rows = {row["url"]: row for row in result.tables["capture"].iter_rows(named=True)}
    assert set(rows) == {f"http://courier.example/{n}" for n in range(1, 5)}
    # 9:30 in Karachi is the 16th in UTC as well; a page without a date belongs to the day of its capture.
    assert rows["http://courier.example/1"]["day"] == date(2024, 1, 16)
    assert rows["http://courier.example/3"]["day"] == date(2024, 1, 18)
    assert rows["http://courier.example/2"]["etag"] == '"7"'
    for row in rows.values():
        assert row["seen_at"] == row["fetched_at"] == SEEN
        assert row["warc_file"].startswith(f"day={row['day']}/source=example")
        assert b"district office" in read_body(archive, row["warc_file"], row["warc_offset"]).data
    assert not list(verify(archive, result.tables["capture"]))
    assert told(result) == {"inbox/a.warc.gz": "not_found"}
    assert "1 pages are not of courier.example" in result.rejects["detail"][0].replace("www.", "")
    links = result.tables["link"]
    assert set(links["link_id"]) == {row["link_id"] for row in rows.values()}
    assert set(links["adapter"]) == {"folder"} and links["published_at"].null_count() == 1


def test_an_imported_page_is_cleaned_like_any_other(tmp_path: Path) -> None:
    (tmp_path / "a.warc.gz").write_bytes(crawl.warc(record("/1")))
    result = take(tmp_path / "a.warc.gz", tmp_path / "archive")
    cleaned = clean(outlet(), result.tables["capture"], result.tables["link"],
                    lambda row: read_body(tmp_path / "archive", row["warc_file"], row["warc_offset"]),
                    load_knobs().clean)  # fmt: skip
    article = cleaned.tables["article"].row(0, named=True)
    assert article["url"] == "http://courier.example/1" and "road to the pass" in article["text"]
    assert article["published_at"] == datetime(2024, 1, 16, 4, 30, tzinfo=UTC)


def test_html_files_find_their_address_in_the_page_or_in_a_mirror(tmp_path: Path) -> None:
    site = tmp_path / "saved" / "courier.example" / "news"
    site.mkdir(parents=True)
    (site / "index.html").write_bytes(page(TEXT + "Mirror."))
    (tmp_path / "saved" / "story.htm").write_bytes(page(canonical="https://www.courier.example/story"))
    (tmp_path / "saved" / "nowhere.html").write_bytes(page(TEXT + "Nowhere."))
    for file in (tmp_path / "saved").rglob("*.htm*"):
        os.utime(file, (SEEN.timestamp(), SEEN.timestamp()))
    result = take(tmp_path / "saved", tmp_path / "archive")
    assert sorted(result.tables["capture"]["url"]) == [
        "https://courier.example/news/", "https://www.courier.example/story",
    ]  # fmt: skip
    assert set(result.tables["capture"]["fetched_at"]) == {SEEN}
    assert told(result) == {"saved/nowhere.html": "address_unsafe"}


def test_the_day_can_be_that_of_the_capture(tmp_path: Path) -> None:
    (tmp_path / "a.warc.gz").write_bytes(crawl.warc(record("/1")))
    result = take(tmp_path / "a.warc.gz", tmp_path / "archive", day_by="capture")
    assert result.tables["capture"]["day"].to_list() == [date(2024, 1, 18)]


def test_an_import_run_twice_writes_nothing_twice(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.warc.gz").write_bytes(crawl.warc(record("/1"), record("/1"), record("/2", page(TEXT + "2"))))
    archive = tmp_path / "archive"
    first = take(tmp_path / "in", archive)
    assert first.tables["capture"].height == 2
    assert set(first.rejects["reason"]) == {"unchanged"}
    before = {path: path.stat().st_mtime_ns for path in archive.rglob("*.warc.gz")}
    second = take(tmp_path / "in", archive, first.tables["capture"])
    assert second.tables["capture"].is_empty() and set(second.rejects["reason"]) == {"unchanged"}
    # Stopped before the table was written: the archive knows.
    third = take(tmp_path / "in", archive)
    assert third.tables["capture"].equals(first.tables["capture"])
    assert third.tables["link"].equals(first.tables["link"])
    assert {path: path.stat().st_mtime_ns for path in archive.rglob("*.warc.gz")} == before


def test_more_days_than_may_be_open_at_a_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folder, "MAX_OPEN_DAYS", 2)
    pages = [record(f"/{n}", page(f"{TEXT} {n}", f"2024-01-{1 + n % 5:02}T12:00:00Z")) for n in range(20)]
    (tmp_path / "a.warc.gz").write_bytes(crawl.warc(*pages))
    result = take(tmp_path / "a.warc.gz", tmp_path / "archive")
    assert result.tables["capture"].height == 20 and result.tables["capture"]["day"].n_unique() == 5
    assert not list(verify(tmp_path / "archive", result.tables["capture"]))


def test_what_is_no_page_is_refused_with_its_place(tmp_path: Path) -> None:
    inbox = tmp_path / "in"
    inbox.mkdir()
    (inbox / "a.warc.gz").write_bytes(crawl.warc(
        record("/1"),
        record("/gone", status="404 Not Found"),
        record("/a.pdf", headers=(("Content-Type", "application/pdf"),)),
        record("/" + "x" * 3000),
        record("/forged", headers=(("Content-Type", "text/html"), ("X", "a\r\nWARC-Type: response"))),
    ))  # fmt: skip
    two = crawl.warc(record("/9", page(TEXT + "9")), record("/8", os.urandom(9000)))
    (inbox / "cut.warc.gz").write_bytes(two[:-3000])
    (inbox / "plain.warc").write_bytes(gzip.decompress(crawl.warc(record("/7", page(TEXT + "7"))))[:-100])
    (inbox / "noise.warc.gz").write_bytes(os.urandom(500))
    (inbox / "notes.txt").write_text("no page")
    (inbox / "empty.html").write_bytes(b"")
    result = take(inbox, tmp_path / "archive")
    reasons = told(result)
    assert reasons["in/a.warc.gz#response=2"] == "http_error"
    assert reasons["in/a.warc.gz#response=3"] == "not_html"
    assert reasons["in/a.warc.gz#response=4"] == "address_unsafe"
    assert reasons["in/cut.warc.gz#response=2"] == "archive_corrupt"
    assert reasons["in/plain.warc#response=1"] == "archive_corrupt"
    assert reasons["in/noise.warc.gz#response=1"] == "archive_corrupt"
    assert reasons["in/notes.txt"] == "not_html" and reasons["in/empty.html"] == "no_text"
    assert {row.rpartition("/")[2] for row in result.tables["capture"]["url"]} == {"1", "9", "forged"}
    assert not list(verify(tmp_path / "archive", result.tables["capture"]))


def test_links_and_odd_names_lead_nowhere(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.mkdir()
    (secret / "s.html").write_bytes(page(canonical="http://courier.example/secret"))
    inbox = tmp_path / "in"
    inbox.mkdir()
    (inbox / "out.html").symlink_to(secret / "s.html")
    (inbox / "out").symlink_to(secret, target_is_directory=True)
    (inbox / "loop").symlink_to(inbox, target_is_directory=True)
    os.mkfifo(inbox / "pipe.html")
    odd = os.fsencode(inbox) + b"/line\nbreak\xff.html"
    Path(os.fsdecode(odd)).write_bytes(page(canonical="http://courier.example/../../../etc/odd"))
    result = take(inbox, tmp_path / "archive")
    assert told(result) == {
        "in/out.html": "address_unsafe", "in/out": "address_unsafe", "in/loop": "address_unsafe",
        "in/pipe.html": "not_html",
    }  # fmt: skip
    assert result.tables["link"]["found_in"].to_list() == [r"in/line\x0abreak\xff.html"]
    written = {path.relative_to(tmp_path).parts[0] for path in tmp_path.rglob("*") if path.is_file()}
    assert written == {"secret", "in", "archive"}


def test_a_bomb_in_a_record_stops_at_the_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folder, "MAX_PAGE_BYTES", 100_000)
    packed = (("Content-Type", "text/html"), ("Content-Encoding", "gzip"))
    (tmp_path / "a.warc.gz").write_bytes(crawl.warc(
        record("/bomb", gzip.compress(b"0" * 5_000_000), headers=packed), record("/long", b"<p>" + b"0" * 200_000),
        record("/1"),
    ))  # fmt: skip
    result = take(tmp_path / "a.warc.gz", tmp_path / "archive")
    assert sorted(result.rejects["reason"]) == ["too_large", "too_large"]
    assert result.tables["capture"]["url"].to_list() == ["http://courier.example/1"]


def test_chunked_bodies_are_put_together(tmp_path: Path) -> None:
    body = page()
    pieces = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in (body[:50], body[50:])) + b"0\r\n\r\n"
    headers = (("Content-Type", "text/html"), ("Transfer-Encoding", "chunked"))
    (tmp_path / "a.warc.gz").write_bytes(crawl.warc(record("/1", pieces, headers=headers)))
    row = take(tmp_path / "a.warc.gz", tmp_path / "archive").tables["capture"].row(0, named=True)
    assert read_body(tmp_path / "archive", row["warc_file"], row["warc_offset"]).data == body


def test_a_full_disk_stops_the_import_and_loses_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.warc.gz").write_bytes(crawl.warc(record("/1"), record("/2", page(TEXT + "2"))))
    whole = warc._write_answer
    calls = []

    def full(*arguments: Any) -> None:
        calls.append(1)
        if len(calls) == 2:
            raise OSError(28, "No space left on device")
        whole(*arguments)

    monkeypatch.setattr(warc, "_write_answer", full)
    with pytest.raises(TransientError, match="free space"):
        take(tmp_path / "a.warc.gz", tmp_path / "archive")
    monkeypatch.undo()
    result = take(tmp_path / "a.warc.gz", tmp_path / "archive")
    assert result.tables["capture"].height == 2
    assert not list(verify(tmp_path / "archive", result.tables["capture"]))


def test_a_path_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no such file or folder"):
        take(tmp_path / "missing", tmp_path / "archive")


WARC = crawl.warc(record("/1"), record("/2", page(TEXT + "2")))


@limits(max_examples=60, deadline=None)
@given(st.integers(0, len(WARC)), st.integers(0, 60), st.binary(max_size=6))
def test_no_file_stops_an_import(tmp_path_factory: pytest.TempPathFactory, at: int, n: int, junk: bytes) -> None:
    home = tmp_path_factory.mktemp("import")
    (home / "a.warc.gz").write_bytes(WARC[:at] + junk + WARC[at + n :])
    result = take(home / "a.warc.gz", home / "archive")
    assert result.tables["capture"].height <= 2
    assert result.tables["capture"].height == 2 or result.rejects.height
    assert not list(verify(home / "archive", result.tables["capture"]))
