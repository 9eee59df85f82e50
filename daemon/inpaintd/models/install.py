"""Installation of a model from the hub, pinned to a commit and checked by its hashes.

Weights are fetched only as safetensors and ONNX, neither of which runs code when opened. An
interrupted download resumes where it stopped when it is requested again.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from inpaintd.models.hub import RemoteFile, Repository, in_words, look_up
from inpaintd.models.installed import MARKER, folder_of, is_path
from inpaintd.models.parts import CONFIG, INDEX, check_complete, lacking
from inpaintd.models.registry import BUILT_IN_DEFAULT, Entry, Registry
from inpaintd.models.transfer import OnTransfer, bytes_in, watching
from inpaintd.models.verify import sha256_of
from inpaintd.shell_words import command
from inpaintd_protocol.errors import InpaintError

_TELLING = (INDEX, CONFIG)
"""Files of a few kB at the top of a repository that identify the model."""

SPARE_BYTES = 100 << 20
"""Space left free on the disk for other programs."""

Say = Callable[[str], None]


def install(
    registry: Registry,
    entry: Entry,
    say: Say,
    *,
    check: Callable[[Path], object] | None = None,
    accept_licence: bool = False,
    on_transfer: OnTransfer | None = None,
    again: str = "",
) -> None:
    """Fetch a model and its parts, except for files that are already there.

    Args:
        check: given a folder with the files that identify the model, raises `InpaintError` when the
            rest is not wanted; nothing is kept then.
        accept_licence: whether the user has accepted the licence, if it requires that.
        again: the command that resumes it, if it is not that of a listed model.

    Raises:
        InpaintError: `not_a_model` when there is nothing to install or nothing safe to load,
            `licence` when it has to be accepted first, `busy` while another process fetches the
            same model, `unreachable`, `unwritable`, `model_damaged`.
    """
    for part in entry.parts:
        other = registry.find(part)
        install(registry, other, say, accept_licence=accept_licence, on_transfer=on_transfer)
    if entry.source and registry.installed(entry) and _is_whole(registry.folder(entry), entry, say):
        say(f"{entry.name} is installed.")
        return
    if not entry.source or is_path(entry.source):
        raise InpaintError(
            "not_a_model",
            f"There is nothing at {entry.source}."
            if entry.source
            else f"{entry.name} needs no files.",
        )
    folder = folder_of(registry.home, entry.name, entry.source)
    again = again or entry.install_command
    try:
        repository = look_up(entry, registry.home)
        _check_licence(entry, repository, again, accepted=accept_licence)
        _check_use(entry, repository, check)
        with _alone(registry.home, entry):
            _check_room(repository, folder)
            say(
                f"Fetching {entry.source}: {len(repository.files)} files, {_size(repository.size)}."
            )
            with watching(folder, repository.size, on_transfer):
                for file in repository.files:
                    _fetch(entry, repository, file, folder, again)
            _mark(folder, repository)
    except InpaintError:
        raise
    except Exception as error:  # the HTTP library differs between versions of the client
        raise in_words(entry, folder, error, again) from error
    say(f"Installed {entry.name} at revision {repository.revision[:12]}.")
    if not registry.own_default and registry.default == entry.name:
        say(
            "From now on it fills wherever no model is named. To keep the built-in fill: "
            f"{command('inpaintd', 'models', 'use', BUILT_IN_DEFAULT)}"
        )


def licence_must_be_accepted(entry: Entry, repository: Repository) -> bool:
    """Return whether a model is fetched only for those who have accepted its licence."""
    return repository.gated or entry.commercial == "no"


def _check_licence(entry: Entry, repository: Repository, again: str, *, accepted: bool) -> None:
    if accepted or not licence_must_be_accepted(entry, repository):
        return
    name = f" ({repository.licence})" if repository.licence else ""
    use = " It forbids commercial use." if entry.commercial == "no" else ""
    raise InpaintError(
        "licence",
        f"{entry.title} comes under a licence of its own{name}.{use}",
        f"Read it at https://huggingface.co/{entry.source}; to accept it: {again} --accept-licence",
    )


def _check_use(
    entry: Entry, repository: Repository, check: Callable[[Path], object] | None
) -> None:
    """Check that a repository is usable and complete before gigabytes of it are fetched."""
    if entry.files:
        return
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        telling = [file for file in repository.files if file.name in _TELLING]
        for file in telling:
            repository.fetch(file, place)
        if check is not None:
            check(place)
        for file in telling:
            _check_parts(repository, place / file.name, repository.names)


def _check_parts(repository: Repository, telling: Path, names: Sequence[str]) -> None:
    index = json.loads(telling.read_text(encoding="utf-8"))
    if missing := list(lacking(index if isinstance(index, dict) else {}, names)):
        raise InpaintError(
            "not_a_model",
            f"The repository {repository.source} is incomplete: it lacks {'; '.join(missing)}.",
            "Choose another repository of the same model.",
        )


@contextmanager
def _alone(home: Path, entry: Entry) -> Iterator[None]:
    """Keep other processes from fetching the same model at the same time.

    Raises:
        InpaintError: `busy` when one does.
    """
    (home / "models").mkdir(parents=True, exist_ok=True)
    lock = FileLock(home / "models" / f".{entry.name}.lock", timeout=0)
    try:
        lock.acquire()
    except Timeout as error:
        raise InpaintError(
            "busy",
            f"{entry.name} is being fetched already.",
            "Wait until it has finished.",
            retriable=True,
        ) from error
    try:
        yield
    finally:
        lock.release()


def _check_room(repository: Repository, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    missing = repository.size - bytes_in(folder)
    free = shutil.disk_usage(folder).free
    if missing + SPARE_BYTES > free:
        if not any(folder.iterdir()):
            folder.rmdir()
        raise InpaintError(
            "unwritable",
            f"{repository.source} needs {_size(missing)} more on the disk of {folder.parent}, "
            f"and {_size(free)} are free.",
            "Free some space: inpaintd models disk shows what the models take.",
        )


def _mark(folder: Path, repository: Repository) -> None:
    hashes = {file.name: file.sha256 for file in repository.files if file.sha256}
    marker = {"source": repository.source, "revision": repository.revision, "hashes": hashes}
    temporary = folder / f"{MARKER}.new"
    temporary.write_text(json.dumps(marker), encoding="utf-8")
    temporary.replace(folder / MARKER)


def _is_whole(place: Path, entry: Entry, say: Say) -> bool:
    """Return whether an installed model is complete; a fetched one can be fetched again."""
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


def _fetch(
    entry: Entry, repository: Repository, file: RemoteFile, folder: Path, again: str
) -> None:
    """Fetch a file, and check it against the hash that the hub states for large ones."""
    went_on = (folder / f"{file.name}.part").exists()
    path = repository.fetch(file, folder)
    if not file.sha256 or sha256_of(path) == file.sha256:
        return
    path.unlink()
    if went_on:  # possibly because it resumed a partial download of an earlier version
        _fetch(entry, repository, file, folder, again)
        return
    raise InpaintError(
        "model_damaged",
        f"{path.name} of {entry.name} was damaged in transit.",
        f"Fetch it again: {again}",
        retriable=True,
    )


def _size(count: int) -> str:
    return f"{count / 1e9:.1f} GB" if count >= 50_000_000 else f"{count / 1e6:.1f} MB"
