"""Relevance before cost: a test on a page's words that costs a fraction of a parse, and keeps its score for the audit.

The page is decoded and its entities are undone first, for words hide in legacy encodings, in entities and in escaped
JSON. Then words are looked for as whole words, incident words and places of the theatre apart, in all of the page:
titles alone lose most of what is wanted. Score::

    incident_weight * min(1, incidents / incidents_wanted) + (1 - incident_weight) * min(1, places / places_wanted)

Incidents and places are counted as distinct words; an armed group is one of each. A page of an outlet in whose
language there is no lexicon is not judged, and read. The test pays where most pages are about something else: in
archives of the whole world's news, not in the feed of an outlet of the region.
"""

from __future__ import annotations

import html
import random
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import ahocorasick
import polars as pl
from pydantic import Field, ValidationError

from pipeline.actors import load_actors
from pipeline.clean.decode import decode_page
from pipeline.errors import ConfigError, RejectError
from pipeline.extract.lexicon import languages, load_pack
from pipeline.extract.text import fold
from pipeline.gazetteer import load_gazetteer
from pipeline.settings import CONFIG, Model, explain_validation, load_yaml
from pipeline.stage import reject_row

Row = dict[str, Any]

INCIDENT, PLACE, BOTH, NEITHER = "incident", "place", "both", "neither"
MAX_CHARS = 5_000_000  # of a page that are looked at; as long as the longest page that is fetched
HIDDEN = re.compile(r"<style\b[^>]*>.*?</style>|<!--.*?-->", re.IGNORECASE | re.DOTALL)
# What is said in attributes: descriptions, alternative texts. Tags themselves are no words.
SAID = re.compile(r"""\b(?:content|alt|title)\s*=\s*(?:"([^"]*)"|'([^']*)')""", re.IGNORECASE)
TAG = re.compile(r"<[^>]*>")
ESCAPED = re.compile(r"\\u([0-9a-fA-F]{4})")
WORD = re.compile(r"[^\W_]+(?:'[^\W_]+)*")
LETTERS = str.maketrans({"\u064a": "\u06cc", "\u0649": "\u06cc", "\u0643": "\u06a9", "\u0640": None, "\u200c": " "})
SCORED = re.compile(r"^triage (\d\.\d{3}):")


class TriageSettings(Model):
    """The content of ``config/triage.yml``."""

    incident_kinds: tuple[str, ...]
    casualty_fields: tuple[str, ...]
    strengths: tuple[str, ...]
    actor_kinds: tuple[str, ...]
    min_word_chars: int = Field(ge=1)
    incidents_wanted: int = Field(ge=1)
    places_wanted: int = Field(ge=1)
    incident_weight: float = Field(ge=0, le=1)
    threshold: float = Field(ge=0, le=1)


@dataclass(frozen=True)
class Judged:
    """The judgement of a page. ``score`` is None where it was not judged; ``reason`` then says why."""

    relevant: bool
    score: float | None
    incidents: tuple[str, ...]
    places: tuple[str, ...]
    reason: str


@dataclass(frozen=True)
class Terms:
    """The words that are looked for, and what they stand for."""

    automaton: Any
    acronyms: re.Pattern[str] | None
    languages: frozenset[str]
    settings: TriageSettings


@cache
def load_terms(config: Path = CONFIG) -> Terms:
    """Compile the words of all languages.

    Raises:
        ConfigError: ``triage.yml``, a lexicon, the gazetteer or the actors cannot be read.
    """
    path = config / "triage.yml"
    try:
        settings = TriageSettings.model_validate(load_yaml(path))
    except ValidationError as error:
        raise explain_validation(path, error) from error
    meaning: dict[str, str] = {}
    known = languages(config / "lexicon")
    for language in known:
        for word, kind in _lexicon_words(config / "lexicon" / language, settings):
            meaning.setdefault(word, kind)
    for word in _place_words(config):
        meaning[word] = PLACE
    actors = [a for a in load_actors(config / "actors.yml").by_id.values() if a.kind in settings.actor_kinds]
    for actor in actors:
        if not actor.umbrella:
            meaning |= dict.fromkeys((normalise(name) for name in actor.names()), BOTH)
    automaton = ahocorasick.Automaton()
    for word, kind in meaning.items():
        if len(word) >= settings.min_word_chars:
            # A leading space makes matches begin with a word; their ends are looked at when they are found.
            automaton.add_word(f" {word}", (word, kind))
    if not len(automaton):
        raise ConfigError(f"{config}: no words for the triage; restore lexicon, gazetteer and actors")
    automaton.make_automaton()
    acronyms = sorted({form for actor in actors for form in actor.acronyms if len(form) > 2}, key=len, reverse=True)
    pattern = re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, acronyms))})(?!\w)") if acronyms else None
    return Terms(automaton, pattern, frozenset(known), settings)


def _lexicon_words(folder: Path, settings: TriageSettings) -> Iterator[tuple[str, str]]:
    """Incident words, and the phrases in which they mean something else."""
    pack = load_pack(folder)
    for entry in pack.entries:
        is_trigger = entry.kind == "trigger" and entry.get("strength") in settings.strengths
        is_toll = entry.kind == "casualty" and entry.get("field") in settings.casualty_fields
        counts = entry.kind in settings.incident_kinds and (entry.kind != "trigger" or is_trigger)
        if not (counts or is_toll):
            continue
        # The longest match wins, so a phrase that means something else silences the word in it.
        yield from ((normalise(phrase), NEITHER) for phrase in entry.not_words)
        yield from ((normalise(word), INCIDENT) for word in entry.words)


def _place_words(config: Path) -> Iterator[str]:
    for place in load_gazetteer(config / "gazetteer").places.values():
        if place.in_theatre and not place.common_word:
            yield from (normalise(name) for name in place.names())


def normalise(text: str) -> str:
    """Words in lower case without accents, Persian letters, single spaces between them."""
    return " ".join(WORD.findall(fold(text.translate(LETTERS))))


def judge_page(
    body: bytes, content_type: str | None, language: str, lead: str = "", terms: Terms | None = None
) -> Judged:
    """Judge the bytes of a page. ``lead`` is what else is known of it: title and summary out of a feed.

    Raises:
        RejectError: ``not_html`` or ``undecodable`` for what is no text.
    """
    return judge_text(f"{lead}\n{visible_text(decode_page(body, content_type, language))}", language, terms)


def judge_text(text: str, language: str, terms: Terms | None = None) -> Judged:
    """Judge plain text by the words in it."""
    terms = terms or load_terms()
    if language not in terms.languages:
        return Judged(True, None, (), (), f"no lexicon of {language}; read without a test")
    found = dict(_find(f" {normalise(text)} ", terms))
    if terms.acronyms:
        found |= dict.fromkeys(terms.acronyms.findall(text), BOTH)
    incidents = tuple(sorted(word for word, kind in found.items() if kind in (INCIDENT, BOTH)))
    places = tuple(sorted(word for word, kind in found.items() if kind in (PLACE, BOTH)))
    score = _score(len(incidents), len(places), terms.settings)
    said = f"{len(incidents)} incident words ({_some(incidents)}), {len(places)} places ({_some(places)})"
    return Judged(score >= terms.settings.threshold, score, incidents, places, said)


def _score(incidents: int, places: int, settings: TriageSettings) -> float:
    weight = settings.incident_weight
    of_incidents = min(1.0, incidents / settings.incidents_wanted)
    of_places = min(1.0, places / settings.places_wanted)
    return round(weight * of_incidents + (1 - weight) * of_places, 3)


def _some(words: tuple[str, ...]) -> str:
    return ", ".join(words[:5]) + (", …" if len(words) > 5 else "")


def _find(text: str, terms: Terms) -> Iterator[tuple[str, str]]:
    """Whole words and phrases, from left to right, the longest of those that begin at a place."""
    longest: dict[int, tuple[int, str, str]] = {}
    for end, (word, kind) in terms.automaton.iter(text):
        start = end - len(word)
        if text[end + 1] == " " and end > longest.get(start, (0, "", ""))[0]:
            longest[start] = (end, word, kind)
    after = -1
    for start in sorted(longest):
        end, word, kind = longest[start]
        # The space before a word may be the one that ends the match before it.
        if start > after:
            after = end
            yield word, kind


def visible_text(page: str) -> str:
    """The words of a page without tags: what is shown, what attributes say, and text that lies in scripts.

    Scripts stay because many pages bring their text as JSON and have a browser build the rest.
    """
    page = HIDDEN.sub(" ", page[:MAX_CHARS])
    said = " ".join(first or second for first, second in SAID.findall(page))
    text = html.unescape(f"{TAG.sub(' ', page)} {said}")
    return ESCAPED.sub(lambda match: chr(int(match[1], 16)), text) if "\\u" in text else text


def irrelevant_row(capture: Row, judged: Judged) -> Row:
    """The row of ``reject`` for a page that is not read; it holds the score, so that recall can be audited.

    Raises:
        ConfigError: the page was judged relevant, or not judged.
    """
    if judged.relevant or judged.score is None:
        raise ConfigError(f"{capture['capture_id']} is relevant or was not judged; read it")
    reason = "no_event" if len(judged.incidents) == 0 or judged.places else "outside_theatre"
    locator = f"{capture['final_url']} in {capture['warc_file']} at byte {capture['warc_offset']}"
    detail = f"triage {judged.score:.3f}: {judged.reason}"
    return reject_row("clean", capture["source_id"], capture["day"], capture["capture_id"], reason, detail, locator)


def sample_irrelevant(rejects: pl.DataFrame, n: int, seed: int = 0) -> pl.DataFrame:
    """Pages for a person to look at: ``n`` of those that the triage left out, with their ``score``, highest first.

    Half of them are those nearest to the threshold, where a mistake is likeliest; half are drawn from the rest, so
    that the share of wrong ones among them estimates what is lost.
    """
    scored = rejects.with_columns(
        pl.col("detail").str.extract(SCORED.pattern, 1).cast(pl.Float64).alias("score")
    ).filter(pl.col("score").is_not_null())
    ordered = scored.sort("score", "reject_id", descending=[True, False])
    near = ordered.head(n - n // 2)
    rest = ordered.slice(near.height)
    drawn = random.Random(seed).sample(range(rest.height), min(n // 2, rest.height))
    return pl.concat([near, rest[sorted(drawn)]])


def triage(
    captures: Iterable[tuple[Row, bytes]], language: str, leads: dict[str, str] | None = None
) -> tuple[list[str], list[Row]]:
    """Part captures into those to be read, by id, and rows of ``reject`` for the others.

    What cannot be decoded is left to cleaning, which says why. Nothing is lost: every capture is in one of the two.
    """
    kept: list[str] = []
    rejects: list[Row] = []
    for capture, body in captures:
        try:
            judged = judge_page(body, capture["content_type"], language, (leads or {}).get(capture["link_id"], ""))
        except RejectError:
            kept.append(capture["capture_id"])
            continue
        if judged.relevant:
            kept.append(capture["capture_id"])
        else:
            rejects.append(irrelevant_row(capture, judged))
    return kept, rejects
