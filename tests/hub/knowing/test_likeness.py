"""Likeness: it suggests what it learned, says what it cannot tell apart, and names no stranger."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from omamori.hub.flow import Flow
from omamori.hub.knowing import likeness as room
from omamori.hub.knowing.likeness import Likeness
from omamori.hub.knowing.likeness_tokens import (
    THINGS_MAX,
    TOKEN_CHARS_MAX,
    TOKENS_PER_PLACE_MAX,
    TOKENS_PER_THING_MAX,
    Tokens,
    plain,
    tokens_of,
)
from omamori.hub.sighting import KINDS, Sighting

MAC = "00:17:88:24:76:ff"
CAMERA = {"oui=b0:c5:54", "host=dcs-935l", "model=dcs935l", "mdns=_dhnap._tcp", "owner=dlink.com"}
SIREN = {"oui=90:8d:78", "host=dch-s220", "model=dchs220", "mdns=_dhnap._tcp", "owner=dlink.com"}
KETTLE = {"radio=5c:cf:7f", "module=esp_#", "dhcp-asks=1,3,28,6"}
PLUG = {"oui=74:da:38", "name=www.myedimax.com", "owner=myedimax.com", "port=udp/8765 out"}
TEXT = st.text(max_size=200)


def learned(**examples: set[str]) -> Likeness:
    likeness = Likeness()
    for label, tokens in examples.items():
        likeness.learn(label, tokens)
    return likeness


def said(kind: str, **fields: str) -> list[str]:
    return tokens_of(
        Sighting(1.0, MAC, kind, {k.replace("_DOT_", "."): v for k, v in fields.items()})
    )


def test_a_thing_sounds_like_what_sounded_so_before_and_it_says_why() -> None:
    told = learned(camera=CAMERA, siren=SIREN).suggest(CAMERA)
    assert (told.labels, told.band) == (("camera",), "close")
    assert told.because[0] == "model=dcs935l"
    assert len(told.because) <= room.BECAUSE_MAX


def test_what_a_thing_has_not_said_yet_counts_little() -> None:
    early = {"oui=b0:c5:54", "host=dcs-935l", "model=dcs935l"}
    assert learned(camera=CAMERA, siren=SIREN).suggest(early).labels == ("camera",)


def test_a_stranger_is_not_named() -> None:
    told = learned(camera=CAMERA, siren=SIREN).suggest({"oui=00:24:e4", "owner=withings.net"})
    assert (told.labels, told.band, told.because) == ((), "none", ())


def test_a_thing_that_names_another_model_is_not_named() -> None:
    sensor = (SIREN - {"model=dchs220", "host=dch-s220"}) | {"model=dchs150", "host=dch-s150"}
    assert learned(camera=CAMERA, siren=SIREN).suggest(sensor).labels == ()


def test_a_thing_that_says_no_model_is_only_akin() -> None:
    assert learned(camera=CAMERA, plug=PLUG).suggest(PLUG).band == "akin"


def test_the_radio_inside_alone_names_nothing() -> None:
    assert learned(camera=CAMERA, kettle=KETTLE).suggest(KETTLE).labels == ()


def test_labels_that_sound_the_same_are_one_of_these_two() -> None:
    told = learned(camera=CAMERA, kettle=KETTLE, coffee=KETTLE).suggest(KETTLE)
    assert set(told.labels) == {"kettle", "coffee"}
    assert told.band == "akin"


def test_labels_confused_while_learning_are_twins_even_where_one_is_nearer() -> None:
    likeness = learned(camera=CAMERA)
    for number in range(6):
        likeness.learn("one", {*PLUG, f"port=tcp/{number} out"})
        likeness.learn("two", {*PLUG, f"port=tcp/{number + 3} out"})
    assert likeness.twins("one") == ("two",)
    assert likeness.twins("two") == ("one",)
    assert likeness.twins("camera") == ()
    assert set(likeness.suggest({*PLUG, "port=tcp/0 out"}).labels) == {"one", "two"}


def test_nothing_learned_or_nothing_heard_suggests_nothing() -> None:
    assert Likeness().suggest(CAMERA).labels == ()
    assert learned(camera=CAMERA).suggest(set()).labels == ()
    empty = Likeness()
    empty.learn("camera", set())
    empty.learn("", CAMERA)
    assert empty.labels == ()


def test_strangers_among_the_learned_raise_the_bar_within_bounds() -> None:
    likeness = Likeness()
    assert likeness.accept_at == room.ACCEPT_USUAL
    for number in range(room.STRANGERS_MIN + 1):
        likeness.learn(f"thing {number}", {f"host=h{number}", f"owner=o{number}.example"})
    assert likeness.accept_at == room.ACCEPT_MIN
    shared = {f"owner=shared{n}.example" for n in range(9)}
    for number in range(3 * room.STRANGERS_MIN):
        likeness.learn(f"sibling {number}", {*shared, f"host=h{number}", f"path=/{number}"})
    assert room.ACCEPT_MIN < likeness.accept_at <= room.ACCEPT_MAX


def test_what_a_person_took_back_is_unlearned() -> None:
    likeness = learned(camera=CAMERA, siren=SIREN)
    likeness.forget("camera")
    likeness.forget("never known")
    assert likeness.labels == ("siren",)
    assert likeness.suggest(CAMERA).labels == ()
    likeness.learn("camera", CAMERA)
    assert likeness.suggest(CAMERA).labels == ("camera",)


def test_a_thing_that_turned_out_to_be_another_is_no_longer_an_example() -> None:
    likeness = learned(camera=CAMERA, siren=SIREN)
    likeness.learn("camera", SIREN)
    likeness.unlearn("camera", {*SIREN, "talk=tcp/80 uses"})
    assert likeness.suggest(SIREN).labels == ("siren",)
    assert likeness.suggest(CAMERA).labels == ("camera",)
    likeness.unlearn("camera", CAMERA)
    likeness.unlearn("never known", CAMERA)
    assert likeness.labels == ("siren",)
    assert dict(likeness.take_changes())["camera"] is None


def test_memory_is_bounded_whatever_is_learned() -> None:
    likeness = Likeness()
    for number in range(room.LABELS_MAX + 5):
        likeness.learn(f"label {number}", {f"host=h{number}"})
    assert len(likeness.labels) == room.LABELS_MAX
    assert likeness.labels[0] == "label 5"
    for number in range(room.EXAMPLES_PER_LABEL_MAX + 5):
        likeness.learn("many", {f"host=x{number}", *(f"name={n}" for n in range(400))})
    kept = dict(likeness.take_changes())["many"]
    assert kept is not None
    assert kept.count(b"host=x") == room.EXAMPLES_PER_LABEL_MAX


def test_what_was_learned_outlasts_a_restart() -> None:
    before = learned(camera=CAMERA, kettle=KETTLE, coffee=KETTLE)
    before.learn("kettle", KETTLE)
    before.learn("gone", SIREN)
    before.forget("gone")
    kept = dict(before.take_changes())
    assert kept["gone"] is None
    assert not list(before.take_changes())
    after = Likeness()
    assert after.restore([(k, v) for k, v in kept.items() if v is not None], now=0.0) == 0
    assert after.suggest(CAMERA) == before.suggest(CAMERA)
    assert after.twins("kettle") == before.twins("kettle") == ("coffee",)
    assert not list(after.take_changes())


def test_numbers_that_cannot_be_are_not_restored() -> None:
    odd = msgspec.msgpack.encode([[["host=a"], []], {}, -3, [float("nan"), 7.0, 0.5]])
    likeness = Likeness()
    assert likeness.restore([("a", odd), ("x" * 99, odd), ("", odd)], now=0.0) == 2
    assert likeness.accept_at == room.ACCEPT_USUAL
    assert likeness.labels == ("a",)
    likeness.learn("a", {"host=a", "path=/b"})
    kept = msgspec.msgpack.decode(dict(likeness.take_changes())["a"] or b"")
    assert kept[2:] == [0, [0.5]]


@given(st.lists(st.tuples(TEXT, st.binary(max_size=60)), max_size=4))
def test_unreadable_pieces_are_left_out_and_counted(kept: list[tuple[str, bytes]]) -> None:
    likeness = Likeness()
    lost = likeness.restore(kept, now=0.0)
    assert lost == len(kept) - len(likeness.labels) or len({k for k, _ in kept}) < len(kept)


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("dchE143-2476ff", "dche143-#"),
        ("Philips hue - 2476FF", "philips hue - #"),
        ("DCS-935L", "dcs-935l"),
        ("HS110(EU)", "hs110(eu)"),
        ("uuid:Socket-1_0-221519K1100F55", "uuid:socket-1_0-#"),
        ("uuid:2f402f80-da50-11e1-9b23-0017882476ff", "uuid:#"),
        ("http://192.168.1.17:49153/setup.xml", "http://#/setup.xml"),
        ("thing 00:17:88:24:76:FF", "thing #"),
    ],
)
def test_what_only_one_unit_says_is_taken_away(text: str, left: str) -> None:
    assert plain(text, MAC) == left


def test_tokens_name_the_place_and_the_model() -> None:
    assert set(said("dhcp.request", hostname="DCH-S150", parameters="1,3,6")) == {
        "host=dch-s150", "model=dchs150", "dhcp-asks=1,3,6",
    }  # fmt: skip
    assert said("dhcp.request", hostname="ESP_07AEFB") == ["module=esp_#"]
    assert "model=device insight" in said("ssdp.notify", nt="urn:Belkin:device:insight:1")
    assert said("ssdp.notify", nt="urn:schemas-upnp-org:device:Basic:1")[1:] == []
    assert said("dns.query", name="s3.eu-1.Example.COM.") == [
        "name=s#.eu-#.example.com", "owner=example.com",
    ]  # fmt: skip
    assert said("dns.query", name="1.0.0.10.in-addr.arpa") == []
    assert said("lldp.says", mud_url="https://maker.example/lamp") == [
        "mud=https://maker.example/lamp"
    ]
    assert said("address.ipv4", ip="192.0.2.1") == []


def test_no_token_holds_the_things_own_address() -> None:
    service = {"type": "_hap._tcp", "instance": "hue 2476FF", "txt.id": MAC, "host": "h-76ff.local"}
    for token in tokens_of(Sighting(1.0, MAC, "mdns.service", service)):
        assert "76ff" not in token


@given(st.sampled_from(sorted(KINDS)), st.dictionaries(TEXT, TEXT, max_size=3), TEXT, TEXT)
def test_hostile_words_make_short_tokens(
    kind: str, fields: dict[str, str], hostname: str, word: str
) -> None:
    names = ("hostname", "name", "type", "instance", "nt", "usn", "location", "path", "sni", "eoj")
    fields |= dict.fromkeys(names, hostname) | {f"txt.{word}": word}
    for source in (MAC, "ip:192.0.2.1"):
        for token in tokens_of(Sighting(1.0, source, kind, fields)):
            assert len(token) <= TOKEN_CHARS_MAX
            assert "=" in token


def test_a_flood_of_names_fills_only_its_own_place() -> None:
    tokens = Tokens()
    for number in range(2000):
        name = "".join(chr(ord("a") + int(digit)) for digit in str(number))
        tokens.hear(Sighting(1.0, MAC, "dns.query", {"name": f"{name}.example"}), MAC)
    tokens.hear(Sighting(2.0, MAC, "dhcp.request", {"hostname": "philips-hue"}), MAC)
    heard = tokens.of(MAC)
    assert "host=philips-hue" in heard
    assert sum(token.startswith("name=") for token in heard) == TOKENS_PER_PLACE_MAX
    assert len(heard) <= TOKENS_PER_THING_MAX
    assert tokens.dropped > 0


def test_a_flood_of_things_pushes_out_itself() -> None:
    tokens = Tokens()
    for hostname in ("philips-hue", "living-room", "kitchen"):
        tokens.hear(Sighting(1.0, MAC, "dhcp.request", {"hostname": hostname}), MAC)
    for number in range(3 * THINGS_MAX):
        thing = f"02:00:00:00:{number >> 8:02x}:{number & 255:02x}"
        tokens.hear(Sighting(2.0, thing, "dhcp.request", {"parameters": "1"}), thing)
    assert "host=philips-hue" in tokens.of(MAC)
    assert tokens.evicted > 0


def test_a_radio_module_is_heard_as_that() -> None:
    tokens = Tokens(is_module=lambda mac: mac == MAC)
    tokens.hear(Sighting(1.0, MAC, "dhcp.request", {"hostname": "a-name"}), MAC)
    assert tokens.of(MAC) == {"radio=00:17:88", "host=a-name"}
    tokens.forget(MAC)
    assert tokens.of(MAC) == frozenset()


@pytest.mark.parametrize(
    ("flow", "token"),
    [
        (Flow(1, 1, MAC, "", "10.0.0.2", "8.8.8.8", "tcp", 5000, 50443, is_to_here=False), "port=tcp/50443 out"),
        (Flow(1, 1, MAC, "", "10.0.0.2", "10.0.0.1", "udp", 5000, 53), "port=udp/53 here"),
        (Flow(1, 1, MAC, "", "10.0.0.2", "10.0.0.1", "udp", 5000, 60000), ""),
        (Flow(1, 1, MAC, "", "10.0.0.2", "10.0.0.1", "tcp", 80, 5000, is_answer=True), ""),
        (Flow(1, 1, MAC, "", "8.8.8.8", "10.0.0.1", "tcp", 5000, 80, is_from_here=False), ""),
        (Flow(1, 1, MAC, "", "10.0.0.2", "10.0.0.1", "tcp", 5000, 80, is_opening=False), ""),
        (Flow(1, 1, MAC, "", "10.0.0.2", "10.0.0.1", "arp", 0, 1), ""),
    ],
)  # fmt: skip
def test_only_ports_to_which_a_thing_turns_by_itself_tell_something(flow: Flow, token: str) -> None:
    tokens = Tokens()
    tokens.hear_flow(flow, MAC)
    assert tokens.of(MAC) - {"oui=00:17:88"} == ({token} if token else set())
