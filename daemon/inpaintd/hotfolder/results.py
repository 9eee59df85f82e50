"""Write a fill's results into the private folder, whole and synced. Runs in threads."""

from __future__ import annotations

import os
import shutil
from dataclasses import replace
from pathlib import Path, PurePosixPath

from inpaintd.files.document import NewLayer
from inpaintd.files.exchange import lay_over, layer_alone
from inpaintd.files.fill import write_answer
from inpaintd.files.layered import add_layers, is_layered
from inpaintd.files.recipe import make_recipe
from inpaintd_protocol.errors import InpaintError
from inpaintd_protocol.messages import Finished

from .drops import RESULT_MARK
from .layout import Layout
from .moving import with_ending
from .prepare import Prepared
from .reading import read_regular

_SPARE_BYTES = 16 << 20


def write_results(
    layout: Layout, job: int, prepared: Prepared, answer: Finished
) -> tuple[str, ...]:
    """Write each variant as `JOB.SUFFIX` or `JOB.1.SUFFIX`; returns the names.

    Raises:
        InpaintError: `unwritable`; nothing of this job is left behind.
    """
    remove_results(layout, job)
    out = layout.results / f"{job}{prepared.suffix}"
    try:
        if is_layered(out):
            _write_document(layout, job, out, prepared, answer)
            return (out.name,)
        opened = replace(prepared.opened, order=replace(prepared.opened.order, out=out), out=out)
        return tuple(w.path.name for w in write_answer(opened, prepared.sent, answer))
    except (InpaintError, OSError):
        remove_results(layout, job)
        raise


def _write_document(
    layout: Layout, job: int, out: Path, prepared: Prepared, answer: Finished
) -> None:
    """The source document with each variant as a layer of its own."""
    source = layout.members_folder(job) / prepared.picture_name
    data, _ = read_regular(source, layout.root)
    layers = [
        NewLayer(
            image=layer_alone(prepared.sent, layer),
            merged=lay_over(prepared.sent, layer),
            name=f"Inpainted (seed {layer.seed})",
            recipe=make_recipe(prepared.settings, model=answer.model, seed=layer.seed),
        )
        for layer in answer.layers
    ]
    with out.open("wb") as file:
        file.write(add_layers(source, data, layers))
        file.flush()
        os.fsync(file.fileno())


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
