"""Pack the Photoshop plug-in while a wheel is built, so that nobody who installs it needs Node."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

PACKED_TO = "inpaintd/_plugins/photoshop"


class PhotoshopPlugin(BuildHookInterface):
    """Add the .ccx to the wheel. An editable installation packs it when it is asked for."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if version == "editable":
            return
        root = Path(self.root)
        sys.path.insert(0, str(root / "daemon"))
        from inpaintd.install.photoshop_package import PACKAGE, pack

        self._folder = tempfile.TemporaryDirectory()
        packed = Path(self._folder.name) / PACKAGE
        pack(root / "plugins" / "photoshop_uxp", packed)
        build_data["force_include"][str(packed)] = f"{PACKED_TO}/{PACKAGE}"

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        if version != "editable":
            self._folder.cleanup()
