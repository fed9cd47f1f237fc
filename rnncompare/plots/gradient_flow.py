"""Gradient flow over the lag, untrained and trained side by side."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from rnncompare import style
from rnncompare.plots.series import FAINT, legend_name, series_of, task_name
from rnncompare.statistics import mean_interval
from rnncompare.tables import label

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

WHEN = ("untrained", "trained")
SETTINGS = "settings.run."


def draw_gradient_flow(probes: pd.DataFrame, folder: Path) -> list[Path]:
    """Draw the gradient flow of each task and width that was probed, as PNG and SVG.

    Args:
        probes: as `rnncompare.probes.store.load_probes` gives them; rows of other probes are left out.
        folder: where the files go; it exists.

    Returns:
        The PNG files written; each has an SVG beside it.
    """
    written = []
    flows = probes[probes["probe"] == "gradient_flow"]
    if flows.empty:
        return []
    for number, (task, runs) in enumerate(_as_runs(flows).groupby("task")):
        path = folder / f"gradient_flow-{style.slug(str(task), number)}.png"
        style.save(gradient_flow(runs), path, path.with_suffix(".svg"))
        written.append(path)
    return written


def gradient_flow(runs: pd.DataFrame) -> Figure:
    """The norm of d h_T / d s_t over the lag, its axis logarithmic: where it vanishes at a rate, the line is straight.

    Args:
        runs: of one task, as `_as_runs` gives them.
    """
    figure, grid = style.panels(1, len(WHEN), height=4.4, share_y=True)
    for axes, when in zip(grid[0], WHEN, strict=True):
        lags = _lags(runs, when)
        for name, look, group in series_of(runs, runs, "variant"):
            _mean_norms(axes, group, when, lags, look, legend_name(name, runs, "variant"))
        axes.axhline(0, color=style.GREY, linewidth=1.2, linestyle=":", zorder=1)
        axes.set_title(when, loc="left")
        axes.set_xlabel("lag T - t (steps)")
        axes.yaxis.set_major_formatter(lambda power, _: f"$10^{{{power:g}}}$")
        axes.yaxis.get_major_locator().set_params(integer=True)
    grid[0, 0].set_ylabel("norm of the gradient of the last output\nby the state so many steps before")
    style.legend(figure, *grid.flat)
    style.headline(figure, f"{task_name(runs)}: gradient flow", _note(runs))
    return figure


def _as_runs(flows: pd.DataFrame) -> pd.DataFrame:
    """The probes with the columns by which runs are named, see `rnncompare.tables.label`."""
    runs = flows.dropna(axis="columns", how="all").rename(columns=lambda name: name.replace(SETTINGS, "config."))
    trained = (
        runs["values.trained.slope"] if "values.trained.slope" in runs else runs["values.untrained.slope"] * np.nan
    )
    named = {name: runs[f"config.{name}"] for name in ("model.name", "model.hidden_size", "data.name", "device")}
    status = np.where(trained.isna(), "diverged", "completed")
    examples = runs["config.data.size"]
    columns = named | {"status": status, "data.train_examples": examples, "seed": runs["replicate"]}
    return label(runs.assign(**columns))[0]


def _lags(runs: pd.DataFrame, when: str) -> list[int]:
    prefix = f"values.{when}.log_norm."
    known = [name for name in runs if name.startswith(prefix) and runs[name].notna().any()]
    return sorted(int(name.removeprefix(prefix)) for name in known)


def _mean_norms(axes: Axes, group: pd.DataFrame, when: str, lags: list[int], look: dict[str, Any], name: str) -> None:
    """Mean and interval over the seeds of the decimal logarithm, and single seeds."""
    tens = group[[f"values.{when}.log_norm.{lag}" for lag in lags]].dropna() / np.log(10)
    if tens.empty:
        return
    intervals = [mean_interval(tens[column]) for column in tens]
    mean = [interval.mean for interval in intervals]
    for _, seed in tens.iterrows():
        axes.plot(lags, seed, **(look | FAINT))
    axes.plot(lags, mean, label=name, **(look | {"markersize": 5}))
    low, high = [interval.low for interval in intervals], [interval.high for interval in intervals]
    axes.fill_between(lags, low, high, color=look["color"], alpha=0.15, linewidth=0)


def _note(runs: pd.DataFrame) -> str:
    counts = runs.groupby("variant")["seed"].nunique()
    seeds = f"{counts.max()} seeds" if counts.min() == counts.max() else f"{counts.min()} to {counts.max()} seeds"
    drawn = "one seed each: no interval" if counts.max() == 1 else f"mean and 95 % interval over {seeds}"
    width = ", ".join(f"{units:g}" for units in sorted(runs["model.hidden_size"].dropna().unique()))
    return f"{width} units; {drawn}; dotted: 1, nothing lost"
