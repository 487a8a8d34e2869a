"""How the brief words what the ledger says. Nothing here knows more than the rows it is given."""

from __future__ import annotations

from pipeline.brief.sentences import Row
from pipeline.report import words

NOUNS = {
    "air_strike": "an air strike", "drone_strike": "a drone strike", "missile_strike": "a missile strike",
    "bombing": "a bombing", "suicide_bombing": "a suicide bombing", "ied_explosion": "the explosion of a planted bomb",
    "armed_attack": "an armed attack", "ambush": "an ambush", "armed_clash": "an armed clash",
    "assassination": "an assassination", "raid_operation": "a raid", "arrest": "an arrest", "abduction": "an abduction",
    "shelling": "shelling", "border_skirmish": "a skirmish at the border", "execution": "an execution",
    "protest_crackdown": "a crackdown on a protest", "other": "an incident",
}  # fmt: skip
WHERE = {1: "in", 2: "near", 3: "in the area of", 4: "somewhere in", 5: "along", 6: "somewhere in", 7: "over"}
BY = {
    "reported": "By {actor}, as reported.",
    "claimed": "Claimed by {actor}.",
    "accused": "Accused: {actor}.",
    "possible": "Possibly by {actor}.",
    "denied": "Denied by {actor}.",
}
SUBJECTS = {
    "killed": "the dead", "injured": "the injured", "perpetrator": "who did it", "claimed_by": "who claimed it",
    "place": "where", "date": "when",
}  # fmt: skip
STATES = {
    "partial": "could be read only in part",
    "failed": "could not be read",
    "unreachable": "does not reach back that far and could not be read",
}
# Targets that take no article though they do not end in s.
MANY = ("police", "personnel", "military", "staff", "people", "army", "navy")
# Actions of a state against suspects do not have a target in the sense of an attack.
UNTARGETED = ("raid_operation", "arrest", "execution")


def counts(row: Row) -> str:
    """Number and toll of the incidents of a week."""
    if not row["n"]:
        return "The ledger has no incident of this week."
    sides = f"{row['n_iran']} on the Iranian side and {row['n_pakistan']} on the Pakistani"
    start = f"The ledger has {_many(row['n'], 'incident')} of this week, {sides}"
    toll = "no number of dead is known of any" if row["best"] is None else f"they killed {_range(row)}"
    more = f" Of {row['n_untold']} no number of dead is known; {row['n_single']} rest on one independent source."
    return f"{start}; {toll}.{more}"


def compared(row: Row) -> list[str]:
    """The week against the one before, and how much of it could be seen."""
    sentences = []
    if row["n_incidents_change"] is not None and row["seen_before"] is None:
        sentences.append("The week before was not read, so the two cannot be compared.")
    elif row["n_incidents_change"] is not None:
        more, dead = _change(row["n_incidents_change"], "incident"), _change(row["killed_best_change"], "dead", "")
        sentences.append(f"That is {more} and {dead} against the week before, as far as both were seen.")
    if row["seen_share"] is not None and row["seen_share"] < 1:
        sentences.append(f"Only {row['seen_share']:.0%} of the outlets' days could be seen.")
    return sentences


def event(row: Row) -> str:
    """What happened, when, where and at what cost."""
    what = NOUNS.get(row["event_type"], "an incident")
    if row["target"] and row["event_type"] not in UNTARGETED:
        what += f" against {_target(row['target'])}"
    start = f"{words.when(row)}: {what}{_place(row)}"
    if row["killed_best"] is None:
        return f"{start}; no source gives a number of dead."
    if row["killed_best"] == 0:
        return f"{start} killed nobody."
    around = words.span(row["killed_low"], row["killed_best"], row["killed_high"])
    return f"{start} killed {row['killed_best']:,}{f' ({around})' if around else ''}."


def beside(row: Row) -> list[tuple[str, str]]:
    """What stands beside the event: who did it, and what one side claims; each with the cell that it rests on."""
    found = []
    if row["perpetrator"] and row["perpetrator_stance"]:
        cell = "claimed_by" if row["perpetrator_stance"] == "claimed" and row["claimed_by"] else "perpetrator"
        found.append((cell, BY[row["perpetrator_stance"]].format(actor=row["perpetrator"])))
    if row["killed_claimed"]:
        found.append(("killed_claimed", f"One side claims {row['killed_claimed']:,} dead, which counts in no sum."))
    return found


def answer(row: Row) -> str:
    """A link across the border, with who says so."""
    later, earlier, days = _name(row["later"]), _lower(row["earlier"]), _many(row["days_between"], "day")
    if row["link"] == "claimed":
        return f"{later} answers {earlier}, {days} before, says {' and '.join(row['said_by'])}."
    return f"{later} came {days} after {earlier}; no source read here calls it an answer, sides and days suggest it."


def revised(row: Row) -> str:
    """A toll that moved within the week."""
    return f"{_name(row['headline'])}: the dead went from {row['tolls'][0]:,} to {row['tolls'][-1]:,} as more was told."


def disputed(row: Row, one: Row | None, other: Row | None) -> str:
    """Two voices that disagree on a field."""
    says = f"{_voice(row['speaker'], row['outlet'], one)} says {_said(row['value'], one)}"
    against = f"{_voice(row['other_speaker'], row['other_outlet'], other)} {_said(row['other_value'], other)}"
    return f"{_name(row['headline'])}: on {SUBJECTS[row['field']]}, {says}, {against}."


def unseen(gaps: list[Row], names: dict[str, str]) -> list[str]:
    """Outlets and days without data."""
    sentences = []
    for gap in gaps:
        first = words.day(gap["first_on"])
        days = f"on {first}" if gap["n_days"] == 1 else f"on {gap['n_days']} days from {first}"
        note = f": {gap['note']}" if gap["note"] else ""
        sentences.append(f"{names.get(gap['source_id'], gap['source_id'])} {STATES[gap['state']]} {days}{note}.")
    return sentences


def _target(target: str) -> str:
    if target.endswith("s") or target in MANY or target[:1].isupper():
        return target
    return f"{'an' if target[:1] in 'aeiou' else 'a'} {target}"


def _place(row: Row) -> str:
    name = row["place_name"] or row["admin1"]
    if not name:
        return " at a place that is not known"
    around = [each for each in (row["admin1"], words.COUNTRIES.get(row["country"])) if each and each != name]
    in_brackets = f" ({', '.join(around)})" if around else ""
    return f" {WHERE.get(row['where_prec'], 'in')} {name}{in_brackets}"


def _range(row: Row) -> str:
    around = words.span(row["low"], row["best"], row["high"])
    return f"{row['best']:,} people{f' ({around})' if around else ''}"


def _many(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _change(number: int, noun: str, plural: str = "s") -> str:
    if number == 0:
        return f"no change in {noun}{plural}"
    return f"{abs(number):,} {noun}{'' if abs(number) == 1 else plural} {'more' if number > 0 else 'fewer'}"


def _voice(speaker: str | None, outlet: str | None, claim: Row | None) -> str:
    kind = claim["speaker_type"] if claim else "media"
    who = speaker or ("" if kind == "media" else f"a {words.plain(kind)} voice")
    return f"{who} in {outlet}" if who and outlet and who != outlet else who or outlet or "somebody"


def _said(value: str, claim: Row | None) -> str:
    shown = str(claim["shown"]) if claim else value
    return f"it was not {shown}" if claim and claim["stance"] == "denied" else shown


def _name(headline: str) -> str:
    """The headline without its toll, which the sentence tells itself."""
    return headline.partition(": ")[0]


def _lower(headline: str) -> str:
    name = _name(headline)
    return f"{name[:1].lower()}{name[1:]}"
