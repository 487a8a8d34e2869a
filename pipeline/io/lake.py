"""The only module that touches Parquet: the partitions between stages.

A partition is one file, ``<lake>/<table>/day=<day>/source=<source>.parquet``. Writing replaces it
as a whole through a temporary name, so a reader sees the old or the new one and never half of it.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from datetime import date
from pathlib import Path

import polars as pl

from pipeline import contract
from pipeline.errors import TerminalError, TransientError

WHOLE_DAY = "_day"


def partition_path(lake: Path, table: str, day: date, source_id: str = WHOLE_DAY) -> Path:
    """Where a partition lies."""
    return lake / table / f"day={day.isoformat()}" / f"source={source_id}.parquet"


def write_partition(lake: Path, table: str, day: date, records: pl.DataFrame, source_id: str = WHOLE_DAY) -> Path:
    """Replace a partition; equal records give equal bytes.

    Raises:
        ConfigError: the frame does not fit the contract.
        TransientError: the disk is full or cannot be written; the old partition stands.
    """
    path = partition_path(lake, table, day, source_id)
    typed = contract.conform(table, records)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        typed.write_parquet(temporary, compression="zstd", statistics=True)
        temporary.replace(path)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise TransientError(
            f"{path}: cannot write partition: {error}; free space or fix rights, then run again"
        ) from error
    return path


def read_partition(lake: Path, table: str, day: date, source_id: str = WHOLE_DAY) -> pl.DataFrame:
    """Read a partition; one that was never written is empty.

    Raises:
        TerminalError: the file is there but is no Parquet of this table.
    """
    path = partition_path(lake, table, day, source_id)
    if not path.exists():
        return contract.empty(table)
    return _read(path, table)


def read_day(lake: Path, table: str, day: date, source_ids: Iterable[str] | None = None) -> pl.DataFrame:
    """All partitions of a day, or those of some sources, in one frame sorted by key."""
    folder = partition_path(lake, table, day).parent
    paths = sorted(folder.glob("source=*.parquet"))
    if source_ids is not None:
        wanted = {f"source={source_id}.parquet" for source_id in source_ids}
        paths = [path for path in paths if path.name in wanted]
    frames = [_read(path, table) for path in paths]
    return contract.conform(table, pl.concat(frames)) if frames else contract.empty(table)


def days(lake: Path, table: str) -> list[date]:
    """Days of which the lake holds partitions of a table, in order."""
    return sorted(date.fromisoformat(path.name.removeprefix("day=")) for path in (lake / table).glob("day=*"))


def _read(path: Path, table: str) -> pl.DataFrame:
    try:
        records = pl.read_parquet(path, hive_partitioning=False)
    except (pl.exceptions.PolarsError, OSError) as error:
        raise TerminalError(f"{path}: corrupt Parquet ({error}); delete it and run the day's stage again") from error
    return contract.conform(table, records)
