"""Configuration: one commented TOML, whose mistakes are named by line."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Annotated, Literal

import msgspec
import platformdirs

from omamori.documents.reason import RefusedError

CONFIG_NAME = "omamori.toml"
CONFIG_BYTES_MAX = 256 * 1024

TEMPLATE = """\
# Omamori. Every line here is optional; what stands behind # is the default.

[web]
# host = "127.0.0.1"         # this machine only; "0.0.0.0" opens it to the home and asks for a login
# port = 8119

[network]
# mdns = true                # listen for names that things call out
# ssdp = true                # ask televisions and players
# echonet = true             # ask household appliances (ECHONET Lite)
# neighbours = true          # read this machine's own list of neighbours
# interface = "auto"         # with rights: also listen passively; "eth0" says where, "" nowhere

[protect]
# firewall = true            # with rights: hold in this machine's kernel who is cut off
# door = 0                   # 4119 lets certified services meet this hub and ask; 0 keeps it shut
# door_host = "127.0.0.1"    # where that door is; "0.0.0.0" opens it to the home
# charger = 0                # 9119 lets a car charger call this hub (OCPP 2.0.1); 0 keeps it shut
# charger_secret = ""        # file with the charger's password; without it no charger is let in

[broker]
# host = ""                  # an MQTT broker, for Home Assistant; empty: none
# port = 1883                # 8883 with tls = true
# tls = false
# user = ""
# secret = ""                # file with the password
# language = "ja"            # in which it is spoken there: "ja" or "en"

[trust]
# vouched_cap = 2            # highest level on the hub's word alone
# aged_cap = 2               # highest level on a word that ran out less than a week ago
# unstated_cap = 1           # highest level without a recent word

[sample]
# on = true                  # the sample home beside your own
# seed = 119
"""

Port = Annotated[int, msgspec.Meta(ge=0, le=65535)]
Rung = Annotated[int, msgspec.Meta(ge=0, le=5)]


class ConfigError(RefusedError):
    """The configuration has a mistake; `line` says where."""


class Web(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where the pages are; port 0 takes any free one."""

    host: str = "127.0.0.1"
    port: Port = 8119


class Network(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is heard and asked on this network."""

    mdns: bool = True
    ssdp: bool = True
    echonet: bool = True
    neighbours: bool = True
    interface: str = "auto"


class Protect(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What this machine may hold and who may ask; every door is shut until somebody opens it."""

    firewall: bool = True
    door: Port = 0
    door_host: str = "127.0.0.1"
    charger: Port = 0
    charger_secret: str = ""


class Broker(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A message broker, where this home has one."""

    host: str = ""
    port: Port = 1883
    tls: bool = False
    user: str = ""
    secret: str = ""
    language: Literal["ja", "en"] = "ja"


class Trust(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How far weaker grounds reach."""

    vouched_cap: Rung = 2
    aged_cap: Rung = 2
    unstated_cap: Rung = 1


class Sample(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The sample home."""

    on: bool = True
    seed: int = 119


class Config(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Everything that a person may set."""

    web: Web = Web()
    network: Network = Network()
    protect: Protect = Protect()
    broker: Broker = Broker()
    trust: Trust = Trust()
    sample: Sample = Sample()


def read_config(text: str) -> Config:
    """Read the TOML text.

    Raises:
        ConfigError: `config.not-toml` or `config.mistake`, with `line` and `what`.
    """
    try:
        return msgspec.convert(tomllib.loads(text), Config)
    except tomllib.TOMLDecodeError as error:
        found = re.search(r"at line (\d+)", str(error))
        line = int(found[1]) if found else len(text.splitlines())
        raise ConfigError("config.not-toml", {"line": line, "what": str(error)}) from error
    except msgspec.ValidationError as error:
        line = _line_of(str(error), text)
        raise ConfigError("config.mistake", {"line": line, "what": str(error)}) from error


def _line_of(complaint: str, text: str) -> int:
    """The line that msgspec's path (`$.web.port`) or unknown field points at."""
    path = re.search(r"\$((?:\.\w+)+)", complaint)
    names = path[1].strip(".").split(".") if path else []
    unknown = re.search(r"unknown field `([^`]+)`", complaint)
    if unknown:
        names.append(unknown[1])
    line, lines = 0, text.splitlines()
    for name in names:
        pattern = re.compile(rf"^\s*(\[{re.escape(name)}\]|{re.escape(name)}\s*=)")
        line = next((n for n in range(line, len(lines)) if pattern.match(lines[n])), line)
    return line + 1


def default_folder() -> Path:
    """Where this platform keeps a program's data."""
    return Path(platformdirs.user_data_dir("omamori"))


def load_config(folder: Path) -> Config:
    """The configuration in `folder`, written with comments when there is none yet.

    Raises:
        ConfigError: as `read_config`, or `config.too-long`.
    """
    path = folder / CONFIG_NAME
    if not path.exists():
        path.write_text(TEMPLATE, encoding="utf-8")
    if path.stat().st_size > CONFIG_BYTES_MAX:
        raise ConfigError("config.too-long", {"line": 1, "what": path.name})
    try:
        return read_config(path.read_text(encoding="utf-8"))
    except UnicodeDecodeError as error:
        raise ConfigError("config.not-toml", {"line": 1, "what": "UTF-8"}) from error
