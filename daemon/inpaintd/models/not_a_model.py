"""Recognition of .safetensors files that hold no whole model, with where they belong."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from inpaintd.models.weights import Tensor
from inpaintd.shell_words import quoted
from inpaintd_protocol.connection import home
from inpaintd_protocol.errors import InpaintError

_FOLDER = "Name the folder that contains its model_index.json, or the repository it came from."


@dataclass(frozen=True)
class _Thing:
    """A kind of file other than a whole model.

    Attributes:
        names: pattern that the name of one of its tensors matches.
        what: predicate of the sentence "FILE is WHAT."
        hint: where it belongs; {home} is replaced.
    """

    names: str
    what: str
    hint: str


_VAE = _Thing(
    r"^(first_stage_model\.|vae\.)?(encoder|decoder)\.conv_in\.weight$",
    "a VAE, not a complete model",
    "Combine it with a model's own file: inpaintd models install FILE --vae {file}, or set it as "
    "vae in the model's table in {home}/models.toml.",
)

# The order matters: a whole LoRA of SD 3 also has names of SD 3.
_THINGS = (
    _Thing(
        r"(^|[._])lora_|\.lora\.|\.hada_w1|\.lokr_w1|\.dora_scale|\.oft_|\.processor\.",
        "a LoRA, not a model",
        "Copy it into {home}/loras, then: inpaintd fill ... --lora {stem}",
    ),
    _Thing(
        r"^(emb_params|clip_[lg]|string_to_param\..*|<.+>)$",
        "a textual embedding, not a model",
        "Copy it into {home}/embeddings, then: inpaintd fill ... --embedding {stem}",
    ),
    _Thing(
        r"^(control_model\.|input_hint_block\.)|controlnet_cond_embedding\.|^controlnet_",
        "a ControlNet, not a model",
        "Install its folder in the diffusers layout, with its config.json. For a known one, see: "
        "inpaintd models info controlnet-inpaint",
    ),
    _Thing(
        r"^(model\.diffusion_model\.)?(double_blocks|single_blocks)\.0\."
        r"|^(transformer\.)?single_transformer_blocks\.0\.",
        "the transformer of a FLUX.1 model",
        "It also needs its text encoders, VAE and configuration, so install the folder in the "
        "diffusers layout: inpaintd models install flux.1-dev, or OWNER/NAME of another",
    ),
    _Thing(
        r"^(model\.diffusion_model\.)?joint_blocks\.0\.",
        "the transformer of a Stable Diffusion 3 model",
        "It also needs its text encoders, VAE and configuration, so install the folder in the "
        "diffusers layout: inpaintd models install sd-3.5-medium, or OWNER/NAME of another",
    ),
    _Thing(
        r"^(diffusion_model\.|unet\.)?(input_blocks\.0\.0|conv_in)\.weight$",
        "only the UNet of a model",
        "It also needs its text encoder, VAE and configuration. " + _FOLDER,
    ),
    _VAE,
    _Thing(
        r"^(model\.diffusion_model\.)?(transformer_blocks|layers|blocks)\.0\.",
        "only the transformer of a model",
        "It also needs its text encoder, VAE and configuration. " + _FOLDER,
    ),
    _Thing(
        r"^(text_model\.|transformer\.resblocks\.|cond_stage_model\.|conditioner\.)|^encoder\.block\.",
        "a text encoder, not a complete model",
        _FOLDER,
    ),
)


def explained(file: Path, tensors: Mapping[str, Tensor]) -> InpaintError:
    """The error that identifies a file which is not a whole model."""
    for thing in _THINGS:
        if _holds(thing, tensors):
            hint = thing.hint.format(
                home=home(), stem=quoted(file.stem, placeholder="NAME"), file=quoted(str(file))
            )
            return InpaintError("not_a_model", f"{file} is {thing.what}.", hint)
    some = ", ".join(list(tensors)[:3]) or "nothing"
    return InpaintError(
        "not_a_model",
        f"{file} does not contain a known model. Its first tensors are: {some[:200]}.",
        "Use a complete model of Stable Diffusion 1.5 or XL, or a folder in the diffusers layout.",
    )


def is_vae(tensors: Mapping[str, Tensor]) -> bool:
    """Return whether the tensors include a VAE."""
    return _holds(_VAE, tensors)


def _holds(thing: _Thing, tensors: Mapping[str, Tensor]) -> bool:
    return any(re.search(thing.names, name) for name in tensors)
