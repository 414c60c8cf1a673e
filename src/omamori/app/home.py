"""Home: one family's hub as its pages see it, the real network and the sample home side by side."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from omamori.adapters.policy import POLICY_NAME
from omamori.app.automations import FILE as AUTOMATIONS
from omamori.app.automations import AutomationViews
from omamori.app.entry_views import entry_view
from omamori.app.household import Household
from omamori.app.plays_told import PLAYS
from omamori.app.protect_views import ProtectViews
from omamori.app.protects import Guarded, Protects
from omamori.app.rule_views import RuleViews
from omamori.app.theatre import Theatre, service_name
from omamori.app.vouching import Voucher
from omamori.documents.reason import Reason, RefusedError
from omamori.ledger.entry import Entry
from omamori.simulation.sample_views import PREFIX, SampleViews, name_of
from omamori.simulation.situations import SITUATIONS
from omamori.web import views, views_talk

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from omamori.app.hands import DriverHands
    from omamori.app.network import Network
    from omamori.app.practice import Practice
    from omamori.app.protection import Protection
    from omamori.app.vouching import Silent
    from omamori.hub.alerting.alert import Alert
    from omamori.ledger.entry import Entries
    from omamori.simulation.sample_home import SampleHome
    from omamori.web.views_talk import HearingView

ENTRIES_A_PAGE = 30
SEQ_DIGITS_MAX = 15


class HomeError(RefusedError):
    """A request that this home cannot fulfil."""


class Home:
    """Implements `web.ports.HomePort`."""

    def __init__(
        self,
        network: Network,
        voucher: Voucher | Silent,
        sample: SampleHome | None,
        practice: Practice | None,
        entries: Entries,
        folder: Path,
        address: str,
        version: str,
        clock: Callable[[], float],
        *,
        on_lan: bool,
    ) -> None:
        self.network = network
        self.voucher = voucher
        self.sample_home = sample
        self.sampled = SampleViews(sample) if sample else None
        self.entries = entries
        self.folder = folder
        self.address = address
        self.version = version
        self.clock = clock
        self.on_lan = on_lan
        self.practice = practice
        self.guarded: Guarded | None = None
        self.theatre: Theatre | None = None
        self._real = Household(network, "", voucher, self._hearing, clock)
        self._sampled = (
            Household(practice, views_talk.SAMPLE, voucher, _practised, clock, practice.name_of)
            if practice
            else None
        )

    # Looking.

    def home(self, lang: str) -> views.HomeView:
        """This network now."""
        return views.HomeView(
            at=self.clock(),
            things=self._real.cards(lang),
            todos=(
                *self._own_todos(),
                *(self.guarded.views.todos(lang) if self.guarded else ()),
                *(self.sampled.todos(lang) if self.sampled else ()),
            ),
            sources=self._sources(),
            force=self._force(),
            alerts=self._real.alerts.open(lang),
            hearing=self._hearing(),
            situation=self.practice.network.situation if self.practice else "",
        )

    def protect(
        self, protection: Protection, hands: DriverHands, changed: Callable[[str], None]
    ) -> Protects:
        """Protect this home and the practice home; what their pages show and do."""
        self.guarded = _guarded(
            protection, self._real, hands.settable, self.folder, self.clock, lambda: changed("home")
        )
        practised = None
        if self.practice is not None and self._sampled is not None:
            practised = _guarded(
                self.practice.protection,
                self._sampled,
                self.practice.settable,
                None,
                self.clock,
                lambda: changed("sample"),
            )
            if self.sample_home is not None:
                self.theatre = Theatre(self.practice, self.sample_home, self.clock)
                self.theatre.named = practised.views.named
                self.practice.theatre = self.theatre
        return Protects(self.guarded, practised, self.theatre)

    def _force(self) -> str:
        return self.guarded.protection.shield.force.features.force if self.guarded else "observing"

    def _own_todos(self) -> tuple[views.TodoView, ...]:
        if isinstance(self.voucher, Voucher):
            return ()
        return (views.TodoView(views.ATTENTION, self.voucher.why, "/happened"),)

    def _sources(self) -> tuple[views.SourceView, ...]:
        settings, network = self.network.settings, self.network
        wanted = {
            "mdns": settings.mdns,
            "ssdp": settings.ssdp,
            "echonet": settings.echonet,
            "neighbour": settings.neighbours,
            "capture": bool(settings.interface),
        }
        found = []
        for key, on in wanted.items():
            heard = network.heard.get(key)
            why: tuple[Reason, ...] = ()
            if key == "capture":
                trouble = network.wire.trouble if network.wire else None
                why = (trouble,) if trouble else ()
                if not on:
                    why = (Reason("web.source-needs-rights"),)
            found.append(
                views.SourceView(
                    key,
                    on=on and network.listening and not (key == "capture" and why),
                    heard=heard.count if heard else 0,
                    last_at=heard.last_at if heard else None,
                    why=why,
                )
            )
        return tuple(found)

    def _hearing(self) -> HearingView:
        """From where this machine sees the home now."""
        wire = self.network.wire
        if wire is None:
            return views_talk.HearingView(why=(Reason("web.source-needs-rights"),))
        return views_talk.HearingView(
            view=wire.vantage.kind,
            interface=wire.vantage.interface,
            frames=wire.frames,
            dropped=wire.dropped + wire.passed_by,
            since=wire.since,
            is_hurried=wire.is_hurried,
            why=(wire.trouble,) if wire.trouble else (),
        )

    def _household(self, home: str) -> Household:
        if not home:
            return self._real
        if self._sampled is None or home != views_talk.SAMPLE:
            raise HomeError("sample.off")
        return self._sampled

    def thing(
        self, thing_id: str, lang: str, home: str = "", since_s: float = views_talk.DAY_S
    ) -> views.ThingView | None:
        """All that is known of one thing: real, of the practice home or of the sample home."""
        if thing_id.startswith(PREFIX):
            return self.sampled.thing(thing_id.removeprefix(PREFIX), lang) if self.sampled else None
        return self._household(home).thing(thing_id, lang, since_s)

    def label(self, thing_id: str, lang: str) -> views.LabelView | None:
        """A thing's common label."""
        if thing_id.startswith(PREFIX):
            return self.sampled.label(thing_id.removeprefix(PREFIX), lang) if self.sampled else None
        thing = self.network.inventory.thing(thing_id)
        if thing is None:
            return None
        card = self._real.card(thing, lang)
        return views.LabelView(
            thing_id=card.id,
            name=card.name,
            kind=card.kind,
            state=card.state,
            level=card.level,
            ground=card.ground,
            partners=0,
            support_until=None,
            issuer=name_of("hub", lang) if card.ground == "hub-word" else "",
            checked_at=thing.last_seen,
            url=f"{self.address}/label/{thing.id}",
        )

    def sample(self, lang: str) -> views.SampleView:
        """The sample home, empty when it is switched off."""
        if self.sampled is None:
            return views.SampleView(self.clock(), (), (), (), (), ())
        view = self.sampled.sample(lang)
        if self.practice is None or self._sampled is None or not self.practice.is_open:
            return view
        return msgspec.structs.replace(
            view,
            situations=tuple(dict.fromkeys((*SITUATIONS, *PLAYS))),
            situation=(self.theatre.situation if self.theatre else "")
            or self.practice.network.situation,
            alerts=self._sampled.alerts.open(lang),
        )

    def meeting(self, meeting_id: str, lang: str) -> views.MeetingView | None:
        """A meeting, running or ended."""
        return self.sampled.meeting(meeting_id, lang) if self.sampled else None

    def happened(self, older: str, lang: str) -> views.HappenedView:
        """A page of the record, newest first."""
        known = older.isascii() and older.isdigit() and len(older) <= SEQ_DIGITS_MAX
        before = int(older) if known else None
        found = self.entries.read(before, ENTRIES_A_PAGE)
        more = found[-1].seq if len(found) == ENTRIES_A_PAGE and found[-1].seq > 0 else None
        return views.HappenedView(
            tuple(entry_view(entry, self._real.alerts, self.guarded, lang) for entry in found),
            self.entries.count(),
            "" if more is None else str(more),
        )

    def settings(self, lang: str) -> views.SettingsView:  # noqa: ARG002 - the port's shape
        """What is in force."""
        return views.SettingsView(
            listening=self.network.listening,
            force=self._force(),
            force_reasons=self.network.troubles(),
            address=self.address,
            on_lan=self.on_lan,
            folder=str(self.folder),
            version=self.version,
            sources=self._sources(),
            hearing=self._hearing(),
        )

    def talk(self, home: str, since_s: float, thing: str, lang: str) -> views_talk.TalkView:
        """Who talks to whom."""
        return self._household(home).seeing.talk(since_s, thing, lang)

    def outside(self, home: str, since_s: float, thing: str, lang: str) -> views_talk.OutsideView:
        """What goes outside."""
        return self._household(home).seeing.outside(since_s, thing, lang)

    def new(self, home: str, since_s: float, lang: str) -> views_talk.NewView:
        """What is new since then."""
        return self._household(home).seeing.new(since_s, lang)

    def alerts(self, home: str, lang: str) -> views_talk.AlertsView:
        """Every alert that is kept."""
        return self._household(home).alerts.all(lang)

    def alert(self, home: str, alert_id: str, lang: str) -> views_talk.AlertView | None:
        """One alert with its facts."""
        return self._household(home).alerts.one(alert_id, lang)

    def mud_of(self, home: str, thing_id: str) -> bytes | None:
        """What was learned of a thing as a MUD file."""
        return self._household(home).mud_of(thing_id)

    # Acting.

    async def start_meeting(self, one: str, other: str, purpose: str, fault: str) -> str:
        """Begin a meeting in the sample home; returns its id at once."""
        sample = self._sample()
        ends = (one.removeprefix(PREFIX), other.removeprefix(PREFIX))
        return sample.begin(*ends, purpose, fault)

    async def set_level(self, industry: str, product: str, rung: int) -> None:
        """Lower or raise a product at its authority."""
        self._sample().set_level(industry, product, rung)

    def _sample(self) -> SampleHome:
        if self.sample_home is None:
            raise HomeError("sample.off")
        return self.sample_home

    async def correct(self, thing_id: str, name: str, kind: str) -> None:
        """Keep what a person says a thing is."""
        if thing_id.startswith(PREFIX):
            raise HomeError("sample.names-stay")
        if kind and not name:  # a kind alone takes no name away
            before = self.network.inventory.corrections_state().get(thing_id, {})
            name = before.get("name", "")
        self.network.correct(thing_id, name, kind)
        told = Reason("happened.corrected", {"name": name, "kind": kind})
        self.entries.append([Entry(self.clock(), "person", (thing_id,), (told,))])

    async def say_fine(self, home: str, alert_id: str, *, fine: bool) -> None:
        """Keep that an alert is fine, or take that back."""
        alert = self._household(home).keeper.say_fine(alert_id, fine=fine)
        self._person(home, "happened.said-fine" if fine else "happened.said-not-fine", alert.thing)

    async def declare(self, home: str, thing_id: str, octets: bytes) -> None:
        """Take in a maker's rules for a thing."""
        mud = self._household(home).declare(thing_id, octets)
        self._person(home, "happened.declared", thing_id, url=mud.url)

    async def undeclare(self, home: str, thing_id: str) -> None:
        """Take a maker's rules away again."""
        self._household(home).keeper.declare(thing_id, None)
        self._person(home, "happened.undeclared", thing_id)

    async def part(self, home: str, thing_id: str, alias: str) -> None:
        """Keep that an address is not the same thing."""
        self._household(home).keeper.part(alias)
        self._person(home, "happened.parted", thing_id, address=alias)

    async def join(self, home: str, thing_id: str, alias: str) -> None:
        """Keep that two addresses are the same thing."""
        self._household(home).keeper.join(thing_id, alias)
        self._person(home, "happened.joined", thing_id, address=alias)

    async def disturb(self, situation: str) -> None:
        """Let something go wrong in the practice home."""
        if self.practice is None:
            raise HomeError("sample.off")
        if self.theatre is not None and (not situation or situation in PLAYS):
            self.practice.disturb("")
            self.theatre.begin(situation)
        else:
            if self.theatre is not None:
                self.theatre.end()
            self.practice.disturb(situation)

    def _person(self, home: str, key: str, thing_id: str, **params: str) -> None:
        """Remember what a person did at home; the practice home is forgotten with the visit."""
        if not home:
            told = Reason(key, dict(params))
            self.entries.append([Entry(self.clock(), "person", (thing_id,), (told,))])

    def alerted(self, alerts: list[Alert], ended: list[Alert]) -> None:
        """Remember what was noticed, before a page tells it."""
        now = self.clock()
        entries = [
            Entry(now, "alert", (alert.thing,), (Reason(key), alert.reason), {"alert": alert.id})
            for key, those in (("happened.alert", alerts), ("happened.alert-over", ended))
            for alert in those
        ]
        if entries:
            self.entries.append(entries)

    async def listen(self, *, on: bool) -> None:
        """Begin or end listening on this network."""
        await (self.network.start() if on else self.network.stop())
        key = "happened.listening-began" if on else "happened.listening-ended"
        self.entries.append([Entry(self.clock(), "person", (), (Reason(key),))])


def _guarded(
    protection: Protection,
    household: Household,
    settable: Callable[[str], Mapping[str, object]],
    folder: Path | None,
    clock: Callable[[], float],
    changed: Callable[[], None],
) -> Guarded:
    shown = ProtectViews(protection, household, settable, service_name, clock)
    return Guarded(
        protection,
        shown,
        RuleViews(shown, folder / POLICY_NAME if folder else None, clock),
        AutomationViews(household.home, folder / AUTOMATIONS if folder else None, clock),
        changed,
    )


def _practised() -> HearingView:
    """The practice home's hub is its router: it sees everything that its things send."""
    return views_talk.HearingView(view="router")
