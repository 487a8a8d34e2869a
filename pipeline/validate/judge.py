"""Run the suites and turn what they found into a verdict. The only importer of Great Expectations (and pandas)."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import polars as pl

from pipeline import contract
from pipeline.errors import TerminalError
from pipeline.io import lake
from pipeline.settings import Settings
from pipeline.stage import reject_row
from pipeline.validate.prepare import prepare
from pipeline.validate.verdict import KEYS, Verdict

ID_COLUMNS = {**KEYS, "incident": "incident_id", "coverage": "source_id", "day": "day"}
DAYS_OF_HISTORY = 14
SHOWN_VALUES = 3


class ExpectationCrashError(TerminalError):
    """An expectation could not be evaluated: a fault of the suite, not of the data."""


@dataclass(frozen=True)
class Failure:
    """An expectation that did not hold: where, how bad, and on which rows (none: on the table as a whole)."""

    suite: str
    name: str
    severity: str
    why: str
    detail: str
    records: tuple[str, ...]

    def __str__(self) -> str:
        shown = ", ".join(self.records[:SHOWN_VALUES]) + (", ..." if len(self.records) > SHOWN_VALUES else "")
        where = f" in {shown}" if shown else ""
        return f"{self.suite}.{self.name}: {self.why} {self.detail}{where}"


def validate(
    day: date, frames: Mapping[str, pl.DataFrame], settings: Settings, docs_folder: Path | None = None
) -> Verdict:
    """Judge a day.

    Rows that break a critical expectation are in ``Verdict.rejects``, with everything that hangs on them; an
    incident that does so is refused by refusing the mentions of the day that made it. ``Verdict.apply`` takes
    the rows out; fold and judge again until there are none.

    Args:
        day: the day that the frames belong to.
        frames: the tables of the day and the incidents that it touched; a missing one counts as empty.
        settings: budgets (``config/pipeline.yml``) and the lake, whose earlier days say what is usual.
        docs_folder: where Data Docs go, a folder per day and one ``index.html``; none: no Data Docs.

    Raises:
        ExpectationCrashError: an expectation could not be evaluated.
    """
    batches = prepare(day, frames, _history(settings.lake, day), settings.knobs.expect)
    failures = _run(day, batches, settings, docs_folder)
    critical = [failure for failure in failures if failure.severity == "critical"]
    refused, blocking = _quarantine(day, frames, critical)
    verdict = Verdict(
        day,
        publishable=not blocking,
        reasons=tuple(str(failure) for failure in blocking),
        warnings=tuple(str(failure) for failure in failures if failure.severity == "warning"),
        rejects=refused,
    )
    if docs_folder is not None:
        from pipeline.validate.docs import write_index

        write_index(docs_folder, verdict)
    return verdict


def _history(folder: Path, day: date) -> pl.DataFrame:
    days = [day - timedelta(days=n) for n in range(1, DAYS_OF_HISTORY + 1)]
    return pl.concat([lake.read_day(folder, "coverage", each) for each in days])


def _run(day: date, batches: Mapping[str, pl.DataFrame], settings: Settings, docs_folder: Path | None) -> list[Failure]:
    os.environ.setdefault("GX_ANALYTICS_ENABLED", "false")
    logging.getLogger("great_expectations").setLevel(logging.WARNING)
    import great_expectations as gx
    from great_expectations.data_context.types.base import ProgressBarsConfig

    from pipeline.validate.docs import write_docs
    from pipeline.validate.suites import suites

    context = gx.get_context(mode="ephemeral")
    context.enable_analytics(False)
    context.variables.progress_bars = ProgressBarsConfig(globally=False)
    source = context.data_sources.add_pandas("day")
    failures: list[Failure] = []
    results: dict[str, Any] = {}
    for suite, expectations in suites(settings.knobs).items():
        if batches[suite].is_empty():
            continue
        batch = source.add_dataframe_asset(suite).add_batch_definition_whole_dataframe(day.isoformat())
        definition = context.validation_definitions.add(
            gx.ValidationDefinition(
                name=suite,
                data=batch,
                suite=context.suites.add(gx.ExpectationSuite(name=suite, expectations=expectations)),
            )
        )
        results[suite] = definition.run(
            batch_parameters={"dataframe": batches[suite].to_pandas()},
            result_format={"result_format": "COMPLETE", "unexpected_index_column_names": [ID_COLUMNS[suite]]},
        )
        failures += _failures(suite, results[suite])
    if docs_folder is not None:
        write_docs(docs_folder, day, results)
    return failures


def _failures(suite: str, outcome: Any) -> Iterator[Failure]:
    for result in outcome.results:
        config = result.expectation_config
        name = config.meta["name"]
        crash = _crash(result.exception_info or {})
        if crash:
            raise ExpectationCrashError(
                f"expectation {suite}.{name} ({config.type}) could not be evaluated: {crash}; "
                "this is a fault of pipeline/validate, the data was not judged"
            )
        if result.success:
            continue
        found = result.result or {}
        rows = found.get("unexpected_index_list") or []
        records = tuple(dict.fromkeys(str(row[ID_COLUMNS[suite]]) for row in rows))
        severity = str(getattr(config.severity, "value", config.severity))
        yield Failure(suite, name, severity, config.meta["why"], _detail(found), records)


def _crash(info: Mapping[str, Any]) -> str:
    """The message of an exception inside an expectation; Great Expectations nests it per metric."""
    parts = [info, *(value for value in info.values() if isinstance(value, dict))]
    return "; ".join(str(part.get("exception_message")) for part in parts if part.get("raised_exception"))


def _detail(found: Mapping[str, Any]) -> str:
    if found.get("unexpected_count") is None:
        return f"(found {found.get('observed_value')})"
    values = list(dict.fromkeys(str(value) for value in found.get("partial_unexpected_list") or []))
    shown = ", ".join(value for value in values if value != "False")[:120]
    return f"({found['unexpected_count']} of {found['element_count']} rows{': ' + shown if shown else ''})"


def _quarantine(
    day: date, frames: Mapping[str, pl.DataFrame], critical: list[Failure]
) -> tuple[pl.DataFrame, list[Failure]]:
    """Rows to refuse, with what hangs on them, and the failures that no refusal of rows mends."""
    why: dict[str, dict[str, str]] = {table: {} for table in KEYS}
    blocking = []
    for failure in critical:
        hit = dict.fromkeys(failure.records, f"expectation {failure.suite}.{failure.name}: {failure.why}")
        table = failure.suite
        if failure.suite == "incident":
            table, hit = "mention", _mentions_of(frames, failure)
        if table not in KEYS or not hit:
            blocking.append(failure)
            continue
        for record, reason in hit.items():
            why[table][record] = "; ".join(filter(None, (why[table].get(record), reason)))
    for parent, child in (("article", "mention"), ("article", "entity"), ("article", "claim"), ("mention", "claim")):
        _follow(frames, why, parent, child)
    rows = [row for table, reasons in why.items() for row in _reject_rows(day, table, frames, reasons)]
    return contract.conform("reject", contract.frame("reject", rows)), blocking


def _mentions_of(frames: Mapping[str, pl.DataFrame], failure: Failure) -> dict[str, str]:
    """The mentions of this day that make an incident; none if it rests on other days alone."""
    todays = frames["mention"]["mention_id"].implode()
    members = frames["incident_mention"].filter(
        pl.col("incident_id").is_in(failure.records) & pl.col("mention_id").is_in(todays)
    )
    return {
        mention: f"expectation incident.{failure.name} of {incident}: {failure.why}"
        for mention, incident in members.select("mention_id", "incident_id").iter_rows()
    }


def _follow(frames: Mapping[str, pl.DataFrame], why: dict[str, dict[str, str]], parent: str, child: str) -> None:
    if child not in frames or not why[parent]:
        return
    key = KEYS[parent]
    hanging = frames[child].filter(pl.col(key).is_in(list(why[parent])))
    for record, owner in hanging.select(KEYS[child], key).iter_rows():
        why[child].setdefault(record, f"went with {owner}: {why[parent][owner]}")


def _reject_rows(
    day: date, table: str, frames: Mapping[str, pl.DataFrame], reasons: Mapping[str, str]
) -> Iterator[dict[str, object]]:
    if not reasons:
        return
    key = KEYS[table]
    found = frames[table].filter(pl.col(key).is_in(list(reasons))).unique(key, keep="first", maintain_order=True)
    for row in found.rows(named=True):
        record = row[key]
        locator = row["url"] if table == "article" else f"{row['article_id']}:{row['char_start']}-{row['char_end']}"
        yield reject_row("validate", row["source_id"], day, record, "failed_expectation", reasons[record], locator)
