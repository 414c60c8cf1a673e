"""Level: a rung of one industry's ladder, carried as a certificate policy OID."""

from __future__ import annotations

import msgspec

from omamori.documents.reason import RefusedError

RUNGS_MAX = 5
"""Lv.1 to Lv.5, as in the report (section 3.3-1) and EN 303 645 derived labels."""

ANY_POLICY = "2.5.29.32.0"
"""RFC 5280, 4.2.1.4: matches everything, so it says nothing of a level."""


class LevelError(RefusedError):
    """A level or ladder that is not well formed, or a comparison across ladders."""


class Level(msgspec.Struct, frozen=True, order=False):
    """One rung; never a bare number outside its ladder.

    Attributes:
        industry: the trust domain, such as ``energy``.
        base: the ladder's OID, ``<arc>.<industry>.<policy version>``.
        rung: 1 (lowest) to ``RUNGS_MAX``.
    """

    industry: str
    base: str
    rung: int

    @property
    def oid(self) -> str:
        """The certificate policy OID that carries this level."""
        return f"{self.base}.{self.rung}"

    def reaches(self, required: Level) -> bool:
        """Whether this level is at least `required`; raises LevelError across ladders."""
        if self.base != required.base:
            raise LevelError("level.ladders-differ", {"one": self.oid, "other": required.oid})
        return self.rung >= required.rung

    def __str__(self) -> str:
        return f"{self.industry} Lv.{self.rung}"


class Ladder(msgspec.Struct, frozen=True):
    """An industry's levels in one policy version."""

    industry: str
    base: str
    rungs: int = RUNGS_MAX

    def level(self, rung: int) -> Level:
        """The level at `rung`; raises LevelError when the ladder has no such rung."""
        if not 1 <= rung <= self.rungs:
            raise LevelError("level.no-such-rung", {"rung": rung, "industry": self.industry})
        return Level(self.industry, self.base, rung)

    def levels(self) -> tuple[Level, ...]:
        """Every level, lowest first."""
        return tuple(self.level(rung) for rung in range(1, self.rungs + 1))

    def read(self, oid: str) -> Level | None:
        """The level that `oid` names in this ladder, or None: no policy is no level."""
        base, _, last = oid.rpartition(".")
        if base != self.base or not last.isascii() or not last.isdigit() or len(last) > 2:  # noqa: PLR2004 - rungs have one or two digits
            return None
        rung = int(last)
        written = 1 <= rung <= self.rungs and last == str(rung)  # no OID has a leading zero
        return Level(self.industry, base, rung) if written else None


def lowest(levels: list[Level]) -> Level:
    """The smallest of several levels of one ladder; raises LevelError across ladders."""
    least = levels[0]
    for level in levels[1:]:
        if not level.reaches(least):
            least = level
    return least


def ladder_of_uuid(industry: str, uuid_int: int, version: int = 1) -> Ladder:
    """A ladder under the UUID-derived arc 2.25 (ITU-T X.667), for who has no arc of their own."""
    if not 0 <= uuid_int < 1 << 128:
        raise LevelError("level.not-a-uuid")
    return Ladder(industry, f"2.25.{uuid_int}.1.{version}")
