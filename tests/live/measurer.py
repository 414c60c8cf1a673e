"""A heart meter, a hostile way, and who receives: ``measurer.py measure|way|receive …``.

``measure KEY TO [closing]`` signs and sends, ``way INSIDE OUTSIDE DEEDS`` lies in the cable between two
interfaces, and ``receive KEY GRACE_S LATE_S`` prints what the receiver says as lines of JSON.
"""

from __future__ import annotations

import heapq
import json
import select
import socket
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

sys.path.insert(0, str(Path(__file__).parents[2] / "src"))

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from omamori.documents.measurement import CLOSING, MEASUREMENT_BYTES_MAX, THING, Reading
from omamori.documents.sealed import sign_raw
from omamori.hub.measuring.receiver import Receiver, Speaker
from omamori.hub.measuring.signer import Signer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from omamori.documents.reason import Reason

SOURCE, KEY_ID, BOOT = "thing:heart", b"h" * 20, b"one-boot"
PORT, MEASURED, FIRST_BPM, EVERY_S, NEXT_S = 5119, 12, 70, 0.15, 2
LIE_BPM = 40
ETH_P_ALL, OUTGOING, FRAME_BYTES_MAX = 3, 4, 65535
LONG_S = 3600.0


def say(**told: Any) -> None:
    print(json.dumps(told), flush=True)  # noqa: T201 - its only way to tell


def measure(key_file: str, to: str, end: str = "") -> None:
    """Twelve pulses; then its last word where `end` is ``closing``, else signs of life, on and on."""
    key = serialization.load_pem_private_key(Path(key_file).read_bytes(), None)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    signer = Signer(
        SOURCE, THING, KEY_ID, lambda octets: sign_raw(key, octets), lambda _kept: None, None,
        BOOT, next_s=NEXT_S,
    )  # fmt: skip
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as line:
        line.connect((to, PORT))
        for number in range(MEASURED):
            now = time.time()
            pulse = Reading("heart_rate_bpm", "/min", FIRST_BPM + number, round(now * 1000))
            line.send(signer.measure((pulse,), now, time.monotonic()))
            time.sleep(EVERY_S)
        if end == CLOSING:
            line.send(signer.close(time.time(), time.monotonic()))
            return
        while True:
            if octets := signer.step(time.time(), time.monotonic()):
                line.send(octets)
            time.sleep(EVERY_S)


class Way:
    """A cable with somebody in it: what goes outward is counted, and some of it is ill done by.

    Args:
        deeds: by the datagram's number: ``alter``, ``drop``, ``cut`` (it and all that follow),
            ``twice`` (again at once), or, with seconds, ``again`` and ``late``.
    """

    def __init__(self, inside: str, outside: str, deeds: dict[str, tuple[str, float]]) -> None:
        self._inside, self._outside = _cable(inside), _cable(outside)
        self._deeds = deeds
        self._count = 0
        self._cut = False
        self._later: list[tuple[float, int, bytes]] = []

    def run(self) -> None:
        say(ready=True)
        while True:
            wait_s = max(0.0, self._later[0][0] - time.monotonic()) if self._later else LONG_S
            for cable in select.select([self._inside, self._outside], [], [], wait_s)[0]:
                frame, where = cable.recvfrom(FRAME_BYTES_MAX)
                if where[2] == OUTGOING:
                    continue
                if cable is self._outside:
                    self._inside.send(frame)
                else:
                    self._go_out(frame)
            while self._later and self._later[0][0] <= time.monotonic():
                self._outside.send(heapq.heappop(self._later)[2])

    def _go_out(self, frame: bytes) -> None:
        if not _is_measured(frame):
            self._outside.send(frame)
            return
        self._count += 1
        deed, seconds = self._deeds.get(str(self._count), ("", 0.0))
        self._cut |= deed == "cut"
        if self._cut:
            return
        # A checksum that a network card should have made is not there yet; 0 is none (RFC 768).
        frame = frame[:40] + b"\0\0" + frame[42:]
        for after_s, octets in _done_by(deed, seconds, frame):
            heapq.heappush(self._later, (time.monotonic() + after_s, self._count, octets))


def _done_by(deed: str, seconds: float, frame: bytes) -> Iterable[tuple[float, bytes]]:
    if deed == "alter":
        value = frame.index(b"/min\x18") + 5
        return [(0.0, frame[:value] + bytes((LIE_BPM,)) + frame[value + 1 :])]
    return {
        "drop": [],
        "late": [(seconds, frame)],
        "again": [(0.0, frame), (seconds, frame)],
        "twice": [(0.0, frame), (0.0, frame)],
    }.get(deed, [(0.0, frame)])


def _cable(interface: str) -> socket.socket:
    cable = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
    cable.bind((interface, 0))
    return cable


def _is_measured(frame: bytes) -> bool:
    """IPv4 without options, UDP, to our port."""
    is_udp = frame[12:15] == b"\x08\x00\x45" and frame[23:24] == b"\x11"
    return is_udp and int.from_bytes(frame[36:38]) == PORT


def receive(key_file: str, grace_s: str, late_s: str) -> None:
    """Say what arrives; after the source's last word also what would be missing in an hour."""
    key = serialization.load_pem_public_key(Path(key_file).read_bytes())
    assert isinstance(key, ec.EllipticCurvePublicKey)
    speaker = Speaker(THING, key)
    there = Receiver(
        lambda source, key_id: speaker if (source, key_id) == (SOURCE, KEY_ID) else None,
        grace_s=float(grace_s), late_s=float(late_s),
    )  # fmt: skip
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as line:
        line.bind(("", PORT))
        line.settimeout(EVERY_S)
        say(ready=True)
        while True:
            try:
                octets = line.recv(MEASUREMENT_BYTES_MAX + 1)
            except TimeoutError:
                octets = b""
            closed = bool(octets) and _arrived(there, octets)
            steady = time.monotonic() + (LONG_S if closed else 0.0)
            for gap in there.step(time.time(), steady):
                say(kind=gap.kind, first=gap.first, last=gap.last, why=_keys(gap.reasons))
            if closed:
                say(end=True)


def _arrived(there: Receiver, octets: bytes) -> bool:
    got = there.take(octets, time.time(), time.monotonic())
    m = got.measurement
    say(
        kind=got.kind,
        seq=m.seq if m else 0,
        value=m.readings[0].value if m and m.readings else None,
        kept=got.kept,
        current=got.current,
        harmless=got.harmless,
        late_s=got.late_s,
        why=_keys(got.reasons),
    )
    return m is not None and m.kind == CLOSING


def _keys(reasons: tuple[Reason, ...]) -> list[str]:
    return [reason.key.removeprefix("measurement.") for reason in reasons]


def way(inside: str, outside: str, deeds: str) -> None:
    """Lie in the cable until ended."""
    Way(inside, outside, json.loads(deeds)).run()


ROLES: dict[str, Callable[..., None]] = {"measure": measure, "way": way, "receive": receive}

if __name__ == "__main__":
    ROLES[sys.argv[1]](*sys.argv[2:])
