"""Table: which frames may pass between a car's buses, as a TOML that a person can read and edit.

What is not allowed is refused. One ``[[allow]]`` names identifiers, from which bus to which, in which
states of the car, how long the frame may be, what its octets may be, and how often it may come.
"""

from __future__ import annotations

import re
import tomllib
from math import isfinite
from typing import Annotated

import msgspec
from msgspec import Meta

from omamori.documents.reason import RefusedError

TABLE_CHARACTERS_MAX = 512 * 1024
RULES_MAX = 2048
"""A standard bus has 2,048 identifiers (ISO 11898-1)."""

IDS_PER_RULE_MAX = 256
BUSES_MAX = 8
STANDARD_ID_MAX, EXTENDED_ID_MAX = 0x7FF, 0x1FFF_FFFF
OCTETS_MAX, FD_OCTETS_MAX = 8, 64
FD_LENGTHS = frozenset({*range(9), 12, 16, 20, 24, 32, 48, 64})
"""ISO 11898-1:2015, table of data length codes."""

EVERY_MS_MIN, EVERY_MS_MAX = 0.001, 86_400_000
BURST_MAX = 1000
SECOND_FRAMES_MAX = 20_000
"""More than a bus of 1 Mbit/s carries (about 8,000) and than one of 5 Mbit/s FD in short frames."""

PARKED, DRIVING, CHARGING, SERVICE = "parked", "driving", "charging", "service"
STATES = (PARKED, DRIVING, CHARGING, SERVICE)
UNKNOWN = "unknown"
"""Whoever does not know what the car does, lets pass only what may pass always."""

_ID = re.compile(r"0[xX]([0-9a-fA-F]{1,8})(?:-0[xX]([0-9a-fA-F]{1,8}))?")
_LENGTH = re.compile(r"(\d{1,2})(?:-(\d{1,2}))?")
_OCTET = re.compile(r"[0-9a-fA-F]{2}|\.\.")

Name = Annotated[str, Meta(min_length=1, max_length=40, pattern=r"^[a-z0-9-]+$")]


class VehicleError(RefusedError):
    """A table with a mistake; `line` says where."""


class _Row(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    ids: Annotated[list[str], Meta(min_length=1, max_length=IDS_PER_RULE_MAX)]
    source: Name = msgspec.field(name="from")
    to: Name
    every_ms: Annotated[float, Meta(ge=EVERY_MS_MIN, le=EVERY_MS_MAX)]
    states: Annotated[tuple[str, ...], Meta(min_length=1, max_length=len(STATES))] = STATES
    extended: bool = False
    fd: bool = False
    remote: bool = False
    length: str = ""
    data: str = ""
    burst: Annotated[int, Meta(ge=1, le=BURST_MAX)] = 2
    why: Annotated[str, Meta(max_length=200)] = ""


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    version: Annotated[int, Meta(ge=1, le=1)]
    buses: Annotated[list[Name], Meta(min_length=2, max_length=BUSES_MAX)]
    reviewed: bool = False
    frames_per_s_max: Annotated[int, Meta(ge=1, le=SECOND_FRAMES_MAX)] = 2000
    allow: Annotated[list[_Row], Meta(max_length=RULES_MAX)] = []


class Allow(msgspec.Struct, frozen=True):
    """One rule.

    Attributes:
        ids: ranges of identifiers, both ends included.
        remote: frames that ask for data and bring none.
        low, high: octets of data; mask, value: what they must be, from the first on.
        line: where the rule begins in its text; 0 where it has none.
    """

    ids: tuple[tuple[int, int], ...]
    source: str
    to: str
    states: frozenset[str]
    extended: bool
    fd: bool
    remote: bool
    low: int
    high: int
    mask: bytes
    value: bytes
    every_s: float
    burst: int
    why: str
    line: int


class Table(msgspec.Struct, frozen=True):
    """Everything that may pass.

    Attributes:
        reviewed: a person has read it; a learned table is not in force before.
        frames_per_s_max: of one bus, over all of its identifiers.
    """

    buses: tuple[str, ...]
    reviewed: bool
    frames_per_s_max: int
    rules: tuple[Allow, ...]


def read_table(text: str) -> Table:
    """Read the TOML text.

    Raises:
        VehicleError: ``vehicle.table-…`` with the line of the mistake and what it is.
    """
    if len(text) > TABLE_CHARACTERS_MAX:
        raise VehicleError("vehicle.table-too-long", {"line": 1})
    try:
        told = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        found = re.search(r"at line (\d+)", str(error))
        line = int(found[1]) if found else len(text.splitlines())
        raise VehicleError("vehicle.table-not-toml", {"line": line, "what": str(error)}) from error
    except (RecursionError, ValueError) as error:  # nested too deep; a number of 5,000 digits
        raise VehicleError("vehicle.table-not-toml", {"line": 1, "what": "?"}) from error
    try:
        file = msgspec.convert(told, _File)
    except msgspec.ValidationError as error:
        raise _mistake(str(error), text) from error
    except RecursionError as error:
        raise VehicleError("vehicle.table-not-toml", {"line": 1, "what": "?"}) from error
    lines = _rule_lines(text)
    rules = tuple(
        _rule(row, file, number, text, lines[number] if number < len(lines) else 0)
        for number, row in enumerate(file.allow)
    )
    return Table(tuple(file.buses), file.reviewed, file.frames_per_s_max, rules)


def _rule_lines(text: str) -> list[int]:
    return [n for n, line in enumerate(text.splitlines(), 1) if re.match(r"\s*\[\[allow\]\]", line)]


def _line_of(text: str, number: int, name: str) -> int:
    """The line of a field of the nth rule (-1: of the head), or of the rule where it is missing."""
    lines, starts = text.splitlines(), _rule_lines(text)
    begin = starts[number] if 0 <= number < len(starts) else 0
    end = starts[number + 1] - 1 if 0 <= number + 1 < len(starts) else len(lines)
    pattern = re.compile(rf'\s*"?{re.escape(name)}"?\s*=')
    for at in range(begin, end):
        if pattern.match(lines[at]):
            return at + 1
    return max(begin, 1)


def _mistake(complaint: str, text: str) -> VehicleError:
    path = re.search(r"\$(?:\.(\w+))?(?:\[(\d+)\])?(?:\.(\w+))?", complaint)
    unknown = re.search(r"field `([^`]+)`", complaint)
    number = int(path[2]) if path and path[2] else -1
    name = (path[3] or (path[1] if number < 0 else "") if path else "") or ""
    if not name and unknown:
        name = unknown[1]
    if number < 0 and path and path[1] == "allow":
        found = re.search(r"allow\[(\d+)\]", complaint)
        number = int(found[1]) if found else -1
    what = complaint[:200]
    return VehicleError(
        "vehicle.table-mistake", {"line": _line_of(text, number, name), "what": what}
    )


def _rule(row: _Row, file: _File, number: int, text: str, line: int) -> Allow:
    def refuse(name: str, what: str) -> VehicleError:
        where = _line_of(text, number, {"source": "from"}.get(name, name))
        return VehicleError("vehicle.table-mistake", {"line": where, "what": what[:200]})

    for name, bus in (("source", row.source), ("to", row.to)):
        if bus not in file.buses:
            raise refuse(name, f"{bus}: ? {', '.join(file.buses)}")
    if row.source == row.to:
        raise refuse("to", f"from = to = {row.to}")
    strange = [state for state in row.states if state not in STATES]
    if strange:
        raise refuse("states", f"{strange[0]}: ? {', '.join(STATES)}")
    if not isfinite(row.every_ms):
        raise refuse("every_ms", str(row.every_ms))
    ids = _ids(row)
    if ids is None:
        raise refuse("ids", ", ".join(row.ids))
    mask, value = _pattern(row.data)
    if mask is None or value is None:
        raise refuse("data", row.data)
    lengths = _lengths(row.length, fd=row.fd)
    if lengths is None or len(mask) > lengths[1]:
        raise refuse("length", row.length or row.data)
    return Allow(
        ids=ids,
        source=row.source,
        to=row.to,
        states=frozenset(row.states),
        extended=row.extended,
        fd=row.fd,
        remote=row.remote,
        low=max(lengths[0], len(mask)),
        high=lengths[1],
        mask=mask,
        value=value,
        every_s=row.every_ms / 1000,
        burst=row.burst,
        why=row.why,
        line=line,
    )


def _ids(row: _Row) -> tuple[tuple[int, int], ...] | None:
    top = EXTENDED_ID_MAX if row.extended else STANDARD_ID_MAX
    ranges = []
    for told in row.ids:
        match = _ID.fullmatch(told)
        if not match:
            return None
        first = int(match[1], 16)
        last = int(match[2], 16) if match[2] else first
        if not first <= last <= top:
            return None
        ranges.append((first, last))
    return tuple(ranges)


def _pattern(told: str) -> tuple[bytes | None, bytes | None]:
    octets = told.split()
    if len(octets) > FD_OCTETS_MAX or not all(_OCTET.fullmatch(octet) for octet in octets):
        return None, None
    mask = bytes(0 if octet == ".." else 0xFF for octet in octets)
    return mask, bytes(0 if octet == ".." else int(octet, 16) for octet in octets)


def _lengths(told: str, *, fd: bool) -> tuple[int, int] | None:
    top = FD_OCTETS_MAX if fd else OCTETS_MAX
    if not told:
        return 0, top
    match = _LENGTH.fullmatch(told)
    if not match:
        return None
    low = int(match[1])
    high = int(match[2]) if match[2] else low
    return (low, high) if low <= high <= top else None
