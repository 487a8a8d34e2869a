"""What the operator sees at the end: the incidents, one of them explained, and where everything is."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from pipeline.io.warehouse import open_release
from pipeline.operate.site import USER, Site
from pipeline.settings import Settings

# News recalls older events, too; the table shows those of the days that were run and of the week before them.
SHOWN_BEFORE = timedelta(days=7)
INCIDENTS = """
SELECT incident_id, strftime(starts_on, '%Y-%m-%d') AS starts_on, coalesce(place_name, '?') AS place,
       coalesce(country, '') AS country, event_type,
       perpetrator, perpetrator_stance, killed_low, killed_best, killed_high, injured_best,
       n_articles, n_independent, len(contested) AS n_contested
FROM incident WHERE starts_on BETWEEN ? AND ? ORDER BY starts_on, place, incident_id
"""
# Worth showing: a contested incident that several sources tell of, but few enough to be read on one screen or two.
EXAMPLE = """
SELECT incident_id FROM incident
ORDER BY least(len(contested), 1) DESC, abs(n_articles - 3), n_independent DESC, incident_id LIMIT 1
"""


def print_incidents(settings: Settings, console: Console, first: date, last: date) -> None:
    """The incidents of the days as a table, and how many others the release holds."""
    with open_release(_database(settings)) as connection:
        result = connection.execute(INCIDENTS, [first - SHOWN_BEFORE, last])
        names = [column[0] for column in result.description]
        incidents = [dict(zip(names, row, strict=True)) for row in result.fetchall()]
        counted = connection.execute("SELECT count(*) FROM incident").fetchone()
    n_others = (int(counted[0]) if counted else 0) - len(incidents)
    title = f"Incidents from {first - SHOWN_BEFORE} to {last}"
    table = Table(title=title, title_justify="left", box=None, header_style="bold")
    for name in ("on", "place", "what", "by", "killed", "injured", "sources", "id"):
        table.add_column(name, no_wrap=name in ("on", "id"), justify="right" if name == "sources" else "left")
    for incident in incidents:
        table.add_row(*_cells(incident))
    console.print()
    console.print(table)
    others = f"{n_others} more in the release: other days, older events that the articles recall, or without a date"
    console.print(f"{len(incidents)} incidents; {others}.", highlight=False)
    console.print(
        "sources: independent ones of all articles that tell of it; ! they contradict each other", highlight=False
    )


def print_explanation(settings: Settings, console: Console) -> None:
    """One incident with the quote behind every value."""
    from pipeline.explain import explain, render_terminal

    with open_release(_database(settings)) as connection:
        row = connection.execute(EXAMPLE).fetchone()
        if row is None:
            console.print("No incident in the release.")
            return
        explanation = explain(connection, str(row[0]))
    console.print(f"\nsarhad explain {row[0]}", style="bold", highlight=False)
    render_terminal(explanation, console)


def print_paths(settings: Settings, console: Console) -> None:
    """Where database and report are, and how to go on."""
    report = settings.release / "report" / "index.html"
    lines = [
        ("database", f"{_short(_database(settings))}    make sql"),
        ("report", f"{_short(report)}    make report"),
        ("Airflow", "make up    prints address, user and password"),
    ]
    console.print()
    for name, text in lines:
        console.print(f"{name:<9} {text}", markup=False, highlight=False, soft_wrap=True)


def print_login(site: Site, console: Console) -> None:
    """Address of the UI, user and password."""
    lines = [("Airflow", site.url(site.ports())), ("user", USER), ("password", site.password())]
    lines += [("sources", site.sources), ("logs", _short(site.logs)), ("stop with", "make down")]
    for name, text in lines:
        console.print(f"{name:<9} {text}", markup=False, highlight=False, soft_wrap=True)


def _database(settings: Settings) -> Path:
    return settings.release / "analyst.duckdb"


def _cells(incident: dict[str, Any]) -> list[str]:
    place = f"{incident['place']} {incident['country']}".strip()
    by = str(incident["perpetrator"] or "?")
    if incident["perpetrator"] and incident["perpetrator_stance"] not in (None, "reported"):
        by += f" ({incident['perpetrator_stance']})"
    killed = "" if incident["killed_best"] is None else str(incident["killed_best"])
    if killed and incident["killed_low"] != incident["killed_high"]:
        killed += f" ({incident['killed_low']} to {incident['killed_high']})"
    injured = "" if incident["injured_best"] is None else str(incident["injured_best"])
    sources = f"{incident['n_independent']} of {incident['n_articles']}" + ("!" if incident["n_contested"] else "")
    what = str(incident["event_type"]).replace("_", " ")
    return [str(incident["starts_on"] or "?"), place, what, by, killed, injured, sources, str(incident["incident_id"])]


def _short(path: Path) -> str:
    """A path as seen from where we are, if it is below."""
    here = Path.cwd()
    return str(path.relative_to(here)) if path.is_relative_to(here) else str(path)
