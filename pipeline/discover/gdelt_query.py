"""Queries for GDELT from the words of ``config/``: incidents and places, in pieces of bounded length."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path

from pipeline.actors import load_actors
from pipeline.errors import ConfigError
from pipeline.extract.lexicon import load_pack
from pipeline.gazetteer import load_gazetteer
from pipeline.settings import CONFIG

# The service names no number for "too long". Addresses beyond about 2,000 characters fail in many places, and
# percent-encoding doubles a query; where even this is refused the adapter asks again with half.
MAX_QUERY_CHARS = 500
MIN_QUERY_CHARS = 120
MIN_TERM_CHARS = 4  # shorter keywords are refused by the service
# The service translates what it reads into English and searches there, so English words find Persian and Urdu too.
LANGUAGE = "en"
PLACE_KINDS = frozenset({"province", "district", "city", "port", "crossing", "border_post"})


def lexicon_queries(suffix: str = "", max_chars: int = MAX_QUERY_CHARS, config: Path = CONFIG) -> list[str]:
    """Queries that together ask for every pair of an incident word and a place, and for every armed group.

    Args:
        suffix: operators that every query ends with, such as ``domainis:`` of the outlet.
        max_chars: longest query.

    Raises:
        ConfigError: the words cannot be read, or one alone is longer than a query may be.
    """
    incidents, places, groups = _terms(config)
    return build_queries(incidents, places, suffix, max_chars) + build_queries(groups, (), suffix, max_chars)


def build_queries(
    first: Sequence[str], second: Sequence[str], suffix: str = "", max_chars: int = MAX_QUERY_CHARS
) -> list[str]:
    """Queries ``(a OR b) (c OR d) suffix`` of at most ``max_chars`` that cover every pair of the two lists.

    With an empty second list, queries ``(a OR b) suffix``. Terms of several words become phrases; characters that
    are operators of the service are taken out, and terms that it refuses for their shortness are left out.

    Raises:
        ConfigError: a term alone is longer than its share of a query.
    """
    room = max_chars - len(suffix) - 2
    share = room if not second else room // 2
    groups = _pack(_quoted(first), share)
    others = _pack(_quoted(second), room - share) if second else [""]
    return [" ".join(part for part in (group, other, suffix) if part) for group in groups for other in others]


def host_filter(hosts: Iterable[str]) -> str:
    """The operator that keeps to outlets: their exact domain or its subdomains, without path and port."""
    names = sorted({host.partition("/")[0].partition(":")[0].removeprefix("www.") for host in hosts})
    filters = [f"domain:{name}" for name in names]
    return filters[0] if len(filters) == 1 else f"({' OR '.join(filters)})"


def _quoted(terms: Iterable[str]) -> list[str]:
    cleaned = (" ".join("".join(c if c.isalnum() or c in "'." else " " for c in term).split()) for term in terms)
    kept = dict.fromkeys(term.strip("'. ") for term in cleaned)
    return [f'"{term}"' if " " in term else term for term in kept if len(term) >= MIN_TERM_CHARS]


def _pack(terms: list[str], room: int) -> list[str]:
    """Groups ``(a OR b)`` of at most ``room`` characters; one term stands alone, as the service demands."""
    packed: list[list[str]] = []
    size = 0
    for term in terms:
        if len(term) > room:
            raise ConfigError(f"term {term} of {len(term)} characters does not fit into a query of {room}")
        if packed and size + len(" OR ") + len(term) <= room:
            packed[-1].append(term)
            size += len(" OR ") + len(term)
        else:
            packed.append([term])
            size = len(term) + 2
    return [group[0] if len(group) == 1 else f"({' OR '.join(group)})" for group in packed]


@cache
def _terms(config: Path) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
    """Single words of strong triggers, names of the larger places of the theatre, names of armed groups."""
    pack = load_pack(config / "lexicon" / LANGUAGE)
    triggers = [entry for entry in pack.of("trigger") if entry.get("strength") == "strong"]
    incidents = dict.fromkeys(word for entry in triggers for word in entry.words if " " not in word)
    places = dict.fromkeys(
        place.name
        for place in load_gazetteer(config / "gazetteer").places.values()
        if place.in_theatre and place.kind in PLACE_KINDS and not place.common_word
    )
    actors = load_actors(config / "actors.yml").by_id.values()
    # The longest spelling of a group is the one that names nothing else.
    groups = dict.fromkeys(
        max((actor.name, *actor.aliases.get(LANGUAGE, ())[:1]), key=len)
        for actor in actors
        if actor.kind == "rebel" and not actor.umbrella
    )
    return tuple(incidents), tuple(places), tuple(groups)
