"""Everything that opens pixels: decoding, cutting out the rectangle to send, writing results.

Runs in separate processes, which any picture may crash. State kept between two instructions
for a drop only saves work: it can be rebuilt from the files.
"""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import singledispatchmethod
from pathlib import Path, PurePosixPath

from inpaintd.files.colour import unusable_profile
from inpaintd.files.exchange import Sent, cut, whole
from inpaintd.files.fill import Opened, mask_without_layer
from inpaintd.files.mask_file import ReadMask, hole_bounds, mask_from, nearly_all, told
from inpaintd.files.order import Order
from inpaintd.files.picture import Picture, Samples
from inpaintd.files.reading import read_file, read_picture
from inpaintd.files.recipe import parse_recipe, recipe_in
from inpaintd.files.room import out_of_room
from inpaintd_protocol.codec import settings_from_map, settings_to_map
from inpaintd_protocol.errors import InpaintError
from inpaintd_protocol.rectangle import Rectangle
from inpaintd_protocol.settings import Settings

from . import drop_events as e
from .layout import SETTINGS_FILE, Layout
from .options import (
    folder_layers,
    merged_settings,
    recipe_layer,
    shared_picture,
    sidecar_layer,
    with_reference,
)
from .reading import ChangedError, read_regular
from .report import for_people
from .results import disk_is_full, write_results

log = logging.getLogger(__name__)

_INVERT = "invert = true"  # in a file of settings


@dataclass
class _Held:
    """A drop whose pixels are in memory."""

    looked: e.Looked
    opened: Opened
    sent: Sent | None = None


class Pixels:
    """The pixels of some drops of one hot folder."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._held: dict[int, _Held] = {}

    def handle(self, instruction: e.Pixels) -> e.Event:
        """Carry out an instruction; any failure is returned as an event."""
        ticket = instruction.ticket
        try:
            return self._do(instruction)
        except ChangedError:
            return e.Changed(ticket)
        except InpaintError as error:
            return e.Unopened(ticket, error, disk_full=self._disk_is_full(instruction, error))
        except MemoryError:
            self._held.pop(ticket, None)
            return e.Unopened(ticket, out_of_room(self._name(instruction)))
        except Exception as problem:
            if isinstance(problem, OSError) and self._disk_is_full(instruction, problem):
                return e.Unopened(ticket, for_people(problem), disk_full=True)
            log.exception("a picture could not be processed")
            return e.Unopened(ticket, for_people(problem), unexpected=True)

    def release(self, ticket: int) -> None:
        """Discard the pixels of a drop."""
        self._held.pop(ticket, None)

    @singledispatchmethod
    def _do(self, instruction: e.Pixels) -> e.Event:
        raise TypeError(instruction)

    @_do.register
    def _open(self, instruction: e.Open) -> e.Event:
        held = self._held[instruction.ticket] = self._read(instruction.files)
        return e.Opened(instruction.ticket, held.looked)

    @_do.register
    def _cut_out(self, instruction: e.CutOut) -> e.Event:
        held = self._again(instruction, instruction.rectangle)
        assert held.sent is not None
        request = held.sent.request(
            instruction.request_id, held.looked.settings, on_disconnect="keep"
        )
        return e.Cut(instruction.ticket, request)

    @_do.register
    def _store(self, instruction: e.Store) -> e.Event:
        held = self._again(instruction, instruction.rectangle)
        assert held.sent is not None
        # Their current location: the recipe records their contents.
        paths = self._paths(instruction.files)
        order = replace(held.opened.order, source=paths["picture"])
        if "mask" in paths:
            order = replace(order, mask=paths["mask"])
        if "reference" in paths:
            order = replace(order, references=(paths["reference"],))
        opened = replace(held.opened, order=order)
        files = write_results(self._layout, instruction.job, opened, held.sent, instruction.answer)
        return e.Stored(instruction.ticket, files)

    def _again(self, instruction: e.Pixels, rectangle: Rectangle) -> _Held:
        """The drop as opened before, by this process or by one that has died."""
        held = self._held.get(instruction.ticket)
        if held is None:
            held = self._held[instruction.ticket] = self._read(instruction.files)
        if held.looked.key != instruction.files.key:
            raise ChangedError(instruction.files.members["picture"])
        if held.sent is None or held.sent.rectangle != rectangle:
            opened = held.opened
            held.sent = cut(opened.picture, opened.mask, rectangle, references=opened.references)
        return held

    def _folder(self, files: e.Files) -> Path:
        job = files.in_processing
        return self._layout.inbox if job is None else self._layout.members_folder(job)

    def _paths(self, files: e.Files) -> dict[str, Path]:
        folder = self._folder(files)
        return {role: folder / name for role, name in files.members.items()}

    def _read(self, files: e.Files) -> _Held:
        members, folder = files.members, self._folder(files)
        data, signatures = {}, {}
        for role, name in members.items():
            data[role], signatures[role] = read_regular(folder, name, self._layout.root)
        paths = self._paths(files)
        for role in ("mask", "reference"):
            if role not in paths and (shared := self._shared(files, role, data)):
                paths[role] = shared
        mask_file = paths.get("mask")
        picture, read = _decoded(members, data, mask_file)
        mask = None if read is None else read.samples
        if files.settings is None:
            settled = _settled(self._layout, members, data, picture)
            used = with_reference(settled, there="reference" in paths)
        else:
            used = settings_from_map(Settings, dict(files.settings))
        bounds = _bounds(picture, mask, used)
        references = (paths["reference"],) if "reference" in paths else ()
        order = Order(paths["picture"], used, mask=mask_file, references=references)
        notices = picture.notices + unusable_profile(picture) + told(read, used, invert=_INVERT)
        notices += nearly_all(picture, mask, bounds, used, invert=_INVERT)
        opened = Opened(
            order,
            picture,
            mask,
            bounds,
            order.source,
            notices,
            references=tuple(whole(read_file(path, data["reference"])) for path in references),
        )
        notices += mask_without_layer(opened, "Leave it out.")
        opened = replace(opened, notices=notices)
        looked = e.Looked(
            key=_key(data, used),
            signatures=signatures,
            settings=used,
            extent=picture.extent,
            bounds=bounds,
            notices=notices,
        )
        return _Held(looked, opened)

    def _shared(self, files: e.Files, role: str, data: dict[str, bytes]) -> Path | None:
        """The path of the mask or reference for all pictures of a folder, which is read here."""
        path = shared_picture(self._layout, PurePosixPath(files.members["picture"]), role)
        if path is not None:
            try:
                data[role], _ = read_regular(path.parent, path.name, self._layout.root)
            except ChangedError as error:
                place = path.relative_to(self._layout.root).with_name(SETTINGS_FILE)
                raise InpaintError(
                    "unreadable",
                    f"{place} names the {role} {path.name}, which does not exist.",
                    "Put it next to that file, or name another one.",
                ) from error
        return path

    def _disk_is_full(self, instruction: e.Pixels, error: Exception) -> bool:
        return isinstance(instruction, e.Store) and disk_is_full(error, self._layout.results)

    def _name(self, instruction: e.Pixels) -> str:
        return PurePosixPath(instruction.files.members["picture"]).name


def _bounds(picture: Picture, mask: Samples | None, settings: Settings) -> Rectangle:
    """Like `hole_bounds`, with remedies that suit the hot folder, which has no options to type."""
    try:
        return hole_bounds(picture, mask, settings)
    except InpaintError as error:
        raise InpaintError(
            error.code,
            error.message,
            "Make the area to repaint transparent, or drop a mask with it: "
            f"{picture.path.stem}.mask.png, the size of the picture, white in that area.",
        ) from error


def _decoded(
    members: Mapping[str, str], data: Mapping[str, bytes], mask_file: Path | None
) -> tuple[Picture, ReadMask | None]:
    path = Path(PurePosixPath(members["picture"]).name)
    picture = read_file(path, data["picture"])
    if mask_file is None:
        return picture, None
    mask = read_picture(Path(mask_file.name), data["mask"])
    return picture, mask_from(mask, picture.extent)


def _settled(
    layout: Layout, members: Mapping[str, str], data: Mapping[str, bytes], picture: Picture
) -> Settings:
    layers = folder_layers(layout, PurePosixPath(members["picture"]))
    layers += [sidecar_layer(members[role], data[role]) for role in ("toml", "txt") if role in data]
    recipe = recipe_in(picture)
    if recipe:
        layers.append(recipe_layer(parse_recipe(recipe, picture.path.name)))
    return merged_settings(layers)


def _key(data: Mapping[str, bytes], settings: Settings) -> str:
    # An absent one adds nothing, so that keys stay equal to those of earlier versions.
    hashes = [
        hashlib.sha256(data[role]).hexdigest()
        for role in ("picture", "mask", "reference")
        if role in data
    ]
    text = json.dumps([hashes, settings_to_map(settings)], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()
