"""Views: what a page is told. Plain values; a page never decides and never looks anything up.

Everything is immutable. Times are seconds since the epoch. Names come from outside and are shown
as they are, escaped; sentences come as `Reason`.
"""

from __future__ import annotations

import msgspec

from omamori.documents.reason import Reason
from omamori.web.views_talk import (
    AlertCard,
    AliasView,
    DoingView,
    HearingView,
    OtherThing,
    ShouldView,
    SuggestionView,
)

UNCONFIRMED, AS_USUAL, TAKE_CARE, ATTENTION, DANGER, EMERGENCY = range(6)
"""The five steps of state and, at 0, the honest grey 「確認できません」."""


class LevelView(msgspec.Struct, frozen=True):
    """A rung of one industry's ladder."""

    industry: str
    rung: int
    rungs: int = 5


class TodoView(msgspec.Struct, frozen=True):
    """One thing that a person should do now.

    Attributes:
        state: one of the five steps.
        what: the one sentence.
        why: further reasons.
        path: the page where it is done; `label` names it there as page text (English).
    """

    state: int
    what: Reason
    path: str
    why: tuple[Reason, ...] = ()
    name: str = ""


class ThingCard(msgspec.Struct, frozen=True):
    """A thing in a list.

    Attributes:
        kind: a key of `omamori.hub.knowing.identify_kinds.KINDS`.
        sure: a key of `names.SURENESS`; words, because the weights behind it are uncalibrated.
        why: the strongest clues, or why it is unknown.
        ground: `certificate`, `hub-word` or `nothing`.
        room: industry for the sample home, or a room; may be empty.
    """

    id: str
    name: str
    kind: str
    state: int
    sure: str
    why: tuple[Reason, ...]
    ground: str
    level: LevelView | None
    seen_at: float
    industry: str = ""
    address: str = ""


class SourceView(msgspec.Struct, frozen=True):
    """One way of hearing.

    Attributes:
        key: a key of `names.SOURCES`.
        on: whether it is being heard now; `why` says why not.
        heard: how many facts so far.
    """

    key: str
    on: bool
    heard: int = 0
    last_at: float | None = None
    why: tuple[Reason, ...] = ()


class HomeView(msgspec.Struct, frozen=True):
    """The first page: this network now; `alerts` are those that nobody called fine yet.

    `situation` is what goes wrong in the practice home now, a key of `names.SITUATIONS`.
    """

    at: float
    things: tuple[ThingCard, ...]
    todos: tuple[TodoView, ...]
    sources: tuple[SourceView, ...]
    force: str = "observing"
    alerts: tuple[AlertCard, ...] = ()
    hearing: HearingView | None = None
    situation: str = ""


class ClueView(msgspec.Struct, frozen=True):
    """One clue on what a thing is: what was heard, how much it weighs (0 to 1), when."""

    what: Reason
    heard_by: str
    weight: float
    at: float


class AddressView(msgspec.Struct, frozen=True):
    """An address: `kind` is `mac`, `ipv4` or `ipv6`; `why` such as "it changes at will"."""

    kind: str
    address: str
    at: float
    why: tuple[Reason, ...] = ()


class LinkView(msgspec.Struct, frozen=True):
    """A standing cooperation of two things.

    Attributes:
        answer: `allow`, `limit`, `ask` or `refuse`.
        level: the smaller of both sides' levels; None is no level.
        until: when it must be decided again; None when it does not hold.
        changed_at: when the answer last changed; `before` is the answer before that, or "".
    """

    id: str
    one_id: str
    one: str
    other_id: str
    other: str
    purpose: str
    answer: str
    level: LevelView | None
    until: float | None
    reasons: tuple[Reason, ...]
    meeting_id: str = ""
    before: str = ""
    changed_at: float | None = None


class ThingView(msgspec.Struct, frozen=True):
    """All that is known of one thing.

    Attributes:
        sample: it belongs to the practice home.
        doing, should: what it does and what it should do; None where nothing can be known.
        alerts: its departures.
        parent: the thing that it stands behind; `children` stand behind it.
        aliases: the addresses that it was heard under, where they are several.
        others: id and name of things that it could be the same as.
        has_label: it has a page of its common label.
        suggestion: what it sounds like, as long as nobody knows what it is.
    """

    card: ThingCard
    clues: tuple[ClueView, ...]
    addresses: tuple[AddressView, ...]
    names: tuple[str, ...]
    ground_reasons: tuple[Reason, ...]
    links: tuple[LinkView, ...] = ()
    maker: str = ""
    corrected: bool = False
    sample: bool = False
    doing: DoingView | None = None
    should: ShouldView | None = None
    alerts: tuple[AlertCard, ...] = ()
    parent: OtherThing | None = None
    children: tuple[OtherThing, ...] = ()
    aliases: tuple[AliasView, ...] = ()
    others: tuple[tuple[str, str], ...] = ()
    has_label: bool = True
    suggestion: SuggestionView | None = None
    hearing: HearingView | None = None


class LabelView(msgspec.Struct, frozen=True):
    """The common label of a thing: level, state, present cooperation, until when, by whom.

    Attributes:
        partners: how many things it works together with now.
        support_until: the maker's promise of updates; None when nobody promised.
        issuer: who stands behind the level.
        url: where this label is read afresh; goes into the QR code.
    """

    thing_id: str
    name: str
    kind: str
    state: int
    level: LevelView | None
    ground: str
    partners: int
    support_until: float | None
    issuer: str
    checked_at: float
    url: str


class ProductView(msgspec.Struct, frozen=True):
    """A product in an authority's registry, with the rung certified and the rung now."""

    id: str
    name: str
    certified: int
    current: int
    reasons: tuple[Reason, ...] = ()


class AuthorityView(msgspec.Struct, frozen=True):
    """One industry's authority: `recognises` is industry → pairs of (their rung, own rung)."""

    industry: str
    name: str
    address: str
    products: tuple[ProductView, ...]
    recognises: dict[str, tuple[tuple[int, int], ...]] = {}
    rungs: int = 5


class SampleView(msgspec.Struct, frozen=True):
    """The sample home: its things by industry, their links, their authorities.

    Attributes:
        situations: what can be let go wrong, keys of `names.SITUATIONS`; empty if nothing can.
        situation: what goes wrong now, or empty.
        alerts: what the hub noticed there and nobody called fine.
    """

    at: float
    things: tuple[ThingCard, ...]
    links: tuple[LinkView, ...]
    authorities: tuple[AuthorityView, ...]
    purposes: tuple[str, ...]
    faults: tuple[str, ...]
    meetings: tuple[str, ...] = ()
    situations: tuple[str, ...] = ()
    situation: str = ""
    alerts: tuple[AlertCard, ...] = ()


class CertificateView(msgspec.Struct, frozen=True):
    """A certificate in words, with the rest as pairs of (field name, value)."""

    subject: str
    issuer: str
    industry: str
    level: LevelView | None
    not_before: float
    not_after: float
    details: tuple[tuple[str, str], ...] = ()


class StandingView(msgspec.Struct, frozen=True):
    """What one side concluded of the other, in its own ladder."""

    ground: str
    certified: LevelView | None
    current: LevelView | None
    effective: LevelView | None
    steps: tuple[Reason, ...]
    reasons: tuple[Reason, ...]
    valid_until: float | None
    answer: str


class SideView(msgspec.Struct, frozen=True):
    """One side of a meeting: what it showed, and what it concluded of the other (or None)."""

    id: str
    name: str
    kind: str
    industry: str
    certificates: tuple[CertificateView, ...]
    statement: tuple[tuple[str, str], ...]
    standing: StandingView | None


class MeetingView(msgspec.Struct, frozen=True):
    """A meeting of two things, while it runs and ever after.

    Attributes:
        answer: `waiting` while it runs, then the stricter of both verdicts.
        level: the combined level of the link.
        took_s: how long it took; None while it runs.
        trouble: why the meeting itself broke, if it did.
    """

    id: str
    at: float
    purpose: str
    fault: str
    answer: str
    level: LevelView | None
    until: float | None
    took_s: float | None
    sides: tuple[SideView, SideView]
    reasons: tuple[Reason, ...]
    trouble: Reason | None = None


class EntryView(msgspec.Struct, frozen=True):
    """One entry of the record: `kind` is a key of `names.ENTRIES`."""

    at: float
    kind: str
    what: Reason
    state: int = AS_USUAL
    reasons: tuple[Reason, ...] = ()
    path: str = ""
    by: str = ""
    digest: str = ""


class HappenedView(msgspec.Struct, frozen=True):
    """A page of the record, newest first; `older` asks for the page before, or is empty."""

    entries: tuple[EntryView, ...]
    total: int
    older: str = ""


class SettingsView(msgspec.Struct, frozen=True):
    """What is in force."""

    listening: bool
    force: str
    force_reasons: tuple[Reason, ...]
    address: str
    on_lan: bool
    folder: str
    version: str
    sources: tuple[SourceView, ...] = ()
    hearing: HearingView | None = None
