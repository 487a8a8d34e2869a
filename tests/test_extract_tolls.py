"""Tolls as an experienced coder reads them: every case of toll_cases.yml, and what no toll may ever be."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml

from pipeline.extract.emit import line_of
from pipeline.extract.reader import Reader, load_reader
from pipeline.extract.reading import Article

PUBLISHED = date(2024, 5, 15)
CASES: dict[str, list[dict[str, Any]]] = yaml.safe_load(
    (Path(__file__).parent / "toll_cases.yml").read_text(encoding="utf-8")
)
ROWS = [pytest.param(case, id=f"{kind}-{n}") for kind, cases in CASES.items() for n, case in enumerate(cases)]


@pytest.fixture(scope="module")
def reader() -> Reader:
    return load_reader()


def incident(reader: Reader, text: str) -> dict[str, Any]:
    """The first main incident that a text yields, else its first."""
    article = Article("t", text, PUBLISHED, lang="en")
    incidents = line_of(article, reader.read(article))["incidents"]
    assert incidents, f"no incident in {text!r}"
    found: dict[str, Any] = next((item for item in incidents if item["role"] == "main"), incidents[0])
    return found


def wanted(value: Any) -> list[Any]:
    """low, best and high of a case: one figure stands for the best alone."""
    return value if isinstance(value, list) else [None, value, None]


@pytest.mark.parametrize("case", ROWS)
def test_case(reader: Reader, case: dict[str, Any]) -> None:
    found = incident(reader, case["text"])
    for name in ("killed", "injured"):
        toll = found[name]
        if isinstance(case.get(name), list):
            assert [toll["low"], toll["best"], toll["high"]] == case[name], name
        else:
            assert toll["best"] == case.get(name), name
            assert case.get(name) is not None or toll["low"] is None, name
    assert found["killed"]["attackers"] == case.get("attackers")
    assert found["killed"]["claimed"] == case.get("claimed")


def test_every_class_has_cases() -> None:
    """The classes of the codebook stay covered."""
    assert {"numbers", "parts", "sums", "attackers", "zero", "vague", "revised", "claimed", "no_toll"} <= set(CASES)
    assert sum(map(len, CASES.values())) >= 250


def test_every_figure_quotes_its_text(reader: Reader) -> None:
    for cases in CASES.values():
        for case in cases:
            article = Article("t", case["text"], PUBLISHED, lang="en")
            for mention in reader.read(article).mentions:
                for claim in mention.claims:
                    assert 0 <= claim.span.start < claim.span.end <= len(case["text"])


@pytest.mark.parametrize(
    "text",
    [
        "Police in Quetta said 12 July was the day of the blast in Turbat.",
        "A bomb went off 35 km from Turbat on Monday at 10:30 am.",
        "A bomb of 25 kg went off in ward 7 of Turbat on Monday.",
        "A blast in Turbat on Monday destroyed 14 shops and 9 vehicles.",
        "A blast hit a convoy of 23 buses with 1,200 people on the N-25 near Turbat on Monday.",
        "Gunmen fired 30 rounds at a house in Turbat on Monday; 400 people live in the village.",
    ],
)
def test_other_numbers_are_no_toll(reader: Reader, text: str) -> None:
    article = Article("t", text, PUBLISHED, lang="en")
    for found in line_of(article, reader.read(article))["incidents"]:
        assert found["killed"]["best"] is None, text
        assert found["injured"]["best"] is None, text
