"""Resolve: mentions of one real event, across articles, outlets, days and languages, become one incident."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import polars as pl

from pipeline import contract
from pipeline.resolve.block import candidate_pairs
from pipeline.resolve.cluster import Forest, Judgement, Pair, Partition, partition
from pipeline.resolve.identity import Decisions, name_clusters, read_ledger
from pipeline.resolve.profile import Profile, build_profiles
from pipeline.resolve.reach import candidate_query, reach_of
from pipeline.resolve.score import Link, compare
from pipeline.resolve.weights import Weights, load_weights
from pipeline.settings import ResolveSettings
from pipeline.stage import Result

__all__ = [
    "Decisions",
    "Link",
    "Pair",
    "Profile",
    "candidate_query",
    "compare_all",
    "group",
    "linked_with",
    "reach_of",
    "read_ledger",
    "resolve",
    "resolve_lines",
]


def resolve(
    mentions: pl.DataFrame,
    claims: pl.DataFrame,
    articles: pl.DataFrame,
    ledger: pl.DataFrame,
    settings: ResolveSettings,
    entities: pl.DataFrame | None = None,
    places: pl.DataFrame | None = None,
    weights: Weights | None = None,
) -> Result:
    """Mentions to ``incident_mention``: one row for each mention that tells of an event in the theatre.

    Negated, hypothetical and planned mentions and those outside the theatre get no row. The outcome does not depend
    on the order of rows, and for a set of mentions that holds whole connected components (``linked_with``) it is
    what it would be for all mentions there are.

    Args:
        ledger: merges, splits and their undoing (table ``incident_ledger``).
        entities: persons named; without them names do not count as agreement.
        places: the gazetteer; without it a village is not known to lie in its district.

    Raises:
        ConfigError: the ledger has a cycle, or undoes an entry that it does not have.
    """
    weights = weights or load_weights()
    profiles = build_profiles(mentions, claims, articles, weights, entities, places)
    compared = compare_all(profiles, settings, weights)
    return Result({"incident_mention": group(profiles, compared, read_ledger(ledger), settings, weights)})


def compare_all(
    profiles: Mapping[str, Profile],
    settings: ResolveSettings,
    weights: Weights,
    fresh: Collection[str] | None = None,
) -> dict[Pair, Link]:
    """Judge all candidate pairs, or only those with a fresh mention. Conflicts are left out: they link nothing."""
    compared = (
        compare(profiles[one], profiles[other], weights, settings.window_days)
        for one, other in candidate_pairs(profiles, settings.window_days, fresh)
    )
    return {(link.one, link.other): link for link in compared if not link.is_conflict}


def linked_with(seeds: Collection[str], compared: Mapping[Pair, Link], link_score: float) -> set[str]:
    """Everything that is linked with the seeds, directly or through others."""
    neighbours: dict[str, list[str]] = {}
    for (one, other), link in compared.items():
        if link.score >= link_score:
            neighbours.setdefault(one, []).append(other)
            neighbours.setdefault(other, []).append(one)
    reached, frontier = set(seeds), list(seeds)
    while frontier:
        for other in neighbours.get(frontier.pop(), []):
            if other not in reached:
                reached.add(other)
                frontier.append(other)
    return reached


def group(
    profiles: Mapping[str, Profile],
    compared: Mapping[Pair, Link],
    decisions: Decisions,
    settings: ResolveSettings,
    weights: Weights,
) -> pl.DataFrame:
    """Cluster compared mentions and name the clusters: rows of ``incident_mention``."""
    judgement = Judgement(settings.link_score, weights.margin, weights.repel)
    found = partition(profiles, compared, judgement)
    named = name_clusters(found.clusters, profiles, decisions)
    rows = [
        _row(mention_id, incident_id, members, found, profiles, settings)
        for incident_id, members in sorted(named.items())
        for mention_id in members
    ]
    return contract.conform("incident_mention", contract.frame("incident_mention", rows))


def _row(
    mention_id: str,
    incident_id: str,
    members: list[str],
    found: Partition,
    profiles: Mapping[str, Profile],
    settings: ResolveSettings,
) -> dict[str, object]:
    first = min(members, key=lambda member: (profiles[member].seen_at, member))
    inside = set(members)
    links = [link for link in found.links.get(mention_id, []) if {link.one, link.other} <= inside]
    best = min(links, key=lambda link: (-link.score, link.one, link.other), default=None)
    rivals = found.undecided.get(mention_id, [])
    sure = mention_id == first or _surely_tied(mention_id, first, members, found, settings.review_score)
    return {
        "mention_id": mention_id,
        "incident_id": incident_id,
        "score": 1.0 if best is None or mention_id == first else best.score,
        "evidence": json.dumps(_evidence(mention_id, best, rivals), ensure_ascii=False, sort_keys=True),
        "is_uncertain": bool(rivals) or not sure,
    }


def _surely_tied(mention_id: str, first: str, members: list[str], found: Partition, review_score: float) -> bool:
    """Whether links that need no review tie a mention to the first mention of its incident."""
    forest = Forest(members)
    for member in members:
        for link in found.links.get(member, []):
            if link.score >= review_score and link.one in set(members) and link.other in set(members):
                forest.unite(link.one, link.other)
    return forest.root(mention_id) == forest.root(first)


def _evidence(mention_id: str, best: Link | None, rivals: list[str]) -> dict[str, object]:
    evidence: dict[str, object] = {"with": None, "score": None, "fields": {}}
    if best is not None:
        evidence = {
            "with": best.other if best.one == mention_id else best.one,
            "score": best.score,
            "fields": {
                agreement.field: {"agreement": agreement.word, "points": round(agreement.points, 4)}
                for agreement in best.agreements
                if agreement.word
            },
        }
    if rivals:
        evidence["undecided_between"] = rivals
    return evidence


def resolve_lines(lines: Sequence[Mapping[str, Any]], outputs: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Give the incidents of ``sarhad extract`` lines keys: equal keys are one event. See ``lines.py``."""
    from pipeline.resolve.lines import resolve_lines as run

    return run(lines, outputs)
