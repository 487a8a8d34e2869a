"""Charts as SVG: incidents and dead over time, and how the toll of one incident was told over time."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from datetime import date, datetime, timedelta
from typing import Any

from markupsafe import Markup, escape

from pipeline.report.words import day as in_words
from pipeline.report.words import moment, plain

Row = dict[str, Any]

WIDTH, PANEL, GAP, LEFT, RIGHT, BOTTOM, ABOVE = 960.0, 92.0, 40.0, 34.0, 6.0, 26.0, 12.0
# Above this many days bars would be thinner than a line, so a bar stands for a week.
MOST_DAILY = 92


def draw_timeline(incidents: Iterable[Row], days: Iterable[Row]) -> Markup:
    """Incidents and dead per day or week, with the days on which we were blind shaded.

    Incidents whose date is not known to the week are left out, and so are those before the eve of the first day.
    """
    seen = {row["day"]: row for row in days}
    eve = min(seen) - timedelta(days=1) if seen else date.min
    rows = [row for row in incidents if row["date_precision"] in ("day", "days", "week") and row["starts_on"] >= eve]
    if not rows:
        return Markup('<p class="quiet">No dated incident yet.</p>')
    dates = [*seen, *(row["starts_on"] for row in rows)]
    first, last = min(dates), max(dates)
    step = 1 if (last - first).days < MOST_DAILY else 7
    if step == 7:
        first -= timedelta(days=first.weekday())
    bins = _bins(rows, first, step)
    n = (last - first).days // step + 1
    height = 2 * PANEL + GAP + BOTTOM
    slot = (WIDTH - LEFT - RIGHT) / n
    counts = [len(bins[k]) for k in range(n)]
    tolls = [_toll(bins[k]) for k in range(n)]
    parts = [
        _blind(first, n, step, slot, seen, height - BOTTOM),
        _panel(0, f"Incidents per {'day' if step == 1 else 'week'}", max(counts)),
        _panel(PANEL + GAP, "Dead: best figure, with lowest to highest", max(high for _, _, high in tolls)),
    ]
    for k in range(n):
        start = first + timedelta(days=k * step)
        name = in_words(start) if step == 1 else f"week of {in_words(start)}"
        if counts[k]:
            parts.append(_bar(k, slot, 0, counts[k], max(counts), "count", f"{name}: {counts[k]} incidents"))
        low, best, high = tolls[k]
        if high:
            told = f"{name}: {best} dead ({low}–{high})"
            top = max(high for _, _, high in tolls)
            parts.append(_bar(k, slot, PANEL + GAP, best, top, "dead", told))
            parts.append(_whisker(k, slot, PANEL + GAP, low, high, top))
    parts.append(_ticks(first, n, step, slot, height))
    label = f"Incidents and dead per {'day' if step == 1 else 'week'}, {in_words(first)} to {in_words(last)}"
    return Markup(
        f'<svg class="chart" viewBox="0 {-ABOVE:.0f} {WIDTH:.0f} {height + ABOVE:.0f}" role="img" aria-label="{label}">'
        f"<title>{label}</title>{''.join(parts)}</svg>"
    )


def _bins(rows: Iterable[Row], first: date, step: int) -> dict[int, list[Row]]:
    bins: dict[int, list[Row]] = defaultdict(list)
    for row in rows:
        bins[(row["starts_on"] - first).days // step].append(row)
    return bins


def _toll(rows: list[Row]) -> tuple[int, int, int]:
    low = sum(row["killed_low"] or 0 for row in rows)
    best = sum(row["killed_best"] or 0 for row in rows)
    high = sum(row["killed_high"] or row["killed_best"] or 0 for row in rows)
    return low, best, high


def _y(top: float, value: float, most: float) -> float:
    return top + PANEL - (PANEL - 16) * value / max(most, 1)


def _panel(top: float, title: str, most: int) -> str:
    base = top + PANEL
    peak = _y(top, most, most)
    return (
        f'<text class="panel" x="{LEFT}" y="{top + 4:.0f}">{escape(title)}</text>'
        f'<line class="base" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{base:.1f}" y2="{base:.1f}"/>'
        f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{peak:.1f}" y2="{peak:.1f}"/>'
        f'<text class="tick" x="{LEFT - 6}" y="{base + 4:.0f}" text-anchor="end">0</text>'
        f'<text class="tick" x="{LEFT - 6}" y="{peak + 4:.0f}" text-anchor="end">{most}</text>'
    )


def _bar(k: int, slot: float, top: float, value: int, most: int, style: str, told: str) -> str:
    width = min(slot * 0.72, 26)
    y = _y(top, value, most)
    return (
        f'<rect class="{style}" x="{LEFT + k * slot + (slot - width) / 2:.1f}" y="{y:.1f}" width="{width:.1f}" '
        f'height="{top + PANEL - y:.1f}"><title>{escape(told)}</title></rect>'
    )


def _whisker(k: int, slot: float, top: float, low: int, high: int, most: int) -> str:
    if low == high:
        return ""
    x, bottom, peak = LEFT + (k + 0.5) * slot, _y(top, low, most), _y(top, high, most)
    return f'<line class="whisker" x1="{x:.1f}" x2="{x:.1f}" y1="{bottom:.1f}" y2="{peak:.1f}"/>'


def _blind(first: date, n: int, step: int, slot: float, seen: dict[date, Row], height: float) -> str:
    """Shade where most sources gave no data, and where no day was run at all."""
    parts = []
    for k in range(n):
        days = [seen.get(first + timedelta(days=k * step + j)) for j in range(step)]
        asked = sum(row["n_sources"] for row in days if row)
        blind = sum(row["n_blind"] for row in days if row)
        if asked and blind * 2 <= asked:
            continue
        told = "no day was run" if not asked else f"{blind} of {asked} sources gave no data"
        parts.append(
            f'<rect class="blind" x="{LEFT + k * slot:.1f}" y="8" width="{slot:.2f}" height="{height - 8:.0f}">'
            f"<title>{in_words(first + timedelta(days=k * step))}: {told}</title></rect>"
        )
    return "".join(parts)


def _ticks(first: date, n: int, step: int, slot: float, height: float) -> str:
    every = max(1, round(n / 8))
    return "".join(
        f'<text class="tick" x="{LEFT + (k + 0.5) * slot:.1f}" y="{height - 6:.0f}" text-anchor="middle">'
        f"{_short(first + timedelta(days=k * step))}</text>"
        for k in range(0, n, every)
    )


def _short(value: date) -> str:
    return f"{value.day} {value:%b}"


def draw_toll(claims: Iterable[Row], curve: list[Row]) -> Markup | None:
    """What we would have said of the dead over time, and every figure that was told; none where it never moved.

    Args:
        claims: claims of the incident, by ``seen_at``.
        curve: ``seen_at``, ``killed_low``, ``killed_best``, ``killed_high``: the fold of what was seen until then.
    """
    told = [row for row in claims if row["field"] == "killed" and row["best"] is not None]
    if len({row["best"] for row in told}) < 2:
        return None
    figures = [max(row["best"], row["high"] or 0) for row in told]
    figures += [row["killed_high"] or row["killed_best"] for row in curve]
    most = max(figures)
    first, last = told[0]["seen_at"], max(row["seen_at"] for row in (*told, *curve))
    length = float(max((last - first).total_seconds(), 1))
    width = WIDTH - LEFT - RIGHT - 24

    def across(moment_: datetime) -> float:
        return LEFT + 12 + width * float(max((moment_ - first).total_seconds(), 0)) / length

    parts = [_panel(0, "Dead, as told", most), _steps(curve, across, most)]
    for row in told:
        x, y = across(row["seen_at"]), _y(0, row["best"], most)
        low, high = row["low"] if row["low"] is not None else row["best"], row["high"] or row["best"]
        whom = "" if row["victim_group"] in ("all", None) else f" ({plain(row['victim_group'])})"
        said = (
            f"{row['best']} dead{whom}, says {row['speaker'] or plain(row['speaker_type'])}, {moment(row['seen_at'])}"
        )
        parts.append(
            f'<g class="told {escape(row["speaker_type"])}{" part" if whom else ""}"><title>{escape(said)}</title>'
            f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{_y(0, low, most):.1f}" y2="{_y(0, high, most):.1f}"/>'
            f'<circle cx="{x:.1f}" cy="{y:.1f}" r="5"/></g>'
        )
    parts += [
        f'<text class="tick" x="{LEFT}" y="{PANEL + 22:.0f}">{moment(first)}</text>',
        f'<text class="tick" x="{WIDTH - RIGHT}" y="{PANEL + 22:.0f}" text-anchor="end">{moment(last)}</text>',
        _speakers(told, PANEL + 48),
    ]
    height = PANEL + 60
    label = f"{len(told)} figures of dead between {moment(first)} and {moment(last)}, from 0 to {most}"
    return Markup(
        f'<svg class="chart" viewBox="0 {-ABOVE:.0f} {WIDTH:.0f} {height + ABOVE:.0f}" role="img" aria-label="{label}">'
        f"<title>{label}</title>{''.join(parts)}</svg>"
    )


def _steps(curve: list[Row], across: Callable[[datetime], float], most: int) -> str:
    """The best figure as a line of steps, on a band from the lowest to the highest."""
    if not curve:
        return ""
    xs = [across(row["seen_at"]) for row in curve] + [WIDTH - RIGHT - 12]
    best: list[str] = []
    top: list[str] = []
    bottom: list[str] = []
    for row, x, until in zip(curve, xs, xs[1:], strict=False):
        low = row["killed_low"] if row["killed_low"] is not None else row["killed_best"]
        high = row["killed_high"] if row["killed_high"] is not None else row["killed_best"]
        for line, value in ((best, row["killed_best"]), (top, high), (bottom, low)):
            y = _y(0, value, most)
            line += [f"{x:.1f},{y:.1f}", f"{until:.1f},{y:.1f}"]
    band = "M" + "L".join([*top, *reversed(bottom)]) + "Z"
    return f'<path class="band" d="{band}"/><path class="best" d="M{"L".join(best)}"/>'


def _speakers(told: list[Row], y: float) -> str:
    parts, x = [], LEFT
    for speaker in sorted({row["speaker_type"] for row in told}):
        parts.append(
            f'<g class="told {escape(speaker)}"><circle cx="{x + 5:.0f}" cy="{y - 4:.0f}" r="5"/></g>'
            f'<text class="tick" x="{x + 15:.0f}" y="{y:.0f}">{escape(plain(speaker))}</text>'
        )
        x += 40 + 8 * len(speaker)
    return "".join(parts)
