"""The only module that opens DuckDB files: the master, and the release that analysts read.

One process may write a DuckDB file and no other may even read it meanwhile. So the master is opened
by ``load`` and ``publish`` for moments, and everybody else reads the copy in the release.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import duckdb

from pipeline import contract
from pipeline.errors import ConfigError, SarhadError, TerminalError, TransientError
from pipeline.ids import sha256_text

# The newest storage that the DuckDB command line people can install (1.5) reads; the default of 2.0 it cannot.
STORAGE_VERSION = "v1.5.0"
SQL_OBJECTS = ("rules", "macros", "views")
# Columns of views that mean what a column of these tables means inherit its comment, first table first.
COMMENT_SOURCES = ("incident", "claim", "mention", "article", "coverage", "actor", "place", "source")


@contextmanager
def open_master(path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """The master database, opened for writing; made from ``sql/schema`` where it does not exist.

    Installs the rules, macros and views of ``sql/`` whenever these files have changed.

    Raises:
        TransientError: another process has it open, or the disk cannot be written.
        TerminalError: the file is no DuckDB database that this version can read.
        ConfigError: an SQL file is wrong (the message names it), or the tables are those of another schema.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with _connect(path, read_only=False) as connection:
        try:
            _create(connection, path)
            _install(connection)
        except duckdb.Error as error:
            raise explain(path, error) from error
        yield connection


@contextmanager
def open_release(path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """A published database, read-only.

    Raises:
        TerminalError: the file does not exist or is no DuckDB database.
    """
    if not path.exists():
        raise TerminalError(f"{path}: no such release; run `sarhad run` to make one")
    with _connect(path, read_only=True) as connection:
        yield connection


@contextmanager
def _connect(path: Path, *, read_only: bool) -> Iterator[duckdb.DuckDBPyConnection]:
    config: dict[str, str | bool | int | float | list[str]] = (
        {} if read_only else {"storage_compatibility_version": STORAGE_VERSION}
    )
    try:
        connection = duckdb.connect(path, read_only=read_only, config=config)
    except duckdb.Error as error:
        raise explain(path, error) from error
    try:
        connection.execute("SET TimeZone = 'UTC'")
        yield connection
    finally:
        connection.close()


def explain(path: Path, error: duckdb.Error) -> SarhadError:
    """What a DuckDB error means for the run: locked and full are transient, unreadable is not."""
    text = str(error)
    if "Could not set lock" in text or "different configuration" in text:
        return TransientError(
            f"{path}: another process has the database open ({_first_line(text)}). "
            "Close that session (analysts read release/analyst.duckdb) or wait for the load to end, then run again"
        )
    if any(words in text for words in ("No space left", "File too large", "Could not write", "Disk quota")):
        return TransientError(f"{path}: the disk is full ({_first_line(text)}); free space, then run again")
    if isinstance(error, duckdb.IOException | duckdb.SerializationException | duckdb.InternalException):
        return TerminalError(
            f"{path}: not a database that DuckDB {duckdb.__version__} can read ({_first_line(text)}); "
            "delete it and run `sarhad rebuild`, the lake has everything"
        )
    return TerminalError(f"{path}: {text}")


def database_path(connection: duckdb.DuckDBPyConnection) -> Path:
    """The file that a connection has open."""
    rows = connection.execute("SELECT path FROM duckdb_databases() WHERE database_name = current_database()").fetchall()
    return Path(rows[0][0] or "(in memory)")


def _first_line(text: str) -> str:
    return text.strip().splitlines()[0] if text.strip() else "no message"


@contextmanager
def transaction(connection: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """All or nothing: commit at the end, roll back on any error."""
    connection.execute("BEGIN")
    try:
        yield
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")


def _create(connection: duckdb.DuckDBPyConnection, path: Path) -> None:
    found = _columns(connection)
    if not found:
        with transaction(connection):
            contract.create_tables(connection)
            connection.execute("CREATE SEQUENCE load_counter")
        return
    wanted = [(name, column.name, column.sql_type) for name, t in contract.tables().items() for column in t.columns]
    if sorted(found) != sorted(wanted):
        changed = sorted({f"{name}.{column}" for name, column, _ in set(found) ^ set(wanted)})
        raise ConfigError(
            f"{path}: made with another schema (differs in {', '.join(changed[:5])}); "
            "run `sarhad rebuild`, the lake has everything"
        )


def _columns(connection: duckdb.DuckDBPyConnection) -> list[tuple[str, str, str]]:
    return connection.execute(
        "SELECT c.table_name, c.column_name, c.data_type FROM duckdb_columns() AS c "
        "JOIN duckdb_tables() AS t USING (database_name, table_name) WHERE NOT c.internal"
    ).fetchall()


def sql_files(kind: str) -> list[Path]:
    """The files of ``sql/<kind>`` in the order of their names."""
    return sorted((contract.SQL_FOLDER / kind).glob("*.sql"))


def sql_digest() -> str:
    """Digest of everything that is installed beside the tables."""
    files = [*contract.schema_files(), *(path for kind in SQL_OBJECTS for path in sql_files(kind))]
    return sha256_text("\n".join(f"{path.name}\n{path.read_text(encoding='utf-8')}" for path in files))


def _install(connection: duckdb.DuckDBPyConnection) -> None:
    digest = sql_digest()
    # DuckDB has no place for a database's own notes; the comment of the load counter is ours.
    installed = connection.execute(
        "SELECT comment FROM duckdb_sequences() WHERE sequence_name = 'load_counter'"
    ).fetchall()
    if installed == [(digest,)]:
        return
    with transaction(connection):
        _drop_objects(connection)
        for kind in SQL_OBJECTS:
            for path in sql_files(kind):
                _run_file(connection, path)
        for path in sql_files("views"):
            _comment_view(connection, path)
        connection.execute(f"COMMENT ON SEQUENCE load_counter IS '{digest}'")


def _drop_objects(connection: duckdb.DuckDBPyConnection) -> None:
    for (name,) in connection.execute("SELECT view_name FROM duckdb_views() WHERE NOT internal").fetchall():
        connection.execute(f'DROP VIEW "{name}"')
    macros = connection.execute(
        "SELECT DISTINCT function_name, function_type FROM duckdb_functions() "
        "WHERE NOT internal AND function_type IN ('macro', 'table_macro')"
    ).fetchall()
    for name, kind in macros:
        connection.execute(f'DROP MACRO {"TABLE " if kind == "table_macro" else ""}"{name}"')


def _run_file(connection: duckdb.DuckDBPyConnection, path: Path) -> None:
    try:
        connection.execute(path.read_text(encoding="utf-8"))
    except duckdb.Error as error:
        raise ConfigError(f"sql/{path.parent.name}/{path.name}: {error}") from error


def question(path: Path) -> str:
    """The question that an SQL file answers: its first line, a comment.

    Raises:
        ConfigError: the first line is no comment.
    """
    first = path.read_text(encoding="utf-8").partition("\n")[0]
    if not first.startswith("-- "):
        raise ConfigError(f"sql/{path.parent.name}/{path.name}:1: first line must be the question, as a comment")
    return first.removeprefix("-- ").strip()


def _comment_view(connection: duckdb.DuckDBPyConnection, path: Path) -> None:
    """Comment a view with its question, and its columns with the meaning that the contract gives their names."""
    name = path.stem
    columns = connection.execute(
        "SELECT column_name, comment FROM duckdb_columns() WHERE table_name = ? AND NOT internal", [name]
    ).fetchall()
    if not columns:
        raise ConfigError(f"sql/views/{path.name}: defines no view named {name}; name the view like its file")
    connection.execute(f'COMMENT ON VIEW "{name}" IS {_literal(question(path))}')
    known = {
        column.name: column.comment for table in reversed(COMMENT_SOURCES) for column in contract.table(table).columns
    }
    for column, comment in columns:
        if not comment and column in known:
            connection.execute(f'COMMENT ON COLUMN "{name}"."{column}" IS {_literal(known[column])}')


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def table_digest(
    connection: duckdb.DuckDBPyConnection, table: str, where: str = "true", parameters: Sequence[object] = ()
) -> str:
    """Digest of rows of a table, whatever their order."""
    # Fetched as a whole: DuckDB refuses further work on a connection while a result is open.
    rows = connection.execute(
        f'SELECT count(*), coalesce(sum(hash(t)::HUGEINT), 0), coalesce(bit_xor(hash(t)), 0) FROM "{table}" AS t '
        f"WHERE {where}",
        list(parameters),
    ).fetchall()
    return f"{table}:{rows[0]}"


def content_digest(connection: duckdb.DuckDBPyConnection) -> str:
    """Digest of all tables but ``run``: loading equal content again is no change of content."""
    return sha256_text("\n".join(table_digest(connection, name) for name in contract.tables() if name != "run"))


def counts(connection: duckdb.DuckDBPyConnection) -> dict[str, int]:
    """Rows of each table of the contract."""
    return {
        name: int(connection.execute(f'SELECT count(*) FROM "{name}"').fetchall()[0][0]) for name in contract.tables()
    }


def write_parquet(connection: duckdb.DuckDBPyConnection, table: str, path: Path) -> None:
    """A table as one Parquet file, sorted by its key: equal content, equal bytes."""
    key = ", ".join(f'"{column}"' for column in contract.table(table).key)
    try:
        connection.execute(
            f'COPY (SELECT * FROM "{table}" ORDER BY {key}) TO {_literal(str(path))} '
            "(FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE 100000)"
        )
    except duckdb.Error as error:
        raise explain(path, error) from error
