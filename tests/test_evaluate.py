"""The scorer on perfect, spoiled and empty predictions; the gold set's own promises; the floors."""

from __future__ import annotations

import copy
import itertools
import json
import random
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from pipeline.errors import ConfigError, GateError
from pipeline.evaluate import run
from pipeline.evaluate.assign import assign
from pipeline.evaluate.baseline import read_baseline
from pipeline.evaluate.floors import METRICS, broken_floors, load_floors, pin
from pipeline.evaluate.gold import GoldArticle, fold_of, gold_files, load_gold
from pipeline.evaluate.judge import FIELDS, fold, load_judge, load_rules, same_date, same_range, same_toll
from pipeline.evaluate.misses import misses, sentence_for
from pipeline.evaluate.score import score
from pipeline.evaluate.summarise import Rate, Summary, groups, summarise

Json = dict[str, Any]

CONTRACT = Path(run.__file__).parents[1] / "contracts" / "extract_output.schema.json"
RULES = load_rules()
JUDGE = load_judge(RULES)
# the traps of the design, by the tag that our gold files carry; each needs three articles at least
DESIGN_TRAPS = (
    "total_includes_attackers", "parts_of_total", "revised_toll", "claim_vs_official", "dateline", "caption",
    "home_town", "homonym", "from_iranian_side", "target_or_blamed", "rhetorical_blame", "no_publication_date",
    "furniture_date", "round_up", "number_no_toll", "accident", "earthquake", "drill", "anniversary", "denial",
    "court_case",
)  # fmt: skip


@pytest.fixture(scope="module")
def gold() -> list[GoldArticle]:
    return load_gold(gold_files([run.GOLD], RULES["not_articles"]))


@pytest.fixture(scope="module")
def perfect(gold: list[GoldArticle]) -> list[Json]:
    return [perfect_line(article) for article in gold]


def perfect_line(article: GoldArticle) -> Json:
    """The output line of a reader that says exactly what the gold says."""
    incidents = [perfect_incident(i) for i in article.incidents]
    return {"id": article.id, "lang": article.lang, "relevant": article.relevant, "incidents": incidents}


def perfect_incident(gold: Json) -> Json:
    killed = {"attackers": gold["attackers_killed"], "claimed": gold.get("killed_claimed")}
    return {
        "role": "main" if gold["main"] else "background",
        "event_type": gold["event_type"],
        "in_theatre": not gold.get("out_of_theatre", False),
        "date": perfect_date(gold["date"]),
        "place": {
            "name": gold["place"], "country": gold["country"], "admin1": gold["admin1"], "precision": None,
        },
        "perpetrator": gold["perpetrator"],
        "claimed_by": gold["claimed_by"],
        "target": gold["target"],
        "killed": perfect_toll(gold, "killed") | killed,
        "injured": perfect_toll(gold, "injured"),
        "attributed_to": gold["attributed_to"],
        "evidence": [],
    }  # fmt: skip


def perfect_date(value: str | None) -> Json:
    if value is None:
        return {"start": None, "end": None, "precision": "unknown"}
    precision = {4: "year", 7: "month", 10: "day"}[len(value)]
    start = value + {"year": "-01-01", "month": "-01", "day": ""}[precision]
    return {"start": start, "end": start, "precision": precision}


def perfect_toll(gold: Json, name: str) -> Json:
    low, high = gold[f"{name}_min"], gold[f"{name}_max"]
    return {"low": low, "high": high, "best": gold.get(f"{name}_best", high if low is None else low)}


def summary_of(gold: list[GoldArticle], lines: list[Json]) -> Summary:
    return summarise(score(gold, lines, JUDGE), 0)


def spoil(lines: list[Json], change: Callable[[Json], None]) -> list[Json]:
    """A deep copy in which every main incident went through `change`."""
    spoiled = copy.deepcopy(lines)
    for line in spoiled:
        for incident in line["incidents"]:
            if incident["role"] == "main":
                change(incident)
    return spoiled


# --- the scorer


def test_perfect_reader_scores_one_everywhere(gold: list[GoldArticle], perfect: list[Json]) -> None:
    summary = summary_of(gold, perfect)
    rated = ("relevance.f1", "detection.f1", "strict.f1", "background.f1", "elsewhere.f1", "role", *FIELDS)
    assert {name: summary[name].value for name in rated} == dict.fromkeys(rated, 1.0)


def test_silent_reader_scores_nothing(gold: list[GoldArticle]) -> None:
    summary = summary_of(gold, [{"id": a.id, "relevant": False, "incidents": []} for a in gold])
    assert summary["relevance.f1"].value == summary["detection.f1"].value == 0.0
    assert summary["place"] == Rate(None, None, None, 0)


def wrong_place(incident: Json) -> None:
    incident["place"]["name"] = "Atlantis"


def wrong_date(incident: Json) -> None:
    incident["date"] = {"start": "1999-12-31", "end": "1999-12-31", "precision": "day"}


def wrong_toll(incident: Json) -> None:
    incident["killed"] = {"low": 777, "best": 777, "high": 777, "attackers": None, "claimed": None}


def wrong_perpetrator(incident: Json) -> None:
    incident["perpetrator"] = "Salvation Army"


@pytest.mark.parametrize(
    ("change", "name"),
    [
        (wrong_place, "place"),
        (wrong_date, "date"),
        (wrong_toll, "killed"),
        (wrong_perpetrator, "perpetrator"),
    ],
)
def test_one_wrong_field_costs_that_field_and_strict(
    gold: list[GoldArticle], perfect: list[Json], change: Callable[[Json], None], name: str
) -> None:
    summary = summary_of(gold, spoil(perfect, change))
    assert summary[name].value == 0.0
    assert summary["strict.f1"].value == 0.0
    assert summary["family"].value == 1.0
    assert (summary["detection.f1"].value or 0) > 0.85


def test_invented_and_missed_incidents_cost_precision_and_recall(gold: list[GoldArticle], perfect: list[Json]) -> None:
    doubled = copy.deepcopy(perfect)
    for line in doubled:
        line["incidents"] += [copy.deepcopy(i) for i in line["incidents"] if i["role"] == "main"]
    summary = summary_of(gold, doubled)
    assert summary["detection.recall"].value == 1.0
    assert summary["detection.precision"].value == pytest.approx(0.5, abs=0.05)
    halved = copy.deepcopy(perfect)
    for line in halved:
        line["incidents"] = line["incidents"][1:]
    summary = summary_of(gold, halved)
    assert summary["detection.precision"].value == 1.0
    assert (summary["detection.recall"].value or 0) < 0.5


def test_background_sold_as_news_is_a_false_alarm(gold: list[GoldArticle], perfect: list[Json]) -> None:
    promoted = copy.deepcopy(perfect)
    for incident in itertools.chain.from_iterable(line["incidents"] for line in promoted):
        incident["role"] = "main"
    summary = summary_of(gold, promoted)
    assert (summary["detection.precision"].value or 0) < 1.0
    assert summary["background.f1"].value == 0.0


def article(*incidents: Json, **extra: Any) -> GoldArticle:
    fields: Json = {"id": "x", "lang": "en", "published": None, "title": "", "text": "Text.", "relevant": True}
    return GoldArticle(**(fields | {"borderline": False, "incidents": incidents} | extra))


def incident(**changes: Any) -> Json:
    base: Json = {
        "main": True, "date": "2024-01-16", "country": "PK", "admin1": "Balochistan", "place": "Panjgur",
        "event_type": "bombing", "perpetrator": None, "claimed_by": None, "target": None,
        "killed_min": 2, "killed_max": 2, "injured_min": None, "injured_max": None, "attackers_killed": None,
        "attributed_to": [],
    }  # fmt: skip
    return base | changes


def counts_for(gold: GoldArticle, *predicted: Json) -> Counter[str]:
    line = {"id": "x", "relevant": True, "incidents": list(predicted)}
    return score([gold], [line], JUDGE)[0].counts


def test_optional_incident_is_neither_rewarded_nor_punished() -> None:
    gold = article(incident(), incident(place="Kech", killed_min=9, killed_max=9, optional=True))
    both = counts_for(gold, *(perfect_incident(i) for i in gold.incidents))
    one = counts_for(gold, perfect_incident(gold.incidents[0]))
    for counts in (both, one):
        assert (counts["detection.tp"], counts["detection.fp"], counts["detection.fn"]) == (1, 0, 0)


def test_other_region_sold_as_theatre_is_a_false_alarm() -> None:
    gold = article(incident(out_of_theatre=True, place="Bannu"), relevant=False)
    honest = perfect_incident(gold.incidents[0])
    assert counts_for(gold, honest)["detection.fp"] == 0
    assert counts_for(gold, honest | {"in_theatre": True})["detection.fp"] == 1


def test_borderline_article_counts_nowhere() -> None:
    counts = counts_for(article(incident(), borderline=True), perfect_incident(incident(place="Kech")))
    assert not any(name.startswith(("relevance", "detection")) for name in counts)


def test_alignment_prefers_the_right_partner_over_the_first() -> None:
    gold = article(incident(place="Kech", killed_min=3, killed_max=3), incident(place="Zhob"))
    counts = counts_for(gold, *(perfect_incident(i) for i in reversed(gold.incidents)))
    assert counts["strict.tp"] == 2


def test_unrelated_prediction_is_not_aligned() -> None:
    other = incident(place="Kerman", date="2001-01-01", killed_min=50, killed_max=50, event_type="execution")
    counts = counts_for(article(incident()), perfect_incident(other))
    assert (counts["detection.tp"], counts["detection.fp"], counts["detection.fn"]) == (0, 1, 1)


def test_quotes_are_checked_against_the_text() -> None:
    quotes = [
        {"field": "killed", "quote": "Text", "start": 0, "end": 4},
        {"field": "place", "quote": "Text", "start": 1, "end": 5},
    ]
    counts = counts_for(article(incident()), perfect_incident(incident()) | {"evidence": quotes})
    assert (counts["quotes.right"], counts["quotes.all"]) == (1, 2)
    assert (counts["evidence.right"], counts["evidence.all"]) == (2, 3)  # the date has no quote


def test_assignment_is_optimal() -> None:
    rng = random.Random(7)
    for _ in range(60):
        rows, columns = rng.randint(1, 5), rng.randint(1, 5)
        gain = [[rng.choice([0.0, rng.random()]) for _ in range(columns)] for _ in range(rows)]
        best = max(
            sum(gain[i][j] for i, j in enumerate(chosen) if j < columns)
            for chosen in itertools.permutations(range(max(rows, columns)), rows)
        )
        pairs = assign(gain)
        assert len({i for i, _ in pairs}) == len({j for _, j in pairs}) == len(pairs)
        assert sum(gain[i][j] for i, j in pairs) == pytest.approx(best)


# --- what counts as equal


@pytest.mark.parametrize(
    ("start", "end", "precision", "values", "right"),
    [
        ("2024-01-16", "2024-01-16", "day", ["2024-01-16"], True),
        ("2024-01-17", "2024-01-17", "day", ["2024-01-16"], False),
        ("2024-01-17", "2024-01-17", "day", ["2024-01-16", "2024-01-17"], True),
        ("2024-01-16", "2024-01-16", "day", ["2024-01"], False),
        ("2024-01-01", "2024-01-31", "month", ["2024-01"], True),
        ("2024-01-01", "2024-01-31", "month", ["2024-01-16"], False),
        ("2007-01-01", "2007-12-31", "year", ["2007"], True),
        ("2024-01-16", "2024-01-17", "days", ["2024-01-17"], True),
        ("2024-01-10", "2024-01-20", "days", ["2024-01-17"], False),
        ("2024-01-28", "2024-02-03", "week", ["2024-02"], True),
        (None, None, "unknown", [None], True),
        (None, None, "unknown", ["2024-01-16"], False),
        ("2024-01-16", "2024-01-16", "day", [None], False),
    ],
)
def test_same_date(start: str | None, end: str | None, precision: str, values: list[Any], right: bool) -> None:
    assert same_date({"start": start, "end": end, "precision": precision}, values) is right


@pytest.mark.parametrize(
    ("best", "low", "high", "gold", "right"),
    [
        (9, 9, 9, {"killed_min": 9, "killed_max": 9}, True),
        (6, 6, 6, {"killed_min": 9, "killed_max": 9}, False),
        (6, 6, 6, {"killed_min": 9, "killed_max": 9, "killed_alt": [6]}, True),
        (8, 7, 9, {"killed_min": 7, "killed_max": 9}, True),
        (8, 7, 9, {"killed_min": 7, "killed_max": 9, "killed_best": 9}, False),
        (1, 1, None, {"killed_min": 1, "killed_max": None}, True),
        (None, 1, None, {"killed_min": 1, "killed_max": None}, True),
        (None, None, None, {"killed_min": None, "killed_max": None}, True),
        (0, 0, 0, {"killed_min": None, "killed_max": None}, False),
        (None, None, None, {"killed_min": 0, "killed_max": 0}, False),
    ],
)
def test_same_toll(best: int | None, low: int | None, high: int | None, gold: Json, right: bool) -> None:
    assert same_toll({"best": best, "low": low, "high": high}, gold, "killed") is right


def test_at_least_may_leave_the_range_open() -> None:
    open_range = {"low": 9, "best": 9, "high": None}
    assert same_range(open_range, {"killed_min": 9, "killed_max": 9, "at_least": True}, "killed")
    assert not same_range(open_range, {"killed_min": 9, "killed_max": 9}, "killed")


@pytest.mark.parametrize(
    ("predicted", "gold", "right"),
    [
        ("Nushki", {"place": "Noshki"}, True),
        ("noshki district", {"place": "Noshki"}, True),
        ("Koh-i-Sabz", {"place": "Koh-e-Sabz"}, True),
        ("Jalgai, Kech", {"place": "Jalgai"}, True),
        ("Kech", {"place": "Jalgai"}, False),
        ("Kech", {"place": "Jalgai", "place_alt": ["Kech"]}, True),
        ("Khash", {"place": "Khost"}, False),
        (None, {"place": "Kech"}, False),
        (None, {"place": None}, True),
        ("Kech", {"place": None}, False),
    ],
)
def test_same_place(predicted: str | None, gold: Json, right: bool) -> None:
    assert JUDGE.same_place(predicted, gold) is right


@pytest.mark.parametrize(
    ("predicted", "gold", "right"),
    [
        ("unknown gunmen", {"perpetrator": None}, True),
        (None, {"perpetrator": "unknown militants"}, True),
        ("Balochistan Liberation Army", {"perpetrator": "BLA"}, True),
        ("BLF", {"perpetrator": "BLA"}, False),
        ("Iran border guards", {"perpetrator": "Iranian border guards"}, True),
        ("Iran", {"perpetrator": "Iranian border guards"}, False),
        ("Iran", {"perpetrator": "Iranian border guards", "perpetrator_alt": ["Iran"]}, True),
        (None, {"perpetrator": "BLA"}, False),
        ("Pakistani police", {"perpetrator": "police"}, True),
        ("police", {"perpetrator": "Pakistani police"}, False),
    ],
)
def test_same_actor(predicted: str | None, gold: Json, right: bool) -> None:
    assert JUDGE.same_actor(predicted, gold, "perpetrator") is right


def test_every_type_of_the_contract_has_one_family() -> None:
    schema = json.loads(CONTRACT.read_text(encoding="utf-8"))
    types = schema["$defs"]["incident"]["properties"]["event_type"]["enum"]
    listed = list(itertools.chain.from_iterable(RULES["families"].values()))
    assert sorted(listed) == sorted(types)
    with pytest.raises(ConfigError, match="tea_party"):
        JUDGE.family("tea_party")


# --- folds, intervals, reports


def test_no_event_straddles_the_folds(gold: list[GoldArticle]) -> None:
    fold_of_key: dict[str, str] = {}
    for item in gold:
        for key in filter(None, (i.get("event_key") for i in item.incidents)):
            assert fold_of_key.setdefault(key, item.fold) == item.fold
    held = sum(item.fold == "held" for item in gold) / len(gold)
    assert 0.2 < held < 0.45


def test_articles_joined_by_a_third_share_a_fold() -> None:
    def keyed(name: str, *keys: str) -> Json:
        return {"id": name, "incidents": [{"event_key": key} for key in keys]}

    for number in range(30):
        chain = [keyed("a", f"e{number}"), keyed("b", f"e{number}", f"f{number}"), keyed("c", f"f{number}")]
        assert len(set(fold_of(chain).values())) == 1
        assert fold_of(chain) == fold_of(list(reversed(chain)))


def test_intervals_hold_the_value_and_repeat(gold: list[GoldArticle], perfect: list[Json]) -> None:
    lines = [line if n % 3 else {"id": line["id"], "relevant": False} for n, line in enumerate(perfect)]
    scored = score(gold, lines, JUDGE)
    first, second = summarise(scored, 200), summarise(scored, 200)
    rate = first["detection.f1"]
    assert first == second
    assert rate.low is not None and rate.value is not None and rate.high is not None
    assert rate.low < rate.value < rate.high


def test_groups_name_folds_languages_and_traps(gold: list[GoldArticle], perfect: list[Json]) -> None:
    names = set(groups(score(gold, perfect, JUDGE)))
    assert {"fold:dev", "fold:held", "lang:en", "lang:fa", "lang:ur", "trap:round_up"} <= names


def test_misses_show_the_sentence(gold: list[GoldArticle], perfect: list[Json]) -> None:
    item = next(a for a in gold if a.id == "g_en_014")
    line = next(line for line in perfect if line["id"] == item.id)
    wrong = copy.deepcopy(line)
    wrong_place(wrong["incidents"][0])
    told = "\n".join(misses(score([item], [wrong], JUDGE), ["place"]))
    assert "'Surkhab'" in told and "'Atlantis'" in told and "raid by the Counter Terrorism Department" in told
    silent = "\n".join(misses(score([item], [{"id": item.id, "relevant": False}], JUDGE)))
    assert "RELEVANCE  missed" in silent and "MISSED" in silent


def test_sentence_for_picks_the_best_match() -> None:
    text = "Rain fell in Kech. Three men died in Panjgur. Shops were shut."
    assert sentence_for(text, ["panjgur", "three"]) == "Three men died in Panjgur."


def test_baseline_keeps_the_contract(gold: list[GoldArticle]) -> None:
    lines = read_baseline([a.line() for a in gold], RULES["baseline"])
    validator = Draft202012Validator(json.loads(CONTRACT.read_text(encoding="utf-8")))
    assert [error.message for line in lines for error in validator.iter_errors(line)] == []
    assert summary_of(gold, lines)["quotes"].value == 1.0


# --- the command


def written(path: Path, lines: list[Json]) -> Path:
    path.write_text("\n".join(json.dumps(line) for line in lines), encoding="utf-8")
    return path


def test_command_prints_json(tmp_path: Path, perfect: list[Json], capsys: pytest.CaptureFixture[str]) -> None:
    predictions = written(tmp_path / "p.jsonl", perfect)
    call = ["--predictions", str(predictions), "--json", "--resamples", "20", "--fold", "held"]
    assert run.main(call) == 0
    content = json.loads(capsys.readouterr().out)
    assert content["metrics"]["strict.f1"]["value"] == 1.0
    assert set(content["groups"]) >= {"fold:held", "lang:en"} and "fold:dev" not in content["groups"]
    assert content["baseline"]["strict.f1"]["value"] < 0.3


def test_command_prints_the_table(tmp_path: Path, perfect: list[Json], capsys: pytest.CaptureFixture[str]) -> None:
    predictions = written(tmp_path / "p.jsonl", perfect)
    run.main(["--predictions", str(predictions), "--lang", "fa,ur", "--resamples", "20"])
    out = capsys.readouterr().out
    assert "detection (main incidents)" in out and "baseline" in out and "lang:ur" in out


@pytest.mark.parametrize(
    ("content", "complaint"),
    [("{broken", "a.json"), ('{"id": "a"}', "'text' is missing"), ("[1]", "'id' is missing")],
)
def test_bad_gold_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str], content: str, complaint: str) -> None:
    (tmp_path / "a.json").write_text(content, encoding="utf-8")
    assert run.main(["--gold", str(tmp_path)]) == 2
    assert complaint in capsys.readouterr().err


def test_dropped_articles_are_not_forgiven(gold: list[GoldArticle], perfect: list[Json]) -> None:
    with pytest.raises(ConfigError, match="lack 1 of"):
        score(gold, perfect[1:], JUDGE)


def test_unknown_reader_and_folder_are_config_errors(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run.main(["--reader", "pipeline.nowhere:read"]) == 2
    assert run.main(["--gold", str(tmp_path)]) == 2
    assert "no gold article" in capsys.readouterr().err


# --- floors


def made_summary(value: float) -> Summary:
    return {name: Rate(value, None, None, 10) for name in METRICS}


def test_floors_are_pinned_and_do_not_fall(tmp_path: Path) -> None:
    path = tmp_path / "floors.json"
    pin(path, "abc", made_summary(0.9))
    assert broken_floors(path, "abc", made_summary(0.9)) == []
    assert len(broken_floors(path, "abc", made_summary(0.8))) == len(METRICS)
    assert "digest" in broken_floors(path, "xyz", made_summary(0.9))[0]
    with pytest.raises(GateError, match="allow-regression"):
        pin(path, "xyz", made_summary(0.8))
    pin(path, "xyz", made_summary(0.8), "gold grew by twenty round-ups")
    assert "gold grew" in load_floors(path)["regressions"][0]  # type: ignore[index]


def test_reader_holds_its_floors(gold: list[GoldArticle]) -> None:
    """The corpus is the pinned one, and the shipped reader is not below any pinned floor."""
    articles, corpus = run.load_articles([run.GOLD], run.LANGUAGES)
    summary: Summary = {}
    if load_floors(run.FLOORS)["floors"]:
        summary = summarise(run.evaluate(articles, run.load_reader(run.READER)), 0)
    assert broken_floors(run.FLOORS, corpus, summary) == []


# --- the gold set itself


def test_gold_is_large_and_hard_enough(gold: list[GoldArticle]) -> None:
    english = [a for a in gold if a.lang == "en"]
    assert len(english) >= 90
    assert sum(not a.relevant or bool(a.traps) for a in english) * 2 >= len(english)
    assert sum(not a.relevant for a in english) >= 30
    assert sum(sum(i["main"] for i in a.incidents) >= 2 for a in english) >= 12
    assert sum(a.published is None for a in english) >= 10
    assert sum(len(a.text.split()) >= 800 for a in english) >= 3
    assert Counter(a.lang for a in gold)["fa"] >= 8 <= Counter(a.lang for a in gold)["ur"]


def test_every_trap_of_the_design_has_three_articles(gold: list[GoldArticle]) -> None:
    found = Counter(trap for a in gold if a.lang == "en" for trap in a.traps)
    assert {trap: found[trap] for trap in DESIGN_TRAPS if found[trap] < 3} == {}


def test_gold_is_coded_within_the_contract(gold: list[GoldArticle], perfect: list[Json]) -> None:
    validator = Draft202012Validator(json.loads(CONTRACT.read_text(encoding="utf-8")))
    errors = [f"{line['id']}: {e.message}" for line in perfect for e in validator.iter_errors(line)]
    assert errors == []
    for item in gold:
        theatre = [i for i in item.incidents if i["main"] and not i.get("out_of_theatre")]
        assert item.relevant is bool([i for i in theatre if not i.get("other_border")]), item.id
        assert ("no_publication_date" in item.traps) is (item.published is None), item.id


def test_gold_places_and_years_are_in_the_text(gold: list[GoldArticle]) -> None:
    """English gold invents no place; without a publication date it knows no day that the text lacks."""
    for item in (a for a in gold if a.lang == "en"):
        words = set(fold(item.text).split())
        for one in item.incidents:
            missing = set(fold(one["place"] or "").split()) - words - {"road"}
            assert missing == set(), (item.id, one["place"])
            if item.published is None and one["date"]:
                assert one["date"][:4] in item.text, (item.id, one["date"])
