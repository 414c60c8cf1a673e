"""The words for the small closed lists that pages show, in English; Japanese in the catalogue."""

from __future__ import annotations

from omamori.web import names_points, names_protect

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
    "open-doors": "open and lock doors",
    "give-therapy": "treat a body",
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
    "alert": "What was noticed",
    "person": "Said by you",
    "start": "Start and stop",
    "guard": "Cut off or asked",
    "command": "Command",
    "link": "Cooperation",
    "grant": "Permission",
    "rules": "Rules",
    "automation": "Automations",
    "measurement": "Measurements",
}

VIEWS = {
    "router": "everything passes through this computer",
    "bridge": "this computer stands in the line",
    "plugged": "this computer is only plugged in",
    "asking": "this computer only asks",
}
"""From where this computer sees the home."""

SEES = {
    "router": "It sees what goes outside and what comes in, of every thing.",
    "bridge": "It sees what goes through it, at home and outside.",
    "plugged": "It sees what is sent to everybody, and what is sent to this computer itself.",
    "asking": "It sees what things call out, and what they answer when asked.",
}

SEES_NOT = {
    "router": "It does not see what two things say to each other past it, for example on one Wi-Fi.",
    "bridge": "It does not see what two things on the same side of it say to each other.",
    "plugged": "It does not see what a thing says to another thing, or to the outside.",
    "asking": "It does not see who talks to whom.",
}

AMOUNTS = {
    "0": "nothing",
    "1": "a little",
    "2": "some",
    "3": "much",
    "4": "very much",
}

SPANS = {
    "3600": "the last hour",
    "86400": "the last day",
    "604800": "the last week",
    "2592000": "the last month",
}
"""How far back a page looks, by seconds."""

BEGUN = {
    "it": "this thing began",
    "peer": "the other began",
    "": "not heard",
}

SHOULD_GROUNDS = {
    "declared": "its maker said so",
    "learned": "learned in its first days",
    "learning": "still learning",
    "nothing": "nothing yet",
}

WHO = {
    "local": "things of this home",
    "same-maker": "things of the same maker",
    "controller": "the thing that steers it",
    "router": "this home's router",
    "names": "those who tell names and time",
    "outside": "anyone outside",
    "anyone": "anyone",
}
"""With whom a rule allows talk (RFC 8520, section 2)."""

DIRECTIONS = {
    "to": "it may begin",
    "from": "the other may begin",
    "both": "either may begin",
}

NEWS = {
    "thing": "new thing",
    "address": "new address",
    "partner": "new partner at home",
    "place": "new place outside",
    "country": "new country",
    "service": "new way of talking",
    "name": "new name",
    "identity": "better known now",
    "alert": "to look at",
    "amount": "more than usual",
    "gone": "gone quiet",
    "other": "new",
}

SITUATIONS = {
    "iron": "An iron scans the Wi-Fi",
    "second-hand": "A second-hand thing tries every door",
    "camera": "A camera talks to a new country",
    "phone": "A phone brings trouble home",
    "rogue-dhcp": "A stranger plays the router",
    "spoof": "One thing takes another's place",
    "film": "A service wants the television's power",
    "battery": "A hijacked service commands the home battery",
    "measurement": "Measurements are tampered with on their way",
    "car": "A car's box sends what it never should",
    "implant": "A stranger commands an implant",
    "mail": "An office computer got a wicked mail",
}

SITUATIONS_MORE = {
    "iron": "It asks every address of the home who is there.",
    "second-hand": "It knocks at every neighbour's old remote control (telnet).",
    "camera": "It sends its pictures where it never sent any before.",
    "phone": "It came back from outside and now tries other things.",
    "rogue-dhcp": "It hands out addresses, so that all talk goes through it.",
    "spoof": "It answers under another's address, and can listen in. The hub needs about half a minute to be sure.",
    "film": "While a film plays, an energy service asks to switch the television off.",
    "battery": "It asks for more than is safe, and then for less; you can take over at any time.",
    "measurement": "One is changed, one shown again, one comes late, one is lost. The receiver tells them apart.",
    "car": "The box that talks with the outside sends words on the car's inner wires.",
    "implant": "Somebody far away wants to change how it works. Only who is near, met just now and is high enough may.",
    "mail": "After the mail was opened, it talks outside as it never did before.",
}

PLAYS = frozenset({"film", "battery", "measurement", "car", "implant", "mail"})
"""Situations that have a page of their own with their steps."""

MESSAGES = {
    "arp asks": "asking who has an address",
    "arp answers": "saying whose an address is",
    "neighbour": "saying whose an address is",
    "dhcp": "handing out addresses",
    "dhcp6": "handing out addresses",
    "icmp6": "showing the way out",
    "bridge": "where it is plugged in",
}
"""What a kept message was about, by its sign (or its first word, where it has a dot)."""

SERVICES = {
    "tcp/80": "web pages, open to read on the way",
    "tcp/8080": "web pages, open to read on the way",
    "tcp/443": "web pages, locked on the way",
    "udp/443": "web pages, locked on the way",
    "tcp/8443": "web pages, locked on the way",
    "udp/53": "asking where a name is",
    "tcp/53": "asking where a name is",
    "tcp/853": "asking where a name is",
    "udp/123": "asking the time",
    "udp/67": "getting an address",
    "udp/68": "getting an address",
    "udp/546": "getting an address",
    "udp/547": "getting an address",
    "tcp/20": "carrying files",
    "tcp/21": "carrying files",
    "tcp/139": "shared folders",
    "tcp/445": "shared folders",
    "udp/137": "names of computers",
    "udp/138": "names of computers",
    "tcp/22": "steering from afar, locked",
    "tcp/23": "steering from afar without a lock (telnet)",
    "tcp/2323": "steering from afar without a lock (telnet)",
    "tcp/3389": "showing its screen from afar",
    "tcp/5900": "showing its screen from afar",
    "tcp/25": "sending mail",
    "tcp/465": "sending mail",
    "tcp/587": "sending mail",
    "tcp/110": "reading mail",
    "tcp/143": "reading mail",
    "tcp/993": "reading mail",
    "tcp/995": "reading mail",
    "tcp/554": "live pictures",
    "tcp/8554": "live pictures",
    "udp/3478": "calls with sound or pictures",
    "udp/5060": "calls with sound or pictures",
    "tcp/5060": "calls with sound or pictures",
    "tcp/1883": "reports of things, open to read on the way",
    "tcp/8883": "reports of things, locked on the way",
    "udp/5683": "reports of things, open to read on the way",
    "udp/5684": "reports of things, locked on the way",
    "tcp/5222": "messages that arrive by themselves",
    "tcp/5223": "messages that arrive by themselves",
    "tcp/5228": "messages that arrive by themselves",
    "udp/5353": "calling out its name at home",
    "udp/5355": "calling out its name at home",
    "udp/1900": "greeting at home",
    "udp/3702": "greeting at home",
    "udp/3610": "talk of household appliances",
    "tcp/3610": "talk of household appliances",
    "tcp/515": "printing",
    "tcp/631": "printing",
    "tcp/9100": "printing",
    "tcp/7000": "showing pictures and sound",
    "tcp/8009": "showing pictures and sound",
    "tcp/8200": "showing pictures and sound",
    "tcp": "any service (TCP)",
    "udp": "any service (UDP)",
    "icmp": "asking: are you there?",
    "icmp6": "asking: are you there?",
    "arp": "asking who has an address",
    "igmp": "joining a group",
    "ip/2": "joining a group",
}
"""Services by protocol and port (IANA's registry), in plain words."""

PARAMETERS = {
    "industry": INDUSTRIES,
    "to_industry": INDUSTRIES,
    "purpose": PURPOSES,
    "ground": GROUNDS,
    "fault": FAULTS,
    "heard_by": SOURCES,
    "service": SERVICES,
    "message": MESSAGES,
    "point": names_points.POINTS,
    "slot": names_protect.SLOTS,
    "channel": names_protect.CHANNELS,
    "car_state": names_protect.CAR_STATES,
}
"""Parameters of reasons whose values are words of one of these lists."""
