"""The options for reference pictures, and for where they count."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from inpaintd.setting_names import settings_of_options
from inpaintd_protocol.codec import settings_to_map
from inpaintd_protocol.settings import Reference, Settings


class _ReferenceFile(click.ParamType):  # type: ignore[type-arg]  # generic since click 8.5 only
    """A file, and after a colon its weight."""

    name = "reference"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if isinstance(value, tuple):
            return value
        file, colon, weight = str(value).rpartition(":")
        # A Windows drive letter is not a file, and a name may contain a colon.
        if not colon or Path(value).exists():
            return Path(value), 1.0
        try:
            return Path(file), float(weight)
        except ValueError:
            return Path(value), 1.0


reference_option = click.option(
    "reference_files",
    "--reference",
    multiple=True,
    type=_ReferenceFile(),
    metavar="FILE[:WEIGHT]",
    help=Settings.__dataclass_fields__["references"].metadata["help"].removesuffix(".")
    + ". Repeatable.",
)


region_option = click.option(
    "region_files",
    "--reference-region",
    multiple=True,
    type=click.Path(path_type=Path),
    metavar="MASK",
    help="Let a reference count only where this mask is white. Repeatable: the first is that of "
    "the first reference.",
)


def reference_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Decorate a command with the options for references and their regions."""
    return reference_option(region_option(function))


@dataclass(frozen=True)
class GivenReferences:
    """References as given on the command line."""

    settings: tuple[Reference, ...] | None
    files: tuple[Path, ...]
    regions: tuple[Path | None, ...]

    @classmethod
    def of(
        cls, files: tuple[tuple[Path, float], ...], regions: tuple[Path, ...]
    ) -> GivenReferences:
        """Take the values of the two options.

        Raises:
            InpaintError: `bad_message` for a weight out of range.
            click.UsageError: for more regions than references.
        """
        if len(regions) > len(files):
            raise click.UsageError(
                f"There are {len(regions)} regions for {len(files)} references. Give each region "
                "after its --reference."
            )
        missing = (None,) * (len(files) - len(regions))
        limits = (*regions, *missing) if regions else ()
        return cls(weights_of(files) or None, tuple(file for file, _ in files), limits)


def weights_of(files: tuple[tuple[Path, float], ...]) -> tuple[Reference, ...]:
    """Extract the settings from the values of --reference.

    Raises:
        InpaintError: `bad_message` for a weight out of range.
    """
    given = Settings(references=tuple(Reference(weight) for _, weight in files))
    return settings_of_options(settings_to_map(given)).references or ()
