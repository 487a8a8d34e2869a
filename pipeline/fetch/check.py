"""Ask every feed and sitemap of the sources once, and say which ones answer and can be read."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

from pipeline.discover.adapters import PAST
from pipeline.discover.past import Asked
from pipeline.discover.read import MAX_FEED_BYTES, read_entries
from pipeline.errors import RejectError
from pipeline.io.http import Client
from pipeline.sources import Discovery, Source


def check_sources(sources: list[Source], client: Client) -> list[dict[str, Any]]:
    """One row per feed or sitemap: source, adapter, url, ok, entries, note. Nothing is stored.

    Where the network is closed every row says ``not verified from here`` with the reason, and ``ok`` is false.
    """
    return client.run(_check_all(sources, client))


async def _check_all(sources: list[Source], client: Client) -> list[dict[str, Any]]:
    checks = [_check(source, how, client) for source in sources for how in source.discovery]
    return list(await asyncio.gather(*checks))


async def _check(source: Source, how: Discovery, client: Client) -> dict[str, Any]:
    row: dict[str, Any] = {"source": source.id, "adapter": how.adapter, "url": how.url}
    if how.adapter in PAST:
        return row | await _check_past(source, how, client)
    try:
        answer = await client.get(how.url, source.politeness, max_bytes=MAX_FEED_BYTES)
        read = read_entries(how.adapter, answer.body, answer.final_url)
    except RejectError as error:
        return row | {"ok": False, "entries": 0, "note": f"not verified from here: {error.reason}: {error.detail}"}
    n = len(read.entries) + len(read.children)
    note = read.damage or ("verified" if n else "answers, but lists nothing")
    return row | {"ok": n > 0, "entries": n, "note": note}


async def _check_past(source: Source, how: Discovery, client: Client) -> dict[str, Any]:
    """Ask an adapter that reaches back for the day before yesterday, which every archive should know by now."""
    day = (client.now() - timedelta(days=2)).date()
    found = await PAST[how.adapter].check(Asked(source, how, day, client))
    n = len(found.entries)
    if not found.successes:
        return {"ok": False, "entries": n, "note": f"not verified from here: {'; '.join(found.notes)}"}
    note = "; ".join(found.notes) or ("verified" if n else f"answers, but lists nothing of {day}")
    return {"ok": n > 0, "entries": n, "note": note}
