"""The answer to a question about own data: to print, to look at in a notebook, and to go on with."""

from __future__ import annotations

import html
import math
import shlex
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rnncompare.base.wording import direction, markdown, metric_label, safe
from rnncompare.composition.compose import SHORTENED
from rnncompare.statistics import Interval, StudentisedMean
from rnncompare.statistics.tuned import FEWEST_SEEDS
from rnncompare.studies.own_data.judging import widened, within
from rnncompare.studies.own_data.outcome import Outcome

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    from rnncompare.studies.own_data.judging import Score

OTHERS = 4  # metrics shown beside the one that decides
TUNED = ("hidden_size", "dropout")  # beside the learning rate, where all is tuned


@dataclass(frozen=True, kw_only=True)
class Result(Outcome):
    """What came of comparing models on own data, in a table, in figures and in words.

    Attributes:
        page: the report, once it is written.
    """

    page: Path | None = None

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

    def _row(self, score: Score) -> dict[str, Any]:
        runs = self.runs[self.runs["run_id"].isin(score.runs)]
        metric = self.facts.metric
        interval = self._interval(score)
        columns = {name: f"quality.metrics.test.{name}" for name in self._metrics}
        return {
            "model": score.model,
            metric: score.mean,
            "low": interval.low,
            "high": interval.high,
            **{name: runs[column].astype(float).mean() for name, column in columns.items() if column in runs},
            "parameters": runs["model.parameters"].iloc[0],
            "learning_rate": score.rate,
            **(score.tuned() if self.situation.trials else {}),
            "training_seconds": runs["speed.training_seconds"].median(),
            "runs": len(score.test),
        }

    def _interval(self, score: Score) -> Interval:
        """Of the mean, as that of differences is made; unknown from fewer than three values, or from equal ones."""
        mean = StudentisedMean(widened(score.test, self.facts.overlap))
        if len(score.test) < FEWEST_SEEDS or mean.identical:
            return Interval(score.mean, math.nan, math.nan, len(score.test))
        return within(mean.interval(0.95), *self.facts.limits)

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

    def figure(self) -> Figure:
        """The pairs, a dot each, and where the interval of their difference lies beside what matters."""
        from rnncompare.report.figures.own_data import pairs

        return pairs(self.situation.comparisons, self.situation.margin, self.facts.metric)

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
                    **(
                        {metric_label(name): _number(known.get(name)) for name in TUNED}
                        if self.situation.trials
                        else {}
                    ),
                    "training s": f"{known['training_seconds']:.1f}" if "training_seconds" in known else "",
                    "runs": f"{known['runs']:.0f}" if "runs" in known else "",
                }
            rows.append(shown)
        return pd.DataFrame(rows)

    def caption(self) -> str:
        """What the table shows, and which metric decides."""
        better = direction(self.facts.higher_is_better)
        splits = self.situation.first_splits
        baselines = f"; baselines are means over the first {splits} splits" if splits else ""
        over = "seeds" if self.situation.same_test else "splits"
        several = "low" in self.table and self.table["low"].notna().any()
        chosen = f"the rate that all {over} together choose (the differences above: at rates that other {over} choose)"
        rate = "" if self.situation.trials else f", networks at {chosen}"
        brackets = f"; in brackets a 95 % interval of the mean over {over}{rate}" if several else ""
        return f"On test data; {metric_label(self.facts.metric)} decides ({better}){brackets}{baselines}"

    @property
    def warnings(self) -> list[str]:
        """What is to be watched in the data, as they were read."""
        return [line for line in self.understood if line.startswith("warning: ")]

    def text(self) -> str:
        """The answer, the table, and what to do next, to print."""
        following = [f"{name:<9} {words}" for name, words in self.following()]
        return safe("\n".join(["", self.markdown(), "", *following]))

    def following(self) -> list[tuple[str, str]]:
        """Where things lie, and the commands that go on."""
        lines = [("results", f"{self.question.results_dir}; this took {self.seconds:.0f} s")]
        if self.page is not None:
            lines.append(("report", str(self.page)))
        chosen = self.situation.chosen()
        score = next((score for score in self.situation.scores if score.model == chosen and score.best_run), None)
        if score is not None and self.question.words is not None:
            run = self.runs.set_index("run_id").loc[score.best_run]
            cut = self._cut(run)
            shared = [word for word in self.question.words if word.partition("=")[0].lstrip("+") not in {*cut, "keep"}]
            words = [f"model={chosen}", f"train.learning_rate={score.rate:g}", f"seed={run['seed']}", *shared]
            words += [*(f"{name}={value}" for name, value in cut.items()), "keep=best"]
            words += ["data.split=rolling"] if self.facts.redrawn else []
            if self.situation.trials:
                words += [f"model.{name}={value:g}" for name, value in score.tuned().items()]
            lines.append(("train it", f"python -m rnncompare.run {shlex.join(words)}"))
        if self.kept is not None:
            lines.append(("model", str(self.model_path)))
            if self.question.words is not None:
                folder = shlex.quote(str(Path(self.question.results_dir) / self.kept))
                lines.append(("predict", f"python -m rnncompare.predict {folder} new{self._suffix()}"))
        return lines

    def _suffix(self) -> str:
        """Of a file of new data: that of the file that was studied, or ``.csv``."""
        path = getattr(self.question.models[self.situation.scores[0].model].data, "path", None) or ""
        return Path(path.removesuffix(".gz")).suffix or ".csv"

    def _cut(self, run: pd.Series) -> dict[str, int]:
        """The updates that a run was trained with, by the names of the settings that a budget cut."""
        asked = self.question.models[run["model.name"]].train
        trained = {name: int(run[f"config.train.{name}"]) for name in SHORTENED}
        return {f"train.{name}": value for name, value in trained.items() if value != getattr(asked, name)}

    def markdown(self) -> str:
        """The answer and the table as Markdown, which also reads well as it is."""
        table = self.shown()
        parts = [self.answer, *self.warnings]
        if not table.empty:
            parts += [f"{self.caption()}.", markdown(table, table.to_numpy(), aligned=True)]
        return "\n\n".join(parts)

    def _repr_markdown_(self) -> str:
        return self.markdown()

    def _repr_html_(self) -> str:
        from rnncompare.report.figures.svg import text

        table = self.shown().to_html(index=False, escape=True)
        picture = text(self.figure()) if self.situation.comparisons else ""
        said = "".join(f"<p>{html.escape(words)}</p>" for words in (self.answer, *self.warnings, f"{self.caption()}."))
        return f"{said}{table}{picture}"

    def __repr__(self) -> str:
        return self.text()


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:g}"
