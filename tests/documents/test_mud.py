"""A MUD file is read whole or refused with a place; what is written is RFC 8520 and reads the same."""

from __future__ import annotations

import contextlib
import copy
import json
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from documents.mud_made import BULB, changed, octets
from omamori.documents.mud import MudError, MudFile, read_mud, write_mud
from omamori.documents.mud_acl import Ace, Acl, Ports
from omamori.documents.mud_shape import MUD_OCTETS_MAX, NOTES_MAX

if TYPE_CHECKING:
    from pathlib import Path

MUD = "ietf-mud:mud"
ACLS = "ietf-access-control-list:acls"
ACE = (ACLS, "acl", 0, "aces", "ace")


def keys(mud: MudFile) -> list[str]:
    return [note.key for note in mud.notes]


def test_a_file_after_the_rfc_is_read_without_a_remark() -> None:
    mud = read_mud(octets(BULB))
    assert mud.notes == ()
    assert (mud.url, mud.host) == ("https://bulbs.example.com/bulb7", "bulbs.example.com")
    assert (mud.system, mud.maker, mud.cache_validity_h) == ("Bulb 7", "Example Bulbs", 100)
    assert mud.is_supported
    assert not mud.is_signed
    service, same_maker, ping = mud.from_device[0].aces
    assert service == Ace(
        name="service-out",
        family="ipv6",
        protocol=6,
        target_name="cloud.example.com",
        target_ports=Ports("eq", 443),
        initiated="from-device",
    )
    assert same_maker.is_same_maker
    assert same_maker.target_ports == Ports("range", 5000, 5100)
    assert (ping.forwarding, ping.protocol, ping.icmp_type, ping.icmp_code) == ("drop", 58, 128, 0)
    controller = mud.to_device[0].aces[1]
    assert controller.is_my_controller
    assert (controller.protocol, controller.target_ports) == (6, Ports("eq", 80))


def test_what_is_written_reads_the_same() -> None:
    mud = read_mud(octets(BULB))
    assert read_mud(write_mud(mud)) == mud
    told = json.loads(write_mud(mud))
    assert set(told) == {MUD, ACLS}
    assert told[ACLS]["acl"][0]["aces"]["ace"][1]["matches"][MUD] == {"same-manufacturer": [None]}


def test_every_real_file_is_read_and_written_in_the_rfcs_shape(shared_data: Path) -> None:
    files = sorted((shared_data / "mud" / "unsw28").glob("*.json"))
    assert len(files) >= 28
    aces = 0
    for path in files:
        mud = read_mud(path.read_bytes())
        assert "mud.draft-shape" in keys(mud), path.name
        assert set(keys(mud)) <= {"mud.draft-shape", "mud.rule-left-out"}, path.name
        aces += sum(len(acl.aces) for acl in (*mud.from_device, *mud.to_device))
        again = read_mud(write_mud(mud))
        assert again == msgspec.structs.replace(mud, notes=()), path.name
    assert aces == 1024  # of 1,025: one rule for IPv6 names an IPv4 address, and never holds


@pytest.mark.parametrize(
    ("ports", "inside", "outside"),
    [
        (Ports("eq", 80), [80], [79, 81]),
        (Ports("neq", 80), [79, 81], [80]),
        (Ports("lte", 80), [0, 80], [81]),
        (Ports("gte", 80), [80, 65535], [79]),
        (Ports("range", 80, 90), [80, 85, 90], [79, 91]),
    ],
)
def test_ports_match_by_their_operator(ports: Ports, inside: list[int], outside: list[int]) -> None:
    assert all(map(ports.holds, inside))
    assert not any(map(ports.holds, outside))


@pytest.mark.parametrize(
    ("place", "value", "key", "where"),
    [
        ((MUD, "mud-url"), None, "mud.missing", "/mud/mud-url"),
        ((MUD, "mud-url"), "", "mud.missing", "/mud/mud-url"),
        ((MUD, "mud-url"), "http://bulbs.example.com/x", "mud.wrong-value", "/mud/mud-url"),
        ((MUD, "mud-url"), 7, "mud.wrong-value", "/mud/mud-url"),
        ((MUD, "last-update"), None, "mud.missing", "/mud/last-update"),
        ((MUD, "last-update"), "yesterday", "mud.wrong-value", "/mud/last-update"),
        ((MUD, "last-update"), "2026-03-01T12:00:00", "mud.wrong-value", "/mud/last-update"),
        ((MUD, "is-supported"), None, "mud.missing", "/mud/is-supported"),
        ((MUD, "is-supported"), "yes", "mud.wrong-value", "/mud/is-supported"),
        ((MUD, "cache-validity"), 169, "mud.wrong-value", "/mud/cache-validity"),
        ((MUD, "extensions"), "qos", "mud.wrong-value", "/mud/extensions"),
        ((MUD,), None, "mud.missing", "/mud"),
        ((MUD,), [], "mud.wrong-value", "/mud"),
        ((ACLS, "acl"), {}, "mud.wrong-value", "/acls/acl"),
        ((*ACE, 0, "name"), None, "mud.missing", "/acls/acl[0]/aces/ace[0]/name"),
        ((*ACE, 0, "name"), "x" * 65, "mud.wrong-value", "/acls/acl[0]/aces/ace[0]/name"),
        ((*ACE, 0, "actions"), None, "mud.missing", "/acls/acl[0]/aces/ace[0]/actions"),
        (
            (*ACE, 0, "actions", "forwarding"),
            "allow",
            "mud.wrong-value",
            "/acls/acl[0]/aces/ace[0]/actions/forwarding",
        ),
        (
            (*ACE, 0, "matches", "ipv6", "ietf-acldns:dst-dnsname"),
            "not a name",
            "mud.wrong-value",
            "/acls/acl[0]/aces/ace[0]/matches/ipv6/dst-dnsname",
        ),
        (
            (*ACE, 0, "matches", "ipv6", "protocol"),
            17,
            "mud.wrong-value",
            "/acls/acl[0]/aces/ace[0]/matches/tcp/protocol",
        ),
        (
            (*ACE, 0, "matches", "tcp", "destination-port"),
            {"port": 65536},
            "mud.wrong-value",
            "/acls/acl[0]/aces/ace[0]/matches/tcp/destination-port/port",
        ),
        (
            (*ACE, 1, "matches", "udp", "destination-port"),
            {"lower-port": 9, "upper-port": 8},
            "mud.wrong-value",
            "/acls/acl[0]/aces/ace[1]/matches/udp/destination-port/upper-port",
        ),
        (
            (*ACE, 0, "matches", "ipv6", "destination-ipv6-network"),
            "2001:db8::/129",
            "mud.wrong-value",
            "/acls/acl[0]/aces/ace[0]/matches/ipv6/destination-ipv6-network",
        ),
    ],
)
def test_what_is_wrong_is_told_with_its_place(
    place: tuple[str | int, ...], value: object, key: str, where: str
) -> None:
    with pytest.raises(MudError) as refused:
        read_mud(changed(place, value))
    assert refused.value.reason.key == key
    assert refused.value.reason.params["where"] == where


def test_another_version_is_refused() -> None:
    for version in (None, 0, 2):
        with pytest.raises(MudError) as refused:
            read_mud(changed((MUD, "mud-version"), version))
        assert refused.value.reason.key == "mud.version"


def test_a_policy_may_not_name_a_list_that_is_not_there() -> None:
    place = (MUD, "from-device-policy", "access-lists", "access-list", 0, "name")
    with pytest.raises(MudError, match=r"mud\.no-such-list"):
        read_mud(changed(place, "elsewhere"))


def test_a_member_named_twice_is_refused() -> None:
    twice = octets(BULB).replace(b'"mud-version": 1', b'"mud-version": 1, "mud-version": 1')
    with pytest.raises(MudError, match=r"mud\.named-twice"):
        read_mud(twice)


def test_lists_and_rules_named_twice_are_refused() -> None:
    told = copy.deepcopy(BULB)
    told[ACLS]["acl"].append(told[ACLS]["acl"][0])
    with pytest.raises(MudError, match=r"mud\.named-twice"):
        read_mud(octets(told))
    told = copy.deepcopy(BULB)
    aces = told[ACLS]["acl"][0]["aces"]["ace"]
    aces.append(aces[0])
    with pytest.raises(MudError, match=r"mud\.named-twice"):
        read_mud(octets(told))


@pytest.mark.parametrize(
    "octets_",
    [b"", b"\xff\xfe", b"[" * 100_000, b"{" * 9, b"9" * 9000, b'{"a": NaN', b"null x"],
)
def test_what_is_no_json_is_refused(octets_: bytes) -> None:
    with pytest.raises(MudError, match=r"mud\.not-json"):
        read_mud(octets_)


def test_too_much_is_refused() -> None:
    with pytest.raises(MudError, match=r"mud\.too-large"):
        read_mud(b" " * (MUD_OCTETS_MAX + 1))
    with pytest.raises(MudError, match=r"mud\.too-many"):
        read_mud(changed((ACLS, "acl"), [{} for _ in range(33)]))
    with pytest.raises(MudError, match=r"mud\.too-many"):
        read_mud(changed(ACE, [{} for _ in range(513)]))


def test_what_is_not_known_is_left_aside_and_said() -> None:
    mud = read_mud(changed((MUD, "mood"), "calm"))
    assert keys(mud) == ["mud.not-understood"]
    assert mud.notes[0].params == {"where": "/mud/mood"}
    assert keys(read_mud(changed((MUD, "extensions"), ["qos"]))) == ["mud.extension"]


def test_an_accept_with_an_unknown_condition_stays_and_a_drop_goes() -> None:
    for number, left in ((0, 3), (2, 2)):
        mud = read_mud(changed((*ACE, number, "matches", "phase"), "full moon"))
        assert len(mud.from_device[0].aces) == left
        assert "mud.not-understood" in keys(mud)
        assert ("mud.rule-left-out" in keys(mud)) == (left == 2)


def test_remarks_are_bounded() -> None:
    told = copy.deepcopy(BULB)
    told[MUD] |= {f"x{n}": n for n in range(1000)}
    mud = read_mud(octets(told))
    assert len(mud.notes) == NOTES_MAX + 1
    assert mud.notes[-1].params == {"count": 1000 - NOTES_MAX}


def test_hidden_characters_never_reach_a_remark() -> None:
    mud = read_mud(changed((MUD, "\ud800\u202e"), 1))
    assert mud.notes[0].params == {"where": "/mud/??"}
    with pytest.raises(MudError) as refused:
        read_mud(changed((*ACE, 0, "actions", "forwarding"), "x" + "\ud800" * 99))
    assert str(refused.value.reason.params["told"]).isprintable()


def test_a_list_that_is_not_used_is_said() -> None:
    mud = read_mud(changed((MUD, "to-device-policy"), None))
    assert keys(mud) == ["mud.list-unused"]
    assert mud.to_device == ()


def test_the_layers_of_an_older_draft_are_understood() -> None:
    told = copy.deepcopy(BULB)
    ace = told[ACLS]["acl"][0]["aces"]["ace"][0]
    matches = ace["matches"]
    matches["tcp"]["destination-port-range-or-operator"] = matches["tcp"].pop("destination-port")
    ace["matches"] = {"l3": {"ipv6": matches["ipv6"]}, "l4": {"tcp": matches["tcp"]}}
    mud = read_mud(octets(told))
    assert set(keys(mud)) == {"mud.draft-shape"}
    plain = read_mud(octets(BULB))
    assert mud.from_device == plain.from_device


ACES = st.builds(
    Ace,
    name=st.text("abc-0", min_size=1, max_size=9),
    forwarding=st.sampled_from(["accept", "drop", "reject"]),
    family=st.sampled_from(["ipv4", "ipv6"]),
    protocol=st.sampled_from([None, 1, 2, 6, 17, 58]),
    target_name=st.sampled_from(["", "a.example", "192.0.2.1"]),
    is_local=st.booleans(),
    is_my_controller=st.booleans(),
    controller=st.sampled_from(["", "urn:ietf:params:mud:dns"]),
    ethertype=st.sampled_from([None, 0x0800, 0x888E]),
)


@given(st.lists(ACES, max_size=9, unique_by=lambda ace: ace.name), st.text(max_size=40))
def test_any_rules_survive_the_road(aces: list[Ace], system: str) -> None:
    mud = MudFile(
        url="https://a.example/x",
        last_update="2026-01-01T00:00:00Z",
        is_supported=False,
        from_device=(Acl("out", "ipv4-acl-type", tuple(aces)),),
        system=" ".join("".join(c if c.isprintable() else " " for c in system).split()),
    )
    assert read_mud(write_mud(mud)) == mud


def _tears(value: object) -> st.SearchStrategy[Any]:
    """The bulb's file with anything anywhere."""
    junk = st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=12),
        lambda inner: (
            st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
        ),
        max_leaves=6,
    )
    if isinstance(value, dict):
        members = {key: st.one_of(st.just(one), _tears(one)) for key, one in value.items()}
        return st.one_of(st.fixed_dictionaries(members), junk)
    if isinstance(value, list) and value:
        return st.one_of(st.lists(st.one_of(*map(_tears, value)), max_size=3), junk)
    return st.one_of(st.just(value), junk)


@given(_tears(BULB))
def test_a_torn_file_is_read_or_refused(told: object) -> None:
    with contextlib.suppress(MudError):
        mud = read_mud(octets(told))
        assert read_mud(write_mud(mud)) == msgspec.structs.replace(mud, notes=())


@given(st.binary(max_size=200))
def test_any_octets_are_read_or_refused(told: bytes) -> None:
    with pytest.raises(MudError):
        read_mud(told)
