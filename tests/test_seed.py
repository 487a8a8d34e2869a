"""The document that the project was born from. It lies beside the repository, so these tests run where it is there."""

import os
from pathlib import Path
from typing import Any

import pytest

from pipeline.extract import read_lines

SHARED = Path(os.environ.get("SARHAD_SHARED", Path(__file__).resolve().parents[2] / "shared"))
pytestmark = pytest.mark.shared


def read_seed(published: str | None) -> tuple[str, list[dict[str, Any]]]:
    (path,) = (SHARED / "seed").glob("*.txt")
    text = path.read_text(encoding="utf-8")
    (answer,) = read_lines([{"id": "seed", "text": text, "published": published}])
    return text, answer["incidents"]


def find(incidents: list[dict[str, Any]], *types: str, **wanted: str) -> dict[str, Any]:
    matching = [
        incident
        for incident in incidents
        if incident["event_type"] in types and all(value in str(incident[key]) for key, value in wanted.items())
    ]
    assert len(matching) == 1, (types, wanted, [(i["event_type"], i["perpetrator"], i["role"]) for i in incidents])
    return matching[0]


def test_seed_is_read() -> None:
    text, incidents = read_seed("2024-02-25")
    killing = find(incidents, "armed_clash", "raid_operation", "assassination", perpetrator="Iran")
    assert killing["role"] == "main"
    assert killing["date"]["start"] == killing["date"]["end"] == "2024-02-23"
    assert killing["place"]["country"] == "PK"
    assert killing["killed"]["low"] == 1
    air = find(incidents, "air_strike", "missile_strike", perpetrator="Pakistan Air Force")
    assert air["place"]["admin1"] == "Sistan and Baluchestan"
    assert air["place"]["country"] == "IR"
    answer = find(incidents, "missile_strike", "drone_strike", perpetrator="IRGC")
    assert answer["date"]["start"] == "2024-02-24"
    assert "Jaish al-Adl" in (answer["target"] or "")
    rask = find(incidents, "armed_attack", place="Rask")
    assert rask["role"] == "background"
    assert len(incidents) == 4
    for incident in incidents:
        for item in incident["evidence"]:
            assert text[item["start"] : item["end"]] == item["quote"]


def test_seed_without_a_publication_date_gets_no_dates() -> None:
    _, incidents = read_seed(None)
    assert incidents
    assert {incident["date"]["start"] for incident in incidents} == {None}
