"""Sighting: one normalised fact heard from the network or a protocol."""

from __future__ import annotations

import msgspec


class Sighting(msgspec.Struct, frozen=True):
    """One fact, as heard; nothing is concluded here.

    Attributes:
        at: when it was heard, seconds since the epoch.
        source: who it is about: a MAC address (``aa:bb:cc:dd:ee:ff``) where one is known,
            otherwise ``ip:<address>``.
        kind: dotted name of the fact, from the list ``KINDS``.
        fields: the fact's values, already bounded and made printable text.
    """

    at: float
    source: str
    kind: str
    fields: dict[str, str] = {}


KINDS = {
    "address.ipv4": "an IPv4 address in use: ip",
    "address.ipv6": "an IPv6 address in use: ip",
    "neighbour.entry": "the kernel's neighbour table names it: ip, state, interface",
    "dhcp.request": "what it tells a DHCP server: hostname, vendor_class, parameters, requested_ip, "
    "client_id, mud_url",
    "dhcp6.request": "what it tells a DHCPv6 server: fqdn, vendor_class, options, duid, mud_url",
    "dhcp.offer": "it answers as a DHCP server: router, dns, server, message (offer, ack, nak)",
    "mdns.name": "a host name announced by mDNS: name, ip",
    "mdns.service": "a service announced by mDNS (RFC 6763): type, instance, host, port, txt.<key>",
    "mdns.search": "a service type searched by mDNS: type",
    "dns.query": "a name it asked for: name",
    "llmnr.name": "a name claimed by LLMNR: name",
    "netbios.name": "a name claimed by NetBIOS: name, suffix",
    "ssdp.notify": "announced by SSDP: nt, usn, server, location",
    "ssdp.search": "searched by SSDP: st, user_agent",
    "upnp.description": "its UPnP description: device_type, friendly_name, manufacturer, "
    "model_name, model_number, serial_number",
    "echonet.object": "an ECHONET Lite object it has: eoj, epc.<hex> = value in hex; get, set, inf: the "
    "codes of its property maps in hex",
    "tls.client": "a TLS ClientHello it sent: sni, alpn, ja4",
    "http.request": "an HTTP request it sent: host, method, path, user_agent",
    "http.response": "an HTTP response it sent: server",
    "coap.message": "CoAP it spoke: role, path",
    "mqtt.connect": "MQTT it spoke: client_id, username_present, role",
    "talk.service": "a well-known service it offers or uses: proto, port, role",
    "lldp.says": "what it says of itself by LLDP: name, description, mud_url",
    "name.address": "an address that it reaches under a name, as a resolver (dns) answered it or it "
    "says itself (tls, quic, http): name, ip, by",
    "icmp6.router": "it announces itself as an IPv6 router: prefix, mac, lifetime",
    "sample.thing": "a thing of the sample home tells what it is: name, kind, industry",
    "bridge.child": "a thing that lives behind it, by its word: child, name, maker, model, kind (ours, "
    "or a UPnP device type), by",
}
