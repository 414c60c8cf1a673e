"""Worms and guesses are found; reconnecting and polling are not taken for them."""

from __future__ import annotations

from hub.alerting.detect_made import (
    IRON,
    START,
    TV_IP,
    answered,
    home,
    kinds,
    opens,
    refused,
    told_of,
    world,
)  # fmt: skip
from omamori.hub.alerting.detect_spread import FAILED_TARGETS, REMOTE_TARGETS, TRIES


def test_trying_every_neighbours_telnet_port_is_told_at_the_fifth() -> None:
    first = told_of(opens(START + n, home(n), 23) for n in range(2, 60))[0]
    assert (first.kind, first.thing, first.step) == ("spread.telnet", IRON, 4)
    assert first.params == {"targets": REMOTE_TARGETS, "service": "tcp/23"}


def test_another_ip_address_for_each_try_hides_neither_worm_nor_guess() -> None:
    worm = [opens(START + n, home(n), 23, source=home(254 - n)) for n in range(2, 60)]
    guess = [opens(START + n, TV_IP, 22, from_port=n, source=home(n)) for n in range(100, 160)]
    assert "spread.telnet" in kinds(worm)
    assert "guess.password" in kinds(guess)


def test_a_worm_that_tries_the_world_is_told() -> None:
    ports = [23, 23, 2323, 23]
    flows = [opens(START + n / 100, world(n * 7919), ports[n % 4]) for n in range(1000)]
    assert kinds(flows) == ["spread.telnet"]


def test_a_slow_worm_is_told() -> None:
    assert kinds(opens(START + n * 60, world(n), 23) for n in range(60)) == ["spread.telnet"]


def test_steering_three_amplifiers_by_telnet_is_no_spread() -> None:
    flows = [opens(START + n * 30, home(40 + n % 3), 23, from_port=n + 1025) for n in range(500)]
    assert kinds([f for one in flows for f in (one, answered(one))]) == []


def test_calls_to_new_places_that_fail_are_told() -> None:
    first = told_of(opens(START + n / 10, world(n), 8081) for n in range(100))[0]
    assert first.kind == "spread.failed"
    assert first.params == {"targets": FAILED_TARGETS, "service": "tcp/8081"}


def test_calls_that_are_accepted_are_not() -> None:
    flows = []
    for n in range(200):
        asked = opens(START + n / 10, world(n), 8883)
        flows += [asked, answered(asked)]
    assert kinds(flows) == []


def test_guessing_a_password_at_home_is_told() -> None:
    flows = []
    for n in range(60):
        asked = opens(START + n * 2, TV_IP, 22, from_port=40_000 + n)
        flows += [asked, answered(asked)]
    first = told_of(flows)[0]
    assert (first.kind, first.about) == ("guess.password", f"{TV_IP} tcp/22")
    assert first.params == {"tries": TRIES, "service": "tcp/22", "target": TV_IP}


def test_slow_guessing_is_told() -> None:
    flows = [opens(START + n * 20, home(9), 22, from_port=40_000 + n) for n in range(180)]
    assert kinds([f for one in flows for f in (one, answered(one))]) == ["guess.password"]


def test_a_stranger_who_guesses_is_told_of_the_thing_here() -> None:
    flows = [
        opens(START + n, TV_IP, 3389, from_port=40_000 + n, source=world(6)) for n in range(60)
    ]
    first = told_of(f for one in flows for f in (one, answered(one)))[0]
    assert (first.kind, first.thing) == ("inbound.guess", flows[0].peer_mac)


def test_a_thing_that_is_refused_and_tries_again_guesses_nothing() -> None:
    flows = [opens(START + n, TV_IP, 445, from_port=40_000 + n) for n in range(500)]
    assert kinds([f for one in flows for f in (one, refused(one))]) == []


def test_a_lamps_bridge_polled_twice_a_second_is_no_guess() -> None:
    flows = [opens(START + n / 2, home(6), 80, from_port=20_000 + n) for n in range(2000)]
    assert kinds([f for one in flows for f in (one, answered(one))]) == []


def test_a_mail_program_or_web_server_outside_is_called_as_often_as_it_likes() -> None:
    flows = [opens(START + n / 7, world(6), 443, from_port=20_000 + n) for n in range(900)]
    heard = [f for one in flows for f in (one, answered(one))]
    assert "guess.password" not in kinds(heard)
