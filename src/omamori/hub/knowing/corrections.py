"""What people said of their things: it wins, and it outlasts a restart."""

from __future__ import annotations

import msgspec

from omamori.documents.reason import RefusedError
from omamori.hub.knowing.identify_kinds import KINDS

CORRECTIONS_MAX = 256
NAME_MAX = 64  # characters of a name that a person gives
BLANKS = "\u115f\u1160\u2800\u3164\uffa0"
"""Letters and symbols by category, yet nothing to see: Hangul fillers, the empty Braille cell."""


class CorrectionRefusedError(RefusedError):
    """A person's correction that cannot be kept."""


class Correction(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a person said a thing is; empty where they said nothing."""

    name: str = ""
    kind: str = ""


SILENT = Correction()


def seen_name(text: str) -> str:
    """A name of what can be seen: no control, direction or invisible marks, single spaces.

    ``str.isprintable`` refuses Unicode's Cc, Cf, Cs, Co, Cn, Zl and Zp: escape sequences, joiners
    and overrides of the writing direction (Unicode Technical Report 36, 2.7).
    """
    if text.isascii() and text.isprintable():
        return " ".join(text.split())
    kept = "".join(c if c.isprintable() and c not in BLANKS else " " * c.isspace() for c in text)
    return " ".join(kept.split())


class Corrections:
    """People's words by the id of the thing, at most ``CORRECTIONS_MAX``."""

    def __init__(self) -> None:
        self._said: dict[str, Correction] = {}

    def __contains__(self, thing_id: object) -> bool:
        return thing_id in self._said

    def of(self, thing_id: str) -> Correction:
        """What was said of the thing; empty where nothing was."""
        return self._said.get(thing_id, SILENT)

    def say(self, thing_id: str, name: str, kind: str) -> None:
        """Keep a word; both empty takes it back.

        Raises:
            CorrectionRefusedError: for an unknown kind, or too many corrections.
        """
        name = seen_name(name)[:NAME_MAX].strip()
        if kind and kind not in KINDS:
            raise CorrectionRefusedError("identify.no-such-kind", {"kind": kind[:NAME_MAX]})
        if not name and not kind:
            self._said.pop(thing_id, None)
            return
        if thing_id not in self._said and len(self._said) >= CORRECTIONS_MAX:
            raise CorrectionRefusedError("identify.too-many-corrections", {"max": CORRECTIONS_MAX})
        self._said[thing_id] = Correction(name, kind)

    def move(self, before: str, after: str) -> None:
        """The word goes with the thing to its other id, unless something was said there."""
        said = self._said.pop(before, None)
        if said:
            self._said.setdefault(after, said)

    def state(self) -> dict[str, dict[str, str]]:
        """As plain values, for ``restore``."""
        return {key: {"name": c.name, "kind": c.kind} for key, c in self._said.items()}

    def restore(self, state: object) -> None:
        """Take words back in; they wait for their things to be heard.

        Raises:
            CorrectionRefusedError: when the state has not the shape that ``state`` gives.
        """
        try:
            read = msgspec.convert(state, dict[str, Correction])
        except msgspec.ValidationError as wrong:
            raise CorrectionRefusedError("identify.state-shape", {"why": str(wrong)}) from None
        if len(read) > CORRECTIONS_MAX:
            raise CorrectionRefusedError("identify.too-many-corrections", {"max": CORRECTIONS_MAX})
        if any(c.kind and c.kind not in KINDS for c in read.values()):
            raise CorrectionRefusedError("identify.no-such-kind", {"kind": ""})
        self._said = read
