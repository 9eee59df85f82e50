"""The shipped configurations are those of the true models, and the tokenizer is CLIP's."""

from __future__ import annotations

import json
from pathlib import Path

import diffusers
import pytest
import transformers
from diffusers.loaders import single_file_utils as converting

from inpaintd.engines.diffusion.families import FAMILY_OF_CLASS
from inpaintd.models.configurations import KINDS, WORDS, lay_out
from tests.diffusion import full_size

PUBLISHED = {
    "sd-1.5": {"unet": 859_520_964, "vae": 83_653_863, "text_encoder": 123_060_480},
    "sd-1.5-inpainting": {"unet": 859_535_364, "vae": 83_653_863, "text_encoder": 123_060_480},
    "sdxl": {
        "unet": 2_567_463_684,
        "vae": 83_653_863,
        "text_encoder": 123_060_480,
        "text_encoder_2": 694_659_840,
    },
    "sdxl-inpainting": {
        "unet": 2_567_478_084,
        "vae": 83_653_863,
        "text_encoder": 123_060_480,
        "text_encoder_2": 694_659_840,
    },
    "sdxl-refiner": {"unet": 2_259_526_660, "vae": 83_653_863, "text_encoder_2": 694_659_840},
}

FILE_BYTES = {
    "sd-1.5": (4, 4_265_146_304),  # v1-5-pruned-emaonly.safetensors
    "sdxl": (2, 6_938_078_334),  # sd_xl_base_1.0.safetensors
    "sdxl-refiner": (2, 6_075_981_930),  # sd_xl_refiner_1.0.safetensors
}
"""Bytes a number, and of the whole file, of those that were published."""

LONGEST_HEADER = 1 << 20

# What open_clip's own tokenizer (3.3.0, OpenAI's code) makes of these, with its two specials.
TOKENS = {
    "a photo of a cat": [320, 1125, 539, 320, 2368],
    "A corgi wearing SUNGLASSES, on the beach!": [
        *(320, 31320, 3309, 12906, 267, 525, 518, 2117, 256),
    ],
    "it's the artist's 2nd painting; don't you'll they've I'm": [
        *(585, 568, 518, 2456, 568, 273, 1764, 3086, 282, 847),
        *(713, 592, 1342, 889, 1200, 328, 880),
    ],
    "naïve café, Zürich, Dvořák": [
        *(1097, 35689, 563, 15304, 267, 89, 6522, 4021, 267, 67, 947, 129, 247, 7261, 330),
    ],
    "キツネと月 🦊🌙": [
        *(47121, 2429, 226, 2429, 235, 34671, 19277, 486, 6040, 232, 23283),
    ],
    "1girl, (masterpiece:1.2), best_quality, 4k/8k <lora:x:0.8>": [
        *(272, 1611, 267, 263, 12066, 281, 272, 269, 273, 2361, 949, 318, 3027, 267, 275, 330),
        *(270, 279, 330, 283, 2179, 320, 281, 343, 281, 271, 269, 279, 285),
    ],
    "  spaces \n and\ttabs  ": [9006, 537, 29163],
    "supercalifragilisticexpialidocious antidisestablishmentarianism": [
        *(1642, 2857, 13093, 2076, 5868, 26850, 835, 639, 38466),
        *(3120, 4262, 7726, 12658, 1585, 44351),
    ],
}
START, END = 49406, 49407

DIFFUSERS_NAMES = {
    "sd-1.5": "v1",
    "sd-1.5-inpainting": "inpainting",
    "sdxl": "xl_base",
    "sdxl-inpainting": "xl_inpaint",
    "sdxl-refiner": "xl_refiner",
}

# From the configurations of the first code: CompVis's v1-inference.yaml and RunwayML's
# v1-inpainting-inference.yaml, Stability AI's sd_xl_base.yaml and sd_xl_refiner.yaml.
SD_UNET = {
    "out_channels": 4,
    "model_channels": 320,
    "attention_resolutions": [4, 2, 1],
    "num_res_blocks": 2,
    "channel_mult": [1, 2, 4, 4],
    "num_heads": 8,
    "transformer_depth": 1,
    "context_dim": 768,
}
SDXL_UNET = {
    "out_channels": 4,
    "model_channels": 320,
    "attention_resolutions": [4, 2],
    "num_res_blocks": 2,
    "channel_mult": [1, 2, 4],
    "num_head_channels": 64,
    "use_linear_in_transformer": True,
    "transformer_depth": [1, 2, 10],
    "context_dim": 2048,
    "num_classes": "sequential",
    "adm_in_channels": 2816,
}
REFINER_UNET = SDXL_UNET | {
    "model_channels": 384,
    "channel_mult": [1, 2, 4, 4],
    "transformer_depth": 4,
    "context_dim": [1280, 1280, 1280, 1280],
    "adm_in_channels": 2560,
}
ORIGINALS = {
    "sd-1.5": (SD_UNET | {"in_channels": 4}, 0.18215),
    "sd-1.5-inpainting": (SD_UNET | {"in_channels": 9}, 0.18215),
    "sdxl": (SDXL_UNET | {"in_channels": 4}, 0.13025),
    "sdxl-inpainting": (SDXL_UNET | {"in_channels": 9}, 0.13025),
    "sdxl-refiner": (REFINER_UNET | {"in_channels": 4}, 0.13025),
}
"""The parameters of the UNet, and the scale of the latents."""

ORIGINAL_VAE = {
    "in_channels": 3,
    "out_ch": 3,
    "z_channels": 4,
    "ch": 128,
    "ch_mult": [1, 2, 4, 4],
    "num_res_blocks": 2,
}

# From OpenAI's and LAION's own descriptions of ViT-L/14 and ViT-bigG/14.
ORIGINAL_TEXT = {
    "text_encoder": {
        "hidden_act": "quick_gelu",
        "hidden_size": 768,
        "num_attention_heads": 12,
        "num_hidden_layers": 12,
        "max_position_embeddings": 77,
        "vocab_size": WORDS,
    },
    "text_encoder_2": {
        "hidden_act": "gelu",
        "hidden_size": 1280,
        "num_attention_heads": 20,
        "num_hidden_layers": 32,
        "projection_dim": 1280,
        "max_position_embeddings": 77,
        "vocab_size": WORDS,
    },
}


@pytest.mark.parametrize("kind", KINDS)
def test_they_say_what_the_original_configurations_say(kind: str, tmp_path: Path) -> None:
    lay_out(KINDS[kind], tmp_path)
    unet, scale = ORIGINALS[kind]
    params = {
        "unet_config": {"params": unet},
        "first_stage_config": {"params": {"ddconfig": ORIGINAL_VAE}},
        "scale_factor": scale,
    }
    original = {"model": {"params": params}}
    weights = full_size.single_file(kind)
    texts = {part: about for part, about in ORIGINAL_TEXT.items() if (tmp_path / part).exists()}
    expected = texts | {
        "unet": converting.create_unet_diffusers_config_from_ldm(original, weights),
        "vae": converting.create_vae_diffusers_config_from_ldm(original, weights),
    }
    for part, about in expected.items():
        shipped = json.loads((tmp_path / part / "config.json").read_text())
        defaults = {"use_linear_projection": False, "transformer_layers_per_block": 1}
        for key, value in about.items():
            assert shipped.get(key, defaults.get(key)) == value, key


@pytest.mark.parametrize("kind", KINDS)
def test_the_networks_have_as_many_parameters_as_published(kind: str) -> None:
    counts = {
        part: sum(p.numel() for p in network.parameters())
        for part, network in full_size.networks(kind).items()
    }
    assert counts == PUBLISHED[kind]
    assert counts["unet"] == KINDS[kind].parameters
    if kind in FILE_BYTES:
        each, size = FILE_BYTES[kind]
        assert size - LONGEST_HEADER < each * sum(counts.values()) < size


@pytest.mark.parametrize("kind", KINDS)
def test_every_tensor_of_a_single_file_has_its_place(kind: str) -> None:
    checkpoint = full_size.single_file(kind)
    assert converting.infer_diffusers_model_type(checkpoint) == DIFFUSERS_NAMES[kind]
    for part, network in full_size.networks(kind).items():
        if part == "unet":
            found = converting.convert_ldm_unet_checkpoint(checkpoint, network.config)
        elif part == "vae":
            found = converting.convert_ldm_vae_checkpoint(checkpoint, network.config)
        elif part == "text_encoder":
            found = converting.convert_ldm_clip_checkpoint(checkpoint)
            found = {n.removeprefix("text_model."): t for n, t in found.items()}
            found.pop("embeddings.position_ids")  # no weight, and counted anew
        else:
            prefix = next(p for p in reversed(KINDS[kind].text) if p.endswith(".model."))
            found = converting.convert_open_clip_checkpoint(network, checkpoint, prefix)
        expected = {name: weight.shape for name, weight in network.state_dict().items()}
        assert {name: weight.shape for name, weight in found.items()} == expected


@pytest.mark.parametrize("kind", KINDS)
def test_the_folder_is_one_of_diffusers(kind: str, tmp_path: Path) -> None:
    lay_out(KINDS[kind], tmp_path)
    index = json.loads((tmp_path / "model_index.json").read_text())
    assert index["_class_name"] in FAMILY_OF_CLASS
    for part in KINDS[kind].components:
        library, class_name = index[part]
        assert hasattr({"diffusers": diffusers, "transformers": transformers}[library], class_name)
    scheduler = getattr(diffusers, index["scheduler"][1]).from_pretrained(tmp_path / "scheduler")
    for key, value in converting.SCHEDULER_DEFAULT_CONFIG.items():
        assert scheduler.config.get(key, value) == value


def test_the_tokenizer_is_that_of_clip(tmp_path: Path) -> None:
    lay_out(KINDS["sdxl"], tmp_path)
    first, second = (
        transformers.CLIPTokenizer.from_pretrained(tmp_path / name)
        for name in ("tokenizer", "tokenizer_2")
    )
    assert len(first) == len(second) == WORDS
    for text, tokens in TOKENS.items():
        assert first(text).input_ids == [START, *tokens, END]
    padded = [t("a cat", padding="max_length").input_ids for t in (first, second)]
    assert [len(ids) for ids in padded] == [77, 77]
    assert padded[0] == [START, 320, 2368, END] + [END] * 73
    assert padded[1] == [START, 320, 2368, END] + [0] * 73
