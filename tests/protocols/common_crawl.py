"""Common Crawl: monthly lists of WARC files, the files with ranges, and an index server."""

from __future__ import annotations

import gzip
import io
import json
from dataclasses import dataclass, field
from datetime import datetime

from warcio.statusandheaders import StatusAndHeaders
from warcio.warcwriter import WARCWriter

from tests.protocols.serve import NOT_FOUND, Reply, Request, ranged

HTML = (("Content-Type", "text/html; charset=utf-8"),)


@dataclass
class Record:
    url: str
    at: datetime
    body: bytes = b"<html><body><p>As it was crawled.</p></body></html>"
    status: str = "200 OK"
    headers: tuple[tuple[str, str], ...] = HTML


def warc(*records: Record) -> bytes:
    """A WARC file as Common Crawl writes it: warcinfo, then request, response and metadata, each a gzip member."""
    buffer = io.BytesIO()
    writer = WARCWriter(buffer, gzip=True, warc_version="1.0")
    writer.write_record(writer.create_warcinfo_record("news.warc.gz", {"publisher": "somebody"}))
    for record in records:
        dated = {"WARC-Date": record.at.strftime("%Y-%m-%dT%H:%M:%SZ")}
        request = StatusAndHeaders("GET / HTTP/1.1", [("Host", "x")], is_http_request=True)
        writer.write_record(
            writer.create_warc_record(record.url, "request", http_headers=request, warc_headers_dict=dict(dated))
        )
        answer = StatusAndHeaders(record.status, list(record.headers), protocol="HTTP/1.1")
        writer.write_record(writer.create_warc_record(
            record.url, "response", payload=io.BytesIO(record.body), length=len(record.body), http_headers=answer,
            warc_headers_dict=dict(dated),
        ))  # fmt: skip
    return buffer.getvalue()


@dataclass
class Crawl:
    """``files``: path to content. The list of a month names those of that month, and ``extra_lines``."""

    files: dict[str, bytes]
    extra_lines: list[str] = field(default_factory=list)
    ranges: bool = True
    index: list[dict[str, str]] = field(default_factory=list)
    page_size: int = 2

    def __call__(self, request: Request) -> Reply:
        path = request.path.lstrip("/")
        if path.endswith("/warc.paths.gz"):
            month = path.removesuffix("warc.paths.gz")
            lines = [name for name in self.files if name.startswith(month)]
            return Reply(gzip.compress("\n".join([*lines, *self.extra_lines]).encode())) if lines else NOT_FOUND
        if path.endswith("-index"):
            return self._look_up(request)
        if path not in self.files:
            return NOT_FOUND
        return ranged(request, self.files[path]) if self.ranges else Reply(self.files[path])

    def _look_up(self, request: Request) -> Reply:
        host = request.one("url").removeprefix("*.").partition("/")[0]
        wanted = [line for line in self.index if line["url"].split("/")[2].partition(":")[0].endswith(host)]
        wanted = [line for line in wanted if request.one("from") <= line["timestamp"] <= request.one("to")]
        page = int(request.one("page", "0"))
        if not wanted:
            return Reply(json.dumps({"message": f"No Captures found for: {host}"}).encode(), 404)
        if page * self.page_size >= len(wanted):
            return Reply(json.dumps({"message": f"Page {page} invalid: First Page is 0, Last Page is …"}).encode(), 400)
        part = wanted[page * self.page_size : (page + 1) * self.page_size]
        return Reply("".join(f"{line if isinstance(line, str) else json.dumps(line)}\n" for line in part).encode())
