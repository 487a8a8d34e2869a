"""Bad input: the reader never raises, its quotes slice back, its ranges are in order, and its time is bounded."""

from __future__ import annotations

import itertools
from datetime import date
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.extract import Article, Reader, Reading, load_reader
from pipeline.extract.text import MAX_SENTENCE, fold, sentence_spans

NEWS = """Gunmen killed at least three of the and or soldiers including 2 policemen in Mastung on Friday . , ; : “ ” - —
BLA claimed responsibility for the attack no group has between 4 or five were injured an explosion IED (23) 1,200
said Quetta: 13 July 2023 last month two days earlier Zahedan 's province district was by Iran 10-12 more than \x00
\u200c a dozen several police station executed prisoners after which when who ISPR operation ISLAMABAD km N-25 ۱۲ ملا"""
WORDS = st.sampled_from([*NEWS.split(), "\n", "\n\n"])


@cache
def reader() -> Reader:
    return load_reader()


def check(text: str, published: date | None = date(2024, 3, 13)) -> Reading:
    reading = reader().read(Article("a", text, published, lang="en"))
    spans = [entity.span for entity in reading.entities]
    for mention in reading.mentions:
        spans.append(mention.span)
        for claim in mention.claims:
            spans.append(claim.span)
            ordered = [value for value in (claim.low, claim.best, claim.high) if value is not None]
            assert ordered == sorted(ordered)
            assert all(value >= 0 for value in ordered)
            if claim.starts_on and claim.ends_on:
                assert claim.starts_on <= claim.ends_on
    for span in spans:
        assert 0 <= span.start < span.end <= len(text)
        assert text[span.start : span.end].strip()
    return reading


@given(st.lists(WORDS, max_size=120).map(" ".join))
@settings(max_examples=150, deadline=None)
def test_shuffled_news_is_read_in_order(text: str) -> None:
    check(text)


@given(st.text(max_size=300))
@settings(max_examples=100, deadline=None)
def test_any_text_is_read(text: str) -> None:
    check(text, None)


@given(st.text(max_size=200))
@settings(max_examples=200, deadline=None)
def test_folding_keeps_every_offset(text: str) -> None:
    folded = fold(text)
    assert len(folded) == len(text)
    assert fold(folded) == folded


@given(st.text(alphabet="aB .!?\"'\n", max_size=300))
def test_sentences_cover_the_text_without_overlap(text: str) -> None:
    spans = sentence_spans(text, 0, len(text), frozenset())
    for (_, end), (start, _) in itertools.pairwise(spans):
        assert end <= start
    assert "".join(text.split()) == "".join("".join(text[start:end].split()) for start, end in spans)


@pytest.mark.parametrize(
    "text",
    [
        "",
        " \n\t ",
        "\x00\x07\x1b",
        "killed " * 3000,
        "1 " * 1000,
        " ".join(str(n) for n in range(1000)) + " killed",
        "Nine people were killed in Quetta on Friday" * 200,
        "NINE PEOPLE WERE KILLED AND FOUR INJURED IN A BLAST IN QUETTA ON FRIDAY, POLICE SAID.",
        "nine people were killed and four injured in a blast in quetta on friday police said",
        "N1ne pe0ple were k|lled in a b1ast in Qu3tta on Fr!day.",
        "(" * 5000,
        "Mr. " * 2000,
        "دو نفر killed در Quetta on جمعہ.",
    ],
    ids=range(13),
)
def test_odd_texts(text: str) -> None:
    check(text)


def test_capitals_are_read_like_other_text() -> None:
    reading = check("NINE PEOPLE WERE KILLED AND FOUR INJURED IN A BLAST IN QUETTA ON FRIDAY, POLICE SAID.")
    (mention,) = reading.mentions
    figures = {(claim.field, claim.best) for claim in mention.claims if claim.field in ("killed", "injured")}
    assert figures == {("killed", 9), ("injured", 4)}


def test_no_full_stop_is_needed() -> None:
    reading = check("Gunmen killed two policemen in Khash on Friday\nTwo others were injured")
    assert reading.relevant


def test_too_long_a_text_is_refused_with_its_limit() -> None:
    reading = reader().read(Article("a", "word " * 200_000, lang="en"))
    assert reading.reason == "too_long"
    assert str(reader().knowledge.judgement.max_words) in reading.detail


def test_an_endless_sentence_is_cut() -> None:
    text = "bomb in Quetta " * 2000
    spans = sentence_spans(text, 0, len(text), frozenset())
    assert max(end - start for start, end in spans) <= MAX_SENTENCE


@pytest.mark.parametrize(("lang", "reason"), [("xx", "language_not_read"), ("en", "no_event")])
def test_reasons_are_of_the_closed_list(lang: str, reason: str) -> None:
    assert reader().read(Article("a", "A quiet day.", lang=lang)).reason == reason
