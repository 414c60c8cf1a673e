"""Between real python-can buses only allowed frames pass; logs of every kind give the same frames."""

from __future__ import annotations

import asyncio
import struct
from typing import TYPE_CHECKING

import can
import pytest
from hypothesis import given
from hypothesis import strategies as st

from omamori.adapters.can.bridge import Bridge
from omamori.adapters.can.logs import CanError, frame_of, message_of, read_log
from omamori.adapters.can.socketcan import SOCKETCAN, frames_of
from omamori.hub.vehicle.gateway import Frame, Gateway
from omamori.hub.vehicle.learned import Learner
from omamori.hub.vehicle.table import read_table

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

TABLE = """
version = 1
buses = ["telematics", "inner"]
reviewed = true
[[allow]]
ids = ["0x320"]
from = "telematics"
to = "inner"
length = "8"
every_ms = 100
[[allow]]
ids = ["0x18FEF100"]
extended = true
from = "inner"
to = "telematics"
every_ms = 100
"""


class Car:
    """A car of two virtual buses: whoever sits on each side, and the gateway between."""

    def __init__(self) -> None:
        self.gateway = Gateway(read_table(TABLE))
        self.gateway.set_state("driving")
        made = {}
        for name in ("telematics", "inner"):
            made[name] = can.Bus(name, interface="virtual", receive_own_messages=False)
        self.unit = can.Bus("telematics", interface="virtual")
        self.brakes = can.Bus("inner", interface="virtual")
        self.bridge = Bridge(self.gateway, made)
        self.all = [*made.values(), self.unit, self.brakes]

    def heard(self, bus: can.BusABC) -> list[int]:
        found = []
        while (message := bus.recv(timeout=0.0)) is not None:
            found.append(message.arbitration_id)
        return found


@pytest.fixture
def car() -> Iterator[Car]:
    made = Car()
    yield made
    for bus in made.all:
        bus.shutdown()


def test_injected_frames_do_not_arrive_and_ordinary_ones_go_on(car: Car) -> None:
    for number in range(50):
        car.unit.send(can.Message(arbitration_id=0x320, data=bytes(8), is_extended_id=False))
        for id_ in (0x0A0, 0x7E0, 0x220, 0x321):
            car.unit.send(
                can.Message(arbitration_id=id_, data=b"\x02\x10\x02", is_extended_id=False)
            )
        car.brakes.send(can.Message(arbitration_id=0x18FEF100, data=bytes(8), is_extended_id=True))
        car.bridge.move(at=number * 0.1)
    assert car.heard(car.brakes) == [0x320] * 50
    assert car.heard(car.unit) == [0x18FEF100] * 50
    assert car.gateway.refused == 200
    assert sum(one.count for one in car.gateway.take_refused()) == 200


def test_what_passes_is_passed_unchanged(car: Car) -> None:
    table = TABLE.replace('ids = ["0x320"]', 'ids = ["0x320"]\nremote = true')
    car.bridge = Bridge(Gateway(read_table(table.replace('length = "8"', ""))), car.bridge._buses)
    asking = can.Message(arbitration_id=0x320, is_remote_frame=True, dlc=5, is_extended_id=False)
    car.unit.send(asking)
    car.bridge.move(at=1.0)
    came = car.brakes.recv(timeout=0.0)
    assert came is not None
    assert (came.is_remote_frame, came.dlc) == (True, 5)


def test_a_flood_under_a_permitted_name_keeps_its_pace(car: Car) -> None:
    for _ in range(1000):
        car.unit.send(can.Message(arbitration_id=0x320, data=bytes(8), is_extended_id=False))
    while car.bridge.move(at=1.0):
        pass
    assert car.heard(car.brakes) == [0x320] * 2


def test_a_frames_own_time_stamp_buys_no_pace(car: Car) -> None:
    for number in range(100):
        stamp = can.Message(
            timestamp=1e6 * number, arbitration_id=0x320, data=bytes(8), is_extended_id=False
        )
        car.unit.send(stamp)
    car.bridge.move(at=1.0)
    assert len(car.heard(car.brakes)) == 2


def test_it_runs_until_it_is_stopped(car: Car) -> None:
    async def work() -> None:
        running = asyncio.create_task(car.bridge.run())
        car.unit.send(can.Message(arbitration_id=0x320, data=bytes(8), is_extended_id=False))
        for _ in range(200):
            await asyncio.sleep(0.001)
            if car.gateway.passed:
                break
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running

    asyncio.run(work())
    assert car.heard(car.brakes) == [0x320]


FRAMES = [
    Frame(1.0, "inner", 0x123, b"\x01\x02", extended=False),
    Frame(1.5, "inner", 0x18FEF100, bytes(8), extended=True),
    Frame(2.0, "inner", 0x7DF, b"\x02\x01\x0c", extended=False),
]


@pytest.mark.parametrize("suffix", [".log", ".asc", ".blf"])
def test_logs_of_python_can_give_their_frames(tmp_path: Path, suffix: str) -> None:
    name = str(tmp_path / f"drive{suffix}")
    with can.Logger(name) as writer:
        for frame in FRAMES:
            message = message_of(frame)
            message.channel = "0"
            writer.on_message_received(message)
    read = list(read_log(name, "inner"))
    assert [(f.id, f.data, f.extended) for f in read] == [
        (f.id, f.data, f.extended) for f in FRAMES
    ]


def socketcan(frame: Frame) -> bytes:
    id_ = frame.id | (0x8000_0000 if frame.extended else 0) | (0x4000_0000 if frame.remote else 0)
    return struct.pack(">IBBBB", id_, len(frame.data), 0, 0, 0) + frame.data


def test_a_capture_gives_its_frames(tmp_path: Path) -> None:
    path = tmp_path / "drive.pcap"
    body = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, SOCKETCAN)
    for frame in FRAMES:
        octets = socketcan(frame)
        size = len(octets)
        body += struct.pack("<IIII", int(frame.at), int(frame.at % 1 * 1e6), size, size) + octets
    path.write_bytes(body)
    assert list(read_log(str(path), "inner")) == FRAMES
    path.write_bytes(body[:-3])
    reading = read_log(str(path), "inner")
    assert [next(reading), next(reading)] == FRAMES[:2]
    with pytest.raises(CanError, match="log-broken"):
        next(reading)


def test_frames_over_ethernet_are_read_up_to_the_first_broken_one(shared_data: Path) -> None:
    found = list(read_log(str(shared_data / "captures/protocols/can.pcap"), "boat"))
    assert {(frame.id, frame.extended, frame.remote) for frame in found} == {
        (0x09F1126A, True, True)
    }


@pytest.mark.parametrize("name", ["none.log", "drive.db", "drive.exe"])
def test_what_is_no_log_is_refused(tmp_path: Path, name: str) -> None:
    if not name.startswith("none"):
        (tmp_path / name).write_bytes(b"x")
    with pytest.raises(CanError):
        list(read_log(str(tmp_path / name), "inner"))


@given(st.sampled_from([".log", ".asc", ".blf", ".trc", ".pcap"]), st.binary(max_size=300))
def test_any_file_is_read_or_refused(
    tmp_path_factory: pytest.TempPathFactory, suffix: str, octets: bytes
) -> None:
    path = tmp_path_factory.mktemp("log") / f"a{suffix}"
    path.write_bytes(octets)
    try:
        list(read_log(str(path), "inner"))
    except CanError as error:
        assert error.reason.key.startswith("can.")


@given(st.sampled_from([1, 113, 227, 276]), st.binary(max_size=150))
def test_any_record_is_read_or_left_out(link: int, octets: bytes) -> None:
    for frame in frames_of(0.0, link, octets, "inner"):
        assert frame_of(message_of(frame), "inner").id == frame.id


def test_a_learned_table_holds_in_a_replay(car: Car) -> None:
    learner = Learner({"telematics": "inner"})
    for number in range(40):
        learner.hear(Frame(number * 0.1, "telematics", 0x111, bytes([number])), "driving")
    table = read_table(learner.draft().replace("reviewed = false", "reviewed = true"))
    car.bridge = Bridge(Gateway(table), car.bridge._buses)
    car.bridge._gateway.set_state("driving")
    for number in range(40):
        for id_ in (0x111, 0x112):
            car.unit.send(can.Message(arbitration_id=id_, data=b"\x01", is_extended_id=False))
        car.bridge.move(at=number * 0.1)
    assert car.heard(car.brakes) == [0x111] * 40
