"""Export: the data of a release in the forms that people take away, made for strangers to read without Sarhad."""

from __future__ import annotations

from pathlib import Path

import duckdb

from pipeline.export import changes, evidence, geojson, package, public
from pipeline.export.copy import copy_query
from pipeline.export.csv_file import write_csv
from pipeline.settings import ExportSettings


def export(
    connection: duckdb.DuckDBPyConnection,
    folder: Path,
    release_id: str,
    knobs: ExportSettings,
    previous: Path | None = None,
) -> list[Path]:
    """Write the exports of a release: tables as CSV and Parquet, GeoJSON, evidence, changes, description, digests.

    Equal content, settings and previous release give equal bytes: no clock is asked.

    Args:
        connection: the release, open for reading.
        folder: where the files go; made if it is not there.
        release_id: id of the release, for the description and the citation.
        knobs: how long quotes may be, and whether whole texts go along.
        previous: folder of the release before, to tell what changed; none for a first one.

    Returns:
        the files written, in the order of their names.

    Raises:
        TransientError: the disk is full.
        TerminalError: the release before cannot be read.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with connection.cursor() as cursor:
        cursor.execute("SET TimeZone = 'UTC'")
        for table in public.tables(cursor, knobs):
            copy_query(cursor, table.query, folder / f"{table.name}.parquet", "FORMAT parquet, COMPRESSION zstd")
            write_csv(cursor, table, folder / f"{table.name}.csv")
        geojson.write(cursor, folder / "incident.geojson")
        evidence.write(cursor, folder / "evidence.jsonl", knobs)
        changes.write(cursor, folder, previous)
        package.write(cursor, folder, release_id, knobs)
    return sorted(path for path in folder.iterdir() if path.is_file())
