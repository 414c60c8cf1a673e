"""What is said to a charger, in OCPP 2.0.1 and in 1.6: the same wish in two dialects.

A limit is a default profile for every charging session, "absolute", with an end: when the hub is
silent the charger goes back by itself to what its installer set.  OCPP 2.0.1 Part 2, K01 and K08;
OCPP 1.6 §3.13 and §5.16.
"""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import Any

VERSIONS = {"ocpp2.0.1": "2.0.1", "ocpp1.6": "1.6"}
PREFERRED = tuple(VERSIONS)

EVSE = 1  # the first outlet; a home charger has one
PROFILE_ID = 8_330  # ours, so that a new limit replaces our last and nobody else's
STACK_LEVEL = 1  # above an installer's default of level 0; its greatest limit holds all the same
EARLY_S = 60  # the charger's clock may be behind: a limit must hold at once
VIEW_S = 60  # of the schedule that is looked at
AMPERE, WATT = "A", "W"
UNIT_OF = {"charge_limit_a": AMPERE, "charge_w": WATT}

Payload = dict[str, Any]


def instant(at: float) -> str:
    """A moment as OCPP writes it: RFC 3339, in UTC."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def limit(version: str, unit: str, amount: float, now: float, lease_s: float) -> Payload:
    """SetChargingProfile: not more than this, until the lease ends."""
    begin, end = now - EARLY_S, now + lease_s
    schedule: Payload = {
        "startSchedule": instant(begin),
        "duration": int(end - begin),
        "chargingRateUnit": unit,
        "chargingSchedulePeriod": [{"startPeriod": 0, "limit": _tenths(amount)}],
    }
    profile: Payload = {
        "stackLevel": STACK_LEVEL,
        "chargingProfilePurpose": "TxDefaultProfile",
        "chargingProfileKind": "Absolute",
        "validTo": instant(end),
    }
    if version == "1.6":
        profile |= {"chargingProfileId": PROFILE_ID, "chargingSchedule": schedule}
        return {"connectorId": EVSE, "csChargingProfiles": profile}
    profile |= {"id": PROFILE_ID, "chargingSchedule": [{"id": 1, **schedule}]}
    return {"evseId": EVSE, "chargingProfile": profile}


def _tenths(amount: float) -> float:
    """One place after the point (1.6 §7.13), never more than was meant."""
    return math.floor(round(amount * 10, 6)) / 10


def no_limit(version: str) -> Payload:
    """ClearChargingProfile: ours, and no other."""
    return {"id" if version == "1.6" else "chargingProfileId": PROFILE_ID}


def view(version: str, unit: str) -> Payload:
    """GetCompositeSchedule: what holds now, all profiles together."""
    outlet = "connectorId" if version == "1.6" else "evseId"
    return {outlet: EVSE, "duration": VIEW_S, "chargingRateUnit": unit}


def booted(now: float, interval_s: int) -> Payload:
    """The answer to BootNotification; it sets the charger's clock."""
    return {"currentTime": instant(now), "interval": interval_s, "status": "Accepted"}


def token(version: str) -> Payload:
    """Whoever stands at the charger may charge: the home's door is not at its charger."""
    key = "idTagInfo" if version == "1.6" else "idTokenInfo"
    return {key: {"status": "Accepted"}}
