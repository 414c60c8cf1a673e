"""Listening to a real interface: a pair of virtual ones, one speaks and the other is heard."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.capture import wire
from omamori.adapters.capture.decode import Decoder
from omamori.adapters.capture.frames import CaptureError
from omamori.adapters.capture.live import Listener, interfaces, open_interface
from omamori.adapters.capture.telling import ALL, EXPRESSION, TELLING, Program, tells

if TYPE_CHECKING:
    from collections.abc import Iterator

    from omamori.hub.sighting import Sighting

WAIT_S = 5.0
LAST = wire.udp_frame(wire.question("end.example"), 40000, 53)


def ip(*words: str) -> bool:
    try:
        return subprocess.run(["ip", *words], capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        return False


@pytest.fixture
def pair() -> Iterator[tuple[str, str]]:
    here, there = f"omaA{os.getpid()}"[:15], f"omaB{os.getpid()}"[:15]
    if not ip("link", "add", here, "type", "veth", "peer", "name", there):
        pytest.skip("no right to make a pair of interfaces")
    ip("link", "set", here, "up")
    ip("link", "set", there, "up")
    yield here, there
    ip("link", "del", here)


@pytest.mark.root
def test_what_is_sent_on_one_end_is_told_on_the_other(pair: tuple[str, str]) -> None:
    here, there = pair
    told: list[Sighting] = []
    decoder = Decoder(told.append)
    frame = wire.udp_frame(wire.question("example.org"), 40000, 53)
    speaker = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
    before = time.time()
    with speaker, open_interface(there) as listener:
        speaker.bind((here, 0))
        speaker.send(frame)
        for batch in listener.batches():
            decoder.hear(batch)
            if any(sighting.kind == "dns.query" for sighting in told):
                break
            assert time.time() - before < WAIT_S
    [asked] = [sighting for sighting in told if sighting.kind == "dns.query"]
    assert (asked.source, asked.fields) == (wire.PHONE, {"name": "example.org"})
    assert before <= asked.at <= time.time()


@pytest.mark.root
def test_an_interface_that_goes_away_ends_the_listening(pair: tuple[str, str]) -> None:
    here, there = pair
    with open_interface(there) as listener:
        batches = listener.batches()
        next(batches)
        ip("link", "del", here)
        for _ in range(100):
            if next(batches, None) is None:
                break
        assert listener.trouble is not None
        assert listener.trouble.key == "capture.interface-gone"


def heard_through(pair: tuple[str, str], program: Program, frames: list[bytes]) -> list[bytes]:
    here, there = pair
    speaker = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
    heard: list[bytes] = []
    with speaker, open_interface(there) as listener:
        listener._ring.attach(program)
        speaker.bind((here, 0))
        for frame in [*frames, LAST]:
            speaker.send(frame)
        for batch in listener.batches():
            heard += [octets for _, _, octets in batch if octets in frames or octets == LAST]
            if LAST in heard:
                return heard[:-1]
    raise AssertionError(listener.trouble)


@pytest.mark.root
def test_under_pressure_the_kernel_passes_what_tells_most(pair: tuple[str, str]) -> None:
    greeting = wire.tcp_frame(b"", 40000, 443, flags=2)
    bulk = wire.tcp_frame(b"\0" * 900, 40000, 443, flags=16)
    hello = wire.tcp_frame(b"\x16\x03\x01" + b"\0" * 900, 40000, 443, flags=24)
    question = wire.udp_frame(wire.question("example.org"), 40000, 53)
    video = wire.udp_frame(b"\0" * 900, 40000, 40001)
    frames = [greeting, bulk, hello, question, video]
    assert heard_through(pair, ALL, frames) == frames
    assert heard_through(pair, TELLING, frames) == [greeting, hello, question]
    assert [octets for octets in frames if tells(octets)] == [greeting, hello, question]


def test_the_filter_is_what_its_expression_says() -> None:
    if shutil.which("tcpdump") is None:
        pytest.skip("tcpdump is not here to translate the expression")
    words = ["tcpdump", "-i", "lo", "-y", "EN10MB", "-ddd", EXPRESSION]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip("tcpdump may not translate here")
    lines = [tuple(map(int, line.split())) for line in done.stdout.splitlines()]
    assert tuple(lines[1:]) == TELLING


@given(st.binary(max_size=90) | st.binary(max_size=90).map(lambda b: b"\2" * 12 + b"\x08\0" + b))
def test_any_frame_tells_or_does_not(octets: bytes) -> None:
    assert tells(octets) in {True, False}


class _RingOf:
    """A ring whose counts are given; it remembers which filter it was told."""

    def __init__(self, counts: list[tuple[int, int]]) -> None:
        self.left = counts
        self.filters: list[Program] = []

    def counts(self) -> tuple[int, int]:
        return self.left.pop(0)

    def attach(self, program: Program) -> None:
        self.filters.append(program)


def test_it_asks_for_less_when_frames_are_dropped_and_for_all_when_it_is_calm() -> None:
    ring = _RingOf([(1000, 0), (1000, 500), *[(10, 0)] * 100])
    listener = Listener("no-such-interface", ring)  # type: ignore[arg-type]
    for second in range(1, 60):
        listener._weigh(float(second))
        if second == 2:
            assert listener.is_pressed
    assert not listener.is_pressed
    assert listener.dropped == 500
    assert ring.filters == [TELLING, ALL]


@pytest.mark.root
def test_an_interface_that_is_not_there_is_refused() -> None:
    try:
        socket.socket(socket.AF_PACKET, socket.SOCK_RAW).close()
    except PermissionError:
        pytest.skip("no right to listen")
    with pytest.raises(CaptureError, match=r"capture\.no-such-interface"):
        open_interface("none0")


def test_without_the_right_to_listen_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError

    monkeypatch.setattr(socket, "socket", refuse)
    with pytest.raises(CaptureError, match=r"capture\.no-rights"):
        open_interface("lo")


def test_the_loopback_is_among_the_interfaces() -> None:
    assert "lo" in interfaces()
