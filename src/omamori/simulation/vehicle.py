"""A car as a play: its telematics unit is taken over and sends what it never should (Checkoway 2011)."""

from __future__ import annotations

import msgspec

from omamori.documents.reason import Reason
from omamori.hub.vehicle.gateway import Frame, Gateway
from omamori.hub.vehicle.table import DRIVING, STATES, read_table

TABLE = """\
# What the telematics unit of the play's car may say to the inner bus, and hear from it.
version = 1
buses = ["telematics", "inner"]
reviewed = true
frames_per_s_max = 500

[[allow]]
ids = ["0x2F0"]
from = "telematics"
to = "inner"
length = "2"
every_ms = 500
why = "warm the cabin before a journey"

[[allow]]
ids = ["0x3E8"]
from = "inner"
to = "telematics"
length = "8"
every_ms = 100
why = "charge and range, for the owner's telephone"

[[allow]]
ids = ["0x7E0-0x7E7"]
from = "telematics"
to = "inner"
states = ["parked", "service"]
length = "8"
data = "02 3E"
every_ms = 100
burst = 5
why = "the workshop's tester says that it is there"
"""

ORDINARY, INJECTED, DIAGNOSIS, FLOOD, FORGED = (
    "ordinary", "injected", "diagnosis", "flood", "forged",
)  # fmt: skip
STEPS = (ORDINARY, INJECTED, DIAGNOSIS, FLOOD, FORGED)
"""What a visitor may let happen; ``forged`` says something permitted, which passes: that is told."""

FLOOD_FRAMES = 200
SECOND_S = 1.0
WARM, CHARGE, BRAKE, TESTER = 0x2F0, 0x3E8, 0x220, 0x7E0


class Told(msgspec.Struct, frozen=True):
    """What became of frames of one identifier.

    Attributes:
        id: as a person reads it; bus: from which; passed, stopped: how many.
        reasons: why those that were stopped were.
        honest: whether the car itself sent them, not the intruder.
    """

    id: str
    bus: str
    passed: int
    stopped: int
    reasons: tuple[Reason, ...]
    honest: bool


class VehiclePlay:
    """One visitor's car."""

    def __init__(self, state: str = DRIVING) -> None:
        """Begin in a state of the car."""
        self._gateway = Gateway(read_table(TABLE))
        self._at = 0.0
        self.set_state(state)

    @property
    def state(self) -> str:
        """What the car does."""
        return self._gateway.state

    def set_state(self, state: str) -> None:
        """Let the car do this, of `STATES`."""
        self._gateway.set_state(state if state in STATES else DRIVING)

    def play(self, step: str) -> tuple[Told, ...]:
        """Let one second happen; the car's ordinary frames go on beside what the intruder sends."""
        self._at += SECOND_S
        own = [
            self._send(Frame(self._at, "inner", CHARGE, bytes(8)), 1, honest=True),
            self._send(Frame(self._at, "telematics", WARM, b"\x01\x16"), 1, honest=True),
        ]
        if step == INJECTED:
            own.append(self._send(Frame(self._at, "telematics", BRAKE, bytes(8)), 10))
        elif step == DIAGNOSIS:
            tester = b"\x02\x11\x01\x00\x00\x00\x00\x00"  # restart a control unit (ISO 14229-1)
            own.append(self._send(Frame(self._at, "telematics", TESTER, tester), 1))
        elif step == FLOOD:
            own.append(self._send(Frame(self._at, "telematics", WARM, b"\x01\x20"), FLOOD_FRAMES))
        elif step == FORGED:
            self._at += SECOND_S
            own.append(self._send(Frame(self._at, "telematics", WARM, b"\x01\x20"), 1))
        return tuple(own)

    def _send(self, frame: Frame, count: int, *, honest: bool = False) -> Told:
        passed = 0
        why: dict[str, Reason] = {}
        for _ in range(count):
            answer = self._gateway.judge(frame)
            passed += bool(answer.to)
            if answer.reason is not None:
                why[answer.reason.key] = answer.reason
        self._gateway.take_refused()
        name = f"{frame.id:03X}"
        return Told(name, frame.bus, passed, count - passed, tuple(why.values()), honest)
