"""What a charger says: OCPP-J frames and the few messages that matter here, typed and bounded.

After OCPP 2.0.1 Part 4 §4 (framing) and Part 2, and OCPP 1.6 (JSON).  Our own hundred lines, and not
the library's connection: that keeps every answer nobody asked for, without a bound.
"""

from __future__ import annotations

import math
from typing import Annotated, TypeVar

import msgspec

from omamori.documents.reason import RefusedError

FRAME_OCTETS_MAX = 65_536
IDENTITY_CHARACTERS_MAX = 36  # of a message (Part 4, 4.1.4)
METER_VALUES_MAX = 64
SAMPLES_MAX = 64
CALL, CALL_RESULT, CALL_ERROR = 2, 3, 4

Name = Annotated[str, msgspec.Meta(max_length=64)]
Token = Annotated[str, msgspec.Meta(max_length=255)]


class OcppRefusedError(RefusedError):
    """What is no OCPP message; the charger's fault.

    Attributes:
        code: the error code to answer with.
    """

    def __init__(self, code: str) -> None:
        super().__init__("driving.nonsense")
        self.code = code


class Asked(msgspec.Struct, frozen=True):
    """The charger asks or tells something."""

    id: str
    action: str
    payload: msgspec.Raw


class Answered(msgspec.Struct, frozen=True):
    """The charger answers; ``error`` is the code where it could not."""

    id: str
    payload: msgspec.Raw = msgspec.Raw(b"{}")
    error: str = ""


class Station(msgspec.Struct, frozen=True):
    """Who a charger says to be."""

    model: Token = ""
    vendorName: Token = ""  # noqa: N815 - as the standard writes it, here and below


class Boot(msgspec.Struct, frozen=True):
    """BootNotification of both versions."""

    chargingStation: Station | None = None  # noqa: N815
    chargePointVendor: Token = ""  # noqa: N815
    chargePointModel: Token = ""  # noqa: N815


class Status(msgspec.Struct, frozen=True):
    """StatusNotification of both versions."""

    connectorId: int  # noqa: N815
    evseId: int = 0  # noqa: N815
    connectorStatus: Name = ""  # noqa: N815
    status: Name = ""
    errorCode: Name = ""  # noqa: N815


class Unit(msgspec.Struct, frozen=True):
    """In what a value is given (2.0.1)."""

    unit: Name = ""
    multiplier: Annotated[int, msgspec.Meta(ge=-9, le=9)] = 0


class Sample(msgspec.Struct, frozen=True):
    """One measured value; text in 1.6, a number in 2.0.1."""

    value: float | Token
    measurand: Name = "Energy.Active.Import.Register"
    phase: Name = ""
    unit: Name = ""
    unitOfMeasure: Unit = Unit()  # noqa: N815


class MeterValue(msgspec.Struct, frozen=True):
    """Values measured at one moment."""

    sampledValue: Annotated[tuple[Sample, ...], msgspec.Meta(max_length=SAMPLES_MAX)]  # noqa: N815


Values = Annotated[tuple[MeterValue, ...], msgspec.Meta(max_length=METER_VALUES_MAX)]


class Meters(msgspec.Struct, frozen=True):
    """MeterValues of both versions."""

    meterValue: Values  # noqa: N815
    evseId: int = 0  # noqa: N815
    connectorId: int = 0  # noqa: N815


class Transaction(msgspec.Struct, frozen=True):
    """What is going on (2.0.1)."""

    transactionId: Name  # noqa: N815
    chargingState: Name = ""  # noqa: N815


class Evse(msgspec.Struct, frozen=True):
    """An outlet (2.0.1)."""

    id: int


class Event(msgspec.Struct, frozen=True):
    """TransactionEvent of 2.0.1."""

    eventType: Name  # noqa: N815
    transactionInfo: Transaction  # noqa: N815
    triggerReason: Name = ""  # noqa: N815
    meterValue: Values = ()  # noqa: N815
    evse: Evse | None = None
    idToken: msgspec.Raw = msgspec.Raw(b"")  # noqa: N815


class Outcome(msgspec.Struct, frozen=True):
    """An answer that is a word."""

    status: Name


class Period(msgspec.Struct, frozen=True):
    """From when on how much."""

    startPeriod: int  # noqa: N815
    limit: float


class Schedule(msgspec.Struct, frozen=True):
    """How much is given when."""

    chargingRateUnit: Name  # noqa: N815
    chargingSchedulePeriod: Annotated[tuple[Period, ...], msgspec.Meta(max_length=1024)]  # noqa: N815


class Composite(msgspec.Struct, frozen=True):
    """GetCompositeSchedule's answer of both versions."""

    status: Name
    schedule: Schedule | None = None
    chargingSchedule: Schedule | None = None  # noqa: N815


def decode(text: str | bytes) -> Asked | Answered:
    """Read one frame.

    Raises:
        OcppRefusedError: it is none.
    """
    if isinstance(text, bytes) or len(text) > FRAME_OCTETS_MAX:
        raise OcppRefusedError("RpcFrameworkError")
    parts = parsed(text.encode("utf-8", "replace"), list[msgspec.Raw])
    if not 3 <= len(parts) <= 5:  # noqa: PLR2004 - a result has three parts, an error five
        raise OcppRefusedError("RpcFrameworkError")
    kind, message_id = parsed(parts[0], int), parsed(parts[1], str)
    if not 0 < len(message_id) <= IDENTITY_CHARACTERS_MAX:
        raise OcppRefusedError("RpcFrameworkError")
    if kind == CALL and len(parts) == 4:  # noqa: PLR2004 - kind, id, action, payload
        return Asked(message_id, parsed(parts[2], Name), parts[3])
    if kind == CALL_RESULT and len(parts) == 3:  # noqa: PLR2004 - kind, id, payload
        return Answered(message_id, parts[2])
    if kind == CALL_ERROR:
        return Answered(message_id, error=parsed(parts[2], Name) or "GenericError")
    raise OcppRefusedError("MessageTypeNotSupported")


T = TypeVar("T")


def parsed(octets: bytes | msgspec.Raw, form: type[T]) -> T:
    """A payload as what it must be.

    Raises:
        OcppRefusedError: it is not.
    """
    try:
        return msgspec.json.decode(octets, type=form)
    except msgspec.ValidationError:
        raise OcppRefusedError("TypeConstraintViolation") from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise OcppRefusedError("FormatViolation") from None


def watts_and_more(values: tuple[MeterValue, ...]) -> dict[str, float]:
    """Points of the hub that meter values hold; the last value of each.

    Where a total is given it counts, otherwise the sum of the phases.
    """
    found: dict[str, float] = {}
    for value in values:
        totals: dict[str, float] = {}
        phases: dict[str, float] = {}
        for sample in value.sampledValue:
            amount = _amount(sample)
            if amount is not None:
                into = phases if sample.phase else totals
                into[sample.measurand] = (
                    into.get(sample.measurand, 0.0) if sample.phase else 0.0
                ) + amount
        said = {**phases, **totals}
        drawn, given_back = said.get("Power.Active.Import"), said.get("Power.Active.Export")
        if drawn is not None or given_back is not None:
            found["power_w"] = (drawn or 0.0) - (given_back or 0.0)
        if "Energy.Active.Import.Register" in said:
            found["energy_kwh"] = said["Energy.Active.Import.Register"] / 1000
        if "SoC" in said:
            found["state_of_charge_percent"] = said["SoC"]
    return found


_KILO = frozenset({"kW", "kWh"})


def _amount(sample: Sample) -> float | None:
    try:
        amount = float(sample.value)
    except ValueError:
        return None
    amount *= 10.0**sample.unitOfMeasure.multiplier
    if (sample.unitOfMeasure.unit or sample.unit) in _KILO:
        amount *= 1000
    return amount if math.isfinite(amount) else None
