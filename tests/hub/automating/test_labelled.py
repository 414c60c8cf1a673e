"""Labelled pairs: what is known to collide is found, and what cannot collide is left in peace."""

from __future__ import annotations

import pytest

from hub.automating.labelled import PAIRS, Spec
from omamori.hub.automating.check import check
from omamori.hub.automating.conflict import KINDS, POSSIBLE
from omamori.web.words import sentence


@pytest.mark.parametrize("spec", PAIRS, ids=[told for told, _, _ in PAIRS])
def test_a_pair_is_judged_as_it_is_known_to_be(spec: Spec) -> None:
    _, rules, kinds = spec
    found = check(rules)
    if kinds:
        assert {one.kind for one in found} & kinds
    else:
        # "Possible" is what nothing excludes; it is listed as such and hidden until asked for.
        assert [one for one in found if one.sure != POSSIBLE] == []


def test_there_are_enough_of_both() -> None:
    assert len(PAIRS) >= 60
    assert sum(not kinds for _, _, kinds in PAIRS) >= 25
    assert {kind for _, _, kinds in PAIRS for kind in kinds} <= set(KINDS)


def test_each_finding_is_told_in_both_languages() -> None:
    for _, rules, _ in PAIRS:
        for one in check(rules):
            for reason in (one.reason, one.repair, *one.situation):
                for lang in ("en", "ja"):
                    told = sentence(reason, lang)
                    assert "…" not in told
                    assert reason.key not in told
