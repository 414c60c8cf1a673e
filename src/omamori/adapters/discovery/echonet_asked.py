"""What each ECHONET Lite object was asked and has answered, and so what to ask it next."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, NamedTuple

from omamori.adapters.protocols import echonet
from omamori.adapters.protocols.echonet import Epc, Esv

if TYPE_CHECKING:
    from omamori.adapters.protocols.echonet import Frame

# The Appendix (superclass, node profile) requires these of every object.
FIRST = (Epc.STATUS, Epc.VERSION, Epc.MAKER, Epc.INF_MAP, Epc.SET_MAP, Epc.GET_MAP)
# These are asked only of objects whose Get map has them, or that give no such map.
THEN = (Epc.INSTALLED, Epc.IDENTIFIER, Epc.PRODUCT, Epc.SERIAL)

AGAIN_S = 3600.0
AGAIN_AFTER_START_S = 60.0  # a node that says it has just started may have been renewed
ANSWER_S = 3.0  # small nodes take a second or two; then the question counts as missed
NODE_PAUSE_S = 0.2  # between questions to one node: small ones have little room for messages
NODES_MAX = 128
OBJECTS_PER_NODE_MAX = 64
QUESTIONS_PER_ROUND_MAX = 24  # more than all properties one by one, each missed once


class _Way(NamedTuple):
    """How a question is put: over TCP or UDP, and for one property at a time or for all."""

    by_tcp: bool
    singly: bool


# After each missed answer the next way: patience, then TCP (an answer may be too long for the
# node's datagrams), then as little as possible at once.
_WAYS = (_Way(False, False), _Way(False, False), _Way(True, False), _Way(False, True))  # noqa: FBT003 - a table
_TCP_WAY = 2


class Question(NamedTuple):
    """One Get: which node, which object, which properties, and over what."""

    ip: str
    eoj: bytes
    epcs: tuple[int, ...]
    by_tcp: bool


class _Object:
    """One object: what is settled (told, or refused), and what its Get map has."""

    def __init__(self, at: float) -> None:
        self.asked_at = at
        self.settled: set[int] = set()
        self.get = frozenset[int](THEN)
        self.misses = 0
        self.questions = 0
        self.singly = False

    def wish(self) -> tuple[int, ...]:
        """What to ask now; empty when all is settled or enough was asked."""
        if self.misses >= len(_WAYS) or self.questions >= QUESTIONS_PER_ROUND_MAX:
            return ()
        left = [epc for epc in FIRST if epc not in self.settled]
        left = left or [epc for epc in THEN if epc in self.get and epc not in self.settled]
        return tuple(left[:1] if self.singly or _WAYS[self.misses].singly else left)

    def hear(self, frame: Frame, asked: tuple[int, ...]) -> None:
        """Settle what a frame tells; a frame that tells nothing at all asks for less at once."""
        said = echonet.told(frame)
        given = {one.epc for one in said if one.edt}
        self.settled |= given
        for one in said:
            if one.epc == Epc.GET_MAP:
                self.get = echonet.property_map(one.edt) or self.get
        if given or len(asked) == 1 or frame.esv is not Esv.GET_SNA:
            self.settled |= {one.epc for one in said}
        else:
            self.singly = True


class _Node:
    """One node: its objects, which of them wait, and the one question that is open."""

    def __init__(self, at: float) -> None:
        self.objects: dict[bytes, _Object] = {}
        self.waiting: deque[bytes] = deque()
        self.open: Question | None = None
        self.free_at = at
        self.heard_at = at
        self.answers = 0
        self.by_tcp = False

    def missed(self) -> None:
        """The open question got no answer in time."""
        question, self.open = self.open, None
        if question is None:
            return
        one = self.objects[question.eoj]
        one.misses += 1
        if one.misses >= len(_WAYS) and not self.answers:
            self.waiting.clear()  # who never answers is not asked for each of its objects

    def next(self, ip: str, now: float) -> Question | None:
        if now < self.free_at:
            return None
        self.missed()
        while self.waiting:
            eoj = self.waiting[0]
            one = self.objects[eoj]
            epcs = one.wish()
            if not epcs:
                self.waiting.popleft()
                continue
            one.questions += 1
            self.open = Question(ip, eoj, epcs, _WAYS[one.misses].by_tcp)
            self.free_at = now + ANSWER_S
            return self.open
        return None


class Asked:
    """All nodes that are asked; bounded whatever speaks, and only one question open per node."""

    def __init__(self) -> None:
        self._nodes: dict[str, _Node] = {}

    def want(self, ip: str, eoj: bytes, now: float, *, has_started: bool = False) -> None:
        """An object was spoken of: ask it, unless it was asked lately or there is no room."""
        node = self._nodes.get(ip) or self._new(ip, now)
        if node is None:
            return
        node.heard_at = now
        known = node.objects.get(eoj)
        again_s = AGAIN_AFTER_START_S if has_started else AGAIN_S
        if known is not None and (eoj in node.waiting or now - known.asked_at < again_s):
            return
        if known is None and len(node.objects) >= OBJECTS_PER_NODE_MAX:
            return
        one = node.objects[eoj] = _Object(now)
        one.misses = _TCP_WAY if node.by_tcp else 0
        node.waiting.append(eoj)

    def hear(self, ip: str, frame: Frame, now: float, *, by_tcp: bool = False) -> None:
        """A frame came: an answer is known by its sender, for a TID may be anybody's.

        Several askers and nodes use the same few TIDs, and some nodes answer with one of their own.
        """
        node = self._nodes.get(ip)
        one = node.objects.get(frame.seoj) if node else None
        if node is None or one is None:
            return
        question = node.open
        is_answer = (
            question is not None
            and question.eoj == frame.seoj
            and frame.esv in {Esv.GET_RES, Esv.GET_SNA}
        )
        one.hear(frame, question.epcs if question and is_answer else ())
        if is_answer:
            node.open = None
            node.answers += 1
            node.by_tcp = by_tcp
            node.free_at = now + NODE_PAUSE_S

    def no_answer(self, question: Question, now: float) -> None:
        """A TCP question ended without an answer: no need to wait any longer."""
        node = self._nodes.get(question.ip)
        if node and node.open is question:
            node.free_at = min(node.free_at, now)

    def next(self, now: float) -> Question | None:
        """The next question that may be put now, each node in its turn."""
        for ip, node in self._nodes.items():
            question = node.next(ip, now)
            if question is not None:
                self._nodes[ip] = self._nodes.pop(ip)
                return question
        return None

    def _new(self, ip: str, now: float) -> _Node | None:
        """Room for a node: whoever never answered goes first, the youngest of them before others."""
        if len(self._nodes) >= NODES_MAX:
            gone = self._expendable(now)
            if gone is None:
                return None
            del self._nodes[gone]
        node = self._nodes[ip] = _Node(now)
        return node

    def _expendable(self, now: float) -> str | None:
        silent = [(node.heard_at, ip) for ip, node in self._nodes.items() if not node.answers]
        if silent:
            return max(silent)[1]
        heard_at, ip = min((node.heard_at, ip) for ip, node in self._nodes.items())
        return ip if now - heard_at > AGAIN_S else None
