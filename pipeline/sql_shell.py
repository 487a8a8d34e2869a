"""Ask a release in SQL: one query with its answer as text, or a shell."""

from __future__ import annotations

import csv
import io
import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb

from pipeline.errors import ConfigError, TerminalError
from pipeline.io.warehouse import open_release

Rows = list[tuple[Any, ...]]

GREETING = """Sarhad, read-only: {path}
  SHOW TABLES;                       what is there (views answer one question each)
  SELECT * FROM deadliest;           the deadliest incidents
  DESCRIBE incident;                 columns; their meaning: docs/codebook.md
End a query with a semicolon; leave with .quit or end of input."""


def run_query(path: Path, sql: str, output: str = "table") -> str:
    """The answer of a release to a query.

    Args:
        path: the database of a release.
        sql: one or more statements; the answer is that of the last.
        output: ``table``, ``csv``, ``json`` or ``markdown``.

    Raises:
        ConfigError: no such format, or the SQL is wrong.
        TerminalError: there is no release.
    """
    formats: dict[str, Callable[[list[str], Rows], str]] = {
        "table": _table, "csv": _csv, "json": _json, "markdown": _markdown,
    }  # fmt: skip
    if output not in formats:
        raise ConfigError(f"no format {output!r}; one of {', '.join(formats)}")
    if not sql.strip():
        raise ConfigError("no SQL given; write it after -c, or name a file after -f")
    with open_release(path) as connection:
        try:
            result = connection.execute(sql)
            columns = [column[0] for column in result.description or ()]
            rows = result.fetchall() if columns else []
        except duckdb.Error as error:
            raise ConfigError(f"SQL: {error}") from error
    return formats[output](columns, rows)


def open_shell(path: Path) -> int:
    """Open a release in harlequin or the DuckDB command line, whichever is there, else in a plain prompt.

    Returns:
        the exit code of the shell.

    Raises:
        TerminalError: there is no release.
    """
    if not path.exists():
        raise TerminalError(f"{path}: no such release; run `sarhad run` to make one")
    if shutil.which("harlequin"):
        return subprocess.call(["harlequin", "--read-only", str(path)])
    if shutil.which("duckdb"):
        return subprocess.call(["duckdb", "-readonly", str(path)])
    return _prompt(path)


def _prompt(path: Path) -> int:
    print(GREETING.format(path=path))
    typed = ""
    while True:
        try:
            line = input("sarhad> " if not typed else "   ...> ") if sys.stdin.isatty() else input()
        except EOFError:
            return 0
        except KeyboardInterrupt:
            typed = ""
            print()
            continue
        if line.strip() in (".quit", ".exit"):
            return 0
        typed += line + "\n"
        if typed.rstrip().endswith(";"):
            try:
                print(run_query(path, typed))
            except ConfigError as error:
                print(error)
            typed = ""


def _table(columns: list[str], rows: Rows) -> str:
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=SIMPLE_HEAD, pad_edge=False, header_style="bold", row_styles=["", ""])
    numeric = [all(isinstance(row[k], int | float | None) for row in rows) for k in range(len(columns))]
    for name, is_number in zip(columns, numeric, strict=True):
        table.add_column(Text(name), justify="right" if is_number else "left", overflow="fold")
    for row in rows:
        table.add_row(*(Text(_text(value)) for value in row))
    stream = io.StringIO()
    width = shutil.get_terminal_size((160, 24)).columns
    Console(file=stream, width=width).print(table)
    return f"{stream.getvalue().rstrip()}\n{len(rows)} row{'' if len(rows) == 1 else 's'}"


def _csv(columns: list[str], rows: Rows) -> str:
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows([[_text(value) for value in row] for row in rows])
    return stream.getvalue().rstrip("\n")


def _json(columns: list[str], rows: Rows) -> str:
    records = [dict(zip(columns, row, strict=True)) for row in rows]
    return json.dumps(records, ensure_ascii=False, default=str, indent=1)


def _markdown(columns: list[str], rows: Rows) -> str:
    lines = [columns, ["---"] * len(columns), *([_text(value) for value in row] for row in rows)]
    return "\n".join(
        "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in line) + " |" for line in lines
    )


def _text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, list):
        return ", ".join(_text(item) for item in value)
    return str(value)
