"""`omamori thing describe`: what of a Web of Things description this home would understand."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from omamori.documents.reason import RefusedError

if TYPE_CHECKING:
    from omamori.adapters.wot.mapping import Mapped


File = Annotated[Path, typer.Argument(help="A Thing Description (W3C TD 1.1), as JSON.")]
Lang = Annotated[str, typer.Option(help="language: ja or en")]


def command(file: File, lang: Lang = "en") -> None:
    """Read a Thing Description; prints each property and the point that it surely is, if any."""
    from omamori.adapters.wot.description import TD_OCTETS_MAX, read_td  # noqa: PLC0415 - quick --help
    from omamori.adapters.wot.mapping import points_of  # noqa: PLC0415
    from omamori.web.words import LANGUAGES, cleaned, sentence  # noqa: PLC0415

    lang = lang if lang in LANGUAGES else "en"
    try:
        with file.open("rb") as opened:
            td = read_td(opened.read(TD_OCTETS_MAX + 1))
    except RefusedError as error:
        typer.echo(sentence(error.reason, lang), err=True)
        raise typer.Exit(1) from error
    except OSError as error:
        typer.echo(f"{error.strerror or error} ({file})", err=True)
        raise typer.Exit(1) from error
    typer.echo(f"{cleaned(td.title(lang))} ({', '.join(td.schemes) or '?'})")
    points = points_of(td)
    for one in td.properties:
        typer.echo(f"  {cleaned(one.name)}: {_told(points.get(one.name), lang)}")
    for one in td.actions:
        typer.echo(f"  {cleaned(one.name)}()")


def _told(mapped: Mapped | None, lang: str) -> str:
    from omamori.hub.points import LOOK  # noqa: PLC0415 - quick --help
    from omamori.web.protect_words import point  # noqa: PLC0415

    if mapped is None:
        return "?"
    sets = "" if mapped.point.act == LOOK else ", set"
    return f"{point(mapped.point.name, lang)} ({mapped.point.name}, {mapped.ground}{sets})"
