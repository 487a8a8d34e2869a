"""The Wayback Machine: its CDX server and the captures themselves."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime
from urllib.parse import quote_plus, urlsplit

from tests.protocols.serve import NOT_FOUND, Reply, Request

FIELDS = ["urlkey", "timestamp", "original", "mimetype", "statuscode", "digest", "length"]


@dataclass
class Capture:
    timestamp: str
    original: str
    body: bytes = b"<html><body><p>As it was.</p></body></html>"
    mimetype: str = "text/html"
    statuscode: str = "200"

    @property
    def urlkey(self) -> str:
        parts = urlsplit(self.original)
        host = ",".join(reversed((parts.hostname or "").removeprefix("www.").split(".")))
        return f"{host}){(parts.path or '/').lower()}" + (f"?{parts.query}" if parts.query else "")

    def row(self) -> list[str]:
        return [self.urlkey, self.timestamp, self.original, self.mimetype, self.statuscode, "SHA", str(len(self.body))]


@dataclass
class Machine:
    captures: list[Capture]
    most_rows: int = 150_000
    spoil: dict[str, str] = field(default_factory=dict)  # text of the answer to replace
    failing: list[Reply] = field(default_factory=list)  # given before anything else
    memento: bool = True

    def __call__(self, request: Request) -> Reply:
        if self.failing:
            return self.failing.pop(0)
        if request.path == "/cdx/search/cdx":
            return self._index(request)
        return self._replay(request)

    def _index(self, request: Request) -> Reply:
        rows = [one.row() for one in sorted(self.captures, key=lambda one: (one.urlkey, one.timestamp))]
        rows = [row for row in rows if _in_scope(row[2], request.one("url"), request.one("matchType", "exact"))]
        rows = [row for row in rows if request.one("from", "0") <= row[1] <= request.one("to", "9")]
        for wanted in request.query.get("filter", []):
            name, _, pattern = wanted.partition(":")
            rows = [row for row in rows if re.fullmatch(pattern, row[FIELDS.index(name)])]
        if request.one("collapse") == "urlkey":
            rows = [row for before, row in zip([None, *rows], rows, strict=False) if not before or before[0] != row[0]]
        if key := request.one("resumeKey"):
            # The key as it arrives has been unescaped once on the way.
            rows = [row for row in rows if f"{row[0]} {row[1]}!" > key]
        limit = min(int(request.one("limit", "150000")), self.most_rows)
        answer: list[list[str]] = [FIELDS, *rows[:limit]] if rows else []
        if len(rows) > limit and request.one("showResumeKey") == "true":
            last = rows[limit - 1]
            answer += [[], [quote_plus(f"{last[0]} {last[1]}!")]]
        text = "[" + ",\n ".join(json.dumps(row) for row in answer) + "]\n"
        for old, new in self.spoil.items():
            text = text.replace(old, new)
        return Reply(text.encode(), headers={"Content-Type": "application/json"})

    def _replay(self, request: Request) -> Reply:
        match = re.match(r"/web/(\d{14})id_/(.*)$", request.target)
        if not match:
            return NOT_FOUND
        same = [one for one in self.captures if one.original == match[2]]
        if not same:
            return NOT_FOUND
        nearest = min(same, key=lambda one: abs(int(one.timestamp) - int(match[1])))
        if nearest.timestamp != match[1]:
            return Reply(status=302, headers={"Location": f"/web/{nearest.timestamp}id_/{nearest.original}"})
        moment = datetime.strptime(nearest.timestamp, "%Y%m%d%H%M%S").replace(tzinfo=UTC)
        headers = {"Content-Type": "text/html; charset=utf-8"}
        if self.memento:
            headers["Memento-Datetime"] = format_datetime(moment, usegmt=True)
        return Reply(nearest.body, headers=headers)


def _in_scope(original: str, url: str, match_type: str) -> bool:
    parts = urlsplit(original)
    host = (parts.hostname or "").removeprefix("www.")
    wanted_host, slash, path = url.partition("/")
    wanted_host = wanted_host.partition(":")[0].removeprefix("www.")
    if match_type == "domain":
        return host == wanted_host or host.endswith(f".{wanted_host}")
    if match_type == "prefix":
        return host == wanted_host and parts.path.startswith(slash + path)
    return host == wanted_host and parts.path == slash + path
