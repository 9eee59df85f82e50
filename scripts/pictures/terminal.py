"""Terminal sessions as SVG: real commands with their real output."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

import skimage.data
from PIL import Image
from rich.console import Console
from rich.terminal_theme import MONOKAI
from rich.text import Text
from scripts.pictures.fills import TOWER
from scripts.pictures.panels import drawn_mask
from scripts.pictures.shell import Shell

_COLUMNS = 88

SESSIONS = {
    "first-fill": ["inpaintd fill camera.png -M tower.png", "inpaintd again camera.inpainted.png"],
    "status": ["inpaintd status"],
    "setup": ["inpaintd setup --dry-run"],
    "doctor": ["inpaintd doctor"],
    "models": ["inpaintd models list | head -24"],
}
"""The commands typed in each session, by the name of its picture."""

# rich's own frame without its font, which a page would fetch from elsewhere.
_FRAME = """\
<svg class="rich-terminal" viewBox="0 0 {width} {height}" xmlns="http://www.w3.org/2000/svg">
<style>
.{unique_id}-matrix {{ font-family: ui-monospace, Menlo, Consolas, "DejaVu Sans Mono", monospace;
  font-size: {char_height}px; line-height: {line_height}px; font-variant-east-asian: full-width; }}
{styles}
</style>
<defs><clipPath id="{unique_id}-clip-terminal">
<rect x="0" y="0" width="{terminal_width}" height="{terminal_height}" /></clipPath>{lines}</defs>
{chrome}
<g transform="translate({terminal_x}, {terminal_y})" clip-path="url(#{unique_id}-clip-terminal)">
{backgrounds}<g class="{unique_id}-matrix">{matrix}</g></g>
</svg>
"""


def record_all(shell: Shell, folder: Path) -> Iterator[Path]:
    """Write every session into `folder`, and name it once it is there."""
    photograph = Image.fromarray(skimage.data.camera())
    shell.save(photograph, "camera.png")
    shell.save(drawn_mask(photograph.size, TOWER), "tower.png")
    for name, commands in SESSIONS.items():
        path = folder / f"terminal-{name}.svg"
        path.write_text(_recorded(shell, commands, name), "utf-8")
        yield path


def _recorded(shell: Shell, commands: list[str], name: str) -> str:
    console = Console(record=True, width=_COLUMNS, file=io.StringIO(), force_terminal=True)
    for command in commands:
        console.print(Text.assemble(("$ ", "bold green"), (command, "bold")))
        console.print(Text.from_ansi(shell.run(command, _COLUMNS).rstrip()))
    return console.export_svg(title="", theme=MONOKAI, code_format=_FRAME, unique_id=name)
