"""Ingest: other people's WARC and HTML files become captures of the archive and partitions of the lake."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path

import polars as pl

from pipeline import contract
from pipeline.corridor import Counts, clean, extract
from pipeline.discover.folder import import_folder
from pipeline.io import lake
from pipeline.settings import Settings
from pipeline.sources import Source


def ingest(path: Path, source: Source, settings: Settings, on_day: Callable[[date, Counts], None]) -> list[date]:
    """Take the pages of a source out of a folder, clean and read them; returns the days that got rows.

    The days are not loaded: settle, validate and load them afterwards, as after a run.

    Raises:
        ConfigError: the path is not there.
        TransientError: the archive cannot be written, or the source is being fetched for the same day.
    """
    stored = [
        lake.read_partition(settings.lake, "capture", day, source.id) for day in lake.days(settings.lake, "capture")
    ]
    known = pl.concat([contract.empty("capture"), *stored])
    result = import_folder(path, source, settings.archive, known)
    touched = sorted({*result.tables["capture"]["day"], *result.rejects["day"]})
    for day in touched:
        on_day(day, _add(day, source, settings, result.tables, result.rejects))
    return sorted({*result.tables["capture"]["day"]})


def _add(
    day: date, source: Source, settings: Settings, tables: dict[str, pl.DataFrame], rejects: pl.DataFrame
) -> Counts:
    added = {name: tables[name].filter(pl.col("day") == day) for name in ("link", "capture")}
    for name, rows in added.items():
        earlier = lake.read_partition(settings.lake, name, day, source.id)
        key = contract.table(name).key[0]
        both = pl.concat([earlier, rows]).unique(key, keep="first", maintain_order=True)
        lake.write_partition(settings.lake, name, day, both, source.id)
    refused = rejects.filter(pl.col("day") == day)
    lake.write_partition(settings.lake, "reject", day, refused, f"{source.id}.import")
    _cover(day, source, settings)
    clean(day, source.id, settings)
    extract(day, source.id, settings)
    return {"captures": added["capture"].height, "rejects": refused.height}


def _cover(day: date, source: Source, settings: Settings) -> None:
    """Coverage of a day that only an import has seen: part of it, for nobody knows what the folder lacks."""
    links = lake.read_partition(settings.lake, "link", day, source.id).height
    fetched = lake.read_partition(settings.lake, "capture", day, source.id)["link_id"].n_unique()
    known = lake.read_partition(settings.lake, "coverage", day, source.id)
    row: dict[str, object] = dict.fromkeys(contract.table("coverage").polars_schema(), 0)
    row |= {"source_id": source.id, "day": day, "state": "partial", "note": "seen through an import only"}
    row |= known.row(0, named=True) if known.height else {}
    row |= {"n_links": links, "n_fetched": fetched}
    lake.write_partition(settings.lake, "coverage", day, contract.frame("coverage", [row]), source.id)
