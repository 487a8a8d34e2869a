"""A server whose answers a Python function gives, with ranges and a memory of what it was asked."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from pipeline.io.http import Client, open_client
from tests.scripted_server import settings


@dataclass(frozen=True)
class Request:
    path: str
    query: dict[str, list[str]]
    headers: dict[str, str]
    target: str

    def one(self, name: str, default: str = "") -> str:
        return self.query.get(name, [default])[0]


@dataclass(frozen=True)
class Reply:
    body: bytes = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)


Service = Callable[[Request], Reply]
NOT_FOUND = Reply(b"nothing here", 404)


@dataclass
class Site:
    base: str
    service: Service
    asked: list[Request] = field(default_factory=list)

    @property
    def host(self) -> str:
        return self.base.removeprefix("http://")

    def requests(self) -> list[Request]:
        return [request for request in self.asked if request.path != "/robots.txt"]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    site: Site
    wbufsize = -1  # head and body in one packet, or every answer waits for an acknowledgement

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        query = parse_qs(parts.query, keep_blank_values=True)
        request = Request(unquote(parts.path), query, dict(self.headers), self.path)
        self.site.asked.append(request)
        reply = NOT_FOUND if request.path == "/robots.txt" else self.site.service(request)
        self.send_response(reply.status)
        for name, value in ({"Content-Length": str(len(reply.body))} | reply.headers).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(reply.body)

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients may hang up; that is tested, too."""


@contextmanager
def serve(service: Service) -> Iterator[Site]:
    server = _Server(("127.0.0.1", 0), _Handler)
    site = Site(f"http://127.0.0.1:{server.server_address[1]}", service)
    server.RequestHandlerClass = type("_Bound", (_Handler,), {"site": site})
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield site
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


async def _no_pause(_: float) -> None:
    """The clock of the tests: pauses are noted by the client and take no time."""


@contextmanager
def client(now: Callable[[], Any] | None = None, **changes: Any) -> Iterator[Client]:
    options = {"now": now} if now else {}
    with open_client(settings(**{"max_bytes": 5_000_000, **changes}), sleep=_no_pause, **options) as opened:
        yield opened


def ranged(request: Request, body: bytes, content_type: str = "application/octet-stream") -> Reply:
    """A whole body, or the part that a Range header asks for (RFC 9110, 14)."""
    wanted = re.fullmatch(r"bytes=(\d+)-(\d*)", request.headers.get("Range", ""))
    if not wanted:
        return Reply(body, headers={"Content-Type": content_type})
    first = int(wanted[1])
    last = min(int(wanted[2] or len(body)), len(body) - 1)
    if first >= len(body):
        return Reply(b"", 416, {"Content-Range": f"bytes */{len(body)}"})
    headers = {"Content-Range": f"bytes {first}-{last}/{len(body)}", "Content-Type": content_type}
    return Reply(body[first : last + 1], 206, headers)
