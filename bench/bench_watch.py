"""Frames per CPU-second of ours and of others on one capture, and memory by length and flood.

The others: nfstream counts flows and names their applications by nDPI, which is nearest to what
we do (its one meter at work, as ours is one process); dpkt and scapy decode; tshark does both.

Each measurement is a process of its own, whose CPU time (user and system) is what the kernel
counted for it; start-up is measured apart and taken off. Every reader takes its turn in each
round, and the best round counts: a shared machine only ever adds time.
"""

from __future__ import annotations

import os
import platform
import random
import resource
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parent.parent
ROUNDS = 3
LENGTHS = (1, 5)
FLOODS = (10_000, 100_000, 1_000_000)  # frames
FLOOD_PER_S = 5_000  # of capture time

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
decoder = Decoder(lambda _: None, lambda _: None, told_again_after_s=86_400.0)  # as the whole does
with open_capture(sys.argv[1]) as capture:
    for batch in capture.batches():
        decoder.hear(batch)
decoder.finish()
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
# Frames without an IP address (ARP, EAPOL) are no part of its flows; we count those, too.
NFSTREAM = """
from nfstream import NFStreamer
flows = NFStreamer(source=sys.argv[1], n_meters=1, n_dissections=DISSECTED)
count = sum(flow.bidirectional_packets for flow in flows)
"""
# Not ru_maxrss: a process inherits that from whoever started it.
PEAK = """
from pathlib import Path
def peak():
    status = Path("/proc/self/status").read_text()
    return status.partition("VmHWM:")[2].split()[0]  # in kB, proc_pid_status(5)
"""
FLOOD = """
from omamori.adapters import rules
from omamori.adapters.capture.decode import Decoder
from omamori.adapters.capture.file import open_capture
from omamori.adapters.country import Countries
from omamori.hub.service import Watch
watch = Watch(rules.load()[0], Countries())
told, held, stepped_at = 0, 0, 0.0
said, talked = [], []
decoder = Decoder(said.append, talked.extend)
with open_capture(sys.argv[1]) as capture:
    for batch in capture.batches():
        decoder.hear(batch)
        held = max(held, decoder.directions)
        told += len(talked)
        watch.hear(said, talked)
        said.clear()
        talked.clear()
        if decoder.last_at - stepped_at >= 30:
            stepped_at = decoder.last_at
            watch.step(stepped_at)
decoder.finish()
watch.hear(said, talked)
told += len(talked)
print(told, held, len(watch.inventory.things()), peak())
"""
SHARE = {"scapy": 10}  # a slow reader gets one part in so many of the capture


def main() -> None:
    """Print the tables; what is not installed is left out."""
    with tempfile.TemporaryDirectory() as folder:
        one = Path(folder) / "one.pcap"
        source, frames = build(one)
        print(f"input: {source}, {frames:,} frames, {one.stat().st_size / 1e6:.1f} MB; ", end="")
        print(f"Python {platform.python_version()}, best of {ROUNDS} rounds")
        speed(Path(folder), one, frames)
        evening = Path(folder) / "evening.pcap"
        streams = an_evening()
        write(evening, streams)
        print(
            f"\ninput: an evening of streams made here, {len(streams):,} frames, 500 a connection"
        )
        speed(Path(folder), evening, len(streams), only=("ours", "nfstream"))
        memory(Path(folder), one)
        floods(Path(folder))


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


def an_evening() -> list[tuple[float, bytes]]:
    """Films and music: few connections, many frames each, both ways."""
    from adapters.capture import wire  # noqa: PLC0415 - tests are beside, not installed

    timed: list[tuple[float, bytes]] = []
    for number in range(200):
        at, port = 1e9 + 20 * number, 30_000 + number
        name = f"films{number % 20}.example"
        question = wire.question(name, number=number)
        timed.append((at, wire.udp_frame(question, port, 53)))
        timed.append((at, wire.tcp_frame(b"", port, 443, flags=2)))
        timed.append((at, wire.tcp_frame(wire.client_hello(name, ("h2",)), port, 443)))
        segment = wire.tcp_frame(bytes(200), port, 443, flags=16)
        timed += [(at + step / 30, segment) for step in range(497)]
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
        "ours, decoding and flows": python(OURS_DECODE),
        "ours, the whole watch": python(OURS_WHOLE),
    }
    for name, program in (
        ("nfstream, with nDPI", NFSTREAM.replace("DISSECTED", "20")),  # its default
        ("nfstream, flows only", NFSTREAM.replace("DISSECTED", "0")),
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


def speed(folder: Path, one: Path, frames: int, only: tuple[str, ...] = ()) -> None:
    """CPU of every reader, or of those whose names begin so, in turns."""
    few, none = folder / "few.pcap", folder / "none.pcap"
    octets = one.read_bytes()
    none.write_bytes(octets[:24])
    cut(one, few, frames // SHARE["scapy"])
    commands = {n: c for n, c in readers().items() if not only or n.startswith(only)}
    best: dict[str, float] = {}
    for _ in range(ROUNDS):
        for name, command in commands.items():
            share = SHARE.get(name, 1)
            spent = cpu_s([*command, str(few if share > 1 else one)])
            idle = cpu_s([*command, str(none)])
            rate = (frames // share) / max(spent - idle, 1e-6)
            best[name] = max(best.get(name, 0.0), rate)
        if (tshark := shutil.which("tshark")) and not only:
            spent = cpu_s([tshark, "-n", "-q", "-r", str(one), "-z", "io,phs"])
            idle = cpu_s([tshark, "-n", "-q", "-r", str(none), "-z", "io,phs"])
            best["tshark"] = max(best.get("tshark", 0.0), frames / (spent - idle))
    whole = best["ours, the whole watch"]
    print(f"\n{'reader':28}{'frames/CPU-s':>14}{'ours, whole / it':>18}")
    for name, rate in best.items():
        print(f"{name:28}{rate:14,.0f}{whole / rate:18.2f}")


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
    octets = one.read_bytes()
    print(f"\n{'length':>8}{'MB':>10}{'peak RSS, MB':>16}")
    long = folder / "long.pcap"
    for times in LENGTHS:
        with long.open("wb") as file:
            file.write(octets[:24])
            for _ in range(times):
                file.write(octets[24:])
        out = subprocess.run(
            [*python(PEAK + OURS_WHOLE + "print(peak())\n"), str(long)],
            capture_output=True,
            check=True,
        ).stdout
        print(f"{times:>7}x{long.stat().st_size / 1e6:>10,.0f}{int(out) / 1024:>16.1f}")
        long.unlink()


def floods(folder: Path) -> None:
    """Memory against frames, where every frame has a new sender, a new name and a new port."""
    print(f"\n{'flood':>8}{'flows told':>12}{'held at most':>14}{'things':>8}{'peak RSS, MB':>14}")
    path = folder / "flood.pcap"
    for count in FLOODS:
        flood(path, count)
        out = subprocess.run(
            [*python(PEAK + FLOOD), str(path)], capture_output=True, check=True
        ).stdout
        told, held, things, peak = map(int, out.split())
        print(f"{count:8,}{told:12,}{held:14,}{things:8,}{peak / 1024:14.1f}")
        path.unlink()


def flood(path: Path, count: int) -> None:
    """Questions for names, greetings and ARP of senders that nobody has heard before."""
    from adapters.capture import wire  # noqa: PLC0415 - tests are beside, not installed

    chance = random.Random(1)  # noqa: S311 - a benchmark must repeat itself
    with path.open("wb") as file:
        file.write(wire.pcap([]))
        timed = []
        for number in range(count):
            mac = (b"\x02" + chance.randbytes(5)).hex(":")
            ip = ".".join(map(str, (10, *chance.randbytes(3))))
            port = chance.randrange(1024, 65536)
            if number % 8 == 0:
                frame = wire.arp(mac, ip)
            elif number % 2:
                segment = wire.tcp(b"", port, chance.randrange(65536), flags=2)
                frame = wire.ether(wire.ipv4(segment, 6, ip), 0x0800, mac)
            else:
                question = wire.udp(wire.question(f"{port}.{number}.example"), port, 53)
                frame = wire.ether(wire.ipv4(question, 17, ip), 0x0800, mac)
            timed.append((1e9 + number / FLOOD_PER_S, frame))
            if len(timed) == 10_000:
                file.write(wire.pcap(timed)[24:])
                timed.clear()
        file.write(wire.pcap(timed)[24:])


if __name__ == "__main__":
    main()
