"""Which language a text is in, as far as the reader must know before it chooses a pack."""

from __future__ import annotations

import regex

SAMPLE = 4000  # characters looked at
_ARABIC = regex.compile(r"\p{Arabic}")
_LATIN = regex.compile(r"\p{Latin}")
_URDU = regex.compile("[ٹڈڑںےھہۃ]")


def language_of(text: str, given: str | None) -> str:
    """The given language, or the one that its letters show: ur, fa, en; "und" where there are no letters."""
    if given:
        return given.split("-")[0].lower()
    sample = text[:SAMPLE]
    arabic, latin = len(_ARABIC.findall(sample)), len(_LATIN.findall(sample))
    if arabic > latin:
        return "ur" if len(_URDU.findall(sample)) * 40 > arabic else "fa"
    return "en" if latin else "und"
