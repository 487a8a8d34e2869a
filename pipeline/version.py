"""Which code and which configuration wrote a row."""

import hashlib
import subprocess
from functools import cache

from pipeline.settings import CONFIG, ROOT


@cache
def code_version() -> str:
    """Git commit of the checkout, with ``-dirty`` where tracked files changed; ``unknown`` outside a checkout."""
    try:
        commit = _git("rev-parse", "--short=12", "HEAD")
        return f"{commit}-dirty" if _git("status", "--porcelain", "--untracked-files=no") else commit
    except (OSError, subprocess.CalledProcessError):
        return "unknown"


def _git(*arguments: str) -> str:
    command = ["git", "-C", str(ROOT), *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=30).stdout.strip()


@cache
def config_sha256() -> str:
    """SHA-256 over the names and contents of all files in ``config/`` and ``sql/``."""
    digest = hashlib.sha256()
    for folder in (CONFIG, ROOT / "sql"):
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                digest.update(path.relative_to(ROOT).as_posix().encode())
                digest.update(path.read_bytes())
    return digest.hexdigest()
