"""Which language a text is in, by letters and common words: Persian, Urdu, Pashto and Arabic are kept apart."""

from __future__ import annotations

import re

from pipeline.clean.words import Marks, load_languages

WORD = re.compile(r"[^\W\d_]+")
SAME_LETTERS = str.maketrans("يىك", "ییک")
ARABIC = re.compile("[\u0600-\u06ff\u0750-\u077f\ufb50-\ufdff\ufe70-\ufeff]")
LATIN = re.compile("[A-Za-z\u00c0-\u024f]")
ENOUGH = 0.02  # share of the words that must be common words of the language, or hold its own letters
MAX_CHARS = 20_000


def detect_language(text: str, otherwise: str) -> str:
    """ISO 639-1 code of a text's language; ``otherwise`` where the text does not tell."""
    text = text[:MAX_CHARS]
    n_arabic, n_latin = len(ARABIC.findall(text)), len(LATIN.findall(text))
    if not n_arabic and not n_latin:
        return otherwise
    marks = load_languages()["arabic" if n_arabic > n_latin else "latin"]
    words = WORD.findall(text.lower())
    scores = {language: _score(words, own) for language, own in marks.items()}
    best = max(sorted(scores), key=lambda language: scores[language])
    return best if scores[best] >= ENOUGH else otherwise


def _score(words: list[str], marks: Marks) -> float:
    """Share of words that are common words of the language, plus that of words with one of its own letters."""
    if not words:
        return 0.0
    common = {word.translate(SAME_LETTERS) for word in marks.words}
    own = set(marks.letters)
    hits = sum(word.translate(SAME_LETTERS) in common for word in words)
    lettered = sum(not own.isdisjoint(word) for word in words)
    return (hits + lettered) / len(words)
