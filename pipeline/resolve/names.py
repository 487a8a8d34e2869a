"""Names that last: an incident keeps its name through late articles and re-reading, and a name that goes redirects."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from datetime import datetime

import polars as pl

from pipeline import contract
from pipeline.ids import make_id
from pipeline.resolve.identity import MACHINE, incident_id


def keep_names(
    rows: pl.DataFrame,
    was: Mapping[str, str],
    heirs: Mapping[str, list[str]],
    seen_at: Mapping[str, datetime],
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Give incidents the names under which the warehouse knows them.

    A cluster whose own name is new takes the old name that most of its mentions had, unless another cluster has the
    better right to it, or the mention that gave the old name is still there: then a mention that was seen before it has
    come (a backfill of an earlier day), and the old name redirects, so that the order of days does not matter.

    Args:
        rows: ``incident_mention`` as resolved.
        was: stored incident of each mention, those included that this run replaces.
        heirs: for a mention that is no more, the mentions of the same article that came instead.
        seen_at: when each mention was seen; a ledger entry is dated by the latest one, because no clock is read here.

    Returns:
        The rows renamed, and the entries for ``incident_ledger`` that make a rebuild do the same.
    """
    named: dict[str, str] = dict(zip(rows["mention_id"], rows["incident_id"], strict=True))
    votes = _votes(named, was, heirs)
    old_names, new_names = set(was.values()), set(named.values())
    natural = {incident_id(mention_id) for mention_id in named}
    kept: dict[str, str] = {}
    for name in sorted(new_names - old_names, key=lambda name: (-votes[name].total(), name)):
        free = [old for old in votes[name] if old not in new_names | natural and old not in kept.values()]
        if free:
            kept[name] = min(free, key=lambda old: (-votes[name][old], old))
    final: dict[str, str] = {mention_id: kept.get(name, name) for mention_id, name in named.items()}
    latest: dict[str, datetime] = {}
    for mention_id, name in final.items():
        latest[name] = max(latest.get(name, seen_at[mention_id]), seen_at[mention_id])
    entries = [_entry(own, old, [], latest[old], KEPT) for own, old in sorted(kept.items())]
    entries += _redirects(was, final, heirs, latest)
    renamed = rows.with_columns(pl.col("mention_id").replace_strict(final, return_dtype=pl.String).alias("incident_id"))
    return renamed, contract.conform("incident_ledger", contract.frame("incident_ledger", entries))


KEPT = "its first mention was read anew; the incident keeps its name"
MERGED = "its mentions are linked with those of the other incident"


def _votes(named: Mapping[str, str], was: Mapping[str, str], heirs: Mapping[str, list[str]]) -> dict[str, Counter[str]]:
    votes: dict[str, Counter[str]] = defaultdict(Counter)
    for mention_id, old in sorted(was.items()):
        successors = [mention_id] if mention_id in named else heirs.get(mention_id, [])
        for successor in successors:
            if successor in named:
                votes[named[successor]][old] += 1
    return votes


def _redirects(
    was: Mapping[str, str], final: Mapping[str, str], heirs: Mapping[str, list[str]], latest: Mapping[str, datetime]
) -> list[dict[str, object]]:
    entries = []
    standing = set(final.values())
    into: dict[str, Counter[str]] = defaultdict(Counter)
    moved: dict[str, list[str]] = defaultdict(list)
    for mention_id, old in sorted(was.items()):
        if old in standing:
            continue
        for successor in [mention_id] if mention_id in final else heirs.get(mention_id, []):
            if successor in final:
                into[old][final[successor]] += 1
                moved[old].append(successor)
    for old in sorted(into):
        target = min(into[old], key=lambda name: (-into[old][name], name))
        entries.append(_entry(old, target, sorted(set(moved[old])), latest[target], MERGED))
    return entries


def _entry(old: str, into: str, moved: list[str], decided_at: datetime, reason: str) -> dict[str, object]:
    return {
        "entry_id": make_id("led", "merge", old, into, *moved),
        "action": "merge",
        "incident_id": old,
        "into_id": into,
        "mention_ids": moved,
        "undoes": None,
        "decided_by": MACHINE,
        "decided_at": decided_at,
        "reason": reason,
    }
