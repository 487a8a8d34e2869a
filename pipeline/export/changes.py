"""What a release says that the one before did not: new, revised, merged and withdrawn incidents."""

from __future__ import annotations

from pathlib import Path

import duckdb

from pipeline import contract
from pipeline.errors import TerminalError
from pipeline.export.copy import copy_query
from pipeline.export.csv_file import write_csv
from pipeline.export.public import Field, Table

# Columns that move with every report without the incident being told differently.
BOOKKEEPING = ("incident_id", "rule", "n_mentions", "n_articles", "first_seen_at", "last_seen_at", "confidence",
               "headline", "is_uncertain")  # fmt: skip
MOST_LINES = 200
KINDS = ("new", "revised", "merged", "withdrawn")

FIELDS = (
    Field("change", "VARCHAR", "What happened to the incident since the release before.", True, KINDS),
    Field("incident_id", "VARCHAR", "Incident; for one that was merged or withdrawn, its old id.", True),
    Field("field", "VARCHAR", "Column of the incident that reads differently; empty but for revised incidents."),
    Field("was", "VARCHAR", "Value in the release before."),
    Field("now", "VARCHAR", "Value in this release; for a merged incident, the id of the one that took it in."),
    Field("headline", "VARCHAR", "Headline: of this release, or of the one before where it is gone.", True),
)
NOTHING = (
    "SELECT NULL::VARCHAR AS change, NULL::VARCHAR AS incident_id, NULL::VARCHAR AS field, NULL::VARCHAR AS was, "
    "NULL::VARCHAR AS now, NULL::VARCHAR AS headline WHERE false"
)
QUERY = """
WITH earlier AS (SELECT * FROM read_parquet({path})),
pair AS (
    SELECT l.incident_id, l.headline, unnest([{cells}], recursive := true)
    FROM earlier AS e JOIN incident AS l USING (incident_id)
),
gone AS (
    SELECT e.incident_id, e.headline, r.into_id FROM earlier AS e LEFT JOIN incident_redirect() AS r USING (incident_id)
    WHERE NOT EXISTS (FROM incident AS l WHERE l.incident_id = e.incident_id)
)
SELECT 'new' AS change, incident_id, NULL::VARCHAR AS field, NULL::VARCHAR AS was, NULL::VARCHAR AS now, headline
FROM incident AS l WHERE NOT EXISTS (FROM earlier AS e WHERE e.incident_id = l.incident_id)
UNION ALL BY NAME
SELECT 'revised' AS change, incident_id, field, was, now, headline FROM pair WHERE was IS DISTINCT FROM now
UNION ALL BY NAME
SELECT CASE WHEN into_id IS NULL THEN 'withdrawn' ELSE 'merged' END AS change, incident_id, NULL AS field, NULL AS was,
       into_id AS now, headline
FROM gone
ORDER BY list_position(['new', 'revised', 'merged', 'withdrawn'], change), incident_id, field
"""


def table(connection: duckdb.DuckDBPyConnection, previous: Path | None) -> Table:
    """The table ``changes`` against a release folder; empty for a first release.

    Raises:
        TerminalError: the release before cannot be read.
    """
    description = "What this release says of incidents that the release before did not say."
    return Table("changes", description, FIELDS, (), _query(connection, previous) if previous else NOTHING)


def _query(connection: duckdb.DuckDBPyConnection, previous: Path) -> str:
    path = previous / "parquet" / "incident.parquet"
    literal = "'" + str(path).replace("'", "''") + "'"
    try:
        found = connection.execute(f"DESCRIBE SELECT * FROM read_parquet({literal})").fetchall()
    except duckdb.Error as error:
        raise TerminalError(
            f"{path}: the release before cannot be read ({error}); remove its folder and publish again"
        ) from error
    # A column that only one of the two releases has is a change of the schema, not of the incidents.
    known = {row[0] for row in found}
    names = [c.name for c in contract.table("incident").columns if c.name in known and c.name not in BOOKKEEPING]
    cells = ", ".join(
        f'struct_pack(field := \'{name}\', was := e."{name}"::VARCHAR, now := l."{name}"::VARCHAR)' for name in names
    )
    return QUERY.format(path=literal, cells=cells)


def write(connection: duckdb.DuckDBPyConnection, folder: Path, previous: Path | None) -> None:
    """Write the changes for programs (``changes.csv``, ``changes.parquet``) and for people (``CHANGES.md``)."""
    made = table(connection, previous)
    copy_query(connection, made.query, folder / "changes.parquet", "FORMAT parquet, COMPRESSION zstd")
    write_csv(connection, made, folder / "changes.csv")
    rows = connection.execute(made.query).fetchall()
    lines = ["# Changes since the release before", ""]
    if previous is None:
        lines.append("This is the first release; there is nothing to compare with.")
    elif not rows:
        lines.append("No incident reads differently.")
    else:
        counts = {kind: len({row[1] for row in rows if row[0] == kind}) for kind in KINDS}
        lines += [", ".join(f"{n} {kind}" for kind, n in counts.items()) + " incidents.", ""]
        lines += [_line(*row) for row in rows[:MOST_LINES]]
        if len(rows) > MOST_LINES:
            lines += ["", f"The other {len(rows) - MOST_LINES} lines are in changes.csv."]
    (folder / "CHANGES.md").write_text("\n".join(lines) + "\n", encoding="utf-8")


def _line(change: str, incident_id: str, field: str | None, was: str | None, now: str | None, headline: str) -> str:
    detail = {
        "revised": f": {field} {was if was is not None else 'unknown'} → {now if now is not None else 'unknown'}",
        "merged": f" into {now}",
    }.get(change, "")
    return f"- {change}{detail} · `{incident_id}` {_plain(headline)}"


def _plain(text: str) -> str:
    """Text of strangers that must not become markup."""
    escaped = "".join(f"\\{sign}" if sign in "\\`*_[]<>#|" else sign for sign in text)
    return " ".join(escaped.split())
