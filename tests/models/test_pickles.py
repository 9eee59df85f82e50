"""Pickles and programs: told apart, never opened, and no advice that would run them."""

from __future__ import annotations

import pickle
import shlex
from pathlib import Path

import pytest

from inpaintd.models.weights import tensors_in
from inpaintd_protocol.errors import InpaintError
from tests.cli.run import Run

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.filterwarnings("ignore:.*torch.jit:DeprecationWarning")


class Bomb:
    """Creates a file when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, tuple[str, str]]:
        return open, (str(self.path), "w")


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    return Run(capsys)


@pytest.fixture
def program(tmp_path: Path) -> Path:
    """A TorchScript program, as LaMa is distributed."""

    class Net(torch.nn.Module):  # type: ignore[misc, name-defined]
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return x * 2

    path = tmp_path / "big-lama.pt"
    torch.jit.save(torch.jit.script(Net()), str(path))
    return path


def test_a_program_is_called_one_and_nothing_is_advised_that_opens_it(
    program: Path, run: Run
) -> None:
    for command in ("install", "convert"):
        ran = run("models", command, program)
        assert ran.code == 1
        assert "is a program (TorchScript)" in ran.err
        assert not {"weights_only", "torch.load", "models convert"} & set(ran.err.split())
    assert list(program.parent.glob("*.safetensors")) == []


@pytest.mark.parametrize(
    "name",
    [
        "m.ckpt",
        *(
            pytest.param(name, marks=pytest.mark.exhaustive)
            for name in ("m.pt", "m.pth", "m.bin", "M.CKPT", "m.pkl")
        ),
    ],
)
def test_a_hostile_pickle_is_refused_and_not_run(name: str, tmp_path: Path, run: Run) -> None:
    ran_it = tmp_path / "it-ran"
    file = tmp_path / name
    torch.save({"state_dict": {"w": torch.ones(2)}, "extra": Bomb(ran_it)}, file)
    ran = run("models", "install", file)
    assert "can run programs" in ran.err
    converted = run("models", "convert", file)
    assert converted.code == 1
    assert "holds more than weights" in converted.err
    assert "weights_only" not in ran.err + converted.err
    assert not ran_it.exists()
    assert [p.name for p in tmp_path.iterdir()] == [name]


def test_a_bare_pickle_is_not_run_either(tmp_path: Path, run: Run) -> None:
    file = tmp_path / "old.ckpt"
    file.write_bytes(pickle.dumps(Bomb(tmp_path / "it-ran")))
    assert run("models", "convert", file).code == 1
    assert not (tmp_path / "it-ran").exists()


def test_weights_are_copied_out_even_where_they_share_memory(tmp_path: Path, run: Run) -> None:
    import safetensors.torch

    whole = torch.arange(12.0)
    file = tmp_path / "tied.pt"
    torch.save({"a": whole, "b": whole[3:], "step": 3, "t": whole.reshape(3, 4).t()}, file)
    assert run("models", "convert", file).code == 0
    found = safetensors.torch.load_file(tmp_path / "tied.safetensors")
    assert {name: t.tolist() for name, t in found.items()} == {
        "a": whole.tolist(),
        "b": whole[3:].tolist(),
        "t": whole.reshape(3, 4).t().tolist(),
    }
    again = run("models", "convert", file)
    assert "exists already" in again.err


@pytest.mark.parametrize("name", ["$(touch X).ckpt", "`touch X`.ckpt", "it's.pt", "a b.bin"])
def test_the_printed_command_holds_the_name_as_one_word(name: str, tmp_path: Path) -> None:
    file = tmp_path / name
    file.write_bytes(b"a pickle")
    with pytest.raises(InpaintError) as caught:
        tensors_in(file)
    assert shlex.split(caught.value.hint.partition(": ")[2]) == [
        "inpaintd",
        "models",
        "convert",
        str(file),
    ]
