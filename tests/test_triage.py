"""Triage: incident words and places of the theatre, in any encoding and disguise, and a score for the audit."""

from __future__ import annotations

import html
import json
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import settings as limits
from hypothesis import strategies as st

from pipeline import contract
from pipeline.errors import ConfigError
from pipeline.fetch.triage import (
    irrelevant_row,
    judge_page,
    judge_text,
    load_terms,
    normalise,
    sample_irrelevant,
    triage,
    visible_text,
)

GOLDEN = Path(__file__).parent / "golden" / "en"
NEWS = "A roadside bomb killed two guards near Panjgur on Friday."
RECIPE = "Stir the lentils for an hour, add salt, and serve them with bread."
HTML = "text/html; charset=utf-8"
ESCAPES = "".join(f"\\u{ord(char):04x}" for char in NEWS)


def page(text: str, head: str = "", furniture: str = "Home Sport Weather") -> bytes:
    return f"<html><head>{head}</head><body><nav>{furniture}</nav><p>{text}</p></body></html>".encode()


def capture(number: int, **more: Any) -> dict[str, Any]:
    return {
        "capture_id": f"cap_{number}", "link_id": f"lnk_{number}", "source_id": "example", "day": date(2024, 1, 16),
        "final_url": f"http://example.org/{number}", "content_type": HTML, "warc_file": "a.warc.gz", "warc_offset": 7,
    } | more  # fmt: skip


def test_an_incident_in_the_theatre_is_relevant() -> None:
    judged = judge_page(page(NEWS), HTML, "en")
    assert judged.relevant and judged.score == 1.0
    assert "panjgur" in judged.places and "roadside bomb" in judged.incidents


def test_neither_incident_nor_place_is_not() -> None:
    judged = judge_page(page(RECIPE), HTML, "en")
    assert (judged.relevant, judged.score) == (False, 0.0)


@pytest.mark.parametrize(("text", "score"), [
    ("A bomb killed two people in Lyon.", 0.6),
    ("Dates are cheap in Panjgur this week.", 0.4),
    ("A bomb was the talk of Panjgur.", 0.7),
])  # fmt: skip
def test_an_incident_elsewhere_and_a_quiet_place_score_but_do_not_pass(text: str, score: float) -> None:
    judged = judge_page(page(text), HTML, "en")
    assert judged.score == score
    assert judged.relevant == (score >= 0.7)


def test_words_count_only_as_whole_words() -> None:
    # "ied" in "carried", "raid" in "braided", "Hub" and "Mand" in other words
    judged = judge_text("They carried braided rope to the hubcap shop; demand was high, the hostelry died out.", "en")
    assert not judged.places
    assert not {"ied", "raid"} & set(judged.incidents)


def test_a_phrase_with_another_meaning_silences_the_word_in_it() -> None:
    assert not judge_text("The blast furnace of the mill was relit.", "en").incidents
    assert judge_text("A blast shook the mill.", "en").incidents == ("blast",)


def test_titles_alone_would_lose_it() -> None:
    judged = judge_page(page(NEWS, head="<title>Two dead, says official</title>"), HTML, "en")
    assert judged.relevant
    assert not judge_text("Two dead, says official", "en").relevant


def test_a_lead_from_the_feed_counts() -> None:
    assert judge_page(page("Read more after the break."), HTML, "en", lead=NEWS).relevant


@pytest.mark.parametrize("disguised", [
    page("".join(f"&#{ord(char)};" for char in NEWS)),
    page(html.escape(NEWS).replace("a", "&#x61;")),
    page("", head=f"<script>var data = {{'body': '{ESCAPES}'}}</script>"),
    page("", head=f'<meta name="description" content="{NEWS}">'),
    page("", head=f'<script type="application/ld+json">{json.dumps({"articleBody": NEWS})}</script>'),
    page("A roadside <b>bomb</b> killed<br>two guards near <a href='/p'>Panjgur</a>."),
    page(NEWS).decode().encode("utf-16"),
    page(NEWS.replace("two guards", "two guards – their names were not given –")).decode().encode("cp1252", "replace"),
], ids=["numeric", "mixed", "json-escapes", "description", "json-ld", "tags", "utf-16", "cp1252"])  # fmt: skip
def test_words_are_found_behind_entities_escapes_tags_and_encodings(disguised: bytes) -> None:
    assert judge_page(disguised, "text/html", "en").relevant


def test_an_acronym_counts_only_as_it_is_written() -> None:
    assert "BLA" in judge_text("The BLA said so.", "en").incidents
    assert not judge_text("He went bla bla.", "en").incidents


def test_a_page_in_a_language_without_lexicon_is_read() -> None:
    unread = "xx"
    assert unread not in load_terms().languages
    judged = judge_text(RECIPE, unread)
    assert judged.relevant and judged.score is None and unread in judged.reason


def test_it_keeps_the_golden_articles() -> None:
    """The floor of recall: of the reports of incidents in the golden set none is left out."""
    articles = [json.loads(path.read_text(encoding="utf-8")) for path in sorted(GOLDEN.glob("*.json"))]
    lost = [
        article["id"] for article in articles
        if article["relevant"] and not judge_text(f"{article['title'] or ''}\n{article['text']}", "en").relevant
    ]  # fmt: skip
    assert len(articles) > 100 and not lost


def test_every_capture_is_kept_or_rejected_with_its_score() -> None:
    captures = [
        (capture(1), page(NEWS)), (capture(2), page(RECIPE)), (capture(3, content_type="application/pdf"), b"%PDF"),
        (capture(4), page("A bomb killed two people in Lyon.")),
    ]  # fmt: skip
    kept, rejects = triage(captures, "en")
    # What is no page is left to cleaning, which says what it is.
    assert kept == ["cap_1", "cap_3"]
    told = {row["record_id"]: row["reason"] for row in rejects}
    assert told == {"cap_2": "no_event", "cap_4": "outside_theatre"}
    assert rejects[1]["detail"].startswith("triage 0.600: ")
    assert contract.conform("reject", contract.frame("reject", rejects)).height == 2


def test_a_relevant_page_makes_no_reject() -> None:
    with pytest.raises(ConfigError, match="is relevant"):
        irrelevant_row(capture(1), judge_page(page(NEWS), HTML, "en"))


def test_the_audit_samples_the_nearest_misses_and_some_of_the_rest() -> None:
    rows = [irrelevant_row(capture(n), judge_text("bomb" if n < 3 else RECIPE, "en")) for n in range(40)]
    rejects = pl.DataFrame([*rows, rows[0] | {"reject_id": "rej_x", "detail": "another stage's reject"}])
    sample = sample_irrelevant(rejects, 6, seed=1)
    assert sample.height == 6 and sample["score"].is_sorted(descending=True)
    assert sample["score"].to_list()[:3] == [0.3, 0.3, 0.3]
    assert sample.equals(sample_irrelevant(rejects, 6, seed=1))
    assert not sample.equals(sample_irrelevant(rejects, 6, seed=2))
    assert sample_irrelevant(rejects, 100)["reject_id"].n_unique() == 40


def test_a_wrong_setting_names_its_line(tmp_path: Path) -> None:
    text = (Path(__file__).parent.parent / "config" / "triage.yml").read_text(encoding="utf-8")
    (tmp_path / "triage.yml").write_text(text.replace("threshold: 0.7", "threshold: 7"), encoding="utf-8")
    with pytest.raises(ConfigError, match=r"triage\.yml:\d+: threshold"):
        load_terms(tmp_path)


@limits(max_examples=200, deadline=None)
@given(st.binary(max_size=400))
def test_no_page_stops_it(body: bytes) -> None:
    kept, rejects = triage([(capture(1), body)], "en")
    assert len(kept) + len(rejects) == 1


@limits(max_examples=100, deadline=None)
@given(st.text(max_size=200))
def test_more_text_never_lowers_the_score(text: str) -> None:
    alone = judge_text(NEWS, "en")
    assert judge_text(f"{NEWS}\n\n{text}", "en").score == alone.score
    assert normalise(normalise(text)) == normalise(text)
    assert len(visible_text(text)) <= len(text) * 2 + 2
