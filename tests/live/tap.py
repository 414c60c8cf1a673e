"""Prints every frame that an interface receives, with the kernel's time: ``tap.py INTERFACE``."""

from __future__ import annotations

import socket
import struct
import sys
import time

ETH_P_ALL, SO_TIMESTAMPNS, OUTGOING, OCTETS = 3, 35, 4, 128
_TIME = struct.Struct("@ll")


def main(interface: str) -> None:
    """Until ended; the first line says that it listens."""
    packets = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
    packets.bind((interface, 0))
    packets.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
    print("ready", flush=True)  # noqa: T201 - its only way to tell
    while True:
        frame, told, _, where = packets.recvmsg(65535, 64)
        if where[2] == OUTGOING:
            continue
        at = time.time()
        for _level, kind, value in told:
            if kind == SO_TIMESTAMPNS:
                whole, nano = _TIME.unpack_from(value)
                at = whole + nano / 1e9
        print(f"{at:.6f} {frame[:OCTETS].hex()}", flush=True)  # noqa: T201 - as above


if __name__ == "__main__":
    main(sys.argv[1])
