"""Pages of the outlet that behaves badly: each path is one way in which the web hurts a reader.

`/rss.xml` lists them all, so that a whole run can be led through them. Nothing here is served by default.
"""

from __future__ import annotations

import gzip
import socket
import struct
import zlib
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

if TYPE_CHECKING:
    from tests.newsroom.serve import Newsroom

HTML = "text/html; charset=utf-8"
XML = "application/rss+xml; charset=utf-8"
CHUNK = b"<p>" + b"All work and no play. " * 3000 + b"</p>\n"
HUGE_BYTES = 50 * 1024 * 1024
BOMB_BYTES = 400 * 1024 * 1024
ARTICLE = (
    "<!doctype html><html lang=en><head><title>{title}</title></head><body><article><h1>{title}</h1>"
    "<p>PANJGUR: A roadside bomb damaged a water tanker near the town on Wednesday, but nobody was hurt, "
    "an official of the district administration said.</p><p>The driver told reporters that the blast went off "
    "after his vehicle had passed. A bomb disposal team searched the road and declared it safe by the evening.</p>"
    "</article></body></html>"
)
PRIVATE_LINKS = (
    "http://10.0.0.1/admin",
    "http://169.254.169.254/latest/meta-data/",
    "http://[::1]:1/",
    "http://localhost:1/",
    "http://192.168.1.1/",
    "http://0x7f000001:1/",
    "http://2130706433:1/",
    "file:///etc/passwd",
    "gopher://127.0.0.1:1/_x",
    "http://user:secret@10.0.0.1/",
    "javascript:alert(1)",
    "http://[::ffff:10.0.0.1]/",
)
TRICKS = (
    "/pages/../../../../etc/passwd",
    "/pages/..%2f..%2f..%2fetc%2fpasswd",
    "/pages/%00name",
    "/pages/" + "a" * 2000,
)


def feed(base: str, links: list[str]) -> bytes:
    """A well-formed RSS feed with these links, all dated in the days of the demo run."""
    items = "".join(
        f"<item><title>Trap {number}</title><link>{escape(link)}</link>"
        f"<pubDate>Wed, 17 Jan 2024 {number % 24:02d}:00:00 +0000</pubDate></item>\n"
        for number, link in enumerate(links)
    )
    head = f"<title>Hostile Gazette (demo)</title><link>{base}/</link><description>traps</description>"
    return f'<?xml version="1.0"?><rss version="2.0"><channel>{head}\n{items}</channel></rss>'.encode()


def _send(
    handler: BaseHTTPRequestHandler,
    body: bytes,
    content_type: str = HTML,
    status: int = 200,
    length: int | None = None,
    **headers: str,
) -> None:
    handler.send_response(status)
    handler.send_header("Content-Type", content_type)
    handler.send_header("Content-Length", str(len(body) if length is None else length))
    for name, value in headers.items():
        handler.send_header(name.replace("_", "-"), value)
    handler.end_headers()
    if handler.command != "HEAD":
        handler.wfile.write(body)


def _article(title: str) -> bytes:
    return ARTICLE.format(title=escape(title)).encode()


def _redirect(target: str) -> Callable[[BaseHTTPRequestHandler, str, Newsroom], None]:
    def redirect(handler: BaseHTTPRequestHandler, base: str, newsroom: Newsroom) -> None:
        _send(handler, b"", status=302, Location=target if "://" in target else base + target)

    return redirect


def _body(body: bytes, content_type: str = HTML) -> Callable[[BaseHTTPRequestHandler, str, Newsroom], None]:
    def send(handler: BaseHTTPRequestHandler, base: str, newsroom: Newsroom) -> None:
        _send(handler, body, content_type)

    return send


def _main_feed(handler: BaseHTTPRequestHandler, base: str, newsroom: Newsroom) -> None:
    _send(handler, feed(base, [base + path for path in PAGES] + list(PRIVATE_LINKS)), XML)


def _private_feed(handler: BaseHTTPRequestHandler, base: str, newsroom: Newsroom) -> None:
    _send(handler, feed(base, list(PRIVATE_LINKS)), XML)


def _tricks_feed(handler: BaseHTTPRequestHandler, base: str, newsroom: Newsroom) -> None:
    _send(handler, feed(base, [base + path for path in TRICKS]), XML)


def _broken_feed(handler: BaseHTTPRequestHandler, base: str, newsroom: Newsroom) -> None:
    whole = feed(base, [base + "/pages/plain"])
    _send(handler, whole[: len(whole) - 60].replace(b"<link>", b"<link", 1), XML)


def _endless(handler: BaseHTTPRequestHandler, base: str, newsroom: Newsroom) -> None:
    """A chunked body without end, until the reader hangs up or the newsroom stops."""
    handler.send_response(200)
    handler.send_header("Content-Type", HTML)
    handler.send_header("Transfer-Encoding", "chunked")
    handler.end_headers()
    while handler.command == "GET" and not newsroom.stopping.is_set():
        handler.wfile.write(b"%x\r\n%s\r\n" % (len(CHUNK), CHUNK))
    handler.close_connection = True


def _huge(handler: BaseHTTPRequestHandler, base: str, newsroom: Newsroom) -> None:
    handler.send_response(200)
    handler.send_header("Content-Type", HTML)
    handler.send_header("Content-Length", str(HUGE_BYTES))
    handler.end_headers()
    left = HUGE_BYTES if handler.command == "GET" else 0
    while left > 0 and not newsroom.stopping.is_set():
        piece = CHUNK[:left]
        handler.wfile.write(piece)
        left -= len(piece)


def _gzip_bomb(handler: BaseHTTPRequestHandler, base: str, newsroom: Newsroom) -> None:
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    block = b"<p>0</p>" * 131072
    packed = b"".join(packer.compress(block) for _ in range(BOMB_BYTES // len(block))) + packer.flush()
    _send(handler, packed, Content_Encoding="gzip")


def _bad_gzip(handler: BaseHTTPRequestHandler, base: str, newsroom: Newsroom) -> None:
    _send(handler, gzip.compress(_article("Cut gzip"), mtime=0)[:-20], Content_Encoding="gzip")


def _flaky(handler: BaseHTTPRequestHandler, base: str, newsroom: Newsroom) -> None:
    if newsroom.count("flaky") < 2:
        _send(handler, b"try again", status=500)
    else:
        _send(handler, _article("Flaky page, third answer"))


def _busy(handler: BaseHTTPRequestHandler, base: str, newsroom: Newsroom) -> None:
    if newsroom.count("busy") < 1:
        _send(handler, b"slow down", status=429, Retry_After="1")
    else:
        _send(handler, _article("Busy page, second answer"))


def _truncated(handler: BaseHTTPRequestHandler, base: str, newsroom: Newsroom) -> None:
    whole = _article("Truncated page")
    _send(handler, whole[:200], length=len(whole))
    handler.close_connection = True


def _reset(handler: BaseHTTPRequestHandler, base: str, newsroom: Newsroom) -> None:
    handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    handler.close_connection = True


def _hang(handler: BaseHTTPRequestHandler, base: str, newsroom: Newsroom) -> None:
    newsroom.stopping.wait(120)
    handler.close_connection = True


XXE = (
    b'<?xml version="1.0"?><!DOCTYPE rss [<!ENTITY secret SYSTEM "file:///etc/passwd">'
    b'<!ENTITY far SYSTEM "http://10.0.0.1/entity">]><rss version="2.0"><channel><title>&secret;</title>'
    b"<item><title>&secret;</title><link>http://127.0.0.1:1/&far;</link></item></channel></rss>"
)
LAUGHS = (
    '<?xml version="1.0"?><!DOCTYPE rss [<!ENTITY a0 "ha">'
    + "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 12))
    + ']><rss version="2.0"><channel><title>&a11;</title></channel></rss>'
).encode()
WRONG_CHARSET = ARTICLE.format(title="Café près de Zâhedân – légende").encode("cp1252")

PAGES: dict[str, Callable[[BaseHTTPRequestHandler, str, Newsroom], None]] = {
    "/pages/plain": _body(_article("A plain page")),
    "/pages/loop": _redirect("/pages/loop-back"),
    "/pages/loop-back": _redirect("/pages/loop"),
    "/pages/to-private": _redirect("http://10.0.0.1/"),
    "/pages/to-file": _redirect("file:///etc/passwd"),
    "/pages/endless": _endless,
    "/pages/huge": _huge,
    "/pages/gzip-bomb": _gzip_bomb,
    "/pages/cut-gzip": _bad_gzip,
    "/pages/wrong-charset": _body(WRONG_CHARSET),
    "/pages/unknown-charset": _body(_article("Odd"), "text/html; charset=klingon"),
    "/pages/flaky": _flaky,
    "/pages/busy": _busy,
    "/pages/truncated": _truncated,
    "/pages/reset": _reset,
    "/pages/blank": _body(b""),
    "/pages/binary": _body(bytes(range(256)) * 40),
    "/pages/formula": _body(_article('=HYPERLINK("http://10.0.0.1/","open")')),
    "/pages/script": _body(_article("<script>alert('x')</script> <img src=x onerror=alert(1)>")),
    "/pages/deep": _body(b"<div>" * 50_000 + b"deep" + b"</div>" * 50_000),
}
OTHERS: dict[str, Callable[[BaseHTTPRequestHandler, str, Newsroom], None]] = {
    "/rss.xml": _main_feed,
    "/private.xml": _private_feed,
    "/tricks.xml": _tricks_feed,
    "/broken.xml": _broken_feed,
    "/xxe.xml": _body(XXE, XML),
    "/laughs.xml": _body(LAUGHS, XML),
    "/html-feed.xml": _body(_article("Not a feed"), XML),
    "/empty-feed.xml": _body(b"", XML),
    "/hang": _hang,
    "/robots.txt": _body(b"User-agent: *\nAllow: /\n", "text/plain"),
}


def answer_hostile(handler: BaseHTTPRequestHandler, path: str, base: str, newsroom: Newsroom) -> bool:
    """Answer where the path is one of the traps; False leaves the request to the ordinary routes."""
    trap = PAGES.get(path) or OTHERS.get(path)
    if trap is None:
        return False
    trap(handler, base, newsroom)
    return True
