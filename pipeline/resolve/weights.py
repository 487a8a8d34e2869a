"""The judgement of ``config/resolve.yml``: what speaks for and against two mentions being one event."""

from __future__ import annotations

from functools import cache, cached_property
from pathlib import Path

from pydantic import Field, ValidationError, model_validator

from pipeline.settings import CONFIG, Model, explain_validation, load_yaml


class Points(Model):
    """Points of each kind of agreement; they add up to the score of a pair."""

    date_same: float
    date_overlap: float
    date_month: float
    date_year: float
    date_next: float
    date_apart: float
    date_unknown: float
    place_same: float
    place_near: float
    place_around: float
    place_seat: float
    place_province: float
    place_country: float
    place_unknown: float
    type_family: float
    type_same: float
    actor_same: float
    actor_kin: float
    actor_differs: float
    target_same: float
    target_differs: float
    toll_far: float
    toll_close: float
    toll_near: float
    toll_unequal: float
    toll_groups_differ: float
    person_same: float
    person_differs: float
    text_alike: float
    text_copy: float
    same_article: float


class Weights(Model):
    """The content of ``config/resolve.yml``."""

    families: dict[str, tuple[str, ...]]
    kindred: tuple[tuple[str, str, float], ...]
    points: Points
    toll_equal: dict[int, float]
    near_km: float = Field(gt=0)
    around_km: float = Field(gt=0)
    border_km: float = Field(gt=0)
    alike_from: float = Field(gt=0, le=1)
    alike_words: int = Field(gt=0)
    distinctive: float = Field(gt=0)
    undistinctive: float = Field(ge=0, le=1)
    margin: float = Field(ge=0)
    repel: float = Field(ge=0, le=1)
    nobody: tuple[str, ...]
    kin: tuple[tuple[str, ...], ...]
    targets: dict[str, tuple[str, ...]]

    @model_validator(mode="after")
    def _families_known(self) -> Weights:
        types = [kind for kinds in self.families.values() for kind in kinds]
        if len(types) != len(set(types)):
            raise ValueError("families: an event type belongs to two families")
        for one, other, _ in self.kindred:
            for name in (one, other):
                if name not in self.families:
                    raise ValueError(f"kindred: no family {name!r}; known: {', '.join(self.families)}")
        return self

    def family(self, event_type: str) -> str:
        """The family of an event type; a type that no family lists is a family of its own."""
        return self._family_of.get(event_type, event_type)

    def kinship(self, one: str, other: str) -> float | None:
        """Share of the type points that two families earn together; null where they are a conflict."""
        return 1.0 if one == other else self._shares.get((one, other))

    @cached_property
    def _family_of(self) -> dict[str, str]:
        return {kind: family for family, kinds in self.families.items() for kind in kinds}

    @cached_property
    def _shares(self) -> dict[tuple[str, str], float]:
        both_ways = [(one, other, share) for one, other, share in self.kindred]
        both_ways += [(other, one, share) for one, other, share in self.kindred]
        return {(one, other): share for one, other, share in both_ways}


@cache
def load_weights(path: Path = CONFIG / "resolve.yml") -> Weights:
    """Read ``config/resolve.yml``.

    Raises:
        ConfigError: unknown or missing key, a type in two families, a kindred pair of unknown families.
    """
    try:
        return Weights.model_validate(load_yaml(path))
    except ValidationError as error:
        raise explain_validation(path, error) from error
