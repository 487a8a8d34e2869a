"""The adapters that reach back, by the name that a source gives them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime

from pipeline.discover import archive_page, common_crawl, gdelt, gdelt_files, wayback
from pipeline.discover.past import Asked, Finding
from pipeline.io.http import Answer, Client
from pipeline.sources import Politeness

Look = Callable[[Asked], Awaitable[Finding]]


@dataclass(frozen=True)
class Past:
    """An adapter.

    Attributes:
        reach: whether it can know of a day, now.
        look: the links of a day.
        check: what ``sarhad sources check`` asks: a look, or less where a look is dear.
    """

    reach: Callable[[date, datetime], bool]
    look: Look
    check: Look


PAST: Mapping[str, Past] = {
    "archive_page": Past(archive_page.reach, archive_page.look, archive_page.look),
    "gdelt": Past(gdelt.reach, gdelt.look, gdelt.look),
    "gdelt_files": Past(gdelt_files.reach, gdelt_files.look, gdelt_files.look_lightly),
    "wayback": Past(wayback.reach, wayback.look, wayback.look),
    "common_crawl": Past(common_crawl.reach, common_crawl.look, common_crawl.look_lightly),
}

# Adapters that see a day through what somebody else chanced to see of it.
SAMPLES = frozenset(PAST) - {"archive_page"}

# Adapters whose links are fetched from the archive that found them, not from the outlet.
CAPTURES: Mapping[str, Callable[[str, str, Client, Politeness], Awaitable[Answer]]] = {
    "wayback": wayback.fetch_capture,
    "common_crawl": common_crawl.fetch_capture,
}
