"""The cookbook, ``docs/cookbook.md``: questions with their SQL, run and answered by machine.

The file is written by hand but for the answers: below each query stands a table that this module fills from a release.

    python -m pipeline.cookbook            # run every query on the release; exit code 1 where columns differ
    python -m pipeline.cookbook --update   # write the answers of the release into the file
"""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from pipeline.errors import ConfigError
from pipeline.io.warehouse import open_release
from pipeline.settings import ROOT, load_settings

COOKBOOK = ROOT / "docs" / "cookbook.md"
# A recipe: heading with its number, words, one query, then the answer as a table.
RECIPE = re.compile(
    r"^## (?P<number>\d+)\. (?P<question>[^\n]+)\n.*?^```sql\n(?P<sql>.*?)^```\n"
    r"(?P<answer>(?:\n|\|[^\n]*\n|_[^\n]*_\n)*)",
    re.MULTILINE | re.DOTALL,
)
MOST_ROWS = 8
MOST_CHARS = 90

Rows = list[tuple[Any, ...]]


@dataclass(frozen=True)
class Recipe:
    """One question with its SQL and the columns that its answer has in the file."""

    number: int
    question: str
    sql: str
    columns: tuple[str, ...]


def read_cookbook(text: str) -> list[Recipe]:
    """The recipes of a cookbook, in order.

    Raises:
        ConfigError: a heading has no query, or the numbers do not run from 1.
    """
    found = [
        Recipe(int(match["number"]), match["question"], match["sql"].strip(), _columns(match["answer"]))
        for match in RECIPE.finditer(text)
    ]
    headings = re.findall(r"^## (\d+)\.", text, re.MULTILINE)
    if [str(recipe.number) for recipe in found] != headings or headings != [str(n + 1) for n in range(len(headings))]:
        raise ConfigError(
            f"docs/cookbook.md: headings {', '.join(headings)} must run from 1, each followed by one ```sql block"
        )
    return found


def _columns(answer: str) -> tuple[str, ...]:
    first = answer.strip().partition("\n")[0]
    return tuple(cell.strip() for cell in first.strip("|").split("|")) if first.startswith("|") else ()


def answer(connection: duckdb.DuckDBPyConnection, recipe: Recipe) -> tuple[list[str], Rows]:
    """Columns and rows that a release gives to a recipe.

    Raises:
        ConfigError: the SQL is wrong; the message names the recipe.
    """
    try:
        result = connection.execute(recipe.sql)
        return [column[0] for column in result.description or ()], result.fetchall()
    except duckdb.Error as error:
        raise ConfigError(f"docs/cookbook.md: recipe {recipe.number}: {error}") from error


def update(text: str, connection: duckdb.DuckDBPyConnection) -> str:
    """The cookbook with the answers of a release in the place of those that stand there."""
    recipes = {recipe.number: recipe for recipe in read_cookbook(text)}

    def fill(match: re.Match[str]) -> str:
        table = "\n".join(_table(*answer(connection, recipes[int(match["number"])])))
        head = match[0][: match.start("answer") - match.start()]
        return f"{head}\n{table}\n\n"

    return RECIPE.sub(fill, text).rstrip("\n") + "\n"


def _table(columns: Sequence[str], rows: Rows) -> list[str]:
    lines = [list(columns), ["---"] * len(columns), *([_cell(value) for value in row] for row in rows[:MOST_ROWS])]
    table = ["| " + " | ".join(line) + " |" for line in lines]
    more = len(rows) - MOST_ROWS
    return [*table, "", f"_and {more} more_"] if more > 0 else table


def _cell(value: object) -> str:
    if value is None:
        return ""
    text = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
    text = " ".join(text.split())
    text = text if len(text) <= MOST_CHARS else f"{text[: MOST_CHARS - 1]}…"
    return text.replace("\\", "\\\\").replace("|", "\\|").replace("<", "&lt;")


def differences(recipes: Sequence[Recipe], connection: duckdb.DuckDBPyConnection) -> list[str]:
    """Recipes whose answer has other columns than the file says, one line each."""
    found = []
    for recipe in recipes:
        columns, _ = answer(connection, recipe)
        if tuple(columns) != recipe.columns:
            told = ", ".join(recipe.columns) or "no answer"
            found.append(f"recipe {recipe.number}: answers {', '.join(columns)}; the file has {told}")
    return found


def main(arguments: Sequence[str], path: Path = COOKBOOK) -> int:
    """Check or update the cookbook with the current release."""
    text = path.read_text(encoding="utf-8")
    with open_release(load_settings().release / "analyst.duckdb") as connection:
        if "--update" in arguments:
            path.write_text(update(text, connection), encoding="utf-8")
            return 0
        wrong = differences(read_cookbook(text), connection)
    print("\n".join(wrong) or f"{len(read_cookbook(text))} recipes answer as the file says")
    return 1 if wrong else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
