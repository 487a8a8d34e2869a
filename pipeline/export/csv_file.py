"""CSV that a spreadsheet opens as it is meant: UTF-8 with its mark, and no cell that runs as a formula.

RFC 4180 in form. Cells of text that begin like a formula get an apostrophe before them, as OWASP advises
("CSV Injection"): titles and quotes come from strangers. Figures and dates are left alone.
"""

from __future__ import annotations

import codecs
import shutil
from pathlib import Path

import duckdb

from pipeline.export.copy import copy_query
from pipeline.export.public import Field, Table

# Spreadsheets in East Asian locales take the full-width signs for the same; tabs and line ends may hide a sign.
FORMULA = r"^[=+\-@＝＋－＠\t\r\n]"
LIST_SEPARATOR = ";"


def write_csv(connection: duckdb.DuckDBPyConnection, table: Table, path: Path) -> None:
    """Write a table as CSV; null is an empty cell, an empty text is ``""``, items of a list are parted by ``;``.

    Raises:
        TransientError: the disk is full.
    """
    cells = ", ".join(f'{_cell(field)} AS "{field.name}"' for field in table.fields)
    part = path.with_name(f".{path.name}.part")
    copy_query(connection, f"SELECT {cells} FROM ({table.query})", part, "FORMAT csv, HEADER")
    with part.open("rb") as rows, path.open("wb") as stream:
        stream.write(codecs.BOM_UTF8)
        shutil.copyfileobj(rows, stream)
    part.unlink()


def _cell(field: Field) -> str:
    column = f'"{field.name}"'
    if field.sql_type == "TIMESTAMP WITH TIME ZONE":
        return f"strftime({column}, '%Y-%m-%dT%H:%M:%SZ')"
    if field.sql_type.endswith("[]"):
        # A separator inside an item would make two of it.
        items = f"list_transform({column}, lambda item: replace(item::VARCHAR, '{LIST_SEPARATOR}', ','))"
        return _harmless(f"array_to_string({items}, '{LIST_SEPARATOR}')")
    if field.sql_type in ("VARCHAR", "JSON"):
        return _harmless(f"{column}::VARCHAR")
    return column


def _harmless(text: str) -> str:
    return f"CASE WHEN regexp_matches({text}, '{FORMULA}') THEN '''' || {text} ELSE {text} END"
