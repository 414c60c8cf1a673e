"""Heads of HTTP/1 messages (RFC 9112) and of SSDP, which borrows their form (UPnP 1.1 §1)."""

from __future__ import annotations

from omamori.adapters.protocols.text import Facts, plain, worded

HEAD_OCTETS_MAX = 8192
HEADERS_MAX = 64
PATH_MAX = 128

METHODS = (
    b"GET ", b"POST ", b"PUT ", b"HEAD ", b"DELETE ", b"OPTIONS ", b"PATCH ", b"CONNECT ",
    b"SUBSCRIBE ", b"UNSUBSCRIBE ", b"NOTIFY ", b"PROPFIND ", b"DESCRIBE ", b"SETUP ", b"PLAY ",
)  # fmt: skip
_RESPONSES = (b"HTTP/1.", b"RTSP/1.")


def looks_like_request(payload: bytes) -> bool:
    """Whether a request line begins here."""
    return payload.startswith(METHODS)


def looks_like_response(payload: bytes) -> bool:
    """Whether a status line begins here."""
    return payload.startswith(_RESPONSES)


def headers(payload: bytes) -> tuple[bytes, dict[bytes, bytes]]:
    """The first line and the headers by lower-case name; the first of equal names counts."""
    head = payload[:HEAD_OCTETS_MAX].partition(b"\r\n\r\n")[0]
    first, *lines = head.split(b"\r\n", HEADERS_MAX + 1)
    found: dict[bytes, bytes] = {}
    for line in lines[:HEADERS_MAX]:
        name, colon, value = line.partition(b":")
        if colon:
            found.setdefault(name.strip().lower(), value.strip())
    return first, found


def request_facts(payload: bytes) -> Facts:
    """Who it calls, for what, and what it calls itself.

    The path ends at the question mark: what follows is often a person's secret.
    """
    if not looks_like_request(payload):
        return []
    first, found = headers(payload)
    method, _, rest = first.partition(b" ")
    path = rest.partition(b" ")[0].partition(b"?")[0]
    fields = worded(
        host=plain(found.get(b"host", b"")).lower(),
        method=plain(method),
        path=plain(path, PATH_MAX),
        user_agent=plain(found.get(b"user-agent", b"")),
    )
    return [("http.request", fields)]


def response_facts(payload: bytes) -> Facts:
    """What a server calls itself."""
    if not looks_like_response(payload):
        return []
    server = plain(headers(payload)[1].get(b"server", b""))
    return [("http.response", {"server": server})] if server else []


def ssdp_facts(payload: bytes) -> Facts:
    """What a thing announces or searches by SSDP; answers to a search count as announcements."""
    first, found = headers(payload)
    value = {name: plain(text) for name, text in found.items()}
    if first.startswith(b"M-SEARCH "):
        wanted = worded(st=value.get(b"st", ""), user_agent=value.get(b"user-agent", ""))
        return [("ssdp.search", wanted)] if wanted else []
    if first.startswith(b"NOTIFY "):
        target = value.get(b"nt", "")
        if value.get(b"nts", "") == "ssdp:byebye":
            return []
    elif first.startswith(b"HTTP/1."):
        target = value.get(b"st", "")
    else:
        return []
    fields = worded(
        nt=target,
        usn=value.get(b"usn", ""),
        server=value.get(b"server", ""),
        location=value.get(b"location", ""),
    )
    return [("ssdp.notify", fields)] if fields else []
