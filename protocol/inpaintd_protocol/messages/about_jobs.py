"""Messages about fills and masks: the requests that a worker handles, and their answers.

`Inpaint` and `MakeMask` are answered by `Accepted`, any number of `Progress` and `Preview`, and
exactly one of `Finished`, `Failed`, `Cancelled`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar, Union, cast

from .. import limits
from ..errors import Code, InpaintError
from ..plane import Plane
from ..rectangle import Rectangle
from ..settings import Settings
from .message import Message, Notice

ON_DISCONNECT = ("cancel", "keep")

_ON_CANVAS = {"minimum": -limits.CANVAS_SIDE, "maximum": limits.CANVAS_SIDE}


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
class Planned(Message):
    """The rectangle of the layer to send: inside `extent`, with the hole's context."""

    type: ClassVar[str] = "planned"
    rectangle: Rectangle


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
    reference_masks: tuple[Plane | None, ...] = ()
    """For each of `references` where it counts, like `mask`, or None for everywhere; empty when
    all count everywhere."""


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


Job = Union[Inpaint, MakeMask]
"""Requests that are handled by a worker."""

Terminal = Union[Finished, Failed, Cancelled]
"""Terminal answers: exactly one of them ends each job."""
