"""Cache in .cache for what takes long to build, shared by later runs and parallel processes."""

from __future__ import annotations

import hashlib
import shutil
import sys
import tempfile
from collections.abc import Callable, Sequence
from importlib.metadata import version
from pathlib import Path

CACHE = Path(__file__).parent.parent / ".cache"


def built_once(
    name: str,
    build: Callable[[Path], object],
    *,
    sources: Sequence[Path],
    packages: Sequence[str] = (),
) -> Path:
    """Return the folder that `build` has filled; nobody may write into it afterwards.

    It is built anew when one of `sources` has changed, or one of the installed `packages`.
    """
    parts = [sys.version, *(f"{package} {version(package)}" for package in packages)]
    digest = hashlib.sha256("\n".join(parts).encode())
    for source in sources:
        digest.update(source.read_bytes())
    folder = CACHE / f"{name}-{digest.hexdigest()[:16]}"
    if not folder.exists():
        CACHE.mkdir(exist_ok=True)
        new = Path(tempfile.mkdtemp(prefix=f"{name}-", suffix=".new", dir=CACHE))
        try:
            build(new)
            new.rename(folder)  # last: another process may look for it at any moment
        except OSError:
            if not folder.exists():  # else another process was faster
                raise
        finally:
            shutil.rmtree(new, ignore_errors=True)
    return folder
