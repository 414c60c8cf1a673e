"""The words for the closed lists of the pages of protection, in English; Japanese in the catalogue."""

from __future__ import annotations

MODES = {
    "watching": "Only watch",
    "guarding": "Guard",
    "strict": "Guard strictly",
}

MODES_MORE = {
    "watching": "You are told what is noticed. Nothing is cut off unless you press the button.",
    "guarding": "What clearly attacks is cut off at once. In doubt, and with anything that your health or your door rests on, you are asked.",
    "strict": "What is suspicious is cut off sooner, also when it is not sure. Your health and your door are still asked about first.",
}

FORCES_MORE = {
    "bridge": "Talk between any two things can be stopped here.",
    "routed": "Talk with the outside can be stopped here. Two things on the same network still reach each other.",
    "observing": "Nothing can be stopped here. You are told, and you can pull the plug.",
}

FORCES_TODO = {
    "bridge": "",
    "routed": "Let the Wi-Fi and the sockets of this home run over this computer.",
    "observing": "Start Omamori as administrator, on the computer that all talk passes through.",
}
"""What to do where the hub itself did not say."""

BY = {"hub": "this hub", "person": "you"}

COMMAND_STATES = {
    "asked": "Asks you",
    "held": "Waits",
    "sent": "On its way",
    "done": "Done",
    "failed": "Did not work",
    "overridden": "Another went first",
    "expired": "Its time ran out",
    "withdrawn": "Taken back",
    "refused": "Refused",
}

COMMAND_TONES = {
    "asked": "ask",
    "held": "waiting",
    "sent": "waiting",
    "done": "allow",
    "failed": "refuse",
    "overridden": "limit",
    "expired": "limit",
    "withdrawn": "limit",
    "refused": "refuse",
}

SLOTS = {
    "safety-auto": "automatic protection",
    "safety-local": "a safety button",
    "local-manual": "a hand at the thing",
    "emergency-remote": "emergency from afar",
    "critical-equipment": "important equipment",
    "remote-user": "somebody from afar",
    "automation": "an automation",
    "demand-response": "an energy program",
}

CHANNELS = {
    "hand": "at the thing itself",
    "page": "these pages",
    "meeting": "a meeting with certificates",
    "broker": "the message broker",
    "network": "the bare network, unproven",
    "hub": "this hub",
}

ASKERS = {
    "person": "a person",
    "automation": "an automation",
    "service": "a service",
    "thing": "a thing",
    "safety": "a safety function",
}

FACTS = {
    "asker": "Who asked",
    "channel": "How it came",
    "slot": "With what right",
    "holder": "Who held it",
    "holder_slot": "With what right it was held",
    "rules": "Which rule decided",
    "envelope": "Whose safe range",
    "lease_until": "Until when",
    "agreed_by": "Who agreed",
}

ENVELOPE_SOURCES = {
    "point": "what it can mean at all",
    "kind": "usual for such a thing",
    "maker": "its maker said so",
    "person": "you said so",
}

POSITIONS = {
    "off": "Only a hand at the thing",
    "local": "A hand, and this home's automations",
    "home": "Everybody of this home",
    "remote": "From afar, too",
}
"""From where a thing may be steered (`hub.commanding.switch`)."""

CONDITIONS = {
    "any": "Only while this holds: {point} {range}",
    "negative": "To give power, this must hold: {point} {range}",
    "positive": "To take power, this must hold: {point} {range}",
}

LINK_STATES = {
    "proposed": "Proposed",
    "asked": "Asks you",
    "active": "Active",
    "limited": "Only in part",
    "suspended": "Paused for safety",
    "ended": "Ended",
}

LINK_TONES = {
    "proposed": "waiting",
    "asked": "ask",
    "active": "allow",
    "limited": "limit",
    "suspended": "refuse",
    "ended": "waiting",
}

GRANTS = {"guest": "a guest", "rental": "a rented or borrowed thing"}

LASTS = {
    "hour": "one hour",
    "day": "one day",
    "week": "one week",
    "month": "one month",
}

EFFECTS = {
    "allow": "allowed",
    "limit": "only in part",
    "ask": "ask first",
    "refuse": "not allowed",
}

CONFLICTS = {
    "opposite": "They want opposite things",
    "repeated": "Both do the same",
    "chain": "One starts the other",
    "loop": "They start each other without end",
    "undoes": "One undoes the other",
    "enables": "One lets the other run",
    "disables": "One keeps the other from running",
    "goals": "They work against each other in the room",
    "room": "One starts the other through the room",
    "room-loop": "They start each other through the room, without end",
    "silences": "One silences a warning",
    "unguarded": "Nobody checks that it is safe",
    "hot-away": "It gets hot while nobody is there",
    "stays-on": "It stays on",
    "person": "It works against a person's hand",
    "reserved": "It takes a thing that is in use",
    "budget": "Together they need too much",
}

CONFLICT_SURE = {
    "sure": "it will happen",
    "likely": "it can happen easily",
    "possible": "it may happen",
}

ROOM_CHANNELS = {
    "temperature": "warmth",
    "light": "light",
    "humidity": "dampness",
    "air": "air",
    "sound": "sound",
    "motion": "movement",
    "power": "electricity",
    "water": "water",
    "smoke": "smoke",
    "presence": "who is at home",
    "opening": "doors and windows",
}

MEASURED = {
    "ok": "Arrived as measured",
    "altered": "Changed on the way",
    "replayed": "An old one shown again",
    "delayed": "Came late, and was kept",
    "time-unsure": "Arrived; its time is not certain",
    "forked": "Two speak under one name",
    "foreign": "From somebody unknown",
    "lost": "Did not arrive",
    "end-unknown": "Nobody knows whether more was sent",
    "silent": "It has gone silent",
}

MEASURED_TONES = {
    "ok": "allow",
    "time-unsure": "limit",
    "forked": "refuse",
    "foreign": "refuse",
    "end-unknown": "ask",
    "silent": "ask",
    "altered": "refuse",
    "replayed": "refuse",
    "delayed": "limit",
    "lost": "ask",
}

CHOICES = {
    "agree": "Agree",
    "decline": "Decline",
    "film-ends": "The film ends",
    "take-over": "Take over by hand",
    "give-back": "Give it back",
    "cut": "Cut it off",
    "undo": "Undo",
    "come-near": "Come close and meet again",
    "go-on": "Go on",
    "calm": "Let it end",
    "alter": "Change one on the way",
    "replay": "Show an old one again",
    "delay": "Hold one back",
    "lose": "Lose one",
    "find": "Find the lost one",
    "ordinary": "What the box may send",
    "injected": "Send what it may not",
    "diagnosis": "Ask for a workshop's rights",
    "flood": "Send very much at once",
    "forged": "Send something false that is permitted",
    "doctor": "A doctor, close by",
    "weak": "A doctor whose tool's level fell",
    "stranger": "A stranger from afar",
    "relay": "A stranger who borrows closeness",
    "repeated": "Yesterday's proof again",
    "late": "An answer after its time",
    "ambulance": "An ambulance crew, close by",
    "ask-more": "Ask for more than is safe",
    "ask-within": "Ask for something safe",
    "hijack": "The service is hijacked",
    "open-mail": "Somebody opens the mail",
}

TOLD = {
    "cut": "It is cut off now. You can undo this at any time.",
    "uncut": "It can talk again.",
    "longer": "It stays cut off for longer.",
    "left": "It is left as it is.",
    "mode": "This is how it guards from now on.",
    "do": "It is being done now.",
    "no": "It will not be done.",
    "taken": "You hold it now. Services must wait.",
    "back": "You gave it back.",
    "steered": "This is from where it is steered now.",
    "joins": "It takes part in energy programs.",
    "stays": "It takes no part in energy programs.",
    "proposed": "It was proposed. What came of it stands below.",
    "agreed": "You agreed. You can withdraw it at any time.",
    "withdrawn": "You withdrew it.",
    "granted": "The permission was given. It ends by itself.",
    "ended": "The permission ended, and what came of it was wiped.",
    "rules": "These rules are in force now.",
    "usual-rules": "The usual rules are in force again.",
    "read": "The automations were looked at. What was found stands below.",
    "forgotten": "The automations were forgotten.",
}
"""What is said after a button was pressed, by the sign in the address."""

ASK_WHO = {
    "person": "somebody of the family",
    "stranger": "a stranger without proof",
    "service": "a service from outside",
}
"""Askers that are no things, to try a rule with."""

RULE_ABOUT = {
    "purpose": "what for",
    "act": "how far it goes",
    "point": "what is asked",
    "asker_kind": "who asks",
    "target_kind": "of what",
    "asker_industry": "industry of who asks",
    "target_industry": "industry of the thing",
    "industries": "their industries",
    "rung": "level of who asks",
    "ground": "known from",
    "suspect": "something speaks against it",
    "slot": "with what right",
    "channel": "how it comes",
    "at_hand": "at the thing itself",
    "near": "close by",
    "fresh": "met just now",
    "in_use": "in use now",
    "harm": "what it could harm",
    "grant": "a guest or rented",
    "hour": "hour of the day",
}
"""What a rule may ask about (`hub.ruling.vocabulary`)."""

ACTS = {"look": "look", "adjust": "set something harmless", "operate": "move power, heat or doors"}
HARMS = {"nothing": "nothing", "comfort": "comfort", "property": "property", "life": "life"}
RELATIONS = {"same": "the same", "other": "different ones", "unproven": "not proven"}

CAR_STATES = {
    "parked": "parked",
    "driving": "driving",
    "charging": "being charged",
    "service": "in the workshop",
    "unknown": "doing nobody knows what",
}
"""What a car does now (`hub.vehicle.table.STATES`)."""
