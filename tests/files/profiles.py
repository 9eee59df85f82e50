"""ICC profiles for the tests: one that libvips brings, one made by hand."""

import struct

import pyvips


def display_p3() -> bytes:
    """The Display P3 profile that libvips carries."""
    pixel = pyvips.Image.black(1, 1, bands=3).copy(interpretation="srgb")
    return pixel.icc_transform("p3", input_profile="srgb").get("icc-profile-data")


def srgb() -> bytes:
    """sRGB as LittleCMS writes it."""
    from PIL import ImageCms

    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def adobe_rgb() -> bytes:
    """A matrix profile with the primaries of Adobe RGB (1998), adapted to D50, and gamma 563/256.

    Numbers: Adobe RGB (1998) Color Image Encoding, section 4.3.
    """
    tags = {
        b"desc": b"desc" + bytes(4) + struct.pack(">I", 6) + b"Adobe\0" + bytes(78),
        b"cprt": b"text" + bytes(4) + b"none\0",
        b"wtpt": _xyz(0.9505, 1.0, 1.0891),
        b"rXYZ": _xyz(0.60974, 0.31111, 0.01947),
        b"gXYZ": _xyz(0.20528, 0.62567, 0.06087),
        b"bXYZ": _xyz(0.14919, 0.06322, 0.74457),
        **{
            name: b"curv" + bytes(4) + struct.pack(">IH", 1, 563)
            for name in (b"rTRC", b"gTRC", b"bTRC")
        },
    }
    return _profile(b"RGB ", tags)


def grey_gamma_18() -> bytes:
    """A grey profile with gamma 1.8."""
    tags = {
        b"desc": b"desc" + bytes(4) + struct.pack(">I", 5) + b"Grey\0" + bytes(78),
        b"cprt": b"text" + bytes(4) + b"none\0",
        b"wtpt": _xyz(0.9642, 1.0, 0.8249),
        b"kTRC": b"curv" + bytes(4) + struct.pack(">IH", 1, 461),
    }
    return _profile(b"GRAY", tags)


def _xyz(*values: float) -> bytes:
    return b"XYZ " + bytes(4) + struct.pack(">3i", *(round(v * 65536) for v in values))


def _profile(space: bytes, tags: dict[bytes, bytes]) -> bytes:
    table, data, offset = b"", b"", 128 + 4 + 12 * len(tags)
    for name, value in tags.items():
        padded = value + bytes(-len(value) % 4)
        table += name + struct.pack(">II", offset + len(data), len(value))
        data += padded
    body = struct.pack(">I", len(tags)) + table + data
    header = struct.pack(
        ">I4sI4s4s4s", 128 + len(body), bytes(4), 0x02100000, b"mntr", space, b"XYZ "
    )
    header += struct.pack(">6H", 2026, 1, 1, 0, 0, 0) + b"acsp" + bytes(28)
    header += struct.pack(">3i", 63190, 65536, 54061)
    return header + bytes(128 - len(header)) + body
