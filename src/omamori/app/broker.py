"""This home as a broker may know it: things in one language's words, wishes through the arbiter.

Nothing on a broker tells who published a message: whoever has its password may. So a wish from there
is a program's (`automation`), never a person's, and the rules know it by its channel. Who may cut off
is as careful: a broker takes back only what it cut off itself.
"""

from __future__ import annotations

import secrets
import ssl
from typing import TYPE_CHECKING

from omamori.adapters.home_broker.bridge import HomeBroker
from omamori.adapters.home_broker.shown import Answer, BrokerError, PointShown, ThingShown
from omamori.adapters.home_broker.way import Way
from omamori.adapters.keys import KeysError, read_secret, write_secret
from omamori.hub.alerting.alert import OPEN
from omamori.hub.commanding.command import AUTOMATION_BY, BROKER, Command, Origin, Outcome
from omamori.hub.commanding.slots import AUTOMATION
from omamori.hub.guarding.plan import OBSERVING
from omamori.hub.points import ASK_BEFORE_CUTTING, POINTS, Given, Point
from omamori.web import names, words
from omamori.web.protect_words import point as point_words

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from pathlib import Path

    from omamori.app.config import Broker
    from omamori.app.household import Household
    from omamori.app.protect_views import ProtectViews
    from omamori.app.protection import Protection
    from omamori.documents.reason import Reason
    from omamori.hub.alerting.alert import Alert
    from omamori.hub.knowing.known import KnownThing
    from omamori.web.views import ThingCard

LEASE_S = 12 * 3600.0
"""How long a wish from a broker holds: it names no end, and nobody keeps a lamp waiting for ever. Our
own figure, half of what its slot allows."""

WHO = "broker"
HUB_FILE, HUB_OCTETS = "broker.name", 4
PURPOSE_OF_POINT = {
    "locked": "open-doors",
    "charge_w": "share-energy",
    "charge_limit_a": "share-energy",
    "content": "show-content",
    "playback": "show-content",
    "volume_percent": "show-content",
    "muted": "show-content",
}
"""What a wish for a point is for, where its asker does not say; all others switch something."""


class HouseBroker:
    """One home for `HomeBroker`; `settable` tells which points of a thing this hub can set."""

    def __init__(
        self,
        protection: Protection,
        household: Household,
        settable: Callable[[str], Mapping[str, object]],
        named: Callable[[Reason, str], Reason],
        config: Broker,
    ) -> None:
        """`named` puts names for ids into a reason, for a language."""
        self.protection = protection
        self.household = household
        self.settable = settable
        self.named = named
        self.lang: str = config.language
        self.is_named = bool(config.user)  # else anybody may speak there
        self.origin = Origin(WHO, AUTOMATION_BY, BROKER, "", WHO)

    def things(self) -> tuple[ThingShown, ...]:
        """Every thing of the home now."""
        cards = {card.id: card for card in self.household.cards(self.lang)}
        things = self.protection.watch.inventory.things()
        return tuple(self._shown(thing, cards[thing.id]) for thing in things if thing.id in cards)

    def states(self) -> tuple[str, ...]:
        """Every state that a thing can have, in words."""
        return tuple(words.text(state, self.lang) for state in names.STATES.values())

    def said(self, reason: Reason) -> str:
        """A reason in words."""
        return words.sentence(self.named(reason, self.lang), self.lang)

    def ask(self, thing: str, point: str, value: Given, tell: Callable[[Answer], None]) -> None:
        """A wish goes the way of all wishes: the rules say whether, the arbiter says when."""

        def told(outcome: Outcome) -> None:
            why = " ".join(self.said(reason) for reason in outcome.reasons)
            tell(Answer(thing, point, outcome.state, why))

        steward = self.protection.steward
        command = Command(
            id=f"{WHO}-{secrets.token_hex(8)}",
            origin=self.origin,
            target=thing,
            point=point,
            value=value,
            slot=AUTOMATION,
            at=steward.clock(),
            lease_s=LEASE_S,
            purpose=PURPOSE_OF_POINT.get(point, "switch-power"),
        )
        steward.ask(command, told)

    def set_cut(self, thing: str, *, cut: bool) -> None:
        """Cut a thing off, or take back what was cut off by way of this broker."""
        shield = self.protection.shield
        known = self.protection.watch.inventory.thing(thing)
        if not self.is_named:
            raise BrokerError("broker.nobody-named")
        if cut:
            if known is None or not self._can_cut(known):
                raise BrokerError("broker.cut-elsewhere")
            shield.cut(thing, WHO)
            return
        held = shield.guard.of(thing)
        if held is None or held.by != WHO:
            raise BrokerError("broker.undo-elsewhere")
        shield.undo(thing, WHO)

    def _can_cut(self, known: KnownThing) -> bool:
        shield = self.protection.shield
        scene = shield.guard.scene
        return (
            self.is_named
            and shield.force.features.force != OBSERVING
            and not known.behind
            and known.identity.kind.value not in ASK_BEFORE_CUTTING
            and (scene.own | scene.ways).isdisjoint((known.id, known.mac))
        )

    def _told(self, alert: Alert, reason: Reason) -> str:
        named = self.household.alerts.named(reason, alert.thing, self.lang)
        return words.sentence(named, self.lang)

    def _shown(self, known: KnownThing, card: ThingCard) -> ThingShown:
        alerts = self.protection.watch.alerts_of(known.id)
        worst = next((alert for alert in alerts if alert.state == OPEN), None)
        return ThingShown(
            id=known.id,
            name=words.cleaned(card.name),
            kind=card.kind,
            kind_words=words.kind_word(card.kind, self.lang),
            state=words.named(names.STATES, str(card.state), self.lang),
            maker=words.cleaned(known.identity.vendor.value),
            rung=card.level.rung if card.level else None,
            alert=self._told(worst, worst.reason) if worst else "",
            todo=self._told(worst, worst.action) if worst else "",
            is_cut=self.protection.shield.guard.is_cut(known.id),
            can_cut=self._can_cut(known),
            points=tuple(self._points(known.id)),
        )

    def _points(self, thing: str) -> Iterable[PointShown]:
        for name, offered in self.settable(thing).items():
            point = offered if isinstance(offered, Point) else POINTS.get(name)
            if point is not None:
                words_of = point_words(name, self.lang)
                yield PointShown(point, words_of, self._value(thing, name))

    def _value(self, thing: str, point: str) -> Given | None:
        seen = self.protection.steward.arbiter.reading(thing, point)
        return seen[0] if seen is not None else None


def broker_of(
    config: Broker, folder: Path, views: ProtectViews, clock: Callable[[], float], version: str
) -> HomeBroker | None:
    """What keeps this home's broker told, of a home whose pages show these views."""
    house = HouseBroker(views.protection, views.household, views.settable, views.named, config)
    return home_broker(config, folder, house, clock, version)


def home_broker(
    config: Broker, folder: Path, house: HouseBroker, clock: Callable[[], float], version: str
) -> HomeBroker | None:
    """What keeps this home's broker told; None where the home has none. Its `run` is one task."""
    if not config.host:
        return None
    way = Way(
        config.host,
        config.port,
        config.user,
        (lambda: _password(config.secret, folder)) if config.secret else None,
        ssl.create_default_context() if config.tls else None,
    )
    return HomeBroker(house, way, _hub_name(folder), clock, version)


def _password(name: str, folder: Path) -> str:
    """The password, read anew each time; raises KeysError."""
    octets = read_secret(folder / name)  # an absolute path stays what it is
    return octets.decode("utf-8", "replace").strip("\r\n")


def _hub_name(folder: Path) -> str:
    """What this hub is called at the broker: made once, so that its things stay the same there."""
    path = folder / HUB_FILE
    try:
        said = read_secret(path).decode("ascii", "replace")
    except KeysError:
        said = ""
    if len(said) != 2 * HUB_OCTETS or not said.isalnum():
        said = secrets.token_hex(HUB_OCTETS)
        write_secret(path, said.encode())
    return said
