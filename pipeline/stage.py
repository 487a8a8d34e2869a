"""What a stage is: a pure function from tables to tables, and nothing lost on the way."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

import polars as pl

from pipeline import contract
from pipeline.ids import make_id

STAGES = ("discover", "fetch", "clean", "extract", "resolve", "fuse", "validate", "load", "publish")


@dataclass(frozen=True)
class Result:
    """What a stage returns: its output tables by name, and the records that it refused.

    Every frame has the schema of its table in ``sql/schema``; ``rejects`` that of ``reject``.
    """

    tables: dict[str, pl.DataFrame]
    rejects: pl.DataFrame = field(default_factory=lambda: contract.empty("reject"))


def reject_row(
    stage: str, source_id: str, day: date, record_id: str, reason: str, detail: str, locator: str
) -> dict[str, object]:
    """One row of ``reject``; its id depends on stage, record and reason only."""
    return {
        "reject_id": make_id("rej", stage, record_id, reason),
        "stage": stage,
        "source_id": source_id,
        "day": day,
        "record_id": record_id,
        "reason": reason,
        "detail": detail,
        "locator": locator,
    }
