"""The same captures read by tshark: field by field, what it sees is what we tell."""

from __future__ import annotations

import shutil
import subprocess
from functools import cache
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
    "http.server", "http.request.method", "http.response",
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


def test_the_comparison_compares_something() -> None:
    """Were a field renamed by tshark, empty would equal empty."""
    kinds = [("dhcp.request", "hostname"), ("dns.query", "name"), ("mdns.name", "ip")]
    kinds += [("mdns.service", "host"), ("tls.client", "sni"), ("http.request", "host")]
    kinds += [("http.request", "user_agent"), ("ssdp.notify", "server")]
    for kind, field in kinds:
        assert sum(len(said(name, kind, field)) for name in captures()) > 4, (kind, field)
