"""The fail-safe table of docs/failsafe.md, row by row: what fails closed, what stays, what asks."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from app.protected import (
    BATTERY,
    DAY_S,
    HEATER,
    HOUR_S,
    LAMP,
    NOW,
    OFF,
    ON,
    PHONE,
    POWER,
    TV,
    YEAR_S,
    ProtectedHome,
    standing,
)
from app.test_run import QUIET, get, wait_for
from app.test_run import home as running_home
from omamori.adapters.firewall.kernel import ObservingFirewall, open_firewall
from omamori.adapters.firewall.library import FirewallError
from omamori.adapters.shelf import open_shelf
from omamori.app.recalling import cuts_of, mode_of
from omamori.documents.grant import Grant
from omamori.documents.reason import Reason
from omamori.hub.commanding.command import (
    AUTOMATION_BY,
    BROKER,
    DONE,
    EXPIRED,
    FAILED,
    REFUSED,
    SENT,
    Origin,
)
from omamori.hub.guarding.plan import OBSERVING

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
PATIENCE_S = 60.0
JUMPS = [HOUR_S, -HOUR_S, YEAR_S, -YEAR_S]


@pytest.fixture
def home() -> ProtectedHome:
    made = ProtectedHome()
    made.meet()
    return made


@contextmanager
def hub(program: str, folder: Path) -> Iterator[subprocess.Popen[str]]:
    """A hub in a process of its own; it does not outlive the test."""
    paths = os.pathsep.join([str(ROOT / "src"), str(ROOT / "tests")])
    with subprocess.Popen(
        [sys.executable, str(Path(__file__).parent / "killed_hub.py"), program, str(folder)],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": paths},
    ) as running:
        try:
            yield running
        finally:
            running.kill()


def lines(running: subprocess.Popen[str]) -> Iterator[list[str]]:
    assert running.stdout is not None
    for line in running.stdout:
        if line.split(maxsplit=1)[0] in SAID:
            yield line.split()


SAID = {
    "cut",
    "undone",
    "held",
    "refused",
    "leased",
    "ended",
    "outside",
    "family",
    "trouble",
    "record",
}


# Hub killed, power cut.


@pytest.mark.slow
@pytest.mark.parametrize("after", [3, 40, 111])
def test_nothing_acknowledged_is_lost_by_kill_9(tmp_path: Path, after: int) -> None:
    said: list[list[str]] = []
    with hub("busy", tmp_path) as running:
        for told in lines(running):  # to the end: what it said before it died was acknowledged
            said.append(told)
            if len(said) == after:
                running.kill()
    cut = {who: what == "cut" for what, who in said if what in {"cut", "undone"}}
    held = max((int(who[1:]) for what, who in said if what == "held"), default=0)
    home = ProtectedHome(tmp_path)
    for mac, is_cut in cut.items():
        if home.is_cut(mac) != is_cut:  # only by what was kept after its last word
            entry = [one for one in home.recorded() if one.about and one.about[0] == mac][-1]
            assert (entry.kind == "guard.cut") != is_cut
    command = home.steward.arbiter.in_force(TV, "power")
    assert not held or (command is not None and int(command.id[1:]) >= held)
    assert home.protection.unread == 0


def test_a_power_cut_in_the_middle_of_a_writing_loses_that_writing_alone(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    home = ProtectedHome(tmp_path / "a")
    home.meet()
    home.attacks(HEATER)
    home.by_page(LAMP, "power", OFF)
    wal = tmp_path / "a" / "watch.sqlite3-wal"
    whole = wal.stat().st_size
    home.by_page(TV, "power", OFF)
    assert wal.stat().st_size > whole
    for torn in (whole, whole + 1, (whole + wal.stat().st_size) // 2):
        folder = tmp_path / f"b{torn}"
        shutil.copytree(tmp_path / "a", folder)
        (folder / wal.name).write_bytes(wal.read_bytes()[:torn])
        (folder / "watch.sqlite3-shm").unlink()
        later = ProtectedHome(folder)
        assert later.is_cut(HEATER)
        assert not later.passes(HEATER)
        assert later.steward.arbiter.in_force(LAMP, "power") is not None
        assert later.protection.unread == 0


# Hub frozen.


@pytest.mark.slow
def test_a_frozen_hub_ends_leases_as_soon_as_it_goes_on(tmp_path: Path) -> None:
    with hub("leased", tmp_path) as running:
        said = lines(running)
        assert next(said) == ["leased", SENT, DONE]
        running.send_signal(signal.SIGSTOP)
        time.sleep(1.5)
        running.send_signal(signal.SIGCONT)
        assert next(said) == ["ended", "0"]
        assert running.wait(PATIENCE_S) == 0


def test_while_the_hub_is_frozen_cuts_hold_and_then_run_out(home: ProtectedHome) -> None:
    home.attacks(HEATER)
    home.now += DAY_S - 60
    assert not home.passes(HEATER)
    home.now += 120
    assert home.passes(HEATER)  # nobody is locked out for ever by a hub that hangs
    home.live(5)
    assert not home.passes(HEATER)  # but it holds again when the hub goes on: the alert is open


# Disk.


@pytest.mark.slow
def test_on_a_full_disk_cuts_hold_the_family_acts_and_nobody_else(tmp_path: Path) -> None:
    said: dict[str, list[list[str]]] = {}
    with hub("starved", tmp_path) as running:
        told = list(lines(running))
        assert running.wait(PATIENCE_S) == 0
    for what, *rest in told:
        said.setdefault(what, []).append(rest)
    assert said["cut"] == [["True", "False"]]
    assert said["outside"] == [["refused"]]
    assert said["family"] == [["sent"]]
    assert said["trouble"] == [["protection.not-kept"], ["None"]]
    assert said["record"][0][:3] == ["guard.cut", "command.refused", "command.sent"]


def test_an_unreadable_shelf_is_set_aside_and_what_was_cut_off_stays_so(tmp_path: Path) -> None:
    home = ProtectedHome(tmp_path)
    home.attacks(HEATER)
    home.shield.cut(LAMP, "anna")
    home.shield.cut(TV, "anna")
    home.shield.undo(TV, "anna")
    home.protection.set_mode("strict", "anna")
    home.stop()
    (tmp_path / "watch.sqlite3").write_bytes(b"no database at all" * 100)
    for tail in ("-wal", "-shm"):
        (tmp_path / f"watch.sqlite3{tail}").unlink(missing_ok=True)
    shelf, aside = open_shelf(tmp_path / "watch.sqlite3", home.now)
    assert aside
    shelf.close()
    home.begin()
    assert not home.is_cut(HEATER)  # nothing is left of it but the record
    kept = cuts_of(home.entries, home.now)
    assert {thing for thing, _ in kept} == {HEATER, LAMP}
    assert home.shield.guard.restore(kept, home.now) == 0
    home.shield.restore_mode(mode_of(home.entries))
    home.live(5)
    assert not home.passes(HEATER)
    assert not home.passes(LAMP)
    assert home.passes(TV, PHONE)
    assert home.shield.mode == "strict"


# Clock.


@pytest.mark.parametrize("jump_s", JUMPS)
def test_a_clock_that_jumps_ends_leases_or_keeps_them_and_no_cut_ends(
    home: ProtectedHome, jump_s: float
) -> None:
    home.live(10)
    home.attacks(HEATER)
    lease = home.ask(BATTERY, "charge_w", 1500, lease_s=900.0)
    home.live(10)
    home.now += jump_s
    home.meet()
    home.live(20)
    assert home.is_cut(HEATER)
    assert not home.passes(HEATER)
    if jump_s > 0:  # nobody can tell it from a long sleep: what had a lease is over
        assert home.states(lease)[-1] == EXPIRED
        assert home.things.values[BATTERY, "charge_w"] == 0
    else:
        assert home.states(lease)[-1] == DONE
        home.live(900)
        assert home.states(lease)[-1] == EXPIRED
    # And life goes on by the new clock.
    assert home.states(home.ask(LAMP, "power", OFF))[0] == SENT
    home.live(DAY_S + HOUR_S, 600)


@pytest.mark.parametrize("jump_s", JUMPS)
def test_after_a_restart_with_another_clock_what_is_cut_off_is_still_cut_off_or_told_again(
    home: ProtectedHome, jump_s: float
) -> None:
    home.attacks(HEATER)
    home.ask(BATTERY, "charge_w", 1500, lease_s=900.0)
    home.now += jump_s
    home.killed()
    if jump_s <= HOUR_S:
        assert home.is_cut(HEATER)
    home.attacks(HEATER, about="again")
    assert home.is_cut(HEATER)
    home.live(1000)
    assert home.things.values.get((BATTERY, "charge_w"), 0) in {0, 1500}
    assert home.steward.arbiter.in_force(BATTERY, "charge_w") is None


def test_a_clock_that_is_a_year_late_gives_no_guest_more_time(home: ProtectedHome) -> None:
    grant = Grant("g", "family", "guest", ("show-content",), (TV,), int(NOW), int(NOW + DAY_S), 2, thing=PHONE)  # fmt: skip
    home.protection.give(grant)
    home.now -= YEAR_S
    home.live(5)
    assert not home.protection.grants.is_guest(PHONE, home.now)
    home.now += YEAR_S
    assert home.protection.grants.is_guest(PHONE, home.now)


# Authority, network, drivers.


def test_with_the_authority_unreachable_a_level_falls_with_its_age_and_takes_its_slots(
    home: ProtectedHome,
) -> None:
    stale_at = home.now + HOUR_S
    home.steward.met(POWER, lambda now: standing(3 if now < stale_at else 0), home.now)
    asked = home.ask(BATTERY, "charge_w", 1500, lease_s=4 * HOUR_S)
    home.live(HOUR_S - 60, 60)
    assert home.states(asked)[-1] in {DONE, REFUSED}
    home.live(180, 10)
    assert home.states(asked)[-1] == REFUSED
    assert home.things.values[BATTERY, "charge_w"] == 0
    assert home.states(home.by_page(TV, "power", OFF)) == [SENT]  # the family needs no authority


def test_a_thing_that_is_gone_while_it_is_commanded_has_no_effect_and_that_is_said(
    home: ProtectedHome,
) -> None:
    home.things.deaf.add(BATTERY)
    asked = home.ask(BATTERY, "charge_w", 1500)
    home.live(60)
    assert home.states(asked) == [SENT, FAILED]
    assert home.heard[-1].reasons[0].key == "command.no-effect"
    assert home.steward.arbiter.in_force(BATTERY, "charge_w") is None
    assert len(home.things.written) < 10  # it is not hammered
    assert "command.failed" in home.kinds()
    # When it is there again, it obeys again.
    home.things.deaf.clear()
    home.meet()
    assert home.states(home.ask(BATTERY, "charge_w", 1200))[0] == SENT


# Firewall.


def test_without_the_library_or_rights_the_hub_observes_says_why_and_goes_on(
    home: ProtectedHome,
) -> None:
    without = open_firewall("", "no-such-library.so")
    assert without.features().force == OBSERVING
    assert without.features().why
    home.firewall = without  # type: ignore[assignment]
    home.killed()
    home.meet()
    home.attacks(HEATER)
    assert home.shield.force.features.why == without.features().why
    assert home.recorded()[-1].facts["held"] == 0
    assert home.states(home.ask(LAMP, "power", OFF)) == [SENT]


def test_a_firewall_that_refuses_keeps_what_it_held_and_is_tried_again(home: ProtectedHome) -> None:
    home.attacks(HEATER)
    apply = home.firewall.apply

    def refuses(*_: object) -> None:
        raise FirewallError("firewall.refused")

    home.firewall.apply = refuses  # type: ignore[method-assign, assignment]
    home.shield.cut(LAMP, "anna")
    assert not home.passes(HEATER)
    assert home.passes(LAMP)
    assert home.shield.force.trouble is not None
    home.firewall.apply = apply  # type: ignore[method-assign]
    home.live(5)
    assert not home.passes(LAMP)
    assert home.shield.force.trouble is None
    assert isinstance(ObservingFirewall(Reason("x.y")).features().why, tuple)


# Broker, floods, two hubs.


def test_a_broker_that_is_gone_leaves_its_wishes_at_their_lease_and_hears_nothing_late(
    home: ProtectedHome,
) -> None:
    broker = Origin("broker", AUTOMATION_BY, BROKER, "", "broker")

    def gone(_: object) -> None:
        raise ConnectionError("broker gone")

    command = home.command(LAMP, "power", OFF, broker, slot="automation", lease_s=600.0)
    home.steward.ask(command, gone)
    mine = home.ask(TV, "power", OFF)
    home.live(20)
    assert home.states(mine) == [SENT, DONE]
    home.live(700, 20)
    assert home.steward.arbiter.in_force(LAMP, "power") is None


def test_a_flood_is_refused_bounded_and_leaves_room_for_others(home: ProtectedHome) -> None:
    for _ in range(10_000):
        home.ask(LAMP, "power", ON)
    other = Origin("https://other.example/s2", "service", "meeting", "energy")
    home.meet(other)
    assert home.states(home.ask(TV, "power", OFF, other)) == [SENT]
    assert home.states(home.by_page(LAMP, "power", OFF))[0] == SENT
    home.attacks(HEATER)
    assert not home.passes(HEATER)
    steward = home.steward
    assert len(steward.last) <= 200
    assert len(steward._tells) < 100
    assert len(home.kinds()) < 300


def test_two_hubs_at_one_thing_do_not_set_it_back_and_forth_for_ever() -> None:
    one, two = ProtectedHome(), ProtectedHome()
    for each in (one, two):
        each.meet()
    one.ask(TV, "power", OFF, lease_s=HOUR_S)
    two.ask(TV, "power", ON, lease_s=HOUR_S)
    written = 0
    for _ in range(300):
        for each, other in ((one, two), (two, one)):
            each.now += 5
            for write in each.things.shown:
                other.steward.seen(write.target, write.point, write.value)
            each.show()
            each.protection.step()
        written = len(one.things.written) + len(two.things.written)
    assert written < 40


# The table itself.


def test_every_row_of_the_table_names_a_test_that_exists() -> None:
    for page in (ROOT / "docs" / "failsafe.md", ROOT / "docs" / "ja" / "failsafe.md"):
        told = page.read_text(encoding="utf-8")
        rows = [line for line in told.splitlines() if line.startswith("| ") and "---" not in line]
        assert len(rows) >= 17
        for row in rows[1:]:
            named = re.findall(r"`(tests/[a-z_/]+\.py)::(test_\w+)`", row)
            assert named, row
            for path, name in named:
                assert f"def {name}(" in (ROOT / path).read_text(encoding="utf-8"), (path, name)


# The program itself.


@pytest.mark.slow
@pytest.mark.root
def test_a_hub_that_is_started_on_a_full_disk_holds_what_was_cut_off(tmp_path: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root may mount a small disk")
    disk = tmp_path / "disk"
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=16m,mode=700", "tmpfs", disk], check=True)
    try:
        folder = disk / "data"
        folder.mkdir(mode=0o700)
        (folder / "omamori.toml").write_text(f"{QUIET}[sample]\non = false\n", encoding="utf-8")
        with running_home(folder):
            pass
        made = ProtectedHome(folder)
        made.attacks(HEATER)
        made.stop()
        with suppress(OSError), (disk / "junk").open("wb") as junk:
            for _ in range(16 * 1024):
                junk.write(bytes(1024))
                junk.flush()
        with running_home(folder) as (address, _, running):
            assert get(f"{address}/healthz")[0] == 200
            page = wait_for(f"{address}/protect?lang=en", "could not be written")
            assert HEATER in page
            running.terminate()
            assert running.wait(PATIENCE_S) == 0
    finally:
        subprocess.run(["umount", disk], check=True)
