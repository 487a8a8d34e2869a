"""What the gate says about a day, and how rows that it refused are taken out."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import polars as pl

from pipeline import contract
from pipeline.errors import TerminalError

# Tables of a day by the column whose ids ``reject.record_id`` names.
KEYS = {"article": "article_id", "entity": "entity_id", "mention": "mention_id", "claim": "claim_id"}


@dataclass(frozen=True)
class Verdict:
    """Judgement of a day: may it be loaded and published, why not, what to look at, and which rows are refused."""

    day: date
    publishable: bool
    reasons: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    rejects: pl.DataFrame = field(default_factory=lambda: contract.empty("reject"))

    def apply(self, frames: Mapping[str, pl.DataFrame]) -> dict[str, pl.DataFrame]:
        """The frames of the day without the refused rows, which lie in ``reject`` now.

        Incidents must be folded again from what is left: leave out ``incident`` and ``incident_mention``, or
        replace them afterwards. Nothing evaporates: a row is in its table or in ``reject``.
        """
        refused = self.rejects["record_id"].implode()
        kept = dict(frames)
        for table, key in KEYS.items():
            if table in kept:
                kept[table] = kept[table].filter(~pl.col(key).is_in(refused))
        if "article" in kept:
            kept["article"] = _lead_copies_anew(kept["article"])
        if "coverage" in kept and "mention" in kept:
            kept["coverage"] = _recount(kept["coverage"], kept["mention"], self.rejects)
        rejects = kept.get("reject", contract.empty("reject"))
        both = pl.concat([rejects, self.rejects]).unique("reject_id", keep="last", maintain_order=True)
        kept["reject"] = contract.conform("reject", both)
        return kept

    def to_json(self) -> dict[str, object]:
        """The verdict as plain values."""
        rows = [{**row, "day": row["day"].isoformat()} for row in self.rejects.rows(named=True)]
        return {
            "day": self.day.isoformat(),
            "publishable": self.publishable,
            "reasons": list(self.reasons),
            "warnings": list(self.warnings),
            "rejects": rows,
        }

    @classmethod
    def from_json(cls, content: object) -> Verdict:
        """The verdict that ``to_json`` wrote.

        Raises:
            TerminalError: a key is missing or of another kind.
        """
        try:
            values = dict(content)  # type: ignore[call-overload]
            rows = [{**row, "day": date.fromisoformat(row["day"])} for row in values["rejects"]]
            return cls(
                date.fromisoformat(values["day"]),
                bool(values["publishable"]),
                tuple(values["reasons"]),
                tuple(values["warnings"]),
                contract.frame("reject", rows),
            )
        except (KeyError, TypeError, ValueError) as error:
            raise TerminalError(f"not a verdict ({error!r}); validate the day again") from error


def _lead_copies_anew(articles: pl.DataFrame) -> pl.DataFrame:
    """Where the first of some copies was refused, the earliest that is left leads the others."""
    known = articles["article_id"].implode()
    lost = articles.filter(pl.col("copy_of").is_not_null() & ~pl.col("copy_of").is_in(known))
    if lost.is_empty():
        return articles
    by_age = lost.sort("seen_at", "article_id")
    heads = by_age.group_by("copy_of", maintain_order=True).agg(head=pl.col("article_id").first())
    led = articles.join(heads, on="copy_of", how="left", maintain_order="left")
    anew = (
        pl.when(pl.col("head").is_null()).then(pl.col("copy_of"))
        .when(pl.col("head") != pl.col("article_id")).then(pl.col("head"))
    )  # fmt: skip
    return led.with_columns(copy_of=anew).drop("head")


def _recount(coverage: pl.DataFrame, mentions: pl.DataFrame, rejects: pl.DataFrame) -> pl.DataFrame:
    found = mentions.group_by("source_id").agg(found=pl.len())
    refused = rejects.group_by("source_id").agg(refused=pl.len())
    counted = coverage.join(found, on="source_id", how="left", maintain_order="left").join(
        refused, on="source_id", how="left", maintain_order="left"
    )
    return contract.conform(
        "coverage",
        counted.with_columns(
            n_mentions=pl.col("found").fill_null(0), n_rejects=pl.col("n_rejects") + pl.col("refused").fill_null(0)
        ).drop("found", "refused"),
    )


def read_verdict(lake: Path, day: date) -> Verdict | None:
    """The last verdict on a day that the lake holds; none for a day that was judged while it was loaded.

    Raises:
        TerminalError: the file is there but is no verdict.
    """
    path = lake / "verdict" / f"day={day.isoformat()}.json"
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except ValueError as error:
        raise TerminalError(f"{path}: not JSON ({error}); validate the day again") from error
    if not isinstance(content, dict) or "verdict" not in content:
        raise TerminalError(f"{path}: not a verdict; validate the day again")
    return Verdict.from_json(content["verdict"])
