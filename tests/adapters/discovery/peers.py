"""Small real peers for discovery: an SSDP device with its description, and an ECHONET Lite node.

Run as a program inside a network namespace: ``peers.py ssdp ADDRESS`` or ``peers.py echonet ADDRESS``.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[3] / "src"))

from omamori.adapters.protocols import echonet
from omamori.adapters.protocols.echonet import Epc, Esv, Frame, Property

DESCRIPTION = b"""<?xml version="1.0"?>
<root xmlns="urn:schemas-upnp-org:device-1-0"><specVersion><major>1</major></specVersion>
<device><deviceType>urn:schemas-upnp-org:device:MediaRenderer:1</deviceType>
<friendlyName>\xe5\xb1\x85\xe9\x96\x93\xe3\x81\xae\xe3\x83\x86\xe3\x83\xac\xe3\x83\x93</friendlyName>
<manufacturer>Sony Corporation</manufacturer><modelName>KJ-55X9500H</modelName>
<serialNumber>123</serialNumber></device></root>"""
BATTERY = bytes.fromhex("027d01")
PROPERTIES = {
    Epc.IDENTIFIER: bytes.fromhex("fe00006c0102030405060708090a0b0c0d"),
    Epc.MAKER: bytes.fromhex("00006c"),
    Epc.PRODUCT: b"ESS-U4M1".ljust(12, b"\0"),
    Epc.VERSION: bytes.fromhex("00005200"),
    Epc.INSTANCES: bytes.fromhex("01027d01"),
}


def group_socket(group: str, port: int, ip: str) -> socket.socket:
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.bind((group, port))
    member = socket.inet_aton(group) + socket.inet_aton(ip)
    sock.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, member)
    sock.settimeout(0)
    return sock


async def serve_description(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")
    head = f"HTTP/1.1 200 OK\r\nContent-Length: {len(DESCRIPTION)}\r\nConnection: close\r\n\r\n"
    writer.write(head.encode() + DESCRIPTION)
    await writer.drain()
    writer.close()


async def ssdp(ip: str) -> None:
    """Answer every search with one MediaRenderer whose description this peer serves."""
    server = await asyncio.start_server(serve_description, ip, 0)
    port = server.sockets[0].getsockname()[1]
    loop = asyncio.get_running_loop()
    with contextlib.closing(server), group_socket("239.255.255.250", 1900, ip) as heard:
        while True:
            payload, asker = await loop.sock_recvfrom(heard, 2048)
            if not payload.startswith(b"M-SEARCH"):
                continue
            answer = (
                "HTTP/1.1 200 OK\r\nCACHE-CONTROL: max-age=1800\r\n"
                f"LOCATION: http://{ip}:{port}/d.xml\r\nSERVER: Linux/4 UPnP/1.0 Sony-BDP/2.0\r\n"
                "ST: urn:schemas-upnp-org:device:MediaRenderer:1\r\n"
                "USN: uuid:1::urn:schemas-upnp-org:device:MediaRenderer:1\r\n\r\n"
            )
            await loop.sock_sendto(heard, answer.encode(), asker)


def answered(payload: bytes) -> bytes | None:
    """What an ECHONET node with one storage battery says to this frame."""
    try:
        asked = echonet.decode(payload)
    except echonet.EchonetRefusedError:
        return None
    if asked.esv is not Esv.GET:
        return None
    told = tuple(Property(p.epc, PROPERTIES.get(Epc(p.epc), b"")) for p in asked.properties)
    return echonet.encode(Frame(asked.tid, asked.deoj, asked.seoj, Esv.GET_RES, told))


async def echonet_node(ip: str) -> None:
    """Answer Gets to the group and to this address, always to port 3610."""
    loop = asyncio.get_running_loop()
    own = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    own.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    own.bind((ip, echonet.PORT))
    own.settimeout(0)

    async def serve(sock: socket.socket) -> None:
        while True:
            payload, (asker, _) = await loop.sock_recvfrom(sock, 1500)
            answer = answered(payload)
            if answer:
                await loop.sock_sendto(own, answer, (asker, echonet.PORT))

    with own, group_socket(echonet.GROUP_IPV4, echonet.PORT, ip) as heard:
        await asyncio.gather(serve(own), serve(heard))


async def echonet_node_of_streams(ip: str) -> None:
    """Tell the group of an air conditioner; answer about it by TCP only, in two pieces."""
    loop = asyncio.get_running_loop()
    codes = frozenset(range(0x80, 0x100))

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked = echonet.decode(await reader.read(1500))
        told = tuple(
            Property(p.epc, echonet.encode_property_map(codes) if p.epc == Epc.GET_MAP else b"")
            for p in asked.properties
        )
        answer = echonet.encode(Frame(asked.tid, asked.deoj, asked.seoj, Esv.GET_SNA, told))
        writer.write(answer[:20])
        await writer.drain()
        writer.write(answer[20:])
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, ip, echonet.PORT)
    telling = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    telling.bind((ip, 0))  # announcements may come from any port
    telling.settimeout(0)
    listed = (Property(Epc.INSTANCES_NOTICE, bytes.fromhex("01013001")),)
    notice = Frame(1, echonet.NODE_PROFILE, echonet.NODE_PROFILE, Esv.INF, listed)
    with contextlib.closing(server), telling:
        while True:
            to = ("127.0.0.1", echonet.PORT)
            await loop.sock_sendto(telling, echonet.encode(notice), to)
            await asyncio.sleep(0.5)


def netlink_entry(family: int, state: int, flags: int, ip: bytes, mac: bytes, ticks: int) -> bytes:
    """One RTM_NEWNEIGH message as the kernel writes it."""
    body = struct.pack("=BxxxiHBB", family, 1, state, flags, 1)
    for kind, value in ((1, ip), (2, mac), (3, struct.pack("=IIII", ticks, ticks, ticks, 0))):
        body += struct.pack("=HH", 4 + len(value), kind) + value + bytes(-len(value) % 4)
    return struct.pack("=IHHII", 16 + len(body), 28, 2, 1, 0) + body


if __name__ == "__main__":
    asyncio.run({"ssdp": ssdp, "echonet": echonet_node}[sys.argv[1]](sys.argv[2]))
