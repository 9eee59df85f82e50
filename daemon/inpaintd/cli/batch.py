"""Several pictures in one call: a problem with one does not stop the others."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path

import click

from inpaintd_protocol.errors import Category, InpaintError

from .failures import error_map, exit_code

_OF_ONE_PICTURE: tuple[Category, ...] = ("picture", "machine")
"""Categories of errors that concern a single picture. All others stop the batch."""


def each_of(
    sources: Sequence[Path], fill: Callable[[Path, str], None], *, done: str, as_json: bool
) -> int:
    """Call `fill(source, label)` for each source and report failures; return the first's exit code.

    Args:
        done: word for the successful ones in the summary.

    Raises:
        InpaintError: an error that would affect every source, or the cancellation.
    """
    failures: list[InpaintError] = []
    for number, source in enumerate(sources, start=1):
        try:
            fill(source, f"{number} of {len(sources)}, {source.name}: ")
        except InpaintError as error:
            if error.category not in _OF_ONE_PICTURE and error.code != "unsupported":
                raise
            failures.append(error)
            _tell(source, error, as_json=as_json)
    summary = f"{len(sources) - len(failures)} {done}, {len(failures)} failed."
    click.echo(summary, err=True)
    return exit_code(failures[0]) if failures else 0


def _tell(source: Path, error: InpaintError, *, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps({"input": str(source), "error": error_map(error)}))
        return
    name = "" if source.name in error.message else f"{source}: "
    click.echo(f"Error: {name}{error}", err=True)
