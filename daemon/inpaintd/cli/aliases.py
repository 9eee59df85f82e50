"""Option names of other inpainting programs, so that familiar commands work.

They are hidden: help shows one name for each setting.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import click

from inpaintd_protocol.settings import settings_fields

_META = "inpaintd.aliases"

_INFILLS = {
    "latent noise": "noise",
    "latent-noise": "noise",
    "latent nothing": "nothing",
    "latent-nothing": "nothing",
}


def _same(value: Any) -> Any:
    return value


def _whole_pixels(value: float) -> int:
    return round(value)


def _infill(value: str) -> str:
    return _INFILLS.get(value.lower(), value.lower())


def _cropped(pixels: int) -> dict[str, Any]:
    """Emulate diffusers' padding_mask_crop: exactly this margin."""
    return {"context_pixels": pixels, "context_factor": 0.0, "area": "masked"}


_VALUES: tuple[tuple[tuple[str, ...], Any, str, Callable[[Any], Any]], ...] = (
    (("-s", "--num-inference-steps", "--num_inference_steps"), int, "steps", _same),
    (("-S",), int, "seed", _same),
    (("-C", "--cfg-scale", "--cfg_scale", "--cfg"), float, "guidance_scale", _same),
    (("-f", "--denoising-strength", "--denoising_strength"), float, "strength", _same),
    (("--mask-blur", "--mask_blur", "--blur-factor"), float, "feather_pixels", _whole_pixels),
    (("--sampler", "--sampling-method", "--sampling_method"), str, "scheduler", _same),
    (("--inpaint-replace", "--inpaint_replace"), float, "replace", _same),
    (("--masked-content", "--masked_content"), str, "infill", _infill),
    (("--padding-mask-crop", "--padding_mask_crop"), int, "", _cropped),
)
"""Names, type, setting (empty when the function returns several), and the conversion."""

_FLAGS = {
    ("--only-masked", "--only_masked"): {"area": "masked"},
    ("--whole-picture", "--whole_picture"): {"area": "whole"},
}


def alias_options() -> list[click.Option]:
    """Add the hidden options to a command with all settings."""
    options = [_valued(*row) for row in _VALUES]
    options += [_flag(names, given) for names, given in _FLAGS.items()]
    taken = {name for names, *_ in _VALUES for name in names}
    for field in settings_fields():
        name = f"--{field.name}"
        if "_" in field.name and name not in taken and not field.name.endswith("_pixels"):
            options.append(_underscored(name, field.name))
    return options


def with_aliases(params: dict[str, Any], ctx: click.Context) -> None:
    """Use a value given by another name, unless the setting's own option is given as well."""
    noted: Mapping[str, Any] = ctx.meta.get(_META, {})
    for name, value in noted.items():
        if params.get(name) in (None, ()):
            params[name] = value


def _valued(
    names: tuple[str, ...], kind: Any, setting: str, change: Callable[[Any], Any]
) -> click.Option:
    def settings(value: Any) -> dict[str, Any]:
        changed = change(value)
        return {setting: changed} if setting else changed

    return _hidden(names, type=kind, callback=_noting(settings))


def _flag(names: tuple[str, ...], given: dict[str, Any]) -> click.Option:
    return _hidden(names, is_flag=True, callback=_noting(lambda _: given))


def _underscored(name: str, setting: str) -> click.Option:
    """Accept a setting under its field's name, spelled as in diffusers."""
    (field,) = (f for f in settings_fields() if f.name == setting)
    fallback = field.metadata["fallback"]
    if isinstance(fallback, bool):
        return _hidden((name,), is_flag=True, callback=_noting(lambda _: {setting: True}))
    kind = str if isinstance(fallback, str) else float
    return _hidden((name,), type=kind, callback=_noting(lambda value: {setting: value}))


def _hidden(names: tuple[str, ...], **more: Any) -> click.Option:
    if not more.get("is_flag"):
        more["default"] = None
    # A name of its own, so that it does not overwrite the parameter of the setting's own option.
    return click.Option(
        [f"alias_{names[-1].strip('-').replace('-', '_')}", *names],
        hidden=True,
        expose_value=False,
        **more,
    )


def _noting(
    settings: Callable[[Any], Mapping[str, Any]],
) -> Callable[[click.Context, click.Parameter, Any], None]:
    def callback(ctx: click.Context, _param: click.Parameter, value: Any) -> None:
        if value not in (None, False):
            ctx.meta.setdefault(_META, {}).update(settings(value))

    return callback
