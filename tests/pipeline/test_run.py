from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from inpaintd.engine import CancelledError, Engine
from inpaintd.engines.opencv import Diffused
from inpaintd.engines.patches.filler import Patches
from inpaintd.engines.patchmatch import PatchMatch
from inpaintd.pipeline.layer import plane_of, samples_of
from inpaintd.pipeline.run import run
from inpaintd_protocol import limits
from inpaintd_protocol.errors import InpaintError
from inpaintd_protocol.messages import Inpaint, MakeMask, Preview, Progress
from inpaintd_protocol.settings import Settings, Settled
from tests.pipeline.pictures import filled, laid_over, photo, with_alpha
from tests.synthetic_engines import Synthetic, fail, flat, identity, noise

BUILT_IN: dict[str, Callable[[], Engine]] = {
    "patches": Patches,
    "patchmatch": PatchMatch,
    "telea": lambda: Diffused("telea"),
    "navier-stokes": lambda: Diffused("navier-stokes"),
}


@pytest.fixture
def mask() -> Any:
    mask = np.zeros((90, 101), np.float32)
    mask[30:50, 40:70] = 1
    return mask


@pytest.mark.parametrize("model", ["patches", "patchmatch", "telea", "navier-stokes"])
@pytest.mark.parametrize("depth", ["u8", "u16", "f32"])
def test_a_photograph_with_a_transparent_hole_is_filled(mask: Any, model: str, depth: str) -> None:
    colour = photo(90, 101, depth)
    layer = with_alpha(colour, mask)
    answer = filled(layer, BUILT_IN[model]())
    (result,) = answer.layers
    assert result.offset == (30 + 40, 40 + 30)
    assert (result.pixels.width, result.pixels.height, result.pixels.depth) == (30, 20, depth)
    shown = laid_over(layer, result)
    assert (shown == colour)[mask == 0].all()
    assert (shown != colour)[mask > 0].any()
    assert answer.mask_offset == result.offset
    assert (samples_of(answer.mask) == samples_of(answer.mask).max()).all()


def test_a_seed_is_chosen_and_reported(mask: Any) -> None:
    layer = photo(90, 101, "u8")
    engine = noise()
    seeds = {filled(layer, engine, mask, seed=None).layers[0].seed for _ in range(3)}
    assert len(seeds) == 3
    again = filled(layer, engine, mask, seed=min(seeds)).layers[0]
    assert again.seed == min(seeds)
    assert engine.calls[-1][0].seed == min(seeds)


@pytest.mark.parametrize("preview", [False, True])
def test_variants_are_what_single_requests_with_the_next_seeds_give(
    mask: Any, preview: bool
) -> None:
    layer = photo(90, 101, "u8")
    top = 2**32 - 1
    answer = filled(layer, noise(), mask, seed=top, count=3, preview=preview)
    assert [result.seed for result in answer.layers] == [top, 0, 1]
    for result in answer.layers:
        alone = filled(layer, noise(), mask, seed=result.seed).layers[0]
        assert bytes(alone.pixels.data) == bytes(result.pixels.data)


def test_variants_are_shown_as_they_get_ready(mask: Any) -> None:
    said: list[Any] = []
    engine = Synthetic(lambda task: task.colour, steps=4)
    answer = filled(photo(90, 101, "u8"), engine, mask, said, count=3, preview=True)
    finals = [m for m in said if isinstance(m, Preview) and m.final]
    assert [m.variant for m in finals] == [0, 1, 2]
    assert [m.pixels for m in finals] == [layer.pixels for layer in answer.layers]
    assert said.index(finals[0]) < len(said) / 2
    sketches = [m for m in said if isinstance(m, Preview) and not m.final]
    assert len(sketches) == 12
    assert {m.variant for m in sketches} == {0, 1, 2}


def test_previews_say_which_part_of_the_canvas_they_show() -> None:
    mask = np.zeros((100, 900), np.float32)
    mask[10:20, 10:20] = mask[70:90, 860:880] = 1
    said: list[Any] = []
    engine = Synthetic(lambda task: task.colour, steps=1)
    layer = photo(100, 380, "u8").repeat(3, axis=1)[:, :900]
    filled(layer, engine, mask, said, count=2, preview=True)
    sketches = [m for m in said if isinstance(m, Preview) and not m.final]
    for sketch, task in zip(sketches, [t for call in engine.calls for t in call], strict=True):
        assert sketch.size == task.mask.shape[::-1]
        assert sketch.variant == task.variant
    assert [m.offset[0] > 500 for m in sketches] == [False, True] * 2


def test_progress_grows_to_the_end(mask: Any) -> None:
    said: list[Any] = []
    engine = Synthetic(lambda task: task.colour, steps=5)
    for preview in (False, True):
        said.clear()
        filled(photo(90, 101, "u8"), engine, mask, said, count=2, preview=preview)
        fractions = [m.fraction for m in said if isinstance(m, Progress)]
        assert fractions == sorted(fractions)
        assert fractions[0] == 0
        assert fractions[-1] == pytest.approx(0.95)


def test_cancelling_passes_through_the_engine(mask: Any) -> None:
    steps = []

    def report(message: Any) -> None:
        steps.append(message)
        if len(steps) == 4:
            raise CancelledError

    request = Inpaint("r", plane_of(with_alpha(photo(90, 101, "u8"), mask)))
    with pytest.raises(CancelledError):
        run(request, Synthetic(lambda task: task.colour, steps=50), report)
    assert len(steps) == 4


def test_holes_that_lie_apart_are_painted_apart() -> None:
    mask = np.zeros((100, 900), np.float32)
    mask[10:20, 10:20] = mask[70:90, 860:880] = 1
    engine = flat(1, 0, 0)
    layer = photo(100, 380, "u8").repeat(3, axis=1)[:, :900]
    answer = filled(layer, engine, mask, match_colour=False)
    (tasks,) = engine.calls
    assert [task.mask.sum() for task in tasks] == [100, 400]
    assert max(task.mask.shape[1] for task in tasks) < 200
    shown = laid_over(layer, answer.layers[0])
    assert (shown[mask > 0] == (255, 0, 0)).all()
    assert (shown == layer)[mask == 0].all()


def test_lost_colours_are_replaced_before_anything_uses_them(mask: Any) -> None:
    layer = with_alpha(photo(90, 101, "u8"), mask)
    layer[mask > 0, :3] = 0
    engine = identity()
    answer = filled(layer, engine)
    assert [w.code for w in answer.warnings] == ["colour_lost"]
    assert "100%" in answer.warnings[0].message
    assert engine.calls[0][0].colour[mask > 0].min() > 0.02
    assert samples_of(answer.layers[0].pixels)[..., :3].min() > 5


@pytest.mark.parametrize(
    ("strength", "said"), [(None, []), (1.0, []), (0.99, ["colour_lost"]), (0.5, ["colour_lost"])]
)
def test_lost_colours_are_missed_only_where_they_would_be_used(
    mask: Any, strength: float | None, said: list[str]
) -> None:
    layer = with_alpha(photo(90, 101, "u8"), mask)
    layer[mask > 0, :3] = 0
    engine = replace(identity(), honours=frozenset({"infill", "strength", "seed"}))
    answer = filled(layer, engine, strength=strength)
    assert [w.code for w in answer.warnings] == said


def test_an_explicit_setting_that_nobody_takes_is_named_even_at_its_default(mask: Any) -> None:
    def ignored(**asked: Any) -> str:
        answer = filled(photo(90, 101, "u8"), PatchMatch(), mask, **asked)
        return " ".join(w.message for w in answer.warnings if w.code == "not_honoured")

    assert "“Steps”" in ignored(steps=30)
    assert "“Guidance scale”" in ignored(guidance_scale=7.5)
    assert not ignored()
    # What it asks for is what happens anyway.
    assert not ignored(strength=1.0, infill="original", replace=0.0, prompt="", count=1)


def test_the_answer_tells_the_settings_that_had_a_say(mask: Any) -> None:
    settings = Settled(context_factor=1.0, steps=9, prompt="a cat", seed=1)
    request = Inpaint("r", plane_of(with_alpha(photo(90, 101, "u8"), mask)), Settings(steps=9))
    used = run(request, PatchMatch(), lambda _: None, settings=settings).settings
    assert used is not None
    assert (used.context_factor, used.seed, used.area) == (1.0, 1, "masked")
    assert (used.steps, used.guidance_scale, used.prompt) == (None, None, None)


def test_a_transparent_border_is_no_source_and_stays_as_it_is() -> None:
    colour = photo(90, 101, "u8")
    layer = with_alpha(colour, np.zeros((90, 101)))
    layer[:, :30] = 0
    mask = np.zeros((90, 101), np.float32)
    mask[40:50, 25:60] = 1
    engine = identity()
    answer = filled(layer, engine, mask)
    (task,) = engine.calls[0]
    assert task.source is not None
    assert not task.source[:, :30].any()
    assert task.source[:, 60:].all()
    assert task.colour[:, :30].max() > 0.1
    assert (laid_over(layer, answer.layers[0]) == layer[..., :3])[mask == 0].all()


def test_the_masked_output_looks_the_same_over_an_opaque_source(mask: Any) -> None:
    mask[30:50, 40:50] = 0.5
    colour = photo(90, 101, "u16")
    cut_out = filled(colour, noise(), mask)
    answer = filled(colour, noise(), mask, output="masked")
    (result,) = answer.layers
    assert result.mask is not None
    whole = samples_of(result.pixels).astype(float)
    assert (whole[..., 3] == 65535).all()
    w = samples_of(result.mask).astype(float) / 65535
    x, y = result.offset[0] - 30, result.offset[1] - 40
    under = colour[y : y + whole.shape[0], x : x + whole.shape[1]]
    blended = under * (1 - w) + whole[..., :3] * w
    expected = laid_over(colour, cut_out.layers[0])
    there = expected[y : y + whole.shape[0], x : x + whole.shape[1]]
    assert np.abs(blended - there).max() <= 1.5


def test_only_the_mask(mask: Any) -> None:
    layer = with_alpha(photo(90, 101, "u16"), mask * 0.4)
    request = MakeMask("m", plane_of(layer), Settings(grow_pixels=3), offset=(5, 6))
    engine = fail()
    answer = run(request, engine, lambda _: None)
    assert answer.layers == ()
    assert answer.mask_offset == (5, 6)
    used = samples_of(answer.mask)[..., 0]
    assert used.shape == (90, 101)
    assert used[27, 55] == pytest.approx(0.4 * 65535, abs=1)
    assert used[26, 55] == 0
    assert not engine.calls


def test_words_find_the_hole(mask: Any) -> None:
    layer = photo(90, 101, "u8")
    asked = []

    def masker(colour: Any, words: str) -> Any:
        asked.append((colour.shape, words))
        return mask * 0.7

    def found(given: Any = None, **changes: Any) -> Any:
        settings = Settings(text_mask="a cup", **changes)
        plane = None if given is None else plane_of((given * 255).astype(np.uint8))
        request = MakeMask("m", plane_of(layer), settings, mask=plane)
        answer = run(request, fail(), lambda _: None, text_masker=masker)
        return samples_of(answer.mask)[..., 0] / 255

    left = np.zeros_like(mask)
    left[:, :55] = 1
    assert (found() == mask).all()
    assert asked == [((90, 101, 3), "a cup")]
    assert found(text_mask_threshold=0.0).max() == pytest.approx(0.7, abs=0.01)
    assert (found(left, text_mask_combine="union") == np.maximum(mask, left)).all()
    assert (found(left, text_mask_combine="intersect") == mask * left).all()
    with pytest.raises(InpaintError) as caught:
        found(text_mask_threshold=0.8)
    assert caught.value.code == "empty_mask"


def test_without_a_text_model_words_are_an_error() -> None:
    with pytest.raises(InpaintError) as caught:
        filled(photo(9, 9, "u8"), identity(), text_mask="a cup")
    assert caught.value.code == "not_installed"
    assert caught.value.hint


def test_settings_that_nobody_takes_are_named(mask: Any) -> None:
    answer = filled(
        photo(90, 101, "u8"),
        PatchMatch(),
        mask,
        prompt="a cat",
        steps=9,
        infill="fill",
        grow_pixels=2,
        match_colour=False,
        count=2,
    )
    assert [w.code for w in answer.warnings] == ["not_honoured"] * 3
    text = " ".join(f"{w.message} {w.remedy}" for w in answer.warnings)
    assert all(label in text for label in ("takes no prompt", "“Steps”", "“Infill”"))
    assert "inpaintd models list" in text


@pytest.mark.parametrize(("honours", "steps"), [({"steps"}, 3), (set(), 0)])
def test_steps_are_told_only_of_engines_that_have_them(
    mask: Any, honours: set[str], steps: int
) -> None:
    engine = replace(identity(), steps=3, honours=frozenset(honours))
    told: list[Any] = []
    filled(photo(90, 101, "u8"), engine, mask, messages=told)
    found = {m.steps for m in told if isinstance(m, Progress) and m.phase == "denoising"}
    assert found == {steps}


def test_variants_without_seeds_are_warned_about(mask: Any) -> None:
    answer = filled(photo(90, 101, "u8"), Diffused("telea"), mask, seed=None, count=2)
    assert [w.message.split("”")[0] for w in answer.warnings] == ["“Variants"]


def test_a_weak_selection_is_warned_about_unless_the_engine_takes_greys(mask: Any) -> None:
    layer = photo(90, 101, "u8")
    for engine, codes in ((identity(), ["partial_mask"]), (identity(soft=True), [])):
        assert [w.code for w in filled(layer, engine, mask * 0.6).warnings] == codes
    assert not filled(layer, identity(), mask * 0.6, threshold=0.5).warnings


def test_an_engines_notices_are_passed_on_once(mask: Any) -> None:
    engine = Synthetic(lambda task: task.colour, notices=(("code", "message", "remedy"),))
    answer = filled(photo(90, 101, "u8"), engine, mask, count=3, preview=True)
    assert [(w.code, w.message, w.remedy) for w in answer.warnings] == [
        ("code", "message", "remedy")
    ]


def test_an_engine_that_does_not_look_under_the_hole_gets_nothing_put_there(mask: Any) -> None:
    """Such as the built-in fill with the intent to remove, whose settings have an infill."""
    prefill = identity()
    engine = Synthetic(lambda task: task.colour, honours=frozenset())
    request = Inpaint("r", plane_of(with_alpha(photo(90, 101, "u8"), mask)))
    wanted = Settled.of(Settings(infill="patchmatch"))
    run(request, engine, lambda _: None, settings=wanted, prefill=prefill)
    assert not prefill.calls


def test_the_infill_patchmatch_completes_the_hole_before_the_engine(mask: Any) -> None:
    colour = photo(90, 101, "u8")
    engine = identity()
    settings = Settings(infill="patchmatch", match_colour=False, seed=1)
    request = Inpaint("r", plane_of(with_alpha(colour, mask)), settings)
    answer = run(request, engine, lambda _: None, prefill=PatchMatch())
    direct = filled(with_alpha(colour, mask), PatchMatch())
    assert bytes(answer.layers[0].pixels.data) == bytes(direct.layers[0].pixels.data)


@pytest.mark.parametrize("size", [(1, 1), (1, 40), (7, 3)])
def test_a_hole_that_covers_everything_is_allowed(size: tuple[int, int]) -> None:
    layer = photo(*size, "u8")
    answer = filled(layer, flat(1, 1, 1), np.ones(size))
    assert (laid_over(layer, answer.layers[0]) == 255).all()


def test_pixels_that_are_not_numbers_are_refused(mask: Any) -> None:
    layer = with_alpha(photo(90, 101, "f32"), mask)
    layer[3, 4, 1] = np.nan
    with pytest.raises(InpaintError) as caught:
        filled(layer, identity())
    assert caught.value.code == "bad_pixels"


def test_variants_that_no_answer_can_hold_are_refused_before_work(
    mask: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    layer = with_alpha(photo(90, 101, "f32"), mask)
    answer = filled(layer, identity(), count=3)
    planes = [answer.mask, *(layer.pixels for layer in answer.layers)]
    monkeypatch.setattr(limits, "MESSAGE_BYTES", sum(plane.byte_count for plane in planes))
    assert filled(layer, identity(), count=3).layers, "it fits exactly"
    monkeypatch.setattr(limits, "MESSAGE_BYTES", limits.MESSAGE_BYTES - 1)
    with pytest.raises(InpaintError, match="3 variants of a hole") as caught:
        filled(layer, fail(), count=3)
    assert caught.value.code == "too_large"
