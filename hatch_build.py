"""Ships the two start-up files beside the package, in wheels and in editable installs alike."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

STARTUP = ("llm_intercept.pth", "llm_intercept.start")


class StartupFiles(BuildHookInterface[Any]):
    """Puts `startup/*` at the root of the wheel, which installers unpack into site-packages."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Add the files; an editable wheel (version `editable`) takes them from a list of its own."""
        key = "force_include_editable" if version == "editable" else "force_include"
        for name in STARTUP:
            build_data[key][str(Path(self.root, "startup", name))] = name
