"""From links to incidents: deterministic, independent of order, and local to what is linked.

1. Of two articles, a mention of one goes with at most one mention of the other: its best.
2. A mention that goes equally well with two rivals that are two events goes with neither.
3. Anchors (exact in time and place) that are linked are one incident.
4. Every other mention attaches to its best anchor, and never ties two incidents together.
5. What is left over is grouped among itself.

Each step looks only at mentions that are linked, directly or through others. So the partition of a connected
component depends on nothing outside it, and a day's run that takes in whole components gives what a rebuild gives.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from pipeline.resolve.profile import Profile
from pipeline.resolve.score import Link

Pair = tuple[str, str]


@dataclass(frozen=True)
class Judgement:
    """Thresholds of clustering, see ``config/pipeline.yml`` and ``config/resolve.yml``."""

    link_score: float
    margin: float
    repel: float


@dataclass(frozen=True)
class Partition:
    """Clusters as sorted lists of mention ids, the links that hold them, and mentions left undecided with rivals."""

    clusters: list[list[str]]
    links: dict[str, list[Link]]
    undecided: dict[str, list[str]] = field(default_factory=dict)


class Forest:
    """Disjoint sets; the root of a set is its smallest member, whatever the order of unions."""

    def __init__(self, members: Iterable[str]) -> None:
        self._parent = {member: member for member in members}

    def root(self, member: str) -> str:
        """Smallest member of the set."""
        while self._parent[member] != member:
            self._parent[member] = self._parent[self._parent[member]]
            member = self._parent[member]
        return member

    def unite(self, one: str, other: str) -> None:
        """Make two sets one."""
        low, high = sorted((self.root(one), self.root(other)))
        self._parent[high] = low

    def sets(self) -> list[list[str]]:
        """All sets, sorted."""
        found: dict[str, list[str]] = defaultdict(list)
        for member in sorted(self._parent):
            found[self.root(member)].append(member)
        return [found[root] for root in sorted(found)]


def partition(profiles: Mapping[str, Profile], compared: Mapping[Pair, Link], judgement: Judgement) -> Partition:
    """Group mentions into incidents.

    Args:
        compared: candidate pairs that are no conflict, weak ones too: they tell rivals from friends.
    """
    strong = {pair: link for pair, link in compared.items() if link.score >= judgement.link_score}
    matched = _one_to_one(profiles, strong)
    decided, undecided = _without_rivals(matched, compared, judgement)
    forest = Forest(profiles)
    held: dict[str, list[Link]] = defaultdict(list)
    neighbours = _neighbours(decided.values())
    for link in _ordered(decided.values()):
        if profiles[link.one].is_anchor and profiles[link.other].is_anchor:
            _hold(forest, held, link)
    attached = {
        leaf for leaf in profiles if not profiles[leaf].is_anchor and _attach(leaf, profiles, neighbours, forest, held)
    }
    for link in _ordered(decided.values()):
        ends = {link.one, link.other}
        if not ends & attached and not any(profiles[end].is_anchor for end in ends):
            _hold(forest, held, link)
    return Partition(forest.sets(), dict(held), undecided)


def _hold(forest: Forest, held: dict[str, list[Link]], link: Link) -> None:
    forest.unite(link.one, link.other)
    held[link.one].append(link)
    held[link.other].append(link)


def _attach(
    leaf: str,
    profiles: Mapping[str, Profile],
    neighbours: Mapping[str, list[Link]],
    forest: Forest,
    held: dict[str, list[Link]],
) -> bool:
    to_anchors = [link for link in neighbours.get(leaf, []) if profiles[_far_end(link, leaf)].is_anchor]
    if not to_anchors:
        return False
    _hold(forest, held, _ordered(to_anchors)[0])
    return True


def _ordered(links: Iterable[Link]) -> list[Link]:
    return sorted(links, key=lambda link: (-link.score, link.one, link.other))


def _far_end(link: Link, end: str) -> str:
    return link.other if link.one == end else link.one


def _neighbours(links: Iterable[Link]) -> dict[str, list[Link]]:
    found: dict[str, list[Link]] = defaultdict(list)
    for link in _ordered(links):
        found[link.one].append(link)
        found[link.other].append(link)
    return found


def _one_to_one(profiles: Mapping[str, Profile], strong: Mapping[Pair, Link]) -> dict[Pair, Link]:
    """Between each two articles the best pairs only, unless the rivals inside one article are themselves linked."""
    between: dict[Pair, list[Link]] = defaultdict(list)
    kept: dict[Pair, Link] = {}
    for pair, link in strong.items():
        articles = sorted((profiles[link.one].article_id, profiles[link.other].article_id))
        if articles[0] == articles[1]:
            kept[pair] = link
        else:
            between[articles[0], articles[1]].append(link)
    for links in between.values():
        taken: dict[str, str] = {}
        for link in _ordered(links):
            rivals = [
                (end, taken[far]) for end, far in ((link.one, link.other), (link.other, link.one)) if far in taken
            ]
            if all(tuple(sorted(rival)) in strong for rival in rivals):
                kept[link.one, link.other] = link
                taken.setdefault(link.one, link.other)
                taken.setdefault(link.other, link.one)
    return kept


def _without_rivals(
    matched: Mapping[Pair, Link], compared: Mapping[Pair, Link], judgement: Judgement
) -> tuple[dict[Pair, Link], dict[str, list[str]]]:
    """Drop the links of a mention to two events at once: the weaker one, or both if they are equally strong."""
    dropped: set[Pair] = set()
    undecided: dict[str, list[str]] = {}
    for mention_id, links in _neighbours(matched.values()).items():
        best = links[0]
        for rival in links[1:]:
            if not _repel(_far_end(best, mention_id), _far_end(rival, mention_id), compared, judgement):
                continue
            dropped.add((rival.one, rival.other))
            if best.score - rival.score <= judgement.margin:
                dropped.add((best.one, best.other))
                undecided[mention_id] = sorted((_far_end(best, mention_id), _far_end(rival, mention_id)))
    kept = {pair: link for pair, link in matched.items() if pair not in dropped}
    return kept, undecided


def _repel(one: str, other: str, compared: Mapping[Pair, Link], judgement: Judgement) -> bool:
    """Two mentions are two events if they score low, are a conflict, or never came near enough to compare."""
    pair = (one, other) if one < other else (other, one)
    link = compared.get(pair)
    return link is None or link.score < judgement.repel
