"""Settle: resolve and fuse a day against the warehouse, taking in all that the day may change and no more."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING

import duckdb
import polars as pl

from pipeline import contract
from pipeline.corrections import Correction, check_expectations, correction_frame, ledger_entries, load_corrections
from pipeline.dimension import actor_frame, place_frame
from pipeline.resolve import Decisions, Link, Pair, Profile, compare_all, group, linked_with, reach_of, read_ledger
from pipeline.resolve.identity import final_id
from pipeline.resolve.names import keep_names
from pipeline.resolve.profile import build_profiles
from pipeline.resolve.reach import candidate_query
from pipeline.resolve.weights import Weights, load_weights
from pipeline.settings import ResolveSettings

if TYPE_CHECKING:
    from pipeline.sources import Source

READ_TABLES = ("mention", "claim", "article", "entity")


@dataclass(frozen=True)
class Settled:
    """Everything that a day touched, as it is now.

    Attributes:
        incident_mentions: members of the touched incidents, whole.
        incidents: their rows.
        vanished: incidents that were touched and are no more.
        ledger: entries for ``incident_ledger``: names kept and redirects of vanished names, by the machine, and the
            merges and splits of ``config/corrections.yml``.
        corrections: table ``correction``, whole: what is set and dropped by hand.
    """

    incident_mentions: pl.DataFrame
    incidents: pl.DataFrame
    vanished: list[str]
    ledger: pl.DataFrame
    corrections: pl.DataFrame


@dataclass
class Hand:
    """The mentions taken in so far: their rows, profiles, comparisons and the incidents they were stored under."""

    tables: dict[str, pl.DataFrame]
    weights: Weights
    settings: ResolveSettings
    places: pl.DataFrame
    dropped: frozenset[str] = frozenset()
    profiles: dict[str, Profile] = field(default_factory=dict)
    compared: dict[Pair, Link] = field(default_factory=dict)
    stored: dict[str, str] = field(default_factory=dict)

    def take(self, rows: Mapping[str, pl.DataFrame]) -> set[str]:
        """Add rows of mentions that are not in hand yet; returns the ids of those that tell of an event."""
        known = set(self.tables["mention"]["mention_id"])
        fresh = rows["mention"].filter(~pl.col("mention_id").is_in(known))
        for name in READ_TABLES:
            key = contract.table(name).key[0]
            added = pl.concat([self.tables[name], rows[name]]).unique(key, keep="first")
            self.tables[name] = contract.conform(name, added)
        claims = rows["claim"].filter(pl.col("mention_id").is_in(fresh["mention_id"].implode()))
        fresh = fresh.filter(~pl.col("mention_id").is_in(self.dropped))
        profiles = build_profiles(fresh, claims, rows["article"], self.weights, rows["entity"], self.places)
        self.profiles.update(profiles)
        self.profiles = dict(sorted(self.profiles.items()))
        return set(profiles)

    def compare(self, fresh: Iterable[str]) -> None:
        """Judge these mentions against all in hand."""
        self.compared.update(compare_all(self.profiles, self.settings, self.weights, set(fresh)))


def settle(
    connection: duckdb.DuckDBPyConnection,
    day: date,
    frames: Mapping[str, pl.DataFrame],
    sources: Mapping[str, Source],
    settings: ResolveSettings,
    corrections: Sequence[Correction] | None = None,
) -> Settled:
    """Resolve and fuse the rows of a day together with every mention of the warehouse that they are linked with.

    Takes in whole connected components of linked mentions, so the outcome is what a rebuild of everything would give,
    whatever the order of days.

    Args:
        connection: the master; it is only read.
        frames: tables of the day. ``actor`` and ``place`` are read from ``config/`` where absent.
        corrections: decisions of analysts, those of ``config/corrections.yml`` where null. Incidents whose corrections
            have changed since the last load are settled too.

    Raises:
        ConfigError: the ledger contradicts itself, or a correction expects what is no longer so.
    """
    from pipeline.fuse import source_frame

    weights = load_weights()
    connection = connection.cursor()  # the caller's may still hold a result that was not read to its end
    connection.execute("SET TimeZone = 'UTC'")
    places = frames["place"] if "place" in frames else place_frame()
    actors = frames["actor"] if "actor" in frames else actor_frame()
    decided = Decided.of(connection, load_corrections() if corrections is None else corrections, places, actors)
    decisions = read_ledger(decided.ledger)
    dropped = frozenset(decided.claims.filter(pl.col("incident_id") == "")["mention_id"])
    hand = Hand({name: contract.empty(name) for name in READ_TABLES}, weights, settings, places, dropped)
    seeds = hand.take({name: frames[name] for name in READ_TABLES})
    before = _stored_on(connection, day)
    seeds |= _shaken(connection, day, before, hand)
    seeds |= _revisited(connection, day, decided, hand)
    closed = _close(connection, day, seeds, hand)
    rows, closed = _settle_merges(connection, day, closed, hand, decisions)
    was = {**{mention_id: hand.stored[mention_id] for mention_id in closed if mention_id in hand.stored}, **before}
    seen_at = {mention_id: profile.seen_at for mention_id, profile in hand.profiles.items()}
    heirs = _heirs(hand, before.keys() - set(rows["mention_id"]), connection)
    rows, ledger = keep_names(rows, was, heirs, seen_at)
    fold = Fold(hand.tables, source_frame(sources), actors, places)
    expecting = [item for item in decided.corrections if item.expect and item.incident in set(rows["incident_id"])]
    if expecting:
        named = [item.incident for item in expecting]
        check_expectations(expecting, fold.incidents(rows.filter(pl.col("incident_id").is_in(named)), None))
    incidents = fold.incidents(rows, decided.claims)
    standing = rows.filter(pl.col("incident_id").is_in(incidents["incident_id"].implode()))
    vanished = sorted(set(was.values()) - set(incidents["incident_id"]))
    entries = contract.conform("incident_ledger", pl.concat([ledger, decided.entries]).unique("entry_id"))
    return Settled(standing, incidents, vanished, entries, decided.claims)


@dataclass(frozen=True)
class Fold:
    """What folding needs besides the rows of ``incident_mention``."""

    tables: Mapping[str, pl.DataFrame]
    sources: pl.DataFrame
    actors: pl.DataFrame
    places: pl.DataFrame

    def incidents(self, rows: pl.DataFrame, corrections: pl.DataFrame | None) -> pl.DataFrame:
        """Rows of ``incident`` for these members."""
        from pipeline.fuse import fuse

        members = rows["mention_id"].implode()
        return fuse(
            rows,
            self.tables["mention"].filter(pl.col("mention_id").is_in(members)),
            self.tables["claim"].filter(pl.col("mention_id").is_in(members)),
            self.tables["article"],
            self.sources,
            actors=self.actors,
            places=self.places,
            corrections=corrections,
        ).tables["incident"]


@dataclass(frozen=True)
class Decided:
    """What people have decided, and which incidents that newly concerns.

    Attributes:
        claims: table ``correction``, under the names that stand after merges.
        entries: merges, splits and their undoing of ``config/corrections.yml``.
        ledger: these and the entries that the warehouse has.
        changed: incidents whose corrections are not those of the last load.
        recalled: mentions that stand in no incident because of a drop that is no more.
    """

    corrections: Sequence[Correction]
    claims: pl.DataFrame
    entries: pl.DataFrame
    ledger: pl.DataFrame
    changed: list[str]
    recalled: list[str]

    @staticmethod
    def of(
        connection: duckdb.DuckDBPyConnection,
        corrections: Sequence[Correction],
        places: pl.DataFrame,
        actors: pl.DataFrame,
    ) -> Decided:
        """Compare the corrections with what the warehouse was last folded with."""
        stored = _read(connection, "SELECT * FROM incident_ledger", "incident_ledger")
        entries = ledger_entries(corrections)
        ledger = contract.conform("incident_ledger", pl.concat([entries, stored]).unique("entry_id", keep="first"))
        merges = read_ledger(ledger).merges
        claims = correction_frame(corrections, places, actors)
        renamed = [final_id(name, merges) for name in claims["incident_id"]]
        claims = claims.with_columns(pl.Series("incident_id", renamed, dtype=pl.String))
        before = _read(connection, "SELECT * FROM correction", "correction")
        moved = pl.concat(
            [claims.join(before, on="claim_id", how="anti"), before.join(claims, on="claim_id", how="anti")]
        )
        fresh = entries.join(stored, on="entry_id", how="anti")
        undone = stored.filter(pl.col("entry_id").is_in(fresh["undoes"].drop_nulls().implode()))
        names = [*moved["incident_id"], *_of_mentions(connection, moved["mention_id"].to_list())]
        for rows in (fresh, undone):
            names += [*rows["incident_id"], *rows["into_id"].drop_nulls()]
        undropped = before.join(claims, on="claim_id", how="anti").filter(pl.col("action") == "drop")
        recalled = _standing_nowhere(connection) if undropped.height else []
        return Decided(corrections, claims, entries, ledger, sorted({name for name in names if name}), recalled)


def _of_mentions(connection: duckdb.DuckDBPyConnection, mention_ids: list[str]) -> list[str]:
    found = connection.execute(
        "SELECT DISTINCT incident_id FROM incident_mention WHERE mention_id IN (SELECT unnest(?::VARCHAR[]))",
        [mention_ids],
    ).fetchall()
    return [str(name) for (name,) in found]


def _standing_nowhere(connection: duckdb.DuckDBPyConnection) -> list[str]:
    found = connection.execute(
        "SELECT m.mention_id FROM mention AS m ANTI JOIN incident_mention AS im USING (mention_id) "
        "WHERE m.polarity IN ('asserted', 'historical') AND m.is_in_theatre"
    ).fetchall()
    return [str(mention_id) for (mention_id,) in found]


def _revisited(connection: duckdb.DuckDBPyConnection, day: date, decided: Decided, hand: Hand) -> set[str]:
    """Mentions of other days whose incidents a person has decided about since the last load."""
    if not decided.changed:
        return set()
    found = connection.execute(
        "SELECT mention_id, incident_id FROM incident_mention WHERE incident_id IN (SELECT unnest($1::VARCHAR[]))",
        [decided.changed],
    ).fetchall()
    names = {str(mention_id): str(name) for mention_id, name in found}
    rows = _rows_of(connection, sorted({*names, *decided.recalled}))
    for name in ("mention", "claim"):
        rows[name] = rows[name].filter(pl.col("day") != day)
    members = set(rows["mention"]["mention_id"])
    hand.stored.update({mention_id: name for mention_id, name in names.items() if mention_id in members})
    hand.take(rows)
    return members & hand.profiles.keys()


def _read(
    connection: duckdb.DuckDBPyConnection, query: str, name: str, values: list[object] | None = None
) -> pl.DataFrame:
    return contract.conform(name, connection.sql(query, params=values).pl())


def _stored_on(connection: duckdb.DuckDBPyConnection, day: date) -> dict[str, str]:
    """Incident of each mention that an earlier load of the day left in the warehouse."""
    found = connection.execute(
        "SELECT mention_id, incident_id FROM incident_mention "
        "WHERE mention_id IN (SELECT mention_id FROM mention WHERE day = ?)",
        [day],
    ).fetchall()
    return {str(mention_id): str(incident_id) for mention_id, incident_id in found}


def _shaken(connection: duckdb.DuckDBPyConnection, day: date, before: Mapping[str, str], hand: Hand) -> set[str]:
    """Mentions of other days that stood with, or were linked with, rows of the day that are now replaced."""
    if not before:
        return set()
    tables = {name: contract.empty(name) for name in READ_TABLES}
    old = Hand(tables, hand.weights, hand.settings, hand.places, hand.dropped)
    leaving = old.take(_rows_of(connection, list(before)))
    _take_reach(connection, leaving, old, None)
    old.compare(leaving)
    near = {end for pair, link in old.compared.items() if link.score >= hand.settings.link_score for end in pair}
    near |= {mention_id for mention_id, name in old.stored.items() if name in set(before.values())}
    todays = set(old.tables["mention"].filter(pl.col("day") == day)["mention_id"])
    shaken = near - todays
    hand.stored.update({mention_id: old.stored[mention_id] for mention_id in shaken if mention_id in old.stored})
    return hand.take(_rows_of(connection, sorted(shaken))) | (shaken & hand.profiles.keys())


def _close(connection: duckdb.DuckDBPyConnection, day: date, seeds: set[str], hand: Hand) -> set[str]:
    """Take in mentions until nothing outside is linked with anything inside; returns the component of the seeds."""
    closed, frontier = set(seeds), set(seeds)
    while frontier:
        _take_reach(connection, frontier, hand, day)
        hand.compare(frontier)
        linked = linked_with(closed, hand.compared, hand.settings.link_score)
        names = {hand.stored[mention_id] for mention_id in linked if mention_id in hand.stored}
        together = {mention_id for mention_id, name in hand.stored.items() if name in names}
        frontier = (linked | together) & hand.profiles.keys() - closed
        closed |= frontier
    return closed


def _take_reach(connection: duckdb.DuckDBPyConnection, frontier: set[str], hand: Hand, but_day: date | None) -> None:
    """Take in the mentions of other days that the frontier may be linked with, and the incidents they stand in."""
    parameters = reach_of((hand.profiles[mention_id] for mention_id in sorted(frontier)), hand.settings.window_days)
    found = connection.execute(
        "WITH reached AS (" + candidate_query() + ") "
        "SELECT im.mention_id, im.incident_id FROM incident_mention AS im WHERE im.incident_id IN "
        "(SELECT incident_id FROM incident_mention SEMI JOIN reached USING (mention_id))",
        parameters,
    ).fetchall()
    hand.stored.update({str(mention_id): str(incident_id) for mention_id, incident_id in found})
    missing = sorted({str(mention_id) for mention_id, _ in found} - hand.profiles.keys())
    rows = _rows_of(connection, missing)
    if but_day is not None:
        gone = rows["mention"].filter(pl.col("day") == but_day)["mention_id"]
        for mention_id in gone:
            hand.stored.pop(mention_id, None)
        rows["mention"] = rows["mention"].filter(pl.col("day") != but_day)
        rows["claim"] = rows["claim"].filter(pl.col("day") != but_day)
    hand.take(rows)


def _rows_of(connection: duckdb.DuckDBPyConnection, mention_ids: list[str]) -> dict[str, pl.DataFrame]:
    """Rows of mentions. Days bound the scan: rows lie in the order of their days."""
    if not mention_ids:
        return {name: contract.empty(name) for name in READ_TABLES}
    mentions = _read(
        connection, "SELECT * FROM mention WHERE mention_id IN (SELECT unnest($1::VARCHAR[]))", "mention", [mention_ids]
    )
    days = mentions["day"].unique().sort().to_list()
    articles = mentions["article_id"].unique().sort().to_list()
    bounded = "SELECT * FROM {} WHERE day IN (SELECT unnest($1::DATE[])) AND {} IN (SELECT unnest($2::VARCHAR[]))"
    return {
        "mention": mentions,
        "claim": _read(connection, bounded.format("claim", "mention_id"), "claim", [days, mention_ids]),
        "article": _read(connection, bounded.format("article", "article_id"), "article", [days, articles]),
        "entity": _read(
            connection, bounded.format("entity", "article_id") + " AND kind = 'person'", "entity", [days, articles]
        ),
    }


def _settle_merges(
    connection: duckdb.DuckDBPyConnection, day: date, closed: set[str], hand: Hand, decisions: Decisions
) -> tuple[pl.DataFrame, set[str]]:
    """Group what is closed; where a person merged incidents, take in the other side first."""
    while True:
        profiles = {mention_id: hand.profiles[mention_id] for mention_id in sorted(closed)}
        inside = {pair: link for pair, link in hand.compared.items() if pair[0] in closed and pair[1] in closed}
        rows = group(profiles, inside, decisions, hand.settings, hand.weights)
        merged = sorted(set(rows["incident_id"]) & set(decisions.merges.values()))
        partners = connection.execute(
            "SELECT mention_id, incident_id FROM incident_mention WHERE incident_id IN (SELECT unnest(?::VARCHAR[]))",
            [merged],
        ).fetchall()
        missing = {str(mention_id): str(name) for mention_id, name in partners if mention_id not in closed}
        rows_of = _rows_of(connection, sorted(missing))
        others = rows_of["mention"].filter(pl.col("day") != day)["mention_id"].to_list()
        if not others:
            return rows, closed
        hand.take(rows_of)
        hand.stored.update({mention_id: missing[mention_id] for mention_id in others})
        closed |= _close(connection, day, set(others) & hand.profiles.keys() | closed, hand)


def _heirs(hand: Hand, gone: Iterable[str], connection: duckdb.DuckDBPyConnection) -> dict[str, list[str]]:
    """For mentions that are no more: those of the same article that are there instead."""
    articles = connection.execute(
        "SELECT mention_id, article_id FROM mention WHERE mention_id IN (SELECT unnest(?::VARCHAR[]))", [sorted(gone)]
    ).fetchall()
    of_article: dict[str, list[str]] = defaultdict(list)
    for profile in hand.profiles.values():
        of_article[profile.article_id].append(profile.mention_id)
    return {str(mention_id): of_article[str(article_id)] for mention_id, article_id in articles}
