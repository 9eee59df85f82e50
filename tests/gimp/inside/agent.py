"""Runs inside a GIMP with windows and answers questions about its images, until told to stop.

Each question is a file WORK/question holding a Python expression; WORK/answer is its repr.
"""

import sys
import time
import traceback
from pathlib import Path

from gi.repository import Gimp, Gio

work = Path(WORK)  # noqa: F821
sys.path[:0] = [f"{WORK}/inside", f"{Gimp.directory()}/plug-ins/inpaint"]  # noqa: F821

import scene  # noqa: E402


def photo():
    """The oldest image: plug-ins that are at work have hidden ones."""
    return min(Gimp.get_images(), key=lambda image: image.get_id())


def layers():
    return scene.names(photo().get_layers())


def pixels(path):
    """Write the visible pixels of the first image into a file."""
    (work / path).write_bytes(scene.visible(photo()))
    return path


def selection(path):
    """The first image's selection goes into a file."""
    image = photo()
    whole = scene.Rectangle(0, 0, image.get_width(), image.get_height())
    (work / path).write_bytes(scene.selection(image, whole))
    return path


def get_new_alpha(*rectangle):
    """The alphas that the topmost layer has in a rectangle."""
    layer = photo().get_layers()[0]
    return sorted(set(scene.get_on_canvas(layer, scene.Rectangle(*rectangle))[3::4]))


def alpha_of_new():
    """Count the pixels of the topmost layer that are not transparent."""
    alpha = scene.get(photo().get_layers()[0])[3::4]
    return len(alpha) - alpha.count(0)


def select(*rectangle):
    photo().select_rectangle(scene.REPLACE, *rectangle)
    Gimp.displays_flush()


def inpaint(**settings):
    image = photo()
    return scene.inpaint(image, image.get_layers()[-1], **settings).get_name()


def active():
    return scene.names(photo().get_selected_drawables())


def activate(position):
    image = photo()
    image.set_selected_layers([image.get_layers()[position]])


def forget_settings():
    for name in ("inpaintd-settings", "inpaintd-mask"):
        photo().detach_parasite(name)


def visible_variants():
    top = photo().get_layers()[0]
    children = top.get_children() if top.is_group() else []
    return scene.names([item for item in children if item.get_visible()])


def reopen(name):
    file = Gio.File.new_for_path(str(work / name))
    image = Gimp.file_load(Gimp.RunMode.NONINTERACTIVE, file)
    Gimp.Display.new(image)


def polygon(points):
    photo().select_polygon(scene.REPLACE, points)
    Gimp.displays_flush()


(work / "agent-ready").touch()
question, answer = work / "question", work / "answer"
while not (work / "agent-stop").exists():
    if question.exists():
        expression = question.read_text()
        question.unlink()
        try:
            result = repr(eval(expression))
        except Exception:
            result = f"!{traceback.format_exc()}"
        (work / "answer.new").write_text(result)
        (work / "answer.new").rename(answer)
    time.sleep(0.03)
