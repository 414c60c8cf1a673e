"""Household: one network's things as pages show them, the real home's or the practice home's."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Protocol
from unicodedata import normalize

from omamori.app.alert_views import AlertViews
from omamori.app.network import SOURCE_OF
from omamori.app.seeing import Seeing
from omamori.app.should import should
from omamori.documents.mud import read_mud, write_mud
from omamori.documents.reason import Reason
from omamori.hub.behaving.described import as_mud
from omamori.hub.knowing.identify_kinds import UNKNOWN
from omamori.hub.sighting import KINDS
from omamori.simulation.sample_views import level_view
from omamori.web import views
from omamori.web.views_talk import AliasView, HearingView, OtherThing, SuggestionView

if TYPE_CHECKING:
    from collections.abc import Callable

    from omamori.app.vouching import Silent, Voucher
    from omamori.documents.mud import MudFile
    from omamori.hub.alerting.alert import Alert
    from omamori.hub.knowing.identify_rules import Clue
    from omamori.hub.knowing.known import KnownAddress, KnownThing
    from omamori.hub.service import Watch
    from omamori.trust.standing import Standing

STALE_S = 900.0
"""What was not heard for a quarter of an hour is shown in grey: it cannot be confirmed."""

DOUBTED_FROM_STEP = views.ATTENTION
"""From this step of state on, the hub no longer speaks for a thing."""

WEIGHT_MAX = 6.0
CLUE_FAMILIES = frozenset(kind.partition(".")[0] for kind in KINDS) - {"sample"}
"""First parts of the kinds of fact; each has a sentence of its own."""


class Keeper(Protocol):
    """Keeps a person's word on a network's things."""

    watch: Watch

    def say_fine(self, alert_id: str, *, fine: bool) -> Alert:
        """Keep that an alert is fine, or take that back."""
        ...

    def declare(self, thing_id: str, mud: MudFile | None) -> None:
        """Hold a thing against its maker's rules; None takes them away."""
        ...

    def part(self, alias: str) -> None:
        """Keep that an address is not the same thing."""
        ...

    def join(self, thing_id: str, alias: str) -> None:
        """Keep that two addresses are the same thing."""
        ...


class Household:
    """Things, talk and alerts of one network; `home` is as in `web.views_talk`."""

    def __init__(
        self,
        keeper: Keeper,
        home: str,
        voucher: Voucher | Silent,
        hearing: Callable[[], HearingView],
        clock: Callable[[], float],
        name_of: Callable[[KnownThing, str], str] | None = None,
    ) -> None:
        self.keeper = keeper
        self.home = home
        self.voucher = voucher
        self.hearing = hearing
        self.clock = clock
        self.watch = keeper.watch
        self._called = name_of
        self.alerts = AlertViews(self.watch, home, self.name_of, clock)
        self.seeing = Seeing(self.watch, home, self.name_of, hearing, clock, self.alerts)

    def cards(self, lang: str) -> tuple[views.ThingCard, ...]:
        """All things, what needs a look first."""
        worst = self.watch.worst()
        cards = [self._card(thing, lang, worst) for thing in self.watch.inventory.things()]
        return tuple(sorted(cards, key=lambda card: (-card.state, card.kind, card.name)))

    def thing(self, thing_id: str, lang: str, since_s: float) -> views.ThingView | None:
        """All that is known of one thing."""
        thing = self.watch.inventory.thing(thing_id)
        if thing is None:
            return None
        worst = self.watch.worst()
        standing = self._standing(thing, worst)
        behaviour = self.watch.behaviour
        doubt = (Reason("vouch.doubted"),) if self._is_doubted(thing, worst) else ()
        return views.ThingView(
            card=self._card(thing, lang, worst),
            clues=tuple(_clue(clue) for clue in thing.identity.evidence),
            addresses=_addresses(thing),
            names=thing.names,
            ground_reasons=(*doubt, *standing.steps, *standing.reasons),
            maker=thing.identity.vendor.value,
            corrected=thing.is_corrected,
            sample=bool(self.home),
            has_label=not self.home,
            doing=self.seeing.doing(thing.id, since_s, lang),
            should=should(
                behaviour.habits(thing.id),
                behaviour.declared(thing.id),
                lambda other: self._name_by_id(other, lang),
            ),
            alerts=self.alerts.of(thing.id, lang),
            parent=self._other(thing.behind, lang),
            children=tuple(filter(None, (self._other(child, lang) for child in thing.children))),
            aliases=_aliases(thing),
            others=self._others(thing, lang),
            suggestion=self._suggestion(thing),
            hearing=self.hearing(),
        )

    def card(self, thing: KnownThing, lang: str) -> views.ThingCard:
        """A thing in a list."""
        return self._card(thing, lang, self.watch.worst())

    def mud_of(self, thing_id: str) -> bytes | None:
        """What was learned of a thing as a MUD file."""
        thing = self.watch.inventory.thing(thing_id)
        habits = self.watch.behaviour.habits(thing.id) if thing else None
        if thing is None or habits is None or not habits.known:
            return None
        made_at = datetime.fromtimestamp(self.clock(), tz=UTC).isoformat(timespec="seconds")
        # RFC 6761: a name that is nobody's, because what was learned here is no maker's word.
        url = f"https://learned.invalid/{thing.id.replace(':', '')}"
        mud = as_mud(habits, url, made_at, system=_own_name(thing)[:60])
        return write_mud(mud)

    def declare(self, thing_id: str, octets: bytes) -> MudFile:
        """Take in a maker's rules; raises `MudError` for what is no MUD file."""
        mud = read_mud(octets)
        self.keeper.declare(thing_id, mud)
        return mud

    def _card(self, thing: KnownThing, lang: str, worst: dict[str, int]) -> views.ThingCard:
        standing = self._standing(thing, worst)
        identity = thing.identity
        stale = self.clock() - thing.last_seen > STALE_S
        calm = views.UNCONFIRMED if stale else views.AS_USUAL
        return views.ThingCard(
            id=thing.id,
            name=self.name_of(thing, lang),
            kind=identity.kind.value or UNKNOWN,
            state=worst.get(thing.id, calm),
            sure="said" if thing.is_corrected else identity.confidence,
            why=identity.reasons[:3],
            ground=standing.ground,
            level=level_view(standing.effective),
            seen_at=thing.last_seen,
            address=thing.ips[0] if thing.ips else thing.mac,
        )

    def _standing(self, thing: KnownThing, worst: dict[str, int]) -> Standing:
        return self.voucher.standing(thing, is_doubted=self._is_doubted(thing, worst))

    @staticmethod
    def _is_doubted(thing: KnownThing, worst: dict[str, int]) -> bool:
        """The hub's word ends while a thing, or the bridge that speaks for it, is in doubt."""
        return max(worst.get(thing.id, 0), worst.get(thing.behind, 0)) >= DOUBTED_FROM_STEP

    def _suggestion(self, thing: KnownThing) -> SuggestionView | None:
        """What it sounds like, as long as nobody knows what it is."""
        if thing.is_corrected or thing.identity.confidence in {"sure", "likely"} or thing.behind:
            return None
        found = self.watch.suggestion(thing.id)
        if not found.labels:
            return None
        said = ", ".join(found.because)
        is_close = len(found.labels) == 1 and found.band == "close"
        key = "identify.sounds-like" if is_close else "identify.sounds-akin"
        return SuggestionView(found.labels[0], (Reason(key, {"said": said}),))

    def _others(self, thing: KnownThing, lang: str) -> tuple[tuple[str, str], ...]:
        """Things that it could be the same as, if a person says so."""
        if thing.behind:
            return ()
        each = self.watch.inventory.things()
        return tuple(
            (o.id, self.name_of(o, lang)) for o in each if o.id != thing.id and not o.behind
        )

    def _other(self, thing_id: str, lang: str) -> OtherThing | None:
        known = self.watch.inventory.thing(thing_id) if thing_id else None
        if known is None:
            return None
        return OtherThing(known.id, self.name_of(known, lang), known.identity.kind.value or UNKNOWN)

    def _name_by_id(self, thing_id: str, lang: str) -> str:
        known = self.watch.inventory.thing(thing_id)
        return self.name_of(known, lang) if known else thing_id

    def name_of(self, thing: KnownThing, lang: str) -> str:
        """What to call it; what a bridge tells of without a name is counted, as its code tells nobody."""
        bridge = self.watch.inventory.thing(thing.behind) if thing.behind else None
        if bridge is not None and not thing.names and thing.id in bridge.children:
            return f"{self.name_of(bridge, lang)} · {bridge.children.index(thing.id) + 1}"
        return self._called(thing, lang) if self._called else _own_name(thing)


def _own_name(thing: KnownThing) -> str:
    """What to call it: a person's name, its own, its maker and address."""
    if thing.names:
        return thing.names[0]
    maker = thing.identity.vendor.value
    # The newest IPv4 address (RFC 791) first: it is shorter, and changes less while one looks.
    address = min(thing.ips, key=lambda ip: ":" in ip, default=thing.mac or thing.id)
    return f"{maker} ({address})" if maker else address


def _clue(clue: Clue) -> views.ClueView:
    heaviest = max((claim.weight for claim in clue.claims), default=0.0)
    family = clue.place.partition(".")[0]
    key = f"clue.{family}" if family in CLUE_FAMILIES else "clue.heard"
    return views.ClueView(
        Reason(key, {"place": clue.place, "said": clue.said}),
        SOURCE_OF.get(family, "capture"),
        min(1.0, heaviest / WEIGHT_MAX),
        clue.at,
    )


def _addresses(thing: KnownThing) -> tuple[views.AddressView, ...]:
    private = (Reason("address.private"),) if thing.is_private_address else ()
    mac = (views.AddressView("mac", thing.mac, thing.last_seen, private),) if thing.mac else ()
    return (
        *mac,
        *(
            views.AddressView("ipv6" if ":" in ip else "ipv4", ip, thing.last_seen)
            for ip in thing.ips
        ),
    )


def _why_it_returned(thing: KnownThing, each: KnownAddress) -> tuple[Reason, ...]:
    """Why an address is believed to be its own, with the name as it spells it."""
    said = {_letters(name): name for name in reversed(thing.names)}
    told = tuple(
        Reason(
            why.key, {**why.params, "name": said.get(str(why.params["name"]), why.params["name"])}
        )
        if "name" in why.params
        else why
        for why in each.because
    )
    is_open = each.is_guess and each.id == thing.mac
    return (*told, Reason("identify.returned-no-trust")) if is_open else told


def _letters(name: str) -> str:
    """A name as likeness compares it."""
    return "".join(c for c in normalize("NFKC", name).casefold() if c.isalnum())


def _aliases(thing: KnownThing) -> tuple[AliasView, ...]:
    return tuple(
        AliasView(
            each.id,
            each.first_seen,
            each.last_seen,
            _why_it_returned(thing, each),
            is_guess=each.is_guess,
            is_used=each.id == thing.mac,
            is_first=each.id == thing.id,
        )
        for each in thing.known_by
    )
