"""The service door: where certified things and services meet this hub and ask things of the home.

Who asks is who the meeting proved; it is judged again at every request, so that a level that falls is
felt at the next word, and not only when somebody meets anew.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import TYPE_CHECKING, Protocol

import structlog

from omamori.adapters.channel import TransportError
from omamori.adapters.transport import Answerer
from omamori.documents.request import (
    REQUEST_BYTES_MAX,
    Answer,
    Request,
    RequestError,
    read_asked,
    write_answer,
)
from omamori.hub.commanding.command import MEETING, SERVICE, Command, Origin
from omamori.hub.commanding.pace import Bucket
from omamori.trust.standing import Standing, judge

if TYPE_CHECKING:
    from collections.abc import Callable

    from omamori.adapters.transport import Bearer, Session
    from omamori.documents.reason import RefusedError
    from omamori.hub.commanding.command import Outcome
    from omamori.trust.meeting import Outcome as Met

IDLE_S = 300.0
VISITS_PER_PEER_MAX = 2  # of `transport.MEETINGS_MAX`; nobody keeps the others out
ANSWERS_WAITING_MAX = 256
WISHES_PER_MIN, WISHES_AT_ONCE = 120.0, 60.0
"""What one visit may say: twice what the arbiter lets an origin ask (`hub.commanding.pace`), so that
it still answers who is too fast. Who says more is not read any faster: each word costs a judgement."""
PAUSE_S = 60.0 / WISHES_PER_MIN


class Asked(Protocol):
    """What a home does with a visitor's wishes."""

    def met(
        self, origin: Origin, judge: Callable[[float], Standing], met_at: float, address: str
    ) -> None:
        """Know who is asking and from where, since when, and how to judge it at any time."""
        ...

    def ask(self, command: Command, tell: Callable[[Outcome], None]) -> None:
        """Take in a command; `tell` hears every change of its state, the first at once."""
        ...

    def withdraw(self, command_id: str, origin: Origin) -> None:
        """Take a command back, if it is this origin's."""
        ...


class ServiceDoor:
    """Answers meetings, and turns requests into commands of `asked`.

    Attributes:
        port: where it listens; 0 while it does not.
    """

    def __init__(self, bearer: Bearer, asked: Asked) -> None:
        self._bearer = bearer
        self._asked = asked
        self._visits: Counter[str] = Counter()
        self._answering = Answerer(bearer, self._told, stay=self._stay)

    @property
    def port(self) -> int:
        """Where it listens; 0 while it does not."""
        return self._answering.port

    async def open(self, host: str, port: int) -> None:
        """Begin to listen; raises OSError when the port is taken."""
        await self._answering.open(host, port)

    async def close(self) -> None:
        """End every visit."""
        await self._answering.close()

    def _told(self, result: Met | RefusedError) -> None:
        reason = getattr(result, "reason", None)
        structlog.get_logger().info(
            "door.meeting", answer=getattr(result, "answer", ""), reason=str(reason or "")
        )

    async def _stay(self, session: Session) -> None:
        who = session.outcome.standing.uri
        if self._visits[who] >= VISITS_PER_PEER_MAX:
            return
        self._visits[who] += 1
        try:
            await _Visit(session, self._bearer, self._asked).run()
        except (TransportError, RequestError) as error:
            structlog.get_logger().info("door.visit-ended", who=who, reason=str(error.reason))
        finally:
            self._visits[who] -= 1
            if not self._visits[who]:
                del self._visits[who]


class _Visit:
    """One peer's stay: its requests in, their answers out, also those that come much later."""

    def __init__(self, session: Session, bearer: Bearer, asked: Asked) -> None:
        self._session = session
        self._bearer = bearer
        self._asked = asked
        self._answers: asyncio.Queue[Answer] = asyncio.Queue(ANSWERS_WAITING_MAX)
        self._origin = _origin(session.outcome)
        self._pace = Bucket()
        self._met_at = bearer.clock()

    async def run(self) -> None:
        """Until either way is broken; raises what broke it."""
        ways = {asyncio.create_task(self._send()), asyncio.create_task(self._receive())}
        try:
            done, _ = await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
            await done.pop()
        finally:
            for way in ways:
                way.cancel()
            await asyncio.gather(*ways, return_exceptions=True)

    async def _send(self) -> None:
        while True:
            await self._session.send(write_answer(await self._answers.get()))

    async def _receive(self) -> None:
        clock = asyncio.get_running_loop().time
        while True:
            if not self._pace.take(WISHES_PER_MIN, WISHES_AT_ONCE, clock()):
                await asyncio.sleep(PAUSE_S)
            octets = await self._session.receive(REQUEST_BYTES_MAX, IDLE_S)
            asked = read_asked(octets)
            self._asked.met(self._origin, self._judge, self._met_at, self._session.address)
            if isinstance(asked, Request):
                self._asked.ask(self._command(asked), self._answer_to(asked.seq))
            else:
                self._asked.withdraw(self._id(asked.seq), self._origin)

    def _judge(self, now: float) -> Standing:
        bearer = self._bearer
        return judge(self._session.outcome.peer, None, bearer.book, now, bearer.caps)

    def _id(self, seq: int) -> str:
        return f"{self._origin.who}#{seq}"

    def _command(self, asked: Request) -> Command:
        return Command(
            id=self._id(asked.seq),
            origin=self._origin,
            target=asked.target,
            point=asked.point,
            value=asked.value,
            slot=asked.slot,
            at=asked.at,
            lease_s=asked.lease_s,
            purpose=self._session.outcome.purpose,
            seq=asked.seq,
        )

    def _answer_to(self, seq: int) -> Callable[[Outcome], None]:
        def tell(outcome: Outcome) -> None:
            try:
                self._answers.put_nowait(Answer(seq, outcome.state, outcome.reasons))
            except asyncio.QueueFull:
                return  # who does not listen misses what it did not hear; the record has it

        return tell


def _origin(met: Met) -> Origin:
    standing = met.standing
    return Origin(standing.uri, SERVICE, MEETING, standing.industry, standing.uri)
