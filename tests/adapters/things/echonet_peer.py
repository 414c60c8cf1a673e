"""An ECHONET Lite node for tests, which can be honest, lazy, late, or a liar; also as a program.

``echonet_peer.py ADDRESS`` is a node with an air conditioner, a lock, a battery and a shutter.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import sys
from pathlib import Path
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).parents[3] / "src"))

from omamori.adapters.protocols import echonet
from omamori.adapters.protocols.echonet import Epc, Esv, Frame, Property

if TYPE_CHECKING:
    from collections.abc import Callable

AIRCON, LOCK, BATTERY, SHUTTER = "013001", "026f01", "027d01", "026301"
VALUES = {
    AIRCON: {0x80: b"\x31", 0x93: b"\x41", 0xB0: b"\x42", 0xB3: b"\x1a", 0xBB: b"\x1e", 0xA0: b"\x41"},
    LOCK: {0x80: b"\x30", 0xE0: b"\x42", 0xE3: b"\x42"},
    BATTERY: {
        0x80: b"\x30", 0xDA: b"\x44", 0xEB: bytes(4), 0xEC: bytes(4), 0xD3: bytes(4), 0xE4: b"\x32",
    },
    SHUTTER: {0x80: b"\x30", 0xE0: b"\x42", 0xE1: b"\x00", 0xEA: b"\x42"},
}  # fmt: skip
SETTABLE = {
    AIRCON: {0x80, 0x93, 0xB0, 0xB3, 0xA0},
    LOCK: {0x80, 0xE0},
    BATTERY: {0x80, 0xDA, 0xEB, 0xEC},
    SHUTTER: {0xE0, 0xE1},
}


class Node:
    """Objects with their values, and what happens to what is said.

    Attributes:
        heard: every frame that came.
        turn: what becomes of an answer before it is sent; None for silence, more for several.
        is_lazy: says yes, and does nothing.
        refused: codes that are not accepted.
    """

    def __init__(self, ip: str) -> None:
        self.ip = ip
        self.values = {eoj: dict(values) for eoj, values in VALUES.items()}
        self.heard: list[Frame] = []
        self.turn: Callable[[Frame], list[Frame | bytes]] = lambda frame: [frame]
        self.is_lazy = False
        self.refused: set[int] = set()
        self._sock: socket.socket | None = None

    def property(self, eoj: str, epc: int) -> bytes:
        values = self.values[eoj]
        if epc == Epc.GET_MAP:
            codes = frozenset(values) | {Epc.SET_MAP, Epc.GET_MAP, Epc.INF_MAP}
            return echonet.encode_property_map(codes)
        if epc == Epc.SET_MAP:
            return echonet.encode_property_map(frozenset(SETTABLE[eoj]))
        if epc == Epc.INF_MAP:
            return echonet.encode_property_map(frozenset({0x80}))
        return values.get(epc, b"")

    def answer(self, asked: Frame) -> Frame | None:
        eoj = asked.deoj.hex()
        if eoj == echonet.NODE_PROFILE.hex() and asked.esv is Esv.GET:
            listed = bytes((len(self.values),)) + b"".join(map(bytes.fromhex, self.values))
            told = tuple(
                Property(p.epc, listed if p.epc == Epc.INSTANCES else b"") for p in asked.properties
            )
            return Frame(asked.tid, asked.deoj, asked.seoj, Esv.GET_RES, told)
        if eoj not in self.values:
            return None
        if asked.esv is Esv.GET:
            told = tuple(Property(p.epc, self.property(eoj, p.epc)) for p in asked.properties)
            esv = Esv.GET_RES if all(p.edt for p in told) else Esv.GET_SNA
            return Frame(asked.tid, asked.deoj, asked.seoj, esv, told)
        if asked.esv is Esv.SET_C:
            may = SETTABLE[eoj] - self.refused
            told = tuple(Property(p.epc, b"" if p.epc in may else p.edt) for p in asked.properties)
            if not self.is_lazy:
                self.values[eoj].update({p.epc: p.edt for p in asked.properties if p.epc in may})
            esv = Esv.SET_C_SNA if any(p.edt for p in told) else Esv.SET_RES
            return Frame(asked.tid, asked.deoj, asked.seoj, esv, told)
        return None

    async def announce(self, eoj: str, *told: Property, esv: Esv = Esv.INF) -> None:
        frame = Frame(7, bytes.fromhex(eoj), echonet.CONTROLLER, esv, told)
        await self._send(echonet.encode(frame), "127.0.0.1")

    async def _send(self, payload: bytes, ip: str) -> None:
        assert self._sock is not None
        await asyncio.get_running_loop().sock_sendto(self._sock, payload, (ip, echonet.PORT))

    async def _begin(self) -> None:
        """Tell the group what there is, as a node does when it starts (Part II, 4.3.1)."""
        assert self._sock is not None
        self._sock.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton(self.ip))
        listed = bytes((len(self.values),)) + b"".join(map(bytes.fromhex, self.values))
        told = (Property(Epc.INSTANCES_NOTICE, listed),)
        frame = Frame(1, echonet.NODE_PROFILE, echonet.NODE_PROFILE, Esv.INF, told)
        await self._send(echonet.encode(frame), echonet.GROUP_IPV4)

    async def run(self) -> None:
        """Answer until cancelled, always to port 3610."""
        loop = asyncio.get_running_loop()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            sock.bind((self.ip, echonet.PORT))
            sock.settimeout(0)
            self._sock = sock
            await self._begin()
            while True:
                payload, (asker, _) = await loop.sock_recvfrom(sock, 1500)
                with contextlib.suppress(echonet.EchonetRefusedError):
                    asked = echonet.decode(payload)
                    self.heard.append(asked)
                    answer = self.answer(asked)
                    for said in self.turn(answer) if answer else ():
                        octets = said if isinstance(said, bytes) else echonet.encode(said)
                        await self._send(octets, asker)


if __name__ == "__main__":
    node = Node(sys.argv[1])
    node.is_lazy = "lazy" in sys.argv[2:]
    asyncio.run(node.run())
