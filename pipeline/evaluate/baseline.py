"""The plain reader that the real one has to beat: first place, first date, first number, any trigger word."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from typing import Any

from pipeline.errors import ConfigError

Json = dict[str, Any]

_MONTHS = ("january", "february", "march", "april", "may", "june", "july", "august", "september", "october",
           "november", "december")  # fmt: skip
_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_ADMIN1 = {"IR": "Sistan and Baluchestan", "PK": "Balochistan"}
_DATE = re.compile(
    r"\b(?:(?P<iso>\d{4}-\d\d-\d\d)"
    rf"|(?P<day>\d{{1,2}})(?:st|nd|rd|th)? (?P<month>{'|'.join(_MONTHS)}),? (?P<year>\d{{4}})"
    rf"|(?P<month2>{'|'.join(_MONTHS)}) (?P<day2>\d{{1,2}}),? (?P<year2>\d{{4}})"
    rf"|(?P<weekday>{'|'.join(_DAYS)})|(?P<near>today|yesterday))\b",
    re.IGNORECASE,
)
_NUMBER = re.compile(r"(?<![\d,.-])\b(?P<digits>\d{1,3})\b(?![,.-]?\d)")


def read_baseline(lines: Iterable[Json], rules: Json) -> list[Json]:
    """Output lines of the contract for the input lines; `rules` is the `baseline` part of the configuration.

    Raises ConfigError where the rules have no triggers or places.
    """
    if not rules.get("triggers") or not rules.get("places"):
        raise ConfigError("evaluation.yml: baseline needs triggers and places")
    return [_read(line, rules) for line in lines]


def _read(line: Json, rules: Json) -> Json:
    text = line["text"]
    trigger = _first(text, rules["triggers"])
    if trigger is None:
        return {"id": line["id"], "lang": line.get("lang", "en"), "relevant": False, "incidents": []}
    evidence: list[Json] = [_quote("event_type", trigger)]
    incident: Json = {
        "role": "main",
        "event_type": rules["triggers"][_key(trigger, rules["triggers"])],
        "date": {"start": None, "end": None, "precision": "unknown"},
        "place": {"name": None, "country": None, "admin1": None, "precision": None},
        "perpetrator": None, "claimed_by": None, "target": None,
        "killed": {"low": None, "best": None, "high": None},
        "injured": {"low": None, "best": None, "high": None},
        "attributed_to": [], "evidence": evidence,
    }  # fmt: skip
    if place := _first(text, rules["places"]):
        name = _key(place, rules["places"])
        country = rules["places"][name]
        incident["place"] = {"name": name, "country": country, "admin1": _ADMIN1[country], "precision": None}
        evidence.append(_quote("place", place))
    if group := _first(text, rules["groups"]):
        incident["perpetrator"] = _key(group, rules["groups"])
        evidence.append(_quote("perpetrator", group))
    if number := _NUMBER.search(text):
        value = int(number["digits"])
        incident["killed"] = {"low": value, "best": value, "high": value}
        evidence.append(_quote("killed", number))
    if (found := _DATE.search(text)) and (day := _resolve(found, line.get("published"))):
        incident["date"] = {"start": day, "end": day, "precision": "day"}
        evidence.append(_quote("date", found))
    return {"id": line["id"], "lang": line.get("lang", "en"), "relevant": True, "incidents": [incident]}


def _first(text: str, words: Iterable[str]) -> re.Match[str] | None:
    found = [m for word in words if (m := re.search(rf"\b{re.escape(word)}", text, re.IGNORECASE))]
    return min(found, key=lambda m: (m.start(), -m.end()), default=None)


def _key(found: re.Match[str], words: Iterable[str]) -> str:
    return next(word for word in words if word.lower() == found.group().lower())


def _quote(name: str, found: re.Match[str]) -> Json:
    return {"field": name, "quote": found.group(), "start": found.start(), "end": found.end()}


def _resolve(found: re.Match[str], published: str | None) -> str | None:
    """The day that the words name; weekdays and "yesterday" need the publication date."""
    if found["iso"]:
        return found["iso"]
    if month := found["month"] or found["month2"]:
        day, year = found["day"] or found["day2"], found["year"] or found["year2"]
        return f"{year}-{_MONTHS.index(month.lower()) + 1:02d}-{int(day):02d}"
    if not published:
        return None
    base = date.fromisoformat(published[:10])
    if found["near"]:
        return (base - timedelta(days=found["near"].lower() == "yesterday")).isoformat()
    return (base - timedelta(days=(base.weekday() - _weekday(found["weekday"], _DAYS)) % 7)).isoformat()


def _weekday(word: str, days: Sequence[str]) -> int:
    return days.index(word.lower())
