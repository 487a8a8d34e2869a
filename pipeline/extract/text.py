"""Text as the reader sees it: a folded copy of equal length, blocks, and sentences with offsets."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from functools import cache

import regex

MAX_SENTENCE = 1500  # characters; a longer "sentence" is cut at a space, so that no rule sees endless text

_DASHES = "-‐‑‒–—―−"
_QUOTES = {"’": "'", "‘": "'", "ʼ": "'", "`": "'", "´": "'", "“": '"', "”": '"', "„": '"', "«": '"', "»": '"'}
_END = regex.compile(r"""[.!?؟۔…]+["'”’»)\]]*(?=\s)|[;:](?=\s)(?=\s*\n)""")
_CASED_START = regex.compile(r"""\s+["'“‘«(\[]*(?:\p{Lu}|\p{N}|\p{Lo})""")
_LAST_WORD = regex.compile(r"[\p{L}\p{N}.]+$")
_WORD = regex.compile(r"\p{N}+(?:[.,:/]\p{N}+)*|[\p{L}\p{M}]+(?:'[\p{L}\p{M}]+)*|[^\s\p{L}\p{N}]")


@cache
def _folded(char: str) -> str:
    """One character for one: lower case without accents; dashes are spaces, quotes are straight."""
    if char in _DASHES:
        return " "
    if char in _QUOTES:
        return _QUOTES[char]
    if char.isspace() or unicodedata.category(char) in ("Cc", "Cf"):
        return " " if char != "\n" else "\n"
    plain = unicodedata.normalize("NFKD", char)[0].lower()
    return plain if len(plain) == 1 else char


class _Table(dict[int, str]):
    def __missing__(self, code: int) -> str:
        folded = _folded(chr(code))
        self[code] = folded
        return folded


_TABLE = _Table()


def fold(text: str) -> str:
    """Lower case without accents, dashes and control characters as spaces; same length, so offsets stay true."""
    return text.translate(_TABLE)


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence: its offsets, the number of its block, and what kind of block that is.

    kind: headline (before the first running text), body, heading (a line without an end inside the text),
    furniture (the page, not the article).
    """

    start: int
    end: int
    block: int
    kind: str


@dataclass(frozen=True, slots=True)
class Block:
    """One line of the text, without its surrounding space."""

    start: int
    end: int


def blocks(text: str) -> list[Block]:
    """Non-empty lines with their offsets."""
    found = []
    position = 0
    for line in text.splitlines(keepends=True):
        stripped = line.strip()
        if stripped:
            start = position + line.index(stripped[0])
            found.append(Block(start, start + len(stripped)))
        position += len(line)
    return found


def sentence_spans(text: str, start: int, end: int, abbreviations: frozenset[str]) -> list[tuple[int, int]]:
    """Sentences of one block. Abbreviations and initials do not end a sentence; endless ones are cut."""
    spans: list[tuple[int, int]] = []
    begin = start
    for match in _END.finditer(text, start, end):
        stop = match.end()
        if not _CASED_START.match(text, stop, end) or _is_abbreviation(text, begin, match, abbreviations):
            continue
        spans.extend(_cut(text, begin, stop))
        begin = stop
    spans.extend(_cut(text, begin, end))
    return [trimmed for span in spans if (trimmed := _trim(text, *span))]


def _is_abbreviation(text: str, begin: int, match: regex.Match[str], abbreviations: frozenset[str]) -> bool:
    if match.group()[0] != "." or len(match.group()) > 1:
        return False
    word = _LAST_WORD.search(text, max(begin, match.start() - 20), match.start())
    if not word:
        return False
    last = word.group()
    return last.lower() in abbreviations or (len(last) == 1 and last.isalpha() and last.isupper())


def _cut(text: str, start: int, end: int) -> list[tuple[int, int]]:
    pieces = []
    while end - start > MAX_SENTENCE:
        space = text.rfind(" ", start + MAX_SENTENCE // 2, start + MAX_SENTENCE)
        stop = space if space > start else start + MAX_SENTENCE
        pieces.append((start, stop))
        start = stop
    pieces.append((start, end))
    return pieces


def _trim(text: str, start: int, end: int) -> tuple[int, int] | None:
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    return (start, end) if end > start else None


def words(folded: str, start: int, end: int) -> list[tuple[int, int]]:
    """Offsets of words, numbers and single punctuation marks of a range of folded text."""
    return [match.span() for match in _WORD.finditer(folded, start, end)]
