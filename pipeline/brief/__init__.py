"""Brief: one page on a week, for who reads nothing else. Each sentence is made from data and names its source."""

from __future__ import annotations

import re
import shutil
import subprocess
from datetime import date, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from pipeline.brief.week import gather
from pipeline.errors import ConfigError, TerminalError
from pipeline.export import release_id
from pipeline.io.warehouse import open_release
from pipeline.operate.browser import NAMES
from pipeline.report import words
from pipeline.settings import Settings

HERE = Path(__file__).resolve().parent
WEEK = re.compile(r"^(\d{4})-W(\d{2})$")
PDF_SECONDS = 60
# Print sizes that are tried until the page is one; smaller than the last nobody can read.
SIZES = (1.0, 0.92, 0.85, 0.78, 0.72)
PDF_PAGE = re.compile(rb"/Type\s*/Page\b")


def week_of(text: str) -> date:
    """Monday of a week written as ISO 8601 does, ``2024-W03``.

    Raises:
        ConfigError: it is no such week.
    """
    match = WEEK.match(text)
    try:
        if match:
            return date.fromisocalendar(int(match[1]), int(match[2]), 1)
    except ValueError:
        pass  # told below, with what to write instead
    raise ConfigError(f"{text!r} is no week; write it as 2024-W03")


def week_name(monday: date) -> str:
    """A week as ISO 8601 writes it."""
    year, week, _ = monday.isocalendar()
    return f"{year}-W{week:02}"


def latest_week(connection: duckdb.DuckDBPyConnection) -> date:
    """Monday of the last week in which the release has an incident.

    Raises:
        TerminalError: it has none.
    """
    row = connection.execute("SELECT max(week_on) FROM week_over_week").fetchall()[0]
    if row[0] is None:
        raise TerminalError("the release has no dated incident, so there is no week to tell of; run some days first")
    found: date = row[0]
    return found


def render_brief(connection: duckdb.DuckDBPyConnection, monday: date, release_id: str, quote_chars: int) -> str:
    """The page, as HTML that asks no network.

    Args:
        connection: the release.
        monday: first day of the week.
        release_id: id of the release, for the citation.
        quote_chars: how many characters of a quote are shown.
    """
    environment = Environment(
        loader=FileSystemLoader(HERE), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    sunday = monday + timedelta(days=6)
    return environment.get_template("page.html").render(
        brief=gather(connection, monday, quote_chars),
        week=week_name(monday),
        span=words.when({"starts_on": monday, "ends_on": sunday, "date_precision": "days"}),
        release_id=release_id,
        style=Markup((HERE / "style.css").read_text(encoding="utf-8")),
        web_address=words.web_address,
        direction=words.direction,
    )


def write_brief(settings: Settings, week: str | None = None, folder: Path | None = None) -> tuple[Path, Path | None]:
    """Write the brief of a week of the current release, and its PDF where there is a Chromium.

    Args:
        settings: where the release lies.
        week: the week, as ``2024-W03``; the latest of the release where none is given.
        folder: where the files go; ``brief`` in the home where none is given.

    Returns:
        the page and the PDF.

    Raises:
        ConfigError: ``week`` is no week.
        TerminalError: there is no release, or it has no incident.
    """
    monday = week_of(week) if week else None
    folder = folder or settings.home / "brief"
    with open_release(settings.release / "analyst.duckdb") as connection:
        monday = monday or latest_week(connection)
        page = render_brief(connection, monday, release_id(settings.release), settings.knobs.export.quote_chars)
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"brief-{week_name(monday)}.html"
    path.write_text(page, encoding="utf-8")
    return path, write_pdf(path)


def write_pdf(page: Path) -> Path | None:
    """Print a page to PDF beside it, with the Chromium of this machine, as small as one sheet needs it.

    Returns:
        the PDF, or none where there is no Chromium.

    Raises:
        TerminalError: Chromium is there and does not print.
    """
    browser = next((found for name in NAMES if (found := shutil.which(name))), None)
    if browser is None:
        return None
    target = page.with_suffix(".pdf")
    html = page.read_text(encoding="utf-8")
    with TemporaryDirectory() as name:
        folder = Path(name)
        for size in SIZES:
            sized = folder / "page.html"
            sized.write_text(
                html.replace("</style>", f"@media print{{body{{zoom:{size}}}}}</style>", 1), encoding="utf-8"
            )
            _print(browser, sized, target, folder / "profile")
            if len(PDF_PAGE.findall(target.read_bytes())) == 1:
                break
    return target


def _print(browser: str, page: Path, target: Path, profile: Path) -> None:
    command = [
        browser, "--headless", "--no-sandbox", "--disable-gpu", "--no-pdf-header-footer",
        f"--user-data-dir={profile}", f"--print-to-pdf={target}", page.resolve().as_uri(),
    ]  # fmt: skip
    target.unlink(missing_ok=True)
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=PDF_SECONDS)
    except subprocess.TimeoutExpired as error:
        raise TerminalError(f"{browser} printed nothing in {PDF_SECONDS} s; the HTML page is there") from error
    if done.returncode or not target.exists():
        raise TerminalError(f"{browser} does not print {target.name}: {done.stderr.strip()[-300:]}")
