"""Frames to flows: a bounded table of directions, told when they open and summed after that."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from omamori.adapters.capture import network
from omamori.adapters.capture.budget import Budget
from omamori.adapters.capture.direction import UNNAMED, Crowd, Direction
from omamori.adapters.capture.recent import Recent
from omamori.adapters.capture.services import TCP_SERVICES, UDP_SERVICES
from omamori.adapters.capture.told import ip_text
from omamori.hub.flow import ACK, ANSWERS, FOR_OTHER, SYN, Flow

if TYPE_CHECKING:
    from collections.abc import Callable

    from omamori.adapters.capture.told import Speakers

SUMMED_EVERY_S = 10.0
QUIET_S = 60.0  # a direction not heard for longer opens anew
DIRECTIONS_MAX = 32_768  # some 25 MB, if every address differs; a busy home has hundreds
ROOM_MADE = 8  # a full table gives up one part in so many at once
FAIR_SHARE = 8  # of a full table: who holds more than one part in so many gives up first
ASKED_REMEMBERED = 32_768
CROWDS_MAX = 256
ENDS_REMEMBERED = 8_192
SENDERS_REMEMBERED = 4_096

NOBODY = bytes(6)
_PORTS = {network.TCP: "tcp", network.UDP: "udp"}
_ARP_IPV4 = b"\x00\x01\x08\x00\x06\x04"  # RFC 826: Ethernet, IPv4, and their lengths
_LOW_PORTS = 1024  # IANA's system ports (RFC 6335 §6) end below
_DHCP_ANSWERS = {(67, 68), (547, 546)}  # to a client that has no address yet
# RFC 792, RFC 4443, RFC 4861: errors and replies; none of them is sent unasked to one receiver.
_ICMP_ANSWERS = {
    "icmp": {0, 3, 4, 5, 11, 12, 14, 16, 18},
    "icmp6": {1, 2, 3, 4, 129, 134, 136, 137},
}
ADVERTISES, ON_LINK = 136, 255  # RFC 4861 §4.4, §7.1.2: no router has passed it on
_GROUP = "group"
_CALL = "call"  # TCP's SYN


class Flows:
    """Every direction heard lately, by its key: MAC address, addresses, ports.

    The table is bounded. When it is full, those go first whose sender holds more than a fair
    share, and of the others those known for the shortest while: a flood pushes itself out. What
    was counted of them is told before. Openings are told one by one within their kind's
    ``Budget``; beyond it, a frame is counted for its sender's ``Crowd`` alone.

    Attributes:
        tcp, udp, others: the directions; the fast road looks into the first two itself.
        crowds: by MAC address; told with the sums.
    """

    def __init__(self, tell: Callable[[list[Flow]], None], speakers: Speakers) -> None:
        self.tcp: dict[bytes, Direction] = {}
        self.udp: dict[bytes, Direction] = {}
        self.others: dict[bytes, Direction] = {}
        self.crowds: dict[str, Crowd] = {}
        self._tables = (self.tcp, self.udp, self.others)
        self._tell = tell
        self._speakers = speakers
        self._news: list[Flow] = []
        self._asked: Recent[int] = Recent(ASKED_REMEMBERED)
        self._ends: dict[bytes, tuple[str, str, bool]] = {}
        self._known: Recent[bytes] = Recent(SENDERS_REMEMBERED)
        self._changes = self._placed = 0
        self._began_at = 0.0
        self._budgets = {"arp": Budget(), _CALL: Budget(), "": Budget()}

    def __len__(self) -> int:
        return len(self.tcp) + len(self.udp) + len(self.others)

    def plain(
        self, at: float, frame: bytes, key: bytes, protocol: int, ip: int, to: int, up: int
    ) -> Direction | None:
        """A direction new to the fast road; None for what has no ports, a later fragment."""
        if up == 34 and (frame[20] & 0x1F or frame[21]):  # noqa: PLR2004 - IPv4's fragment offset
            return None
        tcp = protocol == network.TCP
        mac = frame[6:12] if not frame[6] & 1 else NOBODY  # a group sends nothing
        return self._open(
            at,
            len(frame),
            self.tcp if tcp else self.udp,
            key,
            (mac, frame[:6], frame[ip:to], frame[to:up]),
            "tcp" if tcp else "udp",
            (frame[up] << 8 | frame[up + 1], frame[up + 2] << 8 | frame[up + 3]),
            frame[up + 13] if tcp else 0,
            frame[22] if up == 34 else frame[21],  # noqa: PLR2004 - where TTL and hop limit lie
        )

    def packet(
        self, at: float, frame: bytes, mac: bytes, peer: bytes, packet: network.Packet
    ) -> Direction:
        """Count an IP packet, whatever it lies in."""
        protocol, source, target, start, end, piece, hops = packet
        mac, flags, table, tag = mac or NOBODY, 0, self.others, bytes((protocol,))
        ports, name = (0, 0), f"ip/{protocol}"
        seen = frame[start : min(start + 14, end)]
        if piece and piece[1]:
            tag, name = bytes((network.FRAGMENT,)), f"ip/{network.FRAGMENT}"
        elif protocol in _PORTS and len(seen) >= 4:  # noqa: PLR2004 - two ports
            name, tag = _PORTS[protocol], seen[:4]
            table = self.tcp if protocol == network.TCP else self.udp
            ports = (seen[0] << 8 | seen[1], seen[2] << 8 | seen[3])
            if protocol == network.TCP and len(seen) > 13:  # noqa: PLR2004 - where flags lie
                flags = seen[13]
        elif protocol in (network.ICMP, network.ICMP6) and len(seen) > 1:
            name = "icmp" if protocol == network.ICMP else "icmp6"
            ports, tag = (seen[0], seen[1]), tag + seen[:2]
            if name == "icmp6" and ports[0] == ADVERTISES and hops == ON_LINK:
                claimed = frame[start + 8 : min(start + 24, end)]
                # Where it says that an address is here, that is who speaks (RFC 4861 §4.4).
                source = claimed if len(claimed) == len(source) else source
        key = mac + source + target + tag
        found = table.get(key)
        if found is not None and at - found.at <= QUIET_S:
            found.add(at, len(frame), flags)
            return found
        addresses = (mac, peer, source, target)
        return self._open(at, len(frame), table, key, addresses, name, ports, flags, hops)

    def arp(self, at: float, frame: bytes, start: int, mac: bytes, peer: bytes) -> None:
        """Count an ARP frame; the message lies at ``start``.

        What it claims, it claims for the hardware address in the message: a forger may put its
        victim's into the frame, and a repeater its own.
        """
        if frame[start : start + 6] != _ARP_IPV4 or len(frame) < start + 28:
            return
        sender, wanted = frame[start + 14 : start + 18], frame[start + 24 : start + 28]
        operation = frame[start + 6 : start + 8]
        mac = mac or NOBODY
        named = frame[start + 8 : start + 14]
        key = named + operation + sender + wanted  # 16 octets, or 22 below: as no key of IP's
        is_other = named != mac and not named[0] & 1 and any(named)
        if is_other:
            key += mac
            mac = named
        found = self.others.get(key)
        if found is not None and at - found.at <= QUIET_S:
            found.add(at, len(frame), 0)
            return
        ports = (FOR_OTHER if is_other else 0, int.from_bytes(operation))
        addresses = (mac, peer, sender, wanted)
        self._open(at, len(frame), self.others, key, addresses, "arp", ports, 0, 0)

    def _open(
        self,
        at: float,
        octets: int,
        table: dict[bytes, Direction],
        key: bytes,
        addresses: tuple[bytes, bytes, bytes, bytes],
        proto: str,
        ports: tuple[int, int],
        flags: int,
        hops: int,
    ) -> Direction:
        """A direction's first frame: told at once, unless there are too many of them."""
        mac, peer, source, target = addresses
        is_group = _is_group(peer, target)
        is_answer = self._is_answer(at, proto, source, target, ports, flags, is_group=is_group)
        asks = _CALL if flags & (SYN | ACK) == SYN else "arp" if proto == "arp" else ""
        if not self._budgets[asks].spend(at, mac, is_known=self._known.has(mac)):
            return self._crowd(at, mac, octets)
        old = table.pop(key, None)
        if old is not None and old.frames:
            self._news.append(old.take())
        if self._changes != self._speakers.changes:
            self._changes = self._speakers.changes
            self._ends.clear()
        sender = self._ends.get(mac + source) or self._end(mac, source)
        receiver = self._ends.get(peer + target) or self._end(peer, target)
        on_link = proto == "arp" or (
            hops == ON_LINK and ports[0] == ADVERTISES and proto == "icmp6"
        )
        from_here = sender[2] or on_link or self._speakers.is_here(mac, source, hops)
        to_here = is_group or receiver[2] or proto == "arp"
        who = (sender[0], receiver[0], sender[1], receiver[1], proto, *ports)
        if len(self) >= DIRECTIONS_MAX:
            self._make_room()
        new = table[key] = Direction(at, who, is_answer, from_here, to_here)
        self._news.append(
            Flow(at, at, *who, flags, 1, octets, True, is_answer, from_here, to_here)  # noqa: FBT003 - as above
        )
        return new

    def _is_answer(
        self,
        at: float,
        proto: str,
        source: bytes,
        target: bytes,
        ports: tuple[int, int],
        flags: int,
        *,
        is_group: bool,
    ) -> bool:
        """Whether the other direction was there first, or must have been."""
        if proto == "arp":
            return ports[1] == ANSWERS
        if proto in _ICMP_ANSWERS:
            return ports[0] in _ICMP_ANSWERS[proto] and not is_group
        from_port, to_port = ports
        asked = self._asked
        # Without the MAC address: the answer may come back through another router.
        forth = hash((proto, source, from_port, target, to_port))
        if flags & SYN and not flags & ACK:
            asked.add(forth)
            return False
        back = hash((proto, target, to_port, source, from_port))
        if flags & SYN:
            is_answer = True
        elif asked.has(forth):
            is_answer = False
        elif proto == "udp":
            is_answer = (
                asked.has(back)
                or ports in _DHCP_ANSWERS
                or (not is_group and asked.has(hash((_GROUP, target, to_port, from_port))))
                or (self._is_beginning(at) and _serves(ports, UDP_SERVICES))
            )
        else:
            is_answer = asked.has(back) or (
                proto == "tcp" and _serves(ports, TCP_SERVICES, lower=True)
            )
        asked.add(back if is_answer else forth)
        if is_group and not is_answer:
            asked.add(hash((_GROUP, source, from_port, to_port)))
        return is_answer

    def _is_beginning(self, at: float) -> bool:
        """Whether what was asked may have been asked before this capture began."""
        return at - self._began_at <= QUIET_S

    def _crowd(self, at: float, mac: bytes, octets: int) -> Direction:
        """Count a frame for its sender alone; its direction is forgotten at once."""
        named = mac.hex(":")
        if named not in self.crowds and len(self.crowds) >= CROWDS_MAX:
            named = ""
        crowd = self.crowds.setdefault(named, Crowd(named, at, at))
        crowd.at = at
        crowd.frames += 1
        crowd.octets += octets
        return Direction(at, UNNAMED, False, False, False)  # noqa: FBT003 - as above

    def _make_room(self) -> None:
        """Give up a part of a full table: first whose sender has too much, then the newest."""
        held = Counter(key[:6] for table in self._tables for key in table)
        crowded = {mac for mac, count in held.items() if count > DIRECTIONS_MAX // FAIR_SHARE}
        ranked = [
            (key[:6] not in crowded, one.at - one.opened_at, place, key)
            for place, table in enumerate(self._tables)
            for key, one in table.items()
        ]
        ranked.sort(key=lambda rank: rank[:2])  # of equals the oldest first, as the tables are
        for _, _, place, key in ranked[: max(1, DIRECTIONS_MAX // ROOM_MADE)]:
            one = self._tables[place].pop(key)
            if one.frames:
                self._news.append(one.take())

    def sum_up(self, at: float) -> None:
        """Tell what goes on, and forget what does not."""
        if self._placed != self._speakers.changes:
            self._place_anew()
        sums: list[Flow] = []
        for table in self._tables:
            over = []
            for key, one in table.items():
                if one.frames:
                    sums.append(one.take())
                    self._known.add(key[:6])
                if at - one.at > QUIET_S:
                    over.append(key)
            for key in over:
                del table[key]
        sums.sort(key=_at)
        self._news += sums
        self._news += [crowd.told() for crowd in self.crowds.values()]
        self.crowds.clear()
        self.tell()

    def tell(self) -> None:
        """Pass on what is new since the last time."""
        if self._news:
            news, self._news = self._news, []
            self._tell(news)

    def begin_anew(self, at: float) -> None:
        """The clock jumped back: tell what was counted, and forget it all."""
        self.sum_up(at)
        for table in self._tables:
            table.clear()
        self._asked.forget()
        self._began_at = at

    def look_again(self) -> None:
        """Every direction may say something new again."""
        for table in (self.tcp, self.udp):
            for one in table.values():
                one.looks = 0

    def _place_anew(self) -> None:
        """An address turned out to be this network's: that holds for what goes on, too."""
        self._placed = self._speakers.changes
        is_neighbour = self._speakers.is_neighbour
        for key, one in [*self.tcp.items(), *self.udp.items()]:
            if not (one.from_here and one.to_here):
                size = (len(key) - 10) // 2
                peer = bytes.fromhex(one.who[1].replace(":", ""))
                one.from_here |= is_neighbour(key[:6], key[6 : 6 + size])
                one.to_here |= is_neighbour(peer, key[6 + size : -4])

    def _end(self, mac: bytes, ip: bytes) -> tuple[str, str, bool]:
        """One end of a flow: its addresses as text, and whether it is here.

        The same text for the same octets also saves memory.
        """
        named = mac.hex(":") if any(mac) else ""
        end = (named, ip_text(ip), self._speakers.is_neighbour(mac, ip))
        if not self._speakers.accept_strangers:  # there, each packet may change who is here
            if len(self._ends) >= ENDS_REMEMBERED:
                self._ends.clear()
            self._ends[mac + ip] = end
        return end


def _at(flow: Flow) -> float:
    return flow.at


def _is_group(peer: bytes, target: bytes) -> bool:
    """Multicast and broadcast, by either address (RFC 1112 §6.4, RFC 5771, RFC 4291 §2.7)."""
    return bool(peer[:1] and peer[0] & 1) or target[0] >= (0xE0 if len(target) == 4 else 0xFF)  # noqa: PLR2004 - IPv4


def _serves(ports: tuple[int, int], services: frozenset[int], *, lower: bool = False) -> bool:
    """Whether who speaks from the first of two ports is the server, by the ports alone."""
    from_known, to_known = (port < _LOW_PORTS or port in services for port in ports)
    if from_known != to_known:
        return from_known
    return lower and ports[0] < ports[1]
