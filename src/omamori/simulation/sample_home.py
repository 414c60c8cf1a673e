"""SampleHome: a second home, alive in real time, whose meetings are real.

Five authorities answer on loopback over HTTPS; ten things enrol there, hold real keys and meet over
mutual TLS 1.3, each meeting on a port of its own. Nothing here decides: the things judge with `trust`, the hub keeps
the links with `hub.links`.
"""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from typing import TYPE_CHECKING

import structlog
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

from omamori.adapters.keys import KeyFolder, passphrase, private_folder, write_secret
from omamori.adapters.transport import Answerer, call
from omamori.authority.registry import Target
from omamori.documents.bundle import read_bundle
from omamori.documents.certificate import sha256
from omamori.documents.reason import Reason, RefusedError
from omamori.documents.statement import write_cwt
from omamori.hub.links import ENDED, Change, End, Links
from omamori.hub.vouch import word_for
from omamori.simulation.cast import (
    CAST,
    FAULTS,
    FIRST_LINKS,
    HUB,
    INDUSTRIES,
    SAVER,
    Role,
)
from omamori.simulation.faults import Office, stage
from omamori.simulation.offices import Offices
from omamori.simulation.player import Player
from omamori.simulation.telling import Meeting, entry_of_change, entry_of_level, entry_of_meeting
from omamori.trust.standing import judge
from omamori.trust.verdict import PURPOSES

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from omamori.ledger.entry import Entries
    from omamori.simulation.offices import Running
    from omamori.simulation.world import World
    from omamori.trust.book import Book
    from omamori.trust.meeting import Outcome
    from omamori.trust.standing import Caps

MEETINGS_KEPT_MAX = 100
MEETINGS_AT_ONCE_MAX = 4
TICK_S = 1.0
REJUDGE_S = 5.0
RESTATE_S = 600.0
"""A statement is renewed ten minutes before it runs out; one of health holds for an hour."""

VOUCH_S = 1200.0
RETRY_S = 1.0
CHANGES_WAIT_S = 20.0
OUTDATED = frozenset(
    {
        "standing.statement-withdrawn",
        "standing.statement-old",
        "standing.statement-replayed",
        "standing.no-statement",
    }
)


class SampleError(RefusedError):
    """A request to the sample home that makes no sense."""


class SampleHome:
    """The sample home; `open` brings it to life."""

    def __init__(
        self,
        folder: Path,
        world: World,
        serve: Callable[[Path, str, str], Awaitable[Running]],
        entries: Entries,
        caps: Caps,
        clock: Callable[[], float],
        changed: Callable[[], None],
    ) -> None:
        self.folder = folder
        self.world = world
        self.entries = entries
        self.caps = caps
        self.clock = clock
        self.players: dict[str, Player] = {}
        self.meetings: OrderedDict[str, Meeting] = OrderedDict()
        self.books: dict[str, Book] = {}
        self.changes: dict[str, Change] = {}
        self.links = Links(self.books, self._end_of, caps)
        self.offices = Offices(folder, serve, clock)
        self._changed = changed
        self._tasks: set[asyncio.Task[None]] = set()
        self._numbers = 0
        self._meeting_now = 0

    # Life.

    async def open(self) -> None:
        """Bring up authorities, things and first links; raises what any of them raises."""
        private_folder(self.folder)
        await self.offices.open()
        for one in INDUSTRIES:
            self.books[one.name] = self.fresh_book(one.name)
        for role in (HUB, SAVER, *(role for role in CAST if role.industry)):
            self.players[role.id] = await self._resident(role)
        for role in CAST:
            if not role.industry:
                self.players[role.id] = self._vouched(role)
        for one in INDUSTRIES:
            self._spawn(self._watch(one.name))
        self._spawn(self._tick())
        for a, b, purpose in FIRST_LINKS:
            await self._run(self._meeting(a, b, purpose, "nothing"))

    async def close(self) -> None:
        """End it all gracefully."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.offices.close()

    def _spawn(self, work: Awaitable[None]) -> None:
        task: asyncio.Task[None] = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            structlog.get_logger().error("sample.task-failed", exc_info=error)

    # Things.

    async def _resident(self, role: Role) -> Player:
        """A thing that lives here: its key and certificate outlast a restart."""
        folder = private_folder(self.folder / "things")
        keys = KeyFolder(folder, passphrase(folder))
        path = folder / f"{role.id}.der"
        if path.exists() and keys.path(role.id).exists():
            key, certificate = keys.load(role.id), path.read_bytes()
        else:
            keys.path(role.id).unlink(missing_ok=True)
            key = keys.create(role.id)
            certificate = await self.offices.certificate(role, key)
            write_secret(path, certificate)
        player = Player(role, role.industry, certificate, key, self.books[role.industry])
        await self.restate(player)
        return player

    async def enrol(self, role: Role) -> Player:
        """A new thing with a fresh certificate and statement, forgotten after its meeting."""
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = await self.offices.certificate(role, key)
        player = Player(role, role.industry, certificate, key, self.fresh_book(role.industry))
        await self.restate(player)
        return player

    async def restate(self, player: Player) -> None:
        """Fetch a thing's newest statement from its own authority."""
        client = self.offices.clients[player.industry]
        player.statement = await client.statement(player.certificate, player.key)

    def _vouched(self, role: Role) -> Player:
        """A thing for which the hub speaks, with the hub's own certificate."""
        hub = self.players[HUB.id]
        player = Player(role, hub.industry, hub.certificate, hub.key, hub.book)
        self._vouch(player)
        return player

    def _vouch(self, player: Player) -> None:
        hub, now = self.players[HUB.id], self.clock()
        word = word_for(
            player.role.id,
            "sure",
            ("vouch.known-to-family",),
            hub.book.ladder,
            sha256(hub.certificate),
            "https://hub.sample.example",
            self.caps.vouched,
            int(now),
            now,
        )
        identifier = x509.SubjectKeyIdentifier.from_public_key(hub.key.public_key()).digest
        player.statement = hub.statement
        player.vouch = write_cwt(word, hub.key, identifier) if word else b""

    def fresh_book(self, industry: str) -> Book:
        """A book of its own for somebody of `industry`."""
        return self.offices.fresh_book(industry)

    def office(self, industry: str) -> Office:
        """The authority of `industry`, as its own operator has it."""
        return self.offices.office(industry)

    def _end_of(self, thing: str) -> End | None:
        player = self.players.get(thing)
        return player.end() if player else None

    # News.

    async def _watch(self, industry: str) -> None:
        """Follow one authority by long poll; a change is fetched, judged and told at once."""
        log = structlog.get_logger()
        seq = 0
        while True:
            try:
                newest = await self.offices.clients[industry].changes(seq, CHANGES_WAIT_S)
                if newest != seq:
                    await self._refresh(industry)
                    seq = newest
            except (RefusedError, OSError) as error:
                log.warning("sample.news-failed", industry=industry, reason=str(error))
                await asyncio.sleep(RETRY_S)

    async def _refresh(self, industry: str) -> None:
        octets = await self.offices.clients[industry].bundle()
        self.books[industry].load(read_bundle(octets), self.clock())
        residents = [p for p in self.players.values() if p.role.industry == industry]
        asking = [player for player in residents if self._has_no_good_word(player)]
        for result in await asyncio.gather(
            *(self.restate(player) for player in asking), return_exceptions=True
        ):
            if isinstance(result, Exception):  # a revoked thing gets none; it must not stop others
                structlog.get_logger().warning("sample.no-statement", reason=str(result))
        self._vouch_again()
        self._judge_again()
        self._meet_again()

    def _meet_again(self) -> None:
        """Things that were refused at their first meeting try again when there is news."""
        ended = {(link.a, link.b, link.purpose) for link in self.links.all() if link.state == ENDED}
        for a, b, purpose in FIRST_LINKS:
            if (a, b, purpose) in ended and self._meeting_now < MEETINGS_AT_ONCE_MAX:
                self._spawn(self._run(self._meeting(a, b, purpose, "nothing")))

    def _has_no_good_word(self, player: Player) -> bool:
        """Whether a thing's own statement was withdrawn or grows old, as its industry sees it."""
        now = self.clock()
        standing = judge(player.credentials(), None, player.book, now, self.caps)
        keys = {reason.key for reason in standing.reasons}
        ageing = standing.valid_until - now < RESTATE_S
        return ageing or not keys.isdisjoint(OUTDATED)

    def _vouch_again(self) -> None:
        for player in self.players.values():
            if not player.role.industry:
                self._vouch(player)

    def _judge_again(self) -> None:
        changes = self.links.rejudge(self.clock())
        if changes:
            self.entries.append([entry_of_change(change) for change in changes])
            moved = [change for change in changes if change.before != change.link.state]
            for change in moved:
                self.changes[change.link.id] = change.told_after(self.changes.get(change.link.id))
        self._changed()

    async def _tick(self) -> None:
        restated = judged = vouched = self.clock()
        while True:
            await asyncio.sleep(TICK_S)
            now = self.clock()
            self.world.step(now)
            if now - judged > REJUDGE_S:
                judged = now
                self._judge_again()
            if now - vouched > VOUCH_S:
                vouched = now
                self._vouch_again()
            if now - restated > RESTATE_S:
                restated = now
                for industry in self.offices.clients:
                    await self._restated(industry)

    async def _restated(self, industry: str) -> None:
        try:
            await self._refresh(industry)
        except (RefusedError, OSError):
            return  # the next round tries again; statements decay by age meanwhile

    # Meetings.

    def begin(self, one: str, other: str, purpose: str, fault: str) -> str:
        """Begin a meeting; returns its id at once.

        Raises:
            SampleError: unknown things, purpose or fault, or too many meetings at once.
        """
        self._check(one, other, purpose, fault)
        meeting = self._meeting(one, other, purpose, fault)
        self._spawn(self._run(meeting))
        return meeting.id

    def _check(self, one: str, other: str, purpose: str, fault: str) -> None:
        if one == other:
            raise SampleError("sample.same-thing")
        for thing in (one, other):
            if thing not in self.players:
                raise SampleError("sample.no-such-thing", {"thing": thing[:40]})
        if purpose not in PURPOSES:
            raise SampleError("sample.no-such-purpose", {"purpose": purpose[:40]})
        if fault not in FAULTS:
            raise SampleError("sample.no-such-fault", {"fault": fault[:40]})
        if self._meeting_now >= MEETINGS_AT_ONCE_MAX:
            raise SampleError("meeting.too-many")

    def _meeting(self, one: str, other: str, purpose: str, fault: str) -> Meeting:
        self._numbers += 1
        caller, answerer = self.players[one], self.players[other]
        meeting = Meeting(
            f"m{int(self.clock())}-{self._numbers}", self.clock(), purpose, fault, caller, answerer
        )
        self.meetings[meeting.id] = meeting
        while len(self.meetings) > MEETINGS_KEPT_MAX:
            self.meetings.popitem(last=False)
        return meeting

    async def _run(self, meeting: Meeting) -> None:
        self._meeting_now += 1
        try:
            await self._meet(meeting)
        except RefusedError as error:
            meeting.trouble = error.reason
        except OSError:
            meeting.trouble = Reason("meeting.not-reached")
        finally:
            self._meeting_now -= 1
            self.entries.append([entry_of_meeting(meeting, self.clock())])
            self._changed()

    async def _meet(self, meeting: Meeting) -> None:
        """The real thing: two ends, one TLS 1.3 channel on loopback, two verdicts."""
        scene = await stage(meeting.fault, self, meeting.caller, meeting.answerer)
        meeting.caller, meeting.answerer = scene.caller, scene.answerer
        told: asyncio.Future[Outcome | RefusedError] = asyncio.get_running_loop().create_future()

        def tell(result: Outcome | RefusedError) -> None:
            if not told.done():
                told.set_result(result)

        begun = time.perf_counter()
        async with Answerer(scene.answerer.bearer(self.clock, self.caps), tell) as answerer:
            caller = scene.caller.bearer(scene.caller_clock, self.caps)
            meeting.by_caller = await call("127.0.0.1", answerer.port, caller, meeting.purpose)
            result = await told
        meeting.took_s = time.perf_counter() - begun
        if isinstance(result, RefusedError):
            raise result
        meeting.by_answerer = result
        if meeting.fault == "nothing":
            self._keep(meeting)

    def _keep(self, meeting: Meeting) -> None:
        a, b = meeting.caller.role.id, meeting.answerer.role.id
        change = self.links.met(f"{a}~{b}~{meeting.purpose}", a, b, meeting.purpose, self.clock())
        if change is not None:
            self.changes[change.link.id] = change
            self.entries.append([entry_of_change(change)])

    # The operator's act, as a visitor plays it.

    def set_level(self, industry: str, product: str, rung: int) -> None:
        """Lower or raise a product at its authority; raises RefusedError."""
        running = self.offices.running.get(industry)
        if running is None:
            raise SampleError("sample.no-such-industry", {"industry": industry[:40]})
        service, now = running.service, self.clock()
        found = {p.name: p for p in service.products()}.get(product)
        if found is None:
            raise SampleError("sample.no-such-product", {"product": product[:40]})
        before = found.rung
        if rung < before:
            service.lower(Target(product=product), rung, "unpatched", now)
        elif rung > before:
            service.raise_(Target(product=product), rung, now)
        self.entries.append([entry_of_level(industry, product, before, rung, now)])
