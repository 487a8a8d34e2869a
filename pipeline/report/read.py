"""What the report asks of a release: a few queries, their answers as plain rows."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import duckdb

Row = dict[str, Any]

# One page each for the latest incidents; older ones are in the database. Measured: 5,000 pages in well under a minute.
MOST_PAGES = 5000
# All moments are folded at once, which grows with the square of the claims; above this the curve is left out.
MOST_FOLDED = 20_000


# News also recounts what is long past. What happened in the days that were run, or on the eve of them, is counted;
# the rest is listed and in no sum.
IN_PERIOD = (
    "date_precision IN ('day', 'days', 'week') AND ends_on >= (SELECT min(day) FROM coverage) - 1 "
    "AND starts_on <= (SELECT max(day) FROM coverage)"
)


@dataclass(frozen=True)
class Story:
    """Everything of a release that the pages show."""

    incidents: list[Row]
    claims: dict[str, list[Row]]
    articles: dict[str, list[Row]]
    curves: dict[str, list[Row]]
    codes: dict[str, Row]
    sources: dict[str, str]
    towns: list[Row]
    coverage: list[Row]
    gaps: list[Row]
    rejects: list[Row]
    days: list[Row]
    totals: Row
    weeks: list[Row]

    @property
    def first_on(self) -> date | None:
        """First day that was run."""
        return self.days[0]["day"] if self.days else None

    @property
    def last_on(self) -> date | None:
        """Last day that was run."""
        return self.days[-1]["day"] if self.days else None


def read_story(connection: duckdb.DuckDBPyConnection) -> Story:
    """Ask a release for everything that the pages show; incidents come latest first, undated ones last."""
    incidents = _ask(
        connection,
        "SELECT * FROM incident ORDER BY starts_on DESC NULLS LAST, last_seen_at DESC, incident_id LIMIT ?",
        [MOST_PAGES],
    )
    chosen = [[row["incident_id"] for row in incidents]]
    claims = _ask(
        connection,
        "SELECT im.incident_id, c.* EXCLUDE (quote), left(c.quote, 600) AS quote, length(c.quote) > 600 AS is_cut, "
        "m.role, a.language, a.url, a.title "
        "FROM claim AS c JOIN incident_mention AS im USING (mention_id) JOIN mention AS m USING (mention_id) "
        "LEFT JOIN article AS a ON a.article_id = c.article_id "
        "WHERE list_contains(?::VARCHAR[], im.incident_id) ORDER BY c.seen_at, c.source_id, c.claim_id",
        chosen,
    )
    articles = _ask(
        connection,
        "SELECT * FROM incident_article WHERE list_contains(?::VARCHAR[], incident_id) "
        "ORDER BY coalesce(published_at, seen_at), article_id",
        chosen,
    )
    return Story(
        incidents=incidents,
        claims=_by_incident(claims),
        articles=_by_incident(articles),
        curves=_by_incident(_curves(connection)),
        codes=_codes(connection),
        sources={row["source_id"]: row["name"] for row in _ask(connection, "SELECT source_id, name FROM source")},
        towns=_ask(
            connection,
            "SELECT name, lat, lon FROM place WHERE kind = 'city' AND lat IS NOT NULL "
            "AND admin1 IN ('Sistan and Baluchestan', 'Balochistan') ORDER BY name",
        ),
        coverage=_ask(connection, "SELECT * FROM coverage ORDER BY source_id, day"),
        gaps=_ask(connection, "SELECT * FROM coverage_gap ORDER BY first_on DESC, source_id"),
        rejects=_ask(connection, "SELECT * FROM reject_summary ORDER BY n_records DESC, stage, reason"),
        days=_ask(connection, "SELECT * FROM coverage_by_day ORDER BY day"),
        totals=_totals(connection),
        weeks=_ask(connection, "SELECT * FROM week_over_week ORDER BY week_on DESC LIMIT 2"),
    )


def _ask(connection: duckdb.DuckDBPyConnection, sql: str, parameters: Sequence[object] = ()) -> list[Row]:
    result = connection.execute(sql, list(parameters))
    names = [column[0] for column in result.description or ()]
    return [dict(zip(names, row, strict=True)) for row in result.fetchall()]


def _by_incident(rows: list[Row]) -> dict[str, list[Row]]:
    grouped = defaultdict(list)
    for row in rows:
        grouped[row["incident_id"]].append(row)
    return dict(grouped)


def _curves(connection: duckdb.DuckDBPyConnection) -> list[Row]:
    """The toll of each incident at every moment at which a figure of dead was seen, as it was folded then."""
    if _ask(connection, "SELECT count(*) AS n FROM claim")[0]["n"] > MOST_FOLDED:
        return []
    return _ask(
        connection,
        "WITH heard AS (SELECT DISTINCT seen_at FROM claim WHERE field = 'killed') "
        "SELECT f.incident_id, h.seen_at, f.killed_low, f.killed_best, f.killed_high FROM heard AS h, "
        "LATERAL (SELECT * FROM incident_as_of(h.seen_at)) AS f WHERE f.killed_best IS NOT NULL "
        "ORDER BY f.incident_id, h.seen_at",
    )


def _codes(connection: duckdb.DuckDBPyConnection) -> dict[str, Row]:
    """What other data sets call our types, by type; nothing where there is no such view."""
    if not _ask(connection, "SELECT 1 FROM duckdb_views() WHERE view_name = 'crosswalk'"):
        return {}
    return {row["event_type"]: row for row in _ask(connection, "SELECT * FROM crosswalk")}


def _totals(connection: duckdb.DuckDBPyConnection) -> Row:
    return _ask(
        connection,
        f"WITH period AS (SELECT * FROM incident WHERE {IN_PERIOD}) "
        "SELECT count(*) AS n_incidents, (SELECT count(*) FROM incident) AS n_all, "
        "coalesce(sum(killed_best), 0)::BIGINT AS killed_best, "
        "coalesce(sum(killed_low), 0)::BIGINT AS killed_low, "
        "coalesce(sum(coalesce(killed_high, killed_best)), 0)::BIGINT AS killed_high, "
        "coalesce(sum(injured_best), 0)::BIGINT AS injured_best, "
        "coalesce(sum(injured_low), 0)::BIGINT AS injured_low, "
        "coalesce(sum(coalesce(injured_high, injured_best)), 0)::BIGINT AS injured_high, "
        "coalesce(sum(killed_claimed), 0)::BIGINT AS killed_claimed, "
        "count(*) FILTER (killed_best IS NULL) AS n_without_toll, "
        "count(*) FILTER (killed_best IS NOT NULL AND killed_high IS NULL) AS n_open, "
        "count(*) FILTER (len(contested) > 0) AS n_contested, "
        "count(*) FILTER (country = 'IR') AS n_iran, count(*) FILTER (country = 'PK') AS n_pakistan, "
        "(SELECT count(*) FROM article) AS n_articles, (SELECT count(*) FROM claim) AS n_claims, "
        "(SELECT count(DISTINCT source_id) FROM coverage) AS n_sources, "
        "(SELECT count(*) FROM coverage) AS n_source_days, "
        "(SELECT count(*) FROM coverage WHERE state IN ('ok', 'partial')) AS n_seen, "
        "(SELECT coalesce(bool_or(is_demo), false) FROM source) AS is_demo, "
        "(SELECT count(DISTINCT language) FROM article) AS n_languages FROM period",
    )[0]
