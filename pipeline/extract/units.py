"""A sentence as a row of units: known forms, numbers, words and punctuation, each with offsets."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass

from pipeline.extract.match import Form, Hit, Sense
from pipeline.extract.text import words

_NONE: Form = {}
_SPACED_DASHES = frozenset("-–—―−")


@dataclass(slots=True)
class Unit:
    """One unit of a sentence.

    Attributes:
        text: folded text of the unit.
        form: senses that the vocabulary knows for it.
        capital: the raw text starts with a capital.
        number: value of a plain number in digits.
        mark: punctuation.
    """

    start: int
    end: int
    text: str
    form: Form
    capital: bool
    number: int | None = None
    mark: bool = False

    def sense(self, kind: str) -> Sense | None:
        """The sense of a kind, if the unit has it."""
        return self.form.get(kind)

    def role(self, kind: str) -> str | None:
        """The role (or main attribute) of the sense of a kind."""
        sense = self.form.get(kind)
        return sense.entry.attributes.get("role") if sense and sense.entry else None

    def cue(self, *roles: str) -> bool:
        """Whether the unit is a cue in one of the roles."""
        sense = self.form.get("cue")
        return sense is not None and any(role in roles for role in sense.roles)


def units_of(text: str, folded: str, hits: Sequence[Hit], start: int, end: int) -> list[Unit]:
    """Units of the range, in order. Hits win over plain words; a dash between spaces is a mark."""
    row: list[Unit] = []
    position = start
    index = bisect_left(hits, start, key=_start)
    while index < len(hits) and hits[index].end <= end:
        hit = hits[index]
        _plain(row, text, folded, position, hit.start)
        row.append(Unit(hit.start, hit.end, folded[hit.start : hit.end], hit.form, text[hit.start].isupper()))
        position = hit.end
        index += 1
    _plain(row, text, folded, position, end)
    return row


def _start(hit: Hit) -> int:
    return hit.start


def _plain(row: list[Unit], text: str, folded: str, start: int, end: int) -> None:
    if start >= end:
        return
    previous = start
    for begin, stop in words(folded, start, end):
        if begin > previous:
            _dash(row, text, previous, begin)
        word = folded[begin:stop]
        if word[0].isdigit():
            row.append(Unit(begin, stop, word, _NONE, False, _value(word)))
        elif word[0].isalpha():
            row.append(Unit(begin, stop, word, _NONE, text[begin].isupper()))
        else:
            row.append(Unit(begin, stop, word, _NONE, False, None, True))
        previous = stop
    if previous < end:
        _dash(row, text, previous, end)


def _dash(row: list[Unit], text: str, start: int, end: int) -> None:
    """A gap that holds a dash with space on both sides separates like punctuation."""
    gap = text[start:end]
    for offset, char in enumerate(gap):
        if char in _SPACED_DASHES:
            at = start + offset
            before = text[at - 1] if at else " "
            after = text[at + 1] if at + 1 < len(text) else " "
            if char in "—―" or (before.isspace() and after.isspace()):
                row.append(Unit(at, at + 1, "-", _NONE, False, None, True))
                return


def _value(word: str) -> int | None:
    """1,200 is 1200; times, decimals and dates are no counts."""
    plain = word.replace(",", "")
    if not plain.isdecimal() or len(plain) > 7:
        return None
    return int(plain)
