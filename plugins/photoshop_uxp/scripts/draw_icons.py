"""Draws the panel's icons: a dashed selection with a brush stroke in it. Needs Pillow."""

from __future__ import annotations

from pathlib import Path

from PIL import Image, ImageDraw

FOLDER = Path(__file__).parent.parent / "icons"
COLOURS = {"dark": (214, 214, 214), "light": (70, 70, 70)}  # named by the theme they lie on
SIDE = 23
FINE = 16  # drawn that much larger, then scaled down


def icon(colour: tuple[int, int, int], scale: int) -> Image.Image:
    side = SIDE * scale
    unit = scale * FINE
    picture = Image.new("RGBA", (SIDE * unit, SIDE * unit), (*colour, 0))
    draw = ImageDraw.Draw(picture)
    ink = (*colour, 255)
    low, high, thick, dash = 2.5, 20.5, 1.6, 3.6
    for start in (low, low + 7.2, high - dash):
        for fixed in (low, high - thick):
            draw.rectangle(
                [start * unit, fixed * unit, (start + dash) * unit, (fixed + thick) * unit], ink
            )
            draw.rectangle(
                [fixed * unit, start * unit, (fixed + thick) * unit, (start + dash) * unit], ink
            )
    points = [(7.2, 15.6), (9.2, 10.6), (11.6, 14.0), (13.6, 8.6), (16.0, 7.2)]
    draw.line([(x * unit, y * unit) for x, y in points], ink, int(2.2 * unit), joint="curve")
    for x, y in (points[0], points[-1]):
        draw.ellipse([(x - 1.1) * unit, (y - 1.1) * unit, (x + 1.1) * unit, (y + 1.1) * unit], ink)
    return picture.resize((side, side), Image.Resampling.LANCZOS)


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for theme, colour in COLOURS.items():
        icon(colour, 1).save(FOLDER / f"{theme}.png")
        icon(colour, 2).save(FOLDER / f"{theme}@2x.png")
