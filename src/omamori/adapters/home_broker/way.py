"""The way to a broker: one connection, of which a hostile broker can make little."""

from __future__ import annotations

import logging
import ssl
from collections.abc import Callable
from typing import TYPE_CHECKING

import aiomqtt
import msgspec
from aiomqtt.exceptions import MqttConnectError
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from omamori.adapters.home_broker.entities import OFFLINE
from omamori.documents.reason import Reason

if TYPE_CHECKING:
    from omamori.adapters.home_broker.topics import Topics

QUEUE_MAX = 256  # messages that wait to be looked at; more are let go
PACKET_OCTETS_MAX = 16 * 1024  # MQTT 5, 3.1.2.11.4: a broker sends no longer packet
IN_FLIGHT_MAX = 64  # MQTT 5, 3.1.2.11.3
KEEP_ALIVE_S = 30
ANSWER_S = 15.0

# MQTT 5 §3.2.2.2; MQTT 3.1.1 §3.2.2.3 has 4 and 5.
BAD_NAMES = frozenset({4, 5, 134, 135})

_quiet = logging.getLogger("omamori.mqtt")
_quiet.setLevel(logging.CRITICAL + 1)  # it would write one line for each message of a flood


class Way(msgspec.Struct, frozen=True):
    """Where the broker is, and who we are there.

    Attributes:
        secret: gives the password, read anew for each connection; it may have been changed.
            Raises RefusedError where it cannot be read.
        tls: None for the clear.
    """

    host: str
    port: int
    user: str = ""
    secret: Callable[[], str] | None = None
    tls: ssl.SSLContext | None = None


def connect(way: Way, topics: Topics, *, is_old: bool) -> aiomqtt.Client:
    """A connection that is not open yet.

    What was said while we were away is not kept for us: an old wish is no wish.

    Args:
        is_old: speak MQTT 3.1.1, for a broker that does not know 5.
    """
    limits = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call] # paho's own
    limits.MaximumPacketSize = PACKET_OCTETS_MAX
    limits.ReceiveMaximum = IN_FLIGHT_MAX
    return aiomqtt.Client(
        hostname=way.host,
        port=way.port,
        username=way.user or None,
        password=(way.secret() if way.secret and way.user else None),
        logger=_quiet,
        identifier=f"omamori-{topics.hub}",
        protocol=aiomqtt.ProtocolVersion.V311 if is_old else aiomqtt.ProtocolVersion.V5,
        clean_session=True if is_old else None,
        properties=None if is_old else limits,
        will=aiomqtt.Will(topics.status, OFFLINE, qos=1, retain=True),
        keepalive=KEEP_ALIVE_S,
        timeout=ANSWER_S,
        max_queued_incoming_messages=QUEUE_MAX,
        max_inflight_messages=IN_FLIGHT_MAX,
        tls_context=way.tls,
    )


def comes_too_long(client: aiomqtt.Client) -> bool:
    """Whether a packet is on its way that is longer than we said to take.

    A broker that keeps to MQTT 5 sends none; any other may announce 256 MB (MQTT 3.1.1, 2.2.3), and
    the library below would gather them. It offers no limit of its own, so we look at what it gathers.
    """
    gathered = client._client._in_packet  # noqa: SLF001 - as above
    return int(gathered["remaining_length"]) > PACKET_OCTETS_MAX


def is_misunderstood(error: Exception) -> bool:
    """Whether a broker answered, but not as one that knows MQTT 5 and us: it may know only 3.1.1."""
    is_answer = isinstance(error, aiomqtt.MqttCodeError)
    return is_answer and trouble_of(error).key != "broker.not-let-in"


def trouble_of(error: Exception) -> Reason:
    """Why there is no connection, in a sentence's terms."""
    code = getattr(error, "rc", None)
    number = code if isinstance(code, int) else getattr(code, "value", None)
    if isinstance(error, MqttConnectError) and number in BAD_NAMES:
        return Reason("broker.not-let-in")
    return Reason("broker.not-reached")
