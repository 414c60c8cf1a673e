"""Whatever is asked, seen, said and restarted in whatever order: what must never be, never is.

Two arbiters hear the same. One is restarted again and again from what it kept; both must say the
same. A model, written apart from the arbiter, checks every event.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from hub.commanding.made import (
    ALARM,
    ALLOWED,
    ANNA,
    ASKED_BY_RULE,
    EVENING,
    HANDY,
    HEMS,
    KINDS,
    LIMITED,
    OTHER,
    POWER,
    REFUSED_BY_RULE,
    SMOKE,
    T0,
    outcomes,
    writes,
)
from omamori.hub.commanding import kept
from omamori.hub.commanding.arbiter import Arbiter
from omamori.hub.commanding.command import (
    DONE,
    ENDED,
    SENT,
    SLOTS,
    Command,
    Origin,
    Outcome,
    Write,
)
from omamori.hub.commanding.envelope import Envelope
from omamori.hub.commanding.use import needed

if TYPE_CHECKING:
    from omamori.hub.commanding.telling import Event
    from omamori.hub.points import Given
    from omamori.hub.ruling.question import Ruling

ASKERS: dict[Origin, tuple[str, ...]] = {
    HANDY: ("local-manual", "safety-local"),
    ANNA: ("remote-user", "emergency-remote"),
    POWER: ("demand-response", "automation"),
    OTHER: ("demand-response", "automation"),
    HEMS: ("automation",),
    EVENING: ("automation", "critical-equipment"),
    SMOKE: ("safety-auto",),
    ALARM: ("emergency-remote",),
}
ASKED_OF: dict[tuple[str, str], tuple[Given, ...]] = {
    ("tv", "power"): (True, False),
    ("tv", "volume_percent"): (0, 20, 60, 100),
    ("battery", "charge_w"): (-9000, -3000, -1, 0, 1000, 5000, 6001),
    ("bath", "water_temperature_c"): (10.0, 40.0, 47.5, 60.0),
    ("door", "locked"): (True, False),
    ("pump", "dose_u"): (1.0, 30.0),
}
BOUNDS = {"charge_w": (-6000, 6000), "water_temperature_c": (20, 48), "dose_u": (0, 25)}
FORCEFUL = SLOTS[:4]
SERVICES = (POWER, OTHER, HEMS, ALARM)
spots = st.sampled_from(sorted(ASKED_OF))


class Commanding(RuleBasedStateMachine):
    """A home under every kind of asking."""

    steps = 0

    def __init__(self) -> None:
        super().__init__()
        self.now = T0
        self.mood: dict[str, Ruling] = {}
        self.one, self.other = self.fresh(), self.fresh()
        self.shelf: dict[str, bytes] = {}
        self.said: dict[str, Command] = {}
        self.state: dict[str, str] = {}
        self.order: list[str] = []
        self.agreed: set[str] = set()
        self.lost: set[str] = set()
        self.narrow: dict[tuple[str, str], tuple[float, float]] = {}
        self.used: dict[str, tuple[str, Given, float]] = {}
        self.switch: dict[str, str] = {}
        self.out: dict[str, float] = {}
        self.charge: tuple[float, float] | None = None
        self.is_back = False

    def fresh(self) -> Arbiter:
        return Arbiter(self.may, KINDS.get)

    def may(self, command: Command, in_use: bool, now: float) -> Ruling:  # noqa: ARG002, FBT001 - the port
        return self.mood.get(command.origin.who, ALLOWED)

    def both(self, method: str, *said: Any, **more: Any) -> list[Event]:
        """The same to both; they must say the same, and the model checks it."""
        Commanding.steps += 1
        events: list[Event] = getattr(self.one, method)(*said, **more)
        again: list[Event] = getattr(self.other, method)(*said, **more)
        assert events == again, "a restart changed a decision"
        self.follow(events)
        return events

    # What is said and done

    @rule(
        origin=st.sampled_from(list(ASKERS)),
        spot=spots,
        pick=st.integers(0, 9),
        lease_s=st.sampled_from((0.0, 60.0, 3000.0, 14_000.0, 1e6)),
        forged=st.booleans(),
        age_s=st.sampled_from((0.0, 0.0, 0.0, 30.0, 500.0, -500.0)),
    )
    def ask(
        self,
        origin: Origin,
        spot: tuple[str, str],
        pick: int,
        lease_s: float,
        forged: bool,  # noqa: FBT001 - drawn by hypothesis
        age_s: float,
    ) -> None:
        (target, point), values = spot, ASKED_OF[spot]
        slots = SLOTS if forged and pick == 0 else ASKERS[origin]
        slot = slots[pick % len(slots)]
        number = len(self.said)
        command = Command(
            f"c{number}", origin, target, point, values[pick % len(values)], slot,
            self.now - age_s, lease_s,
        )  # fmt: skip
        self.said[command.id] = command
        first = self.both("ask", command, self.now)[0]
        assert isinstance(first, Outcome)
        assert first.command is command
        if first.state in ENDED:
            return
        assert slot in ASKERS[origin], "a forged slot"
        assert abs(age_s) <= 180, "a command from another time"
        assert command.origin.who not in self.lost or origin is HANDY
        if slot in FORCEFUL[:3] and first.state not in ENDED:
            held = self.one.in_force(target, point)
            assert held is not None
            assert held.slot in FORCEFUL[:3], "at hand did not win at once"

    @rule(pick=st.integers(0, 99), agreed=st.booleans(), by=st.sampled_from((HANDY, ANNA, POWER)))
    def answer(self, pick: int, agreed: bool, by: Origin) -> None:  # noqa: FBT001 - drawn
        if not self.said:
            return
        command_id = list(self.said)[pick % len(self.said)]
        waits = {o.command.id for o in self.one.live(self.now) if "waits" in o.facts}
        if agreed and by is not POWER and command_id in waits:
            self.agreed.add(command_id)
        self.both("answer", command_id, by, agreed=agreed, now=self.now)

    @rule(pick=st.integers(0, 99), by=st.sampled_from((HANDY, POWER, EVENING, SMOKE)))
    def withdraw(self, pick: int, by: Origin) -> None:
        if self.said:
            self.both("withdraw", list(self.said)[pick % len(self.said)], by, self.now)

    @rule()
    def obey(self) -> None:
        """Things do what they were told."""
        for target, point in ASKED_OF:
            held = self.one.in_force(target, point)
            if held is not None:
                self.both("seen", target, point, held.value, self.now)

    @rule(spot=spots, pick=st.integers(0, 9), by_hand=st.booleans())
    def change(self, spot: tuple[str, str], pick: int, by_hand: bool) -> None:  # noqa: FBT001 - drawn
        value = ASKED_OF[spot][pick % len(ASKED_OF[spot])]
        self.both("seen", *spot, value, self.now, by_hand=by_hand)

    @rule(percent=st.sampled_from((5.0, 19.9, 20.0, 80.0)))
    def drain(self, percent: float) -> None:
        self.charge = (percent, self.now)
        self.both("seen", "battery", "state_of_charge_percent", percent, self.now)

    @rule(
        spot=spots, pick=st.integers(0, 9), span_s=st.sampled_from((50.0, 4000.0)),
    )  # fmt: skip
    def use(self, spot: tuple[str, str], pick: int, span_s: float) -> None:
        (target, point), values = spot, ASKED_OF[spot]
        value = values[pick % len(values)]
        self.used[target] = (point, value, self.now + span_s)
        self.both(
            "use", target, [needed(point, value)], "anna", self.now + span_s, "playing", self.now
        )

    @rule(thing=st.sampled_from(sorted(KINDS)))
    def end_use(self, thing: str) -> None:
        self.used.pop(thing, None)
        in_order(self.both("end_use", thing, "anna", self.now), self.order)

    @rule(
        thing=st.sampled_from(("tv", "battery")),
        position=st.sampled_from(("off", "local", "home", "remote", "remote")),
        by=st.sampled_from((HANDY, ANNA, POWER)),
    )
    def turn_switch(self, thing: str, position: str, by: Origin) -> None:
        if by is not POWER:
            self.switch[thing] = position
        self.both("set_switch", thing, position, by, self.now)

    @rule(thing=st.sampled_from(("tv", "battery")), span_s=st.sampled_from((0.0, 500.0)))
    def opt_out(self, thing: str, span_s: float) -> None:
        self.out[thing] = self.now + span_s
        self.both("opt_out", thing, ANNA, self.now + span_s, self.now)

    @rule(origin=st.sampled_from(SERVICES))
    def lose(self, origin: Origin) -> None:
        self.lost.add(origin.who)
        self.both("lost", origin.who, (), self.now)

    @precondition(lambda self: self.lost)
    @rule(pick=st.integers(0, 9))
    def regain(self, pick: int) -> None:
        who = sorted(self.lost)[pick % len(self.lost)]
        self.lost.discard(who)
        for arbiter in (self.one, self.other):
            arbiter.regained(who, self.now)

    @rule(low=st.sampled_from((-2000.0, 0.0)), high=st.sampled_from((2000.0, 4000.0)))
    def narrow_it(self, low: float, high: float) -> None:
        self.narrow["battery", "charge_w"] = (low, high)
        envelope = Envelope("charge_w", low, high)
        self.both("set_envelope", "battery", envelope, HANDY, self.now)

    @rule()
    def widen_it(self) -> None:
        self.narrow.clear()
        self.both("drop_envelope", "battery", "charge_w", HANDY, self.now)

    @rule(
        origin=st.sampled_from(list(ASKERS)),
        ruling=st.sampled_from((ALLOWED, ASKED_BY_RULE, LIMITED, REFUSED_BY_RULE)),
    )
    def think_again(self, origin: Origin, ruling: Ruling) -> None:
        self.mood[origin.who] = ruling

    @rule(span_s=st.sampled_from((0.5, 16.0, 61.0, 700.0, 3700.0)))
    def wait(self, span_s: float) -> None:
        self.now += span_s
        self.used = {target: use for target, use in self.used.items() if use[2] > self.now}
        self.both("step", self.now)
        for line in self.one.live(self.now):
            assert float(line.facts.get("lease_until", self.now + 1)) > self.now, (
                "a lease outlived its end"
            )

    @rule()
    def restart(self) -> None:
        """The hub is killed; all that it knows is what it kept."""
        self.keep()
        self.other = self.fresh()
        assert self.other.restore(self.shelf.items(), self.now) == 0

    def keep(self) -> None:
        for key, value in self.other.take_changes():
            assert value is None or len(value) <= kept.VALUE_OCTETS_MAX
            if value is None:
                self.shelf.pop(key, None)
            else:
                self.shelf[key] = value

    # What must hold of everything that is said

    def follow(self, events: list[Event]) -> None:
        for event in events:
            if isinstance(event, Outcome):
                self.check_outcome(event)
        for write in writes(events):
            self.check_value(write)
            if write.command_id:
                self.check_write(write, self.said[write.command_id])

    def check_outcome(self, line: Outcome) -> None:
        command_id = line.command.id
        before = self.state.get(command_id)
        assert before not in ENDED, "an ended command came back"
        if before is None and line.state not in ENDED:
            self.order.append(command_id)
        self.said.setdefault(command_id, line.command)
        self.state[command_id] = line.state
        if line.command.point == "dose_u" and line.state == DONE:
            self.state[command_id] = "withdrawn"  # done once, and over
        assert {"asker", "slot", "channel"} <= set(line.facts)

    def check_value(self, write: Write) -> None:
        value = write.value
        low, high = BOUNDS.get(write.point, (-1e9, 1e9))
        assert low <= float(value) <= high, "outside the envelope"
        low, high = self.narrow.get((write.target, write.point), (low, high))
        assert low <= float(value) <= high, "outside the person's envelope"
        if write.point == "charge_w" and float(value) < 0:
            assert self.charge is not None
            assert self.charge[0] >= 20, "discharged below the floor"

    def check_write(self, write: Write, command: Command) -> None:
        who, slot, target = command.origin.who, command.slot, command.target
        assert command.value == write.value
        assert who not in self.lost, "a write for one that is not trusted"
        assert not (slot == "demand-response" and self.out.get(target, 0.0) > self.now)
        if command.origin in {POWER, OTHER}:
            assert self.switch.get(target, "remote") == "remote", "past the switch"
        if slot not in FORCEFUL and target in self.used and command.id not in self.agreed:
            point, value, _ = self.used[target]
            assert point != command.point or value == command.value, "took what is in use"
        if self.mood.get(who) is ASKED_BY_RULE and self.state[command.id] == SENT:
            free = command.id in self.agreed or command.origin in {HANDY, SMOKE}
            assert free or self.state[command.id] in {SENT, DONE}

    @invariant()
    def one_winner_and_the_strongest(self) -> None:
        live = self.one.live(self.now)
        assert {o.command.id for o in live} == {c for c, s in self.state.items() if s not in ENDED}
        for spot in ASKED_OF:
            here = [o for o in live if (o.command.target, o.command.point) == spot]
            free = [o for o in here if "waits" not in o.facts]
            winners = [o for o in here if o.state in {SENT, DONE}]
            assert len(winners) <= 1, "two winners"
            assert len(winners) == bool(free), "nobody wins though somebody may"
            if winners:
                best = min(SLOTS.index(o.command.slot) for o in free)
                assert SLOTS.index(winners[0].command.slot) == best, "a lower slot overrides"

    @invariant()
    def memory_is_bounded(self) -> None:
        register = self.one._register
        assert len(register.live) <= kept.HELD_MAX
        assert len(register.spots) <= len(ASKED_OF)
        assert len(register._due) <= 1024 + 4 * len(ASKED_OF)
        assert all(len(spot.accepted) <= 16 for spot in register.spots.values())

    def teardown(self) -> None:
        """In the end everything with a lease has ended, and so has the last word on it."""
        self.used.clear()
        self.now += 20 * 86_400
        self.both("step", self.now)
        for line in self.one.live(self.now):
            assert "lease_until" not in line.facts, "held for ever"


def in_order(events: list[Event], order: list[str]) -> None:
    """What was held is carried out in the order in which it was accepted."""
    replayed = [order.index(write.command_id) for write in writes(events) if write.command_id]
    assert replayed == sorted(replayed), "out of order"
    assert outcomes(events) or not replayed


def test_what_must_never_be_never_is() -> None:
    run_state_machine_as_test(
        Commanding, settings=settings(max_examples=60, stateful_step_count=40, deadline=None)
    )


@pytest.mark.slow
def test_what_must_never_be_never_is_for_long() -> None:
    run_state_machine_as_test(
        Commanding, settings=settings(max_examples=1500, stateful_step_count=80, deadline=None)
    )
