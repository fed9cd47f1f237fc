"""What a benchmark times: its settings, checked, and the cases they make."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass, field
from typing import Any

from rnncompare.base.errors import require
from rnncompare.base.wording import counted
from rnncompare.tasks.contract import setting

IMPLEMENTATIONS = ("torch", "loop", "fused", "auto", "cell_loop", "compiled_loop")
DTYPES = ("float32", "float64", "bfloat16")
BASE = (100, 32, 128, 128)  # the shape that `widths` and `lengths` vary: that of the default run
STACKED = (50, 32, 16, 64)  # that of runs trained as one


# Lists are of type Any, so that a single value may stand for a list of one; `checked` checks their types.
@dataclass
class BenchSettings:
    """A benchmark."""

    cell: Any = setting(("lstm", "gru", "rnn"), "cells, by their names for `model` in a run")
    implementation: Any = setting(IMPLEMENTATIONS, f"of {', '.join(IMPLEMENTATIONS)}; those that a cell has")
    shapes: Any = setting((BASE,), "the grid: lists of steps T, sequences B, inputs I and hidden size H")
    widths: Any = setting((), "hidden sizes over which the time of an update is drawn; may be empty")
    lengths: Any = setting((), "steps over which the time of an update is drawn; may be empty")
    threads: Any = setting((1,), "numbers of CPU threads; compiled_loop runs with the first alone")
    device: str = setting("auto", "auto, cpu, cuda or cuda:N")
    dtype: str = setting("float32", f"one of {', '.join(DTYPES)}; bfloat16 is autocast's")
    seconds: float = setting(0.5, "time spent on each of forward, forward plus backward and update of a contender")
    repeats: int = setting(5, "repeats at least, however long they take")
    memory: bool = setting(True, "also measure the memory of a forward and backward pass, on the grid")
    training_loop: bool = setting(True, "also compare the training loop with a bare one")
    stacked_runs: int = setting(0, "also time an update of so many runs trained as one; 0 for none")
    results_dir: str = setting("results/bench", "folder for the table, the raw figures and the plots")

    def checked(self) -> BenchSettings:
        """A copy with lists wherever they are allowed; `cell` and `device` are checked later, where they are known.

        Raises:
            SettingError: a value that is never valid.
        """
        lists = ("cell", "implementation", "shapes", "widths", "lengths", "threads")
        changed: dict[str, Any] = {name: _listed(getattr(self, name)) for name in lists}
        settings = dataclasses.replace(self, **changed)
        if settings.shapes and not isinstance(settings.shapes[0], list | tuple):
            settings.shapes = [settings.shapes]
        settings.shapes = [_listed(shape) for shape in settings.shapes]
        for name in settings.implementation:
            require(name in IMPLEMENTATIONS, "implementation", name, f"of {', '.join(IMPLEMENTATIONS)}")
        for name in ("cell", "implementation", "shapes", "threads"):
            require(len(getattr(settings, name)) > 0, name, "[]", "at least one")
        for shape in settings.shapes:
            require(
                len(shape) == 4 and all(map(_is_size, shape)),
                "shapes",
                shape,
                "lists of four whole numbers from 1: steps T, sequences B, inputs I, hidden size H",
            )
        for name in ("widths", "lengths", "threads"):
            for size in getattr(settings, name):
                require(_is_size(size), name, size, "whole numbers from 1")
        require(self.dtype in DTYPES, "dtype", self.dtype, f"one of {', '.join(DTYPES)}")
        require(0 < self.seconds < math.inf, "seconds", self.seconds, "a finite number above 0")
        require(self.stacked_runs >= 0, "stacked_runs", self.stacked_runs, "a whole number from 0")
        require(self.repeats >= 1, "repeats", self.repeats, "a whole number from 1")
        return settings


@dataclass(frozen=True)
class Case:
    """What is timed in turns in one process: every implementation of every cell at one shape.

    Attributes:
        part: ``grid``, all measures; ``width`` and ``length``, the update alone; ``training_loop``, against a bare one;
            ``stack``, many runs as one; ``probe``, what `rnncompare.measurements.measurement.StepTime` asks for.
        shape: T, B, I, H.
        threads: of the CPU.
        memory: whether memory is measured too; it does not depend on the threads.
    """

    part: str
    shape: tuple[int, int, int, int]
    threads: int
    memory: bool = False
    cells: list[str] = field(default_factory=list)
    implementations: list[str] = field(default_factory=list)
    device: str = "cpu"
    dtype: str = "float32"
    seconds: float = 0.5
    repeats: int = 5

    def __str__(self) -> str:
        steps, sequences, inputs, hidden = self.shape
        return f"T={steps} B={sequences} I={inputs} H={hidden}, {counted(self.threads, 'thread')}"


def cases(settings: BenchSettings) -> list[Case]:
    """The cases of a benchmark; those over widths and lengths run on the first number of threads.

    So does the compiled loop: its translation depends on the threads, and takes longer than everything else.

    Args:
        settings: checked.
    """
    shared: dict[str, Any] = {
        "cells": list(dict.fromkeys(settings.cell)),
        "implementations": [name for name in IMPLEMENTATIONS if name in settings.implementation],
        "device": settings.device,
        "dtype": settings.dtype,
        "seconds": settings.seconds,
        "repeats": settings.repeats,
    }
    first = settings.threads[0]
    steps, sequences, inputs, hidden = BASE
    others = {"implementations": [name for name in shared["implementations"] if name != "compiled_loop"]}
    made = []
    for shape in settings.shapes:
        for threads in settings.threads:
            own = shared if threads == first else shared | others
            made.append(Case("grid", tuple(shape), threads, settings.memory and threads == first, **own))
    made += [Case("width", (steps, sequences, inputs, width), first, **shared) for width in settings.widths]
    made += [Case("length", (length, sequences, inputs, hidden), first, **shared) for length in settings.lengths]
    if settings.training_loop:
        made.append(Case("training_loop", BASE, first, **shared))
    if settings.stacked_runs:
        made.append(Case("stack", STACKED, first, **shared))
    return made


def _listed(value: Any) -> list[Any]:
    if value is None:
        return []
    return list(value) if isinstance(value, list | tuple) else [value]


def _is_size(value: Any) -> bool:
    return type(value) is int and value >= 1
