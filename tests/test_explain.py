"""Explain: every cell with the claims that won and lost, back to capture, rule and run; safe to open in a browser."""

from __future__ import annotations

import io
import json

import pytest
from rich.console import Console

from pipeline.errors import TerminalError
from pipeline.explain import explain, render_html, render_terminal
from tests.ledger_house import NOW, STORY, ask, frames_of, settle_all, warehouse

NASTY = '<script>alert("x")</script>'


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    entries = [dict(entry) for entry in STORY]
    entries[3]["quote"] = f"Eleven dead {NASTY} in Balgatar."
    gold = frames_of(entries)
    with warehouse(tmp_path_factory.mktemp("explain")) as connection:
        settle_all(connection, gold)
        for row in gold.articles.iter_rows(named=True):
            connection.execute(
                "INSERT INTO capture VALUES "
                "(?, 'lnk', ?, ?, ?, ?, 200, 'text/html', ?, ?, ?, 9, NULL, NULL, 'a.warc', 0)",
                [row["capture_id"], row["source_id"], row["day"], row["url"], row["url"], NOW, NOW, "f" * 64],
            )
        yield connection


@pytest.fixture(scope="module")
def explanation(house):
    (row,) = ask(house, "SELECT incident_id FROM incident")
    return explain(house, row["incident_id"])


def cell(explanation, name):
    return next(cell for cell in explanation.cells if cell.name == name)


def test_the_winning_and_the_losing_claims_of_a_toll(explanation):
    killed = cell(explanation, "killed_security_forces")
    assert killed.rule == "ucdp_best_low_high"
    total = cell(explanation, "killed")
    assert total.value == "9  (4–11)"
    assert {claim["shown"] for claim in total.others} == {"4"}
    assert cell(explanation, "killed_claimed").value == "23"
    claim = killed.standing[0]
    assert claim["speaker"] == "the military"
    assert claim["quote"] == "Nine soldiers and not eleven fell in Balgatar, the military said."
    losing = killed.others[0]
    assert losing["shown"] == "11"
    assert "earlier figure" in losing["reason"]


def test_the_way_back_to_page_rule_and_run(explanation):
    claim = cell(explanation, "place").standing[0]
    assert claim["body_sha256"] == "f" * 64
    assert claim["capture_id"].startswith("cap_")
    assert claim["code_version"] == "abc123"
    assert claim["run_id"].startswith("test-")
    assert claim["rule"] == "gold"
    assert claim["url"].startswith("https://")


def test_every_column_that_holds_a_value_has_a_claim_that_stands(explanation):
    incident = explanation.incident
    for name, column in (
        ("event_type", "event_type"), ("date", "starts_on"), ("place", "place_name"), ("claimed_by", "claimed_by"),
        ("perpetrator", "perpetrator"), ("target", "target"), ("injured", "injured_best"),
        ("killed_claimed", "killed_claimed"),
    ):  # fmt: skip
        assert incident[column] is not None
        assert cell(explanation, name).standing, name


def test_terminal_shows_quotes_and_losers(explanation):
    console = Console(file=io.StringIO(), width=400, force_terminal=False)
    render_terminal(explanation, console)
    shown = console.file.getvalue()
    assert "Ambush on soldiers, Balgatar, 10 Jan 2024: 9 killed" in shown
    assert "Nine soldiers and not eleven fell" in shown
    assert "says that it killed 23 soldiers" in shown
    assert "an earlier figure" in shown
    assert "run test-2024-01-12 at abc123" in shown
    assert "same day" in shown


def test_page_escapes_what_came_from_outside(explanation):
    page = render_html(explanation)
    assert NASTY not in page
    assert "&lt;script&gt;" in page
    assert page.count("<section") >= 8


def test_page_links_only_to_the_web(explanation):
    claim = explanation.cells[0].claims[0]
    spoilt = explanation.cells[0].claims[0] | {"url": "javascript:alert(1)"}
    cells = (type(explanation.cells[0])("event_type", "Type", "ambush", "rule", (spoilt,)),)
    page = render_html(type(explanation)(explanation.asked, explanation.incident, cells, (), ()))
    assert 'href="javascript' not in page
    assert f'href="{claim["url"]}"' in render_html(explanation)


def test_json_holds_everything(explanation):
    content = json.loads(json.dumps(explanation.to_dict(), default=str))
    assert {"asked", "incident", "cells", "links", "ledger"} == content.keys()
    assert len(content["links"]) == 5


def test_a_merged_away_name_answers(house, explanation):
    name = explanation.incident["incident_id"]
    house.execute(
        "INSERT INTO incident_ledger VALUES ('led_1', 'merge', 'inc_old', ?, ['men_1'], NULL, 'A. Analyst', ?, 'same')",
        [name, NOW],
    )
    answer = explain(house, "inc_old")
    assert (answer.asked, answer.incident["incident_id"]) == ("inc_old", name)
    assert "inc_old was merged into this incident" in render_html(answer)


def test_an_unknown_name(house):
    with pytest.raises(TerminalError, match="no incident 'inc_nowhere'"):
        explain(house, "inc_nowhere")
