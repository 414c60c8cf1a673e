"""Meeting: two things authenticate and judge one another, above mutual TLS 1.3.

A sans-IO state machine: bytes in, bytes out, `now` an argument. After TLS (which proves little: it is
blind to policies) both say *hello*, then show credentials with a proof bound to the channel and to
both nonces, then tell their verdicts. The wire form is in docs/formats.md.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import cbor2
import msgspec

from omamori.documents.certificate import sha256
from omamori.documents.level import Level
from omamori.documents.limits import CREDENTIALS_BYTES_MAX, TEXT_CHARACTERS_MAX
from omamori.documents.reason import RefusedError
from omamori.documents.sealed import read_cbor
from omamori.trust.standing import DEFAULT_CAPS, Caps, Credentials, Proof, Standing, judge
from omamori.trust.verdict import (
    ALLOW,
    LIMIT,
    PURPOSES,
    REFUSE,
    STRICTEST_LAST,
    Verdict,
    decide,
    link_level,
    stricter,
)

if TYPE_CHECKING:
    from omamori.trust.book import Book

VERSION = "omamori-meeting/1"
NONCE_BYTES = 32
BINDING_BYTES = 32
BINDING_LABEL = b"EXPORTER-Channel-Binding"
"""TLS exporter label `tls-exporter` of RFC 9266, the channel binding for TLS 1.3."""

MESSAGE_BYTES_MAX = CREDENTIALS_BYTES_MAX
MESSAGES_MAX = 3
REASONS_TOLD_MAX = 16
DEADLINE_S = 10.0
"""One deadline for the whole meeting, kept by whoever moves the bytes."""

CALLER, ANSWERER = "caller", "answerer"
HELLO, SHOW, TELL = 1, 2, 3


class MeetingError(RefusedError):
    """The peer broke the protocol: malformed, out of order, too long, or not who the channel says."""


class Signer(Protocol):
    """Signs with the key of one's own certificate."""

    def sign(self, octets: bytes) -> bytes:
        """DER ECDSA-SHA256 signature of `octets`."""
        ...


class Self(msgspec.Struct, frozen=True):
    """Who one is at a meeting: what to show, and the key to prove it."""

    credentials: Credentials
    signer: Signer


class Outcome(msgspec.Struct, frozen=True, gc=False):
    """What one side knows after a meeting.

    Attributes:
        purpose: what the link is for.
        peer: what the peer showed; `standing` what is concluded of it, `verdict` the own answer.
        peer_answer, peer_level, peer_reasons: the peer's answer on us, its level of us in *its*
            ladder (policy OID or ""), and its reason keys.
        answer: the stricter of both; `level` the link's level in the own ladder.
        until: when the link must be judged again.
    """

    purpose: str
    peer: Credentials
    standing: Standing
    verdict: Verdict
    peer_answer: str
    peer_level: str
    peer_reasons: tuple[str, ...]
    answer: str
    level: Level | None
    until: float


class Meeting:
    """One side of one meeting."""

    def __init__(
        self,
        role: str,
        me: Self,
        book: Book,
        purpose: str,
        nonce: bytes,
        binding: bytes,
        peer_thumbprint: bytes,
        caps: Caps = DEFAULT_CAPS,
    ) -> None:
        """Begin a meeting; an answerer gives no purpose, it takes the caller's."""
        self.role = role
        self.me = me
        self.book = book
        self.purpose = purpose
        self.nonce = nonce
        self.binding = binding
        self.peer_thumbprint = peer_thumbprint
        self.caps = caps
        self.outcome: Outcome | None = None
        self._hello = self._greeting() if role == CALLER else b""
        self._peer_hello = b""
        self._shown: Credentials | None = None
        self._standing: Standing | None = None
        self._verdict: Verdict | None = None
        self._received = 0

    def start(self) -> tuple[bytes, ...]:
        """The messages to send first; an answerer waits."""
        return (self._hello,) if self._hello else ()

    def _greeting(self) -> bytes:
        return cbor2.dumps([HELLO, VERSION, self.nonce, self.purpose])

    def receive(self, message: bytes, now: float) -> tuple[bytes, ...]:
        """Take in one message; returns the messages to send now, none when all is said.

        Raises:
            MeetingError: the peer broke the protocol; the meeting is over.
        """
        self._received += 1
        if self.outcome is not None or self._received > MESSAGES_MAX:
            raise MeetingError("meeting.talks-on")
        if len(message) > MESSAGE_BYTES_MAX:
            raise MeetingError("meeting.too-long", {"bytes_max": MESSAGE_BYTES_MAX})
        parts = read_cbor(message, MeetingError, "meeting.malformed")
        steps = {1: self._heard_hello, 2: self._heard_credentials, 3: self._heard_verdict}
        return steps[self._received](message, parts, now)

    def _heard_hello(self, message: bytes, parts: object, _now: float) -> tuple[bytes, ...]:
        match parts:
            case [1, str() as version, bytes() as nonce, str() as purpose]:
                pass
            case _:
                raise MeetingError("meeting.out-of-order", {"expected": "hello"})
        if version != VERSION:
            raise MeetingError("meeting.version-unknown", {"version": version[:40]})
        if len(nonce) != NONCE_BYTES:
            raise MeetingError("meeting.malformed")
        if purpose not in PURPOSES:
            raise MeetingError("meeting.purpose-unknown", {"purpose": purpose[:60]})
        answer: tuple[bytes, ...] = ()
        if self.role == ANSWERER:
            self.purpose = purpose
            self._hello = self._greeting()
            answer = (self._hello,)
        elif purpose != self.purpose:
            raise MeetingError("meeting.purpose-differs", {"purpose": purpose})
        if message == self._hello:
            raise MeetingError("meeting.mirrored")
        self._peer_hello = message
        own = self.me.credentials
        signature = self.me.signer.sign(self._transcript(self.role, own))
        shown = [SHOW, own.certificate, own.statement, own.vouch, signature]
        return (*answer, cbor2.dumps(shown))

    def _heard_credentials(self, _message: bytes, parts: object, now: float) -> tuple[bytes, ...]:
        match parts:
            case [
                2,
                bytes() as certificate,
                bytes() as statement,
                bytes() as vouch,
                bytes() as proof,
            ]:
                shown = Credentials(certificate, statement, vouch)
            case _:
                raise MeetingError("meeting.out-of-order", {"expected": "credentials"})
        if sha256(certificate) != self.peer_thumbprint:
            raise MeetingError("meeting.not-the-channels-peer")
        transcript = self._transcript(CALLER if self.role == ANSWERER else ANSWERER, shown)
        self._shown = shown
        self._standing = judge(shown, Proof(transcript, proof), self.book, now, self.caps)
        self._verdict = decide(self._standing, PURPOSES[self.purpose])
        level = self._verdict.level
        keys = [reason.key for reason in self._verdict.reasons[:REASONS_TOLD_MAX]]
        told = [TELL, self._verdict.answer, level.oid if level else "", keys]
        return (cbor2.dumps([*told, int(self._verdict.until)]),)

    def _heard_verdict(self, _message: bytes, parts: object, now: float) -> tuple[bytes, ...]:
        match parts:
            case [3, str() as answer, str() as oid, list() as keys, int() as until]:
                pass
            case _:
                raise MeetingError("meeting.out-of-order", {"expected": "verdict"})
        plain = all(isinstance(k, str) and len(k) <= TEXT_CHARACTERS_MAX for k in keys)
        if answer not in STRICTEST_LAST or not plain or len(keys) > REASONS_TOLD_MAX:
            raise MeetingError("meeting.malformed")
        if not 0 <= until < 1 << 40:  # seconds; a greater number would not fit a float
            raise MeetingError("meeting.malformed")
        if self._shown is None or self._standing is None or self._verdict is None:
            raise MeetingError("meeting.out-of-order", {"expected": "credentials"})
        level = link_level(self._verdict.level, self.book.translate(oid, now) if oid else None)
        joint = stricter(self._verdict.answer, answer)
        if level is None and joint in (ALLOW, LIMIT):
            joint = REFUSE  # the two levels have no common measure: nothing says how far
        self.outcome = Outcome(
            purpose=self.purpose,
            peer=self._shown,
            standing=self._standing,
            verdict=self._verdict,
            peer_answer=answer,
            peer_level=oid,
            peer_reasons=tuple(keys),
            answer=joint,
            level=level,
            until=min(self._verdict.until, float(until)),
        )
        return ()

    def _transcript(self, role: str, shown: Credentials) -> bytes:
        """What a proof signs: both hellos, the channel, the role and all that is shown."""
        hellos = (self._hello, self._peer_hello)
        ordered = hellos if self.role == CALLER else hellos[::-1]
        return cbor2.dumps(
            [
                VERSION,
                role,
                self.binding,
                *ordered,
                sha256(shown.certificate),
                sha256(shown.statement),
                sha256(shown.vouch),
            ]
        )
