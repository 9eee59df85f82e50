"""The command line, ready to run."""

import pytest

from tests.cli.run import Run


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    return Run(capsys)
