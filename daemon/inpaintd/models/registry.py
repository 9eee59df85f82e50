"""The registry of models. Standard library only, as the daemon answers `models` from it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from inpaintd.engines.catalogue import ENGINES, MASK_ENGINES, honoured_by
from inpaintd.models.installed import folder_of, installation, is_path
from inpaintd.models.presets import find_preset
from inpaintd.models.table import check_parts, checked
from inpaintd.pipeline.plan import WorkSizes
from inpaintd_protocol.errors import InpaintError
from inpaintd_protocol.messages import ModelInfo
from inpaintd_protocol.settings import (
    Settings,
    Settled,
    SettledStage,
    Stage,
    fallback_of,
    settings_fields,
)

BUILT_IN_DEFAULT = "patches"
"""Model for requests that name none, until the user chooses another."""

_PATCHES_ALONE = ("sampling_pixels", "sampling_sides", "count")
"""Settings that the built-in fill honours, and models that remove without a prompt do not."""

_SHIPPED = Path(__file__).with_name("models.toml")
_USER_FILE = "models.toml"


@dataclass(frozen=True)
class Entry:
    """One model, as a table of models.toml."""

    name: str
    title: str
    engine: str
    native_side: int | None = None
    multiple: int = 1
    needs: str = ""
    honours: tuple[str, ...] = field(default=())
    kind: str = "model"
    """model, or what does not fill by itself: controlnet, ip-adapter, few-steps, preview-decoder,
    part (a VAE)."""
    source: str = ""
    """A repository of the hub (owner/name), a folder, or a single file; empty: built in."""
    files: tuple[str, ...] = ()
    """Files needed from the repository, the network first; empty for the layout of diffusers."""
    revision: str = ""
    """Commit of the repository; empty for the newest at the time of installation."""
    variant: str = ""
    """Name of one of several sets of weights, such as fp16."""
    vae: str = ""
    """Another VAE: name of its entry, or its folder or file."""
    prior: str = ""
    """Kandinsky's prior: name of its entry, or its folder."""
    config: str = ""
    """For a single file: entry or folder of a model with the same configuration; empty to detect
    it."""
    encoder: str = ""
    """An IP-Adapter's picture encoder: name of its entry, or its folder."""
    families: tuple[str, ...] = ()
    """For an IP-Adapter, an adapter for few steps or a preview decoder: its families' names."""
    weight: float = 1.0
    """For an adapter for few steps: the weight that it was made for."""
    base: str = ""
    """For the file of a denoiser alone: entry or folder of the model with its other parts."""
    control: str = ""
    """For a ControlNet: inpaint, tile, or union for one trained on several kinds."""
    licence: str = ""
    """The licence's name, as given by the model's maker."""
    commercial: str = ""
    """Permission to sell results: yes, no, or limited; empty when unknown."""
    detail: str = ""
    """Engine that adds detail where this model fills at a lower resolution; empty for none."""
    trained: str = ""
    """Training of a diffusion model: inpainting, plain or editing; selects among presets."""
    parameters: Mapping[str, float] = field(default_factory=dict)
    """Of each part, in millions, to tell whether it fits before it is fetched."""
    defaults: Mapping[str, Any] = field(default_factory=dict)
    """Defaults of this model for settings that the user has not set."""

    @property
    def install_command(self) -> str:
        """Empty for built-in models and for those used in place."""
        is_fetched = self.source and not is_path(self.source)
        return f"inpaintd models install {self.name}" if is_fetched else ""

    @property
    def kind_for_presets(self) -> str:
        """Kind of model in presets.toml; guessed from the name when `trained` is empty."""
        if self.trained or self.engine != "diffusion":
            return self.trained
        named_so = any(word in self.name.lower() for word in ("inpaint", "fill"))
        return "inpainting" if named_so else "plain"

    @property
    def remedy(self) -> str:
        """Hint for the user when the model is not installed."""
        command = self.install_command
        return f"Install it: {command}" if command else f"There is nothing at {self.source}."

    @property
    def parts(self) -> tuple[str, ...]:
        """Names of other entries that must be installed with this one."""
        return tuple(
            name
            for name in (self.vae, self.prior, self.config, self.encoder, self.base)
            if name and not is_path(name)
        )

    @property
    def sizes(self) -> WorkSizes:
        return WorkSizes(
            native_side=self.native_side,
            multiple=self.multiple,
        )


@dataclass(frozen=True)
class Registry:
    """All models by name.

    Attributes:
        own_default: the default model that the user has chosen; empty for none.
    """

    entries: dict[str, Entry]
    own_default: str
    home: Path

    @property
    def default(self) -> str:
        """Name of the model for requests that name none.

        Until the user chooses one, this is an installed model that removes without a prompt, or
        else the built-in fill.
        """
        if self.own_default:
            return self.own_default
        removing = (e for e in self.entries.values() if e.engine == "erase" and e.kind == "model")
        found = next((entry.name for entry in removing if self.installed(entry)), None)
        return found or BUILT_IN_DEFAULT

    def chosen(self, settings: Settings, *, sampled: bool = False) -> Entry:
        """Find the entry that a request's settings name, or the default for them.

        Args:
            sampled: whether the request says which pixels may be copied.

        Raises:
            InpaintError: as `find`.
        """
        found = self.find(settings.model)
        by_itself = not settings.model and not self.own_default
        if by_itself and found.engine == "erase" and (sampled or _needs_patches(settings)):
            return self.entries[BUILT_IN_DEFAULT]
        return found

    def find(self, name: str | None) -> Entry:
        """Find the entry of this name; None and the empty name give the default one.

        Raises:
            InpaintError: `unknown_model`, naming the nearest names.
        """
        name = name or self.default
        entry = self.entries.get(name)
        if entry is None:
            import difflib  # imported late, because it is seldom needed

            known = [e.name for e in self.entries.values() if e.kind == "model"]
            near = difflib.get_close_matches(name, known, n=3) or known
            raise InpaintError(
                "unknown_model",
                f"There is no model named {name[:80]!r}.",
                f"Known are, among others: {', '.join(near[:5])}. See: inpaintd models list",
            )
        return entry

    def filling(self, name: str | None) -> Entry:
        """Find an entry that fills by itself.

        Raises:
            InpaintError: as `find`, and `unsupported` for a ControlNet or a part.
        """
        entry = self.find(name)
        if entry.kind != "model":
            named = {"controlnet": "a ControlNet", "ip-adapter": "an IP-Adapter"}
            named["few-steps"] = "an adapter for few steps"
            named["preview-decoder"] = "a decoder for previews"
            what = named.get(entry.kind, "a part of other models")
            ready = [e.name for e in self.entries.values() if e.kind == "model"]
            ready = [name for name in ready if self.installed(self.entries[name])]
            raise InpaintError(
                "unsupported",
                f"{entry.name} is {what}, which does not fill by itself.",
                f"Installed and able to fill are: {', '.join(ready)}.",
            )
        return entry

    def settled(self, entry: Entry, settings: Settings) -> Settled:
        """Complete unset settings from the intent, then the model, then the fields' defaults.

        Raises:
            InpaintError: `unknown_model` for a stage's model.
        """
        stages = tuple(self._settled_stage(entry, settings, s) for s in settings.stages or ())
        wanted = Settings(**entry.defaults)
        if settings.intent:
            wanted = (
                find_preset(self.home, settings.intent)
                .settings(entry.kind_for_presets)
                .over(wanted)
            )
        return Settled.of(replace(settings.over(wanted), model=entry.name, stages=stages))

    def _settled_stage(self, own: Entry, settings: Settings, stage: Stage) -> SettledStage:
        """Complete a stage with the defaults of its own model, not of the request's."""
        model = self.find(stage.model or own.name)
        wanted = dict(model.defaults)
        if model == own:
            wanted.pop("guidance_scale", None)  # the stage uses the request's model
        else:
            asked = settings.guidance_scale
            generic = fallback_of("guidance_scale") if asked is None else asked
            wanted = {"guidance_scale": generic, **wanted}
        unset = {f.name for f in fields(Stage) if getattr(stage, f.name) in (None, "")}
        return SettledStage.of(replace(stage, **{k: v for k, v in wanted.items() if k in unset}))

    def installed(self, entry: Entry) -> bool:
        """Return whether the model and all its parts are installed."""
        return self.missing(entry) is None

    def missing(self, entry: Entry) -> Entry | None:
        """The missing entry: the model itself, or the first of its parts."""
        if entry.source and installation(self.home, entry.name, entry.source) is None:
            return entry
        parts = (self.missing(self.find(part)) for part in entry.parts)
        return next((part for part in parts if part is not None), None)

    def folder(self, entry: Entry) -> Path:
        """The location of a model's files.

        Raises:
            InpaintError: `model_missing`, naming the command that installs it.
        """
        missing = self.missing(entry)
        if missing is not None:
            raise InpaintError(
                "model_missing",
                f"The model {entry.name} is not installed.",
                _first_the_extra(self.home, entry.engine, missing.remedy),
            )
        return folder_of(self.home, entry.name, entry.source)

    def infos(self) -> tuple[ModelInfo, ...]:
        default = self.default
        models = (entry for entry in self.entries.values() if entry.kind == "model")
        return tuple(self._info(entry, default) for entry in models)

    def helpers(self) -> tuple[ModelInfo, ...]:
        """Entries that fill nothing by themselves: ControlNets, VAEs, the model for text masks."""
        others = (entry for entry in self.entries.values() if entry.kind != "model")
        return tuple(self._info(entry) for entry in others)

    def _info(self, entry: Entry, default: str = "") -> ModelInfo:
        missing = self.missing(entry)
        gone = missing is not None and is_path(missing.source)
        return ModelInfo(
            name=entry.name,
            title=entry.title,
            engine=entry.engine,
            installed=missing is None,
            default=entry.name == default,
            native_side=entry.native_side,
            multiple=entry.multiple,
            # Leave out the path, as the protocol carries none.
            needs=f"Its file is gone. See: inpaintd models info {entry.name}"
            if gone
            else entry.needs,
            install=missing.install_command if missing else "",
            honours=entry.honours or tuple(sorted(honoured_by(entry.engine))),
            licence=entry.licence,
            commercial=entry.commercial,
            defaults=Settings(**entry.defaults) if entry.defaults else None,
        )


def _needs_patches(settings: Settings) -> bool:
    neutral = {field.name: field.metadata["neutral"] for field in settings_fields()}
    return any(getattr(settings, k) not in (None, neutral[k]) for k in _PATCHES_ALONE)


def _first_the_extra(home: Path, engine: str, remedy: str) -> str:
    """Put the installation of missing libraries before a remedy."""
    about = ENGINES.get(engine) or MASK_ENGINES.get(engine)
    if about is None or not about.extra:
        return remedy
    from inpaintd.install.environment import holds  # imported late: seldom needed
    from inpaintd.install.extras import how_to_install

    if holds(home, about.package):
        return remedy
    return f"It needs libraries first: {how_to_install(about.extra)} - {remedy}"


def load_registry(home: Path) -> Registry:
    """Load the shipped models, overridden by the user's models.toml.

    Raises:
        InpaintError: `unreadable` when the user's file is not valid.
    """
    user_file = home / _USER_FILE
    try:
        changed_at = user_file.stat().st_mtime_ns if user_file.exists() else 0
        return _load(user_file, changed_at)
    except (OSError, ValueError) as error:
        reason: object = error
        if isinstance(error, OSError):
            reason = error.strerror
        elif isinstance(error, UnicodeDecodeError):
            reason = "it is not saved as UTF-8"
        raise InpaintError(
            "unreadable",
            f"The file {user_file} is not a valid list of models: {reason}.",
            "Correct it, or move it away to have the shipped models alone.",
        ) from error


@lru_cache(maxsize=1)
def _load(user_file: Path, changed_at: int) -> Registry:
    """The registry as of this modification of the user's file; 0 means that there is none."""

    import tomllib  # imported late, because a daemon must be ready at once

    tables = tomllib.loads(_SHIPPED.read_text(encoding="utf-8"))
    default = ""
    if changed_at:
        # -sig, because Notepad may write a byte order mark.
        user = tomllib.loads(user_file.read_text(encoding="utf-8-sig"))
        default = user.pop("default", default)
        if not isinstance(default, str):
            raise ValueError("default must be the name of a model")
        for name, table in user.items():
            shipped = tables.get(name, {})
            tables[name] = shipped | table if isinstance(table, dict) else table
    types = {field.name: str(field.type) for field in fields(Entry) if field.name != "name"}
    entries = {name: Entry(name, **checked(name, table, types)) for name, table in tables.items()}
    check_parts({name: entry.parts for name, entry in entries.items()})
    return Registry(entries, default, user_file.parent)
