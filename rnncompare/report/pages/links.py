"""Links from the page to run records: relative, and only to files that lie in the folder of results."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote


@dataclass(frozen=True)
class RunLink:
    """A run by its seed, with the address of its record, or its id alone where there is no such file."""

    seed: str
    run_id: str
    href: str | None


class Links:
    """Addresses of records, as seen from the folder of the page.

    Args:
        results: folder that every linked file has to lie in.
        output: folder of the page.
    """

    def __init__(self, results: Path, output: Path):
        self.results, self.output = results.resolve(), output.resolve()
        self._known: dict[object, str | None] = {}

    def run(self, row: Mapping[str, Any]) -> RunLink:
        """The link for a run's row; no address for what is not a file there."""
        path = row.get("path")
        if path not in self._known:
            self._known[path] = self._address(path)
        return RunLink(str(row.get("seed", "?")), str(row.get("run_id", "?")), self._known[path])

    def _address(self, path: object) -> str | None:
        if not isinstance(path, str) or not path:
            return None
        try:
            file = Path(path).resolve()
            if not (file.is_file() and file.is_relative_to(self.results)):
                return None
            relative = Path(os.path.relpath(file, self.output)).as_posix()
        except (OSError, ValueError):  # a null byte, another drive
            return None
        return quote(relative if relative.startswith(".") else f"./{relative}")
