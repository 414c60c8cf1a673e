"""The practice home: real frames of ordinary days, and of what can go wrong in them."""

from __future__ import annotations

import random
from heapq import heappop, heappush
from typing import TYPE_CHECKING

import msgspec

from omamori.adapters.capture.frames import ETHERNET
from omamori.simulation import frames as made
from omamori.simulation.frames import End
from omamori.simulation.practice_cast import CAST, ELSEWHERE, PHONES, ROUTER, SITES, Member
from omamori.simulation.situations import SITUATIONS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from omamori.adapters.capture.frames import Frame

PAST_DAYS = (
    4  # three are learned from (`hub.behaving.habit.LEARN_S`); more would only delay the real home
)
DAY_S = 86_400.0
PIECE_S = 900.0  # the past is told in pieces of some 60 frames, so that whoever listens breathes
LEAP_S, BACK_S = 3600.0, 60.0  # when the clock jumps further, the play goes on from there
SEGMENTS_MAX = 12  # of one visit and direction; more is the same again
_EPHEMERAL = (49_152, 65_535)  # RFC 6335 §6
_PRINTING, _CASTING = 631, 8009  # RFC 8010; a television's door for pictures


class Visit(msgspec.Struct, frozen=True, order=True):
    """When a member of the cast next does what it does."""

    at: float
    member: str
    number: int


class PracticeNetwork:
    """Plays the home's network; `step` gives the frames that are due.

    Attributes:
        situation: what goes wrong now, or empty.
    """

    def __init__(self, seed: int, now: float) -> None:
        self._random = random.Random(seed)  # noqa: S311 - a play needs no secrets
        self._now = now - PAST_DAYS * DAY_S
        self._today = now
        self._visits: list[Visit] = []
        self._due: list[tuple[float, int, bytes]] = []
        self._count = 0
        self._shown: End | None = None  # the phone's address under which it showed itself last
        self.situation = ""
        for name in CAST:
            self._next_visit(name, self._now, 0)

    def past(self) -> Iterator[list[Frame]]:
        """The ordinary days before now, piece by piece."""
        while self._now < self._today:
            yield self.step(min(self._now + PIECE_S, self._today))

    def step(self, now: float) -> list[Frame]:
        """The frames sent since the last step, in order of time; a clock may jump."""
        if not -BACK_S <= now - self._now <= LEAP_S:
            self._leap(now - self._now - (LEAP_S if now > self._now else 0.0))
        self._now = max(now, self._now)
        while self._visits and self._visits[0].at <= now:
            visit = heappop(self._visits)
            self._play(visit)
            self._next_visit(visit.member, visit.at, visit.number + 1)
        told = []
        while self._due and self._due[0][0] <= now:
            at, _, frame = heappop(self._due)
            told.append((at, ETHERNET, frame))
        return told

    def _leap(self, by_s: float) -> None:
        """Move all that is to come: what lay between is neither played nor waited for."""
        self._now += by_s
        self._today += by_s
        self._visits = [Visit(v.at + by_s, v.member, v.number) for v in self._visits]
        self._due = [(at + by_s, count, frame) for at, count, frame in self._due]

    def disturb(self, situation: str) -> None:
        """Let something go wrong from now on."""
        self.situation = situation
        phone = self._end(CAST["phone"], self._now)
        for after_s, frame in SITUATIONS[situation](self._random, phone):
            self._send(self._now + after_s, frame)

    def calm(self) -> None:
        """Everything as usual again; what was not sent yet never will be."""
        self.situation = ""
        self._due.clear()

    def _send(self, at: float, frame: bytes) -> None:
        self._count += 1
        heappush(self._due, (at, self._count, frame))

    def _next_visit(self, name: str, at: float, number: int) -> None:
        every_s = CAST[name].every_s
        heappush(self._visits, Visit(at + every_s * self._random.uniform(0.6, 1.4), name, number))

    def _play(self, visit: Visit) -> None:
        """A thing shows itself now and then, and visits a place outside or a neighbour."""
        member = CAST[visit.member]
        end = self._end(member, visit.at)
        is_elsewhere = member.is_phone and end != self._shown  # it joins anew
        if is_elsewhere or visit.number % member.shows_every == 0:
            self._shown = end if member.is_phone else self._shown
            for after_s, frame in _showing(member, end):
                self._send(visit.at + after_s, frame)
        if member.sites:
            site = self._random.choice(member.sites)
            self._go_outside(visit.at + 1.0, end, site, member)
        for neighbour in member.neighbours:
            self._go_next_door(visit.at + 3.0, end, CAST[neighbour].end)

    def _end(self, member: Member, at: float) -> End:
        """A phone makes up a new hardware address every day."""
        if not member.is_phone:
            return member.end
        day = int((at - self._today) // DAY_S) % len(PHONES)
        return PHONES[day]

    def _go_outside(self, at: float, end: End, site: str, member: Member) -> None:
        ip = SITES[site]
        port = self._random.randint(*_EPHEMERAL)
        number = self._random.randrange(1 << 16)
        far = End(ROUTER.mac, ip)
        self._send(at, made.udp(end, ROUTER, (port, 53), made.dns_question(site, number)))
        answer = made.dns_answer(site, ip, number)
        self._send(at + 0.02, made.udp(ROUTER, end, (53, port), answer))
        self._talk(at + 0.05, end, far, (port, 443), member.sends, member.receives)

    def _go_next_door(self, at: float, end: End, other: End) -> None:
        self._send(at, made.arp(end, other.ip))
        self._send(at + 0.01, made.arp(other, end.ip, made.ARP_ANSWERS, end.mac))
        port = self._random.randint(*_EPHEMERAL)
        door = _PRINTING if other is CAST["printer"].end else _CASTING
        self._talk(at + 0.02, end, other, (port, door), 4, 4)

    def _talk(
        self, at: float, one: End, other: End, ports: tuple[int, int], sent: int, received: int
    ) -> None:
        """A connection with so many full segments each way."""
        back = ports[::-1]
        self._send(at, made.tcp(one, other, ports, made.SYN))
        self._send(at + 0.01, made.tcp(other, one, back, made.SYN_ACK))
        for number in range(min(sent, SEGMENTS_MAX)):
            self._send(at + 0.02 + number / 100, made.tcp(one, other, ports, made.PSH_ACK, 1400))
        for number in range(min(received, SEGMENTS_MAX)):
            self._send(at + 0.025 + number / 100, made.tcp(other, one, back, made.PSH_ACK, 1400))
        self._send(at + 1.0, made.tcp(one, other, ports, made.FIN_ACK))
        self._send(at + 1.01, made.tcp(other, one, back, made.FIN_ACK))


def _showing(member: Member, end: End) -> Iterator[tuple[float, bytes]]:
    """What a thing says when it joins: ARP, DHCP, and in its own protocol what it is."""
    yield 0.0, made.arp(end, ROUTER.ip)
    if end == ROUTER:
        return
    options = {12: member.host.encode(), 55: bytes([1, 3, 6, 15])}
    asks = made.dhcp(end, 3, options)
    nobody, everybody = End(end.mac, "0.0.0.0"), End(made.EVERYONE, "255.255.255.255")  # noqa: S104 - DHCP's "no address yet"
    yield 0.1, made.udp(nobody, everybody, (68, 67), asks)
    given = made.dhcp(end, 5, {54: ELSEWHERE[0], 3: ELSEWHERE[0], 6: ELSEWHERE[0]}, end.ip)
    yield 0.2, made.udp(ROUTER, End(end.mac, end.ip), (67, 68), given)
    if member.service:
        mac, ip, port = made.MDNS
        host = f"{member.host}.local"
        said = made.mdns_service(member.service, member.host, host, end.ip, member.txt)
        yield 0.4, made.udp(end, End(mac, ip), (port, port), said, hops=255)
    if member.objects:
        mac, ip, port = made.ECHONET
        yield 0.5, made.udp(end, End(mac, ip), (port, port), made.echonet_says(member.objects))
