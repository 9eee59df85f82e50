"""A worker's work on a request: load the engine that its model needs, run the pipeline."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from inpaintd.engine import Array, Detailer, Engine
from inpaintd.engines.load import load, load_object_mask, load_text_mask
from inpaintd.models.few_steps import with_few_steps
from inpaintd.models.registry import load_registry
from inpaintd.pipeline.run import run
from inpaintd_protocol.messages import Finished, Inpaint, Job, Message, ObjectPrompt

if TYPE_CHECKING:
    from inpaintd.engines.object_mask import ObjectMask
    from inpaintd.engines.textmask import TextMask

TEXT_MASK_MODEL = "clipseg"
"""Entry of models.toml that locates described things in pictures."""

OBJECT_MASK_MODEL = "sam-2.1"
"""Entry of models.toml that selects objects."""


def device_of(engine: Engine) -> str:
    """The device an engine runs on, such as "cuda:0 (NVIDIA L4)"; the CPU if it names none."""
    device = getattr(engine, "device", "cpu")
    kind = str(getattr(device, "type", device))
    if kind != "cuda":
        return kind
    import torch  # already imported by that engine

    return f"{device} ({torch.cuda.get_device_name(device)})"


class Started(Protocol):
    """Tells the daemon which model is at work, and whether it can be interrupted."""

    def __call__(self, model: str, *, interruptible: bool, device: str = "") -> None: ...


class Work:
    """The engines that this process has loaded, and the way to use them."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self._engines: dict[str, Engine] = {}
        self._text_mask: tuple[Path, TextMask] | None = None
        self._object_mask: tuple[Path, ObjectMask] | None = None

    def do(self, request: Job, started: Started, tell: Callable[[Message], None]) -> Finished:
        """Answer a request.

        Raises:
            InpaintError: with a sentence for the user.
            CancelledError: out of `tell`.
        """
        registry = load_registry(self._home)
        sampled = isinstance(request, Inpaint) and request.sampling is not None
        entry = registry.chosen(request.settings, sampled=sampled)
        settings = registry.settled(entry, with_few_steps(registry, entry, request.settings))
        if isinstance(request, Inpaint) and entry.source:
            registry.folder(entry)  # reports a missing package before anything large is imported
        engine = self._engine(entry.engine)
        started(entry.name, interruptible=engine.interruptible, device=device_of(engine))
        return run(
            request,
            engine,
            tell,
            settings=settings,
            sizes=entry.sizes,
            model=entry.name,
            prefill=self._engine("patches") if settings.infill == "patchmatch" else None,
            detailer=self._detailer(entry.detail),
            text_masker=self._find_words,
            object_masker=self._find_object,
        )

    def _find_words(self, colour: Array, words: str) -> Array:
        registry = load_registry(self._home)
        entry = registry.find(TEXT_MASK_MODEL)
        folder = registry.folder(entry)
        if self._text_mask is None or self._text_mask[0] != folder:
            self._text_mask = folder, load_text_mask(entry.engine, folder)
        return self._text_mask[1].find(colour, words)

    def _find_object(self, colour: Array, prompt: ObjectPrompt) -> Array:
        registry = load_registry(self._home)
        entry = registry.find(OBJECT_MASK_MODEL)
        folder = registry.folder(entry)
        if self._object_mask is None or self._object_mask[0] != folder:
            self._object_mask = folder, load_object_mask(entry.engine, folder)
        return self._object_mask[1].find(colour, prompt)

    def _detailer(self, name: str) -> Detailer | None:
        engine = self._engine(name) if name else None
        # The built-in fill may be replaced by one that cannot, for want of a library.
        return engine if isinstance(engine, Detailer) else None

    def _engine(self, name: str) -> Engine:
        if name not in self._engines:
            self._engines[name] = load(name, self._home)
        return self._engines[name]
