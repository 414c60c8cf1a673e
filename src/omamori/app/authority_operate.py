"""An operator's act: through the server that runs, or on the folder directly when none does."""

from __future__ import annotations

import secrets
import time
from typing import TYPE_CHECKING, Any

from omamori.adapters.authority_client import AuthorityClient, AuthorityUnreachableError
from omamori.adapters.authority_folder import AuthorityFolder, FolderError
from omamori.authority.operations import perform
from omamori.authority.service import AuthorityService, open_service

if TYPE_CHECKING:
    from collections.abc import Callable

    import msgspec


async def operate(folder: AuthorityFolder, name: str, request: msgspec.Struct) -> Any:  # noqa: ANN401 - the operation's own answer
    """Do one operation of `omamori.authority.operations` on the authority of `folder`.

    Raises:
        RefusedError: with its reason; FolderError `authority.in-use` when a server holds the
            folder but does not answer.
    """
    serving = folder.serving()
    if serving is not None:
        try:
            async with AuthorityClient(serving.url, serving.root, folder.token()) as client:
                return await client.operate(name, request)
        except AuthorityUnreachableError:
            # It ended without a farewell: if so, its lock is free; if not, the next step says so.
            pass
    return directly(folder, lambda service: perform(service, name, request, time.time()))


def directly(folder: AuthorityFolder, act: Callable[[AuthorityService], Any]) -> Any:  # noqa: ANN401 - the act's own answer
    """Do `act` on the authority of `folder` while nobody serves it."""
    with folder.claimed():
        store = folder.store()
        try:
            keys = folder.keys()
            service = open_service(store, keys, secrets.token_bytes, _nobody, time.time())
            return act(service)
        finally:
            store.close()


def _nobody(seq: int) -> None:
    """Nobody waits: who serves next begins with a higher sequence."""


__all__ = ["AuthorityFolder", "FolderError", "directly", "operate"]
