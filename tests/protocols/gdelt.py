"""GDELT as its documentation describes it: the DOC 2.0 search and the 15-minute files."""

from __future__ import annotations

import hashlib
import io
import json
import re
import zipfile
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from tests.protocols.serve import NOT_FOUND, Reply, Request, ranged

STAMP = "%Y%m%d%H%M%S"


@dataclass
class Doc:
    """The search: at most 250 records, both ends of the window count, errors in plain text with status 200."""

    articles: list[tuple[str, str, datetime]] = field(default_factory=list)
    longest_query: int = 10_000
    busy: int = 0  # so many requests are turned away with 429
    spoil: str = ""  # put into the first title as it is, without escaping

    def __call__(self, request: Request) -> Reply:
        if request.path != "/api/v2/doc/doc":
            return NOT_FOUND
        if self.busy:
            self.busy -= 1
            return Reply(b"Please limit requests to one every 5 seconds.", 429, {"Retry-After": "5"})
        query = request.one("query")
        if (error := self._error(request, query)) is not None:
            return Reply(error.encode(), headers={"Content-Type": "text/html; charset=utf-8"})
        begin, end = (datetime.strptime(request.one(f"{name}datetime"), STAMP) for name in ("start", "end"))
        found = [one for one in self.articles if begin <= one[2].replace(tzinfo=None) <= end and _matches(query, one)]
        found = sorted(found, key=lambda one: (one[2], one[0]))[: int(request.one("maxrecords", "75"))]
        if not found:
            return Reply(b"{}", headers={"Content-Type": "application/json"})
        records = [
            {
                "url": url, "url_mobile": "", "title": title, "seendate": f"{at:%Y%m%dT%H%M%SZ}", "socialimage": "",
                "domain": urlsplit(url).hostname, "language": "English", "sourcecountry": "Pakistan",
            }
            for url, title, at in found
        ]  # fmt: skip
        text = json.dumps({"articles": records}, indent=1)
        if self.spoil:
            text = text.replace(json.dumps(found[0][1])[1:-1], self.spoil, 1)
        return Reply(text.encode(), headers={"Content-Type": "application/json"})

    def _error(self, request: Request, query: str) -> str | None:
        if not query or len(query) > self.longest_query:
            return "Your query was too short or too long.\n"
        if re.search(r"\((?![^()]* OR )[^()]*\)", query):
            return "Parentheses may only be used around OR'd statements.\n"
        if any(len(word) < 3 for word in re.findall(r'(?<![\w:."-])\w+(?![\w:."-])', re.sub(r'"[^"]*"', "", query))
               if word != "OR"):  # fmt: skip
            return "One or more of your keywords were too short, too long or too common.\n"
        if int(request.one("maxrecords", "75")) > 250:
            return "Invalid number of records; at most 250 are given.\n"
        if request.one("mode") != "artlist" or request.one("format") != "json":
            return "Invalid mode.\n"
        return None


def _matches(query: str, article: tuple[str, str, datetime]) -> bool:
    """Every group of the query must be met; in a group one of its terms."""
    url, title, _ = article
    host = urlsplit(url).hostname or ""
    for group in re.findall(r'\([^)]*\)|"[^"]*"|\S+', query):
        terms = re.findall(r'"[^"]*"|[^\s()]+', group)
        if not any(_meets(term.strip('"'), host, title) for term in terms if term != "OR"):
            return False
    return True


def _meets(term: str, host: str, title: str) -> bool:
    if term.startswith("domain:"):
        return host == term[7:] or host.endswith("." + term[7:])
    return re.search(rf"(?<!\w){re.escape(term)}(?!\w)", re.sub(r"[-]", " ", title), re.IGNORECASE) is not None


def mention(url: str, at: datetime, collection: str = "1") -> str:
    """A row of a mentions file: 16 columns."""
    host = urlsplit(url).hostname or "BBC Monitoring"
    return "\t".join([
        "1153429517", f"{at:{STAMP}}", f"{at:{STAMP}}", collection, host, url, "3", "-1", "210", "260", "1", "40",
        "2480", "-5.1", "", "",
    ])  # fmt: skip


def document(url: str, at: datetime, title: str) -> str:
    """A row of a GKG 2.1 file: 27 columns, the title in the extras."""
    host = urlsplit(url).hostname or ""
    middle = ["TERROR;KILL", "TERROR,120;KILL,300", "1#Pakistan#PK#PK#30#70#PK", *[""] * 16]
    return "\t".join([
        f"{at:{STAMP}}-7", f"{at:{STAMP}}", "1", host, url, "", "", *middle,
        f"<PAGE_LINKS></PAGE_LINKS><PAGE_TITLE>{title}</PAGE_TITLE>",
    ])  # fmt: skip


def zipped(*rows: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as bundle:
        bundle.writestr("../../table.csv", "".join(f"{row}\n" for row in rows))
    return buffer.getvalue()


class Files:
    """The 15-minute files and their list. ``days`` of quiet files lie before and after the one under test."""

    def __init__(self, day: datetime, rows: dict[tuple[str, int], bytes], days: int = 3, ranges: bool = True) -> None:
        self.day, self.rows, self.ranges = day, rows, ranges
        self.base = ""
        self.first, self.last = day - timedelta(days=days), day + timedelta(days=days + 1)
        self.quiet = {"mentions": zipped(), "gkg": zipped(), "export": zipped()}
        self.missing: set[str] = set()
        self.wrong: set[str] = set()
        self.extra_lines: list[str] = []

    def __call__(self, request: Request) -> Reply:
        if request.path == "/gdeltv2/masterfilelist.txt":
            listed = self.master_list().encode()
            return ranged(request, listed) if self.ranges else Reply(listed)
        name = request.path.rpartition("/")[2]
        match = re.fullmatch(r"(\d{14})\.(\w+)\.(?:csv|CSV)\.zip", name)
        if not match or name in self.missing:
            return NOT_FOUND
        return Reply(self._file(match[1], match[2]), headers={"Content-Type": "application/zip"})

    def _file(self, stamp: str, kind: str) -> bytes:
        quarter = (datetime.strptime(stamp, STAMP) - self.day) // timedelta(minutes=15)
        return self.rows.get((kind, quarter), self.quiet[kind])

    def master_list(self) -> str:
        lines, at = [], self.first
        while at < self.last:
            for kind, suffix in (("export", "export.CSV"), ("mentions", "mentions.CSV"), ("gkg", "gkg.csv")):
                name = f"{at:{STAMP}}.{suffix}.zip"
                data = self._file(f"{at:{STAMP}}", kind)
                md5 = "0" * 32 if name in self.wrong else hashlib.md5(data, usedforsecurity=False).hexdigest()
                lines.append(f"{len(data)} {md5} {self.base}/gdeltv2/{name}")
            if at == self.day:
                lines += self.extra_lines
            at += timedelta(minutes=15)
        return "\n".join(lines) + "\n"
