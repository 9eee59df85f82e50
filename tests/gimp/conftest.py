"""Real GIMPs, with the plug-in installed, for all tests in this folder."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from inpaintd.install import gimp_plugin
from tests.gimp.gimp_root import Gimp, NoGimp, root
from tests.objectmask.sam import sam
from tests.textmask.clipseg import clipseg
from tests.textmask.conftest import INSTALLED


@pytest.fixture(
    scope="session", params=["trixie", pytest.param("forky", marks=pytest.mark.exhaustive)]
)
def suite(request: pytest.FixtureRequest) -> str:
    """A release of Debian; see `gimp_root.SUITES`."""
    name: str = request.param
    return name


@pytest.fixture(scope="session")
def gimp_root(suite: str) -> Path | None:
    try:
        return root(suite)
    except NoGimp as reason:
        pytest.skip(str(reason))


PAINTERS = "".join(
    f'[{name}]\ntitle = "{name}"\nengine = "tests.synthetic_engines:{engine}"\n'
    'honours = ["prompt", "negative_prompt", "seed", "steps", "strength"]\n'
    for name, engine in (
        ("painter", "identity"),
        ("slow-painter", "slow"),
        ("long-painter", "hold"),
    )
)
"""Entries of models.toml: synthetic engines that the dialog takes for models with a prompt."""


@pytest.fixture(scope="session")
def text_mask_model() -> str:
    """An entry of models.toml: a CLIPSeg that finds red, green and blue; "" without torch."""
    return f'[clipseg]\nsource = "{clipseg()}"\n' if INSTALLED else ""


@pytest.fixture(scope="session")
def object_mask_model() -> str:
    """An entry of models.toml: a SAM 2 with random weights; "" without torch."""
    return f'["sam-2.1"]\nsource = "{sam()}"\n' if INSTALLED else ""


@contextmanager
def installed_gimp(gimp_root: Path | None) -> Iterator[Gimp]:
    """A GIMP with the plug-in, whose home and daemon folder are fresh."""
    inside = None if gimp_root is None else gimp_root / "tmp"
    work = Path(tempfile.mkdtemp(prefix="inpaintd-", dir=inside))
    try:
        gimp = Gimp(gimp_root, work)
        gimp.environment["INPAINTD_HOME"] = gimp.inside(work / "daemon")
        gimp.configuration.mkdir(parents=True)
        gimp_plugin.install(gimp_plugin.configuration_at(gimp.configuration))
        shutil.copytree(Path(__file__).parent / "inside", work / "inside")
        yield gimp
    finally:
        shutil.rmtree(work)


@pytest.fixture(scope="module")
def gimp(gimp_root: Path | None) -> Iterator[Gimp]:
    with installed_gimp(gimp_root) as made:
        yield made
