"""The reader on articles of our own: what it finds, what it leaves alone, and whether each value has its quote."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from functools import cache
from typing import Any

import jsonschema
import polars as pl
import pytest

from pipeline import contract
from pipeline.errors import ConfigError
from pipeline.extract import Article, Reader, extract, load_reader, read_lines
from pipeline.settings import ROOT

SCHEMA = json.loads((ROOT / "pipeline" / "contracts" / "extract_output.schema.json").read_text(encoding="utf-8"))
LINE = jsonschema.Draft202012Validator(SCHEMA, format_checker=jsonschema.FormatChecker())

# The difficulties of a real article about the exchange of strikes, in our own words.
EXCHANGE = """\
On Friday Iranian forces killed Murad Sanjrani, a senior commander of Jaish al-Adl, in an operation on Pakistani soil.

It comes a month after both countries carried out air strikes on each other's territory.

The IRGC said its missiles and drones had destroyed two bases of the group. It called the strikes an answer to \
the attack on the police station of Rask in December, in which 11 policemen were killed.

The navies of both countries held a joint drill in the Gulf last week. The United Nations urged both sides to \
show restraint, and an analyst in Quetta hopes that the tension will soon ease.
"""

BLAST = """\
QUETTA: At least three policemen were martyred and nine others injured when a roadside bomb hit their van in the \
Dasht area of Mastung district on Tuesday, officials said.

The injured were taken to a hospital in Quetta. Deputy Commissioner Aslam Tareen told reporters that two of them, \
aged 24 and 31, were in a critical condition.

No group has claimed the attack.

Read more
Most Popular
Twelve die as bus falls into ravine in Sindh
"""


@cache
def reader() -> Reader:
    return load_reader()


def read(text: str, published: str | None) -> list[dict[str, Any]]:
    (line,) = read_lines([{"id": "a", "text": text, "published": published}])
    LINE.validate(line)
    for incident in line["incidents"]:
        for item in incident["evidence"]:
            assert text[item["start"] : item["end"]] == item["quote"]
    found: list[dict[str, Any]] = line["incidents"]
    return found


def test_a_blast_with_its_toll_place_and_day() -> None:
    (incident,) = [i for i in read(BLAST, "2024-03-13") if i["role"] == "main"]
    assert incident["event_type"] == "ied_explosion"
    assert incident["date"] == {"start": "2024-03-12", "end": "2024-03-12", "precision": "day"}
    assert incident["place"]["admin1"] == "Balochistan"
    assert incident["place"]["name"] in ("Dasht", "Mastung")
    assert (incident["killed"]["low"], incident["killed"]["best"]) == (3, 3)
    assert incident["injured"]["best"] == 9
    assert incident["perpetrator"] is None
    assert incident["claimed_by"] is None
    assert incident["in_theatre"]


def test_without_publication_date_no_date_is_invented() -> None:
    for text in (BLAST, EXCHANGE):
        assert {i["date"]["start"] for i in read(text, None) if i["role"] == "main"} == {None}


def test_strikes_background_and_no_incident_from_drills_or_hopes() -> None:
    incidents = read(EXCHANGE, "2024-02-25")
    killing = incidents[0]
    assert killing["role"] == "main"
    assert killing["date"]["start"] == "2024-02-23"
    assert killing["perpetrator"] == "Iranian forces"
    assert killing["place"]["country"] == "PK"
    assert killing["killed"]["best"] == 1
    quotes = " ".join(item["quote"] for i in incidents for item in i["evidence"])
    assert "drill" not in quotes and "hopes" not in quotes and "restraint" not in quotes


ANSWERED = """\
Pakistani warplanes fired rockets and loitering munitions at hideouts of separatists near Saravan in Iran's Sistan and \
Baluchestan province on Thursday, the army said.

In answer to the attack by Pakistan, the IRGC fired missiles and drones at two camps in Panjgur on Friday. The raid \
was a reply to the assault on a police post in Rask in December, the Guards said.

The IRGC said the drone and missile attacks flattened two "main bases" of Jaish al-Adl.
"""


def test_the_strike_of_a_state_is_not_mixed_with_the_answer_of_the_other() -> None:
    air, answer = [i for i in read(ANSWERED, "2024-01-20") if i["role"] == "main"]
    assert (air["event_type"], air["perpetrator"]) == ("air_strike", "Pakistan Air Force")
    assert (air["place"]["country"], air["target"]) == ("IR", "militants")
    assert "IRGC" not in air["attributed_to"]
    assert (answer["perpetrator"], answer["target"]) == ("IRGC", "Jaish al-Adl")
    assert answer["date"]["start"] == "2024-01-19"


def test_a_force_that_speaks_of_the_strikes_speaks_of_its_own() -> None:
    text = (
        "Pakistan's air force hit hideouts near Saravan in Iran on Thursday. On Friday the IRGC launched missile "
        "strikes on Panjgur in Balochistan. The Pakistan army said the strikes killed nine militants."
    )
    air, answer = read(text, "2024-01-20")
    assert (air["perpetrator"], air["killed"]["best"]) == ("Pakistan Air Force", 9)
    assert (answer["perpetrator"], answer["killed"]["best"]) == ("IRGC", None)


@pytest.mark.parametrize(
    ("told", "event_type"),
    [
        ("A group of fighter jets took off before dawn and carried out missile attacks on a camp", "air_strike"),
        ("Missile and drone attacks by warplanes flattened a camp", "air_strike"),
        ("Pakistan's air force struck two hideouts", "air_strike"),
        ("A Pakistan Air Force drone strike hit a camp", "drone_strike"),
        ("An unmanned aircraft carried out a drone strike on a camp", "drone_strike"),
        ("Missile strikes hit a camp", "missile_strike"),
    ],
)
def test_what_aircraft_with_a_crew_strike_is_an_air_strike(told: str, event_type: str) -> None:
    (incident,) = read(f"{told} in Panjgur district of Balochistan on Monday, officials said.", "2024-05-07")
    assert incident["event_type"] == event_type


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (
            "QUETTA: Twelve people died on Friday when a coach fell into a ravine near Uthal, rescue workers said.",
            "accident",
        ),
        ("TEHRAN - The navy fired missiles at mock targets off Konarak on Sunday in a joint drill.", "drill"),
        ("The president condemned the attack in Mastung in which six soldiers were killed on Monday.", "condemnation"),
        ("The festival of dates opened in Turbat on Friday with music and a book fair.", "culture"),
        ("An earthquake shook Saravan on Sunday; two people were killed and nine injured.", "disaster"),
    ],
)
def test_what_is_no_news_of_an_incident(text: str, reason: str) -> None:
    (line,) = read_lines([{"id": reason, "text": text, "published": "2024-01-15"}])
    assert line["relevant"] is False, reason


def test_a_claim_stays_apart_from_the_official_count() -> None:
    text = (
        "Two soldiers were martyred when a convoy was ambushed near Hoshab in Kech on Sunday, officials said.\n\n"
        "The BLF said it had killed fourteen soldiers in the attack."
    )
    (incident,) = [i for i in read(text, "2024-05-06") if i["role"] == "main"]
    assert incident["killed"]["best"] == 2
    assert incident["killed"]["claimed"] == 14
    assert incident["perpetrator"] == incident["claimed_by"] == "BLF"


def test_a_round_up_is_several_incidents() -> None:
    text = (
        "TURBAT: Gunmen shot dead a barber in Turbat on Friday, police said.\n\n"
        "In another incident, a hand grenade was thrown at a shop in Panjgur and injured two people.\n\n"
        "Separately, the FC arrested three suspects in a raid in Kharan."
    )
    incidents = [i for i in read(text, "2024-06-08") if i["role"] == "main"]
    assert [i["place"]["name"] for i in incidents] == ["Turbat", "Panjgur", "Kharan"]
    assert incidents[0]["killed"]["best"] == 1
    assert incidents[1]["injured"]["best"] == 2
    assert incidents[2]["event_type"] in ("raid_operation", "arrest")


def test_lines_come_back_one_for_one() -> None:
    lines: list[dict[str, Any]] = [
        {"id": "good", "text": BLAST, "published": "2024-03-13"},
        {"id": "no text"},
        {"id": "date", "text": BLAST, "published": "13 March"},
        {"text": "no id"},
        {"id": "type", "text": BLAST, "title": 3},
        {"id": "broken", "error": "not JSON"},
        {"id": "fa", "text": "سه مامور در خاش کشته شدند."},
    ]
    outputs = read_lines(lines)
    assert len(outputs) == len(lines)
    assert [output["id"] for output in outputs] == ["good", "no text", "date", "line 4", "type", "broken", "fa"]
    for output in outputs:
        LINE.validate(output)
    assert [("error" in output) for output in outputs] == [False, True, True, True, True, True, False]
    assert "published" in outputs[2]["error"]


def test_reader_is_compiled_once_and_says_its_version() -> None:
    assert reader().version == load_reader().version
    assert len(reader().version) == 12


def test_missing_lexicon_is_a_config_error(tmp_path: Any) -> None:
    with pytest.raises(ConfigError, match="lexicon"):
        load_reader(tmp_path)


def article_frame(*texts: tuple[str, str]) -> pl.DataFrame:
    seen = datetime(2024, 3, 13, 12, tzinfo=UTC)
    rows: list[dict[str, object]] = [
        {
            "article_id": f"art_{n}", "capture_id": f"cap_{n}", "source_id": "demo", "day": date(2024, 3, 13),
            "url": f"http://demo.example/{n}", "published_at": seen, "published_precision": "day",
            "published_from": "page", "zone": "Asia/Karachi", "language": language, "text": text,
            "text_sha256": "0", "seen_at": seen,
        }
        for n, (language, text) in enumerate(texts)
    ]  # fmt: skip
    return contract.frame("article", rows)


def test_the_stage_keeps_every_article() -> None:
    articles = article_frame(("en", BLAST), ("en", "A book fair was held in Quetta."), ("xx", "..."), ("en", " "))
    result = extract(articles, reader())
    for name in ("entity", "mention", "claim"):
        frame = result.tables[name]
        assert frame.schema == contract.table(name).polars_schema()
        assert frame[f"{name}_id"].is_unique().all()
    read_ids = set(result.tables["mention"]["article_id"])
    refused = dict(result.rejects.select("record_id", "reason").iter_rows())
    assert read_ids | set(refused) == {"art_0", "art_1", "art_2", "art_3"}
    assert refused["art_2"] == "language_not_read"
    assert refused["art_1"] == "no_event"
    claims = result.tables["claim"]
    texts = dict(articles.select("article_id", "text").iter_rows())
    for row in claims.iter_rows(named=True):
        assert texts[row["article_id"]][row["char_start"] : row["char_end"]] == row["quote"]
        assert row["mention_id"] in set(result.tables["mention"]["mention_id"])
    again = extract(articles, reader())
    assert all(again.tables[name].equals(result.tables[name]) for name in result.tables)


def test_reading_takes_the_day_of_the_outlet() -> None:
    late = datetime(2024, 3, 12, 20, 30, tzinfo=UTC)  # already Wednesday in Karachi
    text = "A bomb went off in Quetta today."
    (here,) = reader().read(Article("a", text, late, lang="en", zone="Asia/Karachi")).mentions
    assert [claim.starts_on for claim in here.claims if claim.field == "date"] == [date(2024, 3, 13)]


def main_of(text: str, published: str = "2024-03-14") -> list[dict[str, Any]]:
    return [incident for incident in read(text, published) if incident["role"] == "main"]


def test_what_is_named_aside_takes_nothing_from_the_news() -> None:
    text = (
        "A colonel of the Guards was shot dead in Khash on Wednesday, two days after Iran fired missiles at a group in "
        "Panjgur.\n\nHe was attacked in his car. Jaish al-Adl said its fighters had killed the officer."
    )
    (shooting,) = main_of(text)
    assert shooting["place"]["name"] == "Khash"
    assert shooting["perpetrator"] == "Jaish al-Adl"
    assert shooting["killed"]["best"] == 1


def test_where_somebody_speaks_or_lies_in_hospital_is_no_scene() -> None:
    text = (
        "Two labourers were killed when gunmen opened fire in Panjgur on Tuesday.\n\nThe wounded were taken to a "
        "hospital in Turbat. Officials in Quetta said a search had begun."
    )
    (shooting,) = main_of(text)
    assert shooting["place"]["name"] == "Panjgur"


def test_the_day_of_a_new_toll_is_not_the_day_of_the_event() -> None:
    text = (
        "The number of soldiers killed in an ambush near Mand has risen to nine, hospital officials said on Thursday."
        "\n\nFive deaths in Tuesday's ambush had been reported earlier."
    )
    (ambush,) = main_of(text)
    assert ambush["date"]["start"] == "2024-03-12"
    assert ambush["killed"]["best"] == 9


@pytest.mark.parametrize(
    ("claim", "claimant"),
    [
        ("Jaish al-Adl has claimed the attacks.", "Jaish al-Adl"),
        ("The BLA, which claimed the bombing on its channel, said that it was a warning.", "BLA"),
        ('"The terrorist group Jaish al-Adl has claimed responsibility for this," the minister said.', "Jaish al-Adl"),
        ("A spokesman of Jaish al-Adl said the group was behind the bombing.", "Jaish al-Adl"),
        ("Jaish al-Adl has claimed responsibility for several attacks in the past.", None),
    ],
)
def test_who_claims_it(claim: str, claimant: str | None) -> None:
    (bombing,) = main_of(f"A bomb killed six guards in Saravan on Monday, officials said.\n\n{claim}")
    assert bombing["claimed_by"] == claimant


def told(text: str, title: str | None = None, published: str = "2024-01-17") -> tuple[bool, list[dict[str, Any]]]:
    """Whether an article with a title is relevant, and its incidents."""
    (line,) = read_lines([{"id": "a", "title": title, "text": text, "published": published, "lang": "en"}])
    LINE.validate(line)
    return line["relevant"], line["incidents"]


NO_NEWS = {
    "hearing": (
        "Court puts off rally bombing case",
        "QUETTA: An anti-terrorism court on Wednesday put off the trial of three men accused over the suicide bombing "
        "that killed 149 people in Mastung in July 2018.",
    ),
    "ceremony": (
        "Recruits join the force in Khuzdar",
        "KHUZDAR: As many as 180 recruits passed out on Wednesday. The commandant spoke of 51 men of the force who "
        "were martyred in Kalat since 2006.",
    ),
    "comment": (
        "Elections in fear",
        "Three soldiers died in Buleda on Saturday. It will not do to close the schools for it. The state must be "
        "there when the cameras have left.",
    ),
    "explainer": (
        "Explainer: what the two strikes have changed",
        "On Tuesday evening missiles hit a house in Panjgur and killed two children.",
    ),
    "questions": (
        "Who wins when two neighbours shoot?",
        "Iran fired missiles at Panjgur on 16 January and two children died. What comes next? Nobody can tell.",
    ),
    "reason": (
        "Why the frontier does not come to rest",
        "Four guards died in an ambush near Saravan in May. The line was drawn by two surveyors and a cook.",
    ),
    "interview": (
        'Interview: "A wall helps nobody"',
        "The retired general has served near Panjgur, where nine men were killed in an ambush on Monday.",
    ),
    "reportage": (
        "Voices from a town between two armies",
        "A convoy was attacked in Balgatar on Monday and nine soldiers died. The tea seller counts the trucks.",
    ),
    "mine": (
        "Miners die in Duki",
        "LORALAI: Two miners were killed when part of a pit caved in at Duki on Wednesday, the inspector said.",
    ),
    "gas": (
        "Pit disaster in Harnai",
        "An explosion of gas killed five miners in Harnai on Wednesday, an inspector said.",
    ),
    "road": (
        "Six die on road to Khash",
        "Six passengers were killed when a bus ran into the back of a tanker on the Zahedan-Khash road on Wednesday.",
    ),
    "sport": (
        "Bowlers under fire in Quetta",
        "QUETTA: The openers launched an attack on the bowlers on Wednesday and killed off the chase. Two wickets fell "
        "in the last over, and three sixes came from the captain.",
    ),
    "envoy": (
        "Envoy called home",
        "ISLAMABAD: Pakistan on Wednesday recalled its ambassador from Tehran. Two children died in Tuesday's strike "
        "in Panjgur.",
    ),
    "restraint": (
        "UN calls for calm",
        "The secretary general is deeply concerned about the military strikes of Iran and Pakistan, he said on "
        "Wednesday.",
    ),
    "rumour": (
        "Second strike denied",
        "PANJGUR: The deputy commissioner on Wednesday denied reports on social media that another Iranian strike had "
        "killed seven people in Parom.",
    ),
}


@pytest.mark.parametrize("genre", NO_NEWS)
def test_what_an_article_only_recalls_is_no_news(genre: str) -> None:
    title, text = NO_NEWS[genre]
    relevant, incidents = told(text, title)
    assert not relevant
    assert all(incident["role"] == "background" for incident in incidents)


def test_what_is_recalled_does_not_take_the_day_of_the_news() -> None:
    _, (bombing,) = told(NO_NEWS["hearing"][1])
    assert bombing["date"]["start"] == "2018-07-01"
    assert bombing["date"]["precision"] == "month"
    _, (strike,) = told(NO_NEWS["envoy"][1])
    assert strike["date"]["start"] == "2024-01-16"
    text = "ISLAMABAD: Pakistan on Wednesday strongly condemned the attack on a police station in Rask that killed 11."
    _, (attack,) = told(text)
    assert attack["date"]["start"] is None


@pytest.mark.parametrize(
    ("title", "text"),
    [
        (
            None,
            "Pakistan on Wednesday recalled its ambassador over a strike that killed two children.\n\nThe strike hit a "
            "house in Panjgur on Tuesday night.",
        ),
        (None, "The BLA denied that its camps had been hit by Pakistan's strikes near Saravan on Wednesday."),
        (None, "Gunmen killed four miners at Duki on Wednesday. Last year two miners died when a pit caved in."),
        (None, "A bomb killed two policemen near the stadium in Quetta on Wednesday before a Twenty20 match."),
        (None, "A bomb killed two policemen in Quetta on Wednesday.\n\nWhat do you think of this? Let us know."),
    ],
)
def test_news_next_to_such_words_stays_news(title: str | None, text: str) -> None:
    relevant, incidents = told(text, title)
    assert relevant
    assert any(incident["role"] == "main" for incident in incidents)
