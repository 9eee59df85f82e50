"""Write a fill's results into the private folder, whole and synced. Runs in threads."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path, PurePosixPath

from inpaintd.files.fill import write_answer
from inpaintd.files.write import with_ending
from inpaintd_protocol.errors import InpaintError
from inpaintd_protocol.messages import Finished

from .drops import RESULT_MARK
from .layout import Layout
from .prepare import Prepared

_SPARE_BYTES = 16 << 20


def write_results(
    layout: Layout, job: int, prepared: Prepared, answer: Finished
) -> tuple[str, ...]:
    """Write each variant as `JOB.SUFFIX` or `JOB.1.SUFFIX`, or one document; returns the names.

    Raises:
        InpaintError: `unwritable`; nothing of this job is left behind.
    """
    remove_results(layout, job)
    out = layout.results / f"{job}{prepared.suffix}"
    try:
        opened = replace(prepared.opened, order=replace(prepared.opened.order, out=out), out=out)
        written = write_answer(opened, prepared.sent, answer)
        return tuple(dict.fromkeys(w.path.name for w in written))  # a document holds all variants
    except (InpaintError, OSError):
        remove_results(layout, job)
        raise


def remove_results(layout: Layout, job: int) -> None:
    """Remove what a job that was interrupted may have left."""
    for path in [*layout.results.glob(f"{job}.*"), *layout.results.glob(f".{job}.*")]:
        path.unlink(missing_ok=True)


def result_name(layout: Layout, source: str, suffix: str) -> str:
    """What a result is called in the outbox, when that name is free."""
    mark = RESULT_MARK if layout.in_place else ""
    return with_ending(PurePosixPath(source), mark + suffix)


def disk_is_full(error: Exception, folder: Path) -> bool:
    """Whether an error is due to a lack of room, which passes by itself."""
    if "No space left" in str(error) or "disk is full" in str(error):
        return True
    return shutil.disk_usage(folder).free < _SPARE_BYTES
