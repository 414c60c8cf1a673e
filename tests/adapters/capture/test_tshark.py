"""The same captures read by tshark: field by field, what it sees is what we tell."""

from __future__ import annotations

import shutil
import subprocess
from functools import cache
from hashlib import sha256
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from conftest import shared_folder
from omamori.adapters.capture.decode import Decoder
from omamori.adapters.capture.file import open_capture
from omamori.adapters.protocols.text import plain

if TYPE_CHECKING:
    from omamori.hub.sighting import Sighting

TSHARK = shutil.which("tshark")
SEPARATOR = "\x1f"
pytestmark = [
    pytest.mark.shared,
    pytest.mark.skipif(TSHARK is None, reason="tshark is not installed"),
    pytest.mark.skipif(shared_folder() is None, reason="the shared captures are not here"),
]

Pairs = set[tuple[str, str]]
TRUE, FALSE = (["1"], ["True"]), (["0"], ["False"])  # by tshark's version


def captures() -> list[str]:
    """Two set-ups of every device type, and every protocol and attack capture."""
    folder = shared_folder()
    if folder is None:
        return []
    devices = (folder / "captures/setups").iterdir()
    setups = [path for device in devices for path in sorted(device.glob("*.pcap"))[::5][:2]]
    others = [
        path for room in ("protocols", "attacks") for path in (folder / "captures" / room).iterdir()
    ]
    return sorted(str(path.relative_to(folder)) for path in setups + others if ".pcap" in path.name)


@cache
def ours(name: str) -> list[Sighting]:
    told: list[Sighting] = []
    decoder = Decoder(told.append)
    with open_capture(str((shared_folder() or Path()) / name)) as capture:
        for batch in capture.batches():
            decoder.hear(batch)
    return told


def said(name: str, kind: str, field: str) -> Pairs:
    return {
        (sighting.source, sighting.fields[field])
        for sighting in ours(name)
        if sighting.kind == kind and field in sighting.fields
    }


FIELDS = (
    "eth.src", "ip.src", "frame.protocols", "udp.dstport", "dns.flags.response", "dns.qry.name",
    "dns.resp.name", "dns.a", "dns.aaaa", "dns.srv.target", "dns.srv.port", "dhcp.type",
    "dhcp.hw.mac_addr", "dhcp.option.hostname", "dhcp.option.vendor_class_id",
    "tls.handshake.type", "tls.handshake.extensions_server_name", "http.host", "http.user_agent",
    "http.server", "http.request.method", "http.response", "eth.dst", "ip.dst", "udp.srcport",
    "dns.flags.rcode", "dns.count.add_rr", "tls.handshake.ciphersuite",
    "tls.handshake.extension.type", "tls.handshake.sig_hash_alg", "tls.handshake.version",
    "tls.handshake.extensions_alpn_str", "tls.handshake.extensions.supported_version",
    "mqtt.msgtype", "mqtt.clientid", "tcp.dstport",
)  # fmt: skip
Row = dict[str, list[str]]


@cache
def theirs(name: str) -> list[Row]:
    """Every frame as tshark reads it: values by field."""
    path = (shared_folder() or Path()) / name
    command = [str(TSHARK), "-r", str(path), "-T", "fields", "-E", f"aggregator={SEPARATOR}"]
    command += [part for field in FIELDS for part in ("-e", field)]
    out = subprocess.run(command, capture_output=True, check=True).stdout.decode()
    rows = []
    for line in out.split("\n"):
        cells = line.split("\t")
        if len(cells) == len(FIELDS) and ":icmp" not in cells[2]:  # an error quotes another's frame
            values = [cell.split(SEPARATOR) if cell else [] for cell in cells]
            rows.append(dict(zip(FIELDS, values, strict=True)))
    return rows


def speaks(row: Row, protocol: str) -> bool:
    return protocol in row["frame.protocols"][0].split(":")


def is_local(row: Row) -> bool:
    """Sent from a private IPv4 address: what comes from elsewhere carries the router's MAC."""
    return bool(row["ip.src"]) and ip_address(row["ip.src"][0]).is_private


def pairs(rows: list[Row], field: str, *, source: str = "eth.src", lower: bool = False) -> Pairs:
    """(source, value) as we would show it."""
    shown = ((row[source][0], plain(value.encode())) for row in rows for value in row[field])
    return {(mac, value.lower() if lower else value) for mac, value in shown if value}


@pytest.mark.parametrize("name", captures())
def test_dhcp_names_and_vendor_classes(name: str) -> None:
    rows = [row for row in theirs(name) if row["dhcp.type"] == ["1"]]
    for option, field in (("hostname", "hostname"), ("vendor_class_id", "vendor_class")):
        expected = pairs(rows, f"dhcp.option.{option}", source="dhcp.hw.mac_addr")
        assert said(name, "dhcp.request", field) == expected


@pytest.mark.parametrize("name", captures())
def test_dns_questions(name: str) -> None:
    asked = [
        row
        for row in theirs(name)
        if row["udp.dstport"] == ["53"] and is_local(row) and row["dns.flags.response"] in FALSE
    ]
    assert said(name, "dns.query", "name") == pairs(asked, "dns.qry.name", lower=True)


@pytest.mark.parametrize("name", captures())
def test_mdns_names_addresses_and_services(name: str) -> None:
    rows = [
        row for row in theirs(name) if speaks(row, "mdns") and row["dns.flags.response"] in TRUE
    ]
    assert said(name, "mdns.name", "ip") == pairs(rows, "dns.a") | pairs(rows, "dns.aaaa")
    assert said(name, "mdns.name", "name") <= pairs(rows, "dns.resp.name")
    assert said(name, "mdns.service", "host") == pairs(rows, "dns.srv.target")
    assert said(name, "mdns.service", "port") == pairs(rows, "dns.srv.port")


@pytest.mark.parametrize("name", captures())
def test_server_names_of_tls(name: str) -> None:
    rows = [row for row in theirs(name) if "1" in row["tls.handshake.type"] and is_local(row)]
    expected = pairs(rows, "tls.handshake.extensions_server_name", lower=True)
    assert said(name, "tls.client", "sni") == expected


@pytest.mark.parametrize("name", captures())
def test_hosts_and_agents_of_http(name: str) -> None:
    rows = [
        row
        for row in theirs(name)
        if row["http.request.method"] and not row["udp.dstport"] and is_local(row)
    ]
    assert said(name, "http.request", "host") == pairs(rows, "http.host", lower=True)
    assert said(name, "http.request", "user_agent") == pairs(rows, "http.user_agent")


@pytest.mark.parametrize("name", captures())
def test_servers_that_announce_by_ssdp(name: str) -> None:
    rows = [
        row
        for row in theirs(name)
        if speaks(row, "ssdp")
        and (row["http.request.method"] == ["NOTIFY"] or row["http.response"])
    ]
    assert said(name, "ssdp.notify", "server") == pairs(rows, "http.server")


def named(name: str, by: str) -> set[tuple[str, str, str]]:
    """Who reached which address under which name."""
    return {
        (sighting.source, sighting.fields["name"], sighting.fields["ip"])
        for sighting in ours(name)
        if sighting.kind == "name.address" and sighting.fields["by"] == by
    }


@pytest.mark.parametrize("name", captures())
def test_addresses_that_resolvers_answered(name: str) -> None:
    answers = [
        row
        for row in theirs(name)
        if row["udp.srcport"] == ["53"]
        and row["dns.flags.response"] in TRUE
        and row["dns.flags.rcode"] == ["0"]
        and row["ip.dst"]
        and ip_address(row["ip.dst"][0]).is_private
    ]

    def told(rows: list[Row]) -> set[tuple[str, str, str]]:
        return {
            (row["eth.dst"][0], plain(asked.encode()).lower(), ip)
            for row in rows
            for asked in row["dns.qry.name"]
            for ip in row["dns.a"] + row["dns.aaaa"]
            if not ip_address(ip).is_unspecified and not ip_address(ip).is_loopback
        }

    # tshark's lists hold the addresses of name servers, too, which are told beside an answer.
    certain = told([row for row in answers if row["dns.count.add_rr"] == ["0"]])
    assert certain <= named(name, "dns") <= told(answers)


@pytest.mark.parametrize("name", captures())
def test_addresses_that_hellos_and_requests_went_to(name: str) -> None:
    hellos, requests = set(), set()
    for row in theirs(name):
        if not is_local(row) or row["udp.dstport"]:
            continue
        to = (row["eth.src"][0], row["ip.dst"][0])
        if "1" in row["tls.handshake.type"]:
            for sni in row["tls.handshake.extensions_server_name"]:
                hellos.add((to[0], sni.lower(), to[1]))
        if row["http.request.method"]:
            for host in row["http.host"]:
                requests.add((to[0], host.partition(":")[0].lower(), to[1]))
    # An address is no name, though some put theirs where a name belongs.
    hellos, hosts = (
        {one for one in heard if not one[1].replace(".", "").isdecimal()}
        for heard in (hellos, requests)
    )
    # On an odd port (8443) tshark may wait for a message of another protocol and miss the hello.
    assert hellos <= named(name, "tls")
    assert {one[:2] for one in named(name, "tls")} == {one[:2] for one in hellos}
    # The same request is read of one speaker once in a while only, whichever address it goes to.
    assert named(name, "http") <= hosts
    assert {one[:2] for one in named(name, "http")} == {one[:2] for one in hosts}


def ja4(row: Row) -> str:
    """JA4 after FoxIO's technical details, from tshark's fields; this version has no such field."""

    def numbers(field: str) -> list[int]:
        return [n for text in row[field] if (n := int(text, 0)) & 0x0F0F != 0x0A0A]

    ciphers = [f"{n:04x}" for n in numbers("tls.handshake.ciphersuite")]
    extensions = [f"{n:04x}" for n in numbers("tls.handshake.extension.type")]
    versions = numbers("tls.handshake.extensions.supported_version") or [
        int(row["tls.handshake.version"][0], 0)
    ]
    version = {0x304: "13", 0x303: "12", 0x302: "11", 0x301: "10", 0x300: "s3"}[max(versions)]
    protocol = (row["tls.handshake.extensions_alpn_str"] or ["00"])[0]
    signatures = ",".join(f"{n:04x}" for n in numbers("tls.handshake.sig_hash_alg"))
    kept = ",".join(sorted(set(extensions) - {"0000", "0010"}))
    parts = [",".join(sorted(ciphers)), f"{kept}_{signatures}" if signatures else kept]
    hashes = [sha256(part.encode()).hexdigest()[:12] if part else "0" * 12 for part in parts]
    server = "d" if "0000" in extensions else "i"
    first = f"t{version}{server}{len(ciphers):02d}{len(extensions):02d}{protocol[0]}{protocol[-1]}"
    return "_".join([first, *hashes])


@pytest.mark.parametrize("name", captures())
def test_fingerprints_of_tls(name: str) -> None:
    rows = [
        row
        for row in theirs(name)
        if row["tls.handshake.type"] == ["1"]
        and row["tls.handshake.ciphersuite"]  # an SSL 2 hello (RFC 5246 §E.2) has another list
        and is_local(row)
    ]
    expected = {(row["eth.src"][0], ja4(row)) for row in rows}
    # A frame with more than the hello mixes tshark's lists; ours may have what came with it.
    mixed = any(
        len(row["tls.handshake.type"]) > 1 and "1" in row["tls.handshake.type"]
        for row in theirs(name)
    )
    assert expected <= said(name, "tls.client", "ja4")
    assert mixed or said(name, "tls.client", "ja4") == expected


@pytest.mark.parametrize("name", captures())
def test_names_of_mqtt_clients(name: str) -> None:
    rows = [row for row in theirs(name) if "1" in row["mqtt.msgtype"] and is_local(row)]
    told = said(name, "mqtt.connect", "client_id")
    # We know a CONNECT by what it looks like; tshark only where the port is MQTT's own.
    assert pairs(rows, "mqtt.clientid") <= told
    if all(row["tcp.dstport"] in ([], ["1883"]) or not row["mqtt.msgtype"] for row in rows):
        own_port = {(row["eth.src"][0]) for row in theirs(name) if row["tcp.dstport"] == ["1883"]}
        assert {one for one in told if one[0] in own_port} == pairs(rows, "mqtt.clientid")


def test_the_comparison_compares_something() -> None:
    """Were a field renamed by tshark, empty would equal empty."""
    kinds = [("dhcp.request", "hostname"), ("dns.query", "name"), ("mdns.name", "ip")]
    kinds += [("mdns.service", "host"), ("tls.client", "sni"), ("http.request", "host")]
    kinds += [("http.request", "user_agent"), ("ssdp.notify", "server"), ("tls.client", "ja4")]
    kinds += [("name.address", "ip")]
    for kind, field in kinds:
        assert sum(len(said(name, kind, field)) for name in captures()) > 4, (kind, field)
