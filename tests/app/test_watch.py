"""`omamori watch`: the report, its words, its exit codes, and memory that does not grow."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from adapters.capture import wire
from omamori.app import watch as watching
from omamori.app.watch import DONE, FORMAT, IN_PART, REFUSED, study, watch
from omamori.web.sentences.watch import JA, SENTENCES

MEGABYTE = 1 << 20
GROWTH_BYTES_MAX = 12 * MEGABYTE

HOME = [
    (1_700_000_000.0, wire.arp(wire.ROUTER, wire.ROUTER_IP)),
    (1_700_000_001.0, wire.udp_frame(wire.dhcp([(53, b"\x03"), (12, b"Philips-hue")]), 68, 67)),
    (1_700_000_002.0, wire.udp_frame(wire.question("example.org"), 40000, 53)),
]


def capture(tmp_path: Path, octets: bytes) -> str:
    path = tmp_path / "home.pcap"
    path.write_bytes(octets)
    return str(path)


def test_the_report_lists_each_thing_with_its_evidence(tmp_path: Path) -> None:
    report = study(capture(tmp_path, wire.pcap(HOME)))
    assert report.is_whole
    assert report.frames == 3
    assert (report.first_at, report.last_at) == (HOME[0][0], HOME[2][0])
    things = {thing.id: thing for thing in report.things}
    assert set(things) == {wire.PHONE, wire.ROUTER}
    assert things[wire.PHONE].ips == (wire.PHONE_IP,)
    said = {clue.said for clue in things[wire.PHONE].identity.evidence}
    assert "Philips-hue" in said


@pytest.mark.parametrize("lang", ["ja", "en"])
def test_the_page_names_the_things(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], lang: str
) -> None:
    assert watch(capture(tmp_path, wire.pcap(HOME)), json=False, lang=lang) == DONE
    out = capsys.readouterr().out
    assert "Philips-hue" in out
    assert wire.ROUTER in out
    table = JA if lang == "ja" else SENTENCES
    assert table["watch.counted"].format(things=2, frames=3) in out.replace("\n", "")


def test_the_report_for_machines_is_json(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert watch(capture(tmp_path, wire.pcap(HOME)), json=True, lang="en") == DONE
    told = json.loads(capsys.readouterr().out)
    assert told["format"] == FORMAT
    assert {thing["id"] for thing in told["things"]} == {wire.PHONE, wire.ROUTER}
    assert told["notes"] == []


def test_a_capture_cut_short_is_told_and_keeps_what_was_read(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = capture(tmp_path, wire.pcap(HOME)[:-10])
    assert watch(source, json=True, lang="en") == IN_PART
    told = json.loads(capsys.readouterr().out)
    assert told["frames"] == 2
    assert told["notes"][0]["key"] == "capture.cut-short"
    assert told["notes"][0]["sentence"] == SENTENCES["capture.cut-short"]


@pytest.mark.parametrize("as_json", [False, True])
def test_what_is_no_capture_is_refused_in_words(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], *, as_json: bool
) -> None:
    source = capture(tmp_path, b"not a capture")
    assert watch(source, json=as_json, lang="en") == REFUSED
    shown = capsys.readouterr()
    if as_json:
        assert json.loads(shown.out)["refused"]["key"] == "capture.not-a-capture"
    else:
        assert "is not a network recording" in " ".join(shown.err.split())
    assert watch("no-such-file.pcap", json=as_json, lang="ja") == REFUSED


def test_a_capture_of_a_car_bus_gets_a_clear_word(tmp_path: Path) -> None:
    report = study(capture(tmp_path, wire.pcap([(1.0, bytes(16))], link=227)))
    assert report.things == []
    assert [note.key for note in report.notes] == [
        "capture.nothing-heard",
        "capture.not-understood",
    ]
    assert report.notes[1].params == {"count": 1, "kinds": "CAN"}


def test_a_capture_of_strangers_lists_them_by_address(tmp_path: Path) -> None:
    frame = wire.ether(
        wire.ipv4(wire.tcp(b"x", 80, 9), 6, wire.FAR_IP, hops=57), 0x0800, wire.ROUTER
    )
    report = study(capture(tmp_path, wire.pcap([(1.0, frame)])))
    assert [thing.id for thing in report.things] == [f"ip:{wire.FAR_IP}"]
    assert [note.key for note in report.notes] == ["capture.strangers-only"]


def test_names_from_the_network_cannot_command_the_terminal(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    name = b"[red]TV\x1b]0;own\x07\x1b[2J"
    frame = wire.udp_frame(wire.dhcp([(53, b"\x03"), (12, name)]), 68, 67)
    watch(capture(tmp_path, wire.pcap([(1.0, frame)])), json=False, lang="en")
    out = capsys.readouterr().out
    assert "[red]TV" in out
    assert "\x1b" not in out
    assert "\x07" not in out


def test_a_stop_by_the_user_keeps_what_was_heard(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(_frames: int, _place: int, _size: int) -> None:
        raise KeyboardInterrupt

    report = study(capture(tmp_path, wire.pcap(HOME)), tick=stop)
    assert len(report.things) == 2
    assert [note.key for note in report.notes] == ["capture.stopped"]
    monkeypatch.setattr(watching, "interfaces", list)
    assert watch("eth-none", json=False, lang="en") == REFUSED


def test_every_reason_has_its_words_in_both_languages() -> None:
    assert set(SENTENCES) == set(JA)
    source = Path(watching.__file__).parent.parent
    texts = [path.read_text() for path in (source / "adapters/capture").glob("*.py")]
    texts += [(source / "app" / name).read_text() for name in ("watch.py", "wire.py")]
    for key in SENTENCES:
        is_band = key.startswith("watch.") and key != "watch.counted"
        assert is_band or any(f'"{key}"' in text for text in texts), key


def test_the_shared_captures_are_read_without_a_fault(shared_data: Path) -> None:
    for path in sorted((shared_data / "captures").glob("*/*.pcap*")):
        report = study(str(path))
        assert report.is_whole, path
        assert report.things or report.notes, path


PEAK = """
import resource, sys
from omamori.app.watch import study
report = study(sys.argv[1])
print(report.frames, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024)
"""


def peak_bytes(path: Path) -> tuple[int, int]:
    """Frames read, and the greatest resident memory of a process that reads them."""
    out = subprocess.run([sys.executable, "-c", PEAK, str(path)], capture_output=True, check=True)
    frames, peak = out.stdout.split()
    return int(frames), int(peak)


def repeated(path: Path, least_bytes: int) -> int:
    """A capture of many things that talk, repeated until it is large; returns its frames."""
    frames = []
    for number in range(2000):
        question = wire.question(f"name{number}.example", number=number)
        frames.append((1e9 + number, wire.udp_frame(question, 1024 + number, 53)))
        frames.append((1e9 + number, wire.tcp_frame(bytes(1400), 1024 + number, 443)))
        frames.append(
            (
                1e9 + number,
                wire.arp(f"02:00:00:00:{number >> 8:02x}:{number & 255:02x}", wire.LAMP_IP),
            )
        )
    octets = wire.pcap(frames)
    times = -(-least_bytes // (len(octets) - 24))
    with path.open("wb") as file:
        file.write(octets[:24])
        for _ in range(times):
            file.write(octets[24:])
    return len(frames) * times


@pytest.mark.parametrize(
    "large_bytes", [48 * MEGABYTE, pytest.param(256 * MEGABYTE, marks=pytest.mark.slow)]
)
def test_memory_does_not_grow_with_the_capture(tmp_path: Path, large_bytes: int) -> None:
    small, large = tmp_path / "small.pcap", tmp_path / "large.pcap"
    repeated(small, 4 * MEGABYTE)
    count = repeated(large, large_bytes)
    _, small_peak = peak_bytes(small)
    frames, large_peak = peak_bytes(large)
    large.unlink()
    assert frames == count
    assert large_peak - small_peak < GROWTH_BYTES_MAX
