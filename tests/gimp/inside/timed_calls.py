"""Times calls of the plug-in on canvases of several sizes; run by bench/gimp.py.

Called with the globals WORK (the shared folder, as GIMP sees it), SIZES, HOLE and ROUNDS.
"""

import json
import sys
import time

from gi.repository import Gegl, Gimp

sys.path[:0] = [f"{WORK}/inside", f"{Gimp.directory()}/plug-ins/inpaint"]  # noqa: F821

import scene  # noqa: E402

from inpaintd_protocol.client import connect  # noqa: E402
from inpaintd_protocol.rectangle import Rectangle  # noqa: E402
from inpaintd_protocol.settings import Settings  # noqa: E402

SETTINGS = {"model": "identity", "seed": 1}
KINDS = ("selection", "transparency", "filter")
"""Origins of the hole; "filter" is a selection on a layer with a non-destructive filter."""


def opened(width, height, kind):
    image = scene.new_image(size=(width, height))
    row = scene.noise(width, 1)
    layer = scene.add_layer(image, row * height, size=(width, height), alpha=kind == "transparency")
    hole = Rectangle((width - HOLE) // 2, (height - HOLE) // 2, HOLE, HOLE)  # noqa: F821
    if kind == "transparency":
        buffer = layer.get_buffer()
        where = Gegl.Rectangle.new(*hole)
        buffer.set(where, scene.U8, bytes(4 * HOLE * HOLE))  # noqa: F821
        buffer.flush()
        layer.update(*hole)
    else:
        image.select_rectangle(scene.REPLACE, *hole)
    if kind == "filter":
        blur = Gimp.DrawableFilter.new(layer, "gegl:gaussian-blur", "")
        for side in ("std-dev-x", "std-dev-y"):
            blur.get_config().set_property(side, 3.0)
        blur.update()
        layer.append_filter(blur)
    return image, layer, hole


def seconds_of_a_call(image, layer):
    started = time.perf_counter()
    new = scene.inpaint(image, layer, **SETTINGS)
    taken = time.perf_counter() - started
    image.remove_layer(new)
    image.set_selected_layers([layer])
    return taken


def engine_seconds(image, layer, hole):
    """The engine's own time for the request that the plug-in sends, and the crop it takes."""
    whole = Rectangle(0, 0, image.get_width(), image.get_height())
    with connect(name="a benchmark") as client:
        crop = client.plan(whole, hole, Settings(**SETTINGS))
        finished = client.inpaint(
            scene.Plane(crop.width, crop.height, 4, "u8", scene.get_on_canvas(layer, crop)),
            Settings(**SETTINGS),
            offset=(crop.x, crop.y),
            mask=scene.Plane(crop.width, crop.height, 1, "u8", scene.selection(image, crop)),
        )
    return finished.engine_seconds, [crop.width, crop.height]


pictures = {(size, kind): opened(*size, kind) for size in SIZES for kind in KINDS}  # noqa: F821
first = next(iter(pictures.values()))
seconds_of_a_call(*first[:2])  # starts the worker
engine, crop = engine_seconds(*first)
calls = {key: [] for key in pictures}
for _ in range(ROUNDS):  # noqa: F821
    for key, (image, layer, _hole) in pictures.items():
        calls[key].append(seconds_of_a_call(image, layer))  # in turn: a busy moment slows all
said = [{"size": size, "kind": kind, "seconds": taken} for (size, kind), taken in calls.items()]
with open(f"{WORK}/timed.json", "w") as file:  # noqa: F821, PTH123
    json.dump({"calls": said, "engine": engine, "crop": crop}, file)
