"""What every test may ask for: the shared captures and suites, when they are beside the project."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

ROOT = Path(__file__).parent.parent

# No test asserts a time: a busy machine must not fail what is right.
settings.register_profile("omamori", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("omamori")


def shared_folder() -> Path | None:
    """The folder of real captures and published suites, or None when a clone stands alone."""
    named = os.environ.get("OMAMORI_SHARED")
    folder = Path(named) if named else ROOT.parent / "shared" / "data"
    return folder if folder.is_dir() else None


@pytest.fixture(scope="session")
def shared_data() -> Path:
    folder = shared_folder()
    if folder is None:
        pytest.skip("the shared captures and suites are not beside this clone")
    return folder
