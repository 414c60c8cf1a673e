"""Who lives in the practice home, and the places outside that its things call.

Addresses are those set aside for documentation (RFC 5737, RFC 7042 §2.1.1), names end in
``.example`` (RFC 2606): nothing here can be mistaken for a real thing or place.
"""

from __future__ import annotations

from ipaddress import ip_address

import msgspec

from omamori.simulation.frames import End

NETWORK = "192.168.119."


class Member(msgspec.Struct, frozen=True):
    """A thing of the practice home.

    Attributes:
        end: its addresses; `host` the name that it says of itself.
        name: what the family calls it, in Japanese and English.
        kind: what it is; a person has said so where nothing tells.
        sites: whom it calls outside, about every `every_s`; with so many full segments.
        neighbours: with whom it talks at home.
        service, txt, objects: what it announces by mDNS or ECHONET Lite.
        shows_every: after so many visits it says again who it is.
    """

    end: End
    host: str
    name: tuple[str, str]
    kind: str
    sites: tuple[str, ...] = ()
    every_s: float = 3600.0
    sends: int = 2
    receives: int = 6
    neighbours: tuple[str, ...] = ()
    service: str = ""
    txt: dict[str, str] = {}
    objects: tuple[str, ...] = ()
    shows_every: int = 12
    is_phone: bool = False


def _end(number: int) -> End:
    return End(f"00:00:5e:00:53:{number:02x}", f"{NETWORK}{number}")


ROUTER = _end(1)
ELSEWHERE = (ip_address(ROUTER.ip).packed,)
PHONES = tuple(End(f"da:a1:19:{day:02x}:5c:20", f"{NETWORK}20") for day in range(9))
"""The hardware addresses that the phone makes up, one a day."""

SITES = {
    "cast.example": "198.51.100.10",
    "films.example": "198.51.100.11",
    "camera-cloud.example": "198.51.100.12",
    "printer-ink.example": "198.51.100.13",
    "vacuum-maps.example": "203.0.113.14",
    "weather.example": "203.0.113.15",
    "mail.example": "198.51.100.16",
    "energy-price.example": "198.51.100.17",
}
FAR_AWAY = ("far-away.example", "192.0.2.77")
LETTERBOX = ("your-parcel.example", "192.0.2.78")
COUNTRIES = {"198.51.100.": "JP", "203.0.113.": "US", "192.0.2.": "AQ"}
"""Where the practice home's addresses are said to be; the far ones on no family's way."""

CAST = {
    "router": Member(ROUTER, "router", ("ルーター", "Router"), "router", every_s=7200.0),
    "television": Member(
        _end(11), "living-tv", ("居間のテレビ", "Living-room television"), "television",
        ("cast.example", "films.example"), 1800.0, 2, 12,
        service="_googlecast._tcp.local", txt={"md": "living-tv", "fn": "living-tv"},
    ),
    "camera": Member(
        _end(12), "netcam-entrance", ("玄関のカメラ", "Entrance camera"), "camera",
        ("camera-cloud.example",), 2400.0, 8, 2,
    ),
    "printer": Member(
        _end(13), "printer-study", ("プリンター", "Printer"), "printer",
        ("printer-ink.example",), 14_400.0, service="_ipp._tcp.local",
    ),
    "vacuum": Member(
        _end(14), "robot-vacuum", ("掃除ロボット", "Robot vacuum cleaner"), "vacuum",
        ("vacuum-maps.example",), 7200.0, 6, 2,
    ),
    "lights": Member(
        _end(15), "light-adapter", ("照明アダプター", "Lighting adapter"), "bridge",
        every_s=5400.0, objects=("029001", "029002"), shows_every=2,
    ),
    "battery": Member(
        _end(16), "home-battery", ("蓄電池", "Home battery"), "storage-battery",
        ("energy-price.example",), 3600.0, objects=("027d01",),
    ),
    "phone": Member(
        PHONES[0], "Hanako-no-iPhone", ("花子のスマホ", "Hanako's phone"), "phone",
        ("mail.example", "weather.example", "films.example"), 1200.0, 3, 8,
        neighbours=("television",), is_phone=True,
    ),
    "computer": Member(
        _end(21), "DESKTOP-3F2A", ("パソコン", "Computer"), "computer",
        ("mail.example", "films.example", "printer-ink.example"), 2700.0, 4, 10,
        neighbours=("printer",),
    ),
    "iron": Member(
        _end(31), "iron", ("アイロン", "Iron"), "appliance", ("weather.example",), 10_800.0, 1, 1,
    ),
}  # fmt: skip

HEATER = Member(_end(32), "heater", ("中古のヒーター", "Second-hand heater"), "heater")
STRANGER = Member(_end(66), "wifi-extender", ("知らない箱", "Unknown box"), "")
EVERYBODY = tuple(member.end for name, member in CAST.items() if name != "phone")


def country_of(ip: str) -> str:
    """The practice home's own atlas."""
    return next((code for start, code in COUNTRIES.items() if ip.startswith(start)), "")
