"""A query written to a file by DuckDB itself, so that size is no matter."""

from __future__ import annotations

from pathlib import Path

import duckdb

from pipeline.io.warehouse import explain


def copy_query(connection: duckdb.DuckDBPyConnection, query: str, path: Path, options: str) -> None:
    """Write the rows of a query, in their order, to a file.

    Raises:
        TransientError: the disk is full.
    """
    target = "'" + str(path).replace("'", "''") + "'"
    try:
        connection.execute(f"COPY ({query}) TO {target} ({options})")
    except duckdb.Error as error:
        raise explain(path, error) from error
