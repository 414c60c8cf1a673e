"""The driver for car chargers: the hub is the server (CSMS) to which they connect, by OCPP 2.0.1 or 1.6.

A charger shows its name and its password (security profile 1; 2 where a TLS context is given).  In
the bare home network a password can be read by whoever listens: give the context where you can.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import re
from contextlib import suppress
from hmac import compare_digest
from http import HTTPStatus
from typing import TYPE_CHECKING

import structlog
from websockets.asyncio.server import serve
from websockets.exceptions import ConnectionClosed, NegotiationError

from omamori.adapters.things.driver import (
    AT_HOME,
    Address,
    Change,
    DriverError,
    Terms,
    given,
    offered,
    wished,
)
from omamori.adapters.things.ocpp import dialect, messages
from omamori.adapters.things.ocpp.charger import ANSWER_S, Charger, FloodError
from omamori.adapters.things.ocpp.messages import OcppRefusedError
from omamori.adapters.things.seen import Seen

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Mapping, Sequence

    from websockets.asyncio.server import ServerConnection
    from websockets.http11 import Request, Response
    from websockets.typing import Subprotocol

    from omamori.hub.knowing.known import KnownThing
    from omamori.hub.points import Given, Point
    from omamori.hub.sighting import Sighting

CONNECTIONS_MAX = 16
HANDSHAKE_S_MAX = 5.0
CLOSE_S_MAX = 2.0  # for a charger to agree that the line is closed
PING_S = 30.0
QUEUE_MAX = 16  # frames received and not yet read
SWEEP_S = 5.0
LEASE_S_USUAL, LEASE_S_MAX = 900.0, 86_400.0
AMPERE_MAX, WATT_MAX = 63.0, 43_500.0
"""Greatest that a mode 3 charger of a home gives: 63 A, three phases (IEC 61851-1)."""
TOLERANCE = 0.01  # share by which a shown limit may exceed the wish: rounding, amperes from watts
FAILURES_MAX, FAILURES_S = 5, 60.0  # wrong passwords from one address in so many seconds
ADDRESSES_MAX = 256
CLOSE_POLICY = 1008  # RFC 6455 §7.4.1

_PATH = re.compile(r"/(?:[A-Za-z0-9_-]{1,32}/){0,3}([A-Za-z0-9*_=:+|@.-]{1,48})")
"""The last part is the charger's name (Part 4, 3.1.1: identifierString, 48 characters)."""

_log = structlog.get_logger(__name__)


class OcppDriver:
    """Lets known chargers in, hears what they say, and limits what they give.

    Args:
        host, port: where to listen.
        passwords: by the charger's name; who is not in it is not let in.
        clock: seconds since the epoch; chargers set theirs by it.
        tls: for security profile 2.
    """

    name = "ocpp"
    hears: frozenset[str] = frozenset()

    def __init__(
        self,
        host: str,
        port: int,
        passwords: Mapping[str, str],
        clock: Callable[[], float],
        tls: ssl.SSLContext | None = None,
        answer_s: float = ANSWER_S,
    ) -> None:
        self._host, self._port = host, port
        self._passwords = passwords
        self._clock = clock
        self._tls = tls
        self._answer_s = answer_s
        self._seen = Seen(clock)
        self._chargers: dict[str, Charger] = {}
        self._lines: dict[str, ServerConnection] = {}
        self._failures: dict[str, tuple[float, int]] = {}
        self._addresses: Callable[[], Sequence[Address]] = list
        self._tell: Callable[[Change], None] = lambda _: None
        self.bound = 0

    def address(self, known: KnownThing, said: Sequence[Sighting]) -> Address | None:
        """The charger that is connected from one of the thing's addresses."""
        del said
        if known.behind:
            return None
        for charger in self._chargers.values():
            if charger.ip in known.ips:
                return Address(known.id, charger.ip, charger.id)
        return None

    def points(self, address: Address) -> tuple[Point, ...]:
        """The limits, and what the charger has said of itself."""
        charger = self._chargers.get(address.part)
        if charger is None:
            return ()
        return (
            offered("charge_limit_a", is_set=True, high=AMPERE_MAX),
            offered("charge_w", is_set=True, low=0, high=WATT_MAX),
            *(offered(point, is_set=False) for point in charger.values()),
        )

    async def read(self, address: Address, point: str) -> Given:
        """What the charger said last, or what limit it says that holds.

        Raises:
            DriverError: it gives none.
        """
        charger, offer = self._charger(address), self._offer(address, point)
        if point in dialect.UNIT_OF:
            amount = await self._view(charger, dialect.UNIT_OF[point])
            return given(offer, round(amount) if point == "charge_w" else amount)
        return given(offer, charger.values()[point])

    async def write(
        self, address: Address, point: str, value: Given, terms: Terms = AT_HOME
    ) -> None:
        """Limit what the charger gives; it ends the limit by itself when the lease is over.

        Raises:
            DriverError: it does not take the limit, or goes by a higher one.
        """
        charger, offer = self._charger(address), self._offer(address, point)
        wish = wished(offer, value)
        if isinstance(wish, (str, bool)):
            raise DriverError("driving.out-of-range", {"point": point})
        unit = dialect.UNIT_OF[point]
        lease_s = min(terms.lease_s or LEASE_S_USUAL, LEASE_S_MAX)
        self._seen.wrote(address, point, value)
        payload = dialect.limit(charger.version, unit, wish, self._clock(), lease_s)
        await self._say_yes(charger, "SetChargingProfile", payload)
        try:
            shown = await self._view(charger, unit)
        except DriverError as error:
            if error.reason.key in {"driving.unsupported", "driving.no-value"}:
                return  # it took the limit, and has no way to show it
            raise
        if shown > wish * (1 + TOLERANCE) + TOLERANCE:
            raise DriverError("driving.not-shown", {"point": point})

    async def release(self, address: Address) -> None:
        """Take our limit back before its lease ends.

        Raises:
            DriverError: the charger does not.
        """
        charger = self._charger(address)
        await self._say_yes(
            charger, "ClearChargingProfile", dialect.no_limit(charger.version), also="Unknown"
        )

    async def run(
        self,
        addresses: Callable[[], Sequence[Address]],
        tell: Callable[[Change], None],
        is_well: Callable[[], None],
    ) -> None:
        """Listen for chargers until cancelled.

        Raises:
            OSError: the port is taken.
        """
        self._addresses, self._tell = addresses, tell
        async with serve(
            self._serve, self._host, self._port, ssl=self._tls, process_request=self._greet,
            subprotocols=[],  # chosen by `_choose`, which turns others away
            select_subprotocol=_choose, max_size=messages.FRAME_OCTETS_MAX, max_queue=QUEUE_MAX,
            compression=None, open_timeout=HANDSHAKE_S_MAX, ping_interval=PING_S,
            close_timeout=CLOSE_S_MAX,
            ping_timeout=PING_S, server_header=None,
        ) as server:  # fmt: skip
            self.bound = next(iter(server.sockets)).getsockname()[1]
            is_well()
            while True:
                await asyncio.sleep(SWEEP_S)
                for charger in tuple(self._chargers.values()):
                    self._told(charger)

    def _greet(self, line: ServerConnection, request: Request) -> Response | None:
        """Let in who shows the name and password of a known charger."""
        ip = str((line.remote_address or ("",))[0])
        match = _PATH.fullmatch(request.path)
        name = match[1] if match else ""
        now = asyncio.get_running_loop().time()
        since, count = self._failures.get(ip, (now, 0))
        if count >= FAILURES_MAX and now - since < FAILURES_S:
            return line.respond(HTTPStatus.TOO_MANY_REQUESTS, "\n")
        if len(self._lines) >= CONNECTIONS_MAX and name not in self._lines:
            return line.respond(HTTPStatus.SERVICE_UNAVAILABLE, "\n")
        given_name, password = _basic(request.headers.get("Authorization", ""))
        expected = self._passwords.get(name, "")
        is_known = bool(expected) and given_name == name
        if not is_known or not compare_digest(password.encode(), expected.encode()):
            self._failures.pop(ip, None)
            fresh = (now, 1) if now - since >= FAILURES_S else (since, count + 1)
            self._failures[ip] = fresh
            if len(self._failures) > ADDRESSES_MAX:
                del self._failures[next(iter(self._failures))]
            _log.warning("charger not let in", ip=ip)
            refusal = line.respond(HTTPStatus.UNAUTHORIZED, "\n")
            refusal.headers["WWW-Authenticate"] = 'Basic realm="charger"'
            return refusal
        return None

    async def _serve(self, line: ServerConnection) -> None:
        """Hear one charger until it goes; the same name connecting anew takes the place."""
        assert line.request is not None  # noqa: S101 - the handshake is over
        match = _PATH.fullmatch(line.request.path)
        name = match[1] if match else ""
        before = self._lines.pop(name, None)
        if before is not None:
            await before.close()
        ip = str((line.remote_address or ("",))[0])
        version = dialect.VERSIONS[line.subprotocol or ""]
        charger = Charger(name, ip, version, line, self._clock, self._answer_s)
        self._lines[name], self._chargers[name] = line, charger
        try:
            async for text in line:
                await charger.hear(text)
                self._told(charger)
        except FloodError:
            _log.warning("charger says too much", charger=name)
            await line.close(CLOSE_POLICY)
        except ConnectionClosed:
            pass
        finally:
            charger.gone()
            if self._chargers.get(name) is charger:
                del self._chargers[name], self._lines[name]

    def _told(self, charger: Charger) -> None:
        for address in self._addresses():
            if address.part != charger.id:
                continue
            for point, value in charger.values().items():
                with suppress(DriverError):
                    by_hand = True if point == "plugged" else None  # no cable plugs itself in
                    is_so = given(offered(point, is_set=False), value)
                    self._seen.is_now(address, point, is_so, self._tell, by_hand=by_hand)

    def _charger(self, address: Address) -> Charger:
        charger = self._chargers.get(address.part)
        if charger is None:
            raise DriverError("driving.not-connected")
        return charger

    def _offer(self, address: Address, point: str) -> Point:
        for offer in self.points(address):
            if offer.name == point:
                return offer
        raise DriverError("driving.no-such-point", {"point": point})

    async def _say(self, charger: Charger, action: str, payload: dialect.Payload) -> bytes:
        try:
            return await charger.ask(action, payload)
        except ConnectionClosed:
            raise DriverError("driving.not-connected") from None

    async def _say_yes(
        self, charger: Charger, action: str, payload: dialect.Payload, also: str = "Accepted"
    ) -> None:
        octets = await self._say(charger, action, payload)
        try:
            status = messages.parsed(octets, messages.Outcome).status
        except OcppRefusedError:
            raise DriverError("driving.nonsense") from None
        if status == "NotSupported":
            raise DriverError("driving.unsupported")
        if status not in {"Accepted", also}:
            raise DriverError("driving.refused")

    async def _view(self, charger: Charger, unit: str) -> float:
        """The limit that holds now, all profiles together."""
        payload = dialect.view(charger.version, unit)
        octets = await self._say(charger, "GetCompositeSchedule", payload)
        try:
            told = messages.parsed(octets, messages.Composite)
        except OcppRefusedError:
            raise DriverError("driving.nonsense") from None
        schedule = told.schedule or told.chargingSchedule
        if told.status != "Accepted" or schedule is None or not schedule.chargingSchedulePeriod:
            raise DriverError("driving.no-value")
        if schedule.chargingRateUnit != unit:
            raise DriverError("driving.no-value")  # in other units: amperes of how many phases?
        return schedule.chargingSchedulePeriod[0].limit


def _basic(header: str) -> tuple[str, str]:
    """Name and password of an Authorization header (RFC 7617); empty for any other."""
    scheme, _, told = header[:512].partition(" ")
    if scheme.lower() != "basic":
        return "", ""
    try:
        name, _, password = base64.b64decode(told.strip(), validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return "", ""
    return name, password


def _choose(_line: ServerConnection, wanted: Sequence[Subprotocol]) -> Subprotocol | None:
    for version in dialect.PREFERRED:
        for one in wanted:
            if one == version:
                return one
    raise NegotiationError("no version of OCPP that is known here")
