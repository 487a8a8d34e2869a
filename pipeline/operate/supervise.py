"""The supervisor: starts PostgreSQL and Airflow's components, restarts what dies, and stops everything in order.

One process per component. A component that dies is started again after a pause that doubles up to half a minute;
one that lived for a minute begins at one second again. SIGTERM and SIGINT stop all of them, in reverse order.
"""

from __future__ import annotations

import fcntl
import json
import logging
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import FrameType

from pipeline.errors import TransientError
from pipeline.operate import processes
from pipeline.operate.postgres import Server, embedded_server
from pipeline.operate.processes import Component
from pipeline.operate.site import Ports, Site, choose_ports, environment
from pipeline.settings import ROOT

log = logging.getLogger("sarhad.supervisor")

POLL_S = 0.5
STEADY_S = 60.0
LONGEST_PAUSE_S = 30.0
DATABASE_PATIENCE_S = 60.0


@dataclass
class Watched:
    """A component under watch: its process, when it was started, and when it may be started again."""

    component: Component
    process: subprocess.Popen[bytes] | None = None
    started_at: float = 0.0
    pause_s: float = 1.0
    not_before: float = 0.0
    restarts: int = 0


@dataclass
class Supervisor:
    """Keeps the components of a site running until it is told to stop."""

    site: Site
    ports: Ports
    environment: Mapping[str, str]
    watched: list[Watched] = field(default_factory=list)
    is_stopping: bool = False

    def start(self, component: Component) -> None:
        """Start a component and watch it from now on."""
        watched = Watched(component)
        self.watched.append(watched)
        self._start(watched)

    def watch(self) -> None:
        """Restart what dies, until a signal says stop."""
        while not self.is_stopping:
            for watched in self.watched:
                self._look_after(watched)
            time.sleep(POLL_S)

    def stop(self) -> None:
        """Stop all components, the last started first."""
        for watched in reversed(self.watched):
            if watched.process is not None:
                log.info("stopping %s", watched.component.name)
                if not processes.stop(watched.component, watched.process):
                    log.warning("%s did not stop in time and was killed", watched.component.name)

    def on_signal(self, number: int, _frame: FrameType | None) -> None:
        """Signal handler: leave the loop of ``watch`` at its next turn."""
        log.info("received %s", signal.Signals(number).name)
        self.is_stopping = True

    def _start(self, watched: Watched) -> None:
        name = watched.component.name
        watched.process = processes.start(watched.component, self.environment, self.site.logs / f"{name}.log")
        watched.started_at = time.monotonic()
        log.info("started %s, process %d", name, watched.process.pid)
        self._write_state()

    def _look_after(self, watched: Watched) -> None:
        now = time.monotonic()
        if watched.process is not None and watched.process.poll() is not None:
            name, code = watched.component.name, watched.process.returncode
            processes.end_session(watched.process.pid)
            watched.pause_s = 1.0 if now - watched.started_at > STEADY_S else watched.pause_s
            watched.not_before = now + watched.pause_s
            log.error("%s died (code %d); starting it again in %.0f s", name, code, watched.pause_s)
            watched.pause_s = min(watched.pause_s * 2, LONGEST_PAUSE_S)
            watched.process = None
        if watched.process is None and now >= watched.not_before:
            watched.restarts += 1
            self._start(watched)

    def _write_state(self) -> None:
        state = {
            "api_port": self.ports.api,
            "newsroom_port": self.ports.newsroom,
            "sources": self.site.sources,
            "supervisor": os.getpid(),
            "components": {
                one.component.name: {"pid": one.process.pid, "restarts": one.restarts}
                for one in self.watched
                if one.process is not None
            },
        }
        temporary = self.site.state_file.with_suffix(".tmp")
        temporary.write_text(json.dumps(state, indent=2) + "\n", encoding="utf-8")
        temporary.replace(self.site.state_file)


def supervise(site: Site) -> None:
    """Run everything of a site in the foreground until SIGTERM or SIGINT.

    Raises:
        TransientError: another supervisor runs here, or the database does not come up.
    """
    site.create()
    with _only_one(site):
        database = os.environ.get("SARHAD_AIRFLOW_DB_URL") or embedded_server(site.home)
        url = database if isinstance(database, str) else database.url
        ports = choose_ports(site)
        supervisor = Supervisor(site, ports, environment(site, ports, url))
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, supervisor.on_signal)
        try:
            _start_all(supervisor, database)
            supervisor.watch()
        finally:
            supervisor.stop()
            log.info("stopped")


def _start_all(supervisor: Supervisor, database: Server | str) -> None:
    if isinstance(database, Server):
        database.create()
        supervisor.start(_database(database))
        _wait_for(database, supervisor)
    if supervisor.site.sources == "demo":
        supervisor.start(_newsroom(supervisor.ports))
    _migrate(supervisor)
    for component in _airflow_components():
        if not supervisor.is_stopping:
            supervisor.start(component)


def _database(server: Server) -> Component:
    # SIGINT is PostgreSQL's "fast" shutdown: it ends sessions, writes everything down and stops.
    return Component(
        "postgres",
        server.command(),
        server.data,
        stop_signal=signal.SIGINT,
        credentials=server.credentials,
    )


def _newsroom(ports: Ports) -> Component:
    return Component("newsroom", [sys.executable, "-m", "tests.newsroom", "--port", str(ports.newsroom)], ROOT)


def _airflow_components() -> list[Component]:
    """In the order in which they start: the API first, because the others talk to it."""
    airflow = [sys.executable, "-m", "airflow"]
    return [
        Component("api-server", [*airflow, "api-server"], ROOT),
        Component("dag-processor", [*airflow, "dag-processor"], ROOT),
        Component("triggerer", [*airflow, "triggerer", "--skip-serve-logs"], ROOT),
        # It waits for running tasks; a stage is written so that it may be killed and run again.
        Component("scheduler", [*airflow, "scheduler", "--skip-serve-logs"], ROOT, patience_s=30.0),
    ]


def _wait_for(server: Server, supervisor: Supervisor) -> None:
    deadline = time.monotonic() + DATABASE_PATIENCE_S
    while not server.is_ready():
        if supervisor.is_stopping or time.monotonic() > deadline:
            raise TransientError(f"PostgreSQL did not come up; see {supervisor.site.logs / 'postgres.log'}")
        time.sleep(0.2)


def _migrate(supervisor: Supervisor) -> None:
    """Bring Airflow's tables to the installed version."""
    path = supervisor.site.logs / "migrate.log"
    migration = Component("migrate", [sys.executable, "-m", "airflow", "db", "migrate"], ROOT)
    process = processes.start(migration, supervisor.environment, path)
    while process.poll() is None:
        if supervisor.is_stopping:
            processes.stop(migration, process)
            return
        time.sleep(0.1)
    if process.returncode:
        raise TransientError(f"`airflow db migrate` failed with code {process.returncode}; see {path}")


@contextmanager
def _only_one(site: Site) -> Iterator[None]:
    """Hold the lock of the process id file, so that a second supervisor is refused and a dead one is known as dead."""
    descriptor = os.open(site.pid_file, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise TransientError(f"{site.pid_file}: a supervisor runs here already; `make down` stops it") from None
        os.ftruncate(descriptor, 0)
        os.write(descriptor, f"{os.getpid()}\n".encode())
        yield
        os.ftruncate(descriptor, 0)
    finally:
        os.close(descriptor)


def running_pid(site: Site) -> int | None:
    """Process id of the site's supervisor, or None where none runs."""
    if not site.pid_file.exists():
        return None
    descriptor = os.open(site.pid_file, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return int(site.pid_file.read_text(encoding="utf-8").strip() or 0)
    finally:
        os.close(descriptor)
    return None


def stop(site: Site, patience_s: float = 120.0) -> bool:
    """Stop the site's supervisor with all that it started, and wait until it is gone.

    Returns:
        Whether there was one.
    """
    pid = running_pid(site)
    if not pid:
        return False
    sessions = [pid, *component_sessions(site)]
    os.kill(pid, signal.SIGTERM)
    deadline = time.monotonic() + patience_s
    while running_pid(site) or processes.session_members(pid):
        if time.monotonic() > deadline:
            for session in sessions:
                processes.end_session(session)
        time.sleep(0.2)
    return True


def component_sessions(site: Site) -> list[int]:
    """The sessions of the site's components, by the process ids of their first processes."""
    components = site.state().get("components", {})
    if not isinstance(components, dict):
        return []
    return [int(entry["pid"]) for entry in components.values()]
