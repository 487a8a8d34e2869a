"""One installation of Sarhad's operation: its folders, secrets and ports, and the environment that Airflow gets.

Defaults of Airflow are in ``config/airflow/airflow.env``; whoever starts us may override them by environment
variables of the same name. Folders, ports, addresses and secrets are computed here, because they must fit together.
"""

from __future__ import annotations

import base64
import json
import os
import secrets
import socket
from dataclasses import dataclass
from pathlib import Path

from pipeline.errors import ConfigError
from pipeline.settings import CONFIG, ROOT, Settings

USER = "admin"
DEFAULT_API_PORT = 8080
DEFAULT_NEWSROOM_PORT = 18900
NEWSROOM_PORTS = 20  # one per demo outlet, with room to grow
LOOPBACK = "127.0.0.1"


@dataclass(frozen=True)
class Ports:
    """Ports of a running site: Airflow's API server, and the first one of the demo newsroom."""

    api: int
    newsroom: int


@dataclass(frozen=True)
class Site:
    """Where an installation keeps what Airflow needs; ``home`` is ``SARHAD_HOME``, ``sources`` the set of sources."""

    home: Path
    sources: str

    @classmethod
    def of(cls, settings: Settings) -> Site:
        """The site of a process's settings."""
        return cls(home=settings.home, sources=settings.sources)

    @property
    def airflow(self) -> Path:
        """AIRFLOW_HOME; readable by its owner only."""
        return self.home / "airflow"

    @property
    def logs(self) -> Path:
        """Folder of the logs of the components, one file each."""
        return self.home / "log"

    @property
    def pid_file(self) -> Path:
        """Process id of the supervisor; locked as long as it lives."""
        return self.airflow / "supervisor.pid"

    @property
    def state_file(self) -> Path:
        """Ports, process ids and set of sources of the running supervisor."""
        return self.airflow / "site.json"

    @property
    def password_file(self) -> Path:
        """User and password in the form that Airflow's simple auth manager reads."""
        return self.airflow / "password.json"

    def create(self) -> None:
        """Make the folders; the one with secrets is closed to others."""
        for folder in (self.home, self.logs):
            folder.mkdir(parents=True, exist_ok=True)
        self.airflow.mkdir(mode=0o700, exist_ok=True)
        self.airflow.chmod(0o700)

    def url(self, ports: Ports) -> str:
        """Address of the UI and of the REST API."""
        return f"http://{LOOPBACK}:{ports.api}"

    def password(self) -> str:
        """The generated password of the user ``admin``."""
        return _secrets(self)["password"]

    def state(self) -> dict[str, object]:
        """What the supervisor wrote about itself; empty before its first start."""
        if not self.state_file.exists():
            return {}
        state: dict[str, object] = json.loads(self.state_file.read_text(encoding="utf-8"))
        return state

    def ports(self) -> Ports:
        """Ports of the running supervisor.

        Raises:
            ConfigError: it was never started.
        """
        state = self.state()
        if not state:
            raise ConfigError(f"{self.state_file}: no such file; Airflow was not started here, run `make up`")
        return Ports(api=_number(state["api_port"]), newsroom=_number(state["newsroom_port"]))


def choose_ports(site: Site) -> Ports:
    """The ports of last time, the wanted or the default ones where they are free, other free ones where not.

    ``API_PORT`` and ``SARHAD_NEWSROOM_PORT`` say which are wanted. The newsroom keeps its port from run to run,
    because the addresses of its pages are part of the data.
    """
    state = site.state()
    wanted = int(os.environ.get("API_PORT") or _number(state.get("api_port", DEFAULT_API_PORT)))
    kept = _number(state.get("newsroom_port", DEFAULT_NEWSROOM_PORT))
    newsroom = int(os.environ.get("SARHAD_NEWSROOM_PORT") or kept)
    return Ports(api=_free_block(wanted, 1), newsroom=_free_block(newsroom, NEWSROOM_PORTS))


def environment(site: Site, ports: Ports, database_url: str) -> dict[str, str]:
    """Environment variables for every component of Airflow, and for the tasks."""
    keys = _secrets(site)
    _write_private(site.password_file, json.dumps({USER: keys["password"]}))
    values = read_defaults() | dict(os.environ)
    # A shell that forbids byte code makes every start of Airflow some seconds slower.
    values.pop("PYTHONDONTWRITEBYTECODE", None)
    return values | {
        "AIRFLOW_HOME": str(site.airflow),
        "AIRFLOW__CORE__DAGS_FOLDER": str(ROOT / "dags"),
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(site.airflow / "plugins"),
        "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"{site.url(ports)}/execution/",
        "AIRFLOW__CORE__FERNET_KEY": keys["fernet_key"],
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": f"{USER}:admin",
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(site.password_file),
        "AIRFLOW__API__HOST": LOOPBACK,
        "AIRFLOW__API__PORT": str(ports.api),
        "AIRFLOW__API__BASE_URL": site.url(ports),
        "AIRFLOW__API__SECRET_KEY": keys["secret_key"],
        "AIRFLOW__API_AUTH__JWT_SECRET": keys["jwt_secret"],
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": database_url,
        "AIRFLOW__LOGGING__BASE_LOG_FOLDER": str(site.logs / "task"),
        "AIRFLOW__LOGGING__DAG_PROCESSOR_CHILD_PROCESS_LOG_DIRECTORY": str(site.logs / "dag_processor"),
        "PYTHONPATH": os.pathsep.join([str(ROOT), str(CONFIG / "airflow")]),
        "SARHAD_HOME": str(site.home),
        "SARHAD_SOURCES": site.sources,
        "SARHAD_NEWSROOM_PORT": str(ports.newsroom),
    }


def read_defaults(path: Path = CONFIG / "airflow" / "airflow.env") -> dict[str, str]:
    """Read ``NAME=value`` lines; blank lines and those that begin with ``#`` say nothing.

    Raises:
        ConfigError: missing file, or a line of another form.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except FileNotFoundError as error:
        raise ConfigError(f"{path}: no such file; restore it from the repository") from error
    values = {}
    for number, line in enumerate(lines, start=1):
        if not line.strip() or line.startswith("#"):
            continue
        name, equals, value = line.partition("=")
        if not equals or not name.isidentifier():
            raise ConfigError(f"{path}:{number}: {line!r} is not NAME=value")
        values[name] = value.strip()
    return values


def _secrets(site: Site) -> dict[str, str]:
    """Password and keys of the site, made at random at its first start and kept in a file of mode 600."""
    path = site.airflow / "secrets.json"
    if not path.exists():
        made = {
            "password": secrets.token_urlsafe(15),
            "fernet_key": base64.urlsafe_b64encode(secrets.token_bytes(32)).decode(),
            "secret_key": secrets.token_hex(32),
            "jwt_secret": secrets.token_hex(32),
        }
        site.create()
        _write_private(path, json.dumps(made))
    keys: dict[str, str] = json.loads(path.read_text(encoding="utf-8"))
    return keys


def _write_private(path: Path, text: str) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
        stream.write(text + "\n")


def _free_block(first: int, size: int) -> int:
    """``first`` if it and the ports after it are free, else the first of as many free ones."""
    candidates: list[int] = [first, *range(first + 100, 65000 - size, 100)]
    for candidate in candidates:
        if all(_is_free(port) for port in range(candidate, candidate + size)):
            return candidate
    raise ConfigError(f"no {size} free ports after {first} on {LOOPBACK}; stop what listens there")


def _is_free(port: int) -> bool:
    """Whether a server may listen there."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
        return True


def _number(value: object) -> int:
    return int(str(value))
