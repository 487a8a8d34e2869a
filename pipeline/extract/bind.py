"""Who did it, who claimed it, and with what."""

from __future__ import annotations

from collections.abc import Iterator

from pipeline.extract.discourse import FAMILY, Event, Frame
from pipeline.extract.fields import Setting
from pipeline.extract.knowledge import Knowledge
from pipeline.extract.reading import ClaimReading, Span
from pipeline.extract.scene import ActorHit
from pipeline.extract.units import Unit

STATE_FAMILIES = frozenset({"raid", "arrest", "execution", "protest"})
DOING = ("by", "agent")
STRIKERS = ("claim", *DOING)


def actor_claims(event: Event, event_type: str, setting: Setting, knowledge: Knowledge) -> list[ClaimReading]:
    """Perpetrator and claimant. Blame from habit and umbrella labels name nobody."""
    claims: list[ClaimReading] = []
    claimants = [hit for hit in _hits(event, knowledge, ("claim",)) if knowledge.is_armed(hit.actor)]
    for source in (event.parent, event.claim):
        if not claimants and source is not None and not any(frame.scene.nobody for frame in event.frames):
            claimants = [hit for hit in _hits(source, knowledge, ("claim",)) if knowledge.is_armed(hit.actor)]
    if not claimants and not any(knowledge.is_state(hit.actor) for hit in _hits(event, knowledge, ("claim",))):
        claimants = _named_later(event, knowledge)
    if claimants and not any(claim.field == "claimed_by" for claim in claims):
        claims.append(_claim("claimed_by", claimants[0], knowledge, setting, "claimed", "actor.claim"))
    hit, stance, rule = _perpetrator(event, event_type, setting, knowledge, claimants)
    if hit is not None:
        claims.append(_claim("perpetrator", hit, knowledge, setting, stance, rule))
    elif FAMILY[event_type] in STATE_FAMILIES:
        default = _default(event_type, setting, knowledge)
        if default is not None:
            frame = event.frames[0]
            span = trigger_span(frame)
            claims.append(ClaimReading("perpetrator", span, "actor.default", value=knowledge.actors[default].name,
                                       canonical_id=default, confidence=0.5))  # fmt: skip
    return claims


def _perpetrator(
    event: Event, event_type: str, setting: Setting, knowledge: Knowledge, claimants: list[ActorHit]
) -> tuple[ActorHit | None, str, str]:
    doing = [
        hit
        for hit in _hits(event, knowledge, (*DOING, "claim"))
        if hit.part in DOING or knowledge.is_state(hit.actor)  # "Pakistan confirmed that it had shot down ..."
    ]
    if FAMILY[event_type] == "execution":
        return None, "", ""
    if claimants and FAMILY[event_type] not in STATE_FAMILIES:
        return claimants[0], "claimed", "actor.claim"
    if FAMILY[event_type] in STATE_FAMILIES or (FAMILY[event_type] != "explosion" and _is_state_action(event)):
        state = [hit for hit in doing if knowledge.is_state(hit.actor)]
        state = state or [h for h in _hits(event, knowledge, ("speaker", "named")) if knowledge.is_state(h.actor)
                          and knowledge.actors[h.actor].kind != "government"]  # fmt: skip
        best = _most_telling(state, knowledge)
        return (best, "reported", "actor.state") if best else (None, "", "")
    armed = [hit for hit in doing if knowledge.is_armed(hit.actor)]
    if armed:
        return armed[0], "reported", "actor.agent"
    blamed = [hit for hit in _hits(event, knowledge, ("blame",)) if knowledge.is_armed(hit.actor)]
    if blamed:
        return blamed[0], "accused", "actor.blame"
    country = _by_country(event, event_type, knowledge)
    if country is not None:
        side = knowledge.actors[country.actor].side
        forces = [
            hit
            for hit in _hits(event, knowledge, ("by", "agent", "blame"))
            if knowledge.is_force(hit.actor) and knowledge.actors[hit.actor].side == side
        ]
        return (forces or [country])[0], "reported", "actor.country"
    state = [hit for hit in doing if _may_attack(hit, event, event_type, setting, knowledge)]
    if state:
        return _most_telling(state, knowledge), "reported", "actor.state"
    return None, "", ""


def _named_later(event: Event, knowledge: Knowledge) -> list[ActorHit]:
    """ "A militant group has claimed it": the group is the first that the next sentences name."""
    for frame in event.frames[:3]:
        if (
            _claims_unnamed(frame)
            and not frame.scene.nobody
            and not any(knowledge.is_armed(hit.actor) for hit in frame.actors)
        ):
            later = [f for f in (*event.frames, *event.around) if 0 < f.scene.number - frame.scene.number <= 3]
            later.sort(key=lambda f: f.scene.number)
            return [hit for f in later for hit in f.actors if knowledge.is_armed(hit.actor)][:1]
    return []


def _claims_unnamed(frame: Frame) -> bool:
    """Whether somebody without a name claims what the frame tells."""
    row = frame.scene.row[frame.low : frame.high]
    for i, unit in enumerate(row):
        claim = unit.form.get("claim")
        if claim and claim.entry and claim.entry.get("by") == "before":
            return True
        source = unit.form.get("source")
        if source and source.entry and source.entry.get("type") == "militant":
            after = row[i + 1 : i + 8]
            return any("speech" in u.form for u in after) and any(u.cue("self") for u in after)
    return False


def _by_country(event: Event, event_type: str, knowledge: Knowledge) -> ActorHit | None:
    """ "Iranian strike", "rockets from Iran": the state behind a strike."""
    if FAMILY[event_type] != "strike":
        return None
    for frame in event.frames[:3]:
        strikes = {trigger.at for trigger in frame.triggers}
        strikes |= {i for i, unit in enumerate(frame.scene.row) if _is_striking(unit, knowledge)}
        for i, country, demonym in frame.scene.countries:
            row = frame.scene.row
            near = range(i + 1, i + 4) if demonym else range(max(i - 4, 0), i)
            if not demonym and row[i - 1].role("relation") != "from":
                continue
            actor = knowledge.judgement.governments.get(country)
            if actor and strikes & set(near):
                return ActorHit(actor, i, "agent", row[i].start, row[i].end)
    return None


def _is_striking(unit: Unit, knowledge: Knowledge) -> bool:
    weapon = unit.form.get("weapon")
    return bool(weapon and weapon.entry and weapon.entry.id in knowledge.judgement.weapon_types)


def _fires(hit: ActorHit, event: Event, event_type: str) -> bool:
    """Whether police or paramilitaries are told to take people away or to open fire."""
    if FAMILY[event_type] == "abduction":
        return True
    return any(
        trigger.strength == "firm" and hit in frame.actors and hit.at < trigger.at
        for frame in event.frames[:2]
        for trigger in frame.asserted
    )


def _may_attack(hit: ActorHit, event: Event, event_type: str, setting: Setting, knowledge: Knowledge) -> bool:
    """Whether a state actor may be the author of an attack: not of a bombing, and not of one that hits its own side."""
    actor = knowledge.actors[hit.actor]
    if not knowledge.is_state(hit.actor) or FAMILY[event_type] == "explosion":
        return False
    if FAMILY[event_type] == "strike":
        return True
    if actor.kind == "government":
        return False
    if actor.kind in ("police", "paramilitary") and hit.part != "by" and not _fires(hit, event, event_type):
        return False
    own = actor.side in (setting.country, "none")
    hurt = any(
        toll.group == "security_forces" and toll.count.best for frame in event.frames[:3] for toll in frame.tolls
    )
    return not (own and hurt)


def _hits(event: Event, knowledge: Knowledge, parts: tuple[str, ...]) -> Iterator[ActorHit]:
    frames = event.frames
    if event.parent is not None and not any(hit.part in parts for frame in frames for hit in frame.actors):
        frames = [*frames, *event.parent.frames]
    for frame in frames:
        if frame.cues & {"habit"} and frame is not event.frames[0]:
            continue
        for hit in frame.actors:
            if hit.part in parts and knowledge.is_doer(hit.actor):
                yield hit


def is_by_forces(event: Event, event_type: str, knowledge: Knowledge) -> bool:
    """Whether forces killed or hunted militants in what is told with weak words only ("killed seven militants")."""
    if FAMILY[event_type] not in ("assault", "abduction") or not _is_state_action(event):
        return False
    doing = [hit.actor for hit in _hits(event, knowledge, ("claim", "by", "agent"))]
    if any(map(knowledge.is_armed, doing)):
        return False
    first = event.frames[0]
    attacks = [t.at for t in first.asserted if t.entry.get("violent") and t.event == "armed_attack"]
    if any(_has_aim(first, at) for at in attacks):
        return False  # "an attack on a checkpost was foiled"
    return not attacks or any(map(knowledge.is_state, doing))


def is_crackdown(event: Event, event_type: str, knowledge: Knowledge) -> bool:
    """Whether forces fired at people who protest."""
    if FAMILY[event_type] not in ("assault", "clash", "arrest"):
        return False
    if not any(knowledge.is_state(hit.actor) for hit in _hits(event, knowledge, ("by", "agent"))):
        return False
    return any("protest" in frame.cues for frame in event.frames[:3])


def _is_attacker(unit: Unit) -> bool:
    victim = unit.form.get("victim")
    return bool(victim and victim.entry and victim.entry.get("group") == "attackers")


def type_by_weapon(event: Event, event_type: str, knowledge: Knowledge) -> str | None:
    """ "Three rockets were fired", "a drone hit the hideout": the type that the weapon of the first clauses tells."""
    if FAMILY[event_type] != "assault":
        return None
    if any(knowledge.is_armed(hit.actor) for hit in _hits(event, knowledge, ("claim", "by", "agent"))):
        return None
    for frame in event.frames[:2]:
        if any(trigger.strength != "weak" for trigger in frame.asserted):
            return None
        if not frame.asserted:
            continue
        row = frame.scene.row[frame.low : frame.high]
        if any(_is_attacker(unit) for unit in row):
            return None
        for unit in row:
            weapon = unit.form.get("weapon")
            if weapon and weapon.entry and weapon.entry.id in knowledge.judgement.weapon_types:
                return knowledge.judgement.weapon_types[weapon.entry.id]
    return None


def is_flown(event: Event, event_type: str, knowledge: Knowledge) -> bool:
    """Whether a strike is the work of an air force or of manned aircraft, whatever munitions these carried."""
    if FAMILY[event_type] == "strike":
        return any(_flies(frame, knowledge) for frame in event.frames[:3])
    if FAMILY[event_type] != "assault" or any(knowledge.is_armed(h.actor) for h in _hits(event, knowledge, STRIKERS)):
        return False
    doing = _hits(event, knowledge, DOING)
    return any(hit.actor in knowledge.judgement.air_forces for hit in doing)  # "the air force hit two hideouts"


def _flies(frame: Frame, knowledge: Knowledge) -> bool:
    """ "Jets fired missiles", "missile strikes by warplanes"; not "air force drones struck", with nobody on board."""
    row = frame.scene.row
    strikes = [trigger for trigger in frame.asserted if FAMILY[trigger.event] in ("strike", "assault")]
    planes = [hit.at for hit in frame.actors if hit.actor in knowledge.judgement.air_forces and hit.part in DOING]
    planes += [
        at
        for at in frame.scene.cues.get("aircraft", ())
        if frame.low <= at < frame.high
        and (any(at < trigger.at for trigger in strikes) or any(unit.cue("agent") for unit in row[max(at - 2, 0) : at]))
    ]
    drones = {trigger.at for trigger in strikes if trigger.event == "drone_strike"}
    return bool(strikes) and any(at + 1 not in drones for at in planes)


def _has_aim(frame: Frame, at: int) -> bool:
    """Whether the words after an attack name forces or things that it was aimed at."""
    after = frame.scene.row[at + 1 : at + 6]
    return any(not {"target", "actor"}.isdisjoint(unit.form) for unit in after)


def is_by_militants(event: Event, event_type: str, knowledge: Knowledge) -> bool:
    """Whether a "raid" was made by an armed group."""
    if FAMILY[event_type] != "raid":
        return False
    doing = [hit.actor for hit in _hits(event, knowledge, ("claim", "by", "agent"))]
    return (
        any(map(knowledge.is_armed, doing)) and not any(map(knowledge.is_state, doing)) and not _is_state_action(event)
    )


def _is_state_action(event: Event) -> bool:
    """Whether only militants are among the dead and held, as when forces act."""
    groups = {
        toll.group
        for frame in event.frames[:3]
        for toll in frame.tolls
        if toll.field in ("killed", "arrested") and toll.count.best
    }
    return groups == {"attackers"}


def _most_telling(hits: list[ActorHit], knowledge: Knowledge) -> ActorHit | None:
    """The first force with a name of its own, else the first force, else the first."""
    generic = knowledge.judgement.generic_forces
    forces = [hit for hit in hits if knowledge.is_force(hit.actor)]
    named = [hit for hit in forces if hit.actor not in generic]
    return next(iter(named or forces or hits), None)


def _default(event_type: str, setting: Setting, knowledge: Knowledge) -> str | None:
    country = setting.country or ""
    if event_type == "execution":
        return knowledge.judgement.default_court.get(country)
    return knowledge.judgement.default_force.get(country)


def _claim(field: str, hit: ActorHit, knowledge: Knowledge, setting: Setting, stance: str, rule: str) -> ClaimReading:
    actor_id = knowledge.judgement.generic_forces.get(hit.actor, {}).get(setting.country or "", hit.actor)
    return ClaimReading(
        field,
        Span(hit.start, hit.end),
        rule,
        value=knowledge.actors[actor_id].name,
        canonical_id=actor_id,
        stance=stance,
        confidence=0.85 if stance == "reported" else 0.75,
    )


def trigger_span(frame: Frame) -> Span:
    """The words that name the event, else its figure, else the sentence."""
    if frame.asserted:
        unit = frame.scene.row[frame.asserted[0].at]
        return Span(unit.start, unit.end)
    if frame.tolls:
        return Span(frame.tolls[0].start, frame.tolls[0].end)
    return Span(frame.scene.start, frame.scene.end)


def weapon_claims(event: Event) -> list[ClaimReading]:
    """Weapons named in the frames of the event."""
    found: dict[str, ClaimReading] = {}
    for frame in event.frames[:4]:
        for name, span, rule in things_of(frame, "weapon"):
            found.setdefault(name, ClaimReading("weapon", span, rule, value=name))
    return list(found.values())


def things_of(frame: Frame, kind: str) -> list[tuple[str, Span, str]]:
    """Name, place in the text and lexicon entry of the things of a kind that the clause names."""
    found = []
    for unit in frame.scene.row[frame.low : frame.high]:
        sense = unit.form.get(kind)
        if sense and sense.entry:
            found.append((str(sense.entry.get("name")), Span(unit.start, unit.end), sense.entry.id))
    return found
