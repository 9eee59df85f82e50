"""The environment that workers run in: the one made by set-up, else the daemon's own.

It is kept beside earlier ones in ~/.inpaintd/environments, and one small file names the one in use.
inpaintd itself is not installed in it a second time: a line in it adds the packages of the daemon's
own environment, after its own, so both always run the same inpaintd.
"""

from __future__ import annotations

import json
import sys
import sysconfig
from dataclasses import asdict, dataclass
from importlib.util import find_spec
from pathlib import Path

from inpaintd.system import places
from inpaintd_protocol.errors import InpaintError

FOLDER = "environments"
_POINTER = "in-use.json"
_BRIDGE = "inpaintd-daemon.pth"


@dataclass(frozen=True)
class Environment:
    """An environment that set-up has created and tested.

    Attributes:
        folder: its name below `environments`.
        backend: the build of torch in it, as uv names it.
        device: the type of device that computed a tensor in the test.
        torch: version of torch.
        python: version of Python, such as 3.13: compiled packages of both must fit.
    """

    folder: str
    backend: str
    device: str
    torch: str
    python: str


def python_version() -> str:
    """This process's version of Python, as far as compiled packages depend on it."""
    return f"{sys.version_info.major}.{sys.version_info.minor}"


def in_use(home: Path) -> Environment | None:
    """The environment that set-up has created for workers; None when there is none."""
    try:
        values = json.loads((home / FOLDER / _POINTER).read_text(encoding="utf-8"))
        return Environment(**{field: str(values[field]) for field in Environment.__annotations__})
    except (OSError, ValueError, LookupError, TypeError):
        return None


def worker_python(home: Path) -> str:
    """The interpreter that runs workers."""
    found = in_use(home)
    if found is None or mismatch(home):
        return sys.executable
    return str(places.interpreter(home / FOLDER / found.folder))


def mismatch(home: Path) -> str:
    """A sentence that says why set-up's environment cannot be used; empty when it can."""
    found = in_use(home)
    if found is None:
        return ""
    if not places.interpreter(home / FOLDER / found.folder).exists():
        return f"The environment that set-up made ({found.folder}) is gone."
    if found.python != python_version():
        return (
            f"The environment that set-up made is of Python {found.python}, "
            f"and inpaintd runs on Python {python_version()} now."
        )
    return ""


def site_packages_of(home: Path) -> Path | None:
    """The folder of the workers' own packages; None when they use the daemon's."""
    found = in_use(home)
    return None if found is None or mismatch(home) else site_packages(home / FOLDER / found.folder)


def holds(home: Path, package: str) -> bool:
    """Return whether workers can import a package, without importing it."""
    own = site_packages_of(home)
    return (own is not None and (own / package).is_dir()) or find_spec(package) is not None


def site_packages(environment: Path) -> Path:
    """The folder of an environment's packages."""
    return places.site_packages(environment, python_version())


def add_bridge(environment: Path) -> None:
    """Make the daemon's own packages importable in an environment, after its own."""
    own = sorted({sysconfig.get_path("purelib"), sysconfig.get_path("platlib")})
    # As code, because a bare path would miss what editable installations add.
    lines = [f"import site; site.addsitedir({path!a})" for path in own]
    (site_packages(environment) / _BRIDGE).write_text("\n".join(lines) + "\n", encoding="utf-8")


def keep_bridge(home: Path) -> None:
    """Update the line that `add_bridge` wrote if inpaintd has moved since."""
    found = in_use(home)
    if found is not None and not mismatch(home):
        add_bridge(home / FOLDER / found.folder)


def use(home: Path, environment: Environment) -> None:
    """Run workers in an environment from now on.

    Raises:
        InpaintError: `unwritable`.
    """
    pointer = home / FOLDER / _POINTER
    temporary = pointer.with_suffix(".new")
    try:
        temporary.write_text(json.dumps(asdict(environment), indent=2) + "\n", encoding="utf-8")
        temporary.replace(pointer)
    except OSError as error:
        raise InpaintError(
            "unwritable",
            f"{pointer} cannot be written: {error.strerror}.",
            "Check its permissions.",
        ) from error
