"""Export: the data of a release in the forms that people take away, made for strangers to read without Sarhad."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import duckdb

from pipeline.errors import TerminalError
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


def release_id(release: Path) -> str:
    """Id of the current release in a release folder.

    Raises:
        TerminalError: its manifest cannot be read.
    """
    return str(_manifest(release)["release_id"])


def previous_folder(release: Path) -> Path | None:
    """Folder of the release before the current one; none for a first release, or where it is gone."""
    name = _manifest(release)["previous"]
    folder = release / "versions" / str(name)
    return folder if name and folder.is_dir() else None


def _manifest(release: Path) -> dict[str, Any]:
    path = release / "manifest.json"
    try:
        content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise TerminalError(f"{path}: cannot be read ({error}); run `sarhad publish`") from error
    return content
