"""Completeness checks of a model's folder, or of a repository before it is downloaded.

The libraries build a tokenizer from an empty folder without complaint, and it then encodes every
prompt alike. Hence the required files are looked up by name, both at installation and when loading.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

from inpaintd.models.weights import SUFFIX, tensors_in
from inpaintd_protocol.errors import InpaintError

INDEX, CONFIG = "model_index.json", "config.json"
"""Files that identify a pipeline, or a network on its own."""

NEVER_LOADED = ("safety_checker", "feature_extractor")

_VOCABULARIES = (
    ("tokenizer.json",),
    ("vocab.json", "merges.txt"),
    ("spiece.model",),
    ("tokenizer.model",),
    ("vocab.txt",),
)
"""Sets of files that hold a vocabulary; all files of one set are needed."""

_EMPTY_BYTES = 2
"""Size up to which a file counts as empty, such as `{}`; not applied to configurations."""


def check_complete(
    folder: Path, name: str, remedy: str, *, given: Collection[str] = (), headers: bool = False
) -> None:
    """Check that the folder of a model holds every component it names.

    Args:
        folder: in the layout of diffusers; without an index, nothing is checked.
        name: of the model, for the message.
        remedy: hint of the error.
        given: components supplied separately.
        headers: whether to look at the header of each file of weights, too.

    Raises:
        InpaintError: `model_damaged`, naming what is missing.
    """
    sizes = {p.relative_to(folder).as_posix(): p.stat().st_size for p in _files(folder)}
    names = {n for n, size in sizes.items() if size > _EMPTY_BYTES or n.endswith(".json")}
    names -= {n for n in names if n.endswith(("vocab.json", "tokenizer.json")) and sizes[n] <= 2}
    missing = [*lacking(_index(folder), names, given=given)]
    if missing:
        raise InpaintError(
            "model_damaged",
            f"The model {name} is incomplete: it lacks {'; '.join(missing)}.",
            remedy,
        )
    for file in sorted(names) if headers else ():
        if file.endswith(SUFFIX) and file.partition("/")[0] not in NEVER_LOADED:
            tensors_in(folder / file)


def lacking(
    index: Mapping[str, Any], names: Collection[str], *, given: Collection[str] = ()
) -> Iterator[str]:
    """Describe each missing part of a model.

    Args:
        index: contents of its model_index.json, or of the config.json of a lone network.
        names: all its files, as paths relative to its folder.
        given: components that come from elsewhere.
    """
    components = {name: str(kind[1]) for name, kind in index.items() if _is_class(kind)}
    if not components and "_class_name" in index:
        yield from _missing_weights("", names)
    for component, class_name in components.items():
        if component not in NEVER_LOADED and component not in given:
            yield from _missing_of(component, class_name, names)


def _files(folder: Path) -> Iterator[Path]:
    return (path for path in folder.rglob("*") if path.is_file())


def _index(folder: Path) -> dict[str, Any]:
    for name in (INDEX, CONFIG):
        try:
            found = json.loads((folder / name).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            continue
        # Networks of other libraries have configurations of another form.
        if isinstance(found, dict) and "_class_name" in found:
            return found
    return {}


def _is_class(kind: Any) -> bool:
    return isinstance(kind, list) and len(kind) == 2 and all(isinstance(k, str) for k in kind)


def _missing_of(component: str, class_name: str, names: Collection[str]) -> Iterator[str]:
    if not any(name.startswith(f"{component}/") for name in names):
        yield f"the folder {component} ({class_name})"
    elif "Tokenizer" in class_name or component.startswith("tokenizer"):
        if not any(all(f"{component}/{file}" in names for file in v) for v in _VOCABULARIES):
            yield f"the vocabulary in {component} (tokenizer.json, or vocab.json and merges.txt)"
    elif f"{component}/{CONFIG}" in names:
        yield from _missing_weights(f"{component}/", names)
    elif not any(n.startswith(f"{component}/") and n.endswith("config.json") for n in names):
        yield f"the configuration in {component}"


def _missing_weights(prefix: str, names: Collection[str]) -> Iterator[str]:
    """The first missing file of weights, whether in one file or sharded.

    One complete set suffices; stray shards of another variant beside it do no harm.
    """
    where = prefix.rstrip("/")
    missing = ""
    sets: dict[str, set[int]] = {}
    for name in names:
        if name.rpartition("/")[0] == where and name.endswith(SUFFIX):
            stem, _, count = name.removesuffix(SUFFIX).rpartition("-of-")
            base, _, number = stem.rpartition("-")
            if not (count.isdigit() and number.isdigit()):
                return
            sets.setdefault(f"{base}-{{:05}}-of-{count}", set()).add(int(number))
    for pattern, numbers in sets.items():
        whole = int(pattern.rpartition("-")[2])
        gaps = sorted(set(range(1, whole + 1)) - numbers)
        if not gaps:
            return
        missing = missing or f"{pattern.format(gaps[0])}{SUFFIX}"
    yield missing or f"the weights{f' in {where}' if where else ''} (as {SUFFIX})"
