"""The loops over patches, compiled by numba, each for one range of target patches.

Pictures are flat (H * W, 4) float32: red, green, blue, texture. Places are flat indices into them.
All patches are within the picture, which has been padded by their radius. The kernels release
the interpreter's lock, so that ranges run in threads; their results do not depend on how many.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numpy as np
from numba import njit

_Function = TypeVar("_Function", bound=Callable[..., Any])


def _compiled(function: _Function) -> _Function:
    """Compile on the first call, and cache the result on disk for later processes."""
    compiling = njit(
        cache=True, nogil=True, error_model="numpy", fastmath={"reassoc", "contract", "nsz"}
    )
    return cast(_Function, compiling(function))


@_compiled
def _difference(picture, width, radius, a, b, discount, start, limit):  # type: ignore[no-untyped-def]
    """Squared difference of two patches, with that of their mean colours reduced by `discount`."""
    red = green = blue = np.float32(0)
    total = np.float32(0)
    allowance = np.float32(0)
    share = discount / np.float32((2 * radius + 1) ** 2)
    for dy in range(-radius, radius + 1):
        p = a + dy * width - radius
        q = b + dy * width - radius
        for i in range(2 * radius + 1):
            r = picture[p + i, 0] - picture[q + i, 0]
            g = picture[p + i, 1] - picture[q + i, 1]
            c = picture[p + i, 2] - picture[q + i, 2]
            x = picture[p + i, 3] - picture[q + i, 3]
            red += r
            green += g
            blue += c
            total += r * r + g * g + c * c + x * x
        # The rows so far bound how much the mean may still reduce it.
        allowance = share * (red * red + green * green + blue * blue)
        if start + total * (np.float32(1) - discount) > limit:
            return np.float32(np.inf)
    return start + total - allowance


@_compiled
def _random(state):  # type: ignore[no-untyped-def]
    """The next 32 random bits and the new state (Steele et al., SplitMix, 2014)."""
    state = state + np.uint64(0x9E3779B97F4A7C15)
    z = (state ^ (state >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return state, (z ^ (z >> np.uint64(31))) >> np.uint64(32)


@_compiled
def _within(state, span):  # type: ignore[no-untyped-def]
    """A random integer from -span to span, and the new state."""
    state, bits = _random(state)
    return state, np.int64(bits % np.uint64(2 * span + 1)) - span


@_compiled
def _strangers(number, width, t, s, sources, before, first, last):  # type: ignore[no-untyped-def]
    """The number of a target's four neighbours whose source is not beside `s`."""
    count = 0
    for k in range(4):
        shift = (width if k < 2 else 1) * (1 if k % 2 == 0 else -1)
        at = t + shift
        if 0 <= at < number.shape[0]:
            m = number[at]
            if m >= 0 and (sources[m] if first <= m < last else before[m]) != s + shift:
                count += 1
    return np.float32(count)


@_compiled
def search(  # type: ignore[no-untyped-def]
    picture,
    price,
    number,
    width,
    radius,
    discount,
    targets,
    before,
    sources,
    errors,
    first,
    last,
    seed,
    around,
    jumps,
    looks,
    backwards,
    apart,
):
    """Find better sources for the targets from `first` to `last`, in place.

    Args:
        price: (H * W,) float32, cost of a source in itself; infinite where there is none.
        number: (H * W,) int32, index of the target at each place; -1 where there is none.
        before: the previous sources, used for targets of other ranges.
        around: whether the eight places around each source are tried.
        jumps: distances of the neighbours whose sources are tried.
        looks: number of random places tried, each within half the distance of the last.
    """
    places = price.shape[0]
    height = places // width
    for n in range(first, last):
        i = last - 1 - (n - first) if backwards else n
        t = np.int64(targets[i])
        s = np.int64(sources[i])
        alone = apart * _strangers(number, width, t, s, sources, before, first, last)
        best = _difference(
            picture, width, radius, t, s, discount, price[s] + alone, np.float32(np.inf)
        )
        if around:
            centre = s
            for dy in range(-1, 2):
                for dx in range(-1, 2):
                    c = centre + dy * width + dx
                    if c == s or c < 0 or c >= places or not price[c] < best:
                        continue
                    start = price[c] + apart * _strangers(
                        number, width, t, c, sources, before, first, last
                    )
                    e = _difference(picture, width, radius, t, c, discount, start, best)
                    if e < best:
                        best, s = e, c
        for j in range(jumps.shape[0]):
            for k in range(4):
                shift = jumps[j] * (width if k < 2 else 1) * (1 if k % 2 == 0 else -1)
                at = t - shift
                if at < 0 or at >= places:
                    continue
                m = number[at]
                if m < 0:
                    continue
                c = (sources[m] if first <= m < last else before[m]) + shift
                if c == s or c < 0 or c >= places or not price[c] < best:
                    continue
                start = price[c] + apart * _strangers(
                    number, width, t, c, sources, before, first, last
                )
                e = _difference(picture, width, radius, t, c, discount, start, best)
                if e < best:
                    best, s = e, c
        state = np.uint64(seed) * np.uint64(0x2545F4914F6CDD1D) + np.uint64(i)
        span = max(height, width) // 2
        for k in range(looks + 1):
            reach = span if k < looks else 2
            state, y = _within(state, reach)
            state, x = _within(state, reach)
            y += s // width
            x += s % width
            span = max(2, span // 2)
            if y < 0 or y >= height or x < 0 or x >= width:
                continue
            c = y * width + x
            if c == s or not price[c] < best:
                continue
            start = price[c] + apart * _strangers(number, width, t, c, sources, before, first, last)
            e = _difference(picture, width, radius, t, c, discount, start, best)
            if e < best:
                best, s = e, c
        sources[i] = s
        errors[i] = best


@_compiled
def judge(  # type: ignore[no-untyped-def]
    picture, price, width, radius, discount, targets, sources, errors, shifts, most, first, last
):
    """The error of each match, and how much brighter its target is, at most `most`, (N, 3)."""
    side = np.float32((2 * radius + 1) ** 2)
    for i in range(first, last):
        t = np.int64(targets[i])
        s = np.int64(sources[i])
        errors[i] = _difference(
            picture, width, radius, t, s, discount, price[s], np.float32(np.inf)
        )
        for channel in range(3):
            total = np.float32(0)
            for dy in range(-radius, radius + 1):
                p = t + dy * width
                q = s + dy * width
                for dx in range(-radius, radius + 1):
                    total += picture[p + dx, channel] - picture[q + dx, channel]
            shifts[i, channel] = min(max(total / side, -most), most)


@_compiled
def agreement(number, width, targets, sources, agreeing, first, last):  # type: ignore[no-untyped-def]
    """The number of a target's four neighbours whose source is beside its own, 0 to 4."""
    for i in range(first, last):
        t = np.int64(targets[i])
        same = 0
        for k in range(4):
            shift = (width if k < 2 else 1) * (1 if k % 2 == 0 else -1)
            at = t + shift
            if 0 <= at < number.shape[0]:
                m = number[at]
                if m >= 0 and sources[m] == sources[i] + shift:
                    same += 1
        agreeing[i] = same


@_compiled
def vote(  # type: ignore[no-untyped-def]
    picture, number, width, radius, sources, loudness, shifts, window, places, voted, first, last
):
    """Accumulate the colours of the places from the sources of all patches around them in `voted`.

    Args:
        window: (side, side) float32, weight of a patch by the place's position in it.
        voted: (N, 5) float32; the last column is the sum of the weights.
    """
    side = 2 * radius + 1
    size = number.shape[0]
    for i in range(first, last):
        u = np.int64(places[i])
        red = green = blue = texture = total = np.float32(0)
        for dy in range(side):
            for dx in range(side):
                g = window[dy, dx]
                if g == 0:
                    continue
                shift = (dy - radius) * width + dx - radius
                at = u - shift
                if at < 0 or at >= size:
                    continue
                m = number[at]
                if m < 0:
                    continue
                w = loudness[m] * g
                q = np.int64(sources[m]) + shift
                red += w * (picture[q, 0] + shifts[m, 0])
                green += w * (picture[q, 1] + shifts[m, 1])
                blue += w * (picture[q, 2] + shifts[m, 2])
                texture += w * picture[q, 3]
                total += w
        if total > 0:
            voted[i, 0] = red / total
            voted[i, 1] = green / total
            voted[i, 2] = blue / total
            voted[i, 3] = texture / total
        voted[i, 4] = total
