"""The DAG ``news_publish``: after loads, makes the release that analysts open."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from airflow.sdk import Asset, ExceptionRetryPolicy, RetryAction, RetryRule, dag, get_current_context, task

WAREHOUSE = Asset("sarhad_warehouse")
DOC = Path(__file__).with_suffix(".md").read_text(encoding="utf-8")


@dag(
    dag_id="news_publish",
    dag_display_name="Sarhad: publish a release",
    description="Publishes the warehouse as a release that analysts may open at any time.",
    schedule=[WAREHOUSE],
    catchup=False,
    max_active_runs=1,
    default_args={
        "retries": 3,
        "retry_delay": timedelta(seconds=20),
        "retry_exponential_backoff": 2.0,
        "retry_policy": ExceptionRetryPolicy(
            rules=[RetryRule("pipeline.errors.TransientError", RetryAction.RETRY, reason="may get better by itself")],
            default=RetryAction.FAIL,
        ),
        "execution_timeout": timedelta(hours=1),
    },
    tags=["sarhad"],
    doc_md=DOC,
)
def news_publish() -> None:
    """Declare the task."""

    @task(pool="duckdb_writer", outlets=[Asset("sarhad_release")])
    def publish() -> dict[str, object]:
        """Copy, test and publish the warehouse."""
        from pipeline.operate.tasks import publish

        return publish(get_current_context())

    publish()


DAG = news_publish()
