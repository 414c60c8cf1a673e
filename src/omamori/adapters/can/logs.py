"""Logs of a car's buses: candump, asc and blf by python-can, captures by our own reader."""

from __future__ import annotations

from collections.abc import Callable, Iterable  # noqa: TC003 - a table of readers is made of them
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

import can

from omamori.adapters.can.socketcan import frames_of
from omamori.adapters.capture.file import open_capture
from omamori.adapters.capture.frames import CaptureError
from omamori.documents.reason import RefusedError
from omamori.hub.vehicle.gateway import Frame

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

LOG_OCTETS_MAX = 256 << 20
"""Hours of a full bus. A packed log may grow in memory while python-can reads it: it has no bound."""

CAPTURES = (".pcap", ".pcapng", ".gz")
LOGS: dict[str, tuple[Callable[..., Iterable[can.Message]], str]] = {
    ".log": (can.CanutilsLogReader, "r"),
    ".asc": (can.ASCReader, "r"),
    ".blf": (can.BLFReader, "rb"),
    ".trc": (can.TRCReader, "r"),
}
"""Never its SQLite reader, whose file is a program's; the files are opened here, for a reader that
fails while it begins leaves its own open."""


class CanError(RefusedError):
    """A log that cannot be read, or a bus that is gone."""


def frame_of(message: can.Message, bus: str) -> Frame:
    """python-can's message as ours."""
    return Frame(
        at=float(message.timestamp),
        bus=bus,
        id=message.arbitration_id,
        data=bytes(message.data),
        extended=message.is_extended_id,
        fd=message.is_fd,
        remote=message.is_remote_frame,
        error=message.is_error_frame,
    )


def message_of(frame: Frame) -> can.Message:
    """Ours as python-can's."""
    return can.Message(
        timestamp=frame.at,
        arbitration_id=frame.id,
        is_extended_id=frame.extended,
        is_remote_frame=frame.remote,
        is_error_frame=frame.error,
        is_fd=frame.fd,
        data=frame.data,
    )


def read_log(name: str, buses: Mapping[str, str] | str) -> Iterator[Frame]:
    """The frames of a log, one after the other.

    Args:
        buses: the log's channel → our bus; or one name for all that is in it.

    Raises:
        CanError: ``can.log-not-found``, ``can.log-unreadable``, or, after the frames that could be
            read, ``can.log-broken``.
    """
    path = Path(name)
    if not path.is_file():
        raise CanError("can.log-not-found", {"name": name})
    suffix = path.suffix.lower()
    if suffix in CAPTURES:
        yield from _capture(name, buses)
    elif suffix in LOGS and path.stat().st_size <= LOG_OCTETS_MAX:
        yield from _log(path, buses)
    else:
        raise CanError("can.log-unreadable", {"name": name})


def _bus(buses: Mapping[str, str] | str, channel: object) -> str:
    return buses if isinstance(buses, str) else buses.get(str(channel), "")


def _capture(name: str, buses: Mapping[str, str] | str) -> Iterator[Frame]:
    count = 0
    try:
        with open_capture(name) as opened:
            for at, link, octets in chain.from_iterable(opened.batches()):
                for frame in frames_of(at, link, octets, _bus(buses, "")):
                    count += 1
                    yield frame
            trouble = opened.trouble
    except CaptureError as error:
        raise CanError("can.log-unreadable", {"name": name}) from error
    if trouble is not None:
        raise CanError("can.log-broken", {"frames": count})


def _log(path: Path, buses: Mapping[str, str] | str) -> Iterator[Frame]:
    count = 0
    make, mode = LOGS[path.suffix.lower()]
    encoding = None if "b" in mode else "utf-8"
    try:
        with path.open(mode, encoding=encoding, errors=encoding and "replace") as file:
            for message in make(file):
                yield frame_of(message, _bus(buses, message.channel))
                count += 1
    except Exception as error:  # python-can's readers fail on hostile text in many ways
        key = "can.log-broken" if count else "can.log-unreadable"
        raise CanError(key, {"frames": count, "name": path.name}) from error
