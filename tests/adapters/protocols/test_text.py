"""Text from strangers is shown as one line of printable characters."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from omamori.adapters.protocols.text import TEXT_LENGTH_MAX, plain, worded


def test_escape_sequences_line_breaks_and_direction_marks_are_gone() -> None:
    assert plain(b"TV\x1b[2J\r\n\x00living\troom") == "TV[2J  living room"
    assert plain("\u202eevil\u2066\u200f\u200b名前\u3000です".encode()) == "evil名前 です"


def test_what_is_no_utf8_stays_visible_as_such() -> None:
    assert plain(b"caf\xe9") == "caf\ufffd"


@given(raw=st.binary(max_size=3000), most=st.integers(0, TEXT_LENGTH_MAX))
def test_any_octets_become_bounded_printable_text(raw: bytes, most: int) -> None:
    text = plain(raw, most)
    assert text.isprintable()
    assert len(text) <= most


def test_only_what_says_something_is_kept() -> None:
    assert worded(a="x", b="") == {"a": "x"}
