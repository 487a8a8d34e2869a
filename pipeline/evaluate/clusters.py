"""How well mentions are grouped: B-cubed and pairwise scores on gold clusters, with floors.

Gold lies in ``tests/golden/clusters/*.json``: mentions as the resolver sees them, each with the event that it tells.
B-cubed: Bagga and Baldwin (1998), precision and recall of each mention's cluster, averaged over mentions.
False merges: pairs put together that are two events, as a share of all pairs put together.
"""

from __future__ import annotations

import csv
import json
import sys
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import polars as pl

from pipeline import contract
from pipeline.errors import ConfigError
from pipeline.ids import make_id, sha256_text
from pipeline.settings import CONFIG, ResolveSettings

GROUPS = ("all", "security_forces", "civilians", "attackers", "unknown")
METRICS = ("b3_precision", "b3_recall", "b3_f1", "pair_precision", "pair_recall", "pair_f1", "false_merges")


@dataclass(frozen=True)
class ClusterScore:
    """Scores of a grouping, each between 0 and 1; ``false_merges`` is better the lower it is."""

    b3_precision: float
    b3_recall: float
    b3_f1: float
    pair_precision: float
    pair_recall: float
    pair_f1: float
    false_merges: float
    n_mentions: int
    n_events: int


def score_clusters(found: Mapping[str, str], gold: Mapping[str, str]) -> ClusterScore:
    """Compare two groupings of the same mentions, each as mention id to cluster name.

    Raises:
        ConfigError: they do not hold the same mentions.
    """
    if found.keys() != gold.keys():
        odd = sorted(found.keys() ^ gold.keys())
        raise ConfigError(f"the groupings hold different mentions: {', '.join(odd[:5])}")
    found_size, gold_size = Counter(found.values()), Counter(gold.values())
    both = Counter((found[mention_id], gold[mention_id]) for mention_id in gold)
    n = len(gold)
    precision = sum(count * count / found_size[name] for (name, _), count in both.items()) / n if n else 1.0
    recall = sum(count * count / gold_size[event] for (_, event), count in both.items()) / n if n else 1.0
    together, true, right = (
        sum(count * (count - 1) // 2 for count in counts.values()) for counts in (found_size, gold_size, both)
    )
    pair_precision = right / together if together else 1.0
    pair_recall = right / true if true else 1.0
    return ClusterScore(
        precision, recall, _f1(precision, recall), pair_precision, pair_recall, _f1(pair_precision, pair_recall),
        1.0 - pair_precision, n, len(gold_size),
    )  # fmt: skip


def _f1(precision: float, recall: float) -> float:
    return 2 * precision * recall / (precision + recall) if precision + recall else 0.0


@dataclass(frozen=True)
class ClusterGold:
    """Gold mentions as frames of the contract, and the event of each mention."""

    mentions: pl.DataFrame
    claims: pl.DataFrame
    articles: pl.DataFrame
    entities: pl.DataFrame
    events: dict[str, str]
    digest: str


def load_cluster_gold(folder: Path) -> ClusterGold:
    """Read ``*.json`` of a folder: each file is a list of mentions.

    Raises:
        ConfigError: no files, an unknown place, or a mention without what it needs; the message names file and entry.
    """
    paths = sorted(folder.glob("*.json"))
    if not paths:
        raise ConfigError(f"{folder}: no gold clusters; restore them from the repository")
    entries: list[tuple[str, dict[str, Any]]] = []
    texts = []
    for path in paths:
        texts.append(path.read_text(encoding="utf-8"))
        try:
            entries += [(f"{path.name}[{n}]", entry) for n, entry in enumerate(json.loads(texts[-1]))]
        except json.JSONDecodeError as error:
            raise ConfigError(f"{path}: not JSON: {error}") from error
    return gold_frames(entries, sha256_text("\n".join(texts)))


def gold_frames(entries: Sequence[tuple[str, Mapping[str, Any]]], digest: str = "") -> ClusterGold:
    """Turn gold entries (each with a name for messages) into frames."""
    tables: dict[str, list[dict[str, object]]] = defaultdict(list)
    events: dict[str, str] = {}
    offsets: Counter[str] = Counter()
    for where, entry in entries:
        try:
            mention = _Mention(entry, offsets)
            events[mention.mention_id] = str(entry["event"])
            tables["mention"].append(mention.row())
            tables["claim"].extend(mention.claims())
            tables["entity"].extend(mention.entities())
            tables["article"].append(mention.article())
        except (KeyError, TypeError, ValueError) as error:
            raise ConfigError(f"{where}: {type(error).__name__}: {error}; see the other entries of the file") from error
    frames = {name: contract.frame(name, tables[name]) for name in ("mention", "claim", "article", "entity")}
    return ClusterGold(
        contract.conform("mention", frames["mention"]),
        contract.conform("claim", frames["claim"].unique("claim_id")),
        contract.conform("article", frames["article"].unique("article_id", keep="first")),
        contract.conform("entity", frames["entity"].unique("entity_id")),
        events,
        digest,
    )


@cache
def gazetteer(path: Path = CONFIG / "gazetteer" / "places.csv") -> dict[str, dict[str, str]]:
    """Rows of the gazetteer by place_id."""
    with path.open(encoding="utf-8", newline="") as file:
        return {row["place_id"]: row for row in csv.DictReader(file)}


class _Mention:
    """One gold entry on its way to rows."""

    def __init__(self, entry: Mapping[str, Any], offsets: Counter[str]) -> None:
        self.entry = entry
        self.source_id = str(entry["source"])
        self.article_id = make_id("art", entry["article"])
        self.quote = str(entry["quote"])
        self.start = offsets[self.article_id]
        offsets[self.article_id] += len(self.quote) + 1
        self.mention_id = make_id("men", self.article_id, self.start)
        published = entry.get("published")
        self.published = datetime.fromisoformat(published).replace(tzinfo=UTC) if published else None
        seen = self.published or datetime.fromisoformat(entry["seen"]).replace(tzinfo=UTC)
        self.seen_at = seen + timedelta(hours=1)
        self.day = self.seen_at.date()

    @property
    def span(self) -> dict[str, object]:
        return {"char_start": self.start, "char_end": self.start + len(self.quote), "quote": self.quote}

    def row(self) -> dict[str, object]:
        return {
            "mention_id": self.mention_id,
            "article_id": self.article_id,
            "source_id": self.source_id,
            "day": self.day,
            **self.span,
            "event_type": self.entry["type"],
            "role": self.entry.get("role", "main"),
            "polarity": self.entry.get("polarity", "asserted"),
            "is_in_theatre": True,
            "rule": "gold",
            "extractor_version": "gold",
            "confidence": 0.9,
            "seen_at": self.seen_at,
        }

    def article(self) -> dict[str, object]:
        copy_of = self.entry.get("copy_of")
        return {
            "article_id": self.article_id,
            "capture_id": make_id("cap", self.entry["article"]),
            "source_id": self.source_id,
            "day": self.day,
            "url": f"https://{self.source_id}.example/{self.entry['article']}",
            "published_at": self.published,
            "published_precision": "day" if self.published else "unknown",
            "published_from": "page" if self.published else "none",
            "zone": "UTC",
            "language": self.entry.get("language", "en"),
            "text": self.quote,
            "text_sha256": sha256_text(self.quote),
            "copy_of": make_id("art", copy_of) if copy_of else None,
            "cites": self.entry.get("cites"),
            "seen_at": self.seen_at,
        }

    def entities(self) -> list[dict[str, object]]:
        return [
            {
                "entity_id": make_id("ent", self.article_id, name, self.start),
                "article_id": self.article_id,
                "source_id": self.source_id,
                "day": self.day,
                "kind": "person",
                "name": name,
                **self.span,
                "confidence": 0.9,
                "rule": "gold",
            }
            for name in self.entry.get("persons", [])
        ]

    def claims(self) -> list[dict[str, object]]:
        made = []
        if self.entry.get("date"):
            made.append(self._claim("date", **_span_of(self.entry["date"])))
        if self.entry.get("place"):
            made.append(self._claim("place", **_place_of(self.entry["place"])))
        for field in ("perpetrator", "claimed_by", "target"):
            if self.entry.get(field):
                made.append(self._claim(field, value=self.entry[field]))
        for field in ("killed", "injured", "abducted", "arrested"):
            made += self._tolls(field)
        return made

    def _tolls(self, field: str) -> list[dict[str, object]]:
        official = {
            "speaker": self.entry.get("speaker"),
            "speaker_type": self.entry.get("speaker_type", "media"),
        }
        side = {"speaker_type": "militant", "stance": "claimed"}
        made = []
        for key, voice in ((field, official), (f"{field}_claimed", side)):
            figures = self.entry.get(key)
            if figures is None:
                continue
            for group, figure in (figures if isinstance(figures, dict) else {"all": figures}).items():
                if group not in GROUPS:
                    raise ValueError(f"unknown group {group!r}; known: {', '.join(GROUPS)}")
                made.append(
                    self._claim(
                        field, victim_group=group, value=str(figure), low=figure, best=figure, high=figure, **voice
                    )
                )
        return made

    def _claim(self, field: str, **values: object) -> dict[str, object]:
        return {
            "claim_id": make_id("clm", self.mention_id, field, sorted(values.items(), key=str)),
            "mention_id": self.mention_id,
            "article_id": self.article_id,
            "source_id": self.source_id,
            "day": self.day,
            "field": field,
            "qualifier": "exact",
            "speaker_type": "media",
            "stance": "reported",
            **self.span,
            "said_at": self.published,
            "seen_at": self.seen_at,
            "rule": "gold",
            "extractor_version": "gold",
            "confidence": 0.9,
            **values,
        }


def _span_of(value: str | Sequence[str]) -> dict[str, object]:
    first, last = (value, value) if isinstance(value, str) else value
    starts_on, ends_on = date.fromisoformat(first), date.fromisoformat(last)
    return {"value": str(value), "starts_on": starts_on, "ends_on": ends_on, "precision": "day"}


def _place_of(place_id: str) -> dict[str, object]:
    if place_id not in gazetteer():
        raise ValueError(f"no place {place_id!r} in config/gazetteer/places.csv")
    row = gazetteer()[place_id]
    return {
        "value": row["name"],
        "canonical_id": place_id,
        "country": row["country"],
        "admin1": row["admin1"] or None,
        "lat": float(row["lat"]) if row["lat"] else None,
        "lon": float(row["lon"]) if row["lon"] else None,
        "where_prec": int(row["precision"]),
    }


def place_frame() -> pl.DataFrame:
    """What the resolver needs of the gazetteer: the district of each place."""
    rows: list[dict[str, object]] = [
        {"place_id": place_id, "admin2": row["admin2"] or None} for place_id, row in gazetteer().items()
    ]
    return contract.frame("place", rows)


def measure(gold: ClusterGold, settings: ResolveSettings) -> tuple[ClusterScore, dict[str, str]]:
    """Resolve the gold mentions; returns the scores and the grouping found."""
    from pipeline.resolve import resolve

    result = resolve(
        gold.mentions,
        gold.claims,
        gold.articles,
        contract.empty("incident_ledger"),
        settings,
        entities=gold.entities,
        places=place_frame(),
    )
    rows = result.tables["incident_mention"]
    found = dict(zip(rows["mention_id"], rows["incident_id"], strict=True))
    return score_clusters(found, gold.events), found


FLOORS = Path(__file__).resolve().parents[2] / "tests" / "cluster_floors.json"
GOLD = Path(__file__).resolve().parents[2] / "tests" / "golden" / "clusters"


def broken_floors(score: ClusterScore, digest: str, path: Path = FLOORS) -> list[str]:
    """What is wrong: another gold than the pinned one, or a score on the wrong side of its bound.

    Raises:
        ConfigError: the file is missing or malformed.
    """
    try:
        pinned = json.loads(path.read_text(encoding="utf-8"))
        bounds, known = pinned["floors"], pinned["digest"]
        ceiling = pinned["ceilings"]["false_merges"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ConfigError(f"{path}: needs `digest`, `floors` and `ceilings`: {error}") from error
    problems = [
        f"{name} is {getattr(score, name):.4f}, the floor is {floor}"
        for name, floor in sorted(bounds.items())
        if getattr(score, name) < floor
    ]
    if score.false_merges > ceiling:
        problems.append(f"false_merges is {score.false_merges:.4f}, at most {ceiling} is allowed")
    if known != digest:
        problems.append(f"gold digest is {digest[:12]}, pinned is {known[:12]}: look at the scores, then pin it")
    return problems


def main() -> int:
    """Print the scores on the project's gold; exit code 3 where a floor is broken."""
    from pipeline.settings import load_knobs

    gold = load_cluster_gold(GOLD)
    score, _ = measure(gold, load_knobs().resolve)
    lines = [f"clusters   {score.n_mentions} mentions of {score.n_events} events, gold {gold.digest[:12]}"]
    lines += [f"  {name:<15} {getattr(score, name):.4f}" for name in METRICS]
    problems = broken_floors(score, gold.digest)
    lines += [f"  broken: {problem}" for problem in problems]
    sys.stdout.write("\n".join(lines) + "\n")
    return 3 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
