"""What a thing is believed to be, from clues: pure, explained, and honest about not knowing.

A guess helps people to recognise their things.  It is no evidence for trust: any thing can say
any name, and on captures of kinds never seen before, guessers accept a wrong kind often.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from omamori.documents.reason import Reason, Value
from omamori.hub.knowing.identify_kinds import UNKNOWN
from omamori.hub.knowing.identify_rules import Clue

if TYPE_CHECKING:
    from collections.abc import Iterable
    from collections.abc import Set as AbstractSet

    from omamori.hub.knowing.identify_makers import Claim

SURE_MIN, LIKELY_MIN, UNSURE_MIN = 6.0, 3.0, 0.75  # weight sums; our judgement, uncalibrated
CONTRADICTION_SHARE = 0.5  # a rival with this share of the winner's weight is named
ASKED_MAKERS_MAX = 2  # a thing that asks for more makers' clouds is an app's or a resolver's host
SAID_MAX = 80  # characters of a clue quoted in a reason

_PARAMS = {"kind": "kind", "vendor": "maker", "model": "model"}  # as sentences call them
_UNKNOWN_KIND = frozenset({
    "identify.unknown-nothing-said", "identify.unknown-only-address", "identify.unknown-no-rule",
})  # fmt: skip
BANDS = ("unknown", "unsure", "likely", "sure")


class Guess(msgspec.Struct, frozen=True):
    """One belief.

    Attributes:
        value: the maker, kind or model; empty (or ``unknown`` for a kind) where nothing is known.
        band: ``sure``, ``likely``, ``unsure`` or ``unknown``.
        weight: the weight sum behind it, 0 and up; uncalibrated, not a probability.
        against: rivals with their weight sums, heaviest first.
    """

    value: str = ""
    band: str = "unknown"
    weight: float = 0.0
    against: tuple[tuple[str, float], ...] = ()


class Identity(msgspec.Struct, frozen=True):
    """What a thing is believed to be, and why.  It never grants trust.

    Attributes:
        vendor, kind, model: the beliefs, each with its band.
        evidence: the clues, weightiest first; age is ``now - clue.at``.
        reasons: why so, what contradicts, and why something stays unknown.
    """

    vendor: Guess
    kind: Guess
    model: Guess
    evidence: tuple[Clue, ...] = ()
    reasons: tuple[Reason, ...] = ()

    @property
    def confidence(self) -> str:
        """How sure we are of the kind, which is what people ask first."""
        return self.kind.band


def identify(clues: Iterable[Clue]) -> Identity:
    """Weigh clues: per belief the sum, over families of clues, of the weightiest in each."""
    evidence = tuple(sorted(clues, key=lambda clue: (-_heaviest(clue), clue.place, clue.said)))
    claims = [claim for clue in evidence for claim in clue.claims]
    asked = {c.value for c in claims if c.source == "asked" and c.aspect == "vendor"}
    reasons: list[Reason] = []
    if len(asked) > ASKED_MAKERS_MAX:
        claims = [c for c in claims if c.source != "asked"]
        reasons.append(Reason("identify.asks-many-makers", {"count": len(asked)}))
    vendor = _guess(claims, "vendor", "")
    many = {c.value for c in claims if c.source == "echonet" and c.aspect == "kind"}
    if len(many) > 1:
        reasons.append(Reason("identify.many-in-one", {"count": len(many)}))
    kind = _guess(claims, "kind", vendor.value, many)
    model = _guess(claims, "model", vendor.value)
    module = _guess(claims, "module", "")
    told = [
        *_because("kind", kind, evidence, many),
        *_unknown_kind(kind, evidence),
        *_because("vendor", vendor, evidence),
        *_unknown_maker(vendor, module),
        *_because("model", model, evidence),
    ]
    reasons = [*told, *reasons]
    if kind.value == "bridge":
        reasons.append(Reason("identify.bridge-hides-others"))
    if kind.band == "unknown":
        kind = Guess(UNKNOWN, "unknown", kind.weight, kind.against)
    return Identity(vendor, kind, model, evidence, tuple(reasons))


def corrected(identity: Identity, kind: str) -> Identity:
    """The same with the kind that a person gave; a person's word wins and is said so."""
    if not kind:
        return identity
    rivals = ((identity.kind.value, identity.kind.weight),)
    against = rivals if identity.kind.value not in {UNKNOWN, kind} else ()
    told = Reason("identify.person-said-kind", {"kind": kind})
    others = tuple(r for r in identity.reasons if r.key not in _UNKNOWN_KIND)
    guess = Guess(kind, "sure", identity.kind.weight, against)
    return msgspec.structs.replace(identity, kind=guess, reasons=(told, *others))


def _heaviest(clue: Clue) -> float:
    return max((claim.weight for claim in clue.claims if claim.aspect != "name"), default=0.0)


def _tally(claims: Iterable[Claim], aspect: str, vendor: str) -> dict[str, float]:
    best: dict[tuple[str, str], float] = {}
    for claim in claims:
        if claim.aspect == aspect and claim.given in {"", vendor}:
            key = (claim.value, claim.source)
            best[key] = max(best.get(key, 0.0), claim.weight)
    sums: dict[str, float] = {}
    for (value, _), weight in best.items():
        sums[value] = sums.get(value, 0.0) + weight
    return sums


def _guess(
    claims: list[Claim], aspect: str, vendor: str, allies: AbstractSet[str] = frozenset()
) -> Guess:
    sums = _tally(claims, aspect, vendor)
    if not sums:
        return Guess()
    ranked = sorted(sums.items(), key=lambda pair: (-pair[1], pair[0]))
    (value, weight), rivals = ranked[0], tuple(ranked[1:])
    band = _band(weight)
    if _disputed(weight, value, rivals, allies):
        band = BANDS[max(BANDS.index(band) - 1, 0)] if band != "unsure" else band
    if band == "unknown":
        return Guess("", band, weight, tuple(ranked))
    return Guess(value, band, weight, rivals)


def _band(weight: float) -> str:
    for least, band in ((SURE_MIN, "sure"), (LIKELY_MIN, "likely"), (UNSURE_MIN, "unsure")):
        if weight >= least:
            return band
    return "unknown"


def _disputed(
    weight: float, value: str, rivals: tuple[tuple[str, float], ...], allies: AbstractSet[str]
) -> str:
    """The rival that is nearly as heavy, or nothing; several kinds in one thing are no rivals."""
    for rival, against in rivals:
        if against < CONTRADICTION_SHARE * weight:
            return ""
        if not {value, rival} <= allies:
            return rival
    return ""


def _because(
    aspect: str,
    guess: Guess,
    evidence: tuple[Clue, ...],
    allies: AbstractSet[str] = frozenset(),
) -> list[Reason]:
    """The weightiest clue for a belief, and the weightiest against it where it is disputed."""
    if guess.band == "unknown":
        return []
    clue, claim = _says(evidence, aspect, guess.value)
    param = _PARAMS[aspect]
    params: dict[str, Value] = {
        param: guess.value,
        "band": guess.band,
        "said": clue.said[:SAID_MAX],
    }
    reasons = [Reason(f"identify.{param}-by-{claim.source}", {**params, "place": clue.place})]
    rival = _disputed(guess.weight, guess.value, guess.against, allies)
    if rival:
        against, _ = _says(evidence, aspect, rival)
        disputed: dict[str, Value] = {
            param: rival,
            "said": against.said[:SAID_MAX],
            "place": against.place,
        }
        reasons.append(Reason(f"identify.{param}-disputed", disputed))
    return reasons


def _says(evidence: tuple[Clue, ...], aspect: str, value: str) -> tuple[Clue, Claim]:
    """The weightiest clue that says this, with its claim."""
    pairs = (
        (clue, claim)
        for clue in evidence
        for claim in clue.claims
        if (claim.aspect, claim.value) == (aspect, value)
    )
    return max(pairs, key=lambda pair: pair[1].weight)


def _unknown_kind(kind: Guess, evidence: tuple[Clue, ...]) -> list[Reason]:
    """Why the kind is unknown; the honest answer where nothing is known."""
    if kind.band != "unknown":
        return []
    if not evidence:
        return [Reason("identify.unknown-nothing-said")]
    if {clue.place for clue in evidence} == {"address.mac"}:
        return [Reason("identify.unknown-only-address")]
    return [Reason("identify.unknown-no-rule", {"clues": len(evidence)})]


def _unknown_maker(vendor: Guess, module: Guess) -> list[Reason]:
    if vendor.band == "unknown" and module.value:
        return [Reason("identify.unknown-only-radio-maker", {"maker": module.value})]
    return []
