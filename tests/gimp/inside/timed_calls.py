"""Times calls of the plug-in on canvases of several sizes; run by bench/gimp.py.

Called with the globals WORK (the shared folder, as GIMP sees it), SIZES, HOLE and ROUNDS.
"""

import json
import sys
import time

from gi.repository import Gimp

sys.path[:0] = [f"{WORK}/inside", f"{Gimp.directory()}/plug-ins/inpaint"]  # noqa: F821

import scene  # noqa: E402

from inpaintd_protocol.client import connect  # noqa: E402
from inpaintd_protocol.rectangle import Rectangle  # noqa: E402
from inpaintd_protocol.settings import Settings  # noqa: E402

SETTINGS = {"model": "identity", "seed": 1}


def opened(width, height):
    image = scene.new_image(size=(width, height))
    row = scene.noise(width, 1)
    layer = scene.add_layer(image, row * height, size=(width, height), alpha=False)
    x, y = (width - HOLE) // 2, (height - HOLE) // 2  # noqa: F821
    image.select_rectangle(scene.REPLACE, x, y, HOLE, HOLE)  # noqa: F821
    return image, layer, Rectangle(x, y, HOLE, HOLE)  # noqa: F821


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


pictures = [opened(*size) for size in SIZES]  # noqa: F821
seconds_of_a_call(*pictures[0][:2])  # starts the worker
engine, crop = engine_seconds(*pictures[0])
calls = [[] for _ in pictures]
for _ in range(ROUNDS):  # noqa: F821
    for taken, (image, layer, _hole) in zip(calls, pictures, strict=True):
        taken.append(seconds_of_a_call(image, layer))  # in turn: a busy moment slows all alike
with open(f"{WORK}/timed.json", "w") as file:  # noqa: F821, PTH123
    json.dump({"calls": calls, "engine": engine, "crop": crop}, file)
