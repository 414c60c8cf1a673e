"""TCP and UDP: which payload goes to which decoder, and which flows have no more to tell."""

from __future__ import annotations

from struct import Struct
from typing import TYPE_CHECKING

from omamori.adapters.capture.opening import Openings
from omamori.adapters.capture.recent import Recent
from omamori.adapters.capture.services import TCP_SERVICES, UDP_SERVICES
from omamori.adapters.capture.told import Speakers, Told, who
from omamori.adapters.protocols import coap, dhcp, dns, echonet, http, mqtt, netbios, tls

if TYPE_CHECKING:
    from collections.abc import Callable

    from omamori.adapters.capture.network import Packet
    from omamori.adapters.protocols.text import Facts

FLOWS_REMEMBERED = 32_768
PAYLOADS_REMEMBERED = 32_768
LOOKS_MAX = 16  # frames of one TCP direction that are looked into; what matters comes first

_TCP = Struct("!HHI4xBB")
_UDP = Struct("!HHH")
_FIN, _SYN, _RST, _ACK = 1, 2, 4, 16
_DHCP_PORTS = {67, 68}
_DNS_PORT = 53

_BY_PORT: dict[int, Callable[[bytes], Facts]] = {
    137: netbios.name_facts,
    138: netbios.datagram_facts,
    547: dhcp.facts6,
    1900: http.ssdp_facts,
    3610: echonet.sightings,
    5353: dns.mdns_facts,
    5355: dns.llmnr_facts,
    5683: coap.facts,
}


class Talk:
    """What things say to one another over TCP and UDP.

    Attributes:
        quiet_tcp: directions (MAC, addresses, ports) from which nothing more is expected.
        quiet_udp: the same for UDP flows on ports that no decoder reads.
        said: UDP payloads heard lately, by hash; Python seeds it, so nobody can aim at it.
    """

    def __init__(self, told: Told, speakers: Speakers) -> None:
        self.quiet_tcp: Recent[bytes] = Recent(FLOWS_REMEMBERED)
        self.quiet_udp: Recent[bytes] = Recent(FLOWS_REMEMBERED)
        self.said: Recent[int] = Recent(PAYLOADS_REMEMBERED)
        self.broken = 0
        self._told = told
        self._speakers = speakers
        self._looks: dict[bytes, int] = {}
        self._openings = Openings()

    def forget(self) -> None:
        """Begin a new period, in which everything is listened to again."""
        self.quiet_tcp.forget()
        self.quiet_udp.forget()
        self.said.forget()

    def udp(self, at: float, mac: bytes, packet: Packet, frame: bytes) -> None:
        """One datagram."""
        start, source = packet.start, packet.source
        if packet.end < start + 8:
            self.broken += 1
            return
        flow = mac + source + packet.destination + frame[start : start + 4]
        # Without source port and the first two octets: a repeated question differs only there.
        said = hash(mac + source + frame[start + 2 : start + 4] + frame[start + 10 :])
        if self.quiet_udp.has(flow) or self.said.has(said):
            return
        self.said.add(said)
        from_port, to_port, size = _UDP.unpack_from(frame, start)
        payload = frame[start + 8 : min(packet.end, start + max(size, 8))]
        if to_port in _DHCP_PORTS:
            self._dhcp(at, mac, payload)
        if not self._speakers.is_own(mac, source):
            self.quiet_udp.add(flow)
            return
        self._told.address(at, mac, source)
        name = who(mac, source)
        self._service(at, name, "udp", UDP_SERVICES, from_port, to_port)
        if to_port == _DNS_PORT:
            self._told.facts(at, name, dns.query_facts(payload))
        elif decoder := _BY_PORT.get(to_port) or _BY_PORT.get(from_port):
            self._told.facts(at, name, decoder(payload))
        elif to_port not in _DHCP_PORTS:
            self.quiet_udp.add(flow)

    def _dhcp(self, at: float, mac: bytes, payload: bytes) -> None:
        """DHCP names its client itself; a server's frame speaks of both."""
        message = dhcp.parse(payload)
        if message.client_mac and not message.client_mac[0] & 1:
            self._told.facts(at, message.client_mac.hex(":"), message.client_facts)
        if mac:
            self._told.facts(at, mac.hex(":"), message.server_facts)

    def tcp(self, at: float, mac: bytes, packet: Packet, frame: bytes) -> None:
        """One segment."""
        start, end, source = packet.start, packet.end, packet.source
        if end < start + 20:
            self.broken += 1
            return
        flow = mac + source + packet.destination + frame[start : start + 4]
        if self.quiet_tcp.has(flow):
            return
        if not self._speakers.is_own(mac, source):
            self.quiet_tcp.add(flow)
            return
        from_port, to_port, sequence, words, flags = _TCP.unpack_from(frame, start)
        self._told.address(at, mac, source)
        if flags & _SYN:
            self._greeting(at, who(mac, source), from_port, to_port, flags)
            return
        looks = self._looks.get(flow, 0) + 1
        is_over = flags & (_FIN | _RST) or looks > LOOKS_MAX
        begin = start + (words >> 4) * 4
        if start + 20 <= begin < end and not flags & _RST:
            payload = self._openings.join(flow, sequence, frame[begin:end])
            name = who(mac, source)
            self._service(at, name, "tcp", TCP_SERVICES, from_port, to_port)
            facts, wants_more = _read(payload)
            self._told.facts(at, name, facts)
            if wants_more and not facts:
                self._openings.hold(flow, sequence, end - begin, payload)
            is_over = is_over or not wants_more
        if is_over:
            self._looks.pop(flow, None)
            self.quiet_tcp.add(flow)
        else:
            if len(self._looks) >= FLOWS_REMEMBERED:
                self._looks.clear()
            self._looks[flow] = looks

    def _greeting(self, at: float, name: str, from_port: int, to_port: int, flags: int) -> None:
        """A SYN uses a service if it is well known; who accepts one offers it, known or not."""
        if flags & _ACK:
            offered = {"proto": "tcp", "port": str(from_port), "role": "offers"}
            self._told.fact(at, name, "talk.service", offered)
        elif to_port in TCP_SERVICES:
            used = {"proto": "tcp", "port": str(to_port), "role": "uses"}
            self._told.fact(at, name, "talk.service", used)

    def _service(
        self, at: float, name: str, proto: str, known: frozenset[int], from_port: int, to_port: int
    ) -> None:
        """A well-known port on one side only says which side serves."""
        offers, uses = from_port in known, to_port in known
        if offers != uses:
            port, role = (from_port, "offers") if offers else (to_port, "uses")
            fields = {"proto": proto, "port": str(port), "role": role}
            self._told.fact(at, name, "talk.service", fields)


def _read(payload: bytes) -> tuple[Facts, bool]:
    """What the beginning of a TCP direction says, and whether the next segments matter too."""
    if tls.looks_like_hello(payload):
        if len(payload) < tls.octets_wanted(payload):
            return [], True
        return tls.facts(payload), False
    if http.looks_like_request(payload):
        is_whole = b"\r\n\r\n" in payload or len(payload) > http.HEAD_OCTETS_MAX
        return (http.request_facts(payload) if is_whole else []), True
    if http.looks_like_response(payload):
        return http.response_facts(payload), False
    if mqtt.looks_like_connect(payload):
        return mqtt.connect_facts(payload), False
    if mqtt.looks_like_connack(payload):
        return [("mqtt.connect", {"role": "server"})], False
    return [], False
