"""On real recordings the guard leaves ordinary things alone, and cuts off those that attack."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import pytest

from omamori.adapters import rules
from omamori.adapters.capture.decode import Decoder
from omamori.adapters.capture.file import open_capture
from omamori.adapters.country import Countries
from omamori.hub.guarding.guard import Guard
from omamori.hub.guarding.quarantine import CUT
from omamori.hub.points import ASK_BEFORE_CUTTING
from omamori.hub.service import Watch

if TYPE_CHECKING:
    from pathlib import Path

    from omamori.hub.flow import Flow
    from omamori.hub.guarding.quarantine import Change
    from omamori.hub.sighting import Sighting

RULES = rules.load()[0]


def guarded(path: Path) -> tuple[list[Change], Watch]:
    """What the guard does when it hears a recording."""
    watch = Watch(RULES, Countries())
    guard = Guard(lambda thing: watch.inventory.what(thing)[0].value)
    done: list[Change] = []

    def hear(said: list[Sighting], talked: list[Flow]) -> None:
        guard.hear(said)
        for alert in watch.hear(said, talked):
            thing = watch.inventory.thing(alert.thing)
            if thing is not None:
                done.extend(guard.alerted(alert, thing, alert.at))

    decoder = Decoder(lambda sighting: hear([sighting], []), lambda flows: hear([], flows))
    with open_capture(str(path)) as capture:
        for batch in capture.batches():
            decoder.hear(batch)
    decoder.finish()
    return done, watch


@pytest.mark.shared
def test_no_ordinary_set_up_is_cut_off_or_asked_about(shared_data: Path) -> None:
    paths = sorted((shared_data / "captures" / "setups").glob("*/*.pcap"))[::7]
    assert len(paths) > 20
    found = Counter(
        (path.parent.name, change.quarantine.state, change.quarantine.kind)
        for path in paths
        for change in guarded(path)[0]
    )
    assert found == Counter()


@pytest.mark.shared
@pytest.mark.slow
def test_of_all_ordinary_set_ups_none_is_cut_off(shared_data: Path) -> None:
    for path in sorted((shared_data / "captures" / "setups").glob("*/*.pcap")):
        assert [c for c in guarded(path)[0] if c.quarantine.state == CUT] == [], path.name


@pytest.mark.shared
def test_a_port_scan_is_cut_off_or_asked_about_and_nothing_needed_is_cut(shared_data: Path) -> None:
    acted = 0
    for path in sorted((shared_data / "captures" / "attacks").glob("*.pcap*")):
        done, watch = guarded(path)
        acted += bool(done)
        for change in done:
            kind = watch.inventory.what(change.quarantine.thing)[0].value
            assert change.quarantine.state != CUT or kind not in ASK_BEFORE_CUTTING
    assert acted
