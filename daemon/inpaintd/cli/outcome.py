"""What a fill tells at its end: paths on stdout, all else on stderr, or one JSON object."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass

import click

from inpaintd.files.fill import Written
from inpaintd_protocol.messages import Finished, Notice


@dataclass(frozen=True)
class Outcome:
    """A fill that went well."""

    written: list[Written]
    answer: Finished
    notices: tuple[Notice, ...]
    """Warnings about the files; those about the fill are in `answer`."""
    seconds: dict[str, float]


def print_outcome(outcome: Outcome, *, as_json: bool, quiet: bool) -> None:
    """Tell how it went."""
    answer, warnings = outcome.answer, (*outcome.notices, *outcome.answer.warnings)
    if as_json:
        values = {
            "outputs": [{"path": str(w.path), "seed": w.seed} for w in outcome.written],
            "model": answer.model,
            "steps": answer.steps,
            "request_id": answer.request_id,
            "warnings": [asdict(notice) for notice in warnings],
            "seconds": {name: round(value, 4) for name, value in outcome.seconds.items()},
        }
        click.echo(json.dumps(values))
        return
    print_warnings(warnings)
    for path in dict.fromkeys(written.path for written in outcome.written):
        click.echo(str(path))
    if not quiet:
        seeds = ", ".join(str(w.seed) for w in outcome.written)
        click.echo(
            f"Filled with {answer.model}, seed {seeds}, in {outcome.seconds['total']:.1f} s.",
            err=True,
        )


def print_warnings(notices: Iterable[Notice]) -> None:
    """Each as a sentence with its remedy, on stderr."""
    for notice in notices:
        click.echo(f"Warning: {notice.message} {notice.remedy}".rstrip(), err=True)
