"""The gate: bad rows go to reject with their reasons, broken budgets stop the day, a crash is no bad data."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import polars as pl
import pytest

from pipeline import contract
from pipeline.errors import GateError, TerminalError
from pipeline.io import lake
from pipeline.settings import Budget, Settings, load_knobs
from pipeline.validate import ExpectationCrashError, Verdict, read_verdict, validate
from pipeline.validate.verdict import KEYS
from tests.made_up import FIRST_DAY, made_up_day


@pytest.fixture
def settings(tmp_path) -> Settings:
    return Settings(home=tmp_path, sources="demo", knobs=load_knobs())


def spoil(frames: dict[str, pl.DataFrame], table: str, **values: object) -> str:
    """Change the first row of a table; gives its id."""
    first = pl.int_range(pl.len()) == 0
    schema = frames[table].schema
    frames[table] = frames[table].with_columns(
        [
            pl.when(first)
            .then(value if isinstance(value, pl.Expr) else pl.lit(value, dtype=schema[name]))
            .otherwise(pl.col(name))
            .alias(name)
            for name, value in values.items()
        ]
    )
    return str(frames[table][contract.table(table).key[0]][0])


def test_a_good_day_passes_without_a_word(settings):
    verdict = validate(FIRST_DAY, made_up_day(), settings)
    assert (verdict.publishable, verdict.reasons, verdict.warnings, verdict.rejects.height) == (True, (), (), 0)


BAD_ROWS = {
    "claim.quote_at_span": ("claim", {"quote": "words that are not there"}),
    "claim.of_mention": ("claim", {"mention_id": "men_0000000000000000"}),
    "claim.plausible_toll": ("claim", {"best": 2024, "field": "killed"}),
    "claim.figure_of_toll": ("claim", {"best": 3, "field": "place"}),
    "claim.dated_before_said": ("claim", {"starts_on": FIRST_DAY + timedelta(days=9)}),
    "claim.place_on_its_side": ("claim", {"lat": 27.0, "lon": 10.0, "country": "IR"}),
    "claim.form_of_id": ("claim", {"claim_id": "claim-7"}),
    "mention.quote_at_span": ("mention", {"char_start": 0}),
    "mention.in_article": ("mention", {"article_id": "art_0000000000000000"}),
    "entity.quote_at_span": ("entity", {"quote": "Karachi"}),
    "article.published_before_seen": ("article", {"published_at": pl.col("seen_at") + timedelta(days=30)}),
    "article.digest_of_text": ("article", {"text_sha256": "0" * 64}),
    "article.from_capture": ("article", {"capture_id": "cap_0000000000000000"}),
    "article.web_address": ("article", {"url": "javascript:alert(1)"}),
    "article.has_text": ("article", {"text": ""}),
}


@pytest.mark.parametrize("expectation", BAD_ROWS)
def test_a_bad_row_is_refused_by_name_and_the_day_goes_on(settings, expectation):
    table, values = BAD_ROWS[expectation]
    frames = made_up_day()
    spoiled = spoil(frames, table, **values)
    verdict = validate(FIRST_DAY, frames, settings)
    assert verdict.publishable
    reject = verdict.rejects.filter(pl.col("record_id") == spoiled).row(0, named=True)
    assert expectation in reject["detail"]
    assert (reject["stage"], reject["reason"], reject["day"]) == ("validate", "failed_expectation", FIRST_DAY)


@pytest.mark.parametrize("table", ["article", "mention", "claim"])
def test_what_hangs_on_a_refused_row_goes_too_and_nothing_evaporates(settings, table):
    frames = made_up_day()
    values = BAD_ROWS[
        {"article": "article.digest_of_text", "mention": "mention.quote_at_span"}.get(table, "claim.quote_at_span")
    ]
    spoiled = spoil(frames, table, **values[1])
    verdict = validate(FIRST_DAY, frames, settings)
    kept = verdict.apply(frames)
    refused = set(kept["reject"]["record_id"])
    for name, key in KEYS.items():
        before, after = set(frames[name][key]), set(kept[name][key])
        assert after < before or after == before
        assert before - after <= refused
        for row in frames[name].filter(~pl.col(key).is_in(list(after))).rows(named=True):
            assert spoiled in (row.get("article_id"), row.get("mention_id"), row.get("claim_id"), row[key])
    if table == "article":
        assert spoiled not in set(kept["claim"]["article_id"]) | set(kept["mention"]["article_id"])
    gone = sum(frames[name].height - kept[name].height for name in KEYS)
    assert gone == verdict.rejects.height > 0
    assert kept["coverage"]["n_rejects"].sum() == gone
    assert kept["coverage"]["n_mentions"].sum() == kept["mention"].height
    again = validate(FIRST_DAY, {**kept, "incident": contract.empty("incident")}, settings)
    assert again.rejects.is_empty()


BAD_INCIDENTS = {
    "incident.sum_of_parts": {"killed_civilians": 900},
    "incident.dated_before_seen": {
        "starts_on": FIRST_DAY + timedelta(days=5),
        "ends_on": FIRST_DAY + timedelta(days=5),
    },
    "incident.n_articles_within_n_mentions": {"n_articles": 9},
    "incident.n_independent_within_n_articles": {"n_independent": 8},
    "incident.dated": {"date_precision": "unknown"},
    "incident.place_on_its_side": {"lat": 60.0},
    "incident.of_known_type": {"event_type": "earthquake"},
}


@pytest.mark.parametrize("expectation", BAD_INCIDENTS)
def test_a_bad_incident_is_refused_through_the_mentions_that_made_it(settings, expectation):
    frames = made_up_day()
    spoiled = spoil(frames, "incident", **BAD_INCIDENTS[expectation])
    verdict = validate(FIRST_DAY, frames, settings)
    members = frames["incident_mention"].filter(pl.col("incident_id") == spoiled)["mention_id"]
    assert set(verdict.rejects.filter(pl.col("record_id").str.starts_with("men_"))["record_id"]) == set(members)
    first = verdict.rejects.filter(pl.col("record_id") == members[0])["detail"][0]
    assert expectation in first and spoiled in first
    assert verdict.publishable


def test_a_bad_incident_without_a_mention_of_the_day_stops_it(settings):
    frames = made_up_day()
    spoil(frames, "incident", killed_civilians=900)
    frames["incident_mention"] = contract.empty("incident_mention")
    verdict = validate(FIRST_DAY, frames, settings)
    assert not verdict.publishable and "sum_of_parts" in verdict.reasons[0]


def test_incidents_may_be_judged_later(settings):
    frames = made_up_day()
    del frames["incident"], frames["incident_mention"]
    assert validate(FIRST_DAY, frames, settings).publishable


def test_a_day_on_which_every_source_failed_is_stopped(settings):
    frames = made_up_day(n_events=0)
    frames["coverage"] = frames["coverage"].with_columns(state=pl.lit("failed"), note=pl.lit("no route"))
    verdict = validate(FIRST_DAY, frames, settings)
    assert not verdict.publishable and "some_source_answers" in " ".join(verdict.reasons)


def test_a_quiet_day_is_no_failure(settings):
    verdict = validate(FIRST_DAY, made_up_day(n_events=0), settings)
    assert verdict.publishable and not verdict.warnings


def test_a_day_that_no_source_reaches_is_told_and_not_stopped(settings):
    frames = made_up_day(n_events=0)
    frames["coverage"] = frames["coverage"].with_columns(state=pl.lit("unreachable"), note=pl.lit("feed is too short"))
    assert validate(FIRST_DAY, frames, settings).publishable


def test_no_coverage_at_all_stops_the_day(settings):
    frames = {**made_up_day(), "coverage": contract.empty("coverage")}
    verdict = validate(FIRST_DAY, frames, settings)
    assert not verdict.publishable and "day.covered" in " ".join(verdict.reasons)


def test_coverage_that_does_not_add_up_stops_the_day(settings):
    frames = made_up_day()
    spoil(frames, "coverage", n_relevant=99)
    verdict = validate(FIRST_DAY, frames, settings)
    assert not verdict.publishable and "coverage.relevant_read" in verdict.reasons[0]
    assert verdict.rejects.is_empty()


def unreadable(frames: dict[str, pl.DataFrame], share: float) -> None:
    captures = frames["capture"].head(round(frames["capture"].height * share))
    row = frames["reject"].row(0, named=True)
    rows = [
        {**row, "reject_id": f"rej_{n:016x}", "stage": "clean", "reason": "no_text", "record_id": capture}
        for n, capture in enumerate(captures["capture_id"])
    ]
    frames["reject"] = pl.concat([frames["reject"], contract.frame("reject", rows)])


def test_the_reject_budget_stops_the_day_only_when_it_is_broken(settings):
    frames = made_up_day(n_events=4)
    unreadable(frames, 0.5)
    assert validate(FIRST_DAY, frames, settings).publishable
    frames = made_up_day(n_events=4)
    unreadable(frames, 0.75)
    verdict = validate(FIRST_DAY, frames, settings)
    assert not verdict.publishable and "day.reject_budget" in verdict.reasons[0]


def test_irrelevance_is_not_in_the_reject_budget(settings):
    frames = made_up_day()
    row = frames["reject"].row(0, named=True)
    rows = [
        {**row, "reject_id": f"rej_{n:016x}", "record_id": article}
        for n, article in enumerate(frames["article"]["article_id"])
    ]
    frames["reject"] = contract.frame("reject", rows)
    assert validate(FIRST_DAY, frames, settings).publishable


def test_a_budget_is_as_severe_as_the_settings_say(settings):
    frames = made_up_day()
    frames["claim"] = frames["claim"].filter(pl.col("field") != "date")
    assert "day.undated_budget" in validate(FIRST_DAY, frames, settings).warnings[0]
    expect = settings.knobs.expect.model_copy(
        update={"mention_without_date_share": Budget(max=0.6, severity="critical")}
    )
    strict = settings.model_copy(update={"knobs": settings.knobs.model_copy(update={"expect": expect})})
    verdict = validate(FIRST_DAY, frames, strict)
    assert not verdict.publishable and "day.undated_budget" in verdict.reasons[0]


def test_a_warning_shows_and_stops_nothing(settings):
    frames = made_up_day()
    frames["article"] = frames["article"].with_columns(title=pl.lit(None, dtype=pl.String))
    verdict = validate(FIRST_DAY, frames, settings)
    assert verdict.publishable and any("article.has_title" in warning for warning in verdict.warnings)
    assert verdict.rejects.is_empty()


def test_a_volume_far_from_the_usual_shows(settings):
    for n in range(1, 6):
        day = FIRST_DAY - timedelta(days=n)
        lake.write_partition(settings.lake, "coverage", day, made_up_day(day, n_events=20)["coverage"])
    verdict = validate(FIRST_DAY, made_up_day(n_events=1), settings)
    assert verdict.publishable and any("day.usual_volume" in warning for warning in verdict.warnings)
    assert not validate(FIRST_DAY, made_up_day(n_events=15), settings).warnings


def test_a_crashed_expectation_is_told_apart_from_bad_data(settings, monkeypatch):
    import great_expectations.expectations as gxe

    from pipeline.validate import suites

    broken = gxe.ExpectColumnValuesToBeBetween(column="no_such_column", min_value=0, meta={"name": "broken"})
    monkeypatch.setattr(suites, "_coverage", lambda: [broken])
    with pytest.raises(ExpectationCrashError, match=r"coverage\.broken.*not judged") as caught:
        validate(FIRST_DAY, made_up_day(), settings)
    assert isinstance(caught.value, TerminalError) and not isinstance(caught.value, GateError)


def test_copies_of_a_refused_article_are_led_by_the_earliest_that_is_left(settings):
    frames = made_up_day(n_events=1)
    first, second, third = frames["article"].sort("seen_at")["article_id"]
    frames["article"] = frames["article"].with_columns(
        copy_of=pl.when(pl.col("article_id") != first).then(pl.lit(first))
    )
    refused = pl.col("article_id") == first
    frames["article"] = frames["article"].with_columns(
        text_sha256=pl.when(refused).then(pl.lit("0" * 64)).otherwise("text_sha256")
    )
    kept = validate(FIRST_DAY, frames, settings).apply(frames)["article"]
    assert dict(kept.select("article_id", "copy_of").iter_rows()) == {second: None, third: second}


def test_data_docs_are_pages_that_need_no_network(settings, tmp_path):
    docs = tmp_path / "docs"
    frames = made_up_day()
    spoil(frames, "claim", quote="<script>alert(1)</script>")
    validate(FIRST_DAY, frames, settings, docs)
    validate(FIRST_DAY + timedelta(days=1), made_up_day(FIRST_DAY + timedelta(days=1)), settings, docs)
    index = (docs / "index.html").read_text(encoding="utf-8")
    assert index.index("2024-01-16") < index.index("2024-01-15")
    assert f'href="{FIRST_DAY}/claim.html"' in index
    for page in [docs / "index.html", *docs.glob("*/*.html")]:
        content = page.read_text(encoding="utf-8")
        assert 'src="http' not in content and 'href="http' not in content and "<script" not in content
    assert "No value without a quote" in (docs / str(FIRST_DAY) / "claim.html").read_text(encoding="utf-8")


def test_data_docs_of_a_day_are_replaced(settings, tmp_path):
    docs = tmp_path / "docs"
    frames = made_up_day()
    spoil(frames, "coverage", n_relevant=99)
    validate(FIRST_DAY, frames, settings, docs)
    assert '<span class="no">no</span>' in (docs / "index.html").read_text(encoding="utf-8")
    validate(FIRST_DAY, made_up_day(), settings, docs)
    assert '<span class="no">no</span>' not in (docs / "index.html").read_text(encoding="utf-8")


def test_a_verdict_survives_being_written(settings):
    frames = made_up_day()
    spoil(frames, "claim", quote="nothing")
    verdict = validate(FIRST_DAY, frames, settings)
    read = Verdict.from_json(json.loads(json.dumps(verdict.to_json(), default=str)))
    assert read.rejects.equals(verdict.rejects)
    assert (read.day, read.publishable, read.reasons, read.warnings) == (
        verdict.day, verdict.publishable, verdict.reasons, verdict.warnings,
    )  # fmt: skip


def test_a_verdict_that_is_none_says_what_to_do(tmp_path):
    assert read_verdict(tmp_path, FIRST_DAY) is None
    path = tmp_path / "verdict" / f"day={FIRST_DAY}.json"
    path.parent.mkdir()
    for content in ("{", "[]", '{"verdict": {"day": "2024-01-15"}}'):
        path.write_text(content, encoding="utf-8")
        with pytest.raises(TerminalError, match="validate the day again"):
            read_verdict(tmp_path, FIRST_DAY)


def test_great_expectations_is_imported_by_judging_only():
    code = (
        "import sys, pipeline.validate, pipeline.load, pipeline.publish\n"
        "print('great_expectations' in sys.modules, 'pandas' in sys.modules)"
    )
    root = Path(__file__).resolve().parent.parent
    done = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "False"]


def test_every_source_counts_once_in_the_day(settings):
    frames = made_up_day()
    frames["coverage"] = pl.concat([frames["coverage"], frames["coverage"].head(1)])
    verdict = validate(FIRST_DAY, frames, settings)
    assert not verdict.publishable and "coverage.one_row_per_source" in " ".join(verdict.reasons)
