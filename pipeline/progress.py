"""Progress of long work: a rich bar on a terminal, plain lines elsewhere, JSON lines on request."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import date

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

Report = Callable[[date, str, Mapping[str, int | str]], None]


@contextmanager
def show_progress(n_steps: int, as_json: bool) -> Iterator[Report]:
    """A function to call after each step with day, step and counts."""
    console = Console()
    if as_json or not console.is_terminal:
        yield lambda day, step, counts: print(_line(day, step, counts, as_json), flush=True)
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console) as bar:
        task = bar.add_task("starting", total=n_steps)

        def report(day: date, step: str, counts: Mapping[str, int | str]) -> None:
            if "error" in counts:
                bar.console.print(f"[red]{day} {step}: {counts['error']}")
            bar.update(task, advance=1, description=f"{day} {step}")

        yield report


def _line(day: date, step: str, counts: Mapping[str, int | str], as_json: bool) -> str:
    if as_json:
        return json.dumps({"day": day.isoformat(), "step": step, **counts})
    return f"{day} {step:<28} " + "  ".join(f"{key} {value}" for key, value in counts.items())
