"""Start a site from the command line: the supervisor in the background, then wait until all is well."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from pipeline.errors import ConfigError, TransientError
from pipeline.operate import airflow_api, supervise
from pipeline.operate.airflow_api import Api
from pipeline.operate.site import Site
from pipeline.settings import ROOT

Say = Callable[[str], None]
PATIENCE_S = 180.0  # a quiet machine of 2 cores needs 20 s; a busy one was seen to need 75 s


def start(site: Site, say: Say) -> Api:
    """Start the site's supervisor in the background if none runs, and wait until Airflow is ready for work.

    Raises:
        ConfigError: one runs already, with another set of sources.
        TransientError: it does not come up in time; the message names the logs.
    """
    if supervise.running_pid(site):
        running = site.state().get("sources", site.sources)
        if running != site.sources:
            raise ConfigError(f"Airflow runs here with the sources {running!r}; `make down` first, then start again")
        say("Airflow runs already")
    else:
        say(f"starting PostgreSQL and Airflow (logs in {site.logs})")
        _launch(site)
    return wait_until_ready(site, say)


def wait_until_ready(site: Site, say: Say) -> Api:
    """Wait until every component is healthy, then make the pool and switch the DAGs on.

    Raises:
        TransientError: not in time, or the supervisor ended.
    """
    began = time.monotonic()
    while not _is_healthy(site):
        waited = time.monotonic() - began
        if not supervise.running_pid(site) and waited > 5:
            raise TransientError(f"the supervisor ended; the last lines of its log:\n{_tail(site)}")
        if waited > PATIENCE_S:
            raise TransientError(f"Airflow is not healthy after {waited:.0f} s; see {site.logs}/*.log")
        time.sleep(0.5)
    api = airflow_api.connect(site)
    airflow_api.prepare(api)
    say(f"Airflow is ready after {time.monotonic() - began:.0f} s: {site.url(site.ports())}")
    return api


@contextmanager
def running(site: Site, say: Say) -> Iterator[Api]:
    """A site that runs: the one that is up already and stays up, or one that is started here and stopped after."""
    was_up = supervise.running_pid(site) is not None
    try:
        yield start(site, say)
    finally:
        if not was_up:
            say("stopping what was started")
            supervise.stop(site)


def _launch(site: Site) -> None:
    site.create()
    environment = dict(os.environ) | {"SARHAD_HOME": str(site.home), "SARHAD_SOURCES": site.sources}
    with (site.logs / "supervisor.log").open("ab") as log:
        subprocess.Popen(
            [sys.executable, "-m", "pipeline.operate", "supervise"],
            cwd=ROOT,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


def _is_healthy(site: Site) -> bool:
    """Whether all is well with what this site's supervisor started, and not with what had its ports before."""
    pid = supervise.running_pid(site)
    return bool(pid) and site.state().get("supervisor") == pid and airflow_api.is_healthy(airflow_api.connect(site))


def _tail(site: Site, n_lines: int = 15) -> str:
    path = site.logs / "supervisor.log"
    return "\n".join(path.read_text(encoding="utf-8", errors="replace").splitlines()[-n_lines:])
