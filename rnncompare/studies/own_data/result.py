"""The answer to a question about own data: to print, to look at in a notebook, and to go on with."""

from __future__ import annotations

import html
import shlex
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rnncompare.base.wording import direction, metric_label, safe
from rnncompare.records import MODEL
from rnncompare.statistics import mean_interval
from rnncompare.studies.own_data.question import Facts, Question
from rnncompare.studies.own_data.words import Situation, paragraph
from rnncompare.studies.table import aligned

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    from rnncompare.training.kept_model import KeptModel

OTHERS = 4  # metrics shown beside the one that decides


@dataclass(frozen=True, kw_only=True)
class Result:
    """What came of comparing models on own data.

    Attributes:
        situation: the numbers that the words rest on.
        facts: what the data say before anything is trained.
        runs: the records of the runs, as `rnncompare.load_records` gives them.
        question: what was asked.
        updates: share of their updates that runs had.
        kept: identity of the run whose model was kept; None where none was.
        seconds: that it all took.
    """

    situation: Situation
    facts: Facts
    runs: pd.DataFrame
    question: Question
    updates: float
    kept: str | None
    seconds: float

    @property
    def answer(self) -> str:
        """Which to take, in a paragraph."""
        return paragraph(self.situation)

    @cached_property
    def table(self) -> pd.DataFrame:
        """A row a network and a baseline, the best first: the metric that decides, the usual ones, and the cost."""
        import pandas as pd

        rows = [self._row(score) for score in self.situation.known]
        for _, baseline in self.facts.baselines.iterrows():
            known = {name: baseline[name] for name in self._metrics if name in baseline}
            rows.append({"model": baseline["model"], self.facts.metric: baseline[self.facts.metric], **known})
        table = pd.DataFrame(rows) if rows else pd.DataFrame(columns=["model", self.facts.metric])
        return table.sort_values(self.facts.metric, ascending=not self.facts.higher_is_better, ignore_index=True)

    @property
    def _metrics(self) -> list[str]:
        others = [name for name in self.facts.baselines.columns if name not in ("model", self.facts.metric)]
        return others[:OTHERS]

    def _row(self, score: Any) -> dict[str, Any]:
        runs = self.runs[
            (self.runs["model.name"] == self.question.models[score.model].model.name)
            & (self.runs["config.train.learning_rate"] == score.rate)
        ]
        interval = mean_interval(score.test)
        columns = {name: f"quality.metrics.test.{name}" for name in self._metrics}
        return {
            "model": score.model,
            self.facts.metric: score.mean,
            "low": interval.low,
            "high": interval.high,
            **{name: runs[column].astype(float).mean() for name, column in columns.items() if column in runs},
            "parameters": runs["model.parameters"].iloc[0],
            "learning_rate": score.rate,
            "training_seconds": runs["speed.training_seconds"].median(),
            "runs": len(score.test),
        }

    @property
    def pairs(self) -> pd.DataFrame:
        """A row a pair: the models, and their difference, better counted positive, in units of the metric."""
        import pandas as pd

        rows = [
            {"first": one.first, "second": one.second, "pair": number, "difference": difference}
            for one in self.situation.comparisons
            for number, difference in enumerate(one.differences)
        ]
        return pd.DataFrame(rows, columns=["first", "second", "pair", "difference"])

    @property
    def model_path(self) -> Path | None:
        """The file of the model that was kept; None where none was."""
        return None if self.kept is None else Path(self.question.results_dir) / self.kept / MODEL

    @property
    def best(self) -> KeptModel:
        """The model that was kept.

        Raises:
            DataError: none was, for lack of time; the same call with a larger budget keeps one.
        """
        from rnncompare.base.errors import DataError
        from rnncompare.training.kept_model import load_model

        if self.model_path is None:
            raise DataError(
                "no model was kept within the budget; the same call with a larger one goes on and keeps one"
            )
        return load_model(self.model_path)

    def figure(self) -> Figure:
        """The pairs, a dot each, and where the interval of their difference lies beside what matters."""
        from rnncompare.report.figures.canvas import canvas

        comparisons = self.situation.comparisons
        figure, axes = canvas(1.2 + 0.6 * max(1, len(comparisons)))
        margin = self.situation.margin
        axes.axvspan(-margin, margin, color="0.92", zorder=0)
        axes.axvline(0, color="0.6", linewidth=0.8)
        for place, one in enumerate(comparisons):
            axes.plot(one.differences, [place] * len(one.differences), "o", color="0.35", alpha=0.5)
            if one.decision is not None:
                effect = one.decision.effect
                axes.plot([effect.low, effect.high], [place - 0.2] * 2, color="black")
                axes.plot(effect.mean, place - 0.2, "|", color="black")
        axes.set_yticks(range(len(comparisons)), [f"{one.first} less {one.second}" for one in comparisons])
        axes.set_ylim(-0.6, max(1, len(comparisons)) - 0.4)
        axes.set_xlabel(
            f"difference in test {metric_label(self.facts.metric)}, better to the right; grey: too small to matter"
        )
        return figure

    def shown(self) -> pd.DataFrame:
        """The table in words, for people."""
        import pandas as pd

        rows = []
        for _, row in self.table.iterrows():
            known = {name: row[name] for name in row.index if pd.notna(row[name])}
            value = f"{known.get(self.facts.metric, float('nan')):.4g}" if self.facts.metric in known else ""
            if "low" in known:
                value += f" [{known['low']:.4g}, {known['high']:.4g}]"
            shown = {"model": known["model"], metric_label(self.facts.metric): value}
            shown |= {metric_label(name): f"{known[name]:.4g}" if name in known else "" for name in self._metrics}
            if self.situation.known:
                shown |= {
                    "parameters": f"{known['parameters']:,.0f}" if "parameters" in known else "",
                    "rate": f"{known['learning_rate']:.3g}" if "learning_rate" in known else "",
                    "training s": f"{known['training_seconds']:.1f}" if "training_seconds" in known else "",
                    "runs": f"{known['runs']:.0f}" if "runs" in known else "",
                }
            rows.append(shown)
        return pd.DataFrame(rows)

    def text(self) -> str:
        """The answer, the table, and what to do next, to print."""
        better = direction(self.facts.higher_is_better)
        lines = ["", self.answer, "", f"on test data; {metric_label(self.facts.metric)} decides ({better})"]
        if len(self.shown()):
            lines.append(aligned(self.shown()))
        lines += ["", *self._next()]
        return safe("\n".join(lines))

    def _next(self) -> list[str]:
        """Where things lie, and the commands that go on."""
        lines = [f"results   {self.question.results_dir}; this took {self.seconds:.0f} s"]
        lines.append(f"report    python -m rnncompare.report {shlex.quote(self.question.results_dir)}")
        if (chosen := self.situation.chosen()) is not None and self.question.words is not None:
            rate = next(score.rate for score in self.situation.scores if score.model == chosen)
            words = [f"model={chosen}", f"train.learning_rate={rate:g}", *self.question.words, "keep=best"]
            lines.append(f"train it  python -m rnncompare.run {shlex.join(words)}")
        if self.kept is not None:
            lines.append(f"model     {self.model_path}")
            folder = shlex.quote(str(Path(self.question.results_dir) / self.kept))
            if self.question.words is not None:
                lines.append(f"predict   python -m rnncompare.predict {folder} new.csv")
        return lines

    def markdown(self) -> str:
        """The answer and the table as Markdown."""
        table = self.shown()
        if not len(table):
            return self.answer
        cells = [[str(value).replace("|", "\\|") for value in row] for row in [list(table), *table.to_numpy().tolist()]]
        lines = [f"| {' | '.join(row)} |" for row in cells]
        return "\n".join([self.answer, "", lines[0], "|" + "---|" * len(cells[0]), *lines[1:]])

    def _repr_markdown_(self) -> str:
        return self.markdown()

    def _repr_html_(self) -> str:
        import io

        drawing = io.StringIO()
        if self.situation.comparisons:
            self.figure().savefig(drawing, format="svg")
        picture = drawing.getvalue()
        table = self.shown().to_html(index=False, escape=True)
        return f"<p>{html.escape(self.answer)}</p>{table}{picture[picture.find('<svg') :] if picture else ''}"

    def __repr__(self) -> str:
        return self.text()
