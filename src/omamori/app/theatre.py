"""Theatre: the plays of the practice home, one at a time, with their sample service."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from omamori.app.plays import HUB, SERVICE_ID, PlayError, Stage
from omamori.app.plays_told import PLAYS
from omamori.app.protection import FAMILY
from omamori.hub.commanding.command import HAND
from omamori.simulation.cast import INDUSTRIES, SAVER
from omamori.simulation.practice_cast import CAST
from omamori.trust.standing import NOBODY, judge
from omamori.web.words import text

if TYPE_CHECKING:
    from collections.abc import Callable

    from omamori.app.plays import Play
    from omamori.app.practice import Practice
    from omamori.documents.reason import Reason
    from omamori.simulation.sample_home import SampleHome
    from omamori.trust.standing import Standing
    from omamori.web.views_rules import PlayView

SERVICE_ROLE = SAVER.id
SERVICE_HOST = next(one.host for one in INDUSTRIES if one.name == SAVER.industry)


class Theatre:
    """Plays what a visitor chooses.

    Attributes:
        named: puts names instead of ids into a sentence.
    """

    def __init__(self, practice: Practice, sample: SampleHome, clock: Callable[[], float]) -> None:
        self.practice = practice
        self.sample = sample
        self.clock = clock
        self.named: Callable[[Reason, str], Reason] = lambda reason, _lang: reason
        self._play: Play | None = None

    @property
    def situation(self) -> str:
        """What is played now, or empty."""
        return self._play.situation if self._play else ""

    def begin(self, situation: str) -> bool:
        """Begin a play, ending the one before; whether there is a play of this name.

        Raises:
            PlayError: the sample home, whose authority speaks for the service, is not open yet.
        """
        self.end()
        kind = PLAYS.get(situation)
        if kind is None:
            return False
        player = self.sample.players.get(SERVICE_ROLE)
        if player is None or not self.practice.is_open:
            raise PlayError("sample.not-open-yet")
        uri = self._judged(self.clock()).uri
        self.practice.protection.steward.regain(uri)
        self._play = kind(Stage(self.practice, self._judged, uri))
        self.step(self.clock())
        return True

    def _judged(self, now: float) -> Standing:
        """The service by its industry's newest word, as the hub of the sample home judges it."""
        player = self.sample.players.get(SERVICE_ROLE)
        book, caps = self.sample.books["energy"], self.sample.caps
        shown = player.credentials() if player is not None else NOBODY
        return judge(shown, None, book, now, caps)

    def end(self) -> None:
        """Nothing is played any more; what the play asked for is taken back."""
        if self._play is None:
            return
        play, self._play = self._play, None
        play.end()
        steward = self.practice.protection.steward
        for outcome in steward.arbiter.live(self.clock()):
            steward.withdraw(outcome.command.id, outcome.command.origin)

    def step(self, now: float) -> bool:
        """Let time pass; whether anything happened."""
        return self._play is not None and self._play.step(now)

    def choose(self, situation: str, choice: str) -> None:
        """Act in the play; raises PlayError."""
        if self._play is None or self._play.situation != situation:
            raise PlayError("web.choice-unknown")
        self._play.choose(choice)

    def view(self, situation: str, lang: str) -> PlayView | None:
        """The play, if it is on."""
        if self._play is None or self._play.situation != situation:
            return None
        return self._play.view(
            lambda lane: _lane(lane, lang), lambda reason: self.named(reason, lang)
        )


LANES = {
    SERVICE_ID: (SAVER.ja, SAVER.en),
    HUB: ("このハブ", "This hub"),
    "person": ("家族", "The family"),
    "meter": ("脈拍計", "Pulse meter"),
    "way": ("途中", "On the way"),
    "receiver": ("医師のサービス", "The doctor's service"),
    "box": ("車の通信の箱", "The car's box"),
    "gateway": ("門番", "Gateway"),
    "inner": ("ブレーキとエンジン", "Brakes and engine"),
    "asker": ("求める人", "Who asks"),
    "implant": ("体内の機器", "Implant"),
}
"""What the places of a play are called; things of the home have their own names."""


def _lane(lane: str, lang: str) -> str:
    member = CAST.get(lane)
    pair = member.name if member is not None else LANES.get(lane, (lane, lane))
    return pair[0 if lang == "ja" else 1]


def service_name(who: str, lang: str) -> str:
    """What a service of the play, or the family, is called; others as they are known."""
    if who in {FAMILY, HAND}:
        return text("somebody of the family", lang)
    if urlsplit(who).hostname == SERVICE_HOST:
        return SAVER.ja if lang == "ja" else SAVER.en
    return who
