"""Emergency: an ambulance crew at the body may do what saves a life, and it is always recorded.

Breaking the glass is a rule, not a hole: near and fresh as for anybody, a certificate under the
policy that this home names for crews, only points that the rule names, for a short time, and seldom.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Annotated

import msgspec

from omamori.documents.reason import Reason

if TYPE_CHECKING:
    from collections.abc import Iterable

    from omamori.trust.nearness import Nearness

USES_KEPT_MAX = 64
REASON_CHARACTERS_MAX = 200
KEPT_KEY = "uses"
_KEPT = msgspec.msgpack.Decoder(Annotated[list[float], msgspec.Meta(max_length=USES_KEPT_MAX)])


class Rule(msgspec.Struct, frozen=True):
    """What a crew may do.

    Attributes:
        policies: certificate policies (object identifiers) of crews, as this home's registry knows.
        points: what they may set or read; rung_min: their level at least.
        lease_s: for how long each time; uses_max in `within_s`.
    """

    policies: frozenset[str]
    points: frozenset[str]
    rung_min: int = 2
    lease_s: float = 900.0
    uses_max: int = 5
    within_s: float = 3600.0


class Broken(msgspec.Struct, frozen=True):
    """The answer.

    Attributes:
        allowed: for `lease_s`, no longer.
        record: what must be in the ledger *before* anything is done: also when refused.
    """

    allowed: bool
    lease_s: float
    reasons: tuple[Reason, ...]
    record: dict[str, str | int | float]


class Glass:
    """The emergency right of one thing."""

    def __init__(self, rule: Rule) -> None:
        self.rule = rule
        self._uses: deque[float] = deque(maxlen=USES_KEPT_MAX)
        self._changed = False

    def break_(
        self, who: str, policies: frozenset[str], point: str, nearness: Nearness, now: float
    ) -> Broken:
        """Judge a crew's wish; total.

        Args:
            policies: those of the asker's certificate, after its path was verified.
        """
        rule, against = self.rule, []
        if not policies & rule.policies:
            against.append(Reason("nearness.emergency-refused"))
        if not nearness.near:
            against.append(Reason("nearness.not-near"))
        if not nearness.fresh:
            against.append(Reason("nearness.not-fresh"))
        if nearness.rung < rule.rung_min:
            params = {"rung": nearness.rung, "required": rule.rung_min}
            against.append(Reason("nearness.level-too-low", {**params}))
        if point not in rule.points:
            against.append(Reason("nearness.emergency-not-this"))
        # A clock that went back frees nothing: uses of the future count as well.
        recent = sum(1 for at in self._uses if now - at < rule.within_s)
        if recent >= min(rule.uses_max, USES_KEPT_MAX):
            against.append(Reason("nearness.emergency-too-often"))
        allowed = not against
        if allowed:
            self._uses.append(now)
            self._changed = True
        reasons = tuple(against) or (Reason("nearness.emergency"),)
        record: dict[str, str | int | float] = {
            "who": who[:REASON_CHARACTERS_MAX],
            "point": point[:REASON_CHARACTERS_MAX],
            "near": int(nearness.near),
            "fresh": int(nearness.fresh),
            "rung": nearness.rung,
            "allowed": int(allowed),
        }
        return Broken(allowed, rule.lease_s if allowed else 0.0, reasons, record)

    def take_changes(self) -> Iterable[tuple[str, bytes | None]]:
        """When it was used, if that changed since it was last taken."""
        if self._changed:
            self._changed = False
            yield KEPT_KEY, msgspec.msgpack.encode(list(self._uses))

    def restore(self, kept: Iterable[tuple[str, bytes]], now: float) -> int:
        """Take in what was kept; what cannot be read counts as used up, until time has gone by."""
        unread = 0
        for _, value in kept:
            try:
                uses = _KEPT.decode(value)
            except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
                unread += 1
                uses = [now] * USES_KEPT_MAX
            self._uses.extend(uses)
        return unread
