"""Set inpaintd up from an archive for GIMP, as its plug-in does on first use, and fill a picture.

    python scripts/try_bundle.py ARCHIVE

Needs no inpaintd and nothing but the standard library: what it runs comes out of the archive.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path

_SIDE = 64


def main(archive: str) -> int:
    with tempfile.TemporaryDirectory() as name:
        shutil.unpack_archive(archive, name)
        sys.path.insert(0, str(Path(name, "inpaint")))
        from inpaint_plugin import set_up  # type: ignore[import-not-found]
        from inpaint_plugin.daemon import connected  # type: ignore[import-not-found]

        from inpaintd_protocol.plane import Plane

        print(set_up.plan())
        set_up.set_up(_tell, lambda: False)
        if set_up.is_needed():
            raise SystemExit("it is still to be set up")
        with connected(lambda: print("starting the daemon")) as client:
            done = client.inpaint(Plane(_SIDE, _SIDE, 4, "u8", _picture()))
            print(f"filled with {done.model} by inpaintd {client.welcome.daemon}")
            client.shutdown()
    return 0


def _tell(what: str, part: float) -> None:
    print(f"\r{part:4.0%} {what:<30}", end="" if part < 1 else "\n", flush=True)


def _picture() -> bytes:
    """Stripes with a square hole."""
    pixels = bytearray()
    for y in range(_SIDE):
        for x in range(_SIDE):
            hole = 24 <= x < 40 and 24 <= y < 40
            pixels += bytes((x * 4, 255 * (y // 8 % 2), 128, 0 if hole else 255))
    return bytes(pixels)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
