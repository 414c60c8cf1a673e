"""ECHONET Lite: frames as printed in the specification, and anything else refused."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from omamori.adapters.protocols import echonet
from omamori.adapters.protocols.echonet import Epc, Esv, Frame, Property

if TYPE_CHECKING:
    from pathlib import Path

# A node that answers the instance list: an air conditioner (0x0130) and a storage battery (0x027D).
ANSWER = bytes.fromhex("1081 0001 0ef001 05ff01 72 01 d6 07 02 013001 027d01".replace(" ", ""))


def test_a_discovery_question_has_the_bytes_of_the_specification() -> None:
    assert (
        echonet.ask(1, echonet.NODE_PROFILE, Epc.INSTANCES).hex() == "1081000105ff010ef0016201d600"
    )


def test_an_instance_list_names_every_object() -> None:
    heard = echonet.sightings(ANSWER)
    assert [fields["eoj"] for _, fields in heard] == ["0ef001", "013001", "027d01"]
    assert heard[0] == ("echonet.object", {"eoj": "0ef001", "epc.d6": "02013001027d01"})


def test_measurements_are_not_told() -> None:
    frame = Frame(
        7, bytes.fromhex("028801"), echonet.CONTROLLER, Esv.GET_RES, (Property(0xE7, b"\0\0\1\2"),)
    )
    assert echonet.sightings(echonet.encode(frame)) == [("echonet.object", {"eoj": "028801"})]


def test_a_write_to_a_lock_tells_only_who_spoke() -> None:
    frame = Frame(
        7, echonet.CONTROLLER, bytes.fromhex("026f01"), Esv.SET_C, (Property(0xE0, b"\x42"),)
    )
    assert echonet.sightings(echonet.encode(frame)) == [("echonet.object", {"eoj": "05ff01"})]


def test_both_lists_of_a_set_and_get_are_read() -> None:
    frame = Frame(
        3, bytes.fromhex("013001"), echonet.CONTROLLER, Esv.SET_GET_RES,
        (Property(0x80),), (Property(Epc.MAKER, b"\0\0\x0b"),),
    )  # fmt: skip
    assert echonet.decode(echonet.encode(frame)) == frame
    assert echonet.sightings(echonet.encode(frame))[0][1]["epc.8a"] == "00000b"


def test_property_map_of_format_2_reads_nibbles_from_place_and_bit() -> None:
    # 0x80, 0x90 … 0xF0 share the low nibble 0; 0x81 … 0x88 share the high nibble 8.
    edt = bytes((16, 0xFF, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0))
    expected = frozenset({0x80 + 0x10 * i for i in range(8)} | {0x81 + i for i in range(8)})
    assert echonet.property_map(edt) == expected


@pytest.mark.parametrize(
    "edt",
    [b"", b"\x02\x80", b"\x10\x00", b"\x01\x80\x81", b"\x01\x7f", bytes(17)],
)
def test_a_malformed_property_map_is_none(edt: bytes) -> None:
    assert echonet.property_map(edt) is None


@given(st.frozensets(st.integers(0x80, 0xFF)))
def test_a_property_map_survives_the_wire(epcs: frozenset[int]) -> None:
    assert echonet.property_map(echonet.encode_property_map(epcs)) == epcs


@pytest.mark.parametrize(
    ("payload", "key"),
    [
        (b"", "echonet.length"),
        (b"\x10\x81" + bytes(2000), "echonet.length"),
        (b"\x10\x82" + bytes(10), "echonet.header"),
        (ANSWER[:10] + b"\x00" + ANSWER[11:], "echonet.service"),
        (ANSWER[:-1], "echonet.truncated"),
        (ANSWER + b"\0", "echonet.trailing"),
    ],
)
def test_what_is_no_frame_is_refused_with_its_reason(payload: bytes, key: str) -> None:
    with pytest.raises(echonet.EchonetRefusedError) as refused:
        echonet.decode(payload)
    assert refused.value.reason.key == key
    assert echonet.sightings(payload) == []


@given(st.binary(max_size=1600) | st.binary(max_size=80).map(lambda tail: b"\x10\x81" + tail))
def test_any_bytes_give_a_frame_or_a_refusal(payload: bytes) -> None:
    try:
        frame = echonet.decode(payload)
    except echonet.EchonetRefusedError:
        assert echonet.sightings(payload) == []
    else:
        assert echonet.encode(frame) == payload
        assert 1 <= len(echonet.sightings(payload)) <= echonet.SIGHTINGS_MAX


@given(st.binary(max_size=300))
def test_any_bytes_give_whole_instances(edt: bytes) -> None:
    found = echonet.instances(edt)
    assert all(len(eoj) == 3 for eoj in found)
    assert len(found) <= echonet.INSTANCES_MAX


def test_values_that_do_not_fit_are_refused() -> None:
    for bad in (
        Frame(70000, b"abc", b"abc", Esv.GET, ()),
        Frame(1, b"ab", b"abc", Esv.GET, ()),
        Frame(1, b"abc", b"abc", Esv.GET, (Property(0x80, bytes(256)),)),
        Frame(1, b"abc", b"abc", Esv.GET, (Property(0x80),) * 256),
        Frame(1, b"abc", b"abc", Esv.GET, (), (Property(0x80),)),
    ):
        with pytest.raises(echonet.EchonetRefusedError):
            echonet.encode(bad)


def test_property_maps_are_told_as_lists_of_codes() -> None:
    frame = Frame(
        7, bytes.fromhex("013001"), echonet.CONTROLLER, Esv.GET_SNA,
        (
            Property(Epc.GET_MAP, bytes.fromhex("03 9f80 8a")), Property(Epc.SET_MAP, b"\x02\x80"),
            Property(Epc.INF_MAP, bytes((16, *[1] * 16))), Property(Epc.INSTALLED),
        ),
    )  # fmt: skip
    [(_, fields)] = echonet.sightings(echonet.encode(frame))
    assert fields["get"] == "808a9f"
    assert fields["inf"] == "808182838485868788898a8b8c8d8e8f"
    assert "set" not in fields, "its length is not what its count says"
    assert fields["epc.9e"] == "0280"
    assert "epc.81" not in fields


def test_a_stream_gives_its_frames_one_by_one_however_it_is_cut() -> None:
    both = Frame(
        3, bytes.fromhex("013001"), echonet.CONTROLLER, Esv.SET_GET_RES,
        (Property(0x80),), (Property(Epc.MAKER, b"\0\0\x0b"),),
    )  # fmt: skip
    sent = [ANSWER, echonet.encode(both), ANSWER]
    for size in (1, 2, 7, 1000):
        stream, heard, whole = b"", [], b"".join(sent)
        for at in range(0, len(whole), size):
            first, stream = echonet.first_of(stream + whole[at : at + size])
            while first:
                heard.append(first)
                first, stream = echonet.first_of(stream)
        assert heard == sent
        assert stream == b""


def test_a_stream_that_never_ends_its_frame_is_refused() -> None:
    longest = ANSWER[:11] + b"\xff" + b"\x80\xff" + bytes(255)
    with pytest.raises(echonet.EchonetRefusedError) as refused:
        echonet.first_of(longest + (b"\x80\xff" + bytes(255)) * 40)
    assert refused.value.reason.key == "echonet.length"
    with pytest.raises(echonet.EchonetRefusedError):
        echonet.first_of(b"GET / HTTP/1.1")


@given(st.binary(max_size=80).map(lambda tail: b"\x10\x81" + tail) | st.binary(max_size=80))
def test_any_stream_gives_a_whole_frame_or_waits_or_is_refused(stream: bytes) -> None:
    with suppress(echonet.EchonetRefusedError):
        first, rest = echonet.first_of(stream)
        assert first + rest == stream
        if first:
            echonet.decode(first)


def bitmap(epcs: set[int]) -> bytes:
    """The map as the Appendix prints it: a row for each low nibble, bit 0 for 0x80, bit 7 for 0xF0."""
    rows = [sum(2**bit for bit in range(8) if 0x80 + 16 * bit + row in epcs) for row in range(16)]
    return bytes([len(epcs), *rows])


@pytest.mark.shared
def test_every_device_class_of_the_published_definitions_has_its_maps_read(
    shared_data: Path,
) -> None:
    folder = next((shared_data / "echonet" / "mra").glob("MRA_v*"))
    codes = {
        path.stem: {int(one["epc"], 16) for one in json.loads(path.read_bytes())["elProperties"]}
        for room in ("superClass", "devices", "nodeProfile")
        for path in sorted((folder / room).glob("0x*.json"))
    }
    shared = codes["0x0000"]
    formats = set()
    for own in codes.values():
        for epcs in (shared | own, own, set(sorted(own)[:15]), set(sorted(own)[:16])):
            edt = echonet.encode_property_map(frozenset(epcs))
            expected = bitmap(epcs) if len(epcs) > 15 else bytes([len(epcs), *sorted(epcs)])
            assert edt == expected
            assert echonet.property_map(edt) == frozenset(epcs)
            formats.add(len(epcs) > 15)
    assert formats == {False, True}
    assert len(codes) > 50
