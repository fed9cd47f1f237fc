"""Commands as a user types them: called in this process, which saves the seconds of a start, or in one of their own."""

import contextlib
import importlib
import importlib.util
import io
import os
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from hydra.core.global_hydra import GlobalHydra

ROOT = Path(__file__).parents[1]
QUICK = ["data.sequence_length=5", "data.validation_examples=20", "data.test_examples=20", "train.max_updates=4"]


@dataclass
class Done:
    """How a command ended, with the names that `subprocess` has."""

    returncode: int
    stdout: str
    stderr: str


def script(name):
    """The module of ``docs/NAME.py``, which is in no package."""
    spec = importlib.util.spec_from_file_location(name, ROOT / "docs" / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def run(folder, *words, module="run"):
    """``python -m rnncompare.MODULE WORDS`` in ``folder``, by a call of its main function; an error is raised."""
    main = importlib.import_module(f"rnncompare.{module}").main
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    before = list(sys.argv), dict(os.environ)
    output, errors = io.StringIO(), io.StringIO()
    GlobalHydra.instance().clear()
    try:
        sys.argv[:] = [module, *words]
        with contextlib.chdir(folder), contextlib.redirect_stdout(output), contextlib.redirect_stderr(errors):
            main()
        code = 0
    except SystemExit as end:
        code = end.code or 0
    finally:
        sys.argv[:] = before[0]
        os.environ.clear()
        os.environ.update(before[1])
        GlobalHydra.instance().clear()
        for number, handler in handlers.items():
            signal.signal(number, handler)
    return Done(code, output.getvalue(), errors.getvalue())


def run_apart(folder, *words, module="run", **environment):
    """The same in a process of its own, with ``environment`` added."""
    return subprocess.run(
        [sys.executable, "-m", f"rnncompare.{module}", *words],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
        capture_output=True,
        text=True,
        timeout=120,
    )


def files_in(folder):
    return sorted(path for path in folder.rglob("*") if path.is_file())
