"""Discover the links of a source that belong to a day."""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from email.utils import format_datetime
from typing import Any, Literal
from zoneinfo import ZoneInfo

from pipeline import contract
from pipeline.discover.adapters import PAST, SAMPLES
from pipeline.discover.past import Asked
from pipeline.discover.read import (
    MAX_FEED_BYTES,
    Child,
    Entry,
    Read,
    parse_atom,
    parse_news_sitemap,
    parse_rss,
    parse_sitemap,
    read_entries,
)
from pipeline.discover.urls import MAX_URL_CHARS, clean_url
from pipeline.errors import RejectError
from pipeline.ids import make_id
from pipeline.io.address import check_literal, parse_address
from pipeline.io.http import Client
from pipeline.sources import Discovery, Source
from pipeline.stage import Result, reject_row

__all__ = ["Discovered", "discover", "parse_atom", "parse_news_sitemap", "parse_rss", "parse_sitemap"]

State = Literal["ok", "partial", "failed", "unreachable"]
Row = dict[str, Any]

MAX_CHILDREN = 40  # sitemaps of one index that are asked for a day
MAX_DEPTH = 2  # an index of indexes of sitemaps
MONTH = re.compile(r"(20\d\d)[-_/]?(?:\?|&|mm=|month=)*(0[1-9]|1[0-2])(?!\d)")
EPOCH = datetime(1990, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Discovered:
    """Links and rejects of a source and day, and how much of the day could be seen."""

    result: Result
    state: State
    note: str | None


@dataclass
class _Look:
    """One adapter's look at a day."""

    how: Discovery
    entries: list[tuple[Entry, str]] = field(default_factory=list)
    rejects: list[Row] = field(default_factory=list)
    failures: int = 0
    successes: int = 0
    notes: list[str] = field(default_factory=list)
    begins_at: datetime | None = None


@dataclass(frozen=True)
class _Day:
    """A source's day and the headers that ask for its state."""

    source: Source
    day: date
    start: datetime
    end: datetime
    now: datetime
    client: Client

    @property
    def is_memento(self) -> bool:
        return self.source.memento and self.end <= self.now

    def headers(self, moment: datetime) -> dict[str, str]:
        return {"Accept-Datetime": format_datetime(moment, usegmt=True)} if self.is_memento else {}


def discover(source: Source, day: date, client: Client) -> Discovered:
    """Ask the adapters of a source that reach back to a day for the links published or changed on it (UTC).

    An entry without any time belongs to the day on which it first shows: for an archive, to the day at whose end
    it is listed and at whose start it was not; else only to the current day. The same address in several feeds is
    one link, that of the earliest publication.
    """
    start = datetime(day.year, day.month, day.day, tzinfo=UTC)
    asked = _Day(source, day, start, start + timedelta(days=1), client.now(), client)
    within = [how for how in source.discovery if _reaches(how, asked)]
    if not within:
        return Discovered(Result({"link": contract.empty("link")}), "unreachable", _out_of_reach(source, day))
    looks = client.run(_look_all([how for how in within if how.adapter not in SAMPLES], asked))
    is_whole = any(_sees_whole_day(look, asked) and not look.failures for look in looks)
    if not is_whole or not _links(asked, looks, []):
        # What others chanced to see is dear and never whole: asked for where the outlet shows no whole day, or a day
        # without any article, which may be the silence of a sitemap that has forgotten it.
        looks += client.run(_look_all([how for how in within if how.adapter in SAMPLES], asked))
    rejects = [row for look in looks for row in look.rejects]
    links = _links(asked, looks, rejects)
    state, remark = _judge(asked, looks)
    frames = {"link": contract.conform("link", contract.frame("link", links))}
    unique = {row["reject_id"]: row for row in rejects}
    refused = contract.conform("reject", contract.frame("reject", list(unique.values())))
    return Discovered(Result(frames, refused), state, remark)


def _out_of_reach(source: Source, day: date) -> str:
    days = [how.reach_days for how in source.discovery if how.reach_days is not None]
    archives = [how.adapter for how in source.discovery if how.adapter in PAST]
    note = f"no adapter reaches back to {day}" + (f"; the longest reaches {max(days)} days" if days else "")
    return note + (f"; it is not, or not yet, in {', '.join(archives)}" if archives else "")


def _reaches(how: Discovery, asked: _Day) -> bool:
    if how.adapter in PAST:
        within = how.reach_days is None or asked.end > asked.now - timedelta(days=how.reach_days)
        return within and PAST[how.adapter].reach(asked.day, asked.now)
    if asked.is_memento or how.reach_days is None:
        return True
    return asked.end > asked.now - timedelta(days=how.reach_days)


async def _look_all(within: list[Discovery], asked: _Day) -> list[_Look]:
    return list(await asyncio.gather(*(_look(how, asked) for how in within)))


async def _look(how: Discovery, asked: _Day) -> _Look:
    if how.adapter in PAST:
        return await _look_back(how, asked)
    look = _Look(how)
    read = await _ask(how, how.url, asked, look)
    if read is None:
        return look
    if how.adapter in ("rss", "atom"):
        times = [time for entry in read.entries for time in [_moment(entry.published or entry.modified, asked)] if time]
        look.begins_at = min(times, default=None)
    look.entries += [(entry, how.url) for entry in read.entries]
    await _descend(how, read.children, asked, look, MAX_DEPTH)
    await _drop_old_undated(how, asked, look)
    return look


async def _look_back(how: Discovery, asked: _Day) -> _Look:
    """What an adapter that reaches back found; it has chosen the links of the day itself."""
    found = await PAST[how.adapter].look(Asked(asked.source, how, asked.day, asked.client))
    rejects = [
        reject_row("discover", asked.source.id, asked.day, one.locator, one.reason, one.detail, one.locator)
        for one in found.refused
    ]
    return _Look(how, found.entries, rejects, found.failures, found.successes, found.notes)


async def _descend(how: Discovery, children: list[Child], asked: _Day, look: _Look, depth: int) -> None:
    """Read the sitemaps of an index that may hold the day."""
    wanted = [child for child in children if _may_hold(child, asked)]
    if len(wanted) > MAX_CHILDREN:
        look.notes.append(f"{how.url}: {len(wanted)} sitemaps may hold the day, {MAX_CHILDREN} were asked")
        wanted = sorted(wanted, key=lambda child: _nearness(child, asked))[:MAX_CHILDREN]
    for child in wanted:
        read = await _ask(how, child.url, asked, look)
        if read is None:
            continue
        look.entries += [(entry, child.url) for entry in read.entries]
        if read.children and depth > 1:
            await _descend(how, read.children, asked, look, depth - 1)


def _may_hold(child: Child, asked: _Day) -> bool:
    """Not where the sitemap was last changed before the day, or is that of a later month."""
    modified = _moment(child.modified, asked)
    # A day of grace: some indexes give the time of their own making, in a zone they do not name.
    if modified is not None and modified < asked.start - timedelta(days=1):
        return False
    month = MONTH.search(child.url)
    if month is None:
        return True
    named = (int(month[1]), int(month[2]))
    # The last hours of a month in UTC are the next month east of Greenwich.
    eastern = asked.end + timedelta(hours=14)
    if named > (eastern.year, eastern.month):
        return False
    return modified is not None or named == (asked.day.year, asked.day.month) or named == (eastern.year, eastern.month)


def _nearness(child: Child, asked: _Day) -> tuple[float, str]:
    modified = _moment(child.modified, asked)
    return (abs((modified - asked.end).total_seconds()) if modified else float("inf"), child.url)


async def _ask(how: Discovery, url: str, asked: _Day, look: _Look) -> Read | None:
    try:
        answer = await asked.client.get(url, asked.source.politeness, asked.headers(asked.end), MAX_FEED_BYTES)
        read = read_entries(how.adapter, answer.body, answer.final_url)
    except RejectError as error:
        look.failures += 1
        look.notes.append(error.detail)
        look.rejects.append(reject_row("discover", asked.source.id, asked.day, url, error.reason, error.detail, url))
        return None
    look.successes += 1
    if read.damage:
        look.failures += 1
        look.notes.append(read.damage)
        look.rejects.append(
            reject_row("discover", asked.source.id, asked.day, url, "feed_unreadable", read.damage, url)
        )
    return read


async def _drop_old_undated(how: Discovery, asked: _Day, look: _Look) -> None:
    """Entries without a time stay only where this day is the first that shows them."""
    undated = {entry.url for entry, _ in look.entries if not (entry.published or entry.modified)}
    if not undated or how.adapter not in ("rss", "atom"):
        return
    if asked.is_memento:
        headers = asked.headers(asked.start)
        try:
            answer = await asked.client.get(how.url, asked.source.politeness, headers, MAX_FEED_BYTES)
            before = read_entries(how.adapter, answer.body, answer.final_url).entries
        except RejectError as error:
            look.notes.append(f"{len(undated)} entries without a time: the state before is unknown: {error.detail}")
            before = []
        undated &= {entry.url for entry in before}
    elif asked.start <= asked.now < asked.end:
        return
    else:
        look.notes.append(f"{how.url}: {len(undated)} entries without a time belong to no past day")
    look.entries = [
        (entry, found_in) for entry, found_in in look.entries
        if entry.published or entry.modified or entry.url not in undated
    ]  # fmt: skip


def _links(asked: _Day, looks: list[_Look], rejects: list[Row]) -> list[Row]:
    best: dict[str, tuple[tuple[Any, ...], Row]] = {}
    for order, look in enumerate(looks):
        for entry, found_in in look.entries:
            row = _link(entry, found_in, look.how, asked, rejects)
            if row is None:
                continue
            rank = (row["published_at"] or asked.end, order, found_in, row["title"] or "")
            if row["url"] in best:
                rank, row = min((best[row["url"]], (rank, row)), key=lambda pair: pair[0])
                row = _merge(row, best[row["url"]][1], entry, asked)
            best[row["url"]] = (rank, row)
    return [row for _, row in best.values()]


def _merge(row: Row, other: Row, entry: Entry, asked: _Day) -> Row:
    times = [row["modified_at"], other["modified_at"], _moment(entry.modified, asked)]
    modified = max((time for time in times if time), default=None)
    return row | {"modified_at": modified, "title": row["title"] or other["title"] or entry.title}


def _link(entry: Entry, found_in: str, how: Discovery, asked: _Day, rejects: list[Row]) -> Row | None:
    published, modified = _moment(entry.published, asked), _moment(entry.modified, asked)
    dated = published or modified
    if dated and not any(time and asked.start <= time < asked.end for time in (published, modified)):
        return None
    if not dated and how.adapter not in ("rss", "atom", *PAST):
        return None
    try:
        if len(entry.url) > MAX_URL_CHARS:
            raise RejectError("address_unsafe", f"address of {len(entry.url)} characters; the limit is {MAX_URL_CHARS}")
        check_literal(parse_address(entry.url), asked.client.settings.allow_private)
        url = clean_url(entry.url)
    except (RejectError, ValueError) as error:
        detail = error.detail if isinstance(error, RejectError) else str(error)
        record = make_id("lnk", asked.source.id, asked.day, entry.url)
        rejects.append(
            reject_row("discover", asked.source.id, asked.day, record, "address_unsafe", detail, entry.url[:500])
        )
        return None
    return {
        "link_id": make_id("lnk", asked.source.id, asked.day.isoformat(), url),
        "source_id": asked.source.id,
        "day": asked.day,
        "url": url,
        "title": entry.title,
        "published_at": published,
        "modified_at": modified,
        "adapter": how.adapter,
        "found_in": found_in,
    }


def _moment(time: datetime | None, asked: _Day) -> datetime | None:
    """A feed's time in UTC; without a zone it is meant in that of the source. Nonsense years are no time."""
    if time is None:
        return None
    try:
        moment = time.replace(tzinfo=time.tzinfo or ZoneInfo(asked.source.timezone)).astimezone(UTC)
    except (OverflowError, ValueError):
        return None
    return moment if moment >= EPOCH else None


def _judge(asked: _Day, looks: list[_Look]) -> tuple[State, str | None]:
    notes = [note for look in looks for note in look.notes]
    if not any(look.successes for look in looks):
        return "failed", "; ".join(notes) or None
    partial = any(look.failures for look in looks)
    is_whole = any(_sees_whole_day(look, asked) for look in looks)
    samples = [look for look in looks if look.how.adapter in SAMPLES and look.successes]
    if samples and (not is_whole or any(look.entries for look in samples)):
        names = ", ".join(sorted({look.how.adapter for look in samples}))
        return "partial", "; ".join([f"seen through {names}, which may have missed pages", *notes])
    if not is_whole:
        begins = min((look.begins_at for look in looks if look.begins_at), default=None)
        if begins is None or begins >= asked.end:
            when = f"begin at {begins:%Y-%m-%d %H:%M} UTC, after the day" if begins else "list nothing with a time"
            return "unreachable", "; ".join([f"feeds {when}", *notes])
        partial = True
        notes.insert(0, f"feeds begin at {begins:%Y-%m-%d %H:%M} UTC; earlier articles of the day may be missing")
    return ("partial" if partial else "ok"), "; ".join(notes) or None


def _sees_whole_day(look: _Look, asked: _Day) -> bool:
    """A sitemap lists its whole reach; a feed as far back as its oldest entry; an archive what it chanced to see."""
    if not look.successes or look.how.adapter in SAMPLES:
        return False
    if look.how.adapter not in ("rss", "atom"):
        return True
    if look.begins_at is None:
        return asked.is_memento or asked.now < asked.end
    return look.begins_at <= asked.start
