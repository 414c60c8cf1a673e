"""Asking: who asks something of a home, and the question that its rules are asked about it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

import msgspec
import structlog

from omamori.hub.commanding.command import HAND, PERSON, SERVICE, Origin
from omamori.hub.points import act_of, harm_of, industry_of
from omamori.hub.ruling.question import Question
from omamori.trust.standing import GROUND_CERTIFICATE, GROUND_NOTHING, Standing

if TYPE_CHECKING:
    from omamori.hub.commanding.command import Command

FRESH_S = 60.0
FAMILY_RUNG = 3  # what somebody who is signed in to this home's own pages is worth; a judgement

_log = structlog.get_logger(__name__)


class Home(Protocol):
    """What a steward must know of its home."""

    def kind_of(self, thing: str) -> str | None:
        """What a thing is; None where there is none."""
        ...

    def standing_of(self, thing: str) -> tuple[int, str, bool]:
        """Its rung, its ground, and whether it is in doubt."""
        ...

    def grant_of(self, asker: str, target: str, purpose: str) -> str:
        """``guest`` or ``rental`` where the asker has only such a grant."""
        ...

    def thing_at(self, address: str) -> str:
        """The thing of this home that has an IP address now; empty where none has."""
        ...


class Asker(msgspec.Struct, frozen=True):
    """Somebody from elsewhere, as last judged."""

    origin: Origin
    judge: Callable[[float], Standing]
    standing: Standing
    met_at: float
    address: str = ""

    @property
    def rung(self) -> int:
        """Its effective level here; 0 is none."""
        return self.standing.effective.rung if self.standing.effective else 0


def judged(asker: Asker, now: float) -> Standing:
    """Its standing now; who cannot be judged has none."""
    try:
        return asker.judge(now)
    except Exception as error:  # noqa: BLE001 - one who cannot be judged keeps nobody else from it
        _log.error("steward.not-judged", who=asker.origin.who, why=repr(error)[:200])
        return msgspec.structs.replace(asker.standing, effective=None, reasons=())


def question_of(
    command: Command,
    home: Home,
    asker: Asker | None,
    now: float,
    *,
    in_use: bool,
    is_doubted: bool,
    act: str = "",
) -> Question:
    """All that a rule may look at; `asker` where it met the hub, `act` where nothing is to be set."""
    origin = command.origin
    kind = home.kind_of(command.target) or ""
    if asker is not None:
        rung, ground, suspect = asker.rung, GROUND_CERTIFICATE, is_doubted
    elif origin.kind == PERSON:
        rung, ground, suspect = FAMILY_RUNG, GROUND_NOTHING, False
    else:
        rung, ground, suspect = home.standing_of(origin.who)
    return Question(
        purpose=command.purpose,
        act=act or act_of(command.point, kind),
        point=command.point,
        asker_kind=_kind_of(origin, home),
        target_kind=kind,
        asker_industry=origin.industry,
        target_industry=industry_of(kind),
        rung=rung,
        ground=ground,
        suspect=suspect,
        slot=command.slot,
        channel=origin.channel,
        at_hand=origin.channel == HAND,
        near=False,  # nothing here can show it (`trust.nearness`)
        fresh=asker is not None and 0 <= now - asker.met_at <= FRESH_S,
        in_use=in_use,
        harm=harm_of(kind),
        grant=home.grant_of(origin.who, command.target, command.purpose),
        hour=datetime.fromtimestamp(now).astimezone().hour,
    )


def _kind_of(origin: Origin, home: Home) -> str:
    if origin.kind == PERSON:
        return "person"
    if origin.kind == SERVICE:
        return "service"
    return home.kind_of(origin.who) or ""
