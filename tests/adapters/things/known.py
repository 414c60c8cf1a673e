"""Things as the hub knows them, for tests of drivers."""

from __future__ import annotations

from omamori.hub.knowing.identify import Guess, Identity
from omamori.hub.knowing.known import KnownThing

NOBODY_KNOWS = Identity(Guess(), Guess("unknown"), Guess())


def known_thing(thing_id: str, *ips: str, behind: str = "") -> KnownThing:
    """A thing that was heard just now."""
    return KnownThing(
        thing_id, thing_id, ips, (), NOBODY_KNOWS, 0.0, 0.0, (),
        is_private_address=False, is_corrected=False, behind=behind,
    )  # fmt: skip
