"""Which mentions of the warehouse a set of mentions may be linked with: the blocks of ``block.py`` as SQL.

The query finds a superset of the pairs that ``candidate_pairs`` compares. It reads narrow columns of ``claim`` and
``mention`` only, and bounds them by ``day`` (no article is older than the event it tells), which is the order in
which rows were loaded: DuckDB skips the rest by its zone maps.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta
from functools import cache

from pipeline.contract import SQL_FOLDER
from pipeline.resolve.block import LOOSE_FIGURE, years
from pipeline.resolve.profile import REPORT_DELAY_DAYS, Profile

EARLY_DAYS = 2  # by which the day of an article may lie before the local day of the event: time zones
FAR_PAST = date(9999, 1, 1)


@cache
def candidate_query() -> str:
    """SQL that selects ``mention_id`` of the mentions within reach; its parameters are those of ``reach_of``."""
    return (SQL_FOLDER / "candidates.sql").read_text(encoding="utf-8")


def reach_of(profiles: Iterable[Profile], window_days: int) -> dict[str, object]:
    """Parameters of ``candidate_query`` for these mentions: parallel lists, each entry one block.

    ``lo``/``hi`` bound days, ``lat``/``lon`` are null for a place known by province only; ``figure``, ``place_id``
    and ``year`` are the blocks of loose mentions.
    """
    narrow: set[tuple[date, date, float | None, float | None, str | None]] = set()
    loose: set[tuple[int, str, int]] = set()
    for profile in profiles:
        if profile.is_narrow and profile.starts is not None and profile.ends is not None:
            narrow.add(
                (
                    date.fromordinal(profile.starts) - timedelta(window_days),
                    date.fromordinal(profile.ends) + timedelta(window_days),
                    profile.lat if profile.is_precise else None,
                    profile.lon if profile.is_precise else None,
                    profile.admin1,
                )
            )
        if profile.place_id is not None:
            for figure in profile.figures("killed"):
                if figure >= LOOSE_FIGURE:
                    loose.update((year, profile.place_id, figure) for year in years(profile))
    blocks = sorted(narrow, key=repr)
    figures = sorted(loose)
    starts = [block[0] for block in blocks] + [date(year, 1, 1) for year, _, _ in figures]
    return {
        "lo": [block[0] for block in blocks],
        "hi": [block[1] for block in blocks],
        "lat": [block[2] for block in blocks],
        "lon": [block[3] for block in blocks],
        "admin1": [block[4] for block in blocks],
        "year": [year for year, _, _ in figures],
        "place_id": [place_id for _, place_id, _ in figures],
        "figure": [figure for _, _, figure in figures],
        "since": min(starts, default=FAR_PAST) - timedelta(EARLY_DAYS),
        "delay": REPORT_DELAY_DAYS,
    }
