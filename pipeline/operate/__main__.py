"""``python -m pipeline.operate``: the verbs behind the Makefile's ``up``, ``down``, ``run`` and ``backfill``.

Exit codes as those of ``sarhad``: 0 done · 1 failed · 2 configuration is wrong · 3 gate broken · 75 try again.
"""

from __future__ import annotations

import argparse
import logging
import os
import shutil
import signal
import sys
import time
import webbrowser
from datetime import date

from rich.console import Console

from pipeline.cli import EXIT_CODES
from pipeline.errors import ConfigError, SarhadError
from pipeline.operate import start, supervise
from pipeline.operate.postgres import embedded_server
from pipeline.operate.site import Site
from pipeline.operate.start import Say
from pipeline.settings import Settings, load_settings

PLAIN_WIDTH = 120
FIRST, LAST = "2024-01-15", "2024-01-20"  # the days of the demo newsroom that `make run` reads


def main() -> None:
    """Run one verb; an error of ours is one message and an exit code."""
    arguments = _parse()
    console = _console()
    # Whoever ends us politely gets everything that we started stopped, as with Ctrl-C.
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
    try:
        arguments.verb(load_settings(), console, arguments)
    except SarhadError as error:
        console.print(f"{type(error).__name__}: {error}", markup=False, highlight=False, style="red", soft_wrap=True)
        raise SystemExit(next(code for kind, code in EXIT_CODES if isinstance(error, kind))) from error
    except KeyboardInterrupt:
        raise SystemExit(130) from None


def up(settings: Settings, console: Console, _: argparse.Namespace) -> None:
    """Start Airflow and leave it running; print how to log in."""
    from pipeline.operate.show import print_login

    site = Site.of(settings)
    start.start(site, speaker(console))
    print_login(site, console)


def down(settings: Settings, console: Console, _: argparse.Namespace) -> None:
    """Stop all that ``up`` started."""
    is_stopped = supervise.stop(Site.of(settings))
    console.print("Airflow and PostgreSQL are stopped" if is_stopped else "nothing was running")


def run(settings: Settings, console: Console, arguments: argparse.Namespace) -> None:
    """The demo: a backfill, then the incidents, one explanation and the paths."""
    from pipeline.operate.show import print_explanation, print_incidents, print_paths

    closing = _backfill(settings, console, arguments)
    print_incidents(settings, console, _day(arguments.first), _day(arguments.last))
    print_explanation(settings, console)
    print_paths(settings, console)
    console.print(f"\n{closing}", highlight=False)


def backfill(settings: Settings, console: Console, arguments: argparse.Namespace) -> None:
    """A backfill of a range of days; starts Airflow for it where it does not run."""
    from pipeline.operate.show import print_paths

    closing = _backfill(settings, console, arguments)
    print_paths(settings, console)
    console.print(f"\n{closing}", highlight=False)


def _backfill(settings: Settings, console: Console, arguments: argparse.Namespace) -> str:
    from pipeline.operate.backfill import backfill as fill

    first, last = _day(arguments.first), _day(arguments.last)
    if first > last:
        raise ConfigError(f"FROM={first} is after TO={last}")
    say = speaker(console)
    with start.running(Site.of(settings), say) as api:
        outcome = fill(api, settings, first, last, console, say, arguments.reprocess)
    change = "a new release" if outcome.is_changed else "nothing changed, the release is the one from before"
    return f"{(last - first).days + 1} days in {outcome.seconds:.0f} s: {change}."


def bench(settings: Settings, console: Console, arguments: argparse.Namespace) -> None:
    """Measure start, memory and cost per task in a home of its own."""
    from pipeline.operate.bench import bench as measure

    measure(settings, _day(arguments.first), _day(arguments.last), console, speaker(console))


def report(settings: Settings, console: Console, _: argparse.Namespace) -> None:
    """Open the report of the release in a browser, where there is one, and print where it is."""
    path = settings.release / "report" / "index.html"
    if not path.exists():
        raise ConfigError(f"{path}: no report yet; `make run` makes one")
    console.print(str(path), markup=False, highlight=False, soft_wrap=True)
    if sys.platform == "darwin" or os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"):
        webbrowser.open(path.as_uri())


def browser(_: Settings, console: Console, __: argparse.Namespace) -> None:
    """Find Chromium, or install Debian's package where we are root."""
    from pipeline.operate.browser import find_browser

    console.print(find_browser(), markup=False, highlight=False)


def foreground(settings: Settings, _: Console, __: argparse.Namespace) -> None:
    """Supervise in the foreground, for systemd and for ``up``."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s", stream=sys.stderr)
    supervise.supervise(Site.of(settings))


def ready(settings: Settings, console: Console, _: argparse.Namespace) -> None:
    """Wait until a supervisor that somebody else started is ready, and make pool and DAGs so."""
    start.wait_until_ready(Site.of(settings), speaker(console))


def remove(settings: Settings, console: Console, _: argparse.Namespace) -> None:
    """Stop everything and delete all data of this home: lake, archive, warehouse, releases, Airflow's history."""
    site = Site.of(settings)
    supervise.stop(site)
    embedded_server(site.home).remove()
    shutil.rmtree(site.home, ignore_errors=True)
    console.print(f"removed {site.home}", highlight=False)


def _console() -> Console:
    """The terminal as wide as it is; a file or a pipe wide enough for the table of incidents."""
    console = Console()
    return console if console.is_terminal or "COLUMNS" in os.environ else Console(width=PLAIN_WIDTH)


def speaker(console: Console) -> Say:
    """A function that prints a line with the seconds since now before it."""
    began = time.monotonic()

    def say(text: str) -> None:
        console.print(f"{time.monotonic() - began:5.0f} s  {text}", markup=False, highlight=False, soft_wrap=True)

    return say


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m pipeline.operate", description=__doc__)
    verbs = parser.add_subparsers(required=True)
    named = {
        "up": up,
        "down": down,
        "supervise": foreground,
        "ready": ready,
        "remove": remove,
        "report": report,
        "browser": browser,
    }
    for name, function in named.items():
        verbs.add_parser(name, help=(function.__doc__ or "").partition("\n")[0]).set_defaults(verb=function)
    for name, function in {"run": run, "backfill": backfill, "bench": bench}.items():
        verb = verbs.add_parser(name, help=(function.__doc__ or "").partition("\n")[0])
        verb.set_defaults(verb=function)
        verb.add_argument("--from", dest="first", default=FIRST, help="first day, as 2024-01-15")
        verb.add_argument("--to", dest="last", default=LAST, help="last day")
        verb.add_argument(
            "--reprocess",
            default="completed",
            choices=("none", "failed", "completed"),
            help="days that have a run already: leave them, run failed ones, run all again (default)",
        )
    return parser.parse_args()


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise ConfigError(f"{text!r} is no day; write it as 2024-01-15") from error


if __name__ == "__main__":
    main()
