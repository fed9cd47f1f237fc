"""The page of runs that belong to no study: their summary and plots."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from markupsafe import Markup

from rnncompare.records import write_whole
from rnncompare.report import style, tables
from rnncompare.report.pages.origin import origin
from rnncompare.report.pages.render import render

if TYPE_CHECKING:
    import pandas as pd

COLOURS = 128  # of a plot in the page, which keeps it small


@dataclass
class Picture:
    """A plot as the page holds it."""

    data: Markup
    width: int
    height: int
    alt: str


def write_runs(
    frame: pd.DataFrame, summary: pd.DataFrame, plots: dict[str, list[Path]], skipped: Sequence[str], output: Path
) -> Path:
    """Write the page of runs alone.

    Args:
        frame: records as `rnncompare.load_records` gives them.
        summary: of them, as `tables.summarise` gives it.
        plots: PNG files by task, as `plots.draw_all` gives them.
        skipped: a line for each file that was not counted.
        output: where it goes; it exists.

    Returns:
        The page.
    """
    parts = []
    for number, (task, rows) in enumerate(summary.groupby("task")):
        known = rows.bfill().iloc[0]
        shown = tables.shown(rows)
        parts.append(
            {
                "anchor": f"task-{number}",
                "title": str(task),
                "metric": f"{style.metric_label(known['quality.metric'])}, "
                f"{style.direction(known['quality.higher_is_better'])}",
                "columns": list(shown),
                "rows": shown.astype(object).where(shown.notna(), "–").values.tolist(),
                "figures": [_picture(path, str(task)) for path in plots.get(str(task), [])],
            }
        )
    seeds = frame["seed"].nunique()
    page = output / "report.html"
    text = render(
        "runs.html.j2",
        title="Runs compared",
        subtitle=f"{len(frame):,} runs, {seeds} {'seed: no intervals' if seeds == 1 else 'seeds'}",
        skipped=skipped,
        contents=[*((part["anchor"], part["title"]) for part in parts), ("origin", "Where the numbers come from")],
        tasks=parts,
        origin=origin(frame),
        command="",
        settings=[],
        left_out={},
    )
    write_whole(page, text)
    return page


def _picture(path: Path, task: str) -> Picture:
    """A plot in few colours, as an address that holds it."""
    from PIL import Image

    with Image.open(path) as image:
        small = image.convert("RGB").quantize(COLOURS)
    buffer = io.BytesIO()
    small.save(buffer, "PNG", optimize=True)
    data = Markup(f"data:image/png;base64,{base64.b64encode(buffer.getvalue()).decode()}")
    kind = path.stem.partition("-")[0].replace("_", " ")
    return Picture(data, small.width, small.height, f"{kind} of {task}; the table above has the numbers")
