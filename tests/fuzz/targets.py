"""Everything that reads what strangers may have made: bytes in, a sentence or a value out.

An InpaintError is a sentence; whatever else escapes is a defect. `python -m tests.fuzz.targets`
writes the corpus again.
"""

from __future__ import annotations

import io
import json
import os
import struct
import tempfile
import zipfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path, PurePosixPath
from unittest.mock import patch

from inpaintd.cli.chain_file import read_chain
from inpaintd.files import room
from inpaintd.files.reading import read_file, read_picture
from inpaintd.files.recipe import files_in, parse_recipe, recipe_in
from inpaintd.files.repeat import repeated
from inpaintd.files.xmp import read_property, with_property
from inpaintd.hotfolder.layout import Layout, layout_of
from inpaintd.hotfolder.options import (
    folder_layers,
    merged_settings,
    read_watch_options,
    shared_names,
    shared_picture,
    sidecar_layer,
)
from inpaintd.models import presets, registry
from inpaintd.models.weights import tensors_in
from inpaintd_protocol.connection import read_connection
from inpaintd_protocol.errors import InpaintError
from inpaintd_protocol.settings import Settings
from tests.fuzz import doors

CORPUS = Path(__file__).parent / "corpus"


def _file(read: Callable[[Path], object], name: str) -> Callable[[bytes], None]:
    """Adapt a reader of paths: it gets a file with the bytes."""
    folder = Path(tempfile.gettempdir()) / f"inpaintd-fuzz-{os.getpid()}"

    def target(data: bytes) -> None:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
        read(folder / name)

    return target


def _picture(data: bytes) -> None:
    picture = read_picture(Path("a.png"), data)
    recipe_in(picture)


def _document(name: str) -> Callable[[bytes], None]:
    def target(data: bytes) -> None:
        read_file(Path(name), data)

    return target


def _recipe(data: bytes) -> None:
    text = data.decode("utf-8", "replace")
    with suppress(InpaintError):
        parse_recipe(text, "a.png")
    repeated(files_in(text), CORPUS / "none.png", Settings(), source=None, mask=None)


def _xmp(data: bytes) -> None:
    read_property(data, "recipe")
    assert read_property(with_property(data, "recipe", "x"), "recipe") in ("", "x")


def _settings(name: str) -> Callable[[bytes], None]:
    def target(data: bytes) -> None:
        sidecar_layer(name, data)

    return target


def _in_home(name: str, read: Callable[[Path], object]) -> Callable[[bytes], None]:
    """Adapt a reader of folders: its file gets the bytes, and one sentence names all mistakes."""
    return _file(lambda path: read(path.parent), f"{name.partition('.')[0]}-home/{name}")


def _models(home: Path) -> None:
    registry._load.cache_clear()
    registry.load_registry(home).infos()


def _presets(home: Path) -> None:
    presets._load.cache_clear()
    presets.load_presets(home)


def _folder(root: Path) -> None:
    layout = layout_of(root)
    shared_names(root)
    for read in (read_watch_options, _layers, _shared):
        with suppress(InpaintError):
            read(layout)


def _layers(layout: Layout) -> None:
    merged_settings(folder_layers(layout, PurePosixPath("a.png")))


def _shared(layout: Layout) -> None:
    for role in ("mask", "reference"):
        found = shared_picture(layout, PurePosixPath("a.png"), role)
        assert found is None or found.parent == layout.root


TARGETS: dict[str, Callable[[bytes], None]] = {
    "picture": _picture,
    "psd": _document("a.psd"),
    "openraster": _document("a.ora"),
    "recipe": _recipe,
    "xmp": _xmp,
    "settings": _settings("a.toml"),
    "prompt": _settings("a.txt"),
    "chain": _file(read_chain, "chain.toml"),
    "safetensors": _file(tensors_in, "a.safetensors"),
    "models": _in_home("models.toml", _models),
    "presets": _in_home("presets.toml", _presets),
    "connection": _in_home("connection.json", read_connection),
    "folder": _in_home("inpaintd.toml", _folder),
    **doors.TARGETS,
}


def try_it(name: str, data: bytes) -> None:
    """Feed a target; only a defect raises."""
    # Few pixels, so that what a few bytes claim is refused rather than decoded.
    with suppress(InpaintError), patch.object(room, "PIXELS", 1_000_000):
        TARGETS[name](data)


def seeds(name: str) -> list[bytes]:
    """The corpus of a target."""
    return [path.read_bytes() for path in sorted((CORPUS / name).iterdir())]


def write_corpus() -> None:
    """Make one small, valid file of each kind."""
    for name, files in (_corpus() | doors.corpus()).items():
        (CORPUS / name).mkdir(parents=True, exist_ok=True)
        for file, data in files.items():
            (CORPUS / name / file).write_bytes(data)


def _corpus() -> dict[str, dict[str, bytes]]:
    import numpy as np
    from PIL import Image
    from psd_tools import PSDImage

    pixels = np.arange(8 * 8 * 4, dtype=np.uint8).reshape(8, 8, 4)
    image = Image.fromarray(pixels)

    def encoded(kind: str, picture: Image.Image = image, **options: object) -> bytes:
        file = io.BytesIO()
        picture.save(file, kind, **options)
        return file.getvalue()

    packet = with_property(b"", "recipe", '{"settings": {"seed": 1}}')
    exif = Image.Exif()
    exif[315] = "Somebody"
    png = encoded("PNG")
    ora = io.BytesIO()
    with zipfile.ZipFile(ora, "w") as archive:
        archive.writestr("mimetype", "image/openraster")
        stack = '<image w="8" h="8"><stack><layer src="data/a.png" x="1" y="-1"/></stack></image>'
        archive.writestr("stack.xml", stack)
        archive.writestr("data/a.png", png)
    document = PSDImage.new("RGB", (8, 8))
    document.create_pixel_layer(image, "a")
    psd = io.BytesIO()
    document.save(psd)
    header = json.dumps({"a": {"dtype": "F16", "shape": [2], "data_offsets": [0, 4]}}).encode()
    files = {"source": {"name": "a.png", "sha256": "0" * 64}, "mask": True, "size": [8, 8]}
    return {
        "picture": {
            "a.png": png,
            "a.tif": encoded("TIFF", exif=exif, compression="tiff_adobe_deflate"),
            "a.webp": encoded("WEBP", lossless=True, xmp=packet),
            "a.jpg": encoded("JPEG", image.convert("RGB"), exif=exif),
            "a.gif": encoded("GIF", image.convert("P")),
        },
        "psd": {"a.psd": psd.getvalue()},
        "openraster": {"a.ora": ora.getvalue()},
        "recipe": {"a.json": json.dumps({"settings": {"seed": 1}, "files": files}).encode()},
        "xmp": {"a.xmp": packet},
        "settings": {"a.toml": b'prompt = "a"\ngrow = 4\n[[controls]]\nkind = "tile"\n'},
        "models": {"a.toml": b'default = "a"\n[a]\ntitle = "t"\nengine = "opencv"\n'},
        "presets": {
            "a.toml": b'[mine]\nlabel = "t"\nstrength = 0.5\n[mine.inpainting]\ngrow = 2\n'
        },
        "connection": {
            "a.json": b'{"endpoint": "tcp://127.0.0.1:7", "secret": "00", "pid": 7, "daemon": "1"}'
        },
        "folder": {
            "a.toml": b'grow = 2\nmask = "m.png"\nreference = "r.png"\nreference_weight = 0.5\n'
            b"[watch]\nsettle_seconds = 0.5\nprocesses = 1\n"
        },
        "prompt": {"a.txt": b"a pond\nat dusk"},
        "chain": {"a.toml": b'size = [8, 8]\n[[step]]\nprompt = "a"\n'},
        "safetensors": {"a": struct.pack("<Q", len(header)) + header + bytes(4)},
    }


if __name__ == "__main__":
    write_corpus()
