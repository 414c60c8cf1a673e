"""From the first hostile frame to the last one that comes through, by the real hub and the kernel.

Network namespaces on one bridge, the real program beside it. A thing that was not heard before asks
for ever new addresses (ARP, ``RATE`` a second); a neighbour notes each frame that reaches it, with
the kernel's time. Warm: the hub knows ten things that talk. Cold: the hub was started just before,
with nothing on its disk. Eleven different addresses make a sweep: before the eleventh frame nobody
could say so (the floor of detecting). The floor of acting is one
`nft add element`.
A person says after each run that it was fine, or the kernel would stop the next one at that port at once.

Needs root, iproute2 and nftables: ``bench_cut.py [RUNS_WARM RUNS_COLD]``.
"""

from __future__ import annotations

import socket
import statistics
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT / "tests"))

from live.hub import Hub, Pings, Tap, cut_things  # noqa: E402 - found beside the tests
from live.net import NETWORK, Home, sh  # noqa: E402 - as above

RATE = 200  # frames a second; nmap sends its ARP questions about as fast
THINGS = 10
ENOUGH = 11  # different addresses (`detect_sweep.ARP_TARGETS`)
FRAMES = 600
QUIET_S = 0.3


def questions(source: str) -> list[str]:
    """ARP requests for ever new addresses (RFC 826), from an address that is nobody else's.

    With one that the hub knows as another's, the kernel stops the very first.
    """
    own = f"{NETWORK}.{100 + int(source[-2:], 16) % 150}"
    sender = bytes.fromhex(source.replace(":", ""))
    head = b"\xff" * 6 + sender + bytes.fromhex("0806 0001 0800 06 04 0001")
    body = head + sender + socket.inet_aton(own) + bytes(6)
    return [(body + socket.inet_aton(f"192.168.{n // 250}.{n % 250}")).hex() for n in range(FRAMES)]


def fresh(home: Home, number: int) -> str:
    """Another hardware address for the thing: to the hub, a thing that was never here."""
    address = f"00:00:5e:01:{number // 256:02x}:{number % 256:02x}"
    inside = ("ip", "-n", home.name("heater"), "link", "set", "eth0")
    sh(*inside, "down")
    sh(*inside, "address", address)
    sh(*inside, "up")
    return address


def attack(home: Home, hub: Hub, tap: Tap, address: str) -> tuple[float, float, int]:
    """One sweep: until the last frame through, the same since the eleventh frame, and how many."""
    began = time.time()
    code = (
        "import socket,sys,time\n"
        "s=socket.socket(socket.AF_PACKET,socket.SOCK_RAW);s.bind(('eth0',0))\n"
        f"for f in sys.argv[1:]:\n  s.send(bytes.fromhex(f)); time.sleep({1 / RATE})"
    )
    running = home.start("heater", sys.executable, "-c", code, *questions(address))
    hub.until(lambda told: address in cut_things(told) and not told["not_held"])
    time.sleep(QUIET_S)
    running.kill()
    running.wait(10)
    frames = [at for at, f in tap.frames(address, began) if f[12:14] == b"\x08\x06"]
    since = frames[-1] - frames[ENOUGH - 1] if len(frames) >= ENOUGH else 0.0
    whole = frames[-1] - frames[0] if frames else 0.0
    return whole, since, len(frames)


def floor(home: Home) -> float:
    """One change of the kernel's rules by nft's own command, from its start to its end."""
    home.run("home", "nft", "add table inet bare; add set inet bare s { type ether_addr; }")
    took = []
    for number in range(20):
        began = time.perf_counter()
        home.run("home", "nft", f"add element inet bare s {{ 00:00:5e:00:53:{number:02x} }}")
        took.append(time.perf_counter() - began)
    home.run("home", "nft", "delete table inet bare")
    return statistics.median(took)


def share(values: list[float], part: float) -> float:
    """The smallest value that so many reach or stay below."""
    return sorted(values)[min(int(len(values) * part), len(values) - 1)]


def tell(name: str, runs: list[tuple[float, float, int]], bare_s: float) -> None:
    """One contestant's figures."""
    whole, since, frames = ([float(run[n]) for run in runs] for n in range(3))
    print(
        f"{name}: {len(runs)} runs; first frame to last through: p50 {share(whole, 0.5) * 1e3:.0f} ms, "
        f"p99 {share(whole, 0.99) * 1e3:.0f} ms, worst {max(whole) * 1e3:.0f} ms; "
        f"since the eleventh: p50 {share(since, 0.5) * 1e3:.0f} ms, p99 {share(since, 0.99) * 1e3:.0f} ms "
        f"({share(since, 0.5) / bare_s:.1f} x one `nft` command of {bare_s * 1e3:.1f} ms); "
        f"frames through: p50 {share(frames, 0.5):.0f}, p99 {share(frames, 0.99):.0f}"
    )


def main(warm: int, cold: int) -> None:
    """Both contestants, in one run."""
    with tempfile.TemporaryDirectory() as folder:
        home = Home(Path(folder))
        try:
            home.plug("heater", 20)
            home.plug("tv", 21)
            for number in range(THINGS - 1):
                home.plug(f"thing{number}", 30 + number)
                Pings(home, f"thing{number}", f"{NETWORK}.1", every_s=1.0)
            Pings(home, "tv", f"{NETWORK}.30", every_s=0.2)
            tap, bare_s = Tap(home, "tv"), floor(home)
            hub = Hub(home)
            hub.until(lambda told: len(told["things"]) > THINGS)
            runs = []
            for number in range(warm):
                address = fresh(home, number)
                runs.append(attack(home, hub, tap, address))
                hub.ask("fine", address)
            hub.end()
            tell("warm", runs, bare_s)
            runs = []
            for number in range(warm, warm + cold):
                address = fresh(home, number)
                home.run("home", "nft", "flush ruleset")
                hub = Hub(home, Path(folder) / f"cold{number}")
                runs.append(attack(home, hub, tap, address))
                hub.end()
            if runs:
                tell("cold", runs, bare_s)
        finally:
            home.end()


if __name__ == "__main__":
    main(*(int(word) for word in (*sys.argv[1:], "100", "20")[:2]))
