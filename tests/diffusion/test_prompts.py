"""Weights in prompts: how they are read, and what they do."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from inpaintd.engines.diffusion.prompts.syntax import parse
from tests.diffusion.pictures import distance, inside, paint
from tests.diffusion.pictures import shared as engine
from tests.diffusion.tiny_models import Build


def fragments(prompt: str) -> list[tuple[str, float]]:
    (chunk,) = parse(prompt).chunks
    return [(text, round(weight, 4)) for text, weight in chunk]


@pytest.mark.parametrize(
    ("prompt", "expected"),
    [
        ("a cat", [("a cat", 1)]),
        ("a (cat) sits", [("a ", 1), ("cat", 1.1), (" sits", 1)]),
        ("a [cat] sits", [("a ", 1), ("cat", 0.9091), (" sits", 1)]),
        ("((cat))", [("cat", 1.21)]),
        ("(a (red:2) cat:0.5)", [("a ", 0.5), ("red", 1.0), (" cat", 0.5)]),
        (
            "Ana de Armas, (emma watson:0.5), Liza",
            [("Ana de Armas, ", 1), ("emma watson", 0.5), (", Liza", 1)],
        ),
        ("(cat: .5 )", [("cat", 0.5)]),
        (r"a cat \(real\)", [("a cat (real)", 1)]),
        ("(cat", [("cat", 1.1)]),
        ("cat)", [("cat)", 1)]),
        ("[cat:1.3]", [("cat:1.3", 0.9091)]),
        ("C++ and 16:9", [("C++ and 16:9", 1)]),
        ("(a:b)", [("a:b", 1.1)]),
        ("", [("", 1)]),
    ],
)
def test_weights_are_read_as_the_field_writes_them(
    prompt: str, expected: list[tuple[str, float]]
) -> None:
    assert fragments(prompt) == expected


def test_break_starts_a_new_chunk_even_within_brackets() -> None:
    assert parse("a cat BREAK (a dog:1.5)").chunks == (
        (("a cat ", 1.0),),
        ((" ", 1.0), ("a dog", 1.5)),
    )
    assert [w for chunk in parse("(a BREAK b:2)").chunks for _, w in chunk] == [2, 2]
    assert parse("BREAKFAST").plain


def test_loras_are_taken_out_of_the_prompt() -> None:
    prompt = parse("a cat <lora:soft-light:0.8> sits<lora:grain>")
    assert prompt.loras == (("soft-light", 0.8), ("grain", 1.0))
    assert prompt.text == "a cat  sits"


@given(st.text(alphabet="ab()[]:.1\\ <>BREAK", max_size=60))
def test_every_text_is_a_prompt(text: str) -> None:
    parsed = parse(text)
    assert all(np.isfinite(weight) for chunk in parsed.chunks for _, weight in chunk)


@pytest.mark.parametrize("kind", ["sd15", "sd15-inpainting", "sdxl", "sdxl-refiner"])
def test_neutral_weights_change_nothing(kind: str, tiny: Build) -> None:
    model = engine(tiny(kind))
    plain = inside(paint(model, prompt="a red cat"))
    assert np.array_equal(inside(paint(model, prompt="a (red:1.0) cat")), plain)
    weighted = inside(paint(model, prompt="a (red:1.5) cat", negative_prompt="(ugly:1.2)"))
    assert distance(weighted, plain) > 1e-5


@pytest.mark.parametrize("kind", ["sd15", "sdxl"])
def test_a_heavier_weight_goes_further(kind: str, tiny: Build) -> None:
    model = engine(tiny(kind))
    plain, light, more, much = (
        inside(paint(model, prompt=f"a (red:{weight}) cat")) for weight in (1, 0.5, 1.2, 1.6)
    )
    assert 0 < distance(more, plain) < distance(much, plain)
    assert distance(light, plain) > 0


@pytest.mark.parametrize("kind", ["sd15", "sdxl"])
def test_a_prompt_of_a_thousand_words_is_read_to_its_end(kind: str, tiny: Build) -> None:
    model = engine(tiny(kind))
    words = ["cat"] * 999
    one, other = (inside(paint(model, prompt=" ".join([*words, end]))) for end in ("red", "blue"))
    assert distance(one, other) > 0
    assert not paint(model, prompt=" ".join(words)).notices


@pytest.mark.parametrize("kind", ["kandinsky", "sd3", "flux", "flux-fill", "qwen-image", "z-image"])
def test_a_model_that_cannot_read_it_all_says_so(kind: str, tiny: Build) -> None:
    model = engine(tiny(kind))
    notices = paint(model, prompt="(black:1.3) " + "cat " * 1000).notices
    assert {code for code, _, _ in notices} == {"prompt_cut", "weights_ignored"}
    assert not paint(model, prompt="a cat").notices


def test_break_is_not_a_word(tiny: Build) -> None:
    model = engine(tiny("sd15"))
    together, apart = (inside(paint(model, prompt=p)) for p in ("a cat a dog", "a cat BREAK a dog"))
    assert distance(together, apart) > 0
