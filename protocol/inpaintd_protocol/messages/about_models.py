"""Messages about models: what is installed, downloads, and disk space."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from ..settings import Settings
from .message import Message, Notice


@dataclass(frozen=True)
class ListModels(Message):
    """Answered by `Models`."""

    type: ClassVar[str] = "models"


@dataclass(frozen=True)
class ModelInfo:
    """One entry of the registry, as a picker needs it."""

    name: str
    title: str
    engine: str
    installed: bool
    default: bool = False
    native_side: int | None = None
    multiple: int = 1
    needs: str = ""
    """Its requirements in words ("4 GB of GPU memory"); empty without special ones."""
    install: str = ""
    """The command that installs it; empty when there is nothing to install."""
    honours: tuple[str, ...] = ()
    """Settings handled by engines that this model honours; empty when none.

    Settings handled by the pipeline work with every model, and are not listed.
    """
    licence: str = ""
    """Name of its licence; empty when it has none or it is unknown."""
    commercial: str = ""
    """Permission by its licence to sell results: yes, no or limited; empty when unknown."""
    defaults: Settings | None = None
    """Its defaults for settings that the user left unset; nil when it has none of its own."""
    fits: str = ""
    """Its fit into this machine's memory now, in words; empty when unknown or needless."""


@dataclass(frozen=True)
class IntentInfo:
    """One preset of settings, for `settings.intent`."""

    name: str
    label: str
    """Description for people."""
    help: str = ""


@dataclass(frozen=True)
class Models(Message):
    """The registry."""

    type: ClassVar[str] = "model_list"
    models: tuple[ModelInfo, ...]
    notices: tuple[Notice, ...] = ()
    """Reasons why models do not run here, or not on the graphics card."""
    intents: tuple[IntentInfo, ...] = ()
    """Presets in the order in which to offer them."""
    helpers: tuple[ModelInfo, ...] = ()
    """Entries that fill nothing by themselves: models that find masks, ControlNets, parts."""


@dataclass(frozen=True)
class InstallModel(Message):
    """Fetch a model and its parts, in a process of its own that outlives the client.

    Answered by any number of `ModelProgress` and one of `ModelDone`, `Failed`, `Cancelled`. If the
    model is already being fetched, this client receives the answers as well. A new daemon resumes
    downloads that were under way when the last one ended.
    """

    type: ClassVar[str] = "model_install"
    model: str
    accept_licence: bool = False
    """True when the user has accepted the licence; `Failed` with the code `licence` asks for it."""
    token: str = ""
    """Access token of the hub, stored for this user alone; empty to use the stored one."""


@dataclass(frozen=True)
class PauseModel(Message):
    """Pause a download until the model is installed again; received data is kept.

    Answered by `ModelDone`, which also goes to all clients waiting for the model.
    """

    type: ClassVar[str] = "model_pause"
    model: str


@dataclass(frozen=True)
class RemoveModel(Message):
    """Delete a downloaded model, or unlist one that is used in place.

    Answered by `ModelDone` or `Failed`.
    """

    type: ClassVar[str] = "model_remove"
    model: str
    force: bool = False
    """Remove it even if installed models need it."""


@dataclass(frozen=True)
class VerifyModel(Message):
    """Read all files of an installed model. Answered as `InstallModel` is."""

    type: ClassVar[str] = "model_verify"
    model: str


@dataclass(frozen=True)
class UseModel(Message):
    """Make an installed model the default. Answered by `ModelDone` or `Failed`."""

    type: ClassVar[str] = "model_use"
    model: str


@dataclass(frozen=True)
class ModelProgress(Message):
    """Progress of a model's download or check."""

    type: ClassVar[str] = "model_progress"
    model: str
    """The model being fetched, or the part of it."""
    done_bytes: int
    total_bytes: int
    bytes_per_second: float = 0.0


@dataclass(frozen=True)
class ModelDone(Message):
    """The successful end of a request about a model."""

    type: ClassVar[str] = "model_done"
    model: str
    state: str
    """installed, paused, removed, verified, or default."""
    freed_bytes: int = 0


@dataclass(frozen=True)
class GetOffer(Message):
    """Ask what would be fetched, and under which licence. Answered by `Offer` or `Failed`."""

    type: ClassVar[str] = "offer"
    model: str = ""
    """A model's name; empty for the libraries that diffusion models need, as `SetUp` fetches."""


@dataclass(frozen=True)
class Offer(Message):
    """The size and the terms of something that can be fetched."""

    type: ClassVar[str] = "download_offer"
    title: str
    """Its name, for people."""
    total_bytes: int
    """Size of all its files."""
    missing_bytes: int
    """The part of it that is still to be fetched."""
    needed_bytes: int
    """Free space needed on the disk."""
    free_bytes: int
    """Free space on that disk."""
    licence: str = ""
    """Name of its licence; empty when unknown."""
    commercial: str = ""
    """Permission by its licence to sell results: yes, no or limited; empty when unknown."""
    page: str = ""
    """Address of the page with its licence; empty when there is none."""
    must_accept: bool = False
    """True when the licence has to be accepted before it is fetched."""
    needs_token: bool = False
    """True when the hub hands it out to members only, and no token is stored."""
    suits: str = ""
    """The graphics card or the processor that it was chosen for; empty for models."""


@dataclass(frozen=True)
class SetUp(Message):
    """Install the libraries for diffusion models, with the torch that suits the card.

    Answered by any number of `ModelProgress`, and one of `ModelDone`, `Failed`, `Cancelled`. It is
    cancelled with its client, and leaves what worked before in use until the end.
    """

    type: ClassVar[str] = "setup"


@dataclass(frozen=True)
class GetDisk(Message):
    """Ask for the disk usage of models. Answered by `Disk`."""

    type: ClassVar[str] = "disk"


@dataclass(frozen=True)
class ModelUsage:
    """Disk usage of one model."""

    name: str
    bytes: int
    own: bool
    """True when inpaintd fetched it, so that removing it frees the space."""
    whole: bool
    """True when it has been fetched completely."""
    used_by: tuple[str, ...] = ()
    """The installed models that it is a part of."""


@dataclass(frozen=True)
class Disk(Message):
    """Disk usage of models, largest first, and free space."""

    type: ClassVar[str] = "disk_usage"
    free_bytes: int
    models: tuple[ModelUsage, ...] = ()
