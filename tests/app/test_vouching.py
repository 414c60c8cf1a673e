"""The hub's word: for what it knows, never for what only looks like it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from omamori.adapters import rules
from omamori.app.vouching import open_voucher
from omamori.hub.knowing.inventory import Inventory
from omamori.hub.sighting import Sighting
from omamori.trust.standing import Caps

if TYPE_CHECKING:
    from pathlib import Path

ONE, TWO = "da:a1:19:00:00:01", "5e:10:20:30:40:02"
NOW = 1_790_000_000.0


def test_a_copied_name_does_not_bring_the_hubs_word_along(tmp_path: Path) -> None:
    voucher = open_voucher(tmp_path, Caps(), lambda: NOW)
    inventory = Inventory(rules.load(register=None)[0])
    fields = {"hostname": "Taros-iPhone"}
    inventory.hear(Sighting(NOW - 9000, ONE, "dhcp.request", fields))
    inventory.correct(ONE, "太郎のスマホ", "phone")
    (own,) = inventory.things()
    assert voucher.standing(own).effective is not None
    inventory.hear(Sighting(NOW - 10, TWO, "dhcp.request", fields))
    (alike,) = inventory.things()
    assert (alike.id, alike.mac, alike.is_corrected) == (ONE, TWO, True)
    assert voucher.standing(alike).effective is None
    inventory.join(ONE, TWO)
    (same,) = inventory.things()
    assert voucher.standing(same).effective is not None
