"""One direction of talk, as it is counted between two tellings; and those too many to be told."""

from __future__ import annotations

from dataclasses import dataclass

from omamori.hub.flow import CROWD, Flow

Who = tuple[str, str, str, str, str, int, int]
"""The seven fields of a flow that name it, from ``mac`` to ``to_port``."""

UNNAMED: Who = ("", "", "", "", "", 0, 0)


class Direction:
    """One direction of talk: what was counted since it was last told.

    Attributes:
        who: names it, as a flow does.
        opened_at: when it was first heard.
        first_at: the first frame not told of yet; only valid when there are ``frames``.
        at: the latest frame.
        frames, octets, flags: not told of yet.
        looks: how often ``Talk`` looked into it.
        quiet_in: the period in which ``Talk`` expects nothing more of it.
    """

    __slots__ = (
        "at",
        "first_at",
        "flags",
        "frames",
        "from_here",
        "is_answer",
        "looks",
        "octets",
        "opened_at",
        "quiet_in",
        "to_here",
        "who",
    )

    def __init__(
        self,
        at: float,
        who: Who,
        is_answer: bool,  # noqa: FBT001 - made often, and names cost time
        from_here: bool,  # noqa: FBT001
        to_here: bool,  # noqa: FBT001
    ) -> None:
        self.at = self.first_at = self.opened_at = at
        self.who = who
        self.is_answer = is_answer
        self.from_here = from_here
        self.to_here = to_here
        self.frames = self.octets = self.flags = self.looks = 0
        self.quiet_in = -1

    def add(self, at: float, octets: int, flags: int) -> None:
        """Count a frame; the fast road does the same in its own loop."""
        if not self.frames:
            self.first_at = at
        self.frames += 1
        self.octets += octets
        self.flags |= flags
        self.at = at

    def take(self) -> Flow:
        """What was counted, as a flow; the counting begins anew."""
        flow = Flow(
            min(self.first_at, self.at),
            self.at,
            *self.who,
            self.flags,
            self.frames,
            self.octets,
            False,  # noqa: FBT003 - flows are made often, and names cost time
            self.is_answer,
            self.from_here,
            self.to_here,
        )
        self.frames = self.octets = self.flags = 0
        return flow


@dataclass(slots=True)
class Crowd:
    """Frames of directions too many to be told one by one.

    Attributes:
        mac: their sender; empty for senders too many to be counted apart.
        first_at, at: first and latest of them.
        frames, octets: counted.
    """

    mac: str
    first_at: float
    at: float
    frames: int = 0
    octets: int = 0

    def told(self) -> Flow:
        """The sum, as a flow without addresses."""
        return Flow(
            self.first_at, self.at, self.mac, "", "", "", CROWD,
            frames=self.frames, octets=self.octets, is_opening=False,
        )  # fmt: skip
