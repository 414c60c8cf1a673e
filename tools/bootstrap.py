"""Bring uv, pinned by hash, into a private folder with nothing but Python's standard parts."""

import shutil
import subprocess
import sys
import venv
from pathlib import Path

LOCK = Path(__file__).parent.parent / "requirements-uv.lock"
NO_PIP = """
Python is here, but neither `uv` nor `pip` is, so nothing can be installed.
What to do: install one of them, for example `sudo apt install python3-pip`, then run make again.
"""


def bring_uv(folder: Path) -> int:
    """Put an executable `uv` at folder/bin/uv; return an exit status."""
    if sys.version_info < (3, 11):
        print(f"Omamori needs Python 3.11 or newer; this is {sys.version.split()[0]}.")
        print("What to do: run `make PYTHON=python3.11 …` with a newer Python.")
        return 1
    target = folder / "bin" / "uv"
    target.parent.mkdir(parents=True, exist_ok=True)
    own = shutil.which("uv")
    if own is not None:
        target.unlink(missing_ok=True)
        target.symlink_to(own)
        return 0
    venv.create(folder, with_pip=False)
    python = folder / "bin" / "python"
    pip = [sys.executable, "-m", "pip", "--python", str(python)]
    if subprocess.run([*pip, "--version"], capture_output=True, check=False).returncode != 0:
        ensured = subprocess.run([str(python), "-m", "ensurepip"], capture_output=True, check=False)
        if ensured.returncode != 0:
            print(NO_PIP)
            return 1
        pip = [str(python), "-m", "pip"]
    install = [*pip, "install", "-q", "--disable-pip-version-check", "--require-hashes"]
    return subprocess.run([*install, "-r", str(LOCK)], check=False).returncode


if __name__ == "__main__":
    sys.exit(bring_uv(Path(sys.argv[1])))
