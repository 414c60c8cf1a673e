"""The industry's registry: products, software versions and devices with their levels.

The current level of a device is the lowest of four rungs of the authority's own ladder: that of its
certificate, of its product, of its software version, and its own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from omamori.authority.records import (
    HELD,
    PRODUCT_NAME,
    REVOKED,
    TITLE_CHARACTERS_MAX,
    VERSION_NAME,
    WHY,
    Device,
    Product,
    RequestError,
    Version,
    require,
    version_key,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from omamori.authority.ports import RegistryStore
    from omamori.documents.level import Ladder

INSTANCE, EXECUTABLES, HARDWARE = 0, 2, 4
"""Claims of the trust vector that a registry can speak of (draft-ietf-rats-ar4si, 2.3)."""

AFFIRMED, UNSAFE, UNRECOGNISED = 2, 32, 33
AFFIRMING, WARNING = 2, 32
"""EAR status tiers."""


class Target(msgspec.Struct, frozen=True, kw_only=True):
    """Whose level is meant: a product, one of its versions, or one device."""

    product: str = ""
    version: str = ""
    device: str = ""


class Current(msgspec.Struct, frozen=True):
    """The current level of a device, and why.

    Attributes:
        rung: in the authority's own ladder; certified: what its certificate says.
        reasons: stable keys `<where>.<why>` of everything that lowers it.
        tier, vector: as in a statement.
    """

    rung: int
    certified: int
    reasons: tuple[str, ...]
    tier: int
    vector: dict[int, int]


def judge(device: Device, product: Product, version: Version | None, *, listed: bool) -> Current:
    """The current level of `device`.

    Args:
        version: of the device's software, if the registry has it.
        listed: whether the product has any version in the registry; one that lists its versions
            admits only those, so that a false version name never escapes a lowering.
    """
    rungs = {"product": product.rung, "device": device.rung}
    why = {"product": product.why, "device": device.why}
    if version is not None:
        rungs["version"], why["version"] = version.rung, version.why
    elif listed:
        rungs["version"], why["version"] = 1, "unlisted"
    least = min(device.certified, *rungs.values())
    low = [where for where, rung in rungs.items() if rung < device.certified]
    executables = UNRECOGNISED if version is None else UNSAFE if "version" in low else AFFIRMED
    return Current(
        rung=least,
        certified=device.certified,
        reasons=tuple(f"{where}.{why[where] or 'other'}" for where in low),
        tier=WARNING if low else AFFIRMING,
        vector={
            INSTANCE: UNSAFE if "device" in low else AFFIRMED,
            EXECUTABLES: executables,
            HARDWARE: UNSAFE if "product" in low else AFFIRMED,
        },
    )


class Registry:
    """Products, versions and devices of one industry, in a store."""

    def __init__(self, store: RegistryStore, ladder: Ladder) -> None:
        self._store = store
        self._ladder = ladder

    def product(self, name: str) -> Product:
        """A product by its short name; raises RequestError `product.unknown`."""
        found = self._store.get(Product, name)
        if found is None:
            raise RequestError("product.unknown", {"name": name[:64]})
        return found

    def version(self, product: str, name: str) -> Version:
        """A version of a product; raises RequestError `version.unknown`."""
        found = self._store.get(Version, version_key(product, name))
        if found is None:
            raise RequestError("version.unknown", {"name": name[:64]})
        return found

    def device(self, name: str) -> Device:
        """A device by its opaque name or its URI; raises RequestError `device.unknown`."""
        found = self._store.get(Device, name.rpartition("/t/")[2])
        if found is None:
            raise RequestError("device.unknown", {"name": name[:64]})
        return found

    def devices(self, target: Target) -> Iterator[Device]:
        """Every device whose level `target` has a part in."""
        if target.device:
            yield self.device(target.device)
            return
        for device in self._store.every(Device, target.product):
            if not target.version or device.software == target.version:
                yield device

    def add_product(self, product: Product, now: float) -> Product:
        """Add a product at its assessed rung.

        Raises:
            RequestError: with the key of what is wrong.
        """
        require(PRODUCT_NAME.fullmatch(product.name) is not None, "product.name-not-plain")
        require(self._store.get(Product, product.name) is None, "product.exists")
        for text in (product.title, product.maker):
            require(
                len(text) <= TITLE_CHARACTERS_MAX and text.isprintable(), "product.title-not-plain"
            )
        self._on_ladder(product.assessed)
        kept = msgspec.structs.replace(product, rung=product.assessed, why="", changed_at=now)
        self._store.put(kept)
        return kept

    def add_version(self, product: str, name: str, rung: int, now: float) -> Version:
        """Add a software version of a product; from the first on, only listed versions count."""
        self.product(product)
        require(VERSION_NAME.fullmatch(name) is not None, "version.name-not-plain")
        require(self._store.get(Version, version_key(product, name)) is None, "version.exists")
        self._on_ladder(rung)
        version = Version(product=product, name=name, assessed=rung, rung=rung, changed_at=now)
        self._store.put(version)
        return version

    def lower(self, target: Target, rung: int, why: str, now: float) -> None:
        """Lower the level of a product, a version or one device, because of an item of `WHY`."""
        require(why in WHY, "lower.why-unknown", why=why)
        self._on_ladder(rung)
        found = self._target(target)
        require(rung < found.rung, "lower.not-lower", rung=found.rung)
        self._store.put(msgspec.structs.replace(found, rung=rung, why=why, changed_at=now))

    def raise_(self, target: Target, rung: int, now: float) -> None:
        """Raise a level again, at most to what was assessed (or certified)."""
        found, most = self._target(target), self.assessed(target)
        require(rung > found.rung, "raise.not-higher", rung=found.rung)
        require(rung <= most, "raise.above-assessed", rung=most)
        why = found.why if rung < most else ""
        self._store.put(msgspec.structs.replace(found, rung=rung, why=why, changed_at=now))

    def assessed(self, target: Target) -> int:
        """The rung that a level may be raised to: what was assessed, or certified."""
        found = self._target(target)
        return found.certified if isinstance(found, Device) else found.assessed

    def _target(self, target: Target) -> Product | Version | Device:
        if target.device:
            device = self.device(target.device)
            require(device.state != REVOKED, "device.revoked")
            return device
        if target.version:
            return self.version(target.product, target.version)
        return self.product(target.product)

    def _on_ladder(self, rung: int) -> None:
        self._ladder.level(rung)

    def current(self, device: Device) -> Current:
        """The current level of a device, whatever its state."""
        version = self._store.get(Version, version_key(device.product, device.software))
        listed = version is not None or any(self._store.every(Version, device.product))
        return judge(device, self.product(device.product), version, listed=listed)

    def judged(self, target: Target) -> Iterator[tuple[Device, Current]]:
        """Every device whose level `target` has a part in, with its current level.

        A product with a hundred thousand devices is read once, not a hundred thousand times.
        """
        products: dict[str, tuple[Product, dict[str, Version]]] = {}
        for device in self.devices(target):
            if device.product not in products:
                listed = {v.name: v for v in self._store.every(Version, device.product)}
                products[device.product] = self.product(device.product), listed
            product, versions = products[device.product]
            version = versions.get(device.software)
            yield device, judge(device, product, version, listed=bool(versions))

    def usable(self, device: Device) -> Device:
        """The device unless it is held or revoked; raises RequestError."""
        require(device.state != REVOKED, "device.revoked")
        require(device.state != HELD, "device.held")
        return device
