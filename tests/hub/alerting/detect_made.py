"""Flows as a network makes them, for tests of detectors: scans, worms, and ordinary evenings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from omamori.hub.alerting.alert import Alert, Alerts
from omamori.hub.alerting.detectors import Detectors
from omamori.hub.flow import ACK, ANSWERS, ASKS, RST, SYN, Flow
from omamori.hub.sighting import Sighting

if TYPE_CHECKING:
    from collections.abc import Iterable

IRON, TV, PHONE = "02:00:00:00:00:09", "02:00:00:00:00:20", "02:00:00:00:00:30"
ROUTER, HUB = "02:00:00:00:00:01", "02:00:00:00:00:02"
IRON_IP, TV_IP, PHONE_IP = "192.168.1.9", "192.168.1.20", "192.168.1.30"
ROUTER_IP = "192.168.1.1"
EVERYONE = "ff:ff:ff:ff:ff:ff"
START = 1_800_000_000.0


def home(number: int) -> str:
    return f"192.168.1.{number}"


def world(number: int) -> str:
    return f"93.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"


def is_home(ip: str) -> bool:
    return ip.startswith(("192.168.", "224.", "ff02"))


def asks_arp(at: float, target: str, mac: str = IRON, source: str = IRON_IP) -> Flow:
    return Flow(at, at, mac, EVERYONE, source, target, "arp", 0, ASKS)


def claims_arp(at: float, ip: str, mac: str, target: str = TV_IP, peer: str = TV) -> Flow:
    return Flow(at, at, mac, peer, ip, target, "arp", 0, ANSWERS, is_answer=True)


def pings(at: float, target: str, mac: str = IRON, source: str = IRON_IP, kind: int = 8) -> Flow:
    return Flow(at, at, mac, ROUTER, source, target, "icmp", kind, 0, is_to_here=is_home(target))


def opens(
    at: float,
    target: str,
    port: int,
    *,
    from_port: int = 40_000,
    mac: str = IRON,
    source: str = IRON_IP,
    proto: str = "tcp",
    flags: int = SYN,
) -> Flow:
    peer = f"02:00:00:00:01:{int(target.rsplit('.', 1)[-1]):02x}" if is_home(target) else ROUTER
    return Flow(
        at, at, mac if is_home(source) else ROUTER, peer, source, target, proto, from_port, port,
        flags if proto == "tcp" else 0,
        is_from_here=is_home(source), is_to_here=is_home(target),
    )  # fmt: skip


def answered(asked: Flow, flags: int = SYN | ACK, mac: str = "") -> Flow:
    return Flow(
        asked.at + 0.01, asked.at + 0.01, mac or asked.peer_mac, asked.mac, asked.target,
        asked.source, asked.proto, asked.to_port, asked.from_port,
        flags if asked.proto == "tcp" else 0, is_answer=True,
        is_from_here=asked.is_to_here, is_to_here=asked.is_from_here,
    )  # fmt: skip


def refused(asked: Flow) -> Flow:
    return answered(asked, RST | ACK)


def goes_on(flow: Flow, at: float, frames: int = 5) -> Flow:
    values = {name: getattr(flow, name) for name in flow.__struct_fields__}
    return Flow(**{**values, "first_at": at, "at": at, "frames": frames, "is_opening": False})


def offers_dhcp(at: float, mac: str, ip: str = ROUTER_IP) -> Sighting:
    fields = {"router": ip, "dns": ip, "server": ip, "message": "offer"}
    return Sighting(at, mac, "dhcp.offer", fields)


def told_of(
    heard: Iterable[Flow | Sighting], own: frozenset[str] = frozenset(), step_s: float = 60.0
) -> list[Alert]:
    """The alerts that a person is told of, in order."""
    detectors, alerts, told, stepped = Detectors(own), Alerts(), [], START
    for one in heard:
        if isinstance(one, Flow):
            found = detectors.hear(one, one.mac if one.is_from_here else "")
        else:
            found = detectors.note(one, one.source)
        told += [alert for finding in found if (alert := alerts.take(finding))]
        if one.at - stepped >= step_s:
            stepped = one.at
            told += [alert for finding in detectors.step(one.at) if (alert := alerts.take(finding))]
            alerts.step(one.at)
    return told


def kinds(heard: Iterable[Flow | Sighting], own: frozenset[str] = frozenset()) -> list[str]:
    """What kinds of alert a person is told of, each once."""
    return list(dict.fromkeys(alert.kind for alert in told_of(heard, own)))
