"""`python -m tests.newsroom`: serve the demo outlets until interrupted."""

from __future__ import annotations

import argparse
import sys

from tests.newsroom.serve import DEFAULT_PORT, main

if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m tests.newsroom", description=__doc__)
    parser.add_argument("--port", type=int, default=DEFAULT_PORT, help="port of the first outlet; the others follow")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--clock", default=None, help="the newsroom's now, ISO 8601 with zone")
    parser.add_argument("--slow", type=float, default=1.5, help="seconds the slow page takes")
    parser.add_argument("--hostile", action="store_true", help="also serve the badly behaved outlet")
    chosen = parser.parse_args()
    sys.exit(main(chosen.port, chosen.host, clock=chosen.clock, slow_s=chosen.slow, hostile=chosen.hostile))
