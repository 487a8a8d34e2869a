"""The only module that asks the network: polite, bounded, cookie-less, and only public http(s) addresses.

Every hop of a redirect is a request of its own: checked, allowed by robots.txt, and in its host's turn.
"""

from __future__ import annotations

import asyncio
import random
import ssl
import time
from collections.abc import Callable, Coroutine, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, TypeVar
from urllib.parse import quote, urljoin

import httpcore
import httpx
from protego import Protego

from pipeline.errors import RejectError
from pipeline.io.address import CheckedBackend, Resolver, check_literal, parse_address, resolve
from pipeline.io.unpack import BrokenBodyError, unpack
from pipeline.settings import FetchSettings
from pipeline.sources import Politeness

T = TypeVar("T")
Headers = tuple[tuple[str, str], ...]

REDIRECTS = (301, 302, 303, 307, 308)
TRANSIENT_STATUS = (408, 425, 429, 500, 502, 503, 504)
ROBOTS_MAX_BYTES = 512_000  # RFC 9309, 2.5: at least 500 KiB must be read
MAX_CRAWL_DELAY_S = 60.0  # a site that asks for more is read slowly, not never
MAX_RETRY_AFTER_S = 60.0  # longer waits are left to the next run
HOST_GIVES_UP_AFTER = 5  # addresses in a row that time out or break before the host is left alone for this run
ACCEPT = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.5"


@dataclass(frozen=True)
class Answer:
    """What came back for an address. ``raw`` is the body as sent, ``body`` the same with compression undone."""

    url: str
    final_url: str
    status: int
    reason: str
    request_headers: Headers
    headers: Headers
    raw: bytes
    body: bytes
    fetched_at: datetime
    hops: tuple[str, ...] = ()

    def header(self, name: str) -> str | None:
        """The first header of this name."""
        return next((value for key, value in self.headers if key.lower() == name.lower()), None)


@dataclass
class _Host:
    """What is known of one host in this run."""

    slots: asyncio.Semaphore
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    robots_lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    next_at: float = 0.0
    robots: Protego | RejectError | None = None
    failures: int = 0


class _TransientFailure(Exception):  # noqa: N818 - it never leaves this module
    """Worth another try, after ``retry_after`` seconds if the host says so."""

    def __init__(self, reason: str, detail: str, retry_after: float | None = None) -> None:
        super().__init__(detail)
        self.reason, self.detail, self.retry_after = reason, detail, retry_after


class Client:
    """Asks for addresses; one event loop, one connection pool and one memory of hosts for its lifetime.

    Args:
        settings: limits of a request.
        resolver: name to addresses; tests put their own in.
        now: clock, aware UTC.
        sleep: waits between attempts and turns; tests put their own in.
        ssl_context: trust of TLS; the system's where None.
    """

    def __init__(
        self,
        settings: FetchSettings,
        *,
        resolver: Resolver = resolve,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        sleep: Callable[[float], Coroutine[Any, Any, None]] = asyncio.sleep,
        ssl_context: ssl.SSLContext | None = None,
    ) -> None:
        self.settings = settings
        self.now = now
        self._sleep = sleep
        self._hosts: dict[str, _Host] = {}
        self._runner = asyncio.Runner()
        self._pool = httpcore.AsyncConnectionPool(
            ssl_context=ssl_context,
            max_connections=100,
            keepalive_expiry=15.0,
            network_backend=CheckedBackend(resolver, settings.allow_private),
        )

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine on the loop of this client."""
        return self._runner.run(work)

    def close(self) -> None:
        """Close all connections and the loop."""
        self._runner.run(self._pool.aclose())
        self._runner.close()

    async def get(
        self,
        url: str,
        politeness: Politeness,
        headers: Mapping[str, str] | None = None,
        max_bytes: int | None = None,
    ) -> Answer:
        """Ask for an address; redirects are followed, transient failures tried again.

        Raises:
            RejectError: what was refused or failed, with a reason of the closed list.
        """
        limit = max_bytes or self.settings.max_bytes
        return _settled(await self._follow(url, politeness, dict(headers or {}), limit, obey=True))

    async def _follow(
        self, url: str, politeness: Politeness, headers: dict[str, str], limit: int, obey: bool
    ) -> Answer:
        """Ask, and go where redirects lead; the last answer comes back under the address asked for first."""
        hops: list[str] = []
        here = url
        while True:
            target = parse_address(here)
            check_literal(target, self.settings.allow_private)
            if obey:
                await self._ask_robots(target, politeness)
            answer = await self._try(target, politeness, headers, limit)
            location = answer.header("Location")
            if answer.status not in REDIRECTS or location is None:
                return replace(answer, url=url, hops=tuple(hops))
            hops.append(str(target))
            here = _redirected(str(target), location)
            if str(parse_address(here)) in hops:
                raise RejectError("redirect_loop", f"{url} is redirected in a circle: {' -> '.join([*hops, here])}")
            if len(hops) > self.settings.max_redirects:
                raise RejectError("redirect_loop", f"{url}: more than {self.settings.max_redirects} redirects")

    async def _ask_robots(self, url: httpx.URL, politeness: Politeness) -> None:
        host = self._host(url, politeness)
        async with host.robots_lock:
            if host.robots is None:
                host.robots = await self._read_robots(url, politeness)
        if isinstance(host.robots, RejectError):
            raise RejectError(host.robots.reason, host.robots.detail)
        if not host.robots.can_fetch(str(url), self.settings.user_agent):
            raise RejectError("robots_disallowed", f"robots.txt of {url.host} does not allow {url.path}")

    async def _read_robots(self, url: httpx.URL, politeness: Politeness) -> Protego | RejectError:
        """Rules of a host; 4xx means none, 5xx means that nothing may be asked (RFC 9309, 2.3.1)."""
        robots_url = str(url.join("/robots.txt"))
        try:
            answer = await self._follow(robots_url, politeness, {}, ROBOTS_MAX_BYTES, obey=False)
        except RejectError as error:
            if error.reason == "http_error":
                return RejectError("robots_disallowed", f"{error.detail}; without it nothing is asked of {url.host}")
            return Protego.parse("") if error.reason in ("redirect_loop", "not_html", "too_large") else error
        return Protego.parse(answer.body.decode("utf-8", "replace") if answer.status == 200 else "")

    async def _try(self, url: httpx.URL, politeness: Politeness, headers: dict[str, str], limit: int) -> Answer:
        """Ask once, and again after a pause where the failure is transient."""
        host = self._host(url, politeness)
        for attempt in range(self.settings.retries + 1):
            if host.failures >= HOST_GIVES_UP_AFTER:
                raise RejectError(
                    "network_error",
                    f"{url.host} failed {host.failures} times in a row and is left alone for this run",
                )
            try:
                async with host.slots:
                    await self._wait_turn(host, politeness)
                    answer = await self._ask(url, headers, limit)
                host.failures = 0
                return answer
            except _TransientFailure as failure:
                pause = failure.retry_after or self.settings.backoff_s * 2**attempt * (0.5 + random.random())
                if attempt == self.settings.retries or pause > MAX_RETRY_AFTER_S:
                    host.failures += failure.reason != "http_error"
                    tries = f"{attempt + 1} {'try' if attempt == 0 else 'tries'}"
                    raise RejectError(failure.reason, f"{url}: {failure.detail} ({tries})") from failure
                await self._sleep(pause)
        raise RejectError("internal_error", f"{url}: settings.fetch.retries is negative")

    async def _wait_turn(self, host: _Host, politeness: Politeness) -> None:
        """Space the starts of requests to a host by its delay, or the Crawl-delay of its robots.txt if longer."""
        delay = politeness.delay_s
        if isinstance(host.robots, Protego):
            delay = max(delay, min(host.robots.crawl_delay(self.settings.user_agent) or 0.0, MAX_CRAWL_DELAY_S))
        async with host.turn:
            pause = host.next_at - time.monotonic()
            if pause > 0:
                await self._sleep(pause)
            host.next_at = max(host.next_at, time.monotonic()) + delay

    async def _ask(self, url: httpx.URL, headers: dict[str, str], limit: int) -> Answer:
        sent: Headers = (
            ("Host", url.netloc.decode("ascii")),
            ("User-Agent", self.settings.user_agent),
            ("Accept", ACCEPT),
            ("Accept-Encoding", "gzip, deflate, br"),
            *headers.items(),
        )
        try:
            async with asyncio.timeout(self.settings.timeout_s):
                return await self._stream(url, sent, limit)
        except (TimeoutError, httpcore.TimeoutException) as error:
            raise _TransientFailure("timeout", f"no whole answer within {self.settings.timeout_s:g} s") from error
        except (httpcore.NetworkError, httpcore.RemoteProtocolError, BrokenBodyError) as error:
            if isinstance(error.__cause__, ssl.SSLError) or isinstance(error.__context__, ssl.SSLError):
                raise RejectError("network_error", f"{url}: no trusted TLS connection: {error}") from error
            raise _TransientFailure("network_error", str(error) or type(error).__name__) from error
        except (httpcore.LocalProtocolError, httpcore.UnsupportedProtocol) as error:
            raise RejectError("address_unsafe", f"{url}: cannot be asked for: {error}") from error

    async def _stream(self, url: httpx.URL, sent: Headers, limit: int) -> Answer:
        timeouts = dict.fromkeys(("connect", "read", "write", "pool"), self.settings.timeout_s)
        target = httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path or b"/")
        wire = [(name.encode("ascii"), value.encode("latin-1")) for name, value in sent]
        async with self._pool.stream("GET", target, headers=wire, extensions={"timeout": timeouts}) as response:
            received = tuple((name.decode("ascii"), value.decode("latin-1")) for name, value in response.headers)
            raw = await _read_body(response, received, limit, str(url))
        reason = response.extensions.get("reason_phrase", b"").decode("latin-1")
        answer = Answer(str(url), str(url), response.status, reason, sent, received, raw, b"", self.now())
        if response.status in TRANSIENT_STATUS:
            wait = _retry_after(answer.header("Retry-After"), self.now())
            raise _TransientFailure("http_error", f"HTTP {response.status}", wait)
        if response.status >= 300:
            return answer
        try:
            return replace(answer, body=unpack(raw, answer.header("Content-Encoding"), limit))
        except RejectError as error:
            raise RejectError(error.reason, f"{url}: {error.detail}") from error

    def _host(self, url: httpx.URL, politeness: Politeness) -> _Host:
        origin = f"{url.scheme}://{url.netloc.decode('ascii')}"
        if origin not in self._hosts:
            self._hosts[origin] = _Host(asyncio.Semaphore(politeness.max_concurrent))
        return self._hosts[origin]


async def _read_body(response: httpcore.Response, headers: Headers, limit: int, url: str) -> bytes:
    length = next((value for name, value in headers if name.lower() == "content-length"), "0")
    if length.isdigit() and int(length) > limit:
        raise RejectError("too_large", f"{url} announces {int(length):,} bytes; the limit is {limit:,}")
    pieces, size = [], 0
    async for piece in response.aiter_stream():
        size += len(piece)
        if size > limit:
            raise RejectError("too_large", f"{url} sends more than {limit:,} bytes")
        pieces.append(piece)
    return b"".join(pieces)


def _redirected(url: str, location: str) -> str:
    try:
        # Headers are read as Latin-1; an address with letters of another script was sent in UTF-8.
        return urljoin(url, quote(location.strip().encode("latin-1"), safe="/:?#[]@!$&'()*+,;=%~-._"))
    except ValueError as error:
        raise RejectError("address_unsafe", f"{url} is redirected to {location[:200]!r}: {error}") from error


def _settled(answer: Answer) -> Answer:
    """An answer with a page, or one that says that the known page stands; anything else is an error."""
    if answer.status in (404, 410):
        raise RejectError("not_found", f"{answer.final_url}: HTTP {answer.status}")
    if answer.status == 304 or 200 <= answer.status < 300:
        return answer
    raise RejectError("http_error", f"{answer.final_url}: HTTP {answer.status}")


def _retry_after(value: str | None, now: datetime) -> float | None:
    """Seconds that a Retry-After header asks for (RFC 9110, 10.2.3); None where it says nothing readable."""
    if value is None:
        return None
    if value.strip().isdigit():
        return float(value)
    try:
        moment = parsedate_to_datetime(value)
    except ValueError:
        return None
    return max(0.0, (moment.replace(tzinfo=moment.tzinfo or UTC) - now).total_seconds())


@contextmanager
def open_client(settings: FetchSettings, **options: Any) -> Iterator[Client]:
    """A client that is closed at the end."""
    client = Client(settings, **options)
    try:
        yield client
    finally:
        client.close()
