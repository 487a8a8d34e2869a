"""When a predicted value counts as the gold value. The word lists are config/evaluation.yml."""

from __future__ import annotations

import csv
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import yaml
from rapidfuzz.distance import Levenshtein

from pipeline.errors import ConfigError

Json = dict[str, Any]
ROOT = Path(__file__).resolve().parents[2]
RULES = ROOT / "config" / "evaluation.yml"
ACTORS = ROOT / "config" / "actors.yml"
PLACES = ROOT / "config" / "gazetteer" / "places.csv"

FIELDS = (
    "place", "admin1", "country", "date", "type", "family", "perpetrator", "claimed_by", "target", "toll",
    "killed", "injured", "killed_range", "injured_range", "attackers_killed", "killed_claimed",
    "attributed_to",
)  # fmt: skip
STRICT = ("date", "place", "family", "perpetrator", "toll")
_PLACE_NOISE = re.compile(r"\b(?:district|city|town|village|county|area|tehsil|division|the|of)\b")
_LONG_NAME = 7  # below this, one letter makes another place (Mach/Mand, Khost/Khash)


def fold(text: str) -> str:
    """Lower case, no accents, hyphens and punctuation as spaces."""
    plain = "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))
    return " ".join(re.sub(r"[^\w]+", " ", plain.replace("'", "").replace("’", "").lower()).split())


def accepted(gold: Json, name: str) -> list[Any]:
    """The gold value of a field and the alternatives that the coders allow for it."""
    values = [gold.get(name)]
    for key in (f"{name}_alt", f"{name}_min_alt", f"{name}_max_alt"):
        extra = gold.get(key, [])
        values.extend(extra if isinstance(extra, list) else [extra])
    return values


@dataclass(frozen=True)
class Judge:
    """Decides equality field by field; build it with `load_judge`."""

    families: Mapping[str, str]
    nobody: frozenset[str]
    actors: Mapping[str, str]
    generic: Mapping[str, frozenset[str]]
    targets: Mapping[str, str]
    places: Mapping[str, str]
    admin1: Mapping[str, str]
    speakers: Mapping[str, str]

    def actor(self, name: str | None) -> str | None:
        """Canonical actor; None for everyone who is nobody in particular."""
        if name is None:
            return None
        key = fold(name)
        return None if key in self.nobody else self.actors.get(key, key)

    def place(self, name: str | None) -> str | None:
        """Canonical spelling of a place; of "Jalgai, Kech" the first, most specific part."""
        if not name:
            return None
        key = fold(name.split(",")[0])
        return self.places.get(key) or self.places.get(_strip(key)) or _strip(key)

    def same_place(self, predicted: str | None, gold: Json) -> bool:
        """Equal to the gold place or an alternative, up to spelling; null only for null."""
        ours = self.place(predicted)
        values = accepted(gold, "place") + ([gold["place_raw"]] if "place_raw" in gold else [])
        return any(_same_name(ours, self.place(value)) for value in values)

    def same_actor(self, predicted: str | None, gold: Json, name: str) -> bool:
        """Equal after the actors' aliases, or to an alternative; "police" is the police of either country."""
        ours = self.actor(predicted)
        theirs = {self.actor(value) for value in accepted(gold, name)}
        return ours in theirs or any(ours in self.generic.get(value or "", ()) for value in theirs)

    def family(self, event_type: str) -> str:
        """The family of an event type. Raises ConfigError for a type outside the contract."""
        if event_type not in self.families:
            raise ConfigError(f"{RULES.name}: event type {event_type!r} belongs to no family")
        return self.families[event_type]

    def same_family(self, predicted: str, gold: Json) -> bool:
        """Same family as the gold type or one of its alternatives."""
        return self.family(predicted) in {self.family(value) for value in accepted(gold, "event_type")}

    def fields(self, predicted: Json, gold: Json) -> dict[str, bool]:
        """Field by field, whether the prediction is right; the names are FIELDS."""
        killed, injured = predicted["killed"], predicted["injured"]
        right = {
            "place": self.same_place(predicted["place"]["name"], gold),
            "admin1": _in(predicted["place"]["admin1"], accepted(gold, "admin1"), self.admin1),
            "country": predicted["place"]["country"] in accepted(gold, "country"),
            "date": same_date(predicted["date"], accepted(gold, "date")),
            "type": predicted["event_type"] in accepted(gold, "event_type"),
            "family": self.same_family(predicted["event_type"], gold),
            "perpetrator": self.same_actor(predicted.get("perpetrator"), gold, "perpetrator"),
            "claimed_by": self.same_actor(predicted.get("claimed_by"), gold, "claimed_by"),
            "target": _in(predicted.get("target"), accepted(gold, "target"), self.targets),
            "killed": same_toll(killed, gold, "killed"),
            "injured": same_toll(injured, gold, "injured"),
            "killed_range": same_range(killed, gold, "killed"),
            "injured_range": same_range(injured, gold, "injured"),
            "attackers_killed": _within(killed.get("attackers"), gold, "attackers_killed"),
            "killed_claimed": killed.get("claimed") == gold.get("killed_claimed"),
            "attributed_to": self.same_speakers(predicted.get("attributed_to") or [], gold["attributed_to"]),
        }
        right["toll"] = right["killed"] and right["injured"]
        return right

    def same_speakers(self, predicted: Sequence[str], gold: Sequence[str]) -> bool:
        """At least one source in common, or none on either side."""
        ours = {self.speakers.get(fold(s), fold(s)) for s in predicted}
        theirs = {self.speakers.get(fold(s), fold(s)) for s in gold}
        if not ours or not theirs:
            return ours == theirs
        return any(f" {a} " in f" {b} " or f" {b} " in f" {a} " for a in ours for b in theirs)


def same_date(predicted: Json, values: Sequence[str | None]) -> bool:
    """A day for a day, a month for a month, a year for a year, nothing for nothing.

    `values` are YYYY-MM-DD, YYYY-MM, YYYY or None. A span of two days (precision days: the night between)
    is right when it holds an accepted day; a week when it touches an accepted month.
    """
    start, end, precision = predicted["start"], predicted["end"], predicted["precision"]
    if start is None or precision == "unknown":
        return None in values
    if precision in ("month", "year"):
        return start[: 7 if precision == "month" else 4] in values
    end = end or start
    if start == end:
        return start in values
    if precision == "week":
        return start[:7] in values or end[:7] in values
    nights = (date.fromisoformat(end) - date.fromisoformat(start)).days <= 1
    return nights and (start in values or end in values)


def same_toll(predicted: Json, gold: Json, name: str) -> bool:
    """Whether `best` is the gold figure: the coders' best, else the common low and high, else within them."""
    best, low, high = predicted["best"], gold[f"{name}_min"], gold[f"{name}_max"]
    if best in accepted(gold, name)[1:]:
        return True
    if (wanted := gold.get(f"{name}_best")) is not None:
        return bool(best == wanted)
    if low == high:
        return bool(best == low)
    if high is None:
        return best == low or (best is None and predicted["low"] == low)
    if low is None:
        return bool(best == high)
    return best is not None and low <= best <= high


def same_range(predicted: Json, gold: Json, name: str) -> bool:
    """Whether low and high are the gold ones. "At least N" may leave high open."""
    others = accepted(gold, name)[1:]
    low = predicted["low"] == gold[f"{name}_min"] or predicted["low"] in others
    open_high = bool(gold.get("at_least")) and predicted["high"] is None
    return low and (predicted["high"] == gold[f"{name}_max"] or predicted["high"] in others or open_high)


def _within(predicted: int | None, gold: Json, name: str) -> bool:
    if predicted in accepted(gold, name):
        return True
    low, high = gold.get(f"{name}_min", gold[name]), gold.get(f"{name}_max", gold[name])
    return predicted is not None and low is not None and high is not None and low <= predicted <= high


def _in(predicted: str | None, values: Sequence[str | None], variants: Mapping[str, str]) -> bool:
    def canonical(value: str | None) -> str | None:
        return None if value is None else variants.get(fold(value), fold(value))

    return canonical(predicted) in {canonical(value) for value in values}


def _strip(key: str) -> str:
    return " ".join(_PLACE_NOISE.sub(" ", key).split()) or key


def _same_name(ours: str | None, theirs: str | None) -> bool:
    """Equal, or one letter apart in a long name: transliteration is no matter of facts."""
    if ours is None or theirs is None:
        return ours == theirs
    a, b = ours.replace(" ", ""), theirs.replace(" ", "")
    if a == b:
        return True
    return min(len(a), len(b)) >= _LONG_NAME and a[0] == b[0] and Levenshtein.distance(a, b) <= 1


def load_rules(path: Path = RULES) -> Json:
    """The scorer's configuration. Raises ConfigError where it is missing or not a mapping."""
    try:
        rules = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, yaml.YAMLError) as error:
        raise ConfigError(f"{path}: cannot be read: {error}") from error
    if not isinstance(rules, dict):
        raise ConfigError(f"{path}: must be a mapping")
    return rules


def load_judge(rules: Json, actors: Path = ACTORS, places: Path = PLACES) -> Judge:
    """The judge of these rules; aliases of the actors file and the gazetteer are added, never override."""
    actor_map = _variants(rules["actors"])
    for names in _actor_aliases(actors):
        _extend(actor_map, names)
    place_map = _variants(rules["places"])
    for names in _gazetteer_aliases(places):
        _extend(place_map, names)
    return Judge(
        families={event: family for family, events in rules["families"].items() for event in events},
        nobody=frozenset(fold(name) for name in rules["nobody"]),
        actors=actor_map,
        generic={fold(word): frozenset(map(fold, names)) for word, names in rules["generic"].items()},
        targets=_variants(rules["targets"]),
        places=place_map,
        admin1=_variants(rules["admin1"]),
        speakers=_variants(rules["speakers"]),
    )


def _variants(groups: Iterable[Sequence[str]]) -> dict[str, str]:
    return {fold(name): fold(group[0]) for group in groups for name in group}


def _extend(variants: dict[str, str], names: Sequence[str]) -> None:
    """Adds names as spellings of one thing; a known spelling keeps its canonical form and lends it."""
    keys = [fold(name) for name in names if name]
    known = next((variants[key] for key in keys if key in variants), keys[0] if keys else "")
    for key in keys:
        variants.setdefault(key, known)


def _actor_aliases(path: Path) -> list[list[str]]:
    """Name and Latin aliases of each actor, where the project's list exists."""
    if not path.exists():
        return []
    loaded = yaml.safe_load(path.read_text(encoding="utf-8"))
    entries = loaded.get("actors", loaded) if isinstance(loaded, dict) else loaded
    rows = [{"name": k, **v} for k, v in entries.items()] if isinstance(entries, dict) else entries
    groups = []
    for row in rows:
        aliases = row.get("aliases", [])
        listed = aliases.get("en", []) if isinstance(aliases, dict) else aliases
        groups.append([str(row["name"]), *(str(alias) for alias in listed)])
    return groups


def _gazetteer_aliases(path: Path) -> list[list[str]]:
    """Name and aliases (separated by |) of each gazetteer row, where the gazetteer exists."""
    if not path.exists():
        return []
    with path.open(encoding="utf-8", newline="") as handle:
        rows = list(csv.DictReader(handle))
    alias_columns = ("aliases", "aliases_en")
    return [
        [row["name"], *(a.strip() for c in alias_columns for a in (row.get(c) or "").split("|") if a.strip())]
        for row in rows
    ]
