"""Whether a new address is a known thing that came back: decided from what it says, purely.

Phones make their hardware addresses up and change them (RFC 9724 calls it randomised and
changing MAC addresses; RFC 9797 lists what breaks).  What stays is what they call themselves.
Everything here can be copied by anyone who listens, so a belief serves recognition alone and never
carries trust; see `KnownThing.is_likeness`.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Set as AbstractSet
from typing import TYPE_CHECKING

import msgspec

from omamori.documents.reason import Reason
from omamori.hub.knowing.record import Sign

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

SIGN_CHARACTERS_MAX = 80
NAME_SHOWN_MAX = 40
ID_CHARACTERS_MIN = 12  # six octets in hex; what is shorter is a number of a kind
OVERLAP_S = 60.0  # both addresses heard within this: two things, not one that came back
SLACK_S = 2.0  # the last frame of the old address may be told after the first of the new
WORD_LETTERS_MIN = 3
LETTERS_BESIDE_DIGITS_MIN = 4  # shorter ones, as in CPH2269, are parts of model numbers
RANDOM_CHARACTERS_MIN = 7  # DESKTOP-XXXXXXX, the shortest of the names that systems draw by lot

ID, HABIT = "id", "habit"
HOST, MDNS, INSTANCE, WINDOWS = "host", "mdns", "instance", "windows"
NAMES = frozenset({HOST, MDNS, INSTANCE, WINDOWS})

_READ: dict[str, dict[str, str]] = {
    "dhcp.request": {
        "hostname": HOST, "client_id": ID, "parameters": HABIT, "vendor_class": HABIT,
    },
    "dhcp6.request": {"fqdn": HOST, "duid": ID, "options": HABIT},
    "mdns.name": {"name": MDNS},
    "mdns.service": {
        "host": MDNS, "instance": INSTANCE, "txt.deviceid": ID, "txt.id": ID,
    },
    "llmnr.name": {"name": WINDOWS},
    "netbios.name": {"name": WINDOWS},
    "upnp.description": {"serial_number": ID},
    "echonet.object": {"epc.83": ID},
}  # fmt: skip
SIGN_KINDS = frozenset(_READ)

_ORDINARY = frozenset(  # a table of words is easier to keep as words
    """
    admin air android apple aquos arrows asus book box camera chrome chromebook chromecast client
    computer debian default desktop device dhcp dynabook echo esp espressif ethernet fedora fire
    fold galaxy gateway generic google guest home honor host huawei ideapad imac ios ipad iphone
    ipod kali kindle laptop lan lenovo linux lite lneo localdomain localhost lumia mac macbook
    mate max mini mobile moto motorola network nexus nokia none note notebook nothing null oneplus
    oppo optiplex phone pixel plus poco printer pro raspberry raspberrypi realme redmi router
    samsung server sony surface tab tablet tasmota test thinkpad ubuntu udhcp udhcpc ultra unknown
    user vaio vivo wifi wlan watch win windows wireless workstation xiaomi xperia your zenfone
    iphones ipads my the スマートフォン スマホ タブレット パソコン アンドロイド らくらく
    """.split()  # noqa: SIM905 - as said above
)
"""Words that many things call themselves by; a name of these alone tells nobody apart."""
_LOT_AFTER = frozenset({"android", "desktop", "laptop", "win"})
_AGAIN = re.compile(r"[ -]?\(?\d{1,2}\)?$")
_TOKEN = re.compile(r"[^\W_]+")


class Side(msgspec.Struct, frozen=True):
    """One side of the question.

    Attributes:
        id: the thing's id.
        is_private: it makes the address up that it used last.
        first_seen, last_seen: of this side, seconds since the epoch.
        signs: all that may tell it again.
        beliefs: maker and kind, where each is at least likely; otherwise empty.
    """

    id: str
    is_private: bool
    first_seen: float
    last_seen: float
    signs: AbstractSet[Sign]
    beliefs: tuple[str, str] = ("", "")


class Return(msgspec.Struct, frozen=True):
    """The belief that it came back: ``likely`` or ``sure``, and why; never a ground for trust."""

    band: str
    reasons: tuple[Reason, ...]


def signs(kind: str, fields: Mapping[str, str], mac: str) -> Iterable[Sign]:
    """What a fact holds that may tell the thing again; its own address tells nothing."""
    for field, family in _READ.get(kind, {}).items():
        text = fields.get(field, "")
        if not text:
            continue
        if family is ID:
            plain = "".join(c for c in text.casefold() if c.isalnum())[:SIGN_CHARACTERS_MAX]
            if _is_own_id(plain, mac):
                yield ID, f"{field.removeprefix('txt.')}:{plain}"
        elif family is HABIT:
            yield HABIT, f"{field}:{text}"[:SIGN_CHARACTERS_MAX]
        else:
            name = _name(text, family)
            if name and not is_ordinary(name):
                yield family, _squeezed(name)


def is_ordinary(name: str) -> bool:
    """Whether a name is one that many things have: ``iPhone``, ``Pixel-7``, ``SM-G991B``."""
    before = ""
    for token in _TOKEN.findall(unicodedata.normalize("NFKC", name).casefold()):
        if before in _LOT_AFTER and _is_drawn_by_lot(token):
            return False
        has_digits = any(c.isdigit() for c in token)
        for word in re.findall(r"[^\W\d_]+", token):
            least = LETTERS_BESIDE_DIGITS_MIN if has_digits else WORD_LETTERS_MIN
            if (len(word) >= least or not word.isascii()) and word not in _ORDINARY:
                return False
        before = token
    return True


def decide(new: Side, old: Side, shared: AbstractSet[Sign]) -> Return | None:
    """Whether ``new`` is ``old`` that came back with another address.

    Args:
        new: the address that was not known before.
        old: the thing that it may be.
        shared: signs that both have and nobody else here has.
    """
    if not old.is_private or new.first_seen < old.last_seen - SLACK_S:
        return None  # a real address does not change; and nobody is here twice at once
    if any(a and b and a != b for a, b in zip(new.beliefs, old.beliefs, strict=True)):
        return None
    ids = sorted(text for family, text in shared if family == ID)
    if ids:
        return Return("sure", (Reason("identify.returned-by-id"),))
    names = sorted(text for family, text in shared if family in NAMES)
    if not names or _differ(new.signs, old.signs):
        return None
    habits = _of(new.signs, HABIT) & _of(old.signs, HABIT)
    spoken = {family for family, _ in shared if family in NAMES}
    is_sure = len(spoken) > 1 and bool(habits)
    reason = Reason("identify.returned-by-name", {"name": names[0][:NAME_SHOWN_MAX]})
    return Return("sure" if is_sure else "likely", (reason,))


def _differ(new: AbstractSet[Sign], old: AbstractSet[Sign]) -> bool:
    """Whether both name themselves in one way of speaking, and quite differently."""
    for family in NAMES:
        here, there = _of(new, family), _of(old, family)
        if here and there and not here & there:
            return True
    return False


def _of(told: AbstractSet[Sign], family: str) -> set[str]:
    return {text for kind, text in told if kind == family}


def _is_own_id(text: str, mac: str) -> bool:
    """Whether an identifier is long, says something, and is not just the present address."""
    is_made_of_address = bool(mac) and mac.replace(":", "").casefold() in text
    return len(text) >= ID_CHARACTERS_MIN and len(set(text)) > 2 and not is_made_of_address  # noqa: PLR2004 -- 00…00 and its like


def _is_drawn_by_lot(token: str) -> bool:
    digits = sum(c.isdigit() for c in token)
    return len(token) >= RANDOM_CHARACTERS_MIN and 0 < digits < len(token)


def _name(text: str, family: str) -> str:
    """The name itself: without its domain, and without the number of a twin (RFC 6762 §9)."""
    name = text.removesuffix(".").removesuffix(".local")
    if family is HOST:
        name = name.partition(".")[0]
    if family in {MDNS, INSTANCE}:
        name = _AGAIN.sub("", name.rpartition("@")[2]) or name
    return name[:SIGN_CHARACTERS_MAX]


def _squeezed(name: str) -> str:
    """``Taro's iPhone`` and ``Taros-iPhone`` are one name: a host name has no such marks."""
    return "".join(_TOKEN.findall(unicodedata.normalize("NFKC", name).casefold()))
