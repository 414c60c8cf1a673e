"""Protocols that no shared capture holds, built octet by octet and read by tshark and by us."""

from __future__ import annotations

import shutil
import struct
import subprocess
from typing import TYPE_CHECKING

import pytest

from adapters.capture import wire
from adapters.protocols.test_quic import CRYPTO, HELLO, V2, crypto, protect
from adapters.protocols.test_small_protocols import LLDP, MUD_URL, encoded
from omamori.adapters.capture.decode import Decoder

if TYPE_CHECKING:
    from pathlib import Path

    from omamori.hub.sighting import Sighting

TSHARK = shutil.which("tshark")
pytestmark = pytest.mark.skipif(TSHARK is None, reason="tshark is not installed")

LINK_LOCAL, ALL = "fe80::1", "ff02::1"


def option6(code: int, value: bytes) -> bytes:
    return struct.pack("!HH", code, len(value)) + value


def over_ipv6(payload: bytes, protocol: int, target: str = ALL, hops: int = 255) -> bytes:
    return wire.ether(wire.ipv6(payload, protocol, LINK_LOCAL, target, hops), 0x86DD)


def checked(payload: bytes) -> bytes:
    """An ICMPv6 message with its checksum (RFC 4443 §2.3), without which tshark reads no more."""
    pseudo = wire.ipv6(b"", 58, LINK_LOCAL, ALL)[8:40] + struct.pack("!II", len(payload), 58)
    octets = pseudo + payload
    total = sum(struct.unpack(f"!{len(octets) // 2}H", octets))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return payload[:2] + struct.pack("!H", ~total & 0xFFFF) + payload[4:]


PREFIX = struct.pack(
    "!BBBBIII16s", 3, 4, 64, 0xC0, 3600, 3600, 0, bytes.fromhex("20010db8" + "0" * 24)
)
ROUTER = checked(struct.pack("!BBHBBHII", 134, 0, 0, 64, 0, 1800, 0, 0) + PREFIX)
CLAIM = struct.pack("!6H", 1, 0x2910, 1, 0, 0, 1) + encoded("DESKTOP", 0x20) + b"\0\x20\0\1"
CLAIM += b"\xc0\x0c" + struct.pack("!HHIHH4s", 0x20, 1, 300, 6, 0, bytes([192, 168, 1, 10]))
NAMED = struct.pack("!6H", 7, 0x8000, 1, 1, 0, 0) + wire.name("DESKTOP") + b"\0\1\0\1"
NAMED += wire.record(b"\xc0\x0c", 1, bytes([192, 168, 1, 10]))
DHCP6 = b"\x01abc" + option6(1, b"\0\3\0\1\2\0\0\0\0\1") + option6(112, MUD_URL)
ECHONET = bytes.fromhex("1081 0001 029001 05ff01 73 01 80 01 30")
SPLIT = [protect(crypto(100, HELLO[100:]), 0), protect(crypto(0, HELLO[:100]), 1)]
COAP = b"\x42\x01\x00\x01" + b"tk" + b"\xb7sensors\x04temp"


def over_quic(payload: bytes, port: int) -> bytes:
    packet = wire.ipv4(wire.udp(payload, port, 443), 17, wire.PHONE_IP, wire.FAR_IP)
    return wire.ether(packet, 0x0800)


def dhcp_frame() -> bytes:
    options = [(53, b"\x01"), (61, b"\x01" + wire.mac(wire.PHONE)), (161, MUD_URL)]
    packet = wire.ipv4(wire.udp(wire.dhcp(options), 68, 67), 17, "0.0.0.0", "255.255.255.255")
    return wire.ether(packet, 0x0800)


# What to compare: the frames, our fact and its field, tshark's filter and field.
CASES: dict[str, tuple[list[bytes], str, str, str]] = {
    "QUIC": (
        [over_quic(protect(CRYPTO.ljust(1162, b"\0")), 4000)],
        "tls.client",
        "sni",
        "tls.handshake.extensions_server_name",
    ),
    "QUIC version 2": (
        [over_quic(protect(CRYPTO.ljust(1162, b"\0"), version=V2), 4001)],
        "tls.client",
        "sni",
        "tls.handshake.extensions_server_name",
    ),
    "QUIC in two": (
        [over_quic(part, 4002) for part in SPLIT],
        "tls.client",
        "sni",
        "tls.handshake.extensions_server_name",
    ),
    "QUIC's protocols": (
        [over_quic(protect(CRYPTO), 4003)],
        "tls.client",
        "alpn",
        "tls.handshake.extensions_alpn_str",
    ),
    "NetBIOS": ([wire.udp_frame(CLAIM, 137, 137)], "netbios.name", "name", "nbns.name"),
    "LLMNR": ([wire.udp_frame(NAMED, 5355, 5355)], "llmnr.name", "name", "dns.resp.name"),
    "CoAP": ([wire.udp_frame(COAP, 4000, 5683)], "coap.message", "path", "coap.opt.uri_path_recon"),
    "LLDP": ([wire.ether(LLDP, 0x88CC)], "lldp.says", "name", "lldp.tlv.system.name"),
    "RA": ([over_ipv6(ROUTER, 58)], "icmp6.router", "prefix", "icmpv6.opt.prefix"),
    "DHCPv6": (
        [over_ipv6(wire.udp(DHCP6, 546, 547), 17)],
        "dhcp6.request",
        "duid",
        "dhcpv6.duid.bytes",
    ),
    "DHCPv6 MUD": (
        [over_ipv6(wire.udp(DHCP6, 546, 547), 17)],
        "dhcp6.request",
        "mud_url",
        "dhcpv6.mudurl",
    ),
    "LLDP MUD": ([wire.ether(LLDP, 0x88CC)], "lldp.says", "mud_url", "lldp.iana.mudurl"),
    "MUD": ([dhcp_frame()], "dhcp.request", "mud_url", "dhcp.option.mudurl"),
    "ECHONET": ([wire.udp_frame(ECHONET, 3610, 3610)], "echonet.object", "eoj", "udp.payload"),
}


def read_by_us(frames: list[bytes], kind: str, field: str) -> set[str]:
    told: list[Sighting] = []
    Decoder(told.append).hear([(1.0, 1, frame) for frame in frames])
    return {one.fields[field] for one in told if one.kind == kind and field in one.fields}


def read_by_tshark(path: Path, frames: list[bytes], field: str) -> set[str]:
    path.write_bytes(wire.pcap([(1.0, frame) for frame in frames]))
    command = [str(TSHARK), "-r", str(path), "-T", "fields", "-E", "aggregator=,", "-e", field]
    out = subprocess.run(command, capture_output=True, check=True).stdout.decode()
    return {value for line in out.splitlines() for value in line.split(",") if value}


@pytest.mark.parametrize("name", CASES)
def test_tshark_and_we_read_the_same(name: str, tmp_path: Path) -> None:
    frames, kind, field, theirs = CASES[name]
    ours = read_by_us(frames, kind, field)
    assert ours
    seen = read_by_tshark(tmp_path / "built.pcap", frames, theirs)
    assert ours == {same(name, value) for value in seen}


def same(name: str, value: str) -> str:
    """How we write a value that tshark writes so."""
    if name == "NetBIOS":
        return value.partition("<")[0]
    if name == "RA":
        return f"{value}/64"
    if name == "ECHONET":  # no dissector: the speaking object lies at octet 4
        return value[8:14]
    return value.replace(":", "") if name == "DHCPv6" else value
