"""The report of a fill: paths on stdout and all else on stderr, or one JSON object."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import click

from inpaintd.files.fill import Written
from inpaintd.setting_names import option_name
from inpaintd.shell_words import quoted
from inpaintd_protocol.messages import Finished, Notice
from inpaintd_protocol.settings import settings_fields

from .contact_sheet import write_contact_sheet


@dataclass
class Outcome:
    """A successful fill."""

    source: Path
    written: list[Written]
    answer: Finished
    notices: tuple[Notice, ...]
    """Warnings about the files; those about the fill are in `answer`."""
    seconds: dict[str, float]
    grid: Path | None = None
    """All variants in one picture."""

    def write_grid(self) -> None:
        """Add the contact sheet of the variants."""
        self.grid = write_contact_sheet([written.path for written in self.written])


def print_outcome(outcome: Outcome, *, as_json: bool, quiet: bool) -> None:
    """Report the outcome."""
    answer, warnings = outcome.answer, (*outcome.notices, *outcome.answer.warnings)
    if as_json:
        values = {
            "input": str(outcome.source),
            "outputs": [{"path": str(w.path), "seed": w.seed} for w in outcome.written],
            "model": answer.model,
            "steps": answer.steps,
            "request_id": answer.request_id,
            "warnings": [asdict(n) for n in _for_files(warnings, outcome.source)],
            "seconds": {name: round(value, 4) for name, value in outcome.seconds.items()},
        }
        if outcome.grid is not None:
            values["grid"] = str(outcome.grid)
        click.echo(json.dumps(values))
        return
    print_warnings(_for_files(warnings, outcome.source))
    for path in dict.fromkeys(written.path for written in outcome.written):
        click.echo(str(path))
    if outcome.grid is not None:
        click.echo(str(outcome.grid))
    if not quiet:
        seeds = ", ".join(str(w.seed) for w in outcome.written)
        click.echo(
            f"Filled with {answer.model}, seed {seeds}, in {outcome.seconds['total']:.1f} s.",
            err=True,
        )


def _for_files(notices: Iterable[Notice], source: Path) -> Iterator[Notice]:
    """Reword warnings for users of files and options rather than of an editor's dialog."""
    for notice in notices:
        if notice.code == "not_honoured":
            yield replace(notice, message=_with_options(notice.message))
            continue
        if notice.code == "colour_lost":
            yield replace(
                notice,
                remedy="Give the picture from before the erasing as well: "
                f"inpaintd fill ORIGINAL -M {quoted(source.name)}",
            )
        else:
            yield notice


def _with_options(message: str) -> str:
    """Name settings by their options instead of their labels."""
    for field in settings_fields():
        message = message.replace(f"“{field.metadata['label']}”", option_name(field.name))
    return message


def print_warnings(notices: Iterable[Notice]) -> None:
    """Print each warning with its remedy on stderr."""
    for notice in notices:
        click.echo(f"Warning: {notice.message} {notice.remedy}".rstrip(), err=True)
