"""Home: one family's hub as its pages see it, the real network and the sample home side by side."""

from __future__ import annotations

from typing import TYPE_CHECKING

from omamori.app.network import SOURCE_OF
from omamori.app.vouching import Voucher
from omamori.documents.reason import Reason, RefusedError
from omamori.hub.sighting import KINDS
from omamori.ledger.entry import Entry
from omamori.simulation.sample_views import PREFIX, SampleViews, level_view, name_of, narrowing
from omamori.web import views, views_talk

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from omamori.app.network import Network
    from omamori.app.vouching import Silent
    from omamori.hub.identify_rules import Clue
    from omamori.hub.inventory import KnownThing
    from omamori.ledger.entry import Entries
    from omamori.simulation.sample_home import SampleHome
    from omamori.trust.standing import Standing

STALE_S = 900.0
"""What was not heard for a quarter of an hour is shown in grey: it cannot be confirmed."""

ENTRIES_A_PAGE = 30
SEQ_DIGITS_MAX = 15
WEIGHT_MAX = 6.0
CLUE_FAMILIES = frozenset(kind.partition(".")[0] for kind in KINDS) - {"sample"}
"""First parts of the kinds of fact; each has a sentence of its own."""


class HomeError(RefusedError):
    """A request that this home cannot fulfil."""


class Home:
    """Implements `web.ports.HomePort`."""

    def __init__(
        self,
        network: Network,
        voucher: Voucher | Silent,
        sample: SampleHome | None,
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

    # Looking.

    def home(self, lang: str) -> views.HomeView:
        """This network now."""
        things = [self._card(thing) for thing in self.network.inventory.things()]
        return views.HomeView(
            at=self.clock(),
            things=tuple(sorted(things, key=lambda card: (-card.state, card.kind, card.name))),
            todos=(*self._own_todos(), *(self.sampled.todos(lang) if self.sampled else ())),
            sources=self._sources(),
            force="observing",
        )

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
                why = (network.wire_trouble,) if network.wire_trouble else ()
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

    def _card(self, thing: KnownThing, standing: Standing | None = None) -> views.ThingCard:
        standing = standing or self.voucher.standing(thing)
        identity = thing.identity
        stale = self.clock() - thing.last_seen > STALE_S
        return views.ThingCard(
            id=thing.id,
            name=_name(thing),
            kind=identity.kind.value or "unknown",
            state=views.UNCONFIRMED if stale else views.AS_USUAL,
            sure="said" if thing.is_corrected else identity.confidence,
            why=identity.reasons[:3],
            ground=standing.ground,
            level=level_view(standing.effective),
            seen_at=thing.last_seen,
            address=thing.ips[0] if thing.ips else thing.mac,
        )

    def thing(
        self,
        thing_id: str,
        lang: str,
        home: str = "",  # noqa: ARG002 - the port's shape
        since_s: float = views_talk.DAY_S,  # noqa: ARG002 - the port's shape
    ) -> views.ThingView | None:
        """All that is known of one thing, real or of the sample home."""
        if thing_id.startswith(PREFIX):
            return self.sampled.thing(thing_id.removeprefix(PREFIX), lang) if self.sampled else None
        thing = self.network.inventory.thing(thing_id)
        if thing is None:
            return None
        standing = self.voucher.standing(thing)
        return views.ThingView(
            card=self._card(thing, standing),
            clues=tuple(_clue(clue) for clue in thing.identity.evidence),
            addresses=_addresses(thing),
            names=thing.names,
            ground_reasons=(*standing.steps, *standing.reasons),
            maker=thing.identity.vendor.value,
            corrected=thing.is_corrected,
        )

    def label(self, thing_id: str, lang: str) -> views.LabelView | None:
        """A thing's common label."""
        if thing_id.startswith(PREFIX):
            return self.sampled.label(thing_id.removeprefix(PREFIX), lang) if self.sampled else None
        thing = self.network.inventory.thing(thing_id)
        if thing is None:
            return None
        card = self._card(thing)
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
        return self.sampled.sample(lang)

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
            tuple(_entry(entry, lang) for entry in found),
            self.entries.count(),
            "" if more is None else str(more),
        )

    def settings(self, lang: str) -> views.SettingsView:  # noqa: ARG002 - the port's shape
        """What is in force."""
        return views.SettingsView(
            listening=self.network.listening,
            force="observing",
            force_reasons=self.network.troubles(),
            address=self.address,
            on_lan=self.on_lan,
            folder=str(self.folder),
            version=self.version,
            sources=self._sources(),
        )

    # What things do: not connected yet; every page says that nothing was heard.

    def talk(self, home: str, since_s: float, thing: str, lang: str) -> views_talk.TalkView:  # noqa: ARG002
        """Who talks to whom."""
        hearing = views_talk.HearingView()
        return views_talk.TalkView(self.clock(), home, since_s, hearing, thing=thing)

    def outside(self, home: str, since_s: float, thing: str, lang: str) -> views_talk.OutsideView:  # noqa: ARG002
        """What goes outside."""
        hearing = views_talk.HearingView()
        return views_talk.OutsideView(self.clock(), home, since_s, hearing, thing=thing)

    def new(self, home: str, since_s: float, lang: str) -> views_talk.NewView:  # noqa: ARG002
        """What is new since then."""
        return views_talk.NewView(self.clock(), home, since_s)

    def alerts(self, home: str, lang: str) -> views_talk.AlertsView:  # noqa: ARG002
        """Every alert that is kept."""
        return views_talk.AlertsView(self.clock(), home)

    def alert(self, home: str, alert_id: str, lang: str) -> views_talk.AlertView | None:  # noqa: ARG002
        """One alert with its facts."""
        return None

    def mud_of(self, home: str, thing_id: str) -> bytes | None:  # noqa: ARG002
        """What was learned of a thing as a MUD file."""
        return None

    async def say_fine(self, home: str, alert_id: str, *, fine: bool) -> None:  # noqa: ARG002
        """Keep that an alert is fine, or take that back."""
        raise HomeError("web.not-yet")

    async def declare(self, home: str, thing_id: str, octets: bytes) -> None:  # noqa: ARG002
        """Take in a maker's rules for a thing."""
        raise HomeError("web.not-yet")

    async def undeclare(self, home: str, thing_id: str) -> None:  # noqa: ARG002
        """Take a maker's rules away again."""
        raise HomeError("web.not-yet")

    async def part(self, home: str, thing_id: str, alias: str) -> None:  # noqa: ARG002
        """Keep that an address is not the same thing."""
        raise HomeError("web.not-yet")

    async def disturb(self, situation: str) -> None:  # noqa: ARG002
        """Let something go wrong in the practice home."""
        raise HomeError("web.not-yet")

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
        self.network.correct(thing_id, name, kind)
        told = Reason("happened.corrected", {"name": name, "kind": kind})
        self.entries.append([Entry(self.clock(), "person", (thing_id,), (told,))])

    async def listen(self, *, on: bool) -> None:
        """Begin or end listening on this network."""
        await (self.network.start() if on else self.network.stop())
        key = "happened.listening-began" if on else "happened.listening-ended"
        self.entries.append([Entry(self.clock(), "person", (), (Reason(key),))])


def _name(thing: KnownThing) -> str:
    """What to call it: a person's name, its own, its maker and address."""
    if thing.names:
        return thing.names[0]
    maker = thing.identity.vendor.value
    address = thing.ips[0] if thing.ips else thing.mac
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


def _entry(entry: Entry, lang: str) -> views.EntryView:
    """An entry in the reader's words; names are made here, because languages differ."""
    what = entry.reasons[0] if entry.reasons else Reason(f"happened.{entry.kind}")
    params = {
        key: name_of(str(value), lang) if key in ("one", "other") else value
        for key, value in what.params.items()
    }
    narrowed = what.key in ("happened.link-narrowed", "happened.level-lowered")
    meeting = entry.facts.get("meeting")
    return views.EntryView(
        at=entry.at,
        kind=entry.kind,
        what=Reason(
            what.key, {k: str(v) if k in ("one", "other") else v for k, v in params.items()}
        ),
        state=views.ATTENTION if narrowed else views.AS_USUAL,
        reasons=narrowing(entry.reasons[1:]) if narrowed else entry.reasons[1:],
        path=f"/sample/meetings/{meeting}" if meeting else "",
        by="",
        digest="",
    )
