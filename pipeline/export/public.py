"""What strangers get of the tables: short quotes and no whole texts, unless the settings say otherwise."""

from __future__ import annotations

from dataclasses import dataclass

import duckdb

from pipeline import codebook, contract
from pipeline.settings import ExportSettings

# In the order in which a reader wants them. Links, captures, rejects and runs are of use only beside the archive.
TABLES = (
    "incident", "incident_mention", "mention", "claim", "article", "source", "actor", "place", "coverage",
    "incident_ledger", "correction",
)  # fmt: skip
# Other people's shapes: file name, view, key.
SHAPES = (
    ("acled", "as_acled", "event_id_cnty"),
    ("ucdp_ged", "as_ucdp_ged", "id"),
    ("gtd", "as_gtd", "eventid"),
    ("plover", "as_plover", "event_id"),
)
WHOLE_TEXT = ("text",)
# Of use only for finding copies inside the pipeline.
INTERNAL = ("minhash",)
QUOTES = (("mention", "quote"), ("claim", "quote"))
REFERENCES = {
    ("incident_mention", "incident_id"): "incident",
    ("incident_mention", "mention_id"): "mention",
    ("mention", "article_id"): "article",
    ("claim", "mention_id"): "mention",
    ("claim", "article_id"): "article",
    ("article", "source_id"): "source",
}
SHAPE_NOTE = "Derived by table from our incidents (view {view}); nothing here was coded by the other project."


@dataclass(frozen=True)
class Field:
    """One column of an exported table: type as DuckDB has it, meaning, and what the contract asks of it."""

    name: str
    sql_type: str
    description: str
    is_required: bool = False
    values: tuple[str, ...] = ()


@dataclass(frozen=True)
class Table:
    """One exported table: the query that gives its rows in order, and what they mean."""

    name: str
    description: str
    fields: tuple[Field, ...]
    key: tuple[str, ...]
    query: str


def tables(connection: duckdb.DuckDBPyConnection, knobs: ExportSettings) -> list[Table]:
    """All exported tables of a release."""
    return [*(_own(name, knobs) for name in TABLES), *(_shape(connection, *shape) for shape in SHAPES)]


def _own(name: str, knobs: ExportSettings) -> Table:
    definition, lists = contract.table(name), codebook.closed_lists(name)
    hidden = INTERNAL if knobs.full_text else (*INTERNAL, *WHOLE_TEXT)
    columns = [column for column in definition.columns if column.name not in hidden]
    shown = [
        f'{cut(column.name, knobs)} AS "{column.name}"' if (name, column.name) in QUOTES else f'"{column.name}"'
        for column in columns
    ]
    order = ", ".join(f'"{column}"' for column in definition.key)
    return Table(
        name=name,
        description=definition.comment,
        fields=tuple(
            Field(column.name, column.sql_type, _meaning(name, column, knobs), not column.nullable,
                  lists.get(column.name, ()))
            for column in columns
        ),
        key=definition.key,
        query=f'SELECT {", ".join(shown)} FROM "{name}" ORDER BY {order}',
    )  # fmt: skip


def _meaning(table: str, column: contract.Column, knobs: ExportSettings) -> str:
    if (table, column.name) not in QUOTES or knobs.full_text:
        return column.comment
    return f"{column.comment} Cut to {knobs.quote_chars} characters in this export; a cut quote ends in […]."


def _shape(connection: duckdb.DuckDBPyConnection, name: str, view: str, key: str) -> Table:
    columns = connection.execute(
        "SELECT column_name, data_type, coalesce(comment, '') FROM duckdb_columns() "
        "WHERE table_name = ? AND NOT internal ORDER BY column_index",
        [view],
    ).fetchall()
    (question,) = connection.execute("SELECT comment FROM duckdb_views() WHERE view_name = ?", [view]).fetchall()[0]
    return Table(
        name=name,
        description=f"{question} {SHAPE_NOTE.format(view=view)}",
        fields=tuple(Field(*column) for column in columns),
        key=(key,),
        query=f'SELECT * FROM "{view}" ORDER BY "{key}"',
    )


def cut(column: str, knobs: ExportSettings) -> str:
    """SQL that shortens a quote at a word, and says so; whole where whole texts are exported anyway."""
    if knobs.full_text:
        return column
    n = knobs.quote_chars
    return (
        f"CASE WHEN length({column}) <= {n} THEN {column} "
        f"ELSE regexp_replace(left({column}, {n - 4}), '\\s+\\S*$', '') || ' […]' END"
    )
