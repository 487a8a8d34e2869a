"""One pass over the folded text finds every known word: lexicon, actors and places in one Aho-Corasick automaton."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

import ahocorasick

from pipeline.extract.lexicon import Entry, Pack


@dataclass(frozen=True, slots=True)
class Sense:
    """One meaning of a surface form.

    Attributes:
        entry: lexicon entry, for words of the pack.
        value: number that the pack gives to the word.
        roles: for cues, every role that entries give to the word.
        refs: ids of actors or places that bear this name.
        cased: counts only where written with a capital; `upper`: only where written in capitals.
    """

    kind: str
    entry: Entry | None = None
    value: int | None = None
    refs: tuple[str, ...] = ()
    cased: bool = False
    upper: bool = False
    roles: tuple[str, ...] = ()


Form = Mapping[str, Sense]
"""Senses of one surface form by kind."""

BLANK = "blank"  # a phrase in which a word of an entry means something else; its roles are the ids of those entries


@dataclass(frozen=True, slots=True)
class Hit:
    """A known form in the text."""

    start: int
    end: int
    form: Form


class Vocabulary:
    """All surface forms of one language; built once."""

    def __init__(self, pack: Pack, names: Iterable[tuple[str, Sense]]) -> None:
        forms: dict[str, dict[str, Sense]] = {}
        for entry in pack.entries:
            for word, value in entry.words.items():
                sense = Sense(entry.kind, entry, value, cased=entry.cased)
                role = entry.attributes.get("role")
                senses = forms.setdefault(word, {})
                known = senses.get(entry.kind)
                if known is None:
                    senses[entry.kind] = replace(sense, roles=(role,) if role else ())
                elif role:
                    senses[entry.kind] = replace(known, roles=(*known.roles, role))
            for word in entry.not_words:
                known_blank = forms.setdefault(word, {}).get(BLANK)
                kinds = (*(known_blank.roles if known_blank else ()), entry.id)
                forms[word][BLANK] = Sense(BLANK, roles=kinds)
        for name, sense in names:
            senses = forms.setdefault(name, {})
            old = senses.get(sense.kind)
            if old is not None and old.refs:
                merged = tuple(dict.fromkeys(old.refs + sense.refs))
                senses[sense.kind] = replace(old, refs=merged, cased=old.cased and sense.cased,
                                             upper=old.upper and sense.upper)  # fmt: skip
            else:
                senses.setdefault(sense.kind, sense)
        self.forms = forms
        self._automaton = ahocorasick.Automaton()
        for word, form in forms.items():
            if word:
                self._automaton.add_word(word, (len(word), form))
        self._automaton.make_automaton()

    def hits(self, text: str, folded: str) -> list[Hit]:
        """Longest non-overlapping forms at word boundaries, leftmost first; capitals are asked for where needed."""
        found: list[tuple[int, int, Form]] = []
        size = len(folded)
        for last, (length, form) in self._automaton.iter(folded):
            end = last + 1
            start = end - length
            if start and folded[start - 1].isalnum() and folded[start].isalnum():
                continue
            if end < size and folded[end].isalnum() and folded[last].isalnum():
                continue
            found.append((start, -end, form))
        found.sort(key=_position)
        hits: list[Hit] = []
        blanks: list[tuple[int, tuple[str, ...]]] = []
        reached = 0
        for start, negative_end, form in found:
            if start < reached:
                continue
            blank = form.get(BLANK)
            if blank is not None and len(form) == 1:
                blanks.append((-negative_end, blank.roles))
                continue
            allowed = _allowed(text, start, -negative_end, form)
            if blanks:
                allowed = _unmasked(allowed, -negative_end, blanks)
            if allowed:
                hits.append(Hit(start, -negative_end, allowed))
                reached = -negative_end
        return hits


def _unmasked(form: Form, end: int, blanks: list[tuple[int, tuple[str, ...]]]) -> Form:
    """The form without the senses of the entries that a longer phrase around it takes away."""
    masked = {entry for reach, entries in blanks if reach >= end for entry in entries}
    if not masked:
        return form
    return {kind: s for kind, s in form.items() if s.entry is None or s.entry.id not in masked}


def _position(item: tuple[int, int, Form]) -> tuple[int, int]:
    return item[0], item[1]


def _allowed(text: str, start: int, end: int, form: Form) -> Form:
    """The senses that the capitals of the text allow."""
    if not any(sense.cased or sense.upper for sense in form.values()):
        return form
    word = text[start:end]
    capital = not word[0].islower()
    upper = not any(char.islower() for char in word)
    return {kind: sense for kind, sense in form.items() if (not sense.cased or capital) and (not sense.upper or upper)}
