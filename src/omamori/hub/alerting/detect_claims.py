"""Claims: who says to be what another is, the one that gives addresses, the way out, an address."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from omamori.hub.alerting.detect_counts import Different, facts
from omamori.hub.finding import Fact, Finding
from omamori.hub.flow import ANSWERS, ASKS, FOR_OTHER, Flow

if TYPE_CHECKING:
    from omamori.hub.alerting.detect_place import Place
    from omamori.hub.sighting import Sighting

PARTS_MAX = 16  # servers and routers remembered of each part
ALIVE_S = 1800.0  # who spoke within this while is there, also in a quiet night: it plays its part
OWNER_QUIET_S = 86_400.0  # unheard for longer, an owner is gone; things of a quiet home rest hours
OWNERS_MAX = 4096  # addresses whose owner is remembered: about 2 MB
CONTESTS_MAX = 256
EVICT_SHARE = 8
ROUND_S = 60.0  # an owner that speaks, and then the claim anew within this while: one round
ROUNDS_SPOOFED = 3  # a proxy that speaks for a sleeping thing yields when that wakes
ROUNDS_TWICE = 6  # claims that were asked for, as two cards of one machine make them, too
CONTEST_S = 600.0
ASKED_S = 12.0  # flows are summed every ten seconds: so late may a question be told of
ASKED_MAX = 1024
UNASKED_ADDRESSES = 8  # of one sender, a minute
SHOUTS = 120  # a minute; a new address is announced two or three times (RFC 5227 §2.3)
SHOUTERS_MAX = 512
MOVES = 6  # a minute, to and fro; who walks through the house changes once or twice
MOVERS_MAX = 1024

_SHARED = (
    "00:00:5e:00:01:",
    "00:00:5e:00:02:",
    "00:00:0c:07:ac:",
    "00:00:0c:9f:f",
    "00:05:73:a0:0",
)
"""VRRP and CARP (RFC 9568 §7.3), HSRP: hardware addresses that move between routers."""
_NOWHERE = ("0.0.0.0", "::")  # noqa: S104 - what no thing owns
_ADVERTISES = 136


class Parts(msgspec.Struct):
    """Hardware addresses of those who give addresses, and of those who are the way out.

    `owners` are the ways' own IP addresses, with the hardware addresses that have them.
    """

    servers: list[str] = []
    routers: list[str] = []
    owners: dict[str, str] = {}


class _Contest(msgspec.Struct):
    """An address that two speak for."""

    owner: str
    claimant: str
    began_at: float
    claimed_at: float
    owner_at: float = 0.0  # when the owner spoke after the latest claim; 0 if it did not
    rounds: int = 0
    unasked: int = 0
    heard: list[Flow] = []


class Claims:
    """Remembers who plays which part and owns which address, and who says otherwise."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self._servers: dict[str, float] = {}
        self._routers: dict[str, float] = {}
        self._owners: dict[str, str] = {}
        self._sworn: dict[str, str] = {}  # the same, by ARP in a frame of its own
        self._living: set[str] = set()  # whose address is known by its talk
        self._contests: dict[str, _Contest] = {}
        self._asked: dict[str, float] = {}
        self._unasked = Different(UNASKED_ADDRESSES)
        self._shouts: dict[str, tuple[float, int]] = {}
        self._ports: dict[str, tuple[str, float, int]] = {}
        self.is_contested = False

    @property
    def counts(self) -> tuple[Different, ...]:
        """Everything that is counted."""
        return (self._unasked,)

    @property
    def parts(self) -> Parts:
        """Who gives addresses and who is the way out, as far as is known."""
        ways = [(ip, mac) for ip, mac in self._owners.items() if self._place.is_router(mac)]
        return Parts(list(self._servers), list(self._routers), dict(ways[:PARTS_MAX]))

    @parts.setter
    def parts(self, known: Parts) -> None:
        """Who played a part before a restart plays it still, if it is heard."""
        self._servers = dict.fromkeys(known.servers[:PARTS_MAX], 0.0)
        self._routers = dict.fromkeys(known.routers[:PARTS_MAX], 0.0)
        for ip, mac in list(known.owners.items())[:PARTS_MAX]:
            self._owners.setdefault(ip, mac)
            self._place.add_router(mac)

    def note(self, sighting: Sighting, thing: str) -> Finding | None:
        """A part that someone plays."""
        kind, said = sighting.kind, sighting.fields
        if sighting.source.startswith("ip:"):
            return None
        if kind == "dhcp.offer" and said.get("message") != "nak":  # which gives nothing
            return self._part("claims.dhcp", self._servers, sighting, thing)
        # Thread border routers announce themselves, too, but as no way out (RFC 4861 §4.2).
        if kind == "icmp6.router" and said.get("lifetime", "0") != "0":
            return self._part("claims.router", self._routers, sighting, thing)
        if kind == "bridge.port":
            return self._moved(sighting, thing)
        return None

    def arp(self, flow: Flow, thing: str) -> Finding | None:
        """An ARP frame, or several of the same: who claims which address."""
        if flow.to_port == ASKS and flow.source != flow.target:
            self._remember_asked(flow.target, flow.at)
        ip, mac = flow.source, flow.mac
        if ip in _NOWHERE or not mac or mac.startswith(_SHARED) or self._place.is_own(mac):
            return None
        is_shout = flow.source == flow.target
        is_unasked = is_shout or (
            flow.to_port == ANSWERS and not 0 <= flow.at - self._asked.get(ip, -ASKED_S) < ASKED_S
        )
        found = None
        if flow.from_port != FOR_OTHER:
            found = self._claims(ip, flow, thing, is_unasked=is_unasked)
            if self._owners.get(ip) == mac:
                self._swear(ip, mac)
        # A repeater brings what others say in frames of its own: that makes nobody an owner, and
        # stands against those only who said so themselves.
        elif ip in self._sworn and self._sworn[ip] == self._owners.get(ip):
            found = self._claims(ip, flow, thing, is_unasked=is_unasked)
        if found is None and is_shout:
            found = self._shouted(flow, thing)
        if found is None and is_unasked and flow.is_opening and not self._place.is_router(mac):
            count = self._unasked.add(mac, ip, flow)
            if count is not None:
                told = {"addresses": count.size}
                return Finding("claims.many", thing, flow.at, "", {**told}, count.facts())
        return found

    def advertises(self, flow: Flow, thing: str) -> Finding | None:
        """A neighbour advertisement (RFC 4861 §4.4): the flow's source is what it claims."""
        if flow.from_port != _ADVERTISES or not flow.mac or flow.mac.startswith(_SHARED):
            return None
        if self._place.is_own(flow.mac):
            return None
        return self._claims(flow.source, flow, thing, is_unasked=False)

    def lives(self, flow: Flow) -> None:
        """Someone here speaks from an address, so it is likely its own, if nobody claimed it yet.

        A hub that starts when all have asked for one another would else believe whoever lies
        first. Who passes others' talk on speaks from many addresses: of IPv4, the first counts
        alone; of IPv6, those that no router passes on (RFC 4291 §2.5.6).
        """
        ip, mac = flow.source, flow.mac
        if ip in self._owners or ip in _NOWHERE or not mac or mac.startswith(_SHARED):
            return
        is_v6 = ":" in ip
        if self._place.is_own(mac) or (is_v6 and not ip.startswith("fe80:")):
            return
        if not is_v6:
            if mac in self._living:
                return
            if len(self._living) >= OWNERS_MAX:
                self._living.clear()  # only a flood fills it; what was learned stays
            self._living.add(mac)
        self._remember_owner(ip, mac)

    def speaks(self, flow: Flow) -> None:
        """Someone speaks while addresses are contested: is it an owner who is still there?"""
        contest = self._contests.get(flow.source)
        if contest is not None and flow.mac == contest.owner and flow.at > contest.claimed_at:
            contest.owner_at = flow.at
            if len(contest.heard) < 2 * ROUNDS_TWICE:
                contest.heard.append(flow)

    def step(self, now: float) -> None:
        """End contests that nobody keeps up: an owner that stayed silent has moved."""
        for ip, contest in list(self._contests.items()):
            if not 0 <= now - contest.claimed_at <= CONTEST_S:
                if not contest.owner_at and now > contest.claimed_at:
                    self._owners[ip] = contest.claimant
                del self._contests[ip]
        self.is_contested = bool(self._contests)

    def _part(
        self, kind: str, players: dict[str, float], sighting: Sighting, thing: str
    ) -> Finding | None:
        """The first who plays a part is known; another beside it, while it is there, is told."""
        source, at = sighting.source, sighting.at
        if source.startswith(_SHARED) or self._place.is_own(source):
            return None
        known = next((mac for mac in players if self._is_there(mac, players[mac], at)), "")
        if source in players or not known:
            if not known and source not in players:
                players.clear()  # those who played it are gone
            players[source] = at
            return None
        what = sighting.fields.get("server") or sighting.fields.get("prefix") or ""
        fact = Fact(at, source, what, sighting.kind)
        return Finding(kind, thing, at, source, {"known": known}, (fact,))

    def _is_there(self, mac: str, played_at: float, at: float) -> bool:
        heard_at = self._place.last_heard(mac)
        latest = played_at if heard_at is None else max(played_at, heard_at)
        return abs(at - latest) <= ALIVE_S

    def _claims(self, ip: str, flow: Flow, thing: str, *, is_unasked: bool) -> Finding | None:
        mac = flow.mac
        owner = self._owners.get(ip)
        if owner is None:
            self._remember_owner(ip, mac)
            return None
        if owner == mac:
            if self.is_contested:
                self.speaks(flow)
            return None
        heard_at = self._place.last_heard(owner)
        contest = self._contests.get(ip)
        if contest is None or contest.claimant != mac:
            if heard_at is not None and abs(flow.at - heard_at) > OWNER_QUIET_S:
                self._owners[ip] = mac  # whoever had it is gone
                return None
            self._contest(ip, owner, flow)
            return None
        return self._again(ip, contest, flow, thing, is_unasked=is_unasked)

    def _again(
        self, ip: str, contest: _Contest, flow: Flow, thing: str, *, is_unasked: bool
    ) -> Finding | None:
        """The same claim once more: a round, if the owner has spoken since the last one."""
        if contest.owner_at <= contest.claimed_at:
            if flow.at - contest.began_at > CONTEST_S:  # the owner stays silent: it has moved
                self._owners[ip] = flow.mac
                del self._contests[ip]
            contest.claimed_at = max(contest.claimed_at, flow.at)
            return None
        if flow.at - contest.owner_at > ROUND_S:
            contest.rounds = contest.unasked = 0
        contest.rounds += 1
        contest.unasked += is_unasked
        contest.claimed_at = flow.at
        if len(contest.heard) < 2 * ROUNDS_TWICE:
            contest.heard.append(flow)
        told = {"address": ip, "known": contest.owner}
        if contest.unasked >= ROUNDS_SPOOFED:
            return Finding("claims.address", thing, flow.at, ip, {**told}, facts(contest.heard))
        if contest.rounds >= ROUNDS_TWICE:
            return Finding("claims.twice", thing, flow.at, ip, {**told}, facts(contest.heard))
        return None

    def _contest(self, ip: str, owner: str, flow: Flow) -> None:
        if len(self._contests) >= CONTESTS_MAX:
            # The one with the fewest rounds, the youngest of them: a flood of claims is young.
            least = min(self._contests, key=lambda k: self._worth(self._contests[k]))
            del self._contests[least]
        self._contests[ip] = _Contest(owner, flow.mac, flow.at, flow.at, heard=[flow])
        self.is_contested = True

    @staticmethod
    def _worth(contest: _Contest) -> tuple[int, float]:
        return contest.rounds, -contest.began_at

    def _remember_owner(self, ip: str, mac: str) -> None:
        if len(self._owners) >= OWNERS_MAX:
            for young in list(self._owners)[-OWNERS_MAX // EVICT_SHARE :]:
                del self._owners[young]
        self._owners[ip] = mac

    def _swear(self, ip: str, mac: str) -> None:
        if ip not in self._sworn and len(self._sworn) >= OWNERS_MAX:
            for young in list(self._sworn)[-OWNERS_MAX // EVICT_SHARE :]:
                del self._sworn[young]
        self._sworn[ip] = mac

    def _remember_asked(self, ip: str, at: float) -> None:
        self._asked.pop(ip, None)
        if len(self._asked) >= ASKED_MAX:
            del self._asked[next(iter(self._asked))]
        self._asked[ip] = at

    def _shouted(self, flow: Flow, thing: str) -> Finding | None:
        began_at, frames = self._shouts.pop(flow.mac, (flow.at, 0))
        if not 0 <= flow.at - began_at <= ROUND_S:
            began_at, frames = flow.at, 0
        frames += flow.frames
        if len(self._shouts) >= SHOUTERS_MAX:
            del self._shouts[next(iter(self._shouts))]
        if frames < SHOUTS:
            self._shouts[flow.mac] = began_at, frames
            return None
        return Finding("claims.flood", thing, flow.at, "", {"times": frames}, facts([flow]))

    def _moved(self, sighting: Sighting, thing: str) -> Finding | None:
        """Heard through another port of this machine's bridge than before."""
        port, at = sighting.fields.get("port", ""), sighting.at
        before, began_at, moves = self._ports.pop(sighting.source, (port, at, 0))
        if not 0 <= at - began_at <= ROUND_S:
            began_at, moves = at, 0
        moves += port != before
        if len(self._ports) >= MOVERS_MAX:
            del self._ports[next(iter(self._ports))]
        self._ports[sighting.source] = port, began_at, moves
        if moves < MOVES:
            return None
        fact = Fact(at, sighting.source, port, "bridge.port")
        told = {"port": port, "other_port": before}
        self._ports[sighting.source] = port, at, 0
        return Finding("claims.port", thing, at, "", {**told}, (fact,))
