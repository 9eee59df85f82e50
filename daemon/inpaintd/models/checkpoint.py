"""The type of a single file of weights, detected from its tensors' names and shapes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from inpaintd.models.configurations import KINDS, Kind
from inpaintd.models.not_a_model import explained, is_vae
from inpaintd.models.weights import Tensor, tensors_in
from inpaintd.shell_words import command
from inpaintd_protocol.errors import InpaintError

_DENOISER = "model.diffusion_model."
_FIRST = f"{_DENOISER}input_blocks.0.0.weight"
_READS_TEXT = "attn2.to_k.weight"
_VAE = "first_stage_model."
_TEXT = ("cond_stage_model.", "conditioner.")

_KIND_OF_TEXT_WIDTH = {768: "sd-1.5", 2048: "sdxl", 1280: "sdxl-refiner"}
_SD_2_TEXT_WIDTH = 1024

_DTYPES = {"F64": "fp64", "F32": "fp32", "F16": "fp16", "BF16": "bf16"}

_NAME_A_CONFIGURATION = (
    "If you have its configuration as a folder in the layout of diffusers, "
    "name it with --config FOLDER."
)


@dataclass(frozen=True)
class Checkpoint:
    """A whole model in one file.

    Attributes:
        kind: one of `KINDS`; None when only a configuration given with it can tell.
        dtype: of most of its weights, such as fp16.
        parameters: number of parameters of its denoiser.
        channels: input channels of its denoiser.
        vae: whether it contains a VAE.
    """

    file: Path
    kind: str | None
    dtype: str
    parameters: int
    channels: int
    vae: bool

    @property
    def title(self) -> str:
        """The model's type, for people."""
        return KINDS[self.kind].title if self.kind else "Stable Diffusion of another kind"


def read_checkpoint(file: Path, *, vae: bool = False, configured: bool = False) -> Checkpoint:
    """Identify the model in a single file.

    Args:
        vae: whether a VAE is given separately.
        configured: whether a configuration is given separately.

    Raises:
        InpaintError: as `tensors_in`; `not_a_model` for a file that is not a whole model of a known
            kind, saying what it is and where it belongs.
    """
    tensors = tensors_in(file)
    if _FIRST not in tensors:
        raise explained(file, tensors)
    denoiser = {name: t for name, t in tensors.items() if name.startswith(_DENOISER)}
    kind = None if configured else _kind(file, tensors, denoiser)
    has_vae = any(name.startswith(_VAE) for name in tensors)
    _check_whole(file, tensors, KINDS[kind].text if kind else (), vae or has_vae)
    return Checkpoint(
        file=file,
        kind=kind,
        dtype=_dtype(denoiser.values()),
        parameters=_numbers(denoiser.values()),
        channels=_channels(tensors),
        vae=has_vae,
    )


def kind_of(file: Path, *, vae: bool = False) -> Kind:
    """The kind of model in a single file.

    Raises:
        InpaintError: as `read_checkpoint`.
    """
    kind = read_checkpoint(file, vae=vae).kind
    assert kind is not None
    return KINDS[kind]


def check_vae(file: Path) -> None:
    """Check that a single file holds a VAE.

    Raises:
        InpaintError: as `tensors_in`, and `not_a_model` for something else.
    """
    if not is_vae(tensors_in(file)):
        raise InpaintError("not_a_model", f"{file} is not a VAE.", "Name the file of one.")


def _kind(file: Path, tensors: Mapping[str, Tensor], denoiser: Mapping[str, Tensor]) -> str:
    channels = _channels(tensors)
    widths = {t.shape[-1] for name, t in denoiser.items() if name.endswith(_READS_TEXT) and t.shape}
    width = widths.pop() if len(widths) == 1 else 0
    if width == _SD_2_TEXT_WIDTH:
        raise InpaintError(
            "not_a_model",
            f"{file} is a Stable Diffusion 2 model, and no tensor tells how it predicts.",
            _NAME_A_CONFIGURATION,
        )
    name = _KIND_OF_TEXT_WIDTH.get(width, "")
    if channels == 9 and f"{name}-inpainting" in KINDS:
        name = f"{name}-inpainting"
    if name not in KINDS or "edm_mean" in tensors:
        raise InpaintError(
            "not_a_model",
            f"{file} holds a diffusion model of a kind that is not known here.",
            _NAME_A_CONFIGURATION,
        )
    kind = KINDS[name]
    if channels != kind.channels:
        raise InpaintError(
            "not_a_model",
            f"{file} is made from {kind.title} for another task: its denoiser takes {channels} "
            f"channels instead of {kind.channels}.",
            "Choose a model for pictures from text, or for inpainting.",
        )
    if "v_pred" in tensors:
        raise InpaintError(
            "not_a_model",
            f"{file} is a {kind.title} that predicts velocity instead of noise.",
            _NAME_A_CONFIGURATION,
        )
    found = _numbers(denoiser.values())
    if found != kind.parameters:
        raise InpaintError(
            "not_a_model",
            f"{file} looks like {kind.title}, but its denoiser has {found:,} parameters instead "
            f"of {kind.parameters:,}: it was made smaller, extended or packed.",
            _NAME_A_CONFIGURATION,
        )
    return name


def _check_whole(file: Path, names: Iterable[str], text: tuple[str, ...], vae: bool) -> None:
    """Check that the file contains all parts of a model besides its denoiser.

    Args:
        text: prefixes of names that its text encoders must have; empty to accept any.
        vae: whether there is a VAE.
    """
    names = list(names)
    lacking = [] if any(name.startswith(_TEXT) for name in names) else ["text encoder"]
    lacking += [] if vae else ["VAE"]
    if lacking:
        raise InpaintError(
            "not_a_model",
            f"{file} is not a whole model: it has no {' and no '.join(lacking)}.",
            f"Name a VAE besides: {command('inpaintd', 'models', 'install', str(file))} --vae FILE"
            if lacking == ["VAE"]
            else "Get the whole model, or its folder in the layout of diffusers.",
        )
    if not all(any(name.startswith(prefix) for name in names) for prefix in text):
        raise InpaintError(
            "not_a_model",
            f"{file} has a text encoder under names that are not known here.",
            "Get its folder in the layout of diffusers.",
        )


def _channels(tensors: Mapping[str, Tensor]) -> int:
    shape = tensors[_FIRST].shape
    return shape[1] if len(shape) > 1 else 0


def _numbers(tensors: Iterable[Tensor]) -> int:
    return sum(tensor.numbers for tensor in tensors)


def _dtype(tensors: Iterable[Tensor]) -> str:
    counts = Counter[str]()
    for tensor in tensors:
        counts[tensor.dtype] += tensor.numbers
    most = counts.most_common(1)[0][0]
    return _DTYPES.get(most, most.lower())
