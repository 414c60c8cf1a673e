"""`omamori can …`: learn a car's table from a log, check it, and hold it against another log."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from omamori.documents.reason import Reason, RefusedError

if TYPE_CHECKING:
    from omamori.hub.vehicle.table import Table

app = typer.Typer(no_args_is_help=True, help="What may pass between a car's buses.")
TableFile = Annotated[Path, typer.Argument(help="The table, TOML.")]
Log = Annotated[str, typer.Argument(help="candump (.log), .asc, .blf, .trc or .pcap")]
State = Annotated[str, typer.Option(help="What the car did: parked, driving, charging or service.")]
Lang = Annotated[str, typer.Option(help="language: ja or en")]
REFUSED_SHOWN_MAX = 100


@app.command()
def learn(
    log: Log,
    state: State = "",
    source: Annotated[str, typer.Option("--from", help="The bus that was heard.")] = "telematics",
    to: Annotated[str, typer.Option(help="Where its frames may go.")] = "inner",
    lang: Lang = "ja",
) -> None:
    """Print the table of a log of a healthy car; it is in force only after a person's review."""
    from omamori.adapters.can.logs import read_log  # noqa: PLC0415 - quick --help
    from omamori.hub.vehicle.learned import Learner  # noqa: PLC0415
    from omamori.hub.vehicle.table import STATES, read_table  # noqa: PLC0415

    if state not in STATES:
        _stop(Reason("vehicle.state-needed"), lang)
    learner, count = Learner({source: to}), 0
    try:
        for frame in read_log(log, source):
            learner.hear(frame, state)
            count += 1
    except RefusedError as refused:
        if not count:
            _stop(refused.reason, lang)
        _say(refused.reason, lang)
    text = learner.draft()
    try:
        read_table(text)  # a name of a bus that no table may have is told, not printed
    except RefusedError as refused:
        _stop(refused.reason, lang)
    sys.stdout.write(text)
    _say(Reason("vehicle.learned", {"frames": count}), lang)


@app.command()
def check(table: TableFile, lang: Lang = "ja") -> None:
    """Read a table and say what is wrong with it, by line."""
    read = _table(table, lang)
    _say(_told(read), lang)
    if not read.reviewed:
        _say(Reason("vehicle.not-reviewed"), lang)


@app.command()
def replay(
    table: TableFile,
    log: Log,
    bus: Annotated[str, typer.Option(help="The bus that the log is of.")] = "telematics",
    state: State = "",
    lang: Lang = "ja",
) -> None:
    """Hold a log against a table; exits with 3 when something would be stopped."""
    from omamori.adapters.can.logs import read_log  # noqa: PLC0415 - quick --help
    from omamori.hub.vehicle.gateway import Gateway  # noqa: PLC0415

    gateway = Gateway(_table(table, lang), unreviewed=True)
    gateway.set_state(state)
    heard = False
    try:
        for frame in read_log(log, bus):
            heard = True
            gateway.judge(frame)
    except RefusedError as refused:
        if not heard:
            _stop(refused.reason, lang)
        _say(refused.reason, lang)
    for refused_one in gateway.take_refused()[:REFUSED_SHOWN_MAX]:
        _say(refused_one.reason, lang, f"{refused_one.count} × ")
    counts = {"passed": gateway.passed, "refused": gateway.refused}
    _say(Reason("vehicle.checked", {**counts}), lang, out=True)
    if gateway.refused:
        raise typer.Exit(3)


def _told(read: Table) -> Reason:
    return Reason("vehicle.table-read", {"rules": len(read.rules), "buses": ", ".join(read.buses)})


def _table(path: Path, lang: str) -> Table:
    from omamori.hub.vehicle.table import TABLE_CHARACTERS_MAX, read_table  # noqa: PLC0415

    try:
        with path.open(encoding="utf-8") as file:
            return read_table(file.read(TABLE_CHARACTERS_MAX + 1))
    except RefusedError as refused:
        _stop(refused.reason, lang)
    except (OSError, UnicodeDecodeError):
        _stop(Reason("measurement.file-unreadable", {"name": str(path)}), lang)


def _say(reason: Reason, lang: str, before: str = "", *, out: bool = False) -> None:
    from omamori.web import words  # noqa: PLC0415 - quick --help

    sentence = words.sentence(reason, lang if lang in words.LANGUAGES else "ja")
    typer.echo(before + sentence, err=not out)


def _stop(reason: Reason, lang: str) -> NoReturn:
    _say(reason, lang)
    raise typer.Exit(1)
