"""Guarding, composed as the program composes it: rules, doors, what is recalled, and who steps."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from app.protected import HEATER, KINDS, LAMP, NOW, OFF, ProtectedHome
from omamori.adapters.entries import EntriesError, LostEntries, MemoryEntries
from omamori.adapters.policy import POLICY_NAME
from omamori.app import guarding as room
from omamori.app.config import Config
from omamori.app.config import Network as Settings
from omamori.app.guarding import Guarding
from omamori.app.network import SHELF_FILE, Network
from omamori.app.recalling import cuts_of, mode_of
from omamori.app.steward import family
from omamori.app.vouching import Silent
from omamori.documents.reason import Reason
from omamori.hub.commanding.command import Command
from omamori.ledger.entry import Entry

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

    from omamori.ledger.entry import Entries

QUIET = Settings(mdns=False, ssdp=False, neighbours=False, echonet=False, interface="")
"""No interface: no test may touch this machine's own firewall."""


def guarding(folder: Path, entries: Entries | None = None, **config: Any) -> Guarding:
    network = Network(folder, QUIET, lambda: NOW, lambda: None, lambda *_: None)
    made = Config(network=QUIET, **config)
    return Guarding(folder, made, network, Silent(Reason("x.y")), entries or MemoryEntries())


def test_without_listening_the_hub_observes_and_says_why(tmp_path: Path) -> None:
    made = guarding(tmp_path)
    assert made.protection.shield.force.features.force == "observing"
    assert made.protection.shield.force.features.why == (Reason("firewall.not-listening"),)
    made.network.close()


def test_mistakes_of_the_homes_own_rules_are_told_and_the_usual_ones_hold(tmp_path: Path) -> None:
    (tmp_path / POLICY_NAME).write_bytes(b"version = 99")
    made = guarding(tmp_path)
    assert made.protection.notes[0].key == "policy.in-use-instead"
    assert made.protection.steward.rules.rules
    made.network.close()


def test_what_was_cut_off_is_recalled_from_the_record_where_the_shelf_is_lost(
    tmp_path: Path,
) -> None:
    home = ProtectedHome()
    home.attacks(HEATER)
    home.protection.set_mode("strict", "anna")
    (tmp_path / SHELF_FILE).write_bytes(b"nothing of ours" * 1000)
    made = guarding(tmp_path, home.entries)
    assert made.protection.shield.guard.is_cut(HEATER)
    assert made.protection.shield.mode == "strict"
    assert made.protection.notes == (Reason("protection.cuts-from-record", {"count": 1}),)
    made.network.close()


def test_where_the_record_is_lost_too_the_home_is_watched_all_the_same(tmp_path: Path) -> None:
    (tmp_path / SHELF_FILE).mkdir()  # no file at all
    made = guarding(tmp_path, LostEntries(EntriesError("ledger.not-opened", {"file": "x"})))
    assert not made.protection.shield.guard.quarantines()
    command = Command("c", family(), LAMP, "power", OFF, "remote-user", NOW, 60.0)
    made.protection.steward.ask(command)
    assert made.protection.trouble == Reason("protection.not-kept")
    made.network.close()


def test_leases_end_also_while_nobody_listens_and_what_waits_is_kept_at_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(room, "STEP_S", 0.001)
    made = guarding(tmp_path)
    stepped = asyncio.Event()
    made.protection.step = stepped.set  # type: ignore[method-assign]

    async def main() -> None:
        await made.open()
        assert made.protection.steward.later is not None
        await asyncio.wait_for(stepped.wait(), 30)
        flushed: list[bool] = []
        made.protection.steward.flush = lambda: flushed.append(True)  # type: ignore[method-assign]
        await made.close()
        assert flushed

    asyncio.run(main())
    made.network.close()


def test_a_charger_without_a_password_is_let_in_by_nobody(tmp_path: Path) -> None:
    protect: dict[str, Any] = {"charger": 9999, "charger_secret": str(tmp_path / "none")}
    made = guarding(tmp_path, protect=type(Config().protect)(**protect))
    assert [one.key for one in made.protection.notes] == ["door.no-secret"]
    made.network.close()


def test_the_record_is_read_only_so_far_and_nonsense_in_it_harms_nobody() -> None:
    entries = MemoryEntries()
    odd: dict[str, Any] = {"until": "never", "macs": HEATER, "by": "", "mode": "strict"}
    entries.append([Entry(NOW, "guard.cut", (HEATER,), (), odd)])
    entries.append([Entry(NOW, "guard.cut"), Entry(NOW, "guard.mode", (), (), {"mode": "\x00"})])
    entries.append([Entry(NOW, "guard.cut", (mac,)) for mac in KINDS if mac != HEATER])
    entries.append([Entry(NOW, "guard.over", (LAMP,))])
    home = ProtectedHome()
    kept = cuts_of(entries, NOW)
    assert LAMP not in dict(kept)
    assert home.shield.guard.restore(kept, NOW) == 0
    home.shield.restore_mode(mode_of(entries))
    home.live(5)
    assert home.shield.mode == "guarding"
    assert not home.passes(HEATER)
