"""The page of a study of own data: the answer, the table, the figures, and the runs behind them."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from rnncompare.base.errors import DataError
from rnncompare.base.wording import counted, metric_label
from rnncompare.records import read_curves, write_whole
from rnncompare.report.figures import own_data
from rnncompare.report.pages import render
from rnncompare.report.pages.render import Drawn, Plotter
from rnncompare.report.pages.run_lists import RunGroup
from rnncompare.report.result import Result
from rnncompare.studies.own_data.outcome import Outcome

SHARES = {"pairs": "", "plain": "", "half": ", half of the data", "trials": ", trials of all settings"}


def reported(outcome: Outcome) -> Result:
    """The result of a study, its report written to ``own_data-KEY/report.html`` in the folder of results.

    Raises:
        OSError: it cannot be written.
    """
    began, result = time.monotonic(), Result(**vars(outcome))
    page = _write_page(result, Path(result.question.results_dir) / f"own_data-{result.question.key()}")
    return dataclasses.replace(result, page=page, seconds=result.seconds + time.monotonic() - began)


def _write_page(result: Result, output: Path) -> Path:
    """Write the page with its figures as PNG and SVG, and ``answer.md`` with the answer and the table.

    Args:
        result: of the study.
        output: where they go; it is made if absent.

    Returns:
        The page.

    Raises:
        OSError: they cannot be written.
    """
    output.mkdir(parents=True, exist_ok=True)
    write_whole(output / "answer.md", result.markdown() + "\n")
    frames = [frame for frame in result.parts.values() if len(frame)]
    frame = pd.concat(frames, ignore_index=True) if frames else pd.DataFrame()
    curves, skipped = read_curves(frame) if frames else (pd.DataFrame(), [])
    table, plotter = result.shown(), Plotter(output)
    return render.write_page(
        "own_data.html.j2",
        plotter,
        frame,
        list(_groups(result)),
        [curves],
        Path(result.question.results_dir),
        contents=[("answer", "Answer"), ("data", "Data"), ("figures", "Figures"), ("next", "What next")],
        title="Which network for these data?",
        subtitle=f"{counted(len(frame), 'run')} in {result.seconds:.0f} s",
        skipped=skipped,
        answer=result.answer,
        warnings=result.warnings,
        understood=result.understood,
        caption=result.caption(),
        columns=list(table),
        rows=table.to_numpy().tolist(),
        figures=_draw(result, plotter),
        following=result.following(),
        command=result.question.command,
    )


def _draw(result: Result, plotter: Plotter) -> list[Drawn]:
    """All figures that there are numbers for."""
    situation, drawn = result.situation, []
    if situation.known and situation.comparisons:
        words = "a dot a pair, and below it the mean with its interval, where there are pairs enough for one"
        drawn.append(plotter.draw(result.figure(), "Pairs", words, "pairs"))
    if situation.half:
        whole = situation.known_at_rates
        figure = own_data.sizes(
            whole, situation.half, result.facts.train_examples, situation.metric, situation.higher_is_better
        )
        words = "a dot a seed, and the means; all of the data is what was asked about"
        drawn.append(plotter.draw(figure, "Quality over size", words, "sizes"))
    if result.kept is not None:
        try:
            model = result.best
        except DataError:  # another process has just replaced it
            return drawn
        if (found := own_data.predictions(model)) is not None:
            words, figure = found
            drawn.append(plotter.draw(figure, "The model that was kept, on test data", words, "predictions"))
    return drawn


def _groups(result: Result) -> Iterator[RunGroup]:
    """The runs of each part and model."""
    for part, frame in result.parts.items():
        for number, (model, runs) in enumerate(frame.groupby("model.name") if len(frame) else []):
            asked = [word for word in result.question.words or [] if not word.startswith("train.max_updates=")]
            updates = [f"train.max_updates={most}" for most in sorted(runs["config.train.max_updates"].unique())]
            words = " ".join([f"model={model}", *asked, *updates])
            known = runs["quality.metric"].dropna()
            scores = f", {metric_label(known.iloc[0])}" if len(known) else ""
            yield RunGroup(f"runs-{part}-{number}", f"{model}{SHARES[part]}{scores}", words, runs)
