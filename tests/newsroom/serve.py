"""The newsroom's HTTP servers: one port per outlet on the loopback address, with Memento and conditional GET.

`serve()` starts them and returns a handle; `main()` runs them for `sarhad newsroom` until a signal comes.
RFC 7089 (Memento, the resource is its own TimeGate), RFC 9110 (conditional GET), RFC 9309 (robots.txt).
"""

from __future__ import annotations

import gzip
import hashlib
import signal
import sys
import threading
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any
from urllib.parse import urlsplit

import yaml

from tests.newsroom.hostile import answer_hostile
from tests.newsroom.render import Page
from tests.newsroom.route import Answer, answer
from tests.newsroom.stories import HERE, Outlet, read_outlets

DEFAULT_PORT = 18900
DEFAULT_CLOCK = datetime.fromisoformat("2024-03-01T00:00:00+00:00")
SOURCES = HERE.parent.parent / "config" / "sources" / "demo"
HOSTILE = "hostile"


@dataclass(frozen=True)
class Request:
    """One request as the server saw it: for tests of politeness (`at` is monotonic seconds)."""

    outlet: str
    method: str
    path: str
    status: int
    user_agent: str
    at: float


@dataclass
class Newsroom:
    """The running outlets: their base URLs, what was asked of them, and how to stop them."""

    mapping: dict[str, str]
    clock: datetime
    slow_s: float
    requests: list[Request] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)
    servers: list[ThreadingHTTPServer] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)
    stopping: threading.Event = field(default_factory=threading.Event)

    def base(self, outlet: str) -> str:
        """The base URL of an outlet, without a closing slash."""
        return self.mapping[outlet]

    def note(self, request: Request) -> None:
        """Keep a request; called from the handlers' threads."""
        with self.lock:
            self.requests.append(request)

    def count(self, name: str) -> int:
        """How often this was asked before: for pages that fail first and work later."""
        with self.lock:
            self.counts[name] = self.counts.get(name, 0) + 1
            return self.counts[name] - 1

    def stop(self) -> None:
        """Stop serving and free the ports; harmless when called twice."""
        self.stopping.set()
        for server in self.servers:
            server.shutdown()
            server.server_close()
        self.servers.clear()

    def __enter__(self) -> Newsroom:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


class _Handler(BaseHTTPRequestHandler):
    """Answers for one outlet; `_serve_outlet` makes a subclass with the outlet bound."""

    protocol_version = "HTTP/1.1"
    outlet: Outlet
    newsroom: Newsroom

    def do_GET(self) -> None:
        self._handle()

    def do_HEAD(self) -> None:
        self._handle()

    def version_string(self) -> str:
        """The Server header."""
        return "SarhadNewsroom/1"

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing: requests are kept in `Newsroom.requests`."""

    def _handle(self) -> None:
        path = urlsplit(self.path).path
        moment = self._moment()
        if moment is None:
            self._send(Answer(400), None)
            return
        base = self.newsroom.base(self.outlet.id)
        if self.outlet.id == HOSTILE and answer_hostile(self, path, base, self.newsroom):
            return
        found = answer(self.outlet, path, base, moment)
        if found.is_slow:
            self.newsroom.stopping.wait(self.newsroom.slow_s)
        self._send(found, moment)

    def _moment(self) -> datetime | None:
        """The time asked for, never after the clock; None where the header cannot be read (RFC 7089, 4.5.3)."""
        asked = self.headers.get("Accept-Datetime")
        if asked is None:
            return self.newsroom.clock
        try:
            moment = parsedate_to_datetime(asked)
        except ValueError:
            return None
        return min(moment.replace(tzinfo=moment.tzinfo or UTC), self.newsroom.clock)

    def _send(self, found: Answer, moment: datetime | None) -> None:
        status, page = found.status, found.page
        headers = dict(found.headers)
        body = b""
        if page is not None:
            body = page.body
            headers |= self._page_headers(page, moment)
            if self._wants_gzip():
                body = gzip.compress(body, mtime=0)
                headers |= {"Content-Encoding": "gzip", "ETag": headers["ETag"][:-1] + '-gz"'}
            if self._is_unchanged(headers["ETag"], page.changed_at):
                status, body = 304, b""
        elif status >= 400:
            body = f"<html><body><h1>{status} {HTTPStatus(status).phrase}</h1></body></html>".encode()
            headers["Content-Type"] = "text/html; charset=utf-8"
        self._write(status, headers, body)

    def _page_headers(self, page: Page, moment: datetime | None) -> dict[str, str]:
        changed = format_datetime(page.changed_at.astimezone(UTC), usegmt=True)
        headers = {
            "Content-Type": page.content_type,
            "Last-Modified": changed,
            "Cache-Control": "max-age=60",
            "ETag": f'"{hashlib.sha256(page.body).hexdigest()[:20]}"',
            "Vary": "accept-datetime, accept-encoding",
            "Link": f'<{self.newsroom.base(self.outlet.id)}{self.path}>; rel="original timegate"',
        }
        if "Accept-Datetime" in self.headers:
            headers["Memento-Datetime"] = changed
        return headers

    def _wants_gzip(self) -> bool:
        return "gzip" in self.headers.get("Accept-Encoding", "")

    def _is_unchanged(self, etag: str, changed_at: datetime) -> bool:
        if (known := self.headers.get("If-None-Match")) is not None:
            return etag in [tag.strip().removeprefix("W/") for tag in known.split(",")]
        since = self.headers.get("If-Modified-Since")
        if since is None or "Accept-Datetime" in self.headers:
            return False
        try:
            return changed_at.replace(microsecond=0) <= parsedate_to_datetime(since)
        except ValueError:
            return False

    def _write(self, status: int, headers: dict[str, str], body: bytes) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        if status != 304:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def send_response(self, code: int, message: str | None = None) -> None:
        """Send the status line, and keep the request for the tests."""
        agent = self.headers.get("User-Agent", "")
        self.newsroom.note(Request(self.outlet.id, self.command, self.path, code, agent, time.monotonic()))
        super().send_response(code, message)


class _Server(ThreadingHTTPServer):
    """A threading server that lets a reader hang up in the middle without a traceback on the terminal."""

    daemon_threads = True
    request_queue_size = 64

    def handle_error(self, request: Any, client_address: Any) -> None:
        if not isinstance(sys.exc_info()[1], ConnectionError | TimeoutError):
            super().handle_error(request, client_address)


def _serve_outlet(outlet: Outlet, newsroom: Newsroom, host: str, port: int) -> None:
    handler = type(f"_{outlet.id}", (_Handler,), {"outlet": outlet, "newsroom": newsroom})
    server = _Server((host, port), handler)
    newsroom.mapping[outlet.id] = f"http://{host}:{server.server_address[1]}"
    newsroom.servers.append(server)


def serve(
    base_port: int = DEFAULT_PORT,
    host: str = "127.0.0.1",
    *,
    clock: datetime = DEFAULT_CLOCK,
    slow_s: float = 1.5,
    hostile: bool = False,
) -> Newsroom:
    """Start every outlet on its own port and return the handle; `base_port=0` takes free ports.

    The hostile outlet is served only when asked for. OSError when a port is taken.
    """
    newsroom = Newsroom(mapping={}, clock=clock, slow_s=slow_s)
    try:
        for index, outlet in enumerate(read_outlets().values()):
            if outlet.id != HOSTILE or hostile:
                _serve_outlet(outlet, newsroom, host, base_port and base_port + index)
    except OSError:
        for server in newsroom.servers:
            server.server_close()
        raise
    for server in newsroom.servers:
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    return newsroom


def source_files(mapping: dict[str, str]) -> list[dict[str, Any]]:
    """The source entries of the mapped outlets, with the placeholder URLs rewritten to where they are served."""
    placeholders = {name: f"http://127.0.0.1:{DEFAULT_PORT + i}" for i, name in enumerate(read_outlets())}
    sources = []
    for outlet, base in mapping.items():
        path: Path = HERE / "hostile_source.yml" if outlet == HOSTILE else SOURCES / f"{outlet}.yml"
        text = path.read_text(encoding="utf-8").replace(placeholders[outlet] + "/", base + "/")
        sources.append(yaml.safe_load(text))
    return sources


def main(
    base_port: int = DEFAULT_PORT,
    host: str = "127.0.0.1",
    *,
    clock: str | None = None,
    slow_s: float = 1.5,
    hostile: bool = False,
) -> int:
    """Serve until SIGINT or SIGTERM; prints a table of URLs, then `newsroom ready`. 1 when a port is taken."""
    now = datetime.fromisoformat(clock) if clock else DEFAULT_CLOCK
    done = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: done.set())
    try:
        newsroom = serve(base_port, host, clock=now, slow_s=slow_s, hostile=hostile)
    except OSError as error:
        print(f"newsroom: cannot listen on {host} from port {base_port}: {error}; choose another port", file=sys.stderr)
        return 1
    with newsroom:
        for name, base in newsroom.mapping.items():
            outlet = read_outlets()[name]
            print(f"{name:<18} {base:<24} {len(outlet.articles):>3} articles  {outlet.feed_path}")
        print(f"newsroom ready: {len(newsroom.mapping)} outlets, clock {now.isoformat()}", flush=True)
        done.wait()
    return 0
