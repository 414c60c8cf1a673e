"""Watch: hears what is said and counted on a network, and knows what is there and what is odd."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from omamori.hub.alerting.alert import FINE, OPEN, Alerts, alert_id
from omamori.hub.alerting.detectors import Detectors
from omamori.hub.behaving.behaviour import Behaviour, Who
from omamori.hub.behaving.carrying import Carrying
from omamori.hub.behaving.peers import Peers
from omamori.hub.knowing.identify_kinds import UNKNOWN
from omamori.hub.knowing.inventory import CorrectionRefusedError, Inventory
from omamori.hub.knowing.likeness import Likeness
from omamori.hub.knowing.likeness_tokens import Tokens
from omamori.hub.talking.news import counted_from, whats_new
from omamori.hub.talking.traffic import Traffic
from omamori.hub.talking.traffic_count import octets

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from omamori.documents.mud import MudFile
    from omamori.hub.alerting.alert import Alert
    from omamori.hub.behaving.deed import Peer
    from omamori.hub.finding import Finding
    from omamori.hub.flow import Flow
    from omamori.hub.knowing.inventory import KnownThing, Rules
    from omamori.hub.knowing.likeness import Suggestion
    from omamori.hub.ports import Learned, Places, Shelf
    from omamori.hub.sighting import Sighting
    from omamori.hub.talking.news import News
    from omamori.hub.talking.partners import Partner

LEARN_EVERY_S = 600.0  # what is well known is taken as an example this often
EXAMPLES_MAX = 1024
_BEHAVIOUR, _NEW_NEIGHBOUR = "behaviour.", "behaviour.new-neighbour"
_SURE, _COUNTS = "sure", "traffic"


class Watch:
    """One network, watched: each part is told what it needs, and knows nothing of the others."""

    def __init__(self, rules: Rules, places: Places, own: frozenset[str] = frozenset()) -> None:
        """`own` are hardware addresses of this machine, whose asking is no attack."""
        self.inventory = Inventory(rules)
        self.traffic = Traffic(places)
        self.behaviour = Behaviour(self._who)
        self.carrying = Carrying()
        self.detectors = Detectors(own)
        self.alerts = Alerts()
        self.likeness = Likeness()
        self._tokens = Tokens(rules.is_module_maker)
        self._peers = Peers(places, self.inventory.thing_of)
        self._examples: dict[str, str] = {}
        self._learned_at: float | None = None

    def hear(self, said: Iterable[Sighting], talked: Iterable[Flow]) -> list[Alert]:
        """Take in what was said, then what was counted; returns alerts that a person must see."""
        told: list[Alert] = []
        for sighting in said:
            self.inventory.hear(sighting)
            thing = self._speaker(sighting)
            if not thing:
                continue
            self._tokens.hear(sighting, thing)
            self._peers.note(sighting, thing)
            if sighting.kind == "name.address":
                fields = sighting.fields
                ip, name = fields.get("ip", ""), fields.get("name", "")
                self.traffic.named(thing, ip, name, sighting.at)
            told += self._take(self.detectors.note(sighting, thing))
        for flow in talked:
            self._talk(flow, told)
        return told

    def _talk(self, flow: Flow, told: list[Alert]) -> None:
        thing_of = self.inventory.thing_of
        sender = thing_of(flow.mac, flow.source, flow.at) if flow.is_from_here else ""
        receiver = thing_of(flow.peer_mac, flow.target) if flow.is_to_here else ""
        self.traffic.hear(flow, sender, receiver)
        self._peers.hear(flow)
        one_here = sender if flow.is_from_here else receiver  # never accused for the other
        found = self.detectors.hear(flow, one_here)
        if found:
            told += self._take(found)
        if sender:
            if flow.is_opening and not flow.is_answer:
                self._tokens.hear_flow(flow, sender)
            # Whom likeness alone ties to a thing neither adds to nor lives by what that may do.
            guessed = sender != flow.mac and self.inventory.is_guessed(flow.mac)
            one = flow.mac if guessed else sender
            peer = self._peers.of(flow, sender)
            found = [*self.behaviour.hear(flow, one, peer), *self._carried(flow, one, peer)]
            if found:
                told += self._take(found)

    def _carried(self, flow: Flow, thing: str, peer: Peer) -> list[Finding]:
        if not peer.is_outside or flow.is_opening:
            return []
        kind, habits = self._who(thing).kind, self.behaviour.habits(thing)
        found = self.carrying.hear(flow, octets(flow), thing, kind, peer, habits)
        return [found] if found else []

    def step(self, now: float) -> tuple[list[Alert], list[Alert]]:
        """Let time pass: alerts that a person must see, and those that have ended."""
        for thing in self.inventory.step(now):
            self.traffic.forget(thing)
            self.behaviour.forget(thing)
            self._tokens.forget(thing)
            self._peers.forget(thing)
            self._examples.pop(thing, None)
        self._reunite()
        self.traffic.step(now)
        told = self._take(self.detectors.step(now)) + self._take(self.behaviour.step(now))
        if self._learned_at is None:
            self._learned_at = now  # what was only just heard is no example yet
        elif not 0 <= now - self._learned_at < LEARN_EVERY_S:
            self._learned_at = now
            self._learn_examples()
        return told, self.alerts.step(now)

    def _reunite(self) -> None:
        """What is known of an address that turned out to be another thing's is that one's."""
        known = {*self.traffic.things(), *self.behaviour.things(), *self._tokens.things()}
        told = {alert.thing for alert in self.alerts.all()}
        for address in known | {one for one in told if not self.inventory.is_guessed(one)}:
            thing = self._now(address)
            if not thing or thing == address:
                continue
            self.traffic.join(address, thing)
            self._peers.join(address, thing)
            self._examples.pop(address, None)
            if self.inventory.is_guessed(address):  # no word on the one is a word on the other
                self._tokens.forget(address)
            else:
                self.behaviour.join(address, thing)
                self._tokens.join(address, thing)
                self.alerts.join(address, thing)

    def know_own(self, own: frozenset[str]) -> None:
        """Know this machine's present hardware addresses, whose asking is no attack."""
        self.detectors.know_own(own)

    def wipe(self, thing: str) -> bool:
        """Let go of all that is known of a thing; whether nothing of it is left.

        What is open against it stays until it is over, and so does the thing.
        """
        self.alerts.forget(thing)
        if self.alerts_of(thing):
            return False
        for part in (self.traffic, self.behaviour, self._tokens, self._peers, self.inventory):
            part.forget(thing)
        self._examples.pop(thing, None)
        return True

    # Asking.

    def news(self, since: float, now: float) -> list[News]:
        """What is new since then."""
        return whats_new(self.inventory.things(), self.traffic, self.alerts.all(), since, now)

    @property
    def began_at(self) -> float | None:
        """Since when talk is counted; None where none ever was."""
        return counted_from(self.traffic) or None

    def worst(self) -> dict[str, int]:
        """The gravest open alert's step, by thing."""
        steps: dict[str, int] = {}
        for alert in self.alerts.all():
            if alert.state == OPEN:
                thing = self._whose(alert)
                steps[thing] = max(steps.get(thing, 0), alert.step)
        return steps

    def alerts_of(self, thing: str) -> list[Alert]:
        """One thing's alerts, also those told of an address before it was known to be its own."""
        return [alert for alert in self.alerts.all() if self._whose(alert) == thing]

    def oddity(self) -> Callable[[Partner], bool]:
        """Tells whether an open alert speaks of a thing and its partner; made once for a page."""
        said: dict[str, set[str]] = {}
        for alert in self.alerts.all():
            if alert.state == OPEN:
                said.setdefault(self._whose(alert), set()).update(map(str, alert.params.values()))

        def is_odd(partner: Partner) -> bool:
            ends = {partner.name, partner.other, *partner.names, *partner.ips} - {""}
            return not ends.isdisjoint(said.get(partner.thing, ()))

        return is_odd

    def suggestion(self, thing: str) -> Suggestion:
        """What a thing sounds like, by what people and sure clues said of others."""
        return self.likeness.suggest(self._tokens.of(thing))

    # A person's word.

    def say_fine(self, alert_id: str, now: float, *, fine: bool) -> Alert:
        """Keep that an alert is fine, or take that back.

        Raises:
            AlertRefusedError: when there is none, or there are too many exceptions.
        """
        act = self.alerts.say_fine if fine else self.alerts.take_back
        alert = act(alert_id, now)
        if alert.kind.startswith(_BEHAVIOUR):
            is_guessed = self.inventory.is_guessed(alert.thing)
            whose = alert.thing if is_guessed else self._whose(alert)
            allow = self.behaviour.allow if fine else self.behaviour.disallow
            allow(whose, alert.about)
        return alert

    def correct(self, thing: str, name: str, kind: str) -> None:
        """Keep what a person says a thing is, and learn how such a thing sounds.

        Raises:
            CorrectionRefusedError: as `Inventory.correct`.
        """
        known = self.inventory.thing(thing)
        self.inventory.correct(thing, name, kind)
        if known is None or not kind:
            return
        before = known.identity.kind.value
        if before != kind and (known.is_corrected or _is_example(known)):
            self._examples.setdefault(known.id, before)  # what it taught before a restart
        self._learn(known.id, kind)

    def declare(self, thing: str, mud: MudFile | None) -> None:
        """Hold a thing against its maker's file from now on; None takes the file away.

        Raises:
            CorrectionRefusedError: for an unknown thing.
        """
        known = self.inventory.thing(thing)
        if known is None:
            raise CorrectionRefusedError("identify.no-such-thing")
        if mud is None:
            self.behaviour.undeclare(known.id)
        else:
            self.behaviour.declare(known.id, mud)

    # Keeping.

    def keep(self, shelf: Shelf, *, with_counts: bool = False) -> None:
        """Put what changed on the shelf; it is safe when this returns.

        `with_counts` keeps what was counted, too: megabytes, so not every minute.
        """
        for room, part in self._learning().items():
            if room == _COUNTS and not with_counts:
                continue
            for key, value in part.take_changes():
                if value is None:
                    shelf.drop(room, key)
                else:
                    shelf.keep(room, key, value)
        shelf.commit()

    def restore(self, shelf: Shelf, now: float) -> int:
        """Take in what was kept; returns how many pieces could not be read."""
        return sum(part.restore(shelf.all(room), now) for room, part in self._learning().items())

    def _learning(self) -> dict[str, Learned]:
        return {
            "thing": self.inventory,
            _COUNTS: self.traffic,
            "behaviour": self.behaviour,
            "detectors": self.detectors,
            "alert": self.alerts,
            "likeness": self.likeness,
        }

    # Inside.

    def _speaker(self, sighting: Sighting) -> str:
        source = sighting.source
        ip = source[3:] if source.startswith("ip:") else ""
        return self.inventory.thing_of("" if ip else source, ip)

    def _whose(self, alert: Alert) -> str:
        """The thing that an alert is of, as it is known now."""
        return self._now(alert.thing) or alert.thing

    def _now(self, address: str) -> str:
        """Whose is now what was kept under an address; what is a thing by itself keeps its own."""
        return self.inventory.thing_of(address, address[3:] if address.startswith("ip:") else "")

    def _take(self, findings: Iterable[Finding]) -> list[Alert]:
        """Join findings to alerts; around what is bad, nothing is learned."""
        told = []
        for finding in findings:
            if not finding.kind.startswith(_BEHAVIOUR):
                known = self.inventory.thing(finding.thing)
                acts = known.mac if known and known.is_likeness else finding.thing
                self.behaviour.doubt(acts, finding.at)
            elif self._is_said_already(finding):
                continue
            alert = self.alerts.take(self._by_address(finding))
            if alert is not None:
                told.append(alert)
        return told

    def _by_address(self, finding: Finding) -> Finding:
        """Who is known again by a name alone inherits no exception: its address is told of.

        Anybody can take a name: what a person called fine was the other's.
        """
        alert = self.alerts.get(alert_id(finding.kind, finding.thing, finding.about))
        if alert is None or alert.state != FINE:
            return finding
        known = self.inventory.thing(finding.thing)
        if known is None or not known.is_likeness:
            return finding
        return msgspec.structs.replace(finding, thing=known.mac)

    def _is_said_already(self, finding: Finding) -> bool:
        """Whoever does worse now, and was told of once so, is one trouble: not one for each door."""
        habits = self.behaviour.habits(finding.thing)
        if habits is None or not habits.is_doubted(finding.at):
            return False
        if finding.kind == _NEW_NEIGHBOUR:  # whoever looks for everybody meets somebody
            return True
        return any(
            alert.kind == finding.kind and alert.about != finding.about and alert.state == OPEN
            for alert in self.alerts_of(self._now(finding.thing) or finding.thing)
        )

    def _who(self, thing: str) -> Who:
        kind, maker = self.inventory.what(thing)
        return Who(kind.value if kind.band in {"sure", "likely"} else UNKNOWN, maker)

    def _learn_examples(self) -> None:
        """What is surely known by model is an example of how such a thing sounds."""
        for known in self.inventory.things():
            kind = known.identity.kind.value
            if not _is_example(known) or self._examples.get(known.id) == kind:
                continue
            if kind in self.suggestion(known.id).labels:
                self._examples[known.id] = kind  # learned before a restart, or just like another
            else:
                self._learn(known.id, kind)

    def _learn(self, thing: str, kind: str) -> None:
        before = self._examples.get(thing, "")
        tokens = self._tokens.of(thing)
        is_full = not before and len(self._examples) >= EXAMPLES_MAX
        if before == kind or not tokens or is_full:
            return
        if before:
            self.likeness.unlearn(before, tokens)
        self._examples[thing] = kind
        self.likeness.learn(kind, tokens)


def _is_example(known: KnownThing) -> bool:
    """It is surely known by model, so it shows how such a thing sounds."""
    identity = known.identity
    return identity.confidence == _SURE and bool(identity.model.value) and not known.behind
