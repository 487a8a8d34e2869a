"""Every view answers its question: rows in, rows out, one YAML file per view in tests/sql_cases.

A file is a list of cases. A case has ``name`` (why it is there), ``rows`` (by table; columns that are left out get
a harmless value), ``expect`` (rows of the answer, the given columns only, in order) and, where another question than
``SELECT * FROM <view>`` is asked, ``query``.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import yaml

from pipeline import codebook, contract
from pipeline.io.warehouse import open_master, question, sql_files

CASES = Path(__file__).resolve().parent / "sql_cases"
MOMENT = datetime(2024, 1, 15, 9, tzinfo=UTC)
HARMLESS: dict[str, object] = {
    "VARCHAR": "x", "JSON": "{}", "BOOLEAN": False, "INTEGER": 1, "BIGINT": 1, "DOUBLE": 0.5,
    "DATE": date(2024, 1, 15), "TIMESTAMP WITH TIME ZONE": MOMENT, "VARCHAR[]": [], "BIGINT[]": [],
}  # fmt: skip


def read_cases() -> list[Any]:
    return [
        pytest.param(path.stem, case, id=f"{path.stem}: {case['name']}")
        for path in sorted(CASES.glob("*.yml"))
        for case in yaml.safe_load(path.read_text(encoding="utf-8"))
    ]


def fill(table: str, number: int, given: dict[str, object]) -> dict[str, object]:
    """A row of a table with what is given, and harmless values where the contract wants one."""
    definition, lists = contract.table(table), codebook.closed_lists(table)
    unknown = given.keys() - {column.name for column in definition.columns}
    assert not unknown, f"{table} has no column {unknown}"
    row: dict[str, object] = {}
    for column in definition.columns:
        if column.name in given:
            row[column.name] = given[column.name]
        elif column.name in definition.key:
            row[column.name] = f"{table}{number}"
        elif not column.nullable:
            row[column.name] = lists[column.name][0] if column.name in lists else HARMLESS[column.sql_type]
    if "char_end" in row and "char_end" not in given:
        row["char_end"] = 2
    return {name: moment(value) for name, value in row.items()}


def moment(value: object) -> object:
    """YAML has naive times; ours are UTC."""
    return value.replace(tzinfo=UTC) if isinstance(value, datetime) and value.tzinfo is None else value


@pytest.fixture(scope="module")
def database(tmp_path_factory):
    with open_master(tmp_path_factory.mktemp("views") / "views.duckdb") as connection:
        yield connection


@pytest.fixture
def empty(database):
    database.execute("BEGIN")
    yield database
    database.execute("ROLLBACK")


@pytest.mark.parametrize(("view", "case"), read_cases())
def test_view(empty, view, case):
    for table, rows in case["rows"].items():
        records = contract.frame(table, [fill(table, n, row) for n, row in enumerate(rows)])
        empty.register("incoming", records)
        empty.execute(f'INSERT INTO "{table}" BY NAME SELECT * FROM incoming')
        empty.unregister("incoming")
    answer = empty.sql(case.get("query", f"SELECT * FROM {view}")).pl()
    columns = list(case["expect"][0]) if case["expect"] else answer.columns
    found = answer.select(columns).rows(named=True)
    assert found == [{name: moment(value) for name, value in row.items()} for row in case["expect"]]


def views_of_ours() -> list[Path]:
    """Views but those that dress the data as that of another project (as_acled ...) and have tests of their own."""
    return [path for path in sql_files("views") if not path.stem.startswith("as_")]


@pytest.mark.parametrize("path", views_of_ours(), ids=lambda path: path.stem)
def test_a_view_has_a_question_and_a_case(path):
    assert question(path).endswith("?")
    assert (CASES / f"{path.stem}.yml").exists(), f"write tests/sql_cases/{path.stem}.yml"


@pytest.mark.parametrize("path", views_of_ours(), ids=lambda path: path.stem)
def test_a_view_says_what_its_columns_mean(database, path):
    silent = database.execute(
        "SELECT column_name FROM duckdb_columns() WHERE table_name = ? AND comment IS NULL", [path.stem]
    ).fetchall()
    assert not silent
    assert database.execute("SELECT comment FROM duckdb_views() WHERE view_name = ?", [path.stem]).fetchall() == [
        (question(path),)
    ]


@pytest.mark.parametrize("path", views_of_ours(), ids=lambda path: path.stem)
def test_a_view_of_an_empty_database_answers(empty, path):
    assert isinstance(empty.sql(f'SELECT * FROM "{path.stem}"').pl(), pl.DataFrame)


def test_the_time_zone_of_the_analyst_changes_no_answer(tmp_path):
    """A day is a day of UTC, wherever the reader sits."""
    from pipeline.load import load
    from tests.made_up import made_up_day, run_row

    with open_master(tmp_path / "zone.duckdb") as connection:
        load(connection, date(2024, 1, 15), made_up_day(), run_row())
        for path in views_of_ours():
            answers = []
            for zone in ("UTC", "Pacific/Kiritimati", "America/Los_Angeles"):
                connection.execute(f"SET TimeZone = '{zone}'")
                answer = connection.sql(f'SELECT * FROM "{path.stem}"').pl()
                answers.append(answer.with_columns(pl.col(pl.Datetime).dt.convert_time_zone("UTC")))
            assert answers[0].equals(answers[1]) and answers[0].equals(answers[2]), path.stem
