"""Frames as Great Expectations gets them: few columns, and cross-column sense worked out as true or false.

A column ``is_…`` is true where the row makes sense, false where it does not, null where the question does not arise.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta

import polars as pl

from pipeline import contract
from pipeline.settings import ExpectSettings

Frames = Mapping[str, pl.DataFrame]

# Newsrooms date by local time (up to UTC+5) and embargoes slip; a day of slack keeps honest pages in.
SLACK = timedelta(days=1)
# Rejects that say "could not be read"; the others say "read, and not for us".
FAILED_READS = (
    "not_html", "undecodable", "no_text", "too_long", "archive_corrupt", "failed_expectation", "no_span",
    "internal_error",
)  # fmt: skip
TOLLS = ("killed", "injured", "abducted", "arrested")
OPEN_POLARITIES = ("planned", "hypothetical")


def prepare(day: date, frames: Frames, history: pl.DataFrame, expect: ExpectSettings) -> dict[str, pl.DataFrame]:
    """The batches to judge, by suite: one per table of the day, and ``day`` with one row of its figures."""
    return {
        "article": _articles(day, frames),
        "entity": _spans("entity", frames),
        "mention": _spans("mention", frames),
        "claim": _claims(frames),
        "incident": _incidents(frames),
        "coverage": _coverage(frames),
        "day": _day(day, frames, history),
    }


def _get(frames: Frames, table: str) -> pl.DataFrame:
    return frames[table] if table in frames else contract.empty(table)


def _articles(day: date, frames: Frames) -> pl.DataFrame:
    articles, captures = _get(frames, "article"), _get(frames, "capture")
    hashed = pl.col("text").map_elements(_sha256, return_dtype=pl.String)
    return articles.select(
        "article_id",
        "url",
        "title",
        "language",
        text_chars=pl.col("text").str.len_chars().cast(pl.Int64),
        is_from_capture=pl.col("capture_id").is_in(captures["capture_id"].implode()),
        is_digest_of_text=hashed == pl.col("text_sha256"),
        is_published_before_seen=pl.col("published_at") <= pl.col("seen_at") + SLACK,
        is_dated=pl.col("published_at").is_not_null() == (pl.col("published_precision") != "unknown"),
        is_fresh=(pl.col("published_at").dt.date() - pl.lit(day)).abs() <= SLACK,
        # What is left of UTF-8 that was read as Latin-1 or Windows-1252.
        is_decoded=~pl.col("text").str.contains(r"Ã[\x{0080}-\x{00bf}]|â€|Ø[§-´].Ù|\x{FFFD}"),
    )


def _sha256(text: str) -> str:
    from pipeline.ids import sha256_text

    return sha256_text(text)


def _with_text(table: str, frames: Frames) -> pl.DataFrame:
    texts = _get(frames, "article").select("article_id", "text")
    return _get(frames, table).join(texts, on="article_id", how="left", maintain_order="left")


def _slice() -> pl.Expr:
    """Whether the quote is the words at its span; null where the article is not of this day (a correction)."""
    length = pl.col("char_end") - pl.col("char_start")
    return pl.col("text").str.slice(pl.col("char_start"), length) == pl.col("quote")


def _spans(table: str, frames: Frames) -> pl.DataFrame:
    return _with_text(table, frames).select(
        f"{table}_id", "confidence", is_quote_at_span=_slice(), is_in_article=pl.col("text").is_not_null()
    )


def _claims(frames: Frames) -> pl.DataFrame:
    mentions = _get(frames, "mention").select("mention_id", "polarity", "event_type")
    claims = _with_text("claim", frames).join(mentions, on="mention_id", how="left", maintain_order="left")
    by_analyst = pl.col("source_id") == "analyst"
    is_toll = pl.col("field").is_in(TOLLS)
    said_on = pl.coalesce("said_at", "seen_at").dt.date()
    may_be_future = pl.col("polarity").is_in(OPEN_POLARITIES)
    figures = pl.any_horizontal(pl.col("low", "best", "high").is_not_null())
    return claims.select(
        "claim_id",
        "confidence",
        "lat",
        "lon",
        "best",
        is_quote_at_span=_slice(),
        is_of_mention=by_analyst | pl.col("polarity").is_not_null(),
        is_ordered_toll=(pl.col("low") <= pl.col("high")),
        is_dated_before_said=pl.when(~may_be_future).then(pl.col("starts_on") <= said_on + SLACK),
        is_toll_with_figure=pl.when(is_toll & (pl.col("qualifier") == "exact")).then(figures),
        is_figure_of_toll=pl.when(~is_toll).then(~figures),
        is_toll_with_group=pl.when(is_toll).then(pl.col("victim_group").is_not_null()),
        is_place_on_its_side=_on_its_side(),
        is_known_before_use=by_analyst | (pl.col("said_at") <= pl.col("seen_at") + SLACK),
    )


def _on_its_side() -> pl.Expr:
    """Whether coordinates lie in the box around their country; null for other countries (boxes: a degree of slack)."""
    lat, lon = pl.col("lat"), pl.col("lon")
    return (
        pl.when(lat.is_null() | lon.is_null()).then(None)
        .when(pl.col("country") == "IR").then(lat.is_between(24, 41) & lon.is_between(43, 64.5))
        .when(pl.col("country") == "PK").then(lat.is_between(22.5, 38) & lon.is_between(60, 78.5))
    )  # fmt: skip


def _incidents(frames: Frames) -> pl.DataFrame:
    groups = ("security_forces", "civilians", "attackers", "unknown")
    parts = pl.sum_horizontal([pl.col(f"killed_{group}").fill_null(0) for group in groups])
    return _get(frames, "incident").select(
        "incident_id",
        "killed_best",
        "n_mentions",
        "n_articles",
        "n_independent",
        is_sum_of_parts=pl.when(pl.col("killed_best").is_not_null()).then(parts <= pl.col("killed_best")),
        is_dated_before_seen=pl.col("starts_on") <= pl.col("first_seen_at").dt.date() + SLACK,
        is_dated=pl.col("starts_on").is_not_null() == (pl.col("date_precision") != "unknown"),
        is_seen_in_order=pl.col("first_seen_at") <= pl.col("last_seen_at"),
        is_placed=pl.col("place_name").is_not_null(),
        is_place_on_its_side=_on_its_side(),
        is_perpetrator_with_stance=pl.when(pl.col("perpetrator").is_not_null()).then(
            pl.col("perpetrator_stance").is_not_null()
        ),
        is_of_known_type=pl.col("event_type").is_in(contract_list("mention", "event_type")),
    )


def contract_list(table: str, column: str) -> list[str]:
    """The closed list that the contract gives for a column."""
    from pipeline.codebook import closed_lists

    return list(closed_lists(table)[column])


def _coverage(frames: Frames) -> pl.DataFrame:
    return _get(frames, "coverage").select(
        "source_id",
        "state",
        is_sum_of_links=pl.col("n_fetched") + pl.col("n_failed") <= pl.col("n_links"),
        is_relevant_read=pl.col("n_relevant") <= pl.col("n_read"),
        is_ok_whole=pl.when(pl.col("state") == "ok").then(pl.col("n_failed") == 0),
        is_explained=pl.when(pl.col("state") != "ok").then(pl.col("note").is_not_null()),
        is_not_failed=pl.col("state") != "failed",
    )


def _day(day: date, frames: Frames, history: pl.DataFrame) -> pl.DataFrame:
    articles, captures, coverage = _get(frames, "article"), _get(frames, "capture"), _get(frames, "coverage")
    failed = _get(frames, "reject").filter(
        pl.col("reason").is_in(FAILED_READS) & pl.col("record_id").str.contains("^(cap|art)_")
    )
    usual = history.group_by("day").agg(read=pl.col("n_read").sum())["read"]
    n_fetched = int(coverage["n_fetched"].sum())
    figures = {
        "day": day.isoformat(),
        "n_sources": coverage.height,
        "n_articles": articles.height,
        "failed_source_share": _share(coverage.filter(pl.col("state") == "failed").height, coverage.height),
        "reject_share": _share(failed["record_id"].n_unique(), captures.height),
        "mention_without_date_share": _undated(frames),
        "is_something_read": articles.height > 0 or n_fetched == 0,
        "volume_against_usual": _against(articles.height, usual),
    }
    return pl.DataFrame([figures], schema_overrides={"volume_against_usual": pl.Float64})


def _share(part: int, whole: int) -> float:
    return part / whole if whole else 0.0


def _undated(frames: Frames) -> float:
    """Share of main, asserted mentions of the theatre that have no dated claim."""
    mentions = _get(frames, "mention").filter(
        (pl.col("role") == "main") & (pl.col("polarity") == "asserted") & pl.col("is_in_theatre")
    )
    dated = _get(frames, "claim").filter((pl.col("field") == "date") & pl.col("starts_on").is_not_null())
    return _share(mentions.join(dated, on="mention_id", how="anti").height, mentions.height)


def _against(today: int, usual: pl.Series) -> float | None:
    """Today's articles over the median of earlier days; null where fewer than three days are known."""
    median = usual.median()
    if usual.len() < 3 or not isinstance(median, int | float) or median == 0:
        return None
    return today / float(median)
