"""`python -m pipeline.evaluate`."""

import sys

from pipeline.evaluate.run import main

sys.exit(main())
