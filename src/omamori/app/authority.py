"""Authorities in this program: see `omamori.app.authority_server`."""

from omamori.app.authority_server import (
    AuthoritySettings,
    RunningAuthority,
    create_authority,
    serve_authority,
)

__all__ = ["AuthoritySettings", "RunningAuthority", "create_authority", "serve_authority"]
