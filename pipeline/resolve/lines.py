"""Resolve over lines of ``sarhad extract``: the same judgement, without a warehouse."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

import polars as pl

from pipeline import contract
from pipeline.ids import make_id, sha256_text
from pipeline.resolve import resolve
from pipeline.settings import load_knobs

Json = dict[str, Any]
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
SOURCE = "lines"


def resolve_lines(lines: Sequence[Mapping[str, Any]], outputs: Sequence[Json]) -> list[Json]:
    """Fill ``incident_key``: incidents with equal keys, in several lines or in one, are one event.

    Args:
        lines: input articles in order.
        outputs: what the reader made of each; they are left as they are, copies are returned.

    A key depends on ids, texts and order of the lines only.
    """
    from pipeline.dimension import place_frame

    places = place_frame()
    known = {(row["name"], row["country"]): row["place_id"] for row in places.iter_rows(named=True)}
    tables: dict[str, list[Json]] = {"mention": [], "claim": [], "article": []}
    keys: list[list[str]] = []
    seen: dict[str, str] = {}
    for number, (line, output) in enumerate(zip(lines, outputs, strict=True)):
        article = _article(number, line)
        article["copy_of"] = seen.setdefault(article["text_sha256"], article["article_id"])
        tables["article"].append(article)
        row = [_mention(article, position, incident) for position, incident in enumerate(output.get("incidents", []))]
        keys.append([mention["mention_id"] for mention in row])
        tables["mention"] += row
        for mention, incident in zip(row, output.get("incidents", []), strict=True):
            tables["claim"] += _claims(mention, incident, known)
    frames = {name: contract.frame(name, rows) for name, rows in tables.items()}
    named = _names(frames, places)
    return [
        {
            **output,
            "incidents": [
                {**incident, "incident_key": named[mention_id]}
                for incident, mention_id in zip(output["incidents"], row, strict=True)
            ],
        }
        if "incidents" in output
        else dict(output)
        for output, row in zip(outputs, keys, strict=True)
    ]


def _names(frames: Mapping[str, pl.DataFrame], places: pl.DataFrame) -> dict[str, str]:
    rows = resolve(
        frames["mention"],
        frames["claim"],
        frames["article"],
        contract.empty("incident_ledger"),
        load_knobs().resolve,
        places=places,
    ).tables["incident_mention"]
    return dict(zip(rows["mention_id"], rows["incident_id"], strict=True))


def _article(number: int, line: Mapping[str, Any]) -> Json:
    published = line.get("published")
    moment = datetime.fromisoformat(published) if published else None
    if moment is not None and moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    text = str(line.get("text") or "")
    return {
        "article_id": make_id("art", number, line.get("id"), sha256_text(text)),
        "capture_id": "none",
        "source_id": SOURCE,
        "day": (moment or EPOCH).date(),
        "url": str(line.get("url") or ""),
        "published_at": moment,
        "published_precision": "day" if moment else "unknown",
        "published_from": "page" if moment else "none",
        "zone": "UTC",
        "language": str(line.get("lang") or "en"),
        "text": text,
        "text_sha256": sha256_text(text),
        # The order of lines stands for the order in which they were seen.
        "seen_at": EPOCH + timedelta(seconds=number),
    }


def _mention(article: Json, position: int, incident: Json) -> Json:
    evidence = incident.get("evidence") or []
    start = min((item["start"] for item in evidence), default=0)
    end = max((item["end"] for item in evidence), default=start + 1)
    quote = max((str(item["quote"]) for item in evidence), key=len, default="")
    return {
        "mention_id": make_id("men", article["article_id"], position),
        "article_id": article["article_id"],
        "source_id": SOURCE,
        "day": article["day"],
        "char_start": start,
        "char_end": max(end, start + 1),
        "quote": quote,
        "event_type": incident["event_type"],
        "role": incident["role"],
        "polarity": "asserted",
        "is_in_theatre": True,
        "rule": SOURCE,
        "extractor_version": SOURCE,
        "confidence": float(incident.get("confidence") or 0.5),
        "seen_at": article["seen_at"],
    }


def _claims(mention: Json, incident: Json, known: Mapping[tuple[str, str], str]) -> list[Json]:
    made: list[Json] = []
    when, where = incident["date"], incident["place"]
    if when["start"]:
        starts, ends = date.fromisoformat(when["start"]), date.fromisoformat(when["end"] or when["start"])
        made.append(_claim(mention, "date", starts_on=starts, ends_on=ends, precision=when["precision"]))
    if where["name"] or where["country"] or where["admin1"]:
        made.append(
            _claim(
                mention,
                "place",
                value=where["name"],
                canonical_id=known.get((where["name"], where["country"])),
                country=where["country"],
                admin1=where["admin1"],
                lat=where.get("lat"),
                lon=where.get("lon"),
                where_prec=where["precision"],
            )
        )
    for field in ("perpetrator", "claimed_by", "target"):
        if incident.get(field):
            made.append(_claim(mention, field, value=incident[field]))
    for field in ("killed", "injured"):
        toll = incident[field]
        if toll["best"] is not None:
            made.append(_claim(mention, field, victim_group="all", low=toll["low"], best=toll["best"]))
    return made


def _claim(mention: Json, field: str, **values: object) -> Json:
    return {
        "claim_id": make_id("clm", mention["mention_id"], field, values.get("victim_group")),
        **{name: mention[name] for name in ("mention_id", "article_id", "source_id", "day", "seen_at", "quote")},
        "char_start": mention["char_start"],
        "char_end": mention["char_end"],
        "field": field,
        "qualifier": "exact",
        "speaker_type": "media",
        "stance": "reported",
        "rule": SOURCE,
        "extractor_version": SOURCE,
        "confidence": mention["confidence"],
        **values,
    }
