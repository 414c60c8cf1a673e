"""Which drivers there are: a list that a person reads, and no search for code."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from typing import TYPE_CHECKING

import msgspec

from omamori.adapters.things.echonet.driver import EchonetDriver
from omamori.adapters.things.ocpp.driver import OcppDriver
from omamori.adapters.things.upnp_av.driver import UpnpAvDriver
from omamori.adapters.things.wled.driver import WledDriver

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from omamori.adapters.echonet_port import EchonetPort
    from omamori.adapters.things.driver import Driver

DRIVERS = ("echonet", "upnp_av", "ocpp", "wled")
"""Names of the folders, in the order in which they are asked."""


class Chargers(msgspec.Struct, frozen=True):
    """Where chargers may connect, and which.

    Attributes:
        passwords: by the charger's name.
        tls: its certificate and key; without it passwords travel in the clear.
    """

    host: str
    port: int
    passwords: Mapping[str, str]
    tls: ssl.SSLContext | None = None


def build_drivers(
    clock: Callable[[], float],
    port: EchonetPort,
    chargers: Chargers | None = None,
    on: Iterable[str] = DRIVERS,
) -> tuple[Driver, ...]:
    """The drivers that are wanted; ``ocpp`` only where chargers are named."""
    made: dict[str, Driver] = {
        "echonet": EchonetDriver(port, clock),
        "upnp_av": UpnpAvDriver(clock),
        "wled": WledDriver(clock),
    }
    if chargers is not None:
        made["ocpp"] = OcppDriver(
            chargers.host, chargers.port, chargers.passwords, clock, chargers.tls
        )
    wanted = set(on)
    return tuple(made[name] for name in DRIVERS if name in made and name in wanted)
