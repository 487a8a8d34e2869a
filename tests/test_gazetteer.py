"""The gazetteer: complete, well placed, and refused with file and line where it is wrong."""

from __future__ import annotations

import csv
import json
import shutil
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from pipeline.errors import ConfigError
from pipeline.gazetteer import (
    COLUMNS,
    Gazetteer,
    check,
    fold_name,
    km_to_border,
    load_gazetteer,
    rest_of_countries,
    side_of_border,
)
from pipeline.outlines import THEATRE, load_outlines
from pipeline.settings import CONFIG

FOLDER = CONFIG / "gazetteer"

# Positions of towns as any atlas has them, to a tenth of a degree or better; 12 km are allowed.
KNOWN = {
    "ir_zahedan": (29.50, 60.86), "ir_zabol": (31.03, 61.50), "ir_chabahar": (25.29, 60.64),
    "ir_iranshahr": (27.20, 60.69), "ir_saravan": (27.37, 62.33), "ir_khash": (28.22, 61.21),
    "ir_mirjaveh": (29.02, 61.45), "ir_pishin": (26.09, 61.75), "ir_rask": (26.24, 61.40),
    "ir_nikshahr": (26.23, 60.21), "ir_konarak": (25.36, 60.40), "pk_quetta": (30.18, 67.00),
    "pk_gwadar": (25.13, 62.33), "pk_turbat": (26.00, 63.05), "pk_panjgur": (26.97, 64.10),
    "pk_khuzdar": (27.81, 66.61), "pk_kalat": (29.03, 66.59), "pk_mastung": (29.80, 66.85),
    "pk_nushki": (29.55, 66.02), "pk_dalbandin": (28.89, 64.41), "pk_taftan": (28.96, 61.59),
    "pk_chaman": (30.92, 66.45), "pk_sibi": (29.55, 67.88), "pk_zhob": (31.34, 69.45),
    "pk_loralai": (30.37, 68.60), "pk_dera_bugti": (29.03, 69.16), "pk_pasni": (25.26, 63.47),
    "pk_ormara": (25.21, 64.64), "pk_hub": (25.03, 66.88), "ir_tehran": (35.69, 51.42),
    "pk_karachi": (24.87, 67.02), "af_spin_boldak": (31.00, 66.40),
}  # fmt: skip

DISTRICTS_PK = (
    "Awaran", "Barkhan", "Chagai", "Chaman", "Dera Bugti", "Duki", "Gwadar", "Harnai", "Hub", "Jafarabad",
    "Jhal Magsi", "Kachhi", "Kalat", "Karezat", "Kech", "Kharan", "Khuzdar", "Kohlu", "Lasbela", "Loralai",
    "Mastung", "Musakhel", "Naseerabad", "Noshki", "Panjgur", "Pishin", "Qila Abdullah", "Qila Saifullah",
    "Quetta", "Sherani", "Sibi", "Sohbatpur", "Surab", "Usta Muhammad", "Washuk", "Zhob", "Ziarat",
)  # fmt: skip
COUNTIES_IR = (
    "Bampur", "Bent", "Chabahar", "Dalgan", "Dashtiari", "Fanuj", "Golshan", "Hamun", "Hirmand", "Iranshahr",
    "Khash", "Konarak", "Lashar", "Mehrestan", "Mirjaveh", "Nikshahr", "Nimruz", "Qasr-e Qand", "Rask",
    "Saravan", "Sarbaz", "Sib and Suran", "Taftan", "Zabol", "Zahedan", "Zarabad", "Zehak",
)  # fmt: skip


@pytest.fixture(scope="module")
def gazetteer() -> Gazetteer:
    return load_gazetteer(FOLDER)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(FOLDER, tmp_path / "gazetteer"))


def rewrite(folder: Path, change: Callable[[list[dict[str, str]]], None], header: tuple[str, ...] = COLUMNS) -> None:
    path = folder / "places.csv"
    with path.open(encoding="utf-8", newline="") as handle:
        rows = list(csv.DictReader(handle))
    change(rows)
    with path.open("w", encoding="utf-8", newline="") as handle:
        writer = csv.DictWriter(handle, header, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def edit(row: int, **cells: str) -> Callable[[list[dict[str, str]]], None]:
    return lambda rows: rows[row].update(cells)


def test_shipped_gazetteer_has_no_problem(gazetteer: Gazetteer) -> None:
    assert check(gazetteer) == []


def test_counts(gazetteer: Gazetteer) -> None:
    theatre = [place for place in gazetteer.places.values() if place.in_theatre]
    assert len(theatre) >= 950
    by_side = Counter(place.country for place in theatre)
    assert by_side["IR"] >= 250
    assert by_side["PK"] >= 650
    assert sum(1 for place in theatre if place.aliases_fa) >= 300
    assert sum(1 for place in theatre if place.aliases_ur) >= 600
    kinds = Counter(place.kind for place in theatre)
    assert kinds["crossing"] >= 10
    assert kinds["road"] >= 25
    assert kinds["neighbourhood"] >= 80


def test_every_district_of_both_provinces(gazetteer: Gazetteer) -> None:
    theatre = [place for place in gazetteer.places.values() if place.in_theatre]
    found = {(place.country, place.name) for place in theatre if place.kind == "district"}
    wanted = {("PK", name) for name in DISTRICTS_PK}
    wanted |= {("IR", name) for name in COUNTIES_IR}
    assert wanted - found == set()


def test_every_province_of_both_countries_has_a_row(gazetteer: Gazetteer) -> None:
    rows = {(place.country, place.admin1) for place in gazetteer.places.values() if place.kind == "province"}
    assert set(gazetteer.outlines.provinces) <= rows


@pytest.mark.parametrize("place_id", KNOWN)
def test_well_known_places_lie_where_they_are(gazetteer: Gazetteer, place_id: str) -> None:
    place = gazetteer.places[place_id]
    lat, lon = KNOWN[place_id]
    assert place.lat == pytest.approx(lat, abs=0.11)
    assert place.lon == pytest.approx(lon, abs=0.11)


def test_sources_say_where_a_position_comes_from(gazetteer: Gazetteer) -> None:
    for place in gazetteer.places.values():
        assert place.source.startswith("geonames:") or "km" in place.source, place.place_id


@pytest.mark.parametrize("name", ["Taftan", "Pishin", "Makran", "Sarawan", "Baluchistan", "تفتان", "سراوان"])
def test_homonyms_on_both_sides_are_both_found(gazetteer: Gazetteer, name: str) -> None:
    assert {"IR", "PK"} <= {place.country for place in gazetteer.find(name)}


@pytest.mark.parametrize(
    ("name", "place_id"),
    [
        ("Panjgoor", "pk_panjgur"), ("NUSHKI", "pk_nushki"), ("Koh-i-Sabz", "pk_koh_e_sabz"),
        ("Sabz Koh", "pk_koh_e_sabz"),
        ("Sistan-o-Balochistan", "ir_sistan_baluchestan"), ("Dozdap", "ir_zahedan"), ("Mir Javeh", "ir_mirjaveh"),
        ("Sib-o-Soran", "ir_sib_and_suran_county"), ("Rimdan–Gabd", "ir_rimdan"), ("Machh", "pk_mach"),
        ("RCD highway", "pk_n25"), ("Killa Saifullah", "pk_qila_saifullah"), ("زاهدان", "ir_zahedan"),
        ("نيك شهر", "ir_nikshahr"), ("میرجاوہ", "ir_mirjaveh"), ("کوئٹہ", "pk_quetta"),
        ("Panjgur district", "pk_panjgur_district"),
        ("شهرستان سراوان", "ir_saravan_county"), ("ضلع کیچ", "pk_kech_district"), ("Jalgai sector", "pk_jalgai"),
    ],
)  # fmt: skip
def test_spellings(gazetteer: Gazetteer, name: str, place_id: str) -> None:
    assert place_id in {place.place_id for place in gazetteer.find(name)}


def test_a_bare_name_means_the_town_before_its_district(gazetteer: Gazetteer) -> None:
    assert [place.kind for place in gazetteer.find("Panjgur")][:2] == ["city", "district"]


def test_kech_and_turbat_are_two_places(gazetteer: Gazetteer) -> None:
    assert not set(gazetteer.find("Kech")) & set(gazetteer.find("Turbat"))


@pytest.mark.parametrize("name", ["Sarbaz", "Bolan", "Dasht", "Mand", "Hub", "Surab", "Wadh", "Bent"])
def test_names_that_are_words_are_marked(gazetteer: Gazetteer, name: str) -> None:
    assert any(place.common_word for place in gazetteer.find(name))


@pytest.mark.parametrize("name", ["Karachi", "Bannu", "North Waziristan", "Kerman", "Ahvaz", "Kandahar", "Idlib"])
def test_hot_spots_outside_are_outside(gazetteer: Gazetteer, name: str) -> None:
    found = gazetteer.find(name)
    assert found
    assert not any(place.in_theatre for place in found)


def test_fold_name_brings_spellings_together() -> None:
    assert fold_name("Koh‑e‑Sabz") == fold_name("KOH e sabz")
    assert fold_name("Ma'ruf") == fold_name("Maʼruf")
    assert fold_name("نيكشهر") == fold_name("نیکشهر")
    assert fold_name("نیک‌شهر") == fold_name("نیک شهر")


# ---------------------------------------------------------------- outlines


def test_outlines_are_small_and_credited() -> None:
    path = FOLDER / "outlines.geojson"
    assert path.stat().st_size < 120_000
    content = json.loads(path.read_text(encoding="utf-8"))
    assert "Natural Earth" in content["credit"]
    assert len(content["features"]) == 38


@pytest.mark.parametrize(
    ("place_id", "low", "high"),
    [("pk_taftan", 0, 10), ("ir_mirjaveh", 0, 12), ("ir_zahedan", 18, 45), ("ir_saravan", 30, 60),
     ("pk_panjgur", 70, 110), ("pk_gwadar", 55, 85), ("ir_chabahar", 85, 110), ("pk_quetta", 400, 560),
     ("ir_kuhak_crossing", 0, 5)],
)  # fmt: skip
def test_distance_to_the_border(gazetteer: Gazetteer, place_id: str, low: float, high: float) -> None:
    place = gazetteer.places[place_id]
    assert place.lat is not None
    assert place.lon is not None
    assert low <= km_to_border(place.lat, place.lon) <= high


def test_shared_border_is_one_line_from_the_tripoint_to_the_sea() -> None:
    border = load_outlines(FOLDER / "outlines.geojson").border
    ends = Counter(point for segment in border for point in segment)
    loose = sorted((point for point, times in ends.items() if times == 1), key=lambda point: point[1])
    assert len(loose) == 2
    assert loose[0] == pytest.approx((61.59, 25.20), abs=0.05)
    assert loose[1] == pytest.approx((60.86, 29.86), abs=0.05)


def test_side_of_border() -> None:
    assert side_of_border(29.50, 60.86) == "IR"
    assert side_of_border(30.18, 67.00) == "PK"
    assert side_of_border(24.00, 62.00) is None
    assert side_of_border(31.61, 65.71) is None


def test_former_fata_is_in_khyber_pakhtunkhwa() -> None:
    outlines = load_outlines(FOLDER / "outlines.geojson")
    assert outlines.province_at(32.95, 70.05) == ("PK", "Khyber Pakhtunkhwa")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda content: content.pop("credit"), "credit"),
        (lambda content: content["features"].clear(), "theatre"),
        (lambda content: content["features"][0]["geometry"].update(type="Polygon"), "MultiPolygon"),
        (lambda content: content["features"][0].pop("properties"), "properties"),
    ],
)
def test_bad_outlines(folder: Path, change: Callable[[dict[str, object]], object], message: str) -> None:
    path = folder / "outlines.geojson"
    content = json.loads(path.read_text(encoding="utf-8"))
    change(content)
    path.write_text(json.dumps(content), encoding="utf-8")
    with pytest.raises(ConfigError, match=message):
        load_outlines(path)


# ---------------------------------------------------------------- what check finds


@pytest.mark.parametrize(
    ("place_id", "cells", "reason"),
    [
        ("ir_zahedan", {"lat": "", "lon": ""}, "no lat or lon"),
        ("ir_zahedan", {"lat": "30.18", "lon": "67.00"}, "the point lies in PK"),
        ("ir_zahedan", {"lat": "35.70", "lon": "51.40"}, "km outside Sistan and Baluchestan"),
        ("pk_quetta", {"admin1": "Balochistaan"}, "has no outline"),
        ("pk_quetta", {"admin2": "Kweta"}, "has no district row"),
        ("pk_hoshab", {"name": "Tump"}, "shares ['tump'] with pk_tump"),
        ("pk_hoshab", {"name": "Tump", "kind": "town", "admin2": "Kech"}, "same name, kind and district as pk_tump"),
        ("pk_hoshab", {"note": "homonym: pk_nowhere"}, "are no ids"),
    ],
)
def test_check_finds(folder: Path, place_id: str, cells: dict[str, str], reason: str) -> None:
    rewrite(folder, lambda rows: next(row for row in rows if row["place_id"] == place_id).update(cells))
    changed = load_gazetteer(folder)
    reasons = [str(problem) for problem in check(changed)]
    assert any(reason in text and f"places.csv:{changed.places[place_id].line}:" in text for text in reasons), reasons


# ---------------------------------------------------------------- bad input


@pytest.mark.parametrize(
    ("cells", "message"),
    [
        ({"lat": "north"}, "lat 'north' is not a number"),
        ({"lon": "361"}, "lon 361 is not within"),
        ({"kind": "hamlet"}, "kind 'hamlet' is none of"),
        ({"country": "PK"}, "does not start with country 'PK'"),
        ({"country": "Iran"}, "country 'Iran' is none of|does not start with"),
        ({"precision": "9"}, "precision '9' is none of"),
        ({"common_word": "yes"}, "common_word 'yes' is none of"),
        ({"aliases_en": "One||Two"}, "aliases_en has an empty alias"),
        ({"place_id": "Zahedan"}, "must be like ir_zahedan"),
        ({"name": " "}, "name is empty"),
        ({"source": ""}, "source is empty"),
        ({"place_id": "ir_sistan"}, "is already on line"),
    ],
)
def test_bad_rows_name_file_and_line(folder: Path, cells: dict[str, str], message: str) -> None:
    rewrite(folder, edit(4, **cells))
    with pytest.raises(ConfigError, match=message) as caught:
        load_gazetteer(folder)
    assert "places.csv:6:" in str(caught.value)


def test_unknown_and_missing_columns(folder: Path) -> None:
    def rename(rows: list[dict[str, str]]) -> None:
        for row in rows:
            row["colour"] = row.pop("note")

    rewrite(folder, rename, (*COLUMNS[:-1], "colour"))
    with pytest.raises(ConfigError, match=r"places.csv:1: unknown columns \['colour'\], missing columns \['note'\]"):
        load_gazetteer(folder)


def test_a_short_row(folder: Path) -> None:
    path = folder / "places.csv"
    path.write_text(path.read_text(encoding="utf-8") + "ir_x,X,town\n", encoding="utf-8")
    with pytest.raises(ConfigError, match="fields expected"):
        load_gazetteer(folder)


@pytest.mark.parametrize("content", [b"", b"\xff\xfe\x00", None])
def test_unreadable_file(folder: Path, content: bytes | None) -> None:
    path = folder / "places.csv"
    path.unlink()
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ConfigError, match=r"places\.csv"):
        load_gazetteer(folder)


# ---------------------------------------------------------------- the rest of the countries


def test_rest_of_countries(gazetteer: Gazetteer) -> None:
    rest = rest_of_countries(gazetteer)
    assert len(rest) >= 600
    assert not any(place.in_theatre for place in rest)
    assert not {place.place_id for place in rest} & set(gazetteer.places)
    whole = gazetteer.with_places(rest)
    (quchan,) = whole.find("Quchan")
    assert (quchan.country, quchan.admin1) == ("IR", "Razavi Khorasan")
    assert whole.find("قوچان") == (quchan,)
    assert [place.place_id for place in whole.find("Karachi")] == ["pk_karachi"]
    assert all(place.admin1 for place in rest if place.country in ("IR", "PK"))
    assert all(place.common_word for place in rest if place.name in ("Taft", "Topi", "Jam", "Golestan"))


def test_common_words_are_needed(gazetteer: Gazetteer, folder: Path) -> None:
    (folder / "common_words.txt").unlink()
    with pytest.raises(ConfigError, match=r"common_words\.txt"):
        rest_of_countries(load_gazetteer(folder))


def test_theatre_is_two_provinces() -> None:
    assert {country for country, _ in THEATRE} == {"IR", "PK"}
