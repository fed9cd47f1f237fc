"""Plots of a benchmark: the time of an update against width and length, and GRU against LSTM by implementation."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure

from rnncompare.base.wording import counted
from rnncompare.measurements.bench_tables import means
from rnncompare.measurements.cases import BASE, IMPLEMENTATIONS
from rnncompare.report.figures import canvas, svg
from rnncompare.report.figures.palette import colour, model_look

NAMES = {
    "torch": "torch.nn",
    "cell_loop": "loop over torch.nn cells",
    "loop": "plain loop",
    "compiled_loop": "plain loop, step compiled",
    "fused": "fused",
    "auto": "auto",
}
# torch's own dashed with open markers, hand-written solid and filled; a shade and a marker for each implementation
LOOKS: dict[str, tuple[str, float, bool]] = {
    "torch": ("o", 0.0, True),
    "cell_loop": ("v", 0.4, True),
    "loop": ("s", 0.4, False),
    "compiled_loop": ("P", 0.6, False),
    "fused": ("D", 0.2, False),
    "auto": ("o", 0.0, False),
}
COLUMNS = 3


def draw_all(frame: pd.DataFrame, hardware: str, folder: Path) -> list[Path]:
    """Draw the plots for which there are numbers, as PNG and SVG.

    Args:
        frame: as `rnncompare.measurements.bench_tables.to_frame` returns it.
        hardware: the name of the processor.
        folder: an existing folder for the files.

    Returns:
        The PNG files written; each has an SVG beside it.
    """
    steps, sequences, inputs, hidden = BASE
    figures = {
        "update_by_width": _update_time(
            frame, "width", "H", "hidden size H", f"{hardware}; T={steps}, B={sequences}, I={inputs}"
        ),
        "update_by_length": _update_time(
            frame, "length", "T", "steps T", f"{hardware}; B={sequences}, I={inputs}, H={hidden}"
        ),
        "gru_to_lstm": gru_to_lstm(frame, hardware),
    }
    written = []
    for name, figure in figures.items():
        if figure is not None:
            path = folder / f"{name}.png"
            svg.save(figure, path)
            written.append(path)
    return written


def _update_time(frame: pd.DataFrame, part: str, x: str, x_label: str, note: str) -> Figure | None:
    """The time of a training update against ``x``, a panel for each cell and a line for each implementation."""
    rows = frame[frame["part"] == part]
    if rows.empty:
        return None
    cells = list(rows["cell"].unique())
    columns = min(COLUMNS, len(cells))
    lines = -(-len(cells) // columns)
    figure, grid = canvas.panels(lines, columns, height=1.8 + 2.7 * lines, share_y=True)
    for axes in grid.flat[len(cells) :]:
        axes.set_visible(False)
    for cell, axes in zip(cells, grid.flat, strict=False):
        for implementation, line in rows[rows["cell"] == cell].groupby("implementation"):
            line = line.sort_values(x)
            look = _look(cell, implementation)
            axes.plot(line[x], line["ms_median"], **look)
            axes.fill_between(line[x], line["ms_p10"], line["ms_p90"], color=look["color"], alpha=0.15, linewidth=0)
        canvas.logarithmic(axes, rows["ms_median"], always=True)
        canvas.counts(axes, rows[x])
        axes.set_title(cell, loc="left", fontsize=9)
        axes.set_xlabel(x_label)
    for row in grid:
        row[0].set_ylabel("time of an update (ms)")
    _key(grid.flat[0], list(rows["implementation"].unique()))
    canvas.legend(figure, grid.flat[0])
    threads = f"{counted(rows['threads'].iloc[0], 'thread')}, {rows['dtype'].iloc[0]}"
    canvas.headline(figure, f"Training update against {x_label}", f"{note}, {threads}; band: 10th to 90th percentile")
    return figure


def gru_to_lstm(frame: pd.DataFrame, hardware: str) -> Figure | None:
    """The GRU's time over the LSTM's by each implementation: every shape of the grid and their geometric mean."""
    rows = frame[(frame["cell"] == "gru") & (frame["part"] == "grid") & (frame["measure"] == "forward_backward")]
    rows = rows.dropna(subset=["to_lstm"])
    if rows.empty:
        return None
    mean = means(rows, "to_lstm", ["implementation"])["mean"]
    present = [name for name in reversed(IMPLEMENTATIONS) if name in mean.index]
    figure, axes = canvas.canvas(1.2 + 0.4 * len(present), canvas.WIDE)
    for place, name in enumerate(present):
        look = _look("gru", name) | {"linestyle": ""}
        shapes = rows.loc[rows["implementation"] == name, "to_lstm"]
        axes.plot(shapes, [place] * len(shapes), **(look | {"markersize": 4, "alpha": 0.4}))
        axes.plot(mean[name], place, **(look | {"markersize": 9}))
        axes.annotate(f"{mean[name]:.2f}", (mean[name], place), (0, 8), textcoords="offset points", ha="center")
    axes.axvline(1, color=canvas.MUTED, linewidth=1.2, linestyle=":", zorder=1)
    axes.set_yticks(range(len(present)), [NAMES[name] for name in present])
    axes.set_ylim(-0.6, len(present) - 0.3)
    axes.set_xlim(left=0)
    axes.set_xlabel("time of the GRU over that of the LSTM (below 1: the GRU is faster)")
    count = len(rows[["T", "B", "I", "H"]].drop_duplicates())
    threads = counted(" and ".join(map(str, sorted(rows["threads"].unique()))), "thread")
    note = f"{hardware}; forward plus backward, {threads}; small: {counted(count, 'shape')}; large: geometric mean"
    canvas.headline(figure, "GRU against LSTM at equal width, by implementation", note)
    return figure


def _look(cell: str, implementation: str) -> dict[str, Any]:
    """How a line is drawn: the cell's colour, lighter for implementations that one would not normally run."""
    return _dressed(model_look(cell), implementation)


def _dressed(look: dict[str, Any], implementation: str) -> dict[str, Any]:
    marker, white, by_torch = LOOKS[implementation]
    colour = tuple((1 - white) * part + white for part in to_rgb(look["color"]))
    return look | {
        "color": colour,
        "marker": marker,
        "linestyle": (0, (4, 2)) if by_torch else "-",
        "markersize": 5.5,
        "markeredgecolor": colour,
        "markerfacecolor": "white" if by_torch else colour,
    }


def _key(axes: Axes, implementations: list[str]) -> None:
    """Labelled lines in black for the legend, since colours stand for cells."""
    black = model_look("") | {"color": colour("ink")}
    for name in IMPLEMENTATIONS:
        if name in implementations:
            axes.plot([], [], label=NAMES[name], **_dressed(black, name))
