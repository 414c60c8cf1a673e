"""The DNS message format (RFC 1035 §4) and what DNS, mDNS and LLMNR say of their speaker."""

from __future__ import annotations

from socket import AF_INET6, inet_ntoa, inet_ntop
from struct import Struct
from struct import error as struct_error
from typing import NamedTuple

from omamori.adapters.protocols.text import Facts, plain, worded

QUESTIONS_MAX = 32
RECORDS_MAX = 256
NAME_OCTETS_MAX = 255  # RFC 1035 §3.1; holds at most 127 labels
LABEL_OCTETS_MAX = 63
JUMPS_MAX = 16
POINTERS_MAX = 512
TXT_KEYS_MAX = 32
TXT_VALUE_MAX = 200
ALIASES_MAX = 16  # CNAME records followed from the name that was asked for
FRAMED_MAX = 32  # messages of one TCP segment that are read
ADDRESSES_MAX = 32  # told of one answer; more do not fit into one datagram of usual size

A, CNAME, PTR, TXT, AAAA, SRV = 1, 5, 12, 16, 28, 33
_POINTER = 0xC0  # the two high bits, RFC 1035 §4.1.4
_COUNTS = Struct("!6H")
_QUESTION = Struct("!2H")
_RECORD = Struct("!2HIH")
_SRV = Struct("!3H")
_RCODE = 15  # RFC 1035 §4.1.1: the low bits of the flags; 0 is no error
_BROWSE = b"_services._dns-sd._udp.local"  # RFC 6763 §9: asks for types, names no thing


Names = dict[int, bytes]


class Record(NamedTuple):
    """A resource record: owner, type, where its value lies, and its cache lifetime in seconds."""

    name: bytes
    kind: int
    start: int
    end: int
    ttl_s: int


class Message(NamedTuple):
    """A parsed message; ``payload`` and ``names`` stay for the names inside values.

    ``answered`` of the ``records`` are answers; authority and additional records follow.
    """

    payload: bytes
    is_response: bool
    opcode: int
    rcode: int
    questions: list[tuple[bytes, int]]
    records: list[Record]
    answered: int
    names: Names


class DnsError(ValueError):
    """Not a DNS message; stays in this module."""


def _name(payload: bytes, at: int, names: Names) -> tuple[bytes, int]:
    """The name at ``at`` with dots, and the position after it.

    A compression pointer must point before the name that it ends, so that no loop is possible
    (RFC 1035 §4.1.4: "a prior occurrence").

    Args:
        payload: the message.
        at: where the name begins.
        names: names of this message that pointers have led to, by position.
    """
    labels: list[bytes] = []
    octets, begin = 0, at
    while size := payload[at]:
        if size >= _POINTER:
            target = (size & 0x3F) << 8 | payload[at + 1]
            if target >= begin or len(names) > POINTERS_MAX:
                raise DnsError
            tail = names.get(target)
            if tail is None:
                tail = names[target] = _pointed(payload, target, names)
            if labels:
                tail = b".".join([*labels, tail])
            if len(tail) > NAME_OCTETS_MAX:
                raise DnsError
            return tail, at + 2
        octets += size + 1
        label = payload[at + 1 : at + 1 + size]
        if size > LABEL_OCTETS_MAX or octets > NAME_OCTETS_MAX or len(label) < size:
            raise DnsError
        labels.append(label)
        at += size + 1
    return b".".join(labels), at + 1


def _pointed(payload: bytes, at: int, names: Names) -> bytes:
    """The name that a pointer leads to; pointers there are followed at most ``JUMPS_MAX`` deep."""
    jumps = names.get(-1, b"")
    if len(jumps) >= JUMPS_MAX:
        raise DnsError
    names[-1] = jumps + b"."
    name = _name(payload, at, names)[0]
    names[-1] = jumps
    return name


def _records(payload: bytes, at: int, count: int, names: Names) -> tuple[list[Record], int]:
    records = []
    for _ in range(min(count, RECORDS_MAX)):
        name, at = _name(payload, at, names)
        kind, _klass, ttl_s, size = _RECORD.unpack_from(payload, at)
        start = at + _RECORD.size
        at = start + size
        if at > len(payload):
            raise DnsError
        records.append(Record(name, kind, start, at, ttl_s))
    return records, at


def parse(payload: bytes, *, whole: bool = True) -> Message | None:
    """The message in ``payload``, or None when it is not one or was cut.

    Questions beyond ``QUESTIONS_MAX`` refuse the message, for the records lie behind them. The
    records of a question are left unread: what an asker already knows is not about itself. Unless
    ``whole``, so is what follows the answers.
    """
    names: Names = {}
    try:
        _id, flags, asked, answered, authority, extra = _COUNTS.unpack_from(payload)
        if asked > QUESTIONS_MAX:
            return None
        at = _COUNTS.size
        questions = []
        for _ in range(asked):
            name, at = _name(payload, at, names)
            questions.append((name, _QUESTION.unpack_from(payload, at)[0]))
            at += _QUESTION.size
        is_response = bool(flags & 0x8000)
        records: list[Record] = []
        if is_response:
            records, at = _records(payload, at, answered + (authority + extra) * whole, names)
    except (DnsError, IndexError, struct_error):
        return None
    opcode, rcode = flags >> 11 & 15, flags & _RCODE
    return Message(payload, is_response, opcode, rcode, questions, records, answered, names)


def query_facts(payload: bytes) -> Facts:
    """The names that a DNS client asks for; nothing for a server's answer."""
    message = parse(payload)
    if message is None or message.is_response or message.opcode:
        return []
    return [("dns.query", {"name": plain(name).lower()}) for name, _ in message.questions if name]


def answer_facts(payload: bytes) -> Facts:
    """The addresses that a server's answer gives for the one name asked; it is its asker's fact.

    Aliases are followed from the asked name on (RFC 1034 §3.6.2), in whatever order they stand:
    the name that a thing asks for is the name that it, and its maker's MUD file, goes by.
    """
    message = parse(payload, whole=False)
    if message is None or not message.is_response or message.opcode or message.rcode:
        return []
    if len(message.questions) != 1:  # a second question has no meaning (RFC 9619)
        return []
    records = message.records[: message.answered]
    asked = message.questions[0][0].lower()
    names = _aliases(asked, payload, records, message.names)
    name = plain(asked)
    found = dict.fromkeys(
        ip for record in records if record.name.lower() in names and (ip := _ip(payload, record))
    )
    if not name:
        return []
    return [
        ("name.address", {"name": name, "ip": ip, "by": "dns"})
        for ip in list(found)[:ADDRESSES_MAX]
    ]


def _aliases(asked: bytes, payload: bytes, records: list[Record], names: Names) -> set[bytes]:
    """The asked name and the names that stand for it, in lower case."""
    aliases: dict[bytes, bytes] = {}
    for record in records:
        if record.kind == CNAME:
            try:
                aliases[record.name.lower()] = _name(payload, record.start, names)[0].lower()
            except (DnsError, IndexError):
                continue
    found = {asked}
    for _ in range(ALIASES_MAX):
        if asked not in aliases:
            break
        asked = aliases[asked]
        found.add(asked)
    return found


def _ip(payload: bytes, record: Record) -> str:
    """The address in an A or AAAA record; empty where it can be nobody's (such as 0.0.0.0)."""
    value = payload[record.start : record.end]
    if record.kind == A and len(value) == 4 and 0 < value[0] < 0xE0 and value[0] != 127:  # noqa: PLR2004 - RFC 1122 §3.2.1.3
        return inet_ntoa(value)
    if record.kind == AAAA and len(value) == 16 and any(value[:15]) and value[0] != 0xFF:  # noqa: PLR2004 - RFC 4291 §2.4
        return inet_ntop(AF_INET6, value)
    return ""


def framed(octets: bytes) -> tuple[list[bytes], int]:
    """Whole messages of a TCP stream (RFC 1035 §4.2.2: length first), and the octets they take."""
    found: list[bytes] = []
    at = 0
    while at + 2 <= len(octets) and len(found) < FRAMED_MAX:
        end = at + 2 + int.from_bytes(octets[at : at + 2])
        if end > len(octets):
            break
        found.append(octets[at + 2 : end])
        at = end
    return found, at


def llmnr_facts(payload: bytes) -> Facts:
    """The names that the speaker answers to by LLMNR (RFC 4795); a question claims nothing."""
    message = parse(payload, whole=False)
    if message is None or not message.is_response:
        return []
    names = {
        record.name for record in message.records[: message.answered] if record.kind in (A, AAAA)
    }
    return [("llmnr.name", {"name": plain(name)}) for name in sorted(names)]


def mdns_facts(payload: bytes) -> Facts:
    """Host names and services announced, and service types searched, by mDNS (RFC 6762, 6763).

    Answers inside a question are what the asker already knows of others (RFC 6762 §7.1): they
    say nothing about the asker.
    """
    message = parse(payload)
    if message is None or message.opcode:
        return []
    if not message.is_response:
        wanted = {name.lower() for name, kind in message.questions if kind == PTR}
        return [
            ("mdns.search", {"type": plain(name)})
            for name in sorted(wanted)
            if name.startswith(b"_") and name != _BROWSE
        ]
    alive = [record for record in message.records if record.ttl_s]
    return _hosts(payload, alive) + _services(payload, alive, message.names)


def _hosts(payload: bytes, records: list[Record]) -> Facts:
    facts: Facts = []
    for record in records:
        value = payload[record.start : record.end]
        if record.kind == A and len(value) == 4:  # noqa: PLR2004 - an IPv4 address
            facts.append(("mdns.name", {"name": plain(record.name), "ip": inet_ntoa(value)}))
        elif record.kind == AAAA and len(value) == 16:  # noqa: PLR2004 - an IPv6 address
            ip = inet_ntop(AF_INET6, value)
            facts.append(("mdns.name", {"name": plain(record.name), "ip": ip}))
    return facts


def _services(payload: bytes, records: list[Record], names: Names) -> Facts:
    """One fact per service instance, from its PTR, SRV and TXT records together."""
    services: dict[bytes, dict[str, str]] = {}
    for record in records:
        try:
            if record.kind == PTR and record.name.startswith(b"_") and record.name != _BROWSE:
                services.setdefault(_name(payload, record.start, names)[0], {})
            elif record.kind == SRV:
                fields = services.setdefault(record.name, {})
                fields["port"] = str(_SRV.unpack_from(payload, record.start)[2])
                fields["host"] = plain(_name(payload, record.start + _SRV.size, names)[0])
            elif record.kind == TXT:
                fields = services.setdefault(record.name, {})
                fields.update(_texts(payload[record.start : record.end]))
        except (DnsError, IndexError, struct_error):
            continue
    facts: Facts = []
    for name, fields in services.items():
        instance, kind = _split_instance(name)
        if kind:
            facts.append(("mdns.service", worded(type=kind, instance=instance) | fields))
    return facts


def _split_instance(name: bytes) -> tuple[str, str]:
    """``Living Room._hap._tcp.local`` into its instance and its type (RFC 6763 §4.1)."""
    for protocol in (b"._tcp.local", b"._udp.local"):
        if name.lower().endswith(protocol):
            instance, _, service = name[: -len(protocol)].rpartition(b"._")
            if service and instance:
                return plain(instance), plain(b"_" + service + protocol).lower()
    return "", ""


def _texts(value: bytes) -> dict[str, str]:
    """``key=value`` strings of a TXT record; the first of equal keys counts (RFC 6763 §6.4)."""
    fields: dict[str, str] = {}
    at = 0
    while at < len(value) and len(fields) < TXT_KEYS_MAX:
        size = value[at]
        key, _, text = value[at + 1 : at + 1 + size].partition(b"=")
        at += 1 + size
        name = plain(key, 32).lower()
        if name:
            fields.setdefault(f"txt.{name}", plain(text, TXT_VALUE_MAX))
    return fields
