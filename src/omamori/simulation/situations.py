"""What can go wrong in the practice home, as the frames that would be seen; nothing here attacks."""

from __future__ import annotations

from ipaddress import ip_address
from typing import TYPE_CHECKING

from omamori.simulation import frames as made
from omamori.simulation.frames import End
from omamori.simulation.practice_cast import (
    CAST,
    EVERYBODY,
    FAR_AWAY,
    HEATER,
    LETTERBOX,
    NETWORK,
    ROUTER,
    SITES,
    STRANGER,
)

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Iterator

Sent = tuple[float, bytes]
"""Seconds after the beginning, and the frame."""

_TELNET = (23, 2323)
_SMB = 445
SPOOFED_S = 120


def iron(chance: random.Random, _phone: End) -> Iterator[Sent]:
    """A spying iron looks for everybody on the network, then for open doors of the computer."""
    one, other = CAST["iron"].end, CAST["computer"].end
    for number in range(1, 120):
        yield 0.03 * number, made.arp(one, f"{NETWORK}{number}")
    for number, port in enumerate(chance.sample(range(1, 1024), 60)):
        at = 4.0 + 0.05 * number
        yield at, made.tcp(one, other, (50_000 + number, port), made.SYN)
        yield at + 0.005, made.tcp(other, one, (port, 50_000 + number), made.RST_ACK)


def second_hand(_chance: random.Random, _phone: End) -> Iterator[Sent]:
    """A second-hand heater joins and tries every neighbour's telnet port."""
    one = HEATER.end
    yield _joins(one, HEATER.host)
    for number, other in enumerate(EVERYBODY):
        at = 3.0 + 0.4 * number
        yield at, made.arp(one, other.ip)
        yield at + 0.01, made.arp(other, one.ip, made.ARP_ANSWERS, one.mac)
        for tried, port in enumerate(_TELNET):
            ports = (51_000 + 2 * number + tried, port)
            yield at + 0.05 + 0.1 * tried, made.tcp(one, other, ports, made.SYN)
            yield at + 0.06 + 0.1 * tried, made.tcp(other, one, ports[::-1], made.RST_ACK)


def camera(_chance: random.Random, _phone: End) -> Iterator[Sent]:
    """The entrance camera suddenly sends its pictures to a far country."""
    one, (name, ip) = CAST["camera"].end, FAR_AWAY
    yield 0.0, made.udp(one, ROUTER, (52_000, 53), made.dns_question(name, 119))
    yield 0.02, made.udp(ROUTER, one, (53, 52_000), made.dns_answer(name, ip, 119))
    yield from _connection(one, End(ROUTER.mac, ip), (52_001, 443), 0.1, 400)


def phone(chance: random.Random, one: End) -> Iterator[Sent]:
    """Hanako's phone comes home with a program that looks for computers to spread to."""
    yield _joins(one, CAST["phone"].host)
    for number in range(2, 60):
        other = End(made.EVERYONE, f"{NETWORK}{number}")
        yield 0.1 * number, made.arp(one, other.ip)
    for number, other in enumerate(EVERYBODY):
        ports = (53_000 + number, _SMB)
        yield 6.5 + 0.1 * number, made.tcp(one, other, ports, made.SYN)
        yield 6.51 + 0.1 * number, made.tcp(other, one, ports[::-1], made.RST_ACK)
    for number in range(40):
        ip = f"192.0.2.{chance.randrange(100, 250)}"
        far = End(ROUTER.mac, ip)
        yield 9.0 + 0.2 * number, made.tcp(one, far, (54_000 + number, 23), made.SYN)


def mail(_chance: random.Random, _phone: End) -> Iterator[Sent]:
    """Somebody opened a letter made for this family: the computer fetches more, then carries out."""
    one, (name, ip) = CAST["computer"].end, LETTERBOX
    yield 0.0, made.udp(one, ROUTER, (57_000, 53), made.dns_question(name, 120))
    yield 0.02, made.udp(ROUTER, one, (53, 57_000), made.dns_answer(name, ip, 120))
    far = End(ROUTER.mac, ip)
    yield from _connection(one, far, (57_001, 443), 0.1, 6)
    for number in range(1, 5):
        yield from _connection(one, far, (57_001 + number, 443), 10.0 * number, 950)


def rogue_dhcp(_chance: random.Random, _phone: End) -> Iterator[Sent]:
    """A box that nobody knows hands out addresses, and names itself as the way outside."""
    box, asker = STRANGER.end, CAST["computer"].end
    own = ip_address(box.ip).packed
    nobody, everybody = End(asker.mac, "0.0.0.0"), End(made.EVERYONE, "255.255.255.255")  # noqa: S104 - DHCP's "no address yet"
    for number in range(3):
        asks = made.dhcp(asker, 1, {12: CAST["computer"].host.encode()})
        yield 5.0 * number, made.udp(nobody, everybody, (68, 67), asks)
        offer = made.dhcp(asker, 2, {54: own, 3: own, 6: own}, asker.ip)
        yield 5.0 * number + 0.1, made.udp(box, End(asker.mac, asker.ip), (67, 68), offer)


def spoof(_chance: random.Random, _phone: End) -> Iterator[Sent]:
    """The computer says to be the router, and to the router that it is the television.

    As tools for it do: an answer that nobody asked for, every second, to each of the two, while
    the router goes on to look for the television and to answer whoever asks it for names.
    """
    own, victim, asker = CAST["computer"].end.mac, CAST["television"].end, CAST["camera"].end
    for number in range(SPOOFED_S):
        yield 1.0 * number, made.arp(End(own, ROUTER.ip), victim.ip, made.ARP_ANSWERS, victim.mac)
        at = 1.0 * number + 0.1
        yield at, made.arp(End(own, victim.ip), ROUTER.ip, made.ARP_ANSWERS, ROUTER.mac)
    for number in range(SPOOFED_S // 20):
        at = 20.0 * number + 0.5
        yield at, made.arp(ROUTER, victim.ip)
        yield at + 0.01, made.arp(victim, ROUTER.ip, made.ARP_ANSWERS, ROUTER.mac)
    name = CAST["camera"].sites[0]
    for number in range(SPOOFED_S // 5):
        at, ports = 5.0 * number + 3.0, (55_000 + number, 53)
        yield at, made.udp(asker, ROUTER, ports, made.dns_question(name, number))
        told = made.dns_answer(name, SITES[name], number)
        yield at + 0.02, made.udp(ROUTER, asker, ports[::-1], told)


def _joins(one: End, host: str) -> Sent:
    """It asks for an address, and says its name."""
    options = {12: host.encode(), 55: bytes([1, 3, 6, 15])}
    nobody, everybody = End(one.mac, "0.0.0.0"), End(made.EVERYONE, "255.255.255.255")  # noqa: S104 - DHCP's "no address yet"
    return 0.0, made.udp(nobody, everybody, (68, 67), made.dhcp(one, 3, options))


def _connection(
    one: End, other: End, ports: tuple[int, int], at: float, segments: int
) -> Iterator[Sent]:
    yield at, made.tcp(one, other, ports, made.SYN)
    yield at + 0.05, made.tcp(other, one, ports[::-1], made.SYN_ACK)
    for number in range(segments):
        yield at + 0.1 + 0.01 * number, made.tcp(one, other, ports, made.PSH_ACK, 1400)
    yield at + 0.2 + 0.01 * segments, made.tcp(one, other, ports, made.FIN_ACK)


SITUATIONS: dict[str, Callable[[random.Random, End], Iterator[Sent]]] = {
    "iron": iron,
    "second-hand": second_hand,
    "camera": camera,
    "phone": phone,
    "mail": mail,
    "rogue-dhcp": rogue_dhcp,
    "spoof": spoof,
}
"""Those that a visitor can choose, made of chance and the phone's address today; the names are also `web.names.SITUATIONS`."""
