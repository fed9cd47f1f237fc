"""Parameters of a GRU over those of an LSTM of equal width: of the recurrent layers, and of whole networks."""

from __future__ import annotations

import dataclasses
from fractions import Fraction
from itertools import product

from rnncompare import tasks
from rnncompare.base.errors import DataError
from rnncompare.claims.exact_checks import Check
from rnncompare.models.architecture import Architecture
from rnncompare.models.sizing import count_parameters
from rnncompare.tasks.contract import Task
from rnncompare.training.experiment import design
from rnncompare.training.settings import DEFAULT_HIDDEN_SIZE, ModelSettings

INPUTS, WIDTHS, LAYERS = (1, 8, 64, 300), (1, 16, 128, 1024), (1, 2, 3)
READS_NONE = ("text",)  # by default reads none of its files: its text comes with Python


def checks() -> list[Check]:
    """The ratio of the recurrent layers over a grid of sizes, and of the whole network for each shipped task."""
    settings = [tasks.task_class(name)() for name in tasks.names() if name != "file"]
    return [_recurrent(), *map(_whole, settings)]


def _recurrent() -> Check:
    grid = list(product(INPUTS, WIDTHS, LAYERS, (False, True)))
    ratios = {_recurrent_ratio(*sizes) for sizes in grid}
    return Check(
        f"recurrent layers, GRU over LSTM, at {len(grid)} combinations of inputs, width, layers and directions",
        "3/4",
        ", ".join(map(str, sorted(ratios))),
        ratios == {Fraction(3, 4)},
        float(max(ratios)),
    )


def _recurrent_ratio(inputs: int, width: int, layers: int, bidirectional: bool) -> Fraction:
    gru, lstm = (
        count_parameters(
            Architecture(
                name,
                outputs=1,
                readout="last",
                features=inputs,
                hidden_size=width,
                num_layers=layers,
                bidirectional=bidirectional,
            )
        ).recurrent
        for name in ("gru", "lstm")
    )
    return Fraction(gru, lstm)


def _whole(task: Task) -> Check:
    """The check for one task with its default settings, if its data are here; nothing is fetched."""
    statement = f"{task.name}: whole network with {DEFAULT_HIDDEN_SIZE} units, GRU over LSTM"
    expected = "below 1"
    needed = () if task.name in READS_NONE else task.files
    if absent := [file.path for file in needed if not file.place().exists()]:
        return Check(statement, expected, f"not counted: {', '.join(absent)} not here")
    try:
        data = dataclasses.replace(task, size=1).load(seed=0)
    except DataError as error:
        return Check(statement, expected, f"not counted: {error}")
    gru, lstm = (count_parameters(design(ModelSettings(name=name), data)).total for name in ("gru", "lstm"))
    return Check(statement, expected, f"{gru:,} / {lstm:,} = {gru / lstm:.3f}", gru < lstm, gru / lstm)
