"""Makers by the names that they go by, and what it says that a maker was named."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

TEXT_MAX = 160  # characters of one heard value that rules look at and that a clue keeps
_LEADING = re.compile(r"[A-Za-z]{4,}(?=[-_ .\d]|$)")
_COMMON_WORD = "!"  # this maker's own name is a word with which other companies begin as well


class Claim(msgspec.Struct, frozen=True):
    """What one clue says.

    Attributes:
        aspect: ``vendor``, ``kind``, ``model``, ``module`` (maker of the radio) or ``name``.
        value: the maker, the kind (of ``KINDS``), the model, or the name.
        weight: how much it counts, 0–10; uncalibrated.
        source: the family of the clue; of one family only the weightiest counts.
        given: it counts only where this maker is believed; empty for always.
    """

    aspect: str
    value: str
    weight: float
    source: str
    given: str = ""


class Makers:
    """Makers by the beginnings of the names that they go by."""

    def __init__(
        self,
        makers: Mapping[str, Iterable[str]],
        modules: Mapping[str, Iterable[str]],
        usually: Mapping[str, str],
    ) -> None:
        self._by_words: dict[str, str] = {}
        for name, also in [*makers.items(), *modules.items()]:
            for words in (name, *also):
                self._by_words[_words(words)] = name
            if _COMMON_WORD in also:
                del self._by_words[_words(name)]
        self._by_words.pop("", None)
        self._modules = frozenset(modules)
        self._usually = dict(usually)

    def known(self, text: str) -> str:
        """Our name for the maker that this text begins with, or an empty string."""
        words = _words(text).split()
        for length in range(min(len(words), 4), 0, -1):
            name = self._by_words.get(" ".join(words[:length]))
            if name:
                return name
        return ""

    def leading(self, name: str) -> str:
        """Our name for the maker with whose name a thing's own name begins, or nothing.

        Things leave the factory as ``reolink1234`` or ``Tado-00ff``; modules do not count.
        """
        match = _LEADING.match(name)
        found = self._by_words.get(match[0].casefold(), "") if match else ""
        return "" if found in self._modules else found

    def claims(self, text: str, weight: float, source: str, given: str = "") -> list[Claim]:
        """What it says that this text names the maker; an unknown maker keeps its own name."""
        name = self.known(text) or _plain(text)
        if not name:
            return []
        module = name in self._modules
        told = [Claim("module" if module else "vendor", name, weight, source, given)]
        if name in self._usually:
            told.append(Claim("kind", self._usually[name], 1.0, "maker", "" if module else name))
        return told


def _words(text: str) -> str:
    return " ".join(re.findall(r"[^\W_]+", text[:TEXT_MAX].casefold()))


_FORM = re.compile(
    r"[\s,.]+(co|ltd|inc|llc|gmbh|corp|corporation|company|limited|ag|sa|bv|kg|ab|oy|sas|spa|srl)\.?$",
    re.IGNORECASE,
)


def _plain(text: str) -> str:
    """A company's name without its legal form."""
    text = " ".join(text.split())
    while (shorter := _FORM.sub("", text)) != text:
        text = shorter
    return text.strip(" ,.")
