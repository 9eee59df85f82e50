"""Fuzz one target, led by coverage: python -m tests.fuzz.run TARGET SECONDS [FOLDER]."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import atheris

with atheris.instrument_imports(include=["inpaintd", "inpaintd_protocol", "psd_tools"]):
    from tests.fuzz.targets import CORPUS, try_it


def main() -> None:
    """Ends with another code than 0, and the input that did it, at the first defect."""
    name, seconds = sys.argv[1:3]
    with TemporaryDirectory() as folder:
        found = Path(sys.argv[3] if len(sys.argv) > 3 else folder)
        shutil.copytree(CORPUS / name, found / name, dirs_exist_ok=True)
        options = [
            f"-max_total_time={seconds}",
            "-timeout=20",
            "-rss_limit_mb=4096",
            "-max_len=20000",
            "-print_final_stats=1",
            f"-artifact_prefix={found}/",
        ]
        atheris.Setup([sys.argv[0], *options, str(found / name)], lambda data: try_it(name, data))
        atheris.Fuzz()


if __name__ == "__main__":
    main()
