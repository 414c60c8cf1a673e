"""What a judgement costs: against the bare signatures below it and OpenSSL's full path beside it.

    python bench/bench_trust.py [--write]

All times are CPU time of this process, in one run, the contestants taking turns; with --write the table
goes into docs/performance.md under "Trust".
"""

from __future__ import annotations

import asyncio
import random
import statistics
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

ROOT = Path(__file__).parent.parent
sys.path[:0] = [str(ROOT / "src"), str(ROOT / "tests")]

from cryptography import x509  # noqa: E402

from conformance.openssl import LIBRARY, Judge  # noqa: E402 - the path is set above
from omamori.adapters.path_engine import HankoEngine  # noqa: E402
from omamori.adapters.transport import Answerer, Bearer, call  # noqa: E402
from omamori.documents.bundle import read_bundle  # noqa: E402
from omamori.documents.certificate import read_device_certificate  # noqa: E402
from omamori.documents.sealed import verify_der  # noqa: E402
from omamori.documents.statement import read_statement  # noqa: E402
from omamori.documents.status import status_list, write_status_token  # noqa: E402
from omamori.trust import standing, word  # noqa: E402
from omamori.trust.book import Book  # noqa: E402
from omamori.trust.standing import Credentials, Proof, judge  # noqa: E402
from omamori.trust.table import Table, build_table  # noqa: E402
from trust.industries import NOW, Industry, Thing, der, key_id  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Callable

MAP = {5: 4, 4: 3, 3: 3, 2: 1}
THINGS, TURNS, MEETINGS = 200, 7, 200
Met = tuple[Credentials, Proof]
STRANGERS = (
    "A stranger costs more than a thing met before because its certificate and statement are parsed, its "
    "point is put on the curve and its key is used for the first time; the judgement itself is the same."
)


def things(industry: Industry, count: int, **says: object) -> tuple[list[Thing], list[Met]]:
    made = [industry.thing(4, f"t{at}") for at in range(count)]
    return made, [(thing.credentials(**says), thing.proof()) for thing in made]


def turns(contestants: dict[str, Callable[[], None]], count: int) -> dict[str, float]:
    """Median microseconds of CPU a decision, each contestant once a turn."""
    taken: dict[str, list[float]] = {name: [] for name in contestants}
    for _ in range(TURNS):
        for name, run in contestants.items():
            start = time.process_time()
            run()
            taken[name].append((time.process_time() - start) / count * 1e6)
    return {name: statistics.median(times) for name, times in taken.items()}


def decisions(book: Book, met: list[Met]) -> Callable[[], None]:
    def run() -> None:
        for credentials, proof in met:
            assert judge(credentials, proof, book, NOW).effective is not None

    return run


def forget() -> None:
    """Let every thing be a stranger again."""
    standing._certificate.cache_clear()  # noqa: SLF001 - the very thing that is measured
    word._statement.cache_clear()  # noqa: SLF001


def floor(industry: Industry, made: list[Thing], met: list[Met]) -> Callable[[], None]:
    """Nothing but the three verifications that no verifier can do without, all parsed before."""
    issuing, registry = industry.issuing_key.public_key(), industry.registry_key.public_key()
    parsed = []
    for thing, (credentials, proof) in zip(made, met, strict=True):
        leaf = read_device_certificate(credentials.certificate)
        seal = read_statement(credentials.statement).sealed
        parsed.append((leaf, seal, thing.key.public_key(), proof))

    def run() -> None:
        for leaf, seal, key, proof in parsed:
            assert verify_der(issuing, leaf.signature, leaf.signed)
            assert seal.verify(registry)
            assert verify_der(key, proof.signature, proof.transcript)

    return run


def openssl(own: Industry, other: Industry, cross: bytes, met: list[Met]) -> Callable[[], None]:
    """OpenSSL's whole path with lists and policies, then the same two signatures above it."""
    peer = Judge(der(own.root), [cross, other.issuing_der], [*own.crls(), *other.crls()])
    registry = other.registry_key.public_key()
    oids = [level.oid for level in own.ladder.levels()]

    def run() -> None:
        for credentials, proof in met:
            leaf = peer.certificate(credentials.certificate)
            assert not peer.verdict(leaf, oids, NOW)
            peer.free(leaf)
            assert read_statement(credentials.statement).sealed.verify(registry)
            key = read_device_certificate(credentials.certificate).key
            assert verify_der(key, proof.signature, proof.transcript)

    return run


def openssl_path(
    own: Industry, other: Industry, cross: bytes, met: list[Met]
) -> Callable[[], None]:
    """Only OpenSSL's path: no statement, no proof, no parsing by us."""
    peer = Judge(der(own.root), [cross, other.issuing_der], [*own.crls(), *other.crls()])
    oids = [level.oid for level in own.ladder.levels()]

    def run() -> None:
        for credentials, _ in met:
            leaf = peer.certificate(credentials.certificate)
            assert not peer.verdict(leaf, oids, NOW)
            peer.free(leaf)

    return run


def one_sided() -> list[str]:
    energy, health = Industry("energy"), Industry("health")
    energy.recognise(health, MAP)
    book = energy.book()
    made, met = things(health, THINGS)
    decide = decisions(book, met)
    decide()

    def strangers() -> None:
        forget()
        decide()

    contestants = {
        "floor: three P-256 verifications": floor(health, made, met),
        "decision, thing known": decide,
        "decision, thing never seen": strangers,
    }
    if LIBRARY is not None:
        cross = energy.known[0].paths[0][0]
        contestants["OpenSSL's path alone"] = openssl_path(energy, health, cross, met)
        contestants["OpenSSL's path, statement, proof"] = openssl(energy, health, cross, met)
    found = turns(contestants, THINGS)
    bare = found["floor: three P-256 verifications"]
    rows = ["| one side | µs CPU | per second | of the floor |", "|---|--:|--:|--:|"]
    rows += [f"| {n} | {t:.0f} | {1e6 / t:,.0f} | {bare / t:.2f} |" for n, t in found.items()]
    path = found.get("OpenSSL's path alone")
    if path:
        known, new = found["decision, thing known"], found["decision, thing never seen"]
        whole = found["OpenSSL's path, statement, proof"]
        rows += ["", ""]
        rows[-1] = (
            f"Against OpenSSL doing the same whole work: known thing {whole / known:.1f} ×, never seen "
            f"{whole / new:.1f} ×; against its path alone {path / known:.1f} × and {path / new:.1f} ×."
        )
    return rows


def cold_table() -> str:
    energy, health = Industry("energy"), Industry("health")
    path = (energy.cross(health, MAP), health.issuing_der)
    lists = [*energy.crls(), *health.crls()]
    engine, anchor, times = HankoEngine(), der(energy.root), []
    for _ in range(30):
        start = time.process_time()
        made = build_table(anchor, energy.ladder, [path], lists, engine, NOW)
        times.append((time.process_time() - start) * 1e3)
        assert isinstance(made, Table)
    return f"Cold table of one industry, one path: {statistics.median(times):.1f} ms CPU (median of 30)."


def meetings() -> str:
    energy, health = Industry("energy"), Industry("health")
    energy.recognise(health, MAP)
    health.recognise(energy, MAP)

    def bearer(industry: Industry) -> Bearer:
        thing = industry.thing(4)
        shown = thing.credentials()
        certificate = x509.load_der_x509_certificate(thing.certificate)
        return Bearer(certificate, thing.key, lambda: shown, industry.book(), lambda: NOW)

    async def run() -> tuple[list[float], float]:
        caller, times = bearer(energy), []
        async with Answerer(bearer(health), lambda _: None) as answerer:
            for _ in range(10):
                await call("127.0.0.1", answerer.port, caller, "share-energy")
            cpu = time.process_time()
            for _ in range(MEETINGS):
                start = time.perf_counter()
                outcome = await call("127.0.0.1", answerer.port, caller, "share-energy")
                times.append((time.perf_counter() - start) * 1e3)
                assert outcome.answer == "allow"
            return sorted(times), (time.process_time() - cpu) / MEETINGS * 1e3

    times, cpu_ms = asyncio.run(run())
    p50, p99 = times[len(times) // 2], times[int(len(times) * 0.99)]
    return (
        f"A whole mutual meeting over loopback TLS 1.3, both sides in this one process: p50 {p50:.1f} ms, "
        f"p99 {p99:.1f} ms of wall clock; {cpu_ms:.1f} ms CPU for both sides together."
    )


def known_authorities() -> list[str]:
    rows = ["| known authorities | µs CPU a decision |", "|--:|--:|"]
    energy = Industry("energy")
    others: list[Industry] = []
    contestants: dict[str, Callable[[], None]] = {}
    for count in (1, 10, 100, 1000):
        while len(others) < count:
            others.append(Industry(f"industry{len(others)}"))
            energy.recognise(others[-1], MAP)
        book = energy.book()
        every = max(1, count // 10)
        met = [
            each for one in others[::every][:10] for each in things(one, 100 // min(count, 10))[1]
        ]
        decisions(book, met)()
        contestants[f"{count:,}"] = decisions(book, met)
    rows += [f"| {name} | {us:.0f} |" for name, us in turns(contestants, 100).items()]
    return rows


def status_of_a_million() -> list[str]:
    rows = ["| devices on the status list | µs CPU a decision |", "|--:|--:|"]
    contestants: dict[str, Callable[[], None]] = {}
    for size in (1_000, 1_000_000):
        energy, health = Industry("energy"), Industry("health")
        gone = dict.fromkeys(random.Random(7).sample(range(size - 1), size // 97), 1)  # noqa: S311 - a fixed draw
        token = write_status_token(
            status_list(2, gone, size), health.status_url, int(NOW) - 10, int(NOW) + 3600, 300,
            health.registry_key, key_id(health.registry_key),
        )  # fmt: skip
        health.status_token = lambda token=token: token  # type: ignore[method-assign, misc]
        energy.recognise(health, MAP)
        book = Book(der(energy.root), HankoEngine())
        book.load(read_bundle(energy.bundle()), NOW)
        _, met = things(health, 100, status_index=size - 1, status_url=health.status_url)
        assert (size - 1) not in gone
        decisions(book, met)()
        contestants[f"{size:,} ({len(token) / 1024:.0f} KB)"] = decisions(book, met)
    rows += [f"| {name} | {us:.0f} |" for name, us in turns(contestants, 100).items()]
    return rows


def write(text: str) -> None:
    """Put `text` under the heading "Trust" of docs/performance.md, leaving all else as it is."""
    path = ROOT / "docs" / "performance.md"
    whole = path.read_text(encoding="utf-8") if path.exists() else "# Performance\n"
    before, _, after = whole.partition("## Trust\n")
    rest = after.partition("\n## ")
    kept = f"\n## {rest[2]}" if rest[2] else ""
    path.write_text(f"{before.rstrip()}\n\n## Trust\n\n{text}\n{kept}", encoding="utf-8")


def main() -> None:
    intro = (
        "Measured by `bench/bench_trust.py` on a shared two-core machine: CPU time of one process, medians, "
        "the contestants taking turns in one run. Ratios travel; absolute numbers do not."
    )
    parts = [
        intro,
        *["\n".join(one_sided()), STRANGERS, cold_table(), meetings()],
        *["\n".join(known_authorities()), "\n".join(status_of_a_million())],
    ]
    text = "\n\n".join(parts)
    print(text)
    if "--write" in sys.argv[1:]:
        write(text)


if __name__ == "__main__":
    main()
