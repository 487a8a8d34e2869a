"""The suites, in Python: what a schema cannot say. Each expectation has a name, a reason and a severity.

Great Expectations is heavy to import, so this module must be imported by ``judge`` only, inside its function.
"""

from __future__ import annotations

from typing import Any, Literal

import great_expectations.expectations

from pipeline.settings import Knobs

# Typed as Any: the package says that it is typed, but exports no names.
gxe: Any = great_expectations.expectations

Severity = Literal["critical", "warning", "info"]

# The deadliest attacks of the region killed fewer than 200; a number above this is a year, a distance or a price.
MOST_PLAUSIBLE_TOLL = 1000


def suites(knobs: Knobs) -> dict[str, list[Any]]:
    """Expectations by suite; the suites are those of ``prepare``."""
    return {
        "article": _article(knobs),
        "entity": _span("entity"),
        "mention": _span("mention"),
        "claim": _claim(),
        "incident": _incident(),
        "coverage": _coverage(),
        "day": _day(knobs),
    }


def _named(name: str, why: str, severity: Severity) -> dict[str, Any]:
    # The pages of Great Expectations show the description and not the severity.
    return {"severity": severity, "description": f"{why} ({severity})", "meta": {"name": name, "why": why}}


def _true(column: str, why: str, severity: Severity, mostly: float = 1.0) -> Any:
    """A column ``is_…`` of ``prepare`` is never false."""
    return gxe.ExpectColumnValuesToBeInSet(
        column=column, value_set=[True], mostly=mostly, **_named(column.removeprefix("is_"), why, severity)
    )


def _at_least(larger: str, smaller: str, why: str) -> Any:
    return gxe.ExpectColumnPairValuesAToBeGreaterThanB(
        column_A=larger,
        column_B=smaller,
        or_equal=True,
        ignore_row_if="either_value_is_missing",
        **_named(f"{smaller}_within_{larger}", why, "critical"),
    )


def _between(column: str, low: float | None, high: float | None, name: str, why: str, severity: Severity) -> Any:
    return gxe.ExpectColumnValuesToBeBetween(
        column=column, min_value=low, max_value=high, **_named(name, why, severity)
    )


def _id(table: str, prefix: str) -> list[Any]:
    column = f"{table}_id"
    return [
        gxe.ExpectColumnValuesToBeUnique(column=column, **_named("unique_id", "An id stands for one row.", "critical")),
        gxe.ExpectColumnValuesToMatchRegex(
            column=column,
            regex=f"^{prefix}_[0-9a-f]{{16}}$",
            **_named("form_of_id", "Ids are a prefix and 16 hex digits.", "critical"),
        ),
    ]


def _article(knobs: Knobs) -> list[Any]:
    return [
        *_id("article", "art"),
        gxe.ExpectColumnValuesToMatchRegex(
            column="url",
            regex=r"^https?://[^\s]+$",
            **_named("web_address", "An article has a web address that a reader can open.", "critical"),
        ),
        _between("text_chars", 1, None, "has_text", "An article has text.", "critical"),
        _true("is_from_capture", "Text comes from bytes that are in the archive.", "critical"),
        _true("is_digest_of_text", "The digest is that of the text, so spans stay true.", "critical"),
        _true(
            "is_published_before_seen",
            "Nothing can be seen before it is published; such a date is page furniture.",
            "critical",
        ),
        _true("is_dated", "Precision is unknown exactly where there is no publication time.", "warning"),
        _true("is_fresh", "Most articles of a day were published on it or next to it.", "warning", 0.5),
        _true("is_decoded", "Text was read in its own character set.", "warning", 0.98),
        gxe.ExpectColumnValuesToNotBeNull(
            column="title", mostly=0.9, **_named("has_title", "Nearly every article has a headline.", "warning")
        ),
        _between(
            "text_chars",
            knobs.clean.min_text_chars,
            None,
            "long_enough",
            "Shorter texts are stubs, captions or paywalls.",
            "warning",
        ),
    ]


def _span(table: str) -> list[Any]:
    return [
        *_id(table, {"entity": "ent", "mention": "men"}[table]),
        _true("is_in_article", "The article that it was read in is there.", "critical"),
        _true("is_quote_at_span", "The quote is the words at its span.", "critical"),
        gxe.ExpectColumnMeanToBeBetween(
            column="confidence",
            min_value=0.3,
            **_named("reader_is_sure", "A reader that doubts most of what it reads needs a look.", "info"),
        ),
    ]


def _claim() -> list[Any]:
    return [
        *_id("claim", "clm"),
        _true("is_of_mention", "A claim belongs to a mention of the day.", "critical"),
        _true("is_quote_at_span", "No value without a quote: the quote is the words at its span.", "critical"),
        _true("is_ordered_toll", "The lowest figure is not above the highest.", "critical"),
        _between(
            "best", 0, MOST_PLAUSIBLE_TOLL, "plausible_toll", "A larger number is no toll of one incident.", "critical"
        ),
        _true("is_figure_of_toll", "Only tolls have figures.", "critical"),
        _true("is_dated_before_said", "Nobody reports today what happens after tomorrow.", "critical"),
        _true("is_place_on_its_side", "Coordinates lie in the country that is named.", "critical"),
        _true("is_toll_with_figure", "An exact toll has a figure.", "warning"),
        _true("is_toll_with_group", "A toll says whom it counts.", "warning"),
        _true("is_known_before_use", "A claim is said before it can be seen.", "warning"),
    ]


def _incident() -> list[Any]:
    return [
        *_id("incident", "inc"),
        _at_least("n_mentions", "n_articles", "An article that tells of it has a mention."),
        _at_least("n_articles", "n_independent", "Independent sources are some of the articles."),
        _true("is_sum_of_parts", "The groups do not add up to more than the total.", "critical"),
        _true("is_dated_before_seen", "An incident is not seen before it happens.", "critical"),
        _true("is_dated", "Date precision is unknown exactly where there is no date.", "critical"),
        _true("is_seen_in_order", "First seen is not after last seen.", "critical"),
        _true("is_place_on_its_side", "Coordinates lie in the country that is named.", "critical"),
        _true("is_of_known_type", "The type is one that mentions can have.", "critical"),
        _between(
            "killed_best", 0, MOST_PLAUSIBLE_TOLL, "plausible_toll", "A larger number is no toll of one incident.",
            "critical",
        ),
        _true("is_perpetrator_with_stance", "A perpetrator comes with how it is known.", "warning"),
        _true("is_placed", "Most incidents can be placed.", "info", 0.8),
    ]  # fmt: skip


def _coverage() -> list[Any]:
    return [
        gxe.ExpectColumnValuesToBeUnique(
            column="source_id", **_named("one_row_per_source", "A source has one row a day.", "critical")
        ),
        _true("is_sum_of_links", "Fetched and failed links are among those found.", "critical"),
        _true("is_relevant_read", "Relevant articles are among those read.", "critical"),
        _true("is_ok_whole", "A source is ok only if no link failed.", "warning"),
        _true("is_explained", "A state that is not ok is explained.", "warning"),
        _true("is_not_failed", "Most sources answer.", "warning", 0.8),
    ]


def _day(knobs: Knobs) -> list[Any]:
    expect = knobs.expect
    return [
        _between(
            "reject_share", 0, expect.reject_share.max, "reject_budget",
            "Share of captures that could not be read.", expect.reject_share.severity,
        ),
        _between(
            "mention_without_date_share", 0, expect.mention_without_date_share.max, "undated_budget",
            "Share of mentions whose event has no date.", expect.mention_without_date_share.severity,
        ),
        _between(
            "failed_source_share", 0, 0.999, "some_source_answers",
            "A day of which every source failed is no day to publish.", "critical",
        ),
        _between("n_sources", 1, None, "covered", "Every day has a coverage row for each source.", "critical"),
        _true("is_something_read", "Pages were fetched, so some of them are articles.", "warning"),
        _between(
            "volume_against_usual", 0.2, 5, "usual_volume",
            "Articles against the median of the last days; far off means a broken feed or a flood.", "warning",
        ),
    ]  # fmt: skip
