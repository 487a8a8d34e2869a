"""Explain: every cell of an incident with the claims that made it and those that lost, back to the captured page."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import duckdb
import jinja2
from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.panel import Panel
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from pipeline.errors import TerminalError

PAGE = Path(__file__).with_name("explain.html")
LABELS = {
    "event_type": "Type",
    "date": "Date",
    "place": "Place",
    "perpetrator": "Perpetrator",
    "claimed_by": "Claimed by",
    "target": "Target",
    "weapon": "Weapons",
    "killed": "Killed",
    "killed_security_forces": "… security forces",
    "killed_civilians": "… civilians",
    "killed_attackers": "… attackers",
    "killed_unknown": "… side not told",
    "killed_claimed": "Killed, one side's claim",
    "injured": "Injured",
    "injured_security_forces": "… security forces",
    "injured_civilians": "… civilians",
    "injured_attackers": "… attackers",
    "injured_unknown": "… side not told",
    "injured_claimed": "Injured, one side's claim",
    "abducted": "Abducted",
    "arrested": "Arrested",
}
CONTEXT = 80  # characters of context on each side, as sql/macros/40_explain.sql cuts them
Row = dict[str, Any]


@dataclass(frozen=True)
class Cell:
    """One cell: its value, the rule that folded it, and every claim about it, those that stand first."""

    name: str
    label: str
    value: str
    rule: str
    claims: tuple[Row, ...]

    @property
    def standing(self) -> tuple[Row, ...]:
        """Claims on which the value rests."""
        return tuple(claim for claim in self.claims if claim["is_winner"])

    @property
    def others(self) -> tuple[Row, ...]:
        """Claims that say something else, or nothing that counts."""
        return tuple(claim for claim in self.claims if not claim["is_winner"])


@dataclass(frozen=True)
class Explanation:
    """An incident and where it comes from.

    Attributes:
        asked: the id that was asked for; differs from that of the incident where it was merged away.
        incident: the row of ``incident``.
        cells: its cells, in reading order; only those about which somebody says something.
        links: its mentions with what ties each to the others.
        ledger: merges and splits of it.
    """

    asked: str
    incident: Row
    cells: tuple[Cell, ...]
    links: tuple[Row, ...]
    ledger: tuple[Row, ...]

    def to_dict(self) -> dict[str, Any]:
        """Everything, for programs."""
        return {
            "asked": self.asked,
            "incident": self.incident,
            "cells": [
                {"name": cell.name, "value": cell.value, "rule": cell.rule, "claims": list(cell.claims)}
                for cell in self.cells
            ],
            "links": list(self.links),
            "ledger": list(self.ledger),
        }


def explain(connection: duckdb.DuckDBPyConnection, incident_id: str) -> Explanation:
    """Explain an incident of a release.

    Args:
        connection: a database with the tables, rules and macros of ``sql/``, such as ``analyst.duckdb``.
        incident_id: id of an incident, or one that was merged away.

    Raises:
        TerminalError: no such incident.
    """
    cursor = connection.cursor()
    cursor.execute("SET TimeZone = 'UTC'")
    found = _rows(cursor, "SELECT * FROM incident WHERE incident_id = resolve_id(?)", [incident_id])
    if not found:
        raise TerminalError(f"no incident {incident_id!r} in this release; `sarhad sql -c 'FROM incident'` lists them")
    incident = found[0]
    name = incident["incident_id"]
    claims = _rows(cursor, "SELECT * FROM explain(?)", [name])
    return Explanation(incident_id, incident, _cells(incident, claims), _links(cursor, name), _ledger(cursor, name))


def _rows(cursor: duckdb.DuckDBPyConnection, query: str, values: list[object]) -> list[Row]:
    # Polars reads time zones without pytz, and the result is read to its end.
    rows: list[Row] = cursor.sql(query, params=values).pl().to_dicts()
    return rows


def _cells(incident: Row, claims: list[Row]) -> tuple[Cell, ...]:
    by_cell: dict[str, list[Row]] = {name: [] for name in LABELS}
    for claim in claims:
        by_cell.setdefault(claim["cell"], []).append(claim)
    return tuple(
        Cell(name, LABELS.get(name, name), cell_value(incident, name), _rule(incident, name), tuple(about))
        for name, about in by_cell.items()
        if about
    )


def _rule(incident: Row, name: str) -> str:
    if name.endswith("_claimed"):
        return "latest word of one side"
    if name.startswith(("killed", "injured", "abducted", "arrested")):
        return str(incident["rule"])
    return "most independent sources, more specific first"


def cell_value(incident: Row, name: str) -> str:
    """The value of a cell as text; a dash where the incident leaves it open."""
    if name in ("killed", "injured"):
        return _figures(*(incident[f"{name}_{part}"] for part in ("low", "best", "high")))
    if name == "date":
        starts, ends = incident["starts_on"], incident["ends_on"]
        return "—" if starts is None else f"{starts}" if starts == ends else f"{starts} to {ends}"
    if name == "place":
        return ", ".join(str(incident[part]) for part in ("place_name", "admin1", "country") if incident[part]) or "—"
    if name == "perpetrator":
        actor, stance = incident["perpetrator"], incident["perpetrator_stance"]
        return "—" if actor is None else str(actor) if stance == "reported" else f"{actor} ({stance})"
    column = {"weapon": "weapons", "abducted": "abducted_best", "arrested": "arrested_best"}.get(name, name)
    value = incident.get(column)
    if isinstance(value, list):
        return ", ".join(value) or "—"
    return "—" if value is None else str(value).replace("_", " ") if name == "event_type" else str(value)


def _figures(low: int | None, best: int | None, high: int | None) -> str:
    if best is None:
        return "—" if low is None else f"{low} or more"
    return str(best) if low == best == high else f"{best}  ({low}–{'?' if high is None else high})"


def _links(cursor: duckdb.DuckDBPyConnection, name: str) -> tuple[Row, ...]:
    rows = _rows(
        cursor,
        "SELECT im.mention_id, im.score, im.evidence, im.is_uncertain, m.quote, m.role, m.seen_at, "
        "s.name AS outlet, a.url, a.copy_of IS NOT NULL AS is_copy, o.source_id AS with_source "
        "FROM incident_mention AS im JOIN mention AS m USING (mention_id) "
        "LEFT JOIN article AS a USING (article_id) LEFT JOIN source AS s ON s.source_id = m.source_id "
        "LEFT JOIN mention AS o ON o.mention_id = im.evidence->>'with' "
        "WHERE im.incident_id = ? ORDER BY m.seen_at, im.mention_id",
        [name],
    )
    for row in rows:
        row["evidence"] = json.loads(row["evidence"])
        fields = row["evidence"].get("fields", {})
        row["agreement"] = "; ".join(f"{field}: {item['agreement']}" for field, item in fields.items())
    return tuple(rows)


def _ledger(cursor: duckdb.DuckDBPyConnection, name: str) -> tuple[Row, ...]:
    return tuple(
        _rows(
            cursor,
            "SELECT * FROM incident_ledger WHERE incident_id = $1 OR into_id = $1 ORDER BY decided_at, entry_id",
            [name],
        )
    )


def render_terminal(explanation: Explanation, console: Console) -> None:
    """Print an explanation for reading in a terminal: of claims that agree one in full, all that lost in full."""
    incident = explanation.incident
    console.print()
    console.print(Panel(_head(explanation), border_style="bold", padding=(1, 2)))
    for cell in explanation.cells:
        console.print(_cell(cell))
    console.print(Rule("what ties it together", style="dim"))
    console.print(_link_table(explanation))
    for entry in explanation.ledger:
        moved = f"{entry['action']} {entry['incident_id']} into {entry['into_id']}"
        console.print(Text(f"  {moved}, by {entry['decided_by']}, {entry['decided_at']:%Y-%m-%d}: {entry['reason']}"))
    console.print(Text(f"  confidence {incident['confidence']:.2f}", style="dim"))


def _head(explanation: Explanation) -> RenderableType:
    incident = explanation.incident
    name = str(incident["incident_id"])
    lines = [Text(str(incident["headline"]), style="bold")]
    if explanation.asked != name:
        lines.append(Text(f"{explanation.asked} was merged into this incident", style="yellow"))
    counts = f"{_count(incident['n_articles'], 'article')}, {_count(incident['n_independent'], 'independent source')}"
    seen = f"first seen {incident['first_seen_at']:%Y-%m-%d %H:%M}, last {incident['last_seen_at']:%Y-%m-%d %H:%M} UTC"
    lines.append(Text(f"{name}   {counts}   {seen}", style="dim"))
    if incident["contested"]:
        lines.append(Text(f"contested: {', '.join(incident['contested'])}", style="red"))
    if incident["is_uncertain"]:
        lines.append(Text("a link to one of its reports should be looked at", style="yellow"))
    return Group(*lines)


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _cell(cell: Cell) -> RenderableType:
    head = Text.assemble((f"{cell.label:<26}", "bold cyan"), (cell.value, "bold"), (f"   {cell.rule}", "dim"))
    first, also = cell.standing[:1], cell.standing[1:]
    blocks = [_claim(claim) for claim in first]
    if also:
        outlets = dict.fromkeys(f"{claim['outlet'] or '?'} ({claim['seen_at']:%-d %b})" for claim in also)
        blocks.append(Text(f"  as also in {', '.join(outlets)}", style="green"))
    blocks += [_claim(claim) for claim in cell.others]
    return Group(head, *(Padding(block, (0, 0, 0, 4)) for block in blocks), Text())


def _claim(claim: Row) -> RenderableType:
    mark, style = ("✓", "green") if claim["is_winner"] else ("·", "dim")
    first = Text.assemble((f"{mark} ", style), (str(claim["shown"]), "bold" if claim["is_winner"] else ""))
    if not claim["is_winner"] or claim["rule"] == "correction":
        first.append(f"  {claim['reason']}", style="yellow")
    quote = Text.assemble(
        "  “", (_squeeze(claim["text_before"], tail=True), "dim"), (" ".join(claim["quote"].split()), "italic"),
        (_squeeze(claim["text_after"]), "dim"), "”",
    )  # fmt: skip
    return Group(first, quote, Text(f"  {voice(claim)}", style="dim"), Text(f"  {origin(claim)}", style="dim"))


def _squeeze(text: str | None, *, tail: bool = False) -> str:
    """Context on one line, without the word that was cut through at its far end."""
    if not text:
        return ""
    words = text.split()
    if len(text) >= CONTEXT:
        words = words[1:] if tail else words[:-1]
    joined = " ".join(words)
    if tail:
        return joined + (" " if text[-1:].isspace() else "")
    return (" " if text[:1].isspace() else "") + joined


def voice(claim: Row) -> str:
    """Who says it, where and when: one line."""
    speaker = claim["speaker"] or ("the outlet itself" if claim["speaker_type"] == "media" else claim["speaker_type"])
    told = f"{claim['told_at'] or claim['seen_at']:%Y-%m-%d %H:%M}"
    parts = [f"{speaker} ({claim['stance']})", str(claim["outlet"] or "?"), told, claim["url"] or ""]
    return " · ".join(part for part in parts if part)


def origin(claim: Row) -> str:
    """How we know it: when seen, which capture, which rule and version read it, which run stored it."""
    digest = str(claim["body_sha256"] or "")[:12]
    commit = str(claim["code_version"] or "")[:12]
    parts = [
        f"seen {claim['seen_at']:%Y-%m-%d %H:%M}",
        f"capture {claim['capture_id']} sha256 {digest}" if claim["capture_id"] else "",
        f"read by {claim['rule']} ({claim['extractor_version']})",
        f"run {claim['run_id']} at {commit}" if claim["run_id"] else "",
    ]
    return " · ".join(part for part in parts if part)


def _link_table(explanation: Explanation) -> Table:
    table = Table(box=None, padding=(0, 1), show_header=False, expand=False)
    for _ in range(4):
        table.add_column(overflow="fold")
    for link in explanation.links:
        why = link["agreement"] or "first report"
        if link["is_copy"]:
            why += " (a copy)"
        table.add_row(
            Text(f"{link['score']:.2f}", style="yellow" if link["is_uncertain"] else "green"),
            Text(str(link["outlet"] or "?")),
            Text(f"{link['seen_at']:%Y-%m-%d %H:%M}", style="dim"),
            Text(why, style="dim"),
        )
    return table


@cache
def _template() -> jinja2.Template:
    environment = jinja2.Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True)
    environment.filters.update(voice=voice, origin=origin)
    return environment.from_string(PAGE.read_text(encoding="utf-8"))


def render_html(explanation: Explanation) -> str:
    """The explanation as a page of its own; everything that came from outside is escaped."""
    return _template().render(explanation=explanation, incident=explanation.incident)
