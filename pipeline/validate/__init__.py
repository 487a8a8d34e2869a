"""Validate: the gate. Great Expectations judges a day; what breaks an expectation is named and does not go on.

Severities: a *critical* expectation on rows takes the rows out (and what hangs on them) and puts them into
``reject`` with the expectation's name; a *critical* expectation on the day or its coverage stops the day;
a *warning* shows; *info* is told in the Data Docs only.
"""

from pipeline.validate.judge import ExpectationCrashError, validate
from pipeline.validate.verdict import Verdict, read_verdict

__all__ = ["ExpectationCrashError", "Verdict", "read_verdict", "validate"]
