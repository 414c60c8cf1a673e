"""What judging costs: a measurement against its bare signature, a frame against plain forwarding.

CPU time of one process, medians of rounds in which the contestants take turns. Measurements: the floor is
one ECDSA P-256 verification, which nobody who checks a signature can go below; the peer is `cwt`,
which verifies and decodes the same COSE_Sign1 and judges nothing. Frames: the same virtual buses of
python-can, once forwarded blindly, once through the gateway.
"""

from __future__ import annotations

import statistics
import time
from typing import TYPE_CHECKING

import can
import cwt
from cryptography.hazmat.primitives.asymmetric import ec

from omamori.adapters.can.bridge import Bridge
from omamori.documents.measurement import THING, Reading, read_measurement
from omamori.documents.sealed import sign_raw
from omamori.hub.measuring.receiver import Receiver, Speaker
from omamori.hub.measuring.signer import Signer
from omamori.hub.vehicle.gateway import Frame, Gateway
from omamori.hub.vehicle.table import read_table

if TYPE_CHECKING:
    from collections.abc import Callable

MESSAGES, FRAMES, ROUNDS, RULES = 500, 2000, 5, 200
NOW = 1_790_000_000.0
KEY = ec.derive_private_key(119, ec.SECP256R1())
ID = b"k" * 20


def turns(contestants: dict[str, Callable[[], None]], count: int) -> dict[str, float]:
    """Microseconds of CPU a piece: the median round of each."""
    found: dict[str, list[float]] = {name: [] for name in contestants}
    for _ in range(ROUNDS):
        for name, run in contestants.items():
            start = time.process_time()
            run()
            found[name].append((time.process_time() - start) / count * 1e6)
    return {name: statistics.median(times) for name, times in found.items()}


def signer() -> Signer:
    return Signer(
        "pulse", THING, ID, lambda octets: sign_raw(KEY, octets), lambda _: None, None, b"bench-01"
    )


def said(count: int) -> list[bytes]:
    one = signer()
    reading = Reading("heart_rate_bpm", "/min", 72, round(NOW * 1000))
    return [one.measure([reading], NOW + n, NOW + n) for n in range(count)]


def measurements() -> list[str]:
    messages = said(MESSAGES)
    sealed = [read_measurement(octets).sealed for octets in messages]
    speaker = Speaker(THING, KEY.public_key())
    cose = cwt.COSE.new(alg_auto_inclusion=False)
    peer = cwt.COSEKey.new(
        {1: 2, 2: ID, 3: -7, -1: 1,
         -2: KEY.public_key().public_numbers().x.to_bytes(32, "big"),
         -3: KEY.public_key().public_numbers().y.to_bytes(32, "big")}
    )  # fmt: skip

    def floor() -> None:
        assert all(one.verify(KEY.public_key()) for one in sealed)

    def receive() -> None:
        receiver = Receiver(lambda *_: speaker)
        kinds = {receiver.take(octets, NOW + n).kind for n, octets in enumerate(messages)}
        assert kinds == {"ok"}

    def again() -> None:
        receiver = Receiver(lambda *_: speaker)
        receiver.take(messages[-1], NOW)
        kinds = {receiver.take(messages[-1], NOW).kind for _ in messages}
        assert kinds == {"replayed"}

    def decode() -> None:
        for octets in messages:
            cose.decode(octets, peer)

    def write() -> None:
        said(MESSAGES)

    found = turns(
        {
            "floor: one P-256 verification": floor,
            "ours: verified, numbered, timed": receive,
            "ours: a repetition refused": again,
            "peer cwt: verified and decoded": decode,
            "ours: signed": write,
        },
        MESSAGES,
    )
    bare = found["floor: one P-256 verification"]
    size = len(messages[0])
    rows = [
        f"One reading is {size} bytes.",
        "",
        "| a measurement | µs CPU | of the floor |",
        "|---|--:|--:|",
    ]
    return rows + [f"| {name} | {us:.0f} | {us / bare:.2f} |" for name, us in found.items()]


def table(rules: int) -> str:
    head = 'version = 1\nbuses = ["a", "b"]\nreviewed = true\nframes_per_s_max = 20000\n'
    return head + "".join(
        f'[[allow]]\nids = ["0x{n:X}"]\nfrom = "a"\nto = "b"\nlength = "8"\nevery_ms = 0.01\nburst = 1000\n'
        for n in range(rules)
    )


class Buses:
    """Two virtual buses, joined by whoever is measured."""

    def __init__(self) -> None:
        self.joined = {name: can.Bus(name, interface="virtual") for name in ("a", "b")}
        self.source = can.Bus("a", interface="virtual")
        self.sink = can.Bus("b", interface="virtual")
        self.gateway = Gateway(read_table(table(RULES)))
        self.bridge = Bridge(self.gateway, self.joined)
        self.clock = 0.0

    def fill(self, first: int, count: int = FRAMES) -> None:
        """Send frames into the one bus."""
        for n in range(count):
            id_ = first + n % RULES
            self.source.send(can.Message(arbitration_id=id_, data=bytes(8), is_extended_id=False))

    def drain(self) -> int:
        """How many frames arrived on the other."""
        count = 0
        while self.sink.recv(timeout=0.0) is not None:
            count += 1
        return count

    def plain(self) -> None:
        """Forward as python-can would, judging nothing."""
        while (message := self.joined["a"].recv(timeout=0.0)) is not None:
            self.joined["b"].send(message)

    def through(self) -> None:
        """Forward through the gateway."""
        self.clock += 10.0
        while self.bridge.move(at=self.clock):
            pass

    def judge(self, first: int) -> None:
        """Judge without any bus."""
        for n in range(FRAMES):
            self.gateway.judge(Frame(1e6, "a", first + n % 64, bytes(8)))

    def close(self) -> None:
        """Shut all buses."""
        for bus in (*self.joined.values(), self.source, self.sink):
            bus.shutdown()


def frames(buses: Buses) -> list[str]:
    times: dict[str, list[float]] = {}

    def measure(name: str, run: Callable[[], None]) -> None:
        start = time.process_time()
        run()
        times.setdefault(name, []).append((time.process_time() - start) / FRAMES * 1e6)

    ways = (
        ("python-can forwards blindly", 0, buses.plain, FRAMES),
        ("ours: all allowed", 0, buses.through, FRAMES),
        ("ours: all refused", 0x700, buses.through, 0),
    )
    for _ in range(ROUNDS):
        for name, first, run, arriving in ways:
            buses.fill(first)
            measure(name, run)
            assert buses.drain() == arriving
        measure("judgement alone, allowed", lambda: buses.judge(0))
        measure("judgement alone, refused", lambda: buses.judge(0x700))
    found = {name: statistics.median(each) for name, each in times.items()}
    bare = found["python-can forwards blindly"]
    rows = [f"| a frame, {RULES} rules | µs CPU | frames/s | of plain |", "|---|--:|--:|--:|"]
    return rows + [
        f"| {name} | {us:.1f} | {1e6 / us:,.0f} | {us / bare:.2f} |" for name, us in found.items()
    ]


def latency(buses: Buses) -> list[str]:
    """Wall clock from sending one frame to having it on the other bus."""
    rows = ["| one frame across | p50 µs | p99 µs |", "|---|--:|--:|"]
    ways: tuple[tuple[str, Callable[[], None]], ...] = (
        ("python-can forwards blindly", buses.plain),
        ("ours", buses.through),
    )
    for name, run in ways:
        waits = []
        for _ in range(FRAMES):
            start = time.perf_counter()
            buses.fill(0, 1)
            run()
            waits.append((time.perf_counter() - start) * 1e6)
        assert buses.drain() == FRAMES
        waits.sort()
        rows.append(f"| {name} | {waits[FRAMES // 2]:.0f} | {waits[FRAMES * 99 // 100]:.0f} |")
    return rows


def main() -> None:
    buses = Buses()
    try:
        print("\n".join([*measurements(), "", *frames(buses), "", *latency(buses)]))
    finally:
        buses.close()


if __name__ == "__main__":
    main()
