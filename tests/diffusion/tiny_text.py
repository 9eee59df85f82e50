"""Tokenizers and text encoders of a few kilobytes, without the hub."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

import transformers
from tokenizers.pre_tokenizers import ByteLevel

CLIP_WORDS = 514


def clip_tokenizer() -> transformers.CLIPTokenizer:
    """Byte-level CLIP: 256 byte characters, each also as the end of a word, and two specials."""
    characters = sorted(ByteLevel.alphabet())
    words = [*characters, *(c + "</w>" for c in characters), "<|startoftext|>", "<|endoftext|>"]
    with tempfile.TemporaryDirectory() as folder:
        files = {
            "vocab.json": json.dumps({word: i for i, word in enumerate(words)}),
            "merges.txt": "#version: 0.2\n",
            "tokenizer_config.json": json.dumps(
                {
                    "tokenizer_class": "CLIPTokenizer",
                    "model_max_length": 77,
                    "bos_token": "<|startoftext|>",
                    "eos_token": "<|endoftext|>",
                    "pad_token": "<|endoftext|>",
                    "unk_token": "<|endoftext|>",
                }
            ),
        }
        for name, text in files.items():
            Path(folder, name).write_text(text, encoding="utf-8")
        return transformers.CLIPTokenizer.from_pretrained(folder)


def clip_config(**changes: Any) -> transformers.CLIPTextConfig:
    values = {
        "bos_token_id": 512,
        "eos_token_id": 513,
        "pad_token_id": 513,
        "vocab_size": CLIP_WORDS,
        "hidden_size": 32,
        "intermediate_size": 37,
        "num_attention_heads": 4,
        "num_hidden_layers": 3,
        "max_position_embeddings": 77,
        "projection_dim": 32,
    }
    return transformers.CLIPTextConfig(**values | changes)


def clip_encoder(**changes: Any) -> transformers.CLIPTextModel:
    return transformers.CLIPTextModel(clip_config(**changes)).eval()


def clip_encoder_with_projection(**changes: Any) -> transformers.CLIPTextModelWithProjection:
    return transformers.CLIPTextModelWithProjection(clip_config(**changes)).eval()


def clip_vision() -> transformers.CLIPVisionModelWithProjection:
    config = transformers.CLIPVisionConfig(
        hidden_size=32,
        image_size=32,
        projection_dim=32,
        intermediate_size=37,
        num_attention_heads=4,
        num_hidden_layers=2,
        patch_size=16,
    )
    return transformers.CLIPVisionModelWithProjection(config).eval()


def t5_tokenizer() -> transformers.T5Tokenizer:
    pieces = [("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0), ("▁", -2.0)]
    pieces += [(chr(code), -3.0) for code in range(33, 127)]
    return transformers.T5Tokenizer(vocab=pieces, extra_ids=0, model_max_length=77)


def t5_encoder(width: int = 32) -> transformers.T5EncoderModel:
    config = transformers.T5Config(
        vocab_size=98,
        d_model=width,
        d_kv=8,
        d_ff=37,
        num_layers=2,
        num_heads=4,
        decoder_start_token_id=0,
    )
    return transformers.T5EncoderModel(config).eval()


def qwen_tokenizer() -> transformers.Qwen2Tokenizer:
    specials = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
    specials += ["<|vision_start|>", "<|vision_end|>", "<|image_pad|>"]
    words = [*sorted(ByteLevel.alphabet()), *specials]
    tokenizer = transformers.Qwen2Tokenizer(
        vocab={word: i for i, word in enumerate(words)}, merges=[], model_max_length=1024
    )
    tokenizer.add_special_tokens({"additional_special_tokens": specials[1:]})
    return tokenizer


def qwen_vision_language_encoder(words: int) -> transformers.Qwen2_5_VLForConditionalGeneration:
    config = transformers.Qwen2_5_VLConfig(
        text_config={
            "vocab_size": words,
            "hidden_size": 16,
            "intermediate_size": 16,
            "num_hidden_layers": 2,
            "num_attention_heads": 2,
            "num_key_value_heads": 2,
            "rope_parameters": {
                "mrope_section": [1, 1, 2],
                "rope_type": "default",
                "rope_theta": 1e6,
            },
        },
        image_token_id=words - 1,
        vision_start_token_id=words - 3,
        vision_end_token_id=words - 2,
        vision_config={
            "depth": 1,
            "fullatt_block_indexes": [0],
            "hidden_size": 16,
            "intermediate_size": 16,
            "num_heads": 2,
            "out_hidden_size": 16,
        },
    )
    return transformers.Qwen2_5_VLForConditionalGeneration(config).eval()


def mistral_writer(words: int, layers: int) -> transformers.Mistral3ForConditionalGeneration:
    config = transformers.Mistral3Config(
        text_config={
            "model_type": "mistral",
            "vocab_size": words,
            "hidden_size": 16,
            "intermediate_size": 16,
            "num_hidden_layers": layers,
            "num_attention_heads": 2,
            "num_key_value_heads": 2,
            "head_dim": 8,
        },
        vision_config={
            "model_type": "pixtral",
            "hidden_size": 16,
            "intermediate_size": 16,
            "num_hidden_layers": 1,
            "num_attention_heads": 2,
            "patch_size": 14,
            "image_size": 28,
        },
        image_token_index=words - 1,
    )
    return transformers.Mistral3ForConditionalGeneration(config).eval()


def qwen3_config(words: int, layers: int = 2) -> transformers.Qwen3Config:
    return transformers.Qwen3Config(
        hidden_size=16,
        intermediate_size=16,
        num_hidden_layers=layers,
        num_attention_heads=2,
        num_key_value_heads=2,
        vocab_size=words,
        max_position_embeddings=512,
    )


def qwen3_vision_encoder(words: int) -> transformers.Qwen3VLModel:
    config = transformers.Qwen3VLConfig(
        text_config={
            "vocab_size": words,
            "hidden_size": 16,
            "intermediate_size": 16,
            "num_hidden_layers": 2,
            "num_attention_heads": 2,
            "num_key_value_heads": 2,
            "head_dim": 8,
            "rope_parameters": {
                "mrope_section": [2, 1, 1],
                "rope_type": "default",
                "rope_theta": 1e6,
                "mrope_interleaved": True,
            },
        },
        vision_config={
            "depth": 1,
            "hidden_size": 16,
            "intermediate_size": 16,
            "num_heads": 2,
            "out_hidden_size": 16,
            "deepstack_visual_indexes": [0],
        },
    )
    return transformers.Qwen3VLModel(config).eval()


def smollm3() -> transformers.SmolLM3ForCausalLM:
    config = transformers.SmolLM3Config(
        vocab_size=128_001,  # its pipeline puts the last one in place of an empty prompt
        hidden_size=16,
        intermediate_size=16,
        num_hidden_layers=2,
        num_attention_heads=2,
        num_key_value_heads=2,
        pad_token_id=0,
        tie_word_embeddings=True,
    )
    return transformers.SmolLM3ForCausalLM(config).eval()


def qwen3_encoder(words: int) -> transformers.Qwen3Model:
    return transformers.Qwen3Model(qwen3_config(words)).eval()


def qwen3_writer(words: int, layers: int) -> transformers.Qwen3ForCausalLM:
    return transformers.Qwen3ForCausalLM(qwen3_config(words, layers)).eval()
