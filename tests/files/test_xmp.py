"""XMP packets of any size and shape are read in linear time, and change by our property alone."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from inpaintd.files.xmp import read_property, with_property

RDF = b'<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
OURS = b'xmlns:inpaintd="urn:x-inpaintd:1.0/" inpaintd:recipe='
TEXT = st.text(
    st.characters(exclude_categories=("Cs", "Cc"), exclude_characters="\ufffe\uffff"), max_size=40
)


def packet(*descriptions: bytes) -> bytes:
    inside = b"".join(descriptions)
    return b'<x:xmpmeta xmlns:x="adobe:ns:meta/">' + RDF + inside + b"</rdf:RDF></x:xmpmeta>"


@given(TEXT)
@example("<&\"'>")
def test_any_text_comes_back(value: str) -> None:
    assert read_property(with_property(b"", "recipe", value), "recipe") == value


@given(TEXT, TEXT)
def test_the_newer_value_replaces_the_older(older: str, newer: str) -> None:
    before = packet(b'<rdf:Description xmlns:dc="d" dc:title="t"/>')
    once = with_property(before, "recipe", newer)
    assert with_property(with_property(before, "recipe", older), "recipe", newer) == once


@pytest.mark.parametrize(
    ("given", "left"),
    [
        (b'<rdf:Description rdf:about="" ' + OURS + b"'old'/>", b""),
        (
            b'<rdf:Description xmlns:dc="d" ' + OURS + b'"old" dc:title="t"/>',
            b'<rdf:Description xmlns:dc="d" xmlns:inpaintd="urn:x-inpaintd:1.0/" dc:title="t"/>',
        ),
        (
            b'<rdf:Description xmlns:inpaintd="urn:x-inpaintd:1.0/"><inpaintd:recipe>old'
            b"</inpaintd:recipe></rdf:Description>",
            b'<rdf:Description xmlns:inpaintd="urn:x-inpaintd:1.0/"></rdf:Description>',
        ),
        (
            b"<rdf:Description " + OURS + b'"old"><dc:x xmlns:dc="d"/></rdf:Description>',
            b'<rdf:Description xmlns:inpaintd="urn:x-inpaintd:1.0/"><dc:x xmlns:dc="d"/>'
            b"</rdf:Description>",
        ),
    ],
    ids=["alone", "with others", "element", "with children"],
)
def test_what_other_programs_make_of_it(given: bytes, left: bytes) -> None:
    assert read_property(packet(given), "recipe") == "old"
    changed = with_property(packet(given), "recipe", "new")
    assert read_property(changed, "recipe") == "new"
    assert changed == with_property(packet(left), "recipe", "new")


def test_other_prefixes_are_kept() -> None:
    odd = b'<r:RDF xmlns:r="http://www.w3.org/1999/02/22-rdf-syntax-ns#"></r:RDF>'
    assert read_property(with_property(odd, "recipe", "x"), "recipe") == "x"


def test_a_packet_in_utf_16() -> None:
    assert read_property(with_property(packet().decode().encode("utf-16"), "recipe", "ö"), "recipe")


@pytest.mark.parametrize(
    "bomb",
    [
        b"<rdf:Description" + b" xmlns:inpaintd=" * 40_000,
        packet(b"<rdf:Description " + b'xmlns:inpaintd="" ' * 40_000),
        packet(*[b'<rdf:Description xmlns:inpaintd="a" '] * 20_000),
        b"<a>" * 1_000_000,
        b'<!DOCTYPE a [<!ENTITY b "' + b"c" * 9999 + b'">]><a>' + b"&b;" * 100_000 + b"</a>",
        b"\xff\xfe<",
        b"no XML at all",
    ],
    ids=["open", "many attributes", "many tags", "deep", "entities", "utf-16", "text"],
)
def test_hostile_packets_are_no_metadata(bomb: bytes) -> None:
    assert read_property(bomb, "recipe") == ""
    assert read_property(with_property(bomb, "recipe", "x"), "recipe") in ("", "x")
