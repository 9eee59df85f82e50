"""Parser of chains: a TOML file of steps, turned into one order."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from inpaintd.files.mask_file import Everywhere, MaskFile, has_hole
from inpaintd.files.order import Order
from inpaintd.files.picture import Picture, empty_picture
from inpaintd.files.reading import read_file
from inpaintd_protocol.codec import settings_from_map
from inpaintd_protocol.errors import InpaintError
from inpaintd_protocol.limits import PLANE_PIXELS
from inpaintd_protocol.settings import Settings, SettledStage, Stage, fallback_of

_KEYS = ("image", "size", "mask", "output", "reference", "step")
_KINDS = next(field.metadata["choices"] for field in fields(Stage) if field.name == "kind")
_LEAST_SIDE = 8
_HINT = "See: inpaintd chain --help"

_USUAL_STRENGTH = {
    # By kind of step, defaults that differ from those of the record it becomes.
    (Stage, "inpaint"): fallback_of("strength"),
    (Settings, "image-to-image"): SettledStage().strength,
}


@dataclass(frozen=True)
class Step:
    """One [[step]].

    Attributes:
        number: its place in the file, from 1.
        values: all its values except kind and mask.
    """

    number: int
    kind: str
    mask: Path | None
    values: Mapping[str, Any]

    @property
    def name(self) -> str:
        return f"step {self.number} ({self.kind})"


@dataclass(frozen=True)
class Chain:
    """A valid file of steps.

    Attributes:
        order: one request, with one step as its own pass and the others as its stages.
        picture: the order's source.
        steps: in the order of the file.
    """

    order: Order
    picture: Picture
    steps: tuple[Step, ...]


def read_chain(path: Path) -> Chain:
    """Read a file of steps.

    Raises:
        InpaintError: `unreadable`, naming the mistake; also as `read_picture`.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise InpaintError(
            "unreadable",
            f"{path} cannot be opened: {error.strerror}.",
            "Check the name and the permissions.",
        ) from error
    except UnicodeDecodeError as error:
        raise InpaintError(
            "unreadable", f"{path} is not a chain: it is not UTF-8 text.", _HINT
        ) from error
    try:
        table = tomllib.loads(text)
        steps = _steps(table, path.parent)
        if "size" in table:
            order = _on_empty_canvas(path, table, steps)
            return Chain(order, empty_picture(path, *_size(table)), steps)
        source = path.parent / _text(table, "image")
        picture = read_file(source)
        return Chain(_on_picture(source, table, steps, picture, path.parent), picture, steps)
    except ValueError as error:
        raise InpaintError("unreadable", f"{path} is not a valid chain: {error}.", _HINT) from error


def _steps(table: Mapping[str, Any], folder: Path) -> tuple[Step, ...]:
    unknown = sorted(set(table) - set(_KEYS))
    if unknown:
        raise ValueError(f"{unknown[0]} is not a valid key; use {', '.join(_KEYS)}")
    if ("image" in table) == ("size" in table):
        raise ValueError("it needs either image or size")
    written = table.get("step")
    if not written:
        raise ValueError("it has no [[step]]")
    if not isinstance(written, list) or not all(isinstance(step, dict) for step in written):
        raise ValueError("write each step under a heading [[step]]")
    return tuple(_step(number, values, folder) for number, values in enumerate(written, start=1))


def _step(number: int, written: Mapping[str, Any], folder: Path) -> Step:
    known = ["kind", "mask", *(field.name for cls in (Settings, Stage) for field in fields(cls))]
    unknown = sorted(set(written) - set(known))
    if unknown and "kind" not in written:
        raise ValueError(
            f"step {number} has the unsupported key {unknown[0]}{_nearest(unknown[0], known)}"
        )
    kind = written.get("kind", "nothing")
    if kind not in _KINDS:
        raise ValueError(f"the kind of step {number} is {kind}; it must be {' or '.join(_KINDS)}")
    mask = folder / _text(written, "mask") if "mask" in written else None
    values = {key: value for key, value in written.items() if key not in ("kind", "mask")}
    step = Step(number, kind, mask, values)
    if kind == "text-to-image" and number > 1:
        raise ValueError(f"{step.name} paints over all earlier steps, so it must come first")
    if kind == "text-to-image" and "strength" in values:
        raise ValueError(f"{step.name} starts from nothing, so it takes no strength")
    if mask and kind != "inpaint":
        raise ValueError(f"{step.name} works on the whole picture, so it takes no mask")
    return step


def _on_empty_canvas(path: Path, table: Mapping[str, Any], steps: Sequence[Step]) -> Order:
    first = steps[0]
    if first.kind != "text-to-image":
        raise ValueError(f"without an image, {first.name} must be text-to-image")
    if "mask" in table:
        raise ValueError("without an image, the mask belongs in the step that inpaints there")
    order = Order(path, _settings(first, steps[1:]), size=_size(table))
    return _with_masks(order, table, path.parent, Everywhere.EVERYWHERE, first, steps[1:])


def _on_picture(
    source: Path,
    table: Mapping[str, Any],
    steps: Sequence[Step],
    picture: Picture,
    folder: Path,
) -> Order:
    frame: MaskFile | None = None if has_hole(picture) else Everywhere.EVERYWHERE
    if "mask" in table:
        frame = folder / _text(table, "mask")
    own = 0
    if steps[0].kind == "text-to-image":
        # The next step continues from what this one paints into the hole.
        own = 1
        if len(steps) == 1 or frame is Everywhere.EVERYWHERE:
            raise ValueError(
                f"{steps[0].name} would paint over the whole image: write size instead of image, "
                "or add a mask that says where to paint, and inpaint there in the next step"
            )
    others = [step for index, step in enumerate(steps) if index != own]
    order = Order(source, _settings(steps[own], others))
    return _with_masks(order, table, folder, frame, steps[own], others)


def _with_masks(
    order: Order,
    table: Mapping[str, Any],
    folder: Path,
    frame: MaskFile | None,
    own: Step,
    others: Sequence[Step],
) -> Order:
    """Compose the order with the masks of its passes and the other values of the table.

    Args:
        frame: mask for steps without one; None for the transparent part.
    """
    for step in (own, *others):
        found = step.mask or "text_mask" in step.values
        if step.kind == "inpaint" and frame is Everywhere.EVERYWHERE and not found:
            raise ValueError(f"{step.name} has no area to paint: add a mask to it")
    by_words = frame is Everywhere.EVERYWHERE and "text_mask" in own.values
    own_mask = own.mask or (None if by_words else frame)
    masks = tuple(step.mask or frame for step in others)
    if frame is None and own_mask is not None and None in masks:
        raise ValueError(
            f"{own.name} has a mask but another step has none, and the image has transparent "
            "parts: add a mask next to image, for all steps without their own"
        )
    stage_masks = tuple(None if mask == own_mask else mask for mask in masks)
    return replace(
        order,
        mask=own_mask,
        stage_masks=stage_masks if any(stage_masks) else (),
        out=folder / _text(table, "output") if "output" in table else None,
        with_files=True,
        **_references(order.settings, table, folder),
    )


def _references(settings: Settings, table: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """The values of an order that come from the [[reference]]s of the table."""
    written = table.get("reference", [])
    if not isinstance(written, list) or not all(isinstance(entry, dict) for entry in written):
        raise ValueError("write each reference under a heading [[reference]], with its file")
    if not all("file" in entry for entry in written):
        raise ValueError("a [[reference]] has no file")
    files = tuple(folder / _text(entry, "file") for entry in written)
    if not files:
        return {}
    weights = [{k: v for k, v in entry.items() if k != "file"} for entry in written]
    found: Settings = settings_from_map(Settings, {"references": weights})
    return {"settings": replace(settings, references=found.references), "references": files}


def _settings(own: Step, others: Sequence[Step]) -> Settings:
    if any("references" in step.values for step in (own, *others)):
        raise ValueError("references belong next to image, each under a heading [[reference]]")
    if "stages" in own.values:
        raise ValueError(f"{own.name} cannot have stages: write them as separate steps")
    stages = tuple(_checked(Stage, step, {"kind": step.kind}) for step in others)
    settings: Settings = replace(_checked(Settings, own, {}), stages=stages)
    return settings


def _checked(cls: type[Any], step: Step, more: Mapping[str, Any]) -> Any:
    """Build `Settings` or a `Stage` from a step's values and the additional ones."""
    known = [field.name for field in fields(cls)]
    unknown = sorted(set(step.values) - set(known))
    if unknown:
        has = (
            f"it can have mask, {', '.join(known[1:])}"
            if cls is Stage
            else "it can have the settings of inpaintd fill"
        )
        near = _nearest(unknown[0], known)
        raise ValueError(f"{step.name} has the unsupported key {unknown[0]}{near}; {has}")
    usual = _USUAL_STRENGTH.get((cls, step.kind))
    first = {} if usual is None else {"strength": usual}
    try:
        return settings_from_map(cls, {**first, **step.values, **more})
    except InpaintError as error:
        raise ValueError(f"in {step.name}, {error.message.rstrip('.')}") from error


def _nearest(name: str, known: Sequence[str]) -> str:
    near = get_close_matches(name, known, n=1, cutoff=0.7)
    return f" (the nearest is {near[0]})" if near else ""


def _size(table: Mapping[str, Any]) -> tuple[int, int]:
    size = table["size"]
    if (
        not isinstance(size, list)
        or len(size) != 2
        or any(type(side) is not int or side < _LEAST_SIDE for side in size)
    ):
        raise ValueError(f"size must be like [1024, 768], each side {_LEAST_SIDE} or more")
    width, height = size
    if width * height > PLANE_PIXELS:
        raise ValueError(f"size has more than {PLANE_PIXELS // 1_000_000} million pixels")
    return width, height


def _text(table: Mapping[str, Any], key: str) -> str:
    value = table[key]
    if not isinstance(value, str) or not value:
        raise ValueError(f"{key} must be the name of a file")
    return value
