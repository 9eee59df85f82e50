"""Identification of files with a transformer alone, and of the models they belong to."""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from inpaintd.models.denoisers import base_for, read_denoiser
from inpaintd.models.footprint import part
from inpaintd.models.registry import Entry, Registry
from inpaintd.models.scan import scan
from inpaintd.models.weights import tensors_in
from inpaintd_protocol.errors import InpaintError
from tests.models import hollow

Shapes = Mapping[str, Sequence[int]]

FLUX: Shapes = {
    "double_blocks.0.img_attn.qkv.weight": (9216, 3072),
    "single_blocks.0.linear1.weight": (21504, 3072),
    "vector_in.in_layer.weight": (3072, 768),
    "img_in.weight": (3072, 64),
    "guidance_in.in_layer.weight": (3072, 256),
}
FILL = FLUX | {"img_in.weight": (3072, 384)}
OTHERS: Mapping[str, Shapes] = {
    "Stable Diffusion 3": {
        "joint_blocks.0.x_block.attn.qkv.weight": (4608, 1536),
        "x_embedder.proj.weight": (1536, 16, 2, 2),
    },
    "FLUX.2": {
        "double_stream_modulation_img.lin.weight": (18432, 3072),
        "double_blocks.0.img_attn.qkv.weight": (9216, 3072),
        "img_in.weight": (3072, 128),
    },
    "Chroma": {
        "distilled_guidance_layer.in_proj.weight": (5120, 64),
        "double_blocks.0.img_attn.qkv.weight": (9216, 3072),
        "img_in.weight": (3072, 64),
    },
    "Qwen-Image": {
        "transformer_blocks.0.img_mod.1.weight": (18432, 3072),
        "txt_norm.weight": (3584,),
        "img_in.weight": (3072, 64),
    },
    "Z-Image": {
        "noise_refiner.0.attention.qkv.weight": (11520, 3840),
        "context_refiner.0.attention.qkv.weight": (11520, 3840),
        "layers.0.adaLN_modulation.0.weight": (15360, 256),
        "x_embedder.weight": (3840, 64),
    },
}


def write_gguf(file: Path, shapes: Shapes, kind: int = 12) -> Path:
    """Write a GGUF file of Q4_K with a true header and nothing but zeros."""

    def text(words: str) -> bytes:
        return struct.pack("<Q", len(words)) + words.encode()

    header = b"GGUF" + struct.pack("<IQQ", 3, len(shapes), 3)
    header += text("general.architecture") + struct.pack("<I", 8) + text("flux")
    header += text("general.alignment") + struct.pack("<II", 4, 64)
    header += text("list") + struct.pack("<IIQ", 9, 8, 2) + text("a") + text("b")
    end = 0
    for name, shape in shapes.items():
        count = 1
        header += text(name) + struct.pack("<I", len(shape))
        for side in reversed(shape):
            header += struct.pack("<Q", side)
            count *= side
        header += struct.pack("<IQ", kind, end)
        end += count // 256 * 144
    header += b"\0" * (-len(header) % 64)
    with file.open("wb") as stream:
        stream.write(header)
        stream.truncate(len(header) + end)
    return file


@pytest.mark.parametrize("prefix", ["", "model.diffusion_model."])
@pytest.mark.parametrize("title", ["FLUX.1", *OTHERS])
def test_each_family_is_told_by_its_names(tmp_path: Path, title: str, prefix: str) -> None:
    shapes = {prefix + n: shape for n, shape in OTHERS.get(title, FLUX).items()}
    for file in (
        hollow.write(tmp_path / "a.safetensors", shapes, "BF16"),
        write_gguf(tmp_path / "a.gguf", shapes),
    ):
        found = read_denoiser(file)
        assert found is not None
        assert found.architecture.title == title
        assert found.stored == ("bf16" if file.suffix == ".safetensors" else "Q4_K")
        assert found.packed is (file.suffix == ".gguf")


def test_a_header_is_read_as_it_was_written(tmp_path: Path) -> None:
    found = tensors_in(write_gguf(tmp_path / "a.gguf", FLUX))
    assert {name: tensor.shape for name, tensor in found.items()} == FLUX


def test_packed_weights_take_less_memory_than_whole_ones(tmp_path: Path) -> None:
    shapes = {f"single_blocks.{n}.linear1.weight": (21504, 3072) for n in range(38)}
    packed = part(write_gguf(tmp_path / "a.gguf", shapes), 2)
    whole = part(hollow.write(tmp_path / "a.safetensors", shapes), 2)
    assert packed.packed
    assert not whole.packed
    assert 0.28 < packed.bytes / whole.bytes < 0.5  # 4.5 bits a number, and room to unpack a layer


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda raw: raw[:-10], "cut off: 10 of its"),
        (lambda raw: raw[:100], "cut off within its list"),
        (lambda raw: b"GGML" + raw[4:], "no GGUF file in spite of its name"),
        (lambda raw: raw[:4] + b"\x09" + raw[5:], "version 9"),
        (lambda raw: raw[:8] + b"\xff" * 8 + raw[16:], "makes no sense"),
        (lambda raw: raw[:24] + b"\xff" * 8 + raw[32:], "makes no sense"),
        (lambda raw: b"", "no GGUF file"),
    ],
)
def test_a_corrupt_gguf_file_gets_a_sentence(tmp_path: Path, change: object, message: str) -> None:
    file = write_gguf(tmp_path / "a.gguf", {"img_in.weight": (4, 256)})
    assert callable(change)
    file.write_bytes(change(file.read_bytes()))
    with pytest.raises(InpaintError, match=message) as caught:
        read_denoiser(file)
    assert caught.value.code == "model_damaged"


def test_a_packing_that_is_not_known_gets_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(InpaintError, match=r"packed in a way that is not known here \(type 99\)"):
        read_denoiser(write_gguf(tmp_path / "a.gguf", {"img_in.weight": (4, 256)}, 99))


def test_a_gguf_file_of_an_unknown_family_gets_a_sentence(tmp_path: Path) -> None:
    file = write_gguf(tmp_path / "llama.gguf", {"blk.0.attn_q.weight": (4, 256)})
    with pytest.raises(InpaintError, match=r"family that is not known here.*blk\.0") as caught:
        read_denoiser(file)
    assert caught.value.code == "not_a_model"
    assert "FLUX.1" in caught.value.hint


def model(tmp_path: Path, name: str, channels: int, *, guided: bool = True) -> Entry:
    """An installed model whose transformer was left out, as it is not needed."""
    folder = tmp_path / name
    for component, values in (
        ("transformer", {"_class_name": "FluxTransformer2DModel"}),
        ("vae", {"_class_name": "AutoencoderKL"}),
    ):
        (folder / component).mkdir(parents=True)
        more = {"in_channels": channels, "patch_size": 1, "guidance_embeds": guided}
        (folder / component / "config.json").write_text(json.dumps(values | more))
    hollow.write(folder / "vae" / "diffusion_pytorch_model.safetensors", {"a": (1, 1)})
    index = {
        "_class_name": "FluxPipeline",
        "transformer": ["diffusers", "FluxTransformer2DModel"],
        "vae": ["diffusers", "AutoencoderKL"],
    }
    (folder / "model_index.json").write_text(json.dumps(index))
    return Entry(name, name, "diffusion", source=str(folder))


@pytest.fixture
def registry(tmp_path: Path) -> Registry:
    entries = [
        model(tmp_path, "flux.1-kontext", 64),
        model(tmp_path, "flux.1-dev", 64),
        model(tmp_path, "flux.1-fill", 384),
        model(tmp_path, "flux.1-schnell", 64, guided=False),
    ]
    return Registry({entry.name: entry for entry in entries}, own_default="", home=tmp_path)


@pytest.mark.parametrize(
    ("name", "shapes", "base"),
    [
        ("flux1-dev-Q4_K_S.gguf", FLUX, "flux.1-dev"),
        ("flux1-kontext-dev-Q4_K_S.gguf", FLUX, "flux.1-kontext"),
        ("flux1-fill-dev.gguf", FILL, "flux.1-fill"),
        (
            "any.gguf",
            {n: s for n, s in FLUX.items() if "guidance" not in n},
            "flux.1-schnell",
        ),
    ],
)
def test_the_installed_model_that_fits_is_found(
    tmp_path: Path, registry: Registry, name: str, shapes: Shapes, base: str
) -> None:
    found = read_denoiser(write_gguf(tmp_path / name, shapes))
    assert found is not None
    assert base_for(registry, found) == base


def test_a_base_of_another_kind_is_refused_with_the_reason(
    tmp_path: Path, registry: Registry
) -> None:
    found = read_denoiser(write_gguf(tmp_path / "fill.gguf", FILL))
    assert found is not None
    with pytest.raises(InpaintError, match="it takes 384 channels, and that one 64"):
        base_for(registry, found, "flux.1-dev")
    with pytest.raises(InpaintError, match="There is no folder"):
        base_for(registry, found, str(tmp_path / "nowhere"))


def test_without_a_base_it_is_told_what_to_install(tmp_path: Path) -> None:
    found = read_denoiser(write_gguf(tmp_path / "z.gguf", OTHERS["Z-Image"]))
    assert found is not None
    with pytest.raises(InpaintError, match="no installed model has them") as caught:
        base_for(Registry({}, own_default="", home=tmp_path), found)
    assert "inpaintd models install z-image-turbo" in caught.value.hint


def test_a_scan_takes_them_in(tmp_path: Path, registry: Registry) -> None:
    entry = registry.entries["flux.1-dev"]
    home = tmp_path / "home"
    home.mkdir()
    (home / "models.toml").write_text(
        f'[mine]\ntitle = "Mine"\nengine = "diffusion"\nsource = "{entry.source}"\n'
    )
    theirs = tmp_path / "ComfyUI" / "unet"
    theirs.mkdir(parents=True)
    write_gguf(theirs / "flux1-dev-Q4_K_S.gguf", FLUX)
    found = scan(home, tmp_path / "ComfyUI")
    assert found.listed == ["flux1-dev-q4_k_s"]
    assert 'base = "mine"' in (home / "models.toml").read_text()
