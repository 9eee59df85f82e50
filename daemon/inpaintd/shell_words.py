"""Commands that people paste into a shell: no file name in them may become a command of its own."""

from __future__ import annotations

import re
import shlex

from inpaintd.system import kind

_PLAIN_ON_WINDOWS = re.compile(r"[\w.,:=+~\\/-]+")
_INERT_ON_WINDOWS = re.compile(r"[\w.,:=+~\\/ ()\[\]{}@#&;'^-]+")
"""Literal between double quotes in both cmd and PowerShell. Missing are % and ! (variables in cmd),
$ and ` (PowerShell), and curly quotation marks, which PowerShell takes for straight ones."""


def command(*words: str, system: str | None = None) -> str:
    """A command line as printed, each word quoted where it must be."""
    return " ".join(quoted(word, system=system) for word in words)


def quoted(word: str, *, placeholder: str = "FILE", system: str | None = None) -> str:
    """A word that a shell takes for what it is, whatever it contains.

    Args:
        placeholder: stands in for a word that no quoting makes safe to paste: one with control
            characters, or on Windows one that cmd and PowerShell read differently.
        system: as sys.platform; None for this one.
    """
    if not word.isprintable():
        return placeholder
    if (system or kind.name()) != "win32":
        return shlex.quote(word)
    if _PLAIN_ON_WINDOWS.fullmatch(word):
        return word
    if _INERT_ON_WINDOWS.fullmatch(word) and not word.endswith("\\"):
        return f'"{word}"'
    return placeholder
