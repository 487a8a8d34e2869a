"""The command ``sarhad``. Every command works on the folders and sources that ``pipeline.settings`` names.

Exit codes: 0 done · 1 failed for good · 2 configuration or usage is wrong · 3 a quality gate is broken ·
75 failed for now, try again.
"""

from __future__ import annotations

import json
import sys
from datetime import date, timedelta
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer

from pipeline.errors import ConfigError, GateError, SarhadError, TransientError
from pipeline.settings import load_settings

EXIT_CODES: tuple[tuple[type[SarhadError], int], ...] = (
    (ConfigError, 2),
    (GateError, 3),
    (TransientError, 75),
    (SarhadError, 1),
)

app = typer.Typer(
    help="Sarhad: a ledger of Iran-Pakistan security incidents, with a quote behind every value.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
sources_app = typer.Typer(help="The outlets that are read.", no_args_is_help=True)
places_app = typer.Typer(help="The gazetteer.", no_args_is_help=True)
archive_app = typer.Typer(help="The WARC archive.", no_args_is_help=True)
app.add_typer(sources_app, name="sources")
app.add_typer(places_app, name="places")
app.add_typer(archive_app, name="archive")

Json = Annotated[bool, typer.Option("--json", help="Print JSON for a program to read.")]


def main() -> None:
    """Run the command line; errors of ours become one message and an exit code."""
    try:
        app()
    except SarhadError as error:
        typer.echo(f"sarhad: {type(error).__name__}: {error}", err=True)
        raise SystemExit(next(code for kind, code in EXIT_CODES if isinstance(error, kind))) from error


@app.command()
def run(
    day: Annotated[str | None, typer.Option(help="One day, YYYY-MM-DD.")] = None,
    from_day: Annotated[str | None, typer.Option("--from", help="First day of a range.")] = None,
    to_day: Annotated[str | None, typer.Option("--to", help="Last day of a range.")] = None,
    as_json: Json = False,
) -> None:
    """Run the corridor for a day or a range without Airflow, then publish."""
    from pipeline import corridor
    from pipeline.progress import show_progress

    settings = load_settings()
    days = _days(day, from_day, to_day)
    n_steps = len(days) * (4 * len(corridor.source_ids(settings)) + 3) + 1
    with show_progress(n_steps, as_json) as progress:
        for each in days:
            corridor.run_day(each, settings, f"cli__{each}", "cli", partial(progress, each))
        progress(days[-1], "publish", corridor.publish(settings))


def _days(day: str | None, from_day: str | None, to_day: str | None) -> list[date]:
    if day and not (from_day or to_day):
        return [_parse_day(day)]
    if from_day and to_day and not day:
        first, last = _parse_day(from_day), _parse_day(to_day)
        if first > last:
            raise ConfigError(f"--from {first} is after --to {last}")
        return [first + timedelta(days=n) for n in range((last - first).days + 1)]
    raise ConfigError("give either --day, or --from and --to")


def _parse_day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise ConfigError(f"{text!r} is no day; write YYYY-MM-DD") from error


@app.command()
def extract(
    paths: Annotated[list[Path], typer.Argument(help="JSON Lines files (or - for standard input), or one text file.")],
    published: Annotated[str | None, typer.Option(help="Publication day of a plain-text file, YYYY-MM-DD.")] = None,
    resolve: Annotated[bool, typer.Option("--resolve", help="Give lines that tell of one incident one key.")] = False,
) -> None:
    """Read articles and print one JSON line each, as in contracts/extract_output.schema.json."""
    from pipeline.extract import read_lines

    lines = [line for path in paths for line in _article_lines(path, published)]
    outputs = read_lines(lines)
    if resolve:
        from pipeline.resolve import resolve_lines

        outputs = resolve_lines(lines, outputs)
    for output in outputs:
        typer.echo(json.dumps(output, ensure_ascii=False))


def _article_lines(path: Path, published: str | None) -> list[dict[str, Any]]:
    """Articles of a file: JSON Lines if its first character is a brace, else one plain text."""
    if str(path) != "-" and not path.is_file():
        raise ConfigError(f"{path}: no such file")
    raw = sys.stdin.buffer.read() if str(path) == "-" else path.read_bytes()
    try:
        content = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: not UTF-8 at byte {error.start}; convert it first (iconv)") from error
    if not content.lstrip().startswith("{"):
        return [{"id": path.stem, "text": content, "published": published}]
    return [_json_line(path, n, line) for n, line in enumerate(content.splitlines(), 1) if line.strip()]


def _json_line(path: Path, number: int, line: str) -> dict[str, Any]:
    """One input line; one that is no JSON object becomes an error line of its own in the output."""
    try:
        content = json.loads(line)
    except ValueError as error:
        return {"id": f"{path.name}:{number}", "error": f"{path}:{number}: not JSON: {error}"}
    if not isinstance(content, dict):
        return {"id": f"{path.name}:{number}", "error": f"{path}:{number}: a line must be a JSON object"}
    return content


@app.command()
def explain(
    incident_id: str,
    as_json: Json = False,
    as_html: Annotated[bool, typer.Option("--html", help="Print a page.")] = False,
) -> None:
    """Show where each value of an incident comes from: quotes, speakers, rules, captures, runs."""
    from rich.console import Console

    from pipeline.explain import explain as find
    from pipeline.explain import render_html, render_terminal
    from pipeline.io.warehouse import open_release

    with open_release(load_settings().release / "analyst.duckdb") as connection:
        explanation = find(connection, incident_id)
    if as_json:
        typer.echo(json.dumps(explanation.to_dict(), ensure_ascii=False, default=str))
    elif as_html:
        typer.echo(render_html(explanation))
    else:
        render_terminal(explanation, Console())


@app.command()
def sql(
    command: Annotated[str | None, typer.Option("-c", help="SQL to run.")] = None,
    file: Annotated[Path | None, typer.Option("-f", help="File with SQL to run.")] = None,
    output: Annotated[str, typer.Option("--format", help="table, csv, json or markdown.")] = "table",
) -> None:
    """Ask the release in SQL, or open a shell on it."""
    from pipeline.sql_shell import open_shell, run_query

    path = load_settings().release / "analyst.duckdb"
    if command is None and file is None:
        raise SystemExit(open_shell(path))
    if file is not None and not file.is_file():
        raise ConfigError(f"{file}: no such file")
    typer.echo(run_query(path, command or (file.read_text(encoding="utf-8") if file else ""), output))


@app.command()
def publish(as_json: Json = False) -> None:
    """Publish the warehouse: analyst.duckdb, Parquet and the report."""
    from pipeline import corridor

    _print(dict(corridor.publish(load_settings())), as_json)


@app.command()
def export(
    to: Annotated[Path | None, typer.Option(help="Folder for the files; default is export in the home.")] = None,
    full_text: Annotated[bool, typer.Option("--full-text", help="Whole articles too: for your own use.")] = False,
    quote_chars: Annotated[int | None, typer.Option(min=20, help="Longest quote, in characters.")] = None,
    as_json: Json = False,
) -> None:
    """Write the data of the release for strangers: CSV, Parquet, GeoJSON, evidence, Data Package."""
    from pipeline.export import export as write
    from pipeline.export import previous_folder, release_id
    from pipeline.io.warehouse import open_release

    settings = load_settings()
    knobs = settings.knobs.export
    chosen = {"full_text": full_text or knobs.full_text, "quote_chars": quote_chars or knobs.quote_chars}
    knobs = knobs.model_copy(update=chosen)
    folder = to or settings.home / "export"
    with open_release(settings.release / "analyst.duckdb") as connection:
        files = write(connection, folder, release_id(settings.release), knobs, previous_folder(settings.release))
    _print({"folder": str(folder), "files": len(files)}, as_json)


@app.command()
def brief(
    week: Annotated[str | None, typer.Option(help="Week, as 2024-W03; default is the latest of the release.")] = None,
    to: Annotated[Path | None, typer.Option(help="Folder for the page; default is brief in the home.")] = None,
    as_json: Json = False,
) -> None:
    """Write one page on a week: what happened, what changed, what is contested; as PDF too where Chromium is there."""
    from pipeline.brief import write_brief

    page, pdf = write_brief(load_settings(), week, to)
    _print({"page": str(page), "pdf": str(pdf) if pdf else "none: no Chromium is found"}, as_json)


@app.command()
def rebuild(as_json: Json = False) -> None:
    """Make the warehouse anew from the lake, and publish it."""
    from pipeline import corridor

    settings = load_settings()
    corridor.rebuild(settings, lambda day, counts: _print({"day": str(day), **counts}, as_json))
    _print(dict(corridor.publish(settings)), as_json)


@app.command()
def newsroom(port: Annotated[int, typer.Option(help="Port of the first demo outlet.")] = 18900) -> None:
    """Serve the demo newsroom on loopback until interrupted."""
    from tests.newsroom.serve import main as serve

    raise SystemExit(serve(port))


@app.command()
def codebook() -> None:
    """Print the codebook: every table and column with its meaning."""
    from pipeline.codebook import render

    typer.echo(render(), nl=False)


@sources_app.command("list")
def sources_list(as_json: Json = False) -> None:
    """List the outlets of the chosen set (SARHAD_SOURCES=demo or live)."""
    from pipeline.sources import load_sources

    rows = [
        {"id": s.id, "name": s.name, "language": s.language, "kind": s.kind, "verified": s.verified, "url": s.homepage}
        for s in load_sources(load_settings().sources).values()
    ]
    _table("Sources", rows, as_json)


@sources_app.command("check")
def sources_check(as_json: Json = False) -> None:
    """Ask every feed and sitemap once; exit code 1 if one does not answer."""
    from pipeline.fetch import check_sources
    from pipeline.io.http import open_client
    from pipeline.sources import load_sources

    settings = load_settings()
    with open_client(settings.knobs.fetch) as client:
        rows = check_sources(list(load_sources(settings.sources).values()), client)
    _table("Sources", rows, as_json)
    if any(not row["ok"] for row in rows):
        raise SystemExit(1)


@places_app.command("check")
def places_check(as_json: Json = False) -> None:
    """Verify the gazetteer: duplicates, wrong side of the border, outside its province; exit code 1 on a problem."""
    from pipeline.gazetteer import check, load_gazetteer
    from pipeline.settings import CONFIG

    gazetteer = load_gazetteer(CONFIG / "gazetteer")
    problems = check(gazetteer)
    _table("Problems", [{"problem": str(problem)} for problem in problems], as_json)
    typer.echo(f"{len(gazetteer.places)} places, {len(problems)} problems", err=True)
    if problems:
        raise SystemExit(1)


@archive_app.command("verify")
def archive_verify(as_json: Json = False) -> None:
    """Read every WARC record again, compare digests, and look up every capture; exit code 1 on a problem."""
    import polars as pl

    from pipeline import contract
    from pipeline.io import lake
    from pipeline.io.warc import verify

    settings = load_settings()
    days = lake.days(settings.lake, "capture")
    captures = pl.concat([contract.empty("capture"), *(lake.read_day(settings.lake, "capture", day) for day in days)])
    problems = [{"problem": str(problem)} for problem in verify(settings.archive, captures)]
    _table("Archive", problems, as_json)
    typer.echo(f"{len(problems)} problems", err=True)
    if problems:
        raise SystemExit(1)


@archive_app.command("import")
def archive_import(
    path: Annotated[Path, typer.Argument(help="Folder (or file) with .warc, .warc.gz and .html files.")],
    source_id: Annotated[str, typer.Option("--source", help="Outlet whose pages are taken.")],
    as_json: Json = False,
) -> None:
    """Take an outlet's pages out of other people's WARC and HTML files, read them, load their days and publish."""
    from datetime import UTC, datetime

    from pipeline import corridor
    from pipeline.ingest import ingest
    from pipeline.sources import load_sources

    settings = load_settings()
    sources = load_sources(settings.sources)
    if source_id not in sources:
        raise ConfigError(f"no source {source_id!r}; known: {', '.join(sources)}")
    started_at = datetime.now(UTC)
    days = ingest(path, sources[source_id], settings, lambda day, counts: _print({"day": day, **counts}, as_json))
    for day in days:
        corridor.settle(day, settings)
        corridor.validate(day, settings)
        _print({"day": day, **corridor.load(day, settings, f"import__{day}", "cli", started_at)}, as_json)
    if days:
        _print(dict(corridor.publish(settings)), as_json)


@app.command("audit-relevance")
def audit_relevance(
    n: Annotated[int, typer.Option(help="How many pages to show.")] = 20,
    seed: Annotated[int, typer.Option(help="Seed of the random half.")] = 0,
    as_json: Json = False,
) -> None:
    """Sample the pages that were judged irrelevant before reading, for a person to look at."""
    from pipeline.fetch.triage import sample_irrelevant
    from pipeline.io.warehouse import open_release

    with open_release(load_settings().release / "analyst.duckdb") as connection:
        rejects = connection.sql("SELECT * FROM reject WHERE stage = 'clean'").pl()
    chosen = sample_irrelevant(rejects, n, seed).select("source_id", "day", "score", "reason", "detail", "locator")
    _table("Judged irrelevant", list(chosen.iter_rows(named=True)), as_json)


def _print(content: dict[str, Any], as_json: bool) -> None:
    text = (
        json.dumps(content, default=str) if as_json else "  ".join(f"{key} {value}" for key, value in content.items())
    )
    typer.echo(text)


def _table(title: str, rows: list[dict[str, Any]], as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps(rows, ensure_ascii=False, default=str))
        return
    from rich.console import Console
    from rich.table import Table

    table = Table(title=title, title_justify="left", box=None, header_style="bold")
    for name in rows[0] if rows else ():
        table.add_column(name)
    for row in rows:
        table.add_row(*("" if value is None else str(value) for value in row.values()))
    Console().print(table)
