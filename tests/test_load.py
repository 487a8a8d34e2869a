"""Load: one transaction, the same rows whatever is repeated, nothing half done."""

from __future__ import annotations

import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import duckdb
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline import contract
from pipeline.errors import ConfigError, TerminalError, TransientError
from pipeline.io import lake, warehouse
from pipeline.io.warehouse import content_digest, counts, open_master, open_release
from pipeline.load import load, read_candidates, warehouse_version
from tests.made_up import FIRST_DAY, light_sql, made_up_day, run_row

ROOT = Path(__file__).resolve().parent.parent
NEXT_DAY = FIRST_DAY + timedelta(days=1)


@pytest.fixture
def master(tmp_path) -> Path:
    return tmp_path / "warehouse" / "sarhad.duckdb"


@pytest.fixture
def only_schema(monkeypatch, tmp_path):
    """The contract without rules, macros, views and audits, and folders in which to put some."""
    folder = light_sql(tmp_path / "sql")
    for path in (folder / "views").iterdir():
        path.unlink()
    monkeypatch.setattr(contract, "SQL_FOLDER", folder)
    return folder


def load_days(connection, *days, n_events=3):
    for day in days:
        load(connection, day, made_up_day(day, n_events), run_row(day))


def test_a_day_goes_in_whole(master):
    frames = made_up_day()
    with open_master(master) as connection:
        report = load(connection, FIRST_DAY, frames, run_row())
        found = counts(connection)
    assert report.changed
    assert {name: found[name] for name in frames} == {name: records.height for name, records in frames.items()}
    assert found["run"] == 1


def test_loading_equal_content_again_changes_no_table(master):
    with open_master(master) as connection:
        load_days(connection, FIRST_DAY, NEXT_DAY)
        before = {name: connection.sql(f'SELECT * FROM "{name}" ORDER BY ALL').pl() for name in contract.tables()}
        report = load(connection, FIRST_DAY, made_up_day(FIRST_DAY), run_row(FIRST_DAY))
        after = {name: connection.sql(f'SELECT * FROM "{name}" ORDER BY ALL').pl() for name in contract.tables()}
    assert not report.changed
    assert all(before[name].equals(after[name]) for name in before)


@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 3)), min_size=1, max_size=6))
def test_only_the_last_load_of_each_day_counts(only_schema, tmp_path_factory, loads):
    """Whatever was loaded before and in whatever order, the warehouse is what the last load of each day says."""
    folder = tmp_path_factory.mktemp("laws")
    last = dict(loads)
    with open_master(folder / "one.duckdb") as connection:
        sizes: dict[int, int] = {}
        for offset, n_events in loads:
            day = FIRST_DAY + timedelta(days=offset)
            old, new = made_up_day(day, sizes.get(offset, 0)), made_up_day(day, n_events)
            vanished = set(old["incident"]["incident_id"]) - set(new["incident"]["incident_id"])
            load(connection, day, new, run_row(day), vanished)
            sizes[offset] = n_events
        messy = content_digest(connection)
    with open_master(folder / "two.duckdb") as connection:
        for offset, n_events in sorted(last.items()):
            load_days(connection, FIRST_DAY + timedelta(days=offset), n_events=n_events)
        clean = content_digest(connection)
    assert messy == clean


def test_vanished_incidents_go(master):
    frames = made_up_day()
    gone = frames["incident"]["incident_id"][0]
    with open_master(master) as connection:
        load(connection, FIRST_DAY, frames, run_row())
        left = {**frames, "incident": frames["incident"].filter(pl.col("incident_id") != gone)}
        left["incident_mention"] = frames["incident_mention"].filter(pl.col("incident_id") != gone)
        load(connection, FIRST_DAY, left, run_row(), [gone])
        assert counts(connection)["incident"] == 2
        assert connection.execute("SELECT count(*) FROM incident_mention WHERE incident_id = ?", [gone]).fetchall() == [
            (0,)
        ]


def test_a_mention_that_moves_to_another_incident_moves_once(master):
    frames = made_up_day(n_events=2)
    one, two = frames["incident"]["incident_id"]
    with open_master(master) as connection:
        load(connection, FIRST_DAY, frames, run_row())
        merged = {
            **frames,
            "incident": frames["incident"]
            .filter(pl.col("incident_id") == one)
            .with_columns(n_mentions=6, n_articles=6),
            "incident_mention": frames["incident_mention"].with_columns(incident_id=pl.lit(one)),
        }
        load(connection, FIRST_DAY, merged, run_row(), [two])
        found = connection.execute("SELECT DISTINCT incident_id FROM incident_mention").fetchall()
    assert found == [(one,)]


def test_an_unchanged_page_listed_again_on_a_later_day_stays_one_article(master):
    frames = made_up_day()
    relisted = {
        name: records.with_columns(day=pl.lit(NEXT_DAY)) for name, records in frames.items() if "day" in records.columns
    }
    relisted["link"] = relisted["link"].with_columns(link_id=pl.col("link_id").str.replace("0", "f"))
    relisted["capture"] = relisted["capture"].with_columns(capture_id=pl.col("capture_id").str.replace("0", "f"))
    with open_master(master) as connection:
        load(connection, FIRST_DAY, frames, run_row())
        before = counts(connection)
        relisted["link"] = relisted["link"].join(frames["link"], on="link_id", how="anti")
        relisted["capture"] = relisted["capture"].join(frames["capture"], on="capture_id", how="anti")
        load(connection, NEXT_DAY, {**frames, **relisted}, run_row(NEXT_DAY))
        after = counts(connection)
        days = connection.execute("SELECT DISTINCT day FROM claim").fetchall()
    assert [after[name] for name in ("article", "mention", "claim")] == [
        before[name] for name in ("article", "mention", "claim")
    ]
    assert days == [(FIRST_DAY,)]


def test_the_version_tells_of_every_load(master):
    with open_master(master) as connection:
        assert warehouse_version(connection) == 0
        load_days(connection, FIRST_DAY)
        one = warehouse_version(connection)
        load_days(connection, FIRST_DAY)
        assert warehouse_version(connection) > one > 0
    with open_master(master) as connection:
        assert warehouse_version(connection) > one


def test_a_run_is_one_row_and_older_runs_of_the_day_stay(master):
    with open_master(master) as connection:
        for run_id in ("a", "a", "b"):
            load(connection, FIRST_DAY, made_up_day(), run_row(FIRST_DAY, run_id))
        assert connection.execute("SELECT run_id FROM run ORDER BY run_id").fetchall() == [("a",), ("b",)]


def test_dimensions_are_written_where_they_changed(master):
    source = contract.frame(
        "source",
        [{"source_id": "x", "name": "X", "language": "en", "kind": "wire", "homepage": "http://x", "is_demo": True}],
    )
    with open_master(master) as connection:
        load(connection, FIRST_DAY, {**made_up_day(), "source": source}, run_row())
        assert not load(connection, FIRST_DAY, {**made_up_day(), "source": source}, run_row()).changed
        renamed = source.with_columns(name=pl.lit("Ex"))
        assert load(connection, FIRST_DAY, {**made_up_day(), "source": renamed}, run_row()).changed
        assert connection.execute("SELECT name FROM source").fetchall() == [("Ex",)]


def test_a_row_that_breaks_the_contract_leaves_everything_as_it_was(master):
    with open_master(master) as connection:
        load_days(connection, FIRST_DAY)
        before = content_digest(connection)
        frames = made_up_day()
        frames["incident"] = frames["incident"].with_columns(killed_best=pl.lit(-1, dtype=pl.Int32))
        with pytest.raises(TerminalError, match="nothing was loaded"):
            load(connection, FIRST_DAY, frames, run_row())
        assert content_digest(connection) == before


def test_a_missing_table_and_a_foreign_day_are_named(master):
    with open_master(master) as connection:
        frames = made_up_day()
        del frames["coverage"]
        with pytest.raises(ConfigError, match="needs the tables coverage"):
            load(connection, FIRST_DAY, frames, run_row())
        with pytest.raises(ConfigError, match="9 rows of link belong to another day"):
            load(connection, NEXT_DAY, made_up_day(FIRST_DAY), run_row(NEXT_DAY))


def test_an_audit_that_finds_rows_rolls_back_and_shows_them(master, only_schema):
    (only_schema / "audits" / "no_quetta.sql").write_text(
        "-- Is nothing said about Quetta?\nSELECT incident_id, place_name FROM incident WHERE killed_best >= 0;\n"
    )
    with open_master(master) as connection:
        with pytest.raises(TerminalError, match=r"no_quetta\.sql \(Is nothing said about Quetta\?\) found rows.*inc_"):
            load(connection, FIRST_DAY, made_up_day(), run_row())
        assert counts(connection)["article"] == counts(connection)["run"] == 0


def test_an_audit_that_is_no_sql_is_named(master, only_schema):
    (only_schema / "audits" / "typo.sql").write_text("-- Is it well?\nSELEC 1")
    with open_master(master) as connection, pytest.raises(ConfigError, match=r"sql/audits/typo\.sql"):
        load(connection, FIRST_DAY, made_up_day(), run_row())


@pytest.mark.parametrize("kind", ["rules", "macros", "views"])
def test_an_sql_file_that_is_wrong_is_named(master, only_schema, kind):
    (only_schema / kind / "wrong.sql").write_text(
        "-- What is wrong?\nCREATE OR REPLACE VIEW wrong AS SELECT no_such_column FROM incident;"
    )
    with pytest.raises(ConfigError, match=rf"sql/{kind}/wrong\.sql"), open_master(master):
        pass


def test_a_view_must_be_named_like_its_file_and_begin_with_its_question(master, only_schema):
    path = only_schema / "views" / "one.sql"
    path.write_text("-- How many?\nCREATE OR REPLACE VIEW two AS SELECT 1 AS n;")
    with pytest.raises(ConfigError, match="defines no view named one"), open_master(master):
        pass
    path.write_text("CREATE OR REPLACE VIEW one AS SELECT 1 AS n;")
    with pytest.raises(ConfigError, match="must be the question"), open_master(master):
        pass


def test_views_follow_their_files(master, only_schema):
    path = only_schema / "views" / "one.sql"
    path.write_text("-- How many?\nCREATE OR REPLACE VIEW one AS SELECT 1 AS n;")
    with open_master(master) as connection:
        assert connection.execute("SELECT n FROM one").fetchall() == [(1,)]
    path.rename(path.with_name("more.sql")).write_text("-- How many?\nCREATE OR REPLACE VIEW more AS SELECT 2 AS n;")
    with open_master(master) as connection:
        assert connection.execute("SELECT view_name, comment FROM duckdb_views() WHERE NOT internal").fetchall() == [
            ("more", "How many?")
        ]


def test_a_warehouse_of_another_schema_asks_for_a_rebuild(master):
    master.parent.mkdir()
    with duckdb.connect(master) as connection:
        contract.create_tables(connection)
        connection.execute("ALTER TABLE incident DROP COLUMN headline")
    with pytest.raises(ConfigError, match=r"incident\.headline.*sarhad rebuild"), open_master(master):
        pass


def test_a_file_that_is_no_database_asks_for_a_rebuild(master):
    master.parent.mkdir()
    master.write_bytes(b"not a database" * 500)
    with pytest.raises(TerminalError, match="sarhad rebuild"), open_master(master):
        pass


def test_a_missing_release_says_what_to_do(tmp_path):
    with pytest.raises(TerminalError, match="sarhad run"), open_release(tmp_path / "analyst.duckdb"):
        pass


HOLDER = """
import sys
from pathlib import Path
from pipeline.io.warehouse import open_master
with open_master(Path(sys.argv[1])):
    print("open", flush=True)
    sys.stdin.read()
"""


def test_a_locked_warehouse_is_worth_another_try_and_says_who_holds_it(master):
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(master)], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        assert holder.stdout.readline() == "open\n"
        with (
            pytest.raises(TransientError, match=r"another process has the database open.*run again"),
            open_master(master),
        ):
            pass
    finally:
        holder.communicate("")
    with open_master(master) as connection:
        assert counts(connection)["run"] == 0


def test_candidates_come_with_the_whole_of_their_incidents(master):
    frames = made_up_day(n_events=2)
    one = frames["incident_mention"]["mention_id"][0]
    with open_master(master) as connection:
        load(connection, FIRST_DAY, frames, run_row())
        query = "WITH asked AS (SELECT * FROM mention) SELECT mention_id FROM asked WHERE mention_id = $id"
        found = read_candidates(connection, query, {"id": one})
        assert {name: found[name].height for name in found} == {
            "mention": 3, "claim": 12, "incident_mention": 3, "article": 3, "entity": 3, "incident": 1,
        }  # fmt: skip
        assert all(found[name].schema == contract.table(name).polars_schema() for name in found)
        with pytest.raises(ConfigError, match="query for candidates"):
            read_candidates(connection, "SELECT 1 AS n")


def test_a_corrupt_parquet_file_is_named(tmp_path):
    path = lake.write_partition(tmp_path, "claim", FIRST_DAY, made_up_day()["claim"])
    path.write_bytes(path.read_bytes()[:200])
    with pytest.raises(TerminalError, match=r"source=_day\.parquet: corrupt Parquet"):
        lake.read_day(tmp_path, "claim", FIRST_DAY)


def test_rows_are_equal_after_a_rebuild(tmp_path):
    """The lake has everything: days loaded in another order, with repeats, come back equal."""
    days = [FIRST_DAY + timedelta(days=n) for n in range(4)]
    for day in days:
        for name, records in made_up_day(day).items():
            lake.write_partition(tmp_path / "lake", name, day, records)
    with open_master(tmp_path / "old.duckdb") as connection:
        load_days(connection, *reversed(days), days[1])
        old = content_digest(connection)
    with open_master(tmp_path / "new.duckdb") as connection:
        for day in lake.days(tmp_path / "lake", "coverage"):
            names = made_up_day(day, 0)
            load(
                connection,
                day,
                {n: lake.read_day(tmp_path / "lake", n, day) for n in names},
                run_row(day, f"rebuild__{day}"),
            )
        assert content_digest(connection) == old


def test_the_storage_is_one_that_the_command_line_tool_reads(master):
    with open_master(master) as connection:
        tags = connection.execute(
            "SELECT tags FROM duckdb_databases() WHERE database_name = current_database()"
        ).fetchall()
    assert tags[0][0]["storage_version"].startswith(warehouse.STORAGE_VERSION.removesuffix(".0")), tags
