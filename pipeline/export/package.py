"""What an export is, for people and programs: Data Package, licence, citation, a word to the reader, digests.

Data Package: https://datapackage.org/standard/ (version 2). Field names, types, meanings and closed lists are read
off the contract; nothing is written twice.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path
from typing import Any

import duckdb
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from pipeline.export import changes
from pipeline.export.csv_file import LIST_SEPARATOR
from pipeline.export.public import REFERENCES, Field, Table, tables
from pipeline.settings import ROOT, ExportSettings

PROFILE = "https://datapackage.org/profiles/2.0/datapackage.json"
TYPES = {
    "VARCHAR": "string", "JSON": "object", "BOOLEAN": "boolean", "INTEGER": "integer", "BIGINT": "integer",
    "DOUBLE": "number", "DATE": "date", "TIMESTAMP WITH TIME ZONE": "datetime", "VARCHAR[]": "list",
}  # fmt: skip
DESCRIPTION = (
    "A ledger of security incidents between and around Iran and Pakistan, read from the news, with a quote behind "
    "every value. A value that is not known is empty; nothing is guessed."
)
LICENCES = [
    {
        "name": "CC-BY-4.0",
        "path": "https://creativecommons.org/licenses/by/4.0/",
        "title": "Creative Commons Attribution 4.0",
    }
]
LINES = (
    ("incident.geojson", "geojson", "application/geo+json", "Incidents on a map; is_place_uncertain marks areas."),
    ("evidence.jsonl", "jsonl", "application/x-ndjson", "Incidents with their claims, quotes, speakers and articles."),
)


def write(connection: duckdb.DuckDBPyConnection, folder: Path, release_id: str, knobs: ExportSettings) -> None:
    """Describe what lies in the folder. Must come last: it counts bytes and takes digests of what is there."""
    _write_words(connection, folder, release_id, knobs)
    described = [*tables(connection, knobs), changes.table(connection, None)]
    content = {
        "$schema": PROFILE,
        "name": "sarhad",
        "id": release_id,
        "version": f"0.1.0+{release_id}",
        "title": "Sarhad: Iran-Pakistan security incidents",
        "description": DESCRIPTION,
        "licenses": LICENCES,
        "sources": _sources(connection),
        "contributors": [{"title": "The Sarhad maintainers", "roles": ["creator"]}],
        "keywords": ["conflict", "event data", "news", "Iran", "Pakistan", "provenance"],
        "resources": [
            *(_table_resource(folder, table) for table in described),
            *(_resource(folder, *line) for line in LINES),
        ],
    }
    text = json.dumps(content, ensure_ascii=False, indent=1) + "\n"
    (folder / "datapackage.json").write_text(text, encoding="utf-8")
    _write_digests(folder)


def _sources(connection: duckdb.DuckDBPyConnection) -> list[dict[str, str]]:
    rows = connection.execute("SELECT name, homepage FROM source ORDER BY source_id").fetchall()
    return [{"title": name, "path": homepage} for name, homepage in rows]


def _table_resource(folder: Path, table: Table) -> dict[str, Any]:
    resource = _resource(folder, f"{table.name}.csv", "csv", "text/csv", table.description)
    resource |= {
        "name": table.name,
        "type": "table",
        "dialect": {"delimiter": ",", "doubleQuote": True, "header": True},
    }
    schema: dict[str, Any] = {"fields": [_field(field) for field in table.fields], "missingValues": [""]}
    if table.key:
        schema["primaryKey"] = list(table.key)
    keys = [
        {"fields": [column], "reference": {"resource": other, "fields": [column]}}
        for (name, column), other in REFERENCES.items()
        if name == table.name
    ]
    return resource | {"schema": schema | ({"foreignKeys": keys} if keys else {})}


def _resource(folder: Path, path: str, form: str, media_type: str, description: str) -> dict[str, Any]:
    content = (folder / path).read_bytes()
    return {
        "name": path.replace(".", "-"), "path": path, "description": description, "format": form,
        "mediatype": media_type, "encoding": "utf-8", "bytes": len(content),
        "hash": f"sha256:{hashlib.sha256(content).hexdigest()}",
    }  # fmt: skip


def _field(field: Field) -> dict[str, Any]:
    described: dict[str, Any] = {"name": field.name, "type": TYPES[field.sql_type]}
    if field.description:
        described["description"] = field.description
    if field.sql_type.endswith("[]"):
        described |= {"delimiter": LIST_SEPARATOR, "itemType": "string"}
    # An empty list is an empty cell, so a list that is never null may look as if it were missing.
    is_required = field.is_required and not field.sql_type.endswith("[]")
    constraints: dict[str, Any] = {"required": True} if is_required else {}
    if field.values:
        constraints["enum"] = list(field.values)
    return described | ({"constraints": constraints} if constraints else {})


def _write_words(connection: duckdb.DuckDBPyConnection, folder: Path, release_id: str, knobs: ExportSettings) -> None:
    """README, LICENSE and CITATION.cff, from the templates beside this module."""
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).resolve().parent / "templates"),
        autoescape=False,
        undefined=StrictUndefined,
        trim_blocks=True,
        keep_trailing_newline=True,
    )
    latest, is_demo, n_incidents = connection.execute(
        "SELECT (SELECT max(seen_at) FROM claim), (SELECT coalesce(bool_or(is_demo), false) FROM source), "
        "(SELECT count(*) FROM incident)"
    ).fetchall()[0]
    facts = {
        "release_id": release_id, "latest": latest.date().isoformat() if latest else None, "is_demo": is_demo,
        "n_incidents": n_incidents, "knobs": knobs, "tables": tables(connection, knobs), "lines": LINES,
    }  # fmt: skip
    for name in ("README.md", "LICENSE.md", "CITATION.cff"):
        (folder / name).write_text(environment.get_template(f"{name}.j2").render(facts), encoding="utf-8")
    shutil.copyfile(ROOT / "LICENSE", folder / "LICENSE-code")


def _write_digests(folder: Path) -> None:
    """``SHA256SUMS``, as ``sha256sum --check`` reads it."""
    files = sorted(path for path in folder.iterdir() if path.is_file() and path.name != "SHA256SUMS")
    lines = [f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}\n" for path in files]
    (folder / "SHA256SUMS").write_text("".join(lines), encoding="utf-8")
