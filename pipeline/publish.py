"""Publish: a release that analysts may open at any time, whatever the pipeline is doing.

A release is a folder ``release/versions/<id>`` that never changes once it is there; ``release/current``
is a link to the newest, and ``release/analyst.duckdb``, ``parquet``, ``report``, ``export`` and ``manifest.json``
are links through it. Publishing builds the folder under another name and then turns that one link, so a reader sees
the old release or the new one and never a mixture; who has the old file open keeps it.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import duckdb

from pipeline import contract
from pipeline.errors import ConfigError, GateError, TerminalError, TransientError
from pipeline.ids import sha256_text
from pipeline.io import warehouse
from pipeline.settings import Settings
from pipeline.version import code_version, config_sha256

DATABASE = "analyst.duckdb"
MANIFEST = "manifest.json"
STABLE_NAMES = (DATABASE, "parquet", "report", "export", MANIFEST)
# A nicer report or another form of export is a new release.
MADE_BY = ("report", "export")


@dataclass(frozen=True)
class Release:
    """What is published now: its id and folder, whether this call changed it, and the digest of the database."""

    release_id: str
    folder: Path
    changed: bool
    n_incidents: int
    sha256: str


def publish(settings: Settings) -> Release:
    """Make the warehouse as it is the current release.

    Publishing unchanged content changes nothing; ``run`` rows alone are no change of content.

    Raises:
        GateError: the last verdict on a loaded day says that it must not be published.
        TransientError: the warehouse is in use, or the disk is full. The last release stands.
        TerminalError: there is no warehouse, or the copy does not pass its smoke test.
    """
    if not settings.warehouse.exists():
        raise TerminalError(f"{settings.warehouse}: no warehouse yet; run a day first (`sarhad run --day ...`)")
    release_id = _settle_master(settings)
    folder = settings.release / "versions" / release_id
    current = _current(settings.release)
    if current is not None and current["release_id"] == release_id:
        return _release(folder, current, changed=False)
    building = folder.with_name(f".{release_id}.{os.getpid()}")
    try:
        manifest = _build(settings, building, release_id, current)
        shutil.rmtree(folder, ignore_errors=True)
        building.replace(folder)
        _switch(settings.release, folder)
    except OSError as error:
        raise TransientError(
            f"{error.filename or building}: cannot write the release ({error.strerror or error}); "
            "free space or fix rights, then publish again; the last release stands"
        ) from error
    finally:
        shutil.rmtree(building, ignore_errors=True)
    _prune(settings.release, keep={release_id, current["release_id"] if current else release_id})
    return _release(folder, manifest, changed=True)


def _settle_master(settings: Settings) -> str:
    """Refuse what a gate holds back, bring the whole master into its file, and name what it holds."""
    with warehouse.open_master(settings.warehouse) as connection:
        _check_verdicts(settings, connection)
        try:
            connection.execute("CHECKPOINT")
        except duckdb.Error as error:
            raise warehouse.explain(settings.warehouse, error) from error
        content = warehouse.content_digest(connection)
    return f"r{sha256_text(content + warehouse.sql_digest() + _makers_digest(settings))[:12]}"


def _makers_digest(settings: Settings) -> str:
    """Digest of the code and the settings that make report and exports."""
    here = Path(__file__).resolve().parent
    found = [path for name in MADE_BY for path in (here / name).rglob("*") if path.is_file() and path.suffix != ".pyc"]
    lines = [f"{path.name}{hashlib.sha256(path.read_bytes()).hexdigest()}" for path in sorted(found)]
    return sha256_text("\n".join([*lines, settings.knobs.export.model_dump_json()]))


def _check_verdicts(settings: Settings, connection: duckdb.DuckDBPyConnection) -> None:
    from pipeline.validate import read_verdict

    broken = []
    for (day,) in connection.execute("SELECT DISTINCT day FROM run ORDER BY day").fetchall():
        verdict = read_verdict(settings.lake, day)
        if verdict is not None and not verdict.publishable:
            broken.append(f"{day}: {'; '.join(verdict.reasons)}")
    if broken:
        raise GateError(
            "nothing published, the last release stands: "
            + " | ".join(broken)
            + f"; see {settings.release / 'data_docs' / 'index.html'}, mend the cause and run these days again"
        )


def _build(settings: Settings, folder: Path, release_id: str, current: dict[str, object] | None) -> dict[str, object]:
    """Everything of a release in its folder, written through to the disk."""
    from pipeline.export import export
    from pipeline.report import build_report

    shutil.rmtree(folder, ignore_errors=True)
    (folder / "parquet").mkdir(parents=True)
    if (settings.release / "data_docs").exists():
        (folder / "data_docs").symlink_to(Path("..", "..", "data_docs"))
    database = folder / DATABASE
    _copy(settings.warehouse, database)
    with warehouse.open_release(database) as connection:
        counts = _smoke_test(connection, database)
        for table in contract.tables():
            warehouse.write_parquet(connection, table, folder / "parquet" / f"{table}.parquet")
        latest = connection.execute("SELECT max(seen_at) FROM claim").fetchall()[0][0]
        manifest: dict[str, object] = {
            "release_id": release_id,
            "published_at": datetime.now(UTC).isoformat(timespec="seconds"),
            "previous": current["release_id"] if current else None,
            "code_version": code_version(),
            "config_sha256": config_sha256(),
            "latest_seen_at": latest.isoformat() if latest else None,
            "rows": counts,
        }
        build_report(connection, folder / "report", manifest)
        previous = settings.release / "versions" / str(current["release_id"]) if current else None
        export(connection, folder / "export", release_id, settings.knobs.export, previous)
    manifest["files"] = {
        path.relative_to(folder).as_posix(): {"sha256": _sha256(path), "bytes": path.stat().st_size}
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not path.is_symlink() and "data_docs" not in path.parts
    }
    (folder / MANIFEST).write_text(json.dumps(manifest, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    for path in folder.rglob("*"):
        if path.is_file() and not path.is_symlink():
            path.chmod(0o444)
            _sync(path)
    _sync(folder)
    return manifest


def _copy(master: Path, copy: Path) -> None:
    """Copy the closed master, and make sure that nobody wrote to it meanwhile."""
    wal = master.with_name(master.name + ".wal")
    before = master.stat()
    shutil.copyfile(master, copy)
    after = master.stat()
    if wal.exists() or (before.st_mtime_ns, before.st_size) != (after.st_mtime_ns, after.st_size):
        raise TransientError(f"{master}: a load wrote while it was copied; publish again when the load has ended")


def _smoke_test(connection: duckdb.DuckDBPyConnection, database: Path) -> dict[str, int]:
    """The copy opens, has every table with its comment, and every view answers."""
    try:
        counts = warehouse.counts(connection)
        for (view,) in connection.execute("SELECT view_name FROM duckdb_views() WHERE NOT internal").fetchall():
            connection.execute(f'SELECT * FROM "{view}" LIMIT 1').fetchall()
    except duckdb.Error as error:
        raise TerminalError(f"{database}: the copy does not answer: {error}; the last release stands") from error
    return counts


def _current(release: Path) -> dict[str, object] | None:
    """Manifest of the current release; none where nothing whole was published yet."""
    path = release / "current" / MANIFEST
    try:
        manifest: dict[str, object] = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except ValueError as error:
        raise TerminalError(f"{path}: not JSON ({error}); remove {release / 'current'} and publish again") from error
    return manifest


def _switch(release: Path, folder: Path) -> None:
    """Turn the one link that every stable name goes through."""
    for name in STABLE_NAMES:
        _link(release / name, Path("current", name))
    _link(release / "current", Path("versions", folder.name))
    _sync(release)


def _link(path: Path, target: Path) -> None:
    if path.is_symlink() and path.readlink() == target:
        return
    if path.exists() and not path.is_symlink():
        raise ConfigError(f"{path}: is in the way of the release; move it elsewhere and publish again")
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    temporary.unlink(missing_ok=True)
    temporary.symlink_to(target)
    temporary.replace(path)


def _prune(release: Path, keep: set[object]) -> None:
    """Keep the current and the previous release, and remove what a killed publish left behind."""
    for folder in (release / "versions").iterdir():
        if folder.name not in keep:
            shutil.rmtree(folder, ignore_errors=True)


def _release(folder: Path, manifest: dict[str, object], *, changed: bool) -> Release:
    rows, files = manifest["rows"], manifest["files"]
    if not isinstance(rows, dict) or not isinstance(files, dict):
        raise TerminalError(f"{folder / MANIFEST}: not a manifest; remove the folder and publish again")
    return Release(str(manifest["release_id"]), folder, changed, int(rows["incident"]), files[DATABASE]["sha256"])


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
