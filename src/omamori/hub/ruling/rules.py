"""Rules: the table compiled, and what it answers; deny overrides, and silence is a refusal.

For every attribute and value there is one number whose bits are the conjunctions that this value
fits.  A question is the AND of one number an attribute, so that its price hardly grows with the
rules, and nothing of the file is ever run as a program.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from omamori.documents.policy_shape import EFFECTS, REFUSE, Box, Plain, Rule
from omamori.documents.reason import Reason
from omamori.hub.ruling.floor import FLOOR
from omamori.hub.ruling.question import Question, Ruling, relation
from omamori.hub.ruling.vocabulary import VOCABULARY

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

RULINGS_KEPT_MAX = 4_096  # answers remembered by which rules gave them; a home has a few dozen
SILENCE = Ruling(REFUSE, (), (Reason("ruling.no-rule"),))
"""The answer where no rule spoke."""


class Spoken(msgspec.Struct, frozen=True):
    """A rule that a question matched; `is_deciding` where its answer is the one that won."""

    rule: Rule
    is_deciding: bool


class Rules:
    """A home's rules with the floor under them.  Immutable but for what it remembers."""

    def __init__(self, rules: Iterable[Rule] = (), floor: tuple[Rule, ...] = FLOOR) -> None:
        """Compile; `floor` is for tests only.  The order is the file's, the floor before it."""
        self.rules = (*floor, *rules)
        exceptions: dict[tuple[tuple[str, frozenset[Plain]], ...], int] = {}
        for at, rule in enumerate(self.rules):
            for box in rule.unless:
                key = tuple(sorted(box.items()))
                exceptions[key] = exceptions.get(key, 0) | 1 << at
        boxes = [rule.when for rule in self.rules] + [dict(key) for key in exceptions]
        self._lifted = list(exceptions.values())
        self._count = len(self.rules)
        self._is_rule = (1 << self._count) - 1
        self._fitting = _fitting({name: _column(name, boxes) for name in VOCABULARY})
        self._of_effect = [
            (effect, sum(1 << at for at, rule in enumerate(self.rules) if rule.effect == effect))
            for effect in reversed(EFFECTS)
        ]
        self._kept: dict[int, Ruling] = {}

    def ask(self, question: Question) -> Ruling:
        """The strictest answer of all rules that match, with every rule that gives it."""
        matched = self._matched(question.gravest())
        for effect, of_effect in self._of_effect:
            deciding = matched & of_effect
            if deciding:
                return self._kept.get(deciding) or self._ruling(effect, deciding)
        return SILENCE

    def considered(self, question: Question) -> tuple[Spoken, ...]:
        """Every rule that matched, whether it decided or was overridden; for who asks why."""
        matched = self._matched(question.gravest())
        answer = self.ask(question).answer
        return tuple(
            Spoken(rule, rule.effect == answer)
            for rule in (self.rules[at] for at in _bits(matched))
        )

    def _matched(self, question: Question) -> int:
        fitting = self._fitting(question)
        matched = fitting & self._is_rule
        exceptions = fitting >> self._count
        while exceptions:
            lowest = exceptions & -exceptions
            matched &= ~self._lifted[lowest.bit_length() - 1]
            exceptions ^= lowest
        return matched

    def _ruling(self, effect: str, deciding: int) -> Ruling:
        rules = [self.rules[at] for at in _bits(deciding)]
        made = Ruling(effect, tuple(r.id for r in rules), tuple(r.why for r in rules))
        if len(self._kept) >= RULINGS_KEPT_MAX:
            self._kept.clear()
        self._kept[deciding] = made
        return made


def _column(name: str, boxes: list[Box]) -> _Column:
    silent = sum(1 << at for at, box in enumerate(boxes) if name not in box)
    values = {value for box in boxes for value in box.get(name, ())}
    values.update(VOCABULARY[name].values)
    return _Column(
        {
            value: silent
            | sum(1 << at for at, box in enumerate(boxes) if value in box.get(name, ()))
            for value in values
        },
        silent,
    )


class _Column(dict[Plain, int]):
    """For each value the conjunctions that it fits; any other fits those that do not ask for it."""

    def __init__(self, fits: dict[Plain, int], silent: int) -> None:
        super().__init__(fits)
        self._silent = silent

    def __missing__(self, _: object) -> int:
        return self._silent


def _fitting(columns: dict[str, _Column]) -> Callable[[Question], int]:
    """The AND of all columns, written out: a loop over them costs three times as much."""
    purpose, act, point = columns["purpose"], columns["act"], columns["point"]
    asker_kind, target_kind = columns["asker_kind"], columns["target_kind"]
    asker_industry, target_industry = columns["asker_industry"], columns["target_industry"]
    industries, rung, ground = columns["industries"], columns["rung"], columns["ground"]
    suspect, slot, channel = columns["suspect"], columns["slot"], columns["channel"]
    at_hand, near, fresh = columns["at_hand"], columns["near"], columns["fresh"]
    in_use, harm = columns["in_use"], columns["harm"]
    grant, hour = columns["grant"], columns["hour"]

    def fitting(q: Question) -> int:
        asker, target = q.asker_industry, q.target_industry
        return (
            purpose[q.purpose] & act[q.act] & slot[q.slot] & channel[q.channel]
            & target_kind[q.target_kind] & asker_kind[q.asker_kind] & point[q.point]
            & rung[q.rung] & harm[q.harm] & at_hand[q.at_hand] & suspect[q.suspect]
            & in_use[q.in_use] & grant[q.grant] & ground[q.ground] & near[q.near] & fresh[q.fresh]
            & hour[q.hour] & asker_industry[asker] & target_industry[target]
            & industries[relation(asker, target)]
        )  # fmt: skip

    return fitting


def _bits(mask: int) -> Iterator[int]:
    while mask:
        low = mask & -mask
        yield low.bit_length() - 1
        mask ^= low
