"""Build the report of a release: a page for the overview, one per incident, coverage and method."""

from __future__ import annotations

import base64
import hashlib
from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import duckdb
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from pipeline.report import atlas, chart, words
from pipeline.report.read import Row, Story, read_story

HERE = Path(__file__).resolve().parent
# What is argued about comes first.
FIELDS = (
    "killed", "injured", "abducted", "arrested", "perpetrator", "claimed_by", "target", "weapon", "event_type", "date",
    "place",
)  # fmt: skip
TOLLS = ("killed", "injured", "abducted", "arrested")
# The others of one value are a click away.
MOST_QUOTES = 4
MOST_DAYS = 62
STATE_MARKS = {"ok": "●", "partial": "◐", "failed": "✕", "unreachable": "○"}
QUALIFIERS = {"at_least": "at least ", "up_to": "up to ", "about": "about "}


def build_report(connection: duckdb.DuckDBPyConnection, folder: Path, manifest: Mapping[str, object]) -> None:
    """Write the report of a release into a folder; what lies there is overwritten.

    Args:
        connection: the release.
        folder: the folder of the report; Data Docs are linked where they lie beside it.
        manifest: what ``manifest.json`` says of the release.
    """
    story = read_story(connection)
    (folder / "incidents").mkdir(parents=True, exist_ok=True)
    environment = _environment(story, manifest, has_docs=(folder.parent / "data_docs").exists())
    for name, content in _pages(environment, story):
        (folder / name).write_text(content, encoding="utf-8")


def _environment(story: Story, manifest: Mapping[str, object], *, has_docs: bool) -> Environment:
    environment = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["plain"] = words.plain
    environment.tests["starts_with"] = str.startswith
    environment.globals.update(
        manifest=manifest,
        story=story,
        totals=story.totals,
        sources=story.sources,
        has_docs=has_docs,
        style=Markup((HERE / "style.css").read_text(encoding="utf-8")),
        countries=words.COUNTRIES,
        languages=words.LANGUAGES,
        stances=words.STANCES,
        where=words.WHERE,
        day=words.day,
        when=words.when,
        moment=words.moment,
        span=words.span,
        toll=words.toll,
        kind_of=words.kind_of,
        web_address=words.web_address,
        direction=words.direction,
        most_quotes=MOST_QUOTES,
        script="",
        script_hash="none",
        root="",
        here="",
    )
    return environment


def _pages(environment: Environment, story: Story) -> Iterator[tuple[str, str]]:
    yield "index.html", environment.get_template("index.html").render(**_overview(story))
    yield "coverage.html", environment.get_template("coverage.html").render(**_coverage(story))
    yield "method.html", environment.get_template("method.html").render(here="method.html")
    page = environment.get_template("incident.html")
    for row in story.incidents:
        yield f"incidents/{row['incident_id']}.html", page.render(**_incident(story, row))


def _overview(story: Story) -> dict[str, object]:
    script = (HERE / "table.js").read_text(encoding="utf-8")
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    totals = story.totals
    nowhere, outside = atlas.not_on_map(story.incidents)
    return {
        "here": "index.html",
        "rows": story.incidents,
        "more": len(story.incidents) < totals["n_all"],
        "kinds": words.KINDS,
        "killed_span": words.span(totals["killed_low"], totals["killed_best"], totals["killed_high"]),
        "injured_span": words.span(totals["injured_low"], totals["injured_best"], totals["injured_high"]),
        "week": story.weeks[0] if story.weeks else None,
        "map": atlas.draw_map(story.incidents, story.towns),
        "key": atlas.key(),
        "nowhere": nowhere,
        "outside": outside,
        "timeline": chart.draw_timeline(story.incidents, story.days),
        "older": totals["n_all"] - totals["n_incidents"],
        "script": Markup(script),
        "script_hash": f"sha256-{digest}",
    }


def _incident(story: Story, row: Row) -> dict[str, object]:
    claims = story.claims.get(row["incident_id"], [])
    return {
        "root": "../",
        "row": row,
        "fields": [(field, values) for field in FIELDS if (values := _by_value(claims, field))],
        "articles": story.articles.get(row["incident_id"], []),
        "codes": story.codes.get(row["event_type"]),
        "curve": chart.draw_toll(claims, story.curves.get(row["incident_id"], [])),
        "map": atlas.draw_map([row], story.towns, link="", close=True) if row["lat"] is not None else None,
    }


def _by_value(claims: list[Row], field: str) -> list[tuple[str, str | None, list[Row]]]:
    """Values that are claimed for a field, each with its claims; what most outlets say comes first."""
    groups: dict[tuple[str, str | None], list[Row]] = defaultdict(list)
    for claim in claims:
        if claim["field"] == field:
            told = figure(claim) if field in TOLLS else words.plain(claim["value"]) or "not named"
            group = claim["victim_group"] if claim["victim_group"] != "all" else None
            groups[(told, group)].append(claim)
    ranked = sorted(groups.items(), key=lambda item: -len({claim["source_id"] for claim in item[1]}))
    return [(told, group, values) for (told, group), values in ranked]


def _coverage(story: Story) -> dict[str, object]:
    days = _every_day(story)[-MOST_DAYS:]
    cells: dict[str, dict[date, Row]] = defaultdict(dict)
    for row in story.coverage:
        cells[row["source_id"]][row["day"]] = row
    return {
        "here": "coverage.html",
        "columns": days,
        "cut": len(days) < len(_every_day(story)),
        "grid": [(source, [found.get(each) for each in days]) for source, found in sorted(cells.items())],
        "marks": STATE_MARKS,
    }


def _every_day(story: Story) -> list[date]:
    """All days from the first to the last that was run; those between that were not run show as such."""
    if story.first_on is None or story.last_on is None:
        return []
    return [story.first_on + timedelta(days=n) for n in range((story.last_on - story.first_on).days + 1)]


def figure(claim: Mapping[str, Any]) -> str:
    """The figure of a toll claim as its words bind it: ``at least 20``, ``4–9``, ``some``."""
    low, best, high = claim["low"], claim["best"], claim["high"]
    if best is None:
        return f"{low:,}–{high:,}" if low is not None and high is not None else "a number that is not told"
    return f"{QUALIFIERS.get(claim['qualifier'], '')}{best:,}"
