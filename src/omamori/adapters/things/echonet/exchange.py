"""One question to one ECHONET Lite object and its answer, over the shared port; bounded.

There is no authentication in ECHONET Lite.  What can be checked is: the answer comes from the address
asked, from the object asked, to our object, with the number of the question, which nobody can guess,
and it speaks of what was asked.  All else is not an answer, and late is not either.
"""

from __future__ import annotations

import asyncio
import secrets
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from omamori.adapters.protocols import echonet
from omamori.adapters.protocols.echonet import Esv, Frame, Property
from omamori.adapters.things.driver import DriverError

if TYPE_CHECKING:
    from omamori.adapters.echonet_port import EchonetPort

NODES_MAX = 256  # spoken to at a time; a home has a tenth
WAITING_PER_NODE_MAX = 8  # small nodes answer one question at a time, and slowly
PROPERTIES_PER_QUESTION_MAX = 10  # small nodes have little room for an answer


class Patience(msgspec.Struct, frozen=True):
    """How long a node is waited for.

    Attributes:
        answer_s: for one answer; small nodes take a second or two.
        tries: how often the same is said; to set the same value twice does no harm.
        shown_s: the pauses before each look whether what was set is shown.
    """

    answer_s: float = 3.0
    tries: int = 2
    shown_s: tuple[float, ...] = (0.0, 0.5, 1.0, 2.0)


USUAL = Patience()


class _Question(NamedTuple):
    ip: str
    eoj: bytes
    answers: frozenset[Esv]
    epcs: tuple[int, ...]
    answer: asyncio.Future[Frame]


_ANSWERS = {
    Esv.GET: frozenset({Esv.GET_RES, Esv.GET_SNA}),
    Esv.SET_C: frozenset({Esv.SET_RES, Esv.SET_C_SNA}),
}


class Exchange:
    """Questions that wait for their answers; one at a time at each node."""

    def __init__(self, port: EchonetPort, patience: Patience) -> None:
        self.port = port
        self.patience = patience
        self._open: dict[int, _Question] = {}
        self._nodes: dict[str, asyncio.Lock] = {}
        self._waiting: dict[str, int] = {}

    def hear(self, ip: str, frame: Frame) -> None:
        """A frame came: perhaps an answer."""
        question = self._open.get(frame.tid)
        if (
            question is None
            or question.answer.done()
            or frame.deoj != echonet.CONTROLLER
            or (question.ip, question.eoj) != (ip, frame.seoj)
            or frame.esv not in question.answers
            or tuple(sorted(one.epc for one in frame.properties)) != question.epcs
        ):
            return
        question.answer.set_result(frame)

    async def get(self, ip: str, eoj: bytes, epcs: frozenset[int]) -> dict[int, bytes]:
        """Values by code; what the object does not give is left out.

        Raises:
            DriverError: no answer.
        """
        found: dict[int, bytes] = {}
        wanted = sorted(epcs)
        for at in range(0, len(wanted), PROPERTIES_PER_QUESTION_MAX):
            asked = tuple(Property(epc) for epc in wanted[at : at + PROPERTIES_PER_QUESTION_MAX])
            frame = await self._ask(ip, eoj, Esv.GET, asked)
            found.update({one.epc: one.edt for one in frame.properties if one.edt})
        return found

    async def set(self, ip: str, eoj: bytes, wanted: tuple[Property, ...]) -> frozenset[int]:
        """Set these in order; returns the codes that the object did not accept.

        Raises:
            DriverError: no answer.
        """
        frame = await self._ask(ip, eoj, Esv.SET_C, wanted)
        if frame.esv is Esv.SET_RES:
            return frozenset()
        # What was not accepted comes back with its value (Part II, 4.2.3.2).
        return frozenset(one.epc for one in frame.properties if one.edt) or frozenset(
            one.epc for one in wanted
        )

    async def _ask(self, ip: str, eoj: bytes, esv: Esv, wanted: tuple[Property, ...]) -> Frame:
        if self._waiting.get(ip, 0) >= WAITING_PER_NODE_MAX or (
            ip not in self._waiting and len(self._waiting) >= NODES_MAX
        ):
            raise DriverError("driving.busy")
        self._waiting[ip] = self._waiting.get(ip, 0) + 1
        lock = self._nodes.setdefault(ip, asyncio.Lock())
        try:
            async with lock:
                return await self._ask_until_answered(ip, eoj, esv, wanted)
        finally:
            self._waiting[ip] -= 1
            if not self._waiting[ip]:
                del self._waiting[ip], self._nodes[ip]

    async def _ask_until_answered(
        self, ip: str, eoj: bytes, esv: Esv, wanted: tuple[Property, ...]
    ) -> Frame:
        tid = secrets.randbelow(0x1_0000)
        while tid in self._open:
            tid = secrets.randbelow(0x1_0000)
        answer: asyncio.Future[Frame] = asyncio.get_running_loop().create_future()
        epcs = tuple(sorted(one.epc for one in wanted))  # some nodes answer in their own order
        self._open[tid] = _Question(ip, eoj, _ANSWERS[esv], epcs, answer)
        payload = echonet.encode(Frame(tid, echonet.CONTROLLER, eoj, esv, wanted))
        try:
            for _ in range(self.patience.tries):
                await self.port.send(payload, ip)
                await asyncio.wait((answer,), timeout=self.patience.answer_s)
                if answer.done():
                    return answer.result()
        except OSError:
            raise DriverError("driving.no-way") from None
        finally:
            del self._open[tid]
        raise DriverError("driving.no-answer")
