"""Corrections: decisions of analysts in ``config/corrections.yml``, each one more claim or a row of the ledger."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Literal

import duckdb
import polars as pl
import yaml
from pydantic import Field, ValidationError, model_validator

from pipeline import contract
from pipeline.errors import ConfigError
from pipeline.ids import make_id
from pipeline.settings import CONFIG, Model

PATH = CONFIG / "corrections.yml"
TOLLS = ("killed", "injured", "abducted", "arrested")
FIELDS = ("event_type", "date", "place", "perpetrator", "claimed_by", "target", "weapon", *TOLLS)
LINE = "__line__"
ANALYST = "analyst"


class Correction(Model):
    """One entry of ``config/corrections.yml``."""

    action: Literal["set", "drop", "merge", "split", "undo"]
    incident: str | None = Field(default=None, pattern=r"^inc_[0-9a-f]{16}$")
    mention: str | None = Field(default=None, pattern=r"^men_[0-9a-f]{16}$")
    into: str | None = Field(default=None, pattern=r"^inc_[0-9a-f]{16}$")
    mentions: tuple[str, ...] = ()
    entry: str | None = Field(default=None, pattern=r"^led_[0-9a-f]{16}$")
    field: str | None = None
    group: Literal["all", "security_forces", "civilians", "attackers", "unknown"] | None = None
    value: Any = None
    reason: str = Field(min_length=3)
    who: str = Field(min_length=2)
    on: date
    expect: dict[str, Any] = Field(default_factory=dict)
    locator: str

    @model_validator(mode="after")
    def _complete(self) -> Correction:
        needed = {
            "set": ("incident", "field", "value"),
            "drop": (),
            "merge": ("incident", "into"),
            "split": ("incident", "mentions"),
            "undo": ("entry",),
        }[self.action]
        missing = [name for name in needed if getattr(self, name) in (None, ())]
        if missing:
            raise ValueError(f"{self.action} needs {', '.join(missing)}")
        if self.action == "drop" and (self.incident is None) == (self.mention is None):
            raise ValueError("drop needs either incident or mention")
        if self.action == "set" and self.field not in FIELDS:
            raise ValueError(f"field {self.field!r} is none of {', '.join(FIELDS)}")
        if self.action == "merge" and self.incident == self.into:
            raise ValueError("an incident cannot be merged into itself")
        odd = self.expect.keys() - contract.table("incident").polars_schema().keys()
        if odd:
            raise ValueError(f"expect: table incident has no column {', '.join(sorted(odd))}")
        return self

    @property
    def said_at(self) -> datetime:
        """Midnight UTC of the day of the decision."""
        return datetime(self.on.year, self.on.month, self.on.day, tzinfo=UTC)


class _LineLoader(yaml.SafeLoader):
    """Loader that keeps the line on which a mapping begins."""


def _with_line(loader: _LineLoader, node: yaml.MappingNode) -> dict[str, Any]:
    # YAML 1.1 reads a bare `on` as true; as a key it can only be meant as the word.
    content = {"on" if key is True else key: value for key, value in loader.construct_mapping(node, deep=True).items()}
    content[LINE] = node.start_mark.line + 1
    return content  # type: ignore[return-value]


_LineLoader.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _with_line)


def load_corrections(path: Path = PATH) -> list[Correction]:
    """Read the corrections in order.

    Raises:
        ConfigError: not YAML, an unknown key, a value that does not fit, or two entries that contradict each other;
            the message names file and line.
    """
    try:
        content = yaml.load(path.read_text(encoding="utf-8"), Loader=_LineLoader)
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ConfigError(f"{path}: cannot be read: {error}") from error
    if not isinstance(content, dict) or content.keys() - {LINE} != {"corrections"}:
        raise ConfigError(f"{path}:1: needs one key, `corrections`, with a list")
    corrections = [_read(path, entry) for entry in content["corrections"] or []]
    _refuse_contradictions(corrections)
    return corrections


def _read(path: Path, entry: Any) -> Correction:
    if not isinstance(entry, dict):
        raise ConfigError(f"{path}: {entry!r} is no mapping; see the head of the file")
    line = entry.pop(LINE)
    for value in entry.values():
        if isinstance(value, dict):
            value.pop(LINE, None)
    if entry.keys() & {"locator"}:
        raise ConfigError(f"{path}:{line}: unknown key locator")
    try:
        return Correction.model_validate({**entry, "locator": f"{path.name}:{line}"})
    except ValidationError as error:
        problems = "; ".join(f"{'.'.join(map(str, item['loc'])) or 'entry'}: {item['msg']}" for item in error.errors())
        raise ConfigError(f"{path}:{line}: {problems}") from error


def _refuse_contradictions(corrections: Iterable[Correction]) -> None:
    seen: dict[tuple[object, ...], tuple[object, Correction]] = {}
    for correction in corrections:
        for subject, verdict in _decides(correction).items():
            before, other = seen.setdefault(subject, (verdict, correction))
            if before != verdict:
                raise ConfigError(
                    f"{correction.locator}: contradicts {other.locator} on {' '.join(map(str, subject))}: "
                    f"{verdict} against {before}; delete one"
                )


def _decides(correction: Correction) -> dict[tuple[object, ...], object]:
    """What an entry decides, and how."""
    incident = correction.incident
    if correction.action == "set":
        return {
            (incident, correction.field, correction.group or "all"): str(correction.value),
            (incident, "happened"): True,
        }
    if correction.action == "drop":
        return {(incident or correction.mention, "happened"): False}
    if correction.action == "merge":
        return {(incident, "goes into"): correction.into}
    return {(mention, "leaves"): incident for mention in correction.mentions}


def correction_frame(corrections: Iterable[Correction], places: pl.DataFrame, actors: pl.DataFrame) -> pl.DataFrame:
    """Table ``correction``: what is set and dropped, as claims.

    Raises:
        ConfigError: a value is no figure, day, place or type; the message names file and line.
    """
    rows = [_claim(item, places, actors) for item in corrections if item.action in ("set", "drop")]
    return contract.conform("correction", contract.frame("correction", rows))


def _claim(correction: Correction, places: pl.DataFrame, actors: pl.DataFrame) -> dict[str, object]:
    said = _value(correction, places, actors) if correction.action == "set" else {"value": None}
    name = correction.incident or ""
    locus = (correction.action, name, correction.mention, correction.field, correction.group, correction.value)
    claim_id = make_id("clm", ANALYST, *locus, correction.on)
    return {
        "claim_id": claim_id,
        "incident_id": name,
        "action": correction.action,
        "mention_id": correction.mention or name,
        "article_id": claim_id.replace("clm_", "cor_"),
        "source_id": ANALYST,
        "day": correction.on,
        "field": correction.field or "incident",
        "qualifier": "exact",
        "speaker": correction.who,
        "speaker_type": ANALYST,
        "stance": "reported",
        "quote": correction.reason,
        "char_start": 0,
        "char_end": len(correction.reason),
        "said_at": correction.said_at,
        "seen_at": correction.said_at,
        "rule": "correction",
        "extractor_version": ANALYST,
        "confidence": 1.0,
        "reason": correction.reason,
        "decided_by": correction.who,
        "locator": correction.locator,
        **said,
    }


def _value(correction: Correction, places: pl.DataFrame, actors: pl.DataFrame) -> dict[str, object]:
    value = correction.value
    if correction.field in TOLLS:
        if not isinstance(value, int) or isinstance(value, bool) or value < 0:
            raise ConfigError(f"{correction.locator}: value {value!r} is no figure")
        group = correction.group or "all"
        return {"value": str(value), "low": value, "best": value, "high": value, "victim_group": group}
    if correction.group is not None:
        raise ConfigError(f"{correction.locator}: only a toll has a group")
    if correction.field == "date":
        return _day(correction)
    if correction.field == "place":
        return _place(correction, places)
    if correction.field == "event_type" and f"'{value}'" not in " ".join(contract.table("mention").checks):
        raise ConfigError(f"{correction.locator}: {value!r} is no event type; see docs/codebook.md")
    known = actors.filter((pl.col("actor_id") == str(value)) | (pl.col("name") == str(value)))
    if correction.field in ("perpetrator", "claimed_by") and known.height:
        row = known.row(0, named=True)
        return {"value": row["name"], "canonical_id": row["actor_id"]}
    return {"value": str(value)}


def _day(correction: Correction) -> dict[str, object]:
    value = correction.value
    span = value if isinstance(value, list) else [value, value]
    try:
        starts, ends = (item if isinstance(item, date) else date.fromisoformat(str(item)) for item in span)
    except ValueError as error:
        raise ConfigError(f"{correction.locator}: {value!r} is no day; write YYYY-MM-DD or [first, last]") from error
    precision = "day" if starts == ends else "days"
    return {"value": starts.isoformat(), "starts_on": starts, "ends_on": ends, "precision": precision}


def _place(correction: Correction, places: pl.DataFrame) -> dict[str, object]:
    found = places.filter(pl.col("place_id") == str(correction.value))
    if not found.height:
        raise ConfigError(f"{correction.locator}: no place {correction.value!r} in config/gazetteer/places.csv")
    row = found.row(0, named=True)
    return {
        "value": row["name"],
        "canonical_id": row["place_id"],
        **{name: row[name] for name in ("country", "admin1", "lat", "lon", "where_prec")},
    }


def ledger_entries(corrections: Iterable[Correction]) -> pl.DataFrame:
    """Rows of ``incident_ledger`` for merges, splits and their undoing."""
    rows: list[dict[str, object]] = []
    for item in corrections:
        if item.action not in ("merge", "split", "undo"):
            continue
        leaving = sorted(item.mentions)
        into = make_id("inc", "split", *leaving) if item.action == "split" else item.into
        rows.append(
            {
                "entry_id": make_id("led", item.action, item.incident, into, *leaving, item.entry, item.who, item.on),
                "action": item.action,
                "incident_id": item.incident or "",
                "into_id": into,
                "mention_ids": leaving,
                "undoes": item.entry,
                "decided_by": item.who,
                "decided_at": item.said_at,
                "reason": item.reason,
            }
        )
    return contract.conform("incident_ledger", contract.frame("incident_ledger", rows))


def check_expectations(corrections: Iterable[Correction], uncorrected: pl.DataFrame) -> None:
    """Compare what corrections expect with what the incidents say without them.

    Raises:
        ConfigError: an expectation no longer holds; the message names file, line, and what is there now.
    """
    rows = {row["incident_id"]: row for row in uncorrected.iter_rows(named=True)}
    for correction in corrections:
        row = rows.get(correction.incident)
        if row is None:
            continue
        for column, expected in correction.expect.items():
            found = row[column]
            if found != expected and str(found) != str(expected):
                raise ConfigError(
                    f"{correction.locator}: expects {column} {expected!r} of {correction.incident}, but without the "
                    f"correction it is now {found!r}; look at it again, then change or delete the entry"
                )


def verify(corrections: Iterable[Correction], connection: duckdb.DuckDBPyConnection) -> None:
    """Check that everything that corrections name is in a warehouse that is complete.

    Raises:
        ConfigError: a correction names no incident, mention or ledger entry; the message names file and line.
    """
    cursor = connection.cursor()
    for correction in corrections:
        names: Mapping[str, tuple[str | None, ...]] = {
            "incident": (correction.incident, correction.into),
            "mention": (correction.mention, *correction.mentions),
            "incident_ledger": (correction.entry,),
        }
        for table, wanted in names.items():
            key = contract.table(table).key[0]
            for name in wanted:
                if name is not None and not _exists(cursor, table, key, name):
                    raise ConfigError(f"{correction.locator}: there is no {table} {name!r}; `sarhad sql` lists them")


def _exists(cursor: duckdb.DuckDBPyConnection, table: str, key: str, name: str) -> bool:
    query = f'SELECT count(*) FROM "{table}" WHERE {key} = $1'
    if table == "incident":
        # Merged, split off or dropped: the name still answers.
        query = (
            "SELECT (SELECT count(*) FROM incident WHERE incident_id = resolve_id($1)) "
            "+ (SELECT count(*) FROM correction WHERE incident_id = $1 AND action = 'drop') "
            "+ (SELECT count(*) FROM incident_ledger WHERE incident_id = $1 AND decided_by = 'sarhad')"
        )
    return bool(cursor.execute(query, [name]).fetchall()[0][0])
