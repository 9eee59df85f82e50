"""The common syntax for weights in prompts. Standard library only.

    (x)      1.1 times as strong          (x:1.3)   1.3 times
    [x]      1.1 times weaker             \\( \\)     the characters themselves
    BREAK    start a new chunk            <lora:name:0.8>

Nested weights multiply, unclosed brackets are closed at the end, and `[x:1.3]` is not a
weight. This is AUTOMATIC1111's syntax; compel's own misreads plain text such as `C++`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_ROUND, _SQUARE = 1.1, 1 / 1.1

_LORA = re.compile(r"<lora:([^:<>]+)(?::([+-]?[0-9.]+))?>")
_WEIGHT = re.compile(r":\s*([+-]?(?:\d+\.?\d*|\.\d+))\s*\)")
_TOKEN = re.compile(
    r"\\(?P<escaped>[\\()\[\]])|(?P<bracket>[()\[\]])|(?P<break>\bBREAK\b)|(?P<text>[^\\()\[\]:B]+|.)",
    re.DOTALL,
)

Fragment = tuple[str, float]


@dataclass(frozen=True)
class Prompt:
    """A parsed prompt.

    Attributes:
        chunks: the text fragments of each chunk, with their weights.
        loras: (name, weight) in the order of the prompt.
    """

    chunks: tuple[tuple[Fragment, ...], ...]
    loras: tuple[tuple[str, float], ...] = ()

    @property
    def text(self) -> str:
        """The words alone."""
        return " ".join("".join(text for text, _ in chunk).strip() for chunk in self.chunks)

    @property
    def plain(self) -> bool:
        """True if it is one chunk without weights."""
        return len(self.chunks) == 1 and all(weight == 1 for _, weight in self.chunks[0])


def parse(prompt: str) -> Prompt:
    """Parse a prompt. Every text is a valid prompt."""
    loras = tuple((name, _number(weight)) for name, weight in _LORA.findall(prompt))
    chunks: list[list[tuple[str, float]]] = [[]]
    opened: list[tuple[str, int, int]] = []  # bracket, chunk and fragment where it was opened
    prompt = _LORA.sub("", prompt)
    at = 0

    def multiply(since: tuple[str, int, int], factor: float) -> None:
        _, chunk, fragment = since
        for c in range(chunk, len(chunks)):
            first = fragment if c == chunk else 0
            chunks[c][first:] = [(text, weight * factor) for text, weight in chunks[c][first:]]

    while at < len(prompt):
        weight = _WEIGHT.match(prompt, at)
        if weight and opened and opened[-1][0] == "(":
            multiply(opened.pop(), float(weight[1]))
            at = weight.end()
            continue
        token = _TOKEN.match(prompt, at)
        assert token is not None
        at = token.end()
        bracket = token["bracket"]
        if token["break"]:
            chunks.append([])
        elif bracket in ("(", "["):
            opened.append((bracket, len(chunks) - 1, len(chunks[-1])))
        elif bracket == ")" and opened and opened[-1][0] == "(":
            multiply(opened.pop(), _ROUND)
        elif bracket == "]" and opened and opened[-1][0] == "[":
            multiply(opened.pop(), _SQUARE)
        else:
            chunks[-1].append((token["escaped"] or token[0], 1.0))
    while opened:
        bracket = opened[-1][0]
        multiply(opened.pop(), _ROUND if bracket == "(" else _SQUARE)
    return Prompt(tuple(_merged(chunk) for chunk in chunks), loras)


def without_loras(prompt: str) -> str:
    """The prompt without its LoRAs, its weights unchanged."""
    return _LORA.sub("", prompt)


def _merged(fragments: list[Fragment]) -> tuple[Fragment, ...]:
    """Merge adjacent fragments of the same weight."""
    merged: list[Fragment] = []
    for text, weight in fragments:
        if merged and merged[-1][1] == weight:
            merged[-1] = (merged[-1][0] + text, weight)
        else:
            merged.append((text, weight))
    return tuple(merged) or (("", 1.0),)


def _number(text: str) -> float:
    try:
        return float(text) if text else 1.0
    except ValueError:
        return 1.0
