"""Processes that do not outlive us: each component runs in a session of its own, and the whole session can be ended.

On Linux a component is also told to stop by the kernel when its parent dies, whatever the parent died of.
"""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

PR_SET_PDEATHSIG = 1  # prctl(2)


@dataclass(frozen=True)
class Component:
    """A long-running command: how it is stopped, how long it may take to, and where it runs.

    ``credentials`` are the arguments for ``subprocess`` that choose the OS user.
    """

    name: str
    command: list[str]
    folder: Path
    stop_signal: signal.Signals = signal.SIGTERM
    patience_s: float = 20.0
    credentials: Mapping[str, Any] = field(default_factory=dict)


def start(component: Component, environment: Mapping[str, str], log: Path) -> subprocess.Popen[bytes]:
    """Start a component; what it prints is appended to ``log``."""
    with log.open("ab") as stream:
        return subprocess.Popen(
            component.command,
            cwd=component.folder,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=stream,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=_die_with_parent(component.stop_signal),
            **component.credentials,
        )


def stop(component: Component, process: subprocess.Popen[bytes]) -> bool:
    """Ask a component to stop, wait, then end whatever is left of its session.

    Returns:
        Whether it stopped by itself in time.
    """
    if process.poll() is None:
        process.send_signal(component.stop_signal)
    try:
        process.wait(component.patience_s)
        obeyed = True
    except subprocess.TimeoutExpired:
        obeyed = False
    end_session(process.pid)
    process.wait()
    return obeyed


def end_session(session: int) -> None:
    """Kill all processes of a session; without /proc, those of its first process group."""
    for _ in range(50):
        members = session_members(session)
        for pid in members:
            _kill(pid)
        if not members:
            return
        time.sleep(0.1)


def session_members(session: int) -> list[int]:
    """Process ids of a session that are alive (zombies are not)."""
    if not Path("/proc/self/stat").exists():
        return [session] if _is_alive(session) else []
    members = []
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit():
            continue
        try:
            state, _, _, of_session = (folder / "stat").read_text().rpartition(")")[2].split()[:4]
        except (FileNotFoundError, ProcessLookupError):
            continue
        if int(of_session) == session and state not in "ZX":
            members.append(int(folder.name))
    return members


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def _kill(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return


def _die_with_parent(with_signal: signal.Signals) -> Callable[[], None] | None:
    """A function for the child that asks the kernel for a signal at its parent's death; None where there is none."""
    if sys.platform != "linux":
        return None
    prctl = ctypes.CDLL(None, use_errno=True).prctl
    parent = os.getpid()

    def ask() -> None:
        prctl(PR_SET_PDEATHSIG, int(with_signal))
        # The parent may have died before the call; the child then has another one.
        if os.getppid() != parent:
            os.kill(os.getpid(), with_signal)

    return ask
