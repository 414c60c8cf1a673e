"""Only what a reviewed table allows passes between a car's buses, and every refusal has its reason."""

from __future__ import annotations

from math import isfinite

import pytest
from hypothesis import given
from hypothesis import strategies as st

from omamori.hub.vehicle.gateway import PACES_MAX, TOLD_PER_BUS_MAX, Frame, Gateway
from omamori.hub.vehicle.learned import Learner
from omamori.hub.vehicle.table import STATES, VehicleError, read_table

TABLE = """
version = 1
buses = ["telematics", "inner"]
reviewed = true
frames_per_s_max = 500

[[allow]]
ids = ["0x320"]
from = "telematics"
to = "inner"
length = "8"
every_ms = 100
burst = 2
why = "door lock state for the app"

[[allow]]
ids = ["0x7E0-0x7E7"]
from = "telematics"
to = "inner"
states = ["parked", "service"]
data = "02 3E .."
every_ms = 50
burst = 5

[[allow]]
ids = ["0x18FEF100-0x18FEF1FF"]
extended = true
from = "inner"
to = "telematics"
every_ms = 10
burst = 3

[[allow]]
ids = ["0x55"]
fd = true
from = "telematics"
to = "inner"
length = "0-64"
every_ms = 100
"""


def gateway(text: str = TABLE, state: str = "driving") -> Gateway:
    made = Gateway(read_table(text))
    made.set_state(state)
    return made


def key(gate: Gateway, frame: Frame) -> str:
    answer = gate.judge(frame)
    assert bool(answer.to) == (answer.reason is None)
    return "" if answer.reason is None else answer.reason.key.removeprefix("vehicle.")


def out(id_: int = 0x320, data: bytes = bytes(8), at: float = 0.0, **more: bool) -> Frame:
    return Frame(at, "telematics", id_, data, **more)


def test_what_is_allowed_passes_to_its_bus() -> None:
    assert gateway().judge(out()).to == ("inner",)


@pytest.mark.parametrize(
    ("frame", "why"),
    [
        (out(0x321), "not-allowed"),
        (out(0x320, extended=True), "not-allowed"),
        (Frame(0, "inner", 0x320, bytes(8)), "not-allowed"),
        (Frame(0, "roof", 0x320, bytes(8)), "bus-unknown"),
        (out(0x320, bytes(7)), "length"),
        (out(0x320, bytes(8), fd=True), "length"),
        (out(0x320, b"", remote=True), "length"),
        (out(0x320, bytes(9)), "frame-malformed"),
        (out(0x55, bytes(13), fd=True), "frame-malformed"),
        (out(-1), "frame-malformed"),
        (out(0x800), "frame-malformed"),
        (out(0x320, error=True), "frame-malformed"),
        (out(0x7E0, b"\x02\x3e\x00"), "not-in-this-state"),
    ],
)
def test_everything_else_is_refused_with_its_reason(frame: Frame, why: str) -> None:
    gate = gateway()
    assert key(gate, frame) == why
    (told,) = gate.take_refused()
    assert (told.count, told.reason.key) == (1, f"vehicle.{why}")


def test_diagnosis_passes_only_in_its_states_and_only_what_it_may_say() -> None:
    assert key(gateway(state="parked"), out(0x7E0, b"\x02\x3e\x80")) == ""
    assert key(gateway(state="parked"), out(0x7E0, b"\x02\x11\x01")) == "content"
    assert key(gateway(state="parked"), out(0x7E0, b"\x02")) == "length"
    for state in ("driving", "charging", "unknown", "flying"):
        assert key(gateway(state=state), out(0x7E0, b"\x02\x3e\x80")) == "not-in-this-state"


def test_pace_holds_each_identifier_and_disturbs_no_other() -> None:
    gate = gateway()
    passed = [key(gate, out(at=n * 0.001)) == "" for n in range(1000)]
    assert sum(passed) == 2 + 9  # the burst, and one each 100 ms
    gate.set_state("parked")
    assert key(gate, out(0x7E0, b"\x02\x3e\x80", at=1.0)) == ""


def test_a_clock_that_goes_back_gives_nothing() -> None:
    gate = gateway()
    assert [key(gate, out(at=at)) for at in (100.0, 100.0, 5.0, 5.05)] == [
        "",
        "",
        "too-often",
        "too-often",
    ]


def test_a_bus_keeps_within_its_whole_pace() -> None:
    text = TABLE.replace('ids = ["0x320"]', 'ids = ["0x100-0x6FF"]')
    gate = gateway(text)
    passed = sum(key(gate, out(0x100 + n)) == "" for n in range(0x500))
    assert passed == 500


def test_a_flood_takes_no_more_memory_than_named() -> None:
    text = TABLE.replace("frames_per_s_max = 500", "frames_per_s_max = 20000").replace(
        '["0x18FEF100-0x18FEF1FF"]', '["0x10000000-0x1FFFFFFF"]'
    )
    gate = gateway(text)
    for n in range(PACES_MAX + 2000):
        gate.judge(Frame(n * 1e-6, "inner", 0x10000000 + n, b"", extended=True))
    assert len(gate._paces) <= PACES_MAX + 4
    for n in range(5000):
        gate.judge(out(0x40, bytes(n % 9)))
        gate.judge(Frame(0.0, "inner", n, b"", extended=True))
    told = gate.take_refused()
    assert len(told) <= TOLD_PER_BUS_MAX * 2 + 2
    assert sum(one.count for one in told) == gate.refused
    assert gate.take_refused() == ()


def test_an_unreviewed_table_is_not_in_force() -> None:
    with pytest.raises(VehicleError, match="not-reviewed"):
        gateway(TABLE.replace("reviewed = true", "reviewed = false"))


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        ('ids = ["0x320"]', 'ids = ["800"]', 8),
        ('ids = ["0x320"]', 'ids = ["0x900"]', 8),
        ('ids = ["0x7E0-0x7E7"]', 'ids = ["0x7E7-0x7E0"]', 17),
        ('to = "telematics"', 'to = "inner"', 29),
        ('to = "telematics"', 'to = "roof"', 29),
        ('states = ["parked", "service"]', 'states = ["parket"]', 20),
        ('data = "02 3E .."', 'data = "02 3E ?"', 21),
        ('length = "8"', 'length = "9"', 11),
        ("every_ms = 50", "every_ms = 0", 22),
        ("every_ms = 50", 'every_ms = "50"', 22),
        ("every_ms = 50", "every_ms = nan", 22),
        ("every_ms = 50", "every_ms = 5e-324", 22),
        ("burst = 5", "burts = 5", 23),
        ("version = 1", "version = 2", 2),
        ("version = 1", "version = = 1", 2),
        ("reviewed = true", 'reviewed = "yes"', 4),
        ('buses = ["telematics", "inner"]', 'buses = ["inner"]', 3),
    ],
)
def test_a_mistake_in_the_table_is_told_with_its_line(old: str, new: str, line: int) -> None:
    with pytest.raises(VehicleError) as refused:
        read_table(TABLE.replace(old, new, 1))
    assert refused.value.reason.params["line"] == line


@given(
    st.text(max_size=300) | st.sampled_from(["[" * 5000, "x = " + "[" * 3000, "a=1" + "0" * 6000])
)
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        read_table(text)
    except VehicleError as error:
        assert error.reason.key.startswith("vehicle.")


FRAMES = st.builds(
    Frame,
    st.floats(),
    st.sampled_from(["telematics", "inner", "roof"]),
    st.integers(-5, 2**32),
    st.binary(max_size=70),
    st.booleans(), st.booleans(), st.booleans(), st.booleans(),
)  # fmt: skip


@given(st.lists(FRAMES, max_size=30), st.sampled_from([*STATES, "x"]))
def test_judging_is_total_and_every_frame_is_counted(frames: list[Frame], state: str) -> None:
    gate = gateway(state=state)
    for frame in frames:
        gate.judge(frame)
    assert gate.passed + gate.refused == len(frames)


def healthy(id_: int, every: float, count: int = 60, jitter: float = 0.002) -> list[Frame]:
    return [
        Frame(n * every + (n * 7 % 5) * jitter, "telematics", id_, bytes([1, n % 256]))
        for n in range(count)
    ]


def test_a_learned_table_lets_its_own_log_pass_and_refuses_what_was_not_in_it() -> None:
    frames = sorted(
        [
            *healthy(0x100, 0.01),
            *healthy(0x200, 0.1),
            *healthy(0x300, 5.0, 1),
            *healthy(0x7E0, 1.0),
        ],
        key=lambda frame: frame.at,
    )
    learner = Learner({"telematics": "inner"})
    for frame in frames:
        learner.hear(frame, "parked")
    text = learner.draft()
    with pytest.raises(VehicleError, match="not-reviewed"):
        Gateway(read_table(text))
    gate = Gateway(read_table(text.replace("reviewed = false", "reviewed = true")))
    gate.set_state("parked")
    assert [key(gate, frame) for frame in frames] == [""] * len(frames)
    assert key(gate, out(0x101, bytes(2), at=99.0)) == "not-allowed"
    assert key(gate, out(0x100, bytes(8), at=99.0)) == "length"
    assert '# data = "01 .."' in text


def test_a_long_and_busy_log_passes_its_own_table() -> None:
    frames = [
        Frame(n / 4000 + (n // 30_000) * 0.5, "telematics", n % 3, bytes(2)) for n in range(60_000)
    ]
    learner = Learner({"telematics": "inner"})
    for frame in frames:
        learner.hear(frame, "driving")
    gate = Gateway(read_table(learner.draft()), unreviewed=True)
    gate.set_state("driving")
    assert all(gate.judge(frame).to for frame in frames)


def test_diagnosis_while_driving_is_learned_only_as_a_remark() -> None:
    learner = Learner({"telematics": "inner"})
    for frame in healthy(0x7E0, 1.0):
        learner.hear(frame, "driving")
    table = read_table(learner.draft())
    assert table.rules == ()
    assert "# [[allow]]" in learner.draft()


@given(st.lists(st.tuples(st.floats(0, 100), FRAMES), max_size=30))
def test_every_draft_can_be_read_and_passes_its_log(heard: list[tuple[float, Frame]]) -> None:
    learner = Learner({"telematics": "inner", "inner": "telematics"})
    gate_frames = []
    for _, frame in heard:
        sound = Frame(frame.at, frame.bus, abs(frame.id) % 0x700, frame.data[:8])
        learner.hear(sound, "driving")
        gate_frames.append(sound)
    gate = Gateway(read_table(learner.draft()), unreviewed=True)
    gate.set_state("driving")
    for frame in gate_frames:
        assert gate.judge(frame).to or frame.bus == "roof" or not isfinite(frame.at)
