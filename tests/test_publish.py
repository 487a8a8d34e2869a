"""Publish: readers see whole releases only, equal content publishes nothing, and a failure leaves the last release."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path

import duckdb
import polars as pl
import pytest

from pipeline import contract, sql_shell
from pipeline import publish as publishing
from pipeline.errors import ConfigError, GateError, TerminalError, TransientError
from pipeline.io.warehouse import open_master, open_release, sql_files
from pipeline.load import load
from pipeline.publish import publish
from pipeline.settings import Settings, load_knobs
from pipeline.validate import Verdict
from tests.made_up import FIRST_DAY, light_sql, made_up_day, run_row

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture
def settings(tmp_path, monkeypatch) -> Settings:
    """A home, with little SQL and without exports, which have tests of their own."""
    monkeypatch.setattr(contract, "SQL_FOLDER", light_sql(tmp_path / "sql"))
    monkeypatch.setattr("pipeline.export.export", lambda *_: [])
    return Settings(home=tmp_path / "home", sources="demo", knobs=load_knobs())


def load_day(settings: Settings, offset: int = 0, n_events: int = 2) -> None:
    day = FIRST_DAY + timedelta(days=offset)
    with open_master(settings.warehouse) as connection:
        load(connection, day, made_up_day(day, n_events), run_row(day))


def test_a_release_has_everything_and_its_digests_are_true(settings):
    load_day(settings)
    release = publish(settings)
    assert release.changed and release.n_incidents == 2
    manifest = json.loads((settings.release / "manifest.json").read_text())
    assert manifest["release_id"] == release.release_id and manifest["rows"]["claim"] == 24
    assert manifest["latest_seen_at"] == "2024-01-15T11:00:00+00:00"
    assert {f"parquet/{name}.parquet" for name in contract.tables()} <= manifest["files"].keys()
    assert {"analyst.duckdb", "report/index.html", "report/coverage.html"} <= manifest["files"].keys()
    for name, entry in manifest["files"].items():
        content = (settings.release / "current" / name).read_bytes()
        assert (hashlib.sha256(content).hexdigest(), len(content)) == (entry["sha256"], entry["bytes"]), name
    assert release.sha256 == manifest["files"]["analyst.duckdb"]["sha256"]


def test_a_release_has_all_views_and_macros(tmp_path):
    settings = Settings(home=tmp_path, sources="demo", knobs=load_knobs())
    load_day(settings)
    publish(settings)
    with open_release(settings.release / "analyst.duckdb") as connection:
        views = {
            name for (name,) in connection.execute("SELECT view_name FROM duckdb_views() WHERE NOT internal").fetchall()
        }
        assert views == {path.stem for path in sql_files("views")}
        moment = "TIMESTAMPTZ '2024-02-01 00:00:00+00'"
        assert connection.execute(f"SELECT count(*) FROM incident_as_of({moment})").fetchall() == [(2,)]


def test_the_database_is_read_only_and_says_what_everything_means(settings):
    load_day(settings)
    publish(settings)
    database = settings.release / "analyst.duckdb"
    assert database.stat().st_mode & 0o777 == 0o444
    with open_release(database) as connection:
        missing = connection.execute(
            "SELECT table_name, column_name FROM duckdb_columns() JOIN duckdb_tables() USING (table_name) "
            "WHERE duckdb_columns.comment IS NULL AND NOT duckdb_columns.internal"
        ).fetchall()
        assert not missing
        with pytest.raises(duckdb.Error):
            connection.execute("DELETE FROM incident")


def test_parquet_beside_it_holds_the_same_rows(settings):
    load_day(settings)
    publish(settings)
    with open_release(settings.release / "analyst.duckdb") as connection:
        for name in contract.tables():
            written = pl.read_parquet(settings.release / "parquet" / f"{name}.parquet")
            assert contract.conform(name, written).equals(
                contract.conform(name, connection.sql(f'SELECT * FROM "{name}"').pl())
            )


def test_equal_content_publishes_nothing(settings):
    load_day(settings)
    first = publish(settings)
    before = {path: path.lstat().st_mtime_ns for path in settings.release.rglob("*")}
    load_day(settings)
    second = publish(settings)
    assert not second.changed
    assert (second.release_id, second.sha256) == (first.release_id, first.sha256)
    assert {path: path.lstat().st_mtime_ns for path in settings.release.rglob("*")} == before


def test_parquet_of_equal_content_is_equal_to_the_byte(settings, tmp_path):
    load_day(settings)
    publish(settings)
    other = settings.model_copy(update={"home": tmp_path / "other"})
    for offset in (1, 0):
        load_day(other, offset)
    with open_master(other.warehouse) as connection:
        for table in ("link", "capture", "article", "entity", "mention", "claim", "coverage", "reject"):
            connection.execute(f"DELETE FROM {table} WHERE day > ?", [FIRST_DAY])
        connection.execute("DELETE FROM incident WHERE starts_on > ?", [FIRST_DAY])
        connection.execute("DELETE FROM incident_mention WHERE mention_id NOT IN (SELECT mention_id FROM mention)")
    publish(other)
    for name in contract.tables().keys() - {"run"}:
        one = settings.release / "parquet" / f"{name}.parquet"
        two = other.release / "parquet" / f"{name}.parquet"
        assert one.read_bytes() == two.read_bytes(), name
    assert (settings.release / "current").resolve().name == (other.release / "current").resolve().name


def test_the_previous_release_is_kept_and_older_ones_go(settings):
    ids = []
    for offset in range(3):
        load_day(settings, offset)
        ids.append(publish(settings).release_id)
    versions = {path.name for path in (settings.release / "versions").iterdir()}
    assert versions == set(ids[1:])
    assert json.loads((settings.release / "manifest.json").read_text())["previous"] == ids[1]


READER = """
import sys, time
from pathlib import Path
import duckdb
database, stop = Path(sys.argv[1]), Path(sys.argv[2])
print("reading", flush=True)
n = 0
while not stop.exists() or n == 0:
    with duckdb.connect(database, read_only=True) as connection:
        rows = connection.execute(
            "SELECT (SELECT count(*) FROM incident), (SELECT count(*) FROM incident_mention), "
            "(SELECT count(*) FROM coverage)").fetchall()[0]
    assert rows[1] == 3 * rows[0] and rows[0] == 2 * rows[2] // 3, rows
    n += 1
print(n)
"""


def test_a_looping_reader_sees_whole_releases_only(settings, tmp_path):
    load_day(settings)
    publish(settings)
    stop = tmp_path / "stop"
    reader = subprocess.Popen(
        [sys.executable, "-c", READER, str(settings.release / "analyst.duckdb"), str(stop)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert reader.stdout.readline() == "reading\n"
    for offset in range(1, 5):
        load_day(settings, offset)
        assert publish(settings).changed
    stop.touch()
    out, err = reader.communicate(timeout=60)
    assert reader.returncode == 0, err
    assert int(out) >= 1


def test_who_has_the_old_release_open_keeps_it(settings):
    load_day(settings)
    publish(settings)
    code = (
        "import sys, duckdb\n"
        "connection = duckdb.connect(sys.argv[1], read_only=True)\n"
        "connection.execute('SELECT 1').fetchall(); print('open', flush=True); sys.stdin.readline()\n"
        "print(connection.execute('SELECT count(*), sum(length(quote)) FROM claim').fetchall()[0])"
    )
    reader = subprocess.Popen(
        [sys.executable, "-c", code, str(settings.release / "analyst.duckdb")],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert reader.stdout.readline() == "open\n"
    for offset in range(1, 3):
        load_day(settings, offset)
        publish(settings)
    out, _ = reader.communicate("go\n", timeout=60)
    assert reader.returncode == 0 and out.startswith("(24, ")


def write_verdict(settings: Settings, publishable: bool) -> None:
    path = settings.lake / "verdict" / f"day={FIRST_DAY}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    verdict = Verdict(FIRST_DAY, publishable, () if publishable else ("day.reject_budget: too many",))
    path.write_text(json.dumps({"base": 0, "quarantined": 0, "verdict": verdict.to_json()}))


def test_a_broken_gate_publishes_nothing_and_the_last_release_stands(settings):
    load_day(settings)
    release = publish(settings)
    load_day(settings, 1)
    write_verdict(settings, publishable=False)
    with pytest.raises(GateError, match=r"2024-01-15: day\.reject_budget: too many.*data_docs"):
        publish(settings)
    assert (settings.release / "current").resolve().name == release.release_id
    write_verdict(settings, publishable=True)
    assert publish(settings).changed


def test_no_warehouse_says_what_to_do(settings):
    with pytest.raises(TerminalError, match="run a day first"):
        publish(settings)


def test_a_warehouse_in_use_is_worth_another_try(settings):
    load_day(settings)
    release = publish(settings)
    code = (
        "import sys; from pathlib import Path; from pipeline.io.warehouse import open_master\n"
        "with open_master(Path(sys.argv[1])): print('open', flush=True); sys.stdin.read()"
    )
    holder = subprocess.Popen(
        [sys.executable, "-c", code, str(settings.warehouse)],
        cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert holder.stdout.readline() == "open\n"
    try:
        with pytest.raises(TransientError, match="another process"):
            publish(settings)
    finally:
        holder.communicate("")
    assert (settings.release / "current").resolve().name == release.release_id


FULL = """
import resource, signal, sys
from pathlib import Path
from pipeline.errors import TransientError
from pipeline.publish import publish
from pipeline.settings import Settings, load_knobs
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
settings = Settings(home=Path(sys.argv[1]), sources="demo", knobs=load_knobs())
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]), int(sys.argv[2])))
try:
    publish(settings)
except TransientError as error:
    print("transient:", error)
"""


@pytest.mark.parametrize("limit", [20_000, 1_000_000])
def test_a_full_disk_leaves_the_last_release_and_no_rubbish(settings, limit):
    """The operating system refuses to let a file grow, as a full disk does."""
    load_day(settings)
    release = publish(settings)
    load_day(settings, 1)
    with open_master(settings.warehouse) as connection:
        connection.execute("CHECKPOINT")
    done = subprocess.run(
        [sys.executable, "-c", FULL, str(settings.home), str(limit)],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0 and done.stdout.startswith("transient:"), done.stderr
    assert "free space" in done.stdout
    assert (settings.release / "current").resolve().name == release.release_id
    assert {path.name for path in (settings.release / "versions").iterdir()} == {release.release_id}
    assert publish(settings).changed


def test_a_publish_that_dies_half_way_leaves_the_last_release(settings, monkeypatch):
    load_day(settings)
    release = publish(settings)
    load_day(settings, 1)

    def die(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(publishing, "_switch", die)
    with pytest.raises(KeyboardInterrupt):
        publish(settings)
    monkeypatch.undo()
    assert (settings.release / "current").resolve().name == release.release_id
    with open_release(settings.release / "analyst.duckdb") as connection:
        assert connection.execute("SELECT count(*) FROM incident").fetchall() == [(2,)]
    assert publish(settings).changed


def test_a_master_that_is_written_while_it_is_copied_is_not_published(settings, monkeypatch):
    load_day(settings)
    copy = publishing.shutil.copyfile

    def copy_slowly(source: Path, target: Path) -> None:
        copy(source, target)
        time.sleep(0.01)
        source.touch()

    monkeypatch.setattr(publishing.shutil, "copyfile", copy_slowly)
    with pytest.raises(TransientError, match="a load wrote while it was copied"):
        publish(settings)
    assert not (settings.release / "current").exists()


def test_something_in_the_way_is_named(settings):
    load_day(settings)
    (settings.release / "report").mkdir(parents=True)
    with pytest.raises(ConfigError, match=r"release/report: is in the way"):
        publish(settings)


@pytest.fixture
def database(settings) -> Path:
    load_day(settings)
    publish(settings)
    return settings.release / "analyst.duckdb"


def test_answers_come_in_four_formats(database):
    sql = "SELECT place_name, killed_best, contested, perpetrator FROM incident ORDER BY incident_id LIMIT 1"
    with open_release(database) as connection:
        place, killed = connection.execute(sql).fetchall()[0][:2]
    assert (
        sql_shell.run_query(database, sql, "csv") == f"place_name,killed_best,contested,perpetrator\n{place},{killed},,"
    )
    assert json.loads(sql_shell.run_query(database, sql, "json")) == [
        {"place_name": place, "killed_best": killed, "contested": [], "perpetrator": None}
    ]
    assert sql_shell.run_query(database, sql, "markdown").splitlines()[2] == f"| {place} | {killed} |  |  |"
    table = sql_shell.run_query(database, sql)
    assert place in table and table.endswith("1 row")
    assert sql_shell.run_query(database, "SELECT '[bold]a|b' AS x", "markdown").endswith("| [bold]a\\|b |")
    assert "[bold]a" in sql_shell.run_query(database, "SELECT '[bold]a' AS x")


def test_wrong_sql_and_formats_are_told(database):
    with pytest.raises(ConfigError, match="no_such_table"):
        sql_shell.run_query(database, "SELECT * FROM no_such_table")
    with pytest.raises(ConfigError, match="no format 'xml'"):
        sql_shell.run_query(database, "SELECT 1", "xml")
    with pytest.raises(ConfigError, match="no SQL given"):
        sql_shell.run_query(database, "  ")
    with pytest.raises(TerminalError, match="no such release"):
        sql_shell.open_shell(database.with_name("other.duckdb"))


def test_the_plain_prompt_answers_and_goes_on_after_a_mistake(database):
    code = (
        "import sys; from pathlib import Path; from pipeline import sql_shell\n"
        "sql_shell.shutil.which = lambda name: None\n"
        "sys.exit(sql_shell.open_shell(Path(sys.argv[1])))"
    )
    typed = "SELECT nothing;\nSELECT count(*) AS n\nFROM incident;\n.quit\nSELECT 3;\n"
    done = subprocess.run(
        [sys.executable, "-c", code, str(database)], cwd=ROOT, input=typed, capture_output=True, text=True, check=True
    )
    assert "SQL:" in done.stdout and "nothing" in done.stdout
    assert done.stdout.rstrip().endswith("1 row")
