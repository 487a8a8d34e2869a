"""extract: what an article says happened, where, when, to whom, by whom, and who says so."""

from __future__ import annotations

from datetime import date, datetime
from functools import cache
from typing import Any

import polars as pl

from pipeline import contract
from pipeline.extract.emit import line_of
from pipeline.extract.reader import Reader, load_reader
from pipeline.extract.reading import Article, ReadFunction, Reading, Span
from pipeline.ids import make_id
from pipeline.stage import Result, reject_row

__all__ = ["Article", "ReadFunction", "Reader", "Reading", "extract", "load_reader", "read_lines"]

Json = dict[str, Any]
CLAIM_COLUMNS = (
    "field", "victim_group", "value", "canonical_id", "low", "best", "high", "starts_on", "ends_on", "precision",
    "country",
    "admin1", "lat", "lon", "where_prec", "qualifier", "speaker", "speaker_type", "stance", "rule", "confidence",
)  # fmt: skip


def extract(articles: pl.DataFrame, reader: Reader) -> Result:
    """Articles to entities, mentions and claims; an article without a mention is a reject with its reason."""
    entities: list[Json] = []
    mentions: list[Json] = []
    claims: list[Json] = []
    rejects: list[Json] = []
    for row in articles.iter_rows(named=True):
        reading = reader.read(_article_of(row))
        _add_rows(row, reading, reader.version, entities, mentions, claims)
        if not reading.mentions:
            rejects.append(reject_row("extract", row["source_id"], row["day"], row["article_id"],
                                      reading.reason or "no_event", reading.detail, row["url"]))  # fmt: skip
    tables = {
        name: contract.conform(name, contract.frame(name, rows).unique(f"{name}_id", keep="first", maintain_order=True))
        for name, rows in (("entity", entities), ("mention", mentions), ("claim", claims))
    }
    return Result(tables, contract.conform("reject", contract.frame("reject", rejects)))


def _article_of(row: Json) -> Article:
    published = row["published_at"] if row["published_precision"] != "unknown" else None
    return Article(row["article_id"], row["text"], published, row["title"], row["url"], row["language"], row["zone"])


def _add_rows(
    row: Json, reading: Reading, version: str, entities: list[Json], mentions: list[Json], claims: list[Json]
) -> None:
    text = row["text"]
    base = {"article_id": row["article_id"], "source_id": row["source_id"], "day": row["day"]}
    for entity in reading.entities:
        entity_id = make_id("ent", row["article_id"], entity.kind, entity.span.start, entity.span.end)
        entities.append(base | _quote(text, entity.span) | {
            "entity_id": entity_id, "kind": entity.kind, "canonical_id": entity.canonical_id, "name": entity.name,
            "detail": entity.detail, "confidence": entity.confidence, "rule": entity.rule,
        })  # fmt: skip
    for mention in reading.mentions:
        mention_id = make_id("men", row["article_id"], mention.span.start, mention.span.end, mention.event_type)
        mentions.append(base | _quote(text, mention.span) | {
            "mention_id": mention_id, "event_type": mention.event_type, "role": mention.role,
            "polarity": mention.polarity, "is_in_theatre": mention.is_in_theatre, "rule": mention.rule,
            "extractor_version": version, "confidence": mention.confidence, "seen_at": row["seen_at"],
        })  # fmt: skip
        for claim in mention.claims:
            claim_id = make_id(
                "clm", mention_id, claim.field, claim.victim_group, claim.span.start, claim.span.end, claim.value
            )
            values = {name: getattr(claim, name) for name in CLAIM_COLUMNS}
            claims.append(base | _quote(text, claim.span) | values | {
                "claim_id": claim_id, "mention_id": mention_id, "said_at": row["published_at"],
                "seen_at": row["seen_at"], "extractor_version": version,
            })  # fmt: skip


def _quote(text: str, span: Span) -> Json:
    return {"char_start": span.start, "char_end": span.end, "quote": text[span.start : span.end]}


@cache
def _default_reader() -> Reader:
    return load_reader()


def read_lines(lines: list[Json]) -> list[Json]:
    """Input lines of the contract to output lines, in order, one for one; a bad line yields ``{id, error}``."""
    reader = _default_reader()
    return [_read_line(line, number, reader) for number, line in enumerate(lines, 1)]


def _read_line(line: Json, number: int, reader: Reader) -> Json:
    identity = str(line.get("id", f"line {number}"))
    if "error" in line and "text" not in line:
        return {"id": identity, "error": str(line["error"])}
    problem = _problem(line)
    if problem:
        return {"id": identity, "error": problem}
    try:
        published = _published(line.get("published"))
    except ValueError:
        return {"id": identity, "error": f"published: {line['published']!r} is neither YYYY-MM-DD nor ISO 8601"}
    article = Article(identity, line["text"], published, line.get("title"), line.get("url"), line.get("lang"))
    return line_of(article, reader.read(article))


def _problem(line: Json) -> str | None:
    if "id" not in line:
        return "id: missing"
    if not isinstance(line.get("text"), str):
        return "text: missing or no string"
    for name in ("title", "url", "lang", "published"):
        if line.get(name) is not None and not isinstance(line[name], str):
            return f"{name}: no string"
    return None


def _published(value: str | None) -> datetime | date | None:
    if not value:
        return None
    return date.fromisoformat(value) if len(value) == 10 else datetime.fromisoformat(value)
