"""The actors that news names: groups, forces, classes of people; one alias belongs to one actor."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from pipeline.errors import ConfigError
from pipeline.gazetteer import fold_name

KINDS = frozenset(
    ("rebel", "state_force", "militia", "police", "paramilitary", "government", "unknown", "civilian", "criminal",
     "foreign_state", "political")
)  # fmt: skip
SIDES = frozenset(("IR", "PK", "AF", "other", "none"))
LANGS = ("en", "fa", "ur")
KEYS = frozenset(("id", "name", "kind", "side", "parent", "acled_inter", "aliases", "acronyms", "umbrella", "note"))
REQUIRED = ("id", "name", "kind", "side", "acled_inter")
LINE = "__line__"


@dataclass(frozen=True, slots=True)
class Actor:
    """One actor.

    Attributes:
        name: canonical English name, as claims show it.
        side: state to which it belongs or against which it fights: IR, PK, AF, other, none.
        parent: id of the organisation of which it is a wing or unit.
        acled_inter: ACLED inter code, 1 to 8.
        aliases: further spellings by language (en, fa, ur), matched without regard to case.
        acronyms: forms that count only exactly as written.
        umbrella: a label that names nobody.
    """

    id: str
    name: str
    kind: str
    side: str
    parent: str | None
    acled_inter: int
    aliases: Mapping[str, tuple[str, ...]]
    acronyms: tuple[str, ...]
    umbrella: bool
    note: str
    line: int = 0

    def names(self, lang: str | None = None) -> tuple[str, ...]:
        """Spellings that count in any case, of one language or of all; the name is English unless an acronym."""
        own = () if self.name in self.acronyms else (self.name,)
        english = own if lang in (None, "en") else ()
        listed = self.aliases.get(lang, ()) if lang else tuple(a for lang in LANGS for a in self.aliases.get(lang, ()))
        return english + listed


@dataclass(frozen=True)
class Actors:
    """All actors by id, and who bears which alias."""

    by_id: Mapping[str, Actor]
    by_alias: Mapping[str, Actor]
    by_acronym: Mapping[str, Actor]

    def find(self, words: str) -> Actor | None:
        """The actor with this alias: acronyms exactly as written, the rest however cased or hyphenated."""
        return self.by_acronym.get(words.strip()) or self.by_alias.get(fold_name(words))

    def lineage(self, actor: Actor) -> tuple[Actor, ...]:
        """The actor, its parent, and so on up."""
        line = [actor]
        while (parent := line[-1].parent) is not None:
            line.append(self.by_id[parent])
        return tuple(line)


def load_actors(path: Path) -> Actors:
    """Reads ``config/actors.yml``.

    Raises:
        ConfigError: unreadable, unknown key or value, missing field, duplicate id or alias, unknown parent or a
            circle of parents; the message says file and line.
    """
    actors = [_actor(path, row) for row in _rows(path)]
    by_id: dict[str, Actor] = {}
    for actor in actors:
        if actor.id in by_id:
            raise ConfigError(f"{path}:{actor.line}: id {actor.id} is already on line {by_id[actor.id].line}")
        by_id[actor.id] = actor
    _check_parents(path, by_id)
    by_acronym = _owners(path, ((form, actor) for actor in actors for form in actor.acronyms))
    by_alias = _owners(path, ((fold_name(name), actor) for actor in actors for name in actor.names()))
    return Actors(by_id, by_alias, by_acronym)


class _LineLoader(yaml.SafeLoader):
    """Keeps the line of each mapping and refuses a key that comes twice."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        keys = [key.value for key, _ in node.value]
        twice = {key for key in keys if keys.count(key) > 1}
        if twice:
            raise yaml.MarkedYAMLError(problem=f"key {sorted(twice)[0]!r} twice", problem_mark=node.start_mark)
        return {**super().construct_mapping(node, deep), LINE: node.start_mark.line + 1}


def _rows(path: Path) -> list[dict[str, Any]]:
    try:
        # The loader is a SafeLoader, so nothing in the file can run code.
        content = yaml.load(path.read_text(encoding="utf-8"), Loader=_LineLoader)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 0
        raise ConfigError(f"{path}:{line}: {error.problem}") from error
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ConfigError(f"{path}: cannot be read: {error}") from error
    rows = content.get("actors") if isinstance(content, dict) else None
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise ConfigError(f"{path}:1: a list of mappings under the key 'actors' is expected")
    return rows


def _actor(path: Path, row: dict[str, Any]) -> Actor:
    line = row.pop(LINE)
    where = f"{path}:{line}"
    unknown = sorted(set(row) - KEYS)
    missing = [key for key in REQUIRED if row.get(key) in (None, "")]
    if unknown or missing:
        raise ConfigError(f"{where}: unknown keys {unknown}, missing keys {missing}")
    if row["kind"] not in KINDS:
        raise ConfigError(f"{where}: kind {row['kind']!r} is none of {', '.join(sorted(KINDS))}")
    if row["side"] not in SIDES:
        raise ConfigError(f"{where}: side {row['side']!r} is none of {', '.join(sorted(SIDES))}")
    if row["acled_inter"] not in range(1, 9) or isinstance(row["acled_inter"], bool):
        raise ConfigError(f"{where}: acled_inter {row['acled_inter']!r} is not 1 to 8")
    if not isinstance(row.get("umbrella", False), bool):
        raise ConfigError(f"{where}: umbrella {row['umbrella']!r} is not true or false")
    aliases = dict(row.get("aliases") or {})
    aliases.pop(LINE, None)
    if set(aliases) - set(LANGS):
        raise ConfigError(f"{where}: aliases in {sorted(set(aliases) - set(LANGS))}; known: {', '.join(LANGS)}")
    return Actor(
        id=_text(where, "id", row["id"]),
        name=_text(where, "name", row["name"]),
        kind=row["kind"],
        side=row["side"],
        parent=row.get("parent"),
        acled_inter=row["acled_inter"],
        aliases={lang: _texts(where, f"aliases.{lang}", aliases[lang]) for lang in LANGS if lang in aliases},
        acronyms=_texts(where, "acronyms", row.get("acronyms", [])),
        umbrella=row.get("umbrella", False),
        note=str(row.get("note", "")),
        line=line,
    )


def _text(where: str, field: str, value: object) -> str:
    if not isinstance(value, str) or not value.strip():
        raise ConfigError(f"{where}: {field} {value!r} is no text; quote it")
    return value


def _texts(where: str, field: str, values: object) -> tuple[str, ...]:
    if not isinstance(values, list):
        raise ConfigError(f"{where}: {field} is no list")
    return tuple(_text(where, field, value) for value in values)


def _check_parents(path: Path, by_id: Mapping[str, Actor]) -> None:
    for actor in by_id.values():
        seen = {actor.id}
        current = actor
        while current.parent is not None:
            if current.parent not in by_id:
                raise ConfigError(f"{path}:{current.line}: parent {current.parent!r} of {current.id} is no id")
            if current.parent in seen:
                raise ConfigError(f"{path}:{actor.line}: the parents of {actor.id} form a circle")
            seen.add(current.parent)
            current = by_id[current.parent]


def _owners(path: Path, forms: Iterator[tuple[str, Actor]]) -> dict[str, Actor]:
    owners: dict[str, Actor] = {}
    for form, actor in forms:
        owner = owners.setdefault(form, actor)
        if owner is not actor:
            raise ConfigError(f"{path}:{actor.line}: {form!r} of {actor.id} belongs to {owner.id} (line {owner.line})")
    return owners
