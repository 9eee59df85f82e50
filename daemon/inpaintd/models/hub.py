"""Access to the model hub through its own client: list a repository, fetch one file."""

from __future__ import annotations

import errno
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from inpaintd.models.hub_token import read_token
from inpaintd.models.registry import Entry
from inpaintd.models.repository import wanted_files
from inpaintd_protocol.errors import InpaintError

_CHUNK_BYTES = 1 << 20
"""Largest part of a file that is fetched again after an interrupted download."""

_LOG_IN = "Log in with a token of the hub: inpaintd models login"


@dataclass(frozen=True)
class RemoteFile:
    """A file of a repository.

    Attributes:
        size: in bytes.
        sha256: as stated by the hub for large files; empty for small ones.
    """

    name: str
    size: int
    sha256: str


@dataclass(frozen=True)
class Repository:
    """The part of a repository to fetch.

    Attributes:
        revision: its commit.
        licence: its name as given by the maker; empty when unknown.
        gated: whether the hub requires its licence to be accepted there first.
    """

    source: str
    revision: str
    files: tuple[RemoteFile, ...]
    licence: str
    gated: bool
    token: str | None

    @property
    def size(self) -> int:
        return sum(file.size for file in self.files)

    @property
    def names(self) -> list[str]:
        return [file.name for file in self.files]

    def fetch(self, file: RemoteFile, folder: Path) -> Path:
        """Fetch one file into a folder, resuming an earlier attempt.

        The hub's own client keeps no partial file after its process ends, hence the one kept here.
        """
        from huggingface_hub import constants, get_hf_file_metadata, hf_hub_url
        from huggingface_hub.file_download import http_get
        from huggingface_hub.utils import build_hf_headers  # type: ignore[attr-defined]

        constants.DOWNLOAD_CHUNK_SIZE = _CHUNK_BYTES
        target = folder / file.name
        if target.exists() and target.stat().st_size == file.size:
            return target
        target.parent.mkdir(parents=True, exist_ok=True)
        part = target.with_name(f"{target.name}.part")
        arrived = part.stat().st_size if part.exists() else 0
        if arrived > file.size:
            part.unlink()
            arrived = 0
        url = hf_hub_url(self.source, file.name, revision=self.revision)
        location = get_hf_file_metadata(url, token=self.token).location
        headers = build_hf_headers(token=self.token)
        if urlsplit(location).netloc != urlsplit(url).netloc:
            # The hub redirects to a host of its own for the bytes, which must not see the token.
            headers.pop("authorization", None)
        with part.open("ab") as stream:
            http_get(
                location,
                stream,
                resume_size=arrived,
                headers=headers,
                expected_size=file.size or None,
                displayed_filename=file.name,
            )
        part.replace(target)
        return target


def look_up(entry: Entry, home: Path) -> Repository:
    """List a model's repository, and select the files that are needed.

    Raises:
        InpaintError: `unknown_model`, or `not_a_model` when there is nothing safe to load.
    """
    os.environ.pop("HF_HUB_OFFLINE", None)
    os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")
    import huggingface_hub

    token = read_token(home)
    info = huggingface_hub.HfApi().model_info(
        entry.source, revision=entry.revision or None, files_metadata=True, token=token
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
            "not_a_model",
            f"{entry.source} has no weights as safetensors, and nothing else is loaded: other "
            "kinds of weight files can run programs.",
            "Choose another repository of the same model.",
        )
    return Repository(
        source=entry.source,
        revision=str(info.sha),
        files=tuple(_file(siblings[name]) for name in names),
        licence=entry.licence or _licence(info),
        gated=bool(getattr(info, "gated", False)),
        token=token,
    )


def in_words(entry: Entry, folder: Path, error: Exception, again: str) -> InpaintError:
    """Translate any exception of the hub's client or the disk into an error for the user.

    Args:
        again: the command that resumes the download.
    """
    if isinstance(error, OSError) and error.errno == errno.ENOSPC:
        return InpaintError(
            "unwritable",
            f"The disk with {folder} is full.",
            f"Free some space, then continue: {again}",
        )
    if isinstance(error, PermissionError):
        return InpaintError("unwritable", f"{folder} cannot be written.", "Check its permissions.")
    status = getattr(getattr(error, "response", None), "status_code", None)
    kind = type(error).__name__  # by name, because the client moves its classes between versions
    # For an unknown name the hub answers 401 to anyone who is not logged in.
    if kind == "RepositoryNotFoundError" and status != 404:
        return InpaintError(
            "unknown_model",
            f"The hub has no {entry.source}, or shows it to its members only.",
            f"Check the name. If it is right: {_LOG_IN}",
        )
    if kind == "GatedRepoError" or status in (401, 403):
        return InpaintError(
            "unreachable",
            f"The hub hands out {entry.source} only to those who have accepted its licence.",
            f"Accept it at https://huggingface.co/{entry.source}, then: {_LOG_IN}",
        )
    if status == 404:
        at = f" at revision {entry.revision}" if entry.revision else ""
        return InpaintError(
            "unknown_model",
            f"The hub has no {entry.source}{at}.",
            "Check the name and the revision.",
        )
    if status == 429:
        return InpaintError(
            "unreachable",
            "The hub refuses further requests for now, as it has had too many.",
            f"Wait a few minutes, then continue: {again}",
            retriable=True,
            retry_after_seconds=300.0,
        )
    first = (str(error).strip().splitlines() or [kind])[0]
    return InpaintError(
        "unreachable",
        f"{entry.source} could not be fetched: {first[:200]}.",
        f"Check the connection, then continue: {again}",
        retriable=True,
    )


def _file(sibling: Any) -> RemoteFile:
    sha256 = sibling.lfs.sha256 if sibling.lfs is not None else ""
    return RemoteFile(sibling.rfilename, int(sibling.size or 0), sha256)


def _licence(info: Any) -> str:
    card = getattr(info, "card_data", None)
    found = getattr(card, "license_name", None) or getattr(card, "license", None)
    return found if isinstance(found, str) else ""
