"""Which wires and outlets a text names as its source: in byline, dateline, credit or first lines."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

from pipeline.clean.words import load_wires

LEAD_CHARS = 600  # further down it is the source of one statement
CREDIT_CHARS = 120

BEFORE = (
    r"(?:according to|quoting|quoted by|cited by|citing|told|reports? by|reported by|by|via|courtesy of|"
    r"inputs? from|به گزارش|به نقل از|گزارش|خبرگزاری|رپورٹ)\s+"
    r"(?:the |state |official |semi-official |semiofficial |iranian |pakistani |news agency )*"
    r"(?:خبرگزاری |خبر رساں ادارے )?"
)
AFTER = (
    r"(?:'s)?\s+(?:news agency |agency |news |correspondent )*"
    r"(?:reported|reports|said|says|has reported|quoted|cited)\b"
    r"|\s+(?:کے مطابق|نے رپورٹ|نوشت|گزارش داد|نے بتایا)"
)


@dataclass(frozen=True)
class _Named:
    """How one wire is found: as a credit, as a part of a byline, and as the source of a statement."""

    wire: str
    credit: re.Pattern[str]
    byline: re.Pattern[str]
    attributed: re.Pattern[str]


def cited_wires(text: str, author: str | None, own: frozenset[str]) -> list[str]:
    """Ids of ``config/wires.yml`` in the order in which they are named; never the outlet itself."""
    found: dict[str, int] = {}
    for named in _compiled():
        if named.wire in own:
            continue
        at = _where(named, text, author)
        if at is not None:
            found[named.wire] = at
    return sorted(found, key=lambda wire: (found[wire], wire))


def _where(named: _Named, text: str, author: str | None) -> int | None:
    if author and named.byline.search(author):
        return -1
    lead = text[:LEAD_CHARS]
    places = [match.start() for pattern in (named.credit, named.attributed) for match in pattern.finditer(lead)]
    tail_from = max(len(text) - CREDIT_CHARS, 0)
    places += [tail_from + match.start() for match in named.credit.finditer(text[tail_from:])]
    return min(places, default=None)


@cache
def _compiled() -> tuple[_Named, ...]:
    compiled = []
    for wire in load_wires():
        names = "|".join(re.escape(name) for name in sorted(wire.names, key=len, reverse=True))
        name = rf"(?<!\w)(?:{names})(?!\w)"
        flags = re.NOFLAG if wire.exact else re.IGNORECASE
        # "(AFP)", "- AFP" at the end of a line, "QUETTA, Jan 16 (Reuters) -", a line that is but the name.
        credit = rf"\(\s*{name}[^()\n]{{0,30}}\)|[—–-]\s*{name}\s*$|^\s*{name}\s*[.]?\s*$|/\s*{name}\s*[-–—:]"
        attributed = rf"(?:(?i:{BEFORE}){name})|(?:{name}(?i:{AFTER}))"
        compiled.append(
            _Named(
                wire.id,
                re.compile(credit, flags | re.MULTILINE),
                re.compile(name, flags),
                re.compile(attributed, flags),
            )
        )
    return tuple(compiled)
