"""The DAG ``news_daily``: a run owns the news of one day, [D, D+1) in UTC, be it scheduled, manual or a backfill.

Only declarations: every task imports inside itself and calls one function of ``pipeline.corridor``.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from airflow.sdk import (
    Asset,
    CronDataIntervalTimetable,
    ExceptionRetryPolicy,
    Metadata,
    Param,
    RetryAction,
    RetryRule,
    dag,
    get_current_context,
    task,
)

WAREHOUSE = Asset("sarhad_warehouse")
POOL = "duckdb_writer"
# What may get better by itself is tried again; everything else fails at once, so that it is seen at once.
RETRIES = ExceptionRetryPolicy(
    rules=[
        RetryRule("pipeline.errors.TransientError", RetryAction.RETRY, reason="may get better by itself"),
        RetryRule("pipeline.errors.TerminalError", RetryAction.FAIL, reason="will not get better"),
        RetryRule("pipeline.errors.ConfigError", RetryAction.FAIL, reason="the configuration must be mended first"),
        RetryRule("pipeline.errors.GateError", RetryAction.FAIL, reason="a quality gate is broken"),
    ],
    default=RetryAction.FAIL,
)

DOC = Path(__file__).with_suffix(".md").read_text(encoding="utf-8")


@dag(
    dag_id="news_daily",
    dag_display_name="Sarhad: news of a day",
    description="Reads one day of news from every source and loads it into the warehouse.",
    schedule=CronDataIntervalTimetable("0 0 * * *", timezone="UTC"),
    start_date=datetime(2010, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=3,
    default_args={
        "retries": 3,
        "retry_delay": timedelta(seconds=20),
        "retry_exponential_backoff": 2.0,
        "max_retry_delay": timedelta(minutes=30),
        "retry_policy": RETRIES,
        "execution_timeout": timedelta(hours=2),
    },
    params={
        "day": Param(
            None,
            type=["null", "string"],
            format="date",
            description="Only for a single run by hand: the day (UTC), as 2024-01-16. Empty: yesterday.",
        ),
        "sources": Param(
            [],
            type="array",
            items={"type": "string"},
            description="Ids of sources, one a line. Empty: all of the chosen set.",
        ),
    },
    tags=["sarhad"],
    doc_md=DOC,
)
def news_daily() -> None:
    """Declare the tasks."""

    @task
    def list_sources() -> list[str]:
        """Ids of the sources of this run: all of the set, or those of the parameter."""
        from airflow.sdk.exceptions import AirflowSkipException

        from pipeline.operate.tasks import list_sources, nothing_to_read

        context = get_current_context()
        if reason := nothing_to_read(context):
            raise AirflowSkipException(reason)
        return list_sources(context)

    @task(map_index_template="{{ source_id }}")
    def process_source(source_id: str) -> dict[str, object]:
        """Discover, fetch, clean and extract the day's news of one source."""
        from pipeline.operate.tasks import process_source

        context = get_current_context()
        context["source_id"] = source_id  # shown in the UI instead of a number
        return process_source(context, source_id)

    # A failed source must not stop the others; what it lacks is in the table coverage. A skipped day has no sources.
    @task(pool=POOL, trigger_rule="none_skipped")
    def settle(source_ids: list[str]) -> dict[str, object]:
        """Decide which mentions are one incident, and what they add up to."""
        from pipeline.operate.tasks import settle

        return settle(get_current_context(), source_ids)

    @task
    def validate() -> dict[str, object]:
        """Judge the day; fails where a quality gate is broken."""
        from pipeline.operate.tasks import validate

        return validate(get_current_context())

    @task(pool=POOL, outlets=[WAREHOUSE], priority_weight=10)
    def load() -> Iterator[Metadata]:
        """Write the day into the warehouse, in one transaction."""
        from pipeline.operate.tasks import load

        counts = load(get_current_context())
        yield Metadata(WAREHOUSE, extra=counts)
        return counts

    found = list_sources()
    process_source.expand(source_id=found) >> settle(found) >> validate() >> load()


DAG = news_daily()
