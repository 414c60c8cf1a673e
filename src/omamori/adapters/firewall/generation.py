"""Generation: the kernel's number of the latest change to any of its rules (nfnetlink)."""

from __future__ import annotations

import socket
import struct

_NETFILTER = 12  # linux/netlink.h: NETLINK_NETFILTER
_GETGEN, _NEWGEN = 0x0A10, 0x0A0F  # linux/netfilter/nf_tables.h, NFNL_SUBSYS_NFTABLES << 8
_REQUEST = 1
_GEN_ID = 1  # NFTA_GEN_ID
_HEAD = struct.Struct("=IHHIIBBH")  # nlmsghdr, then nfgenmsg
_ATTRIBUTE = struct.Struct("=HH")
ANSWER_OCTETS = 4096
WAIT_S = 1.0


def generation() -> int | None:
    """Grows by one with each change, whoever makes it; None where the kernel does not say."""
    try:
        with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, _NETFILTER) as asked:
            asked.settimeout(WAIT_S)
            asked.bind((0, 0))
            asked.send(_HEAD.pack(_HEAD.size, _GETGEN, _REQUEST, 1, 0, 0, 0, 0))
            return _read(asked.recv(ANSWER_OCTETS))
    except OSError:
        return None


def _read(answer: bytes) -> int | None:
    if len(answer) < _HEAD.size or _HEAD.unpack_from(answer)[1] != _NEWGEN:
        return None
    rest = answer[_HEAD.size :]
    while len(rest) >= _ATTRIBUTE.size:
        length, kind = _ATTRIBUTE.unpack_from(rest)
        if not _ATTRIBUTE.size <= length <= len(rest):
            return None
        if kind == _GEN_ID and length == _ATTRIBUTE.size + 4:
            return int.from_bytes(rest[_ATTRIBUTE.size : length], "big")
        rest = rest[(length + 3) & ~3 :]
    return None
