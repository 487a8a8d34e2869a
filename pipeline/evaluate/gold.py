"""Gold articles: loading, the corpus digest, and which fold an article belongs to."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pipeline.errors import ConfigError

Json = dict[str, Any]

INCIDENT_KEYS = (
    "main", "date", "country", "admin1", "place", "event_type", "perpetrator", "claimed_by", "target",
    "killed_min", "killed_max", "injured_min", "injured_max", "attackers_killed", "attributed_to",
)  # fmt: skip
HELD_SHARE = 3  # one event group in three is kept aside while rules are written


@dataclass(frozen=True)
class GoldArticle:
    """One hand-coded article; `incidents` keep the raw keys of the gold format."""

    id: str
    lang: str
    published: str | None
    title: str
    text: str
    relevant: bool
    borderline: bool
    incidents: tuple[Json, ...]
    traps: tuple[str, ...] = ()
    fold: str = field(default="dev")

    def line(self, with_title: bool = False) -> Json:
        """The article as one input line of the contract. Inferred publication dates are never fed."""
        line: Json = {"id": self.id, "text": self.text, "lang": self.lang}
        if self.published:
            line["published"] = self.published
        if with_title:
            line["title"] = self.title
        return line


def gold_files(folders: Iterable[Path], not_articles: Sequence[str] = ()) -> list[Path]:
    """Every article file below the folders, sorted by name. Raises ConfigError where a folder holds none."""
    files: list[Path] = []
    for folder in folders:
        found = [p for p in folder.rglob("*.json") if not {p.stem, *p.relative_to(folder).parts} & {*not_articles}]
        if not found:
            raise ConfigError(f"{folder}: no gold article (*.json) in this folder")
        files.extend(found)
    return sorted(files, key=lambda p: (p.name, str(p)))


def digest(files: Iterable[Path]) -> str:
    """SHA-256 over name and content of the gold files, independent of where the folder lies."""
    total = hashlib.sha256()
    for path in sorted(files, key=lambda p: p.name):
        total.update(path.name.encode() + b"\0" + hashlib.sha256(path.read_bytes()).digest())
    return total.hexdigest()


def load_gold(files: Iterable[Path]) -> list[GoldArticle]:
    """The articles of the files, each with its fold. Raises ConfigError naming file and field."""
    raw = [(path, _read(path)) for path in files]
    seen: set[str] = set()
    for path, article in raw:
        if article["id"] in seen:
            raise ConfigError(f"{path}: id {article['id']!r} occurs twice in the gold set")
        seen.add(article["id"])
    folds = fold_of([article for _, article in raw])
    return [_article(article, folds[article["id"]]) for _, article in raw]


def _read(path: Path) -> Json:
    try:
        article = json.loads(path.read_text(encoding="utf-8"))
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: not valid JSON in UTF-8: {error}") from error
    for key in ("id", "text", "lang", "published", "relevant", "incidents"):
        if not isinstance(article, dict) or key not in article:
            raise ConfigError(f"{path}: field {key!r} is missing; see docs/evaluation.md for the format")
    for number, incident in enumerate(article["incidents"]):
        missing = [key for key in INCIDENT_KEYS if key not in incident]
        if missing:
            raise ConfigError(f"{path}: incident {number} lacks {', '.join(missing)}")
    return dict(article)


def _article(raw: Json, fold: str) -> GoldArticle:
    return GoldArticle(
        id=raw["id"], lang=raw["lang"], published=raw["published"], title=raw.get("title") or "",
        text=raw["text"], relevant=raw["relevant"], borderline=bool(raw.get("borderline")),
        incidents=tuple(raw["incidents"]), traps=tuple(raw.get("traps", ())), fold=fold,
    )  # fmt: skip


def fold_of(articles: Sequence[Json]) -> dict[str, str]:
    """`held` or `dev` for every article id, so that no real event lies on both sides.

    Articles that share an event key, directly or through others, form one group (union-find); an article
    without keys is its own group. A group is held aside when the SHA-256 of its smallest name falls into the
    first of HELD_SHARE classes.
    """
    parent: dict[str, str] = {}

    def root(node: str) -> str:
        parent.setdefault(node, node)
        while parent[node] != node:
            parent[node] = parent[parent[node]]
            node = parent[node]
        return node

    for article in articles:
        own = f"article:{article['id']}"
        root(own)
        for incident in article["incidents"]:
            if key := incident.get("event_key"):
                parent[root(own)] = root(f"event:{key}")
    names: dict[str, str] = {}
    for node in list(parent):
        names[root(node)] = min(names.get(root(node), node), node, key=_name_order)
    return {a["id"]: _fold(names[root(f"article:{a['id']}")]) for a in articles}


def _name_order(node: str) -> tuple[bool, str]:
    """Event keys before article ids: a group keeps its name when articles are added to it."""
    return (not node.startswith("event:"), node)


def _fold(name: str) -> str:
    value = int(hashlib.sha256(name.encode()).hexdigest()[:8], 16)
    return "held" if value % HELD_SHARE == 0 else "dev"
