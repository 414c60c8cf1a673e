"""Recordings played for the behaviour tests and figures: who sent which flow to whom."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from omamori.adapters import rules
from omamori.adapters.capture.decode import Decoder
from omamori.adapters.capture.file import open_capture
from omamori.adapters.country import Countries
from omamori.hub.behaving.peers import Peers
from omamori.hub.knowing.inventory import Inventory

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from omamori.hub.behaving.deed import Peer
    from omamori.hub.flow import Flow
    from omamori.hub.sighting import Sighting

Said = tuple["Flow", str, "Peer"]


class Heard:
    """One recording: flows sent by things here, with their senders and peers."""

    def __init__(self, path: Path) -> None:
        self.inventory = Inventory(rules.load()[0])
        self.said: list[Said] = []
        self._peers = Peers(Countries(), self.inventory.thing_of)
        decoder = Decoder(self._note, self._flows)
        with open_capture(str(path)) as capture:
            for batch in capture.batches():
                decoder.hear(batch)
        decoder.finish()

    def _note(self, sighting: Sighting) -> None:
        self.inventory.hear(sighting)
        ip = sighting.source[3:] if sighting.source.startswith("ip:") else ""
        self._peers.note(sighting, self.inventory.thing_of("" if ip else sighting.source, ip))

    def _flows(self, told: list[Flow]) -> None:
        for flow in told:
            self._peers.hear(flow)
            thing = self.inventory.thing_of(flow.mac, flow.source) if flow.is_from_here else ""
            if thing:
                self.said.append((flow, thing, self._peers.of(flow, thing)))

    def shifted(self, begin: float) -> Iterator[Said]:
        """The same, as if it had begun at another time."""
        first = min((flow.first_at for flow, _, _ in self.said), default=0.0)
        for flow, thing, peer in self.said:
            first_at, at = flow.first_at - first + begin, flow.at - first + begin
            yield msgspec.structs.replace(flow, first_at=first_at, at=at), thing, peer

    def kinds(self) -> dict[str, str]:
        """What the inventory takes the things for."""
        return {one.id: one.identity.kind.value or "unknown" for one in self.inventory.things()}
