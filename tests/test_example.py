"""The example notebook runs on a release, draws three pictures with data in them, and stores what it draws."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import altair as alt
import polars as pl
import pytest

from tests.run_notebook import bundle, read_notebook, run_notebook, store

VEGA = "application/vnd.vegalite.v6.json"


@pytest.fixture(scope="module")
def shown(demo_home: Path) -> list[Any]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SARHAD_HOME", str(demo_home))
        return run_notebook(read_notebook())


def test_it_shows_a_table_and_draws_three_charts(shown):
    table, *charts = shown
    assert isinstance(table, pl.DataFrame) and table.height
    assert [isinstance(chart, alt.TopLevelMixin) for chart in charts] == [True] * 3
    for chart in charts:
        specification = chart.to_dict()  # checked against the schema of Vega-Lite
        data = list(specification["datasets"].values())
        assert data and all(rows for rows in data)
        assert "http" not in json.dumps(specification["datasets"])


def test_what_is_stored_is_what_it_draws(shown):
    """The figures of the stored pictures are those of the day of their making; their make is that of today."""
    notebook = read_notebook()
    cells = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    stored = [cell["outputs"][0]["data"] for cell in cells]
    assert [VEGA in data for data in stored] == [False, True, True, True]
    for data, chart in zip(stored[1:], shown[1:], strict=True):
        assert data["image/svg+xml"].startswith("<svg")
        kept, drawn = json.loads(json.dumps(data[VEGA])), json.loads(json.dumps(chart.to_dict()))
        assert _skeleton(kept) == _skeleton(drawn)
    assert all(cell["execution_count"] for cell in cells)


def _skeleton(specification: Any) -> Any:
    """A specification without its data and the words made from data."""
    if isinstance(specification, dict):
        left_out = ("datasets", "data", "title", "name", "param_2")
        return {key: _skeleton(value) for key, value in specification.items() if key not in left_out}
    return [_skeleton(value) for value in specification] if isinstance(specification, list) else specification


def test_it_is_a_notebook_that_programs_open():
    """Required parts of nbformat 4.4."""
    notebook = read_notebook()
    assert (notebook["nbformat"], notebook["nbformat_minor"]) == (4, 4)
    for cell in notebook["cells"]:
        assert {"cell_type", "metadata", "source"} <= set(cell)
        assert ("outputs" in cell and "execution_count" in cell) == (cell["cell_type"] == "code")


def test_a_cell_that_fails_fails_the_run():
    broken = {"cells": [{"cell_type": "code", "source": ["x = 1\n", "1 / 0"]}]}
    with pytest.raises(ZeroDivisionError):
        run_notebook(broken)
    fine = {
        "cells": [{"cell_type": "code", "source": ["x = 1\n", "x + 1"]}, {"cell_type": "code", "source": ["y = x"]}]
    }
    assert run_notebook(fine) == [2, None]
    made = store(fine, [2, None])
    assert made["cells"][0]["outputs"][0]["data"] == bundle(2) == {"text/plain": "2"}
    assert made["cells"][1]["outputs"] == []
