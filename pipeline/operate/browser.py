"""Chromium for the tests that click through the UI: the one of the machine, or Debian's package where we are root."""

from __future__ import annotations

import os
import shutil
import subprocess

from pipeline.errors import ConfigError

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def find_browser() -> str:
    """Path of a Chromium; installs Debian's package where there is none and we may.

    Raises:
        ConfigError: there is none and it cannot be installed; the message says what to do.
    """
    for name in NAMES:
        if found := shutil.which(name):
            return found
    if os.getuid() != 0 or shutil.which("apt-get") is None:
        raise ConfigError(f"no {' or '.join(NAMES)} is found; install Chromium, on Debian: apt-get install chromium")
    print("installing chromium with apt-get", flush=True)
    quiet = {"DEBIAN_FRONTEND": "noninteractive"}
    for command in (["apt-get", "update", "-q"], ["apt-get", "install", "-y", "-q", "chromium"]):
        done = subprocess.run(command, env={**os.environ, **quiet}, capture_output=True, text=True, check=False)
        if done.returncode:
            raise ConfigError(f"`{' '.join(command)}` failed: {done.stderr.strip()[-500:]}; install Chromium by hand")
    found = shutil.which(NAMES[0])
    if found is None:
        raise ConfigError("apt-get installed chromium, but the command is not found; look at PATH")
    return found
