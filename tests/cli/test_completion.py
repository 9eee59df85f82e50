"""Shell completion."""

from __future__ import annotations

import os
import subprocess
import sys

from tests.cli.run import Run


def test_bash_completes_commands(run: Run) -> None:
    assert "_INPAINTD_COMPLETE=bash_complete" in run("completion", "bash").out
    environment = os.environ | {
        "_INPAINTD_COMPLETE": "bash_complete",
        "COMP_WORDS": "inpaintd wa",
        "COMP_CWORD": "1",
    }
    script = "from inpaintd.cli import main; main([])"
    done = subprocess.run(
        [sys.executable, "-c", script], env=environment, capture_output=True, text=True
    )
    assert done.stdout.strip() == "plain,watch"
