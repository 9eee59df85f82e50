"""The daemon's own sentences in GIMP's language.

It writes English, with numbers and names filled in. A sentence is recognised by a template,
translated as that, and filled in again. One that no template knows stays English.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from functools import cache

from inpaintd_protocol.errors import InpaintError
from inpaintd_protocol.messages import Notice

from .texts import _

TEMPLATES = (
    # notices
    "{model} takes no prompt; it continues the surroundings of the hole.",
    "This model takes no prompt; it continues the surroundings of the hole.",
    "Models that paint from a prompt: inpaintd models list",
    "“{setting}” has no effect with this model. The hole is filled outright, as with strength 1.",
    "“{setting}” has no effect with this model. This model gives the same picture for every seed.",
    "“{setting}” has no effect with this model. All variants are the same picture.",
    "“{setting}” has no effect with this model. This model does not look at what is under the "
    "hole.",
    "“{setting}” has no effect with this model. It works at the picture's own resolution.",
    "“{setting}” has no effect with this model. The hole is filled as without it.",
    "Choose a model that supports it, or leave it at its default.",
    "The sampling area has no effect with this model. The hole is filled as without it.",
    "Choose a model that supports it, such as patches, or leave it out.",
    "No part of the hole is more than {percent} selected, so the old content shows through the "
    "fill.",
    "Set a threshold: wherever the selection reaches it, the hole is repainted fully.",
    "The editor erased the colours under {percent} of the hole, so they were estimated from the "
    "surroundings.",
    "{model} ignores the weights of references; each counts in full.",
    "Describe in the prompt what to take from the picture.",
    # what a request can end with
    "No object was found there.",
    "Click its centre, or drag a box around it.",
    "Nothing on the layer was clicked or selected.",
    "Click the object, drag a box around it, or select it roughly.",
    "The sampling area contains no pixels to copy.",
    "Set a larger sampling distance, or other sides.",
    "The hole covers everything, so there is nothing to continue.",
)


def in_own_words(text: str) -> str:
    """A sentence of the daemon in GIMP's language, as far as that is known."""
    for pattern, template in _patterns():
        found = pattern.fullmatch(text)
        if found:
            filled = {name: _(value) for name, value in found.groupdict().items()}
            return _(template).format(**filled)
    return text


def translated_error(error: InpaintError) -> InpaintError:
    """An error of the daemon in GIMP's language."""
    return InpaintError(
        error.code,
        in_own_words(error.message),
        in_own_words(error.hint),
        retriable=error.retriable,
        retry_after_seconds=error.retry_after_seconds,
    )


def translated(notices: Sequence[Notice]) -> list[Notice]:
    return [
        replace(notice, message=in_own_words(notice.message), remedy=in_own_words(notice.remedy))
        for notice in notices
    ]


@cache
def _patterns() -> list[tuple[re.Pattern[str], str]]:
    return [(re.compile(_pattern(template)), template) for template in TEMPLATES]


def _pattern(template: str) -> str:
    """The template as a regular expression, with a group for each placeholder."""
    parts = re.split(r"\{(\w+)\}", template)
    return "".join(
        f"(?P<{part}>.+?)" if number % 2 else re.escape(part) for number, part in enumerate(parts)
    )
