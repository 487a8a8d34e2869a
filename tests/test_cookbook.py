"""The cookbook: each query runs on the demo with the columns it names, and answers rightly on a ledger made by hand."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from pipeline import cookbook
from pipeline.errors import ConfigError
from pipeline.io.warehouse import open_release
from tests.cookbook_ledger import PINS, answers, ledger

TEXT = cookbook.COOKBOOK.read_text(encoding="utf-8")
RECIPES = cookbook.read_cookbook(TEXT)
PINNED = json.loads(PINS.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def release(demo_home: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    with open_release(demo_home / "release" / "analyst.duckdb") as connection:
        yield connection


def test_the_cookbook_has_twenty_five_questions():
    assert len(RECIPES) == 25
    assert all(recipe.question.endswith("?") and recipe.sql.endswith(";") and recipe.columns for recipe in RECIPES)


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda recipe: str(recipe.number))
def test_a_recipe_runs_on_the_demo_with_the_columns_of_the_file(release, recipe):
    columns, _ = cookbook.answer(release, recipe)
    assert tuple(columns) == recipe.columns, "run `python -m pipeline.cookbook --update` on the demo"


def test_the_demo_answers_most_questions_with_rows(release):
    """Which of them may be empty is for the news to say; a cookbook of empty tables would teach nothing."""
    answered = [recipe.number for recipe in RECIPES if cookbook.answer(release, recipe)[1]]
    assert len(answered) >= 20, answered


def test_the_answers_on_the_ledger_made_by_hand_are_the_pinned_ones(tmp_path):
    with ledger(tmp_path) as connection:
        found = answers(connection)
    assert set(found) == set(PINNED) == {recipe.question for recipe in RECIPES}
    for question, rows in found.items():
        assert rows == PINNED[question], f"{question} If meant: python -m tests.cookbook_ledger, and read the diff"


def test_every_question_has_an_answer_on_the_ledger_made_by_hand():
    assert [question for question, rows in PINNED.items() if not rows] == []


COOKBOOK = """# Title

## 1. How many?

Some words.

```sql
SELECT 1 AS one, 'a|b' AS text, ['x', 'y'] AS list, NULL AS nothing;
```

| old |
| --- |
| row |

_and 3 more_

## 2. And how many of these?

```sql
SELECT unnest(range(10)) AS n;
```
"""


def test_update_writes_the_answers_and_nothing_else():
    with duckdb.connect() as connection:
        made = cookbook.update(COOKBOOK, connection)
        assert cookbook.update(made, connection) == made
        assert cookbook.differences(cookbook.read_cookbook(made), connection) == []
        assert cookbook.differences(cookbook.read_cookbook(COOKBOOK), connection) == [
            "recipe 1: answers one, text, list, nothing; the file has old",
            "recipe 2: answers n; the file has no answer",
        ]
    assert "| one | text | list | nothing |\n| --- | --- | --- | --- |\n| 1 | a\\|b | x, y |  |\n" in made
    assert "| 7 |\n\n_and 2 more_\n" in made
    assert "Some words." in made and "old" not in made and "_and 3 more_" not in made


def test_a_cookbook_that_is_wrong_is_told_where():
    with pytest.raises(ConfigError, match="must run from 1"):
        cookbook.read_cookbook("## 2. What?\n\n```sql\nSELECT 1;\n```\n")
    with pytest.raises(ConfigError, match="one ```sql block"):
        cookbook.read_cookbook("## 1. What?\n\nNothing.\n")
    (recipe,) = cookbook.read_cookbook("## 1. What?\n\n```sql\nSELECT nothing;\n```\n")
    with duckdb.connect() as connection, pytest.raises(ConfigError, match=r"recipe 1: .*nothing"):
        cookbook.answer(connection, recipe)
