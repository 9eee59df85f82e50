"""`inpaintd doctor`: check an installation from end to end, and suggest remedies."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import click

from inpaintd.doctor.finding import FAULT, NOTE, OK, Finding
from inpaintd.doctor.installation import check_card, check_libraries, check_python
from inpaintd.doctor.places import check_daemon, check_folders
from inpaintd.install.card import this_card
from inpaintd_protocol.connection import home

_SIGNS = {OK: "ok   ", NOTE: "note ", FAULT: "FAULT"}


@click.command("doctor")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.option("--no-fill", is_flag=True, help="Leave out the fills, which load each model.")
@click.option(
    "--timeout",
    "seconds",
    type=click.FloatRange(min=1),
    default=600.0,
    help="Seconds that each fill may take; 600 when not given.",
)
def command(as_json: bool, no_fill: bool, seconds: float) -> int:
    """Check the installation, and say how to fix what is wrong.

    Checks Python and the libraries, torch and the graphics card, folders, disk and ports, models
    and plug-ins, and fills a small picture with each installed model. The report contains no
    prompts and no secrets. The exit code is 1 when something is wrong.
    """
    found = []
    for finding in _examine(home(), fills=not no_fill, seconds=seconds):
        found.append(finding)
        if not as_json:
            click.echo(f"{_SIGNS[finding.level]}  {finding.what}: {finding.message}")
            if finding.remedy:
                click.echo(f"       -> {finding.remedy}")
    faults = sum(finding.level == FAULT for finding in found)
    if as_json:
        click.echo(json.dumps({"faults": faults, "findings": [asdict(f) for f in found]}))
    else:
        click.echo("")
        click.echo(f"{faults} to be mended." if faults else "Nothing is wrong.")
    return 1 if faults else 0


def _examine(folder: Path, *, fills: bool, seconds: float) -> Iterator[Finding]:
    yield from check_python()
    yield from check_libraries()
    yield from check_card(folder, this_card())
    yield from check_folders(folder)
    yield from check_daemon(folder)
    # Imported late, because a library that these import may be what is broken.
    from inpaintd.doctor.editors import check_gimp, check_login
    from inpaintd.doctor.models import check_fills, check_models

    yield from check_gimp(Path.home())
    yield from check_login(Path.home())
    yield from check_models(folder)
    if fills:
        yield from check_fills(folder, seconds)
