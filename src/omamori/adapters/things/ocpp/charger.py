"""One connected charger: what it says is answered and kept, and what it is asked is awaited; bounded."""

from __future__ import annotations

import asyncio
import secrets
from typing import TYPE_CHECKING, Protocol

import msgspec

from omamori.adapters.things.driver import DriverError
from omamori.adapters.things.ocpp import dialect, messages
from omamori.adapters.things.ocpp.messages import Answered, Asked, OcppRefusedError

if TYPE_CHECKING:
    from collections.abc import Callable

    from omamori.adapters.things.ocpp.dialect import Payload
    from omamori.hub.points import Given

ANSWER_S = 10.0
WAITING_MAX = 4  # OCPP allows one question at a time (Part 4, 4.1.1)
RATE_PER_S, BURST = 5.0, 100.0  # messages; a charger says one in some seconds
HEARTBEAT_S = 300
FRESH_S = 900.0  # a measurement is one for so long
_PLUGGED = {
    "Available": False, "Occupied": True, "Preparing": True, "Charging": True, "SuspendedEV": True,
    "SuspendedEVSE": True, "Finishing": True,
}  # fmt: skip
_JUST_HEARD = frozenset({
    "FirmwareStatusNotification", "LogStatusNotification", "SecurityEventNotification",
    "NotifyEvent", "NotifyReport", "NotifyChargingLimit", "ReportChargingProfiles",
    "NotifyMonitoringReport", "DiagnosticsStatusNotification",
})  # fmt: skip


class FloodError(Exception):
    """A charger says more than any charger has to say."""


class Line(Protocol):
    """The connection to a charger."""

    async def send(self, message: str) -> None:
        """Send one frame."""
        ...


class Charger:
    """A charger on its line.

    Attributes:
        id: its name, as it proved it with its password.
        ip: where it is.
        version: ``2.0.1`` or ``1.6``.
        model: what it says to be.
    """

    def __init__(
        self, name: str, ip: str, version: str, line: Line, clock: Callable[[], float],
        answer_s: float = ANSWER_S,
    ) -> None:  # fmt: skip
        self.id, self.ip, self.version = name, ip, version
        self.model = ""
        self._line = line
        self._clock = clock
        self._answer_s = answer_s
        self._seen: dict[str, tuple[float, Given]] = {}
        self._transactions = 0
        self._lock = asyncio.Lock()
        self._waiting = 0
        self._pending: tuple[str, asyncio.Future[Answered]] | None = None
        self._tokens, self._filled_at = BURST, 0.0
        self._answers: dict[str, Callable[[Asked], Payload]] = {
            "BootNotification": self._boot,
            "Heartbeat": self._heartbeat,
            "Authorize": self._authorize,
            "DataTransfer": self._data,
            "MeterValues": self._meters,
            "StartTransaction": self._started,
            "StopTransaction": self._stopped,
            "TransactionEvent": self._event,
            "StatusNotification": self._state,
        }

    def values(self) -> dict[str, Given]:
        """What it said of itself, by point; measurements only while they are fresh."""
        now = self._clock()
        return {
            point: value
            for point, (at, value) in self._seen.items()
            if isinstance(value, bool) or 0 <= now - at <= FRESH_S
        }

    async def hear(self, text: str | bytes) -> None:
        """Take one message in, and answer it.

        Raises:
            FloodError: it says too much.
        """
        self._spend()
        try:
            said = messages.decode(text)
        except OcppRefusedError:
            return  # without a number there is nobody to answer to
        if isinstance(said, Answered):
            if self._pending and self._pending[0] == said.id and not self._pending[1].done():
                self._pending[1].set_result(said)
            return
        try:
            answer = self._answer(said)
        except OcppRefusedError as error:
            await self._send((messages.CALL_ERROR, said.id, error.code, "", {}))
        else:
            await self._send((messages.CALL_RESULT, said.id, answer))

    async def ask(self, action: str, payload: Payload) -> bytes:
        """Ask it something; returns its answer.

        Raises:
            DriverError: it cannot, or does not answer.
        """
        if self._waiting >= WAITING_MAX:
            raise DriverError("driving.busy")
        self._waiting += 1
        try:
            async with self._lock:
                return await self._ask(action, payload)
        finally:
            self._waiting -= 1

    async def _ask(self, action: str, payload: Payload) -> bytes:
        message_id = secrets.token_hex(16)
        future: asyncio.Future[Answered] = asyncio.get_running_loop().create_future()
        self._pending = (message_id, future)
        try:
            async with asyncio.timeout(self._answer_s):
                await self._send((messages.CALL, message_id, action, payload))
                answer = await future
        except TimeoutError:
            raise DriverError("driving.no-answer") from None
        finally:
            self._pending = None
        if answer.error in {"NotImplemented", "NotSupported"}:
            raise DriverError("driving.unsupported")
        if answer.error:
            raise DriverError("driving.refused")
        return bytes(answer.payload)

    def gone(self) -> None:
        """The line is cut: nobody needs to wait any longer."""
        if self._pending and not self._pending[1].done():
            self._pending[1].set_exception(DriverError("driving.not-connected"))

    async def _send(self, frame: tuple[object, ...]) -> None:
        await self._line.send(msgspec.json.encode(frame).decode())

    def _spend(self) -> None:
        now = asyncio.get_running_loop().time()
        gained = max(now - self._filled_at, 0.0) * RATE_PER_S
        self._tokens, self._filled_at = min(BURST, self._tokens + gained), now
        if self._tokens < 1.0:
            raise FloodError
        self._tokens -= 1.0

    def _answer(self, said: Asked) -> Payload:
        if said.action in _JUST_HEARD:
            return {}
        answer = self._answers.get(said.action)
        if answer is None:
            raise OcppRefusedError("NotImplemented")
        return answer(said)

    def _boot(self, said: Asked) -> Payload:
        boot = messages.parsed(said.payload, messages.Boot)
        station = boot.chargingStation or messages.Station(
            boot.chargePointModel, boot.chargePointVendor
        )
        self.model = f"{station.vendorName} {station.model}".strip()
        return dialect.booted(self._clock(), HEARTBEAT_S)

    def _heartbeat(self, _said: Asked) -> Payload:
        return {"currentTime": dialect.instant(self._clock())}

    def _authorize(self, _said: Asked) -> Payload:
        return dialect.token(self.version)

    def _data(self, _said: Asked) -> Payload:
        return {"status": "UnknownVendorId"}

    def _meters(self, said: Asked) -> Payload:
        meters = messages.parsed(said.payload, messages.Meters)
        if max(meters.evseId, meters.connectorId) <= dialect.EVSE:
            self._note(dict(messages.watts_and_more(meters.meterValue)))
        return {}

    def _started(self, _said: Asked) -> Payload:
        self._transactions += 1
        return {"transactionId": self._transactions, **dialect.token(self.version)}

    def _stopped(self, _said: Asked) -> Payload:
        self._note({"power_w": 0.0})
        return {}

    def _event(self, said: Asked) -> Payload:
        event = messages.parsed(said.payload, messages.Event)
        if event.evse is None or event.evse.id == dialect.EVSE:
            self._note(dict(messages.watts_and_more(event.meterValue)))
            if event.eventType == "Ended":
                self._note({"power_w": 0.0})
        return dialect.token(self.version) if bytes(event.idToken) else {}

    def _state(self, said: Asked) -> Payload:
        self._status(messages.parsed(said.payload, messages.Status))
        return {}

    def _status(self, status: messages.Status) -> None:
        outlet = status.evseId if self.version != "1.6" else status.connectorId
        if outlet > dialect.EVSE:
            return
        word = status.connectorStatus or status.status
        is_faulted = word == "Faulted" or status.errorCode not in {"", "NoError"}
        found: dict[str, Given] = {"fault": is_faulted}
        if word in _PLUGGED and outlet == dialect.EVSE:
            found["plugged"] = _PLUGGED[word]
        self._note(found)

    def _note(self, found: dict[str, Given]) -> None:
        now = self._clock()
        self._seen.update({point: (now, value) for point, value in found.items()})
