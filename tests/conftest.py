"""What several test files share: the demo, run once a session, as a stranger runs it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from pipeline.operate import site
from tests.newsroom.serve import serve

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def demo_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Home of a run of the newsroom's days, 15 to 20 January 2024, with its release. Takes minutes; only read it."""
    home = tmp_path_factory.mktemp("demo")
    port = site.choose_ports(site.Site(home, "demo")).newsroom
    environment = dict(os.environ) | {
        "SARHAD_HOME": str(home), "SARHAD_SOURCES": "demo", "SARHAD_NEWSROOM_PORT": str(port),
    }  # fmt: skip
    with serve(port):
        done = subprocess.run(
            [sys.executable, "-m", "pipeline", "run", "--from", "2024-01-15", "--to", "2024-01-20", "--json"],
            cwd=ROOT, env=environment, capture_output=True, text=True, check=False,
        )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return home
