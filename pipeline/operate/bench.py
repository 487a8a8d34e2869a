"""Measures operation on this machine: start, memory at rest and at work, cost per task, days of the demo, twice.

Everything happens in a home of its own that is removed afterwards. Memory is PSS (shared pages counted once, over
all processes), read from /proc, so it is measured on Linux only.
"""

from __future__ import annotations

import statistics
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from pipeline.operate import processes, start, supervise
from pipeline.operate.airflow_api import Api
from pipeline.operate.backfill import backfill
from pipeline.operate.postgres import embedded_server
from pipeline.operate.site import Site
from pipeline.operate.start import Say
from pipeline.settings import Settings

REST_S = 10.0
SAMPLE_S = 2.0


def bench(settings: Settings, first: date, last: date, console: Console, say: Say) -> None:
    """Measure and print a table."""
    with tempfile.TemporaryDirectory(prefix="sarhad-bench-") as folder:
        own = settings.model_copy(update={"home": Path(folder), "sources": "demo"})
        site = Site.of(own)
        try:
            rows = _measure(own, site, first, last, console, say)
        finally:
            supervise.stop(site)
            embedded_server(site.home).remove()
    table = Table(title="operation, on this machine", title_justify="left", box=None, header_style="bold")
    table.add_column("what")
    table.add_column("measured", justify="right")
    for row in rows:
        table.add_row(*row)
    console.print(table)


def _measure(
    settings: Settings, site: Site, first: date, last: date, console: Console, say: Say
) -> list[tuple[str, str]]:
    began = time.monotonic()
    api = start.start(site, say)
    rows = [("from nothing to a healthy Airflow", f"{time.monotonic() - began:.0f} s")]
    time.sleep(REST_S)
    rows.append(("memory at rest, all processes", f"{memory_mb(site):.0f} MB"))
    for name in ("first", "second"):
        with _peak(site) as peak:
            outcome = backfill(api, settings, first, last, console, say)
        n_days = (last - first).days + 1
        rows.append((f"{n_days} days, {name} time", f"{outcome.seconds:.0f} s"))
        rows.append((f"memory at work, {name} time, highest", f"{max(peak):.0f} MB"))
    return rows + _task_costs(api)


def memory_mb(site: Site) -> float:
    """PSS of all processes of a site's components in MB; processes that have just ended count nothing."""
    sessions = supervise.component_sessions(site)
    pids = [pid for session in sessions for pid in processes.session_members(session)]
    return sum(_pss_kb(pid) for pid in pids) / 1024


def _pss_kb(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii").splitlines()
    except (FileNotFoundError, ProcessLookupError):
        return 0
    return sum(int(line.split()[1]) for line in lines if line.startswith("Pss:"))


@contextmanager
def _peak(site: Site) -> Iterator[list[float]]:
    """Samples of the memory while the block runs."""
    samples = [memory_mb(site)]
    done = threading.Event()

    def sample() -> None:
        while not done.wait(SAMPLE_S):
            samples.append(memory_mb(site))

    thread = threading.Thread(target=sample)
    thread.start()
    try:
        yield samples
    finally:
        done.set()
        thread.join()


def _task_costs(api: Api) -> list[tuple[str, str]]:
    tasks = api.pages("/dags/news_daily/dagRuns/~/taskInstances", "task_instances", state="success")
    rows = []
    for task_id in ("list_sources", "process_source", "settle", "validate", "load"):
        of_task = [task for task in tasks if task["task_id"] == task_id]
        seconds = statistics.median(float(task["duration"]) for task in of_task)
        waited = statistics.median(_waited_s(task) for task in of_task)
        rows.append((f"task {task_id}: median run, median wait for a worker", f"{seconds:.1f} s, {waited:.1f} s"))
    return rows


def _waited_s(task: dict[str, Any]) -> float:
    queued, started = (datetime.fromisoformat(task[name]) for name in ("queued_when", "start_date"))
    return (started - queued).total_seconds()
