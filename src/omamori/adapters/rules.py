"""Loads the rulebook: the bundled TOML files, the operator's own, and Debian's address register."""

from __future__ import annotations

import csv
import tomllib
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

import structlog

from omamori.documents.reason import Reason
from omamori.hub.knowing.identify_rules import Rulebook, RuleFile, RulesRefusedError, rule_file

if TYPE_CHECKING:
    from collections.abc import Iterator

FILE_BYTES_MAX = 1_000_000
REGISTER_BYTES_MAX = 20_000_000
FILES_MAX = 200
REGISTER = Path("/usr/share/ieee-data")  # Debian's package ieee-data, public domain
_REGISTER_FILES = ("oui.csv", "mam.csv", "oui36.csv")
_DELEGATED = "IEEE Registration Authority"  # this prefix is split further in the finer files

_log = structlog.get_logger(__name__)


def load(
    own: Path | None = None, register: Path | None = REGISTER
) -> tuple[Rulebook, list[Reason]]:
    """The rulebook, and a reason for every own file that could not be used.

    Args:
        own: a folder whose ``*.toml`` files add to the bundled rules; later names win.
        register: folder of the IEEE register, used where it exists.
    """
    ours = [_read(name, text) for name, text in _bundled()]
    theirs, reasons = _own(own) if own else ([], [])
    makers = read_register(register) if register else {}
    kept = []
    for file in theirs:
        try:
            Rulebook([*ours, file])  # a place that does not exist is seen only when joined
            kept.append(file)
        except RulesRefusedError as refused:
            reasons.append(refused.reason)
    for reason in reasons:
        _log.warning("own rules left out", reason=str(reason))
    return Rulebook([*ours, *kept], makers), reasons


def _bundled() -> Iterator[tuple[str, str]]:
    for entry in sorted(
        files("omamori.hub.knowing").joinpath("clues").iterdir(), key=lambda e: e.name
    ):
        if entry.name.endswith(".toml"):
            yield entry.name, entry.read_text("utf-8")


def _own(folder: Path) -> tuple[list[RuleFile], list[Reason]]:
    read: list[RuleFile] = []
    reasons: list[Reason] = []
    for path in sorted(folder.glob("*.toml"))[:FILES_MAX]:
        try:
            if path.stat().st_size > FILE_BYTES_MAX:
                reasons.append(Reason("rules.too-big", {"file": path.name}))
                continue
            read.append(_read(path.name, path.read_text("utf-8")))
        except RulesRefusedError as refused:
            reasons.append(refused.reason)
        except (OSError, UnicodeDecodeError):
            reasons.append(Reason("rules.unreadable", {"file": path.name}))
    return read, reasons


def _read(name: str, text: str) -> RuleFile:
    try:
        return rule_file(tomllib.loads(text), name)
    except tomllib.TOMLDecodeError as wrong:
        raise RulesRefusedError("rules.toml", {"file": name, "why": str(wrong)}) from None


def read_register(folder: Path) -> dict[str, str]:
    """Makers by address prefix from the IEEE register's CSV files; empty where there are none."""
    makers: dict[str, str] = {}
    for name in _REGISTER_FILES:
        path = folder / name
        try:
            if path.stat().st_size > REGISTER_BYTES_MAX:
                continue
            with path.open(encoding="utf-8", errors="replace", newline="") as lines:
                for row in csv.reader(lines):
                    if len(row) > 2 and row[2] not in {_DELEGATED, "Private"}:  # noqa: PLR2004 -- registry, assignment, name
                        makers[row[1].lower()] = row[2]
        except (OSError, csv.Error):
            continue
    makers.pop("assignment", None)
    return makers
