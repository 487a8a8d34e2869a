"""What the adapters that reach back share: the question, what was found, and whose day a page is."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from urllib.parse import urlsplit

from pipeline.discover.read import Entry
from pipeline.errors import RejectError
from pipeline.io.http import Answer, Client
from pipeline.sources import Discovery, Politeness, Source

MAX_PROBLEMS = 50  # malformed rows named one by one; the rest of a file is counted
# A day in an address: /2024/01/16/, /2024-1-16/ or /20240116/, as its own part of the path.
URL_DAY = re.compile(r"(?:^|[/_-])((?:19|20)\d\d)([/_-]?)(\d{1,2})\2(\d{1,2})(?=$|[/_.-])")


@dataclass(frozen=True)
class Refusal:
    """A record that could not be used: where it was, a reason of the closed list, and what was wrong."""

    locator: str
    reason: str
    detail: str


@dataclass
class Finding:
    """What one look at a day found.

    Attributes:
        entries: links of the day, each with where it was found (for an archive: the address of the capture).
        failures: requests or files that could not be read; with any of them the day is seen in part.
        notes: what a reader of ``coverage`` should know.
    """

    entries: list[tuple[Entry, str]] = field(default_factory=list)
    refused: list[Refusal] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    successes: int = 0
    failures: int = 0

    def add(self, entries: Iterable[tuple[Entry, str]]) -> None:
        """Take entries; the same address counts once, where it was found first."""
        known = {entry.url for entry, _ in self.entries}
        for entry, found_in in entries:
            if entry.url not in known:
                known.add(entry.url)
                self.entries.append((entry, found_in))

    def fail(self, locator: str, error: RejectError) -> None:
        """Record that something of the day could not be seen."""
        self.failures += 1
        self.notes.append(error.detail)
        self.refused.append(Refusal(locator, error.reason, error.detail))

    def refuse(self, locator: str, problems: list[str]) -> None:
        """Record malformed rows of a file that was otherwise read, one ``feed_unreadable`` each."""
        for number, problem in enumerate(problems[:MAX_PROBLEMS]):
            self.refused.append(Refusal(f"{locator}#problem={number}", "feed_unreadable", problem))
        if len(problems) > MAX_PROBLEMS:
            rest = f"{locator}: {len(problems) - MAX_PROBLEMS} more malformed rows"
            self.refused.append(Refusal(f"{locator}#problem=rest", "feed_unreadable", rest))
        if problems:
            self.failures += 1
            self.notes.append(f"{locator}: {len(problems)} malformed rows")


@dataclass(frozen=True)
class Asked:
    """A source's day (UTC, ``start`` up to ``end``) as one adapter is asked for it."""

    source: Source
    how: Discovery
    day: date
    client: Client

    @property
    def start(self) -> datetime:
        """Midnight at the begin of the day."""
        return datetime(self.day.year, self.day.month, self.day.day, tzinfo=UTC)

    @property
    def end(self) -> datetime:
        """Midnight at its end."""
        return self.start + timedelta(days=1)

    def politeness(self, service: Politeness) -> Politeness:
        """That of the service, or the pause that the source declares for it."""
        delay = self.how.delay_s
        return service if delay is None else service.model_copy(update={"delay_s": delay})

    def owns(self, url: str, seen_at: datetime) -> bool:
        """Whether a page belongs to the day: by the day in its address, else by when an archive first saw it."""
        named = url_day(url)
        return named == self.day if named else self.start <= seen_at < self.end


async def ask(
    asked: Asked,
    url: str,
    service: Politeness,
    finding: Finding,
    max_bytes: int,
    headers: Mapping[str, str] | None = None,
) -> Answer | None:
    """One request; a refusal is recorded in ``finding`` and gives None."""
    try:
        return await asked.client.get(url, asked.politeness(service), headers, max_bytes)
    except RejectError as error:
        finding.fail(url, error)
        return None


def url_day(url: str) -> date | None:
    """The day that the path of an address names; None where it names none."""
    for match in URL_DAY.finditer(urlsplit(url).path):
        separator, month, number = match[2], match[3], match[4]
        if not separator and (len(month), len(number)) != (2, 2):
            continue
        try:
            return date(int(match[1]), int(month), int(number))
        except ValueError:
            continue
    return None


def is_of_hosts(url: str, hosts: Iterable[str]) -> bool:
    """Whether an address lies on one of the hosts (``host`` with its subdomains, or ``host/path``)."""
    try:
        parts = urlsplit(url)
        here, port = (parts.hostname or "").lower(), parts.port
    except ValueError:
        return False
    for host in hosts:
        place, slash, path = host.partition("/")
        name, _, wanted_port = place.partition(":")
        if wanted_port and str(port) != wanted_port:
            continue
        if (here == name or here.endswith(f".{name}")) and (parts.path or "/").startswith(slash + path):
            return True
    return False
