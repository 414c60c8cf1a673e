"""Listening to a real interface: a pair of virtual ones, one speaks and the other is heard."""

from __future__ import annotations

import os
import socket
import subprocess
import time
from typing import TYPE_CHECKING

import pytest

from adapters.capture import wire
from omamori.adapters.capture.decode import Decoder
from omamori.adapters.capture.frames import CaptureError
from omamori.adapters.capture.live import interfaces, open_interface

if TYPE_CHECKING:
    from collections.abc import Iterator

    from omamori.hub.sighting import Sighting

WAIT_S = 5.0


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
