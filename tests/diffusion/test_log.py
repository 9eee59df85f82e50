"""Nothing that the libraries say reaches a worker's log."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.diffusion.tiny_models import Build
from tests.running import ROOT

_A_WORKERS_WORK = """
import sys
from pathlib import Path
from inpaintd.engines.load import load
from tests.diffusion.pictures import quiet, settings, task
engine = load("diffusion", Path(sys.argv[1]))
for model in sys.argv[2:]:
    asked = settings(model=model, prompt="a cat " * 600, preview=True)
    engine.paint([task()], asked, quiet)
"""


def test_nothing_of_the_libraries_reaches_the_log(
    tiny: Build, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HF_HUB_OFFLINE", "TRANSFORMERS_VERBOSITY", "PYTHONWARNINGS"):
        monkeypatch.delenv(name, raising=False)
    kinds = ["sd15", "sdxl", "flux", "qwen-image", "kandinsky"]
    about = 'title = "Tiny"\nengine = "diffusion"\nnative_side = 64\n'
    entries = [f'["{kind}"]\n{about}source = "{tiny(kind)}"\n' for kind in kinds]
    entries.append(f'prior = "prior"\n["prior"]\n{about}source = "{tiny("kandinsky")}-prior"\n')
    (tmp_path / "models.toml").write_text("".join(entries))
    done = subprocess.run(
        [sys.executable, "-c", _A_WORKERS_WORK, str(tmp_path), *kinds],
        cwd=ROOT,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
