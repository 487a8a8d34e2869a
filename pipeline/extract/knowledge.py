"""What the reader knows beside the words: actors, places, and the few judgements of ``config/reading.yml``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from pydantic import Field, ValidationError

from pipeline.actors import Actor, load_actors
from pipeline.gazetteer import Gazetteer, Place, load_gazetteer
from pipeline.settings import Model, explain_validation, load_yaml


class Judgement(Model):
    """The content of ``config/reading.yml``."""

    max_words: int = Field(gt=0)
    news_days: int = Field(gt=0)
    state_kinds: frozenset[str]
    armed_kinds: frozenset[str]
    silent: frozenset[str]
    default_force: dict[str, str]
    default_court: dict[str, str]
    governments: dict[str, str]
    named_by_district: frozenset[str]
    generic_forces: dict[str, dict[str, str]]
    theatre: list[tuple[str, str]]
    air_forces: frozenset[str]
    state_types: frozenset[str]
    targets: dict[str, str]
    weapon_types: dict[str, str]


@dataclass(frozen=True)
class Knowledge:
    """Actors and places by id, and the judgements."""

    actors: Mapping[str, Actor]
    places: Mapping[str, Place]
    gazetteer: Gazetteer
    judgement: Judgement

    @cached_property
    def states(self) -> dict[str, str]:
        """The country of each actor that is an organ of Iran or Pakistan, by actor id."""
        return {
            actor.id: actor.side
            for actor in self.actors.values()
            if actor.kind in self.judgement.state_kinds and actor.side in self.judgement.governments
        }

    def is_state(self, actor_id: str) -> bool:
        """Whether the actor belongs to a state."""
        return self.actors[actor_id].kind in self.judgement.state_kinds

    def is_doer(self, actor_id: str) -> bool:
        """Whether the actor may do something in an event, rather than speak or suffer."""
        actor = self.actors[actor_id]
        kinds = self.judgement.state_kinds | self.judgement.armed_kinds
        return actor.kind in kinds and actor_id not in self.judgement.silent and not actor.umbrella

    def is_force(self, actor_id: str) -> bool:
        """Whether the actor is a force of a state, not its government."""
        return self.is_state(actor_id) and self.actors[actor_id].kind != "government"

    def is_armed(self, actor_id: str) -> bool:
        """Whether the actor is an armed group with a name of its own, no umbrella label."""
        actor = self.actors[actor_id]
        silent = actor_id in self.judgement.silent
        return actor.kind in self.judgement.armed_kinds and not actor.umbrella and not silent


def load_knowledge(config: Path) -> Knowledge:
    """Read actors, gazetteer and judgements of a configuration folder.

    Raises:
        ConfigError: a file is missing or wrong.
    """
    path = config / "reading.yml"
    try:
        judgement = Judgement.model_validate(load_yaml(path))
    except ValidationError as error:
        raise explain_validation(path, error) from error
    gazetteer = load_gazetteer(config / "gazetteer")
    return Knowledge(load_actors(config / "actors.yml").by_id, gazetteer.places, gazetteer, judgement)
