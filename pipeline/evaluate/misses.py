"""Every miss with the sentence it happened in."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from pipeline.evaluate.judge import FIELDS, fold
from pipeline.evaluate.score import Pair, Scored

Json = dict[str, Any]

_SENTENCE = re.compile(r"[^.!?۔؟\n]+(?:[.!?۔؟]+(?=\s|$)|[.!?](?=\S)[^.!?۔؟\n]*)*[\"”’)]*", re.UNICODE)
_QUIET = ("killed_range", "injured_range", "toll")  # shown when asked for: they repeat killed and injured
_EVIDENCE_NAMES = {"family": "event_type", "type": "event_type", "admin1": "place", "country": "place"}


def misses(scored: Iterable[Scored], fields: Sequence[str] = ()) -> Iterator[str]:
    """One block of lines per miss: relevance, missed and invented incidents, wrong fields.

    With `fields` only wrong values of those fields are told.
    """
    for item in scored:
        if item.article.borderline:
            continue
        if not fields:
            yield from _whole(item)
        for pair in item.pairs:
            yield from _wrong(item, pair, fields)


def _whole(item: Scored) -> Iterator[str]:
    said, article = bool(item.predicted.get("relevant")), item.article
    if "error" in item.predicted:
        yield f"{article.id}  ERROR      {item.predicted['error']}"
    if said != article.relevant:
        verdict = "invented" if said else "missed"
        yield f"{article.id}  RELEVANCE  {verdict}\n    > {_lead(article.text)}"
    for gold in item.missed:
        quote = sentence_for(article.text, _words(gold))
        yield f"{article.id}  MISSED     {describe_gold(gold)}\n    > {quote}"
    for guess in item.false_alarms:
        quote = _quoted(article.text, guess, "event_type") or _lead(article.text)
        yield f"{article.id}  INVENTED   {describe(guess)}\n    > {quote}"


def _wrong(item: Scored, pair: Pair, fields: Sequence[str]) -> Iterator[str]:
    for name in fields or [f for f in FIELDS if f not in _QUIET]:
        if pair.right[name]:
            continue
        quote = _quoted(item.article.text, pair.predicted, _EVIDENCE_NAMES.get(name, name.split("_range")[0]))
        quote = quote or sentence_for(item.article.text, _words(pair.gold))
        yield (
            f"{item.article.id}  {name:<10} gold {_gold_value(pair.gold, name)}"
            f"  predicted {_predicted_value(pair.predicted, name)}\n    > {quote}"
        )


def describe_gold(gold: Json) -> str:
    """A gold incident on one line."""
    return (
        f"{gold['event_type']} | {gold['date']} | {gold['place']} | {gold['perpetrator']} | "
        f"killed {gold['killed_min']}-{gold['killed_max']} | "
        f"injured {gold['injured_min']}-{gold['injured_max']}"
    )


def describe(guess: Json) -> str:
    """A predicted incident on one line."""
    return (
        f"{guess['event_type']} | {guess['date']['start']} ({guess['date']['precision']}) | "
        f"{guess['place']['name']} | {guess.get('perpetrator')} | "
        f"killed {guess['killed']['best']} | injured {guess['injured']['best']}"
    )


def _gold_value(gold: Json, name: str) -> str:
    stem = {"type": "event_type", "family": "event_type"}.get(name, name.removesuffix("_range"))
    if stem in ("killed", "injured", "toll"):
        parts = ["killed", "injured"] if stem == "toll" else [stem]
        shown = [f"{p} {gold[f'{p}_min']}/{gold.get(f'{p}_best')}/{gold[f'{p}_max']}" for p in parts]
        return ", ".join(shown) + (" at least" if gold.get("at_least") else "")
    also = gold.get(f"{stem}_alt")
    return f"{gold.get(stem)!r}" + (f" (or {also!r})" if also else "")


def _predicted_value(guess: Json, name: str) -> str:
    place, killed, injured = guess["place"], guess["killed"], guess["injured"]
    special: dict[str, Any] = {
        "type": guess["event_type"], "family": guess["event_type"], "place": place["name"],
        "admin1": place["admin1"], "country": place["country"],
        "date": f"{guess['date']['start']} ({guess['date']['precision']})",
        "killed": _range(killed), "killed_range": _range(killed), "injured": _range(injured),
        "injured_range": _range(injured), "toll": f"killed {_range(killed)}, injured {_range(injured)}",
        "attackers_killed": killed.get("attackers"), "killed_claimed": killed.get("claimed"),
    }  # fmt: skip
    return repr(special[name] if name in special else guess.get(name))


def _range(toll: Json) -> str:
    return f"{toll['low']}/{toll['best']}/{toll['high']}"


def _quoted(text: str, guess: Json, name: str) -> str | None:
    """The sentence around the first quote for the field."""
    for item in guess.get("evidence", []):
        if item["field"].split(".")[0] == name:
            for found in _SENTENCE.finditer(text):
                if found.start() <= item["start"] < found.end():
                    return " ".join(found.group().split())
    return None


def sentence_for(text: str, words: Iterable[str]) -> str:
    """The sentence that shares most words with those given; the first sentence where none does."""
    wanted = set(words)
    sentences = [found.group() for found in _SENTENCE.finditer(text) if found.group().strip()]
    best = max(sentences, key=lambda s: len(wanted & set(fold(s).split())), default=text)
    return " ".join(best.split())


def _words(gold: Json) -> list[str]:
    values = [gold.get("place"), gold.get("target"), gold.get("event_type"), gold.get("perpetrator"),
              gold.get("killed_min"), gold.get("injured_min"), gold.get("abducted")]  # fmt: skip
    known = [fold(str(value).replace("_", " ")) for value in values if value is not None]
    return [word for value in known for word in value.split()]


def _lead(text: str) -> str:
    return " ".join(text.split())[:200]
