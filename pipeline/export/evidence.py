"""Incidents with their evidence, one JSON object a line: every claim with its words, who said them and where."""

from __future__ import annotations

from pathlib import Path

import duckdb

from pipeline.export.copy import copy_query
from pipeline.export.public import cut
from pipeline.settings import ExportSettings

# Claims of analysts' corrections come along through the macro `evidence`, with the file and line that says why.
QUERY = """
WITH said AS (
    SELECT incident_id, list(struct_pack(
        claim_id, field, victim_group, value, low, best, high, qualifier, stance,
        is_one_sided, speaker, speaker_type,
        quote := {quote}, is_cut := {is_cut},
        "language", outlet, source_id, url, article_id,
        said_at := {said_at}, seen_at := {seen_at}, confidence, rule
    ) ORDER BY e.seen_at, e.source_id, e.claim_id) AS claims
    FROM evidence(TIMESTAMPTZ '9999-01-01 00:00:00+00') AS e GROUP BY incident_id
),
told AS (
    SELECT incident_id, list(struct_pack(
        article_id, outlet := s.name, source_id, "language" := a.language, title, url,
        published_at := {published_at}, seen_at := {seen_at}, copy_of
    ) ORDER BY a.seen_at, a.article_id) AS articles
    FROM incident_article AS a LEFT JOIN source AS s USING (source_id) GROUP BY incident_id
)
SELECT i.* REPLACE ({first_seen_at} AS first_seen_at, {last_seen_at} AS last_seen_at),
       coalesce(s.claims, []) AS claims, coalesce(t.articles, []) AS articles
FROM incident AS i LEFT JOIN said AS s USING (incident_id) LEFT JOIN told AS t USING (incident_id)
ORDER BY i.incident_id
"""
MOMENTS = ("said_at", "seen_at", "published_at", "first_seen_at", "last_seen_at")


def write(connection: duckdb.DuckDBPyConnection, path: Path, knobs: ExportSettings) -> None:
    """Write JSON Lines in the order of incident ids; quotes are as short as the settings say.

    Raises:
        TransientError: the disk is full.
    """
    moments = {name: f"strftime({name}, '%Y-%m-%dT%H:%M:%SZ')" for name in MOMENTS}
    is_cut = "false" if knobs.full_text else f"length(quote) > {knobs.quote_chars}"
    query = QUERY.format(quote=cut("quote", knobs), is_cut=is_cut, **moments)
    copy_query(connection, query, path, "FORMAT json")
