"""Whatever somebody on the way does: no altered value is accepted, none twice, and no loss is hidden."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cbor2
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    initialize,
    invariant,
    rule,
)

from hub.measuring_made import NOW, Thing, receiver
from omamori.documents.measurement import MeasurementError, read_measurement

if TYPE_CHECKING:
    from omamori.documents.measurement import Measurement
    from omamori.hub.measuring.receiver import Received


class HostileWay(RuleBasedStateMachine):
    """A source, somebody on the way who has every message, and a receiver that may restart."""

    held = Bundle("held")
    passed = Bundle("passed")

    @initialize()
    def begin(self) -> None:
        self.thing, self.there = Thing(block=3), receiver()
        self.shelf: dict[str, bytes] = {}
        self.now = NOW
        self.sent: dict[int, tuple[bytes, float]] = {}
        self.said_at: dict[int, float] = {}
        self.prompt: set[int] = set()
        self.came: set[int] = set()
        self.heard_from = 0
        self.told: set[int] = set()
        self.told_lost: set[int] = set()

    def _take(self, octets: bytes) -> Received:
        got = self.there.take(octets, self.now)
        for name, value in self.there.take_changes():
            if value is not None:
                self.shelf[name] = value
        if got.kept:
            assert got.measurement is not None
            seq = got.measurement.seq
            assert octets == self.sent[seq][0]
            assert seq not in self.came
            self.heard_from = self.heard_from or got.measurement.began
            self.came.add(seq)
        return got

    @rule(target=held, value=st.floats(20, 250))
    def say(self, value: float) -> bytes:
        octets = self.thing.say(value, self.now)
        m = read_measurement(octets).measurement
        self.sent[m.seq] = (octets, value)
        self.said_at[m.seq] = self.now
        return octets

    @rule()
    def source_restarts(self) -> None:
        self.thing.start()

    @rule(target=passed, octets=consumes(held))
    def pass_on(self, octets: bytes) -> bytes:
        m = read_measurement(octets).measurement
        got = self._take(octets)
        assert got.kind in {"ok", "delayed", "time-unsure"} or not self.came & {m.seq}
        self._no_delay_is_hidden(m, got)
        if m.seq in self.told:
            assert not got.kept or got.kind == "delayed"
        return octets

    def _no_delay_is_hidden(self, m: Measurement, got: Received) -> None:
        """By the date alone above two minutes; by the steady clock once one came promptly."""
        if not got.kept:
            return
        delay = self.now - self.said_at[m.seq]
        if delay > 150 or (delay > 16 and m.epoch in self.prompt):
            assert got.kind in {"delayed", "time-unsure"}, delay
        if delay < 1 and max(self.prompt, default=0) <= m.epoch:
            self.prompt = {m.epoch}

    @rule(octets=consumes(held))
    def drop(self, octets: bytes) -> None:
        del octets

    @rule(octets=passed)
    def replay(self, octets: bytes) -> None:
        assert self._take(octets).kind == "replayed"

    @rule(octets=held, place=st.integers(0, 2000), bit=st.integers(0, 7))
    def turn_a_bit(self, octets: bytes, place: int, bit: int) -> None:
        changed = bytearray(octets)
        changed[place % len(octets)] ^= 1 << bit
        assert self._take(bytes(changed)).kind in {"altered", "foreign"}

    @rule(octets=held, length=st.integers(0, 2000))
    def cut_short(self, octets: bytes, length: int) -> None:
        assert self._take(octets[: length % len(octets)]).kind == "altered"

    @rule(one=held, other=held)
    def splice(self, one: bytes, other: bytes) -> None:
        if one == other:
            return
        body, sign = cbor2.loads(one).value, cbor2.loads(other).value
        mixed = cbor2.CBORTag(18, [*body[:3], sign[3]])
        assert self._take(cbor2.dumps(mixed)).kind == "altered"

    @rule(seconds=st.sampled_from([1.0, 20.0, 200.0]))
    def time_goes_by(self, seconds: float) -> None:
        self.now += seconds
        for gone in self.there.step(self.now):
            numbers = set(range(gone.first, gone.last + 1))
            assert not numbers & self.came
            self.told |= numbers
            if gone.kind == "lost":
                self.told_lost |= numbers

    @rule()
    def receiver_restarts(self) -> None:
        for name, value in self.there.take_changes():
            if value is not None:
                self.shelf[name] = value
        self.there = receiver()
        self.prompt.clear()
        assert self.there.restore(self.shelf.items(), self.now) == 0

    @invariant()
    def only_what_was_given_can_be_lost(self) -> None:
        if hasattr(self, "told_lost"):
            assert self.told_lost <= set(self.sent)

    def teardown(self) -> None:
        if not hasattr(self, "there") or not self.came:
            return
        self.there.step(self.now)
        for gone in self.there.step(self.now + 30):
            self.told |= set(range(gone.first, gone.last + 1))
        known = range(self.heard_from, max(self.came))
        missing = {seq for seq in self.sent if seq in known} - self.came
        assert missing <= self.told


TestHostileWay = HostileWay.TestCase
TestHostileWay.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)


@given(
    st.lists(
        st.tuples(st.floats(0, 8), st.floats(0.1, 40), st.booleans(), st.floats(-60, 60)),
        min_size=1,
        max_size=25,
    ),
)
def test_an_honest_way_accuses_nobody(turns: list[tuple[float, float, bool, float]]) -> None:
    """Jitter below the grace, restarts of the source, and a date up to a minute wrong."""
    thing, there = Thing(block=2), receiver()
    skew, at = turns[0][3], NOW
    arriving: list[tuple[float, bytes]] = []
    for jitter, pause, restarts, _ in turns:
        if restarts:
            arriving.append((at + jitter, thing.signer.close(at + skew, at)))
            thing.start()
        arriving.append((at + jitter, thing.say(at=at, clock=skew)))
        at += pause
    for moment, octets in sorted(arriving):
        assert there.step(moment) == ()
        got = there.take(octets, moment)
        assert got.kind == "ok", got.reasons


@given(st.binary(max_size=400))
def test_any_bytes_are_read_or_refused(octets: bytes) -> None:
    try:
        read_measurement(octets)
    except MeasurementError as error:
        assert error.reason.key.startswith("measurement.")
    assert receiver().take(octets, NOW).kind == "altered"


CBOR = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9)
    | st.binary(max_size=40),
    lambda inner: st.lists(inner, max_size=5),
    max_leaves=12,
)  # fmt: skip


@given(st.integers(0, 15), CBOR)
def test_any_field_is_read_or_refused(place: int, value: object) -> None:
    tag = cbor2.loads(Thing().say())
    items = cbor2.loads(tag.value[2])
    items[place] = value
    try:
        payload = cbor2.dumps(items)
        octets = cbor2.dumps(cbor2.CBORTag(18, [tag.value[0], {}, payload, tag.value[3]]))
    except ValueError:
        return
    assert receiver().take(octets, NOW).kind in {"altered", "foreign"} or octets == Thing().say()


@given(st.binary(max_size=200), st.integers(0, 5000), st.binary(max_size=3))
def test_any_memory_is_read_or_counted_and_the_receiver_goes_on(
    octets: bytes, place: int, patch: bytes
) -> None:
    thing, there = Thing(), receiver()
    for number in (0, 1, 2, 3):
        said = thing.say(at=NOW + number)
        if number != 1:
            there.take(said, NOW + number)
    ((name, kept),) = [(k, v) for k, v in there.take_changes() if v is not None]
    at = place % len(kept)
    for value in (octets, kept[:at] + patch + kept[at:], kept[:at] + patch + kept[at + 1 :]):
        again = receiver()
        assert again.restore([(name, value)], NOW) in (0, 1)
        got = again.take(thing.say(at=NOW + 5), NOW + 5)
        assert got.kind in {"ok", "forked", "replayed", "time-unsure"}
        again.step(NOW + 60)
        for _, changed in again.take_changes():
            assert changed is None or receiver().restore([(name, changed)], NOW) == 0
