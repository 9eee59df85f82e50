"""The messages, as plain dataclasses. PROTOCOL.md says when each is sent.

Requests go from a client to the daemon, answers come back; each carries the `request_id` that the
client chose. `Inpaint` and `MakeMask` are answered by `Accepted`, any number of `Progress` and
`Preview`, and exactly one of `Finished`, `Failed`, `Cancelled`. All others have one answer.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar, Union, cast

from . import limits
from .errors import Code, InpaintError
from .plane import Plane
from .rectangle import Rectangle
from .settings import Settings
from .version import PROTOCOL_VERSION

ON_DISCONNECT = ("cancel", "keep")

_ON_CANVAS = {"minimum": -limits.CANVAS_SIDE, "maximum": limits.CANVAS_SIDE}


@dataclass(frozen=True)
class Message:
    """The field that all messages share."""

    type: ClassVar[str]
    request_id: str


# ---------------------------------------------------------------------------------- requests


@dataclass(frozen=True)
class Hello(Message):
    """First message of every connection; answered by `Welcome`."""

    type: ClassVar[str] = "hello"
    client: str
    nonce: bytes
    protocol: tuple[int, int] = PROTOCOL_VERSION


@dataclass(frozen=True)
class Plan(Message):
    """Ask for the rectangle that `Inpaint` needs. Answered by `Planned`, without a worker."""

    type: ClassVar[str] = "plan"
    extent: Rectangle
    """Rectangle of the layer, in canvas coordinates."""
    bounds: Rectangle
    """Bounds of the selection, or of the transparent area, in canvas coordinates."""
    settings: Settings = field(default_factory=Settings)
    sampling: Rectangle | None = None
    """Bounds of the sampling area of `Inpaint`, in canvas coordinates; they are sent as well."""


@dataclass(frozen=True)
class Inpaint(Message):
    """Fill the hole of a layer."""

    type: ClassVar[str] = "inpaint"
    layer: Plane
    """3 or 4 channels. Without `mask`, transparency is the mask: h = 1 - alpha."""
    settings: Settings = field(default_factory=Settings)
    offset: tuple[int, int] = field(default=(0, 0), metadata=_ON_CANVAS)
    """Canvas coordinates of the layer's first pixel; the answer's layers are placed likewise."""
    mask: Plane | None = None
    """1 channel, as large as `layer`; full scale = repaint, 0 = keep."""
    on_disconnect: str = field(default="cancel", metadata={"choices": ON_DISCONNECT})
    """Reaction to a lost client: cancel, or keep the result for `Attach`."""
    stage_masks: tuple[Plane | None, ...] = ()
    """For each of `settings.stages` a mask of its own or None, like `mask`; empty when none has."""
    references: tuple[Plane, ...] = ()
    """For each of `settings.references` its picture, 3 or 4 channels, of any size."""
    sampling: Plane | None = None
    """1 channel, as large as `layer`: the pixels that may be copied, from half of full scale on."""


@dataclass(frozen=True)
class Click:
    """A point of the canvas that belongs to an object, or does not; (0, 0) is a pixel's corner."""

    x: float = field(metadata=_ON_CANVAS)
    y: float = field(metadata=_ON_CANVAS)
    inside: bool = True


@dataclass(frozen=True)
class ObjectPrompt:
    """The location of an object to select."""

    clicks: tuple[Click, ...] = ()
    boxes: tuple[Rectangle, ...] = ()
    """Around it, in canvas coordinates; several boxes select several objects."""
    rough: bool = False
    """True when the request's mask plane is a rough selection of it."""
    choice: int | None = field(default=None, metadata={"minimum": 0, "maximum": 2})
    """Number of the mask to use, from the smallest part to the whole; None for the surest one."""


@dataclass(frozen=True)
class MakeMask(Message):
    """Make only the mask that `Inpaint` would use: from text, alpha, plane and mask settings.

    With `object`, make the mask of the object it indicates, using the model for objects.
    """

    type: ClassVar[str] = "mask"
    layer: Plane
    settings: Settings = field(default_factory=Settings)
    offset: tuple[int, int] = field(default=(0, 0), metadata=_ON_CANVAS)
    mask: Plane | None = None
    on_disconnect: str = field(default="cancel", metadata={"choices": ON_DISCONNECT})
    object: ObjectPrompt | None = None


@dataclass(frozen=True)
class ListModels(Message):
    """Answered by `Models`."""

    type: ClassVar[str] = "models"


@dataclass(frozen=True)
class GetStatus(Message):
    """Answered by `Status`."""

    type: ClassVar[str] = "status"
    about: str = ""
    """Id of a request whose history is wanted as well."""


@dataclass(frozen=True)
class Cancel(Message):
    """Stop the request of this id. The only reply is that request's own terminal answer."""

    type: ClassVar[str] = "cancel"


@dataclass(frozen=True)
class Attach(Message):
    """Become the owner of the request of this id; all its further answers come here.

    A request that has ended is answered with its stored terminal answer.
    """

    type: ClassVar[str] = "attach"


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
class GetDisk(Message):
    """Ask for the disk usage of models. Answered by `Disk`."""

    type: ClassVar[str] = "disk"


@dataclass(frozen=True)
class UseModel(Message):
    """Make an installed model the default. Answered by `ModelDone` or `Failed`."""

    type: ClassVar[str] = "model_use"
    model: str


@dataclass(frozen=True)
class GetOffer(Message):
    """Ask what would be fetched, and under which licence. Answered by `Offer` or `Failed`."""

    type: ClassVar[str] = "offer"
    model: str = ""
    """A model's name; empty for the libraries that diffusion models need, as `SetUp` fetches."""


@dataclass(frozen=True)
class SetUp(Message):
    """Install the libraries for diffusion models, with the torch that suits the card.

    Answered by any number of `ModelProgress`, and one of `ModelDone`, `Failed`, `Cancelled`. It is
    cancelled with its client, and leaves what worked before in use until the end.
    """

    type: ClassVar[str] = "setup"


@dataclass(frozen=True)
class Shutdown(Message):
    """Stop the daemon; answered by `ShuttingDown`. Unfinished requests get `shutting_down`."""

    type: ClassVar[str] = "shutdown"


# ----------------------------------------------------------------------------------- answers


@dataclass(frozen=True)
class Welcome(Message):
    """The daemon's introduction, with proof that it knows the secret."""

    type: ClassVar[str] = "welcome"
    daemon: str
    """The daemon's version."""
    protocol: tuple[int, int]
    proof: bytes
    """HMAC-SHA256 over the nonce of `Hello`, see connection.py."""
    capabilities: tuple[str, ...] = ()


@dataclass(frozen=True)
class Planned(Message):
    """The rectangle of the layer to send: inside `extent`, with the hole's context."""

    type: ClassVar[str] = "planned"
    rectangle: Rectangle


@dataclass(frozen=True)
class Accepted(Message):
    """The request is queued or running; `position` 0 means running."""

    type: ClassVar[str] = "accepted"
    position: int


@dataclass(frozen=True)
class Progress(Message):
    """Progress of an unfinished request. Sent at least every `limits.HEARTBEAT_SECONDS`."""

    type: ClassVar[str] = "progress"
    phase: str
    """waiting, loading, preparing, denoising or finishing."""
    fraction: float
    """Completed share of the whole request, 0 to 1."""
    step: int = 0
    steps: int = 0
    variant: int = 0
    position: int = 0
    """Position in the queue while `phase` is waiting, 1 = next."""
    remaining_seconds: float | None = None


@dataclass(frozen=True)
class Preview(Message):
    """A picture of an unfinished request."""

    type: ClassVar[str] = "preview"
    variant: int
    offset: tuple[int, int]
    """Canvas coordinates of the region that the picture shows."""
    size: tuple[int, int]
    """Width and height of that region on the canvas; the picture may be smaller."""
    pixels: Plane
    final: bool = False
    """True for the variant's finished layer, False for a sketch of it."""


@dataclass(frozen=True)
class Notice:
    """A warning about a request that succeeds."""

    code: str
    message: str
    remedy: str = ""


@dataclass(frozen=True)
class ResultLayer:
    """A new layer, to be placed over the source with its first pixel at `offset` of the canvas."""

    pixels: Plane
    offset: tuple[int, int]
    seed: int
    mask: Plane | None = None
    """Layer mask, 1 channel, as large as `pixels`; only for `output = "masked"`."""


@dataclass(frozen=True)
class Finished(Message):
    """The end of a successful request."""

    type: ClassVar[str] = "finished"
    layers: tuple[ResultLayer, ...]
    """One for each variant; none in answer to `MakeMask`."""
    mask: Plane
    """The mask that was used, 1 channel."""
    mask_offset: tuple[int, int]
    model: str
    warnings: tuple[Notice, ...] = ()
    steps: int = 0
    """Denoising steps actually run for each variant."""
    engine_seconds: float = 0.0
    """Time spent in the engine, for benchmarks and for people."""
    settings: Settings | None = None
    """Settings as used, with the model's defaults for those that the request left unset.

    Omits settings that the engine ignores, prompts and lists.
    """


@dataclass(frozen=True)
class Failed(Message):
    """The end of a request, or the answer to a message that could not be understood."""

    type: ClassVar[str] = "failed"
    code: str
    message: str
    hint: str = ""
    retriable: bool = False
    retry_after_seconds: float | None = None

    @classmethod
    def of(cls, request_id: str, error: InpaintError) -> Failed:
        return cls(
            request_id,
            code=error.code,
            message=error.message,
            hint=error.hint,
            retriable=error.retriable,
            retry_after_seconds=error.retry_after_seconds,
        )

    def error(self) -> InpaintError:
        return InpaintError(
            cast(Code, self.code),
            self.message,
            self.hint,
            retriable=self.retriable,
            retry_after_seconds=self.retry_after_seconds,
        )


@dataclass(frozen=True)
class Cancelled(Message):
    """The end of a request that was cancelled."""

    type: ClassVar[str] = "cancelled"


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
    """Whether it fits into this machine's memory now, in words; empty when unknown or needless."""


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


@dataclass(frozen=True)
class RequestState:
    """One unfinished request in `Status`."""

    request_id: str
    client: str
    phase: str
    fraction: float


@dataclass(frozen=True)
class WorkerState:
    """One worker process in `Status`."""

    pid: int
    device: str
    state: str
    """starting, idle, busy or ending; absent where the last start failed."""
    model: str = ""
    problem: str = ""
    """Reason why its last start failed, as a clause."""


@dataclass(frozen=True)
class Moment:
    """One event in the history of a request, in `Status`."""

    seconds_ago: float
    text: str


@dataclass(frozen=True)
class Status(Message):
    """The daemon's activity."""

    type: ClassVar[str] = "daemon_status"
    daemon: str
    pid: int
    uptime_seconds: float
    resident_bytes: int
    endpoint: str
    requests: tuple[RequestState, ...] = ()
    workers: tuple[WorkerState, ...] = ()
    finished: int = 0
    failed: int = 0
    cancelled: int = 0
    notices: tuple[Notice, ...] = ()
    """Reasons why models do not run here, as in `Models`."""
    log: str = ""
    """Path of the daemon's log."""
    story: tuple[Moment, ...] = ()
    """History of the request asked about; empty when the daemon no longer remembers it."""


@dataclass(frozen=True)
class ShuttingDown(Message):
    """The daemon stops as soon as all clients have been answered."""

    type: ClassVar[str] = "shutting_down"


# ---------------------------------------------------------------------------------- together

Job = Union[Inpaint, MakeMask]
"""Requests that are handled by a worker."""

Terminal = Union[Finished, Failed, Cancelled]
"""Terminal answers: exactly one of them ends each job."""

REQUESTS: tuple[type[Message], ...] = (
    Hello,
    Plan,
    Inpaint,
    MakeMask,
    ListModels,
    GetStatus,
    Cancel,
    Attach,
    InstallModel,
    PauseModel,
    RemoveModel,
    VerifyModel,
    GetDisk,
    UseModel,
    GetOffer,
    SetUp,
    Shutdown,
)
ANSWERS: tuple[type[Message], ...] = (
    Welcome,
    Planned,
    Accepted,
    Progress,
    Preview,
    Finished,
    Failed,
    Cancelled,
    Models,
    ModelProgress,
    ModelDone,
    Offer,
    Disk,
    Status,
    ShuttingDown,
)
