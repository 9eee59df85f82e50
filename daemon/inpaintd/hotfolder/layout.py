"""The layout of a hot folder."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from inpaintd_protocol.errors import InpaintError

SETTINGS_FILE = "inpaintd.toml"

PRIVATE = ".inpaintd"


@dataclass(frozen=True)
class Layout:
    """The folders of one hot folder.

    Attributes:
        root: the hot folder itself, with links in its path resolved.
        in_place: sources stay where they are, and results are written next to them.
    """

    root: Path
    in_place: bool = False

    @property
    def inbox(self) -> Path:
        return self.root if self.in_place else self.root / "inbox"

    @property
    def processing(self) -> Path:
        return self.root / "processing"

    @property
    def outbox(self) -> Path:
        return self.root if self.in_place else self.root / "outbox"

    @property
    def done(self) -> Path:
        return self.root / "done"

    @property
    def failed(self) -> Path:
        return self.root if self.in_place else self.root / "failed"

    @property
    def private(self) -> Path:
        """Hidden folder for the journal, the lock and unfinished results, on the same disk."""
        return self.root / PRIVATE

    @property
    def results(self) -> Path:
        return self.private / "results"

    @property
    def journal(self) -> Path:
        return self.private / "journal.sqlite"

    def members_folder(self, job: int) -> Path:
        """The folder for a job's files while it is in progress."""
        return self.inbox if self.in_place else self.processing / str(job)

    def check(self, *, new: bool) -> None:
        """Check that the hot folder exists or may be created: a typo must not create folders.

        Args:
            new: whether it may be created inside an existing folder.

        Raises:
            InpaintError: `unreadable`.
        """
        if self.root.is_dir() or (new and self.root.parent.is_dir() and not self.root.exists()):
            return
        missing = self.root.parent if new and not self.root.exists() else self.root
        raise InpaintError(
            "unreadable",
            f"There is no folder {missing}.",
            "Check the name, or create the folder first.",
        )

    def make(self) -> None:
        """Create missing folders.

        Raises:
            InpaintError: `unwritable` when one cannot be created, or is a link.
        """
        folders = [self.private, self.results]
        if not self.in_place:
            folders += [self.inbox, self.processing, self.outbox, self.done, self.failed]
        for folder in folders:
            try:
                folder.mkdir(exist_ok=True, parents=folder == self.private)
            except OSError as error:
                raise InpaintError(
                    "unwritable",
                    f"The folder {folder} cannot be created: {error.strerror}.",
                    "Name a folder you have permission to write to.",
                ) from error
            if folder.is_symlink():
                # Files moved there would leave the hot folder.
                raise InpaintError(
                    "unwritable",
                    f"{folder} is a link to another place.",
                    "Replace it with a folder: the hot folder never accesses files outside itself.",
                )
        self.private.chmod(0o700)


def layout_of(folder: Path, *, in_place: bool = False) -> Layout:
    """The layout of the hot folder at this path; the path itself may be a link."""
    return Layout(Path(os.path.realpath(folder)), in_place)
