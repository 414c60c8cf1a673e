"""All detectors behind one door; most flows pass them at the price of a look."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from omamori.hub.alerting.detect_beacon import Beacons
from omamori.hub.alerting.detect_claims import Claims, Parts
from omamori.hub.alerting.detect_counts import Different
from omamori.hub.alerting.detect_place import Place
from omamori.hub.alerting.detect_spread import Spreads
from omamori.hub.alerting.detect_sweep import Sweeps
from omamori.hub.finding import FACTS_MAX, Fact, Finding
from omamori.hub.flow import ACK, CROWD, FOR_OTHER, RST, SYN, Flow

if TYPE_CHECKING:
    from collections.abc import Iterable

    from omamori.hub.sighting import Sighting

DHCP_ADDRESSES = 4  # a moved laptop asks for its old one and the offered one; Slips counts 4, too
DHCP_WHILE_S = 600.0
NEWCOMERS = 100  # hardware addresses a minute, never heard before; uncalibrated
CROWD_FRAMES = 100  # of one sender, beyond what is told one by one, within seconds; uncalibrated
SETTLING_S = 120.0  # at first, everyone is new
MINUTE_S = 60.0
_OTHERS = "others"
_PARTS = "parts"  # the one key under which they are kept
LAN_PORTS_QUIET = frozenset({67, 68, 137, 138, 546, 547, 1900, 5353, 5355})
"""Upkeep and discovery over UDP, which goes to everyone or comes from there."""
SERVES_UDP = LAN_PORTS_QUIET | {3610, 3702, 5683}
"""From these, and from system ports, come answers, even if the question was not heard."""
SYSTEM_PORTS = 1024  # end below (RFC 6335 §6)


class Detectors:
    """Hears flows and sightings, finds what a person may have to know.

    Memory is bounded by the limits in the ``detect_*`` modules. Nothing is raised.
    """

    def __init__(self, own: frozenset[str] = frozenset()) -> None:
        """Know this machine's ``own`` hardware addresses: it asks its neighbours by itself."""
        self._place = Place(own)
        self._sweeps = Sweeps(self._place)
        self._spreads = Spreads(self._place)
        self._claims = Claims(self._place)
        self._beacons = Beacons()
        self._dhcp = Different(DHCP_ADDRESSES, while_s=DHCP_WHILE_S)
        self._began_at: float | None = None
        self._minute_at = 0.0
        self._newcomers = 0
        self._kept = Parts()

    def know_own(self, own: frozenset[str]) -> None:
        """Know this machine's present hardware addresses."""
        self._place.know_own(own)

    def hear(self, flow: Flow, thing: str) -> Iterable[Finding]:
        """One flow, and the id of the thing that sends it, else of the one that gets it."""
        if not flow.is_opening:
            return self._goes_on(flow, thing)
        crowd = self._crowd(flow) if self._place.hear(flow) else None
        if self._claims.is_contested:
            self._claims.speaks(flow)
        if flow.is_from_here and flow.proto not in {"arp", "icmp6"}:
            self._claims.lives(flow)
        if not (flow.is_from_here or flow.is_answer) and self._place.is_of_here(flow):
            # Whoever here made up an address of outside is no stranger, and the receiver not to
            # be troubled for it.
            flow, thing = msgspec.structs.replace(flow, is_from_here=True), flow.mac
        proto = flow.proto
        if proto == "tcp":
            found = self._tcp(flow, thing)
        elif proto == "udp":
            found = self._udp(flow, thing)
        elif proto == "arp":
            found = self._arp(flow, thing)
        elif proto in {"icmp", "icmp6"}:
            named = thing or flow.mac
            asked = self._sweeps.icmp(flow, named)
            claimed = self._claims.advertises(flow, named) if proto == "icmp6" else None
            found = _those(asked, claimed)
        else:
            found = ()
        return found if crowd is None else (*found, crowd)

    def note(self, sighting: Sighting, thing: str) -> Iterable[Finding]:
        """One sighting, and the id of the thing that it is about."""
        kind = sighting.kind
        if kind == "name.address":
            self._beacons.name(sighting.fields.get("ip", ""))
        elif kind == "dhcp.request":
            return _those(self._asks_address(sighting, thing or sighting.source))
        elif kind in {"dhcp.offer", "icmp6.router", "bridge.port"}:
            return _those(self._claims.note(sighting, thing or sighting.source))
        return ()

    def step(self, now: float) -> Iterable[Finding]:
        """Forget what is old; call it every minute or so."""
        for count in self.counts:
            count.step(now)
        self._beacons.step(now)
        self._claims.step(now)
        return ()

    def take_changes(self) -> Iterable[tuple[str, bytes | None]]:
        """Who plays which part (`hub.ports.Learned`): a false one must not become the first."""
        parts = self._claims.parts
        if parts != self._kept:
            self._kept = parts
            yield _PARTS, msgspec.msgpack.encode(parts)

    def restore(self, kept: Iterable[tuple[str, bytes]], now: float) -> int:  # noqa: ARG002 - the port's shape
        """See `hub.ports.Learned`."""
        unread = 0
        for _, value in kept:
            try:
                self._kept = self._claims.parts = msgspec.msgpack.decode(value, type=Parts)
            except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
                unread += 1
        return unread

    @property
    def counts(self) -> tuple[Different, ...]:
        """Everything that is counted, for a look at memory."""
        return (self._dhcp, *self._sweeps.counts, *self._spreads.counts, *self._claims.counts)

    def _goes_on(self, flow: Flow, thing: str) -> Iterable[Finding]:
        """Sums of a direction: only who claims an address goes on to say something."""
        if self._claims.is_contested:
            self._claims.speaks(flow)
        if flow.mac in self._place.heard:
            self._place.heard[flow.mac] = flow.at
        if flow.proto == "arp":
            return _those(self._claims.arp(flow, self._claimant(flow, thing)))
        if flow.proto == "icmp6":
            return _those(self._claims.advertises(flow, thing or flow.mac))
        if flow.proto == CROWD and flow.mac and flow.frames >= CROWD_FRAMES:
            if self._place.is_router(flow.mac):  # it passes on what others began
                return ()
            fact = Fact(flow.at, flow.mac, "", f"{flow.frames} frames of ever new talk")
            told = {"frames": flow.frames}
            return (Finding("flood.talk", thing or flow.mac, flow.at, "", {**told}, (fact,)),)
        return ()

    def _tcp(self, flow: Flow, thing: str) -> Iterable[Finding]:
        flags = flow.flags
        if flow.is_answer or not flags & SYN or flags & ACK:
            if flow.is_answer:
                self._sweeps.answers(flow)
                self._spreads.answers(flow)
            # Scans that send odd flags instead of SYN (FIN, none, "Xmas") open nothing; what
            # resets or goes on was only heard too late.
            elif not flags & (SYN | ACK | RST):
                return _those(self._sweeps.asks(flow, self._who(flow, thing)))
            return ()
        who = self._who(flow, thing)
        swept = self._sweeps.asks(flow, who)
        spread = self._spreads.asks(flow, who)
        if swept is not None or spread is not None:
            return _those(swept, spread)
        if not flow.is_to_here and not self._place.is_own(flow.mac):
            return _those(self._beacons.asks(flow, who))
        return ()

    def _arp(self, flow: Flow, thing: str) -> tuple[Finding, ...]:
        named = self._claimant(flow, thing)
        claimed = self._claims.arp(flow, named)
        if flow.from_port != FOR_OTHER:
            return _those(self._sweeps.arp(flow, named), claimed)
        # Nobody asks uncounted in ever new names: whose the frames are not is counted together.
        swept = self._sweeps.arp(flow, _OTHERS)
        return _those(swept and msgspec.structs.replace(swept, thing=named), claimed)

    @staticmethod
    def _claimant(flow: Flow, thing: str) -> str:
        """Never the owner of the address that is claimed, whom the address alone would name."""
        return flow.mac if flow.from_port == FOR_OTHER or not thing else thing

    def _udp(self, flow: Flow, thing: str) -> Iterable[Finding]:
        if flow.is_answer:
            self._sweeps.answers(flow)
            return ()
        if flow.to_port in LAN_PORTS_QUIET or flow.peer_mac[:2] in {"ff", "01", "33"}:
            return ()
        serves = flow.from_port < SYSTEM_PORTS or flow.from_port in SERVES_UDP
        if serves and flow.to_port >= SYSTEM_PORTS:
            return ()
        return _those(self._sweeps.asks(flow, self._who(flow, thing)))

    @staticmethod
    def _who(flow: Flow, thing: str) -> str:
        """Id of the one here; where both ends are strangers, the sender's address names it."""
        if thing:
            return thing
        if flow.is_from_here or not flow.is_to_here:
            return flow.mac if flow.is_from_here and flow.mac else f"ip:{flow.source}"
        return flow.peer_mac or f"ip:{flow.target}"

    def _asks_address(self, sighting: Sighting, thing: str) -> Finding | None:
        wanted = sighting.fields.get("requested_ip", "")
        if not wanted:
            return None
        at = sighting.at
        asked = Flow(at, at, sighting.source, "", sighting.source, wanted, "udp", 68, 67)
        count = self._dhcp.add(sighting.source, wanted, asked)
        if count is None:
            return None
        told = {"addresses": count.size}
        heard = tuple(
            Fact(f.at, f.source, f.target, "dhcp.request") for f in count.flows()[-FACTS_MAX:]
        )
        return Finding("dhcp.scan", thing, at, "", {**told}, heard)

    def _crowd(self, flow: Flow) -> Finding | None:
        """One more who was never heard before: many of them within a minute are made up."""
        at = flow.at
        if self._began_at is None or at < self._began_at:
            self._began_at = at
        if not 0 <= at - self._minute_at < MINUTE_S:
            self._minute_at, self._newcomers = at, 0
        self._newcomers += 1
        if at - self._began_at < SETTLING_S or self._newcomers % NEWCOMERS:
            return None
        told = {"addresses": self._newcomers}
        fact = Fact(at, flow.mac, flow.target, flow.service)
        return Finding("flood.addresses", "", at, "", {**told}, (fact,))


def _those(*found: Finding | None) -> tuple[Finding, ...]:
    return tuple(one for one in found if one is not None)
