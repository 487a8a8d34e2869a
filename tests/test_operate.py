"""Operation without Airflow: which day a run owns, ports and secrets, the supervisor, PostgreSQL, the REST client."""

from __future__ import annotations

import io
import json
import os
import re
import signal
import socket
import stat
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from rich.console import Console

from pipeline import contract, corridor
from pipeline.errors import ConfigError, GateError, TerminalError, TransientError
from pipeline.io import lake
from pipeline.operate import airflow_api, backfill, browser, install, processes, supervise, tasks
from pipeline.operate.airflow_api import Api, Progress
from pipeline.operate.postgres import embedded_server
from pipeline.operate.processes import Component
from pipeline.operate.site import LOOPBACK, Ports, Site, choose_ports, environment, read_defaults
from pipeline.operate.supervise import Supervisor
from pipeline.settings import ROOT, Settings, load_knobs

DAY = date(2024, 1, 16)


def wait_for(condition: Callable[[], Any], patience_s: float = 60.0) -> Any:
    """The first true answer of a condition; the test fails when there is none in time."""
    deadline = time.monotonic() + patience_s
    while not (answer := condition()):
        assert time.monotonic() < deadline, "did not happen in time"
        time.sleep(0.05)
    return answer


# Which day a run owns, and what its tasks do with it


def context(run_type: str = "backfill", **params: Any) -> dict[str, Any]:
    is_manual = run_type == "manual"
    run = SimpleNamespace(
        run_type=run_type,
        run_id=f"{run_type}__x",
        data_interval_start=None if is_manual else datetime(2024, 1, 16, tzinfo=UTC),
        run_after=datetime(2024, 1, 17, 9, 30, tzinfo=UTC),
        start_date=datetime(2024, 1, 17, 9, 31, tzinfo=UTC),
    )
    return {"dag_run": run, "params": {"day": None, "sources": [], **params}}


@pytest.mark.parametrize(
    ("given", "day"),
    [
        (context("backfill"), date(2024, 1, 16)),
        (context("scheduled"), date(2024, 1, 16)),
        (context("manual", day="2024-01-12"), date(2024, 1, 12)),
        (context("manual"), date(2024, 1, 16)),
        # A backfill's days are its own, whatever the form says.
        (context("backfill", day="2024-01-12"), date(2024, 1, 16)),
    ],
)
def test_a_run_owns_the_day_an_operator_expects(given: dict[str, Any], day: date) -> None:
    assert tasks.run_day(given) == day


def test_a_day_that_is_none_is_refused_with_an_example() -> None:
    with pytest.raises(ConfigError, match="2024-01-16"):
        tasks.run_day(context("manual", day="last tuesday"))


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    made = Settings(home=tmp_path, sources="demo", knobs=load_knobs())
    monkeypatch.setattr(tasks, "load_settings", lambda: made)
    return made


def test_the_form_may_choose_sources_but_not_invent_them(settings: Settings) -> None:
    known = corridor.source_ids(settings)
    assert tasks.list_sources(context()) == known
    assert tasks.list_sources(context(sources=known[:1])) == known[:1]
    with pytest.raises(ConfigError, match="no such_paper"):
        tasks.list_sources(context(sources=["such_paper"]))


def test_the_nightly_schedule_leaves_the_demo_alone_but_not_live_outlets(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    tonight = context("manual", day="2024-03-01")
    assert "demo newsroom" in str(tasks.nothing_to_read(tonight))
    assert tasks.nothing_to_read(context("manual", day="2024-02-29")) is None
    monkeypatch.setattr(tasks, "load_settings", lambda: settings.model_copy(update={"sources": "live"}))
    assert tasks.nothing_to_read(tonight) is None


def test_a_source_that_fails_is_seen_in_coverage_and_still_fails(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def discover(day: date, source_id: str, settings: Settings) -> dict[str, int]:
        raise TransientError("the host is down")

    monkeypatch.setattr(tasks, "STEPS", (discover,))
    with pytest.raises(TransientError):
        tasks.process_source(context(), "border_courier")
    coverage = lake.read_partition(settings.lake, "coverage", DAY, "border_courier").row(0, named=True)
    assert coverage["state"] == "failed"
    assert coverage["note"] == "TransientError: the host is down"


def test_the_steps_of_a_source_are_those_of_the_corridor_in_order() -> None:
    assert [step.__name__ for step in tasks.STEPS] == ["discover", "fetch", "clean", "extract"]


def test_a_day_without_a_list_of_sources_is_not_settled() -> None:
    with pytest.raises(ConfigError, match="list_sources"):
        tasks.settle(context(), None)


def test_a_broken_gate_fails_the_task_with_its_reasons(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    verdict: dict[str, int | str] = {"publishable": "False", "reasons": "reject_share 0.7 over 0.5"}
    monkeypatch.setattr(corridor, "validate", lambda day, settings: verdict)
    with pytest.raises(GateError, match=r"reject_share 0\.7 over 0\.5.*last release stands.*data_docs"):
        tasks.validate(context())


# Folders, ports, secrets


@pytest.fixture
def site(tmp_path: Path) -> Site:
    made = Site(tmp_path / "home", "demo")
    made.create()
    return made


def test_secrets_are_random_private_and_kept(site: Site, tmp_path: Path) -> None:
    other = Site(tmp_path / "other", "demo")
    other.create()
    environment(site, Ports(8080, 18900), "postgresql://x")
    assert site.password() == site.password() != other.password()
    assert len(site.password()) >= 20
    for path in (site.airflow, *site.airflow.iterdir()):
        assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0, path
    assert json.loads(site.password_file.read_text()) == {"admin": site.password()}


def test_a_changed_port_changes_every_address(site: Site) -> None:
    made = environment(site, Ports(8123, 19300), "postgresql://x")
    assert made["AIRFLOW__API__PORT"] == "8123"
    assert made["AIRFLOW__API__BASE_URL"] == f"http://{LOOPBACK}:8123"
    assert made["AIRFLOW__CORE__EXECUTION_API_SERVER_URL"] == f"http://{LOOPBACK}:8123/execution/"
    assert made["AIRFLOW__API__HOST"] == LOOPBACK
    assert made["SARHAD_NEWSROOM_PORT"] == "19300"


def test_an_operator_may_override_a_default_but_not_what_must_fit(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW__CORE__PARALLELISM", "16")
    monkeypatch.setenv("AIRFLOW__API__PORT", "1")
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    made = environment(site, Ports(8123, 19300), "postgresql://x")
    assert made["AIRFLOW__CORE__PARALLELISM"] == "16"
    assert made["AIRFLOW__API__PORT"] == "8123"
    assert "PYTHONDONTWRITEBYTECODE" not in made


def test_a_taken_port_is_stepped_over(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server((LOOPBACK, 0)) as taken:
        port = taken.getsockname()[1]
        monkeypatch.setenv("API_PORT", str(port))
        assert choose_ports(site).api != port
    monkeypatch.delenv("API_PORT")
    site.state_file.write_text(json.dumps({"api_port": port, "newsroom_port": 40100}))
    assert choose_ports(site).api == port, "the address of last time, now that it is free"


def test_defaults_name_the_line_that_is_wrong(tmp_path: Path) -> None:
    path = tmp_path / "airflow.env"
    path.write_text("# why\nA=1\nnonsense\n")
    with pytest.raises(ConfigError, match=rf"{path}:3: 'nonsense'"):
        read_defaults(path)
    with pytest.raises(ConfigError, match="restore it"):
        read_defaults(tmp_path / "missing.env")


def test_a_site_that_never_ran_says_how_to_start_it(site: Site) -> None:
    with pytest.raises(ConfigError, match="make up"):
        site.ports()


# The supervisor


def script(code: str) -> list[str]:
    return [sys.executable, "-c", code]


@pytest.fixture
def supervisor(site: Site) -> Iterator[Supervisor]:
    made = Supervisor(site, Ports(8123, 19300), dict(os.environ))
    yield made
    made.stop()


def pid_of(supervisor: Supervisor, position: int = 0) -> int:
    process = supervisor.watched[position].process
    return process.pid if process is not None else 0


def watch_until(supervisor: Supervisor, condition: Callable[[], Any]) -> Any:
    """Let the supervisor look after its components until a condition holds."""

    def turn() -> Any:
        for watched in supervisor.watched:
            supervisor._look_after(watched)
        return condition()

    return wait_for(turn)


def test_a_component_that_dies_is_started_again(supervisor: Supervisor, tmp_path: Path) -> None:
    supervisor.start(Component("sleeper", script("import time; time.sleep(600)"), tmp_path))
    first = pid_of(supervisor)
    os.kill(first, signal.SIGKILL)
    second = watch_until(supervisor, lambda: (pid := pid_of(supervisor)) and pid != first and pid)
    assert supervisor.site.state()["components"] == {"sleeper": {"pid": second, "restarts": 1}}


def test_one_that_keeps_dying_is_started_ever_more_slowly(supervisor: Supervisor, tmp_path: Path) -> None:
    supervisor.start(Component("dying", script("raise SystemExit(3)"), tmp_path))
    watch_until(supervisor, lambda: supervisor.watched[0].restarts == 2)
    assert supervisor.watched[0].pause_s == 4.0


def test_stopping_ends_grandchildren_too(supervisor: Supervisor, tmp_path: Path) -> None:
    # As Airflow's workers do: a child in a process group of its own that ignores the polite signal.
    code = """
import os, signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
if os.fork() == 0:
    os.setpgid(0, 0)
time.sleep(600)
"""
    supervisor.start(Component("stubborn", script(code), tmp_path, patience_s=0.5))
    session = pid_of(supervisor)
    wait_for(lambda: len(processes.session_members(session)) == 2)
    supervisor.stop()
    assert processes.session_members(session) == []


def test_components_die_with_a_supervisor_that_is_killed(tmp_path: Path) -> None:
    code = f"""
import os, time
from pathlib import Path
from pipeline.operate.processes import Component, start
component = Component("sleeper", {script("import time; time.sleep(600)")!r}, Path({str(tmp_path)!r}))
print(start(component, os.environ, Path({str(tmp_path / "log")!r})).pid, flush=True)
time.sleep(600)
"""
    parent = subprocess.Popen(script(code), cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    child = int(parent.stdout.readline())
    assert processes.session_members(child)
    parent.kill()
    parent.wait()
    parent.stdout.close()
    wait_for(lambda: not processes.session_members(child))


def test_a_second_supervisor_is_refused_and_a_dead_one_forgotten(site: Site) -> None:
    with supervise._only_one(site):
        assert supervise.running_pid(site) == os.getpid()
        with pytest.raises(TransientError, match="make down"), supervise._only_one(site):
            pass
    assert supervise.running_pid(site) is None
    site.pid_file.write_text("1\n")
    assert supervise.running_pid(site) is None, "a number without a lock is nobody"
    assert supervise.stop(site) is False


@pytest.mark.e2e
def test_postgres_starts_survives_a_kill_and_leaves_nothing(tmp_path: Path) -> None:
    import psycopg2

    server = embedded_server(tmp_path)
    modes = {path: path.stat().st_mode for path in tmp_path.parents}
    server.create()
    component = Component("postgres", server.command(), server.data, signal.SIGINT, credentials=server.credentials)
    arguments = {"user": "airflow", "dbname": "postgres", "host": str(server.sockets)}
    try:
        process = processes.start(component, os.environ, tmp_path / "log")
        wait_for(server.is_ready)
        with psycopg2.connect(**arguments) as connection, connection.cursor() as cursor:
            cursor.execute("CREATE TABLE kept AS SELECT 7 AS number")
        connection.close()
        process.kill()
        process.wait()
        processes.end_session(process.pid)

        process = wait_for(lambda: _started(component, tmp_path / "log"))
        wait_for(server.is_ready)
        with psycopg2.connect(**arguments) as connection, connection.cursor() as cursor:
            cursor.execute("SELECT number FROM kept")
            assert cursor.fetchall() == [(7,)]
        connection.close()
        assert not any(line for line in _listening(process.pid)), "it listens on its own socket only"
        assert processes.stop(component, process), "it stops when it is asked to"
    finally:
        server.remove()
    assert not server.data.exists()
    assert {path: path.stat().st_mode for path in tmp_path.parents} == modes, "nobody's folder was widened"


def _started(component: Component, log: Path) -> subprocess.Popen[bytes] | None:
    """A process that is still there after a moment; shared memory of a killed server may refuse the first tries."""
    process = processes.start(component, os.environ, log)
    time.sleep(0.5)
    return process if process.poll() is None else None


def _listening(pid: int) -> list[str]:
    """TCP sockets that a process listens on, as lines of /proc/net/tcp."""
    inodes = {str(path.readlink()) for path in Path(f"/proc/{pid}/fd").iterdir()}
    lines = [
        line.split() for name in ("tcp", "tcp6") for line in Path(f"/proc/net/{name}").read_text().splitlines()[1:]
    ]
    return [" ".join(line) for line in lines if line[3] == "0A" and f"socket:[{line[9]}]" in inodes]


# The REST client


def api_of(answer: Callable[[httpx.Request], httpx.Response], patience_s: float = 5.0) -> Api:
    client = httpx.Client(base_url="http://airflow", transport=httpx.MockTransport(answer))
    return Api(client=client, password="secret", patience_s=patience_s)


def test_a_token_that_expired_is_fetched_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(airflow_api.time, "sleep", lambda seconds: None)
    tokens = iter(["old", "new"])

    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/auth/token":
            return httpx.Response(201, json={"access_token": next(tokens)})
        if request.headers["Authorization"] == "Bearer old":
            return httpx.Response(401)
        return httpx.Response(200, json={"ok": True})

    assert api_of(answer).call("GET", "/x") == {"ok": True}


def test_a_refusal_is_said_and_a_restart_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(airflow_api.time, "sleep", lambda seconds: None)
    answers = [httpx.Response(503), httpx.Response(422, text="no such field")]

    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/auth/token":
            return httpx.Response(201, json={"access_token": "t"})
        return answers.pop(0)

    with pytest.raises(TerminalError, match="no such field"):
        api_of(answer).call("POST", "/x")
    assert answers == []


def test_collections_are_read_to_their_end() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/auth/token":
            return httpx.Response(201, json={"access_token": "t"})
        offset, limit = int(request.url.params["offset"]), int(request.url.params["limit"])
        return httpx.Response(200, json={"things": [{"n": n} for n in range(offset, min(offset + limit, 230))]})

    assert [entry["n"] for entry in api_of(answer).pages("/things", "things")] == list(range(230))


def test_a_backfill_waits_for_another_one_and_until_it_is_marked_as_over(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter(range(0, 100_000, 10))  # ten seconds with every look: without the extension, patience would end
    monkeypatch.setattr(airflow_api.time, "sleep", lambda seconds: None)
    monkeypatch.setattr(airflow_api.time, "monotonic", lambda: next(clock))
    orders: list[dict[str, Any]] = []
    other = {"id": 4, "completed_at": None, "from_date": "2024-01-10T00:00:00Z", "to_date": "2024-01-10T00:00:00Z"}

    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/auth/token":
            return httpx.Response(201, json={"access_token": "t"})
        if request.method == "POST":
            orders.append(json.loads(request.content))
            return httpx.Response(409, text="another") if len(orders) < 6 else httpx.Response(200, json={"id": 5})
        if request.url.path.endswith("/backfills"):
            return httpx.Response(200, json={"backfills": [other]})
        state = "running" if len(orders) < 5 else "success"
        entries = [{"state": state}]
        return httpx.Response(200, json={"dag_runs": entries, "task_instances": entries})

    said: list[str] = []
    number = airflow_api.create_backfill(api_of(answer), DAY, DAY, "completed", said.append)
    assert number == 5
    assert [line.split(",")[0] for line in said] == [
        "waiting for backfill 4",
        "waiting until Airflow has marked the last backfill as complete; it looks every 30 s",
    ]
    assert orders[0]["from_date"] == orders[0]["to_date"] == "2024-01-16T00:00:00Z"
    assert orders[0]["max_active_runs"] == 3


def test_progress_is_shown_as_lines_where_there_is_no_terminal(settings: Settings) -> None:
    row = dict.fromkeys(contract.table("coverage").polars_schema(), 0)
    row |= {"source_id": "border_courier", "day": DAY, "state": "ok", "note": None, "n_read": 4}
    lake.write_partition(settings.lake, "coverage", DAY, contract.frame("coverage", [row]), "border_courier")
    output = io.StringIO()
    n_tasks = len(corridor.source_ids(settings)) + backfill.TASKS_PER_DAY
    with backfill._display(Console(file=output), settings, DAY, DAY) as show:
        state = Progress(1, Counter({"running": 1}), Counter({"success": 3, "failed": 1, "running": 2}))
        show(state, "reading")
        show(state, "reading")
    assert [line.split("s  ")[1] for line in output.getvalue().splitlines()] == [
        f"days 0/1  tasks 4/{n_tasks}  articles read 4  reading"
    ]


# Set-up and Makefile


def test_set_up_refuses_another_python_before_it_touches_anything(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    class Version(tuple[int, ...]):
        """Slices and compares like ``sys.version_info``."""

    monkeypatch.setattr(install.sys, "version_info", Version((3, 10, 1)))
    assert install.main() == 2
    assert "make setup PYTHON=python3.12" in capsys.readouterr().err


def test_set_up_has_nothing_to_do_the_second_time(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(install, "STAMP", tmp_path / "stamp")
    monkeypatch.setattr(install, "_run", lambda *command: pytest.fail("nothing may be run"))
    install.STAMP.write_text(install._wanted())
    assert install.main() == 0
    assert capsys.readouterr().out == "set-up: nothing to do\n"


def test_set_up_says_what_to_do_where_python_comes_without_venv(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(*command: str) -> None:
        raise subprocess.CalledProcessError(1, command)

    monkeypatch.setattr(install, "STAMP", tmp_path / "stamp")
    monkeypatch.setattr(install, "BOOTSTRAP", tmp_path / "bootstrap")
    monkeypatch.setattr(install, "_works", lambda command: False)
    monkeypatch.setattr(install, "_run", fail)
    assert install.main() == 2
    assert "apt-get install python3-venv" in capsys.readouterr().err


def test_a_missing_browser_is_named_with_the_command_that_brings_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(browser.shutil, "which", lambda name: None)
    with pytest.raises(ConfigError, match="apt-get install chromium"):
        browser.find_browser()


def test_help_lists_every_target_in_one_line() -> None:
    text = (ROOT / "Makefile").read_text(encoding="utf-8")
    phony = re.search(r"^\.PHONY: (.*)$", text, re.MULTILINE)
    assert phony is not None
    shown = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    listed = [line.split()[1] for line in shown.splitlines() if line.startswith("  make ")]
    assert sorted(listed) == sorted(phony[1].split())
    required = ["setup", "run", "up", "down", "test", "check", "backfill", "sql", "report", "eval", "bench", "clean"]
    assert set(required) <= set(listed)
