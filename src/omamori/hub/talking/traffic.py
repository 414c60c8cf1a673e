"""Traffic: who talks with whom, how much and when; bounded whatever the network does."""

from __future__ import annotations

from typing import TYPE_CHECKING

from omamori.hub.crowded import relieve
from omamori.hub.talking import traffic_kept
from omamori.hub.talking.partners import (
    EVERYONE,
    NAME_MAX,
    NOBODY,
    OUTSIDE,
    THING,
    Hour,
    Partner,
    Totals,
    registrable,
)
from omamori.hub.talking.series import AHEAD_S, DAY_S, DAYS_MAX, HOUR_S
from omamori.hub.talking.talk import Talk
from omamori.hub.talking.traffic_count import count, is_group, is_offer, is_upkeep, moment, octets
from omamori.hub.talking.traffic_told import hours_of, told

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from omamori.hub.flow import Flow
    from omamori.hub.ports import Places
    from omamori.hub.talking.talk import Row

THINGS_MAX = 1024  # as many as the inventory knows
ROWS_MAX = 8192  # partners of all things: 64 things may fill their tables, or 200 things 40 each
NAMES_MAX = 32_768  # names of addresses, of all things
EVICT_SHARE = 16  # a full table lets go of one part in this many at once
FORGET_AFTER_S = float(
    DAYS_MAX * DAY_S
)  # unheard for this long, a partner is summed up and a thing let go
STEP_S = 600.0  # old pieces are summed up this often: it takes milliseconds
STEADY_S = float(HOUR_S)  # a clock that jumped is believed again after this long
ID_MAX, IP_MAX = 64, 45  # characters: ours, and the longest text of an IPv6 address


class Traffic:
    """Counts flows by thing and partner.

    Whose a flow is: one sent by a thing here counts as `sent` in that thing's row, one that comes
    to a thing here as `received` in its row; between two things here each has its own row, so both
    sides can be looked at alone. What is sent to a group is one row "everyone"; ARP and neighbour
    discovery are counted there, too, because they are no talk with anybody.

    Attributes:
        unattributed: octets that belong to no known thing.
        folded: partners summed up to keep memory bounded.
        let_go: things no longer kept; ``let_go_octets`` is what they had sent and received.
    """

    def __init__(self, places: Places) -> None:
        self._places = places
        self._talks: dict[str, Talk] = {}
        self._gone: set[str] = set()  # things whose kept value is to be forgotten
        self._rows = self._names = 0
        self._stepped_at = self._steady_from = 0.0
        self.unattributed = self.folded = self.let_go = self.let_go_octets = 0

    def hear(self, flow: Flow, sender: str, receiver: str) -> None:
        """Count a flow.

        Args:
            flow: as the decoder told it.
            sender: id of the thing here that sent it; empty if it came from outside.
            receiver: id of the thing here that it was sent to; empty for outside and groups.
        """
        if not flow.is_from_here:
            sender, receiver = "", receiver or sender
        if len(sender) > ID_MAX or len(receiver) > ID_MAX or not (sender or receiver):
            self.unattributed += octets(flow)
            return
        at, is_own = moment(flow.at), is_upkeep(flow)
        if sender:
            self._sent(flow, sender, receiver, at, is_shared=is_own or is_group(flow))
        if is_own:  # the asker's alone
            self.unattributed += 0 if sender else octets(flow)
        elif receiver and receiver != sender:
            self._received(flow, receiver, sender, at)

    def named(self, thing: str, ip: str, name: str, at: float) -> None:
        """A thing knows an address under this name; what it said to the address is said to it."""
        site = registrable(name[:NAME_MAX])
        if not site or not thing or len(thing) > ID_MAX or len(ip) > IP_MAX:
            return
        name = name[:NAME_MAX].strip(".").lower()
        talk = self._talk(thing, moment(at))
        known = len(talk.names)
        talk.names.learn(ip, name)
        row = talk.rows.get(f"a:{ip}")
        if row:
            talk.names.use(ip)
            row.call(name)
            before = len(talk.rows)
            talk.rename(row, f"n:{site}", site)
            self._rows += len(talk.rows) - before
            talk.changed = True
        self._names += len(talk.names) - known
        while self._names > NAMES_MAX:
            self._forget_names()

    def step(self, now: float) -> None:
        """Sum up what has grown old; a clock that has just jumped forgets nothing."""
        if not 0 <= now - self._stepped_at <= DAY_S:
            self._steady_from = now
        elif now - self._stepped_at < STEP_S:
            return
        self._stepped_at = now
        if now - self._steady_from < STEADY_S:
            return
        for thing, talk in list(self._talks.items()):
            if now - talk.last_at > FORGET_AFTER_S:
                self.forget(thing)
            else:
                self._age(talk, now)
        self._rows = sum(len(talk.rows) for talk in self._talks.values())

    def forget(self, thing: str) -> None:
        """Let a thing go, as the inventory did; its sums stay in the totals."""
        talk = self._talks.pop(thing, None)
        if talk is None:
            return
        self._gone.add(thing)
        self.let_go += 1
        talk.settle_all()
        for series in (talk.outside, talk.here):
            self.let_go_octets += sum(series.since(0))
        self._rows -= len(talk.rows)
        self._names -= len(talk.names)
        self.folded += talk.folded

    def join(self, old: str, new: str) -> None:
        """Two ids turned out to be one thing: what was counted of ``old`` is ``new``'s."""
        if old == new or not new or len(new) > ID_MAX:
            return
        gone = self._talks.pop(old, None)
        if gone is not None:
            self._gone.add(old)
            self._talk(new, gone.last_at).take(gone)
        for thing, talk in self._talks.items():
            row = talk.rows.get(f"t:{old}")
            if row is not None:
                talk.rename(row, f"t:{new}", new)
                talk.changed = True
            if thing == new and f"t:{new}" in talk.rows:  # it spoke with itself
                talk.put_away([talk.rows[f"t:{new}"]])
        self._rows = sum(len(talk.rows) for talk in self._talks.values())
        self._names = sum(len(talk.names) for talk in self._talks.values())

    # Asking.

    def things(self) -> list[str]:
        """Ids of all things of which something was counted."""
        return list(self._talks)

    def partners(self, thing: str | None = None, since: float = 0.0) -> list[Partner]:
        """Whom a thing (or everything) talked with since then, most octets first."""
        found = [
            told(owner, row, since)
            for owner, talk in self._asked(thing)
            for row in talk.rows.values()
            if row.last_at >= since
        ]
        return sorted(found, key=lambda p: (-p.sent - p.received, p.thing, p.name, p.other))

    def hours(self, thing: str | None = None, since: float = 0.0) -> list[Hour]:
        """Octets by the hour, oldest first; by the day where that is more than a week ago."""
        return hours_of((talk for _, talk in self._asked(thing)), since)

    def countries(self, thing: str) -> dict[str, float]:
        """Countries that a thing has talked to, and since when."""
        talk = self._talks.get(thing)
        return dict(talk.countries) if talk else {}

    def offered(self, thing: str) -> dict[str, float]:
        """Services under which a thing has answered, and since when."""
        talk = self._talks.get(thing)
        return dict(talk.offered) if talk else {}

    def heard_from(self, thing: str) -> float:
        """Since when talk of this thing is counted; 0.0 where there is none."""
        talk = self._talks.get(thing)
        return talk.first_at if talk else 0.0

    def totals(self) -> Totals:
        """All sums."""
        talks = self._talks.values()
        for talk in talks:
            talk.settle_all()
        outside = [talk.outside.since(0) for talk in talks]
        here = [talk.here.since(0) for talk in talks]
        return Totals(
            sent_outside=sum(sent for sent, _ in outside),
            received_outside=sum(received for _, received in outside),
            sent_here=sum(sent for sent, _ in here),
            received_here=sum(received for _, received in here),
            unattributed=self.unattributed,
            things=len(self._talks),
            partners=self._rows,
            folded=self.folded + sum(talk.folded for talk in talks),
            let_go=self.let_go,
            let_go_octets=self.let_go_octets,
        )

    # Keeping (`ports.Learned`).

    def take_changes(self) -> Iterator[tuple[str, bytes | None]]:
        """See `Learned.take_changes`: one value per thing; minutes are kept as hours."""
        for thing in self._gone - self._talks.keys():
            yield thing, None
        self._gone.clear()
        for thing, talk in self._talks.items():
            if talk.changed:
                talk.changed = False
                yield thing, traffic_kept.pack(talk)

    def restore(self, kept: Iterable[tuple[str, bytes]], now: float) -> int:  # noqa: ARG002 - the port's shape; ages are judged by `step`
        """See `Learned.restore`; things beyond ``THINGS_MAX`` are let go as always."""
        left_out = 0
        for thing, value in kept:
            talk = traffic_kept.unpack(value) if 0 < len(thing) <= ID_MAX else None
            if talk is None:
                left_out += 1
                continue
            mine = self._talk(thing, talk.last_at)
            mine.take(talk)
            mine.changed = False
        self._rows = sum(len(talk.rows) for talk in self._talks.values())
        self._names = sum(len(talk.names) for talk in self._talks.values())
        self._bound_rows()
        return left_out

    # Counting.

    def _sent(self, flow: Flow, thing: str, other: str, at: float, *, is_shared: bool) -> None:
        talk = self._talks.get(thing) or self._talk(thing, at)
        if is_shared:
            row = talk.rows.get(EVERYONE) or self._row(talk, EVERYONE, EVERYONE, "", at)
        elif other and other != thing:
            row = self._here(talk, other, at)
        elif flow.is_to_here:
            row = self._row(talk, NOBODY, NOBODY, "", at)
        else:
            row = self._outside(talk, flow.target, at)
        count(talk, row, flow, at, is_sent=True)
        if flow.is_answer and flow.is_opening and is_offer(flow):
            talk.offer(flow.service, at)

    def _received(self, flow: Flow, thing: str, other: str, at: float) -> None:
        talk = self._talks.get(thing) or self._talk(thing, at)
        if other:
            row = self._here(talk, other, at)
        elif flow.is_from_here:
            row = self._row(talk, NOBODY, NOBODY, "", at)
        else:
            row = self._outside(talk, flow.source, at)
        count(talk, row, flow, at, is_sent=False)

    def _here(self, talk: Talk, other: str, at: float) -> Row:
        key = f"t:{other}"
        return talk.rows.get(key) or self._row(talk, key, THING, other, at)

    def _outside(self, talk: Talk, ip: str, at: float) -> Row:
        """The row of an address outside, under its name where the thing knows one."""
        ip = ip[:IP_MAX]
        name = talk.names.use(ip)
        site = registrable(name) if name else ""
        row = self._row(talk, f"n:{site}" if site else f"a:{ip}", OUTSIDE, site, at)
        if ip not in row.ips:
            country = self._places.country(ip)[:2]
            row.reach(ip, country)
            talk.reach(country, at)
        if name and name not in row.names:
            row.call(name)
        return row

    def _row(self, talk: Talk, key: str, kind: str, other: str, at: float) -> Row:
        row = talk.rows.get(key)
        if row is None:
            self._bound_rows()
            before = len(talk.rows)
            row = talk.row(key, kind, other, at)
            self._rows += len(talk.rows) - before
        return row

    def _talk(self, thing: str, at: float) -> Talk:
        talk = self._talks.get(thing)
        if talk is None:
            if len(self._talks) >= THINGS_MAX:
                self._make_room()
            talk = self._talks[thing] = Talk(at)
        return talk

    # Bounds.

    def _make_room(self) -> None:
        """Let the least evidenced things go; a flood of made-up ones pushes out itself."""
        loose = sorted(self._talks, key=lambda thing: self._talks[thing].evidence())
        for thing in loose[: THINGS_MAX // EVICT_SHARE]:
            self.forget(thing)

    def _bound_rows(self) -> None:
        """Sum partners up where there are most of them."""
        if self._rows >= ROWS_MAX:
            excess = self._rows - ROWS_MAX + ROWS_MAX // EVICT_SHARE
            self._rows -= relieve(self._talks.values(), _rows_of, Talk.fold, excess)

    def _forget_names(self) -> None:
        crowded = max(self._talks.values(), key=lambda talk: len(talk.names)).names
        self._names -= len(crowded)
        if crowded.fresh:
            crowded.fresh.clear()
        else:
            crowded.used.clear()

    def _age(self, talk: Talk, now: float) -> None:
        if talk.last_at > now + AHEAD_S:
            talk.last_at = now
        talk.settle_all()
        stale = []
        for row in talk.rows.values():
            row.series.fold(int(now))
            if row.last_at > now + AHEAD_S:  # a clock that was wrong must not keep it for ever
                row.last_at = now
                row.first_at = min(row.first_at, now)
            elif now - row.last_at > FORGET_AFTER_S and row.kind in {THING, OUTSIDE}:
                stale.append(row)
        talk.put_away(stale)
        talk.outside.fold(int(now))
        talk.here.fold(int(now))

    def _asked(self, thing: str | None) -> Iterable[tuple[str, Talk]]:
        talk = self._talks.get(thing) if thing is not None else None
        asked = self._talks if thing is None else {thing: talk} if talk else {}
        for one in asked.values():
            one.settle_all()
        return asked.items()


def _rows_of(talk: Talk) -> int:
    return len(talk.rows)
