"""On recordings of real things: what they did before is no departure; an attack is not learned."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import pytest

from hub.flows_made import BEGIN, DAY_S, HOUR_S
from hub.heard import Heard
from omamori.documents.mud import read_mud, write_mud
from omamori.hub.behaving.behaviour import Behaviour, Who
from omamori.hub.behaving.declared import Fit, fit
from omamori.hub.behaving.deed import deed_of
from omamori.hub.behaving.departure import is_grave
from omamori.hub.behaving.described import as_mud

if TYPE_CHECKING:
    from pathlib import Path

    from omamori.hub.finding import Finding

pytestmark = pytest.mark.shared
TYPES = ("Aria", "TP-LinkPlugHS110", "WeMoSwitch")
DESCRIBED = ("Aria", "D-LinkSwitch")
STEP_S = DAY_S + HOUR_S + 100


def setups(shared_data: Path, name: str) -> list[Heard]:
    return [Heard(path) for path in sorted((shared_data / "captures/setups" / name).glob("*.pcap"))]


def lived(recordings: list[Heard], kinds: dict[str, str]) -> tuple[Behaviour, list[Finding]]:
    """One recording a day, learned from and then held against; all findings."""
    one = Behaviour(lambda thing: Who(kind=kinds.get(thing, "unknown")))
    found = [
        finding
        for day, heard in enumerate(recordings)
        for said in heard.shifted(BEGIN + day * STEP_S)
        for finding in one.hear(*said)
    ]
    return one, found


@pytest.mark.parametrize("name", TYPES)
@pytest.mark.parametrize("turn", [1, -1], ids=["first half learned", "last half learned"])
def test_a_real_thing_departs_from_nothing(shared_data: Path, name: str, turn: int) -> None:
    recordings = setups(shared_data, name)[::turn]
    kinds = {thing: kind for heard in recordings for thing, kind in heard.kinds().items()}
    one, found = lived(recordings, kinds)
    settled = [thing for thing in kinds if (habits := one.habits(thing)) and habits.is_settled]
    assert settled
    assert [(finding.kind, finding.about) for finding in found] == []


def accepted(recordings: list[Heard], thing: str) -> Counter[Fit]:
    """How a file learned from all but the last recording takes the last."""
    one = Behaviour()
    for heard in recordings[:-1]:
        for said in heard.shifted(BEGIN):
            one.hear(*said)
    habits = one.habits(thing)
    assert habits is not None
    mud = read_mud(write_mud(as_mud(habits, "https://made.invalid/x", "2026-01-01T00:00:00Z")))
    assert mud.notes == ()
    fits: dict[tuple[str, str, str], Fit] = {}
    for flow, sender, peer in recordings[-1].said:
        deed = deed_of(flow)
        if sender != thing or deed is None or not is_grave(deed, peer):
            continue
        key = deed.way, deed.service, peer.names[0] if peer.names else flow.target
        fits[key] = max(fits.get(key, Fit.NO), fit(mud, flow, deed, peer, ""))
    return Counter(fits.values())


@pytest.mark.parametrize("name", DESCRIBED)
def test_a_learned_file_takes_the_next_day(shared_data: Path, name: str) -> None:
    folder = shared_data / "captures/setups" / name
    thing = (folder / "_iotdevice-mac.txt").read_text().split()[0].lower()
    fits = accepted(setups(shared_data, name), thing)
    assert fits[Fit.YES] + fits[Fit.NEAR] >= 0.75 * fits.total()


def test_an_attack_is_not_learned_when_it_is_doubted(shared_data: Path) -> None:
    attack = Heard(shared_data / "captures/attacks/test8-malicious.pcap")
    one = Behaviour(lambda _thing: Who(kind="appliance"))
    for said in attack.shifted(BEGIN):
        one.hear(*said)
    profiles = [one.habits(thing) for thing in {thing for _, thing, _ in attack.said}]
    assert any(habits.known for habits in profiles if habits)
    for thing in {thing for _, thing, _ in attack.said}:
        one.doubt(thing, BEGIN)
    assert not any(habits.known for habits in profiles if habits)
