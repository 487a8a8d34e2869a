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
:root { color-scheme: light dark; --line: #8884; --soft: #8881; --good: #1f6f4a; --bad: #a6321f; --link: #1f5673 }
@media (prefers-color-scheme: dark) { :root { --good: #74c5a0; --bad: #f0917d; --link: #8fc1dd } }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 64rem; margin: 2rem auto; padding: 0 1.25rem }
h1 { font: 600 1.9rem/1.2 Palatino, Georgia, serif; margin: .6rem 0 1rem } a { color: var(--link) }
h2, h3, h4, h5, .alert h5, .h6 { font-size: 1rem; font-weight: 600; margin: 1.1rem 0 .2rem }
table { border-collapse: collapse; table-layout: fixed; width: 100%; margin: .2rem 0 .6rem; font-size: .92rem }
th, td { border-bottom: 1px solid var(--line); padding: .4rem .8rem .4rem 0; text-align: left; vertical-align: top }
th { font-size: .8rem; opacity: .75 } td p { margin: 0 } td:first-child { white-space: nowrap }
.badge { border-radius: .25rem; padding: .05rem .3rem; background: var(--soft); font-family: ui-monospace, monospace }
nav.navbar, .sticky, .lead, .collapse, .modal, a[data-toggle], .col-lg-2 h4, #section-1 .h6 { display: none }
.ge-section, .alert { margin: 0; padding: 0 }
.hide-succeeded-validation-target-child th:first-child { width: 5rem }
.hide-succeeded-validation-target-child th:last-child { width: 14rem }
.fa-check-circle::before { content: "holds" } .fa-times::before { content: "fails" }
.fa-exclamation-triangle::before { content: "warns" } .fas { font-style: normal }
.text-success, .yes { color: var(--good) } .text-danger, .no { color: var(--bad); font-weight: 600 }
.text-warning { color: #b7791f }
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
    pages = {
        f"{suite}.html": _offline(page.render(renderer.render(result)), suite, day) for suite, result in results.items()
    }
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


def _offline(page: str, suite: str, day: date) -> str:
    plain = ADDRESS.sub("", OUTSIDE.sub("", page)).replace("</head>", STYLE + "</head>", 1)
    top = f'<body><p><a href="../index.html">All days</a></p><h1>{suite}, {day.isoformat()}</h1>'
    return plain.replace("<body>", top, 1)


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
        '<table><thead><tr><th style="width: 7rem">Day</th><th style="width: 5rem">May pass</th>'
        '<th style="width: 6rem">Refused rows</th><th>What to look at</th><th style="width: 13rem">Pages</th>'
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
