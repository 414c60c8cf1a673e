"""Ports: which interfaces belong to which bridge, as the kernel says (rtnetlink(7))."""

from __future__ import annotations

import os
import socket
import struct
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterator

_GETLINK, _NEWLINK, _DONE, _ERROR = 18, 16, 3, 2
_REQUEST_DUMP = 0x301
_IFNAME, _MASTER, _LINKINFO, _KIND = 3, 10, 18, 1  # linux/if_link.h
_NLMSG = struct.Struct("=IHHII")
_IFINFO = struct.Struct("=BxHiII")
_ATTRIBUTE = struct.Struct("=HH")
_TYPE_MASK = 0x3FFF  # without the flags for nesting and byte order
ANSWER_OCTETS = 1 << 17
WAIT_S = 2.0


class Interface(msgspec.Struct, frozen=True):
    """One network interface.

    Attributes:
        master: index of what it is a port of; 0 is nothing.
    """

    index: int
    name: str
    master: int = 0
    kind: str = ""


def interfaces() -> tuple[Interface, ...]:
    """All interfaces of this network namespace; empty where the kernel does not say."""
    try:
        with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0) as asked:
            asked.settimeout(WAIT_S)
            asked.bind((0, 0))
            head = _NLMSG.pack(_NLMSG.size + _IFINFO.size, _GETLINK, _REQUEST_DUMP, 1, 0)
            asked.send(head + _IFINFO.pack(socket.AF_UNSPEC, 0, 0, 0, 0))
            return tuple(_answers(asked))
    except OSError:
        return ()


def _answers(asked: socket.socket) -> Iterator[Interface]:
    while True:
        data = asked.recv(ANSWER_OCTETS)
        while len(data) >= _NLMSG.size:
            length, kind, *_ = _NLMSG.unpack_from(data)
            if kind in {_DONE, _ERROR} or not _NLMSG.size <= length <= len(data):
                return
            if kind == _NEWLINK:
                yield _link(data[_NLMSG.size : length])
            data = data[_aligned(length) :]


def _aligned(length: int) -> int:
    return (length + 3) & ~3


def _attributes(data: bytes) -> dict[int, bytes]:
    found: dict[int, bytes] = {}
    while len(data) >= _ATTRIBUTE.size:
        length, kind = _ATTRIBUTE.unpack_from(data)
        if not _ATTRIBUTE.size <= length <= len(data):
            break
        found[kind & _TYPE_MASK] = data[_ATTRIBUTE.size : length]
        data = data[_aligned(length) :]
    return found


def _link(data: bytes) -> Interface:
    _family, _type, index, _flags, _change = _IFINFO.unpack_from(data)
    told = _attributes(data[_IFINFO.size :])
    master = struct.unpack("=I", told[_MASTER])[0] if len(told.get(_MASTER, b"")) == 4 else 0  # noqa: PLR2004 - octets of an index
    kind = _attributes(told.get(_LINKINFO, b"")).get(_KIND, b"")
    return Interface(index, _text(told.get(_IFNAME, b"")), master, _text(kind))


def _text(data: bytes) -> str:
    return os.fsdecode(data.split(b"\0", 1)[0])


def is_bridge(name: str) -> bool:
    """There is a bridge of this name."""
    return any(one.name == name and one.kind == "bridge" for one in interfaces())


def foreign_ports(bridge: str) -> tuple[str, ...]:
    """This machine's other bridges and their ports: containers, virtual machines."""
    found = interfaces()
    others = {one.index for one in found if one.kind == "bridge" and one.name != bridge}
    return tuple(sorted(one.name for one in found if others & {one.master, one.index}))
