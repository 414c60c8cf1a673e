"""Derive the bundled address table from the IEEE register: ``oui_table.py OUI_CSV > oui.toml``.

The register is public domain as Debian ships it (package ``ieee-data``).  Only makers named in
``makers.toml`` are kept, because a home meets few of the 30,000; the whole register is read
instead where a machine has it.
"""

from __future__ import annotations

import csv
import sys
import tomllib
from collections import defaultdict
from pathlib import Path

CLUES = Path(__file__).parent.parent / "src" / "omamori" / "hub" / "clues"
# Big makers of network gear for offices and of office computers own thousands of prefixes that a
# home seldom meets; naming them is left to the full register.
LEFT_OUT = {
    "Cisco", "Ericsson", "Extreme Networks", "FiberHome", "Fortinet", "H3C", "IBM", "Nokia",
    "Palo Alto Networks", "Ruckus", "Texas Instruments",
}  # fmt: skip
HEAD = """\
# Maker by the first half of a hardware address: makers that homes meet, six hex digits each, run
# together. Derived by tools/oui_table.py from the public IEEE register (public domain, as in
# Debian's package ieee-data). Where that package is installed, the whole register is used as well.

[prefixes]
"""


def main() -> None:
    """Print the table."""
    sys.path.insert(0, str(CLUES.parent.parent.parent))
    from omamori.hub.knowing.identify_makers import Makers  # noqa: PLC0415 -- a script outside the package

    book = tomllib.loads((CLUES / "makers.toml").read_text("utf-8"))
    makers = Makers(book["makers"], book["modules"], book["usually"])
    found: dict[str, list[str]] = defaultdict(list)
    with Path(sys.argv[1]).open(encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines):
            name = makers.known(row["Organization Name"])
            if name and name not in LEFT_OUT:
                found[name].append(row["Assignment"].lower())
    out = [HEAD]
    out += [f'"{name}" = "{"".join(sorted(found[name]))}"\n' for name in sorted(found)]
    sys.stdout.write("".join(out))


if __name__ == "__main__":
    main()
