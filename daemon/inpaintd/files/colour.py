"""Conversion between a file's own samples and the wire's sRGB, one rectangle at a time."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from inpaintd_protocol.messages import Notice

from . import vips
from .picture import Picture, Samples

_MAXIMUM = {"u8": 255, "u16": 65535, "f32": 1.0}
_DTYPES: dict[str, Any] = {"u8": np.uint8, "u16": np.uint16, "f32": np.float32}
_PROFILE = "icc-profile-data"
_LUMINANCE = np.array([0.2126, 0.7152, 0.0722], np.float32)  # Rec. 709
_INTERPRETATIONS = {"grey": "grey16", "rgb": "rgb16", "cmyk": "cmyk"}
_KINDS = {1: "grey", 3: "rgb", 4: "cmyk"}
# Photoshop's: byte 128 is a neutral a or b.
_LAB_SCALE, _LAB_OFFSET = np.array([[100, 255, 255], [0, 128, 128]], np.float32)
_PROFILE_SPACES = {"grey": b"GRAY", "rgb": b"RGB ", "cmyk": b"CMYK", "lab": b"Lab "}
_PROFILE_SPACE = slice(16, 20)  # ICC.1:2010, table 17


class ColourSpace:
    """The colour space of a picture, and the conversion to sRGB and back."""

    def __init__(self, picture: Picture) -> None:
        self._colours = picture.colours
        self._depth = picture.depth
        lab = picture.image.interpretation == "lab"
        self._kind = "lab" if lab else _KINDS[picture.colours]
        self._profile = picture.profile
        if self._profile is not None and not is_profile_of(self._kind, self._profile):
            self._profile = None  # of the picture this one was derived from
        self.profile_fails = self._profile is not None and not self._profile_works()
        if self.profile_fails:
            self._profile = None
        if self._kind == "cmyk" and self._profile is None:
            self._profile = _default_cmyk_profile()
        self._converts = lab or (self._profile is not None and not self._maps_srgb_onto_itself())

    @property
    def wire_depth(self) -> str:
        """Depth of the pixels to send: 16 bits where 8 would lose levels to the conversion."""
        return "u16" if self._converts and self._depth == "u8" else self._depth

    def to_srgb(self, colour: Samples) -> Samples:
        """Convert (H, W, colours) in the file's samples to (H, W, 3) sRGB at `wire_depth`."""
        if not self._converts:
            return np.repeat(colour, 3, axis=2) if self._colours == 1 else colour
        if self._kind == "lab":
            srgb = _lab_image(colour).icc_export(
                output_profile="srgb", depth=16, black_point_compensation=True
            )
        else:
            srgb = self._with_profile(colour).icc_transform(
                "srgb", embedded=True, depth=16, black_point_compensation=True
            )
        return convert_depth(srgb.numpy(), self.wire_depth)

    def from_srgb(self, colour: Samples) -> Samples:
        """Convert (H, W, 3) sRGB at any depth to (H, W, colours) in the file's samples."""
        if not self._converts:
            own = convert_depth(colour, self._depth)
            return _grey(own) if self._colours == 1 else own
        lab = _image(convert_depth(colour, "u16"), "rgb16").icc_import(
            input_profile="srgb", black_point_compensation=True
        )
        if self._kind == "lab":
            return _lab_samples(lab, self._depth)
        lab = lab.copy()
        vips.set_blob(lab, _PROFILE, self._profile or b"")
        depth = 8 if self._depth == "u8" else 16
        own = lab.icc_export(depth=depth, black_point_compensation=True).numpy()
        return convert_depth(own.reshape(*own.shape[:2], self._colours), self._depth)

    def _with_profile(self, colour: Samples) -> Any:
        image = _image(convert_depth(colour, "u16"), _INTERPRETATIONS[self._kind])
        vips.set_blob(image, _PROFILE, self._profile or b"")
        return image

    def _profile_works(self) -> bool:
        """Test whether the profile can convert colours in both directions."""
        self._converts = True
        try:
            self.from_srgb(self.to_srgb(np.zeros((1, 1, self._colours), np.uint16)))
        except vips.Error:
            return False
        return True

    def _maps_srgb_onto_itself(self) -> bool:
        """Test whether the profile is sRGB in all but name; dozens of variants exist.

        A grid of sample colours must convert to within half an 8-bit level.
        """
        if self._kind == "cmyk":
            return False
        levels = np.linspace(0, 65535, 9).astype(np.uint16)
        grids = np.meshgrid(*[levels] * self._colours, indexing="ij")
        lattice = np.stack([grid.ravel() for grid in grids], axis=-1)[np.newaxis]
        srgb = self._with_profile(lattice).icc_transform("srgb", embedded=True, depth=16).numpy()
        return bool(np.abs(srgb.astype(np.int32) - lattice).max() <= 128)


def unusable_profile(picture: Picture) -> tuple[Notice, ...]:
    """A warning for a picture whose embedded profile is unusable. The file keeps the profile."""
    if picture.profile is None or not ColourSpace(picture).profile_fails:
        return ()
    message = (
        f"The colour profile in {picture.path.name} is unusable, so the colours around the hole "
        "were treated as sRGB."
    )
    return (
        Notice("unusable_profile", message, "Assign a valid profile to the picture in an editor."),
    )


def is_profile_of(kind: str, profile: bytes) -> bool:
    """Test whether an ICC profile describes data of this kind: grey, rgb, cmyk or lab."""
    return profile[_PROFILE_SPACE] == _PROFILE_SPACES[kind]


def convert_depth(samples: Samples, depth: str) -> Samples:
    """The same colours at another depth, rounded to the nearest level; float is unchanged."""
    dtype = _DTYPES[depth]
    if samples.dtype == dtype:
        return samples
    if samples.dtype == np.uint8 and depth == "u16":
        return samples.astype(np.uint16) * np.uint16(257)
    unit = to_unit(samples)
    if depth == "f32":
        return unit
    scaled: Samples = np.floor(np.clip(unit, 0, 1).astype(np.float64) * _MAXIMUM[depth] + 0.5)
    return scaled.astype(dtype)


def to_unit(samples: Samples) -> NDArray[np.float32]:
    """Samples as float32, 1.0 = full scale."""
    if samples.dtype == np.float32:
        return samples
    unit: NDArray[np.float32] = samples.astype(np.float32)
    unit /= np.float32(np.iinfo(samples.dtype).max)
    return unit


def luminance(samples: Samples) -> Samples:
    """Reduce (H, W, 1 or 3) to (H, W) at the same depth; neutral colours keep their value."""
    if samples.shape[2] == 1:
        return samples[..., 0]
    grey = samples.astype(np.float32) @ _LUMINANCE
    if samples.dtype == np.float32:
        return grey.astype(np.float32)
    rounded: Samples = np.floor(grey + 0.5).astype(samples.dtype)
    return rounded


def _grey(samples: Samples) -> Samples:
    return luminance(samples)[..., np.newaxis]


def _image(samples: Samples, interpretation: str) -> Any:
    return vips.Image.new_from_array(
        np.ascontiguousarray(samples), interpretation=interpretation
    ).copy()


def _lab_image(samples: Samples) -> Any:
    """Convert the samples of a Photoshop document to L*a*b* as libvips stores it, in float."""
    return _image(to_unit(samples) * _LAB_SCALE - _LAB_OFFSET, "lab")


def _lab_samples(image: Any, depth: str) -> Samples:
    """Convert L*a*b* in float to the samples of a Photoshop document at this depth."""
    return convert_depth((image.numpy() + _LAB_OFFSET) / _LAB_SCALE, depth)


def _default_cmyk_profile() -> bytes:
    """The profile that libvips assumes for CMYK without one."""
    pixel = vips.Image.black(1, 1, bands=3).copy(interpretation="srgb")
    profile: bytes = pixel.icc_transform("cmyk", input_profile="srgb").get(_PROFILE)
    return profile
