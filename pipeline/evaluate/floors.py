"""Floors: the numbers below which the reader must not fall on the project's own gold."""

from __future__ import annotations

import json
from pathlib import Path

from pipeline.errors import ConfigError, GateError
from pipeline.evaluate.summarise import Summary

METRICS = (
    "relevance.f1", "detection.precision", "detection.recall", "detection.f1", "strict.f1", "place", "date",
    "toll", "perpetrator", "family", "quotes",
)  # fmt: skip
SLACK = 0.005  # a floor is pinned half a point below the measured value: rounding must not break it


def load_floors(path: Path) -> dict[str, object]:
    """The pinned digest and floors. Raises ConfigError where the file is missing or malformed."""
    try:
        floors = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, json.JSONDecodeError) as error:
        raise ConfigError(f"{path}: cannot be read: {error}; write it with `--pin`") from error
    if not isinstance(floors, dict) or not isinstance(floors.get("floors"), dict) or "digest" not in floors:
        raise ConfigError(f"{path}: needs `digest` and `floors`")
    return floors


def broken_floors(path: Path, digest: str, summary: Summary) -> list[str]:
    """What is wrong: another corpus than the pinned one, a metric below its floor. Empty: all is well."""
    pinned = load_floors(path)
    problems = []
    if pinned["digest"] != digest:
        known = str(pinned["digest"])[:12]
        problems.append(f"gold digest is {digest[:12]}, pinned is {known}: pin again with --pin")
    floors = pinned["floors"]
    for name, floor in sorted(floors.items() if isinstance(floors, dict) else ()):
        value = summary[name].value if name in summary else None
        if value is None or value < floor:
            shown = "unknown" if value is None else f"{value:.3f}"
            problems.append(f"{name} is {shown}, the floor is {floor:.3f}")
    return problems


def pin(path: Path, digest: str, summary: Summary, allow_regression: str | None = None) -> dict[str, float]:
    """Writes digest and floors; returns the floors.

    Raises GateError when a floor would fall and no reason is given. A reason is kept in the file.
    """
    floors = {
        name: max(0.0, round(rate.value - SLACK, 3)) for name in METRICS if (rate := summary[name]).value is not None
    }
    reasons: list[str] = []
    if path.exists():
        old = load_floors(path)
        reasons = [str(r) for r in old.get("regressions", [])]  # type: ignore[attr-defined]
        old_floors = old["floors"] if isinstance(old["floors"], dict) else {}
        fallen = [n for n, floor in old_floors.items() if floors.get(n, 0.0) < floor]
        if fallen and not allow_regression:
            raise GateError(
                f"{path}: {', '.join(fallen)} would fall; find the cause, or give --allow-regression REASON"
            )
        if fallen:
            reasons.append(f"{', '.join(fallen)}: {allow_regression}")
    content = {"digest": digest, "floors": floors, "regressions": reasons}
    path.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    return floors
