"""Resolve: what belongs together and what stays apart, whatever the order."""

from __future__ import annotations

import json
import random
from pathlib import Path

import polars as pl
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from pipeline import contract
from pipeline.dimension import place_frame
from pipeline.evaluate.clusters import GOLD, ClusterScore, broken_floors, load_cluster_gold, measure, score_clusters
from pipeline.resolve import resolve, resolve_lines
from pipeline.resolve.block import candidate_pairs
from pipeline.resolve.identity import incident_id
from pipeline.resolve.profile import build_profiles
from pipeline.resolve.reach import candidate_query, reach_of
from pipeline.resolve.weights import load_weights
from tests.ledger_house import RESOLVE, STORY, frames_of, partition_of, settle_all, warehouse

NO_LEDGER = contract.empty("incident_ledger")
COMMON = {"article": "a", "source": "makran_wire", "published": "2024-01-11", "type": "bombing", "date": "2024-01-10",
          "place": "pk_turbat", "quote": "A bomb went off in Turbat.", "event": "e"}  # fmt: skip


@pytest.fixture(scope="module")
def gold():
    return load_cluster_gold(GOLD)


def resolved(gold, places=True):
    return resolve(
        gold.mentions, gold.claims, gold.articles, NO_LEDGER, RESOLVE, entities=gold.entities,
        places=place_frame() if places else None,
    ).tables["incident_mention"]  # fmt: skip


def together(*entries) -> int:
    """How many incidents these entries, each laid over one common report, become."""
    merged = [COMMON | {"article": f"a{n}"} | entry for n, entry in enumerate(entries)]
    return resolved(frames_of(merged))["incident_id"].n_unique()


def test_floors_hold_on_the_gold(gold):
    score, _ = measure(gold, RESOLVE)
    assert broken_floors(score, gold.digest) == []
    assert score.n_events >= 60
    assert score.n_mentions >= 200


def test_floors_bite(gold, tmp_path):
    bad = ClusterScore(0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 1, 1)
    assert len(broken_floors(bad, "another digest")) >= 3


def test_scores_of_a_known_grouping():
    found = {"a": "1", "b": "1", "c": "1", "d": "2"}
    truth = {"a": "x", "b": "x", "c": "y", "d": "y"}
    score = score_clusters(found, truth)
    assert score.b3_precision == pytest.approx((2 / 3 + 2 / 3 + 1 / 3 + 1) / 4)
    assert score.b3_recall == pytest.approx((1 + 1 + 1 / 2 + 1 / 2) / 4)
    assert score.pair_precision == pytest.approx(1 / 3)
    assert score.false_merges == pytest.approx(2 / 3)


def test_a_report_and_its_follow_up_with_another_toll():
    assert together({"killed": 4, "target": "soldiers"}, {"killed": 11, "target": "soldiers"}) == 1


def test_one_town_two_days():
    assert together({"killed": 1}, {"killed": 1, "date": "2024-01-11"}) == 2
    assert together({"killed": 11}, {"killed": 11, "date": "2024-01-11"}) == 1


def test_one_day_two_towns():
    assert together({"killed": 2}, {"killed": 2, "place": "pk_panjgur"}) == 2


def test_a_village_lies_in_its_district():
    assert together({"killed": 2}, {"killed": 2, "place": "pk_kech_district"}) == 1
    assert together({"killed": 2}, {"killed": 2, "place": "pk_panjgur_district"}) == 2


def test_homonyms_across_the_border():
    assert together({"place": "pk_pishin"}, {"place": "ir_pishin"}) == 2


def test_an_arrest_is_not_the_bombing():
    assert together({}, {"type": "arrest", "arrested": 3}) == 2


def test_two_mentions_of_one_article_are_two_events():
    entries = ({"article": "a0", "killed": 4, "target": "police"}, {"article": "a0", "killed": 1, "target": "traders"})
    assert together(*entries) == 2


def test_the_umbrella_lead_joins_neither_part():
    lead = {"article": "round", "killed": 4, "quote": "Four people were killed in two blasts in Turbat."}
    market = {"killed": 3, "target": "traders"}
    van = {"killed": 1, "target": "police"}
    rows = [lead, market | {"article": "round"}, van | {"article": "round"}, market, van]
    assert together(*rows) == 3


def test_background_attaches_to_the_incident_it_recounts():
    old = {"published": "2024-08-01", "date": ["2024-01-01", "2024-01-31"], "role": "background", "killed": 11}
    assert together({"killed": 11}, old) == 1
    assert together({"killed": 11}, old | {"killed": 4}) == 2


def test_a_vague_report_ties_no_two_incidents_together():
    vague = {"place": "pk_balochistan", "killed": 5, "target": "police"}
    first = {"place": "pk_turbat", "killed": 5, "target": "police"}
    second = {"place": "pk_mastung", "killed": 5, "target": "police"}
    frames = frames_of([COMMON | {"article": f"a{n}"} | entry for n, entry in enumerate((first, second, vague))])
    rows = resolved(frames)
    assert rows["incident_id"].n_unique() == 3
    lone = rows.filter(pl.col("evidence").str.contains("undecided_between"))
    assert lone.height == 1
    assert lone["is_uncertain"].to_list() == [True]


@pytest.mark.parametrize("polarity", ["negated", "hypothetical", "planned"])
def test_what_did_not_happen_is_in_no_incident(polarity):
    frames = frames_of([COMMON | {"polarity": polarity}])
    assert resolved(frames).is_empty()


def test_evidence_names_the_other_mention_and_the_fields(gold):
    rows = resolved(gold)
    linked = rows.filter(pl.col("score") < 1)
    assert linked.height > 50
    for text in linked["evidence"]:
        evidence = json.loads(text)
        assert evidence["with"] in set(rows["mention_id"])
        assert {"date", "place", "event_type"} <= evidence["fields"].keys()
    weak = rows.filter((pl.col("score") < RESOLVE.review_score) & (pl.col("score") < 1))
    assert weak["is_uncertain"].all()


def test_the_first_seen_mention_names_the_incident():
    gold = frames_of(STORY)
    rows = resolved(gold)
    first = gold.mentions.sort("seen_at")["mention_id"][0]
    assert set(rows["incident_id"]) == {incident_id(first)}


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 10**6), share=st.floats(0.2, 1.0))
def test_order_does_not_matter(gold, seed, share):
    rng = random.Random(seed)
    chosen = rng.sample(gold.mentions["mention_id"].to_list(), int(gold.mentions.height * share))
    part = gold.mentions.filter(pl.col("mention_id").is_in(chosen))
    shuffled = type(gold)(
        part.sample(fraction=1, shuffle=True, seed=seed),
        gold.claims.sample(fraction=1, shuffle=True, seed=seed),
        gold.articles.sample(fraction=1, shuffle=True, seed=seed),
        gold.entities.sample(fraction=1, shuffle=True, seed=seed),
        gold.events,
        gold.digest,
    )
    straight = type(gold)(part, gold.claims, gold.articles, gold.entities, gold.events, gold.digest)
    assert resolved(shuffled).equals(resolved(straight))


@settings(max_examples=2, deadline=None, phases=(Phase.explicit, Phase.reuse, Phase.generate))
@given(seed=st.integers(0, 10**6))
def test_day_by_day_in_any_order_is_a_rebuild(tmp_path_factory, seed):
    gold = load_cluster_gold(GOLD)
    rng = random.Random(seed)
    keys = rng.sample(sorted(set(gold.events.values())), 6)
    chosen = [mention_id for mention_id, event in gold.events.items() if event in keys]
    mentions, claims = (frame.filter(pl.col("mention_id").is_in(chosen)) for frame in (gold.mentions, gold.claims))
    part = type(gold)(mentions, claims, gold.articles, gold.entities, {}, "")
    days = sorted(set(part.mentions["day"]))
    rng.shuffle(days)
    with warehouse(tmp_path_factory.mktemp("house")) as connection:
        settle_all(connection, part, [*days, days[0]])
        stored = connection.cursor().sql("FROM incident_mention").pl()
    assert partition_of(stored) == partition_of(resolved(part))


def test_the_query_reaches_every_pair_that_is_compared(gold, tmp_path: Path):
    profiles = build_profiles(gold.mentions, gold.claims, gold.articles, load_weights(), gold.entities, place_frame())
    pairs = set(candidate_pairs(profiles, RESOLVE.window_days))
    with warehouse(tmp_path) as connection:
        for name, records in (("mention", gold.mentions), ("claim", gold.claims), ("article", gold.articles)):
            connection.register("incoming", records)
            connection.execute(f"INSERT INTO {name} BY NAME SELECT * FROM incoming")
        for mention_id in sorted(profiles)[::9]:
            reached = connection.execute(
                candidate_query(), reach_of([profiles[mention_id]], RESOLVE.window_days)
            ).fetchall()
            compared = {one if other == mention_id else other for one, other in pairs if mention_id in (one, other)}
            assert compared <= {found for (found,) in reached}


def test_lines_of_extract_get_keys():
    def incident(**changes):
        place = {"name": "Turbat", "country": "PK", "admin1": "Balochistan", "lat": 26.0, "lon": 63.0, "precision": 1}
        date = {"start": "2024-01-10", "end": "2024-01-10", "precision": "day"}
        toll = {"low": 3, "best": 3, "high": 3, "attackers": None, "claimed": None}
        evidence = [{"field": "killed", "quote": "three", "start": 0, "end": 5}]
        return {"role": "main", "event_type": "bombing", "date": date, "place": place, "killed": toll, "injured": toll,
                "evidence": evidence, **changes}  # fmt: skip

    lines = [{"id": name, "text": name, "published": "2024-01-11"} for name in "abc"]
    outputs = [
        {"id": "a", "incidents": [incident()]},
        {"id": "b", "error": "unreadable"},
        {"id": "c", "incidents": [incident(), incident(event_type="execution")]},
    ]
    answer = resolve_lines(lines, outputs)
    assert answer[1] == outputs[1]
    first, (same, other) = answer[0]["incidents"][0], answer[2]["incidents"]
    assert first["incident_key"] == same["incident_key"] != other["incident_key"]
    assert "incident_key" not in outputs[0]["incidents"][0]
