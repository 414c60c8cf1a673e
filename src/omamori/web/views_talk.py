"""Views of what things do: whom they talk to, what is new, what is odd, and what can be seen at all.

As in `views`: plain, immutable values; times are seconds since the epoch, amounts are octets. Every
name may come from outside and is shown as it is, cleaned and escaped. `home` is ``""`` for the real
home and ``"sample"`` for the practice home.
"""

from __future__ import annotations

import msgspec

from omamori.documents.reason import Reason

HOUR_S, DAY_S, WEEK_S, MONTH_S = 3600.0, 86400.0, 604800.0, 2592000.0
"""How far back a page looks; a month is 30 days."""

SAMPLE = "sample"
"""The practice home, as `home`."""

PEERS_SHOWN_MAX = 60
"""Partners on one page; the rest is counted in `left_out`."""


class HearingView(msgspec.Struct, frozen=True):
    """From where this computer sees the home, and how well it keeps up.

    Attributes:
        view: a key of `names.VIEWS`: ``router``, ``bridge``, ``plugged`` (only plugged in, so only
            what is sent to it and to everybody is seen) or ``asking`` (nothing but asking).
        interface: the network connection that is listened on; may be empty.
        frames, dropped: heard since `since`, and lost because they came too fast.
        is_hurried: under pressure it listens only to what tells most.
        why: further reasons, such as why it does not listen.
    """

    view: str = "asking"
    interface: str = ""
    frames: int = 0
    dropped: int = 0
    since: float | None = None
    is_hurried: bool = False
    why: tuple[Reason, ...] = ()


class PeerView(msgspec.Struct, frozen=True):
    """One whom a thing talks to.

    Attributes:
        place: ``home``, ``outside``, or ``group`` (everybody at home at once).
        name: a thing's name, a registrable domain, or an address; empty for a group.
        thing_id: the thing, if it is at home.
        country: ISO 3166-1, two letters; empty where nobody knows.
        services: such as ``tcp/443`` or ``icmp``; words are made by the page.
        sent, received: octets as the thing sees them.
        begun_by: ``it``, ``peer`` or ``""`` (not heard).
        is_new: it was not a partner before the time looked at.
        is_odd: it departs from what the thing should do.
    """

    place: str
    name: str
    thing_id: str = ""
    country: str = ""
    services: tuple[str, ...] = ()
    sent: int = 0
    received: int = 0
    first_at: float = 0.0
    last_at: float = 0.0
    begun_by: str = ""
    is_new: bool = False
    is_odd: bool = False


class DoingView(msgspec.Struct, frozen=True):
    """What one thing does: sums, by partner and by the hour.

    Attributes:
        since_s: how far back; a page offers a day and a week.
        peers: those with most talk first, at most ``PEERS_SHOWN_MAX``; `left_out` more.
        hours: the last hours, oldest first: (begin of the hour, octets sent, octets received).
    """

    since_s: float
    peers: tuple[PeerView, ...] = ()
    sent: int = 0
    received: int = 0
    left_out: int = 0
    hours: tuple[tuple[float, int, int], ...] = ()


class RuleView(msgspec.Struct, frozen=True):
    """One thing that it may do.

    Attributes:
        who: a key of `names.WHO`; ``named`` uses `name` (a domain, an address or a thing's name).
        direction: ``to`` (it begins), ``from`` (the other begins) or ``both``.
    """

    who: str
    name: str = ""
    country: str = ""
    services: tuple[str, ...] = ()
    direction: str = "both"


class ShouldView(msgspec.Struct, frozen=True):
    """What a thing should do, and on what ground that is known.

    Attributes:
        ground: a key of `names.SHOULD_GROUNDS`: ``declared`` (its maker's rules, RFC 8520),
            ``learned`` (in its first days), ``learning`` (still, until `until`) or ``nothing``.
        about, url: what a maker's file says it describes, and where it came from.
        at: when the rules were taken in or learned.
        notes: what was wrong with the file, or what could not be used of it.
        can_download: something was learned that can be had as a MUD file.
    """

    ground: str = "nothing"
    rules: tuple[RuleView, ...] = ()
    left_out: int = 0
    until: float | None = None
    at: float | None = None
    about: str = ""
    url: str = ""
    notes: tuple[Reason, ...] = ()
    can_download: bool = False


class OtherThing(msgspec.Struct, frozen=True):
    """A thing named on the page of another: what it stands behind, or what stands behind it."""

    id: str
    name: str
    kind: str = "unknown"
    about: str = ""


class AliasView(msgspec.Struct, frozen=True):
    """An address of a thing that changes it.

    Attributes:
        is_guess: only likeness ties it to the thing; a person may say that it is the same.
        is_used: it is used now.
        is_first: the thing was first known by it, so that the others are compared with it.
    """

    address: str
    first_at: float
    last_at: float
    why: tuple[Reason, ...] = ()
    is_guess: bool = False
    is_used: bool = False
    is_first: bool = False


class SuggestionView(msgspec.Struct, frozen=True):
    """What a learned ear thinks it sounds like; only a person can make it so."""

    kind: str
    why: tuple[Reason, ...] = ()


class TalkNode(msgspec.Struct, frozen=True):
    """A point of the map: ``router``, ``home``, ``outside`` or ``group`` is its `place`."""

    id: str
    name: str
    place: str
    kind: str = "unknown"
    country: str = ""
    state: int = 1


class TalkEdge(msgspec.Struct, frozen=True):
    """Talk between two points; `sent` is from `one` to `other`; `begun_by` is one of their ids."""

    one: str
    other: str
    services: tuple[str, ...] = ()
    sent: int = 0
    received: int = 0
    first_at: float = 0.0
    last_at: float = 0.0
    begun_by: str = ""
    is_new: bool = False
    is_odd: bool = False


class TalkView(msgspec.Struct, frozen=True):
    """Who talks to whom.

    Attributes:
        things: all things to choose from: (id, name).
        thing: the one looked at, or empty.
        left_out: further edges that are not shown.
    """

    at: float
    home: str
    since_s: float
    hearing: HearingView
    things: tuple[tuple[str, str], ...] = ()
    thing: str = ""
    nodes: tuple[TalkNode, ...] = ()
    edges: tuple[TalkEdge, ...] = ()
    left_out: int = 0


class OutsideThing(msgspec.Struct, frozen=True):
    """What one thing sends outside: places as `PeerView`s, most talk first."""

    id: str
    name: str
    kind: str
    sent: int
    received: int
    places: tuple[PeerView, ...]
    left_out: int = 0


class OutsideView(msgspec.Struct, frozen=True):
    """What goes outside, thing by thing, most talk first; `left_out` more things are not shown."""

    at: float
    home: str
    since_s: float
    hearing: HearingView
    choices: tuple[tuple[str, str], ...] = ()
    thing: str = ""
    things: tuple[OutsideThing, ...] = ()
    left_out: int = 0


class NewItem(msgspec.Struct, frozen=True):
    """Something new: `kind` is a key of `names.NEWS`; the thing's page is linked if there is one."""

    at: float
    kind: str
    what: Reason
    thing_id: str = ""
    name: str = ""
    state: int = 1


class NewView(msgspec.Struct, frozen=True):
    """What is new since then, newest first; `since` is when counting began if that is later."""

    at: float
    home: str
    since_s: float
    items: tuple[NewItem, ...] = ()
    left_out: int = 0
    since: float | None = None


class AlertCard(msgspec.Struct, frozen=True):
    """A departure that a person should know of.

    Attributes:
        state: one of the five steps.
        what: the one sentence.
        todo: the one action.
        at, last_at: when it began, when it was last noticed; `times` how often.
        fine: a person said that it is fine; `over` it ended by itself.
        cut: the thing is cut off now.
    """

    id: str
    state: int
    what: Reason
    todo: Reason | None
    at: float
    last_at: float
    times: int = 1
    thing_id: str = ""
    name: str = ""
    fine: bool = False
    over: bool = False
    cut: bool = False


class FactView(msgspec.Struct, frozen=True):
    """One packet's word: addresses as heard, names if they are known, and what it was."""

    at: float
    source: str
    target: str
    what: str
    source_name: str = ""
    target_name: str = ""


class AlertView(msgspec.Struct, frozen=True):
    """All that is known of an alert; `fine_at` is when a person said that it is fine."""

    card: AlertCard
    home: str
    facts: tuple[FactView, ...] = ()
    why: tuple[Reason, ...] = ()
    fine_at: float | None = None


class AlertsView(msgspec.Struct, frozen=True):
    """All alerts: worst and newest first; what is over or fine after that."""

    at: float
    home: str
    alerts: tuple[AlertCard, ...] = ()
