"""The words and patterns of ``config/`` that cleaning looks for, compiled once."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TypeVar

from pydantic import TypeAdapter, ValidationError

from pipeline.errors import ConfigError
from pipeline.settings import CONFIG, Model, explain_validation, load_yaml

T = TypeVar("T")


class PaywallWords(Model):
    """What tells a paywall, and how much text a stub has at most."""

    stub_chars: int
    names: tuple[str, ...]
    words: tuple[str, ...]


class PageWords(Model):
    """The content of ``config/pages.yml``."""

    furniture_names: tuple[str, ...]
    furniture_lines: tuple[str, ...]
    byline_openers: tuple[str, ...]
    paywall: PaywallWords
    live_names: tuple[str, ...]
    updated_words: tuple[str, ...]


class Calendars(Model):
    """The content of ``config/calendars.yml``: month names by number, and zones by abbreviation."""

    gregorian: dict[int, tuple[str, ...]]
    solar_hijri: dict[int, tuple[str, ...]]
    zones: dict[str, str]


class Marks(Model):
    """Letters and common words of a language."""

    letters: str
    words: tuple[str, ...]


class Wire(Model):
    """A wire or outlet, and how it is written."""

    id: str
    names: tuple[str, ...]
    exact: bool = False


@dataclass(frozen=True)
class Patterns:
    """Compiled patterns of ``config/pages.yml``."""

    furniture_name: re.Pattern[str]
    furniture_line: re.Pattern[str]
    paywall_name: re.Pattern[str]
    paywall_words: re.Pattern[str]
    live_name: re.Pattern[str]
    updated: re.Pattern[str]
    byline_openers: tuple[str, ...]
    stub_chars: int


@cache
def load_patterns(config: Path = CONFIG) -> Patterns:
    """Compile ``config/pages.yml``.

    Raises:
        ConfigError: unknown key or a pattern that is no regular expression.
    """
    path = config / "pages.yml"
    words = _validate(PageWords, path)
    flags = re.IGNORECASE
    try:
        return Patterns(
            re.compile(rf"(?:^|[\s_-])(?:{'|'.join(words.furniture_names)})(?:$|[\s_-])", flags),
            re.compile("|".join(f"(?:{line})" for line in words.furniture_lines), flags),
            re.compile(rf"(?:^|[\s_-])(?:{'|'.join(words.paywall.names)})(?:$|[\s_-])", flags),
            re.compile("|".join(words.paywall.words), flags),
            re.compile(rf"(?:^|[\s_-])(?:{'|'.join(words.live_names)})(?:$|[\s_-])", flags),
            re.compile("|".join(words.updated_words), flags),
            tuple(opener.casefold() for opener in words.byline_openers),
            words.paywall.stub_chars,
        )
    except re.error as error:
        raise ConfigError(f"{path}: a pattern is no regular expression: {error}") from error


@cache
def load_calendars(config: Path = CONFIG) -> Calendars:
    """Read ``config/calendars.yml``; raises ConfigError."""
    return _validate(Calendars, config / "calendars.yml")


@cache
def load_languages(config: Path = CONFIG) -> dict[str, dict[str, Marks]]:
    """Read ``config/languages.yml``: script to language to marks; raises ConfigError."""
    return _validate(dict[str, dict[str, Marks]], config / "languages.yml")


@cache
def load_wires(config: Path = CONFIG) -> tuple[Wire, ...]:
    """Read ``config/wires.yml``; raises ConfigError."""
    return _validate(tuple[Wire, ...], config / "wires.yml")


def _validate(kind: type[T], path: Path) -> T:
    try:
        return TypeAdapter(kind).validate_python(load_yaml(path))
    except ValidationError as error:
        raise explain_validation(path, error) from error
