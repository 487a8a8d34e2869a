"""The contract is SQL: tables are defined in ``sql/schema`` and read off it by asking DuckDB.

From one definition come the DuckDB tables, the Polars schemas and ``docs/codebook.md``.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import duckdb
import polars as pl

from pipeline.errors import ConfigError

SQL_FOLDER = Path(__file__).resolve().parent.parent / "sql"

POLARS_TYPES: dict[str, pl.DataType] = {
    "VARCHAR": pl.String(),
    "JSON": pl.String(),
    "BOOLEAN": pl.Boolean(),
    "INTEGER": pl.Int32(),
    "BIGINT": pl.Int64(),
    "DOUBLE": pl.Float64(),
    "DATE": pl.Date(),
    "TIMESTAMP WITH TIME ZONE": pl.Datetime("us", "UTC"),
    "VARCHAR[]": pl.List(pl.String()),
    "BIGINT[]": pl.List(pl.Int64()),
}


@dataclass(frozen=True)
class Column:
    """One column: its SQL type, whether it may be null, and what it means."""

    name: str
    sql_type: str
    nullable: bool
    comment: str


@dataclass(frozen=True)
class Table:
    """One table of the contract with its columns in order."""

    name: str
    comment: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    checks: tuple[str, ...]

    def polars_schema(self) -> pl.Schema:
        """The schema that a Polars frame of this table has."""
        return pl.Schema({column.name: POLARS_TYPES[column.sql_type] for column in self.columns})


def schema_files() -> list[Path]:
    """The SQL files that define the tables, in order."""
    files = sorted((SQL_FOLDER / "schema").glob("*.sql"))
    if not files:
        raise ConfigError(f"{SQL_FOLDER / 'schema'}: no schema files; the checkout is incomplete")
    return files


def create_tables(connection: duckdb.DuckDBPyConnection) -> None:
    """Create all tables of the contract in an empty database."""
    for path in schema_files():
        try:
            connection.execute(path.read_text(encoding="utf-8"))
        except duckdb.Error as error:
            raise ConfigError(f"{path}: {error}") from error


@cache
def tables() -> dict[str, Table]:
    """All tables of the contract by name, as DuckDB understands them.

    Raises:
        ConfigError: a table or column has no comment, or a type that no Polars type stands for.
    """
    with duckdb.connect() as connection:
        create_tables(connection)
        names = connection.execute(
            "SELECT table_name, comment FROM duckdb_tables() WHERE NOT internal ORDER BY table_oid"
        ).fetchall()
        return {name: _read_table(connection, name, comment) for name, comment in names}


def _read_table(connection: duckdb.DuckDBPyConnection, name: str, comment: str | None) -> Table:
    rows = connection.execute(
        "SELECT column_name, data_type, is_nullable, comment FROM duckdb_columns() "
        "WHERE NOT internal AND table_name = ? ORDER BY column_index",
        [name],
    ).fetchall()
    columns = tuple(Column(*row) for row in rows)
    constraints = connection.execute(
        "SELECT constraint_type, constraint_text, constraint_column_names FROM duckdb_constraints() "
        "WHERE table_name = ? ORDER BY constraint_index",
        [name],
    ).fetchall()
    key = next((tuple(names) for kind, _, names in constraints if kind == "PRIMARY KEY"), ())
    checks = tuple(text for kind, text, _ in constraints if kind == "CHECK")
    for column in columns:
        if not column.comment:
            raise ConfigError(f"sql/schema: column {name}.{column.name} has no comment; add COMMENT ON COLUMN")
        if column.sql_type not in POLARS_TYPES:
            raise ConfigError(
                f"sql/schema: column {name}.{column.name} has type {column.sql_type}; "
                f"use one of {', '.join(sorted(POLARS_TYPES))}"
            )
    if not comment:
        raise ConfigError(f"sql/schema: table {name} has no comment; add COMMENT ON TABLE")
    return Table(name, comment, columns, key, checks)


def table(name: str) -> Table:
    """One table of the contract.

    Raises:
        ConfigError: no such table.
    """
    known = tables()
    if name not in known:
        raise ConfigError(f"no table {name!r} in sql/schema; known: {', '.join(known)}")
    return known[name]


def empty(name: str) -> pl.DataFrame:
    """An empty frame of a table."""
    return pl.DataFrame(schema=table(name).polars_schema())


def frame(name: str, rows: list[dict[str, object]]) -> pl.DataFrame:
    """Rows as a frame of a table; missing columns are null.

    Raises:
        ConfigError: a row has a column that the contract does not know.
    """
    schema = table(name).polars_schema()
    for row in rows:
        unknown = row.keys() - schema.keys()
        if unknown:
            raise ConfigError(f"table {name} has no column {', '.join(sorted(unknown))}")
    return pl.DataFrame([{column: row.get(column) for column in schema} for row in rows], schema=schema)


def conform(name: str, records: pl.DataFrame) -> pl.DataFrame:
    """Put a frame into the order and types of its table, sorted by key: equal content, equal bytes.

    Raises:
        ConfigError: a column is missing or unknown, or a value does not fit its type.
    """
    definition = table(name)
    schema = definition.polars_schema()
    missing, unknown = schema.keys() - set(records.columns), set(records.columns) - schema.keys()
    if missing or unknown:
        raise ConfigError(f"table {name}: missing columns {sorted(missing)}, unknown columns {sorted(unknown)}")
    try:
        typed = records.select(list(schema)).cast(schema)
    except pl.exceptions.PolarsError as error:
        raise ConfigError(f"table {name}: {error}") from error
    return typed.sort(definition.key) if definition.key else typed
