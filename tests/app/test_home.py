"""What a home tells of its things: every kind of clue has words of its own, in both languages."""

from __future__ import annotations

import pytest

from omamori.app.household import CLUE_FAMILIES
from omamori.documents.reason import Reason
from omamori.web.words import sentence


@pytest.mark.parametrize("lang", ["ja", "en"])
@pytest.mark.parametrize("family", sorted(CLUE_FAMILIES))
def test_every_kind_of_clue_has_words(family: str, lang: str) -> None:
    told = sentence(Reason(f"clue.{family}", {"place": "x.y", "said": "Living room"}), lang)
    assert "Living room" in told
    assert "clue." not in told
    assert "x.y" not in told
