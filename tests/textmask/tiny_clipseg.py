"""A CLIPSeg whose weights are set by hand, so that its answer to a colour's name is known.

The real architecture with little in it: the text encoder turns the last letter of red, green or
blue into one of three axes, the picture encoder hands on the mean colour of each patch, and the
decoder answers how much of the named channel is in it. All else is zero.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch
from transformers import CLIPSegConfig, CLIPSegForImageSegmentation

from tests.diffusion.tiny_text import clip_tokenizer

_HIDDEN, _REDUCED, _PATCH = 32, 16, 16
_STEADY = 20.0
"""Put into two dimensions that mean nothing, so that layer norms keep the others' scale."""


def build(folder: Path, names: tuple[str, ...], side: int) -> None:
    """Write the model, its tokenizer and its preprocessing into a folder.

    `names` are its words for red, green and blue; their last letters must differ. `side` is that
    at which it looks, in pixels.
    """
    tokenizer = clip_tokenizer()
    model = CLIPSegForImageSegmentation(_config(len(tokenizer))).eval()
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            is_norm = "norm" in name or "layrnorm" in name
            parameter.fill_(1.0 if is_norm and name.endswith("weight") else 0.0)
        _set_vision(model.clip.vision_model)
        _set_text(model.clip, tokenizer, names)
        _set_decoder(model.decoder)
    model.save_pretrained(folder, safe_serialization=True)
    tokenizer.save_pretrained(folder)
    about = {"size": {"height": side, "width": side}}
    (folder / "preprocessor_config.json").write_text(json.dumps(about))


def _config(words: int) -> CLIPSegConfig:
    sizes = {
        "hidden_size": _HIDDEN,
        "intermediate_size": 32,
        "num_attention_heads": 2,
    }
    marks = {"bos_token_id": 512, "eos_token_id": 513, "pad_token_id": 513}
    return CLIPSegConfig(
        text_config=sizes | marks | {"vocab_size": words, "num_hidden_layers": 1},
        vision_config=sizes | {"num_hidden_layers": 2, "image_size": 224, "patch_size": _PATCH},
        projection_dim=_HIDDEN,
        extract_layers=[0, 1],
        conditional_layer=0,
        reduce_dim=_REDUCED,
        decoder_num_attention_heads=2,
        decoder_intermediate_size=32,
    )


def _set_vision(vision: Any) -> None:
    for channel in range(3):
        vision.embeddings.patch_embedding.weight[channel, channel] = 1 / _PATCH**2
    vision.embeddings.position_embedding.weight[:, 6] = _STEADY
    vision.embeddings.position_embedding.weight[:, 7] = -_STEADY


def _set_text(clip: Any, tokenizer: Any, names: tuple[str, ...]) -> None:
    embeddings = clip.text_model.embeddings.token_embedding.weight
    embeddings[512:, 30], embeddings[512:, 31] = 5.0, -5.0
    last_letters = [tokenizer(name)["input_ids"][-2] for name in names]
    for axis, letter in enumerate(last_letters):
        embeddings[letter, axis] = 1.0
    # Without queries and keys, attention is the mean of all letters up to here.
    attention = clip.text_model.encoder.layers[0].self_attn
    torch.nn.init.eye_(attention.v_proj.weight)
    torch.nn.init.eye_(attention.out_proj.weight)
    torch.nn.init.eye_(clip.text_projection.weight)
    for axis, name in enumerate(names):
        tokens = tokenizer([name], return_tensors="pt")
        pooled = clip.text_model(**tokens).pooler_output
        clip.text_projection.weight[axis, axis] = 1 / pooled[0, axis]


def _set_decoder(decoder: Any) -> None:
    scale = _STEADY * (2 / _HIDDEN) ** 0.5  # what the first layer norm has divided colours by
    for channel in range(3):
        decoder.reduces[0].weight[channel, channel] = scale
        decoder.film_mul.weight[channel, channel] = 1.0
        decoder.transposed_convolution.weight[channel, 0] = 6 * _STEADY * (2 / _REDUCED) ** 0.5
    decoder.film_add.bias[14], decoder.film_add.bias[15] = _STEADY, -_STEADY
    decoder.transposed_convolution.bias.fill_(-6 * 0.8)
