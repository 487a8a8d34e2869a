"""Run docs/example.ipynb as a notebook program would, without needing one: cells in order, in one namespace.

`SARHAD_HOME=... python -m tests.run_notebook` runs it on a release and stores what it shows in the file. Charts are
kept as Vega-Lite, which JupyterLab and VS Code draw themselves, and as SVG for readers that cannot, where vl-convert is
installed (it is not among the requirements: 84 MB for one picture format).
"""

from __future__ import annotations

import ast
import json
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

NOTEBOOK = Path(__file__).resolve().parent.parent / "docs" / "example.ipynb"


def read_notebook(path: Path = NOTEBOOK) -> dict[str, Any]:
    """The notebook as JSON."""
    return dict(json.loads(path.read_text(encoding="utf-8")))


def run_notebook(notebook: dict[str, Any]) -> list[Any]:
    """Run all code cells; gives what each shows, that is, the value of its last expression or nothing."""
    namespace: dict[str, Any] = {"__name__": "__main__"}
    shown = []
    for number, cell in enumerate(notebook["cells"]):
        if cell["cell_type"] == "code":
            shown.append(_run_cell("".join(cell["source"]), f"cell {number}", namespace))
    return shown


def _run_cell(source: str, name: str, namespace: dict[str, Any]) -> Any:
    tree = ast.parse(source, name)
    last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
    exec(compile(tree, name, "exec"), namespace)  # a notebook is code
    return eval(compile(ast.Expression(last.value), name, "eval"), namespace) if last else None


def bundle(value: Any) -> dict[str, Any]:
    """What a notebook program would store of a value: its forms by media type."""
    if hasattr(value, "_repr_mimebundle_"):
        found = value._repr_mimebundle_()
        forms = dict(found[0] if isinstance(found, tuple) else found)
        if find_spec("vl_convert"):
            import vl_convert

            forms["image/svg+xml"] = vl_convert.vegalite_to_svg(value.to_dict())
        return forms | {"text/plain": "a chart"}
    forms = {"text/plain": repr(value)}
    return forms | ({"text/html": value._repr_html_()} if hasattr(value, "_repr_html_") else {})


def store(notebook: dict[str, Any], shown: list[Any]) -> dict[str, Any]:
    """The notebook with its outputs."""
    cells = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    for number, (cell, value) in enumerate(zip(cells, shown, strict=True), 1):
        output = {"output_type": "execute_result", "execution_count": number, "data": bundle(value), "metadata": {}}
        cell["execution_count"] = number
        cell["outputs"] = [output] if value is not None else []
    return notebook


def main() -> int:
    """Run the notebook and store its outputs."""
    notebook = read_notebook()
    made = store(notebook, run_notebook(notebook))
    NOTEBOOK.write_text(json.dumps(made, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
