"""Build one archive for GIMP for each system: plug-in, inpaintd's wheel, and uv's binary.

    python scripts/make_bundles.py [--into FOLDER] [SYSTEM ...]

Unpacked into GIMP's folder of plug-ins, the plug-in sets inpaintd up on first use. The archives are
written to dist/, with their SHA-256 in SHA256SUMS.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import io
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Mapping
from pathlib import Path

from inpaintd import __version__
from inpaintd.install.gimp_plugin import Configuration, install

ROOT = Path(__file__).resolve().parent.parent
SYSTEMS = {
    "linux-x86_64": "manylinux_2_17_x86_64",
    "linux-arm64": "manylinux_2_17_aarch64",
    "windows-x86_64": "win_amd64",
    "macos-arm64": "macosx_11_0_arm64",
    "macos-x86_64": "macosx_10_12_x86_64",
}
"""Platform of uv's wheel, by the system in an archive's name."""

_UV = "uv==0.13.9"
_OLDEST_DATE = (1980, 1, 1, 0, 0, 0)


def main(systems: list[str], dist: Path) -> None:
    """Build the archives of these systems."""
    dist.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as name:
        work = Path(name)
        wheel = _wheel(work)
        plug_in = install(Configuration(work, "Flatpak", work / "plug-ins"))
        (plug_in / "launch.json").unlink()
        for system in systems:
            # Many programs drop the mode of what they take out of a .zip, and GIMP then passes over
            # the plug-in without a word.
            kind = "tar.gz" if system.startswith("linux") else "zip"
            target = dist / f"inpaint-gimp-{__version__}-{system}.{kind}"
            _archive(target, plug_in, wheel, _uv(work / system, SYSTEMS[system]))
            print(f"{target}  {target.stat().st_size / 1e6:.1f} MB")
    sums = [
        f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}\n"
        for path in sorted(dist.iterdir())
        if path.name != "SHA256SUMS"
    ]
    (dist / "SHA256SUMS").write_text("".join(sums))


def _wheel(folder: Path) -> Path:
    pip = [sys.executable, "-m", "pip", "--quiet", "wheel", "--no-deps", "-w", str(folder)]
    subprocess.run([*pip, str(ROOT)], check=True)
    return next(folder.glob("inpaintd-*.whl"))


def _uv(folder: Path, platform: str) -> tuple[str, bytes]:
    """The name and the bytes of uv's binary for a platform."""
    pip = [sys.executable, "-m", "pip", "--quiet", "download", "--no-deps", "-d", str(folder)]
    subprocess.run([*pip, "--only-binary=:all:", "--platform", platform, _UV], check=True)
    with zipfile.ZipFile(next(folder.glob("uv-*.whl"))) as wheel:
        path = next(n for n in wheel.namelist() if Path(n).name in ("uv", "uv.exe"))
        return Path(path).name, wheel.read(path)


def _archive(target: Path, plug_in: Path, wheel: Path, uv: tuple[str, bytes]) -> None:
    """Write an archive; the same contents give the same bytes everywhere."""
    contents = {
        f"{plug_in.name}/{p.relative_to(plug_in).as_posix()}": p.read_bytes()
        for p in sorted(plug_in.rglob("*"))
        if p.is_file()
    }
    contents[f"{plug_in.name}/bundle/{wheel.name}"] = wheel.read_bytes()
    contents[f"{plug_in.name}/bundle/{uv[0]}"] = uv[1]
    programs = {f"{plug_in.name}/{plug_in.name}.py", f"{plug_in.name}/bundle/{uv[0]}"}
    modes = {name: 0o755 if name in programs else 0o644 for name in contents}
    write = _write_tar if target.suffix == ".gz" else _write_zip
    write(target, contents, modes)


def _write_zip(target: Path, contents: Mapping[str, bytes], modes: Mapping[str, int]) -> None:
    with zipfile.ZipFile(target, "w") as archive:
        for name, data in contents.items():
            entry = zipfile.ZipInfo(name, _OLDEST_DATE)
            entry.create_system = 3  # else the modes are passed over
            entry.external_attr = modes[name] << 16
            archive.writestr(entry, data, zipfile.ZIP_DEFLATED)


def _write_tar(target: Path, contents: Mapping[str, bytes], modes: Mapping[str, int]) -> None:
    unpacked = io.BytesIO()
    with tarfile.open(fileobj=unpacked, mode="w") as archive:
        for name, data in contents.items():
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode = len(data), modes[name]
            archive.addfile(entry, io.BytesIO(data))
    target.write_bytes(gzip.compress(unpacked.getvalue(), mtime=0))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Build one archive for GIMP for each system.")
    parser.add_argument("--into", type=Path, default=ROOT / "dist", metavar="FOLDER")
    parser.add_argument("systems", nargs="*", metavar="SYSTEM", help=f"of {', '.join(SYSTEMS)}")
    chosen = parser.parse_args()
    if unknown := set(chosen.systems) - set(SYSTEMS):
        parser.error(f"there is no {', '.join(unknown)}; there are {', '.join(SYSTEMS)}")
    main(chosen.systems or list(SYSTEMS), chosen.into)
