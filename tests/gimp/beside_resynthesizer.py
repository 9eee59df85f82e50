"""Ten healings, ours and Resynthesizer's, timed in one GIMP 3.2.

python -m tests.gimp.beside_resynthesizer

Needs gimp-plugin-registry in the Debian forky root. Its Heal Selection is a script that is not in
that package; what it does is done here: the surroundings of 50 px, in random order.
"""

from __future__ import annotations

import json
from pathlib import Path

import skimage.data
from PIL import Image

from tests.gimp.conftest import installed_gimp
from tests.gimp.gimp_root import root
from tests.running import running_daemon

JOBS = (
    ("astronaut", (120, 20, 60, 60)),
    ("astronaut", (390, 40, 80, 180)),
    ("astronaut", (210, 60, 120, 120)),
    ("coffee", (20, 30, 60, 60)),
    ("coffee", (420, 250, 100, 80)),
    ("coffee", (250, 20, 160, 60)),
    ("chelsea", (60, 40, 60, 40)),
    ("chelsea", (280, 180, 120, 90)),
    ("rocket", (300, 60, 60, 200)),
    ("rocket", (40, 300, 140, 60)),
)

_SCRIPT = """
import json, sys, time
sys.path[:0] = [WORK + "/inside", CONFIGURATION + "/plug-ins/inpaint"]
import scene
from gi.repository import Gimp, Gio
pdb = Gimp.get_pdb()

def opened(name):
    file = Gio.File.new_for_path(f"{WORK}/{name}.png")
    image = Gimp.file_load(Gimp.RunMode.NONINTERACTIVE, file)
    return image, image.get_layers()[0]

def ours(image, layer):
    scene.call("inpaintd-fill", image, [layer])

def theirs(image, layer):
    corpus_image = image.duplicate()
    corpus = corpus_image.get_layers()[0]
    _, _, left, top, right, bottom = Gimp.Selection.bounds(corpus_image)
    hole = Gimp.Selection.save(corpus_image)
    Gimp.Selection.grow(corpus_image, 50)
    corpus_image.select_item(Gimp.ChannelOps.SUBTRACT, hole)
    x, y = max(0, left - 50), max(0, top - 50)
    right, bottom = min(image.get_width(), right + 50), min(image.get_height(), bottom + 50)
    corpus_image.crop(right - x, bottom - y, x, y)
    procedure = pdb.lookup_procedure("plug-in-resynthesizer")
    config = procedure.create_config()
    for name, value in {"run-mode": Gimp.RunMode.NONINTERACTIVE, "image": image, "use-context": 1,
                        "corpus": corpus.get_id(), "map-weight": 0.0, "neighbourhood": 16,
                        "trys": 500}.items():
        config.set_property(name, value)
    config.set_core_object_array("drawables", [layer])
    result = procedure.run(config)
    assert result.index(0) == Gimp.PDBStatusType.SUCCESS, result.index(1)
    corpus_image.delete()

said = []
for job, (name, box) in enumerate([("astronaut", (20, 20, 40, 40)), *JOBS]):
    row = {}
    for kind, heal in (("ours", ours), ("theirs", theirs)):
        image, layer = opened(name)
        image.select_ellipse(scene.REPLACE, *box)
        before = scene.visible(image)
        started = time.perf_counter()
        heal(image, layer)
        row[kind] = time.perf_counter() - started
        assert scene.visible(image) != before
        shown = image.duplicate()
        shown.flatten()
        Gimp.file_save(Gimp.RunMode.NONINTERACTIVE, shown,
                       Gio.File.new_for_path(f"{WORK}/{kind}-{job}.png"), None)
        shown.delete()
        image.delete()
    said.append(row)
open(WORK + "/said.json", "w").write(json.dumps(said[1:]))
"""


def main(pictures: Path) -> None:
    with installed_gimp(root("forky")) as gimp:
        for name in {job[0] for job in JOBS}:
            Image.fromarray(getattr(skimage.data, name)()).save(gimp.work / f"{name}.png")
        script = gimp.work / "timed.py"
        script.write_text(
            f"WORK = {gimp.inside(gimp.work)!r}\n"
            f"CONFIGURATION = {gimp.inside(gimp.configuration)!r}\nJOBS = {JOBS!r}\n{_SCRIPT}"
        )
        with running_daemon(gimp.work / "daemon"):
            done = gimp.run_script(script, 500)
        said = gimp.work / "said.json"
        if not said.exists():
            raise SystemExit(done.stderr[-2000:])
        print("| picture | hole, px | Heal Selection here | Resynthesizer |\n|---|---|---|---|")
        for (name, box), row in zip(JOBS, json.loads(said.read_text()), strict=True):
            size = f"{box[2]} × {box[3]}"
            print(f"| {name} | {size} | {row['ours']:.1f} s | {row['theirs']:.1f} s |")
        pictures.mkdir(parents=True, exist_ok=True)
        for path in gimp.work.glob("*-*.png"):
            (pictures / path.name).write_bytes(path.read_bytes())


if __name__ == "__main__":
    main(Path("build/beside-resynthesizer"))
