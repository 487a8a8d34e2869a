"""Places of a sentence: which are named, in what relation ("in", "from", "near"), and which homonym is meant."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from pipeline.extract.units import Unit
from pipeline.gazetteer import Place

LEVELS = {"country": 0, "province": 1, "road": 2, "site": 2, "district": 3, "area": 4, "town": 4, "village": 5}
KIND_LEVEL = {"province": "province", "district": "district", "city": "town", "town": "town", "village": "village",
              "road": "road", "coast": "area", "area": "area", "mountain": "area", "valley": "area",
              "neighbourhood": "village", "crossing": "village", "border_post": "village", "pass": "village",
              "camp": "village", "river": "area"}  # fmt: skip
NAMED_PREC = {"district": 3, "town": 2, "road": 5, "area": 2, "village": 2, "site": 2, "province": 4}
MAX_BACK = 9
WIDE = ("province", "country")
PART_OF_COUNTRY = 4  # where_prec of "southeastern Iran"
WHOLE_COUNTRY = 6  # UCDP where_prec of a country


def level_of(place: Place) -> str:
    """The kind of a place, reduced to the levels of this module."""
    if place.precision >= WHOLE_COUNTRY:
        return "country"
    if place.kind in ("area", "coast") and place.precision >= PART_OF_COUNTRY:
        return "province"
    return KIND_LEVEL.get(place.kind, "site")


@dataclass(frozen=True, slots=True)
class Where:
    """One naming of a place in a sentence.

    Attributes:
        role: in, near, from, to, between, attr ("the Mastung attack"), office ("Harnai police"), home, bare.
        place: the place of the gazetteer; None for a name that it does not know.
        parent: the known place that the words put around it.
    """

    name: str
    start: int
    end: int
    at: int
    role: str
    level: str
    place: Place | None = None
    candidates: tuple[Place, ...] = ()
    parent: Place | None = None
    rule: str = "place.gazetteer"


def wheres_of(row: Sequence[Unit], text: str, places: Mapping[str, Place]) -> list[Where]:
    """All places of a sentence, known and unknown, in order, homonyms still open."""
    found: list[Where] = []
    i = 0
    while i < len(row):
        unit = row[i]
        sense = unit.sense("place")
        if sense is not None and "source" not in unit.form and not _is_name_of_person(row, i):
            candidates = tuple(places[ref] for ref in sense.refs)
            level = _level_after(row, i) or level_of(candidates[0])
            found.append(Where(candidates[0].name, unit.start, unit.end, i, role_of(row, i), level,
                               candidates[0] if len(candidates) == 1 else None, candidates))  # fmt: skip
            i += 1
            continue
        unknown = _unknown(row, i, text)
        if unknown is not None:
            where, i = unknown
            found.append(where)
            continue
        i += 1
    return found


def _is_name_of_person(row: Sequence[Unit], i: int) -> bool:
    """ "Siraj Bolan said": a place name inside a run of capitalised unknown words is a person's name."""

    def plain(unit: Unit) -> bool:
        return unit.capital and not unit.form and not unit.mark

    before = i > 0 and plain(row[i - 1]) and row[i].start - row[i - 1].end <= 1
    if not before:
        return False
    after = row[i + 1] if i + 1 < len(row) else None
    return not (after and after.sense("place_noun"))


def _level_after(row: Sequence[Unit], i: int) -> str | None:
    """ "Zhob district" is the district, "Quetta city" the town."""
    for j in (i + 1, i - 1):
        if 0 <= j < len(row) and row[j].sense("place_noun"):
            sense = row[j].sense("place_noun")
            if sense and sense.entry and sense.entry.get("level") in ("district", "town", "province"):
                return str(sense.entry.get("level"))
    return None


def _unknown(row: Sequence[Unit], i: int, text: str) -> tuple[Where, int] | None:
    """A capitalised name beside a place noun: "the Janthali area", "area of Maro", "Star Plus Market"."""
    if not _may_name(row[i]):
        return None
    j = i
    while j < len(row) and j - i < 4 and _may_name(row[j]) and (j == i or row[j].start - row[j - 1].end <= 2):
        j += 1
    noun = row[j].sense("place_noun") if j < len(row) else None
    start, end, level, stop = row[i].start, row[j - 1].end, "area", j
    if noun and noun.entry and noun.entry.get("order", "after") in ("after", "both"):
        if (
            j + 2 < len(row)
            and row[j + 1].role("relation") == "of"
            and (row[j + 2].capital or row[j + 2].sense("place"))
        ):
            return None  # "the southern city of X": the noun belongs to X
        level = str(noun.entry.get("level"))
        stop = j + 1
        if level in ("road", "site") and row[j].capital:
            end = row[j].end
    elif _noun_before(row, i):
        level = _noun_before(row, i) or "area"
    elif not _placed_by_comma(row, i, j):
        return None
    role = role_of(row, i)
    return Where(text[start:end], start, end, i, role, level, rule="place.named"), stop


def _may_name(unit: Unit) -> bool:
    return unit.capital and not unit.mark and not (unit.form.keys() - {"blank"}) and len(unit.text) > 1


def _noun_before(row: Sequence[Unit], i: int) -> str | None:
    """ "the village of X", "area of X"."""
    j = i - 1
    if j >= 1 and row[j].role("relation") == "of":
        sense = row[j - 1].sense("place_noun")
        if sense and sense.entry:
            return str(sense.entry.get("level"))
    sense = row[j].sense("place_noun") if j >= 0 else None
    if sense and sense.entry and sense.entry.get("order") in ("before", "both"):
        return str(sense.entry.get("level"))
    return None


def _placed_by_comma(row: Sequence[Unit], i: int, j: int) -> bool:
    """ "in Naukor, Panjgur", "near Khadkocha in Mastung": an unknown name between a relation and a known place."""
    if not i or row[i - 1].role("relation") not in ("in", "near") or j + 1 >= len(row):
        return False
    link = row[j]
    if link.text != "," and link.role("relation") not in ("in", "of", "near"):
        return False
    return any(unit.sense("place") for unit in row[j + 1 : j + 4])


def role_of(row: Sequence[Unit], i: int) -> str:
    """The relation in which the place at unit i is named."""
    after = row[i + 1] if i + 1 < len(row) else None
    if after is not None and (after.cue("home") or after.role("relation") == "by"):
        return "home"
    if after is not None and (after.sense("source") or _title_follows(row, i)):
        return "office"
    of_seen, head = False, -1
    j = i - 1
    if j >= 0 and (row[j].sense("trigger") or row[j].sense("casualty")):
        return "attr"  # "hit Kharan"
    for _ in range(MAX_BACK):
        if j < 0:
            break
        unit = row[j]
        role = unit.role("relation")
        if unit.cue("home"):
            return "home"
        if role == "of":
            of_seen, head = True, j - 1
        elif role == "from":
            return "in" if _taken_from(row, j) else role
        elif role == "to" and j < i - 1 and not _is_goal(row[j + 1]):
            pass  # "tried to enter the district"
        elif role is not None:
            return _really(row, i, j) or role if role in ("in", "near") else role
        elif unit.sense("source") and j == head:
            return "office"
        elif unit.sense("victim") and j == head:
            return "home"
        elif (unit.sense("target") and j == head) or ((unit.sense("trigger") or unit.sense("casualty")) and of_seen):
            return "in"
        elif unit.text == "," and j and (row[j - 1].sense("place") or row[j - 1].sense("place_noun")
                                         or row[j - 1].capital):  # fmt: skip
            j -= 1
            continue
        elif (
            unit.mark
            or unit.sense("trigger")
            or unit.sense("casualty")
            or unit.sense("speech")
            or unit.sense("victim")
            or unit.sense("actor")
        ):
            break
        j -= 1
    if after is not None and (after.sense("trigger") or after.sense("casualty") or after.sense("target")):
        return "attr"
    if after is not None and after.sense("victim"):
        return "attr"
    return "bare"


def _really(row: Sequence[Unit], i: int, j: int) -> str | None:
    """ "officials in Quetta said" is an office, "taken to a hospital in Quetta" where somebody goes."""
    said = any("speech" in unit.form for unit in row[i + 1 : i + 3])
    if j and said and (row[j - 1].sense("source") or row[j - 1].sense("actor")):
        return "office"
    for k in range(j - 1, max(j - MAX_BACK, 0) - 1, -1):
        unit = row[k]
        if unit.mark or any(unit.sense(kind) for kind in ("trigger", "casualty", "speech", "place")):
            return None
        if unit.role("relation") == "to":
            return "to" if _is_goal(row[k + 1]) else None
        if unit.role("relation") not in (None, "of"):
            return None
    return None


def _is_goal(unit: Unit) -> bool:
    return bool(
        unit.cue("determiner")
        or "number" in unit.form
        or unit.sense("target")
        or unit.sense("place_noun")
        or unit.capital
    )


def _taken_from(row: Sequence[Unit], j: int) -> bool:
    """ "abducted from the Mola area": people are taken from where it happened."""
    return any(
        unit.form["casualty"].entry is not None and unit.form["casualty"].entry.get("field") == "abducted"
        for unit in row[max(j - MAX_BACK, 0) : j]
        if "casualty" in unit.form
    )


def _title_follows(row: Sequence[Unit], i: int) -> bool:
    """ "Panjgur deputy commissioner Zakir ..." is an office; so is "Zhob district police officer"."""
    for unit in row[i + 1 : i + 3]:
        if unit.sense("source"):
            return True
        if not unit.sense("place_noun"):
            return False
    return False


def choose_homonyms(sentences: Sequence[Sequence[Where]], source_country: str | None) -> list[list[Where]]:
    """Settle each ambiguous name by its sentence first, then by the countries and provinces of the article."""
    votes: Counter[tuple[str | None, str | None]] = Counter()
    for found in sentences:
        for where in found:
            if where.place is not None:
                votes[where.place.country, where.place.admin1] += 1
    settled = []
    for found in sentences:
        near: Counter[tuple[str | None, str | None]] = Counter()
        for where in found:
            if where.place is not None:
                near[where.place.country, where.place.admin1] += 1
        settled.append([_settle(where, near, votes, source_country) for where in found])
    return settled


def _settle(
    where: Where,
    near: Counter[tuple[str | None, str | None]],
    votes: Counter[tuple[str | None, str | None]],
    source_country: str | None,
) -> Where:
    if where.place is not None or not where.candidates:
        return where

    def weight(place: Place) -> tuple[float, ...]:
        def score(counter: Counter[tuple[str | None, str | None]]) -> float:
            same_province = counter[place.country, place.admin1]
            same_country = sum(n for (country, _), n in counter.items() if country == place.country)
            return same_province + 0.5 * same_country

        level = 1.0 if level_of(place) == where.level else 0.0
        return score(near), score(votes), float(place.country == source_country), level, -LEVELS[level_of(place)]

    best = max(where.candidates, key=weight)
    return replace(where, place=best, name=best.name)


def with_parents(wheres: Sequence[Where], row: Sequence[Unit]) -> list[Where]:
    """Give unknown names the known place beside them: the next one in the same phrase, else the one before."""
    done: list[Where] = []
    for index, where in enumerate(wheres):
        if where.place is None and where.parent is None:
            after = next((w for w in wheres[index + 1 : index + 2] if w.place and w.at - where.at <= 8), None)
            before = next((w for w in reversed(wheres[:index]) if w.place and where.at - w.at <= 8), None)
            near = after or before
            where = replace(where, parent=near.place) if near else where
        done.append(where)
    return done
