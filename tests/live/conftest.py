"""A home of network namespaces for each test; it is gone when the test is."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from .net import Home, need

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    if os.geteuid() != 0:
        pytest.skip("needs root for network namespaces")
    need("ip")
    made = None
    try:
        made = Home(tmp_path)
        yield made
    finally:
        if made:
            made.end()
