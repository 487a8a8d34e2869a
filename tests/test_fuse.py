"""Fuse: how claims fold into one row, under each rule."""

from __future__ import annotations

from datetime import date

import duckdb
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline import contract
from pipeline.crosswalk import SQL_FILE, crosswalk_rows, crosswalk_sql, event_types
from pipeline.dimension import actor_frame, place_frame
from pipeline.errors import ConfigError
from pipeline.fuse import RULES, fuse, install_rules
from pipeline.resolve import resolve
from pipeline.resolve.weights import load_weights
from tests.ledger_house import AMBUSH, RESOLVE, STORY, frames_of, source_rows

BASE = AMBUSH | {"source": "makran_wire", "article": "a", "published": "2024-01-10", "quote": "An ambush in Balgatar."}
OFFICIAL = {"speaker": "officials", "speaker_type": "government"}


def fold(*entries, rule="ucdp_best_low_high"):
    """The one incident that these entries, each laid over one common report, fold to."""
    merged = [BASE | {"article": f"a{n}", "source": SOURCES[n % 4]} | entry for n, entry in enumerate(entries)]
    return fold_story(merged, rule)


GROUPS = ("all", "security_forces", "civilians", "attackers")
SOURCES = ("makran_wire", "frontier_radio", "coast_monitor", "southern_dispatch")


def fold_story(entries, rule="ucdp_best_low_high"):
    gold = frames_of(entries)
    rows = resolve(
        gold.mentions, gold.claims, gold.articles, contract.empty("incident_ledger"), RESOLVE, places=place_frame()
    ).tables["incident_mention"]
    folded = fuse(
        rows, gold.mentions, gold.claims, gold.articles, source_rows(), rule, actors=actor_frame(), places=place_frame()
    ).tables["incident"]
    assert folded.height == 1, folded["headline"].to_list()
    return folded.row(0, named=True)


def killed(row):
    return row["killed_low"], row["killed_best"], row["killed_high"]


def test_the_story_of_a_toll():
    row = fold_story(STORY)
    assert killed(row) == (4, 9, 11)
    assert row["killed_claimed"] == 23
    assert (row["n_articles"], row["n_independent"]) == (5, 3)
    assert row["place_name"] == "Balgatar"
    assert row["claimed_by"] == row["perpetrator"] == "Balochistan Liberation Front"
    assert row["perpetrator_stance"] == "claimed"
    assert "killed" in row["contested"]
    assert row["headline"] == "Ambush on soldiers, Balgatar, 10 Jan 2024: 9 killed"


@pytest.mark.parametrize(
    ("rule", "toll"),
    [
        ("ucdp_best_low_high", (4, 11, 20)),
        ("latest_official", (11, 11, 11)),
        ("acled_conservative", (4, 4, 4)),
        ("majority_independent", (4, 20, 20)),
    ],
)
def test_each_rule_by_its_own_light(rule, toll):
    row = fold(
        {"killed": 4},
        {"killed": 11, **OFFICIAL},
        {"killed": 20, "published": "2024-01-12"},
        {"killed": 20, "published": "2024-01-12"},
        rule=rule,
    )
    assert killed(row) == toll
    assert row["rule"] == rule


def test_no_such_rule():
    gold = frames_of(STORY)
    with pytest.raises(ConfigError, match="no rule 'mean'"):
        fuse(contract.empty("incident_mention"), gold.mentions, gold.claims, gold.articles, source_rows(), "mean")


@pytest.mark.parametrize(
    ("toll", "best"),
    [
        ({"all": 6, "attackers": 2}, 6),  # the total already counts the attackers
        ({"security_forces": 4, "attackers": 2}, 6),  # no total: the parts make it
        ({"all": 4, "security_forces": 4, "attackers": 2}, 6),  # the total equals its victims: attackers come on top
        ({"all": 7, "civilians": 7}, 7),  # parts of a total are not added to it
        ({"attackers": 3}, 3),
    ],
)
def test_totals_and_their_parts(toll, best):
    row = fold({"killed": toll, **OFFICIAL})
    assert row["killed_best"] == best
    parts = [row[f"killed_{name}"] or 0 for name in ("security_forces", "civilians", "attackers", "unknown")]
    assert sum(parts) == best


def test_victims_in_one_report_and_attackers_in_another_add_up():
    row = fold({"killed": {"security_forces": 11}, **OFFICIAL}, {"killed": {"attackers": 2}, **OFFICIAL})
    assert row["killed_best"] == 13
    assert (row["killed_security_forces"], row["killed_attackers"]) == (11, 2)


def test_a_claim_of_one_side_alone_is_no_toll():
    row = fold({"killed_claimed": 30, "claimed_by": "BLA"})
    assert killed(row) == (None, None, None)
    assert row["killed_claimed"] == 30


@pytest.mark.parametrize("rule", RULES)
def test_a_claim_of_one_side_moves_no_rule(rule):
    alone = fold({"killed": 4, **OFFICIAL}, rule=rule)
    beside = fold({"killed": 4, **OFFICIAL}, {"killed_claimed": 400, "published": "2024-01-11"}, rule=rule)
    assert killed(alone) == killed(beside)
    assert beside["contested"] == ["killed"]


def test_a_copy_counts_as_an_article_and_as_nothing_else():
    original = fold({"killed": 4, "killed_claimed": 9})
    copied = fold({"killed": 4, "killed_claimed": 9}, {"killed": 4, "killed_claimed": 9, "copy_of": "a0"})
    changed = {name for name in original if original[name] != copied[name]}
    assert changed == {"n_articles", "n_mentions"}


def test_outlets_that_cite_one_wire_are_one_source():
    assert fold({"killed": 4}, {"killed": 4})["n_independent"] == 2
    assert fold({"killed": 4}, {"killed": 4, "cites": ["Makran Wire"]})["n_independent"] == 1
    assert fold({"killed": 4, "cites": ["Iris"]}, {"killed": 4, "cites": ["iris"]})["n_independent"] == 1
    assert fold({"killed": 4}, {"killed": 4, "cites": ["Makran Wire", "Iris"]})["n_independent"] == 2


def test_an_umbrella_label_names_nobody():
    umbrella = actor_frame().filter(pl.col("is_umbrella")).row(0, named=True)
    gold = frames_of([BASE | {"perpetrator": umbrella["name"]}])
    label = pl.when(pl.col("field") == "perpetrator").then(pl.lit(umbrella["actor_id"])).otherwise("canonical_id")
    claims = gold.claims.with_columns(canonical_id=label)
    rows = resolve(gold.mentions, claims, gold.articles, contract.empty("incident_ledger"), RESOLVE).tables[
        "incident_mention"
    ]
    folded = fuse(rows, gold.mentions, claims, gold.articles, source_rows(), actors=actor_frame()).tables["incident"]
    assert folded["perpetrator"].to_list() == [None]


def test_the_most_specific_place_stands_and_brings_its_district():
    places = ("pk_balochistan", "pk_kech_district", "pk_turbat")
    row = fold(*({"place": place, "killed": 12} for place in places))
    assert (row["place_id"], row["where_prec"], row["admin2"]) == ("pk_turbat", 1, "Kech")
    assert row["km_to_border"] is not None


def test_a_day_beats_a_month():
    row = fold({"killed": 11}, {"killed": 11, "date": ["2024-01-01", "2024-01-31"], "role": "background"})
    assert (row["starts_on"], row["date_precision"]) == (date(2024, 1, 10), "day")


@settings(max_examples=15, deadline=None)
@given(
    st.lists(
        st.fixed_dictionaries(
            {
                "killed": st.none() | st.integers(0, 60) | st.dictionaries(st.sampled_from(GROUPS), st.integers(0, 40)),
                "injured": st.none() | st.integers(0, 60),
                "killed_claimed": st.none() | st.integers(0, 90),
                "speaker_type": st.sampled_from(["media", "government", "police", "medical", "unnamed"]),
            }
        ),
        min_size=1,
        max_size=4,
    ),
    st.sampled_from(RULES),
)
def test_low_best_high_are_in_order_and_parts_add_up(tolls, rule):
    gold = frames_of([BASE | {"article": f"a{n}", "source": SOURCES[n]} | toll for n, toll in enumerate(tolls)])
    rows = contract.frame(
        "incident_mention",
        [
            {"mention_id": mention_id, "incident_id": "inc_1", "score": 1.0, "evidence": "{}", "is_uncertain": False}
            for mention_id in gold.mentions["mention_id"]
        ],
    )
    folded = fuse(rows, gold.mentions, gold.claims, gold.articles, source_rows(), rule).tables["incident"]
    row = folded.row(0, named=True)
    for field in ("killed", "injured"):
        low, best, high = (row[f"{field}_{name}"] for name in ("low", "best", "high"))
        if best is not None:
            assert low <= best <= high
    if row["killed_best"] is not None:
        parts = [row[f"killed_{name}"] or 0 for name in ("security_forces", "civilians", "attackers", "unknown")]
        assert sum(parts) == row["killed_best"]


def test_three_names_for_one_strike_outvote_one_attack():
    common = {"killed": 12, "target": "militants"}
    kinds = ("missile_strike", "drone_strike", "air_strike")
    gold = frames_of(
        [BASE | common | {"article": kind, "source": SOURCES[n], "type": kind} for n, kind in enumerate(kinds)]
        + [BASE | common | {"article": f"b{n}", "source": SOURCES[n], "type": "armed_attack"} for n in (0, 1)]
    )
    rows = contract.frame(
        "incident_mention",
        [
            {"mention_id": mention_id, "incident_id": "inc_1", "score": 1.0, "evidence": "{}", "is_uncertain": False}
            for mention_id in gold.mentions["mention_id"]
        ],
    )
    folded = fuse(rows, gold.mentions, gold.claims, gold.articles, source_rows()).tables["incident"]
    assert folded["event_type"].to_list()[0].endswith("_strike")


def test_families_in_sql_are_those_of_the_resolver():
    weights = load_weights()
    with duckdb.connect() as connection:
        contract.create_tables(connection)
        install_rules(connection)
        for kind in event_types():
            found = connection.execute("SELECT type_family(?)", [kind]).fetchall()
            assert found == [(weights.family(kind),)]


def test_crosswalk_covers_every_type_and_is_in_step_with_its_sql():
    assert [row["event_type"] for row in crosswalk_rows()] == event_types()
    assert len(event_types()) == 18
    assert SQL_FILE.read_text(encoding="utf-8") == crosswalk_sql(), "run `python -m pipeline.crosswalk`"


def test_crosswalk_refuses_a_code_that_is_not_in_its_list(tmp_path):
    from pipeline.settings import CONFIG

    for path in (CONFIG / "crosswalk").glob("*.yml"):
        text = path.read_text(encoding="utf-8").replace("mode: aerial", "mode: flying")
        (tmp_path / path.name).write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError, match=r"air_strike: 'flying'"):
        crosswalk_rows(tmp_path)
