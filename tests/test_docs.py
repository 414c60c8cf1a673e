"""The docs say what is so: links lead somewhere, numbers are the code's, commands exist."""

from __future__ import annotations

import ast
import importlib
import json
import re
import subprocess
import sys
import tomllib
from math import isfinite
from pathlib import Path
from urllib.parse import unquote

import pytest

import omamori

ROOT = Path(__file__).parents[1]
DOCS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
PICTURE_BYTES_MAX = 150 * 1024
LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
CONSTANT = re.compile(r"`([a-z_]+(?:\.[a-z_]+)+)\.([A-Z][A-Z0-9_]*)` \| ([^|]+?) \|")
MAKE = re.compile(r"^make ([a-z-]+)", re.MULTILINE)
OMAMORI = re.compile(r"^(?:\S*/)?omamori ((?:[a-z-]+ ?)+)", re.MULTILINE)
LISTING = """
import json, typer
from omamori.app import cli
cli._add_commands()
found = {}
def tell(command, name):
    found[name] = [option for one in command.params for option in (*one.opts, *one.secondary_opts)]
    for word, below in getattr(command, "commands", {}).items():
        tell(below, f"{name} {word}".strip())
tell(typer.main.get_command(cli.app), "")
print(json.dumps(found))
"""
GROUPS = ("authority", "hub", "thing", "mud", "policy", "automations", "measure", "can")
FENCE = re.compile(r"^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)


def text_of(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def prose(path: Path) -> str:
    """The page without its code blocks."""
    return FENCE.sub("", text_of(path))


def blocks(path: Path) -> str:
    """Every code block that may hold commands."""
    return "\n".join(body for kind, body in FENCE.findall(text_of(path)) if kind in ("sh", ""))


def anchors(path: Path) -> set[str]:
    """The anchors that a forge makes of the headings."""
    headings = re.findall(r"^#+ (.+)$", prose(path), re.MULTILINE)
    plain = (re.sub(r"[^\w\- ]", "", heading.lower()) for heading in headings)
    return {heading.replace(" ", "-") for heading in plain}


@pytest.mark.parametrize("page", DOCS, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_relative_link_leads_somewhere(page: Path) -> None:
    for target in LINK.findall(prose(page)):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = unquote(target).partition("#")
        found = (page.parent / path).resolve() if path else page
        assert found.exists(), target
        if anchor and found.suffix == ".md":
            assert anchor in anchors(found), target


def constants() -> list[tuple[str, str, str]]:
    return CONSTANT.findall(text_of(ROOT / "docs" / "formats.md"))


@pytest.mark.parametrize(("module", "name", "said"), constants(), ids=str)
def test_every_number_in_the_formats_is_the_codes(module: str, name: str, said: str) -> None:
    value = getattr(importlib.import_module(f"omamori.{module}"), name)
    assert value == ast.literal_eval(said)


def test_the_formats_name_every_limit_claim_and_header() -> None:
    named = {(module, name) for module, name, _ in constants()}
    claims = {"ISS", "SUB", "EXP", "IAT", "CNF", "KID", "PROFILE", "EAR_STATUS", "EAR_VECTOR"}
    claims |= {"STATUS", "LEVEL", "SEQ", "REASONS", "SOFTWARE", "PRODUCT"}
    assert {("documents.statement", claim) for claim in claims} <= named
    for module in ("documents.limits", "trust.meeting"):
        source = Path(str(importlib.import_module(f"omamori.{module}").__file__))
        limits = set(re.findall(r"^([A-Z_]+) = ", text_of(source), re.MULTILINE))
        numbers = {name for name in limits if name.endswith(("_MAX", "_S", "_BYTES"))}
        assert {(module, name) for name in numbers} <= named


def test_the_formats_draw_the_tables_that_decide() -> None:
    """The purposes and the life of a link stand in the page as they stand in the code."""
    from omamori.hub.links import LIFE  # noqa: PLC0415 - what the page is compared with
    from omamori.trust.verdict import PURPOSES, STRICTEST_LAST  # noqa: PLC0415

    page = text_of(ROOT / "docs" / "formats.md")
    for purpose in PURPOSES.values():
        below = "ask" if purpose.ask else "refuse"
        line = f"| `{purpose.key}` | {purpose.required} | {purpose.limited} | {below} |"
        assert line in page
    for state in {state for state, _ in LIFE}:
        answers = " | ".join(LIFE[state, answer] for answer in STRICTEST_LAST)
        assert f"| {state} | {answers} |" in page


def test_the_formats_draw_what_is_cut_off_and_what_becomes_of_it() -> None:
    from omamori.hub.guarding.answers import ANSWERS  # noqa: PLC0415 - compared with the page
    from omamori.hub.guarding.quarantine import EVENTS, LIFE, STATES  # noqa: PLC0415

    page = text_of(ROOT / "docs" / "formats.md")
    assert f"| {' | '.join(EVENTS)} |" in page
    for state in STATES:
        row = " | ".join(LIFE.get((state, event), "–") for event in EVENTS)
        assert f"| {state} | {row} |" in page
    for does in {answer.does for answer in ANSWERS.values()}:
        kinds = ", ".join(f"`{kind}`" for kind, answer in ANSWERS.items() if answer.does == does)
        assert f"| {does} | {kinds} |" in page


def test_the_formats_draw_who_may_claim_which_slot_and_what_holds_for_everybody() -> None:
    from omamori.hub.commanding.command import SLOTS  # noqa: PLC0415 - compared with the page
    from omamori.hub.commanding.envelope import OF_KIND, OF_POINT  # noqa: PLC0415
    from omamori.hub.commanding.lease import TERMS  # noqa: PLC0415
    from omamori.hub.commanding.slots import CLAIMS  # noqa: PLC0415

    page = text_of(ROOT / "docs" / "formats.md")
    for slot in SLOTS:
        longest = TERMS[slot].longest_s / 3600
        told = "–" if longest == float("inf") else f"{longest:g} h"
        row = next(line for line in page.splitlines() if line.startswith(f"| `{slot}` | {told} |"))
        for (kind, channel), slots in CLAIMS.items():
            claims = re.search(rf"\b{kind} \(([a-z, ]+)\)", row)
            assert (slot in slots) == bool(claims and channel in claims[1].split(", "))
    for (kind, point), held in OF_KIND.items():
        row = f"| {kind} | `{point}` | {held.low:g} to {held.high:g} "
        assert row in page or not isfinite(held.low)
    for point, held in OF_POINT.items():
        row = next(line for line in page.splitlines() if line.startswith(f"| `{point}` | "))
        assert f" | {held.changes_max_per_hour:g} | " in row


def test_the_formats_name_every_fact_that_a_rule_may_ask_about() -> None:
    from omamori.hub.ruling.vocabulary import VOCABULARY  # noqa: PLC0415 - compared with the page

    lines = text_of(ROOT / "docs" / "formats.md").splitlines()
    for name, fact in VOCABULARY.items():
        (row,) = (
            line for line in lines if line.startswith(f"| `{name}` | ") and line.count("|") == 5
        )
        assert row.endswith(f"| {'yes' if fact.is_ordered else ''} |")
        listed = re.findall(r"`([^`]+)`", row)[1:]
        if fact.values and len(listed) > 1:
            assert set(listed) == {str(v).lower() for v in fact.values} - {""}


def test_the_byte_example_of_a_request_is_a_request() -> None:
    from omamori.documents.request import Request, read_asked, write_request  # noqa: PLC0415 - as above

    block = next(
        body for kind, body in FENCE.findall(text_of(ROOT / "docs" / "formats.md"))
        if kind == "text" and "array of 8" in body
    )  # fmt: skip
    octets = bytes.fromhex("".join(line.strip().split("  ")[0] for line in block.splitlines()))
    asked = read_asked(octets)
    assert isinstance(asked, Request)
    assert (asked.target, asked.point, asked.value) == ("02:00:5e:00:53:07", "charge_w", -2000)
    assert (asked.seq, asked.slot, asked.lease_s) == (1767225600000000, "demand-response", 900.0)
    assert write_request(asked) == octets


def test_the_rules_in_the_formats_are_rules() -> None:
    from omamori.documents.automation import read_document  # noqa: PLC0415 - compared with the page
    from omamori.hub.ruling.read import read_rules  # noqa: PLC0415
    from omamori.hub.vehicle.table import read_table  # noqa: PLC0415

    pages = [text_of(ROOT / "docs" / name) for name in ("formats.md", "howto-home.md")]
    blocks_of = [(kind, body) for page in pages for kind, body in FENCE.findall(page)]
    rules = [body for kind, body in blocks_of if kind == "toml" and "[[rule]]" in body]
    assert rules
    for text in rules:
        assert read_rules(text.encode())
    (table,) = (body for kind, body in blocks_of if kind == "toml" and "[[allow]]" in body)
    assert read_table(table).rules
    (home,) = (body for kind, body in blocks_of if kind == "json" and '"automations"' in body)
    assert read_document(home.encode()).automations


def test_the_formats_name_every_operation_and_route() -> None:
    from omamori.authority.operations import OPERATIONS  # noqa: PLC0415 - compared with the page

    page = text_of(ROOT / "docs" / "formats.md")
    assert all(f"`{name}`" in page for name in OPERATIONS)
    routes = text_of(Path(omamori.__file__).parent / "web" / "authority.py")
    for route in re.findall(r'"(/[a-z0-9./]+)": self', routes):
        assert route in page, route


def test_the_map_has_every_room_and_the_checked_arrows() -> None:
    page = text_of(ROOT / "docs" / "map.md")
    for room in Path(omamori.__file__).parent.iterdir():
        if (room / "__init__.py").exists():
            assert f"  {room.name}/" in page, room.name
    contracts = tomllib.loads(text_of(ROOT / "pyproject.toml"))["tool"]["importlinter"]["contracts"]
    assert " → ".join(contracts[0]["layers"]) in page
    for port in re.findall(r"`([a-z_]+\.[a-z_]+)\.([A-Z]\w+)`", page):
        assert hasattr(importlib.import_module(f"omamori.{port[0]}"), port[1]), port


def test_every_decision_is_listed() -> None:
    folder = ROOT / "docs" / "adr"
    listed = set(re.findall(r"\]\((\d{4}-[a-z0-9-]+\.md)\)", text_of(folder / "README.md")))
    assert listed == {path.name for path in folder.glob("[0-9]*.md")}
    numbers = sorted(name[:4] for name in listed)
    assert numbers == [f"{number:04}" for number in range(1, len(numbers) + 1)]


def test_the_readme_shows_the_running_page() -> None:
    pictures = [
        target for target in LINK.findall(text_of(ROOT / "README.md")) if target.endswith(".png")
    ]
    assert pictures
    for picture in pictures:
        assert (ROOT / picture).read_bytes().startswith(b"\x89PNG")
    for path in (ROOT / "docs" / "pictures").iterdir():
        assert path.stat().st_size <= PICTURE_BYTES_MAX, path.name


def test_every_make_target_named_exists() -> None:
    targets = set(re.findall(r"^([a-z-]+):", text_of(ROOT / "Makefile"), re.MULTILINE))
    for page in DOCS:
        assert set(MAKE.findall(blocks(page))) <= targets, page.name
    assert {"run", "test"} <= set(MAKE.findall(blocks(ROOT / "README.md")))


def commands() -> dict[str, set[str]]:
    """Every `omamori …` command that a page tells the reader to type, with its options."""
    found: dict[str, set[str]] = {}
    for page in DOCS:
        for line in blocks(page).replace("\\\n", " ").splitlines():
            if match := OMAMORI.match(re.sub(r"^(\w+=\$\(|sudo )", "", line.strip())):
                words = match[1].split()
                depth = 2 if words[0] in GROUPS else 1
                options = set(re.findall(r"(?<=\s)--[a-z-]+", line))
                found.setdefault(" ".join(words[:depth]), set()).update(options)
    return found


def test_every_command_named_exists_with_its_options() -> None:
    asked = commands()
    assert {"thing enrol", "authority create"} <= asked.keys()
    told = subprocess.run([sys.executable, "-c", LISTING], capture_output=True, check=True)
    known: dict[str, list[str]] = json.loads(told.stdout)
    for command, options in asked.items():
        assert command in known
        assert options <= {*known[command], "--help"}, command
