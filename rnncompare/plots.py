"""Plots of runs: quality against data and against parameters, learning curves, step times, times to target."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from rnncompare import style
from rnncompare.records import CURVE_COLUMNS
from rnncompare.statistics import mean_interval
from rnncompare.style import GREY, plain
from rnncompare.tables import label

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from pandas.api.typing import SeriesGroupBy

FAINT: dict[str, Any] = {"linestyle": "", "markersize": 3.5, "alpha": 0.3}  # single runs beside their mean
NEVER, NEVER_TEXT = 0.76, 0.9  # as shares of the axis: above the first, runs that never reached the target


def draw_all(frame: pd.DataFrame, curves: pd.DataFrame, folder: Path) -> list[Path]:
    """Draw every plot that the runs have numbers for, one of each kind a task, as PNG and SVG.

    Args:
        frame: records as `rnncompare.load_records` gives them.
        curves: their learning curves, as `rnncompare.records.load_curves` gives them.
        folder: where the files go; it exists.

    Returns:
        The PNG files written; each has an SVG beside it.
    """
    frame, _ = label(frame)
    kinds: dict[str, Callable[[pd.DataFrame], Figure | None]] = {
        "quality_by_examples": quality_by_examples,
        "learning_curves": lambda runs: learning_curves(runs, curves),
        "quality_by_parameters": quality_by_parameters,
        "step_time": step_time,
        "time_to_target": time_to_target,
    }
    written = []
    for number, (task, runs) in enumerate(frame.groupby("task")):
        for kind, draw in kinds.items():
            figure = draw(runs)
            if figure is not None:
                path = folder / f"{kind}-{style.slug(task, number)}.png"
                style.save(figure, path, path.with_suffix(".svg"))
                written.append(path)
    return written


def quality_by_examples(runs: pd.DataFrame) -> Figure | None:
    """The test metric of one task against training-set size: mean and 95 % interval over seeds, and the single runs."""
    scored = _scored(runs)
    if scored.empty:
        return None
    figure, axes = style.figure(height=5)
    _quality(axes, runs, scored, "variant", "data.train_examples", spread=0.4)
    axes.set_xlabel("training examples")
    style.legend(figure, axes)
    style.headline(figure, f"{_task(runs)}: test quality against training-set size", _replicates(scored, "variant"))
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
    title = f"{_task(runs)}: test quality against parameters"
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
    groups = list(_groups(runs, scored, by))
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
            label=_legend(name, runs, by),
            **look,
        )
        ends += [*(mean - lower), *(mean + half)]
    style.reference_lines(axes, scored["quality.test"].to_numpy(), np.array(ends), _references(runs))
    axes.set_ylabel(_metric("test", scored))


def learning_curves(runs: pd.DataFrame, curves: pd.DataFrame) -> Figure | None:
    """The validation metric of one task against updates and seconds, a row of panels for each training-set size."""
    curves = curves.dropna(subset=["validation_metric"])
    drawn = runs[(runs["status"] == "completed") & runs["run_id"].isin(curves["run_id"])]
    drawn = drawn.dropna(subset=["data.train_examples"])
    if drawn.empty:
        return None
    sizes = sorted(drawn["data.train_examples"].unique())
    figure, grid = style.panels(len(sizes), 2, height=1.6 + 2.1 * len(sizes), share_y=True)
    for size, row in zip(sizes, grid, strict=True):
        of_size = drawn[drawn["data.train_examples"] == size]
        style.logarithmic(row[0], curves.loc[curves["run_id"].isin(of_size["run_id"]), "validation_metric"])
        for axes, x in zip(row, ("update", "seconds"), strict=True):
            for name, look, group in _groups(runs, of_size, "variant"):
                mine = [curve for _, curve in curves[curves["run_id"].isin(group["run_id"])].groupby("run_id")]
                _mean_curve(axes, mine, x, look, _legend(name, runs, "variant"))
        row[0].set_title(f"{size:,.0f} training examples", loc="left")
    grid[-1][0].set_xlabel("updates")
    grid[-1][1].set_xlabel("training time (s)")
    figure.supylabel(_metric("validation", drawn), fontsize=10, multialignment="center")
    note = _seeds(drawn, "variant", "mean, and band from the lowest to the highest of {}", "one seed each: no band")
    style.legend(figure, *grid.flat)
    style.headline(figure, f"{_task(runs)}: learning curves", f"{note}; a run that stopped early keeps its last value")
    return figure


def _mean_curve(axes: Axes, curves: list[pd.DataFrame], x: str, look: dict[str, Any], name: str) -> None:
    start, end = max(curve[x].iloc[0] for curve in curves), max(curve[x].iloc[-1] for curve in curves)
    points = np.unique(np.concatenate([curve[x] for curve in curves]))
    points = points[(points >= start) & (points <= end)]
    values = np.stack([np.interp(points, curve[x], curve["validation_metric"]) for curve in curves])
    axes.plot(points, values.mean(0), label=name, markevery=max(1, len(points) // 6), **(look | {"markersize": 5}))
    if len(curves) > 1:
        axes.fill_between(points, values.min(0), values.max(0), color=look["color"], alpha=0.15, linewidth=0)


def step_time(runs: pd.DataFrame) -> Figure | None:
    """The time of one update of each model on one task, from all its runs."""
    timed = runs[runs["speed.step_ms_median"].notna()]
    if timed.empty:
        return None
    groups = list(_groups(runs, timed, "variant"))[::-1]
    figure, axes = style.figure(height=1.7 + 0.42 * len(groups))
    for place, (_, look, group) in enumerate(groups):
        middle = group["speed.step_ms_median"].median()
        low, high = group["speed.step_ms_p10"].median(), group["speed.step_ms_p90"].median()
        axes.hlines(place, low, high, color=look["color"], linewidth=5, alpha=0.3)
        axes.plot(group["speed.step_ms_median"], np.full(len(group), place), **(look | FAINT))
        axes.plot(middle, place, **(look | {"linestyle": "", "markersize": 8}))
        axes.annotate(
            f"{middle:.3g} ms", (np.nanmax([high, middle]), place), (8, 0), textcoords="offset points", va="center"
        )
    axes.set_yticks(range(len(groups)), [plain(name) for name, _, _ in groups])
    axes.set_ylim(-0.6, len(groups) - 0.4)
    axes.set_xlim(0, 1.15 * np.nanmax(timed[["speed.step_ms_median", "speed.step_ms_p90"]].to_numpy()))
    axes.set_xlabel("time of one training update (ms; lower is better)")
    shared = (timed["speed.exclusive"] == False).sum()  # noqa: E712 (null is not false)
    note = f"; {shared} of {len(timed)} runs shared the machine: indicative only" if shared else ""
    style.headline(
        figure, f"{_task(runs)}: time of an update", f"median of all runs, bar from 10th to 90th percentile{note}"
    )
    return figure


def time_to_target(runs: pd.DataFrame) -> Figure | None:
    """Updates and seconds to the target quality at each training-set size; None if no run of the task reached it."""
    runs = runs[runs["data.train_examples"].notna()]
    if not runs["speed.updates_to_target"].notna().any():
        return None
    figure, (row,) = style.panels(1, 2, height=4.6)
    sizes = sorted(runs["data.train_examples"].unique())
    groups = list(_groups(runs, runs, "variant"))
    for axes, x, words in zip(row, ("updates", "seconds"), ("updates", "training time (s)"), strict=True):
        column = f"speed.{x}_to_target"
        log = style.logarithmic(axes, runs[column])
        for place, (name, look, group) in enumerate(groups):
            at = group["data.train_examples"].map(sizes.index) + 0.8 * ((place + 0.5) / len(groups) - 0.5)
            axes.plot(at, group[column], **(look | FAINT))
            _medians(axes, group[column].groupby(at), look, _legend(name, runs, "variant"))
        bottom, top = (runs[column].min() / 1.5 if log else 0.0), runs[column].max()
        axes.set_ylim(bottom, bottom * (top / bottom) ** (1 / NEVER) if log else top / NEVER)
        axes.fill_between((0, 1), NEVER + 0.04, 1, color="#F0F0F0", linewidth=0, transform=axes.transAxes)
        axes.text(0.01, NEVER_TEXT, "never", transform=axes.transAxes, va="center", color=GREY, fontsize=8)
        axes.set_xlim(-0.85, len(sizes) - 0.45)
        axes.set_xticks(range(len(sizes)), [f"{size:,.0f}" for size in sizes])
        axes.grid(visible=False, axis="x")
        axes.set_xlabel("training examples")
        axes.set_ylabel(f"{words} to the target\nlower is better")
    note = (
        "median over seeds, dots are single runs; in the grey band: how many runs never reached the target, of how many"
    )
    style.legend(figure, row[0])
    style.headline(figure, f"{_task(runs)}: time to the target quality", note)
    return figure


def _medians(axes: Axes, by_place: SeriesGroupBy, look: dict[str, Any], name: str) -> None:
    """Medians where more than half of the runs reached the target, and how many did not."""
    medians = {at: times.fillna(np.inf).median() for at, times in by_place}
    reached = [median if np.isfinite(median) else np.nan for median in medians.values()]
    axes.plot(list(medians), reached, label=name, **look)
    for at, times in by_place:
        if times.isna().any():
            axes.text(
                at,
                NEVER_TEXT,
                f"{times.isna().sum()} of {len(times)}",
                transform=axes.get_xaxis_transform(),
                color=look["color"],
                rotation=90,
                ha="center",
                va="center",
                fontsize=8,
            )


def learning_curve(
    curve: Iterable[Mapping[str, Any]] | pd.DataFrame, title: str, path: str | Path, metric: str = "metric"
) -> None:
    """Draw the learning curve of a single run: losses on the left, the validation metric on the right.

    Args:
        curve: rows with the keys `rnncompare.records.CURVE_COLUMNS`.
        title: what the run was, in a few words.
        path: the file, its suffix ``.png`` or ``.svg``.
        metric: what the validation metric is, with its unit.
    """
    import pandas as pd

    table = pd.DataFrame(curve, columns=list(CURVE_COLUMNS)).astype("float64")
    figure, ((losses, quality),) = style.panels(1, 2, height=3.6)
    for column, colour, line in (("train_loss", GREY, "--"), ("validation_loss", "#0072B2", "-")):
        losses.plot(table["update"], table[column], line, color=colour, label=column.replace("_", " "))
    quality.plot(table["update"], table["validation_metric"], color="#0072B2")
    losses.legend()
    for axes, values in (
        (losses, table[["train_loss", "validation_loss"]].stack()),
        (quality, table["validation_metric"]),
    ):
        style.logarithmic(axes, values)
        axes.set_xlabel("updates")
    losses.set_ylabel("loss")
    quality.set_ylabel(plain(f"validation {metric}"))
    style.headline(figure, title, "one run, one seed")
    style.save(figure, Path(path))


def _groups(runs: pd.DataFrame, drawn: pd.DataFrame, by: str) -> Iterator[tuple[str, dict[str, Any], pd.DataFrame]]:
    """The ``drawn`` runs of each series with its look: the model's, with other markers where it has several series.

    Looks depend on all ``runs`` of the task, so that they are the same in every panel.
    """
    firsts = runs.sort_values(["model.hidden_size", by]).drop_duplicates(by)
    ordered = sorted(zip(firsts["model.name"], firsts[by], strict=True), key=lambda pair: _order(pair[0]))
    seen: dict[str, int] = {}
    for model, name in ordered:
        nth = seen[model] = seen.get(model, -1) + 1
        look = style.line(model) | ({"marker": style.MARKERS[(nth - 1) % len(style.MARKERS)]} if nth else {})
        group = drawn[drawn[by] == name]
        if len(group):
            yield name, look, group


def _order(model: str) -> tuple[str, str]:
    """Hand-written and torch models of one name stand side by side."""
    return model.removeprefix("torch_"), model


def _legend(name: str, runs: pd.DataFrame, by: str) -> str:
    """The name of a series with the number of its runs that came to nothing."""
    status = runs.loc[runs[by] == name, "status"]
    lost = [f"{(status == kind).sum()} {kind}" for kind in ("diverged", "failed") if (status == kind).any()]
    return plain(", ".join([name, *lost]))


def _task(runs: pd.DataFrame) -> str:
    return str(runs["task"].iloc[0])


def _references(runs: pd.DataFrame) -> dict[str, float]:
    """Baseline and optimum where they are known."""
    named = {"trivial baseline": runs["quality.baseline"].mean(), "optimum": runs["quality.optimum"].mean()}
    return {name: float(value) for name, value in named.items() if np.isfinite(value)}


def _metric(split: str, runs: pd.DataFrame) -> str:
    """The label of an axis of quality: what, in what unit, and which way is good."""
    first = runs.iloc[0]
    words = plain(f"{split} {style.metric_label(first['quality.metric'])}")
    return f"{words}\n{style.direction(first['quality.higher_is_better'])}"


def _replicates(scored: pd.DataFrame, by: str) -> str:
    return _seeds(scored, by, "mean and 95 % interval over {}, dots are single runs", "one seed each: no interval")


def _seeds(runs: pd.DataFrame, by: str, several: str, one: str) -> str:
    """A note on how many seeds stand behind each point."""
    counts = runs.groupby([by, "data.train_examples"])["seed"].nunique()
    if counts.max() == 1:
        return one
    return several.format(
        f"{counts.max()} seeds" if counts.min() == counts.max() else f"{counts.min()} to {counts.max()} seeds"
    )
