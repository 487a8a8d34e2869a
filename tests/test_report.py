"""The report: whole, safe and offline, whatever the data."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, timedelta
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import urldefrag

import polars as pl
import pytest

from pipeline import contract
from pipeline.dimension import place_frame
from pipeline.fuse import source_frame
from pipeline.io.warehouse import open_master
from pipeline.load import load
from pipeline.report import atlas, build_report, chart, words
from pipeline.report.build import figure
from pipeline.sources import load_sources
from tests.made_up import FIRST_DAY, light_sql, made_up_day, run_row

MANIFEST = {
    "release_id": "rtest", "published_at": "2024-01-21T02:00:00+00:00", "code_version": "abc",
    "config_sha256": "0" * 64, "latest_seen_at": "2024-01-20T11:00:00+00:00", "rows": {"incident": 3},
}  # fmt: skip
HOSTILE = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>&amp;"
VOID = {"meta", "br", "img", "input", "link", "hr", "path", "circle", "line", "rect"}
Frames = dict[str, pl.DataFrame]


class Page(HTMLParser):
    """What a test asks of a page: its tags in balance, addresses, scripts, ids, text and elements."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.path = path
        self.links: list[str] = []
        self.ids: list[str] = []
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.open: list[str] = []
        self.feed(path.read_text(encoding="utf-8"))
        assert not self.open, f"{path}: not closed: {self.open}"

    def handle_starttag(self, tag, attrs):
        values = dict(attrs)
        self.elements.append((tag, values))
        self.links += [value for name, value in attrs if name in ("href", "src") and value]
        self.ids += [value for name, value in attrs if name == "id" and value]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag):
        if tag not in VOID:
            assert self.open.pop() == tag, f"{self.path}: </{tag}> closes another element"

    def handle_data(self, data):
        if self.open and self.open[-1] not in ("script", "style"):
            self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())

    def tags(self, name: str) -> list[dict[str, str | None]]:
        return [values for tag, values in self.elements if tag == name]


@pytest.fixture(scope="module")
def config() -> Frames:
    return {"source": source_frame(load_sources("demo")), "place": place_frame()}


@pytest.fixture
def build(tmp_path, config, monkeypatch):
    """Load some days, changed by a function, and give the pages of the report by name.

    Without audits: the report must stay whole on data that no audit would let pass.
    """
    monkeypatch.setattr(contract, "SQL_FOLDER", light_sql(tmp_path / "sql"))

    def run(
        n_events: int = 3, change: Callable[[Frames], Frames] = lambda frames: frames, n_days: int = 1
    ) -> dict[str, Page]:
        with open_master(tmp_path / "warehouse.duckdb") as connection:
            for offset in range(n_days):
                day = FIRST_DAY + timedelta(days=offset)
                load(connection, day, change({**made_up_day(day, n_events), **config}), run_row(day))
            build_report(connection, tmp_path / "release" / "report", MANIFEST)
        folder = tmp_path / "release" / "report"
        return {path.relative_to(folder).as_posix(): Page(path) for path in folder.rglob("*.html")}

    return run


def check_whole(pages: dict[str, Page]) -> None:
    """Every link leads somewhere, nothing asks the network, ids are unique, and each page has its landmarks."""
    for name, page in pages.items():
        assert len(page.ids) == len(set(page.ids)), name
        for link in page.links:
            address, fragment = urldefrag(link)
            if address.startswith(("http://", "https://")):
                continue
            target = (page.path.parent / address).resolve() if address else page.path
            assert target.exists(), f"{name} -> {link}"
            if fragment and target.suffix == ".html":
                assert fragment in Page(target).ids, f"{name} -> {link}"
        loaded = [values for tag in ("img", "script", "link", "iframe", "source") for values in page.tags(tag)]
        assert not any(values.get("src") or values.get("href") for values in loaded), name
        assert page.tags("html")[0]["lang"] == "en" and len(page.tags("main")) == len(page.tags("h1")) == 1, name
        assert "default-src 'none'" in str([v.get("content") for v in page.tags("meta")]), name
        assert page.tags("title"), name


def test_the_report_is_whole(build):
    pages = build(n_days=4)
    check_whole(pages)
    assert {"index.html", "coverage.html", "method.html"} <= pages.keys()
    assert sum(name.startswith("incidents/") for name in pages) == 12
    assert len([row for row in pages["index.html"].tags("tr") if "data-kind" in row]) == 12


def test_an_empty_release_has_a_report(build):
    pages = build(n_events=0)
    check_whole(pages)
    assert "No incident in this release." in pages["index.html"].text
    assert "No dated incident yet." in pages["index.html"].text


def test_a_database_in_which_nothing_was_run_has_a_report(tmp_path):
    """With all rules, macros and views."""
    with open_master(tmp_path / "warehouse.duckdb") as connection:
        build_report(connection, tmp_path / "report", MANIFEST)
    pages = {path.name: Page(path) for path in (tmp_path / "report").glob("*.html")}
    check_whole(pages)
    assert "Nothing has been loaded yet" in pages["index.html"].text
    assert "No day has been run yet." in pages["coverage.html"].text


def test_strangers_words_stay_words(build):
    def spoil(frames: Frames) -> Frames:
        hostile = pl.lit(HOSTILE)
        return {
            **frames,
            "incident": frames["incident"].with_columns(
                headline=hostile, place_name=hostile, perpetrator=hostile, perpetrator_stance=pl.lit("accused"),
                target=hostile, claimed_by=hostile, weapons=pl.concat_list(hostile), contested=pl.concat_list(hostile),
            ),
            "article": frames["article"].with_columns(title=hostile, url=pl.lit("javascript:alert(3)")),
            "claim": frames["claim"].with_columns(quote=hostile, speaker=hostile, value=hostile),
            "coverage": frames["coverage"].with_columns(state=pl.lit("failed"), note=hostile),
            "reject": frames["reject"].with_columns(detail=hostile),
            "source": frames["source"].with_columns(name=hostile),
            "place": frames["place"].with_columns(name=hostile),
        }  # fmt: skip

    pages = build(change=spoil)
    check_whole(pages)
    for name, page in pages.items():
        assert not page.tags("img"), name
        assert len(page.tags("script")) == (1 if name == "index.html" else 0), name
        assert not any(link.startswith("javascript:") for link in page.links), name
        assert not any(attribute.startswith("on") for _, values in page.elements for attribute in values), name
    assert any("<script>alert(1)</script>" in page.text for page in pages.values())


def test_quotes_of_persian_and_urdu_run_from_right_to_left(build):
    quote = "در این حمله پنج نفر کشته شدند"

    def persian(frames: Frames) -> Frames:
        return {
            **frames,
            "article": frames["article"].with_columns(language=pl.lit("fa"), title=pl.lit(quote)),
            "claim": frames["claim"].with_columns(quote=pl.lit(quote)),
        }

    pages = build(n_events=1, change=persian)
    page = next(page for name, page in pages.items() if name.startswith("incidents/"))
    assert {(values["lang"], values["dir"]) for values in page.tags("blockquote")} == {("fa", "rtl")}
    assert quote in page.text and "Persian" in page.text


def test_an_incident_without_place_date_or_toll_is_shown_as_that(build):
    def bare(frames: Frames) -> Frames:
        none = ("starts_on", "ends_on", "place_id", "place_name", "country", "admin1", "lat", "lon", "where_prec",
                "km_to_border", "killed_low", "killed_best", "killed_high", "killed_unknown")  # fmt: skip
        schema = frames["incident"].schema
        nulls = [pl.lit(None, dtype=schema[name]).alias(name) for name in none]
        return {**frames, "incident": frames["incident"].with_columns(*nulls, date_precision=pl.lit("unknown"))}

    pages = build(n_events=1, change=bare)
    check_whole(pages)
    index = pages["index.html"].text
    assert "date unknown" in index and "1 without a known place" in index and "1 other incident, recounted" in index


def test_very_long_names_and_many_claims_are_kept(build):
    long = "Sar" * 400

    def stretch(frames: Frames) -> Frames:
        return {
            **frames,
            "incident": frames["incident"].with_columns(headline=pl.lit(long), place_name=pl.lit(long)),
            "claim": frames["claim"].with_columns(quote=pl.lit("word " * 900)),
        }

    pages = build(change=stretch)
    check_whole(pages)
    assert long in pages["index.html"].text
    page = next(page for name, page in pages.items() if name.startswith("incidents/"))
    assert "word …" in page.text or "word…" in page.text


def test_an_incident_page_shows_every_claim_with_speaker_and_source(build):
    def claims(frames: Frames) -> Frames:
        first = pl.int_range(pl.len()) % 2 == 0
        return {
            **frames,
            "claim": frames["claim"].with_columns(
                speaker=pl.when(first).then(pl.lit("Levies spokesman")),
                speaker_type=pl.when(first).then(pl.lit("police")).otherwise("speaker_type"),
                stance=pl.when(first).then(pl.lit("denied")).otherwise("stance"),
            ),
        }

    pages = build(n_events=1, change=claims)
    page = next(page for name, page in pages.items() if name.startswith("incidents/"))
    assert len(page.tags("blockquote")) == 12
    for text in ("Levies spokesman (police)", "the outlet itself", "denied", "Frontier Radio", "How to cite"):
        assert text in page.text, text


def test_coverage_tells_no_news_from_no_data(build):
    def gap(frames: Frames) -> Frames:
        states = pl.Series(["ok", "failed", "unreachable"])
        notes = pl.Series([None, "HTTP 503", "feed is too short"])
        return {**frames, "coverage": frames["coverage"].with_columns(state=states, note=notes)}

    page = build(n_events=0, change=gap)["coverage.html"]
    cells = [values["class"] for values in page.tags("span") if (values.get("class") or "").startswith("cell")]
    assert cells[-3:] == ["cell ok", "cell failed", "cell unreachable"]
    assert "HTTP 503" in page.text and "feed is too short" in page.text


def test_data_docs_are_linked_where_they_are(build, tmp_path):
    (tmp_path / "release" / "data_docs").mkdir(parents=True)
    (tmp_path / "release" / "data_docs" / "index.html").write_text("<!doctype html><title>Docs</title>")
    pages = build()
    check_whole({name: page for name, page in pages.items() if name.endswith(".html")})
    assert "../data_docs/index.html" in pages["index.html"].links


def test_many_marks_of_one_place_become_one():
    rows = [
        {"incident_id": f"inc_{n}", "lat": 27.4, "lon": 62.3, "event_type": "ambush", "killed_best": 1, "killed_low": 1,
         "killed_high": 1, "headline": "h", "where_prec": 2, "place_name": "Saravan", "starts_on": FIRST_DAY,
         "ends_on": FIRST_DAY, "date_precision": "day"}
        for n in range(atlas.MOST_MARKS + 1)
    ]  # fmt: skip
    assert atlas.draw_map(rows, []).count('class="mark ') == 1
    assert atlas.draw_map(rows[:20], []).count('class="mark ') == 20


def test_places_off_the_map_are_counted():
    rows = [{"lat": None, "lon": None}, {"lat": 35.7, "lon": 51.4}, {"lat": 27.4, "lon": 62.3}]
    assert atlas.not_on_map(rows) == (1, 1)


def test_a_long_time_is_drawn_in_weeks():
    rows = [
        {"starts_on": date(2023, 1, 1) + timedelta(days=n), "date_precision": "day", "killed_low": 1, "killed_best": 2,
         "killed_high": None}
        for n in range(0, 400, 10)
    ]  # fmt: skip
    drawn = chart.draw_timeline(rows, [])
    assert "per week" in drawn and "week of 26 December 2022" in drawn
    assert "per day" in chart.draw_timeline(rows[:2], [])


def test_the_toll_curve_needs_two_figures():
    claim = {"field": "killed", "victim_group": "all", "low": 2, "best": 2, "high": None, "speaker": None,
             "speaker_type": "media", "seen_at": run_row()["loaded_at"]}  # fmt: skip
    assert chart.draw_toll([claim, {**claim, "field": "injured", "best": 3}], []) is None
    assert chart.draw_toll([claim, claim], []) is None
    drawn = chart.draw_toll([claim, {**claim, "best": 5, "victim_group": "civilians"}], []) or ""
    assert "2 dead, says media" in drawn and "5 dead (civilians), says media" in drawn
    fold = [{"seen_at": claim["seen_at"], "killed_low": 2, "killed_best": 2, "killed_high": None}]
    assert 'class="best"' in (chart.draw_toll([claim, {**claim, "best": 5}], fold) or "")


@pytest.mark.parametrize(
    ("start", "end", "precision", "expected"),
    [
        (date(2024, 1, 16), date(2024, 1, 16), "day", "16 January 2024"),
        (date(2024, 1, 16), date(2024, 1, 18), "days", "16–18 January 2024"),
        (date(2024, 1, 30), date(2024, 2, 2), "week", "30 January – 2 February 2024"),
        (date(2023, 12, 30), date(2024, 1, 2), "days", "30 December 2023 – 2 January 2024"),
        (date(2024, 1, 1), date(2024, 1, 31), "month", "in January 2024"),
        (date(2024, 1, 1), date(2024, 12, 31), "year", "in 2024"),
        (None, None, "unknown", "date unknown"),
    ],
)
def test_dates_are_told_no_more_exactly_than_known(start, end, precision, expected):
    assert words.when({"starts_on": start, "ends_on": end, "date_precision": precision}) == expected


@pytest.mark.parametrize(
    ("low", "best", "high", "expected"),
    [
        (5, 5, 5, "5"),
        (4, 5, 9, "5 (4–9)"),
        (5, 5, None, "5 (5+)"),
        (None, None, None, "–"),
        (None, 5, 5, "5"),
        (0, 0, 0, "0"),
    ],
)
def test_tolls_are_told_with_their_range(low, best, high, expected):
    assert words.toll({"killed_low": low, "killed_best": best, "killed_high": high}, "killed") == expected


@pytest.mark.parametrize(
    ("claim", "expected"),
    [
        ({"low": 20, "best": 20, "high": None, "qualifier": "at_least"}, "at least 20"),
        ({"low": None, "best": None, "high": None, "qualifier": "vague"}, "a number that is not told"),
        ({"low": 4, "best": None, "high": 9, "qualifier": "vague"}, "4–9"),
        ({"low": 1200, "best": 1200, "high": 1200, "qualifier": "exact"}, "1,200"),
    ],
)
def test_figures_are_told_as_their_words_bind_them(claim, expected):
    assert figure(claim) == expected


def test_only_web_addresses_are_followed():
    assert words.web_address("https://a.example/x") == "https://a.example/x"
    assert words.web_address("javascript:alert(1)") is None and words.web_address(None) is None


def test_every_event_type_of_the_contract_has_a_kind():
    from pipeline.codebook import closed_lists

    known = {kind for _, _, _, types in words.KINDS for kind in types}
    assert set(closed_lists("mention")["event_type"]) == known


def test_the_style_has_no_address():
    folder = Path(words.__file__).resolve().parent
    for path in folder.rglob("*"):
        if path.suffix in (".css", ".js", ".html"):
            assert not re.search(r"(https?:)?//[a-z]", path.read_text(encoding="utf-8")), path
