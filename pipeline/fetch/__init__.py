"""Fetch the pages of a day's links into the archive; what is there already stays as it is."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import polars as pl

from pipeline import contract
from pipeline.discover.adapters import CAPTURES
from pipeline.errors import RejectError, SarhadError
from pipeline.fetch.capture import capture_row, fields_of, place_of, row_of
from pipeline.fetch.check import check_sources
from pipeline.io.http import Client
from pipeline.io.warc import Segment, Stored, open_segment
from pipeline.sources import Source
from pipeline.stage import Result, reject_row

__all__ = ["accept_datetime", "check_sources", "fetch"]

Row = dict[str, Any]
Progress = Callable[[int, int], None]


@dataclass
class _Outcome:
    captures: list[Row] = field(default_factory=list)
    rejects: list[Row] = field(default_factory=list)


def fetch(
    source: Source,
    day: date,
    links: pl.DataFrame,
    archive: Path,
    known: pl.DataFrame,
    client: Client,
    on_progress: Progress | None = None,
) -> Result:
    """Fetch the links of a source and day; ``known`` are its captures so far, and they are kept unchanged.

    A link is asked for again only where its feed says that it changed after the last capture. Captures that an
    interrupted run wrote into the archive are taken over, not fetched twice.

    Raises:
        TransientError: the archive cannot be written, or another run is writing this part of it.
    """
    outcome = _Outcome()
    files = set(known["warc_file"].unique())
    with open_segment(archive, day, source.id, files) as segment:
        outcome.captures = _take_over(known, segment.found, links)
        work = [(link, last) for link, last in _last_captures(links, outcome.captures) if _is_due(source, link, last)]
        total = links.height
        if on_progress:
            on_progress(total - len(work), total)
        told = (lambda done: on_progress(total - len(work) + done, total)) if on_progress else None
        client.run(_fetch_all(source, day, work, segment, client, outcome, told))
    return Result({"capture": contract.conform("capture", contract.frame("capture", outcome.captures))},
                  contract.conform("reject", contract.frame("reject", outcome.rejects)))  # fmt: skip


def accept_datetime(source: Source, day: date, now: datetime) -> dict[str, str]:
    """The header that asks an archive for the state at the end of a day (RFC 7089); none for other sources."""
    end = datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(days=1)
    return {"Accept-Datetime": format_datetime(end, usegmt=True)} if source.memento and end <= now else {}


def _take_over(known: pl.DataFrame, found: list[Stored], links: pl.DataFrame) -> list[Row]:
    """Known captures, and those that lie in the archive without the table knowing of them."""
    captures = {row["capture_id"]: row for row in known.iter_rows(named=True)}
    wanted = set(links["link_id"])
    for stored in found:
        row = row_of(stored)
        if row is not None and row["link_id"] in wanted:
            captures.setdefault(row["capture_id"], row)
    return list(captures.values())


def _last_captures(links: pl.DataFrame, captures: list[Row]) -> list[tuple[Row, Row | None]]:
    last: dict[str, Row] = {}
    for row in sorted(captures, key=lambda row: (row["fetched_at"], row["capture_id"])):
        last[row["link_id"]] = row
    return [(link, last.get(link["link_id"])) for link in links.sort("link_id").iter_rows(named=True)]


def _is_due(source: Source, link: Row, last: Row | None) -> bool:
    """Never captured, or said to have changed since; the past of an archive does not change."""
    if last is None:
        return True
    changed: datetime | None = link["modified_at"]
    # HTTP dates have whole seconds, feeds may have fractions.
    return changed is not None and not source.memento and changed > last["seen_at"] + timedelta(seconds=1)


async def _fetch_all(
    source: Source,
    day: date,
    work: list[tuple[Row, Row | None]],
    segment: Segment,
    client: Client,
    outcome: _Outcome,
    on_done: Callable[[int], None] | None,
) -> None:
    done = 0
    queue = iter(work)

    async def drain() -> None:
        nonlocal done
        for link, last in queue:
            await _fetch_one(source, day, link, last, segment, client, outcome)
            done += 1
            if on_done:
                on_done(done)

    try:
        async with asyncio.TaskGroup() as group:
            for _ in range(min(len(work), source.politeness.max_concurrent)):
                group.create_task(drain())
    except ExceptionGroup as errors:
        # A full disk hits all workers alike; the first one says it.
        first = errors.exceptions[0]
        raise first if isinstance(first, SarhadError) else errors from first


async def _fetch_one(
    source: Source, day: date, link: Row, last: Row | None, segment: Segment, client: Client, outcome: _Outcome
) -> None:
    headers = accept_datetime(source, day, client.now())
    if last is not None:
        headers |= {"If-None-Match": last["etag"]} if last["etag"] else {}
        headers |= {"If-Modified-Since": last["last_modified"]} if last["last_modified"] else {}
    try:
        if link["adapter"] in CAPTURES:
            answer = await CAPTURES[link["adapter"]](link["url"], link["found_in"], client, source.politeness)
        else:
            answer = await client.get(link["url"], source.politeness, headers)
        if answer.status == 304 and last is None:
            raise RejectError("http_error", f"{link['url']}: HTTP 304 though nothing was known of it")
    except RejectError as error:
        outcome.rejects.append(
            reject_row("fetch", source.id, day, link["link_id"], error.reason, error.detail, link["url"])
        )
        return
    row = capture_row(link, answer)
    same = last if answer.status == 304 else _find(outcome.captures, row["capture_id"])
    if same is not None:
        detail = "the page is as it was when it was captured"
        outcome.rejects.append(
            reject_row("fetch", source.id, day, same["capture_id"], "unchanged", detail, link["url"])
        )
        return
    stored = segment.add(answer, fields_of(row, answer.hops))
    outcome.captures.append(row | place_of(stored))


def _find(captures: list[Row], capture_id: str) -> Row | None:
    return next((row for row in captures if row["capture_id"] == capture_id), None)
