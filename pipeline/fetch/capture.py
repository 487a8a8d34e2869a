"""The row of ``capture``: from an answer, to the fields that lie beside it in the archive, and back from them."""

from __future__ import annotations

from datetime import UTC, date, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from pipeline import contract
from pipeline.ids import make_id, sha256_bytes
from pipeline.io.http import Answer
from pipeline.io.warc import Fields, Stored

Row = dict[str, Any]

OPTIONAL = ("content_type", "etag", "last_modified")
PREFIX = "sarhad-"


def capture_id(link: Row, answer: Answer) -> str:
    """Id of what an answer captures of a link."""
    return make_id("cap", link["link_id"], sha256_bytes(answer.body))


def capture_row(link: Row, answer: Answer) -> Row:
    """The row of an answer, without its place in the archive."""
    return {
        "capture_id": capture_id(link, answer),
        "link_id": link["link_id"],
        "source_id": link["source_id"],
        "day": link["day"],
        "url": link["url"],
        "final_url": answer.final_url,
        "status": answer.status,
        "content_type": answer.header("Content-Type"),
        "fetched_at": answer.fetched_at,
        "seen_at": memento_datetime(answer) or answer.fetched_at,
        "body_sha256": sha256_bytes(answer.body),
        "n_bytes": len(answer.body),
        "etag": answer.header("ETag"),
        "last_modified": answer.header("Last-Modified"),
    }


def fields_of(row: Row, hops: tuple[str, ...] = ()) -> Fields:
    """What is written beside the answer, so that the archive alone gives the row back."""
    written = {f"{PREFIX}{name}": _as_text(value) for name, value in row.items() if value is not None}
    return written | ({"via": " ".join(hops)} if hops else {})


def row_of(stored: Stored) -> Row | None:
    """The row that was written beside a response; None for a record that is not ours."""
    columns = list(contract.table("capture").polars_schema())
    fields = {name.removeprefix(PREFIX): value for name, value in stored.fields.items()}
    if not set(columns) - {"warc_file", "warc_offset", *OPTIONAL} <= fields.keys():
        return None
    row: Row = {name: fields.get(name) for name in columns}
    row |= {"status": int(fields["status"]), "n_bytes": int(fields["n_bytes"])}
    row |= {"day": date.fromisoformat(fields["day"])}
    row |= {name: datetime.fromisoformat(fields[name]) for name in ("fetched_at", "seen_at")}
    return row | place_of(stored)


def place_of(stored: Stored) -> Row:
    """Where the response lies."""
    return {"warc_file": stored.warc_file, "warc_offset": stored.warc_offset}


def memento_datetime(answer: Answer) -> datetime | None:
    """When an archive says that this state came into being; a time it cannot have seen is not believed."""
    value = answer.header("Memento-Datetime")
    if value is None:
        return None
    try:
        moment = parsedate_to_datetime(value)
    except ValueError:
        return None
    moment = moment.replace(tzinfo=moment.tzinfo or UTC).astimezone(UTC)
    return moment if moment <= answer.fetched_at else None


def _as_text(value: object) -> str:
    return value.isoformat() if isinstance(value, date) else str(value)
