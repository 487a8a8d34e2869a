"""What a release says of a week: what happened, what changed, what is contested, what could not be seen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import duckdb

from pipeline.brief import phrase
from pipeline.brief.sentences import Reference, References, Row, Sentence

# What fits on one page beside the references.
MOST_INCIDENTS = 6
MOST_CHANGES = 4
MOST_CONTESTED = 4
MOST_LINKS = 3
MOST_GAPS = 4
# Fields whose disagreement a reader must know, the gravest first.
GRAVE = ("killed", "perpetrator", "claimed_by", "place", "date", "injured")

IN_WEEK = "starts_on BETWEEN DATE '{monday}' AND DATE '{sunday}' AND date_precision IN ('day', 'days', 'week')"
COUNTS = (
    "SELECT count(*) AS n, count(*) FILTER (country = 'IR') AS n_iran, count(*) FILTER (country = 'PK') AS n_pakistan, "
    "sum(killed_low)::INT AS low, sum(killed_best)::INT AS best, sum(coalesce(killed_high, killed_best))::INT AS high, "
    "count(*) FILTER (killed_best IS NULL) AS n_untold, count(*) FILTER (n_independent = 1) AS n_single "
    "FROM incident WHERE {in_week};"
)
COMPARED = (
    "SELECT n_incidents_change, killed_best_change, seen_share, lag(seen_share) OVER (ORDER BY week_on) AS seen_before "
    "FROM week_over_week QUALIFY week_on = DATE '{monday}';"
)
BLIND = "SELECT * FROM coverage_gap WHERE last_on >= DATE '{monday}' AND first_on <= DATE '{sunday}';"
LINKS = (
    "SELECT l.*, a.article_id, a.title, a.language, coalesce(a.published_at, a.seen_at) AS told_at "
    "FROM cross_border_link AS l LEFT JOIN article AS a USING (url) "
    "WHERE later_on BETWEEN DATE '{monday}' AND DATE '{sunday}' "
    "ORDER BY link, is_counter_strike DESC, later_on, later_id, earlier_on DESC, earlier_id, article_id;"
)
# The toll of each incident as it could be known at the end of each day: one fold for all days.
TOLLS = """
SELECT f.incident_id, i.headline, list(f.killed_best ORDER BY t.ts) AS tolls
FROM (SELECT unnest(generate_series(?::TIMESTAMPTZ, ?::TIMESTAMPTZ, INTERVAL 1 DAY)) AS ts) AS t,
LATERAL (SELECT incident_id, killed_best FROM fold('ucdp_best_low_high', t.ts)) AS f
JOIN incident AS i ON i.incident_id = f.incident_id
WHERE f.killed_best IS NOT NULL GROUP BY ALL
"""
# One query for all: planning it takes longer than running it.
EXPLAINED = """
SELECT e.* FROM (SELECT unnest(?::VARCHAR[]) AS id) AS chosen, LATERAL (SELECT * FROM explain(chosen.id)) AS e
ORDER BY e.incident_id, e.cell, e.is_winner DESC, e.told_at DESC, e.seen_at DESC, e.claim_id
"""


@dataclass(frozen=True)
class Brief:
    """The sections of the page, each a heading with its sentences, and the references in order."""

    lead: list[Sentence]
    sections: list[tuple[str, list[Sentence]]]
    references: list[Reference]
    queries: list[Reference]
    is_demo: bool


def gather(connection: duckdb.DuckDBPyConnection, monday: date, quote_chars: int) -> Brief:
    """Everything of the page, in the order in which it is read."""
    with connection.cursor() as cursor:
        cursor.execute("SET TimeZone = 'UTC'")
        week = _Week(cursor, monday, References(quote_chars))
        lead = week.lead()
        sections = [
            ("What happened", week.happened()),
            ("Across the border", week.answered()),
            ("What changed", week.changed()),
            ("What is contested", week.contested()),
            ("What could not be seen", week.unseen()),
        ]
        is_demo = bool(week.ask("SELECT coalesce(bool_or(is_demo), false) AS is_demo FROM source")[0]["is_demo"])
    found = [(heading, sentences) for heading, sentences in sections if sentences]
    return Brief(lead, found, list(week.references.articles.values()), list(week.references.queries.values()), is_demo)


class _Week:
    """One week of a release, and the references that its sentences have used so far."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, monday: date, references: References) -> None:
        self.connection = connection
        self.references = references
        self.days = {"monday": monday, "sunday": monday + timedelta(days=6)}
        self.in_week = IN_WEEK.format(**self.days)
        self.events = self._events()
        self.moved = self._moved()
        self.disputes = self._disputes()
        chosen = {row["incident_id"] for row in (*self.events, *self.moved, *self.disputes)}
        self.claims: dict[str, list[Row]] = {incident_id: [] for incident_id in chosen}
        for claim in self.ask(EXPLAINED, [sorted(chosen)]):
            self.claims[claim["incident_id"]].append(claim)

    def ask(self, sql: str, parameters: Sequence[object] = ()) -> list[Row]:
        result = self.connection.execute(sql, list(parameters))
        names = [column[0] for column in result.description or ()]
        return [dict(zip(names, row, strict=True)) for row in result.fetchall()]

    def _events(self) -> list[Row]:
        rows = self.ask(
            f"SELECT * FROM incident WHERE {self.in_week} "
            f"ORDER BY killed_best DESC NULLS LAST, n_independent DESC, starts_on, incident_id LIMIT {MOST_INCIDENTS}"
        )
        return sorted(rows, key=lambda row: (row["starts_on"], row["incident_id"]))

    def _moved(self) -> list[Row]:
        """Incidents whose toll was told before the week ended and revised within it."""
        rows = self.ask(TOLLS, [str(self.days["monday"]), str(self.days["sunday"] + timedelta(days=1))])
        rows = [row for row in rows if row["tolls"][0] != row["tolls"][-1]]
        rows.sort(key=lambda row: (-abs(row["tolls"][-1] - row["tolls"][0]), row["incident_id"]))
        return rows[:MOST_CHANGES]

    def _disputes(self) -> list[Row]:
        rows = self.ask(
            "SELECT v.*, i.headline, i.killed_best FROM contested_value(TIMESTAMPTZ '9999-01-01 00:00:00+00') AS v "
            f"JOIN incident AS i USING (incident_id) WHERE {self.in_week}"
        )
        rows = [row for row in rows if row["field"] in GRAVE]
        rows.sort(
            key=lambda row: (GRAVE.index(row["field"]), -(row["killed_best"] or 0), -_apart(row), row["claim_id"])
        )
        widest: dict[tuple[str, str], Row] = {}
        for row in rows:
            widest.setdefault((row["incident_id"], row["field"]), row)
        return list(widest.values())[:MOST_CONTESTED]

    def lead(self) -> list[Sentence]:
        sql = COUNTS.format(in_week=self.in_week)
        sentences = [Sentence(phrase.counts(self.ask(sql)[0]), self.references.query(sql))]
        sql = COMPARED.format(**self.days)
        if compared := self.ask(sql):
            sentences += [Sentence(text, self.references.query(sql)) for text in phrase.compared(compared[0])]
        return sentences

    def happened(self) -> list[Sentence]:
        sentences = []
        for row in self.events:
            told = [claim for claim in self.claims[row["incident_id"]] if claim["is_winner"]]
            tolls = [
                claim for claim in told if claim["cell"].startswith("killed") and claim["cell"] != "killed_claimed"
            ]
            sentences += self._sentence(phrase.event(row), self.references.cite(tolls or told), row)
            for cell, text in phrase.beside(row):
                marks = self.references.cite([claim for claim in told if claim["cell"] == cell])
                sentences += self._sentence(text, marks, row)
        return sentences

    @staticmethod
    def _sentence(text: str, marks: tuple[str, ...], row: Row) -> list[Sentence]:
        """The sentence, or nothing where no claim stands behind it."""
        return [Sentence(text, marks, row["incident_id"])] if marks else []

    def answered(self) -> list[Sentence]:
        sql = LINKS.format(**self.days)
        sentences = []
        for row in self.ask(sql)[:MOST_LINKS]:
            said = row["said_by"] and row | {"outlet": row["said_by"][0]}
            marks = self.references.cite_all([said]) if said else self.references.query(sql)
            sentences.append(Sentence(phrase.answer(row), marks, row["later_id"]))
        return sentences

    def changed(self) -> list[Sentence]:
        sentences = []
        for row in self.moved:
            claims = [claim for claim in self.claims[row["incident_id"]] if claim["cell"].startswith("killed")]
            claims.sort(key=lambda claim: not claim["is_winner"])
            sentences += self._sentence(phrase.revised(row), self.references.cite(claims), row)
        return sentences

    def contested(self) -> list[Sentence]:
        sentences = []
        for row in self.disputes:
            claims = {claim["claim_id"]: claim for claim in self.claims[row["incident_id"]]}
            both = [claims.get(row["claim_id"]), claims.get(row["other_claim_id"])]
            marks = self.references.cite_all([claim for claim in both if claim])
            sentences += self._sentence(phrase.disputed(row, *both), marks, row)
        return sentences

    def unseen(self) -> list[Sentence]:
        sql = BLIND.format(**self.days)
        gaps = self.ask(sql)
        names = {row["source_id"]: row["name"] for row in self.ask("SELECT source_id, name FROM source")}
        told = phrase.unseen(gaps[:MOST_GAPS], names)
        if len(gaps) > MOST_GAPS:
            told.append(f"There were {len(gaps) - MOST_GAPS} more gaps.")
        return [Sentence(text, self.references.query(sql)) for text in told]


def _apart(row: Row) -> int:
    """How far two figures are from each other; nothing for fields that are no figures."""
    value, other = row["value"], row["other_value"]
    return abs(int(value) - int(other)) if value.isdigit() and other.isdigit() else 0
