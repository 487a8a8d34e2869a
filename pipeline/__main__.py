"""``python -m pipeline`` is ``sarhad``."""

from pipeline.cli import main

main()
