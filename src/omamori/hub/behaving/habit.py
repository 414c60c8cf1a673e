"""Habits: what one thing was heard doing in its first days, and since; bounded, and forgettable."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from omamori.documents.mud import MudFile

HOUR_S, DAY_S = 3600.0, 86_400.0
LEARN_S = 3 * DAY_S  # a weekday and a weekend mostly differ in when, not in what; uncalibrated
LEARN_DAYS, LEARN_HOURS = 3, 4  # different days and hours in which it must have been heard
DOUBT_S = HOUR_S  # what began this near to something bad is not learned
DOUBTS_MAX = 16
HABITS_PER_THING_MAX = 128
NAMES_PER_HABIT_MAX = 8
ALLOWED_MAX, TOLD_MAX = 64, 64
COUNTRIES_MAX = 32
DAYS_KEPT_MAX = 28
SENT_MAX = 2**62  # octets of one day; what is kept holds 64 bits
TIMES_MAX = 2**31
EVICT_SHARE = 16
V4, V6 = 1, 2
_TEXT = Annotated[str, Meta(max_length=300)]

Key = tuple[str, str, str]
"""A habit's name: way, role, service."""


class Habit(msgspec.Struct):
    """One thing that a thing does.

    Attributes:
        first_at, last_at: when it was heard, by the packets' time.
        times: how often it was told.
        hours: in how many different hours, as far as they came in order.
        names: a few whole names of the peers, latest last.
        families: over which IP it was heard: ``V4`` and ``V6`` joined.
    """

    first_at: float
    last_at: float
    times: int = 1
    hours: int = 1
    names: list[_TEXT] = []
    families: int = 0


class Habits(msgspec.Struct):
    """All that is kept of one thing, as it is kept over a restart.

    Attributes:
        since: when it was first heard.
        last_at: when it was last heard.
        known: what it does.
        days, hours: different days and hours heard without doubt, until there are enough.
        countries: to which it talked, other than for the time of day or for names.
        doubts: moments around which nothing is learned.
        allowed: what a person called fine.
        told: what was told of, and when.
        sent: octets sent outside, by day.
        is_settled: the first days are over.
    """

    since: float
    last_at: float
    known: dict[tuple[_TEXT, _TEXT, _TEXT], Habit] = {}
    days: set[int] = set()
    hours: set[int] = set()
    countries: dict[_TEXT, float] = {}
    doubts: list[float] = []
    allowed: list[_TEXT] = []
    told: dict[_TEXT, float] = {}
    sent: dict[int, int] = {}
    is_settled: bool = False

    def size(self) -> int:
        """How many things it is known to do."""
        return len(self.known)

    def heard(self, at: float) -> bool:
        """It was heard at this time; whether that brought the end of its first days nearer."""
        if at > self.last_at:
            self.last_at = at
        elif at < self.since:
            self.since = at
        if self.is_settled or self.is_doubted(at):
            return False
        day, hour, days, hours = int(at // DAY_S), int(at // HOUR_S), self.days, self.hours
        is_news = False
        if len(days) < LEARN_DAYS and day not in days:
            days.add(day)
            is_news = True
        if len(hours) < LEARN_HOURS and hour not in hours:
            hours.add(hour)
            is_news = True
        if (
            self.last_at - self.since >= LEARN_S
            and len(days) >= LEARN_DAYS
            and len(hours) >= LEARN_HOURS
        ):
            self.is_settled = is_news = True
        return is_news

    def is_doubted(self, at: float) -> bool:
        """Whether something bad was noticed near to this time."""
        return bool(self.doubts) and any(abs(at - doubt) <= DOUBT_S for doubt in self.doubts)

    def doubt(self, at: float) -> int:
        """Drop what began near to this time, for whatever is bad may have begun with it."""
        if self.doubts and abs(self.doubts[-1] - at) < DOUBT_S / 4:
            self.doubts[-1] = max(self.doubts[-1], at)
        else:
            self.doubts.append(at)
            del self.doubts[:-DOUBTS_MAX]
        begun = [key for key, habit in self.known.items() if abs(habit.first_at - at) <= DOUBT_S]
        for key in begun:
            del self.known[key]
        for country in [c for c, first in self.countries.items() if abs(first - at) <= DOUBT_S]:
            del self.countries[country]
        if not self.is_settled:
            around = {int((at + shift) // HOUR_S) for shift in (-DOUBT_S, 0, DOUBT_S)}
            self.hours -= around
        return len(begun)

    def repeat(self, key: Key, at: float, names: tuple[str, ...], family: int = V4) -> Habit | None:
        """Count something it is known to do; None where it is not known."""
        habit = self.known.get(key)
        if habit is None:
            return None
        if habit.times < TIMES_MAX:
            habit.times += 1
        if at > habit.last_at:
            habit.hours += at // HOUR_S > habit.last_at // HOUR_S
            habit.last_at = at
        habit.families |= family
        if names and names[0] not in habit.names:
            _name(habit, names[0])
        return habit

    def learn(self, key: Key, at: float, names: tuple[str, ...], family: int = V4) -> None:
        """From now on it is known to do this."""
        if len(self.known) >= HABITS_PER_THING_MAX:
            self.let_go()
        self.known[key] = Habit(at, at, families=family)
        if names:
            _name(self.known[key], names[0])

    def let_go(self) -> int:
        """Drop the least rooted of the most crowded way and service: a flood pushes out itself."""
        crowd: dict[tuple[str, str], int] = {}
        for way, _, service in self.known:
            crowd[way, service] = crowd.get((way, service), 0) + 1
        for way, role, _ in self.known:
            crowd[way, role] = crowd.get((way, role), 0) + 1

        def rooted(key: Key) -> tuple[int, int, float]:
            habit, (way, role, service) = self.known[key], key
            company = max(crowd[way, service], crowd[way, role])
            return habit.hours, -company, habit.last_at

        least = sorted(self.known, key=rooted)[: max(len(self.known) // EVICT_SHARE, 1)]
        for key in least:
            del self.known[key]
        return len(least)

    def goes_to(self, country: str, at: float) -> None:
        """It talks to this country, and that is as it should be."""
        if country and country not in self.countries and len(self.countries) < COUNTRIES_MAX:
            self.countries[country] = at

    def allow(self, about: str) -> None:
        """A person calls this fine."""
        if about and about not in self.allowed:
            self.allowed.append(about[:300])
            del self.allowed[:-ALLOWED_MAX]

    def disallow(self, about: str) -> None:
        """A person takes that back, and what was learned under it."""
        about = about[:300]
        if about in self.allowed:
            self.allowed.remove(about)
        self.told = {what: at for what, at in self.told.items() if not what.endswith(about)}

    def has_told(self, about: str, at: float, again_s: float) -> bool:
        """Whether this was told lately; otherwise it counts as told now."""
        before = self.told.pop(about, None)
        is_told = before is not None and abs(at - before) < again_s
        self.told[about] = before if before is not None and is_told else at
        if len(self.told) > TOLD_MAX:
            del self.told[next(iter(self.told))]
        return is_told

    def send(self, at: float, octets: int) -> int:
        """Count what goes outside; returns the day's sum."""
        day = int(at // DAY_S)
        sum_ = self.sent.get(day, 0) + octets
        self.sent[day] = sum_ = sum_ if sum_ < SENT_MAX else SENT_MAX  # noqa: FURB136 - heard often
        if len(self.sent) > DAYS_KEPT_MAX:
            del self.sent[min(self.sent)]
        return sum_

    def sent_before(self, at: float) -> tuple[int, int]:
        """The most that went outside on any day before, and how many such days are known."""
        before = [sum_ for day, sum_ in self.sent.items() if day < int(at // DAY_S)]
        return max(before, default=0), len(before)

    def owners(self) -> set[str]:
        """Whose names it is known to use, outside."""
        return {role[5:] for _, role, _ in self.known if role.startswith("name:")}


def _name(habit: Habit, name: str) -> None:
    habit.names.append(name[:253])
    del habit.names[:-NAMES_PER_HABIT_MAX]


class Kept(msgspec.Struct, array_like=True):
    """One thing's value on the shelf."""

    habits: Habits
    declared: MudFile | None = None


_DECODER = msgspec.msgpack.Decoder(Kept)
_ENCODER = msgspec.msgpack.Encoder()


def pack(kept: Kept) -> bytes:
    """A value for the shelf; its size is bounded by the limits above and those of a MUD file."""
    return _ENCODER.encode(kept)


def unpack(value: bytes) -> Kept | None:
    """A value from the shelf, its limits held again; None where it cannot be read."""
    try:
        kept = _DECODER.decode(value)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    habits = kept.habits
    while len(habits.known) > HABITS_PER_THING_MAX:
        habits.let_go()
    for habit in habits.known.values():
        del habit.names[:-NAMES_PER_HABIT_MAX]
    for listed, most in ((habits.allowed, ALLOWED_MAX), (habits.doubts, DOUBTS_MAX)):
        del listed[:-most]
    for table, most in ((habits.told, TOLD_MAX), (habits.countries, COUNTRIES_MAX)):
        for key in list(table)[:-most]:
            del table[key]
    for day in sorted(habits.sent)[:-DAYS_KEPT_MAX]:
        del habits.sent[day]
    return kept
