"""Things and alerts made for the tests of guarding."""

from __future__ import annotations

from typing import Any

from omamori.hub.alerting.alert import OPEN, Alert, alert_id
from omamori.hub.knowing.identify import Guess, Identity
from omamori.hub.knowing.known import KnownThing

NOW = 1_800_000_000.0
IRON = "02:00:00:00:00:01"
DAY = 86_400.0


def mac(number: int) -> str:
    return f"02:00:00:00:{number >> 8:02x}:{number & 255:02x}"


def thing(id_: str = IRON, kind: str = "appliance", band: str = "sure", **other: Any) -> KnownThing:
    rivals = other.pop("against", ())
    facts: dict[str, Any] = {
        "mac": "" if id_.startswith("ip:") or "/" in id_ else id_,
        "ips": (),
        "names": (),
        "identity": Identity(Guess(), Guess(kind, band, 6.0, rivals), Guess()),
        "first_seen": NOW - 9 * DAY,
        "last_seen": NOW,
        "heard_by": (),
        "is_private_address": False,
        "is_corrected": False,
    } | other
    return KnownThing(id=id_, **facts)


def alert(kind: str = "sweep.arp", of: str = IRON, at: float = NOW, size: int = 11) -> Alert:
    params: dict[str, Any] = {"targets": size, "ports": size, "tries": size, "target": "x"}
    return Alert(alert_id(kind, of, ""), kind, of, "", OPEN, at, at, params=params)
