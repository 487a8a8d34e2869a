"""The codebook: every table and column with its meaning, read off the contract."""

from __future__ import annotations

import re

from pipeline import contract
from pipeline.contract import Table

# DuckDB prints a CHECK with its own brackets: CHECK((kind IN ('a', 'b'))).
MEMBERSHIP = re.compile(r"^CHECK\(\(\"?(\w+)\"? IN \((.*)\)\)\)$", re.DOTALL)
VALUE = re.compile(r"'((?:[^']|'')*)'")

INTRODUCTION = """# Codebook

Made by `sarhad codebook` from `sql/schema`; a test fails when it is stale. Do not edit.

- Ids are a prefix and 16 hex digits of SHA-256 over raw, stable inputs. `_at` is a UTC timestamp, `_on` and `day` a
  date, `_km` kilometres, `is_` true or false, `_low`/`_best`/`_high` the credible range of a figure.
- A value that is not known is null; nothing is guessed.
- References between tables are by equal column names (`article_id`, `mention_id`, `incident_id`);
  `sql/audits` checks them.
"""


def closed_lists(table: str) -> dict[str, tuple[str, ...]]:
    """Columns of a table whose values come from a closed list, with the list, as its CHECKs say."""
    found = {}
    for check in contract.table(table).checks:
        match = MEMBERSHIP.match(check)
        if match:
            found[match.group(1)] = tuple(value.replace("''", "'") for value in VALUE.findall(match.group(2)))
    return found


def render() -> str:
    """The content of ``docs/codebook.md``."""
    tables = list(contract.tables().values())
    index = "\n".join(f"- [`{table.name}`](#{table.name}): {table.comment}" for table in tables)
    return "\n".join([INTRODUCTION, index, "", *(_section(table) for table in tables)])


def _section(table: Table) -> str:
    lists = closed_lists(table.name)
    rules = [check for check in table.checks if not MEMBERSHIP.match(check)]
    lines = [
        f"## {table.name}",
        "",
        table.comment,
        "",
        f"Key: {', '.join(f'`{column}`' for column in table.key)}",
        "",
        "| column | type | null | meaning |",
        "|---|---|---|---|",
    ]
    for column in table.columns:
        meaning = _cell(column.comment)
        if column.name in lists:
            meaning += " One of: " + ", ".join(f"`{value}`" for value in lists[column.name]) + "."
        lines.append(f"| `{column.name}` | {column.sql_type} | {'yes' if column.nullable else 'no'} | {meaning} |")
    if rules:
        lines += ["", "Rules:", "", *(f"- `{_rule(rule)}`" for rule in rules)]
    return "\n".join([*lines, ""])


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def _rule(check: str) -> str:
    """A CHECK without its outer brackets."""
    return check.removeprefix("CHECK((").removesuffix("))")
