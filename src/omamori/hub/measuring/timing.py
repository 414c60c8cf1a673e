"""Timing: whether a message is late, or a clock is wrong, or which of the two cannot be told.

Two clocks of the source are in each message: the one with the date, which anybody may set, and a
steady one. The least difference between our steady clock and the source's, over all messages of
one start, belongs to the fastest message; what exceeds it is delay, whatever the dates say (the
minimum filter of NTP, RFC 5905 §10). One way alone, an even delay of *all* messages cannot be told
from a date that is set wrong: then the answer says so.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from omamori.documents.limits import CLOCK_SKEW_S_MAX
from omamori.documents.reason import Reason

if TYPE_CHECKING:
    from omamori.documents.measurement import Measurement

DRIFT = 500e-6
"""How fast two honest steady clocks may part; quartz does 100 parts in a million, cheap ones more.
A held-back stream would have to be slowed for over five hours to gain ten seconds unseen."""

LATE_S = 15.0
"""Above it a message counts as delayed; a home's own ways take less than a second, a mobile one ten."""


class Age(msgspec.Struct, frozen=True):
    """What the clocks say of one message.

    Attributes:
        late_s: surely late by this, by the steady clocks; 0 where nothing is known.
        age_s: at least so old, by whichever clock says more; negative dates count as 0.
        delayed: surely delayed; unsure: delayed, or its date is wrong.
    """

    late_s: float
    age_s: float
    delayed: bool
    unsure: bool
    reasons: tuple[Reason, ...]


class Timing:
    """The clocks of one source."""

    def __init__(self) -> None:
        self._epoch = 0
        self._base = 0.0
        self._base_at = 0.0
        self._date = 0.0

    def forget(self) -> None:
        """Our own clock jumped or started anew: what was compared with it is void."""
        self._epoch = 0

    def judge(self, m: Measurement, now: float, steady: float, late_s_max: float) -> Age:
        """What the clocks say; nothing changes."""
        apparent = now - m.sent_ms / 1000
        known = self._epoch == m.epoch
        late = max(0.0, steady - m.steady_ms / 1000 - self._allowed(m)) if known else 0.0
        delayed = late > late_s_max
        reasons: list[Reason] = []
        if delayed:
            reasons.append(Reason("measurement.late", {"late_s": round(late, 1)}))
        wrong = self._wrong_date(m, apparent, late, late_s_max)
        if wrong is not None:
            reasons.append(wrong)
        age = max(0.0, apparent, late)
        if age > m.valid_s:
            reasons.append(Reason("measurement.expired", {"age_s": round(age)}))
        return Age(late, age, delayed, wrong is not None, tuple(reasons))

    def _wrong_date(
        self, m: Measurement, apparent: float, late: float, late_s_max: float
    ) -> Reason | None:
        if apparent < -CLOCK_SKEW_S_MAX:
            return Reason("measurement.clock-ahead", {"ahead_s": round(-apparent)})
        if any(r.at_ms - m.sent_ms > CLOCK_SKEW_S_MAX * 1000 for r in m.readings):
            return Reason("measurement.measured-later")
        if apparent - late <= max(late_s_max, CLOCK_SKEW_S_MAX):
            return None
        turned = (m.sent_ms - m.steady_ms) / 1000 - self._date if self._epoch == m.epoch else 0.0
        if abs(turned) > CLOCK_SKEW_S_MAX:
            return Reason("measurement.clock-set", {"set_s": round(abs(turned))})
        return Reason("measurement.late-or-clock-slow", {"age_s": round(apparent)})

    def _allowed(self, m: Measurement) -> float:
        return self._base + DRIFT * max(0.0, m.steady_ms / 1000 - self._base_at)

    def take(self, m: Measurement, steady: float) -> None:
        """Learn from a message that is accepted."""
        at = m.steady_ms / 1000
        if self._epoch > m.epoch:
            return
        if self._epoch < m.epoch:
            self._epoch, self._base, self._base_at = m.epoch, steady - at, at
            self._date = (m.sent_ms - m.steady_ms) / 1000
            return
        if at >= self._base_at:
            self._base, self._base_at = min(self._allowed(m), steady - at), at
        else:
            self._base = min(self._base, steady - at)
