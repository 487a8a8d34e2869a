"""The corridor: every stage run for a day, with its reading and writing at the edges.

Airflow tasks and the command line call the same functions. Each one reads partitions of the lake,
calls a pure stage, writes partitions, and returns counts (never data).
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cache
from typing import TYPE_CHECKING, Any

import polars as pl

from pipeline import contract
from pipeline.errors import ConfigError, GateError
from pipeline.io import lake
from pipeline.settings import Settings
from pipeline.sources import Source, load_sources
from pipeline.stage import Result

if TYPE_CHECKING:
    import duckdb

    from pipeline.extract import Reader
    from pipeline.validate import Verdict

Counts = dict[str, int | str]
DAY_TABLES = ("link", "capture", "article", "entity", "mention", "claim", "coverage", "reject")
WORLD_ARCHIVES = ("gdelt", "gdelt_files", "common_crawl", "wayback")
NO_BASE = -1
FOLDED_TABLES = ("incident_mention", "incident", "incident_ledger", "correction")


def source_ids(settings: Settings) -> list[str]:
    """Ids of the chosen sources, in order."""
    return sorted(load_sources(settings.sources))


def _source(settings: Settings, source_id: str) -> Source:
    sources = load_sources(settings.sources)
    if source_id not in sources:
        raise ConfigError(f"no source {source_id!r} in config/sources/{settings.sources}; known: {', '.join(sources)}")
    return sources[source_id]


def discover(day: date, source_id: str, settings: Settings) -> Counts:
    """Find the links of a source that belong to a day.

    Links once found stay, so a feed may forget them; of two findings the one with the later change counts.
    """
    from pipeline.discover import discover as run
    from pipeline.io.http import open_client

    source = _source(settings, source_id)
    with open_client(settings.knobs.fetch) as client:
        found = run(source, day, client)
    earlier = lake.read_partition(settings.lake, "link", day, source_id)
    links = (
        pl.concat([earlier, found.result.tables["link"]])
        .sort("modified_at", descending=True, nulls_last=True, maintain_order=True)
        .unique("link_id", keep="first", maintain_order=True)
    )
    lake.write_partition(settings.lake, "link", day, links, source_id)
    _write_rejects(settings, day, source_id, "discover", found.result)
    coverage: dict[str, object] = dict.fromkeys(contract.table("coverage").polars_schema(), 0)
    coverage |= {"source_id": source_id, "day": day, "state": found.state, "note": found.note, "n_links": links.height}
    lake.write_partition(settings.lake, "coverage", day, contract.frame("coverage", [coverage]), source_id)
    return {"state": found.state, "links": links.height, "rejects": found.result.rejects.height}


def fetch(
    day: date, source_id: str, settings: Settings, on_progress: Callable[[int, int], None] | None = None
) -> Counts:
    """Fetch the pages of a day's links into the archive. What is there already is not fetched again."""
    from pipeline.fetch import fetch as run
    from pipeline.io.http import open_client

    source = _source(settings, source_id)
    links = lake.read_partition(settings.lake, "link", day, source_id)
    known = lake.read_partition(settings.lake, "capture", day, source_id)
    with open_client(settings.knobs.fetch) as client:
        result = run(source, day, links, settings.archive, known, client, on_progress)
    captures = result.tables["capture"]
    lake.write_partition(settings.lake, "capture", day, captures, source_id)
    _write_rejects(settings, day, source_id, "fetch", result)
    fetched = captures["link_id"].n_unique()
    failed = result.rejects.filter(pl.col("record_id").is_in(links["link_id"].implode()))["record_id"].n_unique()
    state = pl.when((pl.col("state") == "ok") & pl.lit(failed > 0)).then(pl.lit("partial")).otherwise(pl.col("state"))
    note = pl.when(pl.lit(failed > 0)).then(pl.coalesce("note", pl.lit(f"{failed} of {links.height} links failed")))
    _update_coverage(
        settings, day, source_id, n_fetched=fetched, n_failed=failed, state=state, note=note.otherwise(pl.col("note"))
    )
    return {"fetched": fetched, "failed": failed}


def clean(day: date, source_id: str, settings: Settings) -> Counts:
    """Captures to articles: main text and metadata."""
    from pipeline.clean import clean as run
    from pipeline.io.warc import read_body

    source = _source(settings, source_id)
    captures = lake.read_partition(settings.lake, "capture", day, source_id)
    links = lake.read_partition(settings.lake, "link", day, source_id)
    kept, irrelevant = _triage(source, captures, links, settings)
    result = run(
        source,
        kept,
        links,
        lambda row: read_body(settings.archive, row["warc_file"], row["warc_offset"]),
        settings.knobs.clean,
    )
    lake.write_partition(settings.lake, "article", day, result.tables["article"], source_id)
    rejects = pl.concat([result.rejects, irrelevant])
    lake.write_partition(settings.lake, "reject", day, rejects, f"{source_id}.clean")
    return {"articles": result.tables["article"].height, "rejects": rejects.height}


def _triage(
    source: Source, captures: pl.DataFrame, links: pl.DataFrame, settings: Settings
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Leave out irrelevant pages before the costly parse, where links came from an archive of the world's news."""
    from pipeline.fetch.triage import triage
    from pipeline.io.warc import read_body

    wide = links.filter(pl.col("adapter").is_in(WORLD_ARCHIVES))["link_id"]
    doubtful = captures.filter(pl.col("link_id").is_in(wide.implode()))
    pages = (
        (row, read_body(settings.archive, row["warc_file"], row["warc_offset"]).data)
        for row in doubtful.iter_rows(named=True)
    )
    relevant, rows = triage(pages, source.language)
    left_out = set(doubtful["capture_id"]) - set(relevant)
    return captures.filter(~pl.col("capture_id").is_in(list(left_out))), contract.frame("reject", rows)


def extract(day: date, source_id: str, settings: Settings) -> Counts:
    """Articles to entities, mentions and claims."""
    from pipeline.extract import extract as run

    articles = lake.read_partition(settings.lake, "article", day, source_id)
    result = run(articles, _reader())
    for table in ("entity", "mention", "claim"):
        lake.write_partition(settings.lake, table, day, result.tables[table], source_id)
    _write_rejects(settings, day, source_id, "extract", result)
    mentions = result.tables["mention"]
    news = mentions.filter((pl.col("role") == "main") & (pl.col("polarity") == "asserted") & pl.col("is_in_theatre"))
    unread = result.rejects.filter(pl.col("reason").is_in(["language_not_read", "too_long", "internal_error"])).height
    relevant = news["article_id"].n_unique()
    _update_coverage(
        settings,
        day,
        source_id,
        n_read=articles.height - unread,
        n_relevant=relevant,
        n_mentions=mentions.height,
        n_rejects=_rejects_of(settings, day, source_id).height,
    )
    return {"relevant": relevant, "mentions": mentions.height, "claims": result.tables["claim"].height}


@cache
def _reader() -> Reader:
    """The reader with the lexicons of this checkout, compiled once a process."""
    from pipeline.extract import load_reader

    return load_reader()


def process_source(day: date, source_id: str, settings: Settings) -> dict[str, Counts]:
    """All per-source stages of a day, in order."""
    return {
        "discover": discover(day, source_id, settings),
        "fetch": fetch(day, source_id, settings),
        "clean": clean(day, source_id, settings),
        "extract": extract(day, source_id, settings),
    }


@dataclass(frozen=True)
class Settled:
    """A day resolved, fused and judged against one version of the warehouse."""

    frames: dict[str, pl.DataFrame]
    vanished: list[str]
    verdict: Verdict
    base: int


def settle(day: date, settings: Settings) -> Counts:
    """Resolve and fuse a day against the warehouse, and write the outcome to the lake."""
    from pipeline.io.warehouse import open_master
    from pipeline.load import warehouse_version

    with open_master(settings.warehouse) as connection:
        frames, vanished = _settle(connection, day, settings, _day_frames(day, settings))
        base = warehouse_version(connection)
    earlier = lake.read_partition(settings.lake, "incident_ledger", day)
    frames["incident_ledger"] = pl.concat([earlier, frames["incident_ledger"]]).unique("entry_id")
    for table in FOLDED_TABLES:
        lake.write_partition(settings.lake, table, day, frames[table])
    _write_json(settings, "settled", day, {"base": base, "vanished": vanished})
    return {"incidents": frames["incident"].height, "mentions": frames["incident_mention"].height, "base": base}


def validate(day: date, settings: Settings) -> Counts:
    """Judge a settled day; rows that break a critical expectation are quarantined with their reasons.

    The verdict is written to the lake; ``load`` refuses a day whose verdict does not let it pass.
    """
    settled = _read_json(settings, "settled", day)
    frames = _day_frames(day, settings)
    for table in FOLDED_TABLES:
        frames[table] = lake.read_partition(settings.lake, table, day)
    verdict = _judge(day, frames, settings)
    _write_verdict(settings, day, verdict, int(settled["base"]))
    return {
        "publishable": str(verdict.publishable),
        "quarantined": verdict.rejects.height,
        "warnings": len(verdict.warnings),
        "reasons": "; ".join(verdict.reasons),
    }


def load(
    day: date,
    settings: Settings,
    run_id: str,
    kind: str,
    started_at: datetime | None = None,
    afresh: bool = False,
) -> Counts:
    """Write a judged day into the warehouse, in one transaction.

    If another load came in between (or ``afresh``), the day is settled and judged again on the warehouse as it is
    now; so the order in which days arrive does not matter.

    Raises:
        GateError: the verdict does not let the day pass; the warehouse keeps what it had.
    """
    from pipeline.io.warehouse import open_master
    from pipeline.load import load as run

    begun = started_at or datetime.now(UTC)
    with open_master(settings.warehouse) as connection:
        settled = _settled(connection, day, settings, afresh)
        if not settled.verdict.publishable:
            reasons = "; ".join(settled.verdict.reasons)
            raise GateError(
                f"{day}: not loaded, the last release stands: {reasons}; see the Data Docs in {settings.release}"
            )
        run_row = _run_row(day, run_id, kind, begun, settled.frames)
        report = run(connection, day, settled.frames, run_row, settled.vanished)
    return {"incidents": settled.frames["incident"].height, "changed": str(report.changed), **report.counts}


def publish(settings: Settings) -> Counts:
    """Publish the warehouse as a release that analysts may open at any time.

    Raises:
        ConfigError: a correction names an incident that is not there, or expects what is no longer so.
    """
    from pipeline.corrections import load_corrections, verify
    from pipeline.io.warehouse import open_master
    from pipeline.publish import publish as run

    with open_master(settings.warehouse) as connection:
        verify(load_corrections(), connection)
    release = run(settings)
    return {"changed": str(release.changed), "incidents": release.n_incidents, "sha256": release.sha256}


def run_day(day: date, settings: Settings, run_id: str, kind: str, on_stage: Callable[[str, Counts], None]) -> None:
    """The whole corridor of a day without Airflow; a source that fails does not stop the others."""
    from pipeline.errors import SarhadError

    started_at = datetime.now(UTC)
    for source_id in source_ids(settings):
        try:
            for stage, counts in process_source(day, source_id, settings).items():
                on_stage(f"{stage} {source_id}", counts)
        except ConfigError:
            raise
        except SarhadError as error:
            mark_failed(day, source_id, settings, str(error))
            on_stage(f"failed {source_id}", {"error": str(error)})
    on_stage("settle", settle(day, settings))
    on_stage("validate", validate(day, settings))
    on_stage("load", load(day, settings, run_id, kind, started_at))


def mark_failed(day: date, source_id: str, settings: Settings, note: str) -> None:
    """Say in ``coverage`` that a source could not be processed for a day; what an earlier run found stays."""
    known = lake.read_partition(settings.lake, "coverage", day, source_id)
    row: dict[str, object] = dict.fromkeys(contract.table("coverage").polars_schema(), 0)
    row |= known.row(0, named=True) if known.height else {"source_id": source_id, "day": day}
    row |= {"state": "failed", "note": note}
    lake.write_partition(settings.lake, "coverage", day, contract.frame("coverage", [row]), source_id)


def rebuild(settings: Settings, on_day: Callable[[date, Counts], None]) -> None:
    """Make the warehouse anew from the lake, day by day; nothing is fetched or read again.

    The new one is built beside the old one and takes its place when it is whole. The ledger comes first: names that
    were kept, and merges and splits, must be known before the days that they are about.
    """
    from pipeline.io.warehouse import open_master
    from pipeline.load import insert_ledger

    beside = settings.model_copy(update={"warehouse_name": "rebuild.duckdb"})
    beside.warehouse.unlink(missing_ok=True)
    ledger = [
        lake.read_day(settings.lake, "incident_ledger", day) for day in lake.days(settings.lake, "incident_ledger")
    ]
    with open_master(beside.warehouse) as connection:
        insert_ledger(connection, pl.concat([contract.empty("incident_ledger"), *ledger]).unique("entry_id"))
    for day in lake.days(settings.lake, "coverage"):
        on_day(day, load(day, beside, f"rebuild__{day}", "rebuild", afresh=True))
    beside.warehouse.replace(settings.warehouse)


def _day_frames(day: date, settings: Settings) -> dict[str, pl.DataFrame]:
    from pipeline.clean import mark_copies

    frames = {table: lake.read_day(settings.lake, table, day) for table in DAY_TABLES}
    frames["article"] = mark_copies(frames["article"], settings.knobs.clean.copy_similarity)
    return frames


def _settle(
    connection: duckdb.DuckDBPyConnection, day: date, settings: Settings, frames: dict[str, pl.DataFrame]
) -> tuple[dict[str, pl.DataFrame], list[str]]:
    """The day's frames with what they fold to, and the incidents that are no more."""
    from pipeline.fuse import settle as run

    given = frames | _dimensions(settings)
    settled = run(connection, day, given, load_sources(settings.sources), settings.knobs.resolve)
    given |= {"incident_mention": settled.incident_mentions, "incident": settled.incidents}
    return {**given, "incident_ledger": settled.ledger, "correction": settled.corrections}, settled.vanished


def _dimensions(settings: Settings) -> dict[str, pl.DataFrame]:
    from pipeline.dimension import actor_frame, place_frame
    from pipeline.fuse import source_frame

    return {"source": source_frame(load_sources(settings.sources)), "actor": actor_frame(), "place": place_frame()}


def _judge(day: date, frames: dict[str, pl.DataFrame], settings: Settings) -> Verdict:
    from pipeline.validate import validate as run

    return run(day, frames, settings, settings.release / "data_docs")


def _settled(connection: duckdb.DuckDBPyConnection, day: date, settings: Settings, afresh: bool) -> Settled:
    """The stored outcome of settle and validate if the warehouse has not moved since, else a fresh one."""
    from pipeline.load import warehouse_version
    from pipeline.validate import Verdict

    base = warehouse_version(connection)
    stored = _read_json(settings, "verdict", day, default={})
    frames = _day_frames(day, settings)
    if not afresh and stored.get("base") == base and not stored["quarantined"]:
        frames |= _dimensions(settings)
        for table in FOLDED_TABLES:
            frames[table] = lake.read_partition(settings.lake, table, day)
        vanished = _read_json(settings, "settled", day)["vanished"]
        return Settled(frames, vanished, Verdict.from_json(stored["verdict"]), base)
    settled, vanished = _settle(connection, day, settings, frames)
    verdict = _judge(day, settled, settings)
    while verdict.rejects.height:
        frames = verdict.apply(frames)
        settled, vanished = _settle(connection, day, settings, frames)
        verdict = _judge(day, settled, settings)
    _write_verdict(settings, day, verdict, NO_BASE)  # what lies in the lake is not what this verdict is about
    return Settled(settled, vanished, verdict, base)


def _run_row(
    day: date, run_id: str, kind: str, started_at: datetime, frames: dict[str, pl.DataFrame]
) -> dict[str, object]:
    from pipeline.version import code_version, config_sha256

    return {
        "run_id": run_id,
        "day": day,
        "kind": kind,
        "started_at": started_at,
        "loaded_at": datetime.now(UTC),
        "code_version": code_version(),
        "config_sha256": config_sha256(),
        "extractor_version": _reader().version,
        "n_articles": frames["article"].height,
        "n_mentions": frames["mention"].height,
        "n_claims": frames["claim"].height,
        "n_rejects": frames["reject"].height,
        "n_incidents_touched": frames["incident"].height,
    }


def _write_rejects(settings: Settings, day: date, source_id: str, stage: str, result: Result) -> None:
    lake.write_partition(settings.lake, "reject", day, result.rejects, f"{source_id}.{stage}")


def _rejects_of(settings: Settings, day: date, source_id: str) -> pl.DataFrame:
    stages = ("discover", "fetch", "import", "clean", "extract")
    return lake.read_day(settings.lake, "reject", day, [f"{source_id}.{stage}" for stage in stages])


def _update_coverage(settings: Settings, day: date, source_id: str, **values: int | pl.Expr) -> None:
    coverage = lake.read_partition(settings.lake, "coverage", day, source_id)
    updated = coverage.with_columns(
        [(value if isinstance(value, pl.Expr) else pl.lit(value)).alias(name) for name, value in values.items()]
    )
    lake.write_partition(settings.lake, "coverage", day, updated, source_id)


def _write_verdict(settings: Settings, day: date, verdict: Verdict, base: int) -> None:
    content = {"base": base, "quarantined": verdict.rejects.height, "verdict": verdict.to_json()}
    _write_json(settings, "verdict", day, content)


def _write_json(settings: Settings, name: str, day: date, content: dict[str, object]) -> None:
    path = settings.lake / name / f"day={day.isoformat()}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_suffix(".tmp")
    temporary.write_text(json.dumps(content, sort_keys=True, default=str), encoding="utf-8")
    temporary.replace(path)


def _read_json(settings: Settings, name: str, day: date, default: dict[str, Any] | None = None) -> dict[str, Any]:
    path = settings.lake / name / f"day={day.isoformat()}.json"
    if not path.exists() and default is not None:
        return default
    try:
        content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ConfigError(f"{path}: {error}; run settle and validate of the day again") from error
    return content
