"""Exports: what strangers get is whole, described, harmless in a spreadsheet, and short in other people's words."""

from __future__ import annotations

import codecs
import csv
import hashlib
import io
import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest
from jsonschema import Draft202012Validator

from pipeline import contract
from pipeline.errors import TerminalError
from pipeline.export import changes, export, geojson
from pipeline.export.public import SHAPES, TABLES
from pipeline.io.warehouse import open_master
from pipeline.load import load
from pipeline.publish import publish
from pipeline.settings import ExportSettings, Settings, load_knobs
from tests.made_up import FIRST_DAY, SOURCES, made_up_day, run_row

SCHEMA = json.loads((Path(__file__).parent / "datapackage.schema.json").read_text(encoding="utf-8"))
SHORT = ExportSettings(quote_chars=40, full_text=False)
WHOLE = ExportSettings(quote_chars=40, full_text=True)
PERSIAN = "در این حمله پنج نفر کشته شدند"
Frames = dict[str, pl.DataFrame]


def outlets() -> pl.DataFrame:
    return contract.frame("source", [
        {"source_id": name, "name": name.replace("_", " ").title(), "language": "en", "kind": "newspaper",
         "homepage": f"https://{name}.example/", "is_demo": True} for name in SOURCES
    ])  # fmt: skip


@contextmanager
def house(
    path: Path, n_days: int = 1, change: Callable[[Frames], Frames] = lambda frames: frames
) -> Iterator[duckdb.DuckDBPyConnection]:
    with open_master(path) as connection:
        for offset in range(n_days):
            day = FIRST_DAY + timedelta(days=offset)
            load(connection, day, change({**made_up_day(day), "source": outlets()}), run_row(day))
        yield connection


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("made")
    with house(folder / "house.duckdb", n_days=2) as connection:
        export(connection, folder / "export", "rtest", SHORT)
    return folder / "export"


def rows_of(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(path.read_bytes().decode("utf-8-sig"), newline="")))


def check_package(folder: Path) -> None:
    """The description is valid, and every cell of every table is what it says: a small validator of our own."""
    package = json.loads((folder / "datapackage.json").read_text(encoding="utf-8"))
    Draft202012Validator(SCHEMA).validate(package)
    keys: dict[tuple[str, str], set[str]] = {}
    tables = [resource for resource in package["resources"] if resource.get("type") == "table"]
    for resource in package["resources"]:
        content = (folder / resource["path"]).read_bytes()
        assert resource["bytes"] == len(content), resource["path"]
        assert resource["hash"] == f"sha256:{hashlib.sha256(content).hexdigest()}", resource["path"]
    for resource in tables:
        rows, fields = rows_of(folder / resource["path"]), resource["schema"]["fields"]
        header = (folder / resource["path"]).read_text(encoding="utf-8-sig").partition("\n")[0]
        assert header.strip() == ",".join(field["name"] for field in fields)
        for field in fields:
            values = [row[field["name"]] for row in rows]
            keys[resource["name"], field["name"]] = set(values)
            for value in values:
                check_cell(value, field, resource["name"])
        if key := resource["schema"].get("primaryKey"):
            assert len({tuple(row[name] for name in key) for row in rows}) == len(rows), resource["name"]
    for resource in tables:
        for reference in resource["schema"].get("foreignKeys", []):
            (ours,), (theirs,) = reference["fields"], reference["reference"]["fields"]
            missing = keys[resource["name"], ours] - keys[reference["reference"]["resource"], theirs] - {""}
            assert not missing, (resource["name"], ours, missing)


def check_cell(value: str, field: dict[str, Any], table: str) -> None:
    constraints = field.get("constraints", {})
    if value == "":
        assert not constraints.get("required"), (table, field["name"])
        return
    assert value in constraints.get("enum", [value]), (table, field["name"], value)
    read: Callable[[str], object] = {
        "integer": int,
        "number": float,
        "date": date.fromisoformat,
        "datetime": lambda text: datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC),
        "boolean": {"true": True, "false": False}.__getitem__,
        "object": json.loads,
        "list": str,
        "string": str,
    }[field["type"]]
    read(value)


def test_the_package_describes_every_table_and_every_cell_keeps_its_word(made):
    check_package(made)
    described = {resource["path"] for resource in json.loads((made / "datapackage.json").read_text())["resources"]}
    shapes = [name for name, _, _ in SHAPES]
    assert described == {f"{name}.csv" for name in (*TABLES, *shapes, "changes")} | {
        "incident.geojson",
        "evidence.jsonl",
    }
    for name in ("incident", "claim"):
        fields = next(r["schema"]["fields"] for r in json.loads((made / "datapackage.json").read_text())["resources"]
                      if r["name"] == name)  # fmt: skip
        meanings = {column.name: column.comment for column in contract.table(name).columns}
        assert all(field["description"].startswith(meanings[field["name"]]) for field in fields)


def test_a_wrong_package_is_found_out(made, tmp_path):
    """The validator above is no rubber stamp."""
    folder = shutil.copytree(made, tmp_path / "spoiled")
    path = folder / "incident.csv"
    path.write_text(path.read_text(encoding="utf-8").replace(",PK,", ",PK\n,"), encoding="utf-8")
    with pytest.raises(AssertionError, match=r"incident\.csv"):
        check_package(folder)


def test_digests_are_those_of_the_files(made):
    lines = dict(reversed(line.split("  ")) for line in (made / "SHA256SUMS").read_text().splitlines())
    assert set(lines) == {path.name for path in made.iterdir()} - {"SHA256SUMS"}
    for name, digest in lines.items():
        assert hashlib.sha256((made / name).read_bytes()).hexdigest() == digest


def test_equal_content_gives_equal_bytes(made, tmp_path):
    with house(tmp_path / "other.duckdb", n_days=2) as connection:
        connection.execute("SET TimeZone = 'Asia/Karachi'")
        export(connection, tmp_path / "again", "rtest", SHORT)
        assert connection.execute("SELECT current_setting('TimeZone')").fetchall() == [("Asia/Karachi",)]
    for path in made.iterdir():
        assert path.read_bytes() == (tmp_path / "again" / path.name).read_bytes(), path.name


HOSTILE = ["=HYPERLINK(\"//x\",\"a\")", "+1+1", "-2+3|cmd", "@SUM(A1)", "\t=1", "\r=1", "＝1", "a,b\"c\nd"]  # fmt: skip


def test_a_spreadsheet_runs_nothing_and_shows_every_script(tmp_path):
    def spoil(frames: Frames) -> Frames:
        titles = [*HOSTILE, PERSIAN][: frames["article"].height]
        return {**frames, "article": frames["article"].with_columns(title=pl.Series(titles))}

    with house(tmp_path / "house.duckdb", change=spoil) as connection:
        export(connection, tmp_path / "export", "rtest", SHORT)
    assert (tmp_path / "export" / "article.csv").read_bytes().startswith(codecs.BOM_UTF8)
    titles = {row["title"] for row in rows_of(tmp_path / "export" / "article.csv")}
    assert titles == {f"'{title}" for title in HOSTILE[:-1]} | {HOSTILE[-1], PERSIAN}
    assert set(pl.read_parquet(tmp_path / "export" / "article.parquet")["title"]) == {*HOSTILE, PERSIAN}
    check_package(tmp_path / "export")


def test_programs_read_the_csv_without_help(made):
    expected = pl.read_parquet(made / "incident.parquet")
    assert pl.read_csv(made / "incident.csv")["incident_id"].to_list() == expected["incident_id"].to_list()
    with duckdb.connect() as connection:
        answer = connection.execute("SELECT incident_id FROM read_csv(?)", [str(made / "incident.csv")]).fetchall()
    assert [row[0] for row in answer] == expected["incident_id"].to_list()


def test_negative_figures_stay_figures(tmp_path):
    def south(frames: Frames) -> Frames:
        return {**frames, "claim": frames["claim"].with_columns(lat=-pl.col("lat"))}

    with house(tmp_path / "house.duckdb", change=south) as connection:
        export(connection, tmp_path / "export", "rtest", SHORT)
    assert all(float(row["lat"]) < 0 for row in rows_of(tmp_path / "export" / "claim.csv") if row["lat"])


def test_quotes_are_short_and_texts_stay_at_home(made, tmp_path):
    text = "Officials gave no details on that evening"
    for path in made.iterdir():
        assert text.encode() not in path.read_bytes(), path.name
    assert "text" not in pl.read_parquet_schema(made / "article.parquet")
    quotes = [row["quote"] for row in rows_of(made / "claim.csv")]
    assert quotes and all(len(quote) <= SHORT.quote_chars for quote in quotes)
    assert any(quote.endswith(" […]") and not quote.removesuffix(" […]").endswith(" ") for quote in quotes)
    with house(tmp_path / "whole.duckdb") as connection:
        export(connection, tmp_path / "whole", "rtest", WHOLE)
    assert text in pl.read_parquet(tmp_path / "whole" / "article.parquet")["text"][0]
    assert "whole article texts" in (tmp_path / "whole" / "README.md").read_text()
    check_package(tmp_path / "whole")


def test_evidence_has_every_claim_with_words_outlet_and_link(made):
    lines = [json.loads(line) for line in (made / "evidence.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [line["incident_id"] for line in lines] == sorted(
        row["incident_id"] for row in rows_of(made / "incident.csv")
    )
    claims = [claim for line in lines for claim in line["claims"]]
    assert {claim["claim_id"] for claim in claims} == {row["claim_id"] for row in rows_of(made / "claim.csv")}
    for claim in claims:
        assert claim["quote"] and claim["outlet"] in {"Frontier Radio", "Border Courier", "Makran Wire"}
        assert claim["url"].startswith("http://") and claim["seen_at"].endswith("Z")
        assert claim["is_cut"] == claim["quote"].endswith("[…]") and len(claim["quote"]) <= SHORT.quote_chars
    assert all(len(line["articles"]) == 3 for line in lines)


def test_a_doubtful_place_says_so_on_the_map(tmp_path):
    def move(frames: Frames) -> Frames:
        places = frames["incident"].height
        return {**frames, "incident": frames["incident"].with_columns(
            where_prec=pl.Series([1, 4, None][:places], dtype=pl.Int32),
            lat=pl.Series([27.5, 28.0, None][:places]), lon=pl.Series([62.5, 65.0, None][:places]))}  # fmt: skip

    with house(tmp_path / "house.duckdb", change=move) as connection:
        geojson.write(connection, tmp_path / "map.geojson")
    collection = json.loads((tmp_path / "map.geojson").read_text(encoding="utf-8"))
    assert collection["type"] == "FeatureCollection" and len(collection["features"]) == 3
    found = {
        feature["properties"]["where_prec"]: (
            feature["geometry"] and feature["geometry"]["coordinates"], feature["properties"]["is_place_uncertain"],
            feature["properties"]["place_is"],
        )
        for feature in collection["features"]
    }  # fmt: skip
    assert found == {
        1: ([62.5, 27.5], False, "the place"),
        4: ([65.0, 28.0], True, "the province, drawn at its centre"),
        None: (None, True, "not known"),
    }


def test_shapes_of_others_hold_our_incidents_only(made):
    ours = {row["incident_id"] for row in rows_of(made / "incident.csv")}
    for name, _, key in SHAPES:
        found = {row[key] for row in rows_of(made / f"{name}.csv")}
        assert found and found <= ours, name
    assert {row[SHAPES[0][2]] for row in rows_of(made / "acled.csv")} == ours


def release_of(folder: Path, incidents: pl.DataFrame) -> Path:
    (folder / "parquet").mkdir(parents=True)
    incidents.write_parquet(folder / "parquet" / "incident.parquet")
    return folder


def test_changes_tell_new_revised_merged_and_withdrawn(tmp_path):
    with house(tmp_path / "house.duckdb") as connection:
        now = connection.sql("SELECT * FROM incident ORDER BY incident_id").pl()
        kept = now.row(0, named=True)
        nowhere, one = pl.lit(None, dtype=pl.String), pl.lit(1, dtype=pl.Int32)
        first = now.head(1).with_columns(last_seen_at=pl.col("last_seen_at").dt.offset_by("-1d"), n_articles=one)
        before = pl.concat([
            first.with_columns(killed_best=pl.lit(99, dtype=pl.Int32), place_name=nowhere),
            now.slice(1, 1),
            first.with_columns(incident_id=pl.lit("inc_merged")),
            first.with_columns(incident_id=pl.lit("inc_gone")),
        ])  # fmt: skip
        connection.execute(
            "INSERT INTO incident_ledger BY NAME SELECT 'led_1' AS entry_id, 'merge' AS action, "
            "'inc_merged' AS incident_id, ? AS into_id, 'sarhad' AS decided_by, now() AS decided_at, 'same' AS reason",
            [kept["incident_id"]],
        )
        export(connection, tmp_path / "export", "rtest", SHORT, release_of(tmp_path / "before", before))
    found = {(row["change"], row["incident_id"], row["field"], row["was"], row["now"])
             for row in rows_of(tmp_path / "export" / "changes.csv")}  # fmt: skip
    assert found == {
        ("new", now["incident_id"][2], "", "", ""),
        ("revised", kept["incident_id"], "killed_best", "99", str(kept["killed_best"])),
        ("revised", kept["incident_id"], "place_name", "", kept["place_name"]),
        ("merged", "inc_merged", "", "", kept["incident_id"]),
        ("withdrawn", "inc_gone", "", "", ""),
    }
    told = (tmp_path / "export" / "CHANGES.md").read_text(encoding="utf-8")
    assert "1 new, 1 revised, 1 merged, 1 withdrawn incidents." in told
    assert f"killed_best 99 → {kept['killed_best']} · `{kept['incident_id']}`" in told
    check_package(tmp_path / "export")


def test_a_first_release_and_one_without_changes_say_so(made, tmp_path):
    assert "first release" in (made / "CHANGES.md").read_text()
    with house(tmp_path / "same.duckdb", n_days=2) as connection:
        before = release_of(tmp_path / "before", connection.sql("SELECT * FROM incident").pl())
        export(connection, tmp_path / "same", "rtest", SHORT, before)
    assert "No incident reads differently" in (tmp_path / "same" / "CHANGES.md").read_text()
    assert rows_of(tmp_path / "same" / "changes.csv") == []


def test_a_broken_release_before_is_named(tmp_path):
    with house(tmp_path / "house.duckdb") as connection, pytest.raises(TerminalError, match="publish again"):
        changes.table(connection, tmp_path / "nowhere")


def test_an_empty_database_is_exported_as_empty(tmp_path):
    with open_master(tmp_path / "empty.duckdb") as connection:
        export(connection, tmp_path / "export", "rtest", SHORT)
    check_package(tmp_path / "export")
    assert (tmp_path / "export" / "evidence.jsonl").read_text() == ""
    assert json.loads((tmp_path / "export" / "incident.geojson").read_text())["features"] == []


def test_licence_and_citation_name_the_release_and_the_owners_of_the_words(made):
    citation = (made / "CITATION.cff").read_text()
    assert 'version: "rtest"' in citation and "demo data" in citation and "known on 2024-01-16" in citation
    licence = (made / "LICENSE.md").read_text()
    assert "GeoNames" in licence and "words of the outlets" in licence and "`rtest`" in licence
    assert "This is demo data" in (made / "README.md").read_text()


def test_a_release_brings_its_exports_and_what_changed(tmp_path):
    settings = Settings(home=tmp_path, sources="demo", knobs=load_knobs())
    with house(settings.warehouse):
        pass
    first = publish(settings)
    assert not publish(settings).changed
    check_package(settings.release / "export")
    with house(settings.warehouse, n_days=2):
        pass
    second = publish(settings)
    assert {row["change"] for row in rows_of(settings.release / "export" / "changes.csv")} == {"new"}
    manifest = json.loads((settings.release / "manifest.json").read_text())
    assert manifest["previous"] == first.release_id and "export/datapackage.json" in manifest["files"]
    knobs = settings.knobs.model_copy(update={"export": SHORT})
    assert publish(settings.model_copy(update={"knobs": knobs})).release_id != second.release_id
