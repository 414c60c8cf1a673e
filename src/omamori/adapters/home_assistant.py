"""Home Assistant's automations, scripts and scenes, read from its YAML into the neutral form.

YAML is read with PyYAML's safe loader; aliases are counted out before anything is built, and the tags
of Home Assistant (``!include``, ``!secret``, ``!input``) stay what they are: not known here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
import yaml

from omamori.adapters.home_assistant_parts import Parts
from omamori.documents import automation as doc
from omamori.documents.automation import AutomationError, checked

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable

    from omamori.documents.reason import Value

FILE_OCTETS_MAX = 4_000_000  # the largest of 540 public files has 0.5 MB
NODES_MAX = 400_000  # after aliases are followed; a file of that size has about 100,000
DEPTH_MAX = 64

_SECTIONS = ("automation", "script", "scene")


class Unknown(str):
    """A value that stands elsewhere: a tag of Home Assistant's."""

    __slots__ = ()


class _Loader(yaml.SafeLoader):
    """The safe loader with tags kept as unknown text."""


def _tag(loader: _Loader, _suffix: str, node: yaml.Node) -> Unknown:
    told = loader.construct_scalar(node) if isinstance(node, yaml.ScalarNode) else ""
    return Unknown(told)


def _mapping(loader: _Loader, node: yaml.MappingNode) -> dict[Hashable, Any]:
    """A mapping whose keys may be anything that YAML allows; a key that cannot be one is left out."""
    loader.flatten_mapping(node)
    built: dict[Hashable, Any] = {}
    for key_node, value_node in node.value:
        if isinstance(key_node, yaml.ScalarNode):
            built[loader.construct_object(key_node)] = loader.construct_object(
                value_node, deep=True
            )
    return built


def _map_later(loader: _Loader, node: yaml.MappingNode) -> Iterable[dict[Hashable, Any]]:
    built: dict[Hashable, Any] = {}
    yield built
    built.update(_mapping(loader, node))


_Loader.add_multi_constructor("!", _tag)
_Loader.add_constructor("tag:yaml.org,2002:map", _map_later)


def load_yaml(octets: bytes) -> object:
    """One YAML document, bounded.

    Raises:
        AutomationError: for what is no YAML, or too much of it; with line and column.
    """
    if len(octets) > FILE_OCTETS_MAX:
        raise AutomationError("automation.too-long", {"limit_mb": FILE_OCTETS_MAX // 10**6})
    try:
        loader = _Loader(octets.decode("utf-8-sig"))
        node = loader.get_single_node()
        if node is None:
            return None
        _weigh(node)
        return loader.construct_document(node)
    except UnicodeDecodeError as error:
        raise AutomationError("automation.not-text", {"offset": error.start}) from error
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (0, 0)
        params: dict[str, Value] = {
            "line": line,
            "column": column,
            "what": str(error.problem or "")[:80],
        }
        raise AutomationError("automation.not-yaml", params) from error
    except RecursionError as error:
        raise AutomationError("automation.too-deep", {"limit": DEPTH_MAX}) from error
    except (yaml.YAMLError, ValueError, OverflowError, TypeError) as error:
        if isinstance(error, AutomationError):
            raise
        told: dict[str, Value] = {"line": 0, "column": 0, "what": type(error).__name__}
        raise AutomationError("automation.not-yaml", told) from error


def _weigh(root: yaml.Node) -> None:
    """Count what the tree becomes once aliases are followed; a bomb of them is refused unbuilt."""
    sizes: dict[int, int] = {}

    def size(node: yaml.Node, depth: int) -> int:
        if depth > DEPTH_MAX:
            raise AutomationError("automation.too-deep", {"limit": DEPTH_MAX})
        known = sizes.get(id(node))
        if known is not None:
            return known
        sizes[id(node)] = NODES_MAX + 1  # an alias to what it lies in itself has no end
        total = 1
        if isinstance(node, yaml.SequenceNode):
            total += sum(size(one, depth + 1) for one in node.value)
        elif isinstance(node, yaml.MappingNode):
            total += sum(size(key, depth + 1) + size(one, depth + 1) for key, one in node.value)
        if total > NODES_MAX:
            raise AutomationError("automation.too-many", {"where": "YAML", "limit": NODES_MAX})
        sizes[id(node)] = total
        return total

    size(root, 0)


def read_home_assistant(files: Iterable[bytes]) -> doc.Automations:
    """The automations, scripts and scenes of these files; what is none of them is passed over.

    Raises:
        AutomationError: for what is no YAML, or beyond a limit.
    """
    parts = Parts()
    found: dict[str, list[tuple[str, dict[str, Any]]]] = {name: [] for name in _SECTIONS}
    for octets in files:
        _sort(load_yaml(octets), found)
    automations: dict[str, doc.Automation] = {}
    for at, (name, told) in enumerate(found["automation"][: doc.AUTOMATIONS_MAX]):
        id_ = _fresh(str(told.get("id") or name or f"automation-{at + 1}"), automations)
        automations[id_] = parts.automation(id_, told)
    scripts: dict[str, doc.Script] = {}
    for name, told in found["script"][: doc.AUTOMATIONS_MAX]:
        id_ = _fresh(f"script.{name}", scripts)
        scripts[id_] = doc.Script(id_, parts.actions(told.get("sequence")))
    scenes: dict[str, doc.Scene] = {}
    for name, told in found["scene"][: doc.AUTOMATIONS_MAX]:
        id_ = _fresh(f"scene.{slug(str(told.get('name') or name))}", scenes)
        scenes[id_] = doc.Scene(id_, parts.scene(told.get("entities")))
    renamed = parts.resolved(automations)
    return checked(
        doc.Automations(
            tuple(renamed.values()), scenes=tuple(scenes.values()), scripts=tuple(scripts.values())
        )
    )


def _fresh(name: str, taken: dict[str, Any]) -> str:
    name = name[: doc.TEXT_MAX - 8] or "?"
    at, fresh = 2, name
    while fresh in taken:
        fresh, at = f"{name} ({at})", at + 1
    return fresh


def slug(name: str) -> str:
    """A name as Home Assistant makes entity ids of it."""
    told = "".join(one if one.isalnum() else "_" for one in name.lower())
    return "_".join(part for part in told.split("_") if part)


def _sort(told: object, found: dict[str, list[tuple[str, dict[str, Any]]]]) -> None:
    """Tell automations, scripts and scenes apart in whatever file they came."""
    if isinstance(told, list):
        for one in told:
            _one("", one, found)
        return
    if not isinstance(told, dict):
        return
    if _is_automation(told) or "entities" in told:
        _one("", told, found)
        return
    if "sequence" in told and isinstance(told["sequence"], list):
        found["script"].append((slug(str(told.get("alias") or "script")), told))
        return
    for key, value in told.items():
        section = str(key).split(" ", maxsplit=1)[0]
        if section in _SECTIONS:
            _section(section, value, found)
        elif isinstance(value, dict):
            _one(str(key), value, found)


def _section(
    section: str, value: object, found: dict[str, list[tuple[str, dict[str, Any]]]]
) -> None:
    for one in value if isinstance(value, list) else [value]:
        if not isinstance(one, dict):
            continue
        if section == "script" and "sequence" not in one:
            for name, script in one.items():
                _one(str(name), script, found)
        else:
            _one("", one, found)


def _one(name: str, told: object, found: dict[str, list[tuple[str, dict[str, Any]]]]) -> None:
    if not isinstance(told, dict):
        return
    if _is_automation(told):
        found["automation"].append((name, told))
    elif "sequence" in told:
        found["script"].append((name, told))
    elif isinstance(told.get("entities"), dict):
        found["scene"].append((name, told))


def _is_automation(told: dict[str, Any]) -> bool:
    has_start = any(isinstance(told.get(key), (list, dict)) for key in ("trigger", "triggers"))
    return has_start and any(key in told for key in ("action", "actions"))


def read_automations(octets: bytes, form: str) -> doc.Automations:
    """Automations of one file.

    Args:
        form: ``json`` (the neutral form) or ``yaml`` (Home Assistant).

    Raises:
        AutomationError: where it is not that.
    """
    if form == "json":
        return doc.read_document(octets)
    return read_home_assistant([octets])


def join(homes: Iterable[doc.Automations]) -> doc.Automations:
    """Several files of one home as one; an id that comes twice is told apart by a number."""
    fields: dict[str, dict[str, Any]] = {
        name: {} for name in ("automations", "things", "scenes", "scripts")
    }
    budget_w = 0.0
    for home in homes:
        budget_w = max(budget_w, home.budget_w)
        for role, kept in fields.items():
            for one in getattr(home, role):
                if role == "automations":
                    id_ = _fresh(one.id, kept)
                    kept[id_] = msgspec.structs.replace(one, id=id_)
                else:
                    kept.setdefault(one.id, one)
    of = {role: tuple(kept.values()) for role, kept in fields.items()}
    joined = doc.Automations(of["automations"], of["things"], of["scenes"], of["scripts"], budget_w)
    return checked(joined)
