"""One file, bounded: what is too big is refused before it is read, what is odd is refused calmly."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from omamori.web import guard

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from web.conftest import Visitor
    from web.home_fixture import FixtureHome

PATH = "/things/hostile/mud"
FILE = '; filename="m.json"'
KIND = "multipart/form-data; boundary=b"


def part(name: str, octets: bytes, more: str = "") -> bytes:
    named = f'form-data; name="{name}"{more}'
    return f"--b\r\nContent-Disposition: {named}\r\n\r\n".encode() + octets + b"\r\n"


def post(visitor: Visitor, body: bytes, kind: str = KIND) -> tuple[int, str]:
    answer = visitor.ask("POST", PATH + "?lang=en", content=body, headers={"Content-Type": kind})
    return answer.status_code, answer.text


def test_the_largest_file_is_taken_and_one_octet_more_is_not(
    visitor: Visitor, home: FixtureHome
) -> None:
    token = visitor.token("/things/hostile")
    for more, status in ((0, 303), (1, 400)):
        octets = b"{" + b" " * (guard.FILE_BYTES_MAX - 1 + more)
        found, text = post(
            visitor, part("token", token.encode()) + part("file", octets, FILE) + b"--b--\r\n"
        )
        assert found == status
        assert ("too big" in text) == bool(more)
    assert len(home.asked) == 1


def test_ten_megabytes_are_refused_before_they_are_read(visitor: Visitor) -> None:
    read = 0

    async def much() -> AsyncIterator[bytes]:
        nonlocal read
        for _ in range(160):
            read += 65536
            yield b"x" * 65536

    told = {"Content-Type": KIND, "Content-Length": str(160 * 65536)}
    answer = visitor.ask("POST", PATH + "?lang=en", content=much(), headers=told)
    assert answer.status_code == 413
    assert "never more than 256 kB" in answer.text
    assert read == 0
    plain = visitor.ask("POST", "/sample/situations", content=b"", headers=told)
    assert plain.status_code == 413


def test_a_length_that_lies_does_not_help(visitor: Visitor, home: FixtureHome) -> None:
    read = 0

    async def much() -> AsyncIterator[bytes]:
        nonlocal read
        yield part("file", b"{", FILE)[:-2]
        for _ in range(160):
            read += 65536
            yield b"x" * 65536

    answer = visitor.ask("POST", PATH, content=much(), headers={"Content-Type": KIND})
    assert answer.status_code == 400
    assert read <= guard.UPLOAD_BYTES_MAX + 2 * 65536
    assert home.asked == []


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"--b--\r\n",
        b"no boundary at all",
        part("file", b"{}", FILE),
        part("file", b"{}", FILE) * 2 + b"--b--\r\n",
        b"".join(part(f"f{number}", b"x") for number in range(20)) + b"--b--\r\n",
        part("token", b"x" * 5000) + b"--b--\r\n",
        b"--b\r\nContent-Disposition: form-data\r\n\r\nx\r\n--b--\r\n",
        b"--b\r\n" + b"X: " + b"y" * 20_000 + b"\r\n\r\n\r\n--b--\r\n",
    ],
)
def test_what_is_not_our_form_is_refused(visitor: Visitor, home: FixtureHome, body: bytes) -> None:
    assert post(visitor, body)[0] == 400
    assert home.asked == []


def test_no_file_says_so(visitor: Visitor, home: FixtureHome) -> None:
    token = part("token", visitor.token("/things/hostile").encode())
    for rest in (b"", part("file", b"", FILE), part("other", b"only text")):
        status, text = post(visitor, token + rest + b"--b--\r\n")
        assert (status, "choose a file first" in text) == (400, True)
    assert home.asked == []


def test_without_its_token_a_file_does_nothing(visitor: Visitor, home: FixtureHome) -> None:
    visitor.get("/")
    for token in (b"", b"0" * 64, b"\xff"):
        body = part("token", token) + part("file", b"{}", FILE) + b"--b--\r\n"
        assert post(visitor, body)[0] == 400
    assert home.asked == []


@pytest.mark.parametrize(
    "kind",
    ["text/plain", "multipart/form-data", "multipart/form-data; boundary=b; charset=no-such"],
)
def test_another_type_is_refused(visitor: Visitor, home: FixtureHome, kind: str) -> None:
    body = part("token", b"\xff\xfe") + part("file", b"{}", FILE) + b"--b--\r\n"
    assert post(visitor, body, kind)[0] == 400
    assert home.asked == []


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None
)
@given(
    st.lists(
        st.sampled_from([b"--b", b"\r\n", b"--", b":", b'name="', b";", b"x"])
        | st.binary(max_size=9),
        max_size=40,
    )
)
def test_no_octets_break_it(visitor: Visitor, home: FixtureHome, pieces: list[bytes]) -> None:
    assert post(visitor, b"--b\r\n" + b"".join(pieces))[0] == 400
    assert home.asked == []
