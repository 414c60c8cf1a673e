"""Every reason that naming things can give has its sentence, in both languages, with its gaps."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from omamori.hub.knowing.identify_rules import FAMILIES
from omamori.web.sentences.identify import JA, SENTENCES

SRC = Path(__file__).parents[3] / "src" / "omamori"
OURS = [
    *sorted((SRC / "hub" / "knowing").glob("identify*.py")),
    SRC / "hub" / "knowing" / "inventory.py",
    SRC / "adapters" / "rules.py",
    *sorted((SRC / "adapters" / "discovery").glob("*.py")),
    SRC / "adapters" / "protocols" / "echonet.py",
]
GAP = re.compile(r"\{([a-z_]+)\}")


def test_both_languages_say_the_same_things() -> None:
    assert SENTENCES.keys() == JA.keys()
    for key, english in SENTENCES.items():
        assert set(GAP.findall(english)) == set(GAP.findall(JA[key])), key


@pytest.mark.parametrize("path", OURS, ids=lambda path: path.name)
def test_every_key_in_the_source_has_a_sentence(path: Path) -> None:
    for key in re.findall(
        r'"((?:identify|rules|discovery|echonet|upnp)\.[a-z][a-z-]+)"', path.read_text()
    ):
        if key not in {"echonet.object", "upnp.description"}:
            assert key in SENTENCES, key


def test_every_family_of_clues_has_its_words() -> None:
    for family in FAMILIES:
        for belief in ("kind", "maker", "model"):
            assert f"identify.{belief}-by-{family}" in SENTENCES


def test_no_sentence_promises_safety() -> None:
    text = " ".join([*SENTENCES.values(), *JA.values()]).lower()
    assert not any(word in text for word in ("secure", "safe ", "安全です", "問題ありません"))
