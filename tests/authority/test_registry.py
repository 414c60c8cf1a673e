"""The current level of a device is the lowest of four, with every reason."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from authority.made import NOW, Made
from omamori.authority.records import Device, Product, RequestError, Version
from omamori.authority.registry import Target, judge
from omamori.documents.level import LevelError
from omamori.documents.reason import RefusedError

RUNGS = st.integers(1, 5)


def _device(certified: int, rung: int, why: str = "") -> Device:
    return Device(
        name="d",
        uri="https://energy.example/t/d",
        product="p",
        software="1.0",
        certified=certified,
        rung=rung,
        why=why,
        certificate=b"",
        thumbprint=b"",
        serial="1",
        not_after=0,
    )


@given(RUNGS, RUNGS, RUNGS, RUNGS)
def test_the_lowest_counts(certified: int, product: int, version: int, own: int) -> None:
    current = judge(
        _device(certified, own),
        Product(name="p", assessed=5, rung=product),
        Version(product="p", name="1.0", assessed=5, rung=version),
        listed=True,
    )
    assert current.rung == min(certified, product, version, own)
    low = {"product": product, "version": version, "device": own}
    assert {r.partition(".")[0] for r in current.reasons} == {
        where for where, rung in low.items() if rung < certified
    }
    assert (current.tier == 2) == (current.rung == certified)


def test_each_reason_says_where_and_why() -> None:
    current = judge(
        _device(4, 2, "key-suspect"),
        Product(name="p", assessed=4, rung=3, why="recalled"),
        Version(product="p", name="1.0", assessed=4, rung=1, why="unpatched"),
        listed=True,
    )
    assert set(current.reasons) == {"product.recalled", "version.unpatched", "device.key-suspect"}


def test_a_version_that_is_not_listed_does_not_escape_a_lowering() -> None:
    product = Product(name="p", assessed=4, rung=4)
    assert judge(_device(4, 4), product, None, listed=False).rung == 4
    unlisted = judge(_device(4, 4), product, None, listed=True)
    assert unlisted.rung == 1
    assert unlisted.reasons == ("version.unlisted",)


def _refused(made: Made, target: Target, rung: int, why: str = "unpatched") -> str:
    with pytest.raises(RefusedError) as error:
        made.service.lower(target, rung, why, NOW)
    return error.value.reason.key


def test_lowering_goes_down_and_raising_goes_up_to_what_was_assessed() -> None:
    made = Made()
    made.product(rung=4)
    target = Target(product="aircon")
    assert _refused(made, target, 4) == "lower.not-lower"
    assert _refused(made, target, 0) == "level.no-such-rung"
    assert _refused(made, target, 2, "spite") == "lower.why-unknown"
    assert _refused(made, Target(product="toaster"), 1) == "product.unknown"
    assert _refused(made, Target(product="aircon", version="9"), 1) == "version.unknown"
    assert _refused(made, Target(device="nobody"), 1) == "device.unknown"
    made.service.lower(target, 2, "unpatched", NOW)
    assert made.service.products()[0].why == "unpatched"
    for rung, key in ((1, "raise.not-higher"), (5, "raise.above-assessed")):
        with pytest.raises(RequestError) as error:
            made.service.raise_(target, rung, NOW)
        assert error.value.reason.key == key
    made.service.raise_(target, 3, NOW)
    assert made.service.products()[0].why == "unpatched"
    made.service.raise_(target, 4, NOW)
    assert made.service.products()[0].why == ""


@pytest.mark.parametrize("name", ["", "Aircon", "a/b", "a@b", "エアコン", "a" * 65, "../x", "a\n"])
def test_a_product_s_name_is_plain(name: str) -> None:
    with pytest.raises(RequestError, match=r"product.name-not-plain"):
        Made().product(name)


def test_a_product_is_added_once_and_on_the_ladder() -> None:
    made = Made()
    made.product()
    with pytest.raises(RequestError, match=r"product.exists"):
        made.product()
    with pytest.raises(LevelError, match=r"level.no-such-rung"):
        made.product("other", 6)
