"""A receiver tells altered, replayed, delayed and lost apart, also together, and accuses nobody else."""

from __future__ import annotations

import pytest

from hub.measuring_made import NAME, NOW, STRANGER, Thing, receiver, who, why, with_value
from omamori.documents.measurement import HUB, THING, MeasurementError
from omamori.documents.sealed import sign_raw
from omamori.hub.measuring.numbers import HOLES_MAX
from omamori.hub.measuring.receiver import Receiver, Speaker
from omamori.hub.measuring.signer import Signer


def test_what_arrives_as_it_was_sent_is_sound() -> None:
    thing, there = Thing(), receiver()
    for number in range(12):
        at = NOW + number
        got = there.take(thing.say(70 + number, at), at + 0.2)
        assert (got.kind, got.kept, got.current, why(got)) == ("ok", True, True, [])
        assert got.measurement is not None
        assert got.measurement.readings[0].value == 70 + number
    assert there.step(NOW + 15) == ()


def test_an_altered_value_is_never_accepted() -> None:
    thing, there = Thing(), receiver()
    octets = thing.say(72)
    got = there.take(with_value(octets, 40), NOW)
    assert (got.kind, why(got), got.kept, got.measurement) == ("altered", ["altered"], False, None)
    assert there.take(octets, NOW).kind == "ok"  # who alters one does not shut the true one out


def test_a_message_that_is_cut_short_is_altered_and_nobodys() -> None:
    got = receiver().take(Thing().say()[:-3], NOW)
    assert (got.kind, got.source, why(got)) == ("altered", "", ["unreadable"])


def test_a_strangers_signature_is_foreign_or_altered() -> None:
    got = receiver().take(Thing(key=STRANGER).say(), NOW)
    assert got.kind == "altered"  # it claims the true key
    nobody = Receiver(lambda _source, _key: None)
    assert why(nobody.take(Thing().say(), NOW)) == ["foreign-signer"]


def test_a_repetition_is_replayed_also_after_a_restart_of_the_receiver() -> None:
    thing, there = Thing(), receiver()
    octets = thing.say()
    there.take(octets, NOW)
    twice = there.take(octets, NOW + 1)
    assert (twice.kind, why(twice), twice.harmless, twice.kept) == (
        "replayed",
        ["came-twice"],
        True,
        False,
    )
    later = there.take(octets, NOW + 14)
    assert (why(later), later.harmless) == (["replayed"], False)
    again = receiver()
    assert again.restore([(k, v) for k, v in there.take_changes() if v is not None], NOW) == 0
    assert there.take_changes() is not None
    assert again.take(octets, NOW + 2).kind == "replayed"
    assert again.take(thing.say(at=NOW + 2), NOW + 2).kind == "ok"


def test_a_repetition_much_later_is_replayed_and_late() -> None:
    thing, there = Thing(), receiver()
    octets = thing.say()
    there.take(octets, NOW)
    got = there.take(octets, NOW + 3600)
    assert (got.kind, why(got)) == ("replayed", ["replayed", "late", "expired"])


def test_very_old_numbers_are_still_known_to_have_come() -> None:
    thing, there = Thing(block=500), receiver()
    first = thing.say()
    there.take(first, NOW)
    for _ in range(300):
        there.take(thing.say(), NOW)
    assert why(there.take(first, NOW)) == ["replayed-long-ago"]


def test_disorder_within_the_grace_is_no_alarm() -> None:
    thing, there = Thing(), receiver()
    said = [thing.say(at=NOW + n) for n in range(6)]
    for place in (0, 2, 1, 5, 3, 4):
        assert there.take(said[place], NOW + 6).kind == "ok"
    assert there.step(NOW + 30) == ()


def test_a_lost_message_is_told_once_and_put_in_its_place_when_it_comes() -> None:
    thing, there = Thing(), receiver()
    said = [thing.say(at=NOW + n) for n in range(5)]
    for place in (0, 3, 4):
        there.take(said[place], NOW + place)
    assert there.step(NOW + 5) == ()
    (gone,) = there.step(NOW + 20)
    assert (gone.kind, gone.first, gone.last) == ("lost", 2, 3)
    assert there.step(NOW + 40) == ()
    got = there.take(said[1], NOW + 41)
    assert (got.kind, got.kept, got.current) == ("delayed", True, False)
    assert why(got) == ["late", "found-again"]
    assert there.take(said[1], NOW + 42).kind == "replayed"
    assert there.take(said[2], NOW + 42).kind == "delayed"


def test_a_cut_line_is_told_and_its_end_is_found_when_it_returns() -> None:
    thing, there = Thing(), receiver()
    there.take(thing.say(), NOW)
    held = thing.say(at=NOW + 1)
    told = there.step(NOW + 80)
    assert [one.kind for one in told] == ["silent"]
    assert there.step(NOW + 90) == ()
    got = there.take(thing.say(at=NOW + 100), NOW + 100)
    assert (got.kind, why(got)) == ("ok", ["heard-again"])
    assert [one.kind for one in there.step(NOW + 111)] == ["lost"]
    assert there.take(held, NOW + 112).kind == "delayed"


def test_heartbeats_keep_a_quiet_source_from_being_missed() -> None:
    thing, there = Thing(), receiver()
    there.take(thing.say(), NOW)
    for second in range(1, 300):
        beat = thing.signer.step(NOW + second, NOW + second)
        if beat is not None:
            assert there.take(beat, NOW + second).kind == "ok"
        assert there.step(NOW + second) == ()


def test_a_source_that_says_goodbye_may_be_silent() -> None:
    thing, there = Thing(), receiver()
    there.take(thing.say(), NOW)
    there.take(thing.signer.close(NOW, NOW), NOW)
    assert there.step(NOW + 1e6) == ()
    thing.start()
    got = there.take(thing.say(at=NOW + 1e6), NOW + 1e6)
    assert (got.kind, why(got)) == ("ok", [])
    assert there.step(NOW + 1e6 + 20) == ()
    old = Thing().signer
    old.close(NOW, NOW)
    with pytest.raises(MeasurementError):
        old.measure((), NOW, NOW)


def test_a_restart_loses_nothing_but_what_the_source_cannot_know() -> None:
    thing, there = Thing(), receiver()
    there.take(thing.say(), NOW)
    thing.start()  # the power went
    got = there.take(thing.say(at=NOW + 5), NOW + 5)
    assert (got.kind, why(got)) == ("ok", [])
    (unknown,) = there.step(NOW + 20)
    assert (unknown.kind, unknown.first, unknown.last) == ("end-unknown", 2, 4)


def test_numbers_are_never_given_twice_over_many_restarts() -> None:
    thing = Thing(block=3)
    seen: set[bytes] = set()
    there = receiver()
    for turn in range(40):
        for _ in range(turn % 5):
            octets = thing.say(at=NOW + turn)
            assert octets not in seen
            seen.add(octets)
            assert there.take(octets, NOW + turn).kind == "ok"
        thing.start()
    thing.disk = b"\x00rubbish"
    with pytest.raises(MeasurementError):
        thing.start()


def test_an_even_delay_is_told_by_the_steady_clock() -> None:
    thing, there = Thing(), receiver()
    for number in range(5):
        there.take(thing.say(at=NOW + number), NOW + number)
    for number in range(5, 30):
        got = there.take(thing.say(at=NOW + number), NOW + number + 25)
        assert (got.kind, why(got), got.kept, got.current) == ("delayed", ["late"], True, True)


def test_a_wrong_date_is_told_apart_from_delay_or_said_to_be_doubtful() -> None:
    thing, there = Thing(), receiver()
    for number in range(5):
        got = there.take(thing.say(at=NOW + number, clock=-3600), NOW + number)
        assert (got.kind, got.current) == ("time-unsure", False)
        assert "late-or-clock-slow" in why(got)
    ahead = receiver().take(Thing().say(clock=3600), NOW)
    assert (ahead.kind, why(ahead)) == ("time-unsure", ["clock-ahead"])
    turned, there = Thing(), receiver()
    there.take(turned.say(), NOW)
    got = there.take(turned.say(at=NOW + 1, clock=-600), NOW + 1)
    assert (got.kind, why(got)) == ("time-unsure", ["clock-set", "expired"])
    # Its date is set wrong, and the message was held up: both are told.
    got = there.take(turned.say(at=NOW + 2, clock=-600), NOW + 42)
    assert (got.kind, why(got)) == ("delayed", ["late", "clock-set", "expired"])


def test_a_source_that_sets_its_clock_right_is_believed_again() -> None:
    thing, there = Thing(), receiver()
    there.take(thing.say(clock=-1e6), NOW)
    assert there.take(thing.say(at=NOW + 1), NOW + 1).kind == "ok"


def test_a_restored_backup_is_told_and_waits_for_a_persons_word() -> None:
    thing, there = Thing(), receiver()
    there.take(thing.say(), NOW)
    backup = thing.disk
    thing.start()
    old = thing.say(at=NOW + 1)
    there.take(old, NOW + 1)
    thing.disk = backup
    thing.start(b"restored")
    got = there.take(thing.say(at=NOW + 2), NOW + 2)
    assert (got.kind, why(got), got.kept) == ("forked", ["epoch-again"], False)
    assert there.doubled() == (NAME,)
    there.begin_anew(NAME)
    assert there.take(thing.say(at=NOW + 3), NOW + 3).kind == "ok"
    assert why(there.take(old, NOW + 4)) == ["former-life"]


def test_two_things_under_one_name_are_told_and_nothing_of_them_is_acted_upon() -> None:
    thing, there = Thing(), receiver()
    there.take(thing.say(), NOW)
    twin = Thing()
    twin.disk = thing.disk
    thing.start(b"original")
    twin.start(b"the-twin")
    assert there.take(thing.say(at=NOW + 1), NOW + 1).kind == "ok"
    assert there.take(twin.say(at=NOW + 2), NOW + 2).kind == "forked"
    got = there.take(thing.say(at=NOW + 3), NOW + 3)
    assert (got.kind, got.kept, got.current) == ("ok", True, False)
    assert "two-sources" in why(got)


def test_a_running_copy_is_found_by_its_first_number() -> None:
    thing, there = Thing(), receiver()
    twin = Thing()
    there.take(thing.say(70), NOW)
    assert why(there.take(twin.say(71), NOW)) == ["number-twice", "two-sources"]


def test_a_false_claim_of_who_signs_or_for_whom_is_foreign() -> None:
    def kept(_: bytes) -> None: ...

    def key(octets: bytes) -> bytes:
        return sign_raw(STRANGER, octets)

    hub = Signer("old", HUB, b"h", key, kept, None, b"12345678", audience="doctor")
    octets = hub.step(NOW, NOW)
    assert octets is not None
    as_hub = Receiver(lambda *_: Speaker(HUB, STRANGER.public_key()), "doctor")
    as_thing = Receiver(lambda *_: Speaker(THING, STRANGER.public_key()), "doctor")
    other = Receiver(lambda *_: Speaker(HUB, STRANGER.public_key()), "shop")
    assert why(as_hub.take(octets, NOW)) == ["vouched"]
    assert why(as_thing.take(octets, NOW)) == ["not-its-signer"]
    assert why(other.take(octets, NOW)) == ["not-for-us"]


def test_our_own_clock_may_jump_back_without_accusing_anybody() -> None:
    thing, there = Thing(), receiver()
    there.take(thing.say(at=NOW), NOW + 90)  # we were 90 seconds ahead
    assert there.take(thing.say(at=NOW + 1), NOW + 1).kind == "ok"
    assert there.step(NOW + 30) == ()


def test_a_source_that_never_speaks_is_missed() -> None:
    there = receiver()
    there.expect(NAME, 60, NOW)
    assert [one.kind for one in there.step(NOW + 100)] == ["silent"]
    thing = Thing()
    thing.say()
    there.take(thing.say(at=NOW + 101), NOW + 101)
    assert next(one.kind for one in there.step(NOW + 200)) == "lost"


def test_unreadable_memory_is_counted_and_nothing_is_current_until_confirmed() -> None:
    there = receiver()
    assert there.restore([(NAME, b"\xc1rubbish"), ("x" * 500, b"")], NOW) == 2
    thing = Thing()
    got = there.take(thing.say(), NOW)
    assert (got.kept, got.current, why(got)) == (True, False, ["memory-lost"])
    there.begin_anew(NAME)
    thing.start()
    assert there.take(thing.say(), NOW).current


def test_a_forgotten_source_leaves_the_shelf() -> None:
    there = Receiver(who)
    there.take(Thing().say(), NOW)
    list(there.take_changes())
    there.forget(NAME)
    assert list(there.take_changes()) == [(NAME, None)]


def test_old_messages_let_through_one_by_one_do_not_hide_a_cut_line() -> None:
    thing, there = Thing(), receiver()
    said = [thing.say(at=NOW + n) for n in range(8)]
    there.take(said[0], NOW)
    there.take(said[7], NOW + 7)
    told = []
    for number in range(1, 7):
        there.take(said[number], NOW + 20 * number)
        told += [one.kind for one in there.step(NOW + 20 * number)]
    assert "silent" in told


def test_more_gaps_than_are_kept_are_told_and_what_comes_then_is_not_called_a_lie() -> None:
    thing, there = Thing(block=4000), receiver()
    said = [thing.say() for _ in range(2 * HOLES_MAX + 40)]
    for octets in said[::2]:
        there.take(octets, NOW)
    lost = {one.first for one in there.step(NOW + 11) if one.kind == "lost"}
    assert lost == set(range(2, len(said), 2))
    old = there.take(said[1], NOW + 12)
    assert (old.kind, why(old)) == ("replayed", ["too-old-to-tell"])
    assert there.take(said[-3], NOW + 12).kind == "delayed"
