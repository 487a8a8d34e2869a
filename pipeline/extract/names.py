"""Names of actors and places as senses of the vocabulary."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from pipeline.actors import Actor
from pipeline.errors import ConfigError
from pipeline.extract.lexicon import Pack
from pipeline.extract.match import Sense
from pipeline.extract.text import fold
from pipeline.gazetteer import Place

SECURITY, ATTACKERS = 1, 2  # what a number counts when an actor is its noun ("14 border guards")


def actor_senses(
    actors: Mapping[str, Actor], state: frozenset[str], armed: frozenset[str], language: str
) -> Iterator[tuple[str, Sense]]:
    """Folded spellings of all actors in one language. Acronyms count only in capitals."""
    for actor in actors.values():
        if actor.kind not in state | armed:
            continue
        group = SECURITY if actor.kind in state else ATTACKERS
        for name in actor.names(language):
            yield fold(name), Sense("actor", None, group, (actor.id,), cased=name[:1].isupper())
        for acronym in actor.acronyms:
            yield fold(acronym), Sense("actor", None, group, (actor.id,), upper=True)


def alias_senses(pack: Pack, actors: Mapping[str, Actor], state: frozenset[str]) -> Iterator[tuple[str, Sense]]:
    """Names that the pack of a language gives to actors.

    Raises:
        ConfigError: an entry names an actor that ``config/actors.yml`` does not know.
    """
    for entry in pack.of("alias"):
        actor = actors.get(str(entry.get("actor")))
        if actor is None:
            raise ConfigError(f"{entry.origin}: entry {entry.id!r}: no actor {entry.get('actor')!r} in actors.yml")
        group = SECURITY if actor.kind in state else ATTACKERS
        for word in entry.words:
            yield word, Sense("actor", None, group, (actor.id,))


def place_senses(places: Iterable[Place], language: str) -> Iterator[tuple[str, Sense]]:
    """Folded spellings of all places in one language."""
    for place in places:
        for name in place.names(language):
            yield fold(name), Sense("place", refs=(place.place_id,), cased=name[:1].isupper())
