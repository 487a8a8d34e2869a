"""The DAG files: light to import, told what to do when red, retried per class of error, and runnable for a day."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from pipeline.operate import site
from pipeline.settings import ROOT

HEAVY = ("polars", "duckdb", "great_expectations", "pandas", "trafilatura", "pyarrow", "pipeline.corridor")

IMPORT = """
import json, sys, time
from airflow.dag_processing.dagbag import DagBag
began = time.process_time()
bag = DagBag("dags")
seconds = time.process_time() - began
from airflow.sdk.definitions.retry_policy import RetryPolicy
def tasks(dag):
    return {
        task.task_id: {
            "pool": task.pool, "upstream": sorted(task.upstream_task_ids), "rule": task.trigger_rule.value,
            "outlets": [asset.name for asset in task.outlets], "retries": task.retries,
            "decisions": {
                name: task.retry_policy.evaluate(eval(name)("x"), 1, 3).action.value
                for name in ("TransientError", "TerminalError", "ConfigError", "GateError", "KeyError")
            },
        }
        for task in dag.tasks
    }
from pipeline.errors import ConfigError, GateError, TerminalError, TransientError
print(json.dumps({
    "errors": {str(path): text for path, text in bag.import_errors.items()},
    "seconds": seconds,
    "modules": sorted(sys.modules),
    "dags": {
        dag.dag_id: {"doc": dag.doc_md, "tasks": tasks(dag), "catchup": dag.catchup, "params": list(dag.params),
                     "schedule": type(dag.timetable).__name__, "max_active_runs": dag.max_active_runs,
                     "waits_for": [asset.name for asset in dag.schedule] if isinstance(dag.schedule, list) else []}
        for dag in bag.dags.values()
    },
}))
"""


def run_python(code: str, home: Path, **more: str) -> str:
    """Run code in a fresh interpreter with an Airflow of its own; the last line of what it printed."""
    environment = site.read_defaults() | dict(os.environ)
    environment |= {
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__DAGS_FOLDER": str(ROOT / "dags"),
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{home / 'airflow.db'}",
        "AIRFLOW__LOGGING__BASE_LOG_FOLDER": str(home / "logs"),
        "PYTHONPATH": str(ROOT),
        **more,
    }
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return done.stdout.strip().splitlines()[-1]


@pytest.fixture(scope="module")
def bag(tmp_path_factory: pytest.TempPathFactory) -> dict:
    """What Airflow reads from the folder of DAGs, in an interpreter that has imported nothing else."""
    return json.loads(run_python(IMPORT, tmp_path_factory.mktemp("airflow")))


def test_files_import_without_error_and_without_weight(bag: dict) -> None:
    assert bag["errors"] == {}
    assert set(bag["dags"]) == {"news_daily", "news_publish"}
    assert [name for name in HEAVY if name in bag["modules"]] == []
    assert bag["seconds"] < 2, "processor seconds for both files; Airflow parses them again and again"


def test_days_run_one_after_the_other_and_only_once(bag: dict) -> None:
    daily = bag["dags"]["news_daily"]
    assert daily["schedule"] == "CronDataIntervalTimetable"
    assert daily["catchup"] is False
    assert daily["max_active_runs"] == 3
    assert {"day", "sources"} <= set(daily["params"])


def test_tasks_follow_the_corridor(bag: dict) -> None:
    tasks = bag["dags"]["news_daily"]["tasks"]
    assert {name: task["upstream"] for name, task in tasks.items()} == {
        "list_sources": [],
        "process_source": ["list_sources"],
        "settle": ["list_sources", "process_source"],
        "validate": ["settle"],
        "load": ["validate"],
    }
    assert tasks["settle"]["rule"] == "none_skipped", "a failed source must not stop the day"


def test_whoever_opens_the_warehouse_takes_the_only_slot(bag: dict) -> None:
    pools = {name: task["pool"] for dag in bag["dags"].values() for name, task in dag["tasks"].items()}
    assert {name for name, pool in pools.items() if pool == "duckdb_writer"} == {"settle", "load", "publish"}


def test_a_load_wakes_the_publication(bag: dict) -> None:
    assert bag["dags"]["news_daily"]["tasks"]["load"]["outlets"] == ["sarhad_warehouse"]
    assert bag["dags"]["news_publish"]["waits_for"] == ["sarhad_warehouse"]


def test_only_what_may_get_better_is_tried_again(bag: dict) -> None:
    for dag in bag["dags"].values():
        for name, task in dag["tasks"].items():
            decisions = task["decisions"]
            assert task["retries"] == 3, name
            assert decisions.pop("TransientError") == "retry", name
            assert set(decisions.values()) == {"fail"}, name


def test_the_notes_tell_an_operator_what_to_do_about_every_task(bag: dict) -> None:
    for dag_id, dag in bag["dags"].items():
        assert "red" in dag["doc"], dag_id
    for name in bag["dags"]["news_daily"]["tasks"]:
        assert f"| `{name}` |" in bag["dags"]["news_daily"]["doc"]


RUN = """
import json, sys
sys.path.insert(0, "dags")
from tests.newsroom.serve import serve
from pipeline.settings import load_settings
from pipeline.io import lake
import news_daily, datetime
from airflow.models.taskinstance import TaskInstance
from airflow.utils.session import create_session
from sqlalchemy import select
with serve({port}):
    run = news_daily.DAG.test(run_conf={{"day": "2024-01-16", "sources": ["border_courier"]}})
day = datetime.date(2024, 1, 16)
settings = load_settings()
with create_session() as session:
    rows = session.execute(select(TaskInstance.task_id, TaskInstance.state)).all()
states = {{task_id: str(state) for task_id, state in rows}}
coverage = lake.read_day(settings.lake, "coverage", day).select("source_id", "state", "n_read").rows()
print(json.dumps({{"run": str(run.state), "tasks": states, "coverage": coverage}}))
"""


def test_a_day_by_hand_takes_its_day_and_sources_from_the_form(tmp_path: Path) -> None:
    port = site.choose_ports(site.Site(tmp_path / "home", "demo")).newsroom
    environment = {"SARHAD_HOME": str(tmp_path / "home"), "SARHAD_SOURCES": "demo", "SARHAD_NEWSROOM_PORT": str(port)}
    run_python("from airflow.utils.db import initdb; initdb(); print('made')", tmp_path / "airflow")
    found = json.loads(run_python(RUN.format(port=port), tmp_path / "airflow", **environment))
    assert found["run"] == "success"
    assert found["tasks"] == dict.fromkeys(("list_sources", "process_source", "settle", "validate", "load"), "success")
    assert [row[:2] for row in found["coverage"]] == [["border_courier", "ok"]]
    assert found["coverage"][0][2] > 0
