"""MUD files made by hand after the structure of RFC 8520, 9 and RFC 8519, for the tests."""

from __future__ import annotations

import copy
import json
from typing import Any

_SENT = {
    "name": "bulb-v6-sent",
    "type": "ipv6-acl-type",
    "aces": {
        "ace": [
            {
                "name": "service-out",
                "matches": {
                    "ipv6": {"ietf-acldns:dst-dnsname": "Cloud.Example.com.", "protocol": 6},
                    "tcp": {
                        "ietf-mud:direction-initiated": "from-device",
                        "destination-port": {"operator": "eq", "port": 443},
                    },
                },
                "actions": {"forwarding": "accept"},
            },
            {
                "name": "same-maker-out",
                "matches": {
                    "ietf-mud:mud": {"same-manufacturer": [None]},
                    "ipv6": {"protocol": 17},
                    "udp": {"destination-port": {"lower-port": 5000, "upper-port": 5100}},
                },
                "actions": {"forwarding": "accept"},
            },
            {
                "name": "ping-out",
                "matches": {"ipv6": {"protocol": 58}, "icmp": {"type": 128, "code": 0}},
                "actions": {"forwarding": "drop"},
            },
        ]
    },
}
_RECEIVED = {
    "name": "bulb-v6-received",
    "type": "ipv6-acl-type",
    "aces": {
        "ace": [
            {
                "name": "service-in",
                "matches": {
                    "ipv6": {"ietf-acldns:src-dnsname": "cloud.example.com", "protocol": 6},
                    "tcp": {
                        "ietf-mud:direction-initiated": "from-device",
                        "source-port": {"operator": "eq", "port": 443},
                    },
                },
                "actions": {"forwarding": "accept"},
            },
            {
                "name": "controller-in",
                "matches": {
                    "ietf-mud:mud": {"my-controller": [None]},
                    "tcp": {"destination-port": {"port": 80}},
                },
                "actions": {"forwarding": "accept"},
            },
        ]
    },
}
BULB: dict[str, Any] = {
    "ietf-mud:mud": {
        "mud-version": 1,
        "mud-url": "https://bulbs.example.com/bulb7",
        "last-update": "2026-03-01T12:00:00+09:00",
        "cache-validity": 100,
        "is-supported": True,
        "systeminfo": "Bulb 7",
        "mfg-name": "Example Bulbs",
        "from-device-policy": {"access-lists": {"access-list": [{"name": "bulb-v6-sent"}]}},
        "to-device-policy": {"access-lists": {"access-list": [{"name": "bulb-v6-received"}]}},
    },
    "ietf-access-control-list:acls": {"acl": [_SENT, _RECEIVED]},
}


def octets(told: object) -> bytes:
    return json.dumps(told).encode()


def changed(place: tuple[str | int, ...], value: object) -> bytes:
    """The bulb's file with one value replaced; None takes it out."""
    told = copy.deepcopy(BULB)
    inner: Any = told
    for step in place[:-1]:
        inner = inner[step]
    if value is None:
        del inner[place[-1]]
    else:
        inner[place[-1]] = value
    return octets(told)
