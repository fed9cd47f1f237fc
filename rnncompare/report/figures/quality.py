"""Quality on the test split, against training-set size and against parameters."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from rnncompare.report import style
from rnncompare.report.figures.series import FAINT, legend_name, metric_axis, seeds_note, series_of, task_name
from rnncompare.statistics import mean_interval

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def quality_by_examples(runs: pd.DataFrame) -> Figure | None:
    """The test metric of one task against training-set size: mean and 95 % interval over seeds, and the single runs."""
    scored = _scored(runs)
    if scored.empty:
        return None
    figure, axes = style.figure(height=5)
    _quality(axes, runs, scored, "variant", "data.train_examples", spread=0.4)
    axes.set_xlabel("training examples")
    style.legend(figure, axes)
    style.headline(figure, f"{task_name(runs)}: test quality against training-set size", _replicates(scored, "variant"))
    return figure


def quality_by_parameters(runs: pd.DataFrame) -> Figure | None:
    """The test metric of one task against trainable parameters, at the largest training-set size."""
    runs = runs[runs["data.train_examples"] == runs["data.train_examples"].max()]
    scored = _scored(runs)
    if scored.empty:
        return None
    figure, axes = style.figure(height=5)
    _quality(axes, runs, scored, "series", "model.parameters", spread=0.3)
    axes.set_xlabel("trainable parameters of the whole network")
    examples = f"{scored['data.train_examples'].iloc[0]:,.0f} training examples"
    title = f"{task_name(runs)}: test quality against parameters"
    style.legend(figure, axes)
    style.headline(figure, title, f"{examples}; {_replicates(scored, 'variant')}")
    return figure


def _scored(runs: pd.DataFrame) -> pd.DataFrame:
    """The runs with all that a point of quality needs."""
    return runs[runs["status"] == "completed"].dropna(
        subset=["quality.test", "data.train_examples", "model.parameters"]
    )


def _quality(axes: Axes, runs: pd.DataFrame, scored: pd.DataFrame, by: str, x: str, spread: float) -> None:
    """Means, intervals and single runs of each series, with baseline and optimum.

    ``spread`` is the share of the gap between neighbouring x over which series are set side by side.
    """
    axes.set_xscale("log")
    style.counts(axes, scored[x])
    log = style.logarithmic(axes, scored["quality.test"])
    gaps = np.diff(np.log(np.unique(scored[x])))
    groups = list(series_of(runs, scored, by))
    ends = []
    for place, (name, look, group) in enumerate(groups):
        aside = np.exp(spread * min([*gaps, 1.0]) * ((place + 0.5) / len(groups) - 0.5))
        means = [(at * aside, mean_interval(tests)) for at, tests in group.groupby(x)["quality.test"]]
        mean = np.array([interval.mean for _, interval in means])
        half = np.nan_to_num([interval.high - interval.mean for _, interval in means])
        lower = np.minimum(half, 0.999 * mean) if log else half  # an interval that reaches 0 runs out of the axis
        axes.plot(group[x] * aside, group["quality.test"], **(look | FAINT))
        axes.errorbar(
            [at for at, _ in means],
            mean,
            yerr=[lower, half],
            capsize=3,
            elinewidth=1.2,
            label=legend_name(name, runs, by),
            **look,
        )
        ends += [*(mean - lower), *(mean + half)]
    style.reference_lines(axes, scored["quality.test"].to_numpy(), np.array(ends), _references(runs))
    axes.set_ylabel(metric_axis("test", scored))


def _references(runs: pd.DataFrame) -> dict[str, float]:
    """Baseline and optimum where they are known."""
    named = {"trivial baseline": runs["quality.baseline"].mean(), "optimum": runs["quality.optimum"].mean()}
    return {name: float(value) for name, value in named.items() if np.isfinite(value)}


def _replicates(scored: pd.DataFrame, by: str) -> str:
    return seeds_note(scored, by, "mean and 95 % interval over {}, dots are single runs", "one seed each: no interval")
