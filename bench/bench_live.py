"""What is heard of a wire that is busier than we can read: by us, and by tcpdump beside us.

Two network namespaces with a veth pair; tcpreplay speaks into one end as fast as asked, we listen
at the other with the same `open_interface` and `Decoder` as the hub, and tcpdump writes to
/dev/null in a run of its own.  Needs root, iproute2, tcpreplay and tcpdump.

Offered: what tcpreplay says it sent.  Seen: frames that reached us.  Dropped: by the kernel's own
count.  Passed by: kept back by our filter under pressure.  Telling: of the ARP, DHCP and SYN frames
mixed in (one of each per `TELLING_EVERY` frames, each its own), how many were heard, overall and
once the filter was in force.
"""

from __future__ import annotations

import json
import os
import random
import re
import shutil
import struct
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
SECONDS = 6
TELLING_EVERY = 500
FLOOD_FRAMES = 200_000  # in the file, which is said again and again
MIX_FRAMES_MAX = 200_000
RATES = (("--mbps", "10"), ("--mbps", "100"), ("--topspeed",))
GREETS_BY = b"\x02\x77"  # how the hardware addresses of what tells most begin
TAG = f"omb{os.getpid() % 100000}"

LISTEN = """
import json, resource, sys, time
sys.path.insert(0, sys.argv[1])
from omamori.adapters.capture.decode import Decoder
from omamori.adapters.capture.live import open_interface
frames = 0
told = {"arp": 0, "dhcp": 0, "syn": 0}
pressed = dict(told)
pressed_at = 0.0
mark = bytes.fromhex("0277")
decoder = Decoder(lambda _: None, lambda _: None)
with open_interface("eth0") as listener:
    print("ready", flush=True)
    end = time.monotonic() + float(sys.argv[2])
    for batch in listener.batches():
        decoder.hear(batch)
        frames += len(batch)
        if listener.is_pressed and not pressed_at:
            pressed_at = time.time()
        for _, _, octets in batch:
            if octets[6:8] == mark:
                kind = "arp" if octets[12:14] == b"\\x08\\x06" else "dhcp" if octets[23] == 17 else "syn"
                told[kind] += 1
                if pressed_at:
                    pressed[kind] += 1
        if time.monotonic() > end:
            break
    listener._weigh(listener._weighed_at + 2)
    used = resource.getrusage(resource.RUSAGE_SELF)
    print(json.dumps({
        "frames": frames, "told": told, "pressed": pressed, "pressed_at": pressed_at,
        "dropped": listener.dropped, "passed_by": listener.passed_by,
        "cpu_s": used.ru_utime + used.ru_stime,
    }))
"""


def frame(source: bytes, protocol: int, payload: bytes, *, ip: bytes) -> bytes:
    """An IPv4 packet in Ethernet; checksums are nobody's here."""
    size = 20 + len(payload)
    head = (
        struct.pack("!BBHHHBBH", 0x45, 0, size, 0, 0, 64, protocol, 0) + ip + bytes((10, 9, 0, 1))
    )
    return (b"\x02\0\0\0\0\x01" + source + b"\x08\0" + head + payload).ljust(60, b"\0")


def telling(number: int) -> list[bytes]:
    """One ARP question, one DHCP discovery and one SYN, of an address of their own."""
    mac = GREETS_BY + struct.pack("!I", number)
    ip = bytes((10, 8, number >> 8 & 0xFF, number & 0xFF))
    arp = b"\xff" * 6 + mac + bytes.fromhex("0806000108000604 0001") + mac + ip + bytes(10)
    dhcp = (
        struct.pack("!HHHH", 68, 67, 260, 0) + b"\x01\x01\x06\0" + bytes(24) + mac.ljust(16, b"\0")
    )
    dhcp += bytes(192) + bytes.fromhex("63825363 350101 ff") + bytes(4)
    syn = struct.pack("!HHIIBBHHH", 40000, 443, number, 0, 0x50, 2, 1024, 0, 0)
    return [arp.ljust(60, b"\0"), frame(mac, 17, dhcp, ip=ip), frame(mac, 6, syn, ip=ip)]


def flood() -> list[bytes]:
    """Small datagrams (64 octets on the wire), each between two ports and addresses by lot."""
    lot = random.Random(119)  # noqa: S311 - no secret
    return [
        frame(
            b"\x02\x11" + lot.randbytes(4),
            17,
            struct.pack("!HHHH", lot.randrange(1024, 65536), lot.randrange(10000, 65536), 26, 0)
            + lot.randbytes(18),
            ip=bytes((10, *lot.randbytes(3))),
        )
        for _ in range(FLOOD_FRAMES)
    ]


def mix(folder: Path) -> list[bytes]:
    """The frames of all recorded set-ups in this folder, joined."""
    sys.path.insert(0, str(ROOT / "src"))
    from omamori.adapters.capture.file import open_capture  # noqa: PLC0415 - only where it is there

    frames: list[bytes] = []
    for path in sorted(folder.rglob("*.pcap")):
        with open_capture(str(path)) as capture:
            for batch in capture.batches():
                frames += [octets for _, _, octets in batch if 14 < len(octets) <= 1514]
        if len(frames) >= MIX_FRAMES_MAX:
            break
    return frames[:MIX_FRAMES_MAX]


def write(path: Path, frames: list[bytes]) -> dict[str, float]:
    """A pcap with what tells most mixed in; returns shares of all frames."""
    count = telling_count = 0
    with path.open("wb") as file:
        file.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1))
        for number, octets in enumerate(frames):
            group = [octets]
            if number % TELLING_EVERY == 0:
                group += telling(number // TELLING_EVERY)
                telling_count += 1
            for one in group:
                micros = count % 1_000_000
                file.write(struct.pack("<IIII", count // 1_000_000, micros, len(one), len(one)))
                file.write(one)
                count += 1
    return {"frames": count, "telling": telling_count / count}


def sh(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True)


def within(end: str, *command: str) -> tuple[str, ...]:
    return ("ip", "netns", "exec", f"{TAG}{end}", *command)


def counted(name: str) -> int:
    """Frames that came to the listening end, by the interface's own count."""
    told = subprocess.run(
        within("b", "cat", f"/sys/class/net/eth0/statistics/{name}"),
        check=True, capture_output=True, text=True,
    )  # fmt: skip
    return int(told.stdout)


def speak(path: Path, rate: tuple[str, ...]) -> tuple[int, float]:
    """Frames sent, and seconds that it took."""
    words = ("--preload-pcap", "--loop=1000000", f"--duration={SECONDS}", *rate)
    before = counted("rx_packets")
    began = time.monotonic()
    subprocess.run(
        within("a", "tcpreplay", "-q", "-i", "eth0", *words, str(path)),
        check=True, capture_output=True, text=True,
    )  # fmt: skip
    took = time.monotonic() - began
    return counted("rx_packets") - before, min(took, SECONDS + 1.0)


def ours(path: Path, rate: tuple[str, ...], shares: dict[str, float]) -> None:
    words = within("b", sys.executable, "-c", LISTEN, str(ROOT / "src"), str(SECONDS + 4))
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as listening:
        assert listening.stdout is not None
        listening.stdout.readline()
        sent, took_s = speak(path, rate)
        told: dict[str, Any] = json.loads(listening.stdout.readline())
    expected = sent * shares["telling"]
    heard = ", ".join(f"{kind} {100 * n / expected:.1f} %" for kind, n in told["told"].items())
    pressed = "not needed" if not told["pressed_at"] else "in force"
    lost = told["dropped"]
    print(
        f"  ours     {sent / SECONDS:>9,.0f} frames/s offered ({took_s:.0f} s); seen "
        f"{100 * told['frames'] / sent:5.1f} %, dropped {100 * lost / sent:5.1f} %, passed by "
        f"{100 * told['passed_by'] / sent:5.1f} %; CPU {100 * told['cpu_s'] / SECONDS:3.0f} %; "
        f"filter {pressed}; heard of {heard}"
    )


def tcpdump(path: Path, rate: tuple[str, ...]) -> None:
    words = within("b", "tcpdump", "-i", "eth0", "-n", "-w", "/dev/null")
    with subprocess.Popen(words, stderr=subprocess.PIPE, text=True) as listening:
        time.sleep(1)
        sent, _ = speak(path, rate)
        listening.terminate()
        assert listening.stderr is not None
        said = listening.stderr.read()
    numbers = {
        what: int(match.group(1)) if (match := re.search(rf"(\d+) packets {what}", said)) else 0
        for what in ("captured", "received by filter", "dropped by kernel")
    }
    print(
        f"  tcpdump  {sent / SECONDS:>9,.0f} frames/s offered; seen "
        f"{100 * numbers['captured'] / sent:5.1f} %, dropped "
        f"{100 * numbers['dropped by kernel'] / sent:5.1f} %"
    )


def wire() -> None:
    """Two namespaces, each with one end of a pair of interfaces; no talk of the kernel's own."""
    for end in "ab":
        sh("ip", "netns", "add", f"{TAG}{end}")
    ends = ("type", "veth", "peer", "name", "eth0", "netns", f"{TAG}b")
    sh("ip", "-n", f"{TAG}a", "link", "add", "eth0", *ends)
    for end in "ab":
        sh(*within(end, "sh", "-c", "echo 1 > /proc/sys/net/ipv6/conf/all/disable_ipv6"))
        sh("ip", "-n", f"{TAG}{end}", "link", "set", "eth0", "up")


def main() -> None:
    if os.geteuid() != 0:
        print("needs root for network namespaces; nothing measured")
        return
    for program in ("ip", "tcpreplay", "tcpdump"):
        if shutil.which(program) is None:
            print(f"{program} is not on this machine; nothing measured")
            return
    named = os.environ.get("OMAMORI_SHARED")
    setups = (Path(named) if named else ROOT.parent / "shared" / "data") / "captures" / "setups"
    kinds = {"64-octet datagrams by lot": flood()}
    if setups.is_dir():
        kinds["recorded set-ups, joined"] = mix(setups)
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f} in the last minute")
    try:
        wire()
        for kind, frames in kinds.items():
            with tempfile.TemporaryDirectory() as folder:
                path = Path(folder) / "said.pcap"
                shares = write(path, frames)
                for rate in RATES:
                    print(f"{kind}, {' '.join(rate)}")
                    ours(path, rate, shares)
                    tcpdump(path, rate)
    finally:
        for end in "ab":
            subprocess.run(("ip", "netns", "delete", f"{TAG}{end}"), check=False)


if __name__ == "__main__":
    main()
