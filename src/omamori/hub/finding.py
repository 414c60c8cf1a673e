"""Finding: what a detector noticed, with the packets' facts that made it notice."""

from __future__ import annotations

import msgspec

from omamori.documents.reason import Value

FACTS_MAX = 12  # packets' facts kept with one finding: the first ones, and the last


class Fact(msgspec.Struct, frozen=True):
    """One packet's word for a finding.

    Attributes:
        at: when it was heard, seconds since the epoch.
        source, target: addresses as heard.
        what: service or protocol and its point, such as ``tcp/23 SYN`` or ``arp asks``.
    """

    at: float
    source: str
    target: str
    what: str


class Finding(msgspec.Struct, frozen=True):
    """Something that a person may have to know; `hub.alerting.alert` joins findings to alerts.

    Attributes:
        kind: a key of ``alert_kinds.ALERTS``, such as ``sweep.arp``.
        thing: id of the thing that does it (`inventory.KnownThing.id`).
        at: when it was noticed, by the packets' own time.
        about: what makes two findings of one kind the same (a port, a destination); may be empty.
        params: values for the sentence.
        facts: packets' facts, at most ``FACTS_MAX``.
    """

    kind: str
    thing: str
    at: float
    about: str = ""
    params: dict[str, Value] = {}
    facts: tuple[Fact, ...] = ()
