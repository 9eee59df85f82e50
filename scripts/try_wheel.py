"""Fill a picture with the inpaintd that is installed, from its command line.

python scripts/try_wheel.py
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from PIL import Image

_SIDE = 64
_HOLE = (24, 24, 40, 40)


def main() -> int:
    with tempfile.TemporaryDirectory() as folder:
        photograph, filled = Path(folder, "photo.png"), Path(folder, "filled.png")
        picture = Image.linear_gradient("L").resize((_SIDE, _SIDE)).convert("RGBA")
        picture.paste((0, 0, 0, 0), _HOLE)
        picture.save(photograph)
        _run("fill", str(photograph), "-o", str(filled))
        with Image.open(filled) as result:
            lowest, _ = result.convert("RGBA").getchannel("A").getextrema()
        _run("stop")
    if lowest != 255:
        raise SystemExit("the hole is still transparent")
    print("filled")
    return 0


def _run(*arguments: str) -> None:
    subprocess.run([sys.executable, "-m", "inpaintd", *arguments], check=True)


if __name__ == "__main__":
    sys.exit(main())
