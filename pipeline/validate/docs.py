"""Data Docs: the pages that Great Expectations renders, made to be readable without a network.

``<docs>/index.html`` lists the days, ``<docs>/<day>/<suite>.html`` shows every expectation with what was found.
"""

from __future__ import annotations

import html
import json
import re
import shutil
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

from pipeline.errors import TransientError
from pipeline.validate.verdict import Verdict

# The pages ask several hosts for scripts and styles; without them they work as plain tables, with this style.
OUTSIDE = re.compile(
    r'<script[^>]*\bsrc="[^"]*"[^>]*>\s*</script>|<link[^>]*\bhref="https?:[^>]*>|<img[^>]*\bsrc="https?:[^>]*>'
    r"|<script\b[^>]*>.*?</script>|<footer\b.*?</footer>",
    re.DOTALL,
)
ADDRESS = re.compile(r'\b(?:src|href)="https?:[^"]*"')
STYLE = """<style>
:root { color-scheme: light dark; --line: #8884; --soft: #8881 }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 62rem; margin: 2rem auto; padding: 0 1rem }
h1, h2, h3, h4, h5 { line-height: 1.25; margin: 1.4em 0 .4em }
table { border-collapse: collapse; width: 100%; margin: .6rem 0; font-size: .92rem }
th, td { border-bottom: 1px solid var(--line); padding: .4rem .6rem; text-align: left; vertical-align: top }
th { font-weight: 600 } tr:hover td { background: var(--soft) }
.badge { border-radius: .3rem; padding: .1rem .35rem; background: var(--soft); font-family: ui-monospace, monospace }
.modal, .navbar-brand, .btn, .alert, .d-none { display: none } ul { padding-left: 1.2rem }
nav ol { list-style: none; padding: 0 }
.text-success { color: #1a7f4b } .text-danger { color: #c0392b } .text-warning { color: #b7791f }
.yes { color: #1a7f4b } .no { color: #c0392b; font-weight: 600 } small { opacity: .75 }
@media (prefers-color-scheme: dark) { .yes, .text-success { color: #5fd39a } .no, .text-danger { color: #ff8a7a } }
</style>"""


def write_docs(folder: Path, day: date, results: Mapping[str, Any]) -> None:
    """Replace the pages of a day.

    Raises:
        TransientError: the folder cannot be written.
    """
    from great_expectations.render import view
    from great_expectations.render.renderer import page_renderer

    # Typed as Any: the package says that it is typed, but exports no names.
    renderer: Any = page_renderer.ValidationResultsPageRenderer()
    page: Any = vars(view)["DefaultJinjaPageView"]()
    for result in results.values():
        for each in result.results:
            each.result = _plain(each.result)
    pages = {f"{suite}.html": _offline(page.render(renderer.render(result))) for suite, result in results.items()}
    building = folder / f".{day.isoformat()}"
    target = folder / day.isoformat()
    try:
        shutil.rmtree(building, ignore_errors=True)
        building.mkdir(parents=True)
        for name, content in pages.items():
            (building / name).write_text(content, encoding="utf-8")
        shutil.rmtree(target, ignore_errors=True)
        building.replace(target)
    except OSError as error:
        raise TransientError(f"{folder}: cannot write Data Docs: {error}; free space or fix rights") from error


def _plain(found: Any) -> Any:
    """The same without NumPy's numbers, which the renderer cannot print."""
    if isinstance(found, dict):
        return {key: _plain(value) for key, value in found.items()}
    if isinstance(found, list | tuple):
        return [_plain(value) for value in found]
    return found.item() if hasattr(found, "item") else found


def _offline(page: str) -> str:
    plain = ADDRESS.sub("", OUTSIDE.sub("", page))
    return plain.replace("</head>", STYLE + "</head>", 1)


def write_index(folder: Path, verdict: Verdict) -> None:
    """Note a verdict beside its pages, and list all days, the latest first.

    Raises:
        TransientError: the folder cannot be written.
    """
    day_folder = folder / verdict.day.isoformat()
    try:
        day_folder.mkdir(parents=True, exist_ok=True)
        (day_folder / "verdict.json").write_text(json.dumps(verdict.to_json(), indent=1), encoding="utf-8")
        verdicts = [
            Verdict.from_json(json.loads(path.read_text(encoding="utf-8")))
            for path in sorted(folder.glob("*/verdict.json"), reverse=True)
        ]
        temporary = folder / ".index.html"
        temporary.write_text(_index(folder, verdicts), encoding="utf-8")
        temporary.replace(folder / "index.html")
    except OSError as error:
        raise TransientError(f"{folder}: cannot write Data Docs: {error}; free space or fix rights") from error


def _index(folder: Path, verdicts: list[Verdict]) -> str:
    rows = "".join(_row(folder, verdict) for verdict in verdicts)
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Sarhad: data quality</title>'
        f'<meta name="viewport" content="width=device-width">{STYLE}</head><body><h1>Data quality, day by day</h1>'
        "<p>What Great Expectations found before each day was loaded. Refused rows are in the table "
        "<code>reject</code> with their reasons; a day that may not pass leaves the last release as it is.</p>"
        "<table><thead><tr><th>Day</th><th>May pass</th><th>Refused rows</th><th>What to look at</th><th>Pages</th>"
        f"</tr></thead><tbody>{rows}</tbody></table></body></html>\n"
    )


def _row(folder: Path, verdict: Verdict) -> str:
    day = verdict.day.isoformat()
    notes = [*(f"<b>{html.escape(text)}</b>" for text in verdict.reasons), *map(html.escape, verdict.warnings)]
    pages = " ".join(f'<a href="{day}/{path.name}">{path.stem}</a>' for path in sorted((folder / day).glob("*.html")))
    passed = '<span class="yes">yes</span>' if verdict.publishable else '<span class="no">no</span>'
    return (
        f"<tr><td>{day}</td><td>{passed}</td><td>{verdict.rejects.height}</td>"
        f"<td>{'<br>'.join(notes) or 'nothing'}</td><td>{pages}</td></tr>"
    )
