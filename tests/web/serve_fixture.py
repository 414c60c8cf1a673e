"""Serve the fixture home on a port of loopback: ``python tests/web/serve_fixture.py PORT``."""

from __future__ import annotations

import sys
from pathlib import Path

import uvicorn

sys.path.insert(0, str(Path(__file__).parents[1]))

from omamori.web.hub import hub_app, hub_site
from omamori.web.live import Live
from web.home_fixture import FixtureHome

if __name__ == "__main__":
    home = FixtureHome()
    app = hub_app(home, hub_site(b"s" * 32), Live(), protects=home)
    uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[1]), log_level="warning")
