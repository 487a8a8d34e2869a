"""How the report words things: dates with their precision, figures with their range, kinds of event."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

Row = dict[str, Any]

# Kinds that the map and the table tell apart, each by a shape as well as a colour: name, shape, types.
KINDS: tuple[tuple[str, str, str, tuple[str, ...]], ...] = (
    ("afar", "strike from afar", "triangle", ("air_strike", "drone_strike", "missile_strike", "shelling")),
    ("blast", "explosion", "circle", ("bombing", "suicide_bombing", "ied_explosion")),
    (
        "arms",
        "armed attack or clash",
        "square",
        ("armed_attack", "ambush", "armed_clash", "assassination", "border_skirmish", "abduction"),
    ),
    ("state", "raid, arrest, execution", "diamond", ("raid_operation", "arrest", "execution", "protest_crackdown")),
    ("other", "other", "cross", ("other",)),
)
COUNTRIES = {"IR": "Iran", "PK": "Pakistan", "AF": "Afghanistan"}
LANGUAGES = {"en": "English", "fa": "Persian", "ur": "Urdu", "bal": "Balochi", "ar": "Arabic"}
RIGHT_TO_LEFT = ("fa", "ur", "ar", "bal", "ps", "sd")
WHERE = {
    1: "exact place",
    2: "near the place",
    3: "district",
    4: "province",
    5: "linear or fuzzy area",
    6: "country",
    7: "airspace or sea",
}
STANCES = {
    "reported": "reported",
    "claimed": "claimed by itself",
    "accused": "accused by others",
    "denied": "denied",
    "possible": "possibly",
}


def kind_of(event_type: str) -> str:
    """Key of the kind that an event type belongs to."""
    return next((key for key, _, _, types in KINDS if event_type in types), "other")


def plain(code: str | None) -> str:
    """A code of a closed list as words."""
    return (code or "").replace("_", " ")


def when(row: Row) -> str:
    """Date of an incident, no more exact than it is known."""
    start, end, precision = row["starts_on"], row["ends_on"], row["date_precision"]
    if start is None or precision == "unknown":
        return "date unknown"
    if precision == "year":
        return f"in {start.year}"
    if precision == "month":
        return f"in {start:%B %Y}"
    if precision == "day" or end is None or end == start:
        return day(start)
    if start.year == end.year and start.month == end.month:
        return f"{start.day}–{end.day} {end:%B %Y}"
    return f"{start.day} {start:%B}{'' if start.year == end.year else start.strftime(' %Y')} – {day(end)}"


def day(value: date | None) -> str:
    """A day in words."""
    return f"{value.day} {value:%B %Y}" if value else "date unknown"


def moment(value: datetime | None) -> str:
    """A moment in UTC, to the minute."""
    return f"{value.day} {value:%b %Y, %H:%M} UTC" if value else "time unknown"


def span(low: int | None, best: int | None, high: int | None) -> str:
    """A range around a figure, as in 4–9; empty where it says no more than the figure itself."""
    if best is None:
        return ""
    bottom = best if low is None else low
    if high is None:
        return f"{bottom:,}+"
    return f"{bottom:,}–{high:,}" if (bottom, high) != (best, best) else ""


def toll(row: Row, what: str) -> str:
    """A toll in one string: ``5``, ``5 (4–9)``, ``5 (5+)``, or a dash where nobody says."""
    best = row[f"{what}_best"]
    if best is None:
        return "–"
    around = span(row[f"{what}_low"], best, row[f"{what}_high"])
    return f"{best:,} ({around})" if around else f"{best:,}"


def web_address(url: str | None) -> str | None:
    """The address if a browser may safely follow it, else none: pages come from strangers."""
    return url if url and url.startswith(("http://", "https://")) else None


def direction(language: str | None) -> str:
    """Direction of writing."""
    return "rtl" if language in RIGHT_TO_LEFT else "auto"
