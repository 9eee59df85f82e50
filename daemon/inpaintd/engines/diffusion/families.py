"""The known families of diffusion models, as data.

The files of a model identify its family: `_class_name` in its model_index.json.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from inpaintd_protocol.errors import InpaintError

from .refused import REFUSED


@dataclass(frozen=True)
class Guided:
    """The guidance of a family by ControlNets of one class.

    Attributes:
        pipeline: the inpainting pipeline that supports them.
        kinds: the control kinds they may have been trained on.
        whole: whether the pipeline only shows the mask to the ControlNet, starts from pure noise
            and keeps nothing: the kept part is then restored after each step.
        union: whether one net was trained on several kinds, and is told which one to use.
    """

    pipeline: str
    kinds: tuple[str, ...] = ("inpaint", "tile")
    whole: bool = False
    union: bool = False


@dataclass(frozen=True)
class Family:
    """The calling convention of a family's inpainting pipeline.

    Attributes:
        name: the display name.
        pipeline: its inpainting pipeline in diffusers. Imported by name: importing
            `AutoPipelineForInpainting` instead would import every existing pipeline, 4 to 6 s.
        controlled: its guidance by class of ControlNet; empty for none.
        denoiser: the component whose input channels show whether the mask is an input.
        free_channels: input channels of a denoiser that does not see the mask; more than
            these means that it was trained for inpainting.
        multiple: the sides of a picture must be multiples of this.
        native_side: side of the square area it was trained on, if its files do not say.
        guidance: its argument for classifier-free guidance.
        negative: whether it takes a negative prompt.
        negative_encoded: whether it takes that only as embeddings.
        unguided: guidance scale up to which a negative prompt has no effect.
        strength: whether it takes a strength.
        layout: of its latents: "grid", pictures; "pairs", rows of 2 × 2 cells in one; "rows", one
            row for each cell.
        flow: whether it is a flow-matching model, which has schedulers of its own.
        half: the 16-bit type that it runs in on a GPU.
        mask: its local variable that holds the mask at latent size, for the step callback.
        tokens: how many tokens of a prompt one pass of its text encoder reads.
        chunked: whether longer prompts may be encoded in several passes.
        video: whether its VAE treats pictures as videos of one frame.
        true_cfg: whether a negative prompt needs guidance by another argument, "true_cfg_scale".
        no_negative: the value for no negative prompt; None is not the same as empty.
        sees_hole: whether the model is shown the whole picture including the hole, as models that
            edit by instruction are. The hole must not be pre-filled then.
        edits: whether its pipeline edits by instruction and has no mask: the kept part is restored
            after each step then.
        draws: whether its pipeline paints a whole picture from a prompt and is shown none: the kept
            part is restored after each step, and nothing else ties the two together.
        instructed: whether it takes its prompt as JSON with an "edit_instruction".
        eight_bit: whether its pipeline accepts only PIL pictures, which have 8 bits.
        references: how many reference pictures its pipeline accepts.
        adapted_references: how many reference pictures it accepts by IP-Adapters.
        regions: whether those may be limited to regions.
        largest: maximum pixels that its pipeline works at; more it would scale down by itself.
        step_cache: whether steps that would change little can be skipped behind the first block.
    """

    name: str
    pipeline: str
    controlled: Mapping[str, Guided] = field(default_factory=dict)
    denoiser: str = "unet"
    free_channels: int | None = 4
    multiple: int = 8
    native_side: int = 1024
    guidance: str = "guidance_scale"
    negative: bool = True
    negative_encoded: bool = False
    unguided: float = 1.0
    strength: bool = True
    layout: Literal["grid", "pairs", "rows"] = "grid"
    flow: bool = False
    half: str = "float16"
    mask: str = "mask"
    tokens: int = 75
    chunked: bool = False
    video: bool = False
    true_cfg: bool = False
    no_negative: str | None = None
    sees_hole: bool = False
    edits: bool = False
    draws: bool = False
    instructed: bool = False
    eight_bit: bool = False
    references: int = 0
    adapted_references: int = 0
    regions: bool = False
    largest: int | None = None
    step_cache: bool = False

    @property
    def maskless(self) -> bool:
        """True if its pipeline keeps nothing of a picture by itself."""
        return self.edits or self.draws


SD = Family(
    "Stable Diffusion",
    pipeline="StableDiffusionInpaintPipeline",
    controlled={"ControlNetModel": Guided("StableDiffusionControlNetInpaintPipeline")},
    native_side=512,
    chunked=True,
    adapted_references=4,
    regions=True,
)
SDXL = Family(
    "Stable Diffusion XL",
    pipeline="StableDiffusionXLInpaintPipeline",
    controlled={
        "ControlNetModel": Guided("StableDiffusionXLControlNetInpaintPipeline"),
        "ControlNetUnionModel": Guided(
            "StableDiffusionXLControlNetUnionInpaintPipeline", union=True
        ),
    },
    chunked=True,
    adapted_references=4,
    regions=True,
)
KANDINSKY = Family(
    "Kandinsky 2.2",
    pipeline="KandinskyV22InpaintPipeline",
    multiple=64,
    native_side=512,
    unguided=float("-inf"),  # its prior takes the negative prompt, at a scale of its own
    strength=False,
    mask="mask_image",
)
SD3 = Family(
    "Stable Diffusion 3",
    pipeline="StableDiffusion3InpaintPipeline",
    controlled={
        "SD3ControlNetModel": Guided(
            "StableDiffusion3ControlNetInpaintingPipeline", kinds=("inpaint",), whole=True
        )
    },
    denoiser="transformer",
    free_channels=16,
    multiple=16,
    flow=True,
    tokens=254,
    adapted_references=1,
)
FLUX = Family(
    "FLUX.1",
    step_cache=True,
    pipeline="FluxInpaintPipeline",
    controlled={"FluxControlNetModel": Guided("FluxControlNetInpaintPipeline", kinds=("tile",))},
    denoiser="transformer",
    free_channels=None,
    multiple=16,
    layout="pairs",
    flow=True,
    half="bfloat16",
    tokens=510,
    true_cfg=True,
    adapted_references=4,
)
FLUX_FILL = replace(
    FLUX,
    name="FLUX.1 Fill",
    pipeline="FluxFillPipeline",
    controlled={},
    free_channels=0,
    negative=False,
    true_cfg=False,
    adapted_references=0,  # its pipeline takes none
)
KONTEXT = replace(
    FLUX,
    name="FLUX.1 Kontext",
    pipeline="FluxKontextInpaintPipeline",
    controlled={},
    sees_hole=True,
    references=1,
    adapted_references=0,  # it takes references by itself
)
KLEIN = Family(
    "FLUX.2 klein",
    pipeline="Flux2KleinInpaintPipeline",
    denoiser="transformer",
    free_channels=None,
    multiple=16,
    layout="rows",
    negative_encoded=True,
    flow=True,
    half="bfloat16",
    tokens=500,
    sees_hole=True,
    references=1,
    largest=1024 * 1024,
)
CHROMA = Family(
    "Chroma",
    pipeline="ChromaInpaintPipeline",
    denoiser="transformer",
    free_channels=None,
    multiple=16,
    layout="pairs",
    flow=True,
    half="bfloat16",
    tokens=254,
    adapted_references=4,
)
QWEN = Family(
    "Qwen-Image",
    step_cache=True,
    pipeline="QwenImageInpaintPipeline",
    controlled={
        "QwenImageControlNetModel": Guided(
            "QwenImageControlNetInpaintPipeline", kinds=("inpaint",), whole=True
        )
    },
    denoiser="transformer",
    free_channels=None,
    multiple=16,
    native_side=1328,
    guidance="true_cfg_scale",
    layout="pairs",
    flow=True,
    half="bfloat16",
    tokens=500,
    video=True,
    no_negative=" ",
)
KREA_2 = replace(
    QWEN,
    name="Krea 2",
    pipeline="Krea2Pipeline",
    controlled={},
    native_side=1024,
    guidance="guidance_scale",
    unguided=0.0,  # its scale is what others call scale - 1
    no_negative=None,
    draws=True,
    strength=False,
)
OVIS = Family(
    "Ovis-Image",
    pipeline="OvisImagePipeline",
    denoiser="transformer",
    free_channels=None,
    multiple=16,
    layout="pairs",
    flow=True,
    half="bfloat16",
    tokens=250,
    draws=True,
    strength=False,
)
QWEN_EDIT = replace(
    QWEN,
    name="Qwen-Image-Edit",
    pipeline="QwenImageEditInpaintPipeline",
    controlled={},
    native_side=1024,
    sees_hole=True,
    eight_bit=True,
)
QWEN_EDIT_PLUS = replace(
    QWEN_EDIT,
    name="Qwen-Image-Edit Plus",
    pipeline="QwenImageEditPlusPipeline",
    edits=True,
    references=2,
    strength=False,
)
FIBO_EDIT = Family(
    "Bria Fibo Edit",
    pipeline="BriaFiboEditPipeline",
    denoiser="transformer",
    free_channels=None,
    multiple=32,
    layout="rows",
    flow=True,
    half="bfloat16",
    tokens=2900,
    video=True,
    no_negative="",
    sees_hole=True,
    edits=True,
    instructed=True,
    eight_bit=True,
    references=3,
    strength=False,
)
FLUX_2 = replace(
    KLEIN,
    name="FLUX.2",
    pipeline="Flux2Pipeline",
    negative=False,
    negative_encoded=False,
    edits=True,
    references=9,
    eight_bit=True,
    strength=False,
)
Z_IMAGE = Family(
    "Z-Image",
    pipeline="ZImageInpaintPipeline",
    unguided=0.0,  # its scale is what others call scale - 1
    controlled={"ZImageControlNetModel": Guided("ZImageControlNetInpaintPipeline", whole=True)},
    denoiser="transformer",
    free_channels=None,
    multiple=16,
    flow=True,
    half="bfloat16",
    tokens=500,
)

FAMILY_OF_CLASS = {
    "StableDiffusionPipeline": SD,
    "StableDiffusionImg2ImgPipeline": SD,
    "StableDiffusionInpaintPipeline": SD,
    "StableDiffusionXLPipeline": SDXL,
    "StableDiffusionXLImg2ImgPipeline": SDXL,
    "StableDiffusionXLInpaintPipeline": SDXL,
    "LatentConsistencyModelPipeline": SD,
    "KandinskyV22Pipeline": KANDINSKY,
    "KandinskyV22InpaintPipeline": KANDINSKY,
    "StableDiffusion3Pipeline": SD3,
    "StableDiffusion3Img2ImgPipeline": SD3,
    "StableDiffusion3InpaintPipeline": SD3,
    "FluxPipeline": FLUX,
    "FluxImg2ImgPipeline": FLUX,
    "FluxInpaintPipeline": FLUX,
    "FluxFillPipeline": FLUX_FILL,
    "FluxKontextPipeline": KONTEXT,
    "FluxKontextInpaintPipeline": KONTEXT,
    "Flux2KleinPipeline": KLEIN,
    "Flux2KleinInpaintPipeline": KLEIN,
    "ChromaPipeline": CHROMA,
    "ChromaImg2ImgPipeline": CHROMA,
    "ChromaInpaintPipeline": CHROMA,
    "QwenImagePipeline": QWEN,
    "QwenImageImg2ImgPipeline": QWEN,
    "QwenImageInpaintPipeline": QWEN,
    "QwenImageEditPipeline": QWEN_EDIT,
    "QwenImageEditInpaintPipeline": QWEN_EDIT,
    "QwenImageEditPlusPipeline": QWEN_EDIT_PLUS,
    "Flux2Pipeline": FLUX_2,
    "BriaFiboEditPipeline": FIBO_EDIT,
    "Krea2Pipeline": KREA_2,
    "OvisImagePipeline": OVIS,
    "ZImagePipeline": Z_IMAGE,
    "ZImageImg2ImgPipeline": Z_IMAGE,
    "ZImageInpaintPipeline": Z_IMAGE,
}


CONTROLNETS = {name for family in FAMILY_OF_CLASS.values() for name in family.controlled}
"""Classes of ControlNets that can guide at least one family."""


def family_of_class(class_name: str, place: str) -> Family:
    """The family whose models name this class in their model_index.json.

    Args:
        place: location of the model, for the message.

    Raises:
        InpaintError: `unsupported`, with the reason if one is known.
    """
    family = FAMILY_OF_CLASS.get(class_name)
    if family is not None:
        return family
    reason = REFUSED.get(class_name)
    usable = f"Usable are: {', '.join(sorted({f.name for f in FAMILY_OF_CLASS.values()}))}."
    raise InpaintError(
        "unsupported",
        f"{place} holds a {class_name}, which is not offered: {reason}."
        if reason
        else f"{place} holds a {class_name}, which cannot be used for inpainting here.",
        usable,
    )
