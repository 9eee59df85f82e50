"""Where the files of a model are. Standard library only."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Source:
    """Where the files of a model are.

    Attributes:
        name: as in the registry.
        folder: in the layout of diffusers, with a model_index.json; or a single file of weights.
        config: for a single file, the folder of a model with the same configuration; None for
            the shipped one of its kind.
        variant: which of several sets of weights ("fp16"); empty for the plain one.
        vae: folder or file of another VAE; None for the model's own.
        prior: folder of Kandinsky's prior.
        native_side: side of the square area that it paints best; None for what its files say.
    """

    name: str
    folder: Path
    variant: str = ""
    vae: Path | None = None
    prior: Path | None = None
    config: Path | None = None
    native_side: int | None = None

    @property
    def single_file(self) -> bool:
        """Whether it is a file of weights, and no folder."""
        return not self.folder.is_dir()
