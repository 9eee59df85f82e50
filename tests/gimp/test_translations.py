"""The plug-in's translations are whole, compiled, and keep what is filled in later."""

from __future__ import annotations

import ast
import string

import pytest
from scripts.translations import LANGUAGES, PLUG_IN, catalogue_path, compiled, texts_of, updated


@pytest.fixture(params=LANGUAGES)
def language(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


def test_every_text_of_the_plug_in_is_translated(language: str) -> None:
    catalogue = updated(language)
    missing = [text for text in texts_of_the_plug_in() if not _translation(catalogue.get(text))]
    assert missing == [], "run scripts/translations.py, and fill in what is empty"


def test_what_is_compiled_is_what_is_written(language: str) -> None:
    path = catalogue_path(language).with_suffix(".mo")
    assert path.read_bytes() == compiled(updated(language)), "run scripts/translations.py"


def test_translations_keep_their_placeholders(language: str) -> None:
    for message in updated(language):
        if not message.id or not _translation(message):
            continue
        english = message.id if isinstance(message.id, str) else message.id[1]
        for translated in [message.string] if isinstance(message.string, str) else message.string:
            if "{count}" in english and not isinstance(message.string, str):
                continue  # languages write small numbers as words
            assert _placeholders(translated) == _placeholders(english), translated


def test_translated_keys_are_unlike(language: str) -> None:
    """A letter after an underscore is a key of a dialog; two of the same would share one."""
    catalogue = updated(language)
    for buttons in (("_Reset", "_Cancel", "_Inpaint"), ("_More", "_Close", "_Keep This One")):
        keys = [_key(_translation(catalogue.get(text))) for text in buttons]
        assert len(set(keys)) == len(keys), keys


def texts_of_the_plug_in() -> list[str]:
    return sorted(
        {
            text
            for path in (PLUG_IN / "inpaint_plugin").glob("*.py")
            for text in texts_of(ast.parse(path.read_text(encoding="utf-8")))
            if any(character.isalpha() for character in text)
        }
    )


def _translation(message: object) -> str:
    translated = getattr(message, "string", "")
    return translated if isinstance(translated, str) else "".join(translated)


def _placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def _key(label: str) -> str:
    return label.partition("_")[2][:1].lower()
