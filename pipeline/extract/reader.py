"""The reader: one article in, one reading out. Everything that can be compiled is compiled once."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pipeline.errors import ConfigError
from pipeline.extract import (
    bind,
    claimants,
    dates,
    discourse,
    fields,
    figures,
    gather,
    geography,
    places,
    relevance,
    roles,
    scene,
    speakers,
    targets,
    tolls,
)
from pipeline.extract.knowledge import Knowledge, load_knowledge
from pipeline.extract.language import language_of
from pipeline.extract.lexicon import Pack, languages, load_pack
from pipeline.extract.match import Vocabulary
from pipeline.extract.names import actor_senses, alias_senses, place_senses
from pipeline.extract.page import Page
from pipeline.extract.reading import Article, ClaimReading, EntityMention, MentionReading, Reading, Span
from pipeline.extract.text import fold
from pipeline.extract.units import Unit, units_of
from pipeline.settings import CONFIG

ADOPT = 3  # sentences back in which "all eight" finds its eight
MAX_SENTENCES = 3000  # beyond it only the first are read; a page with more is a list, not a report


@dataclass(frozen=True)
class Language:
    """What one language needs."""

    pack: Pack
    vocabulary: Vocabulary
    page: Page


class Reader:
    """Reads articles of every language that has a pack. Build it once with `load_reader`."""

    def __init__(self, knowledge: Knowledge, packs: Sequence[Pack], version: str) -> None:
        self.knowledge = knowledge
        self.version = version
        self._languages = {pack.language: self._compile(pack) for pack in packs}

    def _compile(self, pack: Pack) -> Language:
        judgement = self.knowledge.judgement
        names = [
            *actor_senses(self.knowledge.actors, judgement.state_kinds, judgement.armed_kinds, pack.language),
            *alias_senses(pack, self.knowledge.actors, judgement.state_kinds),
            *place_senses(self.knowledge.places.values(), pack.language),
        ]
        return Language(pack, Vocabulary(pack, names), Page(pack))

    def read(self, article: Article) -> Reading:
        """Read one article. Never raises for its content; what cannot be read says why in `reason`."""
        language = language_of(article.text, article.lang)
        tools = self._languages.get(language)
        if tools is None:
            return Reading(language, False, 0.0, "language_not_read", f"no lexicon for language {language!r}")
        n_words = article.text.count(" ") + article.text.count("\n")
        if n_words > self.knowledge.judgement.max_words:
            limit = self.knowledge.judgement.max_words
            return Reading(language, False, 0.0, "too_long", f"about {n_words} words; the limit is {limit}")
        if not article.text.strip():
            return Reading(language, False, 0.0, "no_event", "empty text")
        return self._read(article, language, tools)

    def _read(self, article: Article, language: str, tools: Language) -> Reading:
        published = local_day(article.published, article.zone)
        scenes = self._scenes(article, tools, published)
        events = gather.gather([s for s in scenes if s.sentence.kind != "furniture"], published)
        headline = self._headline(article, tools)
        context = relevance.demote(events, scenes, headline, published)
        figures.drop_sums(events)
        mentions = self._mentions(article.text, events)
        verdict = relevance.judge(mentions, context)
        return Reading(language, verdict.relevant, verdict.score, verdict.reason, verdict.detail,
                       tuple(self._entities(article.text, scenes)), tuple(mentions))  # fmt: skip

    @staticmethod
    def _headline(article: Article, tools: Language) -> list[Unit]:
        """The title as a row of units; empty where the page shows none."""
        title = (article.title or "").strip()
        folded = fold(title)
        return units_of(title, folded, tools.vocabulary.hits(title, folded), 0, len(title))

    def _scenes(self, article: Article, tools: Language, published: date | None) -> list[scene.Scene]:
        text, folded = article.text, fold(article.text)
        hits = tools.vocabulary.hits(text, folded)
        scenes: list[scene.Scene] = []
        year: int | None = None
        sentences = [s for s in tools.page.sentences(text, folded) if s.kind != "furniture"]
        for number, sentence in enumerate(sentences[:MAX_SENTENCES]):
            row = units_of(text, folded, hits, sentence.start, sentence.end)
            cues = scene.cues_of(row)
            whens = dates.times_of(row, published, year)
            dates.spend(row, whens)
            found, groups = tolls.tolls_of(row, text)
            found = tolls.adopt(found, [group for near in scenes[-ADOPT:] for group in near.groups])
            made = scene.Scene(sentence, number, row, found, groups, whens, cues=cues)
            made.wheres = places.wheres_of(row, text, self.knowledge.places)
            made.triggers = scene.triggers_of(row, found, cues)
            made.actors, made.nobody = roles.actors_of(row, made.triggers, found, self.knowledge.states)
            made.contexts = scene.contexts_of(row)
            made.countries = scene.countries_of(row)
            if published is None and sentence.kind == "body":
                full = [w.first.year for w in made.whens if w.first and w.precision == "day"]
                year = full[-1] if full else year
            scenes.append(made)
        settled = places.choose_homonyms([made.wheres for made in scenes], article.source_country)
        for made, wheres in zip(scenes, settled, strict=True):
            made.wheres = places.with_parents(wheres, made.row)
        claimants.mark(scenes, self.knowledge)
        return scenes

    def _mentions(self, text: str, events: Sequence[discourse.Event]) -> list[MentionReading]:
        found: list[MentionReading] = []
        previous: date | None = None
        lead_day: date | None = None
        place: ClaimReading | None = None
        told: list[ClaimReading] = []
        for event in events:
            mention, day = self._mention(text, event, previous, lead_day, place, told)
            told = [claim for claim in mention.claims if claim.field == "event_type"] or told
            if event.role == "main":
                place = next((c for c in mention.claims if c.field == "place" and c.value), place)
            if event.role == "main" and day is not None:
                lead_day = day
            previous = day or previous
            found.append(mention)
        return found

    def _mention(
        self,
        text: str,
        event: discourse.Event,
        previous: date | None,
        lead_day: date | None,
        before: ClaimReading | None,
        told: Sequence[ClaimReading],
    ) -> tuple[MentionReading, date | None]:
        said = {frame.scene.number: speakers.speaker_of(frame.scene, text, self.knowledge) for frame in event.frames}
        kind, rule = fields.event_type(event)
        by_weapon = bind.type_by_weapon(event, kind, self.knowledge)
        if by_weapon is not None:
            kind, rule = by_weapon, "event.weapon"
        if bind.is_flown(event, kind, self.knowledge):
            kind, rule = "air_strike", "event.flown"
        elif bind.is_by_forces(event, kind, self.knowledge):
            kind, rule = "raid_operation", "event.forces_killed_militants"
        elif bind.is_crackdown(event, kind, self.knowledge):
            kind, rule = "protest_crackdown", "event.fired_at_protest"
        elif bind.is_by_militants(event, kind, self.knowledge):
            kind, rule = "armed_attack", "event.militants_raided"
        day = fields.date_claim(event, previous, lead_day)
        place, setting = fields.place_claim(event, self.knowledge, before)
        claims: list[ClaimReading] = [
            claim
            for claim in (
                day, place, *bind.actor_claims(event, kind, setting, self.knowledge),
                targets.target_claim(event, kind, self.knowledge), *bind.weapon_claims(event),
                *figures.toll_claims(event, said, self.knowledge),
                *speakers.telling(event, kind, text, self.knowledge, told),
            )
            if claim is not None
        ]  # fmt: skip
        span = Span(*event.frames[0].extent)
        here = geography.in_theatre(setting.country, setting.admin1) or (
            setting.admin1 is None and setting.country in ("IR", "PK", None)
        )
        confidence = 0.9 if event.lead else 0.7
        mention = MentionReading(span, kind, event.role, "asserted", here, rule, confidence, tuple(claims))
        return mention, day.starts_on if day and day.precision in ("day", "days") else None

    def _entities(self, text: str, scenes: Sequence[scene.Scene]) -> list[EntityMention]:
        found: list[EntityMention] = []
        for made in scenes:
            for hit in made.actors:
                actor = self.knowledge.actors[hit.actor]
                found.append(
                    EntityMention("actor", actor.name, Span(hit.start, hit.end), "actor", actor.id, actor.kind)
                )
            for where in made.wheres:
                place = where.place
                found.append(EntityMention("place", where.name, Span(where.start, where.end), where.rule,
                                           place.place_id if place else None, place.country if place else None,
                                           0.9 if place else 0.5))  # fmt: skip
            for unit in made.row:
                for kind in ("weapon", "target"):
                    sense = unit.form.get(kind)
                    if sense and sense.entry:
                        found.append(EntityMention(kind, str(sense.entry.get("name")), Span(unit.start, unit.end),
                                                   sense.entry.id, sense.entry.id))  # fmt: skip
        return found


def local_day(published: datetime | date | None, zone: str) -> date | None:
    """The day of publication as the outlet counts it."""
    if isinstance(published, datetime):
        if published.tzinfo is None:
            return published.date()
        try:
            return published.astimezone(ZoneInfo(zone)).date()
        except (ZoneInfoNotFoundError, ValueError):
            return published.date()
    return published


def load_reader(config: Path | None = None) -> Reader:
    """The reader over a configuration folder, by default ``config/`` of the repository.

    Raises:
        ConfigError: a lexicon, the gazetteer, the actors or ``reading.yml`` is missing or wrong.
    """
    folder = config or CONFIG
    lexicons = folder / "lexicon"
    if not lexicons.is_dir():
        raise ConfigError(f"{lexicons}: no lexicons; restore the folder from the repository")
    packs = [load_pack(lexicons / language) for language in languages(lexicons)]
    if not packs:
        raise ConfigError(f"{lexicons}: no language has a lexicon; restore config/lexicon/en")
    return Reader(load_knowledge(folder), packs, _version(folder))


def _version(folder: Path) -> str:
    """Digest over the code of this package and all that it reads."""
    digest = hashlib.sha256()
    files = [*Path(__file__).parent.glob("*.py"), *(folder / "lexicon").rglob("*.yml"), folder / "actors.yml",
             folder / "reading.yml", *(folder / "gazetteer").glob("*.csv")]  # fmt: skip
    for path in sorted(files, key=lambda p: (p.parent.name, p.name)):
        digest.update(path.parent.name.encode() + b"/" + path.name.encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:12]
