"""`omamori mud …`: read a maker's description, make one from a recording, hold one against it."""

from __future__ import annotations

import sys
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from omamori.documents.reason import Reason, RefusedError

if TYPE_CHECKING:
    from collections.abc import Callable

    from omamori.documents.mud import MudFile
    from omamori.hub.behaving.behaviour import Behaviour
    from omamori.hub.behaving.declared import Fit
    from omamori.hub.behaving.deed import Peer
    from omamori.hub.flow import Flow
    from omamori.hub.knowing.inventory import Inventory

    Hear = Callable[[Flow, str, Peer], None]

app = typer.Typer(
    no_args_is_help=True, help="Makers' descriptions of their things (MUD, RFC 8520)."
)
File = Annotated[Path, typer.Argument(help="A MUD file.")]
Lang = Annotated[str, typer.Option(help="language: ja or en")]
Chosen = Annotated[str, typer.Option("--thing", help="The thing's hardware address.")]
THINGS_NAMED_MAX = 16
DEPARTURES_SHOWN_MAX = 200
NEVER = "https://description.invalid"  # RFC 2606: a made file has no maker who answers for it


@app.command()
def check(file: File, lang: Lang = "ja") -> None:
    """Read a MUD file and say what is wrong or worth knowing."""
    mud = _read(file, lang)
    rules = sum(len(acl.aces) for acl in (*mud.from_device, *mud.to_device))
    _say(Reason("mud.read", {"name": mud.system or mud.url, "rules": rules}), lang)
    for note in mud.notes:
        _say(note, lang)
    if mud.is_signed:
        _say(Reason("mud.signature-unchecked", {"url": mud.signature_url}), lang)
    else:
        _say(Reason("mud.unsigned"), lang)


@app.command()
def learn(
    capture: str,
    thing: Chosen = "",
    mud_url: Annotated[str, typer.Option(help="The MUD URL that the file shall have.")] = "",
    lang: Lang = "ja",
) -> None:
    """Print the MUD file of what a thing does in a recording."""
    from omamori.documents.mud import read_mud, write_mud  # noqa: PLC0415 - quick --help
    from omamori.hub.behaving.behaviour import Behaviour  # noqa: PLC0415
    from omamori.hub.behaving.described import as_mud  # noqa: PLC0415

    behaviour = Behaviour()

    def hear(flow: Flow, sender: str, peer: Peer) -> None:
        behaviour.hear(flow, sender, peer)

    inventory = _listen(capture, hear, lang)
    one = _choose(inventory, behaviour, thing, lang)
    known, habits = inventory.thing(one), behaviour.habits(one)
    if habits is None:
        _stop(Reason("mud.nothing-heard"), lang)
    url = mud_url or f"{NEVER}/{one.replace(':', '')}.json"
    when = datetime.fromtimestamp(habits.last_at, UTC).isoformat(timespec="seconds")
    maker = known.identity.vendor.value if known else ""
    model = known.identity.model.value if known else ""
    made = write_mud(as_mud(habits, url, when, system=model or one, maker=maker))
    try:
        read_mud(made)  # a URL that no file may have is told, not printed
    except RefusedError as refused:
        _stop(refused.reason, lang)
    sys.stdout.write(made.decode())


@app.command("test")
def hold(file: File, capture: str, thing: Chosen = "", lang: Lang = "ja") -> None:
    """List what a thing does in a recording that its MUD file does not declare; then exits with 3."""
    from omamori.hub.behaving.behaviour import Behaviour  # noqa: PLC0415 - quick --help
    from omamori.hub.behaving.declared import Fit, fit  # noqa: PLC0415
    from omamori.hub.behaving.deed import deed_of, role_of  # noqa: PLC0415

    mud = _read(file, lang)
    behaviour = Behaviour()
    doings: dict[str, dict[tuple[str, str], Fit]] = {}

    def hear(flow: Flow, sender: str, peer: Peer) -> None:
        behaviour.hear(flow, sender, peer)
        deed = deed_of(flow)
        if deed is None:
            return
        where = peer.names[0] if peer.names else role_of(deed, peer)
        where = f"{where} ({flow.target})" if peer.is_outside else where
        found = doings.setdefault(sender, {})
        key = (f"{deed.way} {deed.service}", where)
        found[key] = max(found.get(key, Fit.NO), fit(mud, flow, deed, peer, ""))

    inventory = _listen(capture, hear, lang)
    found = doings.get(_choose(inventory, behaviour, thing, lang), {})
    _tell(found, lang)
    if Fit.NO in found.values():
        raise typer.Exit(3)


def _tell(found: dict[tuple[str, str], Fit], lang: str) -> None:
    from omamori.hub.behaving.declared import Fit  # noqa: PLC0415 - quick --help

    marks = {Fit.NO: "-", Fit.UNKNOWN: "?", Fit.NEAR: "~"}
    told = sorted(((held, key) for key, held in found.items() if held in marks))
    for held, (what, where) in told[:DEPARTURES_SHOWN_MAX]:
        typer.echo(f"{marks[held]} {what}  {where}")
    count = Counter(found.values())
    params = {
        "flows": len(found),
        "accepted": count[Fit.YES],
        "near": count[Fit.NEAR],
        "undecided": count[Fit.UNKNOWN],
        "departed": count[Fit.NO],
    }
    _say(Reason("mud.tested", {**params}), lang)


def _read(file: Path, lang: str) -> MudFile:
    from omamori.documents.mud import read_mud  # noqa: PLC0415 - quick --help
    from omamori.documents.mud_shape import MUD_OCTETS_MAX  # noqa: PLC0415

    try:
        with file.open("rb") as opened:
            return read_mud(opened.read(MUD_OCTETS_MAX + 1))
    except OSError as error:
        _stop(Reason("mud.no-such-file", {"name": str(file), "why": error.strerror or ""}), lang)
    except RefusedError as refused:
        _stop(refused.reason, lang)


def _listen(capture: str, hear: Hear, lang: str) -> Inventory:
    """Play a recording: each flow with who sent it and whom it meets."""
    from omamori.adapters import rules  # noqa: PLC0415 - quick --help
    from omamori.adapters.capture.decode import Decoder  # noqa: PLC0415
    from omamori.adapters.capture.file import open_capture  # noqa: PLC0415
    from omamori.adapters.country import Countries  # noqa: PLC0415
    from omamori.hub.behaving.peers import Peers  # noqa: PLC0415
    from omamori.hub.knowing.inventory import Inventory  # noqa: PLC0415
    from omamori.hub.sighting import Sighting  # noqa: PLC0415, TC001

    inventory = Inventory(rules.load()[0])
    peers = Peers(Countries(), inventory.thing_of)

    def note(sighting: Sighting) -> None:
        inventory.hear(sighting)
        source = sighting.source
        ip = source.removeprefix("ip:") if source.startswith("ip:") else ""
        peers.note(sighting, inventory.thing_of("" if ip else source, ip))

    def flows(told: list[Flow]) -> None:
        for flow in told:
            peers.hear(flow)
            sender = inventory.thing_of(flow.mac, flow.source) if flow.is_from_here else ""
            if sender:
                hear(flow, sender, peers.of(flow, sender))

    decoder = Decoder(note, flows)
    try:
        with open_capture(capture) as opened:
            for batch in opened.batches():
                decoder.hear(batch)
    except RefusedError as refused:
        _stop(refused.reason, lang)
    decoder.finish()
    return inventory


def _choose(inventory: Inventory, behaviour: Behaviour, thing: str, lang: str) -> str:
    """The thing meant: the one named, or the only one that does anything; never a guess."""
    speaking = [one.id for one in inventory.things() if behaviour.habits(one.id)]
    if thing:
        wanted = thing.lower().replace("-", ":")
        if wanted not in speaking:
            _stop(Reason("mud.no-such-thing", {"thing": thing}), lang)
        return wanted
    if not speaking:
        _stop(Reason("mud.nothing-heard"), lang)
    if len(speaking) > 1:
        things = ", ".join(speaking[:THINGS_NAMED_MAX])
        _stop(Reason("mud.choose-thing", {"things": things}), lang)
    return speaking[0]


def _say(reason: Reason, lang: str) -> None:
    from omamori.web import words  # noqa: PLC0415 - quick --help

    typer.echo(words.sentence(reason, lang if lang in words.LANGUAGES else "ja"))


def _stop(reason: Reason, lang: str) -> NoReturn:
    from omamori.web import words  # noqa: PLC0415 - quick --help

    typer.echo(words.sentence(reason, lang if lang in words.LANGUAGES else "ja"), err=True)
    raise typer.Exit(1)
