"""The guard cuts off who attacks, asks where being cut off may harm, and can always be undone."""

from __future__ import annotations

import inspect
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.guarding.guarded import DAY, IRON, NOW, alert, mac, thing
from omamori.hub.alerting.alert_kinds import ALERTS
from omamori.hub.guarding import answers
from omamori.hub.guarding import guard as guard_module
from omamori.hub.guarding import quarantine as quarantine_module
from omamori.hub.guarding.answers import (
    ANSWERS,
    CUTS,
    CUTS_BY_ADDRESS_MAX,
    CUTS_BY_ITSELF_MAX,
    SURETY,
    Scene,
)
from omamori.hub.guarding.guard import QUARANTINES_MAX, Guard, GuardRefusedError
from omamori.hub.guarding.plan import Place
from omamori.hub.guarding.quarantine import (
    ASKED,
    CUT,
    CUT_S,
    DECLINED,
    HUB,
    OVER,
    PERSONS_CUT_S_MAX,
    UNDONE,
    Change,
)
from omamori.hub.knowing.identify_kinds import KINDS
from omamori.hub.points import ASK_BEFORE_CUTTING
from omamori.hub.sighting import Sighting
from omamori.web import words

HUB_PLACE = Place("hub", ("02:ff:00:00:00:01",), ("192.168.1.2",), "br-own")


def one(changes: list[Change]) -> Change:
    (change,) = changes
    return change


def keys(change: Change) -> set[str]:
    return {reason.key for reason in change.reasons}


def nowhere(name: str) -> Place:
    return Place(name)


def plugged(guard: Guard, address: str, port: str) -> None:
    guard.hear([Sighting(NOW - DAY, address, "bridge.port", {"port": port})])


def test_every_kind_of_alert_has_an_answer_and_no_other() -> None:
    assert ANSWERS.keys() == ALERTS.keys()


def test_the_first_sweep_of_an_appliance_cuts_it_off() -> None:
    guard = Guard()
    change = one(guard.alerted(alert(), thing(), NOW))
    assert change.quarantine.state == CUT
    assert change.reasons[0].key == "alert.sweep.arp"
    assert {"guard.cut-by-itself", "guard.sure-address-only"} <= keys(change)
    assert guard.is_cut(IRON)
    assert guard.alerted(alert(size=500), thing(), NOW + 1) == []  # it is cut off already
    (cut,) = guard.plan(nowhere, HUB_PLACE).cuts
    assert cut.place.macs == (IRON,)
    assert cut.until == NOW + CUT_S
    assert change.entry.kind == "guard.cut"
    assert change.entry.about[0] == IRON


def test_a_port_of_its_own_is_said() -> None:
    guard = Guard()
    plugged(guard, IRON, "lan3")
    change = one(guard.alerted(alert(), thing(), NOW))
    assert "guard.sure-own-port" in keys(change)
    assert change.quarantine.place.port == "lan3"


@pytest.mark.parametrize("kind", sorted(ASK_BEFORE_CUTTING))
def test_what_people_may_need_is_asked_about(kind: str) -> None:
    guard = Guard()
    change = one(guard.alerted(alert(), thing(kind=kind), NOW))
    assert change.quarantine.state == ASKED
    assert {"guard.asks", "guard.needed-kind"} <= keys(change)
    assert not guard.is_cut(IRON)
    assert guard.plan(nowhere, HUB_PLACE).cuts == ()


@given(
    st.sampled_from(sorted(ANSWERS)),
    st.sampled_from(sorted(KINDS)),
    st.sampled_from(["sure", "likely", "unsure", "unknown"]),
)
def test_nothing_that_people_need_is_ever_cut_by_itself(
    alert_kind: str, kind: str, band: str
) -> None:
    guard = Guard()
    plugged(guard, IRON, "lan3")
    for change in guard.alerted(alert(alert_kind), thing(kind=kind, band=band), NOW):
        if kind in ASK_BEFORE_CUTTING:
            assert change.quarantine.state == ASKED
        for lang in words.LANGUAGES:
            assert all("…" not in words.sentence(r, lang) for r in change.reasons[1:])


def test_what_may_be_medical_is_asked_about() -> None:
    guard = Guard()
    maybe = thing(kind="sensor", band="unsure", against=(("glucose-meter", 2.0),))
    assert "guard.may-be-needed" in keys(one(guard.alerted(alert(), maybe, NOW)))


def test_a_bridge_with_something_needed_behind_it_is_asked_about() -> None:
    guard = Guard({"b/1": "light", "b/2": "lock"}.get)  # type: ignore[arg-type]
    bridge = thing(kind="bridge", children=("b/1",))
    assert one(guard.alerted(alert(), bridge, NOW)).quarantine.state == CUT
    bridge = thing(mac(7), kind="bridge", children=("b/1", "b/2"))
    change = one(guard.alerted(alert(of=mac(7)), bridge, NOW))
    assert change.quarantine.state == ASKED
    assert "guard.needed-behind" in keys(change)


def test_a_bridges_child_and_who_hides_others_are_asked_about() -> None:
    guard = Guard()
    child = thing("b/1", behind="b")
    assert "guard.behind-bridge" in keys(one(guard.alerted(alert(of="b/1"), child, NOW)))
    hiding = thing(hides_others=True)
    assert "guard.others-behind" in keys(one(guard.alerted(alert(), hiding, NOW)))
    bare = thing("ip:10.0.0.9", ips=("10.0.0.9",))
    assert "guard.no-address" in keys(one(guard.alerted(alert(of="ip:10.0.0.9"), bare, NOW)))


def test_the_persons_screen_is_asked_about_and_hub_and_way_out_never_cut() -> None:
    guard = Guard()
    guard.scene = Scene(
        own=frozenset({mac(1)}), ways=frozenset({mac(2)}), screens=frozenset({mac(3)})
    )
    assert guard.alerted(alert(of=mac(1)), thing(mac(1)), NOW) == []
    assert guard.alerted(alert(of=mac(2)), thing(mac(2), kind="router"), NOW) == []
    with pytest.raises(GuardRefusedError, match="way-out"):
        guard.cut(thing(mac(2)), "mother", NOW)
    assert "guard.your-screen" in keys(one(guard.alerted(alert(of=mac(3)), thing(mac(3)), NOW)))
    with pytest.raises(GuardRefusedError, match="own-machine"):
        guard.cut(thing(mac(1)), "mother", NOW)


def test_a_false_claim_cuts_only_who_is_alone_at_its_port() -> None:
    for kind in ("claims.dhcp", "claims.router", "claims.address", "claims.many"):
        guard = Guard()
        assert "guard.may-be-faked" in keys(one(guard.alerted(alert(kind), thing(), NOW)))
        sure = Guard()
        plugged(sure, IRON, "lan3")
        assert one(sure.alerted(alert(kind), thing(), NOW)).quarantine.state == CUT
        shared = Guard()
        plugged(shared, IRON, "lan3")
        plugged(shared, mac(9), "lan3")
        assert one(shared.alerted(alert(kind), thing(), NOW)).quarantine.state == ASKED


def test_the_victim_is_never_cut_off() -> None:
    guard = Guard()
    for kind in ("inbound.ports", "inbound.guess", "claims.twice", "flood.addresses"):
        assert guard.alerted(alert(kind), thing(), NOW) == []


def test_a_borrowed_address_does_not_have_its_owner_cut_off() -> None:
    """The attacker at another port writes the camera's address into its frames."""
    guard = Guard()
    plugged(guard, IRON, "lan3")
    guard.hear([Sighting(NOW, IRON, "bridge.port", {"port": "lan5"})])
    change = one(guard.alerted(alert(), thing(kind="camera"), NOW))
    assert change.quarantine.state == ASKED
    assert "guard.heard-at-two-places" in keys(change)
    contested = Guard()
    contested.scene = Scene(contested=frozenset({"10.0.0.7"}))
    change = one(contested.alerted(alert(), thing(ips=("10.0.0.7",)), NOW))
    assert "guard.address-contested" in keys(change)
    # A contest is no shelter where the port proves who it was.
    plugged(contested, mac(4), "lan4")
    sure = thing(mac(4), ips=("10.0.0.7",))
    assert one(contested.alerted(alert(of=mac(4)), sure, NOW)).quarantine.state == CUT


def test_only_so_many_are_cut_by_itself_at_once() -> None:
    guard = Guard()
    states = [
        one(guard.alerted(alert(of=mac(n)), thing(mac(n)), NOW)).quarantine.state
        for n in range(1, CUTS_BY_ADDRESS_MAX + 3)
    ]
    assert states == [CUT] * CUTS_BY_ADDRESS_MAX + [ASKED] * 2
    for n in range(50, 60):
        plugged(guard, mac(n), f"lan{n}")
        guard.alerted(alert(of=mac(n)), thing(mac(n)), NOW)
    by_itself = [q for q in guard.quarantines() if q.is_by_itself]
    assert len(by_itself) == CUTS_BY_ITSELF_MAX
    guard.cut(thing(mac(99)), "mother", NOW)  # a person may always
    assert guard.is_cut(mac(99))


def test_undo_is_remembered_for_a_day_unless_it_grows_or_is_of_another_kind() -> None:
    guard = Guard()
    guard.alerted(alert(), thing(), NOW)
    change = guard.undo(IRON, "mother", NOW + 60)
    assert (change.quarantine.state, change.quarantine.by) == (UNDONE, "mother")
    assert change.is_new_plan
    assert guard.alerted(alert(), thing(), NOW + 120) == []
    assert guard.alerted(alert(size=99), thing(), NOW + 130) == []
    assert one(guard.alerted(alert(size=110), thing(), NOW + 140)).quarantine.state == CUT
    guard.undo(IRON, "mother", NOW + 150)
    assert guard.alerted(alert(size=110), thing(), NOW + 160) == []
    assert one(guard.alerted(alert("spread.telnet"), thing(), NOW + 170)).quarantine.state == CUT


def test_what_was_undone_is_cut_again_a_day_later() -> None:
    guard = Guard()
    guard.alerted(alert(), thing(), NOW)
    guard.undo(IRON, "mother", NOW)
    at = NOW
    while at < NOW + DAY + 600:
        guard.step(at)
        at += 600
    assert guard.of(IRON) is None
    assert one(guard.alerted(alert(), thing(), at)).quarantine.state == CUT


def test_a_question_is_answered_either_way() -> None:
    guard = Guard()
    guard.alerted(alert(), thing(kind="lock"), NOW)
    change = guard.agree(IRON, "mother", NOW + 1, for_s=3600)
    assert (change.quarantine.state, change.quarantine.until) == (CUT, NOW + 3601)
    assert not change.quarantine.is_by_itself
    other = Guard()
    other.alerted(alert(), thing(kind="lock"), NOW)
    assert other.decline(IRON, "mother", NOW).quarantine.state == DECLINED
    assert other.alerted(alert(), thing(kind="lock"), NOW + 5) == []
    for say in (other.agree, other.decline, other.undo):
        with pytest.raises(GuardRefusedError):
            say(IRON, "mother", NOW)


def test_a_cut_lasts_while_the_alert_is_open_and_a_day_longer() -> None:
    guard = Guard()
    guard.alerted(alert(), thing(), NOW)
    at = NOW
    while at < NOW + 3 * DAY:
        assert guard.step(at) == []
        (cut,) = guard.plan(nowhere, HUB_PLACE).cuts
        assert cut.until >= at + CUT_S / 2  # what the kernel holds without the hub
        at += 1800
    assert guard.is_cut(IRON)
    guard.ended(alert(), at)
    end = at + CUT_S
    while at < end - 1800:
        at += 1800
        assert guard.step(at) == []
    ended = one(guard.step(end))
    assert (ended.quarantine.state, ended.before) == (OVER, CUT)
    assert ended.is_new_plan
    assert not guard.is_cut(IRON)


def test_a_person_cuts_off_prolongs_and_ends() -> None:
    guard = Guard()
    change = guard.cut(thing(kind="medical"), "mother", NOW, for_s=600)
    assert change.quarantine.until == NOW + 600
    assert guard.cut(thing(kind="medical"), "mother", NOW + 60, 1e12).quarantine.until == (
        NOW + 60 + PERSONS_CUT_S_MAX
    )
    assert guard.undo(IRON, "mother", NOW + 61).quarantine.state == UNDONE
    with pytest.raises(GuardRefusedError, match="behind-bridge"):
        guard.cut(thing("b/1", behind="b"), "mother", NOW)
    with pytest.raises(GuardRefusedError, match="no-address"):
        guard.cut(thing("ip:x", ips=()), "mother", NOW)


def test_an_alert_called_fine_ends_what_the_hub_did_for_it() -> None:
    guard = Guard()
    guard.alerted(alert(), thing(), NOW)
    assert one(guard.said_fine(alert(), "mother", NOW)).quarantine.state == UNDONE
    asked = Guard()
    asked.alerted(alert(), thing(kind="lock"), NOW)
    assert one(asked.said_fine(alert(), "mother", NOW)).quarantine.state == DECLINED
    persons = Guard()
    persons.cut(thing(), "mother", NOW)
    assert persons.said_fine(alert(), "mother", NOW) == []


def test_who_is_known_by_likeness_has_only_its_present_address_cut_off() -> None:
    """Who copies a name shields nobody and harms nobody: the owner of the name goes on."""
    guard = Guard()
    twin = thing("02:aa:00:00:00:01", mac=mac(5), is_likeness=True)
    change = one(guard.alerted(alert(of=mac(5)), twin, NOW))
    assert change.quarantine.thing == mac(5)
    assert "guard.only-this-address" in keys(change)
    places = {"02:aa:00:00:00:01": Place("02:aa:00:00:00:01", ("02:aa:00:00:00:01",))}
    (cut,) = guard.plan(lambda name: places.get(name, Place(name)), HUB_PLACE).cuts
    assert cut.place.macs == (mac(5),)


def test_the_hub_is_never_in_the_plan() -> None:
    guard = Guard()
    guard.alerted(alert(), thing(), NOW)
    stolen = Place(IRON, (IRON, *HUB_PLACE.macs), HUB_PLACE.ips, "br-own")
    (cut,) = guard.plan(lambda _: stolen, HUB_PLACE).cuts
    assert cut.place == Place(IRON, (IRON,))
    guard.scene = Scene(ways=frozenset({mac(2)}))
    (cut,) = guard.plan(lambda _: Place(IRON, (IRON, mac(2))), HUB_PLACE).cuts
    assert cut.place.macs == (IRON,)
    only = Place(IRON, HUB_PLACE.macs, HUB_PLACE.ips)
    assert guard.plan(lambda _: only, HUB_PLACE).cuts == ()


def test_a_clock_that_is_set_neither_frees_nor_locks() -> None:
    for moved in (30 * DAY, -300 * DAY):
        guard = Guard()
        guard.alerted(alert(), thing(), NOW)
        guard.ended(alert(), NOW)
        guard.step(NOW + 10)
        assert guard.step(NOW + 20 + moved) == []
        quarantine = guard.of(IRON)
        assert quarantine is not None
        assert abs(quarantine.until - (NOW + moved + CUT_S)) < 60


def test_nothing_is_lost_over_a_restart() -> None:
    guard = Guard()
    guard.alerted(alert(), thing(), NOW)
    guard.alerted(alert(of=mac(2)), thing(mac(2), kind="lock"), NOW)
    guard.alerted(alert(of=mac(3)), thing(mac(3)), NOW)
    guard.undo(mac(3), "mother", NOW)
    kept = [(key, value) for key, value in guard.take_changes() if value is not None]
    assert list(guard.take_changes()) == []
    again = Guard()
    assert again.restore(kept, NOW + 5) == 0
    assert again.quarantines() == guard.quarantines()
    assert again.of(mac(3)) == guard.of(mac(3))
    (cut,) = again.plan(nowhere, HUB_PLACE).cuts  # nothing was heard of it yet
    assert cut.place.macs == (IRON,)


@given(st.lists(st.tuples(st.text(max_size=20), st.binary(max_size=200)), max_size=5))
def test_any_bytes_may_be_on_the_shelf(kept: list[tuple[str, bytes]]) -> None:
    assert Guard().restore(kept, NOW) == len(kept)


@given(st.data())
def test_damaged_pieces_are_left_out(data: st.DataObject) -> None:
    guard = Guard()
    guard.alerted(alert(), thing(), NOW)
    ((key, value),) = guard.take_changes()
    assert value is not None
    at = data.draw(st.integers(0, len(value) - 1))
    changed = value[:at] + data.draw(st.binary(max_size=3)) + value[at + 1 :]
    again = Guard()
    again.restore([(key, changed)], NOW)
    for quarantine in again.quarantines():
        assert quarantine.until <= NOW + PERSONS_CUT_S_MAX
    again.step(NOW)


def test_a_clock_set_back_while_off_locks_nobody_for_years() -> None:
    guard = Guard()
    guard.alerted(alert(), thing(), NOW)
    kept = [(k, v) for k, v in guard.take_changes() if v is not None]
    again = Guard()
    again.restore(kept, NOW - 1000 * DAY)
    quarantine = again.of(IRON)
    assert quarantine is not None
    assert quarantine.until == NOW - 1000 * DAY + CUT_S


def test_two_ids_of_one_thing_become_one_and_stay_cut() -> None:
    guard = Guard()
    guard.alerted(alert(), thing(), NOW)
    guard.alerted(alert(of=mac(2)), thing(mac(2), kind="lock"), NOW)
    guard.join(mac(2), IRON)
    assert guard.of(mac(2)) is None
    assert guard.is_cut(IRON)
    guard.join(IRON, mac(8))
    assert guard.is_cut(mac(8))


def test_an_alert_that_was_let_go_renews_nothing() -> None:
    guard = Guard()
    guard.alerted(alert(), thing(), NOW)
    at = NOW
    while at < NOW + CUT_S - 1800:
        at += 1800
        assert guard.step(at, lambda _: False) == []
    assert one(guard.step(NOW + CUT_S, lambda _: False)).quarantine.state == OVER


def test_what_was_kept_under_an_old_address_moves_to_the_thing() -> None:
    guard = Guard()
    guard.alerted(alert(), thing(), NOW)
    guard.reunite({IRON: mac(8)}.get, lambda _: True)  # type: ignore[arg-type]
    assert guard.is_cut(IRON)
    guard.reunite(lambda address: mac(8) if address == IRON else "", lambda _: False)
    assert not guard.is_cut(IRON)
    assert guard.is_cut(mac(8))
    (cut,) = guard.plan(nowhere, HUB_PLACE).cuts
    assert cut.place == Place(mac(8), (IRON,))


def test_every_word_of_the_guard_has_its_sentence() -> None:
    told = words.tables()["en"]
    source = [answers, guard_module, quarantine_module]
    keys = {k for m in source for k in re.findall(r'"(guard\.[a-z-]+)"', inspect.getsource(m))}
    assert len(keys) > 20
    assert keys <= told.keys()
    assert set(SURETY.values()) <= told.keys()


def test_forgetting_a_guest_frees_nobody_who_is_cut_off() -> None:
    guard = Guard()
    guard.alerted(alert(), thing(), NOW)
    assert not guard.forget(IRON)
    assert guard.is_cut(IRON)
    guard.ended(alert(), NOW)
    at = NOW
    while at <= NOW + CUT_S:
        at += 1800
        guard.step(at)
    assert guard.of(IRON) is None
    guard.alerted(alert(of=mac(2)), thing(mac(2), kind="lock"), at)
    assert guard.forget(mac(2))
    list(guard.take_changes())
    undone = Guard()
    undone.alerted(alert(), thing(), NOW)
    undone.forget(IRON)
    undone.undo(IRON, "mother", NOW)
    assert [value for _, value in undone.take_changes()] == [None]


def test_a_flood_of_alerts_pushes_out_no_cut() -> None:
    guard = Guard()
    guard.cut(thing(), "mother", NOW)
    for n in range(QUARANTINES_MAX + 50):
        guard.alerted(alert(of=mac(1000 + n)), thing(mac(1000 + n), kind="lock"), NOW + n)
    assert guard.is_cut(IRON)
    assert len(guard.quarantines()) <= QUARANTINES_MAX


WORDS = st.sampled_from(
    ["sweep", "grow", "telnet", "ended", "cut", "agree", "decline", "undo", "wait"]
)


@given(
    st.lists(st.tuples(WORDS, st.integers(1, 3)), max_size=30), st.sampled_from(["lock", "camera"])
)
def test_whatever_happens_a_needed_thing_is_cut_only_by_a_person(
    story: list[tuple[str, int]], kind: str
) -> None:
    guard = Guard()
    at = NOW
    for word, number in story:
        at += 900 * number
        try:
            if word in {"sweep", "grow", "telnet"}:
                said = "spread.telnet" if word == "telnet" else "sweep.arp"
                size = 11 * 20**number if word == "grow" else 11
                guard.alerted(alert(said, size=size), thing(kind=kind), at)
            elif word == "ended":
                guard.ended(alert(), at)
            elif word == "cut":
                guard.cut(thing(kind=kind), "mother", at)
            elif word in {"agree", "decline", "undo"}:
                getattr(guard, word)(IRON, "mother", at)
            else:
                guard.step(at)
        except GuardRefusedError:
            pass
        quarantine = guard.of(IRON)
        if quarantine is not None:
            assert quarantine.until <= at + PERSONS_CUT_S_MAX
            if quarantine.is_cut and kind == "lock":
                assert quarantine.by != HUB
        assert guard.is_cut(IRON) == bool(guard.plan(nowhere, HUB_PLACE).cuts)


def test_the_table_of_answers_gives_each_its_reason() -> None:
    assert all(answer.why for answer in ANSWERS.values())
    assert sum(answer.does == CUTS for answer in ANSWERS.values()) >= 6
