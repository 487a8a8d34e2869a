"""What several test files share: the demo, run once a session, as a stranger runs it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.newsroom.serve import Newsroom, serve

ROOT = Path(__file__).resolve().parent.parent


def serve_somewhere() -> Newsroom:
    """The newsroom on a run of ports that nobody has, another test process neither."""
    for base in range(21900, 23900, 100):
        try:
            return serve(base_port=base)
        except OSError:
            continue
    raise OSError("no free run of ports for the newsroom between 21900 and 23900")


def base_port(room: Newsroom) -> str:
    """Port of the first outlet, as ``SARHAD_NEWSROOM_PORT`` wants it."""
    return room.base("border_courier").rsplit(":", 1)[1]


@pytest.fixture(scope="session")
def demo_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Home of a run of the newsroom's days, 15 to 20 January 2024, with its release. Takes minutes; only read it."""
    home = tmp_path_factory.mktemp("demo")
    with serve_somewhere() as room:
        environment = dict(os.environ) | {
            "SARHAD_HOME": str(home), "SARHAD_SOURCES": "demo", "SARHAD_NEWSROOM_PORT": base_port(room),
        }  # fmt: skip
        done = subprocess.run(
            [sys.executable, "-m", "pipeline", "run", "--from", "2024-01-15", "--to", "2024-01-20", "--json"],
            cwd=ROOT, env=environment, capture_output=True, text=True, check=False,
        )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return home
