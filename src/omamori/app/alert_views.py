"""Alerts put as pages show them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from omamori.documents.reason import Reason
from omamori.hub.alerting.alert import FINE, OPEN, OVER
from omamori.web.views_talk import AlertCard, AlertsView, AlertView, FactView
from omamori.web.words import text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from omamori.documents.reason import Value
    from omamori.hub.alerting.alert import Alert
    from omamori.hub.finding import Fact
    from omamori.hub.knowing.known import KnownThing
    from omamori.hub.service import Watch

PARAMETERS_THAT_NAME = ("thing", "known", "target", "other", "place")
"""Parameters of an alert's sentence that hold a thing's id or address; pages show its name."""


class AlertViews:
    """The alerts of one home, for its pages; arguments as in `seeing.Seeing`.

    Attributes:
        is_cut: whether a thing is cut off now; told by whoever protects this home.
    """

    def __init__(
        self,
        watch: Watch,
        home: str,
        name_of: Callable[[KnownThing, str], str],
        clock: Callable[[], float],
    ) -> None:
        self.watch = watch
        self.home = home
        self.name_of = name_of
        self.clock = clock
        self.is_cut: Callable[[str], bool] = lambda _thing: False

    def all(self, lang: str) -> AlertsView:
        """Every alert: open ones first, the gravest first."""
        cards = self.cards(self.watch.alerts.all(), lang)
        return AlertsView(self.clock(), self.home, cards)

    def open(self, lang: str) -> tuple[AlertCard, ...]:
        """Those that a person should look at."""
        return self.cards((a for a in self.watch.alerts.all() if a.state == OPEN), lang)

    def of(self, thing: str, lang: str) -> tuple[AlertCard, ...]:
        """One thing's, whatever their state."""
        return self.cards(self.watch.alerts_of(thing), lang)

    def one(self, alert_id: str, lang: str) -> AlertView | None:
        """An alert with the packets' facts that made it."""
        alert = self.watch.alerts.get(alert_id)
        if alert is None:
            return None
        return AlertView(
            card=self._card(alert, lang),
            home=self.home,
            facts=tuple(self._fact(fact, lang) for fact in alert.facts),
            fine_at=alert.at if alert.state == FINE else None,
        )

    def cards(self, alerts: Iterable[Alert], lang: str) -> tuple[AlertCard, ...]:
        """Alerts as cards, in the order given."""
        return tuple(self._card(alert, lang) for alert in alerts)

    def _card(self, alert: Alert, lang: str) -> AlertCard:
        known = self.watch.inventory.thing(alert.thing)
        return AlertCard(
            id=alert.id,
            state=alert.step,
            what=self.named(alert.reason, alert.thing, lang),
            todo=self.named(alert.action, alert.thing, lang),
            at=alert.first_at,
            last_at=alert.at,
            times=alert.count,
            thing_id=known.id if known else "",
            name=self.name(alert.thing, lang),
            fine=alert.state == FINE,
            over=alert.state == OVER,
            cut=self.is_cut(alert.thing),
        )

    def named(self, reason: Reason, thing: str, lang: str) -> Reason:
        """The same with names instead of ids."""
        params: dict[str, Value] = {"thing": thing, **reason.params}
        for key in PARAMETERS_THAT_NAME:
            if key in params:
                called = str(params[key])  # only nobody's own alert is the whole network's
                params[key] = self.name(called, lang) if called or key == "thing" else ""
        return Reason(reason.key, params)

    def name(self, thing: str, lang: str) -> str:
        """What a thing is called, by its id or an address that it uses."""
        if not thing:  # a flood of made-up addresses is nobody's
            return text("The home's network", lang)
        known = self.watch.inventory.thing(thing)
        return self.name_of(known, lang) if known else self._owner(thing, lang) or thing

    def _fact(self, fact: Fact, lang: str) -> FactView:
        return FactView(
            at=fact.at,
            source=fact.source,
            target=fact.target,
            what=fact.what,
            source_name=self._owner(fact.source, lang),
            target_name=self._owner(fact.target, lang),
        )

    def _owner(self, address: str, lang: str) -> str:
        """The name of whoever uses an address here, or nothing."""
        thing = self.watch.inventory.thing_of(address, address)
        known = self.watch.inventory.thing(thing) if thing else None
        return self.name_of(known, lang) if known else ""
