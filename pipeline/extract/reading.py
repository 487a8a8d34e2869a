"""What a reader returns: entities, mentions and claims, each with the span of text that it rests on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime


@dataclass(frozen=True, slots=True)
class Span:
    """Half-open range of character offsets into the text of the article."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Article:
    """What a reader is given.

    Attributes:
        published: day or moment of publication; None where the page shows none. Nothing else may stand in for it.
        lang: ISO 639-1 as given; None asks the reader to find out.
        zone: IANA zone in which the outlet counts its days.
        source_country: ISO 3166-1 alpha-2 of the outlet; only breaks ties between homonyms.
    """

    id: str
    text: str
    published: datetime | date | None = None
    title: str | None = None
    url: str | None = None
    lang: str | None = None
    zone: str = "UTC"
    source_country: str | None = None


@dataclass(frozen=True, slots=True)
class EntityMention:
    """One naming of an actor, person, place, weapon or target; columns as in table ``entity``."""

    kind: str
    name: str
    span: Span
    rule: str
    canonical_id: str | None = None
    detail: str | None = None
    confidence: float = 0.9


@dataclass(frozen=True, slots=True)
class ClaimReading:
    """One field of a mention, as somebody states it; columns as in table ``claim``."""

    field: str
    span: Span
    rule: str
    value: str | None = None
    victim_group: str | None = None
    canonical_id: str | None = None
    low: int | None = None
    best: int | None = None
    high: int | None = None
    starts_on: date | None = None
    ends_on: date | None = None
    precision: str | None = None
    country: str | None = None
    admin1: str | None = None
    lat: float | None = None
    lon: float | None = None
    where_prec: int | None = None
    qualifier: str = "exact"
    speaker: str | None = None
    speaker_type: str = "media"
    stance: str = "reported"
    confidence: float = 0.8


@dataclass(frozen=True, slots=True)
class MentionReading:
    """One reading of one event: what kind, how real, in which role, and the claims about it."""

    span: Span
    event_type: str
    role: str
    polarity: str
    is_in_theatre: bool
    rule: str
    confidence: float
    claims: tuple[ClaimReading, ...] = ()


@dataclass(frozen=True, slots=True)
class Reading:
    """Everything read in one article.

    Attributes:
        reason: why the article is not relevant, a reject reason of ``sql/schema/05_operation.sql``; None if it is.
    """

    language: str
    relevant: bool
    relevance: float
    reason: str | None = None
    detail: str = ""
    entities: tuple[EntityMention, ...] = ()
    mentions: tuple[MentionReading, ...] = field(default=())


ReadFunction = Callable[[Article], Reading]
"""The plug-in point for another reader, such as a larger parser or a language model behind an address.

It takes one article and returns one reading; spans must slice back from ``article.text``. `Reader.read` is one
such function, and `pipeline.extract.extract` asks for no more than this. See docs/decisions/0005-reading-engine.md.
"""
