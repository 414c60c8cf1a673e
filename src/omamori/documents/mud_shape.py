"""The JSON under a MUD file: bounded, read name by name, and what nobody understood is noted."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, NoReturn

from omamori.documents.reason import Reason, RefusedError

if TYPE_CHECKING:
    from collections.abc import Callable

MUD_OCTETS_MAX = 262_144  # three times the largest of 28 files of real devices (95 kB)
TEXT_MAX = 256  # characters of a name, a domain (RFC 1035: 253) or a description
NOTES_MAX = 32  # notes kept of one file; what is over is only counted
SHOWN_MAX = 64  # characters of a wrong value that an error repeats

_NAMESPACES = ("ietf-mud", "ietf-access-control-list", "ietf-acldns")


class MudError(RefusedError):
    """Octets that are no MUD file; the reason says what is wrong, and where."""


def shown(told: str) -> str:
    """Text of the file as it may stand in a sentence: short and printable."""
    return "".join(c if c.isprintable() else "?" for c in told[:SHOWN_MAX])


class Notes:
    """What the reader of a file should know, told once each and bounded."""

    def __init__(self) -> None:
        self.told: list[Reason] = []
        self._over = 0

    def add(self, note: Reason) -> None:
        """Keep a note, unless it was told already or there are too many."""
        if note in self.told:
            return
        if len(self.told) < NOTES_MAX:
            self.told.append(note)
        else:
            self._over += 1

    def all(self) -> tuple[Reason, ...]:
        """The notes, and how many more there were."""
        if not self._over:
            return tuple(self.told)
        return (*self.told, Reason("mud.more-notes", {"count": self._over}))


class Shape:
    """One JSON object of the file: members are taken by name; `done` notes what was left.

    Members may carry their module's name before a colon (RFC 7951, 4).
    """

    def __init__(self, value: object, where: str, notes: Notes) -> None:
        self.where = where
        self.notes = notes
        if not isinstance(value, dict):
            self.refuse("", value)
        self._members: dict[str, object] = value

    def refuse(self, name: str, value: object) -> NoReturn:
        """Refuse the file for this member's value."""
        told = str(value) if isinstance(value, (str, int, float)) else type(value).__name__
        where = f"{self.where}/{name}" if name else self.where
        raise MudError("mud.wrong-value", {"where": where, "told": shown(told)})

    def has(self, name: str) -> bool:
        """Whether there is such a member that was not taken yet."""
        return self._found(name) is not None

    def take(self, name: str) -> object:
        """The member's value, or None where there is none."""
        found = self._found(name)
        return None if found is None else self._members.pop(found)

    def rename(self, old: str, new: str) -> bool:
        """Let a member under a draft's name stand for the RFC's; whether there was one."""
        found = self._found(old)
        if found is None or self.has(new):
            return False
        self._members[new] = self._members.pop(found)
        return True

    def flatten(self, name: str) -> bool:
        """Lift the members of an object that a draft had in between; whether there was one."""
        if not self.has(name):
            return False
        inner = self.take(name)
        if not isinstance(inner, dict):
            self.refuse(name, inner)
        for key, value in inner.items():
            self._members.setdefault(key, value)
        return True

    def shape(self, name: str, *, required: bool = False) -> Shape | None:
        """An object inside this one."""
        value = self._need(name, required=required)
        return None if value is None else Shape(value, f"{self.where}/{name}", self.notes)

    def text(self, name: str, *, required: bool = False) -> str:
        """A text, its unprintable characters made spaces; empty where there is none."""
        value = self._need(name, required=required)
        if value is None:
            return ""
        if not isinstance(value, str) or len(value) > TEXT_MAX:
            self.refuse(name, value)
        told = " ".join("".join(c if c.isprintable() else " " for c in value).split())
        if required and not told:
            raise MudError("mud.missing", {"where": f"{self.where}/{name}"})
        return told

    def number(self, name: str, most: int, least: int = 0) -> int | None:
        """A whole number between two bounds."""
        value = self.take(name)
        if value is None:
            return None
        if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
            self.refuse(name, value)
        return value

    def flag(self, name: str) -> bool:
        """Whether an empty leaf is there: ``[null]`` (RFC 7951, 6.9)."""
        if not self.has(name):
            return False
        value = self.take(name)
        if value not in ([None], None, True):  # drafts and hand-written files: null, true
            self.refuse(name, value)
        return True

    def each(self, name: str, most: int, *, required: bool = False) -> list[Shape]:
        """The objects of a list, each knowing its place."""
        value = self._need(name, required=required)
        if value is None:
            return []
        if not isinstance(value, list):
            self.refuse(name, value)
        if len(value) > most:
            raise MudError("mud.too-many", {"where": f"{self.where}/{name}", "max": most})
        where = f"{self.where}/{name}"
        return [Shape(one, f"{where}[{n}]", self.notes) for n, one in enumerate(value)]

    def checked(self, name: str, check: Callable[[str], str], *, required: bool = False) -> str:
        """A text that ``check`` normalises, or refuses with a ValueError."""
        told = self.text(name, required=required)
        if not told:
            return ""
        try:
            return check(told)
        except ValueError:
            self.refuse(name, told)

    def done(self) -> int:
        """Note every member that nobody took (RFC 8520, 3.9: ignore it); how many there were."""
        for name in self._members:
            where = f"{self.where}/{shown(name)}"
            self.notes.add(Reason("mud.not-understood", {"where": where}))
        return len(self._members)

    def _need(self, name: str, *, required: bool) -> object:
        value = self.take(name)
        if value is None and required:
            raise MudError("mud.missing", {"where": f"{self.where}/{name}"})
        return value

    def _found(self, name: str) -> str | None:
        if name in self._members:
            return name
        for space in _NAMESPACES:
            if f"{space}:{name}" in self._members:
                return f"{space}:{name}"
        return None


def read_json(octets: bytes) -> object:
    """The JSON value in a file.

    Raises:
        MudError: for too many octets, for what is no JSON, and for a member named twice.
    """
    if len(octets) > MUD_OCTETS_MAX:
        raise MudError("mud.too-large", {"max": MUD_OCTETS_MAX})
    try:
        return json.loads(octets.decode("utf-8-sig"), object_pairs_hook=_once)
    except MudError:
        raise
    except (ValueError, RecursionError):
        raise MudError("mud.not-json") from None


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """Two members of one name could be read as two different files (RFC 7493, 2.3)."""
    members = dict(pairs)
    if len(members) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise MudError("mud.named-twice", {"name": shown(twice)})
    return members
