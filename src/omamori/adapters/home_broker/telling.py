"""Telling: which messages a broker must still get, so that it shows the home as it is."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from omamori.adapters.home_broker.entities import EVENTS, Announcer, Device
from omamori.adapters.home_broker.topics import KEYS_MAX, slug_of
from omamori.hub.commanding.command import DONE, SENT

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from omamori.adapters.home_broker.shown import Answer, BrokerHome, ThingShown

THINGS_MAX = 1024
"""Things announced; a home with more sees the first ones, and a broker that makes names up fills
no more memory than this."""
EVENTS_MAX = 256  # that wait to be told; the oldest are let go

PARTS = ("state", "why", "entities")

Message = tuple[str, bytes, bool]
"""Topic, payload, and whether the broker keeps it."""


class Telling:
    """What one broker was told in this connection, and what it must be told now."""

    def __init__(self, announcer: Announcer, home: BrokerHome) -> None:
        self._announcer = announcer
        self._topics = announcer.topics
        self._home = home
        self._told: dict[str, int] = {}
        self._shown: dict[str, ThingShown] = {}  # as it was told; what is the same is not made anew
        self._there: dict[str, dict[str, str]] = {}
        self._slugs: set[str] = set()
        self._answers: dict[str, dict[str, Answer]] = {}
        self._events: deque[Message] = deque(maxlen=EVENTS_MAX)
        self._before: dict[str, tuple[str, bool]] = {}
        self._said = ""

    def begin(self) -> None:
        """A new connection: nothing is known of what the broker still has."""
        self._told.clear()
        self._shown.clear()
        self._there.clear()

    def kept_there(self, slug: str, entities: dict[str, str]) -> None:
        """The broker still announces these entities of a thing."""
        if slug in self._there or len(self._there) < THINGS_MAX:
            self._there[slug] = entities

    def answered(self, answer: Answer) -> None:
        """Something became of a wish: the true state is told again, with the reason."""
        slug = slug_of(answer.thing)
        self._shown.pop(slug, None)
        answers = self._answers.setdefault(slug, {})
        if answer.point in answers or len(answers) < KEYS_MAX:
            answers.pop(answer.point, None)  # the newest stands last
            answers[answer.point] = answer
        if answer.state not in {SENT, DONE}:
            self._told.pop(self._topics.of(slug, "state"), None)  # whatever is shown there: undo it
            self._say(answer.reason)
        if answer.state in EVENTS:
            self._event(slug, answer.state, answer.reason, answer.point)

    def messages(self, things: Sequence[ThingShown], *, is_settled: bool) -> Iterator[Message]:
        """All that the broker must still get; `is_settled`: what it keeps beside that is old."""
        here = {slug_of(thing.id): thing for thing in things[:THINGS_MAX]}
        yield from self._device(self._announcer.hub(), {})
        for slug, thing in here.items():
            if self._shown.get(slug) != thing:
                self._shown[slug] = thing
                yield from self._thing(slug, thing)
        yield from self._fresh(self._topics.of("", "state"), self._announcer.hub_state(self._said))
        yield from self._gone(set(here), is_settled=is_settled)
        self._slugs = set(here)
        while self._events:
            yield self._events.popleft()

    def _thing(self, slug: str, thing: ThingShown) -> Iterator[Message]:
        self._noticed(slug, thing)
        yield from self._fresh(self._topics.of(slug, "state"), self._announcer.state(thing))
        answers = self._answers.get(slug, {}).values()
        yield from self._fresh(self._topics.of(slug, "why"), self._announcer.why(thing, answers))
        yield from self._device(self._announcer.device(thing), self._there.get(slug, {}))

    def everything(self) -> list[str]:
        """Every topic where the broker keeps something of ours."""
        topics = [self._topics.config(""), self._topics.of("", "state"), self._topics.status]
        topics.append(self._topics.of("", "entities"))
        for slug in sorted(self._slugs | set(self._there)):
            topics += self._all_of(slug)
        return topics

    def _device(self, device: Device, before: dict[str, str]) -> Iterator[Message]:
        """Announce it; what it had before and has no more is taken away first."""
        now = {key: str(config["platform"]) for key, config in device.entities.items()}
        gone = {key: platform for key, platform in before.items() if now.get(key) != platform}
        topic = self._topics.config(device.slug)
        if gone:
            # Of one key only one thing can be said: first that it is gone, then what it is now.
            kept = {key: one for key, one in device.entities.items() if key not in gone}
            fewer = Device(device.slug, device.about, kept)
            yield topic, self._announcer.config(fewer, gone), True
            self._told.pop(topic, None)
        yield from self._fresh(topic, self._announcer.config(device, {}))
        names = ",".join(f'"{key}":"{platform}"' for key, platform in now.items())
        if device.slug:
            yield from self._fresh(
                self._topics.of(device.slug, "entities"), f"{{{names}}}".encode()
            )
            self._there[device.slug] = now

    def _fresh(self, topic: str, payload: bytes) -> Iterator[Message]:
        mark = hash(payload)
        if self._told.get(topic) != mark:
            self._told[topic] = mark
            yield topic, payload, True

    def _gone(self, here: set[str], *, is_settled: bool) -> Iterator[Message]:
        """Clear what the broker keeps of things that are not there any more."""
        for slug in set(self._answers) - here:  # it may answer when it is gone
            del self._answers[slug]
        left = (self._slugs | (set(self._there) if is_settled else set())) - here
        for slug in sorted(left):
            for topic in self._all_of(slug):
                self._told.pop(topic, None)
                yield topic, b"", True
            self._there.pop(slug, None)
            self._before.pop(slug, None)
            self._shown.pop(slug, None)

    def _all_of(self, slug: str) -> Iterable[str]:
        return [self._topics.config(slug), *(self._topics.of(slug, part) for part in PARTS)]

    def _noticed(self, slug: str, thing: ThingShown) -> None:
        """What happened to it since it was last looked at."""
        now = (thing.alert, thing.is_cut)
        alert, is_cut = self._before.get(slug, (thing.alert, thing.is_cut))
        self._before[slug] = now
        if thing.alert != alert:
            self._event(slug, "alert" if thing.alert else "over", thing.alert or alert)
            if thing.alert:
                self._say(thing.alert)
        if thing.is_cut != is_cut:
            self._event(slug, "cut" if thing.is_cut else "let-in", "")

    def _event(self, slug: str, what: str, reason: str, point: str = "") -> None:
        payload = self._announcer.event(what, reason, point)
        self._events.append((self._topics.of(slug, "event"), payload, False))

    def _say(self, sentence: str) -> None:
        if sentence:
            self._said = sentence
