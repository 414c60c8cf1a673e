"""Every reason that an authority gives has words in both languages, with the gaps it can fill."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import omamori
from omamori.authority.records import WHY
from omamori.web.sentences import authority, documents
from omamori.web.sentences.authority import SENTENCES
from omamori.web.words import tables

if TYPE_CHECKING:
    from types import ModuleType

SOURCE = Path(omamori.__file__).parent
FILES = [
    *sorted((SOURCE / "authority").glob("*.py")),
    *sorted((SOURCE / "adapters").glob("authority_*.py")),
    *sorted((SOURCE / "adapters" / "storage").glob("*.py")),
    SOURCE / "adapters" / "keys.py",
    SOURCE / "adapters" / "pem.py",
    *sorted((SOURCE / "web").glob("authority*.py")),
    SOURCE / "web" / "changes.py",
    SOURCE / "web" / "limits.py",
    *sorted((SOURCE / "documents").glob("*.py")),
    *sorted((SOURCE / "trust").glob("*.py")),
]
PREFIX = {
    "recognition": "cross",
    "recognised": "cross",
    "certificate": "certificate",
    "cross": "certificate",
    "statement": "statement",
}
"""What a module's own `_require` puts before its keys."""

KEY = re.compile(r"[a-z]+\.[a-z][a-z0-9-]+")
GAP = re.compile(r"\{([a-z_]+)\}")


def _given(path: Path) -> set[str]:
    """The reason keys that a module raises, requires or tells."""
    keys = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if not isinstance(node, ast.Call):
            continue
        name = getattr(node.func, "id", getattr(node.func, "attr", ""))
        texts = [a.value for a in node.args if isinstance(a, ast.Constant)]
        found = [t for t in texts if isinstance(t, str)]
        if name == "_require" and path.stem in PREFIX:
            keys |= {f"{PREFIX[path.stem]}.{text}" for text in found}
        elif name.endswith("Error") or name in {"require", "Reason", "_check", "read_cbor"}:
            keys |= {text for text in found if KEY.fullmatch(text)}
    return keys


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_every_key_has_words(path: Path) -> None:
    for lang, table in tables().items():
        assert _given(path) - table.keys() == set(), lang


def test_the_keys_are_found_at_all() -> None:
    found = set().union(*(_given(path) for path in FILES))
    assert {"device.held", "cross.map-not-monotone", "keys.file-open", "request.busy"} <= found
    assert len(found) > 80


def test_every_way_of_lowering_has_words() -> None:
    for where in ("product", "version", "device"):
        for why in (*WHY, "unlisted") if where == "version" else WHY:
            assert f"{where}.{why}" in SENTENCES


@pytest.mark.parametrize("room", [authority, documents])
def test_both_languages_say_the_same_keys_with_the_same_gaps(room: ModuleType) -> None:
    assert room.SENTENCES.keys() == room.JA.keys()
    for key, sentence in room.SENTENCES.items():
        assert set(GAP.findall(sentence)) == set(GAP.findall(room.JA[key])), key
        assert sentence.endswith("."), key
        assert room.JA[key].endswith("。"), key
