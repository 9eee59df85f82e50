"""The files behind the names in a request: models, ControlNets, LoRAs and embeddings.

LoRAs and embeddings need no entry in models.toml: every .safetensors file in ~/.inpaintd/loras and
~/.inpaintd/embeddings is available under its name.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from inpaintd.models.installed import is_path, place_of
from inpaintd.models.registry import Entry, Registry
from inpaintd_protocol.errors import InpaintError

from ..families import Family


@dataclass(frozen=True)
class Source:
    """The location of a model's files.

    Attributes:
        name: as in the registry.
        folder: in the layout of diffusers, with a model_index.json; or a single file of weights.
        config: for a single file, the folder of a model with the same configuration; None for
            the one shipped for its kind.
        denoiser: file of another denoiser for the model in `folder`; None for its own.
        variant: the set of weights, such as "fp16"; empty for the default one.
        vae: folder or file of another VAE; None for the model's own.
        prior: folder of Kandinsky's prior.
        native_side: side of the square area that it paints best; None to read it from its files.
    """

    name: str
    folder: Path
    variant: str = ""
    vae: Path | None = None
    prior: Path | None = None
    config: Path | None = None
    native_side: int | None = None
    denoiser: Path | None = None

    @property
    def single_file(self) -> bool:
        """True if it is a single file of weights rather than a folder."""
        return not self.folder.is_dir()


@dataclass(frozen=True)
class IpAdapter:
    """The location of an IP-Adapter's files.

    Attributes:
        encoder: folder of the network that encodes pictures for it.
    """

    name: str
    file: Path
    encoder: Path


@dataclass(frozen=True)
class PreviewDecoder:
    """The location of a small decoder's files.

    Attributes:
        changed_at: of its weights, in nanoseconds; tells one that was installed again.
    """

    name: str
    folder: Path
    changed_at: int


@dataclass(frozen=True)
class Library:
    """The installed models; more may be installed while the engine is running."""

    current: Callable[[], Registry]

    @property
    def registry(self) -> Registry:
        return self.current()

    def model(self, name: str) -> Source:
        """The files of a model.

        Raises:
            InpaintError: `unknown_model`, `model_missing`, or `unsupported` if it is not a
                diffusion model.
        """
        entry = self.registry.filling(name)
        if entry.engine != "diffusion":
            raise InpaintError(
                "unsupported",
                f"{entry.name} is not a diffusion model.",
                "See which are: inpaintd models list",
            )
        place, base = self.registry.folder(entry), self._part(entry.base)
        return Source(
            name=entry.name,
            folder=base or place,
            denoiser=place if base else None,
            variant=entry.variant,
            vae=self._part(entry.vae),
            prior=self._part(entry.prior),
            config=self._part(entry.config),
            native_side=entry.native_side,
        )

    def _part(self, name: str) -> Path | None:
        if not name:
            return None
        if not is_path(name):
            return self.registry.folder(self.registry.find(name))
        path = place_of(name)
        if not path.exists():
            raise InpaintError("model_missing", f"There is nothing at {path}.")
        return path

    def controlnets(self, name: str, control: str) -> list[Path]:
        """Folder or file of the ControlNet of this name or, without one, all of its kind.

        Without a name only those that are installed count.

        Raises:
            InpaintError: `unknown_model`, or `model_missing` when none is installed.
        """
        nets = [e for e in self.registry.entries.values() if e.kind == "controlnet"]
        fitting = [e for e in nets if e.control in (control, "union")]
        if name:
            fitting = [e for e in nets if e.name == name]
            if not fitting:
                raise _unknown("ControlNet", name, [e.name for e in nets])
        installed = [entry for entry in fitting if self.registry.installed(entry)]
        return [self._first_file(entry) for entry in installed or fitting[:1]]

    def ip_adapter(self, family: Family) -> IpAdapter:
        """The first installed IP-Adapter that was made for a family.

        Raises:
            InpaintError: `model_missing`, naming one that can be installed if there is one.
        """
        entries = [e for e in self.registry.entries.values() if e.kind == "ip-adapter"]
        fitting = [entry for entry in entries if family.name in entry.families]
        entry = next((e for e in fitting if self.registry.installed(e)), None)
        if entry is None:
            remedy = f"Install one: {fitting[0].install_command}" if fitting else "There is none."
            raise InpaintError(
                "model_missing",
                f"{family.name} takes references by an IP-Adapter, and none for it is installed.",
                remedy,
            )
        return IpAdapter(entry.name, self._first_file(entry), self._encoder(entry))

    def preview_decoder(self, family: Family) -> PreviewDecoder | None:
        """The first installed small decoder for a family's latents; None for none."""
        entries = (e for e in self.registry.entries.values() if e.kind == "preview-decoder")
        fitting = (entry for entry in entries if family.name in entry.families)
        entry = next((e for e in fitting if self.registry.installed(e)), None)
        if entry is None:
            return None
        weights = self._first_file(entry)
        changed_at = weights.stat().st_mtime_ns if weights.exists() else 0
        return PreviewDecoder(entry.name, weights.parent, changed_at)

    def _encoder(self, entry: Entry) -> Path:
        if is_path(entry.encoder):
            return place_of(entry.encoder)
        return self._first_file(self.registry.find(entry.encoder)).parent

    def _first_file(self, entry: Entry) -> Path:
        place = self.registry.folder(entry)
        return place / entry.files[0] if entry.files else place

    def lora(self, name: str) -> Path:
        """The file of a LoRA, or of an adapter for few steps, which is a model of the registry."""
        entry = self.registry.entries.get(name)
        if entry is not None and entry.kind == "few-steps":
            return self._first_file(entry)
        return self._file("LoRA", "loras", name)

    def embedding(self, name: str) -> Path:
        """The file of a textual-inversion embedding."""
        return self._file("embedding", "embeddings", name)

    def _file(self, what: str, folder: str, name: str) -> Path:
        files = {p.stem: p for p in (self.registry.home / folder).glob("*.safetensors")}
        if name not in files:
            raise _unknown(what, name, sorted(files), self.registry.home / folder)
        return files[name]


def _unknown(
    what: str, name: str, known: Sequence[str], folder: Path | None = None
) -> InpaintError:
    near = difflib.get_close_matches(name, known, n=3, cutoff=0.4) or known[:5]
    hint = f"Known are: {', '.join(near)}." if near else "None is installed."
    if folder is not None:
        hint += f" Put its .safetensors file into {folder}."
    return InpaintError("unknown_model", f"There is no {what} named {name[:80]!r}.", hint)
