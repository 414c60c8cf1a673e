"""Listens to an interface of this machine, without sending, and gives the same as a file does."""

from __future__ import annotations

import errno
import socket
from contextlib import suppress
from pathlib import Path
from struct import pack
from time import monotonic
from typing import TYPE_CHECKING

from omamori.adapters.capture.frames import ETHERNET, RAW, CaptureError
from omamori.adapters.capture.ring import BLOCKS, Ring
from omamori.adapters.capture.telling import ALL, TELLING, tells
from omamori.documents.reason import Reason

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import TracebackType
    from typing import Self

    from omamori.adapters.capture.frames import Frame

WAIT_S = 0.25
PRESSED_AT_SHARE = 0.02  # of the frames of a second dropped: read only those that tell most
EASED_BELOW_FRAMES_MIN = 1000  # frames a second: so many can be read on any machine
EASE_AFTER_S = 30.0
WEIGH_EVERY_S = 0.25  # the ring holds less than a second of a flood: soon, or much is lost

_ETH_P_ALL = 3
_SOL_PACKET, _ADD_MEMBERSHIP = 263, 1  # linux/if_packet.h
_PROMISCUOUS = 1
_LINK_BY_HARDWARE = {1: ETHERNET, 772: ETHERNET, 65534: RAW}  # linux/if_arp.h: loopback, none
_STATISTICS = Path("/sys/class/net")
_GONE = {errno.ENETDOWN, errno.ENODEV, errno.ENXIO}


class Listener:
    """An interface being listened to; a context that lets it go.

    When frames come faster than they can be read, it asks the kernel for those only that tell
    most (``telling.TELLING``), until it is calm again.

    Attributes:
        name: the interface.
        size: 0, for nobody knows how much will come.
        trouble: why the listening ended by itself, or None.
        dropped: frames that came faster than they were read, as the kernel counts them.
        passed_by: frames that the filter kept back under pressure, by the interface's count.
        is_pressed: whether the filter is in force now.
    """

    def __init__(self, name: str, ring: Ring) -> None:
        self.name = name
        self.size = 0
        self.trouble: Reason | None = None
        self.dropped = 0
        self.passed_by = 0
        self.is_pressed = False
        self._ring = ring
        self._weighed_at = 0.0
        self._calm_since = 0.0
        self._read_per_s = 0.0  # what could be read when it was last too much
        self._carried = _carried(name)
        self._backlog = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _tb: TracebackType | None,
    ) -> None:
        self._ring.close()

    @property
    def place(self) -> int:
        """0: a living network has no place in it."""
        return 0

    def batches(self) -> Iterator[list[Frame]]:
        """What came within ``WAIT_S``, again and again, empty when nothing did.

        It ends when the interface goes away, or when the caller stops asking.
        """
        while self.trouble is None:
            try:
                frames = self._ring.read(WAIT_S)
            except OSError:
                self.trouble = Reason("capture.interface-gone", {"name": self.name})
                return
            yield self._chosen(frames) if self._backlog else frames
            if frames:
                # Not by the frames' own time: under pressure these are old, and it would be late.
                self._weigh(monotonic())

    def _chosen(self, frames: list[Frame]) -> list[Frame]:
        """What tells most of a block that was filled before the filter came into force.

        To read it all would take seconds, and the ring has no room for what comes meanwhile.
        """
        self._backlog = self._backlog - 1 if frames else 0
        chosen = [frame for frame in frames if frame[1] != ETHERNET or tells(frame[2])]
        self.passed_by += len(frames) - len(chosen)
        return chosen

    def _weigh(self, now: float) -> None:
        """Now and then: what was dropped, and whether all can be read."""
        if 0 <= now - self._weighed_at < WEIGH_EVERY_S:
            return
        span_s = now - self._weighed_at if self._weighed_at else WEIGH_EVERY_S
        self._weighed_at = now
        with suppress(OSError):
            passed, dropped = self._ring.counts()
            self.dropped += dropped
            carried = _carried(self.name)
            on_wire, self._carried = carried - self._carried, carried
            if self.is_pressed:
                self.passed_by += max(on_wire - passed, 0)
                self._ease(now, on_wire / max(span_s, WEIGH_EVERY_S))
            elif dropped > PRESSED_AT_SHARE * passed:
                self._read_per_s = (passed - dropped) / max(span_s, WEIGH_EVERY_S)
                self._press(now, pressed=True)

    def _ease(self, now: float, frames_per_s: float) -> None:
        if frames_per_s >= max(self._read_per_s, EASED_BELOW_FRAMES_MIN) or now < self._calm_since:
            self._calm_since = now
        elif now - self._calm_since >= EASE_AFTER_S:
            self._press(now, pressed=False)

    def _press(self, now: float, *, pressed: bool) -> None:
        self._ring.attach(TELLING if pressed else ALL)
        self.is_pressed = pressed
        self._backlog = BLOCKS if pressed else 0
        self._calm_since = now


def _carried(name: str) -> int:
    """Frames that the interface has received and sent, as the kernel counts them."""
    folder = _STATISTICS / name / "statistics"
    try:
        return sum(int((folder / which).read_text()) for which in ("rx_packets", "tx_packets"))
    except (OSError, ValueError):
        return 0


def interfaces() -> list[str]:
    """The names of this machine's interfaces."""
    return [name for _, name in socket.if_nameindex()]


def open_interface(name: str) -> Listener:
    """Listen to everything on an interface; this needs root or ``CAP_NET_RAW``.

    Raises:
        CaptureError: ``capture.no-live``, ``capture.no-rights``, ``capture.no-such-interface``,
            ``capture.interface-down`` or ``capture.link-unknown``.
    """
    if not hasattr(socket, "AF_PACKET"):
        raise CaptureError("capture.no-live")
    try:
        packets = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)  # nothing yet, until bound
    except PermissionError:
        raise CaptureError("capture.no-rights", {"name": name}) from None
    try:
        packets.bind((name, _ETH_P_ALL))
        # Devices that speak to one another are heard only so; the kernel undoes it on close.
        wish = pack("@iHH8s", socket.if_nametoindex(name), _PROMISCUOUS, 0, b"")
        packets.setsockopt(_SOL_PACKET, _ADD_MEMBERSHIP, wish)
    except OSError as error:
        packets.close()
        is_down = error.errno == errno.ENETDOWN
        key = "capture.interface-down" if is_down else "capture.no-such-interface"
        raise CaptureError(key, {"name": name}) from None
    hardware = packets.getsockname()[3]
    link = _LINK_BY_HARDWARE.get(hardware)
    if link is None:
        packets.close()
        raise CaptureError("capture.link-unknown", {"name": name, "kind": str(hardware)})
    try:
        return Listener(name, Ring(packets, link))
    except OSError:
        packets.close()
        raise CaptureError("capture.no-such-interface", {"name": name}) from None
