"""Names under which an address is called: what a hello or a request adds to its target's address."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from omamori.adapters.protocols.text import Facts

NAME_OCTETS_MAX = 253  # a host name as text (RFC 1035 §3.1)
_CALLS = {"tls.client": ("sni", "tls"), "http.request": ("host", "http")}


def reached(facts: Facts, ip: str, by: str = "") -> Facts:
    """The facts, and the name that each of them calls ``ip`` by.

    The caller says so itself; unlike a resolver's answer it is no proof that the name is the
    address's. Requests to a proxy name another address and are left out (RFC 9112 §3.2.2).

    Args:
        facts: of one payload.
        ip: the address that the payload was sent to.
        by: how the name was learned, when not as usual for that kind of fact.
    """
    added: Facts = []
    for kind, fields in facts:
        field, usual = _CALLS.get(kind, ("", ""))
        name = _host(fields.get(field, ""))
        if name and fields.get("method") != "CONNECT" and "://" not in fields.get("path", ""):
            added.append(("name.address", {"name": name, "ip": ip, "by": by or usual}))
    return facts + added if added else facts


def _host(text: str) -> str:
    """A host name without its port; empty for addresses and what cannot be a name."""
    host, colon, port = text.partition(":")
    host = host.rstrip(".")
    is_port = not colon or port.isdecimal()
    label = host.rpartition(".")[2]
    # RFC 3696 §2: a top-level label is not all digits, so this leaves out IPv4 addresses.
    if not is_port or not label or label.isdecimal() or len(host) > NAME_OCTETS_MAX:
        return ""
    return host.lower() if all(mark.isalnum() or mark in "-_." for mark in host) else ""
