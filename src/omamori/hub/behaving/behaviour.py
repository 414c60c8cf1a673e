"""Behaviour: what each thing is expected to do, declared or learned, and when it departs from that."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import msgspec

from omamori.hub.behaving.declared import Fit, fit
from omamori.hub.behaving.deed import Deed, Peer, deed_of, role_of
from omamori.hub.behaving.departure import (
    MORE_OCTETS_MIN,
    PROVES_FRAMES,
    Purpose,
    about,
    departure,
    is_attempt,
    is_grave,
    is_more_than_ever,
    purpose_of,
)
from omamori.hub.behaving.habit import (
    DAY_S,
    HABITS_PER_THING_MAX,
    V4,
    V6,
    Habits,
    Kept,
    Key,
    pack,
    unpack,
)
from omamori.hub.crowded import relieve
from omamori.hub.finding import Fact, Finding
from omamori.hub.talking.traffic_count import moment, octets

if TYPE_CHECKING:
    from collections.abc import Iterable

    from omamori.documents.mud import MudFile
    from omamori.documents.reason import Value
    from omamori.hub.flow import Flow

THINGS_MAX = 1024  # as many as the inventory knows
HABITS_MAX = 16_384  # of all things
TRIES_MAX = 64  # of one thing: datagrams that may become talk
EVICT_SHARE = 16
FORGET_AFTER_S = 90 * DAY_S  # a thing not heard for so long begins anew
TOLD_AGAIN_S = DAY_S  # the same departure is told once a day
TOLD_PER_HOUR_MAX = 12  # of one thing: whoever departs everywhere is one trouble, not a hundred
HOUR_S = 3600.0


class Who(msgspec.Struct, frozen=True):
    """What the inventory knows of a thing: its kind, as far as that is sure, and its maker."""

    kind: str = "unknown"
    maker: str = ""


class Knows(Protocol):
    """Tells what a thing is."""

    def __call__(self, thing: str) -> Who:
        """The thing with this id."""
        ...


class _Profile:
    """One thing, as it is kept, and what is only of the hour."""

    __slots__ = ("declared", "habits", "hour", "is_changed", "told", "tries")

    def __init__(self, at: float) -> None:
        self.habits = Habits(at, at)
        self.declared: MudFile | None = None
        self.tries: dict[Key, int] = {}
        self.is_changed = True
        self.hour, self.told = 0, 0

    @property
    def holds_word(self) -> bool:
        """A person said something of it: gave its file, or called something fine."""
        return self.declared is not None or bool(self.habits.allowed)

    def rank(self) -> tuple[bool, bool, int, int, float]:
        """How much would be lost with it; a flood of made-up addresses stays at the bottom."""
        habits = self.habits
        hours = sum(habit.hours for habit in habits.known.values())
        return self.holds_word, habits.is_settled, len(habits.days), hours, habits.last_at


class Behaviour:
    """Learns what things do, holds it against their MUD files, and tells departures.

    Only what a thing here *sends* shows what it does: call `hear` for such flows, once each.

    Attributes:
        let_go: things dropped to keep memory bounded.
        undecided: deeds of which a MUD file could not tell whether it lets them.
    """

    def __init__(self, who: Knows = lambda thing: Who()) -> None:  # noqa: ARG005 - nobody knows
        self._who = who
        self._profiles: dict[str, _Profile] = {}
        self._gone: set[str] = set()
        self._habits = 0
        self.let_go = self.undecided = 0

    def hear(self, flow: Flow, thing: str, peer: Peer) -> Iterable[Finding]:
        """Take in a flow that ``thing`` sends to ``peer``."""
        if not thing or not flow.is_from_here:
            return []
        at = moment(flow.at)
        profile = self._profile(thing, at)
        habits = profile.habits
        profile.is_changed |= habits.heard(at)
        found = self._more(profile, thing, flow, peer, at) if peer.is_outside else []
        deed = deed_of(flow)
        if deed is None:
            return found
        role = role_of(deed, peer)
        key = (deed.way, role, deed.service)
        if profile.declared is not None:
            if peer.thing:  # access lists may ask who made it
                its = self.declared(peer.thing)
                peer = msgspec.structs.replace(
                    peer, maker=self._who(peer.thing).maker, mud_url=its.url if its else ""
                )
            verdict = fit(profile.declared, flow, deed, peer, self._who(thing).maker)
            if verdict is Fit.NO and is_grave(deed, peer):
                return [*found, *self._tell("behaviour.not-declared", thing, flow, deed, peer)]
            self.undecided += verdict is Fit.UNKNOWN
            if verdict is Fit.YES:
                self._remember(profile, key, at, flow, peer)
                return found
        habit = habits.repeat(key, at, peer.names, _family(flow))
        if habit is not None:
            profile.is_changed |= habit.times & (habit.times - 1) == 0
            if peer.is_outside:
                self._visit(profile, deed, peer, role, at)
            return found
        return [*found, *self._new(profile, thing, flow, deed, peer)]

    def declare(self, thing: str, mud: MudFile) -> None:
        """From now on the thing is held against this file; when one hears it, or now."""
        profile = self._profiles.get(thing) or self._profile(thing, 0.0)
        profile.declared, profile.is_changed = mud, True

    def undeclare(self, thing: str) -> None:
        """The thing has no file any more."""
        profile = self._profiles.get(thing)
        if profile is not None:
            profile.declared, profile.is_changed = None, True

    def declared(self, thing: str) -> MudFile | None:
        """The file that the thing is held against."""
        profile = self._profiles.get(thing)
        return profile.declared if profile else None

    def allow(self, thing: str, about_: str) -> None:
        """A person says that a departure (`Finding.about`) is fine; it is expected from now on."""
        profile = self._profiles.get(thing)
        if profile is not None:
            profile.habits.allow(about_)
            profile.is_changed = True

    def disallow(self, thing: str, about_: str) -> None:
        """The person takes that back: the next such departure is told."""
        profile = self._profiles.get(thing)
        if profile is not None:
            profile.habits.disallow(about_)
            profile.is_changed = True

    def doubt(self, thing: str, at: float) -> None:
        """Something bad was noticed of the thing: what began around then is not learned."""
        profile = self._profiles.get(thing)
        if profile is not None:
            self._habits -= profile.habits.doubt(at)
            profile.is_changed = True

    def habits(self, thing: str) -> Habits | None:
        """What is known of a thing; to be read only."""
        profile = self._profiles.get(thing)
        return profile.habits if profile else None

    def step(self, now: float) -> Iterable[Finding]:
        """Forget things that were not heard for a long time."""
        for thing, profile in list(self._profiles.items()):
            if 0 < profile.habits.last_at < now - FORGET_AFTER_S:
                self.forget(thing)
        return []

    def forget(self, thing: str) -> None:
        """Let a thing go, unless a person said something of it: no such word is lost."""
        profile = self._profiles.get(thing)
        if profile is not None and not profile.holds_word:
            self._drop(thing)

    def things(self) -> list[str]:
        """Ids of all of which something is known."""
        return list(self._profiles)

    def join(self, old: str, new: str) -> None:
        """Two ids turned out to be one thing: what was said of ``old`` is said of ``new``.

        What ``old`` was heard doing is ``new``'s where nothing is known of that yet.
        """
        gone = self._profiles.get(old)
        if gone is None or old == new:
            return
        self._drop(old)
        mine = self._profiles.get(new)
        if mine is None:
            self._profiles[new] = gone
            self._habits += len(gone.habits.known)
            self._gone.discard(new)
            gone.is_changed = True
            return
        mine.declared = mine.declared or gone.declared
        for about_ in gone.habits.allowed:
            mine.habits.allow(about_)
        for doubt in gone.habits.doubts:
            self._habits -= mine.habits.doubt(doubt)
        mine.is_changed = True

    def take_changes(self) -> Iterable[tuple[str, bytes | None]]:
        """What changed, by thing."""
        changes: list[tuple[str, bytes | None]] = [(thing, None) for thing in self._gone]
        self._gone.clear()
        for thing, profile in self._profiles.items():
            if profile.is_changed:
                profile.is_changed = False
                changes.append((thing, pack(Kept(profile.habits, profile.declared))))
        return changes

    def restore(self, kept: Iterable[tuple[str, bytes]], now: float) -> int:
        """Take in what was kept; how many pieces could not be read."""
        unread = 0
        for thing, value in kept:
            read = unpack(value)
            if read is None or len(self._profiles) >= THINGS_MAX:
                unread += 1
                continue
            profile = _Profile(min(read.habits.since, now))
            profile.habits, profile.declared = read.habits, read.declared
            profile.is_changed = False
            self._profiles[thing] = profile
            self._habits += len(read.habits.known)
        return unread

    def _new(
        self, profile: _Profile, thing: str, flow: Flow, deed: Deed, peer: Peer
    ) -> Iterable[Finding]:
        """It does something for the first time."""
        habits, at = profile.habits, moment(flow.at)
        role = role_of(deed, peer)
        key = (deed.way, role, deed.service)
        if is_attempt(flow, deed, peer):
            return []
        if not habits.is_settled:
            if not habits.is_doubted(at):
                self._learn(profile, key, at, flow, peer)
                self._visit(profile, deed, peer, role, at)
            return []
        if about(deed, role) in habits.allowed:
            return []
        flow = self._tried(profile, key, flow)
        purpose = purpose_of(self._who(thing).kind, habits)
        kind = departure(habits, purpose, flow, deed, peer, role)
        if kind:
            return self._tell(kind, thing, flow, deed, peer)
        if not deed.is_sure or habits.is_doubted(at) or self._is_open(habits, purpose, flow, peer):
            return []
        self._learn(profile, key, at, flow, peer)
        return []

    def _is_open(self, habits: Habits, purpose: Purpose, flow: Flow, peer: Peer) -> bool:
        """A few datagrams to a new country are neither news nor known until more follow."""
        return (
            peer.is_outside
            and purpose is not Purpose.MANY
            and flow.proto == "udp"
            and flow.frames < PROVES_FRAMES
            and peer.country not in habits.countries
        )

    def _tried(self, profile: _Profile, key: Key, flow: Flow) -> Flow:
        """The flow with the frames that were told before, as far as they are remembered."""
        frames = profile.tries.pop(key, 0) + max(flow.frames, 0)
        profile.tries[key] = frames
        if len(profile.tries) > TRIES_MAX:
            del profile.tries[next(iter(profile.tries))]
        return msgspec.structs.replace(flow, frames=frames)

    def _tell(self, kind: str, thing: str, flow: Flow, deed: Deed, peer: Peer) -> Iterable[Finding]:
        profile, at = self._profiles[thing], moment(flow.at)
        role = role_of(deed, peer)
        subject = f"country {peer.country}" if kind.endswith("new-country") else about(deed, role)
        habits = profile.habits
        if subject in habits.allowed or not self._may_tell(profile, at):
            return []
        if habits.has_told(f"{kind} {subject}", at, TOLD_AGAIN_S):
            return []
        profile.told += 1
        profile.is_changed = True
        params: dict[str, Value] = {
            "place": peer.names[0] if peer.names else peer.thing or flow.target,
            "service": flow.proto if deed.port == 0 else f"{deed.proto}/{deed.port}",
        }
        if peer.country:
            params["country"] = peer.country
        fact = Fact(at, flow.source, flow.target, f"{deed.way} {deed.proto}/{deed.port}")
        return [Finding(kind, thing, at, subject, params, (fact,))]

    @staticmethod
    def _may_tell(profile: _Profile, at: float) -> bool:
        hour = int(at // HOUR_S)
        if hour != profile.hour:
            profile.hour, profile.told = hour, 0
        return profile.told < TOLD_PER_HOUR_MAX

    def _more(
        self, profile: _Profile, thing: str, flow: Flow, peer: Peer, at: float
    ) -> list[Finding]:
        """Count what goes outside, and tell when it is far more than ever."""
        habits = profile.habits
        today = habits.send(at, octets(flow))
        if today <= MORE_OCTETS_MIN or not habits.is_settled:
            return []
        most, days = habits.sent_before(at)
        if not is_more_than_ever(today, most, days):
            return []
        kind, subject = "behaviour.more-than-ever", "amount"
        if purpose_of(self._who(thing).kind, habits) is Purpose.MANY or subject in habits.allowed:
            return []
        if habits.has_told(subject, at, TOLD_AGAIN_S):
            return []
        params: dict[str, Value] = {"megabytes": today // 1_000_000, "usual": most // 1_000_000}
        what = f"{today} octets today, {most} on the fullest of {days} days before"
        place = peer.names[0] if peer.names else flow.target
        return [Finding(kind, thing, at, subject, params, (Fact(at, flow.source, place, what),))]

    def _remember(self, profile: _Profile, key: Key, at: float, flow: Flow, peer: Peer) -> None:
        """What is declared is known, too: if the file goes, the habit stays."""
        habits = profile.habits
        if not (habits.repeat(key, at, peer.names, _family(flow)) or habits.is_doubted(at)):
            self._learn(profile, key, at, flow, peer)

    def _visit(self, profile: _Profile, deed: Deed, peer: Peer, role: str, at: float) -> None:
        """A country counts as its own when it goes there by a name it uses, or in its first days."""
        habits = profile.habits
        is_talk = deed.proto in {"tcp", "udp"} and role not in {"clock", "resolver"}
        if peer.is_outside and is_talk and not habits.is_doubted(at):
            habits.goes_to(peer.country, at)

    def _learn(self, profile: _Profile, key: Key, at: float, flow: Flow, peer: Peer) -> None:
        before = len(profile.habits.known)
        profile.habits.learn(key, at, peer.names, _family(flow))
        self._habits += len(profile.habits.known) - before
        profile.is_changed = True
        if self._habits > HABITS_MAX:
            every, excess = (p.habits for p in self._profiles.values()), HABITS_MAX // EVICT_SHARE
            self._habits -= relieve(every, Habits.size, Habits.let_go, excess)

    def _profile(self, thing: str, at: float) -> _Profile:
        profile = self._profiles.get(thing)
        if profile is not None:
            if not profile.habits.last_at:  # it was declared before it was heard
                profile.habits.since = profile.habits.last_at = at
            return profile
        if len(self._profiles) >= THINGS_MAX:
            self._make_room()
        profile = self._profiles[thing] = _Profile(at)
        self._gone.discard(thing)
        return profile

    def _make_room(self) -> None:
        """Let the least known go; of whom a person said something, only where all are such."""
        ranked = sorted(self._profiles, key=lambda one: self._profiles[one].rank())
        loose = [one for one in ranked if not self._profiles[one].holds_word]
        for other in (loose or ranked)[: THINGS_MAX // EVICT_SHARE]:
            self._drop(other)
            self.let_go += 1

    def _drop(self, thing: str) -> None:
        self._habits -= len(self._profiles.pop(thing).habits.known)
        self._gone.add(thing)


def _family(flow: Flow) -> int:
    return V6 if ":" in flow.target else V4


assert HABITS_PER_THING_MAX <= HABITS_MAX  # noqa: S101 - or one thing could never learn
