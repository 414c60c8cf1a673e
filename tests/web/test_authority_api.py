"""The authority's API: what it answers, and what it refuses without falling over."""

from __future__ import annotations

import asyncio
import base64
import json
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from authority.made import KEYS, NOW, Made
from omamori.authority.csr import write_csr
from omamori.authority.operations import OPERATIONS
from omamori.authority.registry import Target
from omamori.authority.service import open_service
from omamori.authority.statements import STATEMENT_REQUEST, proof_message
from omamori.documents.bundle import read_bundle
from omamori.documents.crl import read_revocation_list
from omamori.documents.sealed import sign_raw
from omamori.documents.statement import read_statement
from omamori.documents.status import read_status_token
from omamori.web import authority as api
from omamori.web.authority import Limits, authority_application
from omamori.web.authority_refusals import HEADERS
from omamori.web.changes import BusyError, Changes
from omamori.web.limits import Allowance

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from omamori.authority.service import AuthorityService

TOKEN = b"t" * 64
KEY = KEYS[30]
PLENTY = Limits(1e9, 1e9, 1e9, 1e9)


class Api:
    """One authority behind its API, without a network."""

    def __init__(self, limits: Limits = PLENTY, caller: str = "192.0.2.7") -> None:
        self.made = Made()
        self.changes = Changes()
        self.service: AuthorityService = open_service(
            self.made.store, self.made.keys, self.made.entropy, self.changes, NOW
        )
        self.moment = 0.0
        app = authority_application(
            self.service, self.changes, TOKEN, lambda: NOW, lambda: self.moment, limits
        )
        self.http = httpx.AsyncClient(
            transport=httpx.ASGITransport(app, client=(caller, 1)),
            base_url="https://energy.example",
        )

    async def post(self, path: str, body: object, token: bytes = b"") -> httpx.Response:
        headers = {"Authorization": f"Bearer {token.decode()}"} if token else {}
        return await self.http.post(path, content=json.dumps(body), headers=headers)

    async def operate(self, operation: str, /, **body: Any) -> Any:
        answer = await self.post(f"/v1/operator/{operation}", body, TOKEN)
        assert answer.status_code == 200, answer.text
        return answer.json()


def with_api(
    act: Callable[[Api], Awaitable[None]], limits: Limits = PLENTY, caller: str = "192.0.2.7"
) -> None:
    async def run() -> None:
        one = Api(limits, caller)
        async with one.http:
            await act(one)

    asyncio.run(run())


def refused(answer: httpx.Response, status: int, key: str) -> None:
    assert answer.status_code == status, answer.text
    said = answer.json()
    assert said["reason"] == key
    assert said["message_ja"]
    assert said["message_en"]
    assert "no plain words" not in said["message_en"]
    assert "Traceback" not in answer.text


async def waiting(changes: Changes, count: int) -> None:
    """Until so many wait."""
    while changes.waiters < count:  # noqa: ASYNC110 - the poll itself is what is tested
        await asyncio.sleep(0)


def b64(octets: bytes) -> str:
    return base64.b64encode(octets).decode()


# What it publishes.


def test_everything_public_is_what_the_readers_read() -> None:
    async def act(one: Api) -> None:
        await one.operate("products", name="aircon", rung=4, title="エアコン")
        get = one.http.get
        bundle = read_bundle((await get("/v1/bundle")).content).bundle
        assert bundle.industry == "energy"
        assert (await get("/v1/root")).content == bundle.root
        for path in ("/v1/root.crl", "/v1/issuing.crl"):
            answer = await get(path)
            assert answer.headers["content-type"] == "application/pkix-crl"
            assert answer.content in bundle.members[0].revocations
            read_revocation_list(answer.content)
        token = read_status_token((await get("/v1/status/1")).content)
        assert token.uri == "https://energy.example/status/1"
        ladder = (await get("/v1/ladder")).json()
        assert [one["rung"] for one in ladder["levels"]] == [1, 2, 3, 4, 5]
        products = (await get("/v1/products")).json()
        assert products["products"][0]["title"] == "エアコン"
        assert (await get("/healthz")).json()["ok"] is True

    with_api(act)


def test_the_public_list_of_products_has_pages() -> None:
    async def act(one: Api) -> None:
        for n in range(api.PAGE_MAX + 1):
            await one.operate("products", name=f"p{n:03}", rung=1)
        first = (await one.http.get("/v1/products")).json()
        assert len(first["products"]) == api.PAGE_MAX
        second = (await one.http.get(f"/v1/products?after={first['after']}")).json()
        assert [p["name"] for p in second["products"]] == ["p100"]
        assert second["after"] == ""

    with_api(act)


def test_every_answer_is_hardened() -> None:
    async def act(one: Api) -> None:
        for path in ("/v1/bundle", "/v1/nowhere", "/v1/changes?after=x", "/healthz"):
            headers = (await one.http.get(path)).headers
            for name, value in HEADERS.items():
                assert headers[name] == value, path
        refused(await one.http.get("/v1/nowhere"), 404, "request.no-such-route")
        refused(await one.http.delete("/v1/bundle"), 405, "request.no-such-route")

    with_api(act)


# What things ask.


def test_a_device_enrols_and_asks_for_its_statement() -> None:
    async def act(one: Api) -> None:
        await one.operate("products", name="aircon", rung=4)
        code = (await one.operate("codes", product="aircon", software="1.0"))["code"]
        body = {"csr": b64(write_csr(KEY)), "code": code}
        given_ = (await one.post("/v1/enrol", body)).json()
        refused(await one.post("/v1/enrol", body), 403, "enrolment.code-unknown")
        nonce = base64.b64decode((await one.http.get("/v1/nonce")).json()["nonce"])
        proof = sign_raw(KEY, proof_message(STATEMENT_REQUEST, "energy.example", nonce))
        asked = {
            "certificate": given_["certificate"],
            "nonce": b64(nonce),
            "signature": b64(proof),
        }
        answer = await one.post("/v1/statement", asked)
        assert answer.headers["content-type"] == "application/cwt"
        assert read_statement(answer.content).statement.subject == given_["uri"]
        refused(await one.post("/v1/statement", asked), 403, "nonce.spent")
        asked["form"] = "pdf"
        asked["nonce"] = b64(base64.b64decode((await one.http.get("/v1/nonce")).json()["nonce"]))
        refused(await one.post("/v1/statement", asked), 403, "proof.not-held")

    with_api(act)


@pytest.mark.parametrize("path", ["/v1/statement", "/v1/renew", "/v1/enrol"])
def test_no_body_of_a_thing_brings_it_down(path: str) -> None:
    bodies = st.binary(max_size=200) | st.recursive(
        st.none() | st.booleans() | st.text(max_size=20) | st.integers(),
        lambda inner: (
            st.lists(inner, max_size=4)
            | st.dictionaries(
                st.sampled_from(["certificate", "nonce", "signature", "csr", "code", "software"]),
                inner,
                max_size=6,
            )
        ),
        max_leaves=12,
    ).map(lambda value: json.dumps(value).encode())
    loop = asyncio.new_event_loop()
    one = Api()

    @settings(max_examples=120, deadline=None)
    @given(bodies)
    def check(body: bytes) -> None:
        answer = loop.run_until_complete(one.http.post(path, content=body))
        assert 400 <= answer.status_code < 500, answer.text
        assert answer.json()["message_ja"]

    try:
        check()
    finally:
        loop.run_until_complete(one.http.aclose())
        loop.close()


def test_a_long_a_slow_and_a_deep_body_are_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(api, "BODY_S_MAX", 0.05)

    async def endless() -> AsyncIterator[bytes]:
        while True:
            yield b" " * 1000

    async def stalling() -> AsyncIterator[bytes]:
        yield b"{"
        await asyncio.sleep(30)

    async def act(one: Api) -> None:
        refused(await one.http.post("/v1/enrol", content=endless()), 413, "request.too-long")
        refused(await one.http.post("/v1/enrol", content=stalling()), 408, "request.too-slow")
        deep = b"[" * 15_000
        refused(await one.http.post("/v1/enrol", content=deep), 400, "request.unreadable")

    with_api(act)


# What the operator does.


def test_the_operator_s_calls_need_the_token() -> None:
    async def act(one: Api) -> None:
        for name in OPERATIONS:
            for token in (b"", b"wrong", TOKEN[:-1], TOKEN + b"t"):
                answer = await one.post(f"/v1/operator/{name}", {}, token)
                refused(answer, 401, "operator.token-wrong")
                assert answer.headers["www-authenticate"] == "Bearer"
        basic = {"Authorization": f"Basic {TOKEN.decode()}"}
        answer = await one.http.post("/v1/operator/show", content="{}", headers=basic)
        refused(answer, 401, "operator.token-wrong")

    with_api(act)


def test_an_operator_lowers_raises_holds_and_revokes() -> None:
    async def act(one: Api) -> None:
        await one.operate("products", name="aircon", rung=4)
        await one.operate("versions", product="aircon", name="1.0", rung=4)
        made = await one.operate(
            "certify", product="aircon", software="1.0", csr=b64(write_csr(KEY))
        )
        assert made["uri"].startswith("https://energy.example/t/")
        await one.operate("lower", product="aircon", rung=1, why="unpatched")
        (line,) = (await one.operate("devices"))["devices"]
        assert (line["current"], line["reasons"]) == (1, ["product.unpatched"])
        await one.operate("raise", product="aircon")
        await one.operate("hold", name=made["name"])
        assert (await one.operate("devices"))["devices"][0]["state"] == "held"
        await one.operate("release", name=made["name"])
        await one.operate("revoke", name=made["name"], why="key-suspect")
        (product,) = (await one.operate("catalogue"))["products"]
        assert product["versions"] == {"1.0": 4}
        issued = (await one.operate("issued"))["issued"]
        assert [line["kind"] for line in issued][-1] == "device"
        assert (await one.operate("issued", after=str(issued[-1]["number"])))["issued"] == []
        shown = await one.operate("show")
        assert shown["counts"] == {"products": 1, "devices": 1, "industries": 0}
        again = await one.post("/v1/operator/revoke", {"name": made["name"], "why": "other"}, TOKEN)
        refused(again, 403, "device.revoked")

    with_api(act)


def test_an_operator_recognises_another_industry() -> None:
    other = Made("health", 4)
    offer = {"bundle": b64(other.service.bundle(NOW)), "root": b64(other.root)}

    async def act(one: Api) -> None:
        falling = await one.post("/v1/operator/cross", {**offer, "rungs": {"1": 3, "2": 1}}, TOKEN)
        refused(falling, 400, "cross.map-not-monotone")
        unread = await one.post("/v1/operator/cross", {**offer, "rungs": {"one": 3}}, TOKEN)
        refused(unread, 400, "request.unreadable")
        await one.operate("cross", **offer, rungs={"3": 2, "5": 4})
        (line,) = (await one.operate("show"))["industries"]
        assert line["rungs"] == {"3": 2, "5": 4}
        await one.operate("acquaint", **offer)
        await one.operate("forget", name="health")
        unknown = await one.post("/v1/operator/forget", {"name": "health"}, TOKEN)
        refused(unknown, 404, "cross.unknown")

    with_api(act)


@pytest.mark.parametrize("name", ["nothing", "..", "__class__"])
def test_an_operation_that_is_none_is_not_found(name: str) -> None:
    async def act(one: Api) -> None:
        answer = await one.post(f"/v1/operator/{name}", {}, TOKEN)
        assert answer.status_code in {404, 405}

    with_api(act)


def test_a_fault_of_ours_is_told_without_a_trace(monkeypatch: pytest.MonkeyPatch) -> None:
    async def act(one: Api) -> None:
        def fail(_: float) -> bytes:
            raise ZeroDivisionError("secret detail")

        monkeypatch.setattr(one.service, "bundle", fail)
        answer = await one.http.get("/v1/bundle")
        refused(answer, 500, "authority.failed")
        assert "secret" not in answer.text

    with_api(act)


# Long poll, bounds, measures.


def test_who_waits_is_told_of_a_change_at_once() -> None:
    async def act(one: Api) -> None:
        await one.operate("products", name="aircon", rung=4)
        seq = one.service.seq
        answers = [
            asyncio.create_task(one.http.get(f"/v1/changes?after={seq}&wait=25")) for _ in range(9)
        ]
        await waiting(one.changes, len(answers))
        one.service.lower(Target(product="aircon"), 1, "unpatched", NOW)
        for answer in await asyncio.gather(*answers):
            assert answer.json() == {"seq": seq + 1}
        assert one.changes.waiters == 0
        assert (await one.http.get("/v1/changes?after=0")).json() == {"seq": seq + 1}

    with_api(act)


def test_who_waits_for_nothing_is_answered_in_time() -> None:
    async def act(one: Api) -> None:
        seq = one.service.seq
        answer = await one.http.get(f"/v1/changes?after={seq}&wait=0.01")
        assert answer.json() == {"seq": seq}
        for query in ("after=-1", "after=x", "after=nan", "after=inf", "wait=-1", "after=1e99"):
            refused(await one.http.get(f"/v1/changes?{query}"), 400, "request.unreadable")

    with_api(act)


def test_waiters_are_bounded_and_let_go_at_the_end() -> None:
    async def run() -> None:
        changes = Changes(1, waiters_max=2)
        polls = [asyncio.create_task(changes.after(1, 25)) for _ in range(2)]
        await waiting(changes, 2)
        with pytest.raises(BusyError):
            await changes.after(1, 25)
        changes.close()
        assert await asyncio.gather(*polls) == [1, 1]
        assert await changes.after(1, 25) == 1

    asyncio.run(run())


def test_one_caller_cannot_ask_without_end() -> None:
    async def act(one: Api) -> None:
        for _ in range(3):
            assert (await one.http.get("/v1/nonce")).status_code == 200
        refused(await one.http.get("/v1/nonce"), 429, "request.too-many")
        one.moment += 1.0
        assert (await one.http.get("/v1/nonce")).status_code == 200
        assert (await one.post("/v1/enrol", {})).status_code == 400
        refused(await one.post("/v1/enrol", {}), 429, "request.too-many")

    with_api(act, Limits(reads_per_s=1, reads_burst=3, writes_per_s=1, writes_burst=1))


def test_callers_that_are_forgotten_cost_no_memory() -> None:
    allowance = Allowance(1, 1, lambda: 0.0)
    for n in range(20_000):
        assert allowance.take(f"c{n}")
    assert len(allowance._callers) <= 4096
    assert not allowance.take("c19999")


def test_measures_are_for_this_machine_or_the_operator() -> None:
    async def far(one: Api) -> None:
        refused(await one.http.get("/metrics"), 401, "operator.token-wrong")
        headers = {"Authorization": f"Bearer {TOKEN.decode()}"}
        assert (await one.http.get("/metrics", headers=headers)).status_code == 200

    async def near(one: Api) -> None:
        await one.http.get("/v1/bundle")
        text = (await one.http.get("/metrics")).text
        assert 'omamori_authority_requests_total{route="/v1/bundle",status="200"} 1.0' in text
        assert 'omamori_authority_kept{kind="products"} 0.0' in text

    with_api(far)
    with_api(near, caller="127.0.0.1")


# The page for people.


def test_the_public_page_says_levels_and_why_in_both_languages() -> None:
    async def act(one: Api) -> None:
        await one.operate("products", name="aircon", rung=4, title="エアコン<b>", maker="M & Co")
        await one.operate("versions", product="aircon", name="1.0", rung=4)
        await one.operate("lower", product="aircon", rung=1, why="unpatched")
        for lang, words in (("en", "not yet mended"), ("ja", "まだ直って")):
            answer = await one.http.get(f"/?lang={lang}")
            assert answer.status_code == 200
            text = answer.text.replace("<wbr>", "")
            assert words in text
            assert f'<html lang="{lang}"' in text
            assert "エアコン&lt;b&gt;" in text
            assert "<b>" not in text.partition("<main")[2].partition("エアコン")[2][:20]
            assert "Lv.4" in text
            assert "default-src 'none'" in answer.headers["content-security-policy"]
        assert (await one.http.get("/static/omamori.css")).status_code == 200
        strange = await one.http.get("/", headers={"host": "evil.example"})
        assert strange.status_code == 421

    with_api(act)


def test_the_public_page_has_pages() -> None:
    async def act(one: Api) -> None:
        assert "載って" in (await one.http.get("/?lang=ja")).text.replace("<wbr>", "")
        for n in range(51):
            await one.operate("products", name=f"p{n:02}", rung=1)
        assert "/?after=p49" in (await one.http.get("/")).text
        rest = (await one.http.get("/?after=p49")).text
        assert "p50" in rest
        assert "p49</bdi>" not in rest

    with_api(act)
