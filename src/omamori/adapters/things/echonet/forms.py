"""Forms: how a point of the hub is written in properties of an ECHONET Lite object, and read again.

Each form names the properties that it reads and those that it sets; what an object's own maps do not
have is not offered.  After the Appendix "Detailed requirements for device objects"; written anew.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from omamori.adapters.protocols.echonet import Property
from omamori.adapters.things.driver import DriverError
from omamori.hub.points import Given

if TYPE_CHECKING:
    from collections.abc import Mapping

    Values = Mapping[int, bytes]

POWER = 0x80
ON, OFF = b"\x30", b"\x31"
LEVEL_BASE, LEVELS = 0x31, 8
"""A level that a maker divides as it likes: 0x31 to 0x38 (Appendix, property "air flow level")."""


class Form(msgspec.Struct, frozen=True, kw_only=True):
    """One point in properties.

    Attributes:
        is_set: it can be set at all, where the object's own map agrees.
    """

    is_set: bool = False

    @property
    def reads(self) -> frozenset[int]:
        """Codes that are needed to read it."""
        return self._codes()

    @property
    def sets(self) -> frozenset[int]:
        """Codes that must be settable for it to be set; empty for what can only be read."""
        return self._codes() if self.is_set else frozenset()

    @property
    def asks(self) -> frozenset[int]:
        """Codes that are read too where the object has them."""
        return self._also()

    def read(self, values: Values) -> Given:
        """The point's value.

        Raises:
            DriverError: the object gives no value now, or one that cannot be.
        """
        return self._read(values)

    def write(self, value: Given, settable: frozenset[int]) -> tuple[Property, ...]:
        """What to set, in this order.

        Raises:
            DriverError: the object has no such value.
        """
        return self._write(value, settable)

    def is_done(self, value: Given, values: Values) -> bool:
        """Whether the object shows what was set, or moves towards it.

        Raises:
            DriverError: it shows nothing that can be.
        """
        return self._is_done(value, values)

    def _codes(self) -> frozenset[int]:
        raise NotImplementedError

    def _also(self) -> frozenset[int]:
        return frozenset()

    def _read(self, values: Values) -> Given:
        raise NotImplementedError

    def _write(self, value: Given, settable: frozenset[int]) -> tuple[Property, ...]:
        del value, settable
        raise DriverError("driving.only-read")

    def _is_done(self, value: Given, values: Values) -> bool:
        return self._read(values) == value


def _octets(values: Values, epc: int, size: int = 1) -> bytes:
    edt = values.get(epc, b"")
    if len(edt) != size:
        raise DriverError("driving.nonsense", {"epc": f"{epc:02X}"})
    return edt


def _nonsense(epc: int) -> DriverError:
    return DriverError("driving.nonsense", {"epc": f"{epc:02X}"})


def _no_value(epc: int) -> DriverError:
    return DriverError("driving.no-value", {"epc": f"{epc:02X}"})


class _One(Form, frozen=True):
    """A point that lives in one property."""

    epc: int

    def _codes(self) -> frozenset[int]:
        return frozenset({self.epc})


class States(_One, frozen=True):
    """A byte for each value; of two bytes for one value the first is set."""

    table: tuple[tuple[int, Given], ...]

    def _read(self, values: Values) -> Given:
        octet = _octets(values, self.epc)[0]
        for byte, value in self.table:
            if byte == octet:
                return value
        raise _no_value(self.epc)  # a state that the hub has no word for, such as "other"

    def _write(self, value: Given, settable: frozenset[int]) -> tuple[Property, ...]:
        del settable
        for byte, known in self.table:
            if known == value and type(known) is type(value):
                return (Property(self.epc, bytes((byte,))),)
        raise DriverError("driving.out-of-range", {"epc": f"{self.epc:02X}"})


class Number(_One, frozen=True):
    """A whole number of ``size`` octets, times ``unit``.

    Attributes:
        low, high: of the number as sent; beyond it the Appendix has no value but "overflow",
            "underflow" and "undefined".
        void: numbers within that mean no number.
    """

    size: int
    low: int
    high: int
    unit: float = 1.0
    void: frozenset[int] = frozenset()

    def _read(self, values: Values) -> Given:
        edt = _octets(values, self.epc, self.size)
        number = int.from_bytes(edt, "big", signed=self.low < 0)
        if not self.low <= number <= self.high or number in self.void:
            raise _no_value(self.epc)
        return number if self.unit == 1.0 else round(number * self.unit, 6)

    def _write(self, value: Given, settable: frozenset[int]) -> tuple[Property, ...]:
        del settable
        if isinstance(value, (str, bool)):
            raise DriverError("driving.out-of-range", {"epc": f"{self.epc:02X}"})
        number = round(value / self.unit)
        if round(number * self.unit, 6) != value:
            raise DriverError("driving.too-fine", {"step": self.unit})
        if not self.low <= number <= self.high or number in self.void:
            raise DriverError("driving.out-of-range", {"epc": f"{self.epc:02X}"})
        return (Property(self.epc, number.to_bytes(self.size, "big", signed=self.low < 0)),)


class Level(_One, frozen=True):
    """A level of eight, as per cent; what the object chooses by itself has no value."""

    def _read(self, values: Values) -> Given:
        level = _octets(values, self.epc)[0] - LEVEL_BASE + 1
        if not 1 <= level <= LEVELS:
            raise _no_value(self.epc)
        return round(100 * level / LEVELS)

    def _write(self, value: Given, settable: frozenset[int]) -> tuple[Property, ...]:
        del settable
        if isinstance(value, (str, bool)):
            raise DriverError("driving.out-of-range", {"epc": f"{self.epc:02X}"})
        return (Property(self.epc, bytes((LEVEL_BASE - 1 + _level(value),))),)

    def _is_done(self, value: Given, values: Values) -> bool:
        return not isinstance(value, (str, bool)) and self.read(values) == round(
            100 * _level(value) / LEVELS
        )


def _level(percent: float) -> int:
    return max(1, min(LEVELS, round(percent * LEVELS / 100)))


class Climate(Form, frozen=True):
    """What an air conditioner does, "off" being one of it: its mode, and whether it runs."""

    epc: int = 0xB0
    table: tuple[tuple[int, str], ...] = (
        (0x41, "auto"), (0x42, "cool"), (0x43, "heat"), (0x44, "dry"), (0x45, "fan"),
    )  # fmt: skip

    def _codes(self) -> frozenset[int]:
        return frozenset({POWER, self.epc})

    def _read(self, values: Values) -> Given:
        power = _octets(values, POWER)
        if power == OFF:
            return "off"
        if power != ON:
            raise _nonsense(POWER)
        return States(self.epc, self.table).read(values)

    def _write(self, value: Given, settable: frozenset[int]) -> tuple[Property, ...]:
        if value == "off":
            return (Property(POWER, OFF),)
        return (*States(self.epc, self.table).write(value, settable), Property(POWER, ON))


RAPID, CHARGE, DISCHARGE, STANDBY, IDLE = b"\x41", b"\x42", b"\x43", b"\x44", b"\x47"
BY_POWER = b"\x03"
"""Charging and discharging method "designated electric power" (Appendix Release M and later)."""


class Charge(Form, frozen=True):
    """With how many watts a battery is to be charged; below zero, discharged.

    What is measured is another property and another point (``power_w``).

    Attributes:
        methods: codes that say by what it goes, where there are such: for charging, for discharging.
        is_one_way: it cannot discharge.
    """

    methods: tuple[int, ...] = ()
    is_one_way: bool = False
    mode: int = 0xDA
    charging: int = 0xEB
    discharging: int = 0xEC
    watts_max: int = 999_999_999

    def _codes(self) -> frozenset[int]:
        return frozenset({self.mode, self.charging, *((self.discharging,) * (not self.is_one_way))})

    def _read(self, values: Values) -> Given:
        mode = _octets(values, self.mode)
        if mode in {STANDBY, IDLE}:
            return 0
        if mode == CHARGE:
            return self._watts(values, self.charging)
        if mode == DISCHARGE and not self.is_one_way:
            return -self._watts(values, self.discharging)
        raise _no_value(self.mode)  # by itself, or as fast as it can: nobody's number

    def _watts(self, values: Values, epc: int) -> int:
        watts = int.from_bytes(_octets(values, epc, 4), "big")
        if watts > self.watts_max:
            raise _no_value(epc)
        return watts

    def _write(self, value: Given, settable: frozenset[int]) -> tuple[Property, ...]:
        if not isinstance(value, int) or isinstance(value, bool) or abs(value) > self.watts_max:
            raise DriverError("driving.out-of-range", {"epc": f"{self.charging:02X}"})
        if value == 0:
            return (Property(self.mode, STANDBY),)
        if value < 0 and self.is_one_way:
            raise DriverError("driving.out-of-range", {"epc": f"{self.mode:02X}"})
        epc = self.charging if value > 0 else self.discharging
        method = self.methods[value < 0 :][:1]
        # How much before what for: it must not begin with yesterday's watts.
        return (
            *(Property(code, BY_POWER) for code in method if code in settable),
            Property(epc, abs(value).to_bytes(4, "big")),
            Property(self.mode, CHARGE if value > 0 else DISCHARGE),
        )


class Opening(Form, frozen=True):
    """How far something is open, in per cent; it takes its time, so moving counts as done."""

    epc: int = 0xE1
    status: int = 0xEA
    moving: frozenset[bytes] = frozenset({b"\x43", b"\x44"})

    def _codes(self) -> frozenset[int]:
        return frozenset({self.epc})

    def _also(self) -> frozenset[int]:
        return frozenset({self.status})

    def _read(self, values: Values) -> Given:
        return Number(self.epc, 1, 0, 100).read(values)

    def _write(self, value: Given, settable: frozenset[int]) -> tuple[Property, ...]:
        return Number(self.epc, 1, 0, 100).write(value, settable)

    def _is_done(self, value: Given, values: Values) -> bool:
        return values.get(self.status, b"") in self.moving or self.read(values) == value


class Meter(Form, frozen=True):
    """Energy counted so far, in kWh: a count, its unit, and where there is one its coefficient."""

    epc: int
    unit: int
    units: tuple[tuple[int, float], ...] = (
        (0x00, 1), (0x01, 0.1), (0x02, 0.01), (0x03, 0.001), (0x04, 0.0001), (0x0A, 10), (0x0B, 100),
        (0x0C, 1000), (0x0D, 10_000),
    )  # fmt: skip
    coefficient: int = 0
    count_max: int = 99_999_999

    def _codes(self) -> frozenset[int]:
        return frozenset({self.epc, self.unit})

    def _also(self) -> frozenset[int]:
        return frozenset({self.coefficient} if self.coefficient else ())

    def _read(self, values: Values) -> Given:
        count = int.from_bytes(_octets(values, self.epc, 4), "big")
        unit = dict(self.units).get(_octets(values, self.unit)[0])
        if unit is None:
            raise _nonsense(self.unit)
        if count > self.count_max:
            raise _no_value(self.epc)
        times = 1
        if values.get(self.coefficient):
            times = int.from_bytes(_octets(values, self.coefficient, 4), "big")
        return round(count * unit * times, 6)
