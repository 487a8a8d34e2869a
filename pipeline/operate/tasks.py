"""What the tasks of the DAGs do: find out which day and sources they are for, call the corridor, and log each step.

No import of Airflow: the context comes in as a mapping, so that all of it can be tested without.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from pipeline import corridor
from pipeline.errors import ConfigError, GateError, SarhadError
from pipeline.settings import load_settings

log = logging.getLogger("sarhad.task")

Context = Mapping[str, Any]
Counts = dict[str, Any]
STEPS = (corridor.discover, corridor.fetch, corridor.clean, corridor.extract)
DEMO_ENDS_ON = date(2024, 2, 29)
KINDS = {"scheduled": "scheduled", "backfill": "backfill"}  # of a run; everything else was started by hand


def run_day(context: Context) -> date:
    """The day that a run owns.

    A run by hand takes the parameter ``day``, else the day before it was started; Airflow gives it either no data
    interval or, with a logical date, the interval before that date, which nobody would expect. Scheduled and
    backfill runs take the start of their interval.

    Raises:
        ConfigError: the parameter is no date.
    """
    run = context["dag_run"]
    if _kind(context) in ("scheduled", "backfill"):
        start: date = run.data_interval_start.date()
        return start
    chosen = context["params"].get("day")
    if not chosen:
        before: date = run.run_after.date() - timedelta(days=1)
        return before
    try:
        return date.fromisoformat(str(chosen)[:10])
    except ValueError as error:
        raise ConfigError(f"parameter day: {chosen!r} is no date; write it as 2024-01-16") from error


def nothing_to_read(context: Context) -> str | None:
    """Why a run has nothing to do, if that is so: the schedule goes on every night, the demo newsroom does not."""
    day = run_day(context)
    if load_settings().sources == "demo" and day > DEMO_ENDS_ON:
        return f"the demo newsroom has no news of {day}; its last day is {DEMO_ENDS_ON}, run one before it by hand"
    return None


def list_sources(context: Context) -> list[str]:
    """The sources of a run: the whole set, or those of the parameter ``sources``.

    Raises:
        ConfigError: a source that the set does not have.
    """
    settings = load_settings()
    known = corridor.source_ids(settings)
    chosen = list(context["params"].get("sources") or known)
    if unknown := sorted(set(chosen) - set(known)):
        raise ConfigError(f"parameter sources: no {', '.join(unknown)} in the set {settings.sources}; known: {known}")
    log.info("%s: %d sources: %s", run_day(context), len(chosen), ", ".join(chosen))
    return chosen


def process_source(context: Context, source_id: str) -> Counts:
    """Discover, fetch, clean and extract one source's day; a failure is written to ``coverage`` before it is raised."""
    settings = load_settings()
    day = run_day(context)
    counts: Counts = {"day": day.isoformat(), "source_id": source_id}
    try:
        for step in STEPS:
            counts[step.__name__] = step(day, source_id, settings)
            log.info("%s %s: %s: %s", day, source_id, step.__name__, _words(counts[step.__name__]))
    except SarhadError as error:
        corridor.mark_failed(day, source_id, settings, f"{type(error).__name__}: {error}")
        raise
    return counts


def settle(context: Context, source_ids: list[str] | None) -> Counts:
    """Resolve and fuse the day, whatever became of its sources.

    Raises:
        ConfigError: there is no list of sources, because that task failed; an empty day must not be loaded for it.
    """
    if not source_ids:
        raise ConfigError("list_sources gave no sources; see its log")
    return _done(context, "settle", corridor.settle(run_day(context), load_settings()))


def validate(context: Context) -> Counts:
    """Judge the day.

    Raises:
        GateError: it must not be loaded; the message names the reasons and where the Data Docs are.
    """
    settings = load_settings()
    day = run_day(context)
    counts = _done(context, "validate", corridor.validate(day, settings))
    if counts["publishable"] != "True":
        docs = settings.release / "data_docs" / "index.html"
        raise GateError(f"{day}: {counts['reasons']}; nothing of it is loaded, the last release stands; see {docs}")
    return counts


def load(context: Context) -> Counts:
    """Write the day into the warehouse; returns what the asset's event shows."""
    run = context["dag_run"]
    day = run_day(context)
    counts = corridor.load(day, load_settings(), run.run_id, _kind(context), run.start_date)
    return _done(context, "load", {"day": day.isoformat(), **counts})


def publish(context: Context) -> Counts:
    """Publish the warehouse."""
    counts = corridor.publish(load_settings())
    log.info("publish: %s", _words(counts))
    return counts


def _kind(context: Context) -> str:
    return KINDS.get(str(getattr(context["dag_run"].run_type, "value", context["dag_run"].run_type)), "manual")


def _done(context: Context, step: str, counts: Counts) -> Counts:
    log.info("%s: %s: %s", run_day(context), step, _words(counts))
    return counts


def _words(counts: Counts) -> str:
    return ", ".join(f"{name} {value}" for name, value in counts.items())
