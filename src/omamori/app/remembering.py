"""Remembering: what happened goes to the disk, now or as soon as the disk takes it."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

import structlog

from omamori.documents.reason import Reason, RefusedError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from omamori.ledger.entry import Entry

OWED_MAX = 1000  # lines of the record that wait for the disk; the oldest are let go
_log = structlog.get_logger(__name__)


class Remembering:
    """Keeps state and record together.

    Attributes:
        trouble: what happened last could not be kept; None where all is well.
        keeper: puts what changed on the disk; the practice home keeps nothing.
    """

    def __init__(self, append: Callable[[list[Entry]], object]) -> None:
        """`append` puts lines into the record."""
        self.trouble: Reason | None = None
        self.keeper: Callable[[], None] = _nothing
        self._append = append
        self._owed: deque[Entry] = deque(maxlen=OWED_MAX)

    def _owe(self, entries: Iterable[Entry]) -> None:
        """These are to be written when the disk takes something again."""
        self._owed.extend(entries)

    def _record(self, entries: Iterable[Entry]) -> None:
        """Keep what changed and what is to be remembered; a disk that refuses stops no cut.

        What it does not take now is written when it takes something again.
        """
        self._owe(entries)
        self._commit(())

    def _commit(self, entries: Iterable[Entry]) -> bool:
        """Whether all is on the disk; where it is not, these are not owed, and nobody is told."""
        wanted = [*self._owed, *entries]
        try:
            self.keeper()
            if wanted:
                self._write(wanted)
        except (RefusedError, OSError) as error:
            _log.error("protection.not-kept", why=str(error))
            self.trouble = Reason("protection.not-kept")
            return False
        self._owed.clear()
        self.trouble = None
        return True

    def _write(self, entries: list[Entry]) -> None:
        try:
            self._append(entries)
        except RefusedError:
            raise
        except ValueError:  # one of them cannot be a line at all: it must not keep the others away
            for entry in entries:
                try:
                    self._append([entry])
                except RefusedError:
                    raise
                except ValueError:
                    _log.exception("protection.no-line", kind=entry.kind)


def _nothing() -> None:
    """Nothing is kept."""
