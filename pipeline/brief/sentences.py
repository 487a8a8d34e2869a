"""Sentences and what they rest on. A sentence without a source cannot be made."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from pipeline.errors import TerminalError

Row = dict[str, Any]
# More would make the page a list of numbers; the incident's page has all.
MOST_CITED = 2


@dataclass
class Reference:
    """An article with the words that are cited, or a query of the release that gives a figure."""

    mark: str
    outlet: str = ""
    title: str | None = None
    url: str | None = None
    language: str | None = None
    day: str = ""
    quotes: list[str] = field(default_factory=list)
    sql: str = ""


@dataclass(frozen=True)
class Sentence:
    """Words with the marks of their references.

    Raises:
        TerminalError: it has no reference.
    """

    text: str
    marks: tuple[str, ...]
    incident_id: str | None = None

    def __post_init__(self) -> None:
        if not self.marks:
            raise TerminalError(f"a sentence of the brief has no source: {self.text!r}; this is a fault of Sarhad")


class References:
    """The references of a page in the order of their first use: articles by number, queries by letter."""

    def __init__(self, quote_chars: int) -> None:
        self.quote_chars = quote_chars
        self.articles: dict[str, Reference] = {}
        self.queries: dict[str, Reference] = {}

    def cite(self, rows: list[Row]) -> tuple[str, ...]:
        """Marks of the articles behind some claims, the first of each outlet."""
        seen: dict[str, Row] = {}
        for row in rows:
            seen.setdefault(row["outlet"] or row["article_id"], row)
        return self.cite_all(list(seen.values())[:MOST_CITED])

    def cite_all(self, rows: list[Row]) -> tuple[str, ...]:
        """Marks of the articles behind all of some claims."""
        return tuple(dict.fromkeys(self._article(row) for row in rows))

    def _article(self, row: Row) -> str:
        known = self.articles.get(row["article_id"])
        if known is None:
            day = row["told_at"].date().isoformat() if row["told_at"] else ""
            known = Reference(
                mark=str(len(self.articles) + 1), outlet=row["outlet"] or "analyst", url=row["url"], day=day,
                title=self._short(row["title"]) if row["title"] else None, language=row["language"],
            )  # fmt: skip
            self.articles[row["article_id"]] = known
        quote = self._short(row["quote"])
        if quote not in known.quotes and len(known.quotes) < MOST_CITED:
            known.quotes.append(quote)
        return known.mark

    def _short(self, quote: str) -> str:
        text = " ".join(quote.split())
        return text if len(text) <= self.quote_chars else f"{text[: self.quote_chars - 2].rsplit(' ', 1)[0]} …"

    def query(self, sql: str) -> tuple[str, ...]:
        """Mark of a query that gives the figures of a sentence."""
        known = self.queries.setdefault(sql, Reference(mark=_letters(len(self.queries)), sql=sql))
        return (known.mark,)


def _letters(number: int) -> str:
    return chr(ord("a") + number) if number < 26 else _letters(number // 26 - 1) + _letters(number % 26)
