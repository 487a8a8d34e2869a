"""The whole way, with nothing replaced: newsroom, PostgreSQL, every part of Airflow, a backfill, a release; twice."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import duckdb
import pytest
from rich.console import Console

from pipeline import corridor
from pipeline.io.warehouse import open_release
from pipeline.operate import airflow_api, processes, supervise
from pipeline.operate.airflow_api import Api
from pipeline.operate.backfill import Outcome, backfill
from pipeline.operate.postgres import embedded_server
from pipeline.operate.site import Site
from pipeline.settings import ROOT, Settings, load_knobs

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(900)]

FIRST, LAST = date(2024, 1, 16), date(2024, 1, 17)


@dataclass(frozen=True)
class Stack:
    """A running site of its own: its API, settings, and what the command that started it printed."""

    site: Site
    settings: Settings
    api: Api
    greeting: str


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """`make up` in a home of its own; afterwards `make down`, and nothing may be left."""
    home = tmp_path_factory.mktemp("home")
    site = Site(home, "demo")
    environment = dict(os.environ) | {"SARHAD_HOME": str(home), "SARHAD_SOURCES": "demo"}
    environment |= {"API_PORT": "18480", "SARHAD_NEWSROOM_PORT": "19900"}  # free ones are found where these are not
    command = [sys.executable, "-m", "pipeline.operate"]
    try:
        up = subprocess.run([*command, "up"], cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
        assert up.returncode == 0, up.stdout + up.stderr + _logs(site)
        settings = Settings(home=home, sources="demo", knobs=load_knobs())
        yield Stack(site, settings, airflow_api.connect(site), up.stdout)
        sessions = supervise.component_sessions(site)
        down = subprocess.run(
            [*command, "down"], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
        )
        assert down.returncode == 0, down.stdout + down.stderr
        assert len(sessions) == 6, "PostgreSQL, newsroom and four parts of Airflow"
        assert [pid for session in sessions for pid in processes.session_members(session)] == []
    finally:
        supervise.stop(site)
        embedded_server(home).remove()


@pytest.fixture(scope="module")
def first_run(stack: Stack) -> Outcome:
    """Two days as a backfill."""
    return run_days(stack)


def run_days(stack: Stack) -> Outcome:
    output = io.StringIO()
    console = Console(file=output, width=120)
    outcome = backfill(stack.api, stack.settings, FIRST, LAST, console, lambda text: print(text))
    assert "days 2/2" in output.getvalue()
    return outcome


def ask(stack: Stack, sql: str) -> list[tuple]:
    with open_release(stack.settings.release / "analyst.duckdb") as connection:
        return connection.execute(sql).fetchall()


def tables_without_runs(path: Path) -> dict[str, list[tuple]]:
    """Every table of a release but ``run``, all rows, in order."""
    with duckdb.connect(path, read_only=True) as connection:
        names = [row[0] for row in connection.execute("SELECT table_name FROM duckdb_tables()").fetchall()]
        return {
            name: connection.execute(f'SELECT CAST(t AS VARCHAR) FROM "{name}" AS t ORDER BY ALL').fetchall()
            for name in sorted(names)
            if name != "run"
        }


def test_up_says_how_to_log_in(stack: Stack) -> None:
    assert stack.site.url(stack.site.ports()) in stack.greeting
    assert stack.site.password() in stack.greeting


def test_a_backfill_brings_incidents(stack: Stack, first_run: Outcome) -> None:
    assert first_run.failures == []
    assert first_run.is_changed
    assert ask(stack, "SELECT count(*) >= 2 FROM incident") == [(True,)]
    # Facts of these days that outlets of every side report: Iran's strike on Panjgur, on the Pakistani side.
    strikes = "SELECT count(*) >= 1 FROM incident WHERE starts_on = DATE '2024-01-16' AND country = 'PK'"
    assert ask(stack, strikes) == [(True,)]


def test_no_value_without_a_quote(stack: Stack, first_run: Outcome) -> None:
    assert ask(stack, "SELECT count(*) > 0 FROM claim") == [(True,)]
    for table in ("mention", "claim"):
        wrong = f"""
        SELECT t.quote FROM {table} AS t LEFT JOIN article AS a USING (article_id)
        WHERE a.text IS NULL OR substr(a.text, t.char_start + 1, t.char_end - t.char_start) IS DISTINCT FROM t.quote
        """
        assert ask(stack, wrong) == [], table
    for column, field in (
        ("starts_on", "date"),
        ("place_id", "place"),
        ("perpetrator", "perpetrator"),
        ("killed_best", "killed"),
        ("injured_best", "injured"),
    ):
        bare = f"""
        SELECT incident_id FROM incident WHERE {column} IS NOT NULL AND incident_id NOT IN (
            SELECT incident_id FROM incident_mention JOIN claim USING (mention_id) WHERE field = '{field}')
        """
        assert ask(stack, bare) == [], column


def test_coverage_has_every_source_and_day(stack: Stack, first_run: Outcome) -> None:
    found = ask(stack, "SELECT source_id, day, state FROM coverage ORDER BY ALL")
    wanted = [(source_id, day) for source_id in corridor.source_ids(stack.settings) for day in (FIRST, LAST)]
    assert [row[:2] for row in found] == wanted
    assert {row[2] for row in found} <= {"ok", "partial"}
    assert ask(stack, "SELECT sum(n_read) > 0, sum(n_links) >= sum(n_fetched) FROM coverage") == [(True, True)]


def test_the_runs_are_airflows_backfill(stack: Stack, first_run: Outcome) -> None:
    runs = stack.api.pages("/dags/news_daily/dagRuns", "dag_runs", run_type="backfill", order_by="logical_date")
    assert [(run["run_type"], run["state"], run["data_interval_start"][:10]) for run in runs] == [
        ("backfill", "success", "2024-01-16"),
        ("backfill", "success", "2024-01-17"),
    ]
    loaded = ask(stack, "SELECT run_id, kind, day FROM run ORDER BY day")
    assert loaded == [(run["dag_run_id"], "backfill", day) for run, day in zip(runs, (FIRST, LAST), strict=True)]
    events = stack.api.pages("/assets/events", "asset_events", source_dag_id="news_daily")
    assert {event["extra"]["day"] for event in events} == {"2024-01-16", "2024-01-17"}


def test_a_second_backfill_changes_nothing(stack: Stack, first_run: Outcome) -> None:
    path = stack.settings.release / "analyst.duckdb"
    before = tables_without_runs(path)
    second = run_days(stack)
    loaded = {"task_id": "load", "state": "success"}
    tasks = stack.api.pages("/dags/news_daily/dagRuns/~/taskInstances", "task_instances", **loaded)
    assert [task["try_number"] for task in tasks] == [2, 2], "the days were run again, not skipped"
    assert not second.is_changed
    assert tables_without_runs(path) == before


def _logs(site: Site) -> str:
    return "\n".join(
        f"== {path.name}\n" + "\n".join(path.read_text(errors="replace").splitlines()[-15:])
        for path in sorted(site.logs.glob("*.log"))
    )
