"""Names of incidents, and the ledger of merges and splits that a person or the machine has entered."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from pipeline.errors import ConfigError
from pipeline.ids import make_id
from pipeline.resolve.profile import Profile

MACHINE = "sarhad"


@dataclass(frozen=True)
class Decisions:
    """What of the ledger is in force.

    Attributes:
        merges: merged-away incident to the one that took it in, decided by a person.
        splits: incident that was split off to the mentions that belong to it.
        kept: name that a cluster would get to the older name that it keeps, decided by the machine.
    """

    merges: Mapping[str, str]
    splits: Mapping[str, frozenset[str]]
    kept: Mapping[str, str]


def incident_id(first_mention_id: str) -> str:
    """Name of an incident after the mention of it that was seen first."""
    return make_id("inc", first_mention_id)


def read_ledger(ledger: pl.DataFrame) -> Decisions:
    """Entries in force: those that no later entry undoes.

    Raises:
        ConfigError: an entry undoes what is not there, lacks what its action needs, or merges run in a circle.
    """
    rows = ledger.sort("decided_at", "entry_id").rows(named=True)
    known = {row["entry_id"] for row in rows}
    undone: set[str] = set()
    for row in reversed(rows):
        if row["action"] == "undo" and row["entry_id"] not in undone:
            if row["undoes"] not in known:
                raise ConfigError(f"incident_ledger {row['entry_id']}: undoes {row['undoes']!r}, which is not there")
            undone.add(row["undoes"])
    in_force = [row for row in rows if row["entry_id"] not in undone and row["action"] != "undo"]
    merges: dict[str, str] = {}
    kept: dict[str, str] = {}
    splits: dict[str, frozenset[str]] = {}
    for row in in_force:
        if row["into_id"] is None:
            raise ConfigError(f"incident_ledger {row['entry_id']}: a {row['action']} needs into_id")
        if row["action"] == "merge" and row["decided_by"] != MACHINE:
            merges[row["incident_id"]] = row["into_id"]
        elif row["action"] == "merge" and not row["mention_ids"]:
            kept[row["incident_id"]] = row["into_id"]
        elif row["action"] == "split":
            if not row["mention_ids"]:
                raise ConfigError(f"incident_ledger {row['entry_id']}: a split needs the mentions that leave")
            splits[row["into_id"]] = frozenset(row["mention_ids"])
    _refuse_cycles(merges)
    return Decisions(merges, splits, kept)


def _refuse_cycles(merges: Mapping[str, str]) -> None:
    for start in sorted(merges):
        path, here = [start], merges[start]
        while here in merges:
            if here in path:
                raise ConfigError(f"incident_ledger: merges run in a circle: {' -> '.join([*path, here])}; undo one")
            path.append(here)
            here = merges[here]


def final_id(name: str, merges: Mapping[str, str]) -> str:
    """Follow merges to the incident that stands."""
    while name in merges:
        name = merges[name]
    return name


def name_clusters(
    clusters: list[list[str]], profiles: Mapping[str, Profile], decisions: Decisions
) -> dict[str, list[str]]:
    """Clusters by incident id, splits and merges applied; members sorted."""
    owner = {mention_id: name for name, leaving in sorted(decisions.splits.items()) for mention_id in leaving}
    parts: list[tuple[str | None, list[str]]] = []
    for cluster in clusters:
        sides: dict[str | None, list[str]] = defaultdict(list)
        for mention_id in cluster:
            sides[owner.get(mention_id)].append(mention_id)
        parts.extend(sorted(sides.items(), key=lambda side: side[1]))
    own = {_own_id(members, profiles) for name, members in parts if name is None}
    named: dict[str, list[str]] = defaultdict(list)
    for name, members in parts:
        natural = name or _own_id(members, profiles)
        keeps = decisions.kept.get(natural)
        if keeps is not None and keeps not in own:
            natural = keeps
        named[final_id(natural, decisions.merges)].extend(members)
    return {name: sorted(members) for name, members in named.items()}


def _own_id(members: list[str], profiles: Mapping[str, Profile]) -> str:
    return incident_id(min(members, key=lambda member: (profiles[member].seen_at, member)))
