"""From mentions and claims to the incidents of the output contract: the fold of one article."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pipeline.extract.reading import Article, ClaimReading, MentionReading, Reading

Json = dict[str, Any]
STATE_RULES = ("actor.state", "actor.default")
MUTUAL_TYPES = ("armed_clash", "border_skirmish", "air_strike", "drone_strike", "missile_strike", "shelling", "other")
STATE_TYPES = ("raid_operation", "arrest", "execution", "protest_crackdown")
ONE_SIDED = ("claimed", "accused")


def line_of(article: Article, reading: Reading) -> Json:
    """One output line of the contract."""
    return {
        "id": article.id,
        "lang": reading.language,
        "relevant": reading.relevant,
        "relevance": round(reading.relevance, 3),
        "incidents": [
            incident_of(article.text, mention) for mention in reading.mentions if mention.polarity == "asserted"
        ],
    }


def incident_of(text: str, mention: MentionReading) -> Json:
    """One mention folded to an incident of the contract."""
    claims = mention.claims
    place = _first(claims, "place")
    perpetrator, claimed_by, target = (_first(claims, name) for name in ("perpetrator", "claimed_by", "target"))
    return {
        "role": mention.role,
        "event_type": mention.event_type,
        "in_theatre": mention.is_in_theatre,
        "date": _date(_first(claims, "date")),
        "place": {
            "name": place.value if place else None,
            "country": _country(place.country if place else None),
            "admin1": place.admin1 if place else None,
            "lat": place.lat if place else None,
            "lon": place.lon if place else None,
            "precision": place.where_prec if place else None,
        },
        "perpetrator": perpetrator.value if perpetrator else None,
        "claimed_by": claimed_by.value if claimed_by else None,
        "target": target.value if target else None,
        "weapons": sorted({claim.value for claim in claims if claim.field == "weapon" and claim.value}),
        "killed": toll_of(claims, "killed", _by_state(perpetrator, mention.event_type)),
        "injured": toll_of(claims, "injured"),
        "attributed_to": list(dict.fromkeys(claim.speaker for claim in claims if claim.speaker)),
        "confidence": round(mention.confidence, 3),
        "evidence": [_evidence(text, claim) for claim in claims],
    }


def _first(claims: Sequence[ClaimReading], name: str) -> ClaimReading | None:
    return next((claim for claim in claims if claim.field == name and claim.stance != "denied"), None)


def _country(code: str | None) -> str | None:
    return code if code in (None, "IR", "PK", "AF") else "other"


def _date(claim: ClaimReading | None) -> Json:
    if claim is None or claim.starts_on is None:
        return {"start": None, "end": None, "precision": "unknown"}
    end = claim.ends_on or claim.starts_on
    return {"start": claim.starts_on.isoformat(), "end": end.isoformat(), "precision": claim.precision}


def _by_state(perpetrator: ClaimReading | None, event_type: str) -> bool | None:
    """Whether forces of a state acted, None where either may have: their dead enemies are the killed."""
    if perpetrator:
        return perpetrator.rule in STATE_RULES
    if event_type in STATE_TYPES:
        return True
    return None if event_type in MUTUAL_TYPES else False


def toll_of(claims: Sequence[ClaimReading], name: str, by_state: bool | None = False) -> Json:
    """Low, best and high of one field; `attackers` are the dead of the side that attacked, null where a state did,
    or where nobody is named and only militants died.

    A total stands; victims and attackers are added where no total is given, or where the total equals its victims.
    A figure known only from one side's claim stays apart. Rival totals: best is the last official one.
    """
    figures = [claim for claim in claims if claim.field == name and (claim.best is not None or claim.low is not None)]
    open_ = [claim for claim in figures if claim.stance == "reported"]
    one_sided = [claim for claim in figures if claim.stance in ONE_SIDED]
    totals = [claim for claim in open_ if claim.victim_group == "all"]
    attackers = [claim for claim in open_ if claim.victim_group == "attackers"]
    victims = {
        group: [claim for claim in open_ if claim.victim_group == group]
        for group in ("security_forces", "civilians", "unknown")
    }
    victim_sum = sum(_best(found) or 0 for found in victims.values() if found)
    attacker_best = _best(attackers)
    lone = by_state is None and attackers and not totals and not any(victims.values())
    result: Json = {"low": None, "best": None, "high": None, "attackers": None if by_state or lone else attacker_best,
                    "claimed": _best(one_sided) if one_sided else None}  # fmt: skip
    if totals:
        added = attacker_best if attacker_best and _best(totals) == victim_sum else 0
        result |= _range(totals, added or 0)
    elif any(victims.values()):
        result |= _add([_range(found, 0) for found in victims.values() if found])
        if attackers:
            result |= _add([result, _range(attackers, 0)])
    elif attackers:
        result |= _range(attackers, 0)
    return result


def _best(claims: Sequence[ClaimReading]) -> int | None:
    known = [claim for claim in claims if claim.best is not None]
    if not known:
        return None
    return known[0].best


def _range(claims: Sequence[ClaimReading], added: int) -> Json:
    best = _best(claims)
    lows = [claim.low if claim.low is not None else claim.best for claim in claims]
    known = [value for value in lows if value is not None]
    highs = [claim.high if claim.high is not None else claim.best for claim in claims]
    tops = [value for value in highs if value is not None]
    low = min(known) + added if known else None
    high = max(tops) + added if tops else None
    if any(claim.best is None and claim.high is None for claim in claims):
        high = None
    return {"low": low, "best": best + added if best is not None else None, "high": high}


def _add(ranges: Sequence[Json]) -> Json:
    total: Json = {}
    for name in ("low", "best", "high"):
        values = [item[name] for item in ranges]
        total[name] = sum(values) if all(value is not None for value in values) else None
    return total


def _evidence(text: str, claim: ClaimReading) -> Json:
    return {
        "field": claim.field,
        "quote": text[claim.span.start : claim.span.end],
        "start": claim.span.start,
        "end": claim.span.end,
        "speaker": claim.speaker,
        "stance": claim.stance,
    }
