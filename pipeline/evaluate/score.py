"""Aligns predicted with gold incidents and counts what is right, article by article.

Alignment. Within an article every predicted incident is compared with every gold incident (main, background,
optional and out-of-theatre alike). A pair gains points where both agree on type family, place, date, killed
and perpetrator; agreeing that nothing is known is worth half. The pair is admissible when at least one of
family, place and killed agrees on a stated value and the sum reaches ADMIT. Among admissible pairs the
assignment with the largest weighted gain is taken (Hungarian method); the same role breaks ties.

What counts. Gold incidents marked optional or other_border, and whole articles marked borderline, are neither
rewarded nor punished: a prediction aligned with one is ignored. Gold incidents outside the theatre are
counted on their own; a prediction that says `in_theatre: false` is not a detection, one that claims the
theatre for such an incident is a false alarm.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pipeline.errors import ConfigError
from pipeline.evaluate.assign import assign
from pipeline.evaluate.gold import GoldArticle
from pipeline.evaluate.judge import FIELDS, STRICT, Judge

Json = dict[str, Any]

WEIGHTS = {"family": 3.0, "place": 3.0, "date": 2.0, "killed": 2.0, "perpetrator": 1.0}
ROLE_WEIGHT = 0.5
ADMIT = 2.0
_MAY_BE_NULL = ("place", "date", "perpetrator", "claimed_by", "target", "admin1", "country", "attackers_killed",
                "killed_claimed")  # fmt: skip
_EVIDENCED = ("date", "place", "perpetrator", "claimed_by", "target", "killed", "injured")


@dataclass
class Pair:
    """A gold incident and the prediction aligned with it, with the verdict per field."""

    gold: Json
    predicted: Json
    right: dict[str, bool]

    @property
    def strict(self) -> bool:
        """Date, place, type family, perpetrator and toll all right."""
        return all(self.right[name] for name in STRICT)


@dataclass
class Scored:
    """One article: the aligned pairs, what was missed, what was invented, and the counts."""

    article: GoldArticle
    predicted: Json
    pairs: list[Pair] = field(default_factory=list)
    missed: list[Json] = field(default_factory=list)
    false_alarms: list[Json] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)


def score(articles: Sequence[GoldArticle], lines: Iterable[Json], judge: Judge) -> list[Scored]:
    """Scores output lines of the contract against the articles.

    Raises ConfigError where an article has no line, so that a reader that drops articles cannot look good.
    """
    by_id = {line["id"]: line for line in lines}
    absent = [a.id for a in articles if a.id not in by_id]
    if absent:
        raise ConfigError(f"predictions lack {len(absent)} of {len(articles)} articles, first: {absent[0]}")
    return [score_article(article, by_id[article.id], judge) for article in articles]


def score_article(article: GoldArticle, line: Json, judge: Judge) -> Scored:
    """Scores one article; a line with `error` counts as not relevant and without incidents."""
    scored = Scored(article, line)
    predicted = list(line.get("incidents") or [])
    _count_quotes(scored, predicted)
    scored.counts["lines.error"] += "error" in line
    scored.counts["lines.all"] += 1
    if article.borderline:
        return scored
    _count_relevance(scored, bool(line.get("relevant")))
    pairs, verdicts = align(article.incidents, predicted, judge)
    matched_gold = dict(pairs)
    matched_predicted = {p: g for g, p in pairs}
    for g, gold in enumerate(article.incidents):
        guess = predicted[matched_gold[g]] if g in matched_gold else None
        right = verdicts[g, matched_gold[g]] if g in matched_gold else {}
        _count_gold(scored, gold, guess, right)
    for p, guess in enumerate(predicted):
        aligned = matched_predicted.get(p)
        _count_predicted(scored, guess, None if aligned is None else article.incidents[aligned])
    return scored


def align(
    gold: Sequence[Json], predicted: Sequence[Json], judge: Judge
) -> tuple[list[tuple[int, int]], dict[tuple[int, int], dict[str, bool]]]:
    """Index pairs (gold, predicted) of the best assignment, and the field verdicts of all pairs."""
    verdicts = {(g, p): judge.fields(b, a) for g, a in enumerate(gold) for p, b in enumerate(predicted)}
    gain = [[_gain(a, b, verdicts[g, p], judge) for p, b in enumerate(predicted)] for g, a in enumerate(gold)]
    return assign(gain), verdicts


def _gain(gold: Json, predicted: Json, right: Mapping[str, bool], judge: Judge) -> float:
    empty = {
        "family": False,
        "place": predicted["place"]["name"] is None,
        "date": predicted["date"]["start"] is None,
        "killed": predicted["killed"]["best"] is None,
        "perpetrator": judge.actor(predicted.get("perpetrator")) is None,
    }
    agreed = {name: (0.5 if empty[name] else 1.0) if right[name] else 0.0 for name in WEIGHTS}
    anchored = any(agreed[name] == 1.0 for name in ("family", "place", "killed"))
    if not anchored or sum(agreed.values()) < ADMIT:
        return 0.0
    role = (predicted["role"] == "main") == gold["main"]
    gain = sum(weight * agreed[name] for name, weight in WEIGHTS.items())
    return gain + ROLE_WEIGHT * float(role)


def _ignored(gold: Json) -> bool:
    return bool(gold.get("optional") or gold.get("other_border"))


def _count_relevance(scored: Scored, said: bool) -> None:
    counts, truth = scored.counts, scored.article.relevant
    counts["relevance.tp"] += truth and said
    counts["relevance.fp"] += said and not truth
    counts["relevance.fn"] += truth and not said
    counts["relevance.tn"] += not truth and not said


def _count_gold(scored: Scored, gold: Json, guess: Json | None, right: dict[str, bool]) -> None:
    """Counts a gold incident as found or missed, under the name of its class."""
    counts = scored.counts
    if _ignored(gold):
        counts["optional.tp" if guess else "optional.fn"] += 1
    elif gold.get("out_of_theatre"):
        counts["elsewhere.tp" if guess and guess.get("in_theatre") is False else "elsewhere.fn"] += 1
    elif not gold["main"]:
        counts["background.tp" if guess and guess["role"] == "background" else "background.fn"] += 1
        counts["role.right"] += bool(guess and guess["role"] == "background")
        counts["role.all"] += guess is not None
    else:
        counts["role.right"] += bool(guess and guess["role"] == "main")
        counts["role.all"] += guess is not None
        _count_main(scored, gold, guess, right)


def _count_main(scored: Scored, gold: Json, guess: Json | None, right: dict[str, bool]) -> None:
    counts = scored.counts
    if guess is None or guess["role"] != "main" or guess.get("in_theatre") is False:
        counts["detection.fn"] += 1
        counts["strict.fn"] += 1
        scored.missed.append(gold)
        return
    pair = Pair(gold, guess, right)
    scored.pairs.append(pair)
    counts["detection.tp"] += 1
    counts["strict.tp" if pair.strict else "strict.fn"] += 1
    for name in FIELDS:
        counts[f"{name}.right"] += right[name]
        counts[f"{name}.all"] += 1
        if _stated(gold, name):
            counts[f"{name}.stated_right"] += right[name]
            counts[f"{name}.stated"] += 1


def _stated(gold: Json, name: str) -> bool:
    """Whether the gold has a value there; leaving everything empty is no skill."""
    if name in ("killed", "injured", "killed_range", "injured_range"):
        stem = name.removesuffix("_range")
        return gold[f"{stem}_min"] is not None or gold[f"{stem}_max"] is not None
    if name == "toll":
        return _stated(gold, "killed") or _stated(gold, "injured")
    if name == "attributed_to":
        return bool(gold["attributed_to"])
    return gold.get(name) is not None if name in _MAY_BE_NULL else True


def _count_predicted(scored: Scored, guess: Json, gold: Json | None) -> None:
    """Counts a prediction that no counted gold incident of its class supports as a false alarm."""
    counts = scored.counts
    if guess.get("in_theatre") is False or (gold is not None and _ignored(gold)):
        return
    elsewhere = gold is not None and bool(gold.get("out_of_theatre"))
    if guess["role"] == "background":
        counts["background.fp"] += gold is None or gold["main"]
        return
    if gold is None or elsewhere or not gold["main"]:
        counts["detection.fp"] += 1
        counts["strict.fp"] += 1
        scored.false_alarms.append(guess)
    elif not any(pair.predicted is guess and pair.strict for pair in scored.pairs):
        counts["strict.fp"] += 1


def _count_quotes(scored: Scored, predicted: Sequence[Json]) -> None:
    """Counts quotes that slice back, and stated values that have a quote of their own."""
    counts, text = scored.counts, scored.article.text
    for incident in predicted:
        quoted = set()
        for item in incident.get("evidence", []):
            counts["quotes.right"] += text[item["start"] : item["end"]] == item["quote"]
            counts["quotes.all"] += 1
            quoted.add(item["field"].split(".")[0].split("_best")[0])
        for name in _EVIDENCED:
            if _says(incident, name):
                counts["evidence.right"] += name in quoted
                counts["evidence.all"] += 1


def _says(incident: Json, name: str) -> bool:
    value = incident.get(name)
    if name == "date":
        return incident["date"]["start"] is not None
    if name == "place":
        return incident["place"]["name"] is not None
    return any(v is not None for v in value.values()) if isinstance(value, dict) else value is not None
