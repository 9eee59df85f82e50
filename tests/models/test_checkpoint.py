"""Recognition of single files by their headers, in sentences that say where they belong."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from inpaintd.models.checkpoint import check_vae, read_checkpoint
from inpaintd.models.registry import load_registry
from inpaintd.models.unlisted import install_unlisted, is_unlisted
from inpaintd_protocol.errors import InpaintError
from tests.models import hollow

DENOISER = "model.diffusion_model."
FIRST = f"{DENOISER}input_blocks.0.0.weight"
READS_TEXT = f"{DENOISER}input_blocks.1.1.transformer_blocks.0.attn2.to_k.weight"
VAE = {"first_stage_model.encoder.conv_in.weight": (8, 3, 3, 3)}
CLIP = {"cond_stage_model.transformer.text_model.final_layer_norm.weight": (768,)}

# SD 1.5's denoiser in two tensors: what counts is the number of its parameters.
SD = {FIRST: (320, 4, 3, 3), READS_TEXT: (1, 768)}
SD |= {f"{DENOISER}all.the.rest": (859_520_964 - 320 * 4 * 3 * 3 - 768,)}


def file_of(folder: Path, shapes: dict[str, tuple[int, ...]], name: str = "a file") -> Path:
    return hollow.write(folder / f"{name}.safetensors", shapes)


def refused(file: Path, **given: bool) -> str:
    with pytest.raises(InpaintError) as caught:
        read_checkpoint(file, **given)
    assert str(file) in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize("dtype", ["F16", "BF16", "F32"])
def test_a_whole_model_is_known(dtype: str, tmp_path: Path) -> None:
    found = read_checkpoint(hollow.write(tmp_path / "m.safetensors", SD | VAE | CLIP, dtype))
    assert (found.kind, found.channels, found.vae) == ("sd-1.5", 4, True)
    assert found.dtype == {"F16": "fp16", "BF16": "bf16", "F32": "fp32"}[dtype]
    assert found.parameters == 859_520_964


THINGS = {
    "is a LoRA": [
        {"lora_unet_down_blocks_0_attentions_0_proj_in.lora_down.weight": (4, 320)},
        {"unet.down_blocks.0.attentions.0.transformer_blocks.0.attn1.to_k.lora_A.weight": (4, 320)},
        {"transformer.single_transformer_blocks.0.attn.to_k.lora_A.weight": (4, 320)},
        {"lora_te1_text_model_encoder_layers_0_mlp_fc1.hada_w1_a": (4, 320)},
    ],
    "is a textual embedding": [
        {"emb_params": (2, 768)},
        {"clip_l": (2, 768), "clip_g": (2, 1280)},
        {"<my-style>": (768,)},
    ],
    "is a ControlNet": [
        {"control_model.input_blocks.0.0.weight": (320, 4, 3, 3)},
        {"conv_in.weight": (320, 4, 3, 3), "controlnet_cond_embedding.conv_in.weight": (16, 3)},
    ],
    "is the transformer of a FLUX.1 model": [
        {"double_blocks.0.img_attn.proj.weight": (3072, 3072)},
        {"model.diffusion_model.double_blocks.0.img_attn.proj.weight": (3072, 3072)},
        {"single_transformer_blocks.0.attn.to_k.weight": (3072, 3072)},
    ],
    "is the transformer of a Stable Diffusion 3 model": [
        {"joint_blocks.0.x_block.mlp.fc1.weight": (1, 1)},
        {"model.diffusion_model.joint_blocks.0.x_block.mlp.fc1.weight": (1, 1), **VAE},
    ],
    "is only the UNet of a model": [
        {"conv_in.weight": (320, 4, 3, 3), "down_blocks.0.resnets.0.conv1.weight": (320, 320)},
        {"diffusion_model.input_blocks.0.0.weight": (320, 4, 3, 3)},
    ],
    "is a VAE": [
        VAE,
        {"encoder.conv_in.weight": (128, 3, 3, 3)},
        {"decoder.conv_in.weight": (128, 3, 3, 3)},
    ],
    "is only the transformer of a model": [{"transformer_blocks.0.attn.to_k.weight": (1, 1)}],
    "is a text encoder": [
        CLIP,
        {"text_model.embeddings.token_embedding.weight": (49408, 768)},
        {"encoder.block.0.layer.0.SelfAttention.k.weight": (1, 1)},
    ],
    "does not contain a known model. Its first tensors are: up.weight, body.0.weight.": [
        {"up.weight": (1,), "body.0.weight": (1,)},
    ],
    "does not contain a known model. Its first tensors are: nothing.": [{}],
}


@pytest.mark.parametrize(
    ("says", "shapes"), [(s, x) for s, several in THINGS.items() for x in several]
)
def test_what_is_no_model_is_named(
    says: str, shapes: dict[str, tuple[int, ...]], tmp_path: Path
) -> None:
    assert says in refused(file_of(tmp_path, shapes))


def test_it_is_said_where_it_belongs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INPAINTD_HOME", str(tmp_path / "elsewhere"))
    lora = refused(file_of(tmp_path, {"x.lora_down.weight": (1,)}, "soft-light"))
    assert f"Copy it into {tmp_path}/elsewhere/loras" in lora
    assert "--lora soft-light" in lora
    assert "--vae" in refused(file_of(tmp_path, VAE))
    assert "models install flux.1-dev" in refused(
        file_of(tmp_path, {"double_blocks.0.img_attn.proj.weight": (1,)})
    )


WIDE = {FIRST: (320, 4, 3, 3), READS_TEXT: (1, 1024)}
NOT_WHOLE = {
    "no text encoder and no VAE": SD,
    "it has no VAE": SD | CLIP,
    "it has no text encoder": SD | VAE,
    "text encoder under names that are not known": SD
    | VAE
    | {"cond_stage_model.transformer.final_layer_norm.weight": (768,)},
    "is a Stable Diffusion 2 model": WIDE | VAE | {"cond_stage_model.model.ln_final.weight": (1,)},
    "takes 8 channels instead of 4": SD | VAE | CLIP | {FIRST: (320, 8, 3, 3)},
    "predicts velocity": SD | VAE | CLIP | {"v_pred": ()},
    "of a kind that is not known": SD | VAE | CLIP | {READS_TEXT: (1, 640)},
    "takes 0 channels instead of 4": SD | VAE | CLIP | {FIRST: ()},
    "859,520,965 parameters instead of 859,520,964": SD
    | VAE
    | CLIP
    | {f"{DENOISER}one.more": (1,)},
}


@pytest.mark.parametrize("says", NOT_WHOLE)
def test_what_cannot_be_used_says_why(says: str, tmp_path: Path) -> None:
    assert says in refused(file_of(tmp_path, NOT_WHOLE[says]))


def test_what_is_given_besides_is_not_asked_for(tmp_path: Path) -> None:
    assert read_checkpoint(file_of(tmp_path, SD | CLIP), vae=True).kind == "sd-1.5"
    text = {"cond_stage_model.model.ln_final.weight": (1,)}
    assert read_checkpoint(file_of(tmp_path, WIDE | VAE | text), configured=True).kind is None
    assert "no text encoder" in refused(file_of(tmp_path, WIDE | VAE), configured=True)


def test_a_file_that_was_cut_off_says_how_much_is_missing(tmp_path: Path) -> None:
    file = file_of(tmp_path, SD | VAE | CLIP)
    size = file.stat().st_size
    with file.open("r+b") as stream:
        stream.truncate(size - 1_234_567)
    assert f"cut off: 1,234,567 of its {size:,} bytes are missing" in refused(file)


def with_header(header: bytes) -> bytes:
    return len(header).to_bytes(8, "little") + header


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"PK\x03\x04 a zip file in disguise",
        (100).to_bytes(8, "little") + b'{"cut',
        (2).to_bytes(8, "little") + b"[]",
        (1 << 62).to_bytes(8, "little") + b"{}",
        (100_000).to_bytes(8, "little") + b"[" * 100_000,
        (11).to_bytes(8, "little") + b'{"a": true}',
        (25).to_bytes(8, "little") + b'{"a": {"dtype": "F16"}}  ',
        with_header(b'{"a": {"dtype": "F16", "shape": [1e999], "data_offsets": [0, 2]}}'),
        with_header(b'{"a": {"dtype": "F16", "shape": [1], "data_offsets": [0, [2]]}}'),
        with_header(b'{"a": {"dtype": "F16", "shape": [1], "data_offsets": [0, "two"]}}'),
        b"<!DOCTYPE html><html>Sign in</html>",
    ],
)
def test_what_is_no_safetensors_says_so(content: bytes, tmp_path: Path) -> None:
    file = tmp_path / "a.safetensors"
    file.write_bytes(content)
    assert "is damaged, or no .safetensors file" in refused(file)


def test_other_files_are_refused(tmp_path: Path) -> None:
    assert "There is nothing at" in refused(tmp_path / "no.safetensors")
    assert "There is nothing at" in refused(tmp_path / "no.ckpt")
    (tmp_path / "model.ckpt").write_bytes(b"a pickle")
    assert "can run programs" in refused(tmp_path / "model.ckpt")
    assert "is not a .safetensors or .gguf file" in refused(tmp_path / "model.zip")
    (tmp_path / "folder.safetensors").mkdir()
    assert "cannot be read: Is a directory" in refused(tmp_path / "folder.safetensors")


def test_a_vae_is_told_from_other_files(tmp_path: Path) -> None:
    check_vae(file_of(tmp_path, VAE))
    with pytest.raises(InpaintError, match="is not a VAE"):
        check_vae(file_of(tmp_path, CLIP))


def listed(home: Path, source: Path | str, **given: str) -> str:
    said: list[str] = []
    install_unlisted(load_registry(home), str(source), given.pop("name", ""), said.append, **given)
    return "\n".join(said)


def test_it_is_listed_where_it_lies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By a name of its own, in letters of any kind, and by a relative path."""
    file = file_of(tmp_path, SD | VAE | CLIP, "Été 🌻 V6")
    monkeypatch.chdir(tmp_path)
    assert is_unlisted(load_registry(tmp_path), file.name)
    said = listed(tmp_path, file.name)
    assert "holds Stable Diffusion 1.5, fp16, 1.7 GB" in said
    assert "It is not copied" in said
    assert "--model 'été 🌻 v6'" in said
    entry = load_registry(tmp_path).find("été 🌻 v6")
    assert (entry.source, entry.title) == (str(file), "Été 🌻 V6")
    assert (entry.native_side, entry.multiple, entry.config) == (512, 8, "")
    assert "is listed as été 🌻 v6 already" in listed(tmp_path, file)
    assert not list(tmp_path.glob("models/*"))


def test_a_name_is_taken_once(tmp_path: Path) -> None:
    for name in ("sdxl", "default"):
        file = file_of(tmp_path, SD | VAE | CLIP, name)
        with pytest.raises(InpaintError, match="--name NAME"):
            listed(tmp_path, file)
    listed(tmp_path, file, name="mine")
    assert load_registry(tmp_path).find("mine").source == str(file)


def test_a_vae_of_its_own(tmp_path: Path) -> None:
    file, vae = file_of(tmp_path, SD | CLIP, "no-vae"), file_of(tmp_path, VAE, "vae")
    with pytest.raises(InpaintError, match="--vae FILE"):
        listed(tmp_path, file)
    with pytest.raises(InpaintError, match="is not a VAE"):
        listed(tmp_path, file, vae=str(file))
    listed(tmp_path, file, vae=str(vae))
    assert load_registry(tmp_path).find("no-vae").vae == str(vae)


def test_a_configuration_of_its_own(tmp_path: Path) -> None:
    text = {"cond_stage_model.model.ln_final.weight": (1,)}
    file = file_of(tmp_path, WIDE | VAE | text, "two")
    with pytest.raises(InpaintError, match="--config FOLDER"):
        listed(tmp_path, file)
    folder = tmp_path / "two"
    folder.mkdir()
    with pytest.raises(InpaintError, match="holds no diffusion model"):
        listed(tmp_path, file, config=str(folder))
    (folder / "model_index.json").write_text(json.dumps({"_class_name": "StableDiffusionPipeline"}))
    listed(tmp_path, file, config=str(folder))
    entry = load_registry(tmp_path).find("two")
    assert (entry.config, entry.native_side) == (str(folder), 512)
    with pytest.raises(InpaintError, match="configuration of its own"):
        listed(tmp_path, folder, config=str(folder), name="again")
    (folder / "config.json").write_text(json.dumps({"_class_name": "ControlNetModel"}))
    with pytest.raises(InpaintError, match="is the configuration of a ControlNet"):
        listed(tmp_path, file, config=str(folder), name="again")


def test_a_folder_of_files_says_to_name_one(tmp_path: Path) -> None:
    folder = tmp_path / "checkpoints"
    folder.mkdir()
    file_of(folder, SD | VAE | CLIP, "one")
    with pytest.raises(InpaintError, match=r"name the file: one\.safetensors"):
        listed(tmp_path, folder)
    with pytest.raises(InpaintError, match="There is nothing at"):
        listed(tmp_path, tmp_path / "nowhere")


def test_a_file_that_is_gone_is_missed(tmp_path: Path) -> None:
    file = file_of(tmp_path, SD | VAE | CLIP, "mine")
    listed(tmp_path, file)
    file.unlink()
    registry = load_registry(tmp_path)
    with pytest.raises(InpaintError, match="There is nothing at") as caught:
        registry.folder(registry.find("mine"))
    assert caught.value.code == "model_missing"
    info = next(info for info in registry.infos() if info.name == "mine")
    assert (info.installed, info.install) == (False, "")
    assert "Its file is gone" in info.needs


def test_a_missing_part_is_named_with_its_command(tmp_path: Path) -> None:
    file = file_of(tmp_path, SD | VAE | CLIP, "mine")
    table = f'[mine]\ntitle = "Mine"\nengine = "diffusion"\nsource = "{file}"\nvae = "vae-ft-mse"\n'
    (tmp_path / "models.toml").write_text(table)
    registry = load_registry(tmp_path)
    with pytest.raises(InpaintError, match="inpaintd models install vae-ft-mse"):
        registry.folder(registry.find("mine"))
