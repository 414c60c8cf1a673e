"""Makes bytes that strangers chose safe to show: printable, of one line, bounded."""

from __future__ import annotations

TEXT_LENGTH_MAX = 255

Facts = list[tuple[str, dict[str, str]]]
"""What a payload says: (kind, fields) pairs; empty when it says nothing."""


def plain(raw: bytes, length_max: int = TEXT_LENGTH_MAX) -> str:
    """The text in ``raw``, without control characters, line breaks or bidirectional marks.

    ``str.isprintable`` refuses the Unicode categories Cc, Cf, Cs, Co, Cn, Zl and Zp, which is
    where escape sequences, invisible joiners and writing-direction overrides live.

    Args:
        raw: bytes as they came from the network; UTF-8 or garbage.
        length_max: characters kept.
    """
    text = raw[: 4 * length_max].decode("utf-8", "replace")
    if not text.isprintable():
        text = "".join(mark if mark.isprintable() else " " * mark.isspace() for mark in text)
    return text.strip()[:length_max]


def worded(**fields: str) -> dict[str, str]:
    """The fields that say something."""
    return {name: value for name, value in fields.items() if value}
