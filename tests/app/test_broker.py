"""A home as a broker knows it: its wishes go the way of all wishes."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from adapters.home_broker.toy import free_port
from app.broker_made import DOOR, HEATER, LAMP, GuardedHome
from app.watched import IRON
from omamori.adapters import policy
from omamori.adapters.home_broker.shown import Answer, BrokerError, ThingShown
from omamori.adapters.keys import write_secret
from omamori.app.broker import HUB_FILE, home_broker
from omamori.app.config import Broker
from omamori.app.steward import family
from omamori.documents.reason import RefusedError
from omamori.hub.ruling.read import read_rules
from omamori.hub.ruling.rules import Rules
from omamori.web import names, words

YES = True


@pytest.fixture
def made() -> GuardedHome:
    return GuardedHome()


def thing(made: GuardedHome, mac: str) -> ThingShown:
    return next(shown for shown in made.house.things() if shown.id == mac)


def test_things_are_shown_in_the_words_of_the_language(made: GuardedHome) -> None:
    lamp = thing(made, LAMP)
    assert (lamp.name, lamp.kind, lamp.kind_words) == ("Lamp", "light", "light")
    assert lamp.state in made.house.states()
    assert [(p.point.name, p.value) for p in lamp.points] == [
        ("power", False), ("brightness_percent", 40),
    ]  # fmt: skip
    japanese = GuardedHome(lang="ja")
    assert thing(japanese, LAMP).kind_words == "照明"
    assert set(japanese.house.states()) == {words.text(s, "ja") for s in names.STATES.values()}


def test_a_lamp_is_switched_once_the_family_agrees(made: GuardedHome) -> None:
    told: list[Answer] = []
    made.house.ask(LAMP, "power", YES, told.append)
    assert told[-1].state == "asked"
    assert told[-1].reason
    assert made.written == []
    assert thing(made, LAMP).points[0].value is False
    steward = made.protection.steward
    (waiting,) = steward.arbiter.live(made.home.now)
    assert (waiting.command.origin.kind, waiting.command.origin.channel) == ("automation", "broker")
    steward.decide(waiting.command.id, family(), do=True)
    assert [answer.state for answer in told[-2:]] == ["sent", "done"]
    assert thing(made, LAMP).points[0].value is True


@pytest.mark.parametrize(
    ("mac", "point", "value"), [(HEATER, "power", True), (DOOR, "locked", False)]
)
def test_heat_and_doors_are_refused_with_a_reason(
    made: GuardedHome,
    mac: str,
    point: str,
    value: bool,  # noqa: FBT001 - the value of a point
) -> None:
    told: list[Answer] = []
    made.house.ask(mac, point, value, told.append)
    assert [answer.state for answer in told] == ["refused"]
    assert "no plain words" not in told[0].reason
    assert made.written == []
    assert made.entries[-1].kind == "command.refused"


def test_what_is_noticed_is_told_with_what_to_do(made: GuardedHome) -> None:
    made.home.joins(IRON, 4)
    made.home.lives(0.2)
    assert made.home.sweeps(IRON, 4)
    iron = thing(made, IRON)
    assert iron.alert
    assert iron.todo
    assert iron.state == words.text(names.STATES["3"], "en")


def test_a_broker_cuts_off_and_takes_back_only_its_own(made: GuardedHome) -> None:
    house = made.house
    assert thing(made, LAMP).can_cut
    house.set_cut(LAMP, cut=True)
    assert thing(made, LAMP).is_cut
    house.set_cut(LAMP, cut=False)
    assert not thing(made, LAMP).is_cut
    made.protection.shield.cut(LAMP, "family")
    with pytest.raises(BrokerError) as refused:
        house.set_cut(LAMP, cut=False)
    assert refused.value.reason.key == "broker.undo-elsewhere"
    assert thing(made, LAMP).is_cut


def test_doors_and_this_machine_are_cut_off_elsewhere(made: GuardedHome) -> None:
    assert not thing(made, DOOR).can_cut
    for mac in (DOOR, "nobody"):
        with pytest.raises(BrokerError) as refused:
            made.house.set_cut(mac, cut=True)
        assert refused.value.reason.key == "broker.cut-elsewhere"


def test_where_anybody_may_speak_nobody_cuts_off() -> None:
    made = GuardedHome(user="")
    assert not thing(made, LAMP).can_cut
    with pytest.raises(RefusedError) as refused:
        made.house.set_cut(LAMP, cut=True)
    assert refused.value.reason.key == "broker.nobody-named"


def test_the_hub_keeps_its_name_at_the_broker(made: GuardedHome, tmp_path: Path) -> None:
    config = Broker(host="127.0.0.1", port=free_port(), user="hub", secret="password")
    assert home_broker(Broker(), tmp_path, made.house, lambda: 0.0, "1") is None
    first = home_broker(config, tmp_path, made.house, lambda: 0.0, "1")
    again = home_broker(config, tmp_path, made.house, lambda: 0.0, "1")
    assert first is not None
    assert again is not None
    assert first.topics.hub == again.topics.hub
    write_secret(tmp_path / HUB_FILE, b"+/#")
    other = home_broker(config, tmp_path, made.house, lambda: 0.0, "1")
    assert other is not None
    assert other.topics.hub.isalnum()
    assert first.way.secret is not None
    with pytest.raises(RefusedError):
        first.way.secret()
    write_secret(tmp_path / "password", "glück\n".encode())
    assert first.way.secret() == "glück"


def test_the_rule_of_the_how_to_lets_automations_adjust_and_nothing_more(made: GuardedHome) -> None:
    page = (Path(__file__).parents[2] / "docs" / "howto-home-assistant.md").read_text("utf-8")
    blocks = re.findall(r"```toml\n(\[\[rule\]\].*?)```", page, re.DOTALL)
    usual = policy.usual().decode()
    start = usual.index('id = "comfort-ask"')
    told = usual[:start] + usual[start:].replace(', "broker"', "", 1) + "".join(blocks)
    made.protection.set_rules(Rules(read_rules(told.encode())), "family")
    answers: list[Answer] = []
    made.house.ask(LAMP, "power", YES, answers.append)
    assert [answer.state for answer in answers] == ["sent", "done"]
    made.house.ask(HEATER, "power", YES, answers.append)
    assert answers[-1].state == "refused"
