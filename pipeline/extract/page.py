"""The page around the article: which lines are headline, text, headings between, and furniture."""

from __future__ import annotations

from collections.abc import Sequence

import regex

from pipeline.extract.lexicon import Pack
from pipeline.extract.text import Block, Sentence, blocks, sentence_spans

HEADING_CHARS = 130  # a line up to this long without a full stop is a headline or a heading
DATELINE_CHARS = 140
_TERMINAL = regex.compile(r"""[.!?؟۔…]["'”’»)\]]*$""")


class Page:
    """Splits texts of one language; built once."""

    def __init__(self, pack: Pack) -> None:
        self._abbreviations = frozenset(word for entry in pack.of("abbreviation") for word in entry.words)
        self._patterns: dict[str, list[regex.Pattern[str]]] = {}
        for entry in pack.of("furniture"):
            self._patterns.setdefault(str(entry.get("scope")), []).extend(entry.patterns)

    def sentences(self, text: str, folded: str) -> list[Sentence]:
        """Sentences in order, each with its kind; a dateline is cut off the sentence that it opens."""
        lines = blocks(text)
        kinds = self._kinds(text, folded, lines)
        found: list[Sentence] = []
        for number, (line, kind) in enumerate(zip(lines, kinds, strict=True)):
            start = line.start
            if kind in ("body", "headline"):
                start = self._after_dateline(text, line)
            for begin, stop in sentence_spans(text, start, line.end, self._abbreviations):
                found.append(Sentence(begin, stop, number, self._sentence_kind(text, kind, begin, stop)))
        return found

    def _kinds(self, text: str, folded: str, lines: Sequence[Block]) -> list[str]:
        kinds: list[str] = []
        rest = False
        body_seen = False
        for line in lines:
            content = folded[line.start : line.end]
            rest = rest or (body_seen and self._is("rest", content))
            if rest or self._is("line", content):
                kinds.append("furniture")
                continue
            short = line.end - line.start <= HEADING_CHARS
            if short and not _TERMINAL.search(content):
                kinds.append("heading" if body_seen else "headline")
                continue
            body_seen = True
            kinds.append("body")
        if "body" not in kinds:  # no full stops anywhere: every line is text
            kinds = ["body" if kind in ("headline", "heading") else kind for kind in kinds]
        return kinds

    def _is(self, scope: str, content: str) -> bool:
        if len(content) > 400:
            return False
        return any(pattern.match(content) for pattern in self._patterns.get(scope, ()))

    def _after_dateline(self, text: str, line: Block) -> int:
        """Where the text begins after "QUETTA:" and the like; the patterns see the raw text, since capitals matter."""
        for pattern in self._patterns.get("dateline", ()):
            match = pattern.match(text, line.start, min(line.end, line.start + DATELINE_CHARS))
            if match and match.end() < line.end:
                return match.end()
        return line.start

    @staticmethod
    def _sentence_kind(text: str, kind: str, start: int, end: int) -> str:
        """A sentence in title case within running text is a headline of another story glued in."""
        if kind != "body":
            return kind
        words = text[start:end].split()
        if len(words) >= 7 and not text[start:end].isupper():
            capitals = sum(1 for word in words if word[:1].isupper() or not word[:1].isalpha())
            long_lower = sum(1 for word in words if len(word) > 4 and word[:1].islower())
            if capitals / len(words) > 0.7 and long_lower <= 1:
                return "heading"
        return kind
