"""The corridor on the demo newsroom, without Airflow: order of days, second runs, rebuild, one bad source, the gate."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import duckdb
import polars as pl
import pytest

from pipeline import contract, corridor
from pipeline.errors import GateError, TransientError
from pipeline.io import lake
from pipeline.settings import Settings, load_knobs
from pipeline.stage import reject_row
from tests.conftest import base_port, serve_somewhere
from tests.newsroom.serve import Newsroom

DAYS = (date(2024, 1, 16), date(2024, 1, 17))
HISTORY = ("run", "incident_ledger")
CLOCK_COLUMNS = {"capture": ("fetched_at", "warc_offset"), "reject": ("locator",)}


@pytest.fixture(scope="module")
def newsroom() -> Iterator[Newsroom]:
    with pytest.MonkeyPatch.context() as patch:
        room = serve_somewhere()
        patch.setenv("SARHAD_NEWSROOM_PORT", base_port(room))
        yield room
        room.stop()


def settings_in(home: Path) -> Settings:
    knobs = load_knobs()
    local = knobs.fetch.model_copy(update={"allow_private": True, "retries": 0})
    return Settings(home=home, sources="demo", knobs=knobs.model_copy(update={"fetch": local}))


def run_days(settings: Settings, days: tuple[date, ...]) -> None:
    for day in days:
        corridor.run_day(day, settings, f"test__{day}", "cli", lambda step, counts: None)
    corridor.publish(settings)


@pytest.fixture(scope="module")
def forward(newsroom: Newsroom, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    settings = settings_in(tmp_path_factory.mktemp("forward"))
    run_days(settings, DAYS)
    return settings


def content(settings: Settings) -> dict[str, pl.DataFrame]:
    """All tables of the release but ``run`` and the ledger, without columns that tell when and where it was stored.

    The ledger is history: a name that was given before an earlier mention came redirects, and does so only in the
    warehouse that gave it.
    """
    with duckdb.connect(settings.release / "analyst.duckdb", read_only=True) as connection:
        connection.execute("SET TimeZone = 'UTC'")
        names = [row[0] for row in connection.execute("SELECT table_name FROM duckdb_tables()").fetchall()]
        frames = {
            name: connection.sql(f'SELECT * FROM "{name}" ORDER BY ALL').pl() for name in names if name not in HISTORY
        }
    return {name: frame.drop(CLOCK_COLUMNS.get(name, ())) for name, frame in frames.items()}


def assert_same(one: dict[str, pl.DataFrame], other: dict[str, pl.DataFrame]) -> None:
    assert one.keys() == other.keys()
    for name, frame in one.items():
        assert frame.height == other[name].height, f"table {name} differs in length"
        differing = [column for column in frame.columns if not frame[column].equals(other[name][column])]
        assert differing == [], f"table {name} differs in {differing}"


def test_the_order_of_days_does_not_matter(forward: Settings, newsroom: Newsroom, tmp_path: Path) -> None:
    backward = settings_in(tmp_path)
    run_days(backward, DAYS[::-1])
    assert content(forward)["incident"].height > 5
    assert_same(content(forward), content(backward))


def test_a_second_run_changes_nothing(forward: Settings) -> None:
    before = content(forward)
    partitions = {path: path.read_bytes() for path in forward.lake.rglob("*.parquet")}
    fetched = {path: path.read_bytes() for path in forward.archive.rglob("*.warc.gz")}
    assert partitions and fetched
    run_days(forward, DAYS)
    assert_same(before, content(forward))
    again = {path: path.read_bytes() for path in forward.lake.rglob("*.parquet")}
    reading = {path: data for path, data in partitions.items() if path.parts[-3] not in corridor.FOLDED_TABLES}
    assert reading == {path: again[path] for path in reading}
    assert fetched == {path: path.read_bytes() for path in forward.archive.rglob("*.warc.gz")}


def test_a_rebuild_brings_the_warehouse_back(forward: Settings) -> None:
    before = content(forward)
    forward.warehouse.unlink()
    corridor.rebuild(forward, lambda day, counts: None)
    corridor.publish(forward)
    assert_same(before, content(forward))


def test_nothing_evaporates(forward: Settings) -> None:
    tables = content(forward)
    rejects = tables["reject"]

    def refused(stage: str) -> set[str]:
        return set(rejects.filter(pl.col("stage") == stage)["record_id"])

    links, captures, articles = tables["link"], tables["capture"], tables["article"]
    assert set(links["link_id"]) <= set(captures["link_id"]) | refused("fetch")
    assert set(captures["capture_id"]) <= set(articles["capture_id"]) | refused("clean")
    assert set(articles["article_id"]) <= set(tables["mention"]["article_id"]) | refused("extract")
    unread = rejects.filter(pl.col("reason") == "language_not_read")["record_id"]
    assert set(articles.filter(pl.col("language").is_in(["fa", "ur"]))["article_id"]) == set(unread)


def test_a_source_that_is_down_does_not_stop_the_day(forward: Settings, tmp_path: Path) -> None:
    room = serve_somewhere()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SARHAD_NEWSROOM_PORT", base_port(room))
        room.stop()
        settings = settings_in(tmp_path)
        counts = corridor.discover(DAYS[0], "border_courier", settings)
    assert counts["state"] == "failed"
    coverage = lake.read_partition(settings.lake, "coverage", DAYS[0], "border_courier")
    assert coverage["note"][0]


def test_a_day_that_fails_the_gate_is_not_loaded(forward: Settings, tmp_path: Path) -> None:
    shutil.copytree(forward.home, tmp_path / "home", symlinks=True)
    broken = forward.model_copy(update={"home": tmp_path / "home"})
    captures = lake.read_day(broken.lake, "capture", DAYS[1])
    rows = [
        reject_row("clean", row["source_id"], DAYS[1], row["capture_id"], "no_text", "made up for the test", row["url"])
        for row in captures.iter_rows(named=True)
    ]
    lake.write_partition(broken.lake, "reject", DAYS[1], contract.frame("reject", rows), "made_up.clean")
    before = content(broken)
    corridor.settle(DAYS[1], broken)
    assert corridor.validate(DAYS[1], broken)["publishable"] == "False"
    with pytest.raises(GateError, match="last release stands"):
        corridor.load(DAYS[1], broken, "gate", "cli")
    assert_same(before, content(broken))


def test_a_locked_warehouse_is_a_matter_of_time(forward: Settings) -> None:
    import subprocess
    import sys

    code = "import duckdb, sys, time; held = duckdb.connect(sys.argv[1]); print('open', flush=True); time.sleep(60)"
    command = [sys.executable, "-c", code, str(forward.warehouse)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as holder:
        try:
            assert holder.stdout is not None and holder.stdout.readline() == "open\n"
            with pytest.raises(TransientError, match="another process"):
                corridor.settle(DAYS[0], forward)
        finally:
            holder.kill()
