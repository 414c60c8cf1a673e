"""Sends Ethernet frames, run inside a network namespace: ``sender.py INTERFACE PAUSE_S ROUNDS HEX…``."""

from __future__ import annotations

import socket
import sys
import time

interface, pause_s, rounds, *frames = sys.argv[1:]
with socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as speaker:
    speaker.bind((interface, 0))
    for _ in range(int(rounds)):
        for frame in frames:
            speaker.send(bytes.fromhex(frame))
        time.sleep(float(pause_s))
