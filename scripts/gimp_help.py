"""Makes the help that comes with the GIMP plug-in from docs/gimp.md: scripts/gimp_help.py"""

from __future__ import annotations

import re
from pathlib import Path

from markdown_it import MarkdownIt

ROOT = Path(__file__).parents[1]
GUIDE = ROOT / "docs" / "gimp.md"
HELP = ROOT / "plugins" / "gimp" / "inpaint" / "help"

SECTIONS = {
    "inpaintd-fill": "heal-a-selection",
    "inpaintd-inpaint": "paint-something-new",
    "inpaintd-again": "paint-something-new",
    "inpaintd-edit-again": "paint-something-new",
    "inpaintd-variants": "choose-a-variant",
    "inpaintd-outpaint": "outpaint",
    "inpaintd-mask-by-text": "mask-by-text",
    "inpaintd-models": "models",
    "inpaintd-select-object": "select-object",
    "inpaintd-snap-selection": "select-object",
}
"""Section of the guide that F1 opens, by command."""

_STYLE = """
body { max-width: 46rem; margin: 2rem auto; padding: 0 1rem; font: 1rem/1.5 sans-serif; }
code, pre { background: #eee8; padding: .1em .3em; border-radius: .2em; }
table { border-collapse: collapse; } td, th { border: 1px solid #8888; padding: .3em .6em; }
:root { color-scheme: light dark; }
"""


def page() -> str:
    """The guide as one HTML page, without its pictures."""
    text = re.sub(r"^!\[.*?\]\(.*?\)\n\n?", "", GUIDE.read_text(encoding="utf-8"), flags=re.M)
    text = re.sub(r"\[([^\]]+)\]\((?!#)[^)]*\)", r"\1", text)  # other pages do not come along
    body = MarkdownIt("commonmark").enable("table").render(text)
    body = re.sub(r"<(h[12])>(.*?)</\1>", _with_anchor, body)
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f"<title>inpaintd in GIMP 3</title>\n<style>{_STYLE}</style>\n</head>\n"
        f"<body>\n{body}</body>\n</html>\n"
    )


def contents() -> str:
    """The index in which GIMP's help looks up commands."""
    items = "".join(
        f'  <help-item id="{command}" ref="index.html#{section}"/>\n'
        for command, section in SECTIONS.items()
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<gimp-help>\n'
        f'  <help-missing ref="index.html"/>\n{items}</gimp-help>\n'
    )


def files() -> dict[Path, str]:
    return {HELP / "en" / "index.html": page(), HELP / "en" / "gimp-help.xml": contents()}


def main() -> None:
    for path, text in files().items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def _with_anchor(match: re.Match[str]) -> str:
    tag, title = match.groups()
    anchor = re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")
    return f'<{tag} id="{anchor}">{title}</{tag}>'


if __name__ == "__main__":
    main()
