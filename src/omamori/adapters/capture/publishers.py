"""Follows what things publish by MQTT over TCP, as long as they announce something."""

from __future__ import annotations

from typing import TYPE_CHECKING

from omamori.adapters.protocols import mqtt, mqtt_home

if TYPE_CHECKING:
    from omamori.adapters.protocols.text import Facts

FOLLOWED_MAX = 32
PACKET_OCTETS_MAX = mqtt_home.JSON_OCTETS_MAX + 1024
SEGMENTS_MAX = 4096  # of one direction
SEGMENTS_WITHOUT_NEWS_MAX = 64
_BEGINNING = 64  # octets in which a topic is looked for
_TOPICS = (b"homeassistant/", b"/bridge/devices")


class Stream:
    """One direction: octets of a packet that is not whole, or how many of a huge one to pass over."""

    __slots__ = ("idle", "next_sequence", "segments", "skip", "tail")

    def __init__(self) -> None:
        self.next_sequence: int | None = None
        self.tail = b""
        self.skip = 0
        self.segments = 0
        self.idle = 0


class Publishers:
    """Directions that began with a CONNECT, or in whose middle an announcement was heard."""

    def __init__(self) -> None:
        self._streams: dict[bytes, Stream] = {}
        self._bridges = mqtt_home.Bridges()

    def __len__(self) -> int:
        return len(self._streams)

    def forget(self) -> None:
        """Tell everything anew."""
        self._bridges.forget()

    def read(
        self, flow: bytes, speaker: bytes, sequence: int, octets: bytes, *, is_broker: bool
    ) -> Facts | None:
        """What a segment announces; None when it is no publisher's, or one with no more news.

        Args:
            flow: the direction.
            speaker: who publishes.
            sequence: number of the segment's first octet.
            octets: the segment's payload.
            is_broker: it goes to a broker's own port: whatever it says now, it may announce later.
        """
        stream = self._streams.get(flow)
        if stream is None:
            if not (mqtt.looks_like_connect(octets) or _looks_like_announcement(octets)):
                return [] if is_broker else None
            while len(self._streams) >= FOLLOWED_MAX:
                del self._streams[next(iter(self._streams))]
            stream = self._streams[flow] = Stream()
        facts = self._segment(stream, speaker, sequence, octets)
        stream.segments += 1
        stream.idle = 0 if facts else stream.idle + 1
        if stream.segments >= SEGMENTS_MAX or stream.idle >= SEGMENTS_WITHOUT_NEWS_MAX:
            del self._streams[flow]
            return facts if is_broker or facts else None
        return facts

    def _segment(self, stream: Stream, speaker: bytes, sequence: int, octets: bytes) -> Facts:
        if stream.next_sequence is not None and sequence != stream.next_sequence:
            if (stream.next_sequence - sequence) & 0xFFFF_FFFF < 1 << 31:
                return []  # sent again
            stream.tail, stream.skip = b"", 0  # a segment is missing
            if not _looks_like_announcement(octets):
                return []
        stream.next_sequence = (sequence + len(octets)) & 0xFFFF_FFFF
        skipped = min(stream.skip, len(octets))
        stream.skip -= skipped
        stream.tail += octets[skipped:]
        facts: Facts = []
        at = 0
        while size := mqtt.size_of(stream.tail[at : at + 5]):
            if at + size > len(stream.tail):
                if size > PACKET_OCTETS_MAX:
                    stream.skip, at = at + size - len(stream.tail), len(stream.tail)
                break
            facts += self._packet(speaker, stream.tail[at : at + size])
            at += size
        stream.tail = stream.tail[at:]
        return facts

    def _packet(self, speaker: bytes, octets: bytes) -> Facts:
        if mqtt.looks_like_connect(octets):
            return mqtt.connect_facts(octets)
        topic, text = mqtt.published(mqtt.packet(octets))
        return self._bridges.hear(speaker, topic, text) if topic else []


def _looks_like_announcement(octets: bytes) -> bool:
    """Whether a PUBLISH to a topic of announcements begins here."""
    begins = octets[:_BEGINNING]
    return (
        begins[:1] != b"" and begins[0] >> 4 == mqtt.PUBLISH and any(t in begins for t in _TOPICS)
    )
