"""Things that announce themselves: avahi, a media server, a renderer, ECHONET Lite nodes."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest

from omamori.adapters.protocols import echonet

from .net import NETWORK, TOOLS, Home, State, need

HERE = Path(__file__).parent
PEERS = HERE.parent / "adapters" / "discovery" / "peers.py"
ECHONET_JS = TOOLS / "echonet" / "node_modules" / "echonet-lite"


def avahi(home: Home, who: str) -> None:
    """An avahi daemon with its own /run and services, which knows nothing of this machine."""
    services = home.folder / "services"
    services.mkdir()
    (services / "printer.service").write_text(
        '<?xml version="1.0"?><!DOCTYPE service-group SYSTEM "avahi-service.dtd"><service-group>'
        "<name>台所のプリンター</name><service><type>_ipp._tcp</type><port>631</port>"
        "<txt-record>ty=Brother MFC-J1234DW</txt-record><txt-record>usb_MFG=Brother</txt-record>"
        "</service></service-group>"
    )
    settings = home.folder / "avahi.conf"
    settings.write_text("[server]\nhost-name=daidokoro\nenable-dbus=no\nuse-ipv6=no\n")
    script = (
        f"mount -t tmpfs none /run && mount --bind {services} /etc/avahi/services && "
        f"exec avahi-daemon --no-rlimits --no-drop-root --no-chroot -f {settings}"
    )
    home.start(who, "unshare", "-m", "sh", "-c", script)


@pytest.mark.root
def test_an_avahi_host_is_known_by_its_name_and_service(home: Home) -> None:
    need("avahi-daemon", "unshare")
    if not Path("/etc/avahi/services").is_dir():
        pytest.skip("avahi has no folder of services here")
    printer = home.plug("printer", 11)
    hub = home.watch()
    avahi(home, "printer")
    thing = hub.until_known(printer, kind="printer", maker="Brother")
    assert f"{NETWORK}.11" in thing["ips"]
    assert "台所のプリンター" in thing["names"]
    told = hub.until(
        lambda told: any("daidokoro" in name for name in hub.thing(told, printer)["names"])
    )
    assert told["alerts"] == []
    assert told["troubles"] == []


@pytest.mark.root
def test_a_media_server_is_known_by_its_description(home: Home) -> None:
    need("minidlnad")
    server = home.plug("media", 12)
    files = home.folder / "files"
    files.mkdir()
    settings = home.folder / "minidlna.conf"
    settings.write_text(
        f"port=8200\nmedia_dir={files}\ndb_dir={home.folder}\nlog_dir={home.folder}\n"
        "friendly_name=居間の録画機\nnetwork_interface=eth0\nnotify_interval=5\n"
    )
    hub = home.watch()
    home.start("media", "minidlnad", "-S", "-f", str(settings), "-P", str(home.folder / "pid"))
    told = hub.until(lambda told: "upnp.description" in hub.thing(told, server).get("heard_by", ()))
    thing = hub.thing(told, server)
    assert "居間の録画機" in thing["names"]
    assert thing["model"]
    assert told["alerts"] == []


@pytest.mark.root
def test_a_renderer_is_known_by_its_description(home: Home) -> None:
    need("gmediarender")
    renderer = home.plug("speaker", 13)
    hub = home.watch()
    command = (
        "gmediarender",
        "-f",
        "Bedroom speaker",
        "-I",
        "eth0",
        "--gstout-audiosink=fakesink",
    )
    home.start("speaker", *command)
    told = hub.until(
        lambda told: "upnp.description" in hub.thing(told, renderer).get("heard_by", ())
    )
    assert "Bedroom speaker" in hub.thing(told, renderer)["names"]
    assert told["alerts"] == []


@pytest.mark.root
def test_echonet_nodes_are_known_by_their_own_answers(home: Home) -> None:
    battery = home.plug("battery", 14)
    home.start("battery", sys.executable, str(PEERS), "echonet", f"{NETWORK}.14")
    hub = home.watch()
    hub.until_known(battery, kind="storage-battery", maker="Nichicon", model="ESS-U4M1")
    assert hub.state["alerts"] == []


@pytest.mark.root
def test_an_independent_echonet_node_is_known_and_its_maps_are_read(home: Home) -> None:
    need("node")
    if not ECHONET_JS.is_dir():
        pytest.skip("echonet-lite for Node.js is not in .tools; .ci/run brings it")
    node = shutil.which("node") or "node"
    aircon = home.plug("aircon", 15)
    home.start("aircon", node, str(HERE / "aircon.js"), str(ECHONET_JS), f"{NETWORK}.15")
    hub = home.watch()

    def is_known(told: State) -> bool:
        thing = hub.thing(told, aircon)
        return bool(thing) and thing["model"] == "AC-7" and len(thing["children"]) == 2

    told = hub.until(is_known)
    kinds = {thing["kind"] for thing in told["things"] if thing["behind"] == aircon}
    assert kinds == {"air-conditioner", "light"}
    assert told["alerts"] == []


@pytest.mark.root
def test_an_independent_decoder_reads_property_maps_as_we_do(home: Home) -> None:
    need("node")
    if not ECHONET_JS.is_dir():
        pytest.skip("echonet-lite for Node.js is not in .tools; .ci/run brings it")
    home.plug("reader", 16)
    for epcs in (range(0x80, 0x90), range(0x80, 0x100), (*range(0x80, 0xF8, 7), 0x9F, 0xFF)):
        edt = echonet.encode_property_map(frozenset(epcs)).hex()
        script = (
            "const EL = require(process.argv[1]);"
            "console.log(EL.bytesToString(EL.parseMapForm2(process.argv[2])));"
        )
        told = home.run("reader", "node", "-e", script, str(ECHONET_JS), edt)
        count, *read = bytes.fromhex(told.strip())
        assert count == len(set(epcs))
        assert set(read) == set(epcs)
