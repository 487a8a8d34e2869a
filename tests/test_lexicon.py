"""Every entry of every pack proves itself by its examples; wrong packs say where they are wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.errors import ConfigError
from pipeline.extract.lexicon import Entry, Pack, languages, load_pack
from pipeline.extract.match import Vocabulary
from pipeline.extract.text import fold
from pipeline.extract.tolls import tolls_of
from pipeline.extract.units import units_of
from pipeline.settings import CONFIG

FOLDER = CONFIG / "lexicon"
PACKS = {language: load_pack(FOLDER / language) for language in languages(FOLDER)}
ENTRIES = [(language, entry) for language, pack in PACKS.items() for entry in pack.entries]
VOCABULARIES = {language: Vocabulary(pack, ()) for language, pack in PACKS.items()}


def found(language: str, entry: Entry, text: str) -> bool:
    """Whether the entry is read in a text: by one of its words, or by one of its patterns at the start of the line."""
    raw = entry.attributes.get("scope") == "dateline"
    if any(pattern.match(text if raw else fold(text)) for pattern in entry.patterns):
        return True
    hits = VOCABULARIES[language].hits(text, fold(text))
    own = set(entry.words)
    if entry.kind == "casualty":  # a word for a toll is read where it yields one
        row = units_of(text, fold(text), hits, 0, len(text))
        tolls, _ = tolls_of(row, text)
        return any(fold(text[row[toll.anchor].start : row[toll.anchor].end]) in own for toll in tolls)
    return any(fold(text[hit.start : hit.end]) in own and entry.kind in hit.form for hit in hits)


@pytest.mark.parametrize(("language", "entry"), ENTRIES, ids=[f"{lang}:{entry.id}" for lang, entry in ENTRIES])
def test_entry_proves_itself(language: str, entry: Entry) -> None:
    for example in entry.examples:
        assert found(language, entry, example), f"{entry.origin}: {entry.id} is not read in its example {example!r}"
    for example in entry.counter_examples:
        assert not found(language, entry, example), f"{entry.origin}: {entry.id} is read in {example!r}"


def test_every_pack_has_the_kinds_the_reader_asks_for() -> None:
    needed = {"casualty", "trigger", "victim", "number", "cue", "relation", "month", "weekday", "date_word", "speech"}
    for pack in PACKS.values():
        assert needed <= set(pack.by_kind), f"{pack.language} lacks {needed - set(pack.by_kind)}"


def test_no_word_has_two_entries_of_one_kind() -> None:
    """Two meanings of one kind would hide each other; cues and dates may have several roles."""
    for language, pack in PACKS.items():
        for kind in ("casualty", "victim", "weapon", "month", "weekday"):
            seen: dict[str, str] = {}
            for entry in pack.of(kind):
                for word in entry.words:
                    other = seen.setdefault(word, entry.id)
                    assert other == entry.id, f"{language}: {word!r} is in {other} and in {entry.id}"


def write(folder: Path, text: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "words.yml").write_text(text, encoding="utf-8")
    return folder


def test_missing_pack_is_a_config_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no lexicon"):
        load_pack(tmp_path / "xx")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("kind: nonsense\nentries: []\n", "unknown kind 'nonsense'"),
        (
            "kind: weapon\nentries:\n  - {id: a, words: [gun], examples: [A gun.], colour: red}\n",
            "entry 'a': unknown key colour",
        ),
        ("kind: weapon\nentries:\n  - {id: a, words: [gun]}\n", "entry 'a': needs at least one example"),
        ("kind: weapon\nentries:\n  - {id: a, examples: [A gun.]}\n", "entry 'a': needs words"),
        ("kind: weapon\nentries:\n  - {id: a, words: [no], examples: [No.]}\n", "entry 'a': False is no text"),
        ("kind: victim\nentries:\n  - {id: a, group: ghosts, words: [x], examples: [x]}\n", "group is 'ghosts'"),
        ("kind: victim\nentries:\n  - {id: a, plural: 3, words: [x], examples: [x]}\n", "plural must be a bool"),
        (
            "kind: furniture\nentries:\n  - {id: a, scope: line, patterns: ['('], examples: [x]}\n",
            "no regular expression",
        ),
        ("kind: weapon\nentries:\n  - {words: [gun], examples: [A gun.]}\n", "an entry has no id"),
        ("kind: weapon\nextra: 1\nentries: []\n", "wanted the keys"),
    ],
)
def test_wrong_entry_names_file_and_entry(tmp_path: Path, content: str, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load_pack(write(tmp_path / "xx", content))
    assert "words.yml" in str(caught.value)
    assert message in str(caught.value)


def test_ids_are_unique_across_files(tmp_path: Path) -> None:
    folder = write(tmp_path / "xx", "kind: weapon\nentries:\n  - {id: a, words: [gun], examples: [A gun.]}\n")
    (folder / "more.yml").write_text("kind: target\nentries:\n  - {id: a, name: n, words: [bus], examples: [A bus.]}\n")
    with pytest.raises(ConfigError, match="ids are unique"):
        load_pack(folder)


def test_a_longer_phrase_masks_only_its_own_entry(tmp_path: Path) -> None:
    content = (
        "kind: weapon\nentries:\n"
        "  - {id: a, name: fire, words: [fire], not_words: [fire station], examples: [A fire.]}\n"
        "  - {id: b, name: station, words: [station], examples: [A station.]}\n"
    )
    pack: Pack = load_pack(write(tmp_path / "xx", content))
    text = "the fire station saw no fire"
    hits = Vocabulary(pack, ()).hits(text, fold(text))
    assert [text[hit.start : hit.end] for hit in hits] == ["station", "fire"]
