"""`omamori policy …`: check a home's table of rules, show what holds, ask it something."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from omamori.documents.reason import Reason

if TYPE_CHECKING:
    from omamori.documents.policy_shape import Box, Rule
    from omamori.documents.reason import Value
    from omamori.hub.ruling.question import Question
    from omamori.hub.ruling.rules import Rules

app = typer.Typer(no_args_is_help=True, help="A home's rules: who may do what to what.")
Lang = Annotated[str, typer.Option(help="language: ja or en")]
Own = Annotated[Path | None, typer.Option("--file", help="A home's own table; else the usual one.")]
WORRIES = 3
"""The exit code where a table can be used, but some rule of it changes nothing."""


@app.command()
def check(
    file: Annotated[Path, typer.Argument(help="A table of rules.")], lang: Lang = "ja"
) -> None:
    """Show every mistake of a table with its line, and every rule that never decides anything."""
    from omamori.hub.ruling.coverage import Unknown, look_through  # noqa: PLC0415 - quick --help
    from omamori.hub.ruling.floor import FLOOR  # noqa: PLC0415

    rules = _rules(file, lang)
    worries = []
    for found in look_through(rules.rules):
        named: dict[str, Value] = {"line": found.rule.line, "rule": found.rule.id}
        if not found.rule.line:
            continue  # the floor's; what is built in is tested
        if found.decides is None:
            worries.append(Reason("policy.dead", named))
        elif isinstance(found.decides, Unknown) or isinstance(found.alone, Unknown):
            worries.append(Reason("policy.not-settled", named))
        elif found.alone is None:
            worries.append(Reason("policy.shadowed", named))
    for worry in worries:
        _say(worry, lang)
    count: dict[str, Value] = {"rules": len(rules.rules) - len(FLOOR), "floor": len(FLOOR)}
    _say(Reason("policy.good", count), lang)
    if worries:
        raise typer.Exit(WORRIES)


@app.command()
def show(
    file: Own = None,
    lang: Lang = "ja",
    *,
    toml: Annotated[
        bool, typer.Option("--toml", help="The usual table, to begin an own one.")
    ] = False,
) -> None:
    """List all rules with their conditions and reasons, the built-in ones first."""
    if toml:
        from omamori.adapters.policy import usual  # noqa: PLC0415 - quick --help

        sys.stdout.write(usual().decode())
        return
    for rule in _rules(file, lang).rules:
        typer.echo(f"{rule.effect:<7} {rule.id}")
        typer.echo(f"        {_told(rule.when)}")
        for box in rule.unless:
            typer.echo(f"        unless {_told(box)}")
        typer.echo(f"        {_words(rule.why, lang)}")


@app.command()
def ask(
    said: Annotated[list[str], typer.Argument(help="What is asked, as rung=3 slot=automation …")],
    file: Own = None,
    lang: Lang = "ja",
) -> None:
    """Answer one question, with every rule that matched; what is not said is as usual."""
    question = _question(said, lang)
    rules = _rules(file, lang)
    ruling = rules.ask(question)
    typer.echo(ruling.answer)
    for reason in ruling.reasons:
        typer.echo(f"  {_words(reason, lang)}")
    for spoken in rules.considered(question):
        mark = "*" if spoken.is_deciding else " "
        typer.echo(f"{mark} {spoken.rule.effect:<7} {spoken.rule.id}")


def _question(said: list[str], lang: str) -> Question:
    import msgspec  # noqa: PLC0415 - quick --help

    from omamori.hub.ruling.question import Question  # noqa: PLC0415
    from omamori.hub.ruling.vocabulary import VOCABULARY  # noqa: PLC0415

    given: dict[str, object] = {}
    for one in said:
        name, equals, value = one.partition("=")
        attribute = VOCABULARY.get(name)
        spelled = {_spelled(known): known for known in attribute.values} if attribute else {}
        is_known = value in spelled or (attribute is not None and not attribute.values)
        if not equals or not is_known or name not in Question.__struct_fields__:
            _stop(Reason("policy.not-asked", {"told": one}), lang)
        given[name] = spelled.get(value, value)
    return msgspec.convert(given, Question)


def _spelled(value: str | int | bool) -> str:  # noqa: FBT001 - a value, no switch
    return str(value).lower()


def _told(box: Box) -> str:
    return ", ".join(
        f"{name} = {' | '.join(sorted(_spelled(v) or '—' for v in values))}"
        for name, values in box.items()
    )


def _rules(file: Path | None, lang: str) -> Rules:
    from omamori.adapters.policy import read, usual  # noqa: PLC0415 - quick --help
    from omamori.documents.policy_places import PolicyError  # noqa: PLC0415
    from omamori.hub.ruling.read import read_rules  # noqa: PLC0415
    from omamori.hub.ruling.rules import Rules  # noqa: PLC0415

    try:
        rules: tuple[Rule, ...] = read_rules(usual()) if file is None else read(file)
    except PolicyError as wrong:
        for reason in wrong.reasons:
            typer.echo(_words(reason, lang), err=True)
        raise typer.Exit(1) from None
    return Rules(rules)


def _words(reason: Reason, lang: str) -> str:
    from omamori.web import words  # noqa: PLC0415 - quick --help

    return words.sentence(reason, lang if lang in words.LANGUAGES else "ja")


def _say(reason: Reason, lang: str) -> None:
    typer.echo(_words(reason, lang))


def _stop(reason: Reason, lang: str) -> NoReturn:
    typer.echo(_words(reason, lang), err=True)
    raise typer.Exit(1)
