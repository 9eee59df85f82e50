"""Write the results of a fill to the private folder, complete and synced."""

from __future__ import annotations

import secrets
import shutil
from dataclasses import replace
from pathlib import Path

from inpaintd.files.exchange import Sent
from inpaintd.files.fill import Opened, write_answer
from inpaintd.files.write import result_suffix
from inpaintd_protocol.errors import InpaintError
from inpaintd_protocol.messages import Finished

from .layout import Layout

_SPARE_BYTES = 16 << 20


def write_results(
    layout: Layout, job: int, opened: Opened, sent: Sent, answer: Finished
) -> tuple[str, ...]:
    """Write each variant as `JOB-XXXX.SUFFIX` or `JOB-XXXX.1.SUFFIX`; a document holds all of them.

    The names differ each time: a process of a killed watch may still be writing.

    Returns:
        The names.

    Raises:
        InpaintError: `unwritable`; nothing of this job is left behind.
    """
    remove_results(layout, job)
    out = layout.results / f"{job}-{secrets.token_hex(2)}{result_suffix(opened.picture)}"
    try:
        opened = replace(opened, order=replace(opened.order, out=out), out=out)
        written = write_answer(opened, sent, answer)
        return tuple(dict.fromkeys(w.path.name for w in written))  # a document holds all variants
    except (InpaintError, OSError):
        remove_results(layout, job)
        raise


def remove_results(layout: Layout, job: int) -> None:
    """Remove files that an interrupted job may have left."""
    for path in [*layout.results.glob(f"{job}-*"), *layout.results.glob(f".{job}-*")]:
        path.unlink(missing_ok=True)


def disk_is_full(error: Exception, folder: Path) -> bool:
    """Test whether an error is due to a lack of disk space, which is temporary."""
    if "No space left" in str(error) or "disk is full" in str(error):
        return True
    return shutil.disk_usage(folder).free < _SPARE_BYTES
