"""Frames to sightings: the fast road for frames that say nothing new, the whole road for others."""

from __future__ import annotations

from typing import TYPE_CHECKING

from omamori.adapters.capture import link, network
from omamori.adapters.capture.frames import ETHERNET, LINK_NAMES
from omamori.adapters.capture.neighbour import arp, icmp6
from omamori.adapters.capture.pieces import Pieces
from omamori.adapters.capture.talk import Talk
from omamori.adapters.capture.told import Speakers, Told

if TYPE_CHECKING:
    from collections.abc import Callable

    from omamori.adapters.capture.frames import Frame
    from omamori.hub.sighting import Sighting

RETELL_AFTER_S = 60.0
UNKNOWN_NAMES_MAX = 64

_PLAIN_IPV4 = b"\x08\x00\x45"  # EtherType, version 4, a header without options
_IPV6 = b"\x86\xdd"
_SHORTEST = 54  # an Ethernet frame with IPv4 and TCP, or with an IPv6 header


class Decoder:
    """Listens to frames and tells what is new.

    Facts are told again after ``RETELL_AFTER_S`` of the capture's own time, so that whoever
    listens knows that a thing is still there. Memory is bounded by the limits named in the
    modules beside this one, however long the capture.

    Attributes:
        frames: heard so far.
        broken: frames whose headers contradict their length.
        not_understood: frames by the link type or EtherType that nothing here reads.
        first_at: time of the first frame, in seconds since the epoch; None before it.
        last_at: time of the latest frame.
    """

    def __init__(self, tell: Callable[[Sighting], None]) -> None:
        self.frames = 0
        self.broken = 0
        self.not_understood: dict[str, int] = {}
        self.first_at: float | None = None
        self.last_at = 0.0
        self.told = Told(tell)
        self._speakers = Speakers()
        self._talk = Talk(self.told, self._speakers)
        self._pieces = Pieces()
        self._period_at = 0.0

    def hear(self, batch: list[Frame]) -> None:
        """Decode a batch. Any octets are accepted; nothing is raised."""
        if not batch:
            return
        self.frames += len(batch)
        if self.first_at is None:
            self.first_at = batch[0][0]
        self.last_at = batch[-1][0]
        talk, whole_road = self._talk, self._frame
        quiet_tcp, quiet_udp, said = talk.quiet_tcp.young, talk.quiet_udp.young, talk.said.young
        period_at = self._period_at
        for at, kind, frame in batch:
            # Captures joined together may jump back in time: that begins a new period, too.
            if not 0 <= at - period_at < RETELL_AFTER_S:
                period_at = self._begin_period(at)
            if kind == ETHERNET and len(frame) >= _SHORTEST:
                # Octet positions: IPv4 without options at 14, its transport at 34; IPv6 at 14,
                # its transport at 54. The keys are those that Talk builds from parsed headers.
                if frame[12:15] == _PLAIN_IPV4:
                    protocol = frame[23]
                    if protocol == network.TCP:
                        if frame[6:12] + frame[26:38] in quiet_tcp:
                            continue
                    elif protocol == network.UDP and (
                        frame[6:12] + frame[26:38] in quiet_udp
                        or hash(frame[6:12] + frame[26:30] + frame[36:38] + frame[44:]) in said
                    ):
                        continue
                elif frame[12:14] == _IPV6:
                    protocol = frame[20]
                    if protocol == network.TCP:
                        if frame[6:12] + frame[22:58] in quiet_tcp:
                            continue
                    elif protocol == network.UDP and (
                        frame[6:12] + frame[22:58] in quiet_udp
                        or hash(frame[6:12] + frame[22:38] + frame[56:58] + frame[64:]) in said
                    ):
                        continue
            whole_road(at, kind, frame)

    def _begin_period(self, at: float) -> float:
        self._period_at = at
        self.told.forget()
        self._talk.forget()
        return at

    def _frame(self, at: float, kind: int, frame: bytes) -> None:
        layer = link.LINKS.get(kind)
        if layer is None:
            self._unknown(LINK_NAMES.get(kind, f"link type {kind}"))
            return
        linked = layer(frame)
        if linked is None:
            self.broken += 1
            return
        mac, carried, start = linked
        if mac and (mac[0] & 1 or mac == b"\0\0\0\0\0\0"):
            mac = b""  # a group is nobody; the loopback interface has no address
        if carried == link.IPV4:
            self._packet(at, mac, network.ipv4(frame, start), frame, start)
        elif carried == link.IPV6:
            self._packet(at, mac, network.ipv6(frame, start), frame, start)
        elif carried == link.ARP:
            arp(at, mac, frame[start:], self.told, self._speakers)
        else:
            self._unknown(f"0x{carried:04x}" if carried else "LLC")

    def _unknown(self, name: str) -> None:
        if name in self.not_understood or len(self.not_understood) < UNKNOWN_NAMES_MAX:
            self.not_understood[name] = self.not_understood.get(name, 0) + 1

    def _packet(
        self, at: float, mac: bytes, packet: network.Packet | None, frame: bytes, start: int
    ) -> None:
        if packet is None:
            self.broken += 1
            return
        if packet.piece:
            number, offset, more = packet.piece
            key = packet.source + packet.destination + bytes([packet.protocol]) + number
            whole = self._pieces.add(key, offset, frame[packet.start : packet.end], more=more)
            if whole is None:
                return
            packet, frame = packet._replace(start=0, end=len(whole), piece=None), whole
        if packet.protocol == network.TCP:
            self._talk.tcp(at, mac, packet, frame)
        elif packet.protocol == network.UDP:
            self._talk.udp(at, mac, packet, frame)
        elif packet.protocol == network.ICMP6 and packet.start:
            hops = frame[start + 7]
            icmp6(at, mac, packet, frame, hops, self.told, self._speakers)
        elif self._speakers.is_own(mac, packet.source):
            self.told.address(at, mac, packet.source)
