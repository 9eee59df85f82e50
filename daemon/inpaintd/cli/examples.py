"""Examples that each command's help ends with; a test parses them all."""

from __future__ import annotations

EXAMPLES = {
    "fill": (
        "inpaintd fill photo.png",
        'inpaintd fill room.jpg -M mask.png -p "a red sofa" --model sdxl-inpainting',
        "inpaintd fill group.jpg -tm lamp --intent remove -o filled/",
    ),
    "mask": (
        "inpaintd mask curly.png -tm hair 0.5",
        "inpaintd mask cat.png --grow 8 --feather 12 -o masks/",
    ),
    "outpaint": (
        'inpaintd outpaint beach.jpg --left 128 --right 128 -p "a sandy beach"',
        "inpaintd outpaint portrait.jpg --to 16:9 --intent expand",
    ),
    "chain": ("inpaintd chain castle.toml", "inpaintd chain castle.toml -o castle.png"),
    "again": (
        "inpaintd again photo.inpainted.png --seed new",
        "inpaintd again photo.inpainted.png --model sdxl --strength 0.6",
    ),
    "attach": ("inpaintd attach 3f2a9c0d4e5b46788990aabbccddeeff -o result.png",),
    "cancel": ("inpaintd cancel 3f2a9c0d4e5b46788990aabbccddeeff",),
    "watch": ("inpaintd watch ~/Pictures/to-fill", "inpaintd watch ~/Pictures/to-fill --once"),
    "models": (
        "inpaintd models list",
        "inpaintd models install sdxl-inpainting",
        "inpaintd models use sdxl-inpainting",
    ),
    "setup": ("inpaintd setup",),
    "status": ("inpaintd status", "inpaintd status --json"),
    "doctor": ("inpaintd doctor",),
    "install": ("inpaintd install gimp", "inpaintd install photoshop"),
    "service": ("inpaintd service install ~/Pictures/to-fill",),
    "completion": ('eval "$(inpaintd completion bash)"',),
    "serve": ("inpaintd serve --keep-alive 60",),
    "stop": ("inpaintd stop",),
    "uninstall": (
        "inpaintd uninstall",
        "inpaintd uninstall --models --yes",
    ),
}
"""Examples by command."""


def epilog(command: str) -> str:
    """Format the examples at the end of a command's help."""
    return "\b\nFor example:\n" + "\n".join(f"  {line}" for line in EXAMPLES[command])
