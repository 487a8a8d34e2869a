"""Sources: publishers and how to reach them, one YAML file each under ``config/sources/<set>/``."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, ValidationError, model_validator

from pipeline.errors import ConfigError
from pipeline.settings import CONFIG, Model, explain_validation, load_yaml

Adapter = Literal[
    "rss", "atom", "news_sitemap", "sitemap",
    "archive_page", "gdelt", "gdelt_files", "common_crawl", "wayback",
]  # fmt: skip
NEEDS: dict[str, tuple[str, ...]] = {
    "archive_page": ("template", "links"),
    "gdelt": ("hosts",),
    "gdelt_files": ("hosts", "files"),
    "common_crawl": ("hosts",),
    "wayback": ("hosts",),
}
TAKES: dict[str, tuple[str, ...]] = {
    "archive_page": ("hosts", "delay_s"),
    "gdelt": ("query", "delay_s"),
    "gdelt_files": ("delay_s",),
    "common_crawl": ("index", "delay_s"),
    "wayback": ("delay_s",),
}
SPECIAL = ("template", "links", "hosts", "query", "files", "index", "delay_s")


class Discovery(Model):
    """One way to find links of a source, and how many days it reaches back (null: as far as the adapter can).

    Attributes:
        url: the feed, sitemap or interface; for ``archive_page`` the page that leads to the archive.
        template: ``archive_page``: address of the page of a day, with ``{year}``, ``{month}``, ``{day}`` (two digits),
            ``{m}``, ``{d}`` (no leading zero), ``{jyear}``, ``{jmonth}``, ``{jday}`` (solar Hijri) and, where the
            day has several pages, ``{page}``.
        links: ``archive_page``: which links count, as XPath (begins with / or .) or a CSS selector.
        hosts: addresses of the outlet in an archive that holds many: ``host`` (with its subdomains) or ``host/path``.
        query: ``gdelt``: ``lexicon`` asks for the words of ``config/`` only; null for everything of the hosts.
        files: ``gdelt_files``: which of the 15-minute files are read.
        index: ``common_crawl``: a CDX server; without one the WARC files of the day are scanned.
        delay_s: pause between requests to this service, where that of the source does not fit.
    """

    adapter: Adapter
    url: str = Field(pattern=r"^https?://")
    reach_days: int | None = None
    template: str | None = Field(default=None, pattern=r"^https?://")
    links: str | None = None
    hosts: tuple[Annotated[str, Field(pattern=r"^[a-z0-9.-]+(:\d+)?(/\S*)?$")], ...] = ()
    query: Literal["lexicon"] | None = None
    files: Literal["mentions", "gkg"] | None = None
    index: str | None = Field(default=None, pattern=r"^https?://")
    delay_s: float | None = Field(default=None, ge=0)

    @model_validator(mode="after")
    def _fits_adapter(self) -> Self:
        given = {name for name in SPECIAL if getattr(self, name) not in (None, ())}
        needed = set(NEEDS.get(self.adapter, ()))
        known = needed | set(TAKES.get(self.adapter, ()))
        if missing := sorted(needed - given):
            raise ValueError(f"adapter {self.adapter} needs {', '.join(missing)}")
        if foreign := sorted(given - known):
            raise ValueError(f"adapter {self.adapter} does not know {', '.join(foreign)}")
        return self


class Politeness(Model):
    """Pause between requests to the host in seconds, and how many may run at once."""

    delay_s: float = Field(default=1.0, ge=0)
    max_concurrent: int = Field(default=2, ge=1)


class Source(Model):
    """A publisher. ``memento`` says that it answers Accept-Datetime (RFC 7089): its past states can be asked for."""

    id: str = Field(pattern=r"^[a-z0-9_]+$")
    name: str
    language: str = Field(pattern=r"^[a-z]{2}$")
    country: str | None = None
    kind: Literal["newspaper", "wire", "agency", "broadcaster", "militant", "ngo", "government", "other"]
    demo: bool = False
    homepage: str = Field(pattern=r"^https?://")
    timezone: str
    discovery: tuple[Discovery, ...] = Field(min_length=1)
    memento: bool = False
    politeness: Politeness = Politeness()
    wire_family: str | None = None
    licence: str
    robots_note: str
    verified: str


def load_sources(source_set: str, config: Path = CONFIG) -> dict[str, Source]:
    """The sources of a set (``demo``, ``live``) by id.

    With ``SARHAD_NEWSROOM_PORT`` set, the loopback addresses of the demo set move to that base port.

    Raises:
        ConfigError: no such set, unknown key, or an id that is not the file name.
    """
    folder = config / "sources" / source_set
    paths = sorted(folder.glob("*.yml"))
    if not paths:
        raise ConfigError(f"{folder}: no sources; known sets: {', '.join(_sets(config))}")
    sources = {}
    for path in paths:
        source = _load(path)
        if source.id != path.stem:
            raise ConfigError(f"{path}: id {source.id!r} differs from the file name; make them equal")
        sources[source.id] = source
    return sources


def _sets(config: Path) -> list[str]:
    return sorted(path.name for path in (config / "sources").iterdir() if path.is_dir())


def _load(path: Path) -> Source:
    try:
        return Source.model_validate(_move_ports(load_yaml(path)))
    except ValidationError as error:
        raise explain_validation(path, error) from error


def _move_ports(value: object) -> object:
    """Shift the default newsroom ports (18900 and up) to the base port in ``SARHAD_NEWSROOM_PORT``."""
    base = os.environ.get("SARHAD_NEWSROOM_PORT")
    if not base:
        return value
    if isinstance(value, dict):
        return {key: _move_ports(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_move_ports(item) for item in value]
    if isinstance(value, str) and value.startswith("http://127.0.0.1:189"):
        head, _, tail = value.removeprefix("http://127.0.0.1:").partition("/")
        return f"http://127.0.0.1:{int(head) - 18900 + int(base)}/{tail}"
    return value
