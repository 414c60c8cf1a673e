"""Where each key of a TOML text stands, so that a mistake is shown at its line and column.

`tomllib` tells the place of a wrong spelling only, never of a wrong meaning.  This reads no values:
it follows keys, brackets and quotes, within bounds that `tomllib` has not (nesting, long dotted keys
and long numbers cost it a stack or quadratic time), and leaves to `tomllib` what is right TOML.
"""

from __future__ import annotations

import re
import tomllib
from bisect import bisect_right
from typing import TYPE_CHECKING, NoReturn

from omamori.documents.reason import Reason, RefusedError, Value

if TYPE_CHECKING:
    from collections.abc import Mapping

DEPTH_MAX = 8  # keys in a row, arrays and tables in one another; a rule needs 4
BARE_MAX = 64  # characters of a number or a date; Python refuses integers above 4,300 digits

Path = tuple[str | int, ...]
Place = tuple[int, int]
"""Line and column, both from 1; the column counts characters."""

_BLANK = re.compile(r"[ \t]*")
_SPACE = re.compile(r"(?:[ \t\n]|#[^\n]*)*")
_REST = re.compile(r"[ \t]*(?:#[^\n]*)?(?:\n|\Z)")
_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
_QUOTED = re.compile(r"\"(?:[^\"\\\n]|\\[^\n])*\"|'[^'\n]*'")
_LONG = re.compile(r'"""(?:[^\\]|\\.)*?"""(?:"{0,2})|' + r"'''.*?'''(?:'{0,2})", re.DOTALL)
_BARE = re.compile(r"[0-9A-Za-z+_.:-]+(?:[ ][0-9:.Zz+-]+)?")
_LINE_OF = re.compile(r"\(at line (\d+), column (\d+)\)")


class PolicyError(RefusedError):
    """A table of rules that cannot be used, whose writer can mend it.

    `reason` is the first mistake; `reasons` are all that were found, hints between them.
    """

    def __init__(self, key: str, params: Mapping[str, Value] | None = None) -> None:
        super().__init__(key, params)
        self.reasons: tuple[Reason, ...] = (self.reason,)


class Places:
    """The places of one text; made by `scan`."""

    def __init__(self, text: str) -> None:
        self._starts = [0, *(m.end() for m in re.finditer("\n", text))]
        self._at: dict[Path, int] = {}
        self._long = len(text)

    def note(self, path: Path, at: int) -> None:
        """Keep where a key stands; where it is named more than once, the first time."""
        self._at.setdefault(path, at)

    def paths(self) -> set[Path]:
        """Everything that has a place."""
        return set(self._at)

    def of(self, path: Path) -> Place:
        """The place of a key, else of the nearest table around it."""
        for cut in range(len(path), 0, -1):
            if path[:cut] in self._at:
                return self.place(self._at[path[:cut]])
        return (1, 1)

    def place(self, at: int) -> Place:
        """Line and column of an offset."""
        line = bisect_right(self._starts, min(at, self._long))
        return line, at - self._starts[line - 1] + 1


class _Scan:
    """One walk over the text; raises at the first thing that can be no TOML."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.places = Places(text)
        self._counts: dict[Path, int] = {}

    def run(self) -> Places:
        at = 0
        table: Path = ()
        while (at := self._skip(_SPACE, at)) < len(self.text):
            if self.text[at] == "[":
                at, table = self._header(at)
            else:
                at = self._pair(at, table, 0)
            rest = _REST.match(self.text, at)
            if rest is None:
                self.refuse("policy.syntax", at)
            at = rest.end()
        return self.places

    def refuse(self, key: str, at: int) -> NoReturn:
        line, column = self.places.place(at)
        raise PolicyError(key, {"line": line, "column": column})

    def _skip(self, what: re.Pattern[str], at: int) -> int:
        found = what.match(self.text, at)
        return found.end() if found else at

    def _expect(self, mark: str, at: int) -> int:
        if not self.text.startswith(mark, at):
            self.refuse("policy.syntax", at)
        return at + len(mark)

    def _header(self, start: int) -> tuple[int, Path]:
        many = self.text.startswith("[[", start)
        at, names = self._key(start + (2 if many else 1))
        at = self._expect("]]" if many else "]", self._skip(_BLANK, at))
        path: Path = ()
        for number, name in enumerate(names, 1):
            path = (*path, name)
            self.places.note(path, start)
            is_last = number == len(names)
            if is_last and many:
                self._counts[path] = self._counts.get(path, 0) + 1
            if path in self._counts and (many or not is_last):
                path = (*path, self._counts[path] - 1)
                self.places.note(path, start)
        return at, path

    def _key(self, at: int) -> tuple[int, list[str]]:
        names: list[str] = []
        while True:
            at = self._skip(_BLANK, at)
            bare, quoted = _BARE_KEY.match(self.text, at), _QUOTED.match(self.text, at)
            found = bare or quoted
            if found is None:
                self.refuse("policy.syntax", at)
            names.append(found[0] if bare else self._unquoted(found[0], at))
            if len(names) > DEPTH_MAX:
                self.refuse("policy.too-deep", at)
            at = self._skip(_BLANK, found.end())
            if not self.text.startswith(".", at):
                return at, names
            at += 1

    def _unquoted(self, quoted: str, at: int) -> str:
        try:
            return str(tomllib.loads(f"k = {quoted}")["k"])
        except ValueError:
            self.refuse("policy.syntax", at)

    def _pair(self, start: int, table: Path, depth: int) -> int:
        at, names = self._key(start)
        for cut in range(1, len(names) + 1):
            self.places.note((*table, *names[:cut]), start)
        at = self._skip(_BLANK, self._expect("=", at))
        return self._value(at, (*table, *names), depth)

    def _value(self, at: int, path: Path, depth: int) -> int:
        if depth > DEPTH_MAX:
            self.refuse("policy.too-deep", at)
        first = self.text[at : at + 1]
        if first == "[":
            return self._among(at + 1, "]", path, depth)
        if first == "{":
            return self._among(at + 1, "}", path, depth)
        is_long = self.text.startswith(('"""', "'''"), at)
        found = (_LONG if is_long else _QUOTED if first in "\"'" else _BARE).match(self.text, at)
        if found is None or (found.re is _BARE and len(found[0]) > BARE_MAX):
            self.refuse("policy.syntax", at)
        return found.end()

    def _among(self, at: int, end: str, path: Path, depth: int) -> int:
        """What is inside brackets or braces, up to and with the closing one."""
        number = 0
        while (at := self._skip(_SPACE, at)) < len(self.text):
            if self.text[at] == end:
                return at + 1
            if end == "}":
                at = self._pair(at, path, depth + 1)
            else:
                self.places.note((*path, number), at)
                at = self._value(at, (*path, number), depth + 1)
                number += 1
            at = self._skip(_SPACE, at)
            if self.text.startswith(",", at):
                at += 1
            elif not self.text.startswith(end, at):
                self.refuse("policy.syntax", at)
        return self.refuse("policy.syntax", at)


def scan(text: str) -> Places:
    """The places of all keys and array elements of a TOML text with plain line ends.

    Raises:
        PolicyError: what is no TOML at all, or goes too deep; what passes may still be none.
    """
    return _Scan(text).run()


def parse(text: str) -> tuple[dict[str, object], Places]:
    """What the text says, and where.

    Raises:
        PolicyError: `policy.syntax` or `policy.too-deep`, with `line` and `column`.
    """
    places = scan(text)
    try:
        return tomllib.loads(text), places
    except ValueError as wrong:  # TOMLDecodeError, and what its number and date readers raise
        found = _LINE_OF.search(str(wrong))
        line, column = (int(found[1]), int(found[2])) if found else places.place(len(text))
        raise PolicyError("policy.syntax", {"line": line, "column": column}) from None
