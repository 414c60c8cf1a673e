"""Spreading and guessing: the same door at ever new addresses, or one door tried ever again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from omamori.hub.alerting.detect_counts import Different, asked_by, asker_of
from omamori.hub.finding import Finding
from omamori.hub.flow import ACK, RST, SYN

if TYPE_CHECKING:
    from omamori.documents.reason import Value
    from omamori.hub.alerting.detect_place import Place
    from omamori.hub.flow import Flow

REMOTE_PORTS = frozenset({23, 2323, 5555, 7547, 23231, 37215, 52869, 60001})
"""Telnet, Android's debug bridge, TR-069 and what Mirai and its kin try besides (Antonakakis et
al., Understanding the Mirai Botnet, USENIX Security 2017, table 4)."""
REMOTE_TARGETS = 5  # a minute; some homes steer three or four amplifiers by telnet
REMOTE_TARGETS_HOUR = 12
FAILED_TARGETS = 20  # outside, a minute, at one port, that did not accept; uncalibrated
FAILED_TARGETS_WEB = 80  # a waking laptop calls many web servers before it has a way out
_WEB = {80, 443}

LOGIN_PORTS = frozenset({21, 22, 23, 139, 445, 2222, 2323, 3389, 5900})
"""FTP, SSH, telnet, SMB, remote desktops."""
WEB_LOGIN_PORTS = frozenset({80, 443, 8080, 8443})
TRIES = 15  # connections a minute to one login; polling every five seconds makes 12
TRIES_WEB = 600  # the same for web pages at home; a lamp's bridge is polled twice a second
TRIES_HOUR = 120  # slow guessing, two a minute
_SHARES = {139, 445}  # are opened often all day


class Spreads:
    """Counts addresses at one port, and connections at one login."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self._remote = Different(REMOTE_TARGETS, REMOTE_TARGETS_HOUR)
        self._failed = Different(FAILED_TARGETS)
        self._tries = Different(TRIES, TRIES_HOUR)

    @property
    def counts(self) -> tuple[Different, ...]:
        """Everything that is counted."""
        return self._remote, self._failed, self._tries

    def asks(self, flow: Flow, thing: str) -> Finding | None:
        """A thing opens a TCP connection."""
        if flow.is_from_here and self._place.is_own(flow.mac):
            return None
        port = flow.to_port
        if flow.is_from_here or not flow.is_to_here:
            if port in REMOTE_PORTS:
                found = self._spreads(flow, thing)
                if found:
                    return found
            elif not flow.is_to_here:
                found = self._fails(flow, thing)
                if found:
                    return found
        if port in LOGIN_PORTS or (port in WEB_LOGIN_PORTS and flow.is_to_here):
            return self._guesses(flow, thing)
        return None

    def answers(self, flow: Flow) -> None:
        """It was accepted, or refused: then nobody guesses."""
        port = flow.from_port
        if flow.flags & RST and not flow.flags & SYN:
            for asked in asked_by(flow):
                self._tries.remove((asked, flow.source, port), flow.to_port)
        elif flow.flags & SYN and flow.flags & ACK and not flow.is_from_here:
            self._failed.remove((flow.target, port), flow.source)

    def _spreads(self, flow: Flow, thing: str) -> Finding | None:
        count = self._remote.add(asker_of(flow), flow.target, flow)
        if count is None:
            return None
        told: dict[str, Value] = {"targets": count.size, "service": flow.service}
        return Finding("spread.telnet", thing, flow.at, "", told, count.facts())

    def _fails(self, flow: Flow, thing: str) -> Finding | None:
        enough = FAILED_TARGETS_WEB if flow.to_port in _WEB else FAILED_TARGETS
        count = self._failed.add((flow.source, flow.to_port), flow.target, flow, enough)
        if count is None:
            return None
        told: dict[str, Value] = {"targets": count.size, "service": flow.service}
        return Finding("spread.failed", thing, flow.at, flow.service, told, count.facts())

    def _guesses(self, flow: Flow, thing: str) -> Finding | None:
        port = flow.to_port
        key, item = (asker_of(flow), flow.target, port), flow.from_port
        only = TRIES_WEB if port in WEB_LOGIN_PORTS else TRIES if port in _SHARES else 0
        count = self._tries.add(key, item, flow, only)
        if count is None:
            return None
        told: dict[str, Value] = {"tries": count.size, "service": flow.service}
        if flow.is_to_here and not flow.is_from_here:
            told["stranger"], about = flow.source, f"{flow.source} {flow.service}"
            return Finding("inbound.guess", thing, flow.at, about, told, count.facts())
        told["target"], about = flow.target, f"{flow.target} {flow.service}"
        return Finding("guess.password", thing, flow.at, about, told, count.facts())
