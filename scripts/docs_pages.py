"""Pages of the guide that are made from the code, while `make docs` builds it. A hook of mkdocs."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT = Path(__file__).resolve().parent.parent

COPIED = {
    "reference/protocol.md": "protocol/PROTOCOL.md",
    "developers/contributing.md": "CONTRIBUTING.md",
    "developers/security.md": "SECURITY.md",
    "developers/changelog.md": "CHANGELOG.md",
    "developers/photoshop-plugin.md": "plugins/photoshop_uxp/README.md",
}
"""Pages that are documents of the repository."""

ELSEWHERE = {
    "../README.md#install": "install.md",
    "../README.md#how-to-go-on": "guide/models.md",
    "../README.md": "index.md",
    "../plugins/photoshop_uxp/README.md": "developers/photoshop-plugin.md",
    "../protocol/PROTOCOL.md": "reference/protocol.md",
    "../SECURITY.md": "developers/security.md",
    "../CONTRIBUTING.md": "developers/contributing.md",
}
"""Targets in the guide for links that lead out of docs/ in the repository."""


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages that are made, and those that are copied."""
    made = {
        "reference/command-line.md": command_line(),
        "reference/settings.md": settings(),
        "reference/errors.md": errors(),
        "reference/exit-codes.md": exit_codes(),
    }
    made |= {name: (ROOT / source).read_text("utf-8") for name, source in COPIED.items()}
    for name, text in made.items():
        files.append(File.generated(config, name, content=text))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Have links that leave docs/ lead to the page of the guide that shows the same."""
    depth = page.file.src_uri.count("/")
    source = COPIED.get(page.file.src_uri)
    base = "" if source is None else str(Path(source).parent).replace(".", "")

    def moved(match: re.Match[str]) -> str:
        label, target = match[1], match[2]
        if source is not None:
            place = _copied_target(base, target)
            if files.get_file_from_path(place.partition("#")[0]) is None:
                return label  # a file of the repository that the guide does not show
            return f"[{label}]({'../' * depth}{place})"
        for start, page_name in ELSEWHERE.items():
            if target.startswith(start):
                return f"[{label}]({'../' * depth}{page_name}{target.removeprefix(start)})"
        return match[0]

    return re.sub(r"\[([^\]]+)\]\((?!https?:|#|mailto:)([^)\s]+)\)", moved, markdown)


def _copied_target(base: str, target: str) -> str:
    """A link in a document of the repository, as seen from the top of the guide."""
    parts: list[str] = []
    path, mark, anchor = target.partition("#")
    for part in f"{base}/{path}".split("/"):
        if part == "..":
            parts.pop()
        elif part not in ("", "."):
            parts.append(part)
    place = "/".join(parts)
    page = next((name for name, source in COPIED.items() if source == place), None)
    return (page or place.removeprefix("docs/")) + mark + anchor


def command_line() -> str:
    """Every command with its options, as --help-all shows them."""
    sys.path[:0] = [str(ROOT / "daemon"), str(ROOT / "protocol")]
    from inpaintd.cli import group

    lines = ["# Command line", ""]
    context = click.Context(group, info_name="inpaintd", max_content_width=96)
    for name in group.list_commands(context):
        lines += _command(group.get_command(context, name), f"inpaintd {name}")
    return "\n".join(lines)


def _command(command: click.Command | None, name: str, level: int = 2) -> Iterator[str]:
    assert command is not None
    context = click.Context(command, info_name=name, max_content_width=96)
    context.meta["inpaintd.help_all"] = True
    yield f"{'#' * level} `{name}`"
    yield ""
    yield "```text"
    yield command.get_help(context)
    yield "```"
    yield ""
    if isinstance(command, click.Group):
        for child in command.list_commands(context):
            yield from _command(command.get_command(context, child), f"{name} {child}", level + 1)


def settings() -> str:
    """Every setting with its default, range and meaning."""
    from inpaintd_protocol.settings import settings_fields

    lines = [
        "# Settings",
        "",
        "What is left unset takes the model's own default, and where the model has none, the one",
        "below. The options of the command line are on the page [Command line](command-line.md),",
        "and what each named value does is on the page [Choices](choices.md).",
        "",
        "| setting | default | range | meaning |",
        "|---|---|---|---|",
    ]
    for field in settings_fields():
        about: Any = field.metadata
        default = about.get("fallback", field.default)
        lines.append(
            f"| `{field.name}`<br>*{about['label']}* | {_shown(default)} | {_range(about)} "
            f"| {about['help']} |"
        )
    return "\n".join(lines) + "\n"


def _shown(default: object) -> str:
    if default in (None, "", ()):
        return ""
    if isinstance(default, bool):
        return "on" if default else "off"
    return f"`{default}`"


def _range(about: Any) -> str:
    if about["choices"]:
        return ", ".join(f"`{choice}`" for choice in about["choices"])
    if about["minimum"] is None:
        return ""
    unit = f" {about['unit']}" if about["unit"] else ""
    return f"{about['minimum']:.10g} to {about['maximum']:.10g}{unit}"


def errors() -> str:
    """The codes of errors, from the protocol's own table."""
    text = (ROOT / "protocol/PROTOCOL.md").read_text("utf-8")
    table = text.split("<!-- begin errors -->")[1].split("<!-- end errors -->")[0]
    return (
        "# Errors\n\nA program compares the code; a person reads the sentence that comes with it,\n"
        f"and what to do about it.\n\n{table.strip()}\n"
    )


def exit_codes() -> str:
    """The exit codes of the command line."""
    from inpaintd.cli import group

    text = " ".join(str(group.epilog).split())
    codes = re.findall(r"(\d+) ([^,.]+(?:, [a-z][^,.\d]*)*)", text)
    rows = [f"| {code} | {meaning} |" for code, meaning in codes]
    return "\n".join(["# Exit codes", "", "| code | meaning |", "|---|---|", *rows, ""])
