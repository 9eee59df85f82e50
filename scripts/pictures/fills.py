"""Fills for the guide's pages, each made by the command line on a photograph of scikit-image."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import skimage.data
from PIL import Image, ImageDraw, ImageFilter, ImageFont
from scripts.pictures.panels import drawn_mask, on_checkers, side_by_side, with_hole
from scripts.pictures.shell import Shell

Maker = Callable[[Shell], Image.Image]

TOWER = [(407, 200), (407, 124), (412, 114), (434, 114), (437, 124), (437, 200)]
"""Round the tower behind the cameraman, as tightly as a hurried hand draws."""


def colour_under_transparency(shell: Shell) -> Image.Image:
    """An erased region as the editor shows it, its colour kept in the file, and its colour lost."""
    photograph = Image.fromarray(skimage.data.astronaut())
    mask = Image.new("L", photograph.size, 0)
    ImageDraw.Draw(mask).ellipse((124, 342, 218, 436), fill=255)
    lost = photograph.copy()
    lost.paste("black", mask=mask)
    return side_by_side(on_checkers(with_hole(photograph, mask)), photograph, lost)


def soft_selection(shell: Shell) -> Image.Image:
    """A badge, a selection that fades from its left to its right, and a fill that fades with it."""
    photograph = Image.fromarray(skimage.data.astronaut())
    view = (90, 300, 260, 470)
    disc = Image.new("L", photograph.size, 0)
    ImageDraw.Draw(disc).ellipse((124, 342, 218, 436), fill=255)
    fading = np.interp(np.arange(photograph.width), (150, 200), (1, 0))
    soft = Image.fromarray((np.asarray(disc) * fading).astype(np.uint8))
    return side_by_side(
        *(
            picture.convert("RGB").crop(view).resize((400, 400), Image.Resampling.LANCZOS)
            for picture in (photograph, soft, filled(shell, photograph, soft))
        )
    )


def growing(shell: Shell) -> Image.Image:
    """A tight selection leaves a rim of the object; grown by a few pixels it leaves none."""
    photograph = Image.fromarray(skimage.data.camera()).convert("RGB")
    tight = drawn_mask(
        photograph.size, [(x + 7 * (x < 422) - 7 * (x > 422), y + 4 * (y < 150)) for x, y in TOWER]
    )
    view = (340, 60, 512, 232)
    return side_by_side(
        *(
            picture.crop(view).resize((400, 400), Image.Resampling.LANCZOS)
            for picture in (
                on_checkers(with_hole(photograph, tight)),
                filled(shell, photograph, tight),
                filled(shell, photograph, tight, "--grow", "6"),
            )
        )
    )


def lettering(shell: Shell) -> Image.Image:
    """Letters across a photograph, their mask, and the photograph without them."""
    photograph = Image.fromarray(skimage.data.chelsea())
    mask = Image.new("L", photograph.size, 0)
    font = ImageFont.load_default(64)
    ImageDraw.Draw(mask).text((225, 150), "SAMPLE", fill=255, font=font, anchor="mm")
    stamped = photograph.copy()
    stamped.paste("white", mask=mask)
    grown = mask.filter(ImageFilter.MaxFilter(5)).point(lambda value: 255 if value else 0)
    return side_by_side(stamped, grown, filled(shell, stamped, grown))


def outpainting(shell: Shell) -> Image.Image:
    """A photograph, and the same with a tenth of its width added on either side."""
    photograph = Image.fromarray(skimage.data.coffee())
    shell.save(photograph, "coffee.png")
    shell.run("inpaintd outpaint coffee.png --left 60 --right 60 --seed 1 -o wide.png")
    wide = Image.open(shell.folder / "wide.png").convert("RGB")
    before = Image.new("RGBA", wide.size, 0)
    before.paste(photograph, (60, 0))
    return side_by_side(on_checkers(before), wide)


def filled(shell: Shell, photograph: Image.Image, mask: Image.Image, *options: str) -> Image.Image:
    """`photograph` as `inpaintd fill -M mask` returns it."""
    shell.save(photograph, "photo.png")
    shell.save(mask, "mask.png")
    command = ("inpaintd fill photo.png -M mask.png -o filled.png --seed 1", *options)
    shell.run(" ".join(command))
    return Image.open(shell.folder / "filled.png").convert("RGB")


MAKERS: dict[str, Maker] = {
    "colour-under-transparency": colour_under_transparency,
    "soft-selection": soft_selection,
    "growing": growing,
    "lettering": lettering,
    "outpainting": outpainting,
}
