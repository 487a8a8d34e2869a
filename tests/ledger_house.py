"""A small house for tests of the ledger: mentions from short descriptions, and a warehouse to load them into."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import duckdb
import polars as pl

from pipeline import contract
from pipeline.corrections import Correction
from pipeline.evaluate.clusters import ClusterGold, gold_frames
from pipeline.io.warehouse import open_master
from pipeline.load import DAY_TABLES, load
from pipeline.settings import load_knobs
from pipeline.settle import Settled, settle

RESOLVE = load_knobs().resolve
NOW = datetime(2024, 3, 1, tzinfo=UTC)
OUTLETS = {
    "makran_wire": "wire",
    "border_courier": "newspaper",
    "coast_monitor": "newspaper",
    "frontier_radio": "broadcaster",
    "southern_dispatch": "newspaper",
    "roznama_sahil": "newspaper",
    "khabar_kavir": "newspaper",
    "green_mountain": "militant",
}

# The toll that goes 4, 11, 9 over three days, with two sides' claims; told by four outlets, one of them a reprint.
AMBUSH: dict[str, Any] = {
    "event": "ambush",
    "type": "ambush",
    "date": "2024-01-10",
    "place": "pk_balgatar",
    "target": "soldiers",
}
OFFICIALS = {"speaker": "officials", "speaker_type": "government"}
STORY: list[dict[str, Any]] = [
    AMBUSH
    | {
        "article": "radio-1",
        "source": "frontier_radio",
        "published": "2024-01-10",
        "killed": 4,
        "speaker": "police",
        "speaker_type": "police",
        "quote": "Four soldiers died when gunmen ambushed a convoy in Balgatar, police said.",
    },
    AMBUSH
    | {
        "article": "monitor-1",
        "source": "coast_monitor",
        "published": "2024-01-11",
        "place": "pk_kech_district",
        "claimed_by": "Balochistan Liberation Front",
        "killed_claimed": 23,
        "quote": "The Balochistan Liberation Front says that it killed 23 soldiers in Kech.",
    },
    AMBUSH
    | OFFICIALS
    | {
        "article": "wire-1",
        "source": "makran_wire",
        "published": "2024-01-11",
        "killed": {"security_forces": 11},
        "injured": 6,
        "quote": "Officials now put the dead of the ambush in Balgatar at 11 soldiers, with six wounded.",
    },
    AMBUSH
    | OFFICIALS
    | {
        "article": "courier-1",
        "source": "border_courier",
        "published": "2024-01-11",
        "copy_of": "wire-1",
        "killed": {"security_forces": 11},
        "injured": 6,
        "quote": "Officials now put the dead of the ambush in Balgatar at 11 soldiers, with six wounded.",
    },
    AMBUSH
    | {
        "article": "radio-2",
        "source": "frontier_radio",
        "published": "2024-01-12",
        "killed": {"security_forces": 9},
        "speaker": "the military",
        "speaker_type": "military",
        "quote": "Nine soldiers and not eleven fell in Balgatar, the military said.",
    },
]


def frames_of(entries: Sequence[Mapping[str, Any]]) -> ClusterGold:
    """Frames of mentions described like the gold in tests/golden/clusters."""
    return gold_frames([(f"entry {n}", entry) for n, entry in enumerate(entries)])


def source_rows() -> pl.DataFrame:
    """Table source of the outlets."""
    rows = [
        {"source_id": name, "name": name.replace("_", " ").title(), "language": "en", "kind": kind,
         "homepage": f"https://{name}.example/", "is_demo": True, "wire_family": "makran" if kind == "wire" else None}
        for name, kind in OUTLETS.items()
    ]  # fmt: skip
    return contract.conform("source", contract.frame("source", rows))


def sources() -> dict[str, Any]:
    """The outlets as settle wants them."""
    return {
        row["source_id"]: SimpleNamespace(**row, id=row["source_id"], demo=True)
        for row in source_rows().iter_rows(named=True)
    }


@contextmanager
def warehouse(folder: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """An empty master."""
    with open_master(folder / "house.duckdb") as connection:
        yield connection


def settle_day(
    connection: duckdb.DuckDBPyConnection,
    gold: ClusterGold,
    day: date,
    corrections: Sequence[Correction] = (),
) -> Settled:
    """Settle and load one day of the gold."""
    frames = {name: contract.empty(name) for name in DAY_TABLES}
    for name, records in (
        ("mention", gold.mentions), ("claim", gold.claims), ("article", gold.articles), ("entity", gold.entities)
    ):  # fmt: skip
        frames[name] = records.filter(pl.col("day") == day)
    settled = settle(connection, day, frames, sources(), RESOLVE, corrections)
    frames |= {
        "incident_mention": settled.incident_mentions,
        "incident": settled.incidents,
        "incident_ledger": settled.ledger,
        "correction": settled.corrections,
        "source": source_rows(),
    }
    run: dict[str, object] = {
        "run_id": f"test-{day}", "day": day, "kind": "cli", "started_at": NOW, "loaded_at": NOW,
        "code_version": "abc123", "config_sha256": "0" * 64, "extractor_version": "gold",
        "n_articles": 0, "n_mentions": 0, "n_claims": 0,
        "n_rejects": 0, "n_incidents_touched": settled.incidents.height,
    }  # fmt: skip
    load(connection, day, frames, run, settled.vanished)
    return settled


def settle_all(connection: duckdb.DuckDBPyConnection, gold: ClusterGold, days: Sequence[date] | None = None) -> None:
    """Settle and load all days of the gold, in the given order."""
    for day in days if days is not None else sorted(set(gold.mentions["day"])):
        settle_day(connection, gold, day)


def partition_of(rows: pl.DataFrame) -> set[frozenset[str]]:
    """Which mentions stand together."""
    grouped = rows.group_by("incident_id").agg("mention_id")
    return {frozenset(members) for members in grouped["mention_id"]}


def ask(connection: duckdb.DuckDBPyConnection, query: str) -> list[dict[str, Any]]:
    """Rows of a query."""
    cursor = connection.cursor()
    cursor.execute("SET TimeZone = 'UTC'")
    return cursor.sql(query).pl().to_dicts()
