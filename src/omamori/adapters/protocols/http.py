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
    first, *lines = _head(payload).split(b"\r\n", HEADERS_MAX + 1)
    found: dict[bytes, bytes] = {}
    for line in lines[:HEADERS_MAX]:
        name, colon, value = line.partition(b":")
        if colon:
            found.setdefault(name.strip().lower(), value.strip())
    return first, found


def _head(payload: bytes) -> bytes:
    return payload[:HEAD_OCTETS_MAX].partition(b"\r\n\r\n")[0]


def _header(head: bytes, lowered: bytes, name: bytes) -> str:
    """One header; a search is three times as fast as taking the head apart."""
    at = lowered.find(b"\r\n" + name + b":")
    if at < 0:
        return ""
    at += len(name) + 3
    end = head.find(b"\r\n", at)
    return plain(head[at : end if end >= 0 else len(head)])


def request_facts(payload: bytes) -> Facts:
    """Who it calls, for what, and what it calls itself.

    The path ends at the question mark: what follows is often a person's secret.
    """
    if not looks_like_request(payload):
        return []
    head = _head(payload)
    lowered = head.lower()
    method, _, rest = head.partition(b"\r\n")[0].partition(b" ")
    path = rest.partition(b" ")[0].partition(b"?")[0]
    fields = worded(
        host=_header(head, lowered, b"host").lower(),
        method=plain(method),
        path=plain(path, PATH_MAX),
        user_agent=_header(head, lowered, b"user-agent"),
    )
    return [("http.request", fields)]


def response_facts(payload: bytes) -> Facts:
    """What a server calls itself."""
    if not looks_like_response(payload):
        return []
    head = _head(payload)
    server = _header(head, head.lower(), b"server")
    return [("http.response", {"server": server})] if server else []


def ssdp_facts(payload: bytes) -> Facts:
    """What a thing announces or searches by SSDP; answers to a search count as announcements."""
    first, found = headers(payload)

    def value(name: bytes) -> str:
        return plain(found.get(name, b""))

    if first.startswith(b"M-SEARCH "):
        wanted = worded(st=value(b"st"), user_agent=value(b"user-agent"))
        return [("ssdp.search", wanted)] if wanted else []
    if first.startswith(b"NOTIFY "):
        target = value(b"nt")
        if value(b"nts") == "ssdp:byebye":
            return []
    elif first.startswith(b"HTTP/1."):
        target = value(b"st")
    else:
        return []
    fields = worded(
        nt=target,
        usn=value(b"usn"),
        server=value(b"server"),
        location=value(b"location"),
    )
    return [("ssdp.notify", fields)] if fields else []
