"""Authorities as they run: real TLS, real files, several in one loop."""

from __future__ import annotations

import asyncio
import socket
import ssl
import time
from typing import TYPE_CHECKING, Any

import pytest

from authority.made import KEYS
from omamori.adapters.authority_client import (
    AuthorityClient,
    AuthorityRefusedError,
    AuthorityUnreachableError,
    pinned,
)
from omamori.adapters.authority_folder import AuthorityFolder, FolderError
from omamori.adapters.keys import KeysError, write_secret
from omamori.app.authority import (
    AuthoritySettings,
    RunningAuthority,
    create_authority,
    serve_authority,
)
from omamori.authority import operations as op
from omamori.authority.csr import write_csr
from omamori.documents.bundle import read_bundle
from omamori.documents.certificate import read_device_certificate
from omamori.documents.statement import read_statement
from omamori.documents.status import INVALID, read_status_token

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

KEY, OTHER = KEYS[30], KEYS[31]
MAP = {3: 2, 4: 3, 5: 4}


def with_authorities(
    folder: Path, industries: tuple[str, ...], act: Callable[..., Awaitable[None]]
) -> None:
    async def run() -> None:
        running: list[RunningAuthority] = []
        try:
            for industry in industries:
                data = folder / industry
                if not data.exists():
                    create_authority(data, industry, f"{industry}.example", time.time())
                running.append(await serve_authority(AuthoritySettings(data=data)))
            await act(*running)
        finally:
            await asyncio.gather(*(one.stop() for one in running))

    asyncio.run(run())


def refused(error: pytest.ExceptionInfo[Any]) -> str:
    return str(error.value.reason.key)


def test_a_device_lives_its_life_over_tls(tmp_path: Path) -> None:
    async def act(energy: RunningAuthority) -> None:
        async with energy.client() as operator:
            await operator.operate("products", op.AddProduct("aircon", 4))
            code = (await operator.operate("codes", op.MakeCode("aircon", "1.0"))).code
            async with AuthorityClient(energy.url, energy.root) as thing:
                given = await thing.enrol(write_csr(KEY), code)
                said = await thing.statement(given.certificate, KEY)
                index = read_statement(said).statement.status_index
                jwt = await thing.statement(given.certificate, KEY, "1.1", "jwt")
                assert read_statement(jwt).statement.software == "1.1"
                with pytest.raises(AuthorityRefusedError) as error:
                    await thing.statement(given.certificate, OTHER)
                assert refused(error) == "proof.not-held"
                next_one = await thing.renew(given.certificate, KEY, write_csr(OTHER))
                assert read_device_certificate(next_one.certificate).uri == given.uri
                await thing.statement(next_one.certificate, OTHER)
                await operator.revoke(given.name, "key-suspect")
                with pytest.raises(AuthorityRefusedError) as error:
                    await thing.statement(next_one.certificate, OTHER)
                assert refused(error) == "device.revoked"
                bundle = read_bundle(await thing.bundle()).bundle
                statuses = read_status_token(bundle.members[0].statuses[0]).statuses
                assert statuses.at(index) == INVALID
                with pytest.raises(AuthorityRefusedError) as error:
                    await thing.lower("aircon", 1, "unpatched")
                assert refused(error) == "operator.token-wrong"

    with_authorities(tmp_path, ("energy",), act)


def test_a_lowering_reaches_who_waits_at_another_authority(tmp_path: Path) -> None:
    async def act(energy: RunningAuthority, health: RunningAuthority) -> None:
        async with energy.client() as here, health.client() as there:
            await there.operate("products", op.AddProduct("meter", 5))
            given = await there.operate("certify", op.Certify("meter", write_csr(KEY)))
            said = read_statement(await there.statement(given.certificate, KEY)).statement
            await here.cross(await there.bundle(), health.root, MAP, health.url)
            seq = await here.changes(0, 0)
            waits = asyncio.create_task(here.changes(seq, 25))
            await there.lower("meter", 1, "exploited")
            assert await waits > seq
            member = read_bundle(await here.bundle()).bundle.members[1]
            token = read_status_token(member.statuses[0])
            assert token.statuses.at(said.status_index) == INVALID
            shown = await here.operate("show", op.Page())
            assert shown.industries[0].rungs == MAP

    with_authorities(tmp_path, ("energy", "health"), act)


def test_two_that_follow_one_another_come_to_rest(tmp_path: Path) -> None:
    async def act(energy: RunningAuthority, health: RunningAuthority) -> None:
        async with energy.client() as here, health.client() as there:
            await here.cross(await there.bundle(), health.root, MAP, health.url)
            await there.cross(await here.bundle(), energy.root, MAP, energy.url)
            await asyncio.sleep(1.2)
            before = (energy.service.seq, health.service.seq)
            await asyncio.sleep(1.2)
            assert (energy.service.seq, health.service.seq) == before

    with_authorities(tmp_path, ("energy", "health"), act)


def test_everything_is_there_after_a_restart_and_the_sequence_grows(tmp_path: Path) -> None:
    seen: dict[str, Any] = {}

    async def first(energy: RunningAuthority) -> None:
        async with energy.client() as operator:
            await operator.operate("products", op.AddProduct("aircon", 4))
            given = await operator.operate("certify", op.Certify("aircon", write_csr(KEY)))
            await operator.lower("aircon", 2, "unpatched")
            seen.update(given=given, seq=energy.service.seq, root=energy.root)

    async def second(energy: RunningAuthority) -> None:
        async with AuthorityClient(energy.url, seen["root"]) as thing:
            said = read_statement(await thing.statement(seen["given"].certificate, KEY))
            assert said.statement.reasons == ("product.unpatched",)
            assert await thing.changes(seen["seq"], 0) > seen["seq"]

    with_authorities(tmp_path, ("energy",), first)
    with_authorities(tmp_path, ("energy",), second)


def test_only_the_pinned_root_is_believed(tmp_path: Path) -> None:
    async def act(energy: RunningAuthority, health: RunningAuthority) -> None:
        async with AuthorityClient(energy.url, health.root) as client:
            with pytest.raises(AuthorityUnreachableError):
                await client.bundle()

    with_authorities(tmp_path, ("energy", "health"), act)


def test_older_tls_is_not_spoken(tmp_path: Path) -> None:
    def shake(port: int, root: bytes, version: ssl.TLSVersion) -> str | None:
        context = pinned(root)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.maximum_version = version
        with (
            socket.create_connection(("127.0.0.1", port), timeout=5) as plain,
            context.wrap_socket(plain, server_hostname="127.0.0.1") as secure,
        ):
            return secure.version()

    async def act(energy: RunningAuthority) -> None:
        port = int(energy.url.rpartition(":")[2])
        spoken = await asyncio.to_thread(shake, port, energy.root, ssl.TLSVersion.TLSv1_3)
        assert spoken == "TLSv1.3"
        with pytest.raises(ssl.SSLError):
            await asyncio.to_thread(shake, port, energy.root, ssl.TLSVersion.TLSv1_2)

    with_authorities(tmp_path, ("energy",), act)


def test_waiters_are_let_go_when_the_authority_stops(tmp_path: Path) -> None:
    async def act(energy: RunningAuthority) -> None:
        async with energy.client() as client:
            seq = energy.service.seq
            waits = asyncio.create_task(client.changes(seq, 25))
            await asyncio.sleep(0.2)
            await energy.stop()
            assert await waits == seq

    with_authorities(tmp_path, ("energy",), act)


def test_a_folder_is_served_once(tmp_path: Path) -> None:
    async def act(energy: RunningAuthority) -> None:
        with pytest.raises(FolderError) as error:
            await serve_authority(AuthoritySettings(data=tmp_path / "energy"))
        assert refused(error) == "authority.in-use"
        folder = AuthorityFolder(tmp_path / "energy")
        serving = folder.serving()
        assert serving
        assert serving.url == energy.url

    with_authorities(tmp_path, ("energy",), act)
    assert AuthorityFolder(tmp_path / "energy").serving() is None


def test_an_industry_is_not_created_over_another(tmp_path: Path) -> None:
    create_authority(tmp_path / "a", "energy", "energy.example", time.time())
    root = (tmp_path / "a" / "root.crt").read_bytes()
    with pytest.raises(FolderError) as error:
        create_authority(tmp_path / "a", "health", "health.example", time.time())
    assert refused(error) == "authority.exists"
    assert (tmp_path / "a" / "root.crt").read_bytes() == root


def test_a_plan_that_fails_leaves_the_folder_free_for_the_next(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"industry.host-not-plain"):
        create_authority(tmp_path / "a", "energy", "no host", time.time())
    create_authority(tmp_path / "a", "energy", "energy.example", time.time())


def test_a_creation_that_was_interrupted_is_finished_by_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(AuthorityFolder, "write_certificates", interrupted)
        with pytest.raises(KeyboardInterrupt):
            create_authority(tmp_path / "a", "energy", "energy.example", time.time())
    with pytest.raises(FolderError) as error:
        asyncio.run(serve_authority(AuthoritySettings(data=tmp_path / "a")))
    assert refused(error) == "authority.none"
    identity = create_authority(tmp_path / "a", "energy", "energy.example", time.time())
    assert identity.ladder.industry == "energy"


def test_a_folder_that_others_may_read_is_not_served(tmp_path: Path) -> None:
    create_authority(tmp_path / "a", "energy", "energy.example", time.time())
    (tmp_path / "a" / "keys" / "root.key").chmod(0o644)
    with pytest.raises(KeysError) as error:
        asyncio.run(serve_authority(AuthoritySettings(data=tmp_path / "a")))
    assert refused(error) == "keys.file-open"


def test_a_passphrase_can_be_kept_elsewhere(tmp_path: Path) -> None:
    phrase = tmp_path / "phrase"
    write_secret(phrase, b"correct horse battery staple")
    data = tmp_path / "a"
    create_authority(data, "energy", "energy.example", time.time(), passphrase_file=phrase)
    assert not (data / "passphrase").exists()

    async def serve() -> None:
        running = await serve_authority(AuthoritySettings(data=data, passphrase_file=phrase))
        await running.stop()

    asyncio.run(serve())
    with pytest.raises(KeysError) as error:
        asyncio.run(serve_authority(AuthoritySettings(data=data)))
    assert refused(error) == "keys.not-opened"
