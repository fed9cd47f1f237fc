"""Where a number comes from: software, hardware and time."""

from __future__ import annotations

import functools
import importlib.metadata
import platform
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import psutil

import rnncompare
from rnncompare.records import ProvenanceFields


def provenance(hardware: str, source: str | None = None) -> ProvenanceFields:
    """The provenance of what is being run now.

    Args:
        hardware: the name of the CPU or GPU that does the work.
        source: the fingerprint of the code of cell and task, see `rnncompare.base.source`; None if neither was run.
    """
    commit, dirty = _checkout()
    return ProvenanceFields(
        version=rnncompare.__version__,
        git_commit=commit,
        git_dirty=dirty,
        python=platform.python_version(),
        torch=importlib.metadata.version("torch"),
        hardware=hardware,
        cores=psutil.cpu_count(logical=False) or psutil.cpu_count(),
        platform=platform.platform(),
        time=datetime.now(UTC).isoformat(timespec="seconds"),
        source_sha256=source,
    )


CODE = ("rnncompare", "configs")  # what decides how a run comes out, tracked or not


@functools.cache
def _checkout() -> tuple[str | None, bool | None]:
    """The commit of the checkout with the package, and whether files differ from it or are new; None for a wheel."""
    root = Path(__file__).parents[2]
    if not (root / ".git").exists():
        return None, None
    commit = _git(root, "rev-parse", "HEAD")
    changed = _git(root, "status", "--porcelain", "--untracked-files=no")
    new = _git(root, "ls-files", "--others", "--exclude-standard", "--", *CODE)
    return commit, None if changed is None or new is None else bool(changed or new)


def _git(root: Path, *words: str) -> str | None:
    try:
        return subprocess.run(
            ["git", *words], cwd=root, capture_output=True, text=True, check=True, timeout=10
        ).stdout.strip()
    except (OSError, subprocess.SubprocessError):
        return None
