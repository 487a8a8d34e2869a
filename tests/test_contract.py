"""The contract is SQL: tables, Polars schemas and codebook say the same."""

from __future__ import annotations

import re
from pathlib import Path

import duckdb
import polars as pl
import pytest

from pipeline import codebook, contract
from pipeline.errors import ConfigError
from tests.made_up import made_up_day

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture
def database():
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        contract.create_tables(connection)
        yield connection


@pytest.mark.parametrize("name", contract.tables())
def test_what_duckdb_holds_has_the_schema_that_polars_is_told(database, name):
    assert database.sql(f'SELECT * FROM "{name}"').pl().schema == contract.table(name).polars_schema()


@pytest.mark.parametrize("name", contract.tables())
def test_every_table_has_a_key_and_comments_are_sentences(name):
    table = contract.table(name)
    assert table.key
    for text in (table.comment, *(column.comment for column in table.columns)):
        assert len(text) > 3 and text.endswith(".")


def test_frames_of_a_day_go_into_duckdb_and_come_back_equal(database):
    for name, records in made_up_day(n_events=2).items():
        database.register("incoming", records)
        database.execute(f'INSERT INTO "{name}" BY NAME SELECT * FROM incoming')
        key = ", ".join(contract.table(name).key)
        assert database.sql(f'SELECT * FROM "{name}" ORDER BY {key}').pl().equals(records), name


def test_the_codebook_in_docs_is_fresh():
    assert (ROOT / "docs" / "codebook.md").read_text(encoding="utf-8") == codebook.render(), (
        "docs/codebook.md is stale: run `sarhad codebook > docs/codebook.md`"
    )


def test_the_codebook_names_every_column_and_every_closed_value():
    text = codebook.render()
    for name, table in contract.tables().items():
        section = text.split(f"\n## {name}\n")[1].split("\n## ")[0]
        for column in table.columns:
            assert f"| `{column.name}` | {column.sql_type} |" in section
        for check in table.checks:
            for value in re.findall(r"'([a-z_]+)'", check):
                assert f"`{value}`" in section, (name, value)


def test_closed_lists_are_those_of_the_checks():
    assert codebook.closed_lists("coverage") == {"state": ("ok", "partial", "failed", "unreachable")}
    assert codebook.closed_lists("mention")["role"] == ("main", "background")
    assert "failed_expectation" in codebook.closed_lists("reject")["reason"]


def schema_in(folder: Path, sql: str, monkeypatch) -> None:
    (folder / "schema").mkdir()
    (folder / "schema" / "01_bad.sql").write_text(sql, encoding="utf-8")
    monkeypatch.setattr(contract, "SQL_FOLDER", folder)
    contract.tables.cache_clear()


@pytest.mark.parametrize(
    ("sql", "words"),
    [
        ("CREATE TABLE t (a INTEGER); COMMENT ON TABLE t IS 'T.';", "t.a has no comment"),
        ("CREATE TABLE t (a INTEGER); COMMENT ON COLUMN t.a IS 'A.';", "table t has no comment"),
        ("CREATE TABLE t (a HUGEINT); COMMENT ON TABLE t IS 'T.'; COMMENT ON COLUMN t.a IS 'A.';", "HUGEINT"),
        ("CREATE TABLE t (a INTEGER;", "01_bad.sql"),
    ],
)
def test_a_bad_schema_is_refused_with_its_place(tmp_path, monkeypatch, sql, words):
    schema_in(tmp_path, sql, monkeypatch)
    try:
        with pytest.raises(ConfigError, match=re.escape(words)):
            contract.tables()
    finally:
        contract.tables.cache_clear()


def test_a_checkout_without_schema_says_so(tmp_path, monkeypatch):
    monkeypatch.setattr(contract, "SQL_FOLDER", tmp_path)
    with pytest.raises(ConfigError, match="incomplete"):
        contract.schema_files()


def test_unknown_names_are_errors():
    with pytest.raises(ConfigError, match="no table 'incidents'"):
        contract.table("incidents")
    with pytest.raises(ConfigError, match="no column colour"):
        contract.frame("source", [{"colour": "red"}])
    with pytest.raises(ConfigError, match="missing columns"):
        contract.conform("coverage", pl.DataFrame({"day": []}))


def test_a_value_of_another_type_is_an_error():
    coverage = made_up_day()["coverage"].with_columns(n_links=pl.lit("many"))
    with pytest.raises(ConfigError, match="table coverage"):
        contract.conform("coverage", coverage)


def test_equal_content_conforms_to_equal_frames():
    claims = made_up_day()["claim"]
    shuffled = claims.sample(fraction=1.0, shuffle=True, seed=1).select(reversed(claims.columns))
    assert contract.conform("claim", shuffled).equals(claims)
