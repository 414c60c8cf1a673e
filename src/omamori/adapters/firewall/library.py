"""libnftables by ctypes: the documented C API (libnftables(3)), JSON in and out."""

from __future__ import annotations

import ctypes
import json
from typing import Any

from omamori.documents.reason import RefusedError

LIBRARY = "libnftables.so.1"
_OUTPUT_JSON = 1 << 4  # libnftables.h: NFT_CTX_OUTPUT_JSON
_OUTPUT_NUMERIC = 0x780  # …and numbers instead of names: protocols, priorities, symbols, times
_OUTPUT_TERSE = 1 << 11  # …without the elements of sets
ANSWER_OCTETS_MAX = 64 << 20
ERROR_CHARS_MAX = 200

Command = dict[str, Any]


class FirewallError(RefusedError):
    """The kernel, or its library, does not do what was asked."""


class Nftables:
    """One context of the library. Each run is one transaction: all of it or none.

    Raises:
        FirewallError: when the library is not on this machine.
    """

    def __init__(self, library: str = LIBRARY) -> None:
        try:
            self._c = _declared(ctypes.CDLL(library))
        except (OSError, AttributeError):
            raise FirewallError("firewall.no-library") from None
        self._context = self._c.nft_ctx_new(0)
        if not self._context:
            raise FirewallError("firewall.no-kernel")
        self._c.nft_ctx_output_set_flags(
            self._context, _OUTPUT_JSON | _OUTPUT_NUMERIC | _OUTPUT_TERSE
        )
        self._c.nft_ctx_buffer_output(self._context)
        self._c.nft_ctx_buffer_error(self._context)

    def run(self, commands: list[Command]) -> list[dict[str, Any]]:
        """Run commands as one transaction; returns what was listed.

        Raises:
            FirewallError: when the kernel refuses; then nothing of it was done.
        """
        if not self._context:
            raise FirewallError("firewall.closed")
        text = json.dumps({"nftables": commands}).encode()
        failed = self._c.nft_run_cmd_from_buffer(self._context, text)
        answer: bytes = self._c.nft_ctx_get_output_buffer(self._context) or b""
        error: bytes = self._c.nft_ctx_get_error_buffer(self._context) or b""
        if failed:
            raise FirewallError("firewall.refused", {"why": _first_line(error)})
        return _read(answer)

    def close(self) -> None:
        """Give the context back."""
        if self._context:
            self._c.nft_ctx_free(self._context)
            self._context = None


def _read(answer: bytes) -> list[dict[str, Any]]:
    if not answer.strip():
        return []
    if len(answer) > ANSWER_OCTETS_MAX:
        raise FirewallError("firewall.not-understood")
    try:
        told = json.loads(answer)["nftables"]
    except (ValueError, KeyError, TypeError):
        raise FirewallError("firewall.not-understood") from None
    return [entry for entry in told if isinstance(entry, dict)]


def _first_line(error: bytes) -> str:
    for line in error.decode("utf-8", "replace").splitlines():
        if "rror:" in line:
            return line.strip()[:ERROR_CHARS_MAX]
    return "?"


def _declared(c: ctypes.CDLL) -> ctypes.CDLL:
    context, number, text = ctypes.c_void_p, ctypes.c_int, ctypes.c_char_p
    c.nft_ctx_new.restype, c.nft_ctx_new.argtypes = context, [ctypes.c_uint32]
    c.nft_ctx_free.restype, c.nft_ctx_free.argtypes = None, [context]
    c.nft_ctx_output_set_flags.restype = None
    c.nft_ctx_output_set_flags.argtypes = [context, ctypes.c_uint]
    for name in ("nft_ctx_buffer_output", "nft_ctx_buffer_error"):
        getattr(c, name).restype, getattr(c, name).argtypes = number, [context]
    for name in ("nft_ctx_get_output_buffer", "nft_ctx_get_error_buffer"):
        getattr(c, name).restype, getattr(c, name).argtypes = text, [context]
    c.nft_run_cmd_from_buffer.restype = number
    c.nft_run_cmd_from_buffer.argtypes = [context, text]
    return c
