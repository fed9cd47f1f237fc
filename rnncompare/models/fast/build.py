"""Building the C kernels with the system's compiler, once, into the user's cache folder."""

from __future__ import annotations

import ctypes
import functools
import hashlib
import os
import platform
import shlex
import shutil
import subprocess
import tempfile
import warnings
from pathlib import Path

SOURCE = Path(__file__).with_name("kernels.c")
HEADERS = tuple(SOURCE.with_name(name) for name in ("memory.h", "vectors.h", "products.h", "team.h"))
REALS = ("float", "double")
FLAGS = ("-O3", "-std=gnu11", "-fPIC", "-shared", "-pthread")
TUNINGS = (("-march=native",), ("-mcpu=native",), ())
"""Flags for this machine's processor; compilers differ in which they know."""
LIMIT_SECONDS = 25  # for each of the two, so that building ends within a minute


@functools.cache
def kernels() -> dict[str, ctypes.CDLL] | None:
    """The compiled kernels for ``float`` and ``double``, or None, with one warning a process, if they cannot be had."""
    try:
        compiler = _compiler()
        return {real: ctypes.CDLL(str(_built(compiler, real))) for real in REALS}
    except (OSError, subprocess.SubprocessError) as error:
        reason = getattr(error, "stderr", None) or error
        warnings.warn(
            f"rnncompare runs without its compiled kernels, in PyTorch alone (slower, same results): {reason}",
            RuntimeWarning,
            stacklevel=2,
        )
        return None


def cache_folder() -> Path:
    """Where built kernels are kept."""
    root = os.environ.get("XDG_CACHE_HOME")
    return (Path(root) if root else Path.home() / ".cache") / "rnncompare" / "kernels"


def _compiler() -> list[str]:
    """The command of the C compiler: the environment's ``CC``, or ``cc``."""
    command = shlex.split(os.environ.get("CC", "")) or ["cc"]
    found = shutil.which(command[0])
    if found is None:
        raise FileNotFoundError(f"no C compiler called {command[0]} (set CC to name one)")
    return [found, *command[1:]]


def _built(compiler: list[str], real: str) -> Path:
    """The library for one type, built unless it is there. Several processes may do this at once."""
    library = cache_folder() / f"{_key(compiler)}-{real}.so"
    if library.exists():
        return library
    library.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with tempfile.TemporaryDirectory(dir=library.parent) as scratch:
        output = Path(scratch) / library.name
        for tuning in TUNINGS:
            command = [*compiler, *FLAGS, *tuning, f"-DREAL={real}", str(SOURCE), "-o", str(output)]
            try:
                subprocess.run(command, check=True, capture_output=True, text=True, timeout=LIMIT_SECONDS)
                break
            except subprocess.CalledProcessError:
                if tuning == TUNINGS[-1]:
                    raise
        os.replace(output, library)
    return library


def _key(compiler: list[str]) -> str:
    """What a build depends on, hashed: the source, the flags, the compiler and the processor."""
    stat = os.stat(compiler[0])
    told = [
        [path.read_text() for path in (SOURCE, *HEADERS)],
        FLAGS,
        TUNINGS,
        compiler,
        stat.st_size,
        stat.st_mtime_ns,
        platform.platform(),
    ]
    return hashlib.sha256(repr([*told, _processor()]).encode()).hexdigest()[:16]


def _processor() -> str:
    """The processor's name and instruction sets, as far as the system tells."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    first = lines[: lines.index("")] if "" in lines else lines
    return "\n".join(line for line in first if line.startswith(("model name", "flags", "Features", "CPU part")))
