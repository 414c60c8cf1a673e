"""The practice home's network: real frames in order of time, the same for the same seed."""

from __future__ import annotations

import random
from ipaddress import ip_address

import pytest

from omamori.adapters.capture.decode import Decoder
from omamori.adapters.capture.frames import ETHERNET, Frame
from omamori.simulation.practice import DAY_S, LEAP_S, PAST_DAYS, PIECE_S, PracticeNetwork
from omamori.simulation.practice_cast import (
    CAST,
    COUNTRIES,
    FAR_AWAY,
    HEATER,
    PHONES,
    SITES,
    STRANGER,
    country_of,
)
from omamori.simulation.situations import SITUATIONS
from omamori.web.names import PLAYS
from omamori.web.names import SITUATIONS as NAMED

NOW = 1_800_000_000.0
KNOWN = {member.end.mac for member in (*CAST.values(), HEATER, STRANGER)}
FRAMES_A_PIECE_MAX = 600


def played(seed: int = 119) -> tuple[PracticeNetwork, list[list[Frame]]]:
    network = PracticeNetwork(seed, NOW)
    return network, list(network.past())


def test_the_past_is_told_in_order_and_in_small_pieces() -> None:
    _, pieces = played()
    frames = [frame for piece in pieces for frame in piece]
    times = [at for at, _, _ in frames]
    assert times == sorted(times)
    assert NOW - PAST_DAYS * DAY_S <= times[0] < times[-1] <= NOW
    assert len(pieces) == PAST_DAYS * DAY_S / PIECE_S
    assert max(map(len, pieces)) < FRAMES_A_PIECE_MAX


def test_the_same_seed_plays_the_same_and_another_one_does_not() -> None:
    assert played()[1] == played()[1]
    assert played()[1] != played(7)[1]


def test_every_frame_is_sound_and_sent_by_somebody_of_the_cast() -> None:
    network, pieces = played()
    for situation in SITUATIONS:
        network.disturb(situation)
        pieces.append(network.step(network._now + 400.0))
    broken = Decoder(lambda _: None)
    senders = set()
    for piece in pieces:
        broken.hear(piece)
        senders |= {frame[6:12].hex(":") for _, kind, frame in piece if kind == ETHERNET}
    assert (broken.broken, broken.not_understood) == (0, {})
    assert senders <= KNOWN | {end.mac for end in PHONES}


def test_nothing_can_be_mistaken_for_a_real_place() -> None:
    for ip in (*SITES.values(), FAR_AWAY[1]):
        assert not ip_address(ip).is_global  # set aside for documentation (RFC 5737)
        assert country_of(ip) in COUNTRIES.values()
    assert all(name.endswith(".example") for name in (*SITES, FAR_AWAY[0]))
    assert country_of("8.8.8.8") == ""


def test_steps_of_any_length_tell_the_same() -> None:
    one, other = PracticeNetwork(1, NOW), PracticeNetwork(1, NOW)
    began = NOW - PAST_DAYS * DAY_S
    by_hours = [frame for n in range(1, 25) for frame in one.step(began + n * LEAP_S)]
    by_minutes = [frame for n in range(1, 1441) for frame in other.step(began + n * 60.0)]
    assert by_hours == by_minutes


@pytest.mark.parametrize("jump_s", [-50 * 365 * DAY_S, -DAY_S, 3 * DAY_S, 50 * 365 * DAY_S])
def test_a_clock_that_jumps_is_followed_without_playing_what_lay_between(jump_s: float) -> None:
    network, _ = played()
    now = NOW + jump_s
    assert len(network.step(now)) < FRAMES_A_PIECE_MAX
    heard = network.step(now + 1800.0)
    assert 0 < len(heard) < FRAMES_A_PIECE_MAX
    assert all(now - LEAP_S <= at <= now + 1800.0 for at, _, _ in heard)
    network.disturb("iron")
    assert network.step(now + 1803.0)


def test_a_clock_that_steps_back_a_little_plays_nothing_twice() -> None:
    network, pieces = played()
    assert pieces
    assert network.step(NOW - 30.0) == []
    assert all(at > NOW for at, _, _ in network.step(NOW + 1800.0))


@pytest.mark.parametrize("situation", SITUATIONS)
def test_a_situation_sends_frames_until_it_is_calm(situation: str) -> None:
    network, _ = played()
    network.disturb(situation)
    assert network.situation == situation
    assert network.step(NOW + 3.0)
    network.calm()
    assert network.situation == ""
    assert network.step(NOW + 3.5) == []


def test_pages_name_every_situation() -> None:
    assert {*SITUATIONS, *PLAYS} == {*NAMED}


def test_situations_are_told_in_seconds_from_their_beginning() -> None:
    for situation in SITUATIONS.values():
        sent = list(situation(random.Random(1), PHONES[3]))  # noqa: S311 - a play
        assert all(0.0 <= after_s < 300.0 for after_s, _ in sent)


def test_the_phone_comes_with_a_new_address_every_day_and_says_who_it_is() -> None:
    _, pieces = played()
    host = CAST["phone"].host.encode()
    used: dict[str, list[bytes]] = {}
    for _, _, frame in (frame for piece in pieces for frame in piece):
        mac = frame[6:12].hex(":")
        if mac in {end.mac for end in PHONES}:
            used.setdefault(mac, []).append(frame)
    assert len(used) == PAST_DAYS
    for frames in used.values():
        assert any(host in frame for frame in frames[:3])
