"""The hub's word: never above the cap, never on a guess."""

from __future__ import annotations

import pytest

from omamori.documents.statement import write_cwt
from omamori.hub.vouch import vouched_rung, word_for
from omamori.trust.standing import Caps, Credentials, judge
from trust.industries import NOW, Industry


@pytest.mark.parametrize("cap", range(6))
@pytest.mark.parametrize("confidence", ["sure", "likely", "unsure", "unknown", "anything"])
def test_never_above_the_cap_and_nothing_on_a_guess(confidence: str, cap: int) -> None:
    rung = vouched_rung(confidence, cap)
    assert rung <= min(cap, 2)
    assert (rung == 0) == (confidence not in ("sure", "likely") or cap == 0)


def test_the_word_is_believed_by_the_hubs_industry_up_to_the_cap() -> None:
    energy = Industry("energy")
    hub = energy.thing(4, "hub")
    word = word_for(
        "fan", "sure", ("identified",), energy.ladder, hub_print(hub.certificate), "hub", 2, 1, NOW
    )
    assert word is not None
    shown = Credentials(hub.certificate, hub.statement(), write_cwt(word, hub.key, b"hub"))
    standing = judge(shown, hub.proof(), energy.book(), NOW, Caps(vouched=1))
    assert standing.ground == "hub-word"
    assert str(standing.effective) == "energy Lv.1"
    assert standing.certified is None


def test_no_word_for_what_is_unknown() -> None:
    energy = Industry("energy")
    assert word_for("x", "unknown", (), energy.ladder, b"0" * 32, "hub", 2, 1, NOW) is None


def hub_print(certificate: bytes) -> bytes:
    from omamori.documents.certificate import sha256  # noqa: PLC0415 - keeps the story on top

    return sha256(certificate)
