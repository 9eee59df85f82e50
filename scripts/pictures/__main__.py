"""Take the guide's pictures.

python -m scripts.pictures            all of them
python -m scripts.pictures terminal   one kind: demo, fills, terminal, gimp or photoshop
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from PIL import Image
from scripts.pictures import fills, steps, terminal
from scripts.pictures.panels import lighten, save
from scripts.pictures.shell import shell

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "docs" / "pictures"


def take_demo() -> None:
    """The picture at the top of the README, as `make demo` makes it."""
    _run(sys.executable, "-m", "scripts.demo")
    with Image.open(ROOT / "demo" / "before-mask-after.png") as panels:
        save(panels, FOLDER / "before-mask-after.jpg")


def take_fills() -> None:
    with shell() as prompt:
        for name, maker in (fills.MAKERS | steps.MAKERS).items():
            save(maker(prompt), FOLDER / f"{name}.jpg")
            print(f"docs/pictures/{name}.jpg", flush=True)


def take_terminal() -> None:
    with shell() as prompt:
        for path in terminal.record_all(prompt, FOLDER):
            print(path.relative_to(ROOT), flush=True)


def take_gimp() -> None:
    """GIMP's windows, in the root that the tests build."""
    _run(sys.executable, "-m", "tests.gimp.take_pictures", str(FOLDER))
    os.environ["INPAINTD_SCREENSHOTS"] = str(FOLDER)
    _run(sys.executable, "-m", "pytest", "-q", "tests/gimp/test_first_use.py")


def take_photoshop() -> None:
    """The panel, in Chromium."""
    plugin = ROOT / "plugins" / "photoshop_uxp"
    npm = shutil.which("npm") or "npm"
    os.environ["INPAINT_PYTHON"] = sys.executable
    _run(npm, "ci", "--silent", folder=plugin)
    _run(npm, "run", "--silent", "build", folder=plugin)
    _run(shutil.which("node") or "node", "test/look.js", str(FOLDER), folder=plugin)


KINDS: dict[str, Callable[[], None]] = {
    "demo": take_demo,
    "fills": take_fills,
    "terminal": take_terminal,
    "gimp": take_gimp,
    "photoshop": take_photoshop,
}


def _run(*command: str, folder: Path = ROOT) -> None:
    subprocess.run(command, cwd=folder, check=True)


def main(kinds: list[str]) -> int:
    """Take the pictures of `kinds`, or of all; returns the exit code."""
    if unknown := [kind for kind in kinds if kind not in KINDS]:
        print(f"No such kind: {', '.join(unknown)}. There are {', '.join(KINDS)}.")
        return 2
    for kind in kinds or KINDS:
        KINDS[kind]()
    for path in FOLDER.glob("*.png"):
        lighten(path)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
