"""Listens to an interface of this machine, without sending, and gives the same as a file does."""

from __future__ import annotations

import errno
import socket
import time
from contextlib import suppress
from struct import Struct, pack
from typing import TYPE_CHECKING

from omamori.adapters.capture.frames import ETHERNET, FRAME_OCTETS_MAX, RAW, CaptureError
from omamori.documents.reason import Reason

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import TracebackType
    from typing import Self

    from omamori.adapters.capture.frames import Frame

BATCH_FRAMES_MAX = 512
WAIT_S = 0.25
KERNEL_BUFFER_OCTETS = 4 << 20

_ETH_P_ALL = 3
_SOL_PACKET, _ADD_MEMBERSHIP, _STATISTICS = 263, 1, 6  # linux/if_packet.h
_PROMISCUOUS = 1
_LINK_BY_HARDWARE = {1: ETHERNET, 772: ETHERNET, 65534: RAW}  # linux/if_arp.h: loopback, none
_COUNTS = Struct("@II")


class Listener:
    """An interface being listened to; a context that lets it go.

    Attributes:
        name: the interface.
        size: 0, for nobody knows how much will come.
        trouble: why the listening ended by itself, or None.
        dropped: frames that came faster than they were read, as the kernel counts them.
    """

    def __init__(self, name: str, packets: socket.socket, link: int) -> None:
        self.name = name
        self.size = 0
        self.trouble: Reason | None = None
        self.dropped = 0
        self._packets = packets
        self._link = link

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _tb: TracebackType | None,
    ) -> None:
        self._packets.close()

    @property
    def place(self) -> int:
        """0: a living network has no place in it."""
        return 0

    def batches(self) -> Iterator[list[Frame]]:
        """What came within ``WAIT_S``, again and again, empty when nothing did.

        It ends when the interface goes away, or when the caller stops asking.
        """
        while self.trouble is None:
            yield self._batch()
            self._count_dropped()

    def _batch(self) -> list[Frame]:
        frames: list[Frame] = []
        try:
            self._packets.settimeout(WAIT_S)
            octets = self._packets.recv(FRAME_OCTETS_MAX)
            self._packets.setblocking(False)  # noqa: FBT003 - the socket module's own signature
            while True:
                frames.append((time.time(), self._link, octets))
                if len(frames) >= BATCH_FRAMES_MAX:
                    return frames
                octets = self._packets.recv(FRAME_OCTETS_MAX)
        except (TimeoutError, BlockingIOError):
            return frames
        except OSError:
            self.trouble = Reason("capture.interface-gone", {"name": self.name})
            return frames

    def _count_dropped(self) -> None:
        with suppress(OSError):
            counts = self._packets.getsockopt(_SOL_PACKET, _STATISTICS, _COUNTS.size)
            self.dropped += int(_COUNTS.unpack(counts)[1])  # reading resets the kernel's count


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
        packets = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(_ETH_P_ALL))
    except PermissionError:
        raise CaptureError("capture.no-rights", {"name": name}) from None
    try:
        packets.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, KERNEL_BUFFER_OCTETS)
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
    return Listener(name, packets, link)
