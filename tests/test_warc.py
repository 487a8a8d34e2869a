"""The archive: readable by others, checked by digest, and a damaged file is one clear problem."""

from __future__ import annotations

import gzip
import random
from datetime import UTC, date, datetime
from pathlib import Path

import polars as pl
import pytest
from warcio.archiveiterator import ArchiveIterator
from warcio.checker import Checker

from pipeline import contract
from pipeline.errors import RejectError
from pipeline.ids import sha256_bytes
from pipeline.io.http import Answer
from pipeline.io.warc import Stored, open_segment, read_body, verify
from pipeline.io.warc_records import read_records

DAY = date(2024, 1, 16)
AT = datetime(2026, 1, 1, 12, tzinfo=UTC)
PAGES = [b"<html>" + random.Random(number).randbytes(2000).hex().encode() + b"</html>" for number in range(4)]


def answer(body: bytes, number: int = 0, packed: bool = False) -> Answer:
    headers = (("Content-Type", "text/html; charset=utf-8"), ("Transfer-Encoding", "chunked"))
    headers += (("Content-Encoding", "gzip"),) if packed else ()
    url = f"http://news.example/{number}?a=b"
    raw = gzip.compress(body, mtime=0) if packed else body
    return Answer(url, url, 200, "OK", (("Host", "news.example"),), headers, raw, body, AT)


def write(archive: Path, bodies: list[bytes], source_id: str = "example", packed: bool = False) -> list[Stored]:
    with open_segment(archive, DAY, source_id) as segment:
        return [segment.add(answer(body, n, packed), {"sarhad-n": str(n)}) for n, body in enumerate(bodies)]


def rows(stored: list[Stored], bodies: list[bytes]) -> pl.DataFrame:
    return contract.frame("capture", [
        {"capture_id": f"cap_{n}", "warc_file": one.warc_file, "warc_offset": one.warc_offset,
         "body_sha256": sha256_bytes(body)}
        for n, (one, body) in enumerate(zip(stored, bodies, strict=True))
    ])  # fmt: skip


@pytest.mark.parametrize("packed", [False, True])
def test_what_is_written_is_read_back(tmp_path: Path, packed: bool) -> None:
    stored = write(tmp_path, PAGES, packed=packed)
    for one, page in zip(stored, PAGES, strict=True):
        body = read_body(tmp_path, one.warc_file, one.warc_offset)
        assert (body.data, body.status, body.content_type) == (page, 200, "text/html; charset=utf-8")
    assert not list(verify(tmp_path, rows(stored, PAGES)))


def test_other_tools_can_read_it(tmp_path: Path) -> None:
    """WARC 1.1, one gzip member per record, with request and metadata; warcio's own checker finds no fault."""
    (stored,) = write(tmp_path, PAGES[:1])
    path = tmp_path / stored.warc_file
    records = [(record.rec_type, record.rec_headers.protocol) for record in ArchiveIterator(path.open("rb"))]
    assert records == [(kind, "WARC/1.1") for kind in ("warcinfo", "response", "request", "metadata")]
    checker = Checker(type("Options", (), {"inputs": [str(path)], "verbose": True}))
    assert checker.process_all() == 0
    response = next(record for record in ArchiveIterator(path.open("rb")) if record.rec_type == "response")
    assert response.rec_headers.get_header("WARC-Payload-Digest").startswith("sha256:")
    assert response.http_headers.get_header("Transfer-Encoding") is None, "the body is stored without chunking"


def test_nothing_written_makes_no_file(tmp_path: Path) -> None:
    write(tmp_path, [])
    assert not list(tmp_path.rglob("*.gz"))


def test_sources_and_days_have_files_of_their_own(tmp_path: Path) -> None:
    assert write(tmp_path, PAGES[:1], "one")[0].warc_file == "day=2024-01-16/source=one.warc.gz"
    assert write(tmp_path, PAGES[:1], "two")[0].warc_file == "day=2024-01-16/source=two.warc.gz"
    assert write(tmp_path, PAGES[:1], "one")[0].warc_file == "day=2024-01-16/source=one.2.warc.gz"


def test_a_flipped_byte_is_found_and_located(tmp_path: Path) -> None:
    """Not gzip's own check: the record is damaged inside and packed again, so only the digest can tell."""
    stored = write(tmp_path, PAGES)
    path = tmp_path / stored[0].warc_file
    data = path.read_bytes()
    start = stored[1].warc_offset
    end = next(read_records(path, start)).end
    forged = gzip.compress(gzip.decompress(data[start:end]).replace(b"<html>", b"<htmX>", 1))
    path.write_bytes(data[:start] + forged + data[end:])
    (problem,) = verify(tmp_path)
    assert "digest" in problem.what and problem.file.endswith("source=example.warc.gz")
    with pytest.raises(RejectError, match=r"source=example\.warc\.gz at byte") as caught:
        read_body(tmp_path, stored[1].warc_file, start)
    assert caught.value.reason == "archive_corrupt"
    assert read_body(tmp_path, stored[0].warc_file, stored[0].warc_offset).data == PAGES[0], "the others stand"


@pytest.mark.parametrize("keep", [0.3, 0.6, 0.95, 0.999])
def test_a_cut_file_is_found(tmp_path: Path, keep: float) -> None:
    stored = write(tmp_path, PAGES)
    path = tmp_path / stored[0].warc_file
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * keep)])
    assert list(verify(tmp_path)), "silently accepted"


def test_every_cut_and_every_flip_is_found_or_harmless(tmp_path: Path) -> None:
    """Whatever one byte becomes: a page is read back as it was, or the damage is an error; never another page."""
    (stored,) = write(tmp_path, [b"<html>short</html>"])
    path = tmp_path / stored.warc_file
    whole = path.read_bytes()
    for at in range(0, len(whole), 3):
        for damaged in (whole[:at], whole[:at] + bytes([whole[at] ^ 0x55]) + whole[at + 1 :]):
            path.write_bytes(damaged)
            list(verify(tmp_path))
            try:
                body = read_body(tmp_path, stored.warc_file, stored.warc_offset)
            except RejectError as error:
                assert error.reason == "archive_corrupt"
            else:
                assert body.data == b"<html>short</html>"


def test_missing_file_and_wrong_offset_are_named(tmp_path: Path) -> None:
    stored = write(tmp_path, PAGES[:1])
    with pytest.raises(RejectError, match=r"nowhere\.warc\.gz at byte 0"):
        read_body(tmp_path, "nowhere.warc.gz", 0)
    with pytest.raises(RejectError, match="no response record"):
        read_body(tmp_path, stored[0].warc_file, 0)
    lost = rows(stored, PAGES[:1]).with_columns(warc_file=pl.lit("day=2024-01-16/source=lost.warc.gz"))
    assert [problem.file for problem in verify(tmp_path, lost)] == ["day=2024-01-16/source=lost.warc.gz"]


def test_a_page_that_is_not_that_of_the_table_is_found(tmp_path: Path) -> None:
    stored = write(tmp_path, PAGES[:1])
    (problem,) = verify(tmp_path, rows(stored, PAGES[1:2]))
    assert problem.what == "cap_0: body differs from the table"


def test_unfinished_file_is_named_and_taken_over(tmp_path: Path) -> None:
    segment_path = tmp_path / "day=2024-01-16" / ".source=example.warc.gz.part"
    (stored,) = write(tmp_path, PAGES[:1])
    (tmp_path / stored.warc_file).rename(segment_path)
    assert [problem.what.partition(";")[0] for problem in verify(tmp_path)] == ["unfinished"]
    with open_segment(tmp_path, DAY, "example") as segment:
        assert [one.fields for one in segment.found] == [{"sarhad-n": "0"}]
    assert not segment_path.exists()
    assert not list(verify(tmp_path))


def test_unfinished_file_without_a_whole_capture_is_dropped(tmp_path: Path) -> None:
    (stored,) = write(tmp_path, PAGES[:1])
    whole = (tmp_path / stored.warc_file).read_bytes()
    (tmp_path / stored.warc_file).unlink()
    part = tmp_path / "day=2024-01-16" / ".source=example.warc.gz.part"
    for end in (0, 5, stored.warc_offset, stored.warc_offset + 50, len(whole) - 1):
        part.write_bytes(whole[:end])
        with open_segment(tmp_path, DAY, "example") as segment:
            assert segment.found == []
        assert not list(tmp_path.rglob("*.part")) and not list(tmp_path.rglob("*.gz"))
