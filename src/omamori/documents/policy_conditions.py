"""The conditions of a rule: values, lists and ranges of a vocabulary, as sets of what fits."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Protocol

from omamori.documents.policy_shape import LIST_MAX, Attribute, Box, Plain, Vocabulary, shown

if TYPE_CHECKING:
    from collections.abc import Iterable

    from omamori.documents.policy_places import Path
    from omamori.documents.reason import Value

_RANGE = ("at_least", "at_most")
_WORD = re.compile(r"(?:[a-z][a-z0-9-]{0,31})?")  # the name of an industry, or none


class Telling(Protocol):
    """Where mistakes go."""

    def because(self, key: str, path: Path, /, **params: Value) -> None:
        """Note a mistake at `path`."""

    def hint(self, word: object, known: Iterable[str]) -> None:
        """Say which known word was perhaps meant."""

    def line(self, path: Path) -> int:
        """The line of `path`."""


class Conditions:
    """Reads conjunctions; a mistake is told and that condition left out."""

    def __init__(self, vocabulary: Vocabulary, mistakes: Telling) -> None:
        self._vocabulary = vocabulary
        self._mistakes = mistakes

    def line(self, path: Path) -> int:
        """The line on which something stands."""
        return self._mistakes.line(path)

    def read(self, said: object, path: Path) -> Box:
        """The conjunction at `path`; empty when any of it is wrong."""
        if not isinstance(said, dict):
            self._mistakes.because("policy.condition-form", path)
            return {}
        box: Box = {}
        for name, told in said.items():
            attribute = self._vocabulary.get(name)
            here = (*path, name)
            if attribute is None:
                self._mistakes.because("policy.attribute-unknown", here, told=shown(name))
                self._mistakes.hint(name, self._vocabulary)
                continue
            fits = self._fits(told, attribute, here)
            if fits is not None and attribute.values and len(fits) == len(attribute.values):
                self._mistakes.because("policy.always", here, attribute=name)
            elif fits is not None:
                box[name] = fits
        return box if len(box) == len(said) else {}

    def _fits(self, told: object, attribute: Attribute, path: Path) -> frozenset[Plain] | None:
        if isinstance(told, dict):
            return self._range(told, attribute, path)
        if not isinstance(told, list):
            one = self._value(told, attribute, path)
            return None if one is None else frozenset((one,))
        if not told:
            self._mistakes.because("policy.list-empty", path, attribute=attribute.name)
            return None
        if len(told) > LIST_MAX:
            self._mistakes.because("policy.list-long", path, max=LIST_MAX)
            return None
        values = [self._value(one, attribute, (*path, at)) for at, one in enumerate(told)]
        for at, value in enumerate(values):
            if value is not None and value in values[:at]:
                self._mistakes.because("policy.list-twice", (*path, at), told=shown(str(value)))
                return None
        kept = [value for value in values if value is not None]
        return frozenset(kept) if len(kept) == len(values) else None

    def _value(self, told: object, attribute: Attribute, path: Path) -> Plain | None:
        wanted = attribute.of
        if type(told) is not wanted or not isinstance(told, str | int):
            form = {str: "text", int: "number", bool: "yes-no"}[wanted]
            self._mistakes.because(f"policy.value-not-{form}", path, attribute=attribute.name)
            return None
        if (told in attribute.values) if attribute.values else _WORD.fullmatch(str(told)):
            return told
        if wanted is int:
            low, high = attribute.values[0], attribute.values[-1]
            self._mistakes.because(
                "policy.value-outside", path, attribute=attribute.name, low=low, high=high
            )
        else:
            self._mistakes.because(
                "policy.value-unknown", path, attribute=attribute.name, told=shown(told)
            )
            self._mistakes.hint(told, [v for v in attribute.values if isinstance(v, str)])
        return None

    def _range(
        self, told: dict[str, object], attribute: Attribute, path: Path
    ) -> frozenset[Plain] | None:
        wrong = next((key for key in told if key not in _RANGE), None)
        if not attribute.is_ordered:
            self._mistakes.because("policy.range-unordered", path, attribute=attribute.name)
        elif wrong is not None:
            self._mistakes.because("policy.range-key", (*path, wrong), told=shown(wrong))
            self._mistakes.hint(wrong, _RANGE)
        elif not told:
            self._mistakes.because("policy.range-empty", path, attribute=attribute.name)
        else:
            return self._between(told, attribute, path)
        return None

    def _between(
        self, told: dict[str, object], attribute: Attribute, path: Path
    ) -> frozenset[Plain] | None:
        values = attribute.values
        low, high = (
            self._value(told[key], attribute, (*path, key)) if key in told else default
            for key, default in zip(_RANGE, (values[0], values[-1]), strict=True)
        )
        if low is None or high is None:
            return None
        begin, end = values.index(low), values.index(high)
        if begin <= end:
            return frozenset(values[begin : end + 1])
        if attribute.wraps:
            return frozenset((*values[begin:], *values[: end + 1]))
        self._mistakes.because("policy.range-impossible", path, attribute=attribute.name)
        return None
