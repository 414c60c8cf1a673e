"""HomeBroker: keeps a broker told of the home while there is one, and takes wishes from it."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING

import aiomqtt
import structlog

from omamori.adapters.home_broker.entities import OFFLINE, ONLINE, Announcer
from omamori.adapters.home_broker.shown import BrokerError
from omamori.adapters.home_broker.telling import Telling
from omamori.adapters.home_broker.topics import Topics, read_entities
from omamori.adapters.home_broker.way import comes_too_long, connect, is_misunderstood, trouble_of
from omamori.adapters.home_broker.wishes import Wishes
from omamori.documents.reason import Reason, RefusedError

if TYPE_CHECKING:
    from collections.abc import Callable

    from omamori.adapters.home_broker.shown import Answer, BrokerHome
    from omamori.adapters.home_broker.way import Way

RETRY_S_MIN, RETRY_S_MAX = 2.0, 120.0
STEADY_S = 60.0
"""A connection that held so long was a good one: the next trouble is waited for only shortly. As
long after it is made, what the broker still keeps of things that are gone is cleared."""
LOOK_EVERY_S = 5.0
CALM_S = 0.2  # changes of the home within this time are told together
LEARN_S = 1.0  # a broker sends what it kept at once when asked (MQTT 3.1.1, 3.3.1.3)
LEAVE_S = 2.0
GUARD_S = 0.1  # in which a network of 1 Gbit/s brings 12 MB
ERROR_CHARACTERS_MAX = 200

_log = structlog.get_logger(__name__)


class HomeBroker:
    """One broker of one home; `run` returns only when it is cancelled.

    Attributes:
        trouble: why the broker is not told of the home now; None while it is.
        ignored: messages that were no wish, by why: a flood shows here.
    """

    def __init__(
        self,
        home: BrokerHome,
        way: Way,
        hub: str,
        clock: Callable[[], float],
        version: str = "",
    ) -> None:
        """`hub` is the name of this hub on the broker: the same after each start."""
        self.topics = Topics(hub)
        self.home = home
        self.way = way
        self.clock = clock
        self.trouble: Reason | None = Reason("broker.not-reached")
        self._announcer = Announcer(self.topics, home, version)
        self._telling = Telling(self._announcer, home)
        self._wishes = Wishes(self.topics, home, clock, self._answered)
        self._look = asyncio.Event()
        self._is_old = False

    @property
    def ignored(self) -> dict[str, int]:
        """Messages that were no wish, by why."""
        return dict(self._wishes.ignored)

    def changed(self) -> None:
        """Something of the home changed: it is told soon."""
        self._look.set()

    async def run(self) -> None:
        """Connect, tell and listen; again and again, with longer and longer waits."""
        wait_s = RETRY_S_MIN
        while True:
            began = asyncio.get_running_loop().time()
            try:
                await self._connected()
            except Exception as error:  # noqa: BLE001 - whatever a broker does, the home goes on
                self._lost(error)
            if (task := asyncio.current_task()) is not None and task.cancelling():
                return  # the client may swallow a cancel while it connects (`asyncio.wait_for`)
            if asyncio.get_running_loop().time() - began > STEADY_S:
                wait_s = RETRY_S_MIN
            await asyncio.sleep(wait_s)
            wait_s = min(wait_s * 2, RETRY_S_MAX)

    def _lost(self, error: Exception) -> None:
        before = self.trouble
        self.trouble = error.reason if isinstance(error, RefusedError) else trouble_of(error)
        is_theirs = isinstance(error, (aiomqtt.MqttError, OSError, RefusedError))
        if self.trouble != before or not is_theirs:
            told = str(error)[:ERROR_CHARACTERS_MAX]
            _log.warning("broker.lost", why=str(self.trouble), error=told, exc_info=not is_theirs)
        if before is not None and is_misunderstood(error):
            self._is_old = not self._is_old

    async def _connected(self) -> None:
        async with connect(self.way, self.topics, is_old=self._is_old) as client:
            self._telling.begin()
            self._look.set()
            ways = [
                asyncio.create_task(self._listen(client)),
                asyncio.create_task(self._tell(client)),
                asyncio.create_task(self._guard(client)),
            ]
            try:
                done, _ = await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
                for way in done:
                    way.result()
            finally:
                for way in ways:
                    way.cancel()
                await asyncio.gather(*ways, return_exceptions=True)
                await self._leave(client)

    async def _leave(self, client: aiomqtt.Client) -> None:
        """Who hangs up politely leaves no last will: say it ourselves (MQTT 3.1.1, 3.14)."""
        with suppress(aiomqtt.MqttError, TimeoutError):
            async with asyncio.timeout(LEAVE_S):
                await client.publish(self.topics.status, OFFLINE, qos=1, retain=True)

    async def _guard(self, client: aiomqtt.Client) -> None:
        """Hang up on a broker that says more at once than any honest one would."""
        while not comes_too_long(client):  # noqa: ASYNC110 - nobody tells of it
            await asyncio.sleep(GUARD_S)
        raise BrokerError("broker.flooding")

    # What is heard.

    async def _listen(self, client: aiomqtt.Client) -> None:
        async for message in client.messages:
            topic, payload = str(message.topic), message.payload
            octets = payload if isinstance(payload, bytes) else b""
            slug = self.topics.told_of(topic)
            if slug is not None:
                if message.retain:
                    self._telling.kept_there(slug, read_entities(octets))
            else:
                self._wishes.heard(topic, octets, is_kept=message.retain)

    def _answered(self, answer: Answer) -> None:
        self._telling.answered(answer)
        self._look.set()

    # What is told.

    async def _tell(self, client: aiomqtt.Client) -> None:
        await client.subscribe(self.topics.known, qos=0)
        await asyncio.sleep(LEARN_S)
        await client.unsubscribe(self.topics.known)
        await client.subscribe(self.topics.commands, qos=0)
        await client.publish(self.topics.status, ONLINE, qos=1, retain=True)
        self.trouble = None
        loop = asyncio.get_running_loop()
        settled_at = loop.time() + STEADY_S
        while True:
            self._look.clear()
            things = self.home.things()
            self._wishes.know(things)
            is_settled = loop.time() >= settled_at
            for topic, payload, is_kept in self._telling.messages(things, is_settled=is_settled):
                await client.publish(topic, payload, qos=1, retain=is_kept)
            await asyncio.sleep(CALM_S)
            with suppress(TimeoutError):
                async with asyncio.timeout(LOOK_EVERY_S):
                    await self._look.wait()

    async def farewell(self) -> None:
        """Take everything back from the broker: the family does not want it any more."""
        async with connect(self.way, self.topics, is_old=self._is_old) as client:
            for topic in self._telling.everything():
                await client.publish(topic, b"", qos=1, retain=True)
