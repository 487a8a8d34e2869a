"""Loads the heavy modules once, in the process whose forks run the tasks; each task then has them for nothing.

Only third-party modules, so that a change of Sarhad's own code is seen by the next task.
"""

import sys

if {"scheduler", "worker"} & set(sys.argv):
    import duckdb
    import great_expectations
    import pandas
    import polars
    import trafilatura

    PRELOADED = (duckdb, great_expectations, pandas, polars, trafilatura)
