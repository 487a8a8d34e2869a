"""Settings of a run: folders, knobs of ``config/pipeline.yml`` and the chosen sources. Unknown keys are errors."""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from pipeline.errors import ConfigError

ROOT = Path(__file__).resolve().parent.parent
CONFIG = ROOT / "config"


class Model(BaseModel):
    """A frozen model that refuses unknown keys."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class FetchSettings(Model):
    """How pages are fetched; times in seconds, sizes in bytes."""

    user_agent: str
    timeout_s: float = Field(gt=0)
    max_bytes: int = Field(gt=0)
    max_redirects: int = Field(ge=0)
    retries: int = Field(ge=0)
    backoff_s: float = Field(ge=0)
    delay_s: float = Field(ge=0)
    allow_private: bool


class CleanSettings(Model):
    """When a page has an article, and when two articles are one copy."""

    min_text_chars: int = Field(ge=0)
    copy_similarity: float = Field(gt=0, le=1)


class ExtractSettings(Model):
    """Bounds of the reader."""

    max_words: int = Field(gt=0)


class ResolveSettings(Model):
    """When two mentions are one incident."""

    window_days: int = Field(ge=0)
    link_score: float = Field(ge=0, le=1)
    review_score: float = Field(ge=0, le=1)


class ExportSettings(Model):
    """What strangers get of other people's words; quotes in characters."""

    quote_chars: int = Field(ge=20)
    full_text: bool


class Budget(Model):
    """An upper bound, and how bad it is to break it."""

    max: float
    severity: Literal["critical", "warning"]


class ExpectSettings(Model):
    """Budgets of the gate."""

    reject_share: Budget
    mention_without_date_share: Budget


class Knobs(Model):
    """The content of ``config/pipeline.yml``."""

    fetch: FetchSettings
    clean: CleanSettings
    extract: ExtractSettings
    resolve: ResolveSettings
    export: ExportSettings
    expect: ExpectSettings


class Settings(Model):
    """Everything that a run needs to know and that is no data."""

    home: Path
    sources: str
    knobs: Knobs
    warehouse_name: str = "sarhad.duckdb"

    @property
    def lake(self) -> Path:
        """Folder of the Parquet partitions between stages."""
        return self.home / "lake"

    @property
    def archive(self) -> Path:
        """Folder of the WARC files."""
        return self.home / "archive"

    @property
    def warehouse(self) -> Path:
        """The master database; only ``load`` and ``publish`` open it."""
        return self.home / "warehouse" / self.warehouse_name

    @property
    def release(self) -> Path:
        """Folder of what is published: ``analyst.duckdb``, Parquet, report, Data Docs."""
        return self.home / "release"


def load_yaml(path: Path) -> Any:
    """Read a YAML file.

    Raises:
        ConfigError: missing or not YAML; the message names file and line.
    """
    try:
        return yaml.load(path.read_text(encoding="utf-8"), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    except FileNotFoundError as error:
        raise ConfigError(f"{path}: no such file; restore it from the repository") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: not valid YAML: {error}") from error


def explain_validation(path: Path, error: ValidationError) -> ConfigError:
    """Turn a pydantic error into one that names file, key and what is wrong."""
    lines = [
        f"{path}:{_line_of(path, problem['loc'])}: {'.'.join(str(part) for part in problem['loc'])}: {problem['msg']}"
        for problem in error.errors()
    ]
    return ConfigError("\n".join(lines))


def _line_of(path: Path, location: tuple[int | str, ...]) -> int:
    keys = [str(part) for part in location if isinstance(part, str)]
    line_number = 1
    lines = path.read_text(encoding="utf-8").splitlines()
    for key in keys:
        for number in range(line_number, len(lines) + 1):
            if lines[number - 1].lstrip(" -").startswith(f"{key}:"):
                line_number = number
                break
    return line_number


def load_knobs(path: Path = CONFIG / "pipeline.yml") -> Knobs:
    """Read ``config/pipeline.yml``.

    Raises:
        ConfigError: unknown or missing key, or a value out of its range.
    """
    try:
        return Knobs.model_validate(load_yaml(path))
    except ValidationError as error:
        raise explain_validation(path, error) from error


@cache
def load_settings() -> Settings:
    """Settings of this process: knobs from the repository, folders and source set from the environment.

    ``SARHAD_HOME`` is the folder for all data (default ``var/`` in the checkout),
    ``SARHAD_SOURCES`` the set of sources: ``demo`` (default) or ``live``.
    The demo newsroom lives on loopback, so only that set may connect there.
    """
    home = Path(os.environ.get("SARHAD_HOME") or ROOT / "var").resolve()
    sources = os.environ.get("SARHAD_SOURCES", "demo")
    knobs = load_knobs()
    if sources == "demo":
        knobs = knobs.model_copy(update={"fetch": knobs.fetch.model_copy(update={"allow_private": True})})
    return Settings(home=home, sources=sources, knobs=knobs)
