"""A web server on loopback that answers as a test scripts it, and remembers what it was asked."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from pipeline.settings import FetchSettings
from pipeline.sources import Politeness, Source

IMPATIENT = Politeness(delay_s=0.0, max_concurrent=4)

# What the parts of a scripted answer are: a body; a status and headers with it; or a function that does it all.
Script = bytes | tuple[int, dict[str, str], bytes] | Callable[[BaseHTTPRequestHandler], None]


@dataclass
class Asked:
    """One request as it came in."""

    path: str
    headers: dict[str, str]
    at: float


@dataclass
class Web:
    """The running server: change ``pages`` at will."""

    base: str
    pages: dict[str, Script]
    asked: list[Asked] = field(default_factory=list)
    stopping: threading.Event = field(default_factory=threading.Event)

    def paths(self) -> list[str]:
        """What was asked for so far, without robots.txt."""
        return [asked.path for asked in self.asked if asked.path != "/robots.txt"]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    web: Web

    def do_GET(self) -> None:
        self.web.asked.append(Asked(self.path, dict(self.headers), time.monotonic()))
        script = self.web.pages.get(self.path, (404, {}, b"nothing here"))
        if callable(script):
            script(self)
            return
        status, headers, body = script if isinstance(script, tuple) else (200, {}, script)
        send(self, status, headers, body)

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients hang up in the middle here; that is what is tested."""


def send(handler: BaseHTTPRequestHandler, status: int, headers: dict[str, str], body: bytes) -> None:
    """Send a whole answer; a Content-Length of one's own is kept."""
    handler.send_response(status)
    headers = {"Content-Type": "text/html; charset=utf-8", "Content-Length": str(len(body))} | headers
    for name, value in headers.items():
        handler.send_header(name, value)
    handler.end_headers()
    if status != 304:
        handler.wfile.write(body)


@contextmanager
def serve(pages: dict[str, Script] | None = None) -> Iterator[Web]:
    """Run a server for the length of a test."""
    server = _Server(("127.0.0.1", 0), _Handler)
    web = Web(f"http://127.0.0.1:{server.server_address[1]}", pages or {})
    server.RequestHandlerClass = type("_Bound", (_Handler,), {"web": web})
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield web
    finally:
        web.stopping.set()
        server.shutdown()
        server.server_close()
        thread.join()


def settings(**changes: Any) -> FetchSettings:
    """Limits small enough for a test; loopback is allowed unless a test says otherwise."""
    values: dict[str, Any] = {
        "user_agent": "sarhad-test/1 (tests)", "timeout_s": 2.0, "max_bytes": 1_000_000, "max_redirects": 3,
        "retries": 2, "backoff_s": 0.01, "delay_s": 0.0, "allow_private": True,
    }  # fmt: skip
    return FetchSettings(**values | changes)


def source(base: str, **changes: Any) -> Source:
    """A source whose feed lies at ``/feed`` of a server."""
    values: dict[str, Any] = {
        "id": "example", "name": "Example Gazette", "language": "en", "country": "PK", "kind": "newspaper",
        "homepage": f"{base}/", "timezone": "Asia/Karachi",
        "licence": "none", "robots_note": "none", "verified": "demo",
        "discovery": [{"adapter": "rss", "url": f"{base}/feed", "reach_days": None}],
        "politeness": {"delay_s": 0.0, "max_concurrent": 4},
    }  # fmt: skip
    return Source.model_validate(values | changes)
