"""A range of days as an Airflow backfill: ordered through the REST API, watched on the terminal, until the release."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bars

from pipeline import corridor
from pipeline.errors import TerminalError
from pipeline.io import lake
from pipeline.operate import airflow_api
from pipeline.operate.airflow_api import Api, Progress
from pipeline.operate.start import Say
from pipeline.settings import Settings

TASKS_PER_DAY = 4  # besides one per source: list_sources, settle, validate, load
POLL_S = 2.0
ENDED = ("success", "failed", "skipped", "upstream_failed", "removed")


@dataclass(frozen=True)
class Outcome:
    """What a backfill did: seconds, tasks that failed without stopping their day, and whether the release changed."""

    seconds: float
    failures: list[str]
    is_changed: bool


def backfill(
    api: Api, settings: Settings, first: date, last: date, console: Console, say: Say, reprocess: str = "completed"
) -> Outcome:
    """Run the days, both included, and wait until a release holds them.

    Raises:
        TerminalError: a day or the publication failed; the message says where to look.
    """
    before = release_id(settings)
    since = datetime.now(UTC).isoformat()
    began = time.monotonic()
    number = airflow_api.create_backfill(api, first, last, reprocess, say)
    say(f"backfill {number} of news_daily: {first} to {last}, three days at once")
    with _display(console, settings, first, last) as show:
        while not (state := airflow_api.progress(api, first, last)).is_done:
            show(state, "reading")
            time.sleep(POLL_S)
        published = airflow_api.wait_for_publish(api, since, lambda: show(state, "publishing"))
        show(state, "done")
    failures = airflow_api.failures(api, first, last)
    for failure in failures:
        say(f"failed: {failure}")
    if state.runs["failed"] or published == "failed":
        raise TerminalError(
            f"{state.runs['failed']} of {state.days} days failed, publication: {published}; the last release stands; "
            f"the tasks' logs are in {settings.home / 'log' / 'task'} and in the UI"
        )
    return Outcome(time.monotonic() - began, failures, release_id(settings) != before)


def release_id(settings: Settings) -> str | None:
    """Id of the current release: equal ids, equal content. None before the first one."""
    path = settings.release / "manifest.json"
    return str(json.loads(path.read_text(encoding="utf-8"))["release_id"]) if path.exists() else None


def days_of(first: date, last: date) -> list[date]:
    """The days of a range, both ends included."""
    return [first + timedelta(days=n) for n in range((last - first).days + 1)]


@dataclass
class _Counter:
    """Counts the articles that were read, from the coverage that each source's task leaves in the lake.

    A task that runs again begins its own count anew, so the highest number is the one to show.
    """

    settings: Settings
    days: list[date]
    highest: int = 0

    def articles(self) -> int:
        counts = [int(lake.read_day(self.settings.lake, "coverage", day)["n_read"].sum()) for day in self.days]
        self.highest = max(self.highest, sum(counts))
        return self.highest


@contextmanager
def _display(
    console: Console, settings: Settings, first: date, last: date
) -> Iterator[Callable[[Progress, str], None]]:
    """A function that shows where the days are: bars on a terminal, else a line whenever something has moved."""
    days = days_of(first, last)
    n_tasks = len(days) * (len(corridor.source_ids(settings)) + TASKS_PER_DAY)
    if not console.is_terminal:
        yield _lines(console, settings, days, n_tasks)
        return
    columns = (SpinnerColumn(), TextColumn("{task.description:<24}"), BarColumn(), MofNCompleteColumn())
    with Bars(*columns, TimeElapsedColumn(), console=console) as bars:
        day_bar = bars.add_task("days", total=len(days))
        task_bar = bars.add_task("tasks", total=n_tasks)

        counted = _Counter(settings, days)

        def show(state: Progress, doing: str) -> None:
            bars.update(day_bar, completed=state.runs["success"] + state.runs["failed"], description=f"days, {doing}")
            text = f"tasks, {counted.articles()} articles read"
            bars.update(task_bar, completed=_n_ended(state), description=text)

        yield show


def _lines(console: Console, settings: Settings, days: list[date], n_tasks: int) -> Callable[[Progress, str], None]:
    shown: list[str] = []
    counted = _Counter(settings, days)
    began = time.monotonic()

    def show(state: Progress, doing: str) -> None:
        line = (
            f"days {state.runs['success'] + state.runs['failed']}/{len(days)}  "
            f"tasks {_n_ended(state)}/{n_tasks}  articles read {counted.articles()}  {doing}"
        )
        if shown[-1:] != [line]:
            shown.append(line)
            console.print(f"  {time.monotonic() - began:4.0f} s  {line}", markup=False, highlight=False)

    return show


def _n_ended(state: Progress) -> int:
    return sum(state.tasks[name] for name in ENDED)
