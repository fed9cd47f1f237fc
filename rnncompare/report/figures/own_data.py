"""Figures of a study of own data: pairs, quality over size, and predictions beside the truth on test data."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from rnncompare.base.wording import direction, metric_label
from rnncompare.report.figures import canvas
from rnncompare.report.figures.canvas import INK, MUTED, plain
from rnncompare.report.figures.palette import colour, model_looks
from rnncompare.tasks.contract import IGNORED

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from rnncompare.studies.own_data.judging import Comparison, Score
    from rnncompare.training.kept_model import KeptModel

MOST_CLASSES = 20  # of more, a matrix cannot be read
MOST_IN_A_ROW = 200  # forecasts one step ahead, drawn as one line
MOST_POINTS = 2000
PLACES = (0.1, 0.5, 0.9)  # quantiles of the error, at which windows are shown


def pairs(comparisons: Sequence[Comparison], margin: float, metric: str) -> Figure:
    """The pairs, a dot each, and the interval of their mean difference beside what is too small to matter."""
    figure, axes = canvas.canvas(1.3 + 0.6 * max(1, len(comparisons)), canvas.WIDE)
    axes.axvspan(-margin, margin, color=colour("margin"), zorder=0)
    axes.axvline(0, color=MUTED, linewidth=0.8)
    for place, one in enumerate(comparisons):
        canvas.points(axes, one.differences, np.full(len(one.differences), place + 0.12), INK)
        if one.decision is not None:
            effect = one.decision.effect
            axes.plot([effect.low, effect.high], [place - 0.12] * 2, color=INK)
            axes.plot(effect.mean, place - 0.12, "|", color=INK, markersize=8)
    names = [plain(f"{one.first} less {one.second}") for one in comparisons]
    axes.set_yticks(range(len(comparisons)), names)
    axes.set_ylim(-0.5, max(1, len(comparisons)) - 0.5)
    axes.set_xlabel(f"difference in test {metric_label(metric)}, better to the right; shaded: too small to matter")
    return figure


def sizes(whole: Sequence[Score], half: Sequence[Score], examples: int, metric: str, higher: bool) -> Figure:
    """The metric of each model on half of the training examples and on all of them: a dot a seed, and the means."""
    figure, axes = canvas.canvas(3.4, canvas.WIDE)
    places = [max(1, examples // 2), examples]
    looks = model_looks([score.model for score in half])
    for score in half:
        full = next((other for other in whole if other.model == score.model), None)
        if full is None or not len(score.test):
            continue
        look = looks[score.model]
        for place, one in zip(places, (score, full), strict=True):
            canvas.points(axes, np.full(len(one.test), place), one.test, look["color"])
        axes.plot(places, [score.mean, full.mean], label=plain(score.model), **look)
    canvas.counts(axes, places)
    axes.set_xlabel("training examples")
    axes.set_ylabel(f"test {metric_label(metric)}\n{direction(higher)}")
    canvas.legend(figure, axes)
    return figure


def predictions(model: KeptModel) -> tuple[str, Figure] | None:
    """What a kept model said on test data beside the truth, and what the figure shows; None where nothing suits.

    Forecasts are drawn beside what came, classes as a confusion matrix, other values as a cloud.
    """
    outputs, targets = model.test_outputs.numpy(), model.test_targets.numpy()
    if not np.issubdtype(targets.dtype, np.floating):
        return _confusion(outputs, targets, None if model.prepared is None else model.prepared.classes)
    if outputs.ndim == 3:  # a value at every step: padding is not told apart
        return None
    name = "target"
    if model.prepared is not None and model.prepared.mean is not None:
        name, spread, mean = model.prepared.target, model.prepared.spread, np.array(model.prepared.mean)
        outputs, targets = (values * np.array(spread) + mean for values in (outputs, targets))
    if model.prepared is None or model.prepared.form != "forecast":
        return _cloud(outputs.reshape(-1), targets.reshape(-1), name)
    horizon = model.prepared.horizon
    return _forecasts(outputs[:, :horizon], targets[:, :horizon], name)


def _forecasts(outputs: np.ndarray, targets: np.ndarray, name: str) -> tuple[str, Figure]:
    """Windows at quantiles of the error; forecasts of a single step as one line over the windows."""
    looks: list[dict[str, Any]] = [{"color": INK}, {"color": colour("lstm"), "linestyle": "--"}]
    ends = {"what came": (targets, looks[0]), "forecast": (outputs, looks[1])}
    if outputs.shape[1] == 1:
        figure, axes = canvas.canvas(3.0, canvas.WIDE)
        for label, (values, look) in ends.items():
            axes.plot(values[:MOST_IN_A_ROW, 0], label=label, linewidth=1.2, **look)
        axes.set_xlabel("test windows, in order")
        axes.set_ylabel(plain(name))
        canvas.legend(figure, axes)
        return f"forecasts beside what came, on the first {min(MOST_IN_A_ROW, len(outputs))} test windows", figure
    order = np.argsort(((outputs - targets) ** 2).mean(1))
    figure, (row,) = canvas.panels(1, len(PLACES), 2.6, share_y=True)
    for axes, place in zip(row, PLACES, strict=True):
        window = order[round(place * (len(order) - 1))]
        for label, (values, look) in ends.items():
            axes.plot(np.arange(1, values.shape[1] + 1), values[window], label=label, linewidth=1.4, **look)
        axes.set_title(f"error larger than in {place:.0%}")
        axes.set_xlabel("steps ahead")
    row[0].set_ylabel(plain(name))
    canvas.legend(figure, *row)
    return f"forecasts beside what came, in a good, a usual and a bad one of {len(outputs):,} test windows", figure


def _confusion(outputs: np.ndarray, targets: np.ndarray, classes: Sequence[str] | None) -> tuple[str, Figure] | None:
    """How often each class was taken for each: counts, shaded by the share of the true class."""
    from matplotlib.patches import Rectangle

    count = outputs.shape[-1]
    if count > MOST_CLASSES or targets.ndim != outputs.ndim - 1:
        return None
    used = targets != IGNORED
    table = np.zeros((count, count), int)
    np.add.at(table, (targets[used], outputs.argmax(-1)[used]), 1)
    shares = table / np.maximum(table.sum(1, keepdims=True), 1)
    figure, axes = canvas.canvas(1.4 + 0.32 * count, 1.8 + 0.5 * count + 1.2)
    axes.grid(False)
    for (row, column), number in np.ndenumerate(table):
        shade = {"color": colour("lstm"), "alpha": 0.5 * shares[row, column], "linewidth": 0}
        axes.add_patch(Rectangle((column, row), 1, 1, **shade))
        axes.text(column + 0.5, row + 0.5, f"{number}", ha="center", va="center", color=INK)
    names = [plain(name, 12) for name in classes or map(str, range(count))]
    axes.set_xticks(np.arange(count) + 0.5, names, rotation=45 if max(map(len, names)) > 4 else 0)
    axes.set_yticks(np.arange(count) + 0.5, names)
    axes.set_xlim(0, count)
    axes.set_ylim(count, 0)
    axes.set_xlabel("predicted")
    axes.set_ylabel("true")
    return f"how often each class was taken for which, in {int(used.sum()):,} test targets", figure


def _cloud(outputs: np.ndarray, targets: np.ndarray, name: str) -> tuple[str, Figure]:
    """Predicted over true values, with the line on which they are the same."""
    step = -(-len(targets) // MOST_POINTS)
    figure, axes = canvas.canvas(3.6)
    ends = [min(targets.min(), outputs.min()), max(targets.max(), outputs.max())]
    axes.plot(ends, ends, color=MUTED, linewidth=1)
    canvas.points(axes, targets[::step], outputs[::step], INK)
    axes.set_xlabel(plain(f"true {name}"))
    axes.set_ylabel("predicted")
    return f"predicted over true values of {len(targets[::step]):,} test targets; on the line they are the same", figure
