"""`omamori thing …`: enrol a thing, meet with it, answer with it; a developer's first steps."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from omamori.app import describe_command
from omamori.documents.reason import RefusedError

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from omamori.app.thing import Thing
    from omamori.trust.meeting import Outcome

app = typer.Typer(no_args_is_help=True, help="A thing that meets others: for developers.")
app.command("describe")(describe_command.command)
Folder = Annotated[Path, typer.Argument(help="The thing's folder.")]
Purpose = Annotated[str, typer.Option(help="What the link is for, such as share-energy.")]


@app.command()
def enrol(
    folder: Folder,
    authority: Annotated[str, typer.Option(help="Where its authority answers, https://…")],
    root: Annotated[Path, typer.Option(help="The authority's root certificate, received safely.")],
    code: Annotated[str, typer.Option(help="One-time code from the authority's operator.")],
) -> None:
    """Make a key and get a certificate from the industry's authority."""
    from omamori.app.thing import enrol as make  # noqa: PLC0415 - quick --help

    async def work() -> None:
        thing = await make(folder, authority, root.read_bytes(), code)
        await thing.refresh()
        typer.echo(f"{folder}: ready")

    _plainly(work())


@app.command()
def answer(
    folder: Folder,
    host: Annotated[str, typer.Option(help="Address to answer at.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535)] = 4119,
) -> None:
    """Answer meetings until stopped, following the authority's news; prints each outcome."""
    from omamori.app.thing import Thing  # noqa: PLC0415 - quick --help

    async def work() -> None:
        thing = Thing.open(folder)
        await _freshen(thing)
        answering = await thing.answer(_tell).open(host, port)
        following = asyncio.create_task(thing.follow())
        typer.echo(f"answering at {host}:{answering.port}")
        try:
            await asyncio.Event().wait()
        finally:
            following.cancel()
            await answering.close()

    _plainly(work())


@app.command()
def meet(folder: Folder, host: str, port: int, purpose: Purpose = "read-measurement") -> None:
    """Meet the thing that answers at HOST PORT; prints the outcome."""
    from omamori.app.thing import Thing  # noqa: PLC0415 - quick --help

    async def work() -> None:
        thing = Thing.open(folder)
        await _freshen(thing)
        _tell(await thing.meet(host, port, purpose))

    _plainly(work())


async def _freshen(thing: Thing) -> None:
    """Fetch news; without a line, go on with what was kept, and say so."""
    from omamori.adapters.authority_client import AuthorityUnreachableError  # noqa: PLC0415
    from omamori.web.words import sentence  # noqa: PLC0415 - quick --help

    try:
        await thing.refresh()
    except AuthorityUnreachableError as error:
        typer.echo(f"{sentence(error.reason, 'ja')}\n{sentence(error.reason, 'en')}", err=True)
        if not thing.statement:
            raise
        typer.echo("前に受け取ったもので続けます。/ Going on with what was kept.", err=True)


def _tell(result: Outcome | RefusedError) -> None:
    from omamori.web.words import sentence  # noqa: PLC0415 - quick --help

    if isinstance(result, RefusedError):
        typer.echo(sentence(result.reason, "en"))
        return
    typer.echo(f"{result.answer}: {result.level or 'no level'} ({result.purpose})")
    for reason in (*result.standing.steps, *result.verdict.reasons):
        typer.echo(f"  {sentence(reason, 'en')}")
    if result.peer_answer != "allow":
        typer.echo(f"The other side says {result.peer_answer}: {', '.join(result.peer_reasons)}")


def _plainly(work: Coroutine[None, None, None]) -> None:
    """Run; a refusal is one sentence in each language and exit code 1, never a trace."""
    from omamori.web.words import sentence  # noqa: PLC0415 - quick --help

    try:
        asyncio.run(work)
    except RefusedError as error:
        typer.echo(f"{sentence(error.reason, 'ja')}\n{sentence(error.reason, 'en')}", err=True)
        raise typer.Exit(1) from error
    except OSError as error:
        typer.echo(f"{error.strerror or error} ({error.filename or ''})", err=True)
        raise typer.Exit(1) from error
    except KeyboardInterrupt:
        raise typer.Exit(0) from None
