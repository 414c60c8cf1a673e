"""Things behind others: lamps behind a bridge, appliances behind one adapter, known by its word.

A child has no address.  Whatever is known of it the bridge said, so it is never better known, and
never more trusted, than the bridge.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from omamori.hub.knowing.corrections import seen_name
from omamori.hub.knowing.record import SETTLED_AFTER_S, Record

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Mapping

    from omamori.hub.sighting import Sighting

CHILDREN_PER_BRIDGE_MAX = 64  # a Zigbee bridge of a home serves some fifty
CHILDREN_MAX = 1024  # of all bridges together
SETTLED_WEIGHS = 4  # a settled bridge may keep so many times more than a new one
CHILD_CHARACTERS_MAX = 64
FORGET_CHILD_AFTER_S = 7 * 86_400.0  # unheard by its bridge's word while the bridge itself speaks
TOLD_OF_ANOTHER = "bridge.child"
BRIDGE_KINDS = frozenset({TOLD_OF_ANOTHER, "echonet.object"})

_EOJ_DIGITS = 6  # class group, class, instance (ECHONET Lite Specification, Part II §3.2.3)
_DEVICE_GROUPS = frozenset({"00", "01", "02", "03", "04", "05", "06"})  # Appendix, class groups
_CONTROLLERS = frozenset({"05ff"})  # asks others; nothing is behind it


class Behind:
    """What is behind each bridge, by the bridge's record id and the child's own word.

    Attributes:
        refused: children that were not taken in: without a name, or one too many.
    """

    def __init__(self, named: Container[str] = ()) -> None:
        """What a person ``named`` is not let go for another's sake."""
        self._named = named
        self._let_go: set[str] = set()
        self._children: dict[str, dict[str, Record]] = {}
        self._objects: dict[str, dict[str, dict[str, str]]] = {}
        self.count = 0
        self.refused = 0

    def hear(self, sighting: Sighting, bridge: str) -> Iterable[tuple[Record, str, dict[str, str]]]:
        """The children that a fact speaks of, each with the kind and the fields it learns."""
        if sighting.kind == TOLD_OF_ANOTHER:
            record = self._child(bridge, sighting.fields.get("child", ""), sighting.at)
            told = {k: v for k, v in sighting.fields.items() if k not in {"child", "by"}}
            if record:
                yield record, sighting.kind, told
            return
        for eoj, fields in self._appliances(bridge, sighting.fields):
            record = self._child(bridge, eoj, sighting.at)
            if record:
                yield record, "echonet.object", fields

    def of(self, bridge: str) -> tuple[str, ...]:
        """Ids of what is behind a bridge, the first heard first."""
        return tuple(child.id for child in self._children.get(bridge, {}).values())

    def get(self, thing_id: str) -> Record | None:
        """A child by its id."""
        bridge, _, child = thing_id.partition("/")
        return self._children.get(bridge, {}).get(child)

    def all(self) -> Iterable[Record]:
        """Every child of every bridge."""
        for children in self._children.values():
            yield from children.values()

    def restore(self, thing_id: str, at: float) -> Record | None:
        """A child that was kept; None where there is no room."""
        bridge, _, child = thing_id.partition("/")
        return self._child(bridge, child, at)

    def step(self, now: float, named: Container[str]) -> list[str]:
        """Forget children long unheard, but not those that a person named; returns their ids."""
        gone = [
            child.id
            for child in self.all()
            if now - child.last_seen > FORGET_CHILD_AFTER_S and child.id not in named
        ]
        for thing_id in gone:
            self._drop_child(thing_id)
        return gone

    def take_let_go(self) -> set[str]:
        """Ids let go to make room since this was last asked."""
        gone, self._let_go = self._let_go, set()
        return gone

    def move(self, old: str, new: str) -> list[tuple[str, str]]:
        """A bridge goes by another id now, and takes along what is behind it; returns old and new ids.

        What stays under the old id goes with `drop`.
        """
        objects = self._objects.setdefault(new, {})
        for eoj, fields in self._objects.pop(old, {}).items():
            if len(objects) < CHILDREN_PER_BRIDGE_MAX:
                objects.setdefault(eoj, fields)
        moved = []
        for said, before in list(self._children.get(old, {}).items()):
            record = self._child(new, said, before.last_seen)
            if record is None:
                continue
            record.first_seen = min(record.first_seen, before.first_seen)
            record.heard_by |= before.heard_by
            for clue in before.clues.values():
                record.note(clue)
            moved.append((before.id, record.id))
        return moved

    def drop(self, bridge: str) -> list[str]:
        """A bridge is forgotten, and with it what is behind it; returns the children's ids."""
        self._objects.pop(bridge, None)
        gone = [child.id for child in self._children.pop(bridge, {}).values()]
        self.count -= len(gone)
        return gone

    def _child(self, bridge: str, said: str, at: float) -> Record | None:
        child = seen_name(said).replace("/", "-").replace(" ", "-")[:CHILD_CHARACTERS_MAX]
        children = self._children.get(bridge, {})
        record = children.get(child)
        if record is not None:
            record.seen(at)
            return record
        is_full = len(children) >= CHILDREN_PER_BRIDGE_MAX
        if not child or is_full or (self.count >= CHILDREN_MAX and not self._make_room(bridge)):
            self.refused += 1
            return None
        self.count += 1
        self._let_go.discard(f"{bridge}/{child}")
        record = self._children.setdefault(bridge, {})[child] = Record(f"{bridge}/{child}", at)
        return record

    def _make_room(self, bridge: str) -> bool:
        """The fullest bridge gives its youngest child to one that has fewer; the settled keep more.

        Many bridges that were made up a moment ago do not shut out a real one's lamps.
        """
        fullest = max(self._children, key=self._claim)
        if self._claim(fullest)[0] <= self._claim(bridge)[0]:
            return False
        children = self._children[fullest].values()
        youngest = max(children, key=lambda one: (one.id not in self._named, one.first_seen))
        if youngest.id in self._named:
            return False
        self._drop_child(youngest.id)
        self._let_go.add(youngest.id)
        return True

    def _claim(self, bridge: str) -> tuple[float, float]:
        """How much room a bridge takes, and since when; what is settled counts for less."""
        children = self._children.get(bridge)
        if not children:
            return 0.0, 0.0
        first = next(iter(children.values()))
        is_settled = first.last_seen - first.first_seen >= SETTLED_AFTER_S
        return len(children) / (SETTLED_WEIGHS if is_settled else 1), first.first_seen

    def _drop_child(self, thing_id: str) -> None:
        bridge, _, child = thing_id.partition("/")
        children = self._children[bridge]
        del children[child]
        self._objects.get(bridge, {}).pop(child, None)
        self.count -= 1
        if not children:
            del self._children[bridge]

    def _appliances(
        self, bridge: str, fields: Mapping[str, str]
    ) -> Iterable[tuple[str, dict[str, str]]]:
        """Device objects, once a node has shown two; a single one is the node itself."""
        eoj = fields.get("eoj", "").lower()
        if not is_appliance(eoj):
            return
        objects = self._objects.setdefault(bridge, {})
        if eoj not in objects and len(objects) >= CHILDREN_PER_BRIDGE_MAX:
            self.refused += 1
            return
        is_new = eoj not in objects
        objects.setdefault(eoj, {}).update({f: fields[f] for f in _KEPT if f in fields})
        if len(objects) == 1:
            return
        yield from objects.items() if is_new else ((eoj, dict(fields)),)


_KEPT = ("eoj", "epc.8a", "epc.8c")


def is_appliance(eoj: str) -> bool:
    """Whether an ECHONET object is a device: neither a node's profile nor a controller."""
    return len(eoj) == _EOJ_DIGITS and eoj[:2] in _DEVICE_GROUPS and eoj[:4] not in _CONTROLLERS
