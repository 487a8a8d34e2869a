"""What we ask of Airflow's REST API (``/api/v2``): health, pool, pause, backfills, runs and their tasks."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import httpx

from pipeline.errors import ConfigError, TerminalError, TransientError
from pipeline.operate.site import USER, Site

POOL = "duckdb_writer"
DAGS = ("news_daily", "news_publish")
SWEEP_PATIENCE_S = 90.0  # three of Airflow's looks for backfills that are over
PAGE = 100  # the API's own limit
COMPONENTS = ("metadatabase", "scheduler", "dag_processor", "triggerer")
RETRIED = (429, 500, 502, 503, 504)


@dataclass
class Api:
    """A logged-in client; the token is fetched at the first call and again when it has expired."""

    client: httpx.Client
    password: str
    patience_s: float = 60.0
    token: str = field(default="", repr=False)

    def call(self, method: str, path: str, **arguments: Any) -> Any:
        """One request; answers that may get better (busy, restarting) are asked for again.

        Raises:
            TransientError: no usable answer in time.
            TerminalError: Airflow refuses; the message holds its reason.
        """
        deadline = time.monotonic() + self.patience_s
        while True:
            try:
                return self._call_once(method, path, arguments)
            except TransientError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(1.0)

    def pages(self, path: str, key: str, **parameters: Any) -> list[dict[str, Any]]:
        """All entries of a paged collection."""
        entries: list[dict[str, Any]] = []
        while True:
            page = self.call("GET", path, params={**parameters, "limit": PAGE, "offset": len(entries)})
            entries += page[key]
            if len(page[key]) < PAGE:
                return entries

    def _call_once(self, method: str, path: str, arguments: dict[str, Any]) -> Any:
        try:
            if not self.token:
                self._log_in()
            headers = {"Authorization": f"Bearer {self.token}"}
            answer = self.client.request(method, f"/api/v2{path}", headers=headers, **arguments)
        except httpx.TransportError as error:
            raise TransientError(f"Airflow's API does not answer: {error}") from error
        if answer.status_code == 401:
            self.token = ""
            raise TransientError("Airflow's API does not take the token any more")
        if answer.status_code in RETRIED:
            raise TransientError(f"Airflow's API: {method} {path}: {answer.status_code} {answer.text[:300]}")
        if answer.is_error:
            raise TerminalError(f"Airflow's API: {method} {path}: {answer.status_code} {answer.text[:500]}")
        return answer.json() if answer.content else None

    def _log_in(self) -> None:
        answer = self.client.post("/auth/token", json={"username": USER, "password": self.password})
        if answer.status_code == 401:
            raise ConfigError(f"Airflow refuses the password of {USER}; `make down` and `make up` write it anew")
        if answer.is_error:
            raise TransientError(f"Airflow's API: log-in: {answer.status_code} {answer.text[:300]}")
        self.token = answer.json()["access_token"]


def connect(site: Site) -> Api:
    """A client for a site whose supervisor runs.

    Raises:
        ConfigError: it was never started.
    """
    # No proxy of the environment has business between us and the loopback address.
    client = httpx.Client(base_url=site.url(site.ports()), timeout=30.0, trust_env=False)
    return Api(client=client, password=site.password())


def is_healthy(api: Api) -> bool:
    """Whether API, database and all components say that they are well."""
    try:
        answer = api.client.get("/api/v2/monitor/health", timeout=5.0)
    except httpx.TransportError:
        return False
    if answer.is_error:
        return False
    health = answer.json()
    return all((health.get(name) or {}).get("status") == "healthy" for name in COMPONENTS)


def prepare(api: Api) -> None:
    """Make the pool with one slot for whoever opens the warehouse, and switch the DAGs on.

    Raises:
        TransientError: the DAGs have not been parsed in time; see the import errors in the UI.
    """
    pool = {"name": POOL, "slots": 1, "description": "One slot: only one task may have the warehouse open."}
    known = {entry["name"] for entry in api.pages("/pools", "pools")}
    if POOL not in known:
        api.call("POST", "/pools", json=pool)
    deadline = time.monotonic() + api.patience_s
    while missing := set(DAGS) - {entry["dag_id"] for entry in api.pages("/dags", "dags")}:
        if time.monotonic() > deadline:
            errors = [entry["stack_trace"] for entry in api.pages("/importErrors", "import_errors")]
            raise TransientError(f"Airflow has not read {', '.join(sorted(missing))}; import errors: {errors}")
        time.sleep(0.5)
    for dag_id in DAGS:
        api.call("PATCH", f"/dags/{dag_id}", json={"is_paused": False})


def create_backfill(api: Api, first: date, last: date, reprocess: str, say: Callable[[str], None]) -> int:
    """Start a backfill of ``news_daily`` over days, both included.

    ``reprocess`` is Airflow's behaviour for days that have a run: ``none``, ``failed`` or ``completed``.
    A backfill that is going on is waited for. Airflow looks every half minute, and not at its start, for backfills that
    are over, and refuses another one until then; that is waited for, too. (Cancelling the old one would be quicker, but
    leaves it paused: a day of it that an operator clears later would be queued for ever.)

    Returns:
        Its id.

    Raises:
        TerminalError: refused for another reason than another backfill.
    """
    order = {
        "dag_id": "news_daily",
        "from_date": f"{first.isoformat()}T00:00:00Z",
        "to_date": f"{last.isoformat()}T00:00:00Z",
        "max_active_runs": 3,
        "reprocess_behavior": reprocess,
        "run_backwards": False,
    }
    deadline = time.monotonic() + SWEEP_PATIENCE_S
    said = ""
    while True:
        try:
            return int(api.call("POST", "/backfills", json=order)["id"])
        except TerminalError as error:
            if ": 409 " not in str(error) or time.monotonic() > deadline:
                raise
        obstacle, is_over = _obstacle(api)
        if not is_over:
            deadline = time.monotonic() + SWEEP_PATIENCE_S
        if obstacle != said:
            say(obstacle)
            said = obstacle
        time.sleep(2.0)


def _obstacle(api: Api) -> tuple[str, bool]:
    """Which backfill is in the way, and whether its days have ended."""
    for other in api.pages("/backfills", "backfills", dag_id="news_daily"):
        if other["completed_at"] is None:
            first, last = (date.fromisoformat(other[name][:10]) for name in ("from_date", "to_date"))
            if not progress(api, first, last).is_done:
                return f"waiting for backfill {other['id']}, {first} to {last}, which is still going on", False
    return "waiting until Airflow has marked the last backfill as complete; it looks every 30 s", True


@dataclass(frozen=True)
class Progress:
    """Where the days of a backfill are: runs by state, task instances by state, of so many days."""

    days: int
    runs: Counter[str]
    tasks: Counter[str]

    @property
    def is_done(self) -> bool:
        """Whether every day has a run and none is still going."""
        return self.runs["success"] + self.runs["failed"] >= self.days


def progress(api: Api, first: date, last: date) -> Progress:
    """Count the runs of ``news_daily`` that own the days, and their tasks."""
    within = {"logical_date_gte": f"{first}T00:00:00Z", "logical_date_lte": f"{last}T00:00:00Z"}
    runs = api.pages("/dags/news_daily/dagRuns", "dag_runs", **within)
    tasks = api.pages("/dags/news_daily/dagRuns/~/taskInstances", "task_instances", **within)
    return Progress(
        days=(last - first).days + 1,
        runs=Counter(str(run["state"]) for run in runs),
        tasks=Counter(str(task["state"]) for task in tasks),
    )


def failures(api: Api, first: date, last: date) -> list[str]:
    """The failed tasks of the days, each as ``day task[source]: error``."""
    within = {"logical_date_gte": f"{first}T00:00:00Z", "logical_date_lte": f"{last}T00:00:00Z"}
    tasks = api.pages("/dags/news_daily/dagRuns/~/taskInstances", "task_instances", **within, state="failed")
    return [f"{task['logical_date'][:10]} {_task_name(task)}: {_reason(api, task)}" for task in tasks]


def _task_name(task: dict[str, Any]) -> str:
    which = task["rendered_map_index"] or task["map_index"]
    return f"{task['task_id']}[{which}]" if task["map_index"] >= 0 else str(task["task_id"])


def _reason(api: Api, task: dict[str, Any]) -> str:
    """The error that a task's log ends with; a killed one has none."""
    path = f"/dags/{task['dag_id']}/dagRuns/{task['dag_run_id']}/taskInstances/{task['task_id']}"
    log = api.call("GET", f"{path}/logs/{task['try_number']}", params={"map_index": task["map_index"]})
    errors = [
        f"{error['exc_type']}: {error['exc_value']}"
        for entry in log["content"]
        if isinstance(entry, dict)
        for error in entry.get("error_detail") or ()
    ]
    return errors[-1] if errors else "no error in its log; was it killed?"


def wait_for_publish(api: Api, since: str, on_wait: Callable[[], None], patience_s: float = 300.0) -> str:
    """Wait until a run of ``news_publish`` that began after the last load since a time (ISO 8601) is done.

    Several loads may share one run: Airflow keeps one entry in its queue per asset and DAG.

    Returns:
        The state of its last run: ``success`` or ``failed``; ``none`` where nothing was loaded.

    Raises:
        TransientError: it did not come to an end in time.
    """
    deadline = time.monotonic() + patience_s
    while True:
        loads = api.pages("/assets/events", "asset_events", source_dag_id="news_daily", timestamp_gte=since)
        if not loads:
            return "none"
        last_load = max(event["timestamp"] for event in loads)
        runs = api.pages("/dags/news_publish/dagRuns", "dag_runs", order_by="run_after", run_after_gte=since)
        is_taken_up = any(run["start_date"] and run["start_date"] >= last_load for run in runs)
        is_quiet = all(run["state"] in ("success", "failed") for run in runs) and not _queued_loads(api)
        if is_taken_up and is_quiet:
            return str(runs[-1]["state"])
        if time.monotonic() > deadline:
            raise TransientError("news_publish has not finished; look at its runs in the UI")
        on_wait()
        time.sleep(1.0)


def _queued_loads(api: Api) -> int:
    """How many assets wait for ``news_publish`` to take them up; the API says 404 for none."""
    try:
        return int(api.call("GET", "/dags/news_publish/assets/queuedEvents")["total_entries"])
    except TerminalError as error:
        if ": 404 " in str(error):
            return 0
        raise
