"""`omamori authority …`: create, serve and operate one industry's authority.

Several can be served in one program: see `serve_authority` and `create_authority`.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
import typer

from omamori.authority.records import WHY
from omamori.documents.reason import RefusedError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from omamori.app.authority_server import AuthoritySettings

app = typer.Typer(
    no_args_is_help=True, help="Run an industry's authority: certificates and trust levels."
)
FILE_BYTES_MAX = 4 * 1024 * 1024
Data = Annotated[
    Path, typer.Option("--data", help="The authority's folder.", envvar="OMAMORI_AUTHORITY")
]
Passphrase = Annotated[
    Path | None, typer.Option("--passphrase-file", help="File with the passphrase of its keys.")
]
Json = Annotated[bool, typer.Option("--json", help="Answer in JSON, for machines.")]
Version = Annotated[str, typer.Option("--version", help="Only this software version.")]
DeviceName = Annotated[str, typer.Option("--device", help="Only this device (name or URI).")]
Url = Annotated[str, typer.Argument(help="Where the other authority answers, https://…")]
Root = Annotated[Path, typer.Option("--root", help="Its root certificate, received safely.")]
Software = Annotated[str, typer.Option("--software", help="The version it runs.")]
Rung = Annotated[int, typer.Option("--level", help="1 to 5.")]


def _language() -> str:
    said = os.environ.get("LC_ALL") or os.environ.get("LC_MESSAGES") or os.environ.get("LANG", "")
    return "ja" if said.startswith("ja") else "en"


@contextmanager
def _plainly() -> Iterator[None]:
    """A refusal is one sentence and exit code 1, never a trace."""
    try:
        yield
    except RefusedError as error:
        from omamori.web.words import sentence  # noqa: PLC0415 - quick start

        typer.echo(f"{sentence(error.reason, _language())} ({error.reason})", err=True)
        raise typer.Exit(1) from None
    except OSError as error:
        typer.echo(f"{error.strerror or error} ({error.filename or ''})", err=True)
        raise typer.Exit(1) from None


def _operate(data: Path, passphrase: Path | None, name: str, request: msgspec.Struct) -> Any:  # noqa: ANN401 - the operation's own answer
    from omamori.app.authority_operate import AuthorityFolder, operate  # noqa: PLC0415 - quick start

    with _plainly():
        return asyncio.run(operate(AuthorityFolder(data, passphrase), name, request))


def _say(answer: msgspec.Struct) -> None:
    typer.echo(msgspec.json.format(msgspec.json.encode(answer)).decode())


def _ended(done: Any, what: str) -> None:  # noqa: ANN401 - operations.Done, imported late
    typer.echo(f"{what} (change {done.seq}; {done.ended} statements ended)")


@app.command()
def create(
    industry: Annotated[str, typer.Argument(help="Short name, such as energy.")],
    host: Annotated[str, typer.Option("--host", help="Host in its things' names, energy.example.")],
    data: Data,
    passphrase_file: Passphrase = None,
    arc: Annotated[str, typer.Option("--arc", help="OID of its ladder, if it has one.")] = "",
    statement_hours: Annotated[int, typer.Option("--statement-hours", min=0, max=168)] = 0,
    server_name: Annotated[list[str] | None, typer.Option("--server-name")] = None,
    contact: Annotated[str, typer.Option("--contact", help="Whom to ask.")] = "",
) -> None:
    """Create an industry: its ladder, its keys and its certificates."""
    from omamori.app.authority_server import create_authority  # noqa: PLC0415 - quick start

    with _plainly():
        identity = create_authority(
            data,
            industry,
            host,
            time.time(),
            passphrase_file=passphrase_file,
            arc=arc,
            statement_s=statement_hours * 3600,
            server_names=tuple(server_name or ()),
            contact=contact,
        )
    typer.echo(f"{industry}: levels {identity.ladder.base}.1 to .{identity.ladder.rungs}")
    typer.echo(f"Give this file to who must trust you, by a safe way: {data / 'root.crt'}")


@app.command()
def serve(
    data: Data,
    bind: Annotated[str, typer.Option("--bind", help="Address to answer on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", min=0, max=65535)] = 0,
    name: Annotated[str, typer.Option("--name", help="Host name in its address.")] = "",
    passphrase_file: Passphrase = None,
) -> None:
    """Answer things and other authorities over HTTPS until it is told to stop."""
    from omamori.app.authority_server import AuthoritySettings  # noqa: PLC0415 - quick start

    settings = AuthoritySettings(
        data=data, bind=bind, port=port, name=name, passphrase_file=passphrase_file
    )
    with _plainly():
        asyncio.run(_serve(settings))


async def _serve(settings: AuthoritySettings) -> None:
    from omamori.app.authority_server import serve_authority  # noqa: PLC0415 - quick start

    running = await serve_authority(settings)
    told = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, told.set)
    typer.echo(running.url)
    sys.stdout.flush()
    ended = asyncio.create_task(running.wait())
    asked = asyncio.create_task(told.wait())
    await asyncio.wait((ended, asked), return_when=asyncio.FIRST_COMPLETED)
    asked.cancel()
    await running.stop()
    await ended


@app.command("add-product")
def add_product(
    product: Annotated[str, typer.Argument()],
    level: Rung,
    data: Data,
    title: Annotated[str, typer.Option("--title", help="What people call it.")] = "",
    maker: Annotated[str, typer.Option("--maker")] = "",
    passphrase_file: Passphrase = None,
) -> None:
    """Add a product at the level that it was assessed at."""
    from omamori.authority.operations import AddProduct  # noqa: PLC0415 - quick start

    asked = AddProduct(product, level, title, maker)
    _ended(_operate(data, passphrase_file, "products", asked), product)


@app.command("add-version")
def add_version(
    product: Annotated[str, typer.Argument()],
    version: Annotated[str, typer.Argument()],
    level: Rung,
    data: Data,
    passphrase_file: Passphrase = None,
) -> None:
    """List a software version; from the first on, versions not listed count as the lowest."""
    from omamori.authority.operations import AddVersion  # noqa: PLC0415 - quick start

    asked = AddVersion(product, version, level)
    _ended(_operate(data, passphrase_file, "versions", asked), f"{product} {version}")


@app.command()
def lower(
    product: Annotated[str, typer.Argument()],
    level: Rung,
    data: Data,
    reason: Annotated[str, typer.Option("--reason", help=f"Why: {', '.join(WHY)}.")],
    version: Version = "",
    device: DeviceName = "",
    passphrase_file: Passphrase = None,
) -> None:
    """Lower the level of a product, of one version of it, or of one device."""
    from omamori.authority.operations import Lower  # noqa: PLC0415 - quick start

    asked = Lower(level, reason, product, version, device)
    _ended(_operate(data, passphrase_file, "lower", asked), f"{product}: Lv.{level}")


@app.command("raise")
def raise_(
    product: Annotated[str, typer.Argument()],
    data: Data,
    level: Annotated[int, typer.Option("--level", help="0 for the assessed level.")] = 0,
    version: Version = "",
    device: DeviceName = "",
    passphrase_file: Passphrase = None,
) -> None:
    """Raise a level again, at most to what was assessed."""
    from omamori.authority.operations import Raise  # noqa: PLC0415 - quick start

    asked = Raise(level, product, version, device)
    _ended(_operate(data, passphrase_file, "raise", asked), product)


@app.command()
def issue(
    product: Annotated[str, typer.Argument()],
    csr: Annotated[Path, typer.Option("--csr", help="Certification request, PEM or DER.")],
    data: Data,
    out: Annotated[Path, typer.Option("--out", help="Where the certificates go, PEM.")],
    software: Software = "",
    level: Annotated[int, typer.Option("--level", help="0 for the product's.")] = 0,
    passphrase_file: Passphrase = None,
) -> None:
    """Issue a device certificate for a certification request."""
    from omamori.adapters.pem import read_pem_or_der, write_pem  # noqa: PLC0415 - quick start
    from omamori.authority.operations import Certify  # noqa: PLC0415 - quick start

    with _plainly():
        asked = Certify(product, read_pem_or_der(csr), software, level)
    made = _operate(data, passphrase_file, "certify", asked)
    with _plainly():
        write_pem(out, (made.certificate, made.issuing))
    typer.echo(made.uri)


@app.command()
def code(
    product: Annotated[str, typer.Argument()],
    data: Data,
    software: Software = "",
    level: Annotated[int, typer.Option("--level", help="0 for the product's.")] = 0,
    passphrase_file: Passphrase = None,
) -> None:
    """Make a code with which one device may enrol, once, within a day."""
    from omamori.authority.operations import MakeCode  # noqa: PLC0415 - quick start

    typer.echo(_operate(data, passphrase_file, "codes", MakeCode(product, software, level)).code)


def _device_command(name: str, told: str) -> None:
    """`hold` and `release` differ only in their word."""

    def act(
        device: Annotated[str, typer.Argument(help="Name or URI.")],
        data: Data,
        passphrase_file: Passphrase = None,
    ) -> None:
        from omamori.authority.operations import Name  # noqa: PLC0415 - quick start

        _ended(_operate(data, passphrase_file, name, Name(device)), f"{name}: {device}")

    app.command(name, help=told)(act)


_device_command("hold", "Suspend the word on a device.")
_device_command("release", "Let the word on a held device count again.")
_device_command("forget", "Know an industry no more; its cross-certificate is revoked.")


@app.command()
def revoke(
    device: Annotated[str, typer.Argument(help="Name or URI.")],
    data: Data,
    reason: Annotated[str, typer.Option("--reason", help="Why, such as key-suspect.")],
    passphrase_file: Passphrase = None,
) -> None:
    """Take a device's certificate back, for ever."""
    from omamori.authority.operations import Revoke  # noqa: PLC0415 - quick start

    _ended(_operate(data, passphrase_file, "revoke", Revoke(device, reason)), device)


async def _fetched(url: str, root: bytes) -> bytes:
    from omamori.adapters.authority_client import AuthorityClient  # noqa: PLC0415 - quick start

    async with AuthorityClient(url, root) as client:
        return await client.bundle()


@app.command()
def cross(
    url: Url,
    root: Root,
    data: Data,
    level_map: Annotated[
        list[str], typer.Option("--map", help="theirs=ours, such as 5=4; several times.")
    ],
    passphrase_file: Passphrase = None,
) -> None:
    """Recognise another industry's levels by a map from theirs to ours."""
    from omamori.adapters.pem import read_pem_or_der  # noqa: PLC0415 - quick start
    from omamori.authority.operations import Cross  # noqa: PLC0415 - quick start

    try:
        rungs = {str(int(t)): int(o) for t, o in (pair.split("=") for pair in level_map)}
    except ValueError:
        raise typer.BadParameter("--map theirs=ours") from None
    with _plainly():
        der = read_pem_or_der(root)
        asked = Cross(asyncio.run(_fetched(url, der)), der, rungs, url)
    _ended(_operate(data, passphrase_file, "cross", asked), url)


@app.command()
def acquaint(url: Url, root: Root, data: Data, passphrase_file: Passphrase = None) -> None:
    """Know another industry without recognising its levels."""
    from omamori.adapters.pem import read_pem_or_der  # noqa: PLC0415 - quick start
    from omamori.authority.operations import Acquaint  # noqa: PLC0415 - quick start

    with _plainly():
        der = read_pem_or_der(root)
        asked = Acquaint(asyncio.run(_fetched(url, der)), der, url)
    _ended(_operate(data, passphrase_file, "acquaint", asked), url)


@app.command()
def show(data: Data, passphrase_file: Passphrase = None) -> None:
    """The authority at a glance, in JSON."""
    from omamori.authority.operations import Page  # noqa: PLC0415 - quick start

    _say(_operate(data, passphrase_file, "show", Page()))


@app.command()
def products(
    data: Data, after: str = "", passphrase_file: Passphrase = None, *, json: Json = False
) -> None:
    """Products and their levels."""
    from omamori.authority.operations import Page  # noqa: PLC0415 - quick start

    found = _operate(data, passphrase_file, "catalogue", Page(after))
    if json:
        _say(found)
        return
    for one in found.products:
        low = f" (assessed Lv.{one.assessed}; {one.why})" if one.rung < one.assessed else ""
        typer.echo(f"{one.name}  Lv.{one.rung}{low}  {one.title}")


@app.command()
def devices(
    data: Data, after: str = "", passphrase_file: Passphrase = None, *, json: Json = False
) -> None:
    """Devices and their levels."""
    from omamori.authority.operations import Page  # noqa: PLC0415 - quick start

    found = _operate(data, passphrase_file, "devices", Page(after))
    if json:
        _say(found)
        return
    for one in found.devices:
        why = " ".join(one.reasons)
        typer.echo(f"{one.name}  Lv.{one.current}  {one.state}  {one.product} {one.software} {why}")


@app.command()
def issued(
    data: Data, after: Annotated[int, typer.Option(min=0)] = 0, passphrase_file: Passphrase = None
) -> None:
    """The append-only record of every certificate that was issued, in JSON."""
    from omamori.authority.operations import Page  # noqa: PLC0415 - quick start

    _say(_operate(data, passphrase_file, "issued", Page(str(after))))


if TYPE_CHECKING:
    from omamori.app.authority_server import (
        AuthoritySettings,
        RunningAuthority,
        create_authority,
        serve_authority,
    )

_SERVER = ("AuthoritySettings", "RunningAuthority", "create_authority", "serve_authority")
__all__ = ["AuthoritySettings", "RunningAuthority", "app", "create_authority", "serve_authority"]


def __getattr__(name: str) -> Any:  # noqa: ANN401 - a module's attribute
    """The server's names, imported when they are first asked for: the command line starts quickly."""
    if name not in _SERVER:
        raise AttributeError(name)
    from omamori.app import authority_server  # noqa: PLC0415 - quick start

    return getattr(authority_server, name)
