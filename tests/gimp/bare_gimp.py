"""A GIMP into whose folder of plug-ins an archive was unpacked, and nothing else was done."""

from __future__ import annotations

import shutil
import ssl
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.gimp.gimp_root import Gimp


@contextmanager
def bare_gimp(gimp_root: Path | None, archive: Path) -> Iterator[Gimp]:
    """Unpack an archive as a user does. Everything that is installed lands below `gimp.home`."""
    inside = None if gimp_root is None else gimp_root / "tmp"
    work = Path(tempfile.mkdtemp(prefix="inpaintd-", dir=inside))
    try:
        gimp = Gimp(gimp_root, work)
        shutil.unpack_archive(archive, gimp.configuration / "plug-ins", filter="data")
        shutil.copytree(Path(__file__).parent / "inside", work / "inside")
        trusted = ssl.get_default_verify_paths().cafile or "/etc/ssl/certs/ca-certificates.crt"
        if Path(trusted).is_file():  # a small root has none of its own
            shutil.copyfile(trusted, work / "trusted.crt")
            gimp.environment["SSL_CERT_FILE"] = gimp.inside(work / "trusted.crt")
        yield gimp
    finally:
        shutil.rmtree(work)
