"""What is known about each family of diffusion models, as data.

The files of a model say which family it is: `_class_name` in its model_index.json.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Family:
    """How the inpainting pipeline of one family wants to be called.

    Attributes:
        name: as printed.
        pipeline: its inpainting pipeline in diffusers. Imported by name: importing
            `AutoPipelineForInpainting` instead would import every pipeline there is, 4 to 6 s.
        controlled: its inpainting pipeline with ControlNets; empty where there is none.
        denoiser: the component whose input channels tell whether the mask is an input.
        free_channels: input channels of a denoiser that is not told about the mask; more than
            these means that it was trained for inpainting.
        multiple: what the sides of a picture must be a multiple of.
        native_side: side of the square area it was trained on, where its files do not say.
        guidance: its argument for classifier-free guidance.
        negative: whether it takes a negative prompt.
        strength: whether it takes a strength.
        packed: whether its latents are rows of 2 × 2 cells instead of pictures.
        flow: whether it is a flow-matching model, which has schedulers of its own.
        half: the 16-bit type that it runs in on a GPU.
        mask: its local variable that holds the mask at latent size, for the step callback.
        tokens: how much of a prompt one pass of its text encoder reads.
        chunked: whether longer prompts may be encoded in several passes.
    """

    name: str
    pipeline: str
    controlled: str = ""
    denoiser: str = "unet"
    free_channels: int | None = 4
    multiple: int = 8
    native_side: int = 1024
    guidance: str = "guidance_scale"
    negative: bool = True
    strength: bool = True
    packed: bool = False
    flow: bool = False
    half: str = "float16"
    mask: str = "mask"
    tokens: int = 75
    chunked: bool = False


SD = Family(
    "Stable Diffusion",
    pipeline="StableDiffusionInpaintPipeline",
    controlled="StableDiffusionControlNetInpaintPipeline",
    native_side=512,
    chunked=True,
)
SDXL = Family(
    "Stable Diffusion XL",
    pipeline="StableDiffusionXLInpaintPipeline",
    controlled="StableDiffusionXLControlNetInpaintPipeline",
    chunked=True,
)
KANDINSKY = Family(
    "Kandinsky 2.2",
    pipeline="KandinskyV22InpaintPipeline",
    multiple=64,
    native_side=512,
    strength=False,
    mask="mask_image",
)
SD3 = Family(
    "Stable Diffusion 3",
    pipeline="StableDiffusion3InpaintPipeline",
    denoiser="transformer",
    free_channels=16,
    multiple=16,
    flow=True,
    tokens=254,
)
FLUX = Family(
    "FLUX",
    pipeline="FluxInpaintPipeline",
    denoiser="transformer",
    free_channels=None,
    multiple=16,
    packed=True,
    flow=True,
    half="bfloat16",
    tokens=510,
)
FLUX_FILL = Family(
    "FLUX Fill",
    pipeline="FluxFillPipeline",
    denoiser="transformer",
    free_channels=0,
    multiple=16,
    negative=False,
    packed=True,
    flow=True,
    half="bfloat16",
    tokens=510,
)
QWEN = Family(
    "Qwen-Image",
    pipeline="QwenImageInpaintPipeline",
    denoiser="transformer",
    free_channels=None,
    multiple=16,
    native_side=1328,
    guidance="true_cfg_scale",
    packed=True,
    flow=True,
    half="bfloat16",
    tokens=500,
)
Z_IMAGE = Family(
    "Z-Image",
    pipeline="ZImageInpaintPipeline",
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
    "KandinskyV22Pipeline": KANDINSKY,
    "KandinskyV22InpaintPipeline": KANDINSKY,
    "StableDiffusion3Pipeline": SD3,
    "StableDiffusion3Img2ImgPipeline": SD3,
    "StableDiffusion3InpaintPipeline": SD3,
    "FluxPipeline": FLUX,
    "FluxImg2ImgPipeline": FLUX,
    "FluxInpaintPipeline": FLUX,
    "FluxFillPipeline": FLUX_FILL,
    "QwenImagePipeline": QWEN,
    "QwenImageImg2ImgPipeline": QWEN,
    "QwenImageInpaintPipeline": QWEN,
    "ZImagePipeline": Z_IMAGE,
    "ZImageImg2ImgPipeline": Z_IMAGE,
    "ZImageInpaintPipeline": Z_IMAGE,
}
