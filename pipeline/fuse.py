"""Fuse: the claims of an incident fold into one row, under a named rule of ``sql/rules``."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING

import duckdb
import polars as pl

from pipeline import contract
from pipeline.errors import ConfigError
from pipeline.settle import Settled, settle
from pipeline.stage import Result

if TYPE_CHECKING:
    from pipeline.sources import Source

__all__ = ["DEFAULT_RULE", "RULES", "Settled", "fuse", "install_rules", "settle", "source_frame"]

DEFAULT_RULE = "ucdp_best_low_high"
RULES = ("ucdp_best_low_high", "acled_conservative", "latest_official", "majority_independent")
FOR_GOOD = "9999-01-01 00:00:00+00"
READ_BY_RULES = ("incident_mention", "mention", "claim", "article", "source", "actor", "place", "correction")


def fuse(
    incident_mentions: pl.DataFrame,
    mentions: pl.DataFrame,
    claims: pl.DataFrame,
    articles: pl.DataFrame,
    sources: pl.DataFrame,
    rule: str = DEFAULT_RULE,
    actors: pl.DataFrame | None = None,
    places: pl.DataFrame | None = None,
    corrections: pl.DataFrame | None = None,
) -> Result:
    """Fold incidents: table ``incident``, one row for each incident in ``incident_mentions``.

    Args:
        rule: a name of ``RULES``; decides tolls. Facts other than tolls fold the same way under every rule.
        actors: table ``actor``; without it umbrella labels are taken for names.
        places: table ``place``; without it district and distance to the border stay null.
        corrections: table ``correction``; they win under every rule.

    Raises:
        ConfigError: no such rule, or a rule file is not valid SQL.
    """
    if rule not in RULES:
        raise ConfigError(f"no rule {rule!r} in sql/rules; known: {', '.join(RULES)}")
    given = {
        "incident_mention": incident_mentions,
        "mention": mentions,
        "claim": claims,
        "article": articles,
        "source": sources,
        "actor": actors,
        "place": places,
        "correction": corrections,
    }
    connection = _rule_house().cursor()
    connection.execute("SET TimeZone = 'UTC'")
    connection.execute("BEGIN")
    try:
        for name in READ_BY_RULES:
            _fill(connection, name, given[name])
        folded = connection.sql(f"SELECT * FROM fold('{rule}', TIMESTAMPTZ '{FOR_GOOD}') ORDER BY incident_id").pl()
    finally:
        connection.execute("ROLLBACK")
        connection.close()
    return Result({"incident": contract.conform("incident", folded)})


@cache
def _rule_house() -> duckdb.DuckDBPyConnection:
    """A database in memory with tables and rules, made once in a process; each fold rolls back what it put in."""
    connection = duckdb.connect()
    contract.create_tables(connection)
    install_rules(connection)
    return connection


def install_rules(connection: duckdb.DuckDBPyConnection) -> None:
    """Create the macros of ``sql/rules``.

    Raises:
        ConfigError: a file is not valid SQL; the message names it.
    """
    for path in sorted((contract.SQL_FOLDER / "rules").glob("*.sql")):
        try:
            connection.execute(path.read_text(encoding="utf-8"))
        except duckdb.Error as error:
            raise ConfigError(f"sql/rules/{path.name}: {error}") from error


def _fill(connection: duckdb.DuckDBPyConnection, name: str, records: pl.DataFrame | None) -> None:
    if records is None or records.is_empty():
        return
    connection.register("incoming", contract.conform(name, records))
    connection.execute(f'INSERT INTO "{name}" BY NAME SELECT * FROM incoming')
    connection.unregister("incoming")


def source_frame(sources: Mapping[str, Source]) -> pl.DataFrame:
    """Table ``source`` of the configured sources."""
    rows: list[dict[str, object]] = [
        {
            "source_id": source.id,
            "name": source.name,
            "language": source.language,
            "country": source.country,
            "kind": source.kind,
            "homepage": source.homepage,
            "wire_family": source.wire_family,
            "is_demo": source.demo,
        }
        for source in sources.values()
    ]
    return contract.conform("source", contract.frame("source", rows))
