"""Learning curves: of all runs of a task, and of a single run."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rnncompare.base.wording import metric_label
from rnncompare.records import CURVE_COLUMNS
from rnncompare.report.figures import canvas, svg
from rnncompare.report.figures.canvas import MUTED, plain
from rnncompare.report.figures.lines import draw_band, mean_curve
from rnncompare.report.figures.palette import model_look
from rnncompare.report.figures.series import metric_axis, seeds_note, series_of, task_name

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure


def learning_curves(runs: pd.DataFrame, curves: pd.DataFrame) -> Figure | None:
    """The validation metric of one task over updates and over seconds, a row of panels for each training-set size.

    Args:
        runs: of the task, labelled.
        curves: as `rnncompare.records.load_curves` gives them.
    """
    curves = curves[curves["run_id"].isin(runs["run_id"])].dropna(subset=["validation_metric"])
    drawn = runs[runs["run_id"].isin(curves["run_id"])].dropna(subset=["data.train_examples"])
    if drawn.empty:
        return None
    by_run = dict(list(curves.groupby("run_id")))
    sizes = sorted(drawn["data.train_examples"].unique())
    figure, grid = canvas.panels(len(sizes), 2, height=1.4 + 2.2 * len(sizes), share_y=True)
    for size, row in zip(sizes, grid, strict=True):
        of_size = drawn[drawn["data.train_examples"] == size]
        canvas.logarithmic(row[0], curves[curves["run_id"].isin(of_size["run_id"])]["validation_metric"])
        for axes, x in zip(row, ("update", "seconds"), strict=True):
            for label, look, group in series_of(runs, of_size, "variant"):
                draw_band(axes, mean_curve([by_run[run] for run in group["run_id"]], x), look, label)
        row[0].set_title(f"{size:,.0f} training examples", loc="left", fontsize=9)
    grid[-1][0].set_xlabel("updates")
    grid[-1][1].set_xlabel("training time (s)")
    figure.supylabel(metric_axis("validation", drawn), fontsize=8.5, multialignment="center")
    note = seeds_note(drawn, "variant", "mean, and band from the lowest to the highest of {}", "one seed each: no band")
    canvas.legend(figure, *grid.flat)
    canvas.headline(figure, f"{task_name(runs)}: learning curves", f"{note}; after its end a run keeps its last value")
    return figure


def learning_curve(
    curve: Iterable[Mapping[str, Any]] | pd.DataFrame,
    model: str,
    title: str,
    path: str | Path,
    metric: str | None = None,
) -> None:
    """Draw the learning curve of a single run: losses on the left, the validation metric on the right.

    Args:
        curve: rows with the keys `rnncompare.records.CURVE_COLUMNS`.
        model: its name, which has a colour.
        title: what the run was, in a few words.
        path: the PNG file.
        metric: the metric's name, as ``quality.metric`` of the record.
    """
    import pandas as pd

    table = pd.DataFrame(curve, columns=list(CURVE_COLUMNS)).astype("float64")
    figure, ((losses, quality),) = canvas.panels(1, 2, height=3.4)
    own = model_look(model)["color"]
    for column, colour, line in (("train_loss", MUTED, "--"), ("validation_loss", own, "-")):
        losses.plot(table["update"], table[column], line, color=colour, label=column.replace("_", " "))
    quality.plot(table["update"], table["validation_metric"], color=own)
    losses.legend()
    for axes, values in (
        (losses, table[["train_loss", "validation_loss"]].stack()),
        (quality, table["validation_metric"]),
    ):
        canvas.logarithmic(axes, values)
        axes.set_xlabel("updates")
    losses.set_ylabel("loss")
    quality.set_ylabel(plain(f"validation {metric_label(metric)}"))
    canvas.headline(figure, title, "one run, one seed")
    svg.save_png(figure, Path(path))
