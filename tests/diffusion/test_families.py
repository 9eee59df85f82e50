"""Every pipeline of diffusers that takes a mask is offered, or refused with a reason."""

from __future__ import annotations

import ast
from pathlib import Path

import diffusers
import pytest

from inpaintd.engines.diffusion.families import FAMILY_OF_CLASS, family_of_class
from inpaintd.engines.diffusion.refused import REFUSED
from inpaintd_protocol.errors import InpaintError

PIPELINES = Path(diffusers.__file__).parent / "pipelines"
MASKS = {"mask_image", "control_mask", "mask"}


def takes_a_mask(kind: ast.ClassDef) -> bool:
    calls = [f for f in kind.body if isinstance(f, ast.FunctionDef) and f.name == "__call__"]
    names = {a.arg for f in calls for a in [*f.args.args, *f.args.kwonlyargs]}
    return bool(names & MASKS)


def masked_pipelines() -> dict[str, Path]:
    """Read from their sources: importing them all would take half a minute."""
    found: dict[str, Path] = {}
    for file in sorted(PIPELINES.rglob("pipeline_*.py")):
        for kind in ast.parse(file.read_text(encoding="utf-8")).body:
            if isinstance(kind, ast.ClassDef) and takes_a_mask(kind):
                found[kind.name] = file
    return found


def test_each_is_a_family_or_is_refused_with_a_reason() -> None:
    """Fails by name when a release of diffusers brings a pipeline that nobody has looked at."""
    families = FAMILY_OF_CLASS.values()
    offered = {f.pipeline for f in families}
    offered |= {how.pipeline for f in families for how in f.controlled.values()}
    unknown = {
        name: str(file.relative_to(PIPELINES))
        for name, file in masked_pipelines().items()
        if name not in offered and name not in REFUSED
    }
    assert not unknown


def test_what_is_refused_is_not_offered() -> None:
    assert not set(REFUSED) & set(FAMILY_OF_CLASS)


@pytest.mark.parametrize("name", sorted(REFUSED))
def test_a_refusal_gives_its_reason(name: str) -> None:
    with pytest.raises(InpaintError, match="is not offered: "):
        family_of_class(name, "there")


@pytest.mark.parametrize(
    "name",
    [
        *("Flux2KleinPipeline", "FluxKontextPipeline", "QwenImageEditPipeline", "ChromaPipeline"),
        *("QwenImageEditPlusPipeline", "Flux2Pipeline"),
    ],
)
def test_what_diffusers_can_inpaint_with_is_not_refused(name: str) -> None:
    assert hasattr(diffusers, family_of_class(name, "there").pipeline)
