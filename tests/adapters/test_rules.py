"""Loading rules: the bundled ones always, people's own where they hold, the register where it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from omamori.adapters import rules
from omamori.hub.knowing.identify import identify

if TYPE_CHECKING:
    from pathlib import Path


def test_own_rules_add_to_the_bundled_ones(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text(
        '[[rule]]\nat = ["dhcp.request.hostname"]\nequals = ["grandpa"]\nkind = "kettle"\n'
    )
    book, reasons = rules.load(tmp_path, register=None)
    assert reasons == []
    assert identify(book.read("dhcp.request", {"hostname": "Grandpa"}, 1.0)).kind.value == "kettle"
    assert identify(book.read("dhcp.request", {"hostname": "HS100"}, 1.0)).kind.value == "plug"


def test_bad_own_files_are_named_and_the_rest_still_counts(tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_text("this is no toml")
    (tmp_path / "b.toml").write_text('[[rule]]\nat = ["no.such.place"]\nequals = ["x"]\n')
    (tmp_path / "c.toml").write_bytes(b"\xff\xfe")
    (tmp_path / "d.toml").write_text("#" * (rules.FILE_BYTES_MAX + 1))
    (tmp_path / "e.toml").write_text('[makers]\n"Grandpa Works" = ["gw"]\n')
    book, reasons = rules.load(tmp_path, register=None)
    assert {r.key for r in reasons} == {
        "rules.toml",
        "rules.place",
        "rules.unreadable",
        "rules.too-big",
    }
    assert book._makers.known("GW international") == "Grandpa Works"


def test_a_register_names_makers_that_homes_seldom_meet(tmp_path: Path) -> None:
    (tmp_path / "oui.csv").write_text(
        "Registry,Assignment,Organization Name,Organization Address\n"
        'MA-L,00B56D,"David Electronics Co., LTD.",Somewhere\n'
        "MA-L,8C1F64,IEEE Registration Authority,x\n"
    )
    book, _ = rules.load(register=tmp_path)
    clue = book.address("00:b5:6d:06:08:ba", 1.0)
    assert clue is not None
    assert clue.claims[0].value == "David Electronics"
    assert book.address("8c:1f:64:00:00:00", 1.0) is None
    assert rules.read_register(tmp_path / "absent") == {}
