"""`omamori automations …`: check a home's automations against each other before they meet."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import msgspec
import typer

from omamori.documents.reason import Reason, RefusedError

if TYPE_CHECKING:
    from omamori.documents.automation import Automations
    from omamori.hub.automating.check import Checked
    from omamori.hub.automating.conflict import Conflict

app = typer.Typer(no_args_is_help=True, help="Automations that may be in each other's way.")
Files = Annotated[list[Path], typer.Argument(help="Home Assistant's YAML, or the neutral JSON.")]
Lang = Annotated[str, typer.Option(help="language: ja or en")]
SHOWN_MAX = 200
FOUND_EXIT = 3


@app.callback()
def group() -> None:
    """Automations that may be in each other's way."""


@app.command()
def check(
    files: Files,
    lang: Lang = "ja",
    *,
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
    everything: Annotated[
        bool, typer.Option("--all", help="Also what is only possible, or may be meant.")
    ] = False,
) -> None:
    """Read these files as one home and list what gets in each other's way; then exits with 3."""
    from omamori.hub.automating.check import examine  # noqa: PLC0415 - quick --help
    from omamori.hub.automating.conflict import NOTE  # noqa: PLC0415

    home = _read(files, lang)
    try:
        found = examine(home)
    except RefusedError as refused:
        _stop(refused.reason, lang)
    grave = [one for one in found.conflicts if one.weight != NOTE]
    if as_json:
        typer.echo(msgspec.json.encode(found).decode())
    else:
        _tell(home, found, list(found.conflicts) if everything else grave, lang)
    if grave:
        raise typer.Exit(FOUND_EXIT)


@app.command()
def schema() -> None:
    """Print the JSON Schema of the neutral form."""
    from omamori.documents.automation import schema as made  # noqa: PLC0415 - quick --help

    typer.echo(msgspec.json.format(msgspec.json.encode(made())).decode())


def _read(files: list[Path], lang: str) -> Automations:
    from omamori.adapters.home_assistant import (  # noqa: PLC0415 - quick --help
        join,
        read_home_assistant,
    )
    from omamori.documents.automation import (  # noqa: PLC0415
        AUTOMATIONS_OCTETS_MAX,
        read_document,
    )

    homes, yaml = [], []
    try:
        for path in files:
            with path.open("rb") as opened:
                octets = opened.read(AUTOMATIONS_OCTETS_MAX + 1)
            if path.suffix.lower() == ".json":
                homes.append(read_document(octets))
            else:
                yaml.append(octets)
        if yaml:
            homes.append(read_home_assistant(yaml))
        return join(homes)
    except OSError as error:
        _stop(Reason("automation.no-such-file", {"name": str(error.filename)}), lang)
    except RefusedError as refused:
        _stop(refused.reason, lang)


def _tell(home: Automations, found: Checked, shown: list[Conflict], lang: str) -> None:
    count = len(home.automations)
    grave = sum(one.weight != "note" for one in found.conflicts)
    params = {"automations": count, "conflicts": grave, "notes": len(found.conflicts) - grave}
    if found.conflicts:
        _say(Reason("automating.counted", {**params}), lang)
    else:
        _say(Reason("automating.none", {"automations": count}), lang)
    for one in shown[:SHOWN_MAX]:
        typer.echo("")
        sure = _words(Reason(f"automating.{one.sure}"), lang)
        typer.echo(f"[{sure}] {_words(one.reason, lang)}")
        facts = ("、" if lang == "ja" else ", ").join(_words(fact, lang) for fact in one.situation)
        if facts:
            typer.echo("  " + _words(Reason("automating.when", {"facts": facts}), lang))
        help_ = _words(one.repair, lang)
        typer.echo("  " + _words(Reason("automating.help", {"help": help_}), lang))
    for note in found.notes:
        typer.echo("")
        _say(note, lang)


def _words(reason: Reason, lang: str) -> str:
    from omamori.web import words  # noqa: PLC0415 - quick --help

    return words.sentence(reason, lang if lang in words.LANGUAGES else "ja")


def _say(reason: Reason, lang: str) -> None:
    typer.echo(_words(reason, lang))


def _stop(reason: Reason, lang: str) -> NoReturn:
    typer.echo(_words(reason, lang), err=True)
    raise typer.Exit(1)
