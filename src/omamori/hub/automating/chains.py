"""One automation sets off another, by a point or through the room; rounds; what undoes or disables."""

from __future__ import annotations

from collections import defaultdict, deque
from typing import TYPE_CHECKING

import msgspec

from omamori.documents.reason import Reason
from omamori.hub.automating import conflict as told
from omamori.hub.automating.domain import EVERY, Situation, both, only
from omamori.hub.automating.home import LINKS_MAX, PAIRS_MAX
from omamori.hub.automating.meeting import meeting, together, without_time
from omamori.hub.automating.physics import DARKENS, FELT, LIGHTS, influences
from omamori.hub.automating.ways import Effect, Rule
from omamori.hub.points import OPERATE, act_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from omamori.documents.reason import Value
    from omamori.hub.automating.domain import Domain, Var
    from omamori.hub.automating.home import Findings, Home, Listening
    from omamori.hub.automating.vocabulary import Token
    from omamori.hub.automating.ways import Way

ROUND_LENGTH_MAX = 8
RACE_WAYS_MAX = 16

ROUNDS_MAX = 500
ROUND_TRIES_MAX = 2_000


class Link(msgspec.Struct, frozen=True, gc=False):
    """One rule's effect sets off another rule, or itself."""

    rule: Rule
    effect: Effect
    next: Rule
    sure: str
    situation: Situation
    channel: str = ""
    after_s: float = 0.0


class Links:
    """All links of a home, by the rule they leave."""

    def __init__(self, home: Home) -> None:
        self.home = home
        self.of: dict[str, list[Link]] = defaultdict(list)
        self.is_full = False
        for count, link in enumerate(self._all()):
            if count >= LINKS_MAX:
                self.is_full = True
                return
            self.of[link.rule.id].append(link)

    def _all(self) -> Iterator[Link]:
        for rule in self.home.rules:
            for effect in rule.effects:
                for heard in self.home.listening.get((effect.thing, effect.point), ()):
                    link = _link(rule, effect, heard)
                    if link is not None:
                        yield link
        yield from self._through_rooms()

    def _through_rooms(self) -> Iterator[Link]:
        felt: dict[tuple[str, str], list[Listening]] = defaultdict(list)
        for (thing, point), heard in self.home.listening.items():
            felt[point, self.home.room(thing)].extend(heard)
        for rule in self.home.rules:
            for effect in rule.effects:
                if not self.home.is_body(effect.thing):
                    continue
                room = self.home.room(effect.thing)
                if not room and self.home.has_rooms:
                    continue
                kind = self.home.kind(effect.thing)
                is_known = bool(room) or self.home.is_one_room
                for influence in influences(kind, effect.point, effect.to):
                    for point, way in FELT.get(influence, ()):
                        for heard_ in felt.get((point, room), ()):
                            link = _felt(
                                rule, effect, heard_, influence, way, is_known_room=is_known
                            )
                            if link is not None:
                                yield link


def _link(rule: Rule, effect: Effect, heard: Listening) -> Link | None:
    signal = heard.way.signal
    if effect.to is not None and not signal.domain.holds(effect.to):
        return None
    best: Link | None = None
    for way in effect.ways:
        held = _afterwards(way, effect, heard.way)
        if held is None:
            continue
        sure = told.LIKELY if effect.to is None else told.SURE
        if not (way.is_exact and heard.way.is_exact) or signal.for_s:
            sure = told.weaker(sure, told.LIKELY)
        if best is None or told.weaker(sure, best.sure) != sure:
            best = Link(rule, effect, heard.rule, sure, held, "", effect.after_s + signal.for_s)
    return best


def _afterwards(way: Way, effect: Effect, heard: Way) -> Situation | None:
    """What holds when the effect has come about and sets the other off; None where it cannot."""
    var = (effect.thing, effect.point)
    before = way.situation
    was = before.get(var)
    if effect.to is not None:
        if was is not None and was == only(effect.to):
            return None  # it is so already: nothing changes, nothing is set off
        if was is not None and both({var: was}, {var: heard.signal.before}) is None:
            return None
    later = effect.after_s > 0 or heard.signal.for_s > 0
    after = without_time(before) if later else dict(before)
    after[var] = EVERY if effect.to is None else only(effect.to)
    return both(after, heard.situation)


def _felt(
    rule: Rule, effect: Effect, heard: Listening, influence: str, way: str, *, is_known_room: bool
) -> Link | None:
    signal = heard.way.signal
    if not _moves_into(signal.domain, way):
        return None
    if all(one.thing == effect.thing for one in heard.rule.effects) and influence not in {
        LIGHTS,
        DARKENS,
    }:
        return None  # a thermostat made of two rules: one thing, on below and off above
    for own in effect.ways:
        before = dict(without_time(own.situation))
        ruled = before.pop(signal.var, None)
        if ruled is not None and influence not in {LIGHTS, DARKENS}:
            continue  # the sensor itself governs it: it was asked to bring just this about
        after = {**before, (effect.thing, effect.point): only(effect.to or "")}
        held = both(after, without_time(heard.way.situation))
        if held is not None:
            is_near = way != "either" and own.is_exact and is_known_room
            sure = told.LIKELY if is_near else told.POSSIBLE
            return Link(rule, effect, heard.rule, sure, held, influence, 1.0)
    return None


def _moves_into(domain: Domain, way: str) -> bool:
    if way == "on":
        return domain is not EVERY and domain.holds("on")
    if domain is EVERY or not domain.spans:
        return False
    low, high = domain.spans[0][0][0], domain.spans[-1][1][0]
    upward, downward = high == float("inf"), low == float("-inf")
    return (way != "down" and upward) or (way != "up" and downward)


def chained(links: Links, found: Findings) -> None:
    """Chains of two, what is undone at once, and rounds."""
    for of in list(links.of.values()):
        for link in of:
            if link.next is link.rule:
                continue
            undone = _undone(link)
            if undone is not None:
                _tell_undone(links.home, found, link, undone)
            _tell_chain(links.home, found, link)
    for round_ in _rounds(links):
        _tell_round(links.home, found, round_)


def _tell_chain(home: Home, found: Findings, link: Link) -> None:
    thing = link.effect.thing
    names: dict[str, Value] = {
        "first": link.rule.name,
        "second": link.next.name,
        "thing": home.named(thing),
    }
    grave = any(
        act_of(one.point, home.kind(one.thing)) == OPERATE and home.is_body(one.thing)
        for one in link.next.effects
    )
    is_clear = grave and home.is_body(thing) and link.sure != told.POSSIBLE
    weight = told.LOOK if is_clear else told.NOTE
    key = "automating.room" if link.channel else "automating.chain"
    kind = told.ROOM if link.channel else told.CHAIN
    repair = Reason("automating.repair-chain", names)
    rules, var = (link.rule, link.next), (thing, link.effect.point)
    found.add(kind, rules, var, link.sure, weight, link.situation, Reason(key, names), repair)


def _undone(link: Link) -> Effect | None:
    """The next one's effect that takes back one of the first, in the situation that the first leaves."""
    for effect in link.rule.effects:
        for other in link.next.effects:
            same = (effect.thing, effect.point) == (other.thing, other.point)
            if not same or effect.to is None or other.to in {None, effect.to}:
                continue
            if any(both(link.situation, way.situation) is not None for way in other.ways):
                return other
    return None


def _tell_undone(home: Home, found: Findings, link: Link, undone: Effect) -> None:
    thing = undone.thing
    names: dict[str, Value] = {
        "first": link.rule.name,
        "second": link.next.name,
        "thing": home.named(thing),
    }
    # Switched off again after a while is a timer, and meant.
    is_timer = (link.after_s > 0 and not link.channel) or undone.after_s > 0
    is_switch = undone.to in {"on", "off"}
    is_grave = is_switch and not is_timer and home.is_body(thing) and link.sure != told.POSSIBLE
    weight = told.LOOK if is_grave else told.NOTE
    reason, repair = (
        Reason("automating.undoes", names),
        Reason("automating.repair-condition", names),
    )
    rules, var = (link.rule, link.next), (thing, undone.point)
    found.add(told.UNDOES, rules, var, link.sure, weight, link.situation, reason, repair)


def _rounds(links: Links) -> Iterator[tuple[Link, ...]]:
    """Shortest rounds, each once."""
    seen: set[frozenset[str]] = set()
    cyclic = _cyclic(links)
    alive, tries = set(cyclic), 0
    for start in cyclic:
        for link in links.of.get(start, ()):
            tries += 1
            if len(seen) >= ROUNDS_MAX or tries > ROUND_TRIES_MAX:
                links.is_full = True
                return
            round_ = _back(links, link, alive)
            names = frozenset(one.rule.id for one in round_)
            if round_ and names not in seen:
                seen.add(names)
                yield round_


def _cyclic(links: Links) -> list[str]:
    """The rules that lie on some round: what is left when ends are taken away until none is left."""
    targets = {id_: {link.next.id for link in of} for id_, of in links.of.items()}
    sources: dict[str, set[str]] = defaultdict(set)
    for id_, of in targets.items():
        for one in of:
            sources[one].add(id_)
    alive = set(targets) & set(sources)
    ends = deque((set(targets) | set(sources)) - alive)
    while ends:
        gone = ends.popleft()
        for other in (*sources.get(gone, ()), *targets.get(gone, ())):
            if other in alive and not (targets[other] & alive and sources[other] & alive):
                alive.discard(other)
                ends.append(other)
    return sorted(alive)


def _back(links: Links, first: Link, alive: set[str]) -> tuple[Link, ...]:
    goal = first.rule.id
    if first.next.id == goal:
        return (first,)
    queue: deque[tuple[Link, ...]] = deque([(first,)])
    reached = {first.next.id}
    while queue:
        path = queue.popleft()
        if len(path) >= ROUND_LENGTH_MAX:
            continue
        for link in links.of.get(path[-1].next.id, ()):
            if link.next.id == goal:
                return (*path, link)
            if link.next.id in alive and link.next.id not in reached:
                reached.add(link.next.id)
                queue.append((*path, link))
    return ()


def _turns(round_: tuple[Link, ...]) -> str:
    """How sure it is that the round goes on for ever: each step must change something each time."""
    effects = [effect for link in round_ for effect in link.rule.effects]
    sure = told.SURE
    for link in round_:
        sure = told.weaker(sure, link.sure)
        if link.effect.to is None:
            sure = told.weaker(sure, told.LIKELY)
        elif not link.channel and not any(_alternates(link.effect, other) for other in effects):
            return told.POSSIBLE  # the second time round it is so already, and all comes to rest
    return sure


def _alternates(one: Effect, other: Effect) -> bool:
    """Whether both set the point, to different values, while nothing else need change between."""
    var = (one.thing, one.point)
    if (other.thing, other.point) != var or one.to == other.to:
        return False
    for way in one.ways[:RACE_WAYS_MAX]:
        for against in other.ways[:RACE_WAYS_MAX]:
            mine, theirs = _but(way.situation, var), _but(against.situation, var)
            if both(mine, theirs) is not None:
                return True
    return False


def _but(situation: Situation, var: Var) -> Situation:
    return {key: value for key, value in situation.items() if key != var and key[0] != "trigger"}


def _tell_round(home: Home, found: Findings, round_: tuple[Link, ...]) -> None:
    sure = _turns(round_)
    link = round_[0]
    rules = tuple(one.rule for one in round_)
    is_room = any(one.channel for one in round_)
    params: dict[str, Value] = {
        "first": rules[0].name,
        "second": rules[-1].name,
        "thing": home.named(link.effect.thing),
        "count": len(rules),
    }
    key = "automating.loop-self" if len(rules) == 1 else "automating.loop"
    if is_room:
        key = "automating.loop-room"
    weight = told.NOTE if sure == told.POSSIBLE else told.LOOK
    kind = told.ROOM_LOOP if is_room else told.LOOP
    var = (link.effect.thing, link.effect.point)
    repair = Reason("automating.repair-loop", params)
    found.add(kind, rules, var, sure, weight, link.situation, Reason(key, params), repair)


def conditioned(home: Home, found: Findings) -> None:
    """What one automation sets and another one asks for: enabled, or disabled."""
    for var, doings in home.doing.items():
        askers = home.asking.get(var, ())
        seen: set[tuple[str, str, Token | None]] = set()
        for doing in doings if askers else ():
            for rule in askers:
                if len(seen) > PAIRS_MAX:
                    found.crowded.add(var[0])
                    break
                key = (doing.rule.id, rule.id, doing.effect.to)
                if rule is not doing.rule and doing.effect.to is not None and key not in seen:
                    seen.add(key)
                    _ask(home, found, doing.rule, doing.effect, rule)


def _ask(home: Home, found: Findings, rule: Rule, effect: Effect, asker: Rule) -> None:
    var = (effect.thing, effect.point)
    asked = [way for way in asker.ways if way.signal.var != var and var in way.situation]
    inner = [
        way
        for one in asker.effects
        for way in one.ways
        if way.signal.var != var and var in way.situation
    ]
    ways = asked or inner
    if not ways or effect.to is None:
        return
    fits = [way.situation[var].holds(effect.to) for way in ways]
    kind = told.ENABLES if any(fits) else told.DISABLES
    names: dict[str, Value] = {
        "first": rule.name,
        "second": asker.name,
        "thing": home.named(effect.thing),
    }
    best = _race(effect, ways, var)
    if best is None:
        return
    sure, situation = best
    if sure == told.POSSIBLE and not home.is_body(effect.thing):
        return  # a helper is there to be set by one and asked by the other
    weight = told.LOOK if sure == told.SURE and kind == told.DISABLES else told.NOTE
    key = "automating.enables" if kind == told.ENABLES else "automating.disables"
    repair = Reason("automating.repair-order", names)
    found.add(kind, (rule, asker), var, sure, weight, situation, Reason(key, names), repair)


def _race(effect: Effect, ways: list[Way], var: Var) -> tuple[str, Situation] | None:
    """Sure where one event sets both off, and so their order decides; else possible, if they fit."""
    best: tuple[str, Situation] | None = None
    for way in effect.ways[:RACE_WAYS_MAX]:
        rest = {key: value for key, value in way.situation.items() if key != var}
        for other in ways[:RACE_WAYS_MAX]:
            if var not in way.situation and together(way.signal, other.signal) == told.SURE:
                met = meeting(way, other)
                if met is not None and met[0] == told.SURE:
                    return met
            if best is None:
                theirs = {key: value for key, value in other.situation.items() if key != var}
                held = both(without_time(rest), without_time(theirs))
                if held is not None:
                    best = (told.POSSIBLE, {**held, var: only(effect.to or "")})
    return best
