"""The numbers as plain text."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from pipeline.evaluate.judge import FIELDS
from pipeline.evaluate.score import Scored
from pipeline.evaluate.summarise import Rate, Summary

_DETECTIONS = {
    "relevance": "relevance (article)",
    "detection": "detection (main incidents)",
    "strict": "strict (date, place, family, perpetrator, toll)",
    "background": "background incidents",
    "elsewhere": "outside the theatre, said so",
}
_GROUP_COLUMNS = ("relevance.accuracy", "detection.f1", "strict.f1", "place", "date", "toll", "perpetrator",
                  "family")  # fmt: skip


def render(
    scored: Sequence[Scored], summary: Summary, baseline: Summary, parts: Mapping[str, tuple[int, Summary]],
    corpus: str, seconds: float,
) -> str:  # fmt: skip
    """The whole report: detection, fields, shares, groups; the baseline in the last columns."""
    return "\n".join(
        [
            *_head(scored, corpus, seconds),
            "",
            *_detections(summary, baseline),
            "",
            *_fields(summary, baseline),
            "",
            *_shares(summary),
            "",
            *_groups(parts),
        ]
    )


def _head(scored: Sequence[Scored], corpus: str, seconds: float) -> Iterator[str]:
    main = sum(i["main"] for s in scored for i in s.article.incidents)
    every = sum(len(s.article.incidents) for s in scored)
    relevant = sum(s.article.relevant for s in scored)
    skipped = sum(s.article.borderline for s in scored)
    errors = sum(s.counts["lines.error"] for s in scored)
    yield (
        f"{len(scored)} articles ({relevant} relevant, {skipped} borderline and not counted), "
        f"{main} main and {every - main} background incidents, corpus {corpus[:12]}"
    )
    yield f"read in {seconds:.1f} s, {errors} could not be read; [95 % bootstrap interval over articles]"


def _detections(summary: Summary, baseline: Summary) -> Iterator[str]:
    yield f"{'':<49}{'P':>6}{'R':>7}{'F1':>7}{'n':>6}{'baseline F1':>27}"
    for name, title in _DETECTIONS.items():
        rate = summary[f"{name}.f1"]
        yield (
            f"{title:<49}{_number(summary[f'{name}.precision'])}{_number(summary[f'{name}.recall'])} "
            f"{_number(rate)}{rate.n:>6}  {_interval(rate)}{_number(baseline[f'{name}.f1']):>8}"
        )


def _fields(summary: Summary, baseline: Summary) -> Iterator[str]:
    heads = f"{'right':>6}{'n':>6}{'':>15}{'where stated':>14}{'n':>6}{'baseline':>10}"
    yield f"{'on matched main incidents':<26}{heads}"
    for name in FIELDS:
        rate, stated = summary[name], summary[f"{name}.stated"]
        yield (
            f"{name:<26}{_number(rate)}{rate.n:>6}  {_interval(rate)}{_number(stated):>14}{stated.n:>6}"
            f"{_number(baseline[name]):>10}"
        )


def _shares(summary: Summary) -> Iterator[str]:
    titles = {
        "strict.recall": "share of gold main incidents with all of strict right",
        "role": "main and background told apart",
        "quotes": "quotes that slice back",
        "evidence": "stated values with a quote of their own",
    }
    for name, title in titles.items():
        rate = summary[name]
        yield f"{title:<55}{_number(rate)}{rate.n:>6}  {_interval(rate)}"


def _groups(parts: Mapping[str, tuple[int, Summary]]) -> Iterator[str]:
    heads = ("relevance", "detection", "strict", "place", "date", "toll", "perpetr.", "family")
    yield f"{'':<34}{'articles':>9}" + "".join(f"{head:>11}" for head in heads)
    for name, (count, part) in parts.items():
        yield f"{name:<34}{count:>9}" + "".join(f"{_number(part[column]):>11}" for column in _GROUP_COLUMNS)


def _number(rate: Rate) -> str:
    return "     -" if rate.value is None else f"{rate.value:6.3f}"


def _interval(rate: Rate) -> str:
    return f"{'':<13}" if rate.low is None else f"[{rate.low:.3f} {rate.high:.3f}]"
