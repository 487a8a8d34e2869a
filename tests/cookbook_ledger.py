"""A small ledger made by hand, on which the answers of the cookbook are pinned.

It is built from described claims, not from texts: a reader that learns a word changes nothing here.
`python -m tests.cookbook_ledger` pins the answers anew; read the difference before you commit it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import duckdb
import polars as pl

from pipeline import contract, cookbook
from pipeline.dimension import actor_frame, place_frame
from pipeline.evaluate.clusters import ClusterGold
from tests.ledger_house import STORY, frames_of, settle_all, warehouse

PINS = Path(__file__).resolve().parent / "cookbook_answers.json"

RASK: dict[str, Any] = {
    "event": "rask", "type": "armed_attack", "date": "2023-12-15", "place": "ir_rask", "target": "police",
    "perpetrator": "Jaish al-Adl",
}  # fmt: skip
STRIKE: dict[str, Any] = {
    "event": "strike", "type": "missile_strike", "date": "2024-01-16", "place": "pk_koh_e_sabz", "target": "militants",
    "perpetrator": "Iran",
}  # fmt: skip
ANSWER: dict[str, Any] = {
    "event": "answer", "type": "missile_strike", "date": "2024-01-18", "place": "ir_saravan", "target": "militants",
    "perpetrator": "Pakistan",
}  # fmt: skip
ENTRIES: list[dict[str, Any]] = [
    *STORY,
    RASK | {"article": "wire-2", "source": "makran_wire", "published": "2023-12-15", "killed": {"security_forces": 11},
            "claimed_by": "Jaish al-Adl", "quote": "Eleven police officers died in Rask; Jaish al-Adl claimed it."},
    STRIKE | {"article": "radio-3", "source": "frontier_radio", "published": "2024-01-17", "killed": {"civilians": 2},
              "speaker": "the foreign ministry", "speaker_type": "government",
              "quote": "Missiles of Iran killed two children in Koh-e-Sabz, the foreign ministry said."},
    ANSWER | {"article": "courier-2", "source": "border_courier", "published": "2024-01-18", "killed": {"civilians": 9},
              "speaker": "the governor", "speaker_type": "government",
              "quote": "Nine people died near Saravan in strikes by Pakistan,"},
    STRIKE | {"article": "courier-2", "source": "border_courier", "published": "2024-01-18", "role": "background",
              "quote": "in retaliation for the missiles that hit Koh-e-Sabz two days before."},
    ANSWER | {"article": "sahil-1", "source": "roznama_sahil", "published": "2024-01-19", "killed": {"civilians": 7},
              "language": "ur", "speaker": "police", "speaker_type": "police",
              "quote": "سراوان کے قریب پاکستان کے حملوں میں سات افراد ہلاک ہوئے"},
]  # fmt: skip
ACTORS = {"Jaish al-Adl": "jaish_al_adl", "Iran": "iran", "Pakistan": "pakistan",
          "Balochistan Liberation Front": "blf"}  # fmt: skip
COVERAGE: list[dict[str, object]] = [
    {"source_id": source_id, "day": date(2024, 1, day), "state": "ok", "n_links": 1, "n_fetched": 1, "n_failed": 0,
     "n_read": 1, "n_relevant": 1, "n_mentions": 1, "n_rejects": 0} | other
    for source_id, day, other in (
        ("frontier_radio", 17, {}), ("border_courier", 18, {}), ("roznama_sahil", 19, {}),
        ("coast_monitor", 18, {"state": "unreachable", "note": "its feed does not reach back"}),
        ("coast_monitor", 19, {"state": "unreachable", "note": "its feed does not reach back"}),
    )
]  # fmt: skip


def _gold() -> ClusterGold:
    """The entries as frames, with the ids of actors, and articles that hold the words of all their mentions."""
    gold = frames_of(ENTRIES)
    actor = pl.col("value").replace_strict(ACTORS, default=None)
    by_actor = pl.col("field").is_in(["perpetrator", "claimed_by"])
    claims = gold.claims.with_columns(canonical_id=pl.when(by_actor).then(actor).otherwise("canonical_id"))
    texts = gold.mentions.sort("char_start").group_by("article_id").agg(text=pl.col("quote").str.join(" "))
    articles = gold.articles.drop("text").join(texts, on="article_id")
    return ClusterGold(
        gold.mentions, contract.conform("claim", claims), contract.conform("article", articles), gold.entities,
        gold.events, gold.digest,
    )  # fmt: skip


@contextmanager
def ledger(folder: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """The ledger as a database in a folder."""
    with warehouse(folder) as connection:
        _insert(connection, "actor", actor_frame())
        _insert(connection, "place", place_frame())
        settle_all(connection, _gold())
        _insert(connection, "coverage", contract.frame("coverage", COVERAGE))
        yield connection


def _insert(connection: duckdb.DuckDBPyConnection, table: str, records: pl.DataFrame) -> None:
    connection.register("incoming", records)
    connection.execute(f'INSERT INTO "{table}" BY NAME SELECT * FROM incoming')
    connection.unregister("incoming")


def answers(connection: duckdb.DuckDBPyConnection) -> dict[str, Any]:
    """What the ledger answers to every recipe of the cookbook, by question."""
    connection.execute("SET TimeZone = 'UTC'")
    found = {}
    for recipe in cookbook.read_cookbook(cookbook.COOKBOOK.read_text(encoding="utf-8")):
        columns, rows = cookbook.answer(connection, recipe)
        found[recipe.question] = [dict(zip(columns, row, strict=True)) for row in rows]
    return dict(json.loads(json.dumps(found, default=str)))


def main() -> None:
    """Pin the answers of today."""
    with TemporaryDirectory() as folder, ledger(Path(folder)) as connection:
        found = answers(connection)
    lines = [
        f"{json.dumps(question, ensure_ascii=False)}: [\n"
        + ",\n".join(f"  {json.dumps(row, ensure_ascii=False)}" for row in rows)
        + "\n]"
        for question, rows in found.items()
    ]
    PINS.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
