"""Frames per CPU-second of ours, dpkt, scapy and tshark on one capture, and memory by length.

Each measurement is a process of its own, whose CPU time (user and system) is what the kernel
counted for it; start-up is measured apart and taken off. Every reader takes its turn in each
round, and the best round counts: a shared machine only ever adds time.
"""

from __future__ import annotations

import os
import platform
import resource
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parent.parent
ROUNDS = 7
LENGTHS = (1, 10, 100)

OURS_READ = """
from omamori.adapters.capture.file import open_capture
count = 0
with open_capture(sys.argv[1]) as capture:
    for batch in capture.batches():
        count += len(batch)
"""
OURS_DECODE = """
from omamori.adapters.capture.decode import Decoder
from omamori.adapters.capture.file import open_capture
decoder = Decoder(lambda sighting: None, told_again_after_s=86_400.0)  # as the whole does
with open_capture(sys.argv[1]) as capture:
    for batch in capture.batches():
        decoder.hear(batch)
count = decoder.frames
"""
OURS_WHOLE = """
from omamori.app.watch import study
count = study(sys.argv[1]).frames
"""
DPKT = """
import dpkt
count = 0
with open(sys.argv[1], "rb") as file:
    for at, frame in dpkt.pcap.Reader(file):
        count += 1
        try:
            dpkt.ethernet.Ethernet(frame)
        except dpkt.UnpackError:
            pass
"""
# What we decode, decoded by dpkt where it has a decoder, and nothing kept.
DPKT_PAYLOADS = """
import dpkt
count = 0
def payload(ip):
    talk = ip.data
    if isinstance(talk, dpkt.udp.UDP):
        ports = {talk.sport, talk.dport}
        if ports & {53, 5353, 5355}:
            dpkt.dns.DNS(talk.data)
        elif ports & {67, 68}:
            dpkt.dhcp.DHCP(talk.data)
        elif 1900 in ports:
            kind = dpkt.http.Response if talk.data[:5] == b"HTTP/" else dpkt.http.Request
            kind(talk.data)
    elif isinstance(talk, dpkt.tcp.TCP) and talk.data:
        if talk.data[:5] == b"HTTP/":
            dpkt.http.Response(talk.data)
        elif talk.data[:4] in (b"GET ", b"POST", b"HEAD", b"SUBS", b"NOTI"):
            dpkt.http.Request(talk.data)
        elif talk.data[:1] == b"\\x16":
            dpkt.ssl.tls_multi_factory(talk.data)
with open(sys.argv[1], "rb") as file:
    for at, frame in dpkt.pcap.Reader(file):
        count += 1
        try:
            link = dpkt.ethernet.Ethernet(frame)
            if isinstance(link.data, (dpkt.ip.IP, dpkt.ip6.IP6)):
                payload(link.data)
        except (dpkt.Error, dpkt.ssl.SSL3Exception, ValueError, IndexError, UnicodeError):
            pass
"""
SCAPY = """
import logging
logging.getLogger("scapy").setLevel(logging.CRITICAL)
from scapy.all import PcapReader
count = 0
with PcapReader(sys.argv[1]) as reader:
    for frame in reader:
        count += 1
"""
SHARE = {"scapy": 10}  # a slow reader gets one part in so many of the capture


def main() -> None:
    """Print the tables; scapy, dpkt and tshark are left out where they are not installed."""
    with tempfile.TemporaryDirectory() as folder:
        one = Path(folder) / "one.pcap"
        source, frames = build(one)
        print(f"input: {source}, {frames:,} frames, {one.stat().st_size / 1e6:.1f} MB; ", end="")
        print(f"Python {platform.python_version()}, best of {ROUNDS} rounds")
        speed(Path(folder), one, frames)
        memory(Path(folder), one)


def build(path: Path) -> tuple[str, int]:
    """One classic capture of everything: the IoT Sentinel set-ups, else one made here."""
    named = os.environ.get("OMAMORI_SHARED")
    setups = (Path(named) if named else ROOT.parent / "shared/data") / "captures/setups"
    sources = sorted(setups.glob("*/*.pcap"))
    sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "src")]
    from omamori.adapters.capture.file import open_capture  # noqa: PLC0415 - after the path is set

    frames = [f for s in sources for batch in open_capture(str(s)).batches() for f in batch]
    timed = [(at, frame) for at, _, frame in frames] or made_up()
    write(path, timed)
    return ("IoT Sentinel set-ups, joined" if sources else "a capture made here"), len(timed)


def made_up() -> list[tuple[float, bytes]]:
    """Two hundred talkative things, where there are no recordings."""
    from adapters.capture import wire  # noqa: PLC0415 - tests are beside, not installed

    timed: list[tuple[float, bytes]] = []
    for number in range(4000):
        at, port = 1e9 + number / 10, 1024 + number
        hello = wire.client_hello(f"cloud{number % 50}.example", ("h2",))
        question = wire.question(f"name{number % 200}.example", number=number)
        timed.append((at, wire.udp_frame(question, port, 53)))
        timed.append((at, wire.tcp_frame(b"", port, 443, flags=2)))
        timed.append((at, wire.tcp_frame(hello, port, 443)))
        timed += [(at, wire.tcp_frame(bytes(1200), port, 443))] * 16
    return timed


def write(path: Path, timed: list[tuple[float, bytes]]) -> None:
    from adapters.capture import wire  # noqa: PLC0415 - tests are beside, not installed

    with path.open("wb") as file:
        file.write(wire.pcap([]))
        for begin in range(0, len(timed), 1000):
            file.write(wire.pcap(timed[begin : begin + 1000])[24:])


def cpu_s(command: list[str]) -> float:
    """CPU seconds of a process and its children, as the kernel counts them."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(command, capture_output=True, check=False)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode:
        sys.exit(done.stderr.decode())
    return (after.ru_utime - before.ru_utime) + (after.ru_stime - before.ru_stime)


def python(program: str) -> list[str]:
    return [sys.executable, "-c", "import sys\n" + program]


def readers() -> dict[str, list[str]]:
    commands = {
        "ours, reading only": python(OURS_READ),
        "ours, decoding": python(OURS_DECODE),
        "ours, whole (inventory)": python(OURS_WHOLE),
    }
    for name, program in (
        ("dpkt, headers only", DPKT),
        ("dpkt, payloads too", DPKT_PAYLOADS),
        ("scapy", SCAPY),
    ):
        if (
            subprocess.run(
                python(f"import {name.split(',')[0]}"), capture_output=True, check=False
            ).returncode
            == 0
        ):
            commands[name] = python(program)
        else:
            print(f"{name}: not installed (make .venv/.bench)")
    return commands


def speed(folder: Path, one: Path, frames: int) -> None:
    few, none = folder / "few.pcap", folder / "none.pcap"
    octets = one.read_bytes()
    none.write_bytes(octets[:24])
    cut(one, few, frames // SHARE["scapy"])
    commands = readers()
    best: dict[str, float] = {}
    for _ in range(ROUNDS):
        for name, command in commands.items():
            share = SHARE.get(name, 1)
            spent = cpu_s([*command, str(few if share > 1 else one)])
            idle = cpu_s([*command, str(none)])
            rate = (frames // share) / max(spent - idle, 1e-6)
            best[name] = max(best.get(name, 0.0), rate)
        if tshark := shutil.which("tshark"):
            spent = cpu_s([tshark, "-n", "-q", "-r", str(one), "-z", "io,phs"])
            idle = cpu_s([tshark, "-n", "-q", "-r", str(none), "-z", "io,phs"])
            best["tshark"] = max(best.get("tshark", 0.0), frames / (spent - idle))
    whole = best["ours, whole (inventory)"]
    print(f"\n{'reader':26}{'frames/CPU-s':>14}{'ours, whole / it':>18}")
    for name, rate in best.items():
        print(f"{name:26}{rate:14,.0f}{whole / rate:18.2f}")


def cut(source: Path, target: Path, count: int) -> None:
    from omamori.adapters.capture.file import open_capture  # noqa: PLC0415 - after the path is set

    timed: list[tuple[float, bytes]] = []
    with open_capture(str(source)) as capture:
        for batch in capture.batches():
            timed += [(at, frame) for at, _, frame in batch]
            if len(timed) >= count:
                break
    write(target, timed[:count])


def memory(folder: Path, one: Path) -> None:
    peak = (
        OURS_WHOLE + "import resource\nprint(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)\n"
    )
    octets = one.read_bytes()
    print(f"\n{'length':>8}{'MB':>10}{'peak RSS, MB':>16}")
    long = folder / "long.pcap"
    for times in LENGTHS:
        with long.open("wb") as file:
            file.write(octets[:24])
            for _ in range(times):
                file.write(octets[24:])
        out = subprocess.run([*python(peak), str(long)], capture_output=True, check=True).stdout
        print(f"{times:>7}x{long.stat().st_size / 1e6:>10,.0f}{int(out) / 1024:>16.1f}")
        long.unlink()


if __name__ == "__main__":
    main()
