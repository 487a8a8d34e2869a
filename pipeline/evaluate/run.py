"""`python -m pipeline.evaluate`: gold in, predictions in, numbers out."""

from __future__ import annotations

import argparse
import importlib
import json
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from pipeline.errors import ConfigError, GateError
from pipeline.evaluate.baseline import read_baseline
from pipeline.evaluate.floors import broken_floors, pin
from pipeline.evaluate.gold import GoldArticle, digest, gold_files, load_gold
from pipeline.evaluate.judge import FIELDS, ROOT, load_judge, load_rules
from pipeline.evaluate.misses import misses
from pipeline.evaluate.score import Scored, score
from pipeline.evaluate.summarise import as_json, groups, summarise
from pipeline.evaluate.table import render

Json = dict[str, Any]
Reader = Callable[[list[Json]], list[Json]]

GOLD = ROOT / "tests" / "golden"
FLOORS = ROOT / "tests" / "eval_floors.json"
READER = "pipeline.extract:read_lines"
LANGUAGES = ("en",)


def evaluate(articles: Sequence[GoldArticle], read: Reader, with_title: bool = False) -> list[Scored]:
    """Reads the articles with `read` and scores what it says.

    `read` takes input lines of the contract and returns one output line each, whatever order.
    """
    lines = [article.line(with_title) for article in articles]
    return score(articles, read(lines), load_judge(load_rules()))


def load_reader(name: str) -> Reader:
    """The function behind `module:function`. Raises ConfigError where there is none."""
    module, _, function = name.partition(":")
    try:
        found = getattr(importlib.import_module(module), function)
    except (ImportError, AttributeError) as error:
        hint = "give --reader MODULE:FUNCTION or --predictions FILE"
        raise ConfigError(f"reader {name!r}: {error}; {hint}") from error
    return lambda lines: list(found(lines))


def load_predictions(path: Path) -> Reader:
    """A reader that answers from a JSON Lines file. Raises ConfigError naming the line that is no JSON."""
    rows: list[Json] = []
    for number, text in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if not text.strip():
            continue
        try:
            rows.append(json.loads(text))
        except json.JSONDecodeError as error:
            raise ConfigError(f"{path}:{number}: not valid JSON: {error}") from error
    return lambda _: rows


def load_articles(
    folders: Sequence[Path], languages: Sequence[str], fold: str = "all"
) -> tuple[list[GoldArticle], str]:
    """The articles of these languages and this fold, and the digest of the files they come from.

    The fold is drawn over all files, so that it does not depend on the languages asked for.
    """
    files = gold_files(folders, load_rules()["not_articles"])
    articles = load_gold(files)
    kept = [path for path, a in zip(files, articles, strict=True) if a.lang in languages]
    chosen = [a for a in articles if a.lang in languages and fold in ("all", a.fold)]
    return chosen, digest(kept)


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit code 0 when all is well, 2 for a wrong call or file, 3 when a floor is broken."""
    options = _options(arguments)
    try:
        return _run(options)
    except GateError as error:
        print(f"error: {error}", file=sys.stderr)
        return 3
    except (ConfigError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2


def _run(options: argparse.Namespace) -> int:
    folders = options.gold or [GOLD]
    languages = tuple(options.lang.split(","))
    articles, corpus = load_articles(folders, languages, options.fold)
    if not articles:
        raise ConfigError(f"no article in language {options.lang} and fold {options.fold}")
    read = load_predictions(options.predictions) if options.predictions else load_reader(options.reader)
    started = time.perf_counter()
    answered = read([article.line(options.with_title) for article in articles])
    seconds = time.perf_counter() - started
    rules = load_rules()
    judge = load_judge(rules)
    scored = score(articles, answered, judge)
    plain = score(articles, read_baseline([a.line() for a in articles], rules["baseline"]), judge)
    _print(options, scored, plain, corpus, seconds)
    return _floors(options, folders, corpus, scored)


def _print(options: argparse.Namespace, scored: list[Scored], plain: list[Scored], corpus: str, seconds: float) -> None:
    if options.errors:
        for block in misses(scored, options.fields):
            print(block)
        print()
    summary, baseline = summarise(scored, options.resamples), summarise(plain, 0)
    parts = {name: (len(items), summarise(items, 0)) for name, items in groups(scored).items()}
    if options.json:
        content = {
            "digest": corpus, "articles": len(scored),
            "metrics": as_json(summary), "baseline": as_json(baseline),
            "groups": {name: {"articles": n, **as_json(part)} for name, (n, part) in parts.items()},
        }  # fmt: skip
        print(json.dumps(content, indent=1))
    else:
        print(render(scored, summary, baseline, parts, corpus, seconds))


def _floors(options: argparse.Namespace, folders: Sequence[Path], corpus: str, scored: list[Scored]) -> int:
    """Checks or pins floors: those of the project's own English gold, or of another gold with a file of its own."""
    own = [f.resolve() for f in folders] == [GOLD.resolve()]
    if not (own or options.floors != FLOORS) or options.lang != "en" or options.fold != "all":
        if options.pin:
            raise ConfigError(
                "--pin needs all of the English gold: leave --lang and --fold alone, and name a file of "
                "its own with --floors where --gold is another folder"
            )
        return 0
    summary = summarise(scored, 0)
    if options.pin:
        floors = pin(options.floors, corpus, summary, options.allow_regression)
        print(f"pinned {len(floors)} floors in {options.floors.name} for corpus {corpus[:12]}")
        return 0
    problems = broken_floors(options.floors, corpus, summary)
    for problem in problems:
        print(f"floor: {problem}", file=sys.stderr)
    return 3 if problems else 0


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m pipeline.evaluate", description=__doc__)
    add = parser.add_argument
    add("--gold", type=Path, action="append", metavar="DIR", help="gold folder (default: tests/golden)")
    add("--reader", default=READER, metavar="MODULE:FUNCTION", help="input lines to output lines")
    add("--predictions", type=Path, metavar="FILE", help="output lines (JSONL) instead of a reader")
    add("--lang", default=",".join(LANGUAGES), help="languages, comma-separated (default: en)")
    add("--fold", choices=("dev", "held", "all"), default="all", help="held: the third kept aside")
    add("--errors", action="store_true", help="list every miss with its sentence")
    add("--fields", type=lambda s: s.split(","), default=[], help="only misses of these fields")
    add("--with-title", action="store_true", help="feed the headline too")
    add("--json", action="store_true", help="numbers as JSON")
    add("--resamples", type=int, default=1000, help="bootstrap resamples; 0 for no intervals")
    add("--floors", type=Path, default=FLOORS, metavar="FILE", help="pinned floors (default: tests/eval_floors.json)")
    add("--pin", action="store_true", help="write digest and floors")
    add("--allow-regression", metavar="REASON", help="let a floor fall, with the reason on record")
    options = parser.parse_args(arguments)
    unknown = [name for name in options.fields if name not in FIELDS]
    if unknown:
        parser.error(f"--fields: {', '.join(unknown)} unknown; choose from {', '.join(FIELDS)}")
    return options
