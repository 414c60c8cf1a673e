"""What a person may be alerted to: how grave each kind is, and when it counts as over."""

from __future__ import annotations

from typing import NamedTuple

TAKE_CARE, ATTENTION, DANGER = 2, 3, 4
"""Steps of state, after the five of Japan's disaster warnings; 1 is calm, 5 is a person's word."""

MINUTE_S, DAY_S = 60.0, 86_400.0
QUIET_S = 15 * MINUTE_S  # a scan that pauses for longer counts as a new one
RARE_QUIET_S = DAY_S  # what speaks only when a lease or a call is due is quiet for long


class Kind(NamedTuple):
    """One kind of alert.

    Attributes:
        step: how grave it is.
        action: key of the one thing to do; the sentence itself is ``alert.<kind>``.
        size: the parameter that says how big it is; ten times as big is told again.
        quiet_s: without a finding for so long, it is over.
    """

    step: int
    action: str
    size: str = ""
    quiet_s: float = QUIET_S


ALERTS: dict[str, Kind] = {
    # It looks around at home.
    "sweep.arp": Kind(ATTENTION, "action.ask-why", "targets"),
    "sweep.ping": Kind(ATTENTION, "action.ask-why", "targets"),
    "sweep.ports": Kind(DANGER, "action.switch-off", "ports"),
    "sweep.hosts": Kind(ATTENTION, "action.ask-why", "targets"),
    "sweep.outside": Kind(DANGER, "action.switch-off", "ports"),
    # It tries to get in, or to spread.
    "spread.telnet": Kind(DANGER, "action.switch-off", "targets"),
    "spread.failed": Kind(ATTENTION, "action.switch-off", "targets"),
    "guess.password": Kind(DANGER, "action.switch-off", "tries"),
    # Someone outside tries it; told of the thing that is tried.
    "inbound.ports": Kind(ATTENTION, "action.close-router", "ports"),
    "inbound.guess": Kind(DANGER, "action.close-router", "tries"),
    # It claims to be what another is.
    "claims.dhcp": Kind(DANGER, "action.unplug-new", quiet_s=RARE_QUIET_S),
    "claims.router": Kind(DANGER, "action.unplug-new", quiet_s=RARE_QUIET_S),
    "claims.address": Kind(DANGER, "action.unplug-new"),
    "claims.many": Kind(DANGER, "action.unplug-new", "addresses"),
    "claims.flood": Kind(ATTENTION, "action.ask-why", "times"),
    "claims.twice": Kind(TAKE_CARE, "action.restart-both"),
    "claims.port": Kind(TAKE_CARE, "action.check-cable"),
    # It wants much, or calls out like a clock.
    "dhcp.scan": Kind(ATTENTION, "action.ask-why", "addresses"),
    "flood.talk": Kind(DANGER, "action.switch-off", "frames"),
    "flood.addresses": Kind(ATTENTION, "action.check-cable", "addresses"),
    "beacon.regular": Kind(TAKE_CARE, "action.ask-expected", "calls", RARE_QUIET_S),
    # It departs from what it should do, or always did.
    "behaviour.new-country": Kind(ATTENTION, "action.ask-expected", quiet_s=RARE_QUIET_S),
    "behaviour.new-neighbour": Kind(ATTENTION, "action.ask-why", quiet_s=RARE_QUIET_S),
    "behaviour.offers-new": Kind(ATTENTION, "action.ask-expected", quiet_s=RARE_QUIET_S),
    "behaviour.not-declared": Kind(TAKE_CARE, "action.ask-expected", quiet_s=RARE_QUIET_S),
    "behaviour.carries-out": Kind(ATTENTION, "action.ask-expected", "megabytes", RARE_QUIET_S),
    "behaviour.more-than-ever": Kind(TAKE_CARE, "action.ask-expected", "megabytes", RARE_QUIET_S),
}
"""Every kind there is; what is not here is taken as ``OTHER``."""

OTHER = Kind(TAKE_CARE, "action.ask-why")
OTHER_KEY = "alert.other"


def kind_of(kind: str) -> Kind:
    """What is known of a kind; ``OTHER`` where nothing is."""
    return ALERTS.get(kind, OTHER)


def sentence_key(kind: str) -> str:
    """The key of the sentence that tells it."""
    return f"alert.{kind}" if kind in ALERTS else OTHER_KEY
