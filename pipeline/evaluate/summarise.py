"""From counts per article to rates with bootstrap intervals."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.evaluate.judge import FIELDS
from pipeline.evaluate.score import Scored

RESAMPLES = 1000
SEED = 20240116
DETECTIONS = ("relevance", "detection", "strict", "background", "elsewhere")
SHARES = ("role", "quotes", "evidence")


@dataclass(frozen=True)
class Rate:
    """A rate with its 95 % interval (percentile bootstrap over articles) and how many cases it rests on."""

    value: float | None
    low: float | None
    high: float | None
    n: int


Summary = dict[str, Rate]
_Floats = NDArray[np.float64]


def summarise(scored: Sequence[Scored], resamples: int = RESAMPLES) -> Summary:
    """Every metric over these articles, by name: `relevance.f1`, `place`, `place.stated`, `strict.share`, ...

    Intervals come from resampling whole articles with replacement, seeded, since the incidents of one article
    are not independent. With `resamples` 0 no interval is computed.
    """
    keys = sorted(set().union(*(s.counts for s in scored)) if scored else set())
    rows = [[s.counts[key] for key in keys] for s in scored]
    table = np.array(rows, dtype=np.float64).reshape(len(scored), len(keys))
    total = table.sum(axis=0, keepdims=True)
    drawn = _resample(table, resamples)
    summary: Summary = {}
    for name, formula in _metrics().items():
        point, size = formula(_Columns(keys, total))
        summary[name] = _rate(point, formula(_Columns(keys, drawn))[0], int(size[0]))
    return summary


def _resample(table: _Floats, resamples: int) -> _Floats:
    count = len(table)
    if not count or not resamples:
        return np.zeros((0, table.shape[1]))
    weights = np.random.default_rng(SEED).multinomial(count, np.full(count, 1 / count), size=resamples)
    return np.asarray(weights @ table)


class _Columns(dict[str, _Floats]):
    """Columns of counts by name; a name that never occurred counts zero."""

    def __init__(self, names: Sequence[str], table: _Floats) -> None:
        super().__init__({name: table[:, i] for i, name in enumerate(names)})
        self._zero = np.zeros(len(table))

    def __missing__(self, name: str) -> _Floats:
        return self._zero


_Formula = Callable[[_Columns], tuple[_Floats, _Floats]]


def _divide(a: _Floats, b: _Floats) -> _Floats:
    result: _Floats = np.divide(a, b, out=np.full(len(b), np.nan), where=b > 0)
    return result


def _metrics() -> dict[str, _Formula]:
    metrics: dict[str, _Formula] = {}
    for name in DETECTIONS:
        metrics[f"{name}.precision"] = _share(f"{name}.tp", f"{name}.fp")
        metrics[f"{name}.recall"] = _share(f"{name}.tp", f"{name}.fn")
        metrics[f"{name}.f1"] = _f1(name)
    metrics["relevance.accuracy"] = lambda c: (
        _divide(
            c["relevance.tp"] + c["relevance.tn"],
            c["relevance.tp"] + c["relevance.tn"] + c["relevance.fp"] + c["relevance.fn"],
        ),
        c["relevance.tp"] + c["relevance.tn"] + c["relevance.fp"] + c["relevance.fn"],
    )
    for name in (*FIELDS, *SHARES):
        metrics[name] = _ratio(f"{name}.right", f"{name}.all")
    for name in FIELDS:
        metrics[f"{name}.stated"] = _ratio(f"{name}.stated_right", f"{name}.stated")
    return metrics


def _share(hit: str, other: str) -> _Formula:
    return lambda c: (_divide(c[hit], c[hit] + c[other]), c[hit] + c[other])


def _ratio(hit: str, cases: str) -> _Formula:
    return lambda c: (_divide(c[hit], c[cases]), c[cases])


def _f1(name: str) -> _Formula:
    def formula(c: _Columns) -> tuple[_Floats, _Floats]:
        doubled = 2 * c[f"{name}.tp"]
        wrong = c[f"{name}.fp"] + c[f"{name}.fn"]
        return _divide(doubled, doubled + wrong), c[f"{name}.tp"] + c[f"{name}.fn"]

    return formula


def _rate(point: _Floats, spread: _Floats, size: int) -> Rate:
    value = None if np.isnan(point[0]) else float(point[0])
    known = spread[~np.isnan(spread)]
    if value is None or not len(known):
        return Rate(value, None, None, size)
    low, high = np.percentile(known, (2.5, 97.5))
    return Rate(value, float(low), float(high), size)


def groups(scored: Iterable[Scored]) -> dict[str, list[Scored]]:
    """The articles by `fold:`, `lang:`, `trap:` and `undated`; an article may be in several groups."""
    found: dict[str, list[Scored]] = {}
    for item in scored:
        article = item.article
        names = [f"fold:{article.fold}", f"lang:{article.lang}", *(f"trap:{t}" for t in article.traps)]
        if article.published is None:
            names.append("no publication date")
        for name in names:
            found.setdefault(name, []).append(item)
    return dict(sorted(found.items()))


def as_json(summary: Summary) -> dict[str, dict[str, float | int | None]]:
    """The summary as plain numbers."""
    return {name: asdict(rate) for name, rate in summary.items()}
