"""Time that passes without frames: sums are told when they are due, whatever the clock does."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from adapters.capture import wire
from omamori.adapters.capture import frames as links
from omamori.adapters.capture.decode import Decoder
from omamori.adapters.capture.flows import SUMMED_EVERY_S

if TYPE_CHECKING:
    from omamori.hub.flow import Flow

START = 1e9


def talked(frames: int = 5) -> tuple[Decoder, list[Flow]]:
    told: list[Flow] = []
    decoder = Decoder(lambda _: None, told.extend)
    frame = wire.udp_frame(wire.question("example.org"), 40000, 53)
    decoder.hear([(START + n / 10, links.ETHERNET, frame) for n in range(frames)])
    return decoder, told


def test_when_the_network_goes_quiet_what_was_counted_is_told_all_the_same() -> None:
    decoder, told = talked()
    decoder.step(START + SUMMED_EVERY_S / 2)
    assert [flow.frames for flow in told] == [1]
    decoder.step(START + SUMMED_EVERY_S)
    assert [flow.frames for flow in told] == [1, 4]
    decoder.step(START + 5 * SUMMED_EVERY_S)
    assert len(told) == 2  # nothing is told twice


def test_before_the_first_frame_nothing_is_due() -> None:
    told: list[Flow] = []
    decoder = Decoder(lambda _: None, told.extend)
    decoder.step(START)
    assert told == []
    assert decoder.first_at is None


@given(st.lists(st.floats(0, 4e9), max_size=20))
def test_however_the_clock_jumps_every_frame_is_told_once(moments: list[float]) -> None:
    decoder, told = talked()
    for now in moments:
        decoder.step(now)
    decoder.finish()
    assert sum(flow.frames for flow in told) == 5
