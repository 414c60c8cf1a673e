"""The command line: `omamori run`, `hub serve`, `watch`, `authority …`, `thing …`."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import msgspec
import typer

if TYPE_CHECKING:
    from omamori.app.config import Config
    from omamori.app.run import Program

app = typer.Typer(
    name="omamori",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="お守り (Omamori): everyday things of different industries, connected without fear.",
)
hub = typer.Typer(no_args_is_help=True, help="A home's hub.")
app.add_typer(hub, name="hub")

Data = Annotated[
    Path | None, typer.Option("--data", envvar="OMAMORI_DATA", help="Folder for all data.")
]
Port = Annotated[int | None, typer.Option("--port", min=0, max=65535, help="Port of the pages.")]
Lan = Annotated[bool, typer.Option("--lan", help="Open the pages to the home; asks for a login.")]
Log = Annotated[str, typer.Option("--log", help="debug, info, warning or error.")]


@app.command()
def run(data: Data = None, port: Port = None, *, lan: Lan = False, log: Log = "error") -> None:
    """Start this home and the sample home beside it; prints one address."""
    _serve(data, port, lan=lan, log=log, interface="", sample=True)


@hub.command("serve")
def hub_serve(
    data: Data = None,
    port: Port = None,
    *,
    lan: Lan = False,
    interface: Annotated[str, typer.Option(help="With rights: also listen here, e.g. eth0.")] = "",
    log: Log = "warning",
) -> None:
    """Start this home's hub alone."""
    _serve(data, port, lan=lan, log=log, interface=interface, sample=False)


def _serve(
    data: Path | None, port: int | None, *, lan: bool, log: str, interface: str, sample: bool
) -> None:
    from omamori.app.config import default_folder, load_config  # noqa: PLC0415 - quick --help
    from omamori.app.logs import set_up_logs  # noqa: PLC0415
    from omamori.documents.reason import RefusedError  # noqa: PLC0415

    set_up_logs(log)
    folder = data or default_folder()
    try:
        from omamori.adapters.keys import private_folder  # noqa: PLC0415

        config = load_config(private_folder(folder))
        config = _overridden(config, port, lan=lan, interface=interface, sample=sample)
        asyncio.run(_run(folder, config, exact_port=port is not None))
    except RefusedError as error:
        _refuse(error, folder)
    except OSError as error:
        typer.echo(f"始められませんでした / Could not start: {error}", err=True)
        raise typer.Exit(1) from error


async def _run(folder: Path, config: Config, *, exact_port: bool) -> None:
    from omamori.app.run import Program  # noqa: PLC0415 - quick --help

    await Program(folder, config, exact_port=exact_port).run(_say_where)


def _say_where(program: Program) -> None:
    typer.echo(f"\n  お守り Omamori   {program.address}\n")
    if program.door is not None and program.door.code:
        typer.echo(
            f"  はじめての合言葉づくりに使う番号 / code to set the first password: {program.door.code}\n"
        )
    typer.echo("  止めるには Ctrl-C / Ctrl-C stops it.\n")


def _overridden(
    config: Config, port: int | None, *, lan: bool, interface: str, sample: bool
) -> Config:
    """What the command line says wins over the file."""
    change = msgspec.structs.replace
    web = change(config.web, **({"host": "0.0.0.0"} if lan else {}))  # noqa: S104 - asked for, and asks for a login
    if port is not None:
        web = change(web, port=port)
    network = change(config.network, interface=interface or config.network.interface)
    with_sample = change(config.sample, on=sample and config.sample.on)
    return change(config, web=web, network=network, sample=with_sample)


def _refuse(error: Exception, folder: Path) -> None:
    """Say what happened, why, and what to do; never a stack trace."""
    from omamori.app.config import CONFIG_NAME, ConfigError  # noqa: PLC0415
    from omamori.documents.reason import RefusedError  # noqa: PLC0415
    from omamori.web.words import sentence  # noqa: PLC0415

    if isinstance(error, ConfigError):
        where = f"{folder / CONFIG_NAME}:{error.reason.params['line']}"
        typer.echo(f"{where}: {error.reason.params['what']}", err=True)
    if isinstance(error, RefusedError):
        typer.echo(sentence(error.reason, "ja"), err=True)
        typer.echo(sentence(error.reason, "en"), err=True)
    raise typer.Exit(1) from error


@app.command()
def version() -> None:
    """Print the version."""
    from importlib.metadata import version as installed  # noqa: PLC0415

    typer.echo(installed("omamori"))


def main() -> None:
    """Entry point of the `omamori` command."""
    _add_commands()
    app()


def _add_commands() -> None:
    """Commands that live in modules of their own; their imports wait until here."""
    from omamori.app import (  # noqa: PLC0415 - no import has an effect
        authority,
        automations_command,
        can_command,
        measure_command,
        mud_command,
        policy_command,
        thing_command,
        watch,
    )

    app.command("watch")(watch.command)
    app.add_typer(authority.app, name="authority")
    app.add_typer(thing_command.app, name="thing")
    app.add_typer(mud_command.app, name="mud")
    app.add_typer(automations_command.app, name="automations")
    app.add_typer(policy_command.app, name="policy")
    app.add_typer(measure_command.app, name="measure")
    app.add_typer(can_command.app, name="can")
