"""The actors: enough of them, one owner to an alias, and refused with file and line where they are wrong."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from pipeline.actors import KINDS, Actors, load_actors
from pipeline.errors import ConfigError
from pipeline.settings import CONFIG

GOOD = """\
actors:
  - id: one
    name: One Group
    kind: rebel
    side: PK
    acled_inter: 2
    aliases: {en: [First Group], fa: [گروه یک]}
    acronyms: [OG]
  - id: wing
    name: Wing of One
    kind: rebel
    side: PK
    parent: one
    acled_inter: 2
"""


@pytest.fixture(scope="module")
def actors() -> Actors:
    return load_actors(CONFIG / "actors.yml")


def write(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "actors.yml"
    path.write_text(text, encoding="utf-8")
    return path


def test_counts(actors: Actors) -> None:
    assert len(actors.by_id) >= 180
    assert {actor.kind for actor in actors.by_id.values()} == KINDS
    kinds = Counter(actor.kind for actor in actors.by_id.values())
    assert kinds["rebel"] >= 50
    assert sum(1 for actor in actors.by_id.values() if actor.aliases.get("fa")) >= 100
    assert sum(1 for actor in actors.by_id.values() if actor.aliases.get("ur")) >= 120


@pytest.mark.parametrize(
    ("words", "actor_id"),
    [
        ("BLA", "bla"), ("Baloch Liberation Army", "bla"), ("Jeeyand Baloch", "bla"), ("BLA-Azad", "bla_azad"),
        ("Majeed Brigade", "majeed_brigade"), ("BLF", "blf"), ("Balochistan Liberation Front", "blf"), ("BRAS", "bras"),
        ("Jaish-ul-Adl", "jaish_al_adl"), ("Jaysh al-Adl", "jaish_al_adl"), ("jaish al-zolm", "jaish_al_adl"),
        ("Army of Justice", "jaish_al_adl"), ("جیش‌الظلم", "jaish_al_adl"), ("جيش العدل", "jaish_al_adl"),
        ("Jundollah", "jundallah_ir"), ("Ansar al-Furqan", "ansar_al_furqan"),
        ("Harakat Ansar Iran", "harakat_ansar_iran"),
        ("People’s Fighters Front", "peoples_fighters_front"), ("جبهه مبارزین مردمی", "peoples_fighters_front"),
        ("Fitna al-Khawarij", "ttp"), ("Tehreek-e-Taliban Pakistan", "ttp"), ("ISKP", "iskp"),
        ("Daesh", "islamic_state"),
        ("Revolutionary Guards", "irgc"), ("Quds Base", "quds_base"), ("Quds Force", "quds_force"),
        ("سپاه پاسداران", "irgc"), ("Saravan border regiment", "ir_border_guards"), ("FARAJA", "faraja"),
        ("Frontier Corps", "frontier_corps"), ("FC", "frontier_corps"), ("FC Balochistan South", "fc_south"),
        ("Counter-Terrorism Department", "ctd"), ("Levies Force", "levies"), ("سی ٹی ڈی", "ctd"), ("ISPR", "ispr"),
        ("unidentified gunmen", "unknown_gunmen"), ("armed motorcyclists", "unknown_gunmen"),
        ("sookhtbar", "fuel_traders"),
        ("Baloch Yakjehti Committee", "byc"), ("Hazara community", "hazara"), ("نامعلوم مسلح افراد", "unknown_gunmen"),
    ],
)  # fmt: skip
def test_aliases(actors: Actors, words: str, actor_id: str) -> None:
    found = actors.find(words)
    assert found is not None
    assert found.id == actor_id


@pytest.mark.parametrize("words", ["bla", "fc", "is", "us", "Fc", "Bla"])
def test_acronyms_count_only_as_written(actors: Actors, words: str) -> None:
    assert actors.find(words) is None


@pytest.mark.parametrize("words", ["Fitna al Hindustan", "Fitna-al-Hindustan", "فتنہ الہندوستان", "terrorists",
                                   "khawarij", "Indian proxies", "miscreants", "اشرار مسلح"])  # fmt: skip
def test_umbrella_labels_name_nobody(actors: Actors, words: str) -> None:
    found = actors.find(words)
    assert found is not None
    assert found.umbrella


def test_jundallah_of_iran_and_of_pakistan_are_two(actors: Actors) -> None:
    iranian, pakistani = actors.find("Jundallah"), actors.find("Jundullah Pakistan")
    assert iranian is not None
    assert pakistani is not None
    assert (iranian.side, pakistani.side) == ("IR", "PK")


def test_lineage_of_a_unit(actors: Actors) -> None:
    assert [actor.id for actor in actors.lineage(actors.by_id["quds_base"])] == [
        "quds_base", "irgc_ground_force", "irgc", "iran",
    ]  # fmt: skip


def test_umbrella_labels_have_no_wings(actors: Actors) -> None:
    parents = {actor.parent for actor in actors.by_id.values()}
    assert not any(actor.umbrella and actor.id in parents for actor in actors.by_id.values())


def test_names_leave_the_acronym_out(actors: Actors) -> None:
    assert "BLA" not in actors.by_id["bla"].names()
    assert "Frontier Corps" in actors.by_id["frontier_corps"].names("en")
    assert "Frontier Corps" not in actors.by_id["frontier_corps"].names("ur")


def test_a_small_file(tmp_path: Path) -> None:
    actors = load_actors(write(tmp_path, GOOD))
    assert [actor.line for actor in actors.by_id.values()] == [2, 9]
    assert actors.find("first-group") is actors.by_id["one"]
    assert actors.by_id["wing"].parent == "one"


@pytest.mark.parametrize(
    ("old", "new", "line", "message"),
    [
        ("    kind: rebel\n    side: PK\n    parent", "    kind: army\n    side: PK\n    parent", 9,
         "kind 'army' is none of"),
        ("side: PK\n    parent", "side: Iran\n    parent", 9, "side 'Iran' is none of"),
        ("    acled_inter: 2\n    aliases", "    acled_inter: 9\n    aliases", 2, "acled_inter 9 is not 1 to 8"),
        ("    name: Wing of One\n", "", 9, "missing keys \\['name'\\]"),
        ("    parent: one", "    patron: one", 9, "unknown keys \\['patron'\\]"),
        ("    parent: one", "    parent: nobody", 9, "parent 'nobody' of wing is no id"),
        ("    acled_inter: 2\n    aliases", "    parent: wing\n    acled_inter: 2\n    aliases", 2,
         "form a circle"),
        ("  - id: wing", "  - id: one", 9, "id one is already on line 2"),
        ("name: Wing of One", "name: first GROUP", 9, "'first group' of wing belongs to one \\(line 2\\)"),
        ("    parent: one", "    parent: one\n    acronyms: [OG]", 9, "'OG' of wing belongs to one"),
        ("fa: [", "de: [", 2, "aliases in \\['de'\\]"),
        ("    acronyms: [OG]", "    acronyms: OG", 2, "acronyms is no list"),
        ("[First Group]", "[1979]", 2, "aliases.en 1979 is no text"),
        ("    acronyms: [OG]", "    umbrella: sometimes", 2, "umbrella 'sometimes' is not true or false"),
        ("    parent: one", "    parent: one\n    parent: one", 9, "key 'parent' twice"),
        ("actors:", "groups:", 1, "under the key 'actors'"),
        ("actors:", "actors: [", None, "actors.yml:"),
    ],
)  # fmt: skip
def test_bad_files_name_file_and_line(tmp_path: Path, old: str, new: str, line: int | None, message: str) -> None:
    assert old in GOOD
    path = write(tmp_path, GOOD.replace(old, new, 1))
    with pytest.raises(ConfigError, match=message) as caught:
        load_actors(path)
    if line is not None:
        assert f"actors.yml:{line}:" in str(caught.value)


@pytest.mark.parametrize("content", [b"", b"\xff\xfe\x00\x01", None])
def test_unreadable_file(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "actors.yml"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ConfigError, match=r"actors\.yml"):
        load_actors(path)
