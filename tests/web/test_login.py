"""On a LAN everything asks for a password from the first start; this machine needs none."""

from __future__ import annotations

import pytest

from omamori.web.hub import hub_app, hub_site
from omamori.web.live import Live
from omamori.web.login import SESSION_S, SESSIONS_MAX, TRIES_MAX, TRIES_WINDOW_S, Door, safe_path
from web.conftest import SECRET, Visitor
from web.home_fixture import PATHS, FixtureHome, MemorySecrets

WORD = "three words in a row"
NEIGHBOUR = "192.168.1.50"


class House:
    def __init__(self, home: FixtureHome, secrets: MemorySecrets | None = None) -> None:
        self.now = 1000.0
        self.secrets = secrets or MemorySecrets()
        self.door = Door(self.secrets, lambda: self.now)
        self.app = hub_app(home, hub_site(SECRET, metrics=lambda: b"x"), Live(), self.door)

    def visitor(self, address: str = NEIGHBOUR) -> Visitor:
        return Visitor(self.app, address)

    def begin(self, visitor: Visitor) -> None:
        fields = {"code": self.door.code, "password": WORD, "again": WORD, "next": "/sample"}
        answer = visitor.post("/login", {"token": visitor.token("/login"), **fields})
        assert (answer.status_code, answer.headers["location"]) == (303, "/sample")


@pytest.fixture
def house(home: FixtureHome) -> House:
    return House(home)


def test_a_neighbour_sees_nothing(house: House, home: FixtureHome) -> None:
    neighbour = house.visitor()
    assert neighbour.get("/help").status_code == 200
    hidden = [path for path in PATHS if path != "/help"]
    for path in (*hidden, "/metrics", "/live", "/label/aircon.json"):
        answer = neighbour.get(path)
        assert (answer.status_code, answer.headers["location"][:7]) == (303, "/login?"), path
    assert neighbour.get("/live", accept="text/event-stream").status_code == 401
    assert neighbour.post("/settings/listening", {"on": "no"}).status_code == 303
    assert home.asked == []
    assert neighbour.get("/healthz").status_code == 200
    assert neighbour.get("/static/omamori.css").status_code == 200


def test_this_machine_needs_none(house: House) -> None:
    assert house.visitor("127.0.0.1").get("/").status_code == 200
    assert house.visitor("::1").get("/").status_code == 200


def test_no_header_makes_a_neighbour_local(house: House) -> None:
    answer = house.visitor().get("/", x_forwarded_for="127.0.0.1", host="localhost")
    assert answer.status_code == 303


def test_first_password_and_login(house: House) -> None:
    first = house.visitor()
    house.begin(first)
    assert house.door.code == ""
    assert house.secrets.digest.startswith("$argon2id$")
    assert first.get("/").status_code == 200
    cookie = next(c for c in first.cookies.jar if c.name == "omamori_session")
    assert cookie.has_nonstandard_attr("HttpOnly")
    assert cookie.get_nonstandard_attr("SameSite") == "strict"
    second = house.visitor()
    wrong = second.post("/login", {"token": second.token("/login"), "password": "x" * 12})
    assert wrong.status_code == 403
    assert second.get("/").status_code == 303
    right = second.post("/login", {"token": second.token("/login"), "password": WORD})
    assert right.status_code == 303
    assert second.get("/").status_code == 200


@pytest.mark.parametrize(
    "change",
    [
        {"code": "00000000x"},
        {"code": ""},
        {"again": "something else"},
        {"password": "short", "again": "short"},
    ],
)
def test_the_first_password_needs_the_code(house: House, change: dict[str, str]) -> None:
    thief = house.visitor()
    fields = {"code": house.door.code, "password": WORD, "again": WORD, **change}
    answer = thief.post("/login", {"token": thief.token("/login"), **fields})
    assert answer.status_code == 403
    assert house.secrets.digest == ""
    assert thief.get("/").status_code == 303


def test_too_many_tries_wait(house: House) -> None:
    house.begin(house.visitor())
    thief = house.visitor("192.168.1.66")
    token = thief.token("/login")
    for _ in range(TRIES_MAX):
        assert "合言葉が違います" in _plain(
            thief.post("/login", {"token": token, "password": "no"}).text
        )
    waiting = thief.post("/login", {"token": token, "password": WORD})
    assert waiting.status_code == 403
    assert "待ってください" in _plain(waiting.text)
    other = house.visitor("192.168.1.67")
    assert (
        other.post("/login", {"token": other.token("/login"), "password": WORD}).status_code == 303
    )
    house.now += TRIES_WINDOW_S
    assert thief.post("/login", {"token": token, "password": WORD}).status_code == 303


def test_many_addresses_together_wait(house: House) -> None:
    house.begin(house.visitor())
    refused = 0
    for number in range(40):
        try:
            house.door.count_try(f"2001:db8::{number:x}")
        except ValueError:
            refused += 1
    assert refused >= 10


def test_leave(house: House) -> None:
    visitor = house.visitor()
    house.begin(visitor)
    assert "/logout" in visitor.get("/").text
    assert visitor.post("/logout", {"token": visitor.token()}).status_code == 303
    assert visitor.get("/").status_code == 303


def test_a_session_ends(house: House) -> None:
    visitor = house.visitor()
    house.begin(visitor)
    house.now += SESSION_S + 1
    assert visitor.get("/").status_code == 303
    for _ in range(SESSIONS_MAX + 9):
        house.door.begin()
    assert len(house.door._sessions) == SESSIONS_MAX


def test_a_password_stays_after_a_restart(home: FixtureHome) -> None:
    secrets = MemorySecrets()
    house = House(home, secrets)
    house.begin(house.visitor())
    again = House(home, secrets)
    assert again.door.code == ""
    visitor = again.visitor()
    answer = visitor.post("/login", {"token": visitor.token("/login"), "password": WORD})
    assert answer.status_code == 303


def test_where_to_go_next() -> None:
    assert safe_path("/sample?x=1") == "/sample?x=1"
    for elsewhere in ("//evil.example", "https://evil.example", "/\\evil.example", "", "/a\nb"):
        assert safe_path(elsewhere) == "/"


def _plain(text: str) -> str:
    return text.replace("<wbr>", "")
