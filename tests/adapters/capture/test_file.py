"""Capture files: every form is read, and every damage keeps what came before it."""

from __future__ import annotations

import gzip
import os
import struct
import threading
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.capture import wire
from omamori.adapters.capture.file import open_capture
from omamori.adapters.capture.frames import FRAME_OCTETS_MAX, CaptureError

if TYPE_CHECKING:
    from pathlib import Path

    from omamori.adapters.capture.frames import Frame
    from omamori.documents.reason import Reason

FRAMES = [(1000.25, wire.arp(wire.PHONE, wire.PHONE_IP)), (1001.5, wire.udp_frame(b"x", 1, 2))]


def read(path: Path) -> tuple[list[Frame], Reason | None]:
    with open_capture(str(path)) as capture:
        frames = [frame for batch in capture.batches() for frame in batch]
        return frames, capture.trouble


def read_octets(tmp_path: Path, octets: bytes) -> tuple[list[Frame], Reason | None]:
    path = tmp_path / "capture"
    path.write_bytes(octets)
    return read(path)


@pytest.mark.parametrize("order", "<>")
@pytest.mark.parametrize("nano", [False, True])
@pytest.mark.parametrize("packed", [False, True])
def test_every_classic_form_gives_the_same_frames(
    tmp_path: Path, order: str, *, nano: bool, packed: bool
) -> None:
    octets = wire.pcap(FRAMES, order=order, nano=nano)
    frames, trouble = read_octets(tmp_path, gzip.compress(octets) if packed else octets)
    assert trouble is None
    assert [(at, frame) for at, _, frame in frames] == FRAMES
    assert {link for _, link, _ in frames} == {1}


def test_the_link_type_leaves_out_the_check_sequence_bits(tmp_path: Path) -> None:
    frames, _ = read_octets(tmp_path, wire.pcap(FRAMES, link=0x5000_0000 | 113))
    assert [link for _, link, _ in frames] == [113, 113]


@pytest.mark.parametrize("order", "<>")
def test_sections_and_interfaces_each_have_their_own_clock(tmp_path: Path, order: str) -> None:
    other = ">" if order == "<" else "<"
    nanoseconds = wire.option(9, b"\x09", order) + wire.option(1, b"a comment", order)
    binary = wire.option(9, bytes([0x80 | 10]), order)
    shifted = wire.option(14, struct.pack(order + "q", 500), order)
    octets = b"".join([
        wire.section(order),
        wire.interface(order),
        wire.interface(order, 101, nanoseconds),
        wire.interface(order, 1, binary),
        wire.interface(order, 1, shifted),
        wire.packet(b"micro", 1_500_000, order),
        wire.packet(b"nano", 2_500_000_000, order, 1),
        wire.packet(b"binary", 3 * 1024 + 512, order, 2),
        wire.packet(b"shifted", 4_500_000, order, 3),
        wire.block(5, b"statistics of an interface", order),
        wire.block(3, struct.pack(order + "I", 6) + b"simple", order),
        wire.block(2, struct.pack(order + "HHIIII", 0, 0, 0, 6_500_000, 3, 3) + b"old", order),
        wire.section(other),
        wire.interface(other, 113),
        wire.packet(b"second section", 7_500_000, other),
    ])  # fmt: skip
    frames, trouble = read_octets(tmp_path, octets)
    assert trouble is None
    assert frames == [
        (1.5, 1, b"micro"),
        (2.5, 101, b"nano"),
        (3.5, 1, b"binary"),
        (504.5, 1, b"shifted"),
        (504.5, 1, b"simple"),
        (6.5, 1, b"old"),
        (7.5, 113, b"second section"),
    ]


NEXT_GENERATION = (
    wire.section() + wire.interface() + b"".join(wire.packet(f, int(at * 1e6)) for at, f in FRAMES)
)


@pytest.mark.parametrize("octets", [wire.pcap(FRAMES), NEXT_GENERATION], ids=["pcap", "pcapng"])
def test_a_capture_cut_anywhere_keeps_whole_frames(tmp_path: Path, octets: bytes) -> None:
    whole, _ = read_octets(tmp_path, octets)
    assert [(at, frame) for at, _, frame in whole] == FRAMES
    seen = set()
    for end in range(len(octets)):
        try:
            frames, trouble = read_octets(tmp_path, octets[:end])
        except CaptureError as refused:
            assert refused.reason.key == "capture.not-a-capture"
            assert end < 4
            continue
        assert frames == whole[: len(frames)]
        if trouble:
            assert trouble.key == "capture.cut-short"
        seen.add((len(frames), trouble is None))
    assert {count for count, _ in seen} == {0, 1}
    # Only ends between records look whole.
    assert sum(1 for _, is_whole in seen if is_whole) <= 2


def test_a_packed_capture_cut_short_keeps_what_was_unpacked(tmp_path: Path) -> None:
    octets = wire.pcap([(float(at), os.urandom(1000)) for at in range(50)])
    packed = gzip.compress(octets)
    frames, trouble = read_octets(tmp_path, packed[: len(packed) // 2])
    assert 0 < len(frames) < 50
    assert trouble is not None
    assert trouble.key == "capture.cut-short"


def test_a_packed_capture_that_is_damaged_says_so(tmp_path: Path) -> None:
    packed = bytearray(gzip.compress(wire.pcap(FRAMES)))
    packed[-8:] = b"\0" * 8
    _, trouble = read_octets(tmp_path, bytes(packed))
    assert trouble is not None
    assert trouble.key == "capture.broken-record"


def test_a_record_that_claims_too_much_stops_the_reading(tmp_path: Path) -> None:
    size = FRAME_OCTETS_MAX + 1
    octets = wire.pcap(FRAMES) + struct.pack("<IIII", 0, 0, size, size) + bytes(100)
    frames, trouble = read_octets(tmp_path, octets)
    assert len(frames) == 2
    assert trouble is not None
    assert (trouble.key, trouble.params) == (
        "capture.broken-record",
        {"offset": len(wire.pcap(FRAMES))},
    )


@pytest.mark.parametrize(
    "broken",
    [
        wire.packet(b"x", 1, index=9),
        struct.pack("<II", 6, 13) + bytes(40),
        struct.pack("<II", 6, 1 << 30) + bytes(40),
        wire.block(1, b"\0\0"),
        wire.block(6, struct.pack("<IIIII", 0, 0, 0, 500, 500) + b"short"),
        wire.block(0x0A0D0D0A, b"no byte order here.."),
    ],
    ids=["no such interface", "odd size", "huge size", "empty interface", "overlong", "section"],
)
def test_a_broken_block_stops_the_reading_and_keeps_the_rest(tmp_path: Path, broken: bytes) -> None:
    frames, trouble = read_octets(tmp_path, NEXT_GENERATION + broken + wire.packet(b"y", 2))
    assert len(frames) == 2
    assert trouble is not None
    assert (trouble.key, trouble.params) == (
        "capture.broken-record",
        {"offset": len(NEXT_GENERATION)},
    )


@pytest.mark.parametrize("octets", [b"", b"\x0a", b"PK\x03\x04....", b"root:x:0:0:root:/root\n"])
def test_what_is_no_capture_is_refused(tmp_path: Path, octets: bytes) -> None:
    with pytest.raises(CaptureError) as refused:
        read_octets(tmp_path, octets)
    assert refused.value.reason.key == "capture.not-a-capture"


def test_what_is_not_there_or_a_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CaptureError, match=r"capture\.not-found"):
        open_capture(str(tmp_path / "nothing"))
    with pytest.raises(CaptureError, match=r"capture\.not-readable"):
        open_capture(str(tmp_path))


def test_a_pipe_is_read_like_a_file(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=pipe.write_bytes, args=(wire.pcap(FRAMES),))
    writer.start()
    frames, trouble = read(pipe)
    writer.join()
    assert trouble is None
    assert [(at, frame) for at, _, frame in frames] == FRAMES


def test_a_capture_larger_than_a_chunk_loses_no_frame(tmp_path: Path) -> None:
    frames = [(float(at), bytes([at % 251]) * (at % 1400 + 60)) for at in range(4000)]
    got, trouble = read_octets(tmp_path, wire.pcap(frames))
    assert trouble is None
    assert [(at, frame) for at, _, frame in got] == frames


@settings(max_examples=300, deadline=None)
@given(data=st.data())
def test_any_damage_gives_frames_or_a_reason(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    octets = bytearray(data.draw(st.sampled_from([wire.pcap(FRAMES), NEXT_GENERATION])))
    for place in data.draw(st.lists(st.integers(0, len(octets) - 1), max_size=8)):
        octets[place] = data.draw(st.integers(0, 255))
    path = tmp_path_factory.mktemp("damaged") / "capture"
    path.write_bytes(bytes(octets) + data.draw(st.binary(max_size=64)))
    try:
        frames, trouble = read(path)
    except CaptureError as refused:
        assert refused.reason.key == "capture.not-a-capture"
        return
    assert trouble is None or trouble.key.startswith("capture.")
    assert all(len(frame) <= FRAME_OCTETS_MAX for _, _, frame in frames)
