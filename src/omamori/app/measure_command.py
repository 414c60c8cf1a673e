"""`omamori measure …`: sign what was measured, and judge what arrived."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from omamori.documents.reason import Reason, RefusedError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric import ec

    from omamori.documents.measurement import Reading
    from omamori.hub.measuring.receiver import Receiver, Speaker

app = typer.Typer(
    no_args_is_help=True,
    help="Measurements, signed where they are made and judged where they arrive.",
)
Folder = Annotated[Path, typer.Argument(help="The thing's folder: its key and its numbers.")]
Lang = Annotated[str, typer.Option(help="language: ja or en")]
KEY_NAME, COUNTER_NAME, PUBLIC_NAME = "measure", "numbers", "public.pem"
PUBLIC_BYTES_MAX = 16 * 1024
MEMORY_BYTES_MAX = 1 << 20


@app.command()
def sign(
    folder: Folder,
    source: Annotated[str, typer.Argument(help="The thing's name, the same at each call.")],
    readings: Annotated[list[str], typer.Argument(help="point=value, such as heart_rate_bpm=72")],
    out: Annotated[Path, typer.Option(help="Where the signed message goes.")],
    *,
    hub: Annotated[bool, typer.Option("--hub", help="The hub signs for an old thing.")] = False,
    audience: Annotated[str, typer.Option(help="For whom; empty for anybody.")] = "",
    lang: Lang = "ja",
) -> None:
    """Sign readings; each message gets the next number, kept in the folder."""
    import secrets  # noqa: PLC0415 - quick --help

    from omamori.adapters.keys import private_folder, read_secret, write_secret  # noqa: PLC0415
    from omamori.documents.measurement import (  # noqa: PLC0415
        BOOT_BYTES,
        HUB,
        THING,
        read_measurement,
    )
    from omamori.documents.sealed import sign_raw  # noqa: PLC0415
    from omamori.hub.measuring.signer import Signer  # noqa: PLC0415

    try:
        now = time.time()
        told = tuple(_reading(text, now) for text in readings)
        numbers = private_folder(folder) / COUNTER_NAME
        key = _key(folder)
        kept = read_secret(numbers) if numbers.exists() else None
        signer = Signer(
            source, HUB if hub else THING, _key_id(key.public_key()),
            lambda octets: sign_raw(key, octets), lambda octets: write_secret(numbers, octets),
            kept, secrets.token_bytes(BOOT_BYTES), audience,
        )  # fmt: skip
        octets = signer.measure(told, now, time.monotonic())
        # This process ends here: without the word a receiver would wait for numbers never given.
        signer.end()
        out.write_bytes(octets)
    except RefusedError as refused:
        _stop(refused.reason, lang)
    except OSError:
        _stop(Reason("measurement.file-unreadable", {"name": str(out)}), lang)
    m = read_measurement(octets).measurement
    _say(Reason("measurement.signed", {"seq": m.seq, "readings": len(m.readings)}), lang)


@app.command()
def check(
    public: Annotated[Path, typer.Argument(help="The thing's public key (public.pem).")],
    source: Annotated[str, typer.Argument(help="The thing's name.")],
    messages: Annotated[list[Path], typer.Argument(help="Messages, in the order they arrived.")],
    *,
    memory: Annotated[Path | None, typer.Option(help="What arrived before is kept here.")] = None,
    hub: Annotated[bool, typer.Option("--hub", help="The key is the hub's.")] = False,
    audience: Annotated[str, typer.Option(help="Who we are.")] = "",
    lang: Lang = "ja",
) -> None:
    """Judge messages; exits with 3 when one is not sound or one is missing."""
    from omamori.documents.measurement import HUB, THING  # noqa: PLC0415
    from omamori.hub.measuring.receiver import Receiver, Speaker  # noqa: PLC0415

    key = _public(public, lang)
    speaker = Speaker(HUB if hub else THING, key)

    def who(name: str, key_id: bytes) -> Speaker | None:
        return speaker if (name, key_id) == (source, _key_id(key)) else None

    receiver = Receiver(who, audience)
    if memory is not None and memory.exists():
        kept = _read(memory, MEMORY_BYTES_MAX, lang)
        if receiver.restore([(source, kept)], time.time()):
            _say(Reason("measurement.memory-lost"), lang)
    sound = _judge(receiver, messages, lang)
    if memory is not None:
        from omamori.adapters.keys import write_secret  # noqa: PLC0415 - quick --help

        for _, value in receiver.take_changes():
            if value is not None:
                write_secret(memory, value)
    if not sound:
        raise typer.Exit(3)


def _judge(receiver: Receiver, messages: list[Path], lang: str) -> bool:
    """Say of each message what it is, and what is missing; whether all is sound."""
    from omamori.documents.measurement import MEASUREMENT_BYTES_MAX  # noqa: PLC0415 - quick --help
    from omamori.hub.measuring.receiver import OK  # noqa: PLC0415

    sound = True
    for path in messages:
        got = receiver.take(_read(path, MEASUREMENT_BYTES_MAX + 1, lang), time.time())
        sound &= got.kind == OK
        for reason in got.reasons or (Reason("measurement.ok"),):
            _say(reason, lang, f"{path}: ")
        for reading in got.measurement.readings if got.measurement and got.kept else ():
            typer.echo(f"  {reading.point} = {reading.value} {reading.unit}")
    for missing in receiver.missing():
        sound = False
        for reason in missing.reasons:
            _say(reason, lang)
    return sound


def _reading(text: str, now: float) -> Reading:
    from omamori.documents.measurement import MeasurementError, Reading  # noqa: PLC0415
    from omamori.hub.points import BOOL, POINTS, TEXT  # noqa: PLC0415

    name, _, value = text.partition("=")
    point = POINTS.get(name)
    try:
        if point is None:
            raise MeasurementError("measurement.readings-unreadable")
        if point.form == BOOL:
            given: bool | float | str = {"yes": True, "no": False}[value]
        else:
            given = value if point.form == TEXT or point.choices else float(value)
    except (ValueError, KeyError) as error:
        raise MeasurementError("measurement.readings-unreadable") from error
    return Reading(name, point.unit, given, round(now * 1000))


def _key(folder: Path) -> ec.EllipticCurvePrivateKey:
    from cryptography.hazmat.primitives.serialization import (  # noqa: PLC0415
        Encoding,
        PublicFormat,
    )

    from omamori.adapters.keys import KeyFolder, passphrase  # noqa: PLC0415

    keys = KeyFolder(folder, passphrase(folder))
    if keys.path(KEY_NAME).exists():
        return keys.load(KEY_NAME)
    key = keys.create(KEY_NAME)
    pem = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    (folder / PUBLIC_NAME).write_bytes(pem)
    return key


def _public(path: Path, lang: str) -> ec.EllipticCurvePublicKey:
    from cryptography.exceptions import UnsupportedAlgorithm  # noqa: PLC0415
    from cryptography.hazmat.primitives.asymmetric import ec  # noqa: PLC0415
    from cryptography.hazmat.primitives.serialization import load_pem_public_key  # noqa: PLC0415

    try:
        key = load_pem_public_key(_read(path, PUBLIC_BYTES_MAX, lang))
    except (ValueError, UnsupportedAlgorithm):
        _stop(Reason("measurement.key-unreadable", {"name": str(path)}), lang)
    if not isinstance(key, ec.EllipticCurvePublicKey) or not isinstance(key.curve, ec.SECP256R1):
        _stop(Reason("measurement.key-unreadable", {"name": str(path)}), lang)
    return key


def _key_id(key: ec.EllipticCurvePublicKey) -> bytes:
    from cryptography.x509 import SubjectKeyIdentifier  # noqa: PLC0415 - quick --help

    return SubjectKeyIdentifier.from_public_key(key).digest


def _read(path: Path, bytes_max: int, lang: str) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(bytes_max)
    except OSError:
        _stop(Reason("measurement.file-unreadable", {"name": str(path)}), lang)


def _say(reason: Reason, lang: str, before: str = "") -> None:
    from omamori.web import words  # noqa: PLC0415 - quick --help

    typer.echo(before + words.sentence(reason, lang if lang in words.LANGUAGES else "ja"))


def _stop(reason: Reason, lang: str) -> NoReturn:
    from omamori.web import words  # noqa: PLC0415 - quick --help

    typer.echo(words.sentence(reason, lang if lang in words.LANGUAGES else "ja"), err=True)
    raise typer.Exit(1)
