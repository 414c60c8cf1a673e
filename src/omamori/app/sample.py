"""Serving the sample home's authorities: each at the port that it had before, if it is free."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from omamori.app.authority_server import AuthoritySettings, create_authority, serve_authority

if TYPE_CHECKING:
    from pathlib import Path

    from omamori.app.authority_server import RunningAuthority

PORT_FILE = "port"


async def serve_sample_authority(folder: Path, industry: str, host: str) -> RunningAuthority:
    """Create the authority on the first start, and serve it on loopback.

    Raises:
        FolderError, KeysError, StoreError: when its folder cannot be opened.
    """
    if not (folder / "authority.sqlite3").exists():
        create_authority(folder, industry, host, time.time())
    port = _port(folder)
    try:
        running = await serve_authority(AuthoritySettings(data=folder, port=port))
    except OSError:
        if not port:
            raise
        running = await serve_authority(AuthoritySettings(data=folder))
    (folder / PORT_FILE).write_text(str(urlsplit(running.url).port), encoding="ascii")
    return running


def _port(folder: Path) -> int:
    """The port that its neighbours know; 0 for any free one."""
    path = folder / PORT_FILE
    octets = path.read_bytes()[:6] if path.is_file() else b""
    return int(octets) if octets.isdigit() and int(octets) < 1 << 16 else 0
