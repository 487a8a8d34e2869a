"""Set-up of a checkout: the virtual environment ``.venv`` with everything that ``requirements.lock`` names.

Runs before anything is installed, so it needs nothing but Python. A stamp remembers what was installed;
a second call finds it and is done at once.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
ENVIRONMENT = ROOT / ".venv"
BOOTSTRAP = ROOT / "var" / "bootstrap"
STAMP = ENVIRONMENT / "sarhad-setup"
OLDEST, TOO_NEW = (3, 11), (3, 14)
NO_VENV = """cannot make a virtual environment to install uv into: this Python comes without venv or pip.
Do one of these, then run `make setup` again:
  Debian, Ubuntu:  apt-get install python3-venv
  anywhere:        install uv so that the command `uv` is found"""


def main() -> int:
    """Install what is missing; 0 when done, 2 when something must be done by hand first."""
    if not OLDEST <= sys.version_info[:2] < TOO_NEW:
        return _fail(
            f"Python {sys.version.split()[0]} is {sys.executable}; Sarhad needs 3.11, 3.12 or 3.13. "
            "Name another one: make setup PYTHON=python3.12"
        )
    if STAMP.exists() and STAMP.read_text(encoding="utf-8") == _wanted():
        print("set-up: nothing to do")
        return 0
    began = time.monotonic()
    try:
        uv = _find_uv()
        _make_environment(uv)
        print("set-up: installing the packages of requirements.lock, checked by hash, and compiling them", flush=True)
        target = ["--python", str(_python())]
        packages = ["--require-hashes", "--compile-bytecode", "-r", "requirements.lock"]
        _run(uv, "pip", "install", "--quiet", *target, *packages)
        _run(uv, "pip", "install", "--quiet", *target, "--no-deps", "--no-build-isolation", "--editable", ".")
    except subprocess.CalledProcessError as error:
        return _fail(f"this command failed with code {error.returncode}: {' '.join(error.cmd)}")
    except FileNotFoundError as error:
        return _fail(str(error))
    STAMP.write_text(_wanted(), encoding="utf-8")
    print(f"set-up: done in {time.monotonic() - began:.0f} s; the command is .venv/bin/sarhad")
    return 0


def _wanted() -> str:
    """Digest of all that decides what is installed."""
    digest = hashlib.sha256(f"{sys.version_info[:2]} {ROOT}".encode())
    for name in ("requirements.lock", "pyproject.toml"):
        digest.update((ROOT / name).read_bytes())
    return digest.hexdigest()


def _find_uv() -> str:
    """The command ``uv``: the one of this machine, or one installed from the registry for this checkout only."""
    ours = BOOTSTRAP / "bin" / "uv"
    for candidate in (shutil.which("uv"), str(ours)):
        if candidate and _works(candidate):
            return candidate
    print("set-up: installing uv, the installer, into var/bootstrap", flush=True)
    try:
        _run(sys.executable, "-m", "venv", "--clear", str(BOOTSTRAP))
        _run(str(BOOTSTRAP / "bin" / "python"), "-m", "pip", "install", "--quiet", "uv")
    except subprocess.CalledProcessError as error:
        shutil.rmtree(BOOTSTRAP, ignore_errors=True)
        raise FileNotFoundError(NO_VENV) from error
    return str(ours)


def _works(command: str) -> bool:
    """Whether the command runs; a shim of a version switcher may be there without anything behind it."""
    try:
        return subprocess.run([command, "--version"], check=False, capture_output=True).returncode == 0
    except OSError:
        return False


def _make_environment(uv: str) -> None:
    """Make ``.venv`` with this Python; one that was made with another version is replaced."""
    version = f"{sys.version_info[0]}.{sys.version_info[1]}"
    probe = "import sys; print('%d.%d' % sys.version_info[:2])"
    if _python().exists():
        done = subprocess.run([str(_python()), "-c", probe], check=False, capture_output=True, text=True)
        if done.stdout.strip() == version:
            return
    print(f"set-up: making .venv with Python {version} ({sys.executable})", flush=True)
    _run(uv, "venv", "--quiet", "--clear", "--python", sys.executable, str(ENVIRONMENT))


def _python() -> Path:
    return ENVIRONMENT / "bin" / "python"


def _run(*command: str) -> None:
    environment = {name: value for name, value in os.environ.items() if name != "VIRTUAL_ENV"}
    subprocess.run(command, check=True, cwd=ROOT, env=environment)


def _fail(message: str) -> int:
    print(f"set-up: {message}", file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main())
