"""What the hub does of itself on each kind of alert, and when it asks instead; all of it a table."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import msgspec

from omamori.documents.reason import Reason
from omamori.hub.guarding.places import BARE, MOVED, OWN_PORT, SHARED_PORT
from omamori.hub.knowing.identify_kinds import UNKNOWN
from omamori.hub.points import ASK_BEFORE_CUTTING, LIFE, harm_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from omamori.hub.knowing.known import KnownThing

CUTS, CUTS_IF_SURE, ASKS, TELLS = "cuts", "cuts-if-sure", "asks", "tells"
"""Cut it; cut it only if the frames came from a port of its own; ask a person; only the alert."""


class Answer(NamedTuple):
    """What is done on a kind of alert, and why no more and no less."""

    does: str
    why: str


_LOOKS = "it looks for victims; what it finds it attacks within seconds"
_NAMED = "the frames name the offender, and whoever fakes them could name another"
_VICTIM = "the thing is the one that it is done to"
_UNCLEAR = "which of two is at fault cannot be heard"
_HABIT = "a departure from habit has harmless causes more often than not"

ANSWERS: dict[str, Answer] = {
    "sweep.arp": Answer(CUTS, _LOOKS),
    "sweep.ping": Answer(CUTS, _LOOKS),
    "sweep.ports": Answer(CUTS, _LOOKS),
    "sweep.hosts": Answer(CUTS, _LOOKS),
    "sweep.outside": Answer(CUTS, "it attacks others; this home must not be where it comes from"),
    "spread.telnet": Answer(CUTS, "this is how Mirai and its kin spread (Antonakakis et al. 2017)"),
    "spread.failed": Answer(ASKS, "a waking laptop and a torrent do it, too; uncalibrated"),
    "guess.password": Answer(CUTS, "the next try may be the right one"),
    "inbound.ports": Answer(TELLS, _VICTIM),
    "inbound.guess": Answer(TELLS, _VICTIM),
    "claims.dhcp": Answer(CUTS_IF_SURE, _NAMED),
    "claims.router": Answer(CUTS_IF_SURE, _NAMED),
    "claims.address": Answer(CUTS_IF_SURE, _NAMED),
    "claims.many": Answer(CUTS_IF_SURE, _NAMED),
    "claims.flood": Answer(TELLS, "a clumsy thing does it, too, and it harms nobody"),
    "claims.twice": Answer(TELLS, _UNCLEAR),
    "claims.port": Answer(TELLS, _UNCLEAR),
    "dhcp.scan": Answer(ASKS, "it can starve the others of addresses; a faulty thing does it, too"),
    "flood.talk": Answer(CUTS, "so fast a search that its doors can no longer be counted"),
    "flood.addresses": Answer(TELLS, "nobody knows who made the addresses up"),
    "beacon.regular": Answer(TELLS, _HABIT),
    "behaviour.new-country": Answer(TELLS, _HABIT),
    "behaviour.new-neighbour": Answer(TELLS, _HABIT),
    "behaviour.offers-new": Answer(TELLS, _HABIT),
    "behaviour.not-declared": Answer(TELLS, _HABIT),
    "behaviour.carries-out": Answer(TELLS, _HABIT),
    "behaviour.more-than-ever": Answer(TELLS, _HABIT),
}
OTHER = Answer(TELLS, "nothing is known of it")

_MANY_DEPEND = frozenset({"switch"})  # all that is plugged into it goes with it
_MANY_TALKS = frozenset({"computer", "storage"})
"""File sharing talks to thousands: too much talk of these is asked about."""

CUTS_BY_ADDRESS_MAX = 3
"""Things cut by the hub itself at once on an address alone: with borrowed addresses somebody could
have innocent things cut off, and must not shut down a home so; a judgement."""
CUTS_BY_ITSELF_MAX = 8  # at once, however sure: more at once is rather our mistake than the truth


class Scene(msgspec.Struct, frozen=True):
    """What must not be cut off by itself, whatever it is: ids and addresses.

    Attributes:
        own: this machine's; never cut off.
        ways: the way out of this home, as its owner set it up: never cut off, for all goes through
            it. Not whoever lately plays that part: a false one must not be safe from the guard.
        screens: those from which a person used the hub's pages lately.
        contested: addresses that two claim at present.
    """

    own: frozenset[str] = frozenset()
    ways: frozenset[str] = frozenset()
    screens: frozenset[str] = frozenset()
    contested: frozenset[str] = frozenset()


def answer_to(kind: str) -> Answer:
    """What is done on a kind of alert."""
    return ANSWERS.get(kind, OTHER)


def bars(
    alert_kind: str,
    thing: KnownThing,
    sure: str,
    scene: Scene,
    kind_of: Callable[[str], str],
) -> Iterable[Reason]:
    """Everything that speaks against cutting it off without asking; the gravest first.

    Args:
        sure: how surely it was this thing (`places`).
        kind_of: what another thing is; for what is behind a bridge.
    """
    names = {thing.id, thing.mac} - {""}
    yield from _of_need(thing)
    needed = sum(_is_needed(kind_of(child)) for child in thing.children)
    if needed:
        yield Reason("guard.needed-behind", {"count": needed})
    if thing.identity.kind.value in _MANY_DEPEND:
        yield Reason("guard.many-depend")
    if names & scene.screens:
        yield Reason("guard.your-screen")
    if alert_kind == "flood.talk" and thing.identity.kind.value in _MANY_TALKS:
        yield Reason("guard.may-share-files")
    yield from _of_identity(alert_kind, thing, sure, scene)


def _of_need(thing: KnownThing) -> Iterable[Reason]:
    kind = thing.identity.kind
    if _is_needed(kind.value):
        yield Reason("guard.needed-kind", {"kind": kind.value})
        return
    rival = next((value for value, _ in kind.against if _is_needed(value)), "")
    if rival:
        yield Reason("guard.may-be-needed", {"kind": rival})


def _of_identity(alert_kind: str, thing: KnownThing, sure: str, scene: Scene) -> Iterable[Reason]:
    if thing.behind:
        yield Reason("guard.behind-bridge")
    elif not thing.mac:
        yield Reason("guard.no-address")
    if thing.hides_others:
        yield Reason("guard.others-behind")
    if sure == MOVED:
        yield Reason("guard.heard-at-two-places")
    if sure != OWN_PORT and not scene.contested.isdisjoint((thing.mac, *thing.ips)):
        yield Reason("guard.address-contested")
    if answer_to(alert_kind).does == CUTS_IF_SURE and sure != OWN_PORT:
        yield Reason("guard.may-be-faked")


def too_many(sure: str, cut: Sequence[str]) -> Iterable[Reason]:
    """What speaks against one more cut by itself.

    Args:
        cut: how sure each of those is that are cut off by itself now.
    """
    on_address = sum(one != OWN_PORT for one in cut)
    is_guess = sure != OWN_PORT
    if len(cut) >= CUTS_BY_ITSELF_MAX or (is_guess and on_address >= CUTS_BY_ADDRESS_MAX):
        yield Reason("guard.many-cut-already", {"count": len(cut)})


def _is_needed(kind: str) -> bool:
    return kind in ASK_BEFORE_CUTTING or (kind not in {"", UNKNOWN} and harm_of(kind) == LIFE)


SURETY: dict[str, str] = {
    OWN_PORT: "guard.sure-own-port",
    SHARED_PORT: "guard.sure-shared-port",
    MOVED: "guard.heard-at-two-places",
    BARE: "guard.sure-address-only",
}
"""The sentence that says how surely it was this thing."""
