"""`omamori watch`: reads a capture or listens to an interface, and says what is there, and why."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
import typer
from rich.console import Console
from rich.padding import Padding
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeRemainingColumn
from rich.text import Text

from omamori.adapters import rules
from omamori.adapters.capture.decode import TOLD_AGAIN_AFTER_S, Decoder
from omamori.adapters.capture.file import STDIN, open_capture
from omamori.adapters.capture.frames import CaptureError
from omamori.adapters.capture.live import Listener, interfaces, open_interface
from omamori.adapters.country import Countries
from omamori.documents.reason import Reason, Value
from omamori.hub.alerting.alert import Alert
from omamori.hub.knowing.inventory import KnownThing
from omamori.hub.service import Watch
from omamori.hub.talking.partners import Partner
from omamori.web import words

if TYPE_CHECKING:
    from collections.abc import Callable

    from omamori.adapters.capture.file import CaptureFile
    from omamori.hub.flow import Flow
    from omamori.hub.sighting import Sighting

FORMAT = "omamori-watch/1"
DONE, REFUSED, IN_PART = 0, 1, 3
REASONS_SHOWN_MAX = 4
ADDRESSES_SHOWN_MAX = 3
EVIDENCE_SHOWN_MAX = 4
FACTS_SHOWN_MAX = 3
RECORDED_AGAIN_AFTER_S = 86_400.0
PROGRESS_EVERY_S = 0.1
STEP_S = 30.0  # by the capture's own time
TALK_MAX = 256
KINDS_NAMED_MAX = 8


class Report(msgspec.Struct, frozen=True):
    """What a watch found.

    Attributes:
        format: ``FORMAT``; a number that grows when a field changes its meaning.
        source: the file or interface.
        frames: read.
        first_at, last_at: times of the first and last frame, seconds since the epoch.
        broken: frames whose headers contradict their length.
        not_understood: frames by a link type or protocol that is not read.
        things: what there is.
        alerts: what a person should know of, the gravest first.
        talk: who talks with whom, most octets first, at most ``TALK_MAX``.
        notes: what the reader of the report should know; first what cut the reading short.
        is_whole: whether the source was read to its end.
    """

    source: str
    frames: int
    first_at: float
    last_at: float
    broken: int
    not_understood: dict[str, int]
    things: list[KnownThing]
    alerts: list[Alert]
    talk: list[Partner]
    notes: list[Reason]
    is_whole: bool
    format: str = FORMAT


def open_source(source: str) -> CaptureFile | Listener:
    """A file if there is one of that name, else an interface.

    Raises:
        CaptureError: when it is neither, or may not be read.
    """
    if source != STDIN and not Path(source).exists() and source in interfaces():
        return open_interface(source)
    return open_capture(source)


def study(
    source: str,
    *,
    strangers: bool = False,
    tick: Callable[[int, int, int], None] = lambda _frames, _place, _size: None,
) -> Report:
    """Read a source to its end, or until the user stops it.

    Args:
        source: a file's path, ``-`` or an interface's name.
        strangers: list addresses of the internet, too.
        tick: told frames read, octets behind us and octets in all (0 when unknown).

    Raises:
        CaptureError: when nothing of it can be read.
    """
    hub = Watch(rules.load()[0], Countries())
    notes: list[Reason] = []
    said: list[Sighting] = []
    talked: list[Flow] = []
    stepped_at = 0.0
    with open_source(source) as capture:
        # A recording is over before the inventory forgets, so it need not be reminded hourly.
        again_s = TOLD_AGAIN_AFTER_S if isinstance(capture, Listener) else RECORDED_AGAIN_AFTER_S
        decoder = Decoder(
            said.append, talked.extend, strangers=strangers, told_again_after_s=again_s
        )
        try:
            for batch in capture.batches():
                decoder.hear(batch)
                if not batch and isinstance(capture, Listener):
                    decoder.step(time.time())
                hub.hear(said, talked)
                said.clear()
                talked.clear()
                if not 0 <= decoder.last_at - stepped_at < STEP_S:
                    stepped_at = decoder.last_at
                    hub.step(stepped_at)
                tick(decoder.frames, capture.place, capture.size)
        except KeyboardInterrupt:
            notes.append(Reason("capture.stopped"))
        if capture.trouble:
            notes.append(capture.trouble)
        if isinstance(capture, Listener) and capture.dropped:
            notes.append(Reason("capture.too-fast", {"count": capture.dropped}))
    decoder.finish()
    hub.hear(said, talked)
    hub.step(decoder.last_at)
    things = hub.inventory.things()
    is_whole = not notes
    if not things and not strangers and decoder.frames and source != STDIN and is_whole:
        return study(source, strangers=True, tick=tick)
    notes += _notes(decoder, things, strangers=strangers)
    return Report(
        source=source,
        frames=decoder.frames,
        first_at=decoder.first_at or 0.0,
        last_at=decoder.last_at,
        broken=decoder.broken,
        not_understood=decoder.not_understood,
        things=things,
        alerts=hub.alerts.all(),
        talk=hub.traffic.partners()[:TALK_MAX],
        notes=notes,
        is_whole=is_whole,
    )


def _notes(decoder: Decoder, things: list[KnownThing], *, strangers: bool) -> list[Reason]:
    notes = []
    if not things:
        notes.append(Reason("capture.nothing-heard"))
    elif strangers:
        notes.append(Reason("capture.strangers-only"))
    if decoder.not_understood:
        ranked = sorted(decoder.not_understood.items(), key=lambda pair: -pair[1])
        kinds = ", ".join(name for name, _ in ranked[:KINDS_NAMED_MAX])
        count = sum(decoder.not_understood.values())
        notes.append(Reason("capture.not-understood", {"count": count, "kinds": kinds}))
    return notes


def watch(source: str, *, json: bool, lang: str) -> int:
    """Study a source and print the report; progress goes to the standard error.

    Returns:
        The exit code: ``DONE``, ``REFUSED`` (nothing could be read) or ``IN_PART``.
    """
    try:
        report = _with_progress(source)
    except CaptureError as refused:
        if json:
            _print_json({"format": FORMAT, "refused": _told(refused.reason, lang)})
        else:
            Console(stderr=True).print(Text(words.sentence(refused.reason, lang)))
        return REFUSED
    if json:
        told = msgspec.to_builtins(report)
        _print_json(told | {"notes": [_told(note, lang) for note in report.notes]})
    else:
        _print_report(Console(), report, lang)
    return DONE if report.is_whole else IN_PART


def _with_progress(source: str) -> Report:
    console = Console(stderr=True)
    columns = (
        SpinnerColumn(),
        TextColumn("{task.fields[frames]:,}"),
        BarColumn(),
        TimeRemainingColumn(),
    )
    with Progress(
        *columns, console=console, transient=True, disable=not console.is_terminal
    ) as bar:
        task = bar.add_task("", total=None, frames=0)
        last_at = 0.0

        def tick(frames: int, place: int, size: int) -> None:
            nonlocal last_at
            now = time.monotonic()
            if now - last_at >= PROGRESS_EVERY_S:
                last_at = now
                bar.update(task, completed=place, total=size or None, frames=frames)

        return study(source, tick=tick)


def _print_json(told: dict[str, Any]) -> None:
    sys.stdout.write(msgspec.json.format(msgspec.json.encode(told)).decode() + "\n")


def _told(reason: Reason, lang: str) -> dict[str, object]:
    """A reason for machines, with its sentence for whoever reads over their shoulder."""
    sentence = words.sentence(reason, lang)
    return {"key": reason.key, "params": dict(reason.params), "sentence": sentence}


def _print_report(console: Console, report: Report, lang: str) -> None:
    """Names from the network are printed as text, never as markup or terminal commands."""
    for thing in report.things:
        _print_thing(console, thing, lang)
    names = {thing.id: _name(thing) for thing in report.things}
    for alert in report.alerts:
        _print_alert(console, alert, names, lang)
    counted: dict[str, Value] = {"things": len(report.things), "frames": report.frames}
    for note in (Reason("watch.counted", counted), *report.notes):
        console.print(Text(words.sentence(note, lang)))


def _print_alert(console: Console, alert: Alert, names: dict[str, str], lang: str) -> None:
    name = names.get(alert.thing, alert.thing)
    console.print(Text(f"⚠ {words.cleaned(name)}", "bold"), soft_wrap=True)
    for reason in (alert.reason, alert.action):
        known = {key: names.get(str(value), value) for key, value in reason.params.items()}
        sentence = words.sentence(Reason(reason.key, known), lang)
        console.print(Padding(Text(words.cleaned(sentence)), (0, 0, 0, 4)))
    for fact in alert.facts[:FACTS_SHOWN_MAX]:
        line = f"{words.moment(fact.at, lang)}  {fact.source} → {fact.target}  {fact.what}"
        console.print(Padding(Text(words.cleaned(line), style="dim"), (0, 0, 0, 4)))
    console.print()


def _name(thing: KnownThing) -> str:
    maker = " ".join(filter(None, (thing.identity.vendor.value, thing.identity.model.value)))
    return thing.names[0] if thing.names else maker or thing.mac or thing.id


def _print_thing(console: Console, thing: KnownThing, lang: str) -> None:
    identity = thing.identity
    maker = " ".join(filter(None, (identity.vendor.value, identity.model.value)))
    name = _name(thing)
    sure = words.sentence(Reason(f"watch.{identity.confidence}"), lang)
    kind = words.kind_word(identity.kind.value, lang)
    console.print(
        Text.assemble((words.cleaned(name), "bold"), f"  {kind} · {sure}"), soft_wrap=True
    )
    lines = [
        "  ".join(filter(None, (maker, thing.mac, *thing.ips[:ADDRESSES_SHOWN_MAX]))),
        *(words.sentence(reason, lang) for reason in identity.reasons[:REASONS_SHOWN_MAX]),
    ]
    heard = [f"{clue.place} = {clue.said}" for clue in identity.evidence[:EVIDENCE_SHOWN_MAX]]
    for line in lines:
        console.print(Padding(Text(words.cleaned(line)), (0, 0, 0, 4)))
    for line in heard:
        console.print(Padding(Text(words.cleaned(line), style="dim"), (0, 0, 0, 4)))
    console.print()


def command(
    source: Annotated[str, typer.Argument(help="a .pcap or .pcapng file, -, or an interface")],
    *,
    json: Annotated[bool, typer.Option("--json", help="print the report for machines")] = False,
    lang: Annotated[str, typer.Option(help="language of the report: ja or en")] = "ja",
) -> None:
    """Read a recording, or listen, and list the things that speak in it, with the evidence."""
    raise typer.Exit(watch(source, json=json, lang=lang if lang in words.LANGUAGES else "ja"))
