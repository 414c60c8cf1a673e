"""The plays of a measurement's way, a car and an implant tell each fault, and always the same story."""

from __future__ import annotations

import pytest

from omamori.simulation import implant, measured, vehicle
from omamori.web.words import tables

NOW = 1_790_000_000.0


def why(told: measured.Told | vehicle.Told | implant.Told) -> list[str]:
    for reason in told.reasons:
        assert reason.key in tables()["en"]
        assert reason.key in tables()["ja"]
    return [reason.key.partition(".")[2] for reason in told.reasons]


def test_each_fault_of_a_measurement_is_told_apart() -> None:
    play = measured.MeasuredPlay(NOW)
    (sound,) = play.play(measured.SOUND)
    assert (sound.kind, sound.measured == sound.arrived, why(sound)) == ("ok", True, ["ok"])
    changed, true = play.play(measured.ALTERED)
    assert (changed.kind, changed.kept, changed.arrived, true.kind) == ("altered", False, 190, "ok")
    once, twice = play.play(measured.REPLAYED)
    assert (once.kind, twice.kind) == ("ok", "replayed")
    (late,) = play.play(measured.DELAYED)
    assert (late.kind, late.kept, why(late)) == ("delayed", True, ["late"])
    following, gone = play.play(measured.LOST)
    assert (following.kind, gone.kind, gone.arrived) == ("ok", "lost", None)
    (found,) = play.play(measured.FOUND)
    assert (found.kind, found.kept, found.current) == ("delayed", True, False)
    assert play.play(measured.FOUND) == ()


def test_steps_in_any_order_leave_a_sound_measurement_sound() -> None:
    play = measured.MeasuredPlay(NOW)
    for turn in range(60):
        play.play(measured.STEPS[turn * 7 % len(measured.STEPS)])
        assert play.play(measured.SOUND)[0].kind == "ok"


def test_a_cars_intruder_is_stopped_and_its_own_frames_go_on() -> None:
    play = vehicle.VehiclePlay()
    assert [one.stopped for one in play.play(vehicle.ORDINARY)] == [0, 0]
    for step, reason in (("injected", "not-allowed"), ("diagnosis", "not-in-this-state")):
        charge, warm, strange = play.play(step)
        assert (charge.passed, warm.passed) == (1, 1)
        assert (strange.passed, why(strange)) == (0, [reason])
    play.set_state("parked")
    assert why(play.play(vehicle.DIAGNOSIS)[-1]) == ["content"]
    flood = play.play(vehicle.FLOOD)[-1]
    assert (flood.passed, flood.stopped, why(flood)) == (1, 199, ["too-often"])
    assert play.play(vehicle.FORGED)[-1].passed == 1


@pytest.mark.parametrize(
    ("step", "done", "reasons"),
    [
        ("doctor", True, ["shown", "level-enough"]),
        ("weak", False, ["touched", "level-too-low"]),
        ("stranger", False, ["not-near", "level-too-low"]),
        ("relay", False, ["too-far", "level-enough"]),
        ("repeated", False, ["used", "level-enough"]),
        ("late", False, ["not-fresh", "too-old", "level-enough"]),
        ("ambulance", True, ["touched", "emergency"]),
        ("what", False, ["not-near", "level-too-low"]),
    ],
)
def test_an_implant_obeys_only_who_is_near_fresh_and_trusted(
    step: str,
    done: bool,  # noqa: FBT001 - a table's fact
    reasons: list[str],
) -> None:
    told = implant.ImplantPlay(NOW).play(step)
    assert (told.done, why(told)) == (done, reasons)
    assert bool(told.record) == (step == "ambulance")
    assert implant.ImplantPlay(NOW).play(step) == told
