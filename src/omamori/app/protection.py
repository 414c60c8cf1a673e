"""Protection: one home's shield, steward, links and rules, and how they are kept together."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import structlog

from omamori.app.asking import FAMILY_RUNG
from omamori.app.remembering import Remembering
from omamori.app.shield import Shield
from omamori.app.steward import Steward
from omamori.documents.reason import Reason, RefusedError
from omamori.hub.alerting.alert import OPEN
from omamori.hub.granting import Granter, Grants
from omamori.hub.guarding.reaching import Party, Reaching, party_of
from omamori.hub.linking.link import About, End
from omamori.hub.links import Links
from omamori.ledger.entry import Entry
from omamori.web.views import ATTENTION

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from omamori.app.steward import Hands
    from omamori.documents.grant import Grant
    from omamori.hub.alerting.alert import Alert
    from omamori.hub.granting import Change as GrantChange
    from omamori.hub.guarding.plan import Place
    from omamori.hub.knowing.known import KnownThing
    from omamori.hub.linking.link import Change as LinkChange
    from omamori.hub.ports import Firewall, Learned, Shelf
    from omamori.hub.ruling.question import Question, Ruling
    from omamori.hub.ruling.rules import Rules
    from omamori.hub.service import Watch
    from omamori.hub.sighting import Sighting
    from omamori.trust.book import Book
    from omamori.trust.standing import Caps, Credentials, Standing

HOME, FAMILY = "home", "family"
RUNG_KEPT_S = 60.0  # a level is judged anew so often; a doubt counts at once
_MODE = "mode"
_log = structlog.get_logger(__name__)


class Speaker(Protocol):
    """The hub's own word for things that cannot speak for themselves."""

    caps: Caps

    @property
    def book(self) -> Book:
        """By which this home judges."""
        ...

    def standing(self, thing: KnownThing, *, is_doubted: bool = False) -> Standing:
        """What this home concludes of a thing."""
        ...

    def credentials(self, thing: KnownThing, *, is_doubted: bool = False) -> Credentials:
        """What the hub shows for it."""
        ...


class Protection(Remembering):
    """Guards one home and steers its commands.

    Attributes:
        shield: who is cut off; `steward`: what is commanded; `links`: who works with whom.
        notes: what the family should know of its rules and doors.
        unread: pieces of what was kept that could not be read at the last start.
    """

    def __init__(
        self,
        watch: Watch,
        speaker: Speaker,
        firewall: Firewall,
        hands: Hands,
        rules: Rules,
        clock: Callable[[], float],
        append: Callable[[list[Entry]], object],
    ) -> None:
        self.watch = watch
        self.speaker = speaker
        self.clock = clock
        super().__init__(append)
        self.notes: tuple[Reason, ...] = ()
        self.unread = 0
        self._is_mode_new = False
        self._rungs: dict[str, tuple[float, int, str]] = {}
        self.shield = Shield(watch, firewall, clock, self._record)
        self.steward = Steward(self, rules, hands, clock, self._commit)
        self.steward.owe = self._owe
        self.grants = Grants(self._granter, lambda thing: self.kind_of(thing) or "")
        self.links = Links(
            {HOME: speaker.book},
            self._end_of,
            speaker.caps,
            about=self._about,
            rule=self._rule,
            granted=self.grants.for_link,
        )
        self.shield.reaching = Reaching(self.links.all, self._parties)

    # What the network tells.

    def hear(self, said: Iterable[Sighting]) -> None:
        """Learn where things are and which doors they offer."""
        said = list(said)
        self.shield.hear(said)
        self.reaching.hear(said, lambda mac: self.watch.inventory.thing_of(mac, ""))

    @property
    def reaching(self) -> Reaching:
        """How far each thing reaches each other one."""
        found = self.shield.reaching
        assert isinstance(found, Reaching)  # noqa: S101 - made above
        return found

    def alerted(self, alerts: list[Alert], ended: list[Alert]) -> None:
        """Act on what was noticed, at once: cut off or ask, narrow links, take slots away."""
        self.shield.alerted(alerts, ended)
        for thing in dict.fromkeys(alert.thing for alert in (*alerts, *ended)):
            self.again(thing)

    def said_fine(self, alert: Alert, by: str, *, fine: bool) -> None:
        """A person's word on an alert: what was done for its sake is taken back, or is done."""
        if fine:
            self.shield.said_fine(alert, by)
        self.again(alert.thing)

    def again(self, thing: str) -> None:
        """Judge anew whatever rests on a thing."""
        why = self.doubts(thing)
        if why:
            self.steward.lose(thing, why)
        else:
            self.steward.regain(thing)
        self.steward.heed_doubts()
        self._linked(self.links.rejudge_of(thing, self.clock()))
        self.shield.hold_soon()

    def step(self) -> None:
        """Let time pass; what goes wrong in one part keeps no other from its turn."""
        for part in (
            self.steward.rejudge,
            self.steward.step,
            lambda: self._linked(self.links.step(self.clock())),
            lambda: self._granted(self.grants.step(self.clock())),
            self.shield.step,
        ):
            try:
                part()
            except Exception:  # noqa: BLE001 - leases must end and cuts must hold all the same
                _log.exception("protection.step-failed")
        self._record([])

    def forget(self, thing: str) -> None:
        """A thing is gone for good."""
        self._rungs.pop(thing, None)
        self.steward.forget(thing)
        self.steward.regain(thing)  # nothing of it is remembered

    # What the parts must know of the home (`steward.Home`).

    def kind_of(self, thing: str) -> str | None:
        """What a thing is; None where there is none."""
        known = self.watch.inventory.thing(thing)
        return known.identity.kind.value if known is not None else None

    def doubts(self, thing: str) -> tuple[Reason, ...]:
        """What speaks against a thing now: an open alert, or a cut."""
        found = [
            alert.reason
            for alert in self.watch.alerts_of(thing)
            if alert.state == OPEN and alert.step >= ATTENTION
        ]
        if self.shield.is_cut(thing):
            found.append(Reason("guard.is-cut"))
        return tuple(found)

    def thing_at(self, address: str) -> str:
        """The thing that has an IP address now; this machine's own is nobody's."""
        if address in self.shield.hub.ips:
            return ""
        return self.watch.inventory.thing_of("", address)

    def standing_of(self, thing: str) -> tuple[int, str, bool]:
        """Its rung, its ground, and whether it is in doubt."""
        known = self.watch.inventory.thing(thing)
        if known is None:
            return 0, "nothing", False
        rung, ground = self._level(known)
        return rung, ground, bool(self.doubts(thing))

    def grant_of(self, asker: str, target: str, purpose: str) -> str:
        """``guest`` or ``rental`` where the asker has only such a grant."""
        if not self.grants.all():
            return ""
        found = self.grants.grant_for(asker, target, purpose, self.clock())
        return found.kind if found is not None else ""

    def _granter(self, who: str) -> Granter | None:
        """The family grants at its own pages; nobody else does, yet."""
        return (
            Granter(FAMILY, FAMILY_RUNG, lambda _purpose, _target: True) if who == FAMILY else None
        )

    def _level(self, known: KnownThing) -> tuple[int, str]:
        now = self.clock()
        at, rung, ground = self._rungs.get(known.id, (-RUNG_KEPT_S, 0, ""))
        if not 0 <= now - at < RUNG_KEPT_S:
            try:
                standing = self.speaker.standing(known)
            except Exception as error:  # noqa: BLE001 - no cut waits for papers: the level stays
                _log.error("protection.not-judged", thing=known.id, why=repr(error)[:200])
            else:
                rung = standing.effective.rung if standing.effective else 0
                ground = standing.ground
            self._rungs[known.id] = (now, rung, ground)
        return rung, ground

    def _parties(self) -> list[Party]:
        worst = self.watch.worst()
        scene = self.shield.guard.scene
        needed = scene.own | scene.ways
        return [
            party_of(
                known,
                self._level(known)[0],
                is_doubted=worst.get(known.id, 0) >= ATTENTION,
                is_guest=self.grants.is_guest(known.id, self.clock()),
                is_needed=not needed.isdisjoint((known.id, known.mac)),
                behind=tuple(sorted({self.kind_of(child) or "" for child in known.children})),
            )
            for known in self.watch.inventory.things()
            if not known.behind
        ]

    def _about(self, thing: str) -> About:
        known = self.watch.inventory.thing(thing)
        if known is None:
            return About()
        in_use = bool(self.steward.arbiter.in_use(thing))
        return About(known.identity.kind.value, self.doubts(thing), known.behind, in_use)

    def _end_of(self, thing: str) -> End | None:
        known = self.watch.inventory.thing(thing)
        if known is None:
            return None
        shown = self.speaker.credentials(known, is_doubted=bool(self.doubts(thing)))
        return End(thing, HOME, shown)

    def _rule(self, question: Question) -> Ruling:
        return self.steward.rules.ask(question)

    # Links.

    def _linked(self, changes: Iterable[LinkChange]) -> None:
        told = list(changes)
        if told:
            self._record([c.entry for c in told if c.before != c.link.state])

    # A person's word.

    def propose(self, one: str, other: str, purpose: str, for_s: float) -> None:
        """Two things shall work together; raises RefusedError."""
        link_id = f"{one}~{other}~{purpose}"
        change = self.links.propose(link_id, one, other, purpose, self.clock(), for_s)
        if change is None:
            raise ProtectionError("link.cannot-be")
        self._linked([change])
        self.shield.hold()

    def agree(self, link_id: str, by: str, *, agree: bool) -> None:
        """Say yes to a link that asks, or no to any; raises LinkRefusedError."""
        act = self.links.say_yes if agree else self.links.say_no
        self._linked([act(link_id, by, self.clock())])
        self.shield.hold()

    def give(self, grant: Grant) -> None:
        """A guest's or rented thing may do something for a while; raises GrantError."""
        self._granted([self.grants.give(grant, self.clock())])

    def end_grant(self, grant_id: str) -> None:
        """It may not any more, and what came of it is wiped; raises GrantError."""
        self._granted([self.grants.withdraw(grant_id, self.clock())])

    def _granted(self, changes: list[GrantChange]) -> None:
        now = self.clock()
        done = list(changes)
        for change in changes:
            if change.what == "ended":
                self._linked(self.links.end_grant(change.grant_id, now))
        if self.grants.pending():
            done += self.grants.wipe(self._forgetting(), now)
        if done:
            self._record([change.entry for change in done])
            self.shield.hold()

    def _forgetting(self) -> dict[str, Callable[[str], object]]:
        """Every part that keeps something of a guest."""
        watched = ("behaviour", "traffic", "likeness", "alerts", "inventory")
        return {
            **dict.fromkeys(watched, self.watch.wipe),
            "links": self.links.forget,
            "guard": self.shield.guard.forget,
            "commands": self._forget_commands,
            "reaching": self.reaching.announced.forget,
            "measurements": lambda _: None,  # none are kept here
        }

    def _forget_commands(self, thing: str) -> None:
        self.steward.lose(thing, (Reason("grant.over"),))
        self.forget(thing)

    def set_rules(self, rules: Rules, by: str) -> None:
        """Rule by these from now on; whatever rests on rules is judged again."""
        self.steward.rules = rules
        self.steward.decided.clear()  # what was counted was of other rules
        self.notes = tuple(note for note in self.notes if not note.key.startswith("policy."))
        said = Reason("ruling.changed", {"count": len(rules.rules)})
        self._record([Entry(self.clock(), "rules.changed", (), (said,), {"by": by})])
        self._linked(self.links.rejudge(self.clock()))
        self.steward.arbiter.judge_again(self.clock())
        self.steward.step()
        self.shield.hold()

    # Keeping.

    def parts(self) -> Mapping[str, Learned]:
        """What outlasts a restart, by its room on the shelf."""
        return {
            "guard": self.shield.guard,
            "arbiter": self.steward.arbiter,
            "link": self.links,
            "grant": self.grants,
        }

    def keep(self, shelf: Shelf) -> None:
        """Put what changed on the shelf; it is safe when this returns."""
        if self._is_mode_new:
            shelf.keep(_MODE, _MODE, self.shield.mode.encode())
            self._is_mode_new = False
        for room, part in self.parts().items():
            for key, value in part.take_changes():
                try:
                    if value is None:
                        shelf.drop(room, key)
                    else:
                        shelf.keep(room, key, value)
                except ValueError:  # one piece too long must not keep the others from the disk
                    _log.exception("protection.piece-not-kept", room=room)
        shelf.commit()  # also what an earlier one could not write

    def set_mode(self, mode: str, by: str) -> None:
        """How strictly the hub guards; raises ShieldError."""
        self._is_mode_new = True
        self.shield.set_mode(mode, by)
        for thing in self.watch.worst():
            self.again(thing)

    def restore(self, shelf: Shelf, now: float) -> int:
        """Take in what was kept; returns how many pieces could not be read."""
        for _, mode in shelf.all(_MODE):
            self.shield.restore_mode(mode.decode("utf-8", "replace"))
        for room, part in self.parts().items():
            self.unread += part.restore(shelf.all(room), now)
        if self.unread:
            _log.error("protection.unread", count=self.unread)
        return self.unread

    def stand(self, hub: Place, own: frozenset[str], ways: frozenset[str]) -> None:
        """Know where this machine is, and the ways out."""
        self.shield.stand(hub, own, ways)


class ProtectionError(RefusedError):
    """A wish that cannot be followed."""
