"""MUD files (RFC 8520): what a maker says that its thing does on a network, read and written."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

import msgspec

from omamori.documents.mud_acl import Acl, as_builtins
from omamori.documents.mud_acl_read import ACLS_MAX, read_acls, uri
from omamori.documents.mud_shape import TEXT_MAX, MudError, Notes, Shape, read_json
from omamori.documents.reason import Reason

MUD_VERSION = 1
CACHE_VALIDITY_H_DEFAULT = 48  # RFC 8520, 3.5
CACHE_VALIDITY_H_MAX = 168
EXTENSIONS_MAX = 16

__all__ = ["MudError", "MudFile", "read_mud", "write_mud"]


class MudFile(msgspec.Struct, frozen=True):
    """What a MUD file says.

    Attributes:
        url: the MUD URL: names this file, and so the thing's model.
        last_update: when it was made, as it says (RFC 3339).
        is_supported: whether the maker still cares for the thing.
        from_device, to_device: access lists for what the thing sends and for what it is sent.
        signature_url: where its signature lies; empty when the file is not signed.
        cache_validity_h: hours that it may be kept before one looks for a newer one.
        system, maker, model, firmware, software: what the file says of the thing.
        documentation: where a person can read on.
        extensions: names of the extensions that it says it uses; none is known to us.
        notes: what a reader should know: older shapes, unknown parts, rules left out.
    """

    url: str
    last_update: str
    is_supported: bool
    from_device: tuple[Acl, ...] = ()
    to_device: tuple[Acl, ...] = ()
    signature_url: str = ""
    cache_validity_h: int = CACHE_VALIDITY_H_DEFAULT
    system: str = ""
    maker: str = ""
    model: str = ""
    firmware: str = ""
    software: str = ""
    documentation: str = ""
    extensions: tuple[str, ...] = ()
    notes: tuple[Reason, ...] = ()

    @property
    def is_signed(self) -> bool:
        """Whether it names a signature; nothing is said on whether that holds."""
        return bool(self.signature_url)

    @property
    def host(self) -> str:
        """The authority of the MUD URL: what ``manufacturer`` matches compare."""
        return (urlsplit(self.url).hostname or "").lower()


_TEXTS = {
    "system": "systeminfo",
    "maker": "mfg-name",
    "model": "model-name",
    "firmware": "firmware-rev",
    "software": "software-rev",
}


def read_mud(octets: bytes) -> MudFile:
    """Read a MUD file; shapes of the drafts before the RFC are understood, and noted.

    Raises:
        MudError: for what is no MUD file of version 1; the reason says what is wrong, and where.
    """
    notes = Notes()
    root = Shape(read_json(octets), "", notes)
    mud = root.shape("mud", required=True)
    assert mud is not None  # noqa: S101 - required says so
    version = mud.number("mud-version", 255)
    if version != MUD_VERSION:
        raise MudError("mud.version", {"told": "" if version is None else version})
    is_supported = mud.take("is-supported")
    if is_supported is None:
        raise MudError("mud.missing", {"where": "/mud/is-supported"})
    if not isinstance(is_supported, bool):
        mud.refuse("is-supported", is_supported)
    url = mud.checked("mud-url", _mud_url, required=True)
    last_update = mud.checked("last-update", _moment, required=True)
    signature_url = mud.checked("mud-signature", uri)
    documentation = mud.checked("documentation", uri)
    validity = mud.number("cache-validity", CACHE_VALIDITY_H_MAX, 1) or CACHE_VALIDITY_H_DEFAULT
    texts = {field: mud.text(name) for field, name in _TEXTS.items()}
    extensions = _extensions(mud)
    acls = read_acls(root, notes)
    from_device, to_device = (_policy(mud, side, acls) for side in ("from", "to"))
    _note_unused(acls, (*from_device, *to_device), notes)
    mud.done()
    root.done()
    return MudFile(
        url=url,
        last_update=last_update,
        is_supported=is_supported,
        from_device=from_device,
        to_device=to_device,
        signature_url=signature_url,
        cache_validity_h=validity,
        documentation=documentation,
        extensions=extensions,
        notes=notes.all(),
        **texts,
    )


def _mud_url(told: str) -> str:
    parts = urlsplit(uri(told))
    if parts.scheme.lower() != "https" or not parts.hostname:  # RFC 8520, 1.8: always https
        raise ValueError(told)
    return told


def _moment(told: str) -> str:
    if datetime.fromisoformat(told).tzinfo is None:
        raise ValueError(told)
    return told


def _extensions(mud: Shape) -> tuple[str, ...]:
    """Extensions may be ignored (RFC 8520, 3.9), but that is said."""
    told = mud.take("extensions")
    if told is None:
        return ()
    if not isinstance(told, list) or len(told) > EXTENSIONS_MAX:
        mud.refuse("extensions", told)
    for name in told:
        if not isinstance(name, str) or not 0 < len(name) <= TEXT_MAX or not name.isprintable():
            mud.refuse("extensions", name)
        mud.notes.add(Reason("mud.extension", {"name": name}))
    return tuple(told)


def _policy(mud: Shape, side: str, acls: dict[str, Acl]) -> tuple[Acl, ...]:
    policy = mud.shape(f"{side}-device-policy")
    lists = policy.shape("access-lists", required=True) if policy else None
    chosen: list[Acl] = []
    for shape in lists.each("access-list", ACLS_MAX) if lists else []:
        shape.rename("acl-name", "name")
        name = shape.text("name", required=True)
        if name not in acls:
            raise MudError("mud.no-such-list", {"where": shape.where, "name": name})
        if acls[name] in chosen:
            raise MudError("mud.named-twice", {"name": name})
        chosen.append(acls[name])
        shape.take("type")  # a draft repeated it here
        shape.done()
    for inner in (lists, policy):
        if inner:
            inner.done()
    return tuple(chosen)


def _note_unused(acls: dict[str, Acl], used: tuple[Acl, ...], notes: Notes) -> None:
    for name in acls.keys() - {acl.name for acl in used}:
        notes.add(Reason("mud.list-unused", {"name": name}))


def write_mud(mud: MudFile) -> bytes:
    """The file as RFC 8520 writes it; `read_mud` gives the same back, without notes."""
    acls = {acl.name: acl for acl in (*mud.from_device, *mud.to_device)}
    head: dict[str, Any] = {
        "mud-version": MUD_VERSION,
        "mud-url": mud.url,
        "last-update": mud.last_update,
        "mud-signature": mud.signature_url,
        "cache-validity": mud.cache_validity_h,
        "is-supported": mud.is_supported,
        **{name: getattr(mud, field) for field, name in _TEXTS.items()},
        "documentation": mud.documentation,
        "extensions": list(mud.extensions),
    }
    head = {name: value for name, value in head.items() if value not in ("", [])}
    for side, lists in (("from", mud.from_device), ("to", mud.to_device)):
        if lists:
            named = [{"name": acl.name} for acl in lists]
            head[f"{side}-device-policy"] = {"access-lists": {"access-list": named}}
    told = {
        "ietf-mud:mud": head,
        "ietf-access-control-list:acls": {"acl": [as_builtins(acl) for acl in acls.values()]},
    }
    return json.dumps(told, indent=2, ensure_ascii=False).encode() + b"\n"
