"""Fetching a model from the hub, pinned to a commit and checked by its hashes.

Of weights only safetensors and ONNX: neither runs anything when it is opened.
"""

from __future__ import annotations

import errno
import json
import os
import tempfile
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

from inpaintd.install.extras import how_to_install
from inpaintd.models.installed import MARKER, folder_of, is_path
from inpaintd.models.parts import CONFIG, INDEX, check_complete, lacking
from inpaintd.models.registry import Entry, Registry
from inpaintd.models.verify import sha256_of
from inpaintd_protocol.errors import InpaintError

_TEXT = {".json", ".txt", ".model", ".jinja"}
"""Configurations, vocabularies and chat templates."""

_UNWANTED_FOLDERS = {"safety_checker", "flax", "onnx", "openvino"}

_TELLING = (INDEX, CONFIG)
"""Files of a few kB at the top of a repository that tell what it is."""

Say = Callable[[str], None]


def wanted_files(names: Iterable[str], variant: str) -> list[str]:
    """Which files of a repository in the layout of diffusers are needed to load it.

    Of weights only safetensors, of each component only the variant where it has one. A file of all
    weights beside the components would double the download.

    Args:
        names: all files of the repository.
        variant: such as "fp16"; empty for the plain weights.
    """
    names = list(names)
    is_pipeline = "model_index.json" in names
    chosen: list[str] = []
    by_folder: dict[str, list[str]] = {}
    for name in names:
        path = PurePosixPath(name)
        if path.parts[0] in _UNWANTED_FOLDERS or path.name.startswith("."):
            continue
        if ".safetensors" in path.name:
            if len(path.parts) > 1 or not is_pipeline:
                by_folder.setdefault(str(path.parent), []).append(name)
        elif path.suffix in _TEXT or path.name == "README.md":
            chosen.append(name)
    for weights in by_folder.values():
        chosen += _one_variant(weights, variant)
    return sorted(chosen)


def _one_variant(weights: Sequence[str], variant: str) -> list[str]:
    def variant_of(name: str) -> str:
        # model.safetensors, model.fp16.safetensors, model.fp16-00001-of-00002.safetensors,
        # model-00001-of-00002.safetensors, model.safetensors.index.fp16.json
        words = PurePosixPath(name).name.split(".")[1:]
        plain = [w.split("-")[0] for w in words if w not in ("safetensors", "index", "json")]
        return plain[0] if plain else ""

    having = [name for name in weights if variant_of(name) == variant]
    return having or [name for name in weights if variant_of(name) == ""]


def install(
    registry: Registry, entry: Entry, say: Say, *, check: Callable[[Path], object] | None = None
) -> None:
    """Fetch a model and its parts; what is there already is not fetched again.

    Args:
        check: given a folder with what tells of a repository what it is, raises `InpaintError`
            when the rest is not wanted; nothing is kept then.

    Raises:
        InpaintError: `unsupported` when there is nothing to install or nothing safe to load,
            `unreachable`, `unwritable`, `model_damaged`.
    """
    for part in entry.parts:
        install(registry, registry.find(part), say)
    if entry.source and registry.installed(entry) and _is_whole(registry.folder(entry), entry, say):
        say(f"{entry.name} is installed.")
        return
    if not entry.source or is_path(entry.source):
        raise InpaintError(
            "unsupported",
            f"There is nothing at {entry.source}."
            if entry.source
            else f"{entry.name} needs no files.",
        )
    folder = folder_of(registry.home, entry.name, entry.source)
    try:
        revision, hashes = _fetch(entry, folder, say, check)
        marker = {"source": entry.source, "revision": revision, "hashes": hashes}
        temporary = folder / f"{MARKER}.new"
        temporary.write_text(json.dumps(marker), encoding="utf-8")
        temporary.replace(folder / MARKER)
    except InpaintError:
        raise
    except Exception as error:  # the client's HTTP library has changed between its versions
        raise _in_words(entry, folder, error) from error
    say(f"Installed {entry.name} at revision {revision[:12]}.")


def _fetch(
    entry: Entry, folder: Path, say: Say, check: Callable[[Path], object] | None
) -> tuple[str, dict[str, str]]:
    """The commit that was fetched, and the SHA-256 of its large files."""
    os.environ.pop("HF_HUB_OFFLINE", None)
    try:
        import huggingface_hub
    except ImportError as error:
        raise InpaintError(
            "unsupported",
            "Installing models needs the extra for diffusion models.",
            f"Install it: {how_to_install('diffusion')}",
        ) from error
    info = huggingface_hub.HfApi().model_info(
        entry.source, revision=entry.revision or None, files_metadata=True
    )
    siblings = {file.rfilename: file for file in info.siblings or ()}
    names = list(entry.files) or wanted_files(siblings, entry.variant)
    if lacking := [name for name in names if name not in siblings]:
        raise InpaintError(
            "unknown_model",
            f"{entry.source} has no file {lacking[0]} any more.",
            "Name an earlier commit as the model's revision in models.toml.",
        )
    if not entry.files and not any(name.endswith(".safetensors") for name in names):
        raise InpaintError(
            "unsupported",
            f"{entry.source} has no weights as safetensors, and nothing else is loaded: other "
            "kinds of weight files can run programs.",
            "Choose another model, or convert it on a machine that you can lose.",
        )
    with tempfile.TemporaryDirectory() as place:
        for name in set(_TELLING) & set(names):
            huggingface_hub.hf_hub_download(entry.source, name, revision=info.sha, local_dir=place)
        if check is not None:
            check(Path(place))
        if not entry.files:
            _check_parts(entry, Path(place), names)
    total = sum(siblings[name].size or 0 for name in names)
    say(f"Fetching {entry.source}: {len(names)} files, {total / 1e9:.1f} GB.")
    for name in names:
        path = huggingface_hub.hf_hub_download(
            entry.source, name, revision=info.sha, local_dir=folder
        )
        _check(entry, Path(path), siblings[name])
    large = {name: siblings[name].lfs for name in names}
    return str(info.sha), {name: lfs.sha256 for name, lfs in large.items() if lfs is not None}


def _is_whole(place: Path, entry: Entry, say: Say) -> bool:
    """Whether an installed model has all its parts; of one that was fetched they can come again."""
    if place.is_file() or entry.files:
        return place.is_file() or all((place / name).is_file() for name in entry.files)
    try:
        check_complete(place, entry.name, f"Fetch the files in {place} again.", headers=True)
    except InpaintError as error:
        if is_path(entry.source):
            raise
        say(error.message)
        return False
    return True


def _check_parts(entry: Entry, telling: Path, names: Sequence[str]) -> None:
    """See that a repository has all parts of the model, before gigabytes of it are fetched."""
    for name in set(_TELLING) & set(names):
        index = json.loads((telling / name).read_text(encoding="utf-8"))
        if missing := list(lacking(index if isinstance(index, dict) else {}, names)):
            raise InpaintError(
                "unsupported",
                f"The repository {entry.source} is incomplete: it lacks {'; '.join(missing)}.",
                "Choose another repository of the same model.",
            )


def _check(entry: Entry, path: Path, file: Any) -> None:
    """Compare with the hash that the hub states for large files."""
    if file.lfs is None:
        return
    if sha256_of(path) != file.lfs.sha256:
        path.unlink()
        raise InpaintError(
            "model_damaged",
            f"{path.name} of {entry.name} did not arrive as it was sent.",
            f"Fetch it again: {entry.install_command}",
        )


def _in_words(entry: Entry, folder: Path, error: Exception) -> InpaintError:
    if isinstance(error, OSError) and error.errno == errno.ENOSPC:
        return InpaintError(
            "unwritable",
            f"The disk with {folder} is full.",
            f"Make room and go on: {entry.install_command}",
        )
    if isinstance(error, PermissionError):
        return InpaintError("unwritable", f"{folder} cannot be written.", "Check its permissions.")
    status = getattr(getattr(error, "response", None), "status_code", None)
    # By name, as above: of a name that it has not, the hub says 401 to whoever is not logged in.
    if type(error).__name__ == "RepositoryNotFoundError" and status != 404:
        return InpaintError(
            "unknown_model",
            f"The hub has no {entry.source}, or shows it to its members only.",
            "Check the name. If it is right, log in with: hf auth login",
        )
    if status in (401, 403):
        return InpaintError(
            "unreachable",
            f"The hub does not hand out {entry.source} without an account.",
            f"Accept its licence at https://huggingface.co/{entry.source}, then: hf auth login",
        )
    if status == 404:
        return InpaintError(
            "unknown_model",
            f"The hub has no {entry.source}"
            + (f" at revision {entry.revision}." if entry.revision else "."),
            "Check the name and the revision.",
        )
    first = (str(error).strip().splitlines() or [type(error).__name__])[0]
    return InpaintError(
        "unreachable",
        f"{entry.source} could not be fetched: {first[:200]}.",
        f"Check the connection and go on: {entry.install_command}",
        retriable=True,
    )
