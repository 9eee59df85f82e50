"""A model's files: their family, and the pipeline that diffusers creates from them."""

from __future__ import annotations

import json
import logging
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import diffusers
import safetensors
import torch
import transformers

from inpaintd.models.checkpoint import kind_of
from inpaintd.models.configurations import lay_out
from inpaintd.models.installed import MARKER
from inpaintd.models.packages import check_packages
from inpaintd.models.parts import check_complete
from inpaintd.shell_words import command
from inpaintd_protocol.errors import InpaintError

from ..families import CHROMA, QWEN_EDIT, QWEN_EDIT_PLUS, SD, Family, family_of_class
from .denoiser import load_denoiser
from .failures import is_device_failure, is_out_of_memory
from .library import Source
from .vision import qwen_processor

log = logging.getLogger(__name__)

# Otherwise all this would go to the daemon's log: progress bars, a warning for each cast of SDXL's
# VAE, for the lack of torchvision, for a long prompt.
diffusers.utils.logging.disable_progress_bar()
diffusers.utils.logging.set_verbosity_error()
transformers.utils.logging.disable_progress_bar()  # type: ignore[no-untyped-call]
transformers.utils.logging.set_verbosity_error()  # type: ignore[no-untyped-call]


def family_of(folder: Path) -> Family:
    """The family of the model in a folder, determined by its files.

    Raises:
        InpaintError: `not_a_model` when it is not a model that can inpaint.
    """
    index = folder / "model_index.json"
    try:
        class_name = json.loads(index.read_text(encoding="utf-8"))["_class_name"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InpaintError(
            "not_a_model",
            f"{folder} is not the folder of a diffusion model: it has no valid model_index.json.",
            "Name the folder that holds model_index.json, or a single .safetensors file.",
        ) from error
    return family_of_class(class_name, str(folder))


def best_type(source: Source, device: torch.device) -> torch.dtype:
    """The dtype of a model's weights on a device."""
    if device.type == "cpu":
        return torch.float32
    half: torch.dtype = getattr(torch, family_of_source(source).half)
    return half


def family_of_source(source: Source) -> Family:
    """The family of a model, without loading it.

    Raises:
        InpaintError: as `family_of`.
    """
    with configured(source) as configuration:
        return family_of(configuration)


@contextmanager
def configured(source: Source) -> Iterator[Path]:
    """The folder with a model's configuration, in the layout of diffusers, until the block ends.

    Raises:
        InpaintError: as `kind_of`, and `unwritable` when there is no room for a temporary folder.
    """
    if not source.single_file:
        yield source.folder
        return
    if source.config is not None:
        yield source.config
        return
    kind = kind_of(source.folder, vae=source.vae is not None)
    with tempfile.TemporaryDirectory(prefix="inpaintd-") as name:
        try:
            lay_out(kind, Path(name))
        except OSError as error:
            raise InpaintError(
                "unwritable",
                f"The folder for temporary files cannot be written: {error.strerror}.",
                f"Free some space there: {tempfile.gettempdir()}",
            ) from error
        yield Path(name)


def pipeline_of(
    family: Family,
    source: Source,
    configuration: Path,
    dtype: torch.dtype,
    shared: Mapping[str, Any],
) -> Any:
    options: dict[str, Any] = {"dtype": dtype, **shared}
    if not source.single_file:
        given = ["vae"] if source.vae is not None else []
        given += [family.denoiser] if source.denoiser is not None else []
        remedy = _again(source.folder, source.name)
        check_complete(source.folder, source.name, remedy, given=given)
        check_packages(source.folder, source.name)
    if source.variant and any(source.folder.rglob(f"*.{source.variant}*.safetensors")):
        options["variant"] = source.variant
    if family is SD:
        # It blackens pictures it rejects; a black layer is not an answer.
        # Components that only the checker uses are left out with it.
        options |= {"safety_checker": None, "requires_safety_checker": False}
        options |= {"feature_extractor": None}
    if source.vae is not None and "vae" not in shared:
        options["vae"] = _vae(source, source.vae, configuration, dtype)
    if source.denoiser is not None and family.denoiser not in shared:
        options[family.denoiser] = load_denoiser(source.denoiser, configuration, source.name, dtype)
    if source.single_file:
        options["config"] = str(configuration)
    if family in (QWEN_EDIT, QWEN_EDIT_PLUS):
        options["processor"] = qwen_processor(source.folder, source.name)
    pipe = from_files(family.pipeline, source.folder, source.name, **options)
    _check_tokenizers(pipe, source)
    if family is CHROMA and "guidance_embeds" not in pipe.transformer.config:
        # Its inpainting pipeline needs this, and its transformer's configuration lacks it.
        pipe.transformer.register_to_config(guidance_embeds=False)
    return pipe


def _check_tokenizers(pipe: Any, source: Source) -> None:
    """Reject a model with an empty vocabulary: it would ignore the prompt."""
    for name, component in pipe.components.items():
        if isinstance(component, transformers.PreTrainedTokenizerBase):
            words = set(component.get_vocab()) - set(component.all_special_tokens)
            if not words:
                raise InpaintError(
                    "model_damaged",
                    f"The model {source.name} is incomplete: the vocabulary in {name} is empty.",
                    _again(source.folder, source.name),
                )


def _vae(source: Source, vae: Path, configuration: Path, dtype: torch.dtype) -> Any:
    """Load another VAE; one in a single file uses the configuration of the model's own."""
    options: dict[str, Any] = {"dtype": dtype}
    if vae.is_file():
        options |= {"config": str(configuration), "subfolder": "vae"}
    return from_files("AutoencoderKL", vae, source.name, **options)


def from_files(class_name: str, files: Path, model: str, **options: Any) -> Any:
    """Load a pipeline or a model; `files` is a folder, or a single file along with a `config`."""
    kind = getattr(diffusers, class_name)
    try:
        if "config" in options:
            return kind.from_single_file(str(files), local_files_only=True, **options)
        return kind.from_pretrained(files, use_safetensors=True, local_files_only=True, **options)
    except Exception as error:  # loaders raise many types on damaged files
        if is_out_of_memory(error) or is_device_failure(error):
            raise
        log.warning("%s cannot be loaded", files, exc_info=True)
        damaged = ", ".join(_damaged(files)) or "they do not belong together, or one is missing"
        raise InpaintError(
            "model_damaged",
            f"The files of the model {model} cannot be loaded: {damaged}.",
            f"Fetch {files} again." if "config" in options else _again(files, model),
        ) from error


def _again(folder: Path, model: str) -> str:
    """The remedy that fetches a model's files again."""
    if (folder / MARKER).exists():
        return f"See which are damaged: {command('inpaintd', 'models', 'verify', model)}"
    return f"Fetch the files in {folder} again."


def _damaged(files: Path) -> Iterator[str]:
    """The names of a model's files that cannot be read."""
    for file in sorted(files.rglob("*")) if files.is_dir() else [files]:
        try:
            if file.suffix == ".json":
                json.loads(file.read_text(encoding="utf-8"))
            if file.suffix == ".safetensors":
                with safetensors.safe_open(file, framework="pt"):
                    pass
        except Exception:  # safetensors raises its own class, defined in Rust
            yield f"{file.relative_to(files.parent)} is damaged"
