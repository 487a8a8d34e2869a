"""Build the report of a release."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import duckdb


def build_report(connection: duckdb.DuckDBPyConnection, folder: Path, manifest: Mapping[str, object]) -> None:
    """Write the pages of a release into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    rows = connection.execute("SELECT headline FROM incident ORDER BY starts_on DESC, incident_id").fetchall()
    import html

    items = "".join(f"<li>{html.escape(row[0])}</li>" for row in rows)
    (folder / "index.html").write_text(f"<!doctype html><title>Sarhad</title><ul>{items}</ul>", encoding="utf-8")
