"""The built-in engines: abilities and requirements. A new engine is one more entry and its module.

Standard library only: the daemon reads this too, and must not import what the engines import.
"""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path

from inpaintd import __version__

HONOURED_BY_DIFFUSION = frozenset(
    {
        "prompt",
        "negative_prompt",
        "strength",
        "steps",
        "guidance_scale",
        "seed",
        "count",
        "infill",
        "replace",
        "scheduler",
        "width",
        "height",
        "controls",
        "loras",
        "embeddings",
        "stages",
        "references",
        "speed",
        "exact_diffusers",
    }
)


@dataclass(frozen=True)
class About:
    """Facts about an engine that are known before it is imported.

    Attributes:
        factory: `module:function` of (name, registry) that creates it, ready to paint.
        honours: the engine settings (`done_by="engine"`) that this one respects; those of the
            pipeline (`done_by="pipeline"`) work with every engine and are not listed.
        soft: whether it honours grey masks by itself, so that they are not applied again when its
            colours are pasted back.
        interruptible: whether it reports often; if not, cancelling kills the worker process.
        package: import name of a package that it requires; empty when none is special.
        extra: the extra of inpaintd that installs this package; empty if the base install does.
        environment: variables to set before it is imported, unless the user has set them.
        what: the engine's name in a message such as "Diffusion models need ...".
    """

    factory: str
    honours: frozenset[str] = frozenset()
    soft: bool = False
    interruptible: bool = False
    package: str = ""
    extra: str = ""
    what: str = ""
    environment: tuple[tuple[str, str], ...] = ()


ENGINES = {
    "patches": About(
        "inpaintd.engines.patches:make",
        honours=frozenset({"seed", "sampling_pixels", "sampling_sides"}),
        interruptible=True,
    ),
    "patchmatch": About("inpaintd.engines.patchmatch:make", honours=frozenset({"seed"})),
    "telea": About("inpaintd.engines.opencv:make"),
    "navier-stokes": About("inpaintd.engines.opencv:make"),
    "erase": About(
        "inpaintd.engines.erase.eraser:make",
        package="onnxruntime",
        what="Models that remove without a prompt",
    ),
    "diffusion": About(
        "inpaintd.engines.diffusion.engine:make",
        honours=HONOURED_BY_DIFFUSION,
        soft=True,
        interruptible=True,
        package="diffusers",
        extra="diffusion",
        what="Diffusion models",
        # Installed models are complete, so no download is needed.
        environment=(("HF_HUB_OFFLINE", "1"),),
    ),
}
"""The entries by the name that models.toml gives as `engine`."""

MASK_ENGINES = {
    "textmask": About("", package="transformers", extra="diffusion", what="Masks by text"),
    "objectmask": About("", package="transformers", extra="diffusion", what="Selecting objects"),
}
"""Engines that find a hole rather than fill one."""


SCHEDULERS = (
    *("ddim", "ddpm", "deis", "dpm_2", "dpm_2_a", "dpmpp_2m", "dpmpp_2m_karras", "dpmpp_2m_sde"),
    *("dpmpp_2m_sde_karras", "dpmpp_2s", "euler", "euler_a", "euler_karras", "heun", "lcm", "lms"),
    *("lms_karras", "pndm", "tcd", "unipc"),
)
"""Names of the samplers of diffusion models; each model supports some of them."""


def honoured_by(engine: str) -> frozenset[str]:
    """The engine settings that this engine honours; none for one that is not built in.

    For a custom engine, `package.module:factory`, they are declared as `honours` in models.toml.
    """
    return ENGINES[engine].honours if engine in ENGINES else frozenset()


def compiled_folder(home: Path) -> Path:
    """The folder in which the built-in fill's compiled loops are kept."""
    return Path(os.environ.get("NUMBA_CACHE_DIR") or home / "compiled")


def compiled_marker(home: Path) -> Path:
    """A file that exists once this version's loops have been compiled for this Python."""
    python = f"py{sys.version_info.major}{sys.version_info.minor}"
    return compiled_folder(home) / f"{__version__}-{python}"
