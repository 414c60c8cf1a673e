"""TCP and UDP: which payload goes to which decoder, and which flows have no more to tell."""

from __future__ import annotations

from enum import Enum
from struct import Struct
from typing import TYPE_CHECKING

from omamori.adapters.capture.opening import Openings
from omamori.adapters.capture.publishers import Publishers
from omamori.adapters.capture.recent import Recent
from omamori.adapters.capture.services import TCP_SERVICES, UDP_SERVICES
from omamori.adapters.capture.told import Speakers, Told, ip_text, who
from omamori.adapters.protocols import coap, dhcp, dns, echonet, http, mqtt, netbios, quic, tls
from omamori.adapters.protocols.reached import reached

if TYPE_CHECKING:
    from collections.abc import Callable

    from omamori.adapters.capture.direction import Direction
    from omamori.adapters.protocols.text import Facts

PAYLOADS_REMEMBERED = 32_768
QUESTIONS_REMEMBERED = 8_192  # of a minute or two: 8 B each, and a resolver answers in seconds
LOOKS_MAX = 16  # frames of one TCP direction that are looked into; what matters comes first

_TCP = Struct("!HHI4xBB")
_UDP = Struct("!HHH")
_FIN, _SYN, _RST, _ACK = 1, 2, 4, 16
_DHCP_PORTS = {67, 68}
DNS_PORT, MQTT_PORT = 53, 1883
RESOLVER = b"\0\x35"  # that port, as a frame has it
SERVER = b"t"  # tells a TCP server's port from a UDP one's among what was said

_BY_ANY_PORT: dict[int, Callable[[bytes], Facts]] = {
    137: netbios.name_facts,
    138: netbios.datagram_facts,
    547: dhcp.facts6,
    1900: http.ssdp_facts,
    3610: echonet.sightings,
    5353: dns.mdns_facts,
    5355: dns.llmnr_facts,
    5683: coap.facts,
}
_BY_PORT = _BY_ANY_PORT | {53: dns.query_facts}  # what comes from port 53 is a server's answer


_SAID_ONCE: tuple[tuple[Callable[[bytes], bool], Callable[[bytes], Facts]], ...] = (
    (http.looks_like_response, http.response_facts),
    (mqtt.looks_like_connack, mqtt.connack_facts),
)


class Then(Enum):
    """What the next segments of a direction are worth."""

    HOLD = "they complete this one"
    MORE = "they may say something new"
    DONE = "nothing"


class Talk:
    """What things say to one another over TCP and UDP.

    Attributes:
        period: number of the minute; a direction that has no more to tell is quiet in it.
        said: what was heard lately, by hash; Python seeds it, so nobody can aim at it. UDP
            payloads and HTTP requests (by speaker and port), TLS hellos, greetings (SYN, by
            speaker, port and flags), and servers that have answered (by speaker and port: the
            first answer within the hour speaks for the others).
    """

    def __init__(self, told: Told, speakers: Speakers) -> None:
        self.period = 0
        self.said: Recent[int] = Recent(PAYLOADS_REMEMBERED)
        self.broken = 0
        self._told = told
        self._speakers = speakers
        self._questions: Recent[int] = Recent(QUESTIONS_REMEMBERED)
        self._openings = Openings()
        self._hellos = quic.Hellos()
        self._publishers = Publishers()

    def forget(self) -> None:
        """From now on everything is listened to again."""
        self.said.forget()
        self._publishers.forget()

    def begin_minute(self) -> None:
        """Look again at quiet directions; questions that were not answered by now never are."""
        self.period += 1
        self._questions.age()

    def udp(
        self,
        at: float,
        frame: bytes,
        mac: bytes,
        peer: bytes,
        source: bytes,
        target: bytes,
        start: int,
        end: int,
        one: Direction,
    ) -> None:
        """One datagram, which lies in ``frame`` from ``start`` to ``end``."""
        if end < start + 8:
            self.broken += 1
            return
        speaker = mac + source
        # Without source port and the first two octets: a repeated question differs only there.
        said = hash((mac or source) + frame[start + 2 : start + 4] + frame[start + 10 :])
        is_known = one.quiet_in == self.period or self.said.has(said)
        from_port, to_port, size = _UDP.unpack_from(frame, start)
        payload = frame[start + 8 : min(end, start + max(size, 8))]
        if to_port in _DHCP_PORTS and not is_known:
            self._dhcp(at, mac, payload)
        self._asks(speaker, target, frame[start : start + 4], payload)
        if from_port == DNS_PORT:
            self._resolver(at, mac, peer, source, target, payload, to_port)
            return
        if not self._is_own(at, mac, source, speaker):
            if to_port not in _DHCP_PORTS:
                one.quiet_in = self.period
            return
        if is_known:
            return
        self.said.add(said)
        self._service(at, mac, source, "udp", UDP_SERVICES, from_port, to_port)
        decoder = _BY_PORT.get(to_port) or _BY_ANY_PORT.get(from_port)
        if decoder is not None:
            self._told.facts(at, who(mac, source), decoder(payload))
        elif to_port not in _DHCP_PORTS and not self._quic(
            at, mac, source, target, speaker + target + frame[start : start + 4], payload
        ):
            one.quiet_in = self.period
            if from_port in UDP_SERVICES:  # its answers go to ever new ports and tell no more
                self.said.add(hash(speaker + frame[start : start + 2]))

    def _quic(
        self, at: float, mac: bytes, source: bytes, target: bytes, flow: bytes, payload: bytes
    ) -> bool:
        """Whether the flow's next datagrams complete a hello that begins here."""
        if not quic.looks_like_initial(payload) and not self._hellos.waits(flow):
            return False
        facts, is_more = self._hellos.read(flow, payload)
        if facts:
            self._told.facts(at, who(mac, source), reached(facts, ip_text(target), "quic"))
        return is_more

    def _resolver(
        self,
        at: float,
        mac: bytes,
        peer: bytes,
        source: bytes,
        target: bytes,
        payload: bytes,
        to_port: int,
    ) -> None:
        """What comes from a resolver's port is never quiet: each answer may tell a new address."""
        self._answer(at, peer, source, target, to_port.to_bytes(2), payload)
        if self._is_own(at, mac, source, mac + source):
            self._service(at, mac, source, "udp", UDP_SERVICES, DNS_PORT, to_port)
            if to_port == DNS_PORT:  # as old resolvers ask one another
                self._told.facts(at, who(mac, source), dns.query_facts(payload))

    def _asks(self, speaker: bytes, resolver: bytes, ports: bytes, payload: bytes) -> None:
        """What goes to a resolver's port is a question: its answer will be believed."""
        if ports[2:] == RESOLVER:
            self._questions.add(hash((speaker, resolver, ports[:2], payload[:2])))

    def _answer(
        self, at: float, asker: bytes, resolver: bytes, ip: bytes, port: bytes, payload: bytes
    ) -> None:
        """An answer tells of its asker, where that one is on this network, and did ask.

        Anybody can send an answer that nobody asked for, and so name an address for another:
        like the asker (RFC 5452 §9.1), believe it only for the question's addresses, port, and id.
        """
        if asker and (asker[0] & 1 or not any(asker)):
            return
        if not self._questions.has(hash((asker + ip, resolver, port, payload[:2]))):
            return
        said = hash(asker + ip + payload[2:])  # without the number, which a repetition changes
        if any(ip) and self._speakers.is_neighbour(asker, ip) and not self.said.has(said):
            self.said.add(said)
            self._told.facts(at, who(asker, ip), dns.answer_facts(payload))

    def _dns(
        self, at: float, speaker: bytes, peer: bytes, target: bytes, ports: bytes, octets: bytes
    ) -> tuple[Facts, Then]:
        """DNS over TCP: what the sender asks; an answer is told of its asker at once."""
        messages, used = dns.framed(octets)
        facts: Facts = []
        for message in messages:
            if ports[:2] == RESOLVER:
                source = speaker[-len(target) :]
                self._answer(at, peer, source, target, ports[2:], message)
            else:
                self._asks(speaker, target, ports, message)
                facts += dns.query_facts(message)
        return facts, Then.HOLD if used < len(octets) else Then.MORE

    def _is_own(self, at: float, mac: bytes, source: bytes, speaker: bytes) -> bool:
        """Whether the speaker is on this network; tells its address when that is news."""
        if speaker in self._told.addresses.young:
            return True
        if not self._speakers.is_own(mac, source):
            return False
        self._told.address(at, mac, source)
        return True

    def _dhcp(self, at: float, mac: bytes, payload: bytes) -> None:
        """DHCP names its client itself; a server's frame speaks of both."""
        message = dhcp.parse(payload)
        if message.client_mac and not message.client_mac[0] & 1:
            self._told.facts(at, message.client_mac.hex(":"), message.client_facts)
        if mac:
            self._told.facts(at, mac.hex(":"), message.server_facts)

    def tcp(
        self,
        at: float,
        frame: bytes,
        mac: bytes,
        peer: bytes,
        source: bytes,
        target: bytes,
        start: int,
        end: int,
        one: Direction,
    ) -> None:
        """One segment, which lies in ``frame`` from ``start`` to ``end``."""
        if end < start + 20:
            self.broken += 1
            return
        speaker = mac + source
        is_own = self._is_own(at, mac, source, speaker)
        is_of_use = is_own or frame[start : start + 2] == RESOLVER
        if not is_of_use or one.looks > LOOKS_MAX:
            one.quiet_in = self.period
            return
        from_port, to_port, sequence, words, flags = _TCP.unpack_from(frame, start)
        if flags & _SYN:
            if is_own:
                self._greeting(at, mac, source, frame[start : start + 14])
            return
        one.looks += 1
        is_over = flags & (_FIN | _RST) or one.looks > LOOKS_MAX
        begin = start + (words >> 4) * 4
        if start + 20 <= begin < end and not flags & _RST:
            if one.looks == 1 and is_own:
                self._service(at, mac, source, "tcp", TCP_SERVICES, from_port, to_port)
            flow = speaker + target + frame[start : start + 4]
            octets, padded = frame[begin:end], frame[begin:]
            published = self._publishers.read(
                flow, speaker, sequence, octets, is_broker=to_port == MQTT_PORT
            )
            if published is not None:
                self._told.facts(at, who(mac, source), published)
                one.looks = 1
                return
            facts, then = self._segment(at, peer, target, flow, sequence, octets, padded)
            self._told.facts(at, who(mac, source), facts)
            is_over = is_over or then is Then.DONE
        if is_over:
            one.looks = LOOKS_MAX + 1
            one.quiet_in = self.period

    def _segment(
        self,
        at: float,
        peer: bytes,
        target: bytes,
        flow: bytes,
        sequence: int,
        octets: bytes,
        padded: bytes,
    ) -> tuple[Facts, Then]:
        """What a segment says together with what was held before it."""
        speaker, ports = flow[: -len(target) - 4], flow[-4:]
        payload = self._openings.join(flow, sequence, octets)
        if RESOLVER in (ports[:2], ports[2:]):
            facts, then = self._dns(at, speaker, peer, target, ports, payload)
        else:
            facts, then = self._read(speaker + target, payload)
            facts = reached(facts, ip_text(target))
        if then is Then.HOLD:
            self._openings.hold(flow, sequence, len(octets), payload)
        else:
            self._remember(then, speaker, payload, ports, padded)
        return facts, then

    def _remember(
        self, then: Then, speaker: bytes, payload: bytes, ports: bytes, rest: bytes
    ) -> None:
        """What need not be read again when it is repeated; ``rest`` is the frame's."""
        if then is Then.MORE:
            self.said.add(hash(speaker + ports[2:] + rest))
        elif http.looks_like_response(payload):
            self.said.add(hash(speaker + ports[:2] + SERVER))

    def _greeting(self, at: float, mac: bytes, source: bytes, head: bytes) -> None:
        """A SYN uses a service if it is well known; who accepts one offers it, known or not."""
        from_port, to_port, _, _, flags = _TCP.unpack_from(head)
        is_accepted = flags & _ACK
        self.said.add(hash(mac + source + (head[:2] if is_accepted else head[2:4]) + head[13:]))
        if is_accepted:
            fields = {"proto": "tcp", "port": str(from_port), "role": "offers"}
        elif to_port in TCP_SERVICES:
            fields = {"proto": "tcp", "port": str(to_port), "role": "uses"}
        else:
            return
        self._told.fact(at, who(mac, source), "talk.service", fields)

    def _service(
        self, at: float, mac: bytes, source: bytes, proto: str, known: frozenset[int], *ports: int
    ) -> None:
        """A well-known port on one side only says which side serves."""
        offers, uses = (port in known for port in ports)
        if offers == uses:
            return
        port, role = (ports[0], "offers") if offers else (ports[1], "uses")
        said = hash((mac, source, proto, port, role))
        if not self.said.has(said):
            self.said.add(said)
            fields = {"proto": proto, "port": str(port), "role": role}
            self._told.fact(at, who(mac, source), "talk.service", fields)

    def _read(self, speaker: bytes, payload: bytes) -> tuple[Facts, Then]:
        """What the beginning of a TCP direction says, and what its next segments are worth."""
        if http.looks_like_request(payload):
            if b"\r\n\r\n" not in payload and len(payload) <= http.HEAD_OCTETS_MAX:
                return [], Then.HOLD
            return http.request_facts(payload), Then.MORE
        if tls.looks_like_hello(payload):
            if len(payload) < tls.octets_wanted(payload):
                return [], Then.HOLD
            said = hash(speaker + tls.without_random(payload))
            is_known = self.said.has(said)
            self.said.add(said)
            return ([] if is_known else tls.facts(payload)), Then.DONE
        for looks_like, facts in _SAID_ONCE:
            if looks_like(payload):
                return facts(payload), Then.DONE
        return [], Then.DONE
