"""The configuration is read whole or its mistake is named by line."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from omamori.app.config import TEMPLATE, Config, ConfigError, load_config, read_config

if TYPE_CHECKING:
    from pathlib import Path


def test_the_commented_template_is_the_default() -> None:
    assert read_config(TEMPLATE) == Config()


def test_every_commented_line_is_a_real_setting_with_its_default() -> None:
    lines = [line.removeprefix("# ") if "=" in line else line for line in TEMPLATE.splitlines()]
    assert read_config("\n".join(line for line in lines if not line.startswith("#"))) == Config()


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("language = 'xx'", 1),  # a visitor chooses on the page; a setting that did nothing is gone
        ("[web]\nhost = '::1'\nport = 70000\n", 3),
        ("[network]\n\n\nmdsn = true\n", 4),
        ("[web]\nport = 1\nport = 2\n", 3),
        ("[web\n", 1),
        ("[trust]\nvouched_cap = 'two'\n", 2),
    ],
)
def test_a_mistake_is_named_by_its_line(text: str, line: int) -> None:
    with pytest.raises(ConfigError) as refused:
        read_config(text)
    assert refused.value.reason.params["line"] == line


@given(st.text())
def test_any_text_is_a_config_or_a_config_error(text: str) -> None:
    try:
        assert isinstance(read_config(text), Config)
    except ConfigError as error:
        assert error.reason.params["line"] >= 1  # type: ignore[operator]


def test_the_first_start_writes_the_template(tmp_path: Path) -> None:
    assert load_config(tmp_path) == Config()
    assert (tmp_path / "omamori.toml").read_text(encoding="utf-8") == TEMPLATE
