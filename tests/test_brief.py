"""The weekly brief: made from data, each sentence with its source, one page, harmless and offline."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from datetime import date
from html.parser import HTMLParser
from pathlib import Path

import duckdb
import pytest

from pipeline import brief
from pipeline.brief import phrase
from pipeline.brief.sentences import Sentence
from pipeline.brief.week import Brief, gather
from pipeline.errors import ConfigError, TerminalError
from pipeline.io.warehouse import open_master
from pipeline.operate.browser import find_browser
from tests.cookbook_ledger import ledger

ROOT = Path(__file__).resolve().parent.parent
STRIKES = date(2024, 1, 15)
AMBUSH = date(2024, 1, 8)


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> Iterator[duckdb.DuckDBPyConnection]:
    with ledger(tmp_path_factory.mktemp("brief")) as connection:
        yield connection


@pytest.fixture(scope="module")
def strikes(made) -> Brief:
    return gather(made, STRIKES, 120)


@pytest.fixture
def spoiled(made) -> Iterator[duckdb.DuckDBPyConnection]:
    """The ledger, to be spoiled; nothing of it stays."""
    made.execute("BEGIN")
    yield made
    made.execute("ROLLBACK")


def section(found: Brief, heading: str) -> list[str]:
    return [sentence.text for name, sentences in found.sections if name == heading for sentence in sentences]


def sentences_of(found: Brief) -> list[Sentence]:
    return [*found.lead, *(sentence for _, sentences in found.sections for sentence in sentences)]


class Page(HTMLParser):
    """Tags, links and text of a page."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.words.append(data)


def test_it_says_what_happened_with_range_place_and_who_is_named(strikes):
    assert section(strikes, "What happened") == [
        "16 January 2024: a missile strike against militants near Koh-e-Sabz (Balochistan, Pakistan) killed 2.",
        "By Iran, as reported.",
        "18 January 2024: a missile strike against militants in Saravan (Sistan and Baluchestan, Iran) killed 7 (7–9).",
        "By Pakistan, as reported.",
    ]


def test_its_sums_are_those_of_the_ledger(made, strikes):
    assert strikes.lead[0].text == (
        "The ledger has 2 incidents of this week, 1 on the Iranian side and 1 on the Pakistani; they killed 9 people "
        "(9–11). Of 0 no number of dead is known; 0 rest on one independent source."
    )
    assert [sentence.text for sentence in strikes.lead[1:]] == [
        "The week before was not read, so the two cannot be compared.",
        "Only 60% of the outlets' days could be seen.",
    ]
    for query in strikes.queries:
        assert made.execute(query.sql).fetchall(), "a figure's query can be run again"


def test_it_tells_claimed_links_across_the_border_from_inferred_ones(strikes):
    claimed, *inferred = section(strikes, "Across the border")
    assert claimed == (
        "Missile strike on militants, Saravan, 18 Jan 2024 answers missile strike on militants, Koh-e-Sabz, "
        "16 Jan 2024, 2 days before, says Border Courier."
    )
    assert inferred and all("no source read here calls it an answer" in text for text in inferred)


def test_it_tells_how_a_toll_moved_within_the_week_and_who_disputes_it(made, strikes):
    assert section(strikes, "What changed") == [
        "Missile strike on militants, Saravan, 18 Jan 2024: the dead went from 9 to 7 as more was told."
    ]
    ambush = gather(made, AMBUSH, 120)
    (moved,) = section(ambush, "What changed")
    assert moved.endswith("the dead went from 4 to 9 as more was told.")
    assert section(ambush, "What is contested")[0] == (
        "Ambush on soldiers, Balgatar, 10 Jan 2024: on the dead, police in Frontier Radio says 4, "
        "a militant voice in Coast Monitor 23."
    )
    assert "One side claims 23 dead, which counts in no sum." in section(ambush, "What happened")


def test_it_says_what_could_not_be_seen(strikes):
    assert section(strikes, "What could not be seen") == [
        "Coast Monitor does not reach back that far and could not be read on 2 days from 18 January 2024: "
        "its feed does not reach back."
    ]


def test_no_sentence_stands_without_a_source(made, strikes):
    known = {reference.mark for reference in (*strikes.references, *strikes.queries)}
    for sentence in sentences_of(strikes):
        assert sentence.marks and set(sentence.marks) <= known, sentence
    texts = [row[0] for row in made.execute("SELECT text FROM article").fetchall()]
    for reference in strikes.references:
        assert reference.outlet and reference.url and reference.quotes
        for quote in reference.quotes:
            assert any(quote.removesuffix(" …") in " ".join(text.split()) for text in texts), quote
    with pytest.raises(TerminalError, match="no source"):
        Sentence("Something happened.", ())


def test_what_no_claim_supports_is_not_said(spoiled):
    spoiled.execute("UPDATE incident SET perpetrator = 'Somebody', perpetrator_stance = 'accused'")
    spoiled.execute("DELETE FROM claim WHERE field = 'perpetrator'")
    assert not any("Somebody" in sentence.text for sentence in sentences_of(gather(spoiled, STRIKES, 120)))


def test_marks_lead_to_their_source_on_the_page_and_nothing_is_loaded(made):
    page = Page(brief.render_brief(made, STRIKES, "rtest", 120))
    ids = {values["id"] for _, values in page.tags if "id" in values}
    marks = [values["href"] for tag, values in page.tags if tag == "a" and (values["href"] or "").startswith("#")]
    assert marks and {mark.removeprefix("#") for mark in marks if mark} == ids
    assert {tag for tag, _ in page.tags} & {"script", "img", "link", "iframe"} == set()
    assert any("default-src 'none'" in (values.get("content") or "") for _, values in page.tags)
    assert "rtest" in " ".join(page.words)


def test_quotes_are_short_and_run_in_their_direction(made):
    html = brief.render_brief(made, STRIKES, "rtest", 30)
    quotes = re.findall(r"<q[^>]*>(.*?)</q>", html)
    assert quotes and all(len(quote) <= 30 for quote in quotes)
    assert re.search(r'<q lang="ur" dir="rtl">سراوان', html)


def test_hostile_words_stay_words(spoiled):
    hostile = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>"
    spoiled.execute("UPDATE article SET title = ?, url = 'javascript:alert(1)//' || article_id", [hostile])
    spoiled.execute("UPDATE incident SET headline = ?, target = ?, place_name = ?", [hostile, hostile, hostile])
    spoiled.execute("UPDATE source SET name = ?", [hostile])
    page = Page(brief.render_brief(spoiled, STRIKES, hostile, 120))
    assert {tag for tag, _ in page.tags} & {"script", "img"} == set()
    assert not any((values.get("href") or "").startswith("javascript:") for _, values in page.tags)
    assert hostile in " ".join(page.words)


def test_a_quiet_week_and_an_empty_ledger(made, tmp_path):
    quiet = gather(made, date(2023, 6, 5), 120)
    assert [sentence.text for sentence in quiet.lead] == ["The ledger has no incident of this week."]
    assert quiet.sections == [] and quiet.references == []
    assert brief.latest_week(made) == STRIKES
    with open_master(tmp_path / "empty.duckdb") as empty:
        assert "no incident of this week" in brief.render_brief(empty, STRIKES, "rtest", 120)
        with pytest.raises(TerminalError, match="run some days first"):
            brief.latest_week(empty)


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ({}, "16 January 2024: an ambush against Levies near Kech (Pakistan) killed 3."),
        (
            {"killed_best": 0},
            "16 January 2024: an ambush against Levies near Kech (Pakistan) killed nobody.",
        ),
        (
            {"place_name": None, "admin1": None, "country": None, "killed_best": None},
            "16 January 2024: an ambush against Levies at a place that is not known; no source gives a number of dead.",
        ),
        (
            {"event_type": "raid_operation", "where_prec": 4, "place_name": "Balochistan"},
            "16 January 2024: a raid somewhere in Balochistan (Pakistan) killed 3.",
        ),
        (
            {"target": "market"},
            "16 January 2024: an ambush against a market near Kech (Pakistan) killed 3.",
        ),
    ],
)
def test_events_are_told_no_better_than_they_are_known(row, expected):
    known = {
        "event_type": "ambush", "target": "Levies", "starts_on": date(2024, 1, 16), "ends_on": date(2024, 1, 16),
        "date_precision": "day", "place_name": "Kech", "admin1": None, "country": "PK", "where_prec": 2,
        "killed_low": 3, "killed_best": 3, "killed_high": 3,
    }  # fmt: skip
    assert phrase.event(known | row) == expected


@pytest.mark.parametrize("text", ["2024-3", "2024-W54", "2024-W00", "W03", "2024-W3", "soon"])
def test_a_week_that_is_none_is_refused(text):
    with pytest.raises(ConfigError, match="2024-W03"):
        brief.week_of(text)


def test_weeks_are_those_of_iso_8601():
    assert brief.week_of("2024-W01") == date(2024, 1, 1) and brief.week_of("2026-W53") == date(2026, 12, 28)
    assert brief.week_name(date(2026, 12, 28)) == "2026-W53"


def pages_of(pdf: Path) -> int:
    return len(re.findall(rb"/Type\s*/Page\b", pdf.read_bytes()))


def test_the_demo_fits_on_one_printed_page(demo_home, tmp_path):
    """By the command, as an analyst gets it."""
    find_browser()
    done = subprocess.run(
        [sys.executable, "-m", "pipeline", "brief", "--week", "2024-W03", "--to", str(tmp_path), "--json"],
        cwd=ROOT, env=dict(os.environ) | {"SARHAD_HOME": str(demo_home)}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["page"] == str(tmp_path / "brief-2024-W03.html")
    html = Path(told["page"]).read_text(encoding="utf-8")
    for heading in ("What happened", "What is contested", "Sources"):
        assert f"<h2>{heading}</h2>" in html
    assert pages_of(Path(told["pdf"])) == 1


def test_a_full_week_is_printed_small_enough_for_one_page(tmp_path):
    find_browser()
    page = tmp_path / "full.html"
    page.write_text("<!doctype html><style></style>" + "<p>One more sentence.</p>" * 36, encoding="utf-8")
    pdf = brief.write_pdf(page)
    assert pdf and pages_of(pdf) == 1
    assert page.read_text(encoding="utf-8").count("zoom") == 0


def test_without_a_chromium_there_is_a_page_and_no_pdf(monkeypatch, tmp_path):
    monkeypatch.setattr(shutil, "which", lambda name: None)
    page = tmp_path / "brief.html"
    page.write_text("<!doctype html><title>x</title>", encoding="utf-8")
    assert brief.write_pdf(page) is None


def test_a_chromium_that_fails_is_told(monkeypatch, tmp_path):
    broken = tmp_path / "chromium"
    broken.write_text("#!/bin/sh\necho out of paper >&2\nexit 3\n")
    broken.chmod(0o755)
    monkeypatch.setattr(shutil, "which", lambda name: str(broken))
    (tmp_path / "brief.html").write_text("<!doctype html><title>x</title>", encoding="utf-8")
    with pytest.raises(TerminalError, match="out of paper"):
        brief.write_pdf(tmp_path / "brief.html")
