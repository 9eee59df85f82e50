"""The memory planner held to its word: limit by family by plan, predicted and measured peaks.

    python bench/memory_plans.py [--write] [KIND ...]

Runs tiny models of the true architectures on a stand-in for an accelerator whose memory has a hard
limit. `--write` puts the table into docs/performance.md. Needs g++ and Linux.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs" / "performance.md"
BEGIN, END = "<!-- memory plans -->", "<!-- end of memory plans -->"

KINDS = (
    *("sd15", "sd15-inpainting", "sdxl", "sdxl-inpainting", "kandinsky", "sd3"),
    *("flux", "flux:gguf", "flux-fill", "flux-kontext", "flux2-klein", "flux2", "chroma"),
    *("qwen-image", "qwen-edit", "qwen-edit-plus", "z-image", "z-image:gguf"),
)

NAMES = {
    "RESIDENT": "resident",
    "ENCODERS_AWAY": "text encoders away",
    "OFFLOADED": "parts in turn",
    "STREAMED": "layer by layer",
}


def rows_of(kind: str, library: Path) -> list[dict[str, Any]]:
    """Collect the outcome at each limit, in a process of its own."""
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(
            [sys.executable, "-m", "tests.diffusion.limited_device", library, folder, kind],
            cwd=ROOT,
            env=os.environ | {"HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1"},
            capture_output=True,
            text=True,
            check=False,
        )
    if done.returncode:
        sys.exit(f"{kind}: {done.stderr[-2000:]}")
    rows: list[dict[str, Any]] = json.loads(done.stdout)[kind]
    return rows


def table(happened: dict[str, list[dict[str, Any]]]) -> str:
    """The table in Markdown; sizes in kB, since the models are tiny."""
    lines = [
        "| family | limit, kB | plan | predicted, kB | measured, kB | mean difference |",
        "|---|--:|---|--:|--:|--:|",
    ]
    for kind, rows in happened.items():
        for row in rows:
            limit = f"| {kind} | {row['limit'] / 1000:.0f}"
            if "refused" in row:
                lines.append(f"{limit} | refused before loading | | 0 | |")
                continue
            plan = NAMES[row["placement"]]
            plan += ", 8 bits" if row["eight_bits"] else ""
            plan += ", tiled VAE" if row["tiled"] else ""
            difference = f"{row['difference']:.4f}" if row["difference"] else "0, bit-exact"
            lines.append(
                f"{limit} | {plan} | {row['predicted'] / 1000:.0f} | {row['peak'] / 1000:.0f} "
                f"| {difference} |"
            )
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--write", action="store_true")
    parser.add_argument("kinds", nargs="*", default=KINDS)
    asked = parser.parse_args()
    if sys.platform != "linux" or not shutil.which("g++") or not find_spec("diffusers"):
        print("skipped: needs Linux, g++ and the extra, pip install '.[diffusion]'")
        return
    sys.path.insert(0, str(ROOT))
    from tests.diffusion import fake_device

    library = fake_device.built()
    made = table({kind: rows_of(kind, library) for kind in asked.kinds})
    print(made)
    if asked.write:
        before, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
        after = rest.partition(END)[2]
        PAGE.write_text(f"{before}{BEGIN}\n{made}\n{END}{after}", encoding="utf-8")


if __name__ == "__main__":
    main()
