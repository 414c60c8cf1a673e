"""The switch, the opt-out, and how both and the slots agree with the standards they come from."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from hub.commanding.made import (
    ANNA,
    EVENING,
    HANDY,
    POWER,
    SMOKE,
    T0,
    Home,
    keys,
    states,
    told,
)
from omamori.hub.commanding.command import (
    AUTOMATION_BY,
    HAND,
    HUB,
    MEETING,
    PAGE,
    PERSON,
    SERVICE,
    SLOTS,
    Origin,
)
from omamori.hub.commanding.slots import FORCEFUL, RANK
from omamori.hub.commanding.switch import HOME, LOCAL, OFF, REMOTE, passes

if TYPE_CHECKING:
    from pathlib import Path


ON, NOT = True, False


def test_the_familys_no_to_energy_programs_binds() -> None:
    home = Home()
    home.confirm(home.ask(POWER, "lamp", "power", NOT), T0)
    events = home.arbiter.opt_out("lamp", ANNA, T0 + 900, T0 + 1)
    assert states(events) == [("refused", "opted-out")]
    assert keys(home.ask(POWER, "lamp", "power", NOT, now=T0 + 2)) == {"opted-out"}
    assert states(home.ask(EVENING, "lamp", "power", ON, "automation", now=T0 + 3))
    assert states(home.ask(POWER, "lamp", "power", NOT, now=T0 + 901))
    assert told(home.arbiter.opt_out("lamp", POWER, T0 + 2000, T0 + 950), "command.not-yours")


def test_in_local_nothing_from_afar_passes_and_what_runs_ends() -> None:
    home = Home()
    home.confirm(home.ask(POWER, "tv", "power", NOT), T0)
    events = home.arbiter.set_switch("tv", LOCAL, HANDY, T0 + 1)
    assert ("refused", "switched-local") in states(events)
    assert told(events, "command.switch-local") == {"home"}
    assert keys(home.ask(POWER, "tv", "power", ON, now=T0 + 2)) == {"switched-local"}
    assert keys(home.ask(ANNA, "tv", "power", ON, "remote-user", now=T0 + 2)) == {"switched-local"}
    assert states(home.ask(EVENING, "tv", "power", ON, "automation", now=T0 + 2))[0][0] == "sent"
    assert states(home.ask(SMOKE, "tv", "power", NOT, "safety-auto", now=T0 + 3))[0][0] == "sent"
    assert told(home.arbiter.set_switch("tv", REMOTE, POWER, T0 + 4), "command.not-yours")
    assert home.arbiter.switch_of("tv") == LOCAL


def test_bacnets_priorities_keep_their_order_here(shared_data: Path) -> None:
    """ASHRAE 135: the highest that is not empty; nothing left is the relinquish default."""
    table = json.loads((shared_data / "risk/bacnet_priority.json").read_text())["priorities"]
    ours = {
        "Manual Life Safety": "safety-local", "Automatic Life Safety": "safety-auto",
        "Critical Equipment Control": "critical-equipment", "Manual Operator": "local-manual",
        "default/lowest": "demand-response",
    }  # fmt: skip
    ranked = [
        ours[name] for _, name in sorted(table.items(), key=lambda p: int(p[0])) if name in ours
    ]
    assert {ranked[0], ranked[1]} == {"safety-auto", "safety-local"}  # life safety first, both
    assert RANK[ranked[-1]] == len(SLOTS) - 1
    # Where we differ, on purpose: who stands at the thing goes before critical equipment.
    assert RANK["local-manual"] < RANK["critical-equipment"]
    assert set(SLOTS[:4]) == FORCEFUL


IEC = {
    "bay-control": Origin("", PERSON, HAND),
    "station-control": Origin("anna", PERSON, PAGE),
    "remote-control": Origin("anna", PERSON, MEETING),
    "automatic-bay": Origin("hems", "thing", MEETING),
    "automatic-station": Origin("rule", AUTOMATION_BY, HUB),
    "automatic-remote": Origin("cloud", SERVICE, MEETING),
}
POSITION_OF = {
    "0": OFF,
    "1": LOCAL,
    "2": REMOTE,
    "3": OFF,
    "4": OFF,
    "5": REMOTE,
    "6": HOME,
    "7": REMOTE,
}


def test_the_switch_follows_iec_61850_but_where_it_says_why_not(shared_data: Path) -> None:
    table = json.loads((shared_data / "risk/iec61850_psto_orcat.json").read_text())
    names = table["orCat"]
    differs: set[tuple[str, str]] = set()
    for psto, accepted in table["psto"].items():
        for number, name in names.items():
            if name not in IEC:
                continue
            ours = passes(POSITION_OF[psto.split()[0]], IEC[name])
            if ours != (int(number) in accepted):
                differs.add((psto.split()[0], name))
    hand = {(psto, "bay-control") for psto in ("0", "2", "3", "4", "6", "7")}
    cloud = {(psto, "automatic-remote") for psto in ("0", "1", "3", "4", "6")}
    off = {(p, name) for p in ("0", "3", "4") for name in ("automatic-bay", "automatic-station")}
    assert differs == hand | cloud | off | {("7", "station-control")}
