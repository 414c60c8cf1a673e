"""The words for the small closed lists that pages show, in English; Japanese in the catalogue."""

from __future__ import annotations

YEAR_SHOWN_DAYS = 300
"""A time further away than this is shown with its year."""

JUST_NOW_S = 5.0

INDUSTRIES = {
    "energy": "Home energy",
    "av": "Television and music",
    "health": "Health and care",
    "mobility": "Cars",
    "telecom": "Telephones",
    "home": "This home",
    "": "Without an industry",
}

PURPOSES = {
    "read-measurement": "read a measurement",
    "show-content": "show pictures and sound",
    "share-energy": "share electricity",
    "switch-power": "switch power on and off",
    "share-health": "pass on health readings",
    "warn-of-danger": "warn of danger",
    "update-firmware": "update its program",
}

FAULTS = {
    "nothing": "nothing goes wrong",
    "expired": "a certificate past its date",
    "revoked": "a device that was withdrawn",
    "unmapped": "an industry that nobody here knows",
    "lowered": "a level that was lowered",
    "rogue": "a false authority",
    "replayed": "an old word shown again",
    "clock": "a clock that is wrong",
}

ANSWERS = {
    "allow": "They may work together",
    "limit": "Together, but only in part",
    "ask": "Asks you first",
    "refuse": "Not together",
    "waiting": "Meeting now",
}

ANSWERS_SHORT = {
    "allow": "yes",
    "limit": "in part",
    "ask": "asks you",
    "refuse": "no",
    "waiting": "meeting now",
}

GROUNDS = {
    "certificate": "its own certificate",
    "hub-word": "this home's word for it",
    "nothing": "nothing yet",
}

SURENESS = {
    "said": "you said so",
    "itself": "it says so itself",
    "sure": "almost sure",
    "likely": "probably",
    "unsure": "perhaps",
    "unknown": "not known",
}

STATES = {
    "0": "Cannot be confirmed",
    "1": "As usual",
    "2": "Take care",
    "3": "Attention",
    "4": "Danger",
    "5": "Emergency",
}

SOURCES = {
    "mdns": "names that things call out (mDNS)",
    "ssdp": "greetings of TVs and players (SSDP)",
    "echonet": "answers of household appliances (ECHONET Lite)",
    "neighbour": "this machine's own list of neighbours",
    "capture": "listening on the wire",
    "sample": "the sample home",
    "person": "what you said",
}

FORCES = {
    "observing": "watching only",
    "routed": "standing between networks",
    "bridge": "standing between things",
}

ENTRIES = {
    "verdict": "Verdict",
    "meeting": "Meeting",
    "level": "Level changed",
    "thing": "A thing came or changed",
    "person": "Said by you",
    "start": "Start and stop",
}

PARAMETERS = {
    "industry": INDUSTRIES,
    "to_industry": INDUSTRIES,
    "purpose": PURPOSES,
    "ground": GROUNDS,
    "fault": FAULTS,
    "heard_by": SOURCES,
}
"""Parameters of reasons whose values are words of one of these lists."""
