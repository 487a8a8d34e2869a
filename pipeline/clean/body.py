"""The main text of a page: trafilatura on the pruned tree, then the lines that are no text taken off."""

from __future__ import annotations

import re
import unicodedata
from copy import deepcopy
from typing import Any

from trafilatura import bare_extraction
from trafilatura.settings import Extractor

from pipeline.clean.page import Element, blocks, one_line
from pipeline.clean.when import is_date_line
from pipeline.clean.words import Patterns

# trafilatura drops zero-width non-joiners as unprintable, and Persian words fall together; a letter that no
# language of the news uses stands in for them on the way through.
ZWNJ, STAND_IN = "\u200c", "\ua66e"
INVISIBLE = re.compile(
    "[\u00ad\u200b\u200e\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff\x00-\x08\x0b-\x1f\x7f-\x84\x86-\x9f]"
)
SENTENCE_END = re.compile(r"[.!?…۔؟:;»”\"')\]]\s*$")
MAX_FURNITURE_CHARS = 220
HEAD_LINES = 6


def main_text(tree: Element, title: str | None, names: frozenset[str], is_live: bool, patterns: Patterns) -> str:
    """Paragraphs of the article, one a line; empty where the page has no main text.

    The tree must have been pruned; ``names`` are what author and outlet are called, folded. A live blog is read
    block by block: trafilatura takes its entries out of their order. From here on the text is the reference of all
    spans and is not changed again.
    """
    if is_live:
        article = next((element for name in ("article", "main") for element in tree.iter(name)), tree)
        lines = [tidy(block.text) for block in blocks(article)]
    else:
        lines = _extract(tree)
    return "\n".join(_without_furniture([line for line in lines if line], title, names, patterns))


def _extract(tree: Element) -> list[str]:
    copied = deepcopy(tree)
    for element in copied.iter():
        for part in ("text", "tail"):
            value = getattr(element, part)
            if value and ZWNJ in value:
                setattr(element, part, value.replace(ZWNJ, STAND_IN))
    # Options measured on 181 benchmark pages: "fast" costs no quality, recall gains a little and is quicker still.
    options = Extractor(output_format="python", fast=True, recall=True, comments=False, tables=True, dedup=False)
    found: Any = bare_extraction(copied, options=options)
    raw = (found.text or "") if found is not None else ""
    return [tidy(line) for line in raw.replace(STAND_IN, ZWNJ).split("\n")]


def tidy(text: str) -> str:
    """One line in NFC, without invisible marks except joiners, runs of white space as one space."""
    return one_line(INVISIBLE.sub("", unicodedata.normalize("NFC", text))) or ""


def _without_furniture(lines: list[str], title: str | None, names: frozenset[str], patterns: Patterns) -> list[str]:
    heading = tidy(title or "").casefold()
    head = next((at for at, line in enumerate(lines[:HEAD_LINES]) if heading and line.casefold() == heading), None)
    # Section names and crumbs stand above the headline.
    kept = lines[head + 1 :] if head is not None else lines
    kept = [line for line in kept if not _is_furniture(line, names, patterns)]
    # A page of nothing but headings, names and labels has no text.
    return kept if any(SENTENCE_END.search(line) and len(line) > 40 for line in kept) else []


def _is_furniture(line: str, names: frozenset[str], patterns: Patterns) -> bool:
    if len(line) > MAX_FURNITURE_CHARS:
        return False
    if patterns.furniture_line.fullmatch(line) or line.casefold() in names:
        return True
    opened = line.casefold().lstrip("|•· ").startswith(patterns.byline_openers)
    if opened and not SENTENCE_END.search(line) and len(line) < 100:
        return True
    return is_date_line(line)
