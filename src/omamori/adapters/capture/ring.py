"""The kernel's ring of received frames (packet_mmap, TPACKET_V3), read block by block."""

from __future__ import annotations

import mmap
import select
import socket
from contextlib import suppress
from ctypes import addressof, create_string_buffer
from struct import Struct, pack
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from omamori.adapters.capture.frames import Frame
    from omamori.adapters.capture.telling import Program

BLOCK_OCTETS, BLOCKS = 1 << 18, 32
"""8 MB in all: about 80 ms of a full gigabit; a block holds any frame the kernel can give."""
CELL_OCTETS = 2048  # the kernel's unit; frames lie in a block without gaps all the same
HAND_OVER_MS = 100  # a block that is not full is handed over after this time

# linux/if_packet.h; Documentation/networking/packet_mmap.rst
_SOL_PACKET = 263
_RX_RING, _STATISTICS, _VERSION = 5, 6, 10
_V3 = 2
_USER, _KERNEL = 1, 0
_BLOCK = Struct("@8xIII")  # tpacket_block_desc: status, frames in it, where the first lies
_FRAME = Struct("@IIII8xH")  # tpacket3_hdr: next, seconds, nanoseconds, octets kept, start
_COUNTS = Struct("@III")  # tpacket_stats_v3: passed, dropped, times the ring was full
_SO_ATTACH_FILTER, _SO_DETACH_FILTER = 26, 27  # asm-generic/socket.h
_STATUS = Struct("@I")
_STATUS_AT = 8
_INSTRUCTION = Struct("@HBBI")  # linux/filter.h: sock_filter


class Ring:
    """A packet socket with a ring of its own; whoever opens it closes it."""

    def __init__(self, packets: socket.socket, link: int) -> None:
        """Ask the kernel for the ring.

        Raises:
            OSError: when it gives none.
        """
        self._packets = packets
        self._link = link
        self._next = 0
        packets.setsockopt(_SOL_PACKET, _VERSION, _V3)
        cells = BLOCK_OCTETS * BLOCKS // CELL_OCTETS
        wish = pack("@7I", BLOCK_OCTETS, BLOCKS, CELL_OCTETS, cells, HAND_OVER_MS, 0, 0)
        packets.setsockopt(_SOL_PACKET, _RX_RING, wish)
        self._memory = mmap.mmap(packets.fileno(), BLOCK_OCTETS * BLOCKS)
        self._poll = select.poll()
        self._poll.register(packets, select.POLLIN | select.POLLERR)

    def close(self) -> None:
        """Give it back."""
        self._memory.close()
        self._packets.close()

    def read(self, wait_s: float) -> list[Frame]:
        """The frames of the next block; empty when none came within ``wait_s``.

        Raises:
            OSError: when the interface is gone.
        """
        begin = self._next * BLOCK_OCTETS
        status, count, first = _BLOCK.unpack_from(self._memory, begin)
        if not status & _USER:
            for _, event in self._poll.poll(wait_s * 1000):
                if event & (select.POLLERR | select.POLLHUP | select.POLLNVAL):
                    error = self._packets.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
                    raise OSError(error, "the interface is gone")
            status, count, first = _BLOCK.unpack_from(self._memory, begin)
            if not status & _USER:
                return []
        frames = self._frames(begin + first, count)
        _STATUS.pack_into(self._memory, begin + _STATUS_AT, _KERNEL)
        self._next = (self._next + 1) % BLOCKS
        return frames

    def _frames(self, at: int, count: int) -> list[Frame]:
        memory, link, unpack = self._memory, self._link, _FRAME.unpack_from
        frames = []
        for _ in range(count):
            following, seconds, nanoseconds, octets, start = unpack(memory, at)
            begin = at + start
            heard_at = seconds + nanoseconds / 1e9
            frames.append((heard_at, link, memory[begin : begin + octets]))
            at += following
        return frames

    def counts(self) -> tuple[int, int]:
        """Frames that came to the socket, and those of them that were dropped, since last asked."""
        told = self._packets.getsockopt(_SOL_PACKET, _STATISTICS, _COUNTS.size)
        passed, dropped, _ = _COUNTS.unpack(told)
        return passed, dropped

    def attach(self, program: Program) -> None:
        """Let the kernel pass only what a classic BPF program lets through; empty for all."""
        if not program:
            with suppress(FileNotFoundError):  # there was none
                self._packets.setsockopt(socket.SOL_SOCKET, _SO_DETACH_FILTER, 0)
            return
        code = create_string_buffer(b"".join(_INSTRUCTION.pack(*step) for step in program))
        wish = pack("@HP", len(program), addressof(code))  # sock_fprog, aligned as C does
        self._packets.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, wish)
