"""Lexicon packs: what the words of a language mean to the reader. One folder per language, reviewed as data.

A pack is a folder ``config/lexicon/<lang>`` of YAML files. Each file has a ``kind`` and ``entries``; each entry has an
``id``, its ``words`` (or ``values``: word to value, or ``patterns``: regular expressions over folded text), the
attributes of its kind, and ``examples`` and ``counter_examples`` that tests/test_lexicon.py proves. ``not_words``
are longer phrases in which a word means something else; they win because the longest match wins.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import regex

from pipeline.errors import ConfigError
from pipeline.extract.text import fold
from pipeline.settings import load_yaml

EVENT_TYPES = frozenset(
    [
        "air_strike",
        "drone_strike",
        "missile_strike",
        "bombing",
        "suicide_bombing",
        "ied_explosion",
        "armed_attack",
        "ambush",
        "armed_clash",
        "assassination",
        "raid_operation",
        "arrest",
        "abduction",
        "shelling",
        "border_skirmish",
        "execution",
        "protest_crackdown",
        "other",
    ]
)
TOLL_FIELDS = frozenset({"killed", "injured", "abducted", "arrested", "released"})
GROUPS = frozenset({"security_forces", "civilians", "attackers", "unknown"})
SPEAKER_TYPES = frozenset(
    ["government", "military", "police", "militant", "witness", "medical", "ngo", "media", "unnamed", "analyst"]
)
BOOL, INT, STR, LIST = "bool", "int", "str", "list"

KINDS: dict[str, dict[str, object]] = {
    "number": {"role": frozenset({"cardinal", "multiplier", "vague", "article", "range", "measure", "currency"})},
    "qualifier": {
        "qualifier": frozenset({"at_least", "up_to", "about", "exact"}),
        "position": frozenset({"before", "after"}),
    },
    "victim": {"group": GROUPS, "plural": BOOL, "target": STR, "elastic": BOOL, "actor": STR},
    "casualty": {
        "field": TOLL_FIELDS,
        "patient": frozenset({"before", "after", "either", "of", "count_after", "itself", "denied"}),
        "count": INT,
        "also": TOLL_FIELDS,
        "group": GROUPS,
        "closes": LIST,
        "event": EVENT_TYPES | {"none"},
        "total": BOOL,
        "needs": LIST,
    },
    "trigger": {
        "event": EVENT_TYPES,
        "strength": frozenset({"strong", "firm", "weak"}),
        "agent": frozenset({"state", "armed", "any"}),
        "violent": BOOL,
    },
    "weapon": {"name": STR},
    "target": {"name": STR},
    "place_noun": {"level": frozenset({"province", "district", "town", "village", "area", "road", "site"}),
                   "order": frozenset({"after", "before", "both"})},
    "relation": {"role": frozenset({"in", "near", "from", "to", "between", "of", "by", "apposition"})},
    "alias": {"actor": STR},
    "country": {"country": STR, "demonym": BOOL},
    "month": {},
    "weekday": {},
    "date_word": {"role": frozenset({"day", "part", "unit", "last", "this", "next", "ago", "earlier", "later",
                                     "before", "after",
                                     "same", "night", "since", "eve", "clock", "zone"})},
    "speech": {
        "stance": frozenset({"reported", "claimed", "accused", "denied", "possible"}),
        "order": frozenset({"before", "after", "both"}),
    },
    "source": {"type": SPEAKER_TYPES},
    "claim": {"by": frozenset({"before", "after", "nobody"}), "speech": BOOL},
    "blame": {"by": frozenset({"before", "after"})},
    "cue": {"role": frozenset({
        "separate", "background", "again", "aggregate", "negation", "hypothetical", "planned", "purpose",
        "habit", "part", "coordination", "auxiliary", "agent", "determiner", "possessive", "more", "subordinate",
        "adjective", "all", "protest", "company", "object", "voice", "early", "naming", "tells", "partisan", "pronoun",
        "unknown", "perfect", "relative", "revision", "cause", "self", "skip", "home", "boundary", "update",
        "aircraft",
    }), "side": frozenset({"before", "after"})},
    "context": {"role": frozenset({
        "aftermath", "court", "accident", "disaster", "drill", "sport", "trade", "crime", "anniversary", "statistics",
        "diplomacy", "analysis", "culture", "security", "genre", "opinion", "play", "rumour"}), "weight": INT},
    "furniture": {"scope": frozenset({"line", "rest", "dateline", "caption"})},
    "abbreviation": {},
}  # fmt: skip
_COMMON = frozenset({"id", "words", "values", "patterns", "not_words", "examples", "counter_examples", "note", "cased"})


@dataclass(frozen=True, slots=True)
class Entry:
    """One reviewed entry of a pack.

    Attributes:
        cased: the words count only where the text writes them with a capital.
    """

    kind: str
    id: str
    words: Mapping[str, int | None]
    not_words: tuple[str, ...]
    patterns: tuple[regex.Pattern[str], ...]
    examples: tuple[str, ...]
    counter_examples: tuple[str, ...]
    attributes: Mapping[str, Any]
    cased: bool
    origin: str

    def get(self, name: str, default: Any = None) -> Any:
        """An attribute of the entry's kind."""
        return self.attributes.get(name, default)


@dataclass(frozen=True)
class Pack:
    """All entries of one language."""

    language: str
    entries: tuple[Entry, ...]
    by_kind: Mapping[str, tuple[Entry, ...]] = field(default_factory=dict)

    def of(self, kind: str) -> tuple[Entry, ...]:
        """Entries of one kind."""
        return self.by_kind.get(kind, ())


def languages(folder: Path) -> list[str]:
    """Languages that have a pack."""
    return sorted(path.name for path in folder.iterdir() if path.is_dir() and any(path.glob("*.yml")))


def load_pack(folder: Path) -> Pack:
    """Read the pack of one language.

    Raises:
        ConfigError: the folder is missing or empty, or an entry is wrong; the message names file and entry.
    """
    files = sorted(folder.glob("*.yml")) if folder.is_dir() else []
    if not files:
        raise ConfigError(f"{folder}: no lexicon (*.yml) for language {folder.name!r}; restore it or add a pack")
    entries: list[Entry] = []
    seen: dict[str, str] = {}
    for path in files:
        for entry in _read_file(path):
            if entry.id in seen:
                raise ConfigError(f"{path}: entry {entry.id!r} is also in {seen[entry.id]}; ids are unique")
            seen[entry.id] = path.name
            entries.append(entry)
    by_kind: dict[str, list[Entry]] = {}
    for entry in entries:
        by_kind.setdefault(entry.kind, []).append(entry)
    return Pack(folder.name, tuple(entries), {kind: tuple(found) for kind, found in by_kind.items()})


def _read_file(path: Path) -> list[Entry]:
    content = load_yaml(path)
    if not isinstance(content, dict) or set(content) - {"kind", "entries", "note"} or "entries" not in content:
        raise ConfigError(f"{path}: wanted the keys 'kind' and 'entries', found {_names(content)}")
    kind = content.get("kind")
    if kind not in KINDS:
        raise ConfigError(f"{path}: unknown kind {kind!r}; known: {', '.join(sorted(KINDS))}")
    return [_read_entry(path, str(kind), raw) for raw in content["entries"]]


def _names(content: object) -> str:
    return ", ".join(map(str, content)) if isinstance(content, dict) else type(content).__name__


def _read_entry(path: Path, kind: str, raw: Any) -> Entry:
    if not isinstance(raw, dict) or not isinstance(raw.get("id"), str):
        raise ConfigError(f"{path}: an entry has no id: {str(raw)[:60]!r}")
    where = f"{path}: entry {raw['id']!r}"
    allowed = KINDS[kind]
    unknown = set(raw) - _COMMON - set(allowed)
    if unknown:
        raise ConfigError(f"{where}: unknown key {', '.join(sorted(unknown))}; kind {kind} knows "
                          f"{', '.join(sorted(_COMMON | set(allowed)))}")  # fmt: skip
    attributes = {name: raw[name] for name in allowed if name in raw}
    for name, value in attributes.items():
        _check(where, name, value, allowed[name])
    values = raw.get("values") or {}
    for word in (*(raw.get("words") or ()), *values, *(raw.get("not_words") or ())):
        if not isinstance(word, str):
            raise ConfigError(
                f"{where}: {word!r} is no text; put the word in quotes (YAML reads on, off, no as truth values)"
            )
    words: dict[str, int | None] = {fold(word): None for word in raw.get("words") or ()}
    words |= {fold(word): int(value) for word, value in values.items()}
    if not words and not raw.get("patterns"):
        raise ConfigError(f"{where}: needs words, values or patterns")
    if not raw.get("examples"):
        raise ConfigError(f"{where}: needs at least one example")
    return Entry(
        kind=kind, id=raw["id"], words=words,
        not_words=tuple(fold(str(word)) for word in raw.get("not_words") or ()),
        patterns=tuple(_compile(where, pattern) for pattern in raw.get("patterns") or ()),
        examples=tuple(raw["examples"]), counter_examples=tuple(raw.get("counter_examples") or ()),
        attributes=attributes, cased=bool(raw.get("cased")), origin=path.name,
    )  # fmt: skip


def _check(where: str, name: str, value: object, allowed: object) -> None:
    types = {BOOL: bool, INT: int, STR: str, LIST: list}
    if isinstance(allowed, str):
        if not isinstance(value, types[allowed]):
            raise ConfigError(f"{where}: {name} must be a {allowed}, not {value!r}")
    elif isinstance(allowed, frozenset) and value not in allowed:
        raise ConfigError(f"{where}: {name} is {value!r}; allowed: {', '.join(sorted(allowed))}")


def _compile(where: str, pattern: str) -> regex.Pattern[str]:
    try:
        return regex.compile(pattern, regex.V1)
    except regex.error as error:
        raise ConfigError(f"{where}: pattern {pattern!r} is no regular expression: {error}") from error
