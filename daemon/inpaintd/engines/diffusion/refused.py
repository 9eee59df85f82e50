"""Pipelines of diffusers that inpaint but are not offered, with the reasons."""

from __future__ import annotations

_DEPRECATED = "diffusers has given it up"
_SUPERSEDED = "Kandinsky 2.2 has superseded it"
_PIXELS = "it paints at 64 pixels a side, and its weights are no longer given out"
_EXAMPLES = "it needs pairs of example pictures, which no request carries"
_VIDEO = "it paints videos"
_STRUCTURED = "it takes its prompt only as structured JSON, which another model writes"
_ATTENTION = "it is another way to sample models that are known by their own pipeline"
_EDGES = "it needs a picture of edges or depths, which no request carries"

REFUSED = {
    "AmusedInpaintPipeline": _DEPRECATED,
    "EasyAnimateInpaintPipeline": _VIDEO,
    "FluxControlPipeline": _EDGES,
    "FluxControlImg2ImgPipeline": _EDGES,
    "FluxControlInpaintPipeline": _EDGES,
    "IFInpaintingPipeline": _PIXELS,
    "IFInpaintingSuperResolutionPipeline": _PIXELS,
    "IFPipeline": _PIXELS,
    "KandinskyPipeline": _SUPERSEDED,
    "KandinskyInpaintPipeline": _SUPERSEDED,
    "KandinskyInpaintCombinedPipeline": _SUPERSEDED,
    "KandinskyV22InpaintCombinedPipeline": "its decoder and prior are used one by one",
    "OnnxStableDiffusionInpaintPipeline": "its weights are in another format",
    "OnnxStableDiffusionInpaintPipelineLegacy": _DEPRECATED,
    "PaintByExamplePipeline": _DEPRECATED,
    "RePaintPipeline": _DEPRECATED,
    "StableDiffusionControlNetPAGInpaintPipeline": _ATTENTION,
    "StableDiffusionDiffEditPipeline": _DEPRECATED,
    "StableDiffusionInpaintPipelineLegacy": _DEPRECATED,
    "StableDiffusionPAGInpaintPipeline": _ATTENTION,
    "StableDiffusionXLPAGInpaintPipeline": _ATTENTION,
    "VisualClozeGenerationPipeline": _EXAMPLES,
    "VisualClozePipeline": _EXAMPLES,
    "BriaFibo2Pipeline": _STRUCTURED,
    "BriaFiboPipeline": _STRUCTURED,
    "StableAudio3InpaintPipeline": "it makes sounds",
    "WanVACEPipeline": _VIDEO,
}
"""Pipelines that inpaint but are not offered, with the reasons."""
