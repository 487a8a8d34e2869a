"""The five ways in which Sarhad fails, and what each one means for the run."""


class SarhadError(Exception):
    """Root of all errors that Sarhad raises on purpose."""


class ConfigError(SarhadError):
    """Configuration, lexicon or contract is wrong: stop before anything runs. Exit code 2."""


class TransientError(SarhadError):
    """Time-out, 429, 5xx, lock: worth another try later. Exit code 75 (EX_TEMPFAIL)."""


class TerminalError(SarhadError):
    """It will not get better by trying again (404, robots, too large): recorded, not retried. Exit code 1."""


class RejectError(SarhadError):
    """One record cannot be interpreted: it becomes a row of ``reject``, the rest goes on.

    Args:
        reason: a value of the closed list in ``sql/schema/05_operation.sql``.
        detail: what was wrong and what to do.
    """

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail


class GateError(SarhadError):
    """A quality gate is broken: nothing is published, the last release stands. Exit code 3."""
