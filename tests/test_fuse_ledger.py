"""The ledger over time: names that last, merges and splits and their undoing, corrections, as-of questions, audits."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from pipeline import contract
from pipeline.corrections import Correction, correction_frame, load_corrections, verify
from pipeline.dimension import actor_frame, place_frame
from pipeline.errors import ConfigError
from pipeline.evaluate.clusters import ClusterGold
from pipeline.fuse import RULES
from pipeline.io.warehouse import sql_files
from pipeline.resolve.identity import incident_id, read_ledger
from tests.ledger_house import STORY, ask, frames_of, settle_all, settle_day, warehouse

OTHER = {
    "event": "other",
    "type": "ied_explosion",
    "date": "2024-01-10",
    "place": "pk_mastung",
    "target": "police",
    "killed": 2,
    "article": "other",
    "source": "southern_dispatch",
    "published": "2024-01-11",
    "quote": "A bomb killed two in Mastung.",
}
WHO = {"who": "A. Analyst", "on": date(2024, 2, 1), "locator": "corrections.yml:3"}


@pytest.fixture
def story(tmp_path):
    gold = frames_of([*STORY, OTHER])
    with warehouse(tmp_path) as connection:
        settle_all(connection, gold)
        yield connection, gold


def names(connection):
    return {row["place_name"]: row["incident_id"] for row in ask(connection, "FROM incident")}


def decide(**values):
    return Correction.model_validate({"reason": "told by the district hospital", **WHO, **values})


def again(connection, gold: ClusterGold, *corrections):
    return settle_day(connection, gold, date(2024, 1, 12), corrections)


def test_loading_a_day_again_changes_nothing(story):
    connection, gold = story
    before = ask(connection, "FROM incident ORDER BY 1")
    settled = settle_day(connection, gold, date(2024, 1, 11))
    assert ask(connection, "FROM incident ORDER BY 1") == before
    assert settled.vanished == []
    assert settled.ledger.is_empty()


def test_the_curve_of_a_toll_and_what_was_known_when(story):
    connection, _ = story
    name = names(connection)["Balgatar"]
    curve = ask(connection, f"FROM toll_curve('{name}')")
    assert [row["killed_best"] for row in curve] == [4, 11, 9]
    assert [row["killed_claimed"] for row in curve] == [None, 23, 23]
    known = ask(connection, "SELECT incident_id, killed_best FROM incident_as_of(TIMESTAMPTZ '2024-01-10 12:00:00+00')")
    assert known == [{"incident_id": name, "killed_best": 4}]


def test_changes_between_two_times(story):
    connection, _ = story
    moments = "TIMESTAMPTZ '2024-01-10 12:00:00+00', TIMESTAMPTZ '2024-01-11 12:00:00+00'"
    rows = ask(connection, f"FROM changes_between({moments})")
    revised = {row["field"]: (row["was"], row["now"]) for row in rows if row["change"] == "revised"}
    assert revised["killed_best"] == ("4", "11")
    assert revised["claimed_by"] == (None, "Balochistan Liberation Front")
    assert [row["incident_id"] for row in rows if row["change"] == "new"] == [names(connection)["Mastung"]]


def test_near_and_between_days(story):
    connection, _ = story
    assert [row["place_name"] for row in ask(connection, "FROM near(26.2, 63.9, 30)")] == ["Balgatar"]
    assert len(ask(connection, "FROM between_days('2024-01-10', '2024-01-10')")) == 2
    assert ask(connection, "FROM between_days('2024-01-11', '2024-01-20')") == []


def test_by_rule_and_sensitivity(story):
    connection, _ = story
    query = "SELECT killed_best FROM by_rule('latest_official') WHERE place_name = 'Balgatar'"
    assert ask(connection, query) == [{"killed_best": 9}]
    assert ask(connection, "SELECT max(killed_best) AS most FROM by_rule('no such rule')") == [{"most": None}]
    assert {row["spread"] for row in ask(connection, "FROM sensitivity")} == {0}


def test_a_backfilled_article_that_was_seen_earlier_gives_the_name_and_the_old_one_redirects(tmp_path):
    late = STORY[0] | {"article": "archive", "source": "roznama_sahil", "published": "2024-01-09T20:00:00"}
    gold = frames_of([*STORY, late])
    days = sorted(set(gold.mentions["day"]))
    first = incident_id(gold.mentions.sort("seen_at")["mention_id"][0])
    with warehouse(tmp_path) as connection:
        settle_all(connection, gold, days[1:])
        before = names(connection)["Balgatar"]
        settle_day(connection, gold, days[0])
        assert names(connection)["Balgatar"] == first != before
        assert ask(connection, f"SELECT resolve_id('{before}') AS id") == [{"id": first}]
        for day in days:
            settle_day(connection, gold, day)
        assert names(connection)["Balgatar"] == first


def test_a_mention_that_is_read_anew_leaves_the_name(tmp_path):
    gold = frames_of(STORY)
    first = gold.mentions.sort("seen_at")["mention_id"][0]

    def renamed(frame):
        return frame.with_columns(frame["mention_id"].replace(first, "men_" + "f" * 16))

    with warehouse(tmp_path) as connection:
        settle_all(connection, gold)
        before = names(connection)
        anew = ClusterGold(renamed(gold.mentions), renamed(gold.claims), gold.articles, gold.entities, {}, "")
        settle_day(connection, anew, date(2024, 1, 10))
        assert names(connection) == before


def test_a_link_that_comes_late_merges_and_the_old_name_redirects(tmp_path):
    first = STORY[0] | {"killed": 11}
    # One day apart and nothing in common that would tell: two incidents, until a report names the same man.
    second = {name: value for name, value in first.items() if name != "killed"} | {
        "article": "second", "source": "coast_monitor", "published": "2024-01-11", "date": "2024-01-11",
        "persons": ["nadir shahwani"],
        "quote": "An ambush near Balgatar.",
    }  # fmt: skip
    bridge = first | {"article": "third", "source": "makran_wire", "published": "2024-01-12"}
    bridge |= {"persons": ["nadir shahwani"]}
    gold = frames_of([first, second, bridge])
    with warehouse(tmp_path) as connection:
        settle_day(connection, gold, date(2024, 1, 10))
        settle_day(connection, gold, date(2024, 1, 11))
        two = {row["incident_id"] for row in ask(connection, "FROM incident")}
        assert len(two) == 2
        settled = settle_day(connection, gold, date(2024, 1, 12))
        (row,) = ask(connection, "FROM incident")
        gone = (two - {row["incident_id"]}).pop()
        assert settled.vanished == [gone]
        assert ask(connection, f"SELECT resolve_id('{gone}') AS name") == [{"name": row["incident_id"]}]
        span = "TIMESTAMPTZ '2024-01-11 12:00:00+00', TIMESTAMPTZ '2024-02-01 00:00:00+00'"
        merged = ask(connection, f"FROM changes_between({span})")
        assert [(change["was"], change["now"]) for change in merged if change["change"] == "merged"] == [
            (gone, row["incident_id"])
        ]


def test_merge_undo_and_split_by_hand(story):
    connection, gold = story
    here, there = names(connection)["Balgatar"], names(connection)["Mastung"]
    merge = decide(action="merge", incident=there, into=here)
    settled = again(connection, gold, merge)
    assert settled.vanished == [there]
    (row,) = ask(connection, "FROM incident")
    assert (row["incident_id"], row["n_articles"]) == (here, 6)
    assert ask(connection, f"SELECT resolve_id('{there}') AS name") == [{"name": here}]
    entry = settled.ledger.filter(settled.ledger["action"] == "merge")["entry_id"][0]
    again(connection, gold, merge, decide(action="undo", entry=entry))
    assert set(names(connection).values()) == {here, there}
    assert ask(connection, f"SELECT resolve_id('{there}') AS name") == [{"name": there}]
    claimed = gold.mentions.filter(gold.mentions["source_id"] == "coast_monitor")["mention_id"].to_list()
    again(connection, gold, decide(action="split", incident=here, mentions=claimed))
    rows = {row["place_name"]: row for row in ask(connection, "FROM incident")}
    assert rows["Balgatar"]["killed_claimed"] is None
    assert rows["Kech"]["killed_claimed"] == 23


def test_a_circle_in_the_ledger_is_refused():
    def entry(one, other):
        return {"entry_id": f"led_{one}", "action": "merge", "incident_id": one, "into_id": other, "mention_ids": [],
                "decided_by": "A", "decided_at": datetime(2024, 1, 1, tzinfo=UTC), "reason": "same"}  # fmt: skip

    ledger = contract.frame("incident_ledger", [entry("inc_a", "inc_b"), entry("inc_b", "inc_a")])
    with pytest.raises(ConfigError, match=r"circle: inc_a -> inc_b -> inc_a"):
        read_ledger(ledger)


@pytest.mark.parametrize("rule", RULES)
def test_a_correction_wins_under_every_rule_and_is_one_more_claim(story, rule):
    connection, gold = story
    name = names(connection)["Balgatar"]
    again(connection, gold, decide(action="set", incident=name, field="killed", value=10, expect={"killed_best": 9}))
    query = f"SELECT killed_low, killed_best, killed_high FROM by_rule('{rule}') WHERE incident_id = '{name}'"
    assert ask(connection, query) == [{"killed_low": 10, "killed_best": 10, "killed_high": 10}]
    explained = ask(connection, f"FROM explain('{name}') WHERE cell = 'killed' AND is_winner")
    assert [(row["speaker"], row["rule"], row["quote"]) for row in explained] == [
        ("A. Analyst", "correction", "told by the district hospital")
    ]
    before = ask(connection, "SELECT killed_best FROM incident_as_of(TIMESTAMPTZ '2024-01-20 00:00:00+00') ORDER BY 1")
    assert before == [{"killed_best": 2}, {"killed_best": 9}]
    again(connection, gold)
    assert ask(connection, f"SELECT killed_best FROM incident WHERE incident_id = '{name}'") == [{"killed_best": 9}]


def test_place_date_actor_and_type_can_be_corrected(story):
    connection, gold = story
    name = names(connection)["Mastung"]
    actor = actor_frame().filter(actor_frame()["name"] == "BLA").height
    again(
        connection,
        gold,
        decide(action="set", incident=name, field="place", value="pk_kalat"),
        decide(action="set", incident=name, field="date", value="2024-01-09"),
        decide(action="set", incident=name, field="event_type", value="bombing"),
        decide(action="set", incident=name, field="perpetrator", value="BLA"),
    )
    (row,) = ask(connection, f"FROM incident WHERE incident_id = '{name}'")
    assert (row["place_name"], row["starts_on"], row["event_type"]) == ("Kalat", date(2024, 1, 9), "bombing")
    assert (row["perpetrator"], row["perpetrator_stance"]) == ("BLA", "reported")
    assert (row["perpetrator_id"] is not None) == bool(actor)


def test_an_incident_that_did_not_happen_can_be_dropped(story):
    connection, gold = story
    name = names(connection)["Mastung"]
    settled = again(connection, gold, decide(action="drop", incident=name))
    assert settled.vanished == [name]
    assert set(names(connection)) == {"Balgatar"}
    again(connection, gold)
    assert set(names(connection)) == {"Balgatar", "Mastung"}


def test_one_wrong_reading_can_be_dropped(story):
    connection, gold = story
    claimed = gold.mentions.filter(gold.mentions["source_id"] == "coast_monitor")["mention_id"][0]
    again(connection, gold, decide(action="drop", mention=claimed))
    (row,) = ask(connection, "FROM incident WHERE place_name = 'Balgatar'")
    assert (row["killed_claimed"], row["n_articles"]) == (None, 4)


def test_an_expectation_that_no_longer_holds_stops_the_run(story):
    connection, gold = story
    name = names(connection)["Balgatar"]
    wrong = decide(action="set", incident=name, field="killed", value=10, expect={"killed_best": 11})
    with pytest.raises(ConfigError, match=r"corrections\.yml:3: expects killed_best 11 .* now 9"):
        again(connection, gold, wrong)


def test_a_correction_that_names_nothing_is_refused(story):
    connection, _ = story
    stray = decide(action="set", incident="inc_0123456789abcdef", field="killed", value=1)
    with pytest.raises(ConfigError, match=r"corrections\.yml:3: there is no incident 'inc_0123456789abcdef'"):
        verify([stray], connection)
    verify([decide(action="drop", incident=names(connection)["Mastung"])], connection)


HEAD = "corrections:\n"
SIGNED = "reason: because, who: AA, on: 2024-02-01"
ENTRY = "  - {{action: set, incident: inc_0123456789abcdef, field: {field}, value: {value}, " + SIGNED + "}}\n"
ONE, TWO = ENTRY.format(field="killed", value=1), ENTRY.format(field="killed", value=2)
DROP = "  - {action: drop, incident: inc_0123456789abcdef, " + SIGNED + "}\n"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (HEAD + ONE + TWO, r":3: contradicts .*:2 "),
        (HEAD + DROP + ONE, r":3: contradicts .*:2 .*happened"),
        (HEAD + ENTRY.format(field="colour", value=1), r":2: entry: .*field 'colour' is none of"),
        (HEAD + "  - {action: set, " + SIGNED + "}\n", r":2: entry: .*set needs incident, field"),
        (HEAD + "  - {action: set, colour: red}\n", r":2: .*colour: Extra inputs"),
        ("correction: []\n", r":1: needs one key"),
        ("corrections: [", r"cannot be read"),
    ],
)
def test_a_wrong_file_of_corrections_names_its_line(tmp_path, text, message):
    path = tmp_path / "corrections.yml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError, match=message):
        load_corrections(path)


@pytest.mark.parametrize(
    ("field", "value"), [("killed", "many"), ("place", "pk_nowhere"), ("date", "soon"), ("event_type", "war")]
)
def test_a_value_that_does_not_fit_names_its_line(field, value):
    entry = decide(action="set", incident="inc_0123456789abcdef", field=field, value=value)
    with pytest.raises(ConfigError, match=r"corrections\.yml:3: "):
        correction_frame([entry], place_frame(), actor_frame())


SPOIL = {
    "claim_without_mention": "UPDATE claim SET mention_id = 'men_x' WHERE field = 'target'",
    "claim_without_article": "UPDATE claim SET article_id = 'art_x' WHERE field = 'target'",
    "mention_without_article": "UPDATE mention SET article_id = 'art_x'",
    "quote_of_wrong_length": "UPDATE claim SET quote = quote || '.' WHERE field = 'target'",
    "member_without_mention": "UPDATE incident_mention SET mention_id = 'men_x' "
    "WHERE mention_id = (SELECT min(mention_id) FROM mention)",
    "member_without_incident": "DELETE FROM incident",
    "incident_without_member": "DELETE FROM incident_mention",
    "incident_counts_differ": "UPDATE incident SET n_mentions = n_mentions + 1",
    "toll_parts_exceed_total": "UPDATE incident SET killed_civilians = 99",
    "member_not_asserted": "UPDATE mention SET polarity = 'planned'",
    "merge_in_a_circle": "INSERT INTO incident_ledger VALUES "
    "('led_1', 'merge', 'inc_a', 'inc_b', [], NULL, 'A', TIMESTAMPTZ '2024-01-01 00:00:00+00', 'r'), "
    "('led_2', 'merge', 'inc_b', 'inc_a', [], NULL, 'A', TIMESTAMPTZ '2024-01-01 00:00:00+00', 'r')",
    "entry_undoes_nothing": "INSERT INTO incident_ledger VALUES "
    "('led_1', 'undo', '', NULL, [], 'led_x', 'A', TIMESTAMPTZ '2024-01-01 00:00:00+00', 'r')",
}


def test_every_audit_passes_good_rows_and_finds_bad_ones(story):
    connection, _ = story
    ours = {path.stem: path.read_text(encoding="utf-8") for path in sql_files("audits")}
    # What the CHECKs of the table refuse already cannot be spoilt here.
    assert SPOIL.keys() <= ours.keys()
    for name, query in ours.items():
        assert ask(connection, query) == [], name
    for name, spoil in SPOIL.items():
        connection.execute("BEGIN")
        connection.execute(spoil)
        found = connection.sql(ours[name]).pl()
        connection.execute("ROLLBACK")
        assert found.height, name
