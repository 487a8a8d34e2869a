"""Load: one day into the warehouse, in one transaction.

The rows of the day are replaced as a whole, and so are the incidents that it touched. Loading equal
content a second time therefore leaves every table as it was.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

import duckdb
import polars as pl

from pipeline import contract
from pipeline.errors import ConfigError, TerminalError
from pipeline.io.warehouse import database_path, explain, question, sql_files, table_digest, transaction

DAY_TABLES = ("link", "capture", "article", "entity", "mention", "claim", "coverage", "reject")
# An unchanged page that is listed again on a later day is the same article (ids hash address and bytes, not the day).
# Its rows are in the warehouse already, under the day that was loaded first, and stay as they are.
SHARED_TABLES = ("article", "entity", "mention", "claim", "reject")
# Replaced where they are touched; every other table comes from config/ and is replaced as a whole, where it is given.
INCIDENT_TABLES = ("incident", "incident_mention", "incident_ledger", "run")
SHOWN_ROWS = 3


@dataclass(frozen=True)
class LoadReport:
    """What a load did: rows written per table, whether any table but ``run`` differs now, and the new version."""

    counts: dict[str, int]
    changed: bool
    version: int


def load(
    connection: duckdb.DuckDBPyConnection,
    day: date,
    frames: Mapping[str, pl.DataFrame],
    run_row: Mapping[str, object],
    vanished: Iterable[str] = (),
) -> LoadReport:
    """Replace a day in the warehouse, and the incidents that it touched.

    Args:
        connection: the master, see ``pipeline.io.warehouse.open_master``.
        day: the day that the rows belong to.
        frames: all tables of the day; ``incident`` and ``incident_mention`` hold the touched incidents as a whole.
            other tables (``source``, ``actor``, ``place`` ...) may be there too: they replace what the warehouse has.
        run_row: the row of ``run``.
        vanished: incidents that were touched and are no more (merged away, or their mentions are gone).

    Raises:
        ConfigError: a frame is missing or does not fit the contract.
        TerminalError: a row breaks a constraint or an audit of ``sql/audits``; nothing was loaded.
        TransientError: the disk is full; nothing was loaded.
    """
    typed = _conform(day, frames)
    run = contract.frame("run", [dict(run_row)])
    touched = sorted({*typed["incident"]["incident_id"], *vanished})
    try:
        before = _digest(connection, day, touched)
        with transaction(connection):
            for name in _dimensions():
                if name in typed:
                    _replace_dimension(connection, name, typed[name])
            _replace_incidents(connection, day, typed, touched)
            for name in DAY_TABLES:
                connection.execute(f'DELETE FROM "{name}" WHERE day = ?', [day])
                _insert(connection, name, typed[name], only_new=name in SHARED_TABLES)
            connection.execute("DELETE FROM run WHERE run_id = ?", [run_row["run_id"]])
            _insert(connection, "run", run)
            _audit(connection)
            connection.execute("SELECT nextval('load_counter')").fetchall()
            changed = _digest(connection, day, touched) != before
    except duckdb.ConstraintException as error:
        raise TerminalError(f"{day}: a row breaks the contract, nothing was loaded: {error}") from error
    except duckdb.Error as error:
        raise explain(database_path(connection), error) from error
    counts = {name: records.height for name, records in typed.items()}
    return LoadReport(counts, changed, warehouse_version(connection))


def warehouse_version(connection: duckdb.DuckDBPyConnection) -> int:
    """How many loads the warehouse has seen; it tells whether another load came in between."""
    rows = connection.execute(
        "SELECT coalesce(max(last_value), 0) FROM duckdb_sequences() WHERE sequence_name = 'load_counter'"
    ).fetchall()
    return int(rows[0][0])


def _dimensions() -> list[str]:
    """Tables that do not belong to a day."""
    return [name for name in contract.tables() if name not in (*DAY_TABLES, *INCIDENT_TABLES)]


def _digest(connection: duckdb.DuckDBPyConnection, day: date, touched: list[str]) -> list[str]:
    """Digest of everything that a load of this day may change, but ``run``."""
    mine = "list_contains(?::VARCHAR[], incident_id)"
    return [
        *(table_digest(connection, name, "day = ?", [day]) for name in DAY_TABLES),
        *(table_digest(connection, name, mine, [touched]) for name in ("incident", "incident_mention")),
        *(table_digest(connection, name) for name in (*_dimensions(), "incident_ledger")),
    ]


def _conform(day: date, frames: Mapping[str, pl.DataFrame]) -> dict[str, pl.DataFrame]:
    needed = (*DAY_TABLES, "incident", "incident_mention")
    missing = [name for name in needed if name not in frames]
    if missing:
        raise ConfigError(f"{day}: load needs the tables {', '.join(missing)}; run the stages before it")
    optional = [name for name in (*_dimensions(), "incident_ledger") if name in frames]
    typed = {name: contract.conform(name, frames[name]) for name in (*needed, *optional)}
    for name in DAY_TABLES:
        foreign = typed[name].filter(pl.col("day") != day).height
        if foreign:
            raise ConfigError(f"{day}: {foreign} rows of {name} belong to another day; load each day by itself")
    return typed


def _replace_dimension(connection: duckdb.DuckDBPyConnection, name: str, records: pl.DataFrame) -> None:
    """Only where something changed, so that an equal load writes nothing."""
    connection.register("incoming", records)
    columns = ", ".join(f'"{column}"' for column in records.columns)
    difference = connection.execute(
        f'SELECT count(*) FROM ((SELECT {columns} FROM incoming EXCEPT ALL SELECT {columns} FROM "{name}") '
        f'UNION ALL (SELECT {columns} FROM "{name}" EXCEPT ALL SELECT {columns} FROM incoming))'
    ).fetchall()
    if difference[0][0]:
        connection.execute(f'DELETE FROM "{name}"')
        connection.execute(f'INSERT INTO "{name}" BY NAME SELECT * FROM incoming')
    connection.unregister("incoming")


def _replace_incidents(
    connection: duckdb.DuckDBPyConnection, day: date, frames: Mapping[str, pl.DataFrame], touched: list[str]
) -> None:
    members = frames["incident_mention"]["mention_id"].to_list()
    connection.execute(
        "DELETE FROM incident_mention WHERE list_contains(?::VARCHAR[], incident_id) "
        "OR list_contains(?::VARCHAR[], mention_id) OR mention_id IN (SELECT mention_id FROM mention WHERE day = ?)",
        [touched, members, day],
    )
    connection.execute("DELETE FROM incident WHERE list_contains(?::VARCHAR[], incident_id)", [touched])
    _insert(connection, "incident", frames["incident"])
    _insert(connection, "incident_mention", frames["incident_mention"])
    if "incident_ledger" in frames:
        entries = frames["incident_ledger"]
        connection.execute(
            "DELETE FROM incident_ledger WHERE list_contains(?::VARCHAR[], entry_id)", [entries["entry_id"].to_list()]
        )
        _insert(connection, "incident_ledger", entries)


def _insert(connection: duckdb.DuckDBPyConnection, name: str, records: pl.DataFrame, *, only_new: bool = False) -> None:
    if records.is_empty():
        return
    connection.register("incoming", records)
    known = f'ANTI JOIN "{name}" USING ({", ".join(contract.table(name).key)})' if only_new else ""
    connection.execute(f'INSERT INTO "{name}" BY NAME SELECT * FROM incoming {known}')
    connection.unregister("incoming")


def _audit(connection: duckdb.DuckDBPyConnection) -> None:
    """Every audit must select no row.

    Raises:
        TerminalError: one does; the message names the audit and shows the first rows.
        ConfigError: an audit is no valid SQL.
    """
    for path in sql_files("audits"):
        try:
            found = connection.sql(path.read_text(encoding="utf-8")).limit(SHOWN_ROWS).pl()
        except duckdb.Error as error:
            raise ConfigError(f"sql/audits/{path.name}: {error}") from error
        if found.height:
            rows = "; ".join(str(row) for row in found.rows(named=True))
            raise TerminalError(f"audit {path.name} ({question(path)}) found rows, nothing was loaded: {rows}")


def insert_ledger(connection: duckdb.DuckDBPyConnection, entries: pl.DataFrame) -> None:
    """Put entries of ``incident_ledger`` into a warehouse that is being rebuilt."""
    with transaction(connection):
        _insert(connection, "incident_ledger", contract.conform("incident_ledger", entries))


def read_candidates(
    connection: duckdb.DuckDBPyConnection, query: str, parameters: Mapping[str, object] | None = None
) -> dict[str, pl.DataFrame]:
    """Rows of the warehouse that hang on the mentions which a query selects, as frames of the contract.

    Args:
        connection: the master or a release.
        query: SQL whose result has a column ``mention_id``; other mentions of their incidents come along.
        parameters: values for the names (``$day``) in the query.

    Raises:
        ConfigError: the query is wrong or has no such column.
    """
    try:
        connection.execute(
            f"CREATE OR REPLACE TEMP TABLE candidate AS SELECT DISTINCT mention_id FROM ({query})", parameters or {}
        )
    except duckdb.Error as error:
        raise ConfigError(f"the query for candidates: {error}") from error
    connection.execute(
        "INSERT INTO candidate SELECT DISTINCT mention_id FROM incident_mention WHERE incident_id IN "
        "(SELECT incident_id FROM incident_mention SEMI JOIN candidate USING (mention_id)) "
        "EXCEPT SELECT mention_id FROM candidate"
    )
    by_mention = {
        name: connection.sql(f"SELECT t.* FROM {name} AS t SEMI JOIN candidate USING (mention_id)").pl()
        for name in ("mention", "claim", "incident_mention")
    }
    articles = "SELECT article_id FROM mention SEMI JOIN candidate USING (mention_id)"
    by_article = {
        name: connection.sql(f"SELECT * FROM {name} WHERE article_id IN ({articles})").pl()
        for name in ("article", "entity")
    }
    incidents = connection.sql(
        "SELECT * FROM incident WHERE incident_id IN "
        "(SELECT incident_id FROM incident_mention SEMI JOIN candidate USING (mention_id))"
    ).pl()
    found = {**by_mention, **by_article, "incident": incidents}
    connection.execute("DROP TABLE candidate")
    return {name: contract.conform(name, records) for name, records in found.items()}
