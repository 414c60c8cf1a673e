"""Frames to sightings: the fast road for frames that say nothing new, the whole road for others."""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING

from omamori.adapters.capture import link, network
from omamori.adapters.capture.flows import QUIET_S, SUMMED_EVERY_S, Flows
from omamori.adapters.capture.frames import ETHERNET, ETHERTYPE_NAMES, LINK_NAMES
from omamori.adapters.capture.neighbour import arp, icmp6
from omamori.adapters.capture.pieces import Pieces
from omamori.adapters.capture.talk import RESOLVER, SERVER, Talk
from omamori.adapters.capture.told import Speakers, Told
from omamori.adapters.protocols import lldp

if TYPE_CHECKING:
    from collections.abc import Callable

    from omamori.adapters.capture.direction import Direction
    from omamori.adapters.capture.frames import Frame
    from omamori.hub.flow import Flow
    from omamori.hub.sighting import Sighting

SEEN_AGAIN_AFTER_S = 60.0
TOLD_AGAIN_AFTER_S = 3600.0
UNKNOWN_NAMES_MAX = 64

_PLAIN_IPV4 = b"\x08\x00\x45"  # EtherType, version 4, a header without options
_IPV6 = b"\x86\xdd"
_ARP = b"\x08\x06"
_SHORTEST_IPV4, _SHORTEST_IPV6 = 54, 74  # an Ethernet frame with TCP in it
_IPV4_UP, _IPV6_UP = 34, 54
_SYN, _ACK = 2, 16


class Decoder:
    """Listens to frames and tells what is new.

    By the capture's own time, an address still in use is told again after
    ``SEEN_AGAIN_AFTER_S``, so that whoever listens knows that the thing is still there; every
    other fact that is repeated is told again after ``told_again_after_s``. Memory is bounded by
    the limits named in the modules beside this one, however long the capture.

    Attributes:
        frames: heard so far.
        broken: frames whose headers contradict their length.
        not_understood: frames by the link type or EtherType that nothing here reads.
        first_at: time of the first frame, in seconds since the epoch; None before it.
        last_at: time of the latest frame.
    """

    def __init__(
        self,
        tell: Callable[[Sighting], None],
        tell_flows: Callable[[list[Flow]], None] = lambda _flows: None,
        *,
        strangers: bool = False,
        told_again_after_s: float = TOLD_AGAIN_AFTER_S,
    ) -> None:
        """Listen for neighbours only, or for ``strangers`` too, whom only an address names."""
        self._told_again_after_s = told_again_after_s
        self.frames = 0
        self.broken = 0
        self.not_understood: dict[str, int] = {}
        self.first_at: float | None = None
        self.last_at = 0.0
        self.told = Told(tell)
        self._speakers = Speakers(accept_strangers=strangers)
        self._talk = Talk(self.told, self._speakers)
        self._flows = Flows(tell_flows, self._speakers)
        self._pieces = Pieces()
        self._minute_at = self._told_anew_at = 0.0
        self._since = self._until = inf  # the clock's next step is due before and from here on

    def hear(self, batch: list[Frame]) -> None:  # noqa: C901, PLR0912, PLR0915 - a call per frame would cost as much as its work
        """Decode a batch. Any octets are accepted; nothing is raised.

        Most frames repeat what is known. They are recognised here by slices alone, in about a
        microsecond; every other frame takes the whole road through ``_frame``.
        """
        if not batch:
            return
        self.frames += len(batch)
        if self.first_at is None:
            self.first_at = batch[0][0]
        self.last_at = batch[-1][0]
        talk, whole_road, is_stale = self._talk, self._frame, _says_nothing_new
        tcp, udp, said = network.TCP, network.UDP, talk.said.young
        flows, tcp_of, udp_of = self._flows, self._flows.tcp.get, self._flows.udp.get
        strangers, addresses = self._speakers.strangers.young, self.told.addresses.young
        since, until, period = self._since, self._until, talk.period
        for at, kind, frame in batch:
            if not since <= at < until:
                self._step(at)
                since, until, period = self._since, self._until, talk.period
            if kind != ETHERNET:
                whole_road(at, kind, frame)
                continue
            # Only where nothing lies between the headers; the keys are those of ``Talk``.
            # ``ip``, ``to``, ``up``: where source, destination and transport begin.
            if frame[12:15] == _PLAIN_IPV4 and len(frame) >= _SHORTEST_IPV4:
                protocol, ip, to, up = frame[23], 26, 30, _IPV4_UP
            elif frame[12:14] == _IPV6 and len(frame) >= _SHORTEST_IPV6:
                protocol, ip, to, up = frame[20], 22, 38, _IPV6_UP
            else:
                if frame[12:14] == _ARP and frame[6:12] + frame[28:32] in addresses:
                    flows.arp(at, frame, 14, frame[6:12], frame[:6])
                else:
                    whole_road(at, kind, frame)
                continue
            mac = frame[6:12]
            key = mac + frame[ip : up + 4]
            if protocol == tcp:
                one = tcp_of(key)
                if one is None or at - one.at > QUIET_S:
                    one = flows.plain(at, frame, key, tcp, ip, to, up)
                    if one is None:
                        whole_road(at, kind, frame)
                        continue
                else:
                    if not one.frames:
                        one.first_at = at
                    one.frames += 1
                    one.octets += len(frame)
                    one.flags |= frame[up + 13]
                    one.at = at
                    if one.quiet_in == period:
                        continue
                source = mac + frame[ip:to]
                if source in strangers and frame[up : up + 2] != RESOLVER:
                    one.quiet_in = period
                    continue
                if source in addresses and is_stale(frame, source, up, said, one, period):
                    continue
            elif protocol == udp:
                one = udp_of(key)
                if one is None or at - one.at > QUIET_S:
                    one = flows.plain(at, frame, key, udp, ip, to, up)
                    if one is None:
                        whole_road(at, kind, frame)
                        continue
                else:
                    if not one.frames:
                        one.first_at = at
                    one.frames += 1
                    one.octets += len(frame)
                    one.at = at
                    if one.quiet_in == period:
                        continue
                source = mac + frame[ip:to]
                if (
                    source in addresses
                    and (
                        hash(source + frame[up : up + 2]) in said
                        or hash(frame[6:12] + frame[up + 2 : up + 4] + frame[up + 10 :]) in said
                    )
                    and frame[up + 2 : up + 4] != RESOLVER  # its answer is believed if it is heard
                ):
                    continue
            else:
                one = None
            whole_road(at, kind, frame, one)
        flows.tell()

    def step(self, now: float) -> None:
        """No frame came until now: what was counted is told when it is due, as with a frame.

        For living networks only, whose frames bear the time of this machine's clock.
        """
        if self.first_at is not None and not self._since <= now < self._until:
            self._step(now)

    def finish(self) -> None:
        """Tell what was counted and not told yet: nothing more comes."""
        self._flows.sum_up(self.last_at)

    @property
    def directions(self) -> int:
        """How many directions of talk are held now."""
        return len(self._flows)

    def _step(self, at: float) -> None:
        """Some seconds later: what was counted is told, and what is still there is news again.

        Captures joined together may jump back in time: that begins anew, too. Frames that are
        only a little out of order do not.
        """
        if at < self._since:
            self._flows.begin_anew(at)
        else:
            self._flows.sum_up(at)
        if not -SUMMED_EVERY_S <= at - self._minute_at < SEEN_AGAIN_AFTER_S:
            self._begin_minute(at)
        self._since = at - SUMMED_EVERY_S
        self._until = min(at + SUMMED_EVERY_S, self._minute_at + SEEN_AGAIN_AFTER_S)

    def _begin_minute(self, at: float) -> None:
        """Addresses are news again; after a longer while, everything is."""
        self._minute_at = at
        self.told.addresses.forget()
        self._talk.begin_minute()
        if abs(at - self._told_anew_at) >= self._told_again_after_s:
            self._told_anew_at = at
            self.told.forget()
            self._talk.forget()
            self._flows.look_again()

    def _frame(self, at: float, kind: int, frame: bytes, one: Direction | None = None) -> None:
        """A frame of any kind; ``one`` is its direction when it is counted already."""
        layer = link.LINKS.get(kind)
        if layer is None:
            self._unknown(LINK_NAMES.get(kind, f"link type {kind}"))
            return
        linked = layer(frame)
        if linked is None:
            self.broken += 1
            return
        mac, carried, start = linked
        if mac and (mac[0] & 1 or not any(mac)):
            mac = b""  # a group is nobody; the loopback interface has no address
        peer = frame[:6] if kind == ETHERNET else b""
        if carried == link.IPV4:
            self._packet(at, mac, peer, network.ipv4(frame, start), frame, one)
        elif carried == link.IPV6:
            self._packet(at, mac, peer, network.ipv6(frame, start), frame, one)
        elif carried == link.ARP:
            self._flows.arp(at, frame, start, mac, peer)
            arp(at, mac, frame[start:], self.told, self._speakers)
        elif carried == lldp.ETHERTYPE and mac:
            self.told.facts(at, mac.hex(":"), lldp.facts(frame[start:]))
        else:
            self._unknown(ETHERTYPE_NAMES.get(carried, f"0x{carried:04x}") if carried else "LLC")

    def _unknown(self, name: str) -> None:
        if name in self.not_understood or len(self.not_understood) < UNKNOWN_NAMES_MAX:
            self.not_understood[name] = self.not_understood.get(name, 0) + 1

    def _packet(
        self,
        at: float,
        mac: bytes,
        peer: bytes,
        packet: network.Packet | None,
        frame: bytes,
        one: Direction | None,
    ) -> None:
        if packet is None:
            self.broken += 1
            return
        if one is None:
            one = self._flows.packet(at, frame, mac, peer, packet)
        if packet.piece:
            number, offset, more = packet.piece
            key = packet.source + packet.destination + bytes([packet.protocol]) + number
            whole = self._pieces.add(key, offset, frame[packet.start : packet.end], more=more)
            if whole is None:
                return
            packet, frame = packet._replace(start=0, end=len(whole), piece=None), whole
        protocol, source, target, begin, end, _, hops = packet
        if self._speakers.accept_strangers and not self._speakers.is_neighbour(mac, source):
            mac = b""  # it is the router's
        if protocol == network.TCP:
            self._talk.tcp(at, frame, mac, peer, source, target, begin, end, one)
        elif protocol == network.UDP:
            self._talk.udp(at, frame, mac, peer, source, target, begin, end, one)
        elif packet.protocol == network.ICMP6 and packet.start:
            icmp6(at, mac, packet, frame, hops, self.told, self._speakers)
        elif self._speakers.is_own(mac, packet.source):
            self.told.address(at, mac, packet.source)


def _says_nothing_new(
    frame: bytes, source: bytes, up: int, said: set[int], one: Direction, period: int
) -> bool:
    """Whether the TCP segment at ``up`` has no payload, or repeats what was heard lately."""
    flags = frame[up + 13]
    if flags & _SYN:
        port = frame[up : up + 2] if flags & _ACK else frame[up + 2 : up + 4]
        return hash(source + port + frame[up + 13 : up + 14]) in said
    if hash(source + frame[up : up + 2] + SERVER) in said:
        one.quiet_in = period
        return True
    ipv4_size = (frame[16] << 8 | frame[17]) - 20
    size = ipv4_size if up == _IPV4_UP else frame[18] << 8 | frame[19]
    head = (frame[up + 12] >> 4) * 4
    return size == head or hash(source + frame[up + 2 : up + 4] + frame[up + head :]) in said
