"""A link lives by its table: never wider than the least of all that decides."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from omamori.documents.grant import Grant
from omamori.documents.reason import Reason
from omamori.hub.linking import link as life
from omamori.hub.linking.judging import REJUDGE_S
from omamori.hub.linking.link import ENDS, LIFE, LIVING, WIDTH, next_state
from omamori.hub.linking.required import RUNG_OF_HARM, act_on, required_for
from omamori.hub.links import (
    ACTIVE,
    ASKED,
    CONSENT_S,
    CONSENT_S_MAX,
    ENDED,
    ENDED_KEPT_S,
    LIMITED,
    SUSPENDED,
    About,
    End,
    LinkRefusedError,
    Links,
)
from omamori.hub.points import HARMS, OPERATE, harm_of
from omamori.hub.ruling.question import Question, Ruling
from omamori.trust.standing import NOBODY, Caps
from omamori.trust.verdict import ALLOW, ASK, LIMIT, PURPOSES, REFUSE, STRICTEST_LAST
from omamori.web import words
from trust.industries import NOW, Industry

if TYPE_CHECKING:
    from omamori.hub.links import Change, Link
    from omamori.trust.standing import Standing

DOUBT = (Reason("alert.sweep.arp", {"targets": 11}),)


HOME = Industry("home")
SHOWN = {
    (name, rung): HOME.thing(rung).credentials()
    for name in ("a", "b", "other")
    for rung in range(1, 6)
}


class Home:
    """One industry, things of every rung, and what the hub knows of them."""

    def __init__(self) -> None:
        self.ends: dict[str, End] = {}
        self.known: dict[str, About] = {}
        self.answer = ALLOW
        self.asked: list[Question] = []
        self.grant: Grant | None = None
        self.shows("a", 4)
        self.shows("b", 4)
        self.links = self.fresh()

    def fresh(self) -> Links:
        return Links(
            {"home": HOME.book()},
            self.ends.get,
            Caps(),
            about=lambda thing: self.known.get(thing, About()),
            rule=self.rule,
            granted=self.granted,
        )

    def rule(self, question: Question) -> Ruling:
        self.asked.append(question)
        return Ruling(self.answer, ("r",), (Reason("link.ran-out"),))

    def granted(
        self, _a: str, _b: str, _purpose: str, _asker: Standing, now: float
    ) -> Grant | None:
        return self.grant if self.grant and self.grant.since <= now < self.grant.until else None

    def shows(self, thing: str, rung: int) -> None:
        shown = SHOWN[thing if thing in {"a", "b"} else "other", rung] if rung else NOBODY
        self.ends[thing] = End(thing, "home", shown)

    def link(self, purpose: str = "share-energy", **other: Any) -> Change:
        change = self.links.propose("l", "a", "b", purpose, NOW, **other)
        assert change is not None
        return change

    def state(self) -> str:
        link = self.links.get("l")
        assert link is not None
        return link.state


def keys(link: Link) -> set[str]:
    return {reason.key for reason in link.reasons}


def test_the_table_is_total_and_an_ended_link_never_comes_back() -> None:
    events = (*STRICTEST_LAST, life.SAYS_NO, life.RUNS_OUT, life.GRANT_ENDS)
    for state in (*LIVING, ENDED):
        for event in events:
            assert next_state(state, event) in {*LIVING, ENDED}
            assert (state, event) in {**LIFE, **ENDS} or state == ENDED
    assert {next_state(ENDED, event) for event in events} == {ENDED}


@given(
    st.integers(0, 5), st.integers(0, 5), st.sampled_from(sorted(PURPOSES)),
    st.sampled_from(STRICTEST_LAST), st.booleans(), st.sampled_from(["light", "lock", "medical", ""]),
    st.booleans(),
)  # fmt: skip
def test_a_link_is_never_wider_than_the_least_of_all_that_decides(
    a: int,
    b: int,
    purpose: str,
    ruled: str,
    doubted: bool,  # noqa: FBT001 - drawn
    kind: str,
    yes: bool,  # noqa: FBT001 - drawn
) -> None:
    home = Home()
    home.shows("a", a)
    home.shows("b", b)
    home.answer = ruled
    home.known["b"] = About(kind)
    home.link(purpose)
    if yes:
        try:
            home.links.say_yes("l", "mother", NOW)
        except LinkRefusedError:
            assert home.state() != ASKED
    if doubted:
        home.known["a"] = About("", DOUBT)
        home.links.rejudge_of("a", NOW + 1)
    link = home.links.get("l")
    assert link is not None
    width = WIDTH[link.state]
    widest = {ALLOW: 3, LIMIT: 2, ASK: 3 if yes else 1, REFUSE: 0}
    for answer in (link.a_verdict.answer, link.b_verdict.answer, ruled):
        assert width <= widest[answer]
    if doubted:
        assert width == 0
    needed = required_for(PURPOSES[purpose], kind)
    if width == 3 and not link.consent:
        assert b >= PURPOSES[purpose].required
        assert a >= needed.required
    if width >= 2 and not link.consent:
        assert link.level is not None
        assert link.level.rung <= min(a, b)
    for lang in words.LANGUAGES:
        assert all(words.sentence(reason, lang) for reason in link.reasons)


def test_doubt_suspends_at_once_and_says_why_and_its_end_restores() -> None:
    home = Home()
    assert home.link().link.state == ACTIVE
    home.known["b"] = About("storage-battery", DOUBT)
    (change,) = home.links.rejudge_of("b", NOW + 1)
    assert change.narrowed
    assert change.link.state == SUSPENDED
    assert change.link.reasons[0] == DOUBT[0]
    assert change.entry.kind == "link.suspended"
    del home.known["b"]
    (change,) = home.links.rejudge_of("b", NOW + 2)
    assert change.link.state == ACTIVE


def test_who_is_doubted_begins_nothing() -> None:
    home = Home()
    home.known["a"] = About("", DOUBT)
    assert home.link().link.state == ENDED


def test_what_can_harm_more_needs_more() -> None:
    for purpose in PURPOSES.values():
        for kind in ("light", "storage-battery", "medical", "lock", ""):
            needed = required_for(purpose, kind)
            assert needed.required >= purpose.required
            assert needed.limited >= purpose.limited
            assert needed.limited <= needed.required
            if act_on(purpose, kind) == OPERATE:
                assert needed.required >= RUNG_OF_HARM[harm_of(kind)]
    assert [RUNG_OF_HARM[harm] for harm in HARMS] == sorted(RUNG_OF_HARM.values())
    home = Home()
    home.shows("a", 3)
    assert home.link("share-energy").link.state == ACTIVE
    home.known["b"] = About("car")
    (change,) = home.links.rejudge(NOW)
    assert change.link.state == LIMITED
    assert home.link("switch-power").link.state == LIMITED
    other = Home()
    other.shows("b", 3)
    other.known["a"] = About("car")  # what could be harmed may be the caller itself
    assert other.link("share-energy").link.state == LIMITED


def test_the_rules_are_asked_with_all_that_is_known_and_the_strictest_wins() -> None:
    home = Home()
    home.known["b"] = About("heater", in_use=True)
    home.known["a"] = About("controller")
    home.answer = LIMIT
    change = home.link("switch-power")
    assert change.link.state == LIMITED
    question = home.asked[-1]
    assert (question.asker_kind, question.target_kind) == ("controller", "heater")
    assert (question.act, question.harm, question.rung) == (OPERATE, "property", 4)
    assert (question.ground, question.asker_industry, question.in_use) == (
        "certificate", "home", True,
    )  # fmt: skip
    assert not question.fresh
    home.answer = "nonsense"
    (change,) = home.links.rejudge(NOW)
    assert change.link.state == SUSPENDED


def test_who_only_just_met_is_fresh_for_a_minute() -> None:
    home = Home()
    home.links.met("l", "a", "b", "share-energy", NOW)
    assert home.asked[-1].fresh
    home.links.rejudge(NOW + 61)
    assert not home.asked[-1].fresh


def test_a_persons_yes_holds_for_a_time_and_can_be_taken_back() -> None:
    home = Home()
    home.shows("a", 0)
    assert home.link("show-content").link.state == ASKED
    change = home.links.say_yes("l", "mother", NOW)
    assert change.link.state == ACTIVE
    assert "link.person-said-yes" in keys(change.link)
    assert home.links.step(NOW + CONSENT_S - 1) == []
    (change,) = home.links.step(NOW + CONSENT_S)
    assert change.link.state == ASKED
    assert "link.yes-ran-out" in keys(change.link)
    home.links.say_yes("l", "mother", NOW + CONSENT_S, for_s=1e12)
    link = home.links.get("l")
    assert link is not None
    assert link.consent is not None
    assert link.consent.until == NOW + CONSENT_S + CONSENT_S_MAX
    change = home.links.say_no("l", "mother", NOW + CONSENT_S)
    assert change.link.state == ENDED
    for say in (home.links.say_yes, home.links.say_no):
        with pytest.raises(LinkRefusedError):
            say("l", "mother", NOW)


def test_a_yes_widens_nothing_that_was_refused() -> None:
    home = Home()
    home.shows("a", 1)
    home.link("switch-power")
    with pytest.raises(LinkRefusedError):
        home.links.say_yes("l", "mother", NOW)
    home.shows("a", 0)
    home.link("show-content")
    home.links.say_yes("l", "mother", NOW)
    home.known["a"] = About("phone", DOUBT)
    (change,) = home.links.rejudge_of("a", NOW)
    assert change.link.state == SUSPENDED


def test_a_clock_set_back_makes_no_yes_last_for_years() -> None:
    home = Home()
    home.shows("a", 0)
    home.shows("b", 0)
    home.link("show-content")
    assert home.links.say_yes("l", "mother", NOW).link.state == ACTIVE
    (change,) = home.links.rejudge(NOW - 7200)
    assert change.link.state == ASKED


def test_a_link_for_a_time_ends_by_itself_and_is_forgotten_later() -> None:
    home = Home()
    home.link(for_s=600)
    assert home.links.step(NOW + 599) == []
    (change,) = home.links.step(NOW + 600)
    assert change.link.state == ENDED
    assert keys(change.link) == {"link.ran-out"}
    assert home.links.step(NOW + 600 + ENDED_KEPT_S) == []
    assert home.links.all() == ()


def test_time_alone_has_it_judged_again() -> None:
    home = Home()
    home.link()
    home.answer = REFUSE
    assert home.links.step(NOW + REJUDGE_S - 1) == []
    (change,) = home.links.step(NOW + REJUDGE_S)
    assert change.link.state == SUSPENDED


def test_who_left_is_suspended_when_what_it_showed_has_run_out() -> None:
    home = Home()
    home.link()
    del home.ends["b"]
    assert home.links.rejudge(NOW + 1) == []
    (change,) = home.links.step(NOW + REJUDGE_S)
    assert change.link.state == SUSPENDED
    assert keys(change.link) == {"link.end-not-here"}
    assert home.links.step(NOW + 2 * REJUDGE_S) == []


@given(st.integers(0, 5), st.integers(0, 5), st.booleans())
def test_what_is_behind_a_bridge_is_trusted_no_more_than_the_bridge(
    child: int,
    bridge: int,
    there: bool,  # noqa: FBT001 - drawn
) -> None:
    home = Home()
    home.shows("b/1", child)
    if there:
        home.shows("b", bridge)
    else:
        home.ends.pop("b")
    home.known["b/1"] = About("light", bridge="b")
    change = home.links.propose("x", "a", "b/1", "read-measurement", NOW)
    assert change is not None
    level = change.link.a_of_b.effective
    most = min(child, bridge if there else 0)
    assert (level.rung if level else 0) <= most


def test_a_bridge_in_doubt_takes_its_children_with_it() -> None:
    home = Home()
    home.shows("b/1", 4)
    home.known["b/1"] = About("light", bridge="b")
    home.links.propose("x", "a", "b/1", "read-measurement", NOW)
    home.known["b/1"] = About("light", DOUBT, bridge="b")
    (change,) = home.links.rejudge_of("b", NOW)
    assert change.link.state == SUSPENDED


def test_a_grant_gives_a_guest_a_level_and_takes_it_with_it() -> None:
    home = Home()
    home.shows("a", 0)
    until = int(NOW) + 3600
    home.grant = Grant("g", "mother", "guest", ("switch-power",), ("b",), int(NOW), until, 3)
    change = home.link("switch-power")
    assert change.link.state == ACTIVE
    assert (change.link.grant, change.link.until) == ("g", NOW + REJUDGE_S)
    assert "grant.rests-on-guest" in keys(change.link)
    assert home.asked[-1].grant == "guest"
    (change,) = home.links.step(NOW + 3600)
    assert change.link.state == SUSPENDED
    again = Home()
    again.shows("a", 0)
    again.grant = home.grant
    again.link("switch-power")
    (change,) = again.links.end_grant("g", NOW)
    assert change.link.state == ENDED
    assert again.links.end_grant("", NOW) == []


def test_a_grant_caps_who_is_worth_more_and_revives_nobody() -> None:
    home = Home()
    until = int(NOW) + 3600
    home.grant = Grant("g", "mother", "rental", ("switch-power",), ("b",), int(NOW), until, 2)
    change = home.link("switch-power")
    assert change.link.state == LIMITED
    assert str(change.link.b_of_a.effective) == "home Lv.2"
    broken = End("a", "home", msgspec.structs.replace(NOBODY, certificate=b"nonsense"))
    home.ends["a"] = broken
    home.grant = msgspec.structs.replace(home.grant, cap=5)
    (change,) = home.links.rejudge(NOW)
    assert change.link.b_of_a.effective is None
    assert change.link.state == SUSPENDED


def test_links_survive_a_restart_and_are_judged_again_at_once() -> None:
    home = Home()
    home.link()
    home.shows("guest", 0)
    home.links.propose("g", "guest", "b", "show-content", NOW)
    home.links.say_yes("g", "mother", NOW)
    kept = [(key, value) for key, value in home.links.take_changes() if value is not None]
    assert list(home.links.take_changes()) == []
    again = home.fresh()
    assert again.restore(kept, NOW + 5) == 0
    assert [link.state for link in again.all()] == [ACTIVE, ACTIVE]
    assert again.step(NOW + 5) == []
    home.known["b"] = About("", DOUBT)
    later = home.fresh()
    later.restore(kept, NOW + 5)
    assert {change.link.state for change in later.step(NOW + 5)} == {SUSPENDED}


@given(st.lists(st.tuples(st.text(max_size=20), st.binary(max_size=300)), max_size=5))
def test_any_bytes_may_be_on_the_shelf(kept: list[tuple[str, bytes]]) -> None:
    assert Home().links.restore(kept, NOW) == len(kept)


def test_forgetting_a_thing_leaves_nothing_of_it() -> None:
    home = Home()
    home.link()
    list(home.links.take_changes())
    assert home.links.forget("a") == 1
    assert home.links.all() == ()
    assert home.links.of("b") == ()
    assert list(home.links.take_changes()) == [("l", None)]
    home.shows("b/1", 4)
    home.known["b/1"] = About("light", bridge="b")
    home.links.propose("x", "a", "b/1", "read-measurement", NOW)
    home.links.forget("b/1")
    assert home.links._behind == {}
    assert home.links._of == {}


def test_no_more_links_than_there_is_room_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("omamori.hub.links.LINKS_MAX", 2)
    home = Home()
    for name in ("1", "2"):
        assert home.links.propose(name, "a", "b", "share-energy", NOW) is not None
    assert home.links.propose("3", "a", "b", "share-energy", NOW) is None
    home.links.say_no("1", "mother", NOW)
    assert home.links.propose("3", "a", "b", "share-energy", NOW) is not None
    assert home.links.get("1") is None
    assert home.links.propose("4", "a", "b", "no-purpose", NOW) is None
    assert home.links.propose("2", "b", "a", "share-energy", NOW) is not None
