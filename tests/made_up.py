"""Made-up days, for tests of what comes after fuse: whole, valid tables with invented outlets and events."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import polars as pl

from pipeline import contract
from pipeline.contract import SQL_FOLDER
from pipeline.ids import make_id, sha256_text
from pipeline.stage import reject_row

SOURCES = ("frontier_radio", "border_courier", "makran_wire")
PLACES = (
    ("IR/saravan", "Saravan", "IR", "Sistan and Baluchestan", 27.37, 62.33, 30.0),
    ("IR/rask", "Rask", "IR", "Sistan and Baluchestan", 26.24, 61.40, 55.0),
    ("PK/panjgur", "Panjgur", "PK", "Balochistan", 26.97, 64.10, 80.0),
    ("PK/turbat", "Turbat", "PK", "Balochistan", 26.00, 63.05, 95.0),
    ("PK/taftan", "Taftan", "PK", "Balochistan", 28.98, 61.57, 1.0),
    ("PK/quetta", "Quetta", "PK", "Balochistan", 30.18, 67.00, 330.0),
)
EVENTS = ("bombing", "ambush", "air_strike", "missile_strike", "armed_clash", "assassination", "raid_operation")
FIRST_DAY = date(2024, 1, 15)


@dataclass(frozen=True)
class Event:
    """One invented event that every outlet reports once."""

    day: date
    number: int
    kind: str
    place: tuple[str, str, str, str, float, float, float]
    killed: int

    @property
    def sentence(self) -> str:
        return f"A {self.kind.replace('_', ' ')} near {self.place[1]} killed {self.killed} people."


def events_of(day: date, n: int, seed: int = 7) -> list[Event]:
    """The events of a day; equal arguments, equal events."""
    dice = random.Random(f"{seed}/{day}")
    return [Event(day, k, dice.choice(EVENTS), dice.choice(PLACES), dice.randint(0, 9)) for k in range(n)]


def made_up_day(day: date = FIRST_DAY, n_events: int = 3, seed: int = 7) -> dict[str, pl.DataFrame]:
    """All tables of a day, as they come to the gate."""
    rows: dict[str, list[dict[str, object]]] = {
        name: [] for name in ("link", "capture", "article", "entity", "mention", "claim", "coverage", "reject",
                              "incident", "incident_mention")
    }  # fmt: skip
    for event in events_of(day, n_events, seed):
        members = [_report(rows, event, source_id) for source_id in SOURCES]
        rows["incident"].append(_incident(event, members[0]))
        for mention_id in members:
            rows["incident_mention"].append(
                {"mention_id": mention_id, "incident_id": make_id("inc", members[0]), "score": 1.0,
                 "evidence": "{}", "is_uncertain": False}
            )  # fmt: skip
    for source_id in SOURCES:
        rows["coverage"].append(
            {"source_id": source_id, "day": day, "state": "ok", "n_links": n_events, "n_fetched": n_events,
             "n_failed": 0, "n_read": n_events, "n_relevant": n_events, "n_mentions": n_events, "n_rejects": 0}
        )  # fmt: skip
    rows["reject"].append(
        reject_row(
            "extract", SOURCES[0], day, make_id("art", day, "idle"), "no_event", "no event in it", "http://a.example"
        )
    )
    return {name: contract.conform(name, contract.frame(name, content)) for name, content in rows.items()}


def _report(rows: dict[str, list[dict[str, object]]], event: Event, source_id: str) -> str:
    """One article on an event with its link, capture, mention and claims; gives the mention's id."""
    url = f"http://{source_id}.example/{event.day}/{event.number}"
    seen_at = datetime.combine(event.day, time(9 + SOURCES.index(source_id)), UTC)
    text = f"{event.place[1]}: {event.sentence} Officials gave no details on that evening, and nobody claimed it."
    link_id, article_id = make_id("lnk", url), make_id("art", url)
    capture_id = make_id("cap", url)
    start = text.index(event.sentence)
    mention_id = make_id("men", article_id, start)
    common = {"source_id": source_id, "day": event.day}
    rows["link"].append(
        {**common, "link_id": link_id, "url": url, "adapter": "rss", "found_in": f"http://{source_id}.example/rss"}
    )
    rows["capture"].append(
        {**common, "capture_id": capture_id, "link_id": link_id, "url": url, "final_url": url, "status": 200,
         "fetched_at": seen_at, "seen_at": seen_at, "body_sha256": sha256_text(url), "n_bytes": len(text),
         "warc_file": f"{source_id}.warc.gz", "warc_offset": event.number}
    )  # fmt: skip
    rows["article"].append(
        {**common, "article_id": article_id, "capture_id": capture_id, "url": url, "title": event.sentence[:-1],
         "published_at": seen_at - timedelta(hours=1), "published_precision": "second", "published_from": "page",
         "zone": "UTC", "language": "en", "text": text, "text_sha256": sha256_text(text), "seen_at": seen_at}
    )  # fmt: skip
    span = {"article_id": article_id, "char_start": start, "char_end": start + len(event.sentence),
            "quote": event.sentence, "rule": "made_up", "confidence": 0.9}  # fmt: skip
    rows["mention"].append(
        {**common, **span, "mention_id": mention_id, "event_type": event.kind, "role": "main", "polarity": "asserted",
         "is_in_theatre": True, "extractor_version": "made-up", "seen_at": seen_at}
    )  # fmt: skip
    place_id, place, country, admin1, lat, lon, _ = event.place
    at = text.rindex(place)
    rows["entity"].append(
        {**common, **span, "entity_id": make_id("ent", article_id, "place", at), "kind": "place",
         "canonical_id": place_id, "name": place, "char_start": at, "char_end": at + len(place), "quote": place}
    )  # fmt: skip
    values: tuple[dict[str, object], ...] = (
        {"field": "event_type", "value": event.kind},
        {"field": "killed", "value": str(event.killed), "victim_group": "all", "low": event.killed,
         "best": event.killed, "high": event.killed},
        {"field": "date", "value": str(event.day), "starts_on": event.day, "ends_on": event.day, "precision": "day"},
        {"field": "place", "value": place, "canonical_id": place_id, "country": country, "admin1": admin1, "lat": lat,
         "lon": lon, "where_prec": 2},
    )  # fmt: skip
    for value in values:
        rows["claim"].append(
            {**common, **span, "qualifier": "exact", "speaker_type": "media", "stance": "reported",
             "claim_id": make_id("clm", mention_id, value["field"]), "mention_id": mention_id, "said_at": seen_at,
             "seen_at": seen_at, "extractor_version": "made-up", **value}
        )  # fmt: skip
    return mention_id


def _incident(event: Event, first_mention: str) -> dict[str, object]:
    place_id, place, country, admin1, lat, lon, km = event.place
    seen_at = datetime.combine(event.day, time(9), UTC)
    return {
        "incident_id": make_id("inc", first_mention), "rule": "latest_official", "event_type": event.kind,
        "starts_on": event.day, "ends_on": event.day, "date_precision": "day", "place_id": place_id,
        "place_name": place, "country": country, "admin1": admin1, "lat": lat, "lon": lon, "where_prec": 2,
        "km_to_border": km, "killed_low": event.killed, "killed_best": event.killed, "killed_high": event.killed,
        "killed_unknown": event.killed, "n_mentions": 3, "n_articles": 3, "n_independent": 3, "n_languages": 1,
        "contested": [], "is_uncertain": False, "first_seen_at": seen_at, "last_seen_at": seen_at + timedelta(hours=2),
        "confidence": 0.8, "headline": f"{event.kind} near {place}, {event.day}",
    }  # fmt: skip


def run_row(day: date = FIRST_DAY, run_id: str | None = None) -> dict[str, object]:
    """A row of ``run`` for a day."""
    at = datetime.combine(day + timedelta(days=1), time(1), UTC)
    return {
        "run_id": run_id or f"test__{day}", "day": day, "kind": "cli", "started_at": at, "loaded_at": at,
        "code_version": "test", "config_sha256": "0" * 64, "extractor_version": "made-up", "n_articles": 0,
        "n_mentions": 0, "n_claims": 0, "n_rejects": 0, "n_incidents_touched": 0,
    }  # fmt: skip


# The views that the report reads.
REPORT_VIEWS = ("coverage_by_day", "coverage_gap", "incident_article", "reject_summary", "week_over_week")


def light_sql(folder: Path) -> Path:
    """An SQL folder with the whole schema and little else: rules and audits take seconds to plan in every test."""
    for kind in ("rules", "macros", "views", "audits"):
        (folder / kind).mkdir(parents=True)
    (folder / "schema").symlink_to(SQL_FOLDER / "schema")
    for view in REPORT_VIEWS:
        (folder / "views" / f"{view}.sql").symlink_to(SQL_FOLDER / "views" / f"{view}.sql")
    (folder / "macros" / "time.sql").write_text(
        "CREATE OR REPLACE MACRO incident_as_of(ts) AS TABLE SELECT * FROM incident WHERE first_seen_at <= ts;\n",
        encoding="utf-8",
    )
    return folder
